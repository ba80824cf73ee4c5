/* Which open runs are one run: the same name seen with and without its origin or model. */
#ifndef LEEWAY_ENGINE_CORE_GATHER_UNITS_H
#define LEEWAY_ENGINE_CORE_GATHER_UNITS_H

#include "engine/core/gather/open_state.h"

struct lw_unit {
    uint32_t origin, model, run; /* ids of names, as far as they are known after all */
    uint32_t open;               /* index of the open run that holds everything of it */
    bool several_origins;        /* its origin is unknown, and several others of this name have known ones */
};

/* Runs of one name: an unknown model becomes the known one of the same origin when there is exactly one, then an unknown
   origin becomes the known one of a fitting model when there is exactly one, then models once more. With several known
   ones what is unknown stays a run of its own. Hangs on the set of what was seen, not on its order. Runs that turn out to
   be one are joined. `units` has room for all open runs; their order hangs on ids. false when memory is out; what was
   joined by then stays joined, which changes no result. */
LW_MUST_USE bool lw_units_resolve(struct lw_gather *gather, struct lw_unit *units, size_t *n);

#endif
