/* The training jobs that a source has to do with now: a bounded table by region and name. */
#ifndef LEEWAY_ENGINE_SOURCE_AWS_JOBS_H
#define LEEWAY_ENGINE_SOURCE_AWS_JOBS_H

#include "leeway/err.h"
#include "leeway/str.h"
#include "leeway/time.h"

#include <stdbool.h>
#include <stddef.h>

#define LW_JOBS_NAME    64u /* 63 characters are SageMaker's limit */
#define LW_JOBS_BUCKETS 4096u
#define LW_JOBS_MAX     20000u

struct lw_job {
    struct lw_job *chain;
    uint32_t region;
    char name[LW_JOBS_NAME];
    lw_time modified; /* as last listed */
    lw_time started;  /* of the training, or else the creation */
    lw_time read;     /* the `modified` up to which it has been handed over */
    lw_time due;      /* clock time of the next visit without a change */
    lw_time live;     /* until when its metrics were read while it runs */
    lw_span retry;    /* ticks before which it is not visited again after an error */
    unsigned attempts;
    bool has_read, has_due, has_live;
    bool ended;   /* as last described */
    bool settled; /* ended, and read for the last time */
    bool tagged;  /* its tags were handed over */
    bool visited; /* now */
};

struct lw_jobs {
    struct lw_job *buckets[LW_JOBS_BUCKETS];
    size_t n;
};

/* The job of that name, or NULL. */
struct lw_job *lw_jobs_find(const struct lw_jobs *jobs, uint32_t region, struct lw_str name);
/* Adds one that is not there. LW_ERR_LIMIT beyond LW_JOBS_MAX; LW_ERR_FORMAT for a name that is empty or too long. */
LW_MUST_USE enum lw_err lw_jobs_add(struct lw_jobs *jobs, uint32_t region, struct lw_str name, struct lw_job **out,
                                    struct lw_fault *fault);
/* One after the other in no order that means anything: NULL begins, and NULL is the end. */
struct lw_job *lw_jobs_next(const struct lw_jobs *jobs, const struct lw_job *after);
void lw_jobs_remove(struct lw_jobs *jobs, struct lw_job *job);
/* Removes the settled ones of a region that were modified before: they will not be listed again. */
void lw_jobs_sweep(struct lw_jobs *jobs, uint32_t region, lw_time before);
void lw_jobs_close(struct lw_jobs *jobs);

/* It changed since it was handed over. */
static inline bool lw_job_changed(const struct lw_job *job)
{
    return !job->has_read || job->modified.ms > job->read.ms;
}

#endif
