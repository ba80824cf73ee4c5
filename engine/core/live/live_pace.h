/* How far apart the points of runs usually are, by the family of runs: what a run that has just begun cannot tell. */
#ifndef LEEWAY_ENGINE_CORE_LIVE_LIVE_PACE_H
#define LEEWAY_ENGINE_CORE_LIVE_LIVE_PACE_H

#include "leeway/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct lw_live_pace {
    struct lw_live_pace_slot {
        uint32_t family; /* id of a name + 1; 0: free */
        int64_t spacing;
    } * slots;
    size_t n, room; /* room: a power of two, or 0 */
};

/* The largest spacing in runs of the family, ms; 0: not known. */
int64_t lw_live_pace_of(const struct lw_live_pace *pace, uint32_t family);
/* A closed run of the family had that one. A greater one counts at once; otherwise a quarter of the difference is taken
   off, lest one long pause (a spot interruption) hold all later runs open. Without memory it is not learnt. */
void lw_live_pace_learn(struct lw_live_pace *pace, uint32_t family, int64_t spacing);
void lw_live_pace_close(struct lw_live_pace *pace);

#endif
