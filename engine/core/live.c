#include "engine/core/live.h"

#include "engine/base/fault.h"
#include "engine/core/gather/open_state.h"
#include "engine/core/live/live_batch.h"
#include "engine/core/live/live_closing.h"
#include "engine/core/live/live_state.h"

#include <stdlib.h>
#include <string.h>

enum lw_err lw_live_open(struct lw_live **out, const struct lw_rules *rules, const struct lw_live_store *store,
                         size_t ceiling, struct lw_fault *fault)
{
    struct lw_live *live = calloc(1, sizeof(*live));
    enum lw_err err;

    if (live == NULL)
        return lw_fault_memory(fault, "open runs");
    err = lw_names_open(&live->names, ceiling, fault);
    if (err != LW_ERR_OK) {
        free(live);
        return err;
    }
    live->rules = rules;
    if (store != NULL)
        live->store = *store;
    live->ceiling = ceiling;
    live->key.ceiling = ceiling;
    live->next_clock = live->next_mark = LW_TIME_MAX;
    for (size_t i = 0; i < LW_LIVE_SOURCES; i++)
        live->marks[i] = live->committed_marks[i] = INT64_MIN;
    *out = live;
    return LW_ERR_OK;
}

struct lw_names *lw_live_names(struct lw_live *live)
{
    return live->names;
}

void lw_live_close(struct lw_live *live)
{
    if (live == NULL)
        return;
    lw_live_units_close(&live->units);
    lw_live_pace_close(&live->pace);
    lw_names_close(live->names);
    lw_buf_close(&live->key);
    free(live->touched);
    free(live->due);
    free(live);
}

/* So that it is known at any time when the next unit can be due. */
static enum lw_err refresh_touched(struct lw_live *live, struct lw_fault *fault)
{
    enum lw_err err = LW_ERR_OK;

    for (size_t i = 0; i < live->touched_n && err == LW_ERR_OK; i++)
        if (live->touched[i]->open && live->touched[i]->stale)
            err = lw_live_state_refresh(live, live->touched[i], fault);
    return err;
}

enum lw_err lw_live_take(struct lw_live *live, uint32_t source, lw_time arrived, const struct lw_point *points,
                         size_t points_n, const struct lw_fact *facts, size_t facts_n, uint8_t *fresh,
                         struct lw_fault *fault)
{
    enum lw_err err;

    live->due_valid = false;
    /* Facts first: they may say that runs belong together. */
    err = lw_live_batch_facts(live, source, arrived.ms, facts, facts_n, fault);
    if (err == LW_ERR_OK)
        err = lw_live_batch_points(live, source, arrived.ms, points, points_n, fresh, fault);
    if (err == LW_ERR_OK)
        err = refresh_touched(live, fault);
    return err;
}

void lw_live_watermark(struct lw_live *live, uint32_t source, lw_time watermark)
{
    if (source < LW_LIVE_SOURCES - 1 && watermark.ms > live->marks[source])
        live->marks[source] = watermark.ms;
}

static int by_key(const void *left, const void *right)
{
    const struct lw_live_record *a = left, *b = right;

    return lw_str_compare(a->key, b->key);
}

static enum lw_err record_of(struct lw_live *live, const struct lw_live_unit *unit, struct lw_arena *arena,
                             struct lw_live_record *record, struct lw_fault *fault)
{
    struct lw_buf bytes = {.ceiling = SIZE_MAX / 2};
    struct lw_str view = lw_buf_view(&unit->bytes);
    enum lw_err err = LW_ERR_OK;

    if (unit->gather != NULL || unit->target.len > 0) {
        err = lw_live_unit_save(unit, lw_live_pace_of(&live->pace, unit->family), &bytes, fault);
        view = lw_buf_view(&bytes);
    }
    if (err == LW_ERR_OK) {
        *record = (struct lw_live_record){.key = lw_arena_text(arena, unit->key),
                                          .bytes = lw_arena_text(arena, view),
                                          .source = unit->source,
                                          .open = unit->open};
        if (record->key.at == NULL || record->bytes.at == NULL)
            err = lw_fault_memory(fault, "the records of open runs");
    }
    lw_buf_close(&bytes);
    return err;
}

enum lw_err lw_live_dirty(struct lw_live *live, struct lw_arena *arena, const struct lw_live_record **records,
                          size_t *n, struct lw_fault *fault)
{
    struct lw_live_record *all = lw_arena_array(arena, live->touched_n, sizeof(*all));
    size_t count = 0;

    if (all == NULL)
        return lw_fault_memory(fault, "the records of open runs");
    for (size_t i = 0; i < live->touched_n; i++) {
        enum lw_err err;

        if (!live->touched[i]->dirty)
            continue;
        err = record_of(live, live->touched[i], arena, &all[count++], fault);
        if (err != LW_ERR_OK)
            return err;
    }
    if (count > 1)
        qsort(all, count, sizeof(*all), by_key);
    *records = all;
    *n = count;
    return LW_ERR_OK;
}

static void let_go(struct lw_live *live, struct lw_live_unit *unit)
{
    live->held -= unit->charged;
    lw_live_units_remove(&live->units, unit);
}

/* Pointers to units that may go. */
static void forget_places(struct lw_live *live)
{
    memset(live->memos, 0, sizeof(live->memos));
    live->due_n = live->due_at = 0;
    live->due_valid = false;
    live->touched_n = 0;
}

void lw_live_committed(struct lw_live *live)
{
    for (size_t i = 0; i < live->touched_n; i++) {
        struct lw_live_unit *unit = live->touched[i];

        unit->touched = false;
        if (!unit->open) {
            let_go(live, unit);
            continue;
        }
        lw_buf_close(&unit->before);
        unit->before = (struct lw_buf){0};
        unit->dirty = false;
        unit->was_there = unit->was_open = true;
        lw_live_state_charge(live, unit);
    }
    live->committed = live->tally;
    memcpy(live->committed_marks, live->marks, sizeof(live->marks));
    if (live->due_at < live->due_n)
        live->next_clock = INT64_MIN;
    forget_places(live);
}

/* Back to the record from before, which is loaded when it is needed. */
static void restore(struct lw_live *live, struct lw_live_unit *unit)
{
    unit->touched = false;
    unit->sources = unit->before_sources;
    unit->source = unit->before_source;
    unit->arrived = unit->before_arrived;
    unit->looked = unit->before_looked;
    unit->stale = true;
    if (!unit->dirty) {
        lw_buf_close(&unit->before);
        unit->before = (struct lw_buf){0};
        return;
    }
    if (unit->before.len > 0) {
        lw_live_unit_sleep(unit);
        free((char *)(uintptr_t)unit->target.at);
        unit->target = (struct lw_str){0};
        lw_buf_close(&unit->bytes);
        unit->bytes = unit->before;
        unit->before = (struct lw_buf){0};
    }
    unit->dirty = false;
    unit->open = true;
    unit->spacing = -1;
    lw_live_state_charge(live, unit);
}

enum lw_err lw_live_rollback(struct lw_live *live, struct lw_fault *fault)
{
    (void)fault;
    for (size_t i = 0; i < live->touched_n; i++) {
        if (live->touched[i]->was_open)
            restore(live, live->touched[i]);
        else
            let_go(live, live->touched[i]);
    }
    live->tally = live->committed;
    memcpy(live->marks, live->committed_marks, sizeof(live->marks));
    live->next_clock = live->next_mark = INT64_MIN;
    forget_places(live);
    return LW_ERR_OK;
}

enum lw_err lw_live_load(struct lw_live *live, uint32_t source, struct lw_str key, struct lw_str bytes, lw_time now,
                         struct lw_fault *fault)
{
    struct lw_live_unit *unit;
    enum lw_err err;

    if (lw_live_units_find(&live->units, key) != NULL)
        return lw_fault_set(fault, LW_ERR_USAGE, "the same unit of open runs is loaded twice");
    unit = lw_live_units_add(&live->units, key);
    if (unit == NULL)
        return lw_fault_memory(fault, "open runs");
    err = lw_live_state_adopt(live, unit, bytes, fault);
    if (err != LW_ERR_OK) {
        let_go(live, unit);
        return err;
    }
    lw_live_state_arrive(unit, source, now.ms);
    unit->looked = now.ms;
    unit->open = unit->was_open = unit->was_there = true;
    live->due_valid = false;
    err = lw_live_state_refresh(live, unit, fault);
    if (err != LW_ERR_OK)
        let_go(live, unit);
    return err;
}

enum lw_err lw_live_close_next(struct lw_live *live, lw_time now, bool everything, struct lw_arena *arena,
                               struct lw_live_closed *out, bool *found, struct lw_fault *fault)
{
    struct lw_live_unit *unit;
    enum lw_err err = lw_live_closing_next(live, now.ms, everything, &unit, fault);

    if (err != LW_ERR_OK)
        return err;
    if (unit == NULL) {
        *found = false;
        return LW_ERR_OK;
    }
    err = lw_live_closing_runs(live, unit, now.ms, everything, arena, out, fault);
    if (err == LW_ERR_OK)
        *found = true;
    return err;
}

lw_time lw_live_next_due(const struct lw_live *live)
{
    if (live->due_valid && live->due_at < live->due_n)
        return (lw_time){live->due[live->due_at].due};
    return (lw_time){live->next_clock > LW_TIME_MIN ? live->next_clock : LW_TIME_MIN};
}

void lw_live_count(const struct lw_live *live, struct lw_live_counts *counts)
{
    *counts = (struct lw_live_counts){.bytes_held = live->held,
                                      .duplicates = live->tally.duplicates,
                                      .late = live->tally.rejected[LW_REJECT_TOO_LATE]};
    memcpy(counts->rejected, live->tally.rejected, sizeof(counts->rejected));
    for (size_t i = 0; i < live->units.n; i++) {
        const struct lw_live_unit *unit = live->units.all[i];

        counts->units_open += unit->open && unit->target.len == 0;
        for (uint32_t k = 0; unit->gather != NULL && k < unit->gather->open.curves_n; k++)
            counts->points_held += lw_curve_stored(&lw_open_runs_at(&unit->gather->open, k)->curve);
    }
}
