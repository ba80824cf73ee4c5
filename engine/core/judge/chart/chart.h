/* The chart of one series: a self-starting CUSUM, its reference, and what happens after an alarm. */
#ifndef LEEWAY_ENGINE_CORE_JUDGE_CHART_CHART_H
#define LEEWAY_ENGINE_CORE_JUDGE_CHART_CHART_H

#include "engine/core/judge/fold.h"

/* Takes in the value of the run: appends it, judges it, and leaves a remark. `lower_bound`: the value would have been
   at least that large (a run that ran out of time); it speaks only for a rise, and nothing is learnt from it. */
void lw_chart_see(struct lw_fold *fold, uint32_t series, uint32_t run, double raw, bool lower_bound);

/* Appends a value that waits: it is neither judged nor learnt. */
void lw_chart_hold(struct lw_fold *fold, uint32_t series, uint32_t run, double raw);
/* Scores and learns the values that wait, without judging them one by one: the next value will be. */
void lw_chart_feed_held(struct lw_fold *fold, uint32_t series);
/* The values that wait were odd ones: they are left out of the sums; mean and spread may learn from them. */
void lw_chart_drop_held(struct lw_fold *fold, uint32_t series, bool learnt);

/* The change-point model over the reference of the series; call after lw_chart_see. */
void lw_chart_changepoint(struct lw_fold *fold, uint32_t series, uint32_t run);

/* The new level becomes the reference (settled, or acknowledged by the user). */
void lw_chart_accept(struct lw_fold *fold, uint32_t series);

/* What comes next cannot be compared with what was: a new beginning without alarm. */
void lw_chart_restart(struct lw_fold *fold, uint32_t series);

/* True when the run is one of the stated baseline; false also when none is stated. */
bool lw_chart_in_baseline(const struct lw_fold *fold, uint32_t run);

#endif
