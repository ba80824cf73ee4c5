#include "engine/core/live/live_due.h"

#include "engine/core/gather/open_state.h"

#include <stdlib.h>

/* What the statuses of a unit say. */
struct standing {
    bool held, ended, has_end;
    int64_t end;
};

static bool terminal(const struct lw_fact *status)
{
    return status != NULL && (status->number == LW_STATUS_STOPPED || status->number == LW_STATUS_FAILED ||
                              status->number == LW_STATUS_COMPLETED);
}

static bool in_progress(const struct lw_fact *status)
{
    return status != NULL && (status->number == LW_STATUS_IN_PROGRESS || status->number == LW_STATUS_STOPPING);
}

/* The same run may be there several times, with and without its origin: an end that one of them states ends it. */
static bool ended_elsewhere(const struct lw_open_runs *open, uint32_t run)
{
    for (uint32_t i = 0; i < open->runs_n; i++)
        if (open->runs[i].run == run && terminal(lw_facts_slot(open->runs[i].facts, LW_FACTS_STATUS)))
            return true;
    return false;
}

static struct standing standing_of(const struct lw_gather *gather)
{
    struct standing standing = {0};

    for (uint32_t i = 0; i < gather->open.runs_n; i++) {
        const struct lw_facts *facts = gather->open.runs[i].facts;
        const struct lw_fact *status = lw_facts_slot(facts, LW_FACTS_STATUS);
        const struct lw_fact *end = lw_facts_slot(facts, LW_FACTS_ENDED);

        if (end != NULL && (!standing.has_end || end->at.ms > standing.end)) {
            standing.has_end = true;
            standing.end = end->at.ms;
        }
        standing.ended = standing.ended || terminal(status);
        if (in_progress(status) && !ended_elsewhere(&gather->open, gather->open.runs[i].run))
            standing.held = true;
    }
    return standing;
}

/* The last time that the unit speaks of. */
static bool last_time(const struct lw_gather *gather, int64_t *last)
{
    bool found = gather->has_data_end;

    *last = gather->has_data_end ? gather->data_end : 0;
    for (uint32_t i = 0; i < gather->open.runs_n; i++) {
        int64_t at;

        if (gather->open.runs[i].facts == NULL || !lw_facts_latest(gather->open.runs[i].facts, &at))
            continue;
        *last = !found || at > *last ? at : *last;
        found = true;
    }
    return found;
}

static int64_t later(int64_t at, int64_t span)
{
    return at > LW_TIME_MAX - span ? LW_TIME_MAX : at + span;
}

static int64_t greater(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static int64_t quiet_of(const struct lw_live_unit *unit, const struct lw_rules *rules, int64_t pace)
{
    int64_t spacing = greater(pace, unit->spacing);

    return greater(rules->quiet.ms, spacing > LW_TIME_MAX / 3 ? LW_TIME_MAX : 3 * spacing);
}

void lw_live_due_find(struct lw_live_unit *unit, const struct lw_rules *rules, int64_t pace)
{
    struct standing standing = standing_of(unit->gather);
    int64_t quiet = quiet_of(unit, rules, pace), last = 0;
    bool dated = last_time(unit->gather, &last);

    unit->stale = false;
    unit->held = standing.held;
    if (standing.held) {
        unit->mark_due = dated ? later(last, LW_LIVE_FORGOTTEN) : LW_TIME_MAX;
        unit->clock_due = later(unit->arrived, LW_LIVE_FORGOTTEN);
    } else if (standing.ended && unit->kind == LW_LIVE_RUN) {
        int64_t end = standing.has_end ? standing.end : last;

        unit->mark_due = standing.has_end || dated ? later(end, LW_LIVE_DELAY) : LW_TIME_MAX;
        /* An end in the future (clocks differ) does not hold it for ever. */
        unit->clock_due = later(greater(unit->arrived, end), LW_LIVE_DELAY);
        if (unit->clock_due > later(unit->arrived, LW_LIVE_FORGOTTEN))
            unit->clock_due = later(unit->arrived, LW_LIVE_FORGOTTEN);
    } else {
        /* The trials of a tuning job follow each other: that all have ended does not mean that no other one comes. */
        unit->mark_due = dated ? later(last, quiet) : LW_TIME_MAX;
        unit->clock_due = later(unit->arrived, quiet);
    }
    unit->quiet_due = unit->clock_due;
    /* Data without run ids may never be quiet; so what is over is taken out of them now and then. */
    if (unit->kind == LW_LIVE_MODEL && unit->clock_due > later(unit->looked, quiet))
        unit->clock_due = later(unit->looked, quiet);
}

static int by_time(const void *left, const void *right)
{
    int64_t a = *(const int64_t *)left, b = *(const int64_t *)right;

    return (a > b) - (a < b);
}

static int64_t largest_distance(int64_t *times, size_t n)
{
    int64_t largest = 0;

    if (n > 1)
        qsort(times, n, sizeof(*times), by_time);
    for (size_t i = 1; i < n; i++)
        largest = greater(largest, times[i] - times[i - 1]);
    return largest;
}

bool lw_live_due_spacing(struct lw_live_unit *unit)
{
    struct lw_gather *gather = unit->gather;
    struct lw_scratch times = {0};
    size_t n = 0, most = 0;

    unit->spacing = 0;
    /* Between trials there may be pauses too. */
    if (unit->kind != LW_LIVE_RUN)
        return true;
    for (uint32_t i = 0; i < gather->open.curves_n; i++)
        if (!lw_open_runs_at(&gather->open, i)->steps)
            most += (size_t)lw_curve_stored(&lw_open_runs_at(&gather->open, i)->curve);
    if (most < 2)
        return true;
    if (!lw_memory_scratch(&gather->memory, &times, most, sizeof(int64_t))) {
        unit->spacing = -1;
        return false;
    }
    for (uint32_t i = 0; i < gather->open.curves_n; i++) {
        struct lw_curve_cursor cursor = {0};
        struct lw_set set;

        if (lw_open_runs_at(&gather->open, i)->steps)
            continue;
        while (lw_curve_next(&lw_open_runs_at(&gather->open, i)->curve, &cursor, &set))
            ((int64_t *)times.at)[n++] = set.at;
    }
    unit->spacing = largest_distance(times.at, n);
    lw_memory_drop(&gather->memory, &times);
    return true;
}
