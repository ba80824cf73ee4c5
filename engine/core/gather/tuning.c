#include "engine/core/gather/tuning.h"

#include <math.h>
#include <stdlib.h>

static int by_job(const void *left, const void *right)
{
    const struct lw_closed *a = left, *b = right;
    int order;

    if ((a->tuning_job.len > 0) != (b->tuning_job.len > 0))
        return a->tuning_job.len > 0 ? 1 : -1;
    if (a->tuning_job.len == 0)
        return 0;
    order = lw_str_compare(lw_run_str(a->run, a->run->origin), lw_run_str(b->run, b->run->origin));
    if (order == 0)
        order = lw_str_compare(lw_run_str(a->run, a->run->model), lw_run_str(b->run, b->run->model));
    if (order == 0)
        order = lw_str_compare(a->tuning_job, b->tuning_job);
    if (order == 0)
        order = lw_str_compare(lw_run_str(a->run, a->run->name), lw_run_str(b->run, b->run->name));
    if (order == 0 && a->run->bytes != b->run->bytes)
        order = a->run->bytes < b->run->bytes ? -1 : 1;
    return order != 0 ? order : memcmp(a->run, b->run, a->run->bytes);
}

static bool same_job(const struct lw_closed *a, const struct lw_closed *b)
{
    return lw_str_equal(a->tuning_job, b->tuning_job) &&
           lw_str_equal(lw_run_str(a->run, a->run->origin), lw_run_str(b->run, b->run->origin)) &&
           lw_str_equal(lw_run_str(a->run, a->run->model), lw_run_str(b->run, b->run->model));
}

/* How well a trial has ended; only the best group of a job is compared by value. */
static unsigned ending(const struct lw_run *run)
{
    static const uint8_t rank[] = {
        [LW_OUTCOME_UNKNOWN] = 3,     [LW_OUTCOME_COMPLETED] = 3,   [LW_OUTCOME_FAILED] = 0,
        [LW_OUTCOME_STOPPED] = 1,     [LW_OUTCOME_OUT_OF_TIME] = 1, [LW_OUTCOME_INCOMPLETE] = 1,
        [LW_OUTCOME_IN_PROGRESS] = 2,
    };

    return rank[run->outcome];
}

struct objective {
    struct lw_str name;
    unsigned rank;
    size_t trials;
    bool found;
};

static unsigned metric_rank(const struct lw_rules *rules, struct lw_str name)
{
    struct lw_str validation[] = {LW_STR("validation"), LW_STR("valid"), LW_STR("val"), LW_STR("test"), LW_STR("eval")};

    for (size_t i = 0; i < rules->higher_n; i++)
        if (lw_str_equal(rules->higher[i], name))
            return 2;
    for (size_t i = 0; i < rules->lower_n; i++)
        if (lw_str_equal(rules->lower[i], name))
            return 2;
    for (size_t i = 0; i < sizeof(validation) / sizeof(validation[0]); i++)
        if (name.len > validation[i].len && memcmp(name.at, validation[i].at, validation[i].len) == 0)
            return 1;
    return 0;
}

static size_t trials_with(const struct lw_closed *trials, size_t n, struct lw_str name)
{
    size_t with = 0;

    for (size_t i = 0; i < n; i++) {
        const struct lw_metric *metric = lw_run_metric(trials[i].run, name);

        with += metric != NULL && metric->summary.count > 0;
    }
    return with;
}

static struct objective find_objective(const struct lw_rules *rules, const struct lw_closed *trials, size_t n)
{
    struct objective best = {0};

    for (size_t i = 0; i < n; i++) {
        const struct lw_metric *metrics = lw_run_metrics(trials[i].run);

        for (uint32_t m = 0; m < trials[i].run->metrics_n; m++) {
            struct objective one = {.name = lw_run_str(trials[i].run, metrics[m].name), .found = true};

            if (lw_summary_better(rules, one.name) == LW_BETTER_UNKNOWN ||
                (best.found && lw_str_equal(best.name, one.name)))
                continue;
            one.trials = trials_with(trials, n, one.name);
            one.rank = metric_rank(rules, one.name);
            if (!best.found || one.trials > best.trials ||
                (one.trials == best.trials &&
                 (one.rank > best.rank || (one.rank == best.rank && lw_str_compare(one.name, best.name) < 0))))
                best = one;
        }
    }
    return best;
}

static bool better_trial(const struct lw_rules *rules, const struct objective *objective, const struct lw_run *run,
                         const struct lw_run *than)
{
    const struct lw_metric *a = objective->found ? lw_run_metric(run, objective->name) : NULL;
    const struct lw_metric *b = objective->found ? lw_run_metric(than, objective->name) : NULL;
    double a_value, b_value;

    if (ending(run) != ending(than))
        return ending(run) > ending(than);
    if (a == NULL || b == NULL || a->summary.count == 0 || b->summary.count == 0)
        return objective->found ? a != NULL && a->summary.count > 0 && (b == NULL || b->summary.count == 0)
                                : lw_run_order(run, than) > 0 && run->has_end;
    a_value = a->summary.has_best ? a->summary.best : a->summary.last;
    b_value = b->summary.has_best ? b->summary.best : b->summary.last;
    return lw_summary_better(rules, objective->name) == LW_BETTER_HIGHER ? a_value > b_value : a_value < b_value;
}

/* Times of the job are those of all its trials; a sum of durations has one source, the weakest. */
static void add_trial(struct lw_run *job, const struct lw_run *trial, bool first)
{
    if (trial->has_start && (!job->has_start || trial->start.ms < job->start.ms)) {
        job->has_start = 1;
        job->start = trial->start;
    }
    if (trial->has_end && (!job->has_end || trial->end.ms > job->end.ms)) {
        job->has_end = 1;
        job->end = trial->end;
    }
    if (trial->has_created && (!job->has_created || trial->created.ms < job->created.ms)) {
        job->has_created = 1;
        job->created = trial->created;
    }
    if (trial->has_metric_span) {
        if (!job->has_metric_span || trial->metrics_first.ms < job->metrics_first.ms)
            job->metrics_first = trial->metrics_first;
        if (!job->has_metric_span || trial->metrics_last.ms > job->metrics_last.ms)
            job->metrics_last = trial->metrics_last;
        job->has_metric_span = 1;
    }
    if (trial->duration_source != LW_DURATION_NONE) {
        if (job->duration_source == LW_DURATION_NONE || trial->duration_source < job->duration_source)
            job->duration_source = trial->duration_source;
        if (job->duration.ms < LW_TIME_MAX - LW_TIME_MIN - trial->duration.ms)
            job->duration.ms += trial->duration.ms;
    }
    if (trial->has_billable) {
        job->has_billable = 1;
        job->billable_seconds += trial->billable_seconds;
    }
    job->flags |= trial->flags & (LW_RUN_APPROXIMATE | LW_RUN_SPOT);
    if (first)
        job->flags |= trial->flags & (LW_RUN_MINUTE_TIMES | LW_RUN_STEPS);
    else
        job->flags &= trial->flags | ~(uint32_t)(LW_RUN_MINUTE_TIMES | LW_RUN_STEPS);
}

static enum lw_err join_job(struct lw_closing *c, const struct lw_closed *trials, size_t n, struct lw_closed *out,
                            struct lw_fault *fault)
{
    const struct lw_rules *rules = c->gather->rules;
    struct objective objective = find_objective(rules, trials, n);
    const struct lw_run *best = trials[0].run;
    const struct lw_metric *metrics;

    lw_closing_begin(c);
    for (size_t i = 0; i < n; i++) {
        if (better_trial(rules, &objective, trials[i].run, best))
            best = trials[i].run;
        add_trial(&c->draft.run, trials[i].run, i == 0);
        out->warning = out->warning != NULL ? out->warning : trials[i].warning;
    }
    c->draft.run.flags |= LW_RUN_TUNING;
    c->draft.run.outcome = best->outcome;
    c->draft.run.instance_count = best->instance_count;
    if (c->draft.run.has_start && c->draft.run.has_end && c->draft.run.end.ms < c->draft.run.start.ms)
        c->draft.run.has_end = 0;
    c->draft.origin = lw_run_str(best, best->origin);
    c->draft.model = lw_run_str(best, best->model);
    c->draft.name = trials[0].tuning_job;
    c->draft.instance = lw_run_str(best, best->instance);
    c->draft.failure = lw_run_str(best, best->failure);
    metrics = lw_run_metrics(best);
    for (uint32_t i = 0; i < best->metrics_n; i++)
        if (!lw_draft_metric(&c->draft, lw_run_str(best, metrics[i].name), &metrics[i].summary,
                             lw_run_values(best, &metrics[i]), metrics[i].values_n, &c->gather->memory))
            return lw_memory_fault(&c->gather->memory, "the metrics of a tuning job", fault);
    return lw_draft_record(&c->draft, c->arena, &out->run, fault);
}

enum lw_err lw_tuning_join(struct lw_closing *c, struct lw_fault *fault)
{
    struct lw_closed *closed = c->closed.at;
    size_t kept = 0;

    if (c->closed_n > 1)
        qsort(closed, c->closed_n, sizeof(*closed), by_job);
    while (kept < c->closed_n && closed[kept].tuning_job.len == 0)
        kept++;
    for (size_t i = kept, end; i < c->closed_n; i = end) {
        struct lw_closed job = {0};
        enum lw_err err;

        for (end = i + 1; end < c->closed_n && same_job(&closed[i], &closed[end]);)
            end++;
        err = join_job(c, closed + i, end - i, &job, fault);
        if (err != LW_ERR_OK)
            return err;
        closed[kept++] = job;
    }
    c->closed_n = kept;
    return LW_ERR_OK;
}
