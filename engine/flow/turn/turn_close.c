#include "engine/base/fault.h"
#include "engine/flow/turn/numbers.h"
#include "engine/flow/turn/turn_state.h"

#include <inttypes.h>
#include <stdio.h>

/* Units of one slice: as many as are quickly done, so that a back-fill is not one sync each. */
#define UNITS_MAX    64
#define SLICE_MAX_MS 10 /* saving what remains open comes on top, and the commit */

/* One slice of closing: what is due, into history. */
struct closing {
    uint32_t source; /* of the unit at hand */
    size_t closed;
    bool more;
    bool everything;
};

static enum lw_err touch_model(void *self, struct lw_str origin, struct lw_str model, struct lw_fault *fault)
{
    struct lw_turn *turn = self;
    uint32_t at;
    enum lw_err err = lw_roster_at(turn->roster, origin, model, &at, fault);

    if (err == LW_ERR_OK)
        lw_roster_queue(turn->roster, at);
    return err;
}

/* Which source a model's silence hangs on. */
static enum lw_err know_source(struct lw_turn *turn, const struct lw_run *run, uint32_t source, struct lw_fault *fault)
{
    struct lw_str origin = lw_run_str(run, run->origin);
    struct lw_str model = lw_run_str(run, run->model);
    struct lw_str name;
    char text[16];
    uint32_t at;
    enum lw_err err = lw_roster_at(turn->roster, origin, model, &at, fault);

    if (err != LW_ERR_OK || lw_roster_model(turn->roster, at)->source == source)
        return err;
    lw_roster_model(turn->roster, at)->source = source;
    name = lw_turn_join(turn, origin, model);
    if (name.at == NULL)
        return lw_fault_memory(fault, "a model");
    snprintf(text, sizeof(text), "%u", source);
    return lw_store_put(turn->store, LW_KIND_ORIGIN, name, lw_str_from(text), fault);
}

/* The record of this run as it is in history, or NULL. */
static enum lw_err find_known(struct lw_turn *turn, const struct lw_run *run, const struct lw_run **known,
                              struct lw_fault *fault)
{
    const struct lw_run *const *runs;
    size_t n;
    enum lw_err err = lw_store_runs_get(turn->store, lw_run_str(run, run->origin), lw_run_str(run, run->model),
                                        &turn->arena, &runs, &n, fault);

    *known = NULL;
    for (size_t i = 0; err == LW_ERR_OK && i < n; i++) {
        if (lw_str_equal(lw_run_str(runs[i], runs[i]->name), lw_run_str(run, run->name)))
            *known = runs[i];
    }
    return err;
}

/* The revision under which a run is told: one more than the last time it was. */
static enum lw_err next_revision(struct lw_turn *turn, struct lw_str name, uint64_t *revision, struct lw_fault *fault)
{
    struct lw_buf text = {.ceiling = 64};
    char number[24];
    bool found = false;
    enum lw_err err = lw_store_get(turn->store, LW_KIND_REVISION, name, &text, &found, fault);

    if (err == LW_ERR_OK) {
        int64_t before = 1;

        if (found)
            (void)lw_numbers_read(lw_buf_view(&text), &before, 1);
        *revision = (uint64_t)before + 1;
        snprintf(number, sizeof(number), "%" PRIu64, *revision);
        err = lw_store_put(turn->store, LW_KIND_REVISION, name, lw_str_from(number), fault);
    }
    lw_buf_close(&text);
    return err;
}

/* A run that is new, or not what it was, is told once it has been judged. Kept in the store until then. */
static enum lw_err announce(struct lw_turn *turn, const struct lw_run *run, bool again, struct lw_fault *fault)
{
    struct lw_str name =
        lw_turn_join(turn, lw_turn_join(turn, lw_run_str(run, run->origin), lw_run_str(run, run->model)),
                     lw_run_str(run, run->name));
    const struct lw_run *known = NULL;
    uint64_t revision = 1;
    char text[24];
    enum lw_err err = LW_ERR_OK;

    if (name.at == NULL)
        return lw_fault_memory(fault, "a run");
    if (again)
        err = find_known(turn, run, &known, fault);
    if (err == LW_ERR_OK && known != NULL) {
        if (known->bytes == run->bytes && memcmp(known, run, run->bytes) == 0)
            return LW_ERR_OK;
        err = next_revision(turn, name, &revision, fault);
    }
    if (err != LW_ERR_OK)
        return err;
    snprintf(text, sizeof(text), "%" PRIu64, revision);
    return lw_store_put(turn->store, LW_KIND_ANNOUNCE, name, lw_str_from(text), fault);
}

static enum lw_err put_runs(struct lw_turn *turn, const struct lw_live_closed *closed, struct lw_fault *fault)
{
    const struct lw_run **runs = lw_arena_array(&turn->arena, closed->runs_n, sizeof(const struct lw_run *));
    size_t n = 0;
    enum lw_err err = LW_ERR_OK;

    if (runs == NULL)
        return lw_fault_memory(fault, "closed runs");
    for (size_t i = 0; err == LW_ERR_OK && i < closed->runs_n; i++) {
        const struct lw_run *run = closed->runs[i];

        err = lw_turn_run_closed(turn, run, fault);
        if (err != LW_ERR_OK || lw_turn_excluded(turn, lw_run_str(run, run->name)))
            continue;
        err = announce(turn, run, closed->again, fault);
        if (err == LW_ERR_OK)
            err = know_source(turn, run, closed->source, fault);
        turn->counts.runs[run->outcome <= LW_OUTCOME_IN_PROGRESS ? run->outcome : LW_OUTCOME_UNKNOWN]++;
        runs[n++] = run;
    }
    if (err == LW_ERR_OK)
        err = lw_store_runs_put(turn->store, closed->key, runs, n, lw_turn_now(turn), touch_model, turn, fault);
    if (closed->warning != NULL)
        lw_turn_note(turn, LW_NOTE_WARNING, "%s", closed->warning);
    return err;
}

static enum lw_err close_some(struct lw_turn *turn, void *self, struct lw_fault *fault)
{
    struct closing *closing = self;
    int64_t until = turn->options.world->ticks(turn->options.world->self).ms + SLICE_MAX_MS;
    enum lw_err err = LW_ERR_OK;

    closing->more = true;
    while (err == LW_ERR_OK && closing->closed < UNITS_MAX &&
           turn->options.world->ticks(turn->options.world->self).ms <= until) {
        struct lw_live_closed closed;
        bool found;

        err = lw_live_close_next(turn->live, lw_turn_sure(turn), closing->everything, &turn->arena, &closed, &found,
                                 fault);
        if (err == LW_ERR_OK && !found) {
            closing->more = false;
            break;
        }
        if (err == LW_ERR_OK)
            err = put_runs(turn, &closed, fault);
        closing->closed += err == LW_ERR_OK;
    }
    if (err == LW_ERR_OK)
        err = lw_turn_save_units(turn, fault);
    return err;
}

/* The data of all sources have come to an end that is for good. */
static bool all_ended(const struct lw_turn *turn)
{
    for (size_t i = 0; i < turn->inputs_n; i++) {
        if (!turn->inputs[i].ended)
            return false;
    }
    return turn->inputs_n > 0;
}

/* --once: what was measured long ago would be closed at once, before the rest of it is read. A source that has not given
   anything (it is out of reach) does not keep the others from being judged. */
static bool reads_on(const struct lw_turn *turn)
{
    for (size_t i = 0; i < turn->inputs_n && turn->options.once; i++) {
        if (turn->inputs[i].begun && !turn->inputs[i].caught_up)
            return true;
    }
    return false;
}

static bool all_caught_up(const struct lw_turn *turn)
{
    for (size_t i = 0; i < turn->inputs_n; i++) {
        if (!turn->inputs[i].caught_up)
            return false;
    }
    return true;
}

enum lw_err lw_turn_close_due(struct lw_turn *turn, bool *busy, struct lw_fault *fault)
{
    struct closing closing = {.everything = all_ended(turn)};
    bool done = false;
    enum lw_err err;

    *busy = false;
    if (reads_on(turn))
        return LW_ERR_OK;
    if (!closing.everything && !turn->closing_wanted && lw_live_next_due(turn->live).ms > lw_turn_sure(turn).ms) {
        turn->closing_done = all_caught_up(turn);
        return LW_ERR_OK;
    }
    if (turn->closing_done && closing.everything)
        return LW_ERR_OK;
    (void)lw_slices_turn(turn->options.slices, LW_SLICE_CLOSE);
    err = lw_turn_commit(turn, close_some, &closing, &done, fault);
    *busy = done && closing.closed > 0;
    if (err == LW_ERR_OK && done && !closing.more) {
        turn->closing_done = all_caught_up(turn);
        turn->closing_wanted = false;
    }
    return err;
}
