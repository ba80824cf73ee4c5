/* Which units are due, and their runs. */
#ifndef LEEWAY_ENGINE_CORE_LIVE_LIVE_CLOSING_H
#define LEEWAY_ENGINE_CORE_LIVE_LIVE_CLOSING_H

#include "engine/core/live/live_state.h"

/* The next unit to be closed, or NULL; see lw_live_close_next. */
LW_MUST_USE enum lw_err lw_live_closing_next(struct lw_live *live, int64_t now, bool everything,
                                             struct lw_live_unit **unit, struct lw_fault *fault);
/* Its runs, in `arena`. It is closed afterwards; data without run ids that still go on stay open, and then the runs that
   are not over yet are left out. When it fails the unit is as it was, but in the order in which it lies in memory. */
LW_MUST_USE enum lw_err lw_live_closing_runs(struct lw_live *live, struct lw_live_unit *unit, int64_t now,
                                             bool everything, struct lw_arena *arena, struct lw_live_closed *out,
                                             struct lw_fault *fault);

#endif
