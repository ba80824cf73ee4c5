#include "engine/core/gather/unnamed/unnamed.h"

#include "engine/base/fault.h"
#include "engine/base/time_text.h"
#include "engine/core/gather/unnamed/segment.h"

#include <stdint.h>

/* A metric with its points, which stay in memory until all runs of the model are closed. */
struct series {
    uint32_t metric; /* id of its name */
    struct lw_scratch room;
    struct lw_curve_points points;
};

struct unnamed {
    struct lw_closing *c;
    struct series *series;
    struct lw_evidence_metric *metrics;
    size_t n;
    struct lw_segment_room room;
    struct lw_str model;
    double period;
    uint64_t placed; /* NaNs that found their run */
};

static enum lw_err collect(struct unnamed *u, uint32_t run, struct lw_fault *fault)
{
    struct lw_gather *gather = u->c->gather;

    for (uint32_t i = gather->open.runs[run].curves; i != LW_OPEN_NONE; i = lw_open_runs_at(&gather->open, i)->next) {
        struct lw_open_curve *curve = lw_open_runs_at(&gather->open, i);
        struct series *series = &u->series[u->n];
        struct lw_str name = lw_names_text(gather->names, curve->metric);

        series->metric = curve->metric;
        if (!lw_curve_points(&curve->curve, true, &gather->memory, &series->room, gather->work, &series->points))
            return lw_memory_fault(&gather->memory, "the points of data without run ids", fault);
        u->c->out->duplicates += series->points.duplicates;
        u->metrics[u->n++] = (struct lw_evidence_metric){.at = series->points.at,
                                                         .value = series->points.value,
                                                         .detail = series->points.detail,
                                                         .n = series->points.n,
                                                         .better = lw_summary_better(gather->rules, name)};
    }
    return LW_ERR_OK;
}

/* The order of the curves is that of their arrival; sums of evidence are not to hang on it. */
static void sort_by_name(struct unnamed *u)
{
    const struct lw_names *names = u->c->gather->names;

    for (size_t i = 1; i < u->n; i++)
        for (size_t k = i; k > 0 && lw_str_compare(lw_names_text(names, u->series[k - 1].metric),
                                                   lw_names_text(names, u->series[k].metric)) > 0;
             k--) {
            struct series series = u->series[k];
            struct lw_evidence_metric metric = u->metrics[k];

            u->series[k] = u->series[k - 1];
            u->series[k - 1] = series;
            u->metrics[k] = u->metrics[k - 1];
            u->metrics[k - 1] = metric;
        }
}

static size_t first_at(const struct lw_curve_points *points, int64_t at)
{
    size_t low = 0, high = points->n;

    while (low < high) {
        size_t half = low + (high - low) / 2;

        if (points->at[half] < at)
            low = half + 1;
        else
            high = half;
    }
    return low;
}

/* The points of one segment, with what is summed over them. */
static struct lw_curve_points part_of(const struct lw_curve_points *points, const struct lw_segment *segment)
{
    size_t from = first_at(points, segment->first), to = first_at(points, segment->last + 1);
    struct lw_curve_points part = {.at = points->at + from, .value = points->value + from, .n = to - from};

    for (size_t i = from; i < to; i++) {
        struct lw_curve_detail detail = {points->value[i], points->value[i], 1.0};

        if (points->detail != NULL)
            detail = points->detail[i];
        part.least = i == from || detail.least < part.least ? detail.least : part.least;
        part.most = i == from || detail.most > part.most ? detail.most : part.most;
        part.samples += detail.samples;
    }
    return part;
}

/* NaNs belong to the run in which they lie, or before whose first value they lie; those behind the end to the last. */
static uint64_t nan_count(const struct lw_facts *facts, uint32_t metric, int64_t after, int64_t until)
{
    uint64_t n = 0;

    for (size_t i = 0; facts != NULL && i < facts->items_n; i++) {
        const struct lw_facts_item *item = &facts->items[i];

        n += item->kind == LW_FACT_NOT_A_NUMBER && item->name == metric && item->has_at && item->at > after &&
             item->at <= until;
    }
    return n;
}

static uint64_t points_in(const struct unnamed *u, const struct lw_segment *segment)
{
    uint64_t n = 0;

    for (size_t i = 0; i < u->n; i++)
        n += first_at(&u->series[i].points, segment->last + 1) - first_at(&u->series[i].points, segment->first);
    return n;
}

/* To the minute where it is one, else as exactly as it is. */
static struct lw_str name_of(struct unnamed *u, lw_time start)
{
    char text[LW_TIME_TEXT];
    size_t len = start.ms % LW_MINUTE == 0 ? 16 : start.ms % LW_SECOND == 0 ? 19 : 23;

    lw_time_write(start, text);
    return lw_arena_format(&u->c->passing, "%.*s@%.*sZ", (int)u->model.len, u->model.at, (int)len, text);
}

static struct lw_str note_of(struct unnamed *u, const struct lw_segment *segment)
{
    if (segment->silence == 0.0)
        return LW_STR("first run of the data: it may have begun before them");
    if (segment->silence >= 2.0)
        return lw_arena_format(&u->c->passing, "%.0f periods of silence, reset in %u of %zu metrics", segment->silence,
                               (unsigned)segment->resets, u->n);
    return lw_arena_format(&u->c->passing, "no silence, reset in %u of %zu metrics", (unsigned)segment->resets, u->n);
}

static enum lw_err close_metrics(struct unnamed *u, const struct lw_segment *segment, const struct lw_facts *facts,
                                 int64_t after, int64_t until, struct lw_fault *fault)
{
    struct lw_closing *c = u->c;

    for (size_t i = 0; i < u->n; i++) {
        struct lw_curve_points part = part_of(&u->series[i].points, segment);
        uint64_t not_a_number = nan_count(facts, u->series[i].metric, after, until);
        enum lw_err err;

        if (part.n == 0 && not_a_number == 0)
            continue;
        u->placed += not_a_number;
        err = lw_closing_metric(c, lw_names_text(c->gather->names, u->series[i].metric), &part, false, not_a_number,
                                fault);
        if (err != LW_ERR_OK)
            return err;
    }
    lw_times_period(&c->span, c->distances.at, c->distances_n);
    if (c->span.seen && c->span.period == 0)
        c->span.period = (int64_t)u->period;
    return LW_ERR_OK;
}

static enum lw_err close_segment(struct unnamed *u, const struct lw_unit *unit, const struct lw_segment *segments,
                                 size_t i, size_t n, struct lw_fault *fault)
{
    struct lw_closing *c = u->c;
    const struct lw_segment *segment = &segments[i];
    const struct lw_facts *facts = c->gather->open.runs[unit->open].facts;
    const struct lw_heartbeat none = {0};
    const struct lw_job_name nameless = {0};
    bool refused = (segment->flags & LW_RUN_INTERLEAVED) != 0;
    enum lw_err err = LW_ERR_OK;

    lw_closing_begin(c);
    if (refused) {
        c->out->rejected[LW_REJECT_INTERLEAVED] += points_in(u, segment);
        c->span = (struct lw_times_span){
            .first = segment->first, .last = segment->last, .period = (int64_t)u->period, .seen = true};
    } else {
        err = close_metrics(u, segment, facts, i > 0 ? segments[i - 1].last : INT64_MIN,
                            i + 1 < n ? segment->last : INT64_MAX, fault);
    }
    if (err != LW_ERR_OK)
        return err;
    lw_times_fill(&c->draft.run, NULL, &c->span, &none, &nameless, c->gather->names);
    if (c->draft.run.duration.ms > segment->pause)
        c->draft.run.duration.ms -= segment->pause;
    c->draft.run.flags |= segment->flags | LW_RUN_SEGMENTED;
    c->draft.run.has_confidence = 1;
    c->draft.run.confidence = segment->confidence;
    c->draft.origin = lw_names_text(c->gather->names, unit->origin);
    c->draft.model = u->model;
    c->draft.name = name_of(u, c->draft.run.start);
    c->draft.note = note_of(u, segment);
    if (c->draft.name.at == NULL || c->draft.note.at == NULL)
        return lw_fault_memory(fault, "the name of a run");
    return lw_closing_end(c, c->arena, (struct lw_str){0},
                          refused ? "runs without ids overlap and cannot be told apart; name them in the data, or with "
                                    "--run, to have them judged"
                                  : NULL,
                          fault);
}

/* NaNs of metrics that have no values at all, or without a time, belong to no run. */
static void count_lost(struct unnamed *u, const struct lw_facts *facts)
{
    uint64_t all = 0;

    for (size_t i = 0; facts != NULL && i < facts->items_n; i++)
        all += facts->items[i].kind == LW_FACT_NOT_A_NUMBER;
    u->c->out->rejected[LW_REJECT_NO_RUN] += all - u->placed;
}

static enum lw_err cut_and_close(struct unnamed *u, const struct lw_unit *unit, struct lw_fault *fault)
{
    struct lw_memory *memory = &u->c->gather->memory;
    struct lw_evidence evidence = {.metrics = u->metrics};
    enum lw_err err = collect(u, unit->open, fault);
    size_t n = 0;

    if (err != LW_ERR_OK)
        return err;
    sort_by_name(u);
    evidence.metrics_n = u->n;
    if (!lw_segment_cut(&evidence, memory, &u->room, &n))
        return lw_memory_fault(memory, "cutting data without run ids", fault);
    for (size_t i = 0; i < u->n; i++)
        if (u->metrics[i].n > 1 && (u->period == 0.0 || u->metrics[i].period < u->period))
            u->period = u->metrics[i].period;
    for (size_t i = 0; i < n && err == LW_ERR_OK; i++)
        err = close_segment(u, unit, u->room.segments.at, i, n, fault);
    count_lost(u, u->c->gather->open.runs[unit->open].facts);
    return err;
}

enum lw_err lw_unnamed_close(struct lw_closing *c, const struct lw_unit *unit, struct lw_str model,
                             struct lw_fault *fault)
{
    struct lw_gather *gather = c->gather;
    struct lw_memory *memory = &gather->memory;
    struct lw_scratch series = {0}, metrics = {0};
    struct unnamed u = {.c = c, .model = model};
    size_t n = 0;
    enum lw_err err;

    for (uint32_t i = gather->open.runs[unit->open].curves; i != LW_OPEN_NONE;
         i = lw_open_runs_at(&gather->open, i)->next)
        n++;
    if (n == 0) {
        count_lost(&u, gather->open.runs[unit->open].facts);
        return LW_ERR_OK;
    }
    if (!lw_memory_scratch(memory, &series, n, sizeof(struct series)) ||
        !lw_memory_scratch(memory, &metrics, n, sizeof(struct lw_evidence_metric))) {
        err = lw_memory_fault(memory, "the metrics of data without run ids", fault);
    } else {
        memset(series.at, 0, n * sizeof(struct series));
        u.series = series.at;
        u.metrics = metrics.at;
        err = cut_and_close(&u, unit, fault);
        for (size_t i = 0; i < n; i++)
            lw_memory_drop(memory, &u.series[i].room);
    }
    lw_segment_close(&u.room, memory);
    lw_memory_drop(memory, &series);
    lw_memory_drop(memory, &metrics);
    return err;
}
