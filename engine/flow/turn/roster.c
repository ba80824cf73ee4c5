#include "engine/flow/turn/roster.h"

#include "engine/base/arena.h"
#include "engine/base/fault.h"
#include "engine/base/names.h"

#include <stdlib.h>

#define TEXT_MAX ((size_t)1 << 30)

struct lw_roster {
    struct lw_roster_model *models;
    uint32_t *slots; /* index + 1, open addressing */
    uint32_t n, room, mask;
    uint32_t waiting;
    uint64_t tickets;
    lw_time deadline; /* not later than the earliest */
    struct lw_arena texts;
};

enum lw_err lw_roster_open(struct lw_roster **out, struct lw_fault *fault)
{
    struct lw_roster *roster = calloc(1, sizeof(*roster));

    if (roster == NULL)
        return lw_fault_memory(fault, "the list of models");
    roster->texts.ceiling = TEXT_MAX;
    roster->deadline.ms = LW_TIME_MAX;
    *out = roster;
    return LW_ERR_OK;
}

void lw_roster_close(struct lw_roster *roster)
{
    if (roster == NULL)
        return;
    lw_arena_close(&roster->texts);
    free(roster->models);
    free(roster->slots);
    free(roster);
}

static uint64_t hash_of(struct lw_str origin, struct lw_str model)
{
    return lw_names_hash(model) * 31 + lw_names_hash(origin);
}

static uint32_t *slot_of(struct lw_roster *roster, struct lw_str origin, struct lw_str model)
{
    uint32_t at = (uint32_t)(hash_of(origin, model) >> 20) & roster->mask;

    while (roster->slots[at] != 0) {
        const struct lw_roster_model *known = &roster->models[roster->slots[at] - 1];

        if (lw_str_equal(known->model, model) && lw_str_equal(known->origin, origin))
            break;
        at = (at + 1) & roster->mask;
    }
    return &roster->slots[at];
}

/* Room for one more: the table is at most half full. */
static bool grow(struct lw_roster *roster)
{
    uint32_t room = roster->room == 0 ? 64 : roster->room * 2;
    struct lw_roster_model *models;
    uint32_t *slots;

    if (roster->n < roster->room)
        return true;
    models = realloc(roster->models, room * sizeof(*models));
    if (models == NULL)
        return false;
    roster->models = models;
    slots = calloc((size_t)room * 2, sizeof(*slots));
    if (slots == NULL)
        return false;
    free(roster->slots);
    roster->slots = slots;
    roster->room = room;
    roster->mask = room * 2 - 1;
    for (uint32_t i = 0; i < roster->n; i++)
        *slot_of(roster, roster->models[i].origin, roster->models[i].model) = i + 1;
    return true;
}

enum lw_err lw_roster_at(struct lw_roster *roster, struct lw_str origin, struct lw_str model, uint32_t *at,
                         struct lw_fault *fault)
{
    struct lw_roster_model added = {.source = 0};
    uint32_t *slot;

    if (!grow(roster))
        return lw_fault_memory(fault, "the list of models");
    slot = slot_of(roster, origin, model);
    if (*slot == 0 && roster->n >= LW_ROSTER_MAX)
        return lw_fault_set(fault, LW_ERR_LIMIT, "more than %u models: name them with `models:`, or exclude some",
                            LW_ROSTER_MAX);
    if (*slot == 0) {
        added.origin = lw_arena_text(&roster->texts, origin);
        added.model = lw_arena_text(&roster->texts, model);
        if (added.origin.at == NULL || added.model.at == NULL)
            return lw_fault_memory(fault, "the list of models");
        roster->models[roster->n++] = added;
        *slot = roster->n;
    }
    *at = *slot - 1;
    return LW_ERR_OK;
}

struct lw_roster_model *lw_roster_model(struct lw_roster *roster, uint32_t at)
{
    return &roster->models[at];
}

uint32_t lw_roster_count(const struct lw_roster *roster)
{
    return roster->n;
}

uint32_t lw_roster_waiting(const struct lw_roster *roster)
{
    return roster->waiting;
}

void lw_roster_queue(struct lw_roster *roster, uint32_t at)
{
    struct lw_roster_model *model = &roster->models[at];

    if (model->queued != 0)
        return;
    model->queued = ++roster->tickets;
    roster->waiting++;
}

/* A scan: a million models are two milliseconds, and judging one of them is longer. */
uint32_t lw_roster_next(struct lw_roster *roster)
{
    uint32_t next = LW_ROSTER_NONE;

    if (roster->waiting == 0)
        return LW_ROSTER_NONE;
    for (uint32_t i = 0; i < roster->n; i++) {
        if (roster->models[i].queued != 0 &&
            (next == LW_ROSTER_NONE || roster->models[i].queued < roster->models[next].queued))
            next = i;
    }
    return next;
}

void lw_roster_done(struct lw_roster *roster, uint32_t at, bool has_deadline, lw_time deadline)
{
    struct lw_roster_model *model = &roster->models[at];

    if (model->queued != 0)
        roster->waiting--;
    model->queued = 0;
    model->has_deadline = has_deadline;
    model->deadline = deadline;
    if (has_deadline && deadline.ms < roster->deadline.ms)
        roster->deadline = deadline;
}

void lw_roster_due(struct lw_roster *roster, lw_time now)
{
    if (now.ms < roster->deadline.ms)
        return;
    roster->deadline.ms = LW_TIME_MAX;
    for (uint32_t i = 0; i < roster->n; i++) {
        struct lw_roster_model *model = &roster->models[i];

        if (!model->has_deadline)
            continue;
        if (model->deadline.ms <= now.ms) {
            model->has_deadline = false;
            lw_roster_queue(roster, i);
        } else if (model->deadline.ms < roster->deadline.ms) {
            roster->deadline = model->deadline;
        }
    }
}

lw_time lw_roster_deadline(struct lw_roster *roster)
{
    return roster->deadline;
}
