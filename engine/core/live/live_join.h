/* A run that turns out to be a trial of a tuning job is gathered with the other trials. */
#ifndef LEEWAY_ENGINE_CORE_LIVE_LIVE_JOIN_H
#define LEEWAY_ENGINE_CORE_LIVE_LIVE_JOIN_H

#include "engine/core/live/live_state.h"

/* What the name of a run tells is known from the beginning; this is for a fact that names the tuning job. *unit, which
   holds the run, becomes the unit of both. The one that is left stays as a record that leads to it, and closes without
   runs. Of two tuning jobs that share a trial the one with the lesser name leads: closing together what offline closes
   together gives the same runs. */
LW_MUST_USE enum lw_err lw_live_join(struct lw_live *live, struct lw_str job, struct lw_live_unit **unit,
                                     struct lw_fault *fault);

#endif
