#include "engine/source/aws/jobs.h"

#include "engine/base/fault.h"

#include <stdlib.h>

/* FNV-1a, 32 bits. */
static uint32_t bucket_of(uint32_t region, struct lw_str name)
{
    uint32_t hash = 2166136261u ^ region;

    for (size_t i = 0; i < name.len; i++)
        hash = (hash ^ (unsigned char)name.at[i]) * 16777619u;
    return (hash ^ (hash >> 16)) % LW_JOBS_BUCKETS;
}

struct lw_job *lw_jobs_find(const struct lw_jobs *jobs, uint32_t region, struct lw_str name)
{
    struct lw_job *job = jobs->buckets[bucket_of(region, name)];

    while (job != NULL && !(job->region == region && lw_str_equal(lw_str_from(job->name), name)))
        job = job->chain;
    return job;
}

enum lw_err lw_jobs_add(struct lw_jobs *jobs, uint32_t region, struct lw_str name, struct lw_job **out,
                        struct lw_fault *fault)
{
    uint32_t bucket = bucket_of(region, name);
    struct lw_job *job;

    if (name.len == 0 || name.len >= LW_JOBS_NAME)
        return lw_fault_set(fault, LW_ERR_FORMAT, "a training job has a name of %zu characters", name.len);
    if (jobs->n >= LW_JOBS_MAX)
        return lw_fault_set(fault, LW_ERR_LIMIT, "more than %u training jobs wait to be read", LW_JOBS_MAX);
    job = calloc(1, sizeof(*job));
    if (job == NULL)
        return lw_fault_memory(fault, "a training job");
    job->region = region;
    memcpy(job->name, name.at, name.len);
    job->retry.ms = INT64_MIN;
    job->chain = jobs->buckets[bucket];
    jobs->buckets[bucket] = job;
    jobs->n++;
    *out = job;
    return LW_ERR_OK;
}

struct lw_job *lw_jobs_next(const struct lw_jobs *jobs, const struct lw_job *after)
{
    uint32_t bucket = 0;

    if (after != NULL) {
        if (after->chain != NULL)
            return after->chain;
        bucket = bucket_of(after->region, lw_str_from(after->name)) + 1;
    }
    while (bucket < LW_JOBS_BUCKETS && jobs->buckets[bucket] == NULL)
        bucket++;
    return bucket < LW_JOBS_BUCKETS ? jobs->buckets[bucket] : NULL;
}

void lw_jobs_remove(struct lw_jobs *jobs, struct lw_job *job)
{
    struct lw_job **at = &jobs->buckets[bucket_of(job->region, lw_str_from(job->name))];

    while (*at != job)
        at = &(*at)->chain;
    *at = job->chain;
    free(job);
    jobs->n--;
}

void lw_jobs_sweep(struct lw_jobs *jobs, uint32_t region, lw_time before)
{
    for (uint32_t i = 0; i < LW_JOBS_BUCKETS; i++) {
        struct lw_job **at = &jobs->buckets[i];

        while (*at != NULL) {
            struct lw_job *job = *at;

            if (job->region != region || !job->settled || job->visited || lw_job_changed(job) ||
                job->modified.ms >= before.ms) {
                at = &job->chain;
                continue;
            }
            *at = job->chain;
            free(job);
            jobs->n--;
        }
    }
}

void lw_jobs_close(struct lw_jobs *jobs)
{
    for (uint32_t i = 0; i < LW_JOBS_BUCKETS; i++) {
        while (jobs->buckets[i] != NULL) {
            struct lw_job *job = jobs->buckets[i];

            jobs->buckets[i] = job->chain;
            free(job);
        }
    }
    jobs->n = 0;
}
