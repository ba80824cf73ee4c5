#include "engine/core/live/live_units.h"

#include <stdlib.h>
#include <string.h>

#define BUCKETS_FIRST ((size_t)64)
#define ROOM_FIRST    ((size_t)16)

struct lw_live_unit *lw_live_units_find(const struct lw_live_units *units, struct lw_str key)
{
    uint64_t hash = lw_names_hash(key);
    struct lw_live_unit *unit = NULL;

    if (units->buckets_n > 0)
        unit = units->buckets[hash & (units->buckets_n - 1)];
    while (unit != NULL && (unit->hash != hash || !lw_str_equal(unit->key, key)))
        unit = unit->next;
    return unit;
}

static bool more_buckets(struct lw_live_units *units)
{
    size_t n = units->buckets_n == 0 ? BUCKETS_FIRST : 2 * units->buckets_n;
    struct lw_live_unit **buckets;

    if (units->n < units->buckets_n)
        return true;
    buckets = calloc(n, sizeof(struct lw_live_unit *));
    if (buckets == NULL)
        return false;
    for (size_t i = 0; i < units->n; i++) {
        struct lw_live_unit *unit = units->all[i];

        unit->next = buckets[unit->hash & (n - 1)];
        buckets[unit->hash & (n - 1)] = unit;
    }
    free(units->buckets);
    units->buckets = buckets;
    units->buckets_n = n;
    return true;
}

static bool more_room(struct lw_live_units *units)
{
    size_t room = units->room == 0 ? ROOM_FIRST : 2 * units->room;
    void *all;

    if (units->n < units->room)
        return true;
    all = realloc(units->all, room * sizeof(struct lw_live_unit *));
    if (all == NULL)
        return false;
    units->all = all;
    units->room = room;
    return true;
}

struct lw_live_unit *lw_live_units_add(struct lw_live_units *units, struct lw_str key)
{
    struct lw_live_unit *unit, **bucket;
    char *copy;

    if (!more_buckets(units) || !more_room(units))
        return NULL;
    unit = calloc(1, sizeof(*unit));
    copy = malloc(key.len + 1);
    if (unit == NULL || copy == NULL) {
        free(unit);
        free(copy);
        return NULL;
    }
    memcpy(copy, key.at, key.len);
    copy[key.len] = '\0';
    unit->key.at = copy;
    unit->key.len = key.len;
    unit->hash = lw_names_hash(key);
    unit->at = units->n;
    unit->spacing = -1;
    unit->stale = true;
    units->all[units->n++] = unit;
    bucket = &units->buckets[unit->hash & (units->buckets_n - 1)];
    unit->next = *bucket;
    *bucket = unit;
    return unit;
}

void lw_live_units_remove(struct lw_live_units *units, struct lw_live_unit *unit)
{
    struct lw_live_unit **link = &units->buckets[unit->hash & (units->buckets_n - 1)];

    while (*link != unit)
        link = &(*link)->next;
    *link = unit->next;
    units->all[unit->at] = units->all[--units->n];
    units->all[unit->at]->at = unit->at;
    lw_live_unit_free(unit);
}

void lw_live_units_close(struct lw_live_units *units)
{
    for (size_t i = 0; i < units->n; i++)
        lw_live_unit_free(units->all[i]);
    free(units->all);
    free(units->buckets);
    *units = (struct lw_live_units){0};
}
