#include "engine/core/gather/gather.h"

#include "engine/base/fault.h"
#include "engine/core/gather/close.h"
#include "engine/core/gather/open_state.h"
#include "engine/core/gather/saved.h"

#include <assert.h>
#include <stdlib.h>

enum lw_err lw_gather_open(struct lw_gather **out, const struct lw_rules *rules, struct lw_names *names, size_t ceiling,
                           struct lw_fault *fault)
{
    struct lw_gather *gather = calloc(1, sizeof(*gather));

    if (gather == NULL)
        return lw_fault_memory(fault, "the datapoints");
    gather->rules = rules;
    gather->names = names;
    gather->memory.ceiling = ceiling;
    gather->open.last_run = LW_OPEN_NONE;
    *out = gather;
    return LW_ERR_OK;
}

static void note_time(struct lw_gather *gather, int64_t at)
{
    if (!gather->has_data_end || at > gather->data_end) {
        gather->data_end = at;
        gather->has_data_end = true;
    }
}

static struct lw_gather_memo *memo_of(struct lw_gather *gather, const struct lw_point *point)
{
    if (gather->memos == NULL)
        return NULL;
    return &gather->memos[(point->run * 7 + point->metric) % LW_GATHER_MEMOS];
}

/* Without memory for it there is none, and everything goes on a little slower. */
static void want_memos(struct lw_gather *gather)
{
    size_t bytes = LW_GATHER_MEMOS * sizeof(*gather->memos);

    if (gather->memos != NULL || gather->open.curves_n < LW_GATHER_MEMOS_FROM)
        return;
    gather->memos = lw_memory_take(&gather->memory, bytes);
    if (gather->memos != NULL)
        memset(gather->memos, 0, bytes);
}

/* The curve of a point. Few series are fed at a time, so those fed last are kept at hand. */
uint32_t lw_gather_curve(struct lw_gather *gather, const struct lw_point *point)
{
    bool steps = (point->flags & LW_POINT_STEP) != 0;
    struct lw_gather_memo *memo = memo_of(gather, point);
    uint32_t run, curve;

    if (memo != NULL && memo->curve != 0 && memo->metric == point->metric && memo->run == point->run &&
        memo->origin == point->origin && memo->model == point->model && memo->steps == steps)
        return memo->curve - 1;
    run = lw_open_runs_run(&gather->open, point->origin, point->model, point->run, &gather->memory);
    if (run == LW_OPEN_NONE)
        return LW_OPEN_NONE;
    curve = lw_open_runs_curve(&gather->open, run, point->metric, steps, &gather->memory);
    if (curve == LW_OPEN_NONE)
        return LW_OPEN_NONE;
    want_memos(gather);
    if (memo != NULL)
        *memo = (struct lw_gather_memo){.origin = point->origin,
                                        .model = point->model,
                                        .run = point->run,
                                        .metric = point->metric,
                                        .curve = curve + 1,
                                        .steps = steps};
    return curve;
}

static bool take_heartbeat(struct lw_gather *gather, const struct lw_point *point)
{
    uint32_t run = lw_open_runs_run(&gather->open, point->origin, point->model, point->run, &gather->memory);

    if (run == LW_OPEN_NONE)
        return false;
    lw_open_runs_beat(&gather->open.runs[run].heartbeat, point->at);
    gather->open.runs[run].points++;
    note_time(gather, point->at);
    return true;
}

bool lw_gather_put(struct lw_gather *gather, uint32_t curve, const struct lw_set *set)
{
    struct lw_open_curve *open = lw_open_runs_at(&gather->open, curve);

    if (!lw_curve_add(&open->curve, set, &gather->memory, gather->work))
        return false;
    gather->open.runs[open->run].points++;
    if (!open->steps)
        note_time(gather, set->at);
    return true;
}

static bool take_point(struct lw_gather *gather, const struct lw_point *point, const struct lw_set *set)
{
    uint32_t curve = lw_gather_curve(gather, point);

    return curve != LW_OPEN_NONE && lw_gather_put(gather, curve, set);
}

/* Data without run ids are cut into runs by their times; instance metrics and steps give nothing to cut by. */
static bool placeable(const struct lw_point *point, enum lw_reject *reason)
{
    *reason = point->metric == 0 ? LW_REJECT_NO_METRIC : LW_REJECT_NO_RUN;
    if (point->metric == 0)
        return false;
    return point->run != 0 || !(point->flags & (LW_POINT_STEP | LW_POINT_HEARTBEAT));
}

bool lw_gather_admits(const struct lw_point *point, struct lw_set *set, enum lw_reject *reason)
{
    return placeable(point, reason) && lw_set_from_point(point, set, reason);
}

enum lw_err lw_gather_points(struct lw_gather *gather, const struct lw_point *points, size_t n, struct lw_fault *fault)
{
    for (size_t i = 0; i < n; i++) {
        enum lw_reject reason;
        struct lw_set set;
        bool taken;

        if (!lw_gather_admits(&points[i], &set, &reason)) {
            gather->rejected[reason]++;
            continue;
        }
        taken = points[i].flags & LW_POINT_HEARTBEAT ? take_heartbeat(gather, &points[i])
                                                     : take_point(gather, &points[i], &set);
        if (!taken)
            return lw_memory_fault(&gather->memory, "the datapoints of open runs", fault);
    }
    return LW_ERR_OK;
}

enum lw_err lw_gather_facts(struct lw_gather *gather, const struct lw_fact *facts, size_t n, struct lw_fault *fault)
{
    for (size_t i = 0; i < n; i++) {
        const struct lw_fact *fact = &facts[i];
        enum lw_reject reason = LW_REJECT_NO_RUN;
        struct lw_facts *kept = NULL;
        uint32_t run;

        /* Of data without run ids only a NaN can be placed, by its time. */
        if ((fact->run == 0 && fact->kind != LW_FACT_NOT_A_NUMBER) || !lw_facts_valid(fact, &reason)) {
            gather->rejected[reason]++;
            continue;
        }
        run = lw_open_runs_run(&gather->open, fact->origin, fact->model, fact->run, &gather->memory);
        if (run != LW_OPEN_NONE)
            kept = lw_open_runs_facts(&gather->open, run, &gather->memory);
        if (kept == NULL || !lw_facts_add(kept, fact, gather->names, &gather->memory))
            return lw_memory_fault(&gather->memory, "the facts of open runs", fault);
    }
    return LW_ERR_OK;
}

enum lw_err lw_gather_settle(struct lw_gather *gather, struct lw_fault *fault)
{
    for (uint32_t i = 0; i < gather->open.curves_n; i++) {
        struct lw_curve *curve = &lw_open_runs_at(&gather->open, i)->curve;

        if (!lw_curve_settle(curve, &gather->memory, gather->work))
            return lw_memory_fault(&gather->memory, "the datapoints of open runs", fault);
    }
    return LW_ERR_OK;
}

uint64_t lw_gather_duplicates(const struct lw_gather *gather)
{
    uint64_t duplicates = gather->duplicates;

    for (uint32_t i = 0; i < gather->open.curves_n; i++) {
        const struct lw_curve *curve = &lw_open_runs_at(&gather->open, i)->curve;

        duplicates += curve->raw - lw_curve_stored(curve);
    }
    return duplicates;
}

static void empty(struct lw_gather *gather)
{
    lw_open_runs_clear(&gather->open, &gather->memory);
    lw_memory_drop(&gather->memory, &gather->work[0]);
    lw_memory_drop(&gather->memory, &gather->work[1]);
    lw_memory_give(&gather->memory, gather->memos, LW_GATHER_MEMOS * sizeof(*gather->memos));
    gather->memos = NULL;
    gather->duplicates = 0;
    memset(gather->rejected, 0, sizeof(gather->rejected));
    gather->has_data_end = false;
}

enum lw_err lw_gather_close_all(struct lw_gather *gather, struct lw_arena *arena, struct lw_histories *out,
                                struct lw_fault *fault)
{
    enum lw_err err = lw_close_all(gather, arena, out, fault);

    if (err == LW_ERR_OK)
        empty(gather);
    return err;
}

enum lw_err lw_gather_save(const struct lw_gather *gather, struct lw_buf *out, struct lw_fault *fault)
{
    return lw_saved_write(gather, out, fault);
}

/* Built beside what is there and then put in its place, so that a failure leaves everything as it was. */
enum lw_err lw_gather_load(struct lw_gather *gather, const void *bytes, size_t n, struct lw_fault *fault)
{
    struct lw_gather *loaded = NULL;
    enum lw_err err;

    if (gather->open.runs_n > 0)
        return lw_fault_set(fault, LW_ERR_USAGE, "saved state can only be loaded before the first datapoint");
    err = lw_gather_open(&loaded, gather->rules, gather->names, gather->memory.ceiling, fault);
    if (err != LW_ERR_OK)
        return err;
    assert(loaded != NULL);
    err = lw_saved_read(loaded, bytes, n, fault);
    if (err == LW_ERR_OK) {
        struct lw_gather before = *gather;

        *gather = *loaded;
        *loaded = before;
    }
    lw_gather_close(loaded);
    return err;
}

void lw_gather_close(struct lw_gather *gather)
{
    if (gather == NULL)
        return;
    empty(gather);
    free(gather);
}
