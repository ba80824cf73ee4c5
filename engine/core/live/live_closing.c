#include "engine/core/live/live_closing.h"

#include "engine/base/fault.h"
#include "engine/core/gather/close.h"
#include "engine/core/gather/open_state.h"
#include "engine/core/live/live_due.h"

#include <assert.h>
#include <stdlib.h>

static bool by_mark(const struct lw_live *live, const struct lw_live_unit *unit)
{
    return lw_live_state_mark(live, unit) >= unit->mark_due;
}

static bool is_due(const struct lw_live *live, const struct lw_live_unit *unit, int64_t now)
{
    return now >= unit->clock_due || by_mark(live, unit);
}

/* The largest spacing of its points is looked for only when the unit would be due without it. */
static enum lw_err know_spacing(struct lw_live *live, struct lw_live_unit *unit, struct lw_fault *fault)
{
    enum lw_err err = LW_ERR_OK;

    if (unit->spacing >= 0 || unit->target.len > 0)
        return LW_ERR_OK;
    err = lw_live_state_wake(live, unit, fault);
    if (err != LW_ERR_OK)
        return err;
    lw_live_state_lend(live, unit);
    if (!lw_live_due_spacing(unit))
        return lw_live_state_fault(live, lw_memory_fault(&unit->gather->memory, "open runs", fault), fault);
    return lw_live_state_refresh(live, unit, fault);
}

static bool due_room(struct lw_live *live)
{
    size_t room = live->due_room == 0 ? 64 : 2 * live->due_room;
    void *due;

    if (live->due_n < live->due_room)
        return true;
    due = realloc(live->due, room * sizeof(*live->due));
    if (due == NULL)
        return false;
    live->due = due;
    live->due_room = room;
    return true;
}

static int by_due(const void *left, const void *right)
{
    const struct lw_live_due_entry *a = left, *b = right;

    if (a->due != b->due)
        return a->due < b->due ? -1 : 1;
    return lw_str_compare(a->unit->key, b->unit->key);
}

static enum lw_err consider(struct lw_live *live, struct lw_live_unit *unit, int64_t now, bool everything,
                            struct lw_fault *fault)
{
    enum lw_err err = LW_ERR_OK;

    if (unit->stale)
        err = lw_live_state_refresh(live, unit, fault);
    if (err == LW_ERR_OK && is_due(live, unit, now))
        err = know_spacing(live, unit, fault);
    if (err != LW_ERR_OK)
        return err;
    if (everything || is_due(live, unit, now)) {
        if (!due_room(live))
            return lw_fault_memory(fault, "the runs that are due");
        live->due[live->due_n++] = (struct lw_live_due_entry){
            .due = by_mark(live, unit) && unit->mark_due < unit->clock_due ? unit->mark_due : unit->clock_due,
            .unit = unit};
        return LW_ERR_OK;
    }
    live->next_mark = unit->mark_due < live->next_mark ? unit->mark_due : live->next_mark;
    live->next_clock = unit->clock_due < live->next_clock ? unit->clock_due : live->next_clock;
    return LW_ERR_OK;
}

static enum lw_err look(struct lw_live *live, int64_t now, bool everything, struct lw_fault *fault)
{
    enum lw_err err = LW_ERR_OK;

    live->due_n = live->due_at = 0;
    live->next_clock = live->next_mark = LW_TIME_MAX;
    for (size_t i = 0; i < live->units.n && err == LW_ERR_OK; i++)
        if (live->units.all[i]->open)
            err = consider(live, live->units.all[i], now, everything, fault);
    live->due_valid = err == LW_ERR_OK;
    if (err != LW_ERR_OK) {
        /* Looked for again, from the beginning. */
        live->due_n = 0;
        live->next_clock = live->next_mark = INT64_MIN;
        return err;
    }
    if (live->due_n > 1)
        qsort(live->due, live->due_n, sizeof(*live->due), by_due);
    return LW_ERR_OK;
}

static bool worth_a_look(const struct lw_live *live, int64_t now, bool everything)
{
    if (everything || now >= live->next_clock)
        return true;
    for (size_t i = 0; i < LW_LIVE_SOURCES; i++)
        if (live->marks[i] != INT64_MIN && live->marks[i] >= live->next_mark)
            return true;
    return false;
}

enum lw_err lw_live_closing_next(struct lw_live *live, int64_t now, bool everything, struct lw_live_unit **unit,
                                 struct lw_fault *fault)
{
    *unit = NULL;
    if (!live->due_valid || live->due_at == live->due_n) {
        enum lw_err err = LW_ERR_OK;

        if (worth_a_look(live, now, everything))
            err = look(live, now, everything, fault);
        else
            live->due_n = live->due_at = 0;
        if (err != LW_ERR_OK)
            return err;
    }
    if (live->due_at < live->due_n)
        *unit = live->due[live->due_at].unit;
    return LW_ERR_OK;
}

static size_t count_runs(const struct lw_histories *histories)
{
    size_t n = 0;

    for (size_t i = 0; i < histories->models_n; i++)
        n += histories->models[i].runs_n;
    return n;
}

/* A run that data without ids still add to, as far as can be known. */
static bool goes_on(const struct lw_live *live, const struct lw_histories *histories, const struct lw_run *run)
{
    return run->has_metric_span && run->metrics_last.ms + live->rules->quiet.ms > histories->data_end.ms;
}

static enum lw_err give_out(const struct lw_live *live, const struct lw_histories *histories, bool whole,
                            struct lw_arena *arena, struct lw_live_closed *out, struct lw_fault *fault)
{
    const struct lw_run **runs = lw_arena_array(arena, count_runs(histories), sizeof(const struct lw_run *));

    if (runs == NULL)
        return lw_fault_memory(fault, "closed runs");
    out->runs_n = 0;
    for (size_t i = 0; i < histories->models_n; i++) {
        const struct lw_history *history = &histories->models[i];

        for (size_t k = 0; k < history->runs_n; k++)
            if (whole || !goes_on(live, histories, history->runs[k]))
                runs[out->runs_n++] = history->runs[k];
        out->warning = out->warning != NULL ? out->warning : history->warning;
    }
    out->runs = runs;
    return LW_ERR_OK;
}

static void learn(struct lw_live *live, const struct lw_live_unit *unit, const struct lw_live_closed *closed)
{
    int64_t largest = -1;

    for (size_t i = 0; i < closed->runs_n; i++) {
        const struct lw_run *run = closed->runs[i];
        const struct lw_metric *metrics = lw_run_metrics(run);
        int64_t least = -1;

        /* Metrics that come seldom say nothing of how long a run is silent: the one that comes most often does. */
        for (uint32_t m = 0; m < run->metrics_n && !(run->flags & LW_RUN_STEPS); m++)
            if (metrics[m].summary.count > 1 && (least < 0 || metrics[m].summary.spacing < least))
                least = metrics[m].summary.spacing;
        largest = least > largest ? least : largest;
    }
    if (largest >= 0)
        lw_live_pace_learn(&live->pace, unit->family, largest);
}

/* What closing found to be left out, without what it had found before. */
static void count_left_out(struct lw_live *live, struct lw_live_unit *unit, const struct lw_histories *histories)
{
    for (size_t i = 0; i < LW_LIVE_LEFT_OUT; i++) {
        enum lw_reject reason = lw_live_unit_reason(i);
        uint64_t now = histories->rejected[reason];

        if (now > unit->left_out[i])
            live->tally.rejected[reason] += now - unit->left_out[i];
        unit->left_out[i] = now;
    }
}

/* Closing brings together what is one run as far as is known today; what comes later may show that it is not. So the
   gather is closed as a copy: its record, from before, is what is kept. */
static enum lw_err close_gather(struct lw_live *live, struct lw_live_unit *unit, struct lw_buf *record,
                                struct lw_arena *arena, struct lw_histories *histories, struct lw_fault *fault)
{
    enum lw_err err;

    record->ceiling = lw_live_state_left(live);
    err = lw_live_unit_save(unit, lw_live_pace_of(&live->pace, unit->family), record, fault);
    if (err != LW_ERR_OK) {
        lw_buf_close(record);
        return lw_live_state_fault(live, err, fault);
    }
    lw_live_state_lend(live, unit);
    err = lw_close_all(unit->gather, arena, histories, fault);
    lw_live_unit_sleep(unit);
    unit->bytes = *record;
    return lw_live_state_fault(live, err, fault);
}

static const char *note_of(const struct lw_live_unit *unit, bool everything)
{
    if (!unit->held || everything)
        return NULL;
    return "a run was closed though its status says that it is in progress: nothing has come for it for 5 days";
}

static void finish(struct lw_live *live, struct lw_live_unit *unit, int64_t now, bool whole)
{
    unit->dirty = true;
    unit->open = !whole;
    unit->looked = now;
    if (!whole) {
        /* It is looked at again when something has come, or when it is quiet. */
        unit->stale = true;
        live->next_clock = INT64_MIN;
    }
    if (live->due_at < live->due_n && live->due[live->due_at].unit == unit)
        live->due_at++;
}

enum lw_err lw_live_closing_runs(struct lw_live *live, struct lw_live_unit *unit, int64_t now, bool everything,
                                 struct lw_arena *arena, struct lw_live_closed *out, struct lw_fault *fault)
{
    struct lw_live_closed closed = {0};
    struct lw_histories histories = {0};
    struct lw_buf record = {0};
    struct lw_str key = lw_arena_text(arena, unit->key);
    bool whole = everything || unit->kind != LW_LIVE_MODEL || by_mark(live, unit) || now >= unit->quiet_due;
    enum lw_err err;

    if (key.at == NULL)
        return lw_fault_memory(fault, "closed runs");
    err = lw_live_state_wake(live, unit, fault);
    if (err == LW_ERR_OK)
        err = lw_live_state_keep(live, unit, fault);
    if (err != LW_ERR_OK)
        return err;
    if (unit->target.len == 0) {
        err = close_gather(live, unit, &record, arena, &histories, fault);
        if (err == LW_ERR_OK)
            err = give_out(live, &histories, whole, arena, &closed, fault);
        lw_live_state_charge(live, unit);
        if (err != LW_ERR_OK)
            return err;
        count_left_out(live, unit, &histories);
        learn(live, unit, &closed);
    }
    closed.key = key;
    closed.source = unit->source;
    closed.again = unit->closings++ > 0;
    if (unit->bytes.len > 0)
        lw_live_unit_stamp(unit, &unit->bytes);
    closed.warning = closed.warning != NULL ? closed.warning : note_of(unit, everything);
    finish(live, unit, now, whole);
    *out = closed;
    return LW_ERR_OK;
}
