#include "engine/flow/service/doctor_cost.h"

#include "engine/base/arena.h"
#include "engine/source/aws/cost.h"
#include "leeway/run.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define MONTH         (30 * LW_DAY)
#define ARENA_CEILING ((size_t)256 << 20)

struct tally {
    const struct lw_config_source *source;
    struct lw_store *store;
    struct lw_arena arena;
    int64_t newest; /* end of a run, ms */
    int64_t oldest; /* of those within the month */
    bool counting;
    double runs, metrics, hours;
};

/* The origin of what the API gave is ACCOUNT/REGION; a source without regions has the one of the environment. */
static bool is_of_source(const struct lw_config_source *source, struct lw_str origin)
{
    const char *slash = origin.len > 0 ? memchr(origin.at, '/', origin.len) : NULL;
    struct lw_str region;

    if (slash == NULL)
        return false;
    region = (struct lw_str){slash + 1, origin.len - (size_t)(slash + 1 - origin.at)};
    for (size_t i = 0; i < source->regions_n; i++) {
        if (lw_str_equal(region, lw_str_from(source->regions[i])))
            return true;
    }
    return source->regions_n == 0;
}

static void count_run(struct tally *tally, const struct lw_run *run)
{
    if (!run->has_end)
        return;
    if (!tally->counting) {
        tally->newest = run->end.ms > tally->newest ? run->end.ms : tally->newest;
        return;
    }
    if (run->end.ms <= tally->newest - MONTH)
        return;
    tally->oldest = run->end.ms < tally->oldest ? run->end.ms : tally->oldest;
    tally->runs++;
    tally->metrics += run->metrics_n;
    tally->hours += run->duration_source != LW_DURATION_NONE ? (double)run->duration.ms / (double)LW_HOUR : 0;
}

static enum lw_err count_model(void *self, const struct lw_store_model *model, struct lw_fault *fault)
{
    struct tally *tally = self;
    const struct lw_run *const *runs = NULL;
    size_t n = 0;
    enum lw_err err;

    if (!is_of_source(tally->source, model->origin))
        return LW_ERR_OK;
    lw_arena_reset(&tally->arena);
    err = lw_store_runs_get(tally->store, model->origin, model->model, &tally->arena, &runs, &n, fault);
    for (size_t i = 0; err == LW_ERR_OK && i < n; i++)
        count_run(tally, runs[i]);
    return err;
}

static bool count(struct tally *tally)
{
    struct lw_fault fault;

    tally->newest = LW_TIME_MIN;
    tally->oldest = LW_TIME_MAX;
    tally->arena.ceiling = ARENA_CEILING;
    if (lw_store_models(tally->store, count_model, tally, &fault) != LW_ERR_OK)
        return false;
    tally->counting = true;
    return lw_store_models(tally->store, count_model, tally, &fault) == LW_ERR_OK && tally->runs > 0;
}

static void look_at_source(const struct lw_config_source *source, struct lw_store *store, struct lw_findings *findings)
{
    struct tally tally = {.source = source, .store = store};
    struct lw_cost_use use = {.jobs = 1000, .metrics = 4, .hours = 1};
    bool known = store != NULL && count(&tally);
    char what[96];
    double requests;

    if (known) {
        /* One run alone has no span: as if there was one a day. */
        double days = fmax(1, (double)(tally.newest - tally.oldest) / (double)LW_DAY);

        use = (struct lw_cost_use){
            .jobs = tally.runs * 30 / days, .metrics = tally.metrics / tally.runs, .hours = tally.hours / tally.runs};
    }
    use.live_minutes = (double)source->live.ms / (double)LW_MINUTE;
    requests = lw_cost_requests(&use);
    snprintf(what, sizeof(what), "cost %.80s", source->name);
    lw_findings_add(findings, LW_FINDING_GOOD, what, "",
                    "about %.0f requests a month that CloudWatch charges for, %.2f USD, %s %.0f jobs with %.1f metrics",
                    requests, requests * LW_COST_PRICE,
                    known ? "after the runs in the store:" : "if there were, as an example,", use.jobs, use.metrics);
    lw_arena_close(&tally.arena);
}

void lw_doctor_cost(const struct lw_config *config, struct lw_store *store, struct lw_findings *findings)
{
    for (size_t i = 0; i < config->sources_n; i++) {
        if (config->sources[i].type == LW_SOURCE_CLOUDWATCH)
            look_at_source(&config->sources[i], store, findings);
    }
}
