/* The rhythm of a model: gaps between runs, a single odd gap, and the run that did not come. */
#ifndef LEEWAY_ENGINE_CORE_JUDGE_CHART_RHYTHM_H
#define LEEWAY_ENGINE_CORE_JUDGE_CHART_RHYTHM_H

#include "engine/core/judge/fold.h"

/* The gap before the run: fills in the decision, judges the gap, and opens and ends the alert of an overdue run. */
void lw_rhythm_see(struct lw_fold *fold, uint32_t run);

/* The silence after the last run, up to `now`: an overdue run, a model that has stopped for good. Changes the memory in
   a way that must not be carried on to a further run. */
void lw_rhythm_end(struct lw_fold *fold, lw_time now);

#endif
