#include "engine/flow/turn/turn_state.h"

#include "engine/base/fault.h"
#include "engine/flow/service/slices.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define LIVE_CEILING  ((size_t)16 << 30)
#define SLICE_CEILING ((size_t)4 << 30) /* of one slice: the history of a model and its judgement */
#define NOTES_CEILING ((size_t)64 << 20)
#define NAMES_MANY    1000000u  /* of runs, models, metrics: about 100 MiB */
#define RETRY_MS      LW_SECOND /* after a turn that was taken back */

/* --- small things that all parts use --- */

void lw_turn_note(struct lw_turn *turn, enum lw_note level, const char *format, ...)
{
    char text[512];
    va_list list;

    va_start(list, format);
    vsnprintf(text, sizeof(text), format, list);
    va_end(list);
    turn->options.world->note(turn->options.world->self, level, text);
}

lw_time lw_turn_now(const struct lw_turn *turn)
{
    return turn->options.world->now(turn->options.world->self);
}

static lw_span ticks_of(const struct lw_turn *turn)
{
    return turn->options.world->ticks(turn->options.world->self);
}

lw_time lw_turn_sure(const struct lw_turn *turn)
{
    return lw_clock_time(&turn->clock, lw_turn_now(turn), ticks_of(turn));
}

struct lw_str lw_turn_join(struct lw_turn *turn, struct lw_str a, struct lw_str b)
{
    char *text = lw_arena_array(&turn->arena, a.len + b.len + 2, 1);

    if (text == NULL)
        return (struct lw_str){.at = NULL};
    memcpy(text, a.at != NULL ? a.at : "", a.len);
    text[a.len] = LW_JOIN;
    memcpy(text + a.len + 1, b.at != NULL ? b.at : "", b.len);
    return (struct lw_str){.at = text, .len = a.len + b.len + 1};
}

/* Locked is not: we have the lock of the daemon, so somebody else writes to the file with a tool of his own, and will end. */
bool lw_turn_is_deadly(enum lw_err err)
{
    return err == LW_ERR_IO || err == LW_ERR_STATE || err == LW_ERR_NEWER;
}

static uint64_t micros_between(lw_span from, lw_span until)
{
    return until.ms > from.ms ? (uint64_t)(until.ms - from.ms) * 1000 : 0;
}

enum lw_err lw_turn_commit(struct lw_turn *turn, lw_turn_work *work, void *self, bool *done, struct lw_fault *fault)
{
    struct lw_fault trouble = {.code = LW_ERR_OK};
    lw_span began = ticks_of(turn);
    enum lw_err err = lw_store_begin(turn->store, &trouble);

    *done = false;
    if (err == LW_ERR_OK) {
        err = work(turn, self, &trouble);
        if (err == LW_ERR_OK)
            err = lw_courier_evict(turn->courier, lw_turn_now(turn), &turn->full, &trouble);
        if (err == LW_ERR_OK) {
            enum lw_slice before = lw_slices_turn(turn->options.slices, LW_SLICE_COMMIT);

            err = lw_store_commit(turn->store, &trouble);
            (void)lw_slices_turn(turn->options.slices, before);
        } else
            lw_store_rollback(turn->store);
    }
    if (err == LW_ERR_OK) {
        lw_live_committed(turn->live);
        turn->counts.turns++;
        lw_metrics_observe(&turn->counts.turn, micros_between(began, ticks_of(turn)));
        turn->committed = true;
        *done = true;
        return LW_ERR_OK;
    }
    turn->counts.turns_failed++;
    if (lw_turn_is_deadly(err) || lw_live_rollback(turn->live, &trouble) != LW_ERR_OK ||
        lw_turn_load_again(turn, &trouble) != LW_ERR_OK) {
        turn->dead = true;
        turn->death = trouble;
        *fault = trouble;
        return err;
    }
    lw_turn_note(turn, LW_NOTE_ERROR, "a turn was taken back, it is tried again: %s", trouble.text);
    turn->retry_at = (lw_span){ticks_of(turn).ms + RETRY_MS};
    return LW_ERR_OK;
}

/* --- opening --- */

static enum lw_err fetch_unit(void *self, struct lw_str key, struct lw_buf *bytes, bool *found, bool *pruned,
                              struct lw_fault *fault)
{
    struct lw_turn *turn = self;

    return lw_store_unit_get(turn->store, key, bytes, found, pruned, fault);
}

enum lw_err lw_turn_open(struct lw_turn **out, const struct lw_turn_options *options, struct lw_fault *fault)
{
    struct lw_turn *turn = calloc(1, sizeof(*turn));
    struct lw_live_store store = {.self = turn, .fetch = fetch_unit};
    enum lw_err err;

    if (turn == NULL)
        return lw_fault_memory(fault, "the turn");
    turn->options = *options;
    turn->config = options->config;
    turn->store = options->store;
    turn->arena.ceiling = SLICE_CEILING;
    turn->notes_arena.ceiling = NOTES_CEILING;
    turn->started = lw_turn_now(turn);
    turn->heartbeat_at = ticks_of(turn);
    (void)lw_clock_look(&turn->clock, turn->started, turn->heartbeat_at);
    turn->judges = calloc(turn->config->models_n + 1, sizeof(*turn->judges));
    turn->told_sinks = calloc(turn->config->sinks_n + 1, sizeof(*turn->told_sinks));
    if (turn->judges == NULL || turn->told_sinks == NULL)
        err = lw_fault_memory(fault, "the turn");
    else
        err = lw_live_open(&turn->live, &turn->config->rules, &store, LIVE_CEILING, fault);
    if (err == LW_ERR_OK)
        err = lw_roster_open(&turn->roster, fault);
    if (err == LW_ERR_OK)
        err = lw_courier_open(&turn->courier, turn->config, turn->store, fault);
    if (err == LW_ERR_OK)
        err = lw_turn_load(turn, fault);
    if (err != LW_ERR_OK) {
        lw_turn_close(turn);
        return err;
    }
    turn->names_begun = lw_names_count(lw_live_names(turn->live));
    *out = turn;
    return LW_ERR_OK;
}

void lw_turn_close(struct lw_turn *turn)
{
    if (turn == NULL)
        return;
    for (size_t i = 0; i < turn->inputs_n; i++) {
        turn->inputs[i].source.kind->close(turn->inputs[i].source.state);
        lw_feed_close(turn->inputs[i].feed);
    }
    for (size_t i = 0; turn->judges != NULL && i < turn->config->models_n; i++)
        lw_judge_close(turn->judges[i].judge);
    lw_courier_close(turn->courier);
    lw_roster_close(turn->roster);
    lw_live_close(turn->live);
    lw_arena_close(&turn->arena);
    lw_arena_close(&turn->notes_arena);
    free(turn->inputs);
    free(turn->runs);
    free(turn->opened);
    free(turn->judges);
    free(turn->told_sources);
    free(turn->told_sinks);
    free(turn);
}

uint32_t lw_turn_sink(const struct lw_turn *turn, size_t i)
{
    return lw_courier_sink(turn->courier, i);
}

/* --- slices --- */

void lw_turn_wake(struct lw_turn *turn)
{
    for (size_t i = 0; i < turn->inputs_n; i++)
        turn->inputs[i].due.ms = 0;
}

/* Judging waits while data come in fast: a back-fill would be judged after every run of it. It never waits long. */
#define JUDGE_AT_LEAST_MS 250

static enum lw_err nothing(struct lw_turn *turn, void *self, struct lw_fault *fault)
{
    (void)turn;
    (void)self;
    (void)fault;
    return LW_ERR_OK;
}

/* A spool without room: deliveries make some, without a turn that would notice. */
static enum lw_err look_for_room(struct lw_turn *turn, lw_span ticks, struct lw_fault *fault)
{
    bool done;

    if (!turn->full || ticks.ms < turn->room_at.ms)
        return LW_ERR_OK;
    turn->room_at.ms = ticks.ms + RETRY_MS;
    return lw_turn_commit(turn, nothing, NULL, &done, fault);
}

static enum lw_err do_one(struct lw_turn *turn, lw_span ticks, bool *busy, struct lw_fault *fault)
{
    bool late = ticks.ms - turn->judged_at.ms >= JUDGE_AT_LEAST_MS && lw_roster_waiting(turn->roster) > 0;
    enum lw_err err = LW_ERR_OK;

    *busy = false;
    if (turn->judging != NULL)
        return lw_turn_judge_next(turn, busy, fault);
    /* By itself, and while it is small: it would be part of a commit otherwise, and a long one. */
    if (lw_store_wants_checkpoint(turn->store)) {
        err = lw_turn_maintain(turn, busy, fault);
        *busy = true;
        return err;
    }
    err = look_for_room(turn, ticks, fault);
    /* A back-fill of hours is no reason to look dead. */
    if (err == LW_ERR_OK && turn->config->heartbeat.ms > 0 && ticks.ms >= turn->heartbeat_at.ms)
        err = lw_turn_care(turn, busy, fault);
    if (err == LW_ERR_OK && !*busy && !late && !turn->full)
        err = lw_turn_ingest(turn, busy, fault);
    if (err == LW_ERR_OK && !*busy && !late)
        err = lw_turn_close_due(turn, busy, fault);
    if (err == LW_ERR_OK && !*busy) {
        err = lw_turn_judge_next(turn, busy, fault);
        turn->judged_at = ticks_of(turn);
    }
    if (err == LW_ERR_OK && !*busy)
        err = lw_turn_care(turn, busy, fault);
    return err;
}

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* When to look again if nobody wakes us: a time of the clock, in ticks. */
static int64_t ticks_at(lw_time due, lw_time now, lw_span ticks)
{
    if (due.ms <= now.ms)
        return ticks.ms;
    return due.ms - now.ms > LW_HOUR ? ticks.ms + LW_HOUR : ticks.ms + due.ms - now.ms;
}

static int64_t next_ticks(struct lw_turn *turn, lw_span ticks)
{
    lw_time now = lw_turn_sure(turn);
    int64_t next = ticks_at(lw_live_next_due(turn->live), now, ticks);

    next = least(next, ticks_at(lw_roster_deadline(turn->roster), now, ticks));
    next = least(next, ticks_at(turn->notes_next, lw_turn_now(turn), ticks));
    if (turn->full)
        next = least(next, turn->room_at.ms);
    if (turn->config->heartbeat.ms > 0 && !turn->options.once)
        next = least(next, turn->heartbeat_at.ms);
    for (size_t i = 0; i < turn->inputs_n; i++)
        next = least(next, ticks_at(lw_silence_next(&turn->inputs[i].silence, now), now, ticks));
    return next;
}

/* Nothing came later, or is late, because a clock was set. */
static void look_at_clock(struct lw_turn *turn, lw_span ticks)
{
    int64_t by = lw_clock_look(&turn->clock, lw_turn_now(turn), ticks);

    for (size_t i = 0; by != 0 && i < turn->inputs_n; i++)
        lw_silence_move(&turn->inputs[i].silence, by);
}

enum lw_err lw_turn_slice(struct lw_turn *turn, bool *busy, lw_span *next, struct lw_fault *fault)
{
    lw_span ticks = ticks_of(turn);
    lw_span sources = {LW_SOURCE_NEVER};
    enum lw_err err;

    *busy = false;
    if (turn->dead) {
        *fault = turn->death;
        return turn->death.code;
    }
    look_at_clock(turn, ticks);
    if (turn->judging == NULL)
        lw_arena_reset(&turn->arena);
    if (turn->notes_stale)
        lw_turn_notes_changed(turn);
    if (turn->notes_stale) {
        next->ms = ticks.ms + RETRY_MS;
        return LW_ERR_OK;
    }
    err = lw_turn_work_sources(turn, &sources, fault);
    if (err == LW_ERR_OK && ticks.ms >= turn->retry_at.ms)
        err = do_one(turn, ticks, busy, fault);
    if (err != LW_ERR_OK)
        return err;
    /* Never less than a millisecond: a due time that does not move is no reason to spin. */
    next->ms = least(sources.ms, next_ticks(turn, ticks));
    if (next->ms <= ticks.ms)
        next->ms = ticks.ms + 1;
    if (ticks.ms < turn->retry_at.ms) {
        *busy = false;
        next->ms = turn->retry_at.ms;
    }
    return LW_ERR_OK;
}

void lw_turn_notes_changed(struct lw_turn *turn)
{
    struct lw_fault fault;

    turn->judging = NULL; /* by rules that may not hold any more */
    turn->notes_stale = lw_turn_load_notes(turn, &fault) != LW_ERR_OK;
    if (turn->notes_stale)
        lw_turn_note(turn, LW_NOTE_ERROR, "what people said cannot be read now: %s", fault.text);
}

bool lw_turn_finished(const struct lw_turn *turn)
{
    for (size_t i = 0; i < turn->inputs_n; i++) {
        if (!turn->inputs[i].caught_up || turn->inputs[i].pending)
            return false;
    }
    return turn->closing_done && lw_roster_waiting(turn->roster) == 0 && turn->retry_at.ms <= ticks_of(turn).ms;
}

bool lw_turn_is_worn(struct lw_turn *turn)
{
    uint32_t many = turn->options.names_many > 0 ? turn->options.names_many : NAMES_MANY;

    /* What was there at the start would be there after the next one: only what came since then can be given up. */
    return lw_names_count(lw_live_names(turn->live)) - turn->names_begun > many;
}

bool lw_turn_committed(struct lw_turn *turn)
{
    bool committed = turn->committed;

    turn->committed = false;
    return committed;
}

bool lw_turn_alive(const struct lw_turn *turn, char reason[200])
{
    if (turn->dead)
        snprintf(reason, 200, "%.199s", turn->death.text);
    return !turn->dead;
}
