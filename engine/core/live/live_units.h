/* All units that are held, by key. */
#ifndef LEEWAY_ENGINE_CORE_LIVE_LIVE_UNITS_H
#define LEEWAY_ENGINE_CORE_LIVE_LIVE_UNITS_H

#include "engine/core/live/live_unit.h"

struct lw_live_units {
    struct lw_live_unit **all; /* in no order */
    struct lw_live_unit **buckets;
    size_t n, room, buckets_n; /* buckets_n: a power of two, or 0 */
};

struct lw_live_unit *lw_live_units_find(const struct lw_live_units *units, struct lw_str key);
/* A new unit of that key, empty; NULL when memory is out. */
LW_MUST_USE struct lw_live_unit *lw_live_units_add(struct lw_live_units *units, struct lw_str key);
/* Frees it. */
void lw_live_units_remove(struct lw_live_units *units, struct lw_live_unit *unit);
void lw_live_units_close(struct lw_live_units *units);

#endif
