#include "engine/source/aws/cloudwatch.h"

#include "engine/base/fault.h"
#include "engine/source/aws/listing.h"
#include "engine/source/aws/mark.h"
#include "engine/source/aws/visit.h"

#include <stdio.h>
#include <stdlib.h>

#define VISITS         LW_ACCOUNT_FLYING
#define QUEUE_MOST     ((size_t)8 << 20) /* bytes that wait to be taken; then nothing more is asked */
#define POLL           (1 * LW_MINUTE)
#define LOOKBACK       (90 * LW_DAY)
#define DATA_DELAY     (5 * LW_MINUTE)
#define WATERMARK_STEP (1 * LW_MINUTE) /* a batch without parts is made when the watermark moved by this */

struct cloudwatch {
    struct lw_arena texts;
    struct lw_account account;
    struct lw_queue queue;
    struct lw_jobs jobs;
    struct lw_listing *listings; /* one per region */
    size_t regions_n;
    bool *no_tags; /* per region */
    struct lw_visit visits[VISITS];
    struct lw_source_batch batch;
    struct lw_buf mark, told;               /* of the batch; of the last one that was stored */
    lw_time watermark;                      /* of the last one that was stored */
    bool waiting, has_watermark, caught_up; /* a batch is offered; of the last one that was stored */
};

static enum lw_err keep(struct cloudwatch *cloudwatch, const char *text, const char **out, struct lw_fault *fault)
{
    struct lw_str kept;

    *out = NULL;
    if (text == NULL || text[0] == '\0')
        return LW_ERR_OK;
    kept = lw_arena_text(&cloudwatch->texts, lw_str_from(text));
    *out = kept.at;
    return kept.at != NULL ? LW_ERR_OK : lw_fault_memory(fault, "the source cloudwatch");
}

static const char *env_of(const struct lw_cloudwatch_options *options, const char *name)
{
    const char *value = options->env != NULL ? options->env(options->env_self, name) : getenv(name);

    return value != NULL && value[0] != '\0' ? value : NULL;
}

static const char *endpoint_of(const struct lw_cloudwatch_options *options, const char *variable)
{
    const char *value = options->endpoint;

    if (value == NULL)
        value = env_of(options, variable);
    return value != NULL ? value : env_of(options, "AWS_ENDPOINT_URL");
}

static bool good_region(const char *name)
{
    size_t n = strlen(name);

    for (size_t i = 0; i < n; i++) {
        if (!((name[i] >= 'a' && name[i] <= 'z') || (name[i] >= '0' && name[i] <= '9') || name[i] == '-'))
            return false;
    }
    return n > 0 && n < LW_LISTING_REGION;
}

static enum lw_err add_region(struct cloudwatch *cloudwatch, const struct lw_cloudwatch_options *options,
                              const struct lw_mark *mark, const char *name, struct lw_fault *fault)
{
    const struct lw_world *world = cloudwatch->account.calls.world;
    struct lw_listing *listing = &cloudwatch->listings[cloudwatch->regions_n];
    bool restarted = false;

    if (!good_region(name))
        return lw_fault_set(fault, LW_ERR_CONFIG, "%.60s is no region of AWS: it should look like us-east-1", name);
    *listing = (struct lw_listing){.account = &cloudwatch->account,
                                   .jobs = &cloudwatch->jobs,
                                   .index = (uint32_t)cloudwatch->regions_n,
                                   .poll = {options->poll.ms > 0 ? options->poll.ms : POLL}};
    snprintf(listing->region, sizeof(listing->region), "%s", name);
    listing->high.ms = world->now(world->self).ms - (options->lookback.ms > 0 ? options->lookback.ms : LOOKBACK);
    for (size_t i = 0; i < mark->n; i++) {
        if (strcmp(mark->regions[i].name, name) == 0) {
            listing->high = mark->regions[i].high;
            restarted = true;
        }
    }
    lw_listing_begin(listing, restarted);
    cloudwatch->regions_n++;
    return LW_ERR_OK;
}

static enum lw_err add_regions(struct cloudwatch *cloudwatch, const struct lw_cloudwatch_options *options,
                               const struct lw_credentials_options *credentials, struct lw_str text,
                               struct lw_fault *fault)
{
    size_t n = options->regions_n > 0 ? options->regions_n : 1;
    struct lw_mark *mark = calloc(1, sizeof(*mark));
    char usual[LW_LISTING_REGION];
    enum lw_err err;

    cloudwatch->listings = calloc(n, sizeof(*cloudwatch->listings));
    cloudwatch->no_tags = calloc(n, sizeof(*cloudwatch->no_tags));
    if (mark == NULL || cloudwatch->listings == NULL || cloudwatch->no_tags == NULL)
        err = lw_fault_memory(fault, "the source cloudwatch");
    else if (n > LW_MARK_REGIONS)
        err = lw_fault_set(fault, LW_ERR_CONFIG, "one source reads at most %u regions", LW_MARK_REGIONS);
    else
        err = lw_mark_read(mark, text, fault);
    for (size_t i = 0; err == LW_ERR_OK && i < options->regions_n; i++)
        err = add_region(cloudwatch, options, mark, options->regions[i], fault);
    if (err == LW_ERR_OK && options->regions_n == 0) {
        lw_credentials_region(credentials, usual);
        err = usual[0] != '\0'
                  ? add_region(cloudwatch, options, mark, usual, fault)
                  : lw_fault_set(fault, LW_ERR_CONFIG, "no region is given: name regions, or set AWS_REGION");
    }
    free(mark);
    return err;
}

static enum lw_err open_account(struct cloudwatch *cloudwatch, const struct lw_cloudwatch_options *options,
                                struct lw_credentials_options *credentials, struct lw_fault *fault)
{
    struct lw_account *account = &cloudwatch->account;
    enum lw_err err = keep(cloudwatch, endpoint_of(options, "AWS_ENDPOINT_URL_SAGEMAKER"),
                           &account->endpoints[LW_ACCOUNT_SAGEMAKER], fault);

    if (err == LW_ERR_OK)
        err = keep(cloudwatch, endpoint_of(options, "AWS_ENDPOINT_URL_CLOUDWATCH"),
                   &account->endpoints[LW_ACCOUNT_MONITORING], fault);
    if (err == LW_ERR_OK)
        err = keep(cloudwatch, options->ca_file, &account->ca_file, fault);
    account->random = options->seed;
    lw_account_begin(account);
    credentials->region = cloudwatch->listings[0].region;
    credentials->endpoint = endpoint_of(options, "AWS_ENDPOINT_URL_STS");
    if (err == LW_ERR_OK)
        err = lw_credentials_open(&account->credentials, credentials, &account->calls, fault);
    return err;
}

static const struct lw_source_kind kind;

static void close_cloudwatch(void *state)
{
    struct cloudwatch *cloudwatch = state;

    if (cloudwatch == NULL)
        return;
    for (size_t i = 0; i < VISITS; i++)
        lw_visit_close(&cloudwatch->visits[i]);
    for (size_t i = 0; i < cloudwatch->regions_n; i++)
        lw_listing_close(&cloudwatch->listings[i]);
    lw_credentials_close(cloudwatch->account.credentials);
    lw_queue_close(&cloudwatch->queue);
    lw_jobs_close(&cloudwatch->jobs);
    lw_buf_close(&cloudwatch->mark);
    lw_buf_close(&cloudwatch->told);
    lw_arena_close(&cloudwatch->texts);
    free(cloudwatch->no_tags);
    free(cloudwatch->listings);
    free(cloudwatch);
}

enum lw_err lw_cloudwatch_open(struct lw_source *out, const struct lw_cloudwatch_options *options, struct lw_str mark,
                               const struct lw_source_calls *calls, struct lw_fault *fault)
{
    struct cloudwatch *cloudwatch = calloc(1, sizeof(*cloudwatch));
    struct lw_credentials_options credentials = {.profile = options->profile,
                                                 .role_arn = options->role_arn,
                                                 .external_id = options->external_id,
                                                 .ca_file = options->ca_file,
                                                 .env = options->env,
                                                 .env_self = options->env_self,
                                                 .seed = options->seed};
    enum lw_err err;

    if (cloudwatch == NULL)
        return lw_fault_memory(fault, "the source cloudwatch");
    cloudwatch->texts.ceiling = 64 << 10;
    cloudwatch->mark.ceiling = cloudwatch->told.ceiling = 64 << 10;
    cloudwatch->account.calls = *calls;
    err = add_regions(cloudwatch, options, &credentials, mark, fault);
    if (err == LW_ERR_OK)
        err = open_account(cloudwatch, options, &credentials, fault);
    if (err != LW_ERR_OK) {
        close_cloudwatch(cloudwatch);
        return err;
    }
    for (size_t i = 0; i < VISITS; i++) {
        cloudwatch->visits[i] =
            (struct lw_visit){.account = &cloudwatch->account, .queue = &cloudwatch->queue, .live = options->live};
    }
    *out = (struct lw_source){&kind, cloudwatch};
    return LW_ERR_OK;
}

/* The job to be visited next: of those that changed or are due the one that was modified first, so that the mark moves.
   *next is lowered to when one becomes due. */
static struct lw_job *choose_job(struct cloudwatch *cloudwatch, lw_time now, lw_span ticks, lw_span *next)
{
    struct lw_job *best = NULL;

    for (struct lw_job *job = lw_jobs_next(&cloudwatch->jobs, NULL); job != NULL;
         job = lw_jobs_next(&cloudwatch->jobs, job)) {
        int64_t when = job->retry.ms;

        if (job->visited || (!lw_job_changed(job) && !job->has_due))
            continue;
        if (!lw_job_changed(job) && job->due.ms > now.ms && ticks.ms + (job->due.ms - now.ms) > when)
            when = ticks.ms + (job->due.ms - now.ms);
        if (when > ticks.ms)
            next->ms = when < next->ms ? when : next->ms;
        else if (best == NULL || job->modified.ms < best->modified.ms)
            best = job;
    }
    return best;
}

static void begin_visits(struct cloudwatch *cloudwatch, lw_time now, lw_span ticks, lw_span *next)
{
    lw_time theirs = {now.ms + cloudwatch->account.skew.ms};

    if (cloudwatch->queue.bytes > QUEUE_MOST)
        return;
    for (size_t i = 0; i < VISITS; i++) {
        struct lw_visit *visit = &cloudwatch->visits[i];
        struct lw_job *job;

        if (visit->step != LW_VISIT_NONE)
            continue;
        job = choose_job(cloudwatch, theirs, ticks, next);
        if (job == NULL)
            return;
        visit->no_tags = &cloudwatch->no_tags[job->region];
        lw_visit_begin(visit, job, lw_str_from(cloudwatch->listings[job->region].region));
    }
}

/* A job that was described, but whose last reading waits for the delay of its data, keeps the mark where it can be found
   again. Jobs that run will be listed again when they end. */
static bool holds_mark(const struct lw_job *job)
{
    return lw_job_changed(job) || (job->ended && !job->settled);
}

static void write_mark(struct cloudwatch *cloudwatch)
{
    struct lw_mark mark = {.n = cloudwatch->regions_n};

    for (size_t i = 0; i < cloudwatch->regions_n; i++) {
        memcpy(mark.regions[i].name, cloudwatch->listings[i].region, sizeof(mark.regions[i].name));
        mark.regions[i].high = cloudwatch->listings[i].high;
    }
    for (const struct lw_job *job = lw_jobs_next(&cloudwatch->jobs, NULL); job != NULL;
         job = lw_jobs_next(&cloudwatch->jobs, job)) {
        lw_time *high = &mark.regions[job->region].high;

        if (holds_mark(job) && job->modified.ms < high->ms)
            *high = job->modified;
    }
    lw_buf_clear(&cloudwatch->mark);
    lw_mark_write(&mark, &cloudwatch->mark);
}

/* The earliest start of what is not finished; what is not listed yet may reach back to where listing has come to. */
static lw_time find_watermark(const struct cloudwatch *cloudwatch, lw_time now)
{
    lw_time mark = now;

    for (size_t i = 0; i < cloudwatch->regions_n; i++) {
        const struct lw_listing *listing = &cloudwatch->listings[i];

        if (!listing->caught_up && listing->high.ms < mark.ms)
            mark = listing->high;
    }
    for (const struct lw_job *job = lw_jobs_next(&cloudwatch->jobs, NULL); job != NULL;
         job = lw_jobs_next(&cloudwatch->jobs, job)) {
        if (!job->settled && job->started.ms < mark.ms)
            mark = job->started;
    }
    mark.ms -= DATA_DELAY;
    return mark;
}

static bool is_caught_up(const struct cloudwatch *cloudwatch, lw_time now)
{
    for (size_t i = 0; i < cloudwatch->regions_n; i++) {
        if (!cloudwatch->listings[i].caught_up)
            return false;
    }
    for (const struct lw_job *job = lw_jobs_next(&cloudwatch->jobs, NULL); job != NULL;
         job = lw_jobs_next(&cloudwatch->jobs, job)) {
        if (job->visited || lw_job_changed(job) || (job->ended && job->has_due && job->due.ms <= now.ms))
            return false;
    }
    return true;
}

static void on_ended(void *self, void *job, lw_time modified)
{
    (void)self;
    lw_visit_ended(job, modified);
}

static void offer(struct cloudwatch *cloudwatch, lw_time now)
{
    struct lw_source_batch *batch = &cloudwatch->batch;
    bool same_mark;

    if (cloudwatch->waiting)
        return;
    lw_queue_cut(&cloudwatch->queue, on_ended, NULL);
    write_mark(cloudwatch);
    if (cloudwatch->mark.error != LW_ERR_OK) {
        cloudwatch->account.nomem = true;
        return;
    }
    *batch = (struct lw_source_batch){
        .parts = cloudwatch->queue.parts,
        .parts_n = cloudwatch->queue.parts_n,
        .mark = lw_buf_view(&cloudwatch->mark),
        .watermark = find_watermark(cloudwatch, now),
        .has_watermark = true,
        .caught_up = is_caught_up(cloudwatch, now),
    };
    same_mark = lw_str_equal(batch->mark, lw_buf_view(&cloudwatch->told));
    cloudwatch->waiting = batch->parts_n > 0 || !same_mark || batch->caught_up != cloudwatch->caught_up ||
                          !cloudwatch->has_watermark ||
                          batch->watermark.ms >= cloudwatch->watermark.ms + WATERMARK_STEP;
}

static enum lw_err work(void *state, lw_time now, lw_span ticks, lw_span *next, struct lw_fault *fault)
{
    struct cloudwatch *cloudwatch = state;
    enum lw_err err;

    next->ms = ticks.ms + LW_MINUTE;
    cloudwatch->account.nomem = false;
    err = lw_credentials_work(cloudwatch->account.credentials, now, ticks, next, fault);
    if (lw_credentials_keys(cloudwatch->account.credentials, now) != NULL) {
        for (size_t i = 0; err == LW_ERR_OK && i < cloudwatch->regions_n; i++)
            err = lw_listing_work(&cloudwatch->listings[i], now, ticks, next, fault);
        begin_visits(cloudwatch, now, ticks, next);
    }
    for (size_t i = 0; err == LW_ERR_OK && i < VISITS; i++)
        err = lw_visit_work(&cloudwatch->visits[i], now, ticks, next, fault);
    if (err == LW_ERR_OK)
        offer(cloudwatch, (lw_time){now.ms + cloudwatch->account.skew.ms});
    if (err == LW_ERR_OK && cloudwatch->account.nomem)
        err = lw_fault_memory(fault, "what was read of AWS");
    return err;
}

static const struct lw_source_batch *ready(void *state)
{
    struct cloudwatch *cloudwatch = state;

    return cloudwatch->waiting ? &cloudwatch->batch : NULL;
}

static void taken(void *state, bool durable)
{
    struct cloudwatch *cloudwatch = state;

    if (!durable || !cloudwatch->waiting)
        return;
    cloudwatch->waiting = false;
    cloudwatch->watermark = cloudwatch->batch.watermark;
    cloudwatch->has_watermark = true;
    cloudwatch->caught_up = cloudwatch->batch.caught_up;
    lw_buf_clear(&cloudwatch->told);
    lw_buf_str(&cloudwatch->told, lw_buf_view(&cloudwatch->mark));
    if (cloudwatch->told.error != LW_ERR_OK)
        lw_buf_clear(&cloudwatch->told);
    lw_queue_release(&cloudwatch->queue);
    lw_account_wake(&cloudwatch->account);
}

static void health(const void *state, struct lw_source_health *out)
{
    const struct cloudwatch *cloudwatch = state;
    const char *trouble = lw_credentials_trouble(cloudwatch->account.credentials);

    *out = cloudwatch->account.health;
    out->requests += lw_credentials_requests(cloudwatch->account.credentials);
    out->datapoints_billed = cloudwatch->account.billed;
    if (trouble[0] != '\0')
        snprintf(out->trouble, sizeof(out->trouble), "%s", trouble);
}

static const struct lw_source_kind kind = {
    .id = "cloudwatch",
    .work = work,
    .ready = ready,
    .taken = taken,
    .health = health,
    .close = close_cloudwatch,
};
