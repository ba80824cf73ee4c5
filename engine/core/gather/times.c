#include "engine/core/gather/times.h"

#include <math.h>

bool lw_times_note(struct lw_times_span *span, const int64_t *at, size_t points, struct lw_memory *memory,
                   struct lw_scratch *distances, size_t *n)
{
    int64_t *out;
    size_t kept = *n;

    if (points == 0)
        return true;
    if (!lw_memory_extend(memory, distances, kept + points, sizeof(int64_t)))
        return false;
    out = distances->at;
    if (!span->seen) {
        *span = (struct lw_times_span){.first = at[0], .last = at[points - 1], .seen = true, .minutes = true};
    } else {
        span->first = at[0] < span->first ? at[0] : span->first;
        span->last = at[points - 1] > span->last ? at[points - 1] : span->last;
    }
    for (size_t i = 0; i < points; i++) {
        span->minutes = span->minutes && at[i] % LW_MINUTE == 0;
        if (i > 0 && at[i] > at[i - 1])
            out[kept++] = at[i] - at[i - 1];
    }
    *n = kept;
    return true;
}

/* Hoare's selection with three parts, so that many equal distances, which are the rule, take one pass. */
static int64_t select_nth(int64_t *x, size_t n, size_t nth)
{
    size_t low = 0, high = n;

    while (high - low > 1) {
        int64_t a = x[low], b = x[low + (high - low) / 2], c = x[high - 1];
        int64_t pivot = a < b ? (b < c ? b : (a < c ? c : a)) : (a < c ? a : (b < c ? c : b));
        size_t less = low, at = low, more = high;

        while (at < more) {
            int64_t value = x[at];

            if (value < pivot) {
                x[at++] = x[less];
                x[less++] = value;
            } else if (value > pivot) {
                x[at] = x[--more];
                x[more] = value;
            } else {
                at++;
            }
        }
        if (nth < less)
            high = less;
        else if (nth >= more)
            low = more;
        else
            return pivot;
    }
    return x[low];
}

void lw_times_period(struct lw_times_span *span, int64_t *distances, size_t n)
{
    span->period = n > 0 ? select_nth(distances, n, (n - 1) / 2) : 0;
}

struct source {
    bool has_start, has_end;
    bool stamps; /* comes from the stamps of datapoints */
    int64_t start, end;
};

enum { SOURCE_STATED, SOURCE_PHASES, SOURCE_CURVE, SOURCE_HEARTBEAT, SOURCE_CREATED, SOURCE_NAME, SOURCES };

/* Training phases of the best rank that has any. `sum`: of those that have ended, if from the API. */
static bool phases(const struct lw_facts *facts, const struct lw_names *names, struct source *source, int64_t *sum,
                   uint32_t *n)
{
    uint8_t best = 0;

    *sum = 0;
    *n = 0;
    if (facts == NULL)
        return false;
    for (size_t i = 0; i < facts->items_n; i++) {
        const struct lw_facts_item *item = &facts->items[i];

        if (item->kind != LW_FACT_PHASE || item->rank < best ||
            !lw_str_equal(lw_names_text(names, item->name), LW_STR("Training")))
            continue;
        if (item->rank > best) {
            best = item->rank;
            *source = (struct source){0};
            *sum = 0;
            *n = 0;
        }
        if (!source->has_start || item->at < source->start)
            source->start = item->at;
        source->has_start = true;
        if (!item->has_until)
            continue;
        if (!source->has_end || item->until > source->end)
            source->end = item->until;
        source->has_end = true;
        if (*sum <= LW_TIME_MAX - LW_TIME_MIN)
            *sum += item->until - item->at;
        ++*n;
    }
    return best == LW_RANK_API && *n > 0;
}

static void stated(const struct lw_facts *facts, struct source *sources)
{
    const struct lw_fact *started = lw_facts_slot(facts, LW_FACTS_STARTED);
    const struct lw_fact *ended = lw_facts_slot(facts, LW_FACTS_ENDED);
    const struct lw_fact *created = lw_facts_slot(facts, LW_FACTS_CREATED);

    if (started != NULL) {
        sources[SOURCE_STATED].has_start = true;
        sources[SOURCE_STATED].start = started->at.ms;
    }
    if (ended != NULL) {
        sources[SOURCE_STATED].has_end = true;
        sources[SOURCE_STATED].end = ended->at.ms;
    }
    if (created != NULL) {
        sources[SOURCE_CREATED].has_start = true;
        sources[SOURCE_CREATED].start = created->at.ms;
    }
}

static struct source stamps(bool seen, int64_t first, int64_t last, int64_t period)
{
    return (struct source){.has_start = seen,
                           .has_end = seen,
                           .stamps = true,
                           .start = first - period < LW_TIME_MIN ? LW_TIME_MIN : first - period,
                           .end = last};
}

static void fill_ends(struct lw_run *run, const struct source *sources, bool minutes)
{
    bool from_stamps = false;

    for (size_t i = 0; i < SOURCES && !run->has_start; i++) {
        if (!sources[i].has_start)
            continue;
        run->has_start = 1;
        run->start.ms = sources[i].start;
        from_stamps = sources[i].stamps;
    }
    for (size_t i = 0; i < SOURCES && !run->has_end; i++) {
        if (!sources[i].has_end || (run->has_start && sources[i].end < run->start.ms))
            continue;
        run->has_end = 1;
        run->end.ms = sources[i].end;
        from_stamps = from_stamps || sources[i].stamps;
    }
    if (from_stamps && minutes)
        run->flags |= LW_RUN_MINUTE_TIMES;
}

void lw_times_fill(struct lw_run *run, const struct lw_facts *facts, const struct lw_times_span *span,
                   const struct lw_heartbeat *heartbeat, const struct lw_job_name *name, const struct lw_names *names)
{
    struct source sources[SOURCES] = {{0}};
    const struct lw_fact *seconds = lw_facts_slot(facts, LW_FACTS_TRAINING_SECONDS);
    int64_t sum;
    uint32_t n;
    bool has_phases = phases(facts, names, &sources[SOURCE_PHASES], &sum, &n);
    bool minutes = (!span->seen || span->minutes) &&
                   (!heartbeat->seen || (heartbeat->first % LW_MINUTE == 0 && heartbeat->period % LW_MINUTE == 0));

    stated(facts, sources);
    sources[SOURCE_CURVE] = stamps(span->seen, span->first, span->last, span->period);
    sources[SOURCE_HEARTBEAT] = stamps(heartbeat->seen, heartbeat->first, heartbeat->last, (int64_t)heartbeat->period);
    sources[SOURCE_NAME] = (struct source){.has_start = name->has_made, .start = name->made.ms};
    fill_ends(run, sources, minutes);
    run->has_created = sources[SOURCE_CREATED].has_start || name->has_made;
    run->created.ms = sources[SOURCE_CREATED].has_start ? sources[SOURCE_CREATED].start : name->made.ms;
    if (!run->has_created)
        run->created.ms = 0;
    if (has_phases) {
        run->duration_source = LW_DURATION_PHASE;
        run->duration.ms = sum;
    } else if (seconds != NULL) {
        run->duration_source = LW_DURATION_LOG;
        run->duration.ms = llround(seconds->number * (double)LW_SECOND);
    } else if (span->seen && span->period > 0) {
        run->duration_source = LW_DURATION_CURVE;
        run->duration.ms = span->last - span->first + span->period;
    } else if (heartbeat->seen && heartbeat->period > 0) {
        run->duration_source = LW_DURATION_HEARTBEAT;
        run->duration.ms = heartbeat->last - heartbeat->first + (int64_t)heartbeat->period;
    }
    if (run->duration.ms > LW_TIME_MAX - LW_TIME_MIN)
        run->duration.ms = LW_TIME_MAX - LW_TIME_MIN;
    if (n > 1)
        run->flags |= LW_RUN_RESUMED;
    if (span->seen) {
        run->has_metric_span = 1;
        run->metrics_first.ms = span->first;
        run->metrics_last.ms = span->last;
    }
}
