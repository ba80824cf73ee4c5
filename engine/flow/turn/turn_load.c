#include "engine/flow/turn/numbers.h"
#include "engine/flow/turn/turn_state.h"

#include "engine/base/fault.h"

#include <inttypes.h>
#include <stdio.h>

/* Splits "origin\x1fmodel". */
static bool split(struct lw_str name, struct lw_str *origin, struct lw_str *model)
{
    const char *at = name.len > 0 ? memchr(name.at, LW_JOIN, name.len) : NULL;

    if (at == NULL)
        return false;
    *origin = (struct lw_str){.at = name.at, .len = (size_t)(at - name.at)};
    *model = (struct lw_str){.at = at + 1, .len = name.len - origin->len - 1};
    return true;
}

static enum lw_err load_origin(void *self, struct lw_str name, struct lw_str text, struct lw_fault *fault)
{
    struct lw_turn *turn = self;
    struct lw_str origin;
    struct lw_str model;
    int64_t number;
    uint32_t at;
    enum lw_err err;

    if (!split(name, &origin, &model) || !lw_numbers_read(text, &number, 1))
        return LW_ERR_OK;
    err = lw_roster_at(turn->roster, origin, model, &at, fault);
    if (err == LW_ERR_OK)
        lw_roster_model(turn->roster, at)->source = (uint32_t)number;
    return err;
}

/* Which source each model hangs on. */
static enum lw_err load_origins(struct lw_turn *turn, struct lw_fault *fault)
{
    for (uint32_t i = 0; i < lw_roster_count(turn->roster); i++)
        lw_roster_model(turn->roster, i)->source = 0;
    return lw_store_each(turn->store, LW_KIND_ORIGIN, load_origin, turn, fault);
}

static enum lw_err load_unit(void *self, struct lw_str key, uint32_t source, struct lw_str bytes,
                             struct lw_fault *fault)
{
    struct lw_turn *turn = self;

    return lw_live_load(turn->live, source, key, bytes, lw_turn_sure(turn), fault);
}

static enum lw_err load_model(void *self, const struct lw_store_model *model, struct lw_fault *fault)
{
    struct lw_turn *turn = self;
    uint32_t at;
    enum lw_err err = lw_roster_at(turn->roster, model->origin, model->model, &at, fault);

    if (err != LW_ERR_OK)
        return err;
    lw_roster_done(turn->roster, at, model->has_deadline, model->deadline);
    if (model->dirty)
        lw_roster_queue(turn->roster, at);
    return LW_ERR_OK;
}

static enum lw_err load_trouble(void *self, struct lw_str name, struct lw_str text, struct lw_fault *fault)
{
    struct lw_turn *turn = self;
    struct lw_str origin;
    struct lw_str model;
    int64_t when;
    uint32_t at;
    enum lw_err err;

    if (!split(name, &origin, &model) || !lw_numbers_read(text, &when, 1))
        return LW_ERR_OK;
    err = lw_roster_at(turn->roster, origin, model, &at, fault);
    if (err == LW_ERR_OK) {
        lw_roster_model(turn->roster, at)->trouble.ms = when;
        lw_roster_model(turn->roster, at)->has_trouble = true;
    }
    return err;
}

static enum lw_err queue_touched(void *self, struct lw_str name, struct lw_str text, struct lw_fault *fault)
{
    struct lw_turn *turn = self;
    struct lw_str origin;
    struct lw_str model;
    uint32_t at;
    enum lw_err err;

    (void)text;
    if (!split(name, &origin, &model))
        return LW_ERR_OK;
    err = lw_roster_at(turn->roster, origin, model, &at, fault);
    if (err == LW_ERR_OK)
        lw_roster_queue(turn->roster, at);
    return err;
}

enum lw_err lw_turn_load_notes(struct lw_turn *turn, struct lw_fault *fault)
{
    size_t damaged = 0;
    enum lw_err err;

    lw_arena_reset(&turn->notes_arena);
    turn->notes = (struct lw_people_notes){.n = 0};
    err = lw_people_read(turn->store, &turn->notes_arena, &turn->notes, &damaged, fault);
    if (err != LW_ERR_OK)
        return err;
    if (damaged > 0)
        lw_turn_note(turn, LW_NOTE_WARNING, "%zu notes of people in the store cannot be read: they are passed over",
                     damaged);
    turn->notes_next = lw_people_next(&turn->notes, lw_turn_now(turn));
    return lw_store_each(turn->store, LW_KIND_TOUCHED, queue_touched, turn, fault);
}

struct beginning {
    lw_time now;
    bool first;
};

/* At the first start the time is kept: what began before it is history. */
static enum lw_err mark_beginning(struct lw_turn *turn, void *self, struct lw_fault *fault)
{
    struct beginning *beginning = self;
    char text[32];

    if (!beginning->first)
        return LW_ERR_OK;
    snprintf(text, sizeof(text), "%" PRId64, beginning->now.ms);
    return lw_store_put(turn->store, LW_KIND_META, LW_STR("first_start"), lw_str_from(text), fault);
}

static enum lw_err read_meta(struct lw_turn *turn, const char *name, int64_t *number, bool *found,
                             struct lw_fault *fault)
{
    struct lw_buf text = {.ceiling = 4096};
    enum lw_err err = lw_store_get(turn->store, LW_KIND_META, lw_str_from(name), &text, found, fault);

    if (err == LW_ERR_OK && *found && !lw_numbers_read(lw_buf_view(&text), number, 1))
        err = lw_fault_set(fault, LW_ERR_STATE, "the store's note of '%s' cannot be read: restore a copy", name);
    lw_buf_close(&text);
    return err;
}

static enum lw_err begin_history(struct lw_turn *turn, struct lw_fault *fault)
{
    struct beginning beginning = {.now = turn->started};
    int64_t number = 0;
    bool found = false;
    bool done = true;
    enum lw_err err = read_meta(turn, "first_start", &number, &found, fault);

    if (err != LW_ERR_OK)
        return err;
    turn->first_start.ms = found ? number : turn->started.ms;
    beginning.first = !found;
    turn->notify_from = turn->config->notify_from_start ? turn->first_start : turn->config->notify_from;
    err = read_meta(turn, "digest", &number, &turn->digest_done, fault);
    if (err == LW_ERR_OK)
        err = lw_turn_commit(turn, mark_beginning, &beginning, &done, fault);
    if (err == LW_ERR_OK && !done)
        return lw_fault_set(fault, LW_ERR_FULL, "the store takes nothing: is the disk full?");
    return err;
}

enum lw_err lw_turn_load(struct lw_turn *turn, struct lw_fault *fault)
{
    enum lw_err err = lw_store_models(turn->store, load_model, turn, fault);

    if (err == LW_ERR_OK)
        err = load_origins(turn, fault);
    if (err == LW_ERR_OK)
        err = lw_store_each(turn->store, LW_KIND_TROUBLE, load_trouble, turn, fault);
    if (err == LW_ERR_OK)
        err = lw_turn_load_excluded(turn, fault);
    if (err == LW_ERR_OK)
        err = lw_turn_load_open(turn, fault);
    if (err == LW_ERR_OK)
        err = lw_store_units_open(turn->store, load_unit, turn, fault);
    if (err == LW_ERR_OK)
        err = lw_turn_load_notes(turn, fault);
    if (err == LW_ERR_OK)
        err = lw_turn_load_fleet(turn, fault);
    if (err == LW_ERR_OK)
        err = begin_history(turn, fault);
    return err;
}

enum lw_err lw_turn_load_again(struct lw_turn *turn, struct lw_fault *fault)
{
    enum lw_err err = lw_turn_load_open(turn, fault);

    if (err == LW_ERR_OK)
        err = load_origins(turn, fault);
    return err == LW_ERR_OK ? lw_turn_load_fleet(turn, fault) : err;
}
