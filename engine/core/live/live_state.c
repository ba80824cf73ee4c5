#include "engine/core/live/live_state.h"

#include "engine/base/fault.h"
#include "engine/core/gather/job_name.h"
#include "engine/core/gather/open_state.h"
#include "engine/core/live/live_due.h"
#include "engine/core/live/live_key.h"

#include <stdlib.h>
#include <string.h>

#define TOUCHED_FIRST ((size_t)64)
#define AGES_MOST     1000000u /* of data without run ids, each begun when all before was given up */

enum lw_err lw_live_state_fault(const struct lw_live *live, enum lw_err err, struct lw_fault *fault)
{
    if (err != LW_ERR_LIMIT)
        return err;
    return lw_fault_set(fault, LW_ERR_LIMIT,
                        "the open runs would take more than the %zu bytes that are allowed: allow more, or have fewer "
                        "runs open at a time",
                        live->ceiling);
}

void lw_live_state_lend(struct lw_live *live, struct lw_live_unit *unit)
{
    if (unit->gather != NULL)
        unit->gather->memory.ceiling = unit->gather->memory.held + lw_live_state_left(live);
}

void lw_live_state_charge(struct lw_live *live, struct lw_live_unit *unit)
{
    size_t cost = lw_live_unit_cost(unit);

    live->held = live->held - unit->charged + cost;
    unit->charged = cost;
}

int64_t lw_live_state_mark(const struct lw_live *live, const struct lw_live_unit *unit)
{
    int64_t mark = INT64_MAX;

    for (uint32_t i = 0; i < LW_LIVE_SOURCES; i++)
        if ((unit->sources >> i & 1) && live->marks[i] < mark)
            mark = live->marks[i];
    return mark == INT64_MAX ? INT64_MIN : mark;
}

void lw_live_state_arrive(struct lw_live_unit *unit, uint32_t source, int64_t arrived)
{
    unit->sources |= UINT64_C(1) << (source < LW_LIVE_SOURCES - 1 ? source : LW_LIVE_SOURCES - 1);
    unit->source = source;
    unit->stale = true;
    if (arrived > unit->arrived)
        unit->arrived = arrived;
    if (unit->looked == 0)
        unit->looked = arrived;
}

enum lw_err lw_live_state_wake(struct lw_live *live, struct lw_live_unit *unit, struct lw_fault *fault)
{
    int64_t pace = 0;
    enum lw_err err;

    if (unit->gather != NULL || unit->target.len > 0)
        return LW_ERR_OK;
    if (unit->bytes.len == 0)
        err = lw_gather_open(&unit->gather, live->rules, live->names, lw_live_state_left(live), fault);
    else
        err = lw_live_unit_load(unit, live->rules, live->names, lw_live_state_left(live), lw_buf_view(&unit->bytes),
                                &pace, fault);
    if (err != LW_ERR_OK)
        return lw_live_state_fault(live, err, fault);
    lw_buf_close(&unit->bytes);
    if (pace > 0 && lw_live_pace_of(&live->pace, unit->family) == 0)
        lw_live_pace_learn(&live->pace, unit->family, pace);
    lw_live_state_charge(live, unit);
    return LW_ERR_OK;
}

static bool touch(struct lw_live *live, struct lw_live_unit *unit)
{
    size_t room = live->touched_room == 0 ? TOUCHED_FIRST : 2 * live->touched_room;
    void *touched;

    if (unit->touched)
        return true;
    if (live->touched_n == live->touched_room) {
        touched = realloc(live->touched, room * sizeof(struct lw_live_unit *));
        if (touched == NULL)
            return false;
        live->touched = touched;
        live->touched_room = room;
    }
    live->touched[live->touched_n++] = unit;
    unit->touched = true;
    unit->before_sources = unit->sources;
    unit->before_source = unit->source;
    unit->before_arrived = unit->arrived;
    unit->before_looked = unit->looked;
    return true;
}

enum lw_err lw_live_state_keep(struct lw_live *live, struct lw_live_unit *unit, struct lw_fault *fault)
{
    enum lw_err err;

    if (!touch(live, unit))
        return lw_fault_memory(fault, "open runs");
    if (unit->dirty || !unit->was_open || unit->before.len > 0)
        return LW_ERR_OK;
    unit->before.ceiling = lw_live_state_left(live);
    err = lw_live_unit_save(unit, lw_live_pace_of(&live->pace, unit->family), &unit->before, fault);
    if (err != LW_ERR_OK) {
        lw_buf_close(&unit->before);
        unit->before = (struct lw_buf){0};
        return lw_live_state_fault(live, err, fault);
    }
    lw_live_state_charge(live, unit);
    return LW_ERR_OK;
}

enum lw_err lw_live_state_change(struct lw_live *live, struct lw_live_unit *unit, struct lw_fault *fault)
{
    enum lw_err err = lw_live_state_keep(live, unit, fault);

    if (err != LW_ERR_OK)
        return err;
    unit->dirty = true;
    unit->open = true;
    unit->stale = true;
    unit->spacing = -1;
    return LW_ERR_OK;
}

/* Loads what the store may have under the key. *unit stays NULL when it has given up the datapoints. */
static enum lw_err fetch(struct lw_live *live, enum lw_live_kind kind, uint32_t family, struct lw_live_unit **out,
                         struct lw_fault *fault)
{
    struct lw_buf bytes = {.ceiling = lw_live_state_left(live)};
    struct lw_live_unit *unit;
    bool found = false, pruned = false;
    enum lw_err err = LW_ERR_OK;

    if (live->store.fetch != NULL)
        err = live->store.fetch(live->store.self, lw_buf_view(&live->key), &bytes, &found, &pruned, fault);
    if (err == LW_ERR_OK && bytes.error != LW_ERR_OK)
        err = bytes.error == LW_ERR_NOMEM ? lw_fault_memory(fault, "open runs") : bytes.error;
    if (err != LW_ERR_OK || pruned) {
        lw_buf_close(&bytes);
        return lw_live_state_fault(live, err, fault);
    }
    unit = lw_live_units_add(&live->units, lw_buf_view(&live->key));
    if (unit == NULL || !touch(live, unit)) {
        if (unit != NULL)
            lw_live_units_remove(&live->units, unit);
        lw_buf_close(&bytes);
        return lw_fault_memory(fault, "open runs");
    }
    unit->kind = (uint8_t)kind;
    unit->family = family;
    unit->was_there = found;
    unit->bytes = bytes;
    lw_live_state_charge(live, unit);
    *out = unit;
    return LW_ERR_OK;
}

enum lw_err lw_live_state_visit_key(struct lw_live *live, enum lw_live_kind kind, uint32_t family,
                                    struct lw_live_unit **out, struct lw_fault *fault)
{
    *out = NULL;
    /* What has joined something else leads there; joins go from one root to another, so this ends. */
    for (;;) {
        struct lw_live_unit *unit;
        enum lw_err err;

        if (live->key.error != LW_ERR_OK)
            return lw_fault_memory(fault, "open runs");
        unit = lw_live_units_find(&live->units, lw_buf_view(&live->key));
        if (unit == NULL) {
            err = fetch(live, kind, family, &unit, fault);
            if (err != LW_ERR_OK || unit == NULL)
                return err;
        }
        err = lw_live_state_wake(live, unit, fault);
        if (err != LW_ERR_OK)
            return err;
        if (!touch(live, unit))
            return lw_fault_memory(fault, "open runs");
        if (unit->target.len == 0) {
            *out = unit;
            return LW_ERR_OK;
        }
        kind = LW_LIVE_TUNING;
        lw_buf_clear(&live->key);
        lw_buf_str(&live->key, unit->target);
    }
}

static struct lw_live_memo *memo_of(struct lw_live *live, uint32_t run, uint32_t model)
{
    return &live->memos[(run != 0 ? run * 3 : model * 3 + 1) % LW_LIVE_MEMOS];
}

/* The family of a unit: what its name would be as a model. It need not be the model that is judged. */
static enum lw_err family_of(struct lw_live *live, struct lw_str name, uint32_t *family, struct lw_fault *fault)
{
    return lw_names_add(live->names, lw_job_name_read(name).model, family, fault);
}

static enum lw_err visit_run(struct lw_live *live, uint32_t run, struct lw_live_unit **unit, struct lw_fault *fault)
{
    struct lw_str name = lw_names_text(live->names, run);
    bool trial = lw_job_name_read(name).tuning_job.len > 0;
    uint32_t family = 0;
    enum lw_err err = family_of(live, name, &family, fault);

    if (err != LW_ERR_OK)
        return err;
    lw_buf_clear(&live->key);
    lw_live_key_of_run(&live->key, name);
    return lw_live_state_visit_key(live, trial ? LW_LIVE_TUNING : LW_LIVE_RUN, family, unit, fault);
}

/* Data without run ids never end, so what comes after their datapoints were given up begins a new unit. */
static enum lw_err visit_model(struct lw_live *live, uint32_t model, struct lw_live_unit **unit, struct lw_fault *fault)
{
    *unit = NULL;
    for (unsigned age = 0; *unit == NULL && age < AGES_MOST; age++) {
        enum lw_err err;

        lw_buf_clear(&live->key);
        lw_live_key_of_model(&live->key, lw_names_text(live->names, model), age);
        err = lw_live_state_visit_key(live, LW_LIVE_MODEL, model, unit, fault);
        if (err != LW_ERR_OK)
            return err;
    }
    return LW_ERR_OK;
}

enum lw_err lw_live_state_visit(struct lw_live *live, uint32_t run, uint32_t model, struct lw_live_unit **unit,
                                struct lw_fault *fault)
{
    struct lw_live_memo *memo = memo_of(live, run, model);
    enum lw_err err;

    if (run != 0)
        model = 0;
    /* A memo may be of a unit that has joined another since, or whose gather went to sleep. */
    if (memo->unit != NULL && memo->run == run && memo->model == model && memo->unit->gather != NULL &&
        memo->unit->touched) {
        *unit = memo->unit;
        return LW_ERR_OK;
    }
    err = run != 0 ? visit_run(live, run, unit, fault) : visit_model(live, model, unit, fault);
    if (err == LW_ERR_OK && *unit != NULL)
        *memo = (struct lw_live_memo){.run = run, .model = model, .unit = *unit};
    return err;
}

enum lw_err lw_live_state_refresh(struct lw_live *live, struct lw_live_unit *unit, struct lw_fault *fault)
{
    enum lw_err err = lw_live_state_wake(live, unit, fault);

    if (err != LW_ERR_OK)
        return err;
    if (unit->target.len > 0) {
        /* It has nothing to wait for. */
        unit->mark_due = unit->clock_due = unit->arrived;
        unit->stale = false;
    } else {
        lw_live_due_find(unit, live->rules, lw_live_pace_of(&live->pace, unit->family));
    }
    if (unit->mark_due < live->next_mark)
        live->next_mark = unit->mark_due;
    if (unit->clock_due < live->next_clock)
        live->next_clock = unit->clock_due;
    return LW_ERR_OK;
}

/* What the family was made of when the unit was new. */
static enum lw_err adopt_family(struct lw_live *live, struct lw_live_unit *unit, struct lw_fault *fault)
{
    const struct lw_open_run *first = unit->gather != NULL ? unit->gather->open.runs : NULL;

    if (first == NULL || unit->gather->open.runs_n == 0)
        return LW_ERR_OK;
    if (unit->kind == LW_LIVE_MODEL) {
        unit->family = first->model;
        return LW_ERR_OK;
    }
    return family_of(live, lw_names_text(live->names, first->run), &unit->family, fault);
}

enum lw_err lw_live_state_adopt(struct lw_live *live, struct lw_live_unit *unit, struct lw_str record,
                                struct lw_fault *fault)
{
    static const struct lw_str prefixes[] = {
        [LW_LIVE_RUN] = {"run/", 4}, [LW_LIVE_TUNING] = {"tuning/", 7}, [LW_LIVE_MODEL] = {"model/", 6}};
    int64_t pace = 0;
    size_t kind = 0;
    enum lw_err err;

    while (kind < sizeof(prefixes) / sizeof(prefixes[0]) &&
           (unit->key.len < prefixes[kind].len || memcmp(unit->key.at, prefixes[kind].at, prefixes[kind].len) != 0))
        kind++;
    if (kind == sizeof(prefixes) / sizeof(prefixes[0]))
        return lw_fault_set(fault, LW_ERR_STATE, "the key of an open run is damaged");
    unit->kind = (uint8_t)kind;
    err = lw_live_unit_load(unit, live->rules, live->names, lw_live_state_left(live), record, &pace, fault);
    if (err == LW_ERR_OK)
        err = adopt_family(live, unit, fault);
    if (err != LW_ERR_OK)
        return lw_live_state_fault(live, err, fault);
    if (pace > 0 && lw_live_pace_of(&live->pace, unit->family) == 0)
        lw_live_pace_learn(&live->pace, unit->family, pace);
    lw_live_state_charge(live, unit);
    return LW_ERR_OK;
}
