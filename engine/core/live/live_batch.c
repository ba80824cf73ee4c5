#include "engine/core/live/live_batch.h"

#include "engine/base/fault.h"
#include "engine/core/gather/open_state.h"
#include "engine/core/live/live_join.h"

#include <stdlib.h>

/* A datapoint that may enter, and where. */
struct entry {
    struct lw_live_unit *unit;
    const struct lw_point *point;
    size_t index;
    struct lw_set set;
};

struct batch {
    struct lw_live *live;
    uint32_t source;
    int64_t arrived;
    struct entry *entries;
    const struct lw_set **sets; /* of the series in hand */
    uint8_t *news;
    uint8_t *fresh; /* NULL: nobody asks */
};

static int compare_ids(uint32_t a, uint32_t b)
{
    return (a > b) - (a < b);
}

/* Whether two points are of one series of one run; instance metrics apart from the others, and each instance by itself. */
static int compare_series(const struct entry *a, const struct entry *b)
{
    const struct lw_point *p = a->point, *q = b->point;
    uint8_t kinds = LW_POINT_STEP | LW_POINT_HEARTBEAT;
    int order = 0;

    if (a->unit != b->unit)
        order = a->unit->hash != b->unit->hash ? (a->unit->hash > b->unit->hash) - (a->unit->hash < b->unit->hash)
                                               : lw_str_compare(a->unit->key, b->unit->key);
    if (order == 0)
        order = compare_ids(p->run, q->run);
    if (order == 0)
        order = compare_ids(p->origin, q->origin);
    if (order == 0)
        order = compare_ids(p->model, q->model);
    if (order == 0)
        order = compare_ids(p->metric, q->metric);
    if (order == 0 && (p->flags & q->flags & LW_POINT_HEARTBEAT))
        order = compare_ids(p->host, q->host);
    return order != 0 ? order : (int)(p->flags & kinds) - (int)(q->flags & kinds);
}

static int compare_entries(const void *left, const void *right)
{
    const struct entry *a = left, *b = right;
    int order = compare_series(a, b);

    if (order == 0 && (a->point->flags & LW_POINT_HEARTBEAT))
        order = (a->point->at > b->point->at) - (a->point->at < b->point->at);
    else if (order == 0)
        order = lw_curve_identity(&a->set, &b->set);
    return order != 0 ? order : (a->index > b->index) - (a->index < b->index);
}

static void say(const struct batch *batch, const struct entry *entry, bool fresh)
{
    if (batch->fresh != NULL)
        batch->fresh[entry->index] = fresh;
    batch->live->tally.duplicates += !fresh;
}

/* The curve that the point would go to, if it is there. */
static struct lw_curve *find_curve(const struct lw_gather *gather, const struct lw_point *point)
{
    bool steps = (point->flags & LW_POINT_STEP) != 0;

    for (uint32_t i = 0; i < gather->open.runs_n; i++) {
        const struct lw_open_run *run = &gather->open.runs[i];

        if (run->run != point->run || run->origin != point->origin || run->model != point->model)
            continue;
        for (uint32_t k = run->curves; k != LW_OPEN_NONE; k = lw_open_runs_at(&gather->open, k)->next) {
            struct lw_open_curve *curve = lw_open_runs_at(&gather->open, k);

            if (curve->metric == point->metric && curve->steps == steps)
                return &curve->curve;
        }
    }
    return NULL;
}

/* Changes nothing but the order in which the curve lies in memory, so a closed unit to which nothing new came stays
   closed. */
static bool find_news(const struct batch *batch, const struct entry *entries, size_t n)
{
    struct lw_gather *gather = entries[0].unit->gather;
    struct lw_curve none = {0}, *curve = find_curve(gather, entries[0].point);
    bool ok;

    for (size_t i = 0; i < n; i++)
        batch->sets[i] = &entries[i].set;
    ok = lw_curve_news(curve != NULL ? curve : &none, batch->sets, n, batch->news, &gather->memory, gather->work);
    /* Thousands of units are open: none keeps room that it needs only now and then. */
    lw_memory_drop(&gather->memory, &gather->work[0]);
    lw_memory_drop(&gather->memory, &gather->work[1]);
    return ok;
}

static enum lw_err open_unit(const struct batch *batch, struct lw_live_unit *unit, struct lw_fault *fault)
{
    enum lw_err err = lw_live_state_change(batch->live, unit, fault);

    if (err == LW_ERR_OK)
        lw_live_state_arrive(unit, batch->source, batch->arrived);
    lw_live_state_lend(batch->live, unit);
    return err;
}

static enum lw_err full(const struct batch *batch, const struct lw_live_unit *unit, struct lw_fault *fault)
{
    return lw_live_state_fault(batch->live,
                               lw_memory_fault(&unit->gather->memory, "the datapoints of open runs", fault), fault);
}

static enum lw_err take_series(const struct batch *batch, const struct entry *entries, size_t n, struct lw_fault *fault)
{
    struct lw_live_unit *unit = entries[0].unit;
    bool any = false;
    uint32_t curve;
    enum lw_err err;

    if (!find_news(batch, entries, n))
        return full(batch, unit, fault);
    for (size_t i = 0; i < n; i++) {
        say(batch, &entries[i], batch->news[i]);
        any = any || batch->news[i];
    }
    if (!any)
        return LW_ERR_OK;
    err = open_unit(batch, unit, fault);
    if (err != LW_ERR_OK)
        return err;
    curve = lw_gather_curve(unit->gather, entries[0].point);
    if (curve == LW_OPEN_NONE)
        return full(batch, unit, fault);
    for (size_t i = 0; i < n; i++)
        if (batch->news[i] && !lw_gather_put(unit->gather, curve, &entries[i].set))
            return full(batch, unit, fault);
    return LW_ERR_OK;
}

/* What an instance metric says of the run hangs on its times alone. */
static bool beat_changes(const struct lw_gather *gather, const struct lw_point *point)
{
    for (uint32_t i = 0; i < gather->open.runs_n; i++) {
        const struct lw_open_run *run = &gather->open.runs[i];
        struct lw_heartbeat beat = run->heartbeat;

        if (run->run != point->run || run->origin != point->origin || run->model != point->model)
            continue;
        lw_open_runs_beat(&beat, point->at);
        return !run->heartbeat.seen || beat.first != run->heartbeat.first || beat.last != run->heartbeat.last ||
               beat.period != run->heartbeat.period;
    }
    return true;
}

/* Whose span it is: that of the instance where it is known. */
static uint32_t instance_of(const struct lw_point *point)
{
    return point->host != 0 ? point->host : point->run;
}

/* News is what lies outside of the span that was seen before the batch; of what lies inside nothing more is known. */
static enum lw_err take_beats(const struct batch *batch, const struct entry *entries, size_t n, struct lw_fault *fault)
{
    struct lw_live_unit *unit = entries[0].unit;
    const struct lw_live_beat *known =
        lw_live_unit_find_beat(unit, instance_of(entries[0].point), entries[0].point->metric);
    struct lw_live_beat before = known != NULL ? *known : (struct lw_live_beat){.first = INT64_MAX, .last = INT64_MIN};

    for (size_t i = 0; i < n; i++) {
        const struct lw_point *point = entries[i].point;
        bool fresh =
            (point->at < before.first || point->at > before.last) && (i == 0 || entries[i - 1].point->at != point->at);
        enum lw_err err;

        say(batch, &entries[i], fresh);
        if (!fresh && !beat_changes(unit->gather, point))
            continue;
        err = open_unit(batch, unit, fault);
        if (err == LW_ERR_OK)
            err = lw_gather_points(unit->gather, point, 1, fault);
        if (err != LW_ERR_OK)
            return lw_live_state_fault(batch->live, err, fault);
        if (lw_live_unit_beat(unit, instance_of(point), point->metric, point->at, &fresh) == NULL)
            return full(batch, unit, fault);
    }
    return LW_ERR_OK;
}

/* What may enter, with its unit. */
static enum lw_err place(struct batch *batch, const struct lw_point *points, size_t n, size_t *placed,
                         struct lw_fault *fault)
{
    struct lw_live_tally *tally = &batch->live->tally;

    *placed = 0;
    for (size_t i = 0; i < n; i++) {
        struct entry *entry = &batch->entries[*placed];
        enum lw_reject reason;
        enum lw_err err;

        if (batch->fresh != NULL)
            batch->fresh[i] = 0;
        *entry = (struct entry){.point = &points[i], .index = i};
        if (!lw_gather_admits(&points[i], &entry->set, &reason)) {
            tally->rejected[reason]++;
            continue;
        }
        err = lw_live_state_visit(batch->live, points[i].run, points[i].model, &entry->unit, fault);
        if (err != LW_ERR_OK)
            return err;
        if (entry->unit == NULL)
            tally->rejected[LW_REJECT_TOO_LATE]++;
        else
            ++*placed;
    }
    return LW_ERR_OK;
}

static enum lw_err take_all(const struct batch *batch, size_t n, struct lw_fault *fault)
{
    enum lw_err err = LW_ERR_OK;

    for (size_t i = 0, end; i < n && err == LW_ERR_OK; i = end) {
        struct entry *first = &batch->entries[i];

        for (end = i + 1; end < n && compare_series(first, &batch->entries[end]) == 0;)
            end++;
        lw_live_state_lend(batch->live, first->unit);
        err = first->point->flags & LW_POINT_HEARTBEAT ? take_beats(batch, first, end - i, fault)
                                                       : take_series(batch, first, end - i, fault);
        lw_live_state_charge(batch->live, first->unit);
    }
    return err;
}

enum lw_err lw_live_batch_points(struct lw_live *live, uint32_t source, int64_t arrived, const struct lw_point *points,
                                 size_t n, uint8_t *fresh, struct lw_fault *fault)
{
    struct batch batch = {.live = live, .source = source, .arrived = arrived, .fresh = fresh};
    size_t placed = 0;
    enum lw_err err;

    if (n == 0)
        return LW_ERR_OK;
    if (n > SIZE_MAX / 2 / sizeof(struct entry))
        return lw_fault_memory(fault, "a batch of datapoints");
    batch.entries = malloc(n * sizeof(struct entry));
    batch.sets = malloc(n * sizeof(const struct lw_set *));
    batch.news = malloc(n);
    if (batch.entries == NULL || batch.sets == NULL || batch.news == NULL)
        err = lw_fault_memory(fault, "a batch of datapoints");
    else
        err = place(&batch, points, n, &placed, fault);
    if (err == LW_ERR_OK) {
        if (placed > 1)
            qsort(batch.entries, placed, sizeof(struct entry), compare_entries);
        err = take_all(&batch, placed, fault);
    }
    free(batch.entries);
    free((void *)(uintptr_t)batch.sets);
    free(batch.news);
    return err;
}

static bool fact_is_known(const struct lw_live *live, const struct lw_live_unit *unit, const struct lw_fact *fact)
{
    const struct lw_gather *gather = unit->gather;

    for (uint32_t i = 0; i < gather->open.runs_n; i++) {
        const struct lw_open_run *run = &gather->open.runs[i];

        if (run->run == fact->run && run->origin == fact->origin && run->model == fact->model)
            return run->facts != NULL && lw_facts_knows(run->facts, fact, live->names);
    }
    return false;
}

static enum lw_err take_fact(const struct batch *batch, const struct lw_fact *fact, struct lw_fault *fault)
{
    struct lw_live *live = batch->live;
    struct lw_live_unit *unit;
    struct lw_str job = lw_names_text(live->names, fact->text);
    enum lw_err err = lw_live_state_visit(live, fact->run, fact->model, &unit, fault);

    if (err != LW_ERR_OK)
        return err;
    if (unit == NULL) {
        live->tally.rejected[LW_REJECT_TOO_LATE]++;
        return LW_ERR_OK;
    }
    if (fact->kind == LW_FACT_TUNING_JOB && fact->run != 0 && job.len > 0) {
        err = lw_live_join(live, job, &unit, fault);
        if (err != LW_ERR_OK)
            return err;
    }
    if (fact_is_known(live, unit, fact)) {
        /* A status that is said again keeps a run open; see live_due.h. */
        if (fact->kind == LW_FACT_STATUS && unit->open)
            lw_live_state_arrive(unit, batch->source, batch->arrived);
        return LW_ERR_OK;
    }
    err = open_unit(batch, unit, fault);
    if (err == LW_ERR_OK)
        err = lw_live_state_fault(live, lw_gather_facts(unit->gather, fact, 1, fault), fault);
    lw_live_state_charge(live, unit);
    return err;
}

enum lw_err lw_live_batch_facts(struct lw_live *live, uint32_t source, int64_t arrived, const struct lw_fact *facts,
                                size_t n, struct lw_fault *fault)
{
    struct batch batch = {.live = live, .source = source, .arrived = arrived};
    enum lw_err err = LW_ERR_OK;

    for (size_t i = 0; i < n && err == LW_ERR_OK; i++) {
        enum lw_reject reason = LW_REJECT_NO_RUN;

        if ((facts[i].run == 0 && facts[i].kind != LW_FACT_NOT_A_NUMBER) || !lw_facts_valid(&facts[i], &reason))
            live->tally.rejected[reason]++;
        else
            err = take_fact(&batch, &facts[i], fault);
    }
    return err;
}
