#include "engine/core/gather/close.h"

#include "engine/base/fault.h"
#include "engine/core/gather/closing.h"
#include "engine/core/gather/glob.h"
#include "engine/core/gather/times.h"
#include "engine/core/gather/tuning.h"
#include "engine/core/gather/unnamed/unnamed.h"

#include <math.h>
#include <stdlib.h>

#define MODEL_UNNAMED LW_STR("unnamed")

/* ".../pipeline/<name>/execution/<id>" names the pipeline. */
static struct lw_str pipeline_name(struct lw_str arn)
{
    struct lw_str mark = LW_STR("pipeline/");

    for (size_t i = 0; i + mark.len < arn.len; i++) {
        struct lw_str rest = {arn.at + i + mark.len, arn.len - i - mark.len};
        size_t end = 0;

        if (memcmp(arn.at + i, mark.at, mark.len) != 0)
            continue;
        while (end < rest.len && rest.at[end] != '/')
            end++;
        return (struct lw_str){rest.at, end};
    }
    return (struct lw_str){0};
}

static struct lw_str fact_text(const struct lw_closing *c, const struct lw_facts *facts, enum lw_facts_slot slot,
                               bool key)
{
    const struct lw_fact *fact = lw_facts_slot(facts, slot);

    if (fact == NULL)
        return (struct lw_str){0};
    return lw_names_text(c->gather->names, key ? fact->key : fact->text);
}

/* The step of a pipeline is a model; with the name of the pipeline in front where it is known. */
static enum lw_err step_model(struct lw_closing *c, struct lw_str step, struct lw_str pipeline, struct lw_str *model,
                              struct lw_fault *fault)
{
    if (pipeline.len == 0) {
        *model = step;
        return LW_ERR_OK;
    }
    *model = lw_arena_format(&c->passing, "%.*s/%.*s", (int)pipeline.len, pipeline.at, (int)step.len, step.at);
    return model->at != NULL ? LW_ERR_OK : lw_fault_memory(fault, "the name of a model");
}

/* In the order: what the user says, what the data say, the tag, pipeline and step, the tuning job, the job's name. */
static enum lw_err find_model(struct lw_closing *c, const struct lw_unit *unit, const struct lw_facts *facts,
                              const struct lw_job_name *job, struct lw_str *model, struct lw_fault *fault)
{
    const struct lw_names *names = c->gather->names;
    struct lw_str tag = fact_text(c, facts, LW_FACTS_MODEL_TAG, false);
    struct lw_str step = fact_text(c, facts, LW_FACTS_PIPELINE, false);
    struct lw_str tuning = fact_text(c, facts, LW_FACTS_TUNING_JOB, false);

    *model = job->model.len > 0 ? job->model : MODEL_UNNAMED;
    if (c->gather->rules->model.len > 0) {
        *model = c->gather->rules->model;
    } else if (unit->model != 0) {
        *model = lw_names_text(names, unit->model);
    } else if (tag.len > 0) {
        *model = tag;
    } else if (step.len > 0 || job->pipeline_id.len > 0) {
        struct lw_str pipeline = pipeline_name(fact_text(c, facts, LW_FACTS_PIPELINE_TAG, false));

        if (pipeline.len == 0)
            pipeline = pipeline_name(fact_text(c, facts, LW_FACTS_PIPELINE, true));
        return step_model(c, step.len > 0 ? step : job->model, pipeline, model, fault);
    } else if (tuning.len > 0) {
        *model = lw_job_name_read(tuning).model;
    }
    return LW_ERR_OK;
}

static uint64_t nan_count(const struct lw_facts *facts, uint32_t metric)
{
    uint64_t n = 0;

    for (size_t i = 0; facts != NULL && i < facts->items_n; i++)
        n += facts->items[i].kind == LW_FACT_NOT_A_NUMBER && facts->items[i].name == metric;
    return n;
}

enum lw_err lw_closing_metric(struct lw_closing *c, struct lw_str name, const struct lw_curve_points *points,
                              bool steps, uint64_t not_a_number, struct lw_fault *fault)
{
    struct lw_memory *memory = &c->gather->memory;
    struct lw_summary summary;
    uint32_t values_n = 0;

    if (!lw_summary_make(points, name, lw_summary_better(c->gather->rules, name), steps, memory, &c->kept, &summary,
                         &values_n))
        return lw_memory_fault(memory, "the values of a run", fault);
    summary.not_a_number = not_a_number;
    if (summary.approximate) {
        c->draft.run.flags |= LW_RUN_APPROXIMATE;
        c->out->rejected[LW_REJECT_TOO_MANY_POINTS] += points->n - LW_SUMMARY_EXACT;
    }
    if (!steps && !lw_times_note(&c->span, points->at, points->n, memory, &c->distances, &c->distances_n))
        return lw_memory_fault(memory, "the times of a run", fault);
    if (!lw_draft_metric(&c->draft, name, &summary, c->kept.at, values_n, memory))
        return lw_memory_fault(memory, "the metrics of a run", fault);
    return LW_ERR_OK;
}

static bool has_timed_curve(const struct lw_open_runs *open, uint32_t run, uint32_t metric)
{
    for (uint32_t i = open->runs[run].curves; i != LW_OPEN_NONE; i = lw_open_runs_at(open, i)->next) {
        const struct lw_open_curve *curve = lw_open_runs_at(open, i);

        if (!curve->steps && (metric == 0 || curve->metric == metric) && lw_curve_stored(&curve->curve) > 0)
            return true;
    }
    return false;
}

static enum lw_err close_curves(struct lw_closing *c, uint32_t run, const struct lw_facts *facts, bool *steps,
                                struct lw_fault *fault)
{
    struct lw_gather *gather = c->gather;

    *steps = false;
    for (uint32_t i = gather->open.runs[run].curves; i != LW_OPEN_NONE;) {
        struct lw_open_curve *curve = lw_open_runs_at(&gather->open, i);
        struct lw_curve_points points;
        enum lw_err err;

        i = curve->next;
        if (!lw_curve_points(&curve->curve, false, &gather->memory, &c->room, gather->work, &points))
            return lw_memory_fault(&gather->memory, "the points of a run", fault);
        c->out->duplicates += points.duplicates;
        /* Points with a time and points without one cannot be brought into one order. */
        if (curve->steps && has_timed_curve(&gather->open, run, curve->metric)) {
            c->out->rejected[LW_REJECT_NO_TIME] += points.n;
            continue;
        }
        *steps = *steps || curve->steps;
        err = lw_closing_metric(c, lw_names_text(gather->names, curve->metric), &points, curve->steps,
                                nan_count(facts, curve->metric), fault);
        if (err != LW_ERR_OK)
            return err;
    }
    return LW_ERR_OK;
}

static bool drafted(const struct lw_closing *c, struct lw_str name)
{
    const struct lw_draft_metric *metrics = c->draft.metrics.at;

    for (size_t i = 0; i < c->draft.metrics_n; i++)
        if (lw_str_equal(metrics[i].name, name))
            return true;
    return false;
}

/* Metrics without any point: a final value, or nothing but NaNs (count 0, every number 0 but not_a_number). */
static enum lw_err close_pointless(struct lw_closing *c, const struct lw_facts *facts, struct lw_fault *fault)
{
    for (size_t i = 0; facts != NULL && i < facts->items_n; i++) {
        const struct lw_facts_item *item = &facts->items[i];
        struct lw_str name = lw_names_text(c->gather->names, item->name);
        struct lw_summary summary = {0};
        bool final = item->kind == LW_FACT_FINAL_METRIC;

        if ((!final && item->kind != LW_FACT_NOT_A_NUMBER) || name.len == 0 || drafted(c, name))
            continue;
        if (final)
            summary = lw_summary_final(item->number, item->has_at, item->at);
        summary.not_a_number = nan_count(facts, item->name);
        if (!lw_draft_metric(&c->draft, name, &summary, NULL, 0, &c->gather->memory))
            return lw_memory_fault(&c->gather->memory, "the metrics of a run", fault);
    }
    return LW_ERR_OK;
}

static enum lw_outcome outcome_of(const struct lw_closing *c, const struct lw_facts *facts)
{
    static const uint8_t outcomes[] = {
        [LW_STATUS_UNKNOWN] = LW_OUTCOME_UNKNOWN,      [LW_STATUS_IN_PROGRESS] = LW_OUTCOME_IN_PROGRESS,
        [LW_STATUS_STOPPING] = LW_OUTCOME_IN_PROGRESS, [LW_STATUS_STOPPED] = LW_OUTCOME_STOPPED,
        [LW_STATUS_FAILED] = LW_OUTCOME_FAILED,        [LW_STATUS_COMPLETED] = LW_OUTCOME_COMPLETED,
    };
    static const struct {
        const char *secondary;
        uint8_t outcome;
    } secondaries[] = {
        {"Completed", LW_OUTCOME_COMPLETED},
        {"Failed", LW_OUTCOME_FAILED},
        {"Stopped", LW_OUTCOME_STOPPED},
    };
    const struct lw_fact *status = lw_facts_slot(facts, LW_FACTS_STATUS);
    struct lw_str secondary = fact_text(c, facts, LW_FACTS_SECONDARY, false);
    enum lw_outcome outcome = status != NULL ? (enum lw_outcome)outcomes[(size_t)status->number] : LW_OUTCOME_UNKNOWN;

    if (facts == NULL)
        return LW_OUTCOME_UNKNOWN;
    for (size_t i = 0; i < sizeof(secondaries) / sizeof(secondaries[0]) && outcome == LW_OUTCOME_UNKNOWN; i++)
        if (lw_str_equal(secondary, lw_str_from(secondaries[i].secondary)))
            outcome = (enum lw_outcome)secondaries[i].outcome;
    if (outcome == LW_OUTCOME_UNKNOWN && lw_facts_slot(facts, LW_FACTS_FAILURE) != NULL)
        outcome = LW_OUTCOME_FAILED;
    /* SageMaker itself stopped it, which the status does not tell from a person who did. */
    if ((facts->flags & LW_FACTS_OUT_OF_TIME) && (outcome == LW_OUTCOME_STOPPED || outcome == LW_OUTCOME_UNKNOWN))
        outcome = LW_OUTCOME_OUT_OF_TIME;
    return outcome;
}

static void fill_facts(struct lw_closing *c, const struct lw_facts *facts)
{
    struct lw_run *run = &c->draft.run;
    const struct lw_fact *count = lw_facts_slot(facts, LW_FACTS_INSTANCE_COUNT);
    const struct lw_fact *billable = lw_facts_slot(facts, LW_FACTS_BILLABLE_SECONDS);

    run->outcome = (uint8_t)outcome_of(c, facts);
    c->draft.instance = fact_text(c, facts, LW_FACTS_INSTANCE_TYPE, false);
    if (run->outcome == LW_OUTCOME_FAILED || run->outcome == LW_OUTCOME_OUT_OF_TIME)
        c->draft.failure = fact_text(c, facts, LW_FACTS_FAILURE, false);
    if (count != NULL)
        run->instance_count = (uint32_t)count->number;
    if (billable != NULL) {
        run->has_billable = 1;
        run->billable_seconds = billable->number;
    }
    if (facts != NULL && (facts->flags & LW_FACTS_SPOT))
        run->flags |= LW_RUN_SPOT;
    if (facts != NULL && (facts->flags & LW_FACTS_INTERRUPTED))
        run->flags |= LW_RUN_RESUMED;
}

void lw_closing_begin(struct lw_closing *c)
{
    lw_draft_begin(&c->draft);
    c->span = (struct lw_times_span){0};
    c->distances_n = 0;
}

enum lw_err lw_closing_end(struct lw_closing *c, struct lw_arena *arena, struct lw_str tuning_job, const char *warning,
                           struct lw_fault *fault)
{
    struct lw_memory *memory = &c->gather->memory;
    struct lw_closed *closed;
    enum lw_err err;

    if (!lw_memory_extend(memory, &c->closed, c->closed_n + 1, sizeof(struct lw_closed)))
        return lw_memory_fault(memory, "the closed runs", fault);
    closed = (struct lw_closed *)c->closed.at + c->closed_n;
    *closed = (struct lw_closed){.tuning_job = tuning_job, .warning = warning};
    err = lw_draft_record(&c->draft, arena, &closed->run, fault);
    if (err == LW_ERR_OK)
        c->closed_n++;
    return err;
}

static bool left_out(struct lw_closing *c, struct lw_str model, uint64_t points)
{
    struct lw_str pattern = c->gather->rules->model_pattern;

    if (pattern.len == 0 || lw_glob_match(pattern, model))
        return false;
    c->out->rejected[LW_REJECT_OTHER_MODEL] += points > 0 ? points : 1;
    return true;
}

static enum lw_err close_named(struct lw_closing *c, const struct lw_unit *unit, struct lw_str model,
                               const struct lw_job_name *job, struct lw_fault *fault)
{
    struct lw_gather *gather = c->gather;
    const struct lw_open_run *open = &gather->open.runs[unit->open];
    struct lw_str tuning = fact_text(c, open->facts, LW_FACTS_TUNING_JOB, false);
    bool steps;
    enum lw_err err;

    lw_closing_begin(c);
    c->draft.origin = lw_names_text(gather->names, unit->origin);
    c->draft.model = model;
    c->draft.name = lw_names_text(gather->names, unit->run);
    err = close_curves(c, unit->open, open->facts, &steps, fault);
    if (err == LW_ERR_OK)
        err = close_pointless(c, open->facts, fault);
    if (err != LW_ERR_OK)
        return err;
    lw_times_period(&c->span, c->distances.at, c->distances_n);
    fill_facts(c, open->facts);
    lw_times_fill(&c->draft.run, open->facts, &c->span, &open->heartbeat, job, gather->names);
    if (steps || (open->facts != NULL && (open->facts->flags & LW_FACTS_NO_CLOCK) && !c->span.seen))
        c->draft.run.flags |= LW_RUN_STEPS;
    if (tuning.len == 0)
        tuning = job->tuning_job;
    return lw_closing_end(c, tuning.len > 0 ? &c->passing : c->arena, tuning,
                          unit->several_origins
                              ? "points without an origin were kept apart, since runs of the same name have several"
                              : NULL,
                          fault);
}

static enum lw_err close_unit(struct lw_closing *c, const struct lw_unit *unit, struct lw_fault *fault)
{
    struct lw_gather *gather = c->gather;
    struct lw_open_run *open = &gather->open.runs[unit->open];
    struct lw_job_name job = lw_job_name_read(lw_names_text(gather->names, unit->run));
    struct lw_str model;
    enum lw_err err;

    if (open->facts != NULL)
        lw_facts_settle(open->facts);
    err = find_model(c, unit, open->facts, &job, &model, fault);
    if (err != LW_ERR_OK || left_out(c, model, open->points))
        return err;
    if (unit->run == 0)
        return lw_unnamed_close(c, unit, model, fault);
    return close_named(c, unit, model, &job, fault);
}

static int by_model(const void *left, const void *right)
{
    const struct lw_run *a = ((const struct lw_closed *)left)->run, *b = ((const struct lw_closed *)right)->run;
    int order = lw_str_compare(lw_run_str(a, a->model), lw_run_str(b, b->model));

    if (order == 0)
        order = lw_str_compare(lw_run_str(a, a->origin), lw_run_str(b, b->origin));
    if (order == 0)
        order = lw_run_order(a, b);
    /* The same name twice in a model: only when the user throws models together. Any order that content alone gives. */
    if (order == 0 && a->bytes != b->bytes)
        order = a->bytes < b->bytes ? -1 : 1;
    return order != 0 ? order : memcmp(a, b, a->bytes);
}

static bool same_model(const struct lw_run *a, const struct lw_run *b)
{
    return lw_str_equal(lw_run_str(a, a->model), lw_run_str(b, b->model)) &&
           lw_str_equal(lw_run_str(a, a->origin), lw_run_str(b, b->origin));
}

static enum lw_err make_histories(struct lw_closing *c, struct lw_fault *fault)
{
    struct lw_closed *closed = c->closed.at;
    struct lw_history *models = lw_arena_array(c->arena, c->closed_n, sizeof(*models));
    const struct lw_run **runs = lw_arena_array(c->arena, c->closed_n, sizeof(const struct lw_run *));
    size_t n = 0;

    if (models == NULL || runs == NULL)
        return lw_fault_memory(fault, "the histories of models");
    if (c->closed_n > 1)
        qsort(closed, c->closed_n, sizeof(*closed), by_model);
    for (size_t i = 0; i < c->closed_n; i++) {
        runs[i] = closed[i].run;
        if (i == 0 || !same_model(closed[i - 1].run, closed[i].run))
            models[n++] = (struct lw_history){.origin = lw_run_str(runs[i], runs[i]->origin),
                                              .model = lw_run_str(runs[i], runs[i]->model),
                                              .runs = runs + i};
        models[n - 1].runs_n++;
        if (models[n - 1].warning == NULL)
            models[n - 1].warning = closed[i].warning;
    }
    c->out->models = models;
    c->out->models_n = n;
    return LW_ERR_OK;
}

static void note_data_end(struct lw_closing *c)
{
    const struct lw_gather *gather = c->gather;

    c->out->has_data_end = gather->has_data_end;
    c->out->data_end.ms = gather->has_data_end ? gather->data_end : 0;
    for (uint32_t i = 0; i < gather->open.runs_n; i++) {
        const struct lw_facts *facts = gather->open.runs[i].facts;
        int64_t at;

        if (facts == NULL || !lw_facts_latest(facts, &at) || (c->out->has_data_end && at <= c->out->data_end.ms))
            continue;
        c->out->data_end.ms = at;
        c->out->has_data_end = 1;
    }
}

/* A unit and the model that it will belong to. */
struct kin {
    struct lw_str model;
    struct lw_unit *unit;
};

static int by_kin(const void *left, const void *right)
{
    return lw_str_compare(((const struct kin *)left)->model, ((const struct kin *)right)->model);
}

/* The only known origin among units of one model, or 0 when there is none or more than one. */
static uint32_t common_origin(const struct kin *kin, size_t n)
{
    uint32_t common = 0;

    for (size_t i = 0; i < n; i++) {
        if (kin[i].unit->several_origins || (common != 0 && kin[i].unit->origin != 0 && kin[i].unit->origin != common))
            return 0;
        if (kin[i].unit->origin != 0)
            common = kin[i].unit->origin;
    }
    return common;
}

/* Job documents often cover a part of the history, and metrics from Loggly never say their account: runs of one model
   whose origin is unknown belong to the only origin that the others have, lest the history fall into two. */
static void share_origins(struct kin *kin, size_t n)
{
    if (n > 1)
        qsort(kin, n, sizeof(*kin), by_kin);
    for (size_t i = 0, end; i < n; i = end) {
        uint32_t common;

        for (end = i + 1; end < n && lw_str_equal(kin[end].model, kin[i].model);)
            end++;
        common = common_origin(kin + i, end - i);
        for (size_t k = i; k < end; k++)
            kin[k].unit->origin = common != 0 ? common : kin[k].unit->origin;
    }
}

static enum lw_err find_origins(struct lw_closing *c, struct lw_unit *units, size_t n, struct lw_fault *fault)
{
    struct kin *kin = lw_arena_array(&c->passing, n, sizeof(*kin));
    size_t named = 0;

    if (kin == NULL)
        return lw_fault_memory(fault, "the runs");
    for (size_t i = 0; i < n; i++) {
        struct lw_facts *facts = c->gather->open.runs[units[i].open].facts;
        struct lw_job_name job = lw_job_name_read(lw_names_text(c->gather->names, units[i].run));
        enum lw_err err;

        if (units[i].run == 0)
            continue;
        if (facts != NULL)
            lw_facts_settle(facts);
        kin[named].unit = &units[i];
        err = find_model(c, &units[i], facts, &job, &kin[named].model, fault);
        if (err != LW_ERR_OK)
            return err;
        named++;
    }
    share_origins(kin, named);
    return LW_ERR_OK;
}

static enum lw_err close_units(struct lw_closing *c, struct lw_unit *units, struct lw_fault *fault)
{
    enum lw_err err;
    size_t n;

    if (!lw_units_resolve(c->gather, units, &n))
        return lw_memory_fault(&c->gather->memory, "the runs", fault);
    err = find_origins(c, units, n, fault);
    for (size_t i = 0; i < n && err == LW_ERR_OK; i++)
        err = close_unit(c, &units[i], fault);
    if (err == LW_ERR_OK)
        err = lw_tuning_join(c, fault);
    if (err == LW_ERR_OK)
        err = make_histories(c, fault);
    return err;
}

enum lw_err lw_close_all(struct lw_gather *gather, struct lw_arena *arena, struct lw_histories *out,
                         struct lw_fault *fault)
{
    struct lw_histories made = {.duplicates = gather->duplicates};
    struct lw_closing c = {.gather = gather, .arena = arena, .out = &made};
    struct lw_scratch units = {0};
    enum lw_err err;

    memcpy(made.rejected, gather->rejected, sizeof(made.rejected));
    c.passing.ceiling = gather->memory.ceiling;
    note_data_end(&c);
    if (!lw_memory_scratch(&gather->memory, &units, gather->open.runs_n + 1, sizeof(struct lw_unit)))
        err = lw_memory_fault(&gather->memory, "the runs", fault);
    else
        err = close_units(&c, units.at, fault);
    lw_memory_drop(&gather->memory, &units);
    lw_memory_drop(&gather->memory, &c.room);
    lw_memory_drop(&gather->memory, &c.kept);
    lw_memory_drop(&gather->memory, &c.distances);
    lw_memory_drop(&gather->memory, &c.closed);
    lw_draft_clear(&c.draft, &gather->memory);
    lw_arena_close(&c.passing);
    if (err == LW_ERR_OK)
        *out = made;
    return err;
}
