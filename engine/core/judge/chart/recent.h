/* The last few final values of a metric against the earlier ones: a look at the level that confirms what a chart says. */
#ifndef LEEWAY_ENGINE_CORE_JUDGE_CHART_RECENT_H
#define LEEWAY_ENGINE_CORE_JUDGE_CHART_RECENT_H

#include "engine/core/judge/fold.h"

/* p-values of the level without ties hang on the number of earlier values and the distance alone, and are needed for
   every run of every metric: each is computed once. 0: not yet. */
struct lw_recent_memo {
    double p[LW_FOLD_EARLIER + 1][LW_FOLD_RECENT * LW_FOLD_EARLIER + 1]; /* by the distance, in units of 1/lcm */
    double attainable[LW_FOLD_EARLIER + 1];
    /* The normal score of a rank, by the references and those as extreme. */
    double rank_score[LW_FOLD_REFERENCES + 1][LW_FOLD_REFERENCES + 1];
    /* Thresholds of the change-point model, by the number of values, at this hazard. */
    double changepoint[LW_FOLD_LOOK + 1];
    double changepoint_hazard;
};

/* Compares `raw`, the value of this run (which the chart has not yet seen), and the four before it with up to 50 earlier
   ones of the same regime, or of the frozen reference while an alert is open. Leaves a remark. True when p <= 0.01 with
   an effect over the floor. */
bool lw_recent_see(struct lw_fold *fold, uint32_t series, uint32_t run, double raw);

#endif
