/* Whole curves: how unusual the curve of a metric is among those of earlier runs, and a chart of that. */
#ifndef LEEWAY_ENGINE_CORE_JUDGE_CHART_CURVE_CHART_H
#define LEEWAY_ENGINE_CORE_JUDGE_CHART_CURVE_CHART_H

#include "engine/core/judge/fold.h"

/* Takes in the curve of the run, if its metric has one there. `series` is the curve. */
void lw_curve_chart_see(struct lw_fold *fold, uint32_t series, uint32_t run);

/* The new level becomes the reference. */
void lw_curve_chart_accept(struct lw_fold *fold, uint32_t series);

/* Forgets the reference. */
void lw_curve_chart_clear(struct lw_fold *fold, uint32_t series);

/* Builds the pools again from the runs that the memory names; after loading a checkpoint. */
void lw_curve_chart_restore(struct lw_fold *fold);

#endif
