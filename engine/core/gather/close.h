/* Closing what is open: identities are settled, runs become records, records become histories of models. */
#ifndef LEEWAY_ENGINE_CORE_GATHER_CLOSE_H
#define LEEWAY_ENGINE_CORE_GATHER_CLOSE_H

#include "engine/core/gather/open_state.h"

/* Leaves the content of the gather as it is, also on failure; see lw_gather_close_all. */
LW_MUST_USE enum lw_err lw_close_all(struct lw_gather *gather, struct lw_arena *arena, struct lw_histories *out,
                                     struct lw_fault *fault);

#endif
