#include "engine/core/live/live_pace.h"

#include <stdlib.h>

#define ROOM_FIRST ((size_t)64)

static struct lw_live_pace_slot *slot_of(const struct lw_live_pace *pace, uint32_t family)
{
    size_t at = (family * (size_t)2654435761u) & (pace->room - 1);

    while (pace->slots[at].family != 0 && pace->slots[at].family != family + 1)
        at = (at + 1) & (pace->room - 1);
    return &pace->slots[at];
}

static bool grow(struct lw_live_pace *pace)
{
    struct lw_live_pace more = {.n = pace->n, .room = pace->room == 0 ? ROOM_FIRST : 2 * pace->room};

    if (2 * pace->n < pace->room)
        return true;
    more.slots = calloc(more.room, sizeof(*more.slots));
    if (more.slots == NULL)
        return false;
    for (size_t i = 0; i < pace->room; i++)
        if (pace->slots[i].family != 0)
            *slot_of(&more, pace->slots[i].family - 1) = pace->slots[i];
    free(pace->slots);
    *pace = more;
    return true;
}

int64_t lw_live_pace_of(const struct lw_live_pace *pace, uint32_t family)
{
    return pace->room == 0 ? 0 : slot_of(pace, family)->spacing;
}

void lw_live_pace_learn(struct lw_live_pace *pace, uint32_t family, int64_t spacing)
{
    struct lw_live_pace_slot *slot;

    if (!grow(pace))
        return;
    slot = slot_of(pace, family);
    if (slot->family == 0) {
        slot->family = family + 1;
        pace->n++;
    }
    slot->spacing = spacing >= slot->spacing ? spacing : slot->spacing - (slot->spacing - spacing) / 4;
}

void lw_live_pace_close(struct lw_live_pace *pace)
{
    free(pace->slots);
    *pace = (struct lw_live_pace){0};
}
