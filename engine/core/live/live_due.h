/* When a unit is due to be closed. */
#ifndef LEEWAY_ENGINE_CORE_LIVE_LIVE_DUE_H
#define LEEWAY_ENGINE_CORE_LIVE_LIVE_DUE_H

#include "engine/core/live/live_unit.h"

/* After the end that SageMaker states data may still come for that long. */
#define LW_LIVE_DELAY (5 * LW_MINUTE)

/* A status that says "in progress" holds a run open; but where nothing at all has come for it for that long (no datapoint,
   no fact, not even the same status again) nobody watches it any more, and it is closed with a note. Jobs may run for up
   to 28 days, but none is silent for five: a source that asks SageMaker hears the status anew each time. */
#define LW_LIVE_FORGOTTEN (5 * LW_DAY)

/* Fills mark_due (by the watermark of its sources, event time) and clock_due (by the clock, when nothing comes). `pace`:
   the largest spacing in runs like it, ms. The spacing of its own points counts where it is known (unit->spacing >= 0).
   The gather must be there. */
void lw_live_due_find(struct lw_live_unit *unit, const struct lw_rules *rules, int64_t pace);

/* Finds the largest distance of neighbouring times of its points, ms, over all metrics: unit->spacing. Data without run
   ids have none, since their pauses between runs are not spacings. false when memory is out. */
LW_MUST_USE bool lw_live_due_spacing(struct lw_live_unit *unit);

#endif
