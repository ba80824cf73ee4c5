/* What is wrong with a run or its data, beside any chart: how it ended, and what its metrics lack. */
#ifndef LEEWAY_ENGINE_CORE_JUDGE_QUALITY_H
#define LEEWAY_ENGINE_CORE_JUDGE_QUALITY_H

#include "engine/core/judge/fold.h"

/* How the run ended, for the judgement: `incomplete` where the data have no status and far fewer points than usual. */
enum lw_outcome lw_quality_outcome(struct lw_fold *fold, uint32_t run);

/* Remarks about the end of the run, and the alert about failures in a row. */
void lw_quality_see_outcome(struct lw_fold *fold, uint32_t run);

/* Remarks about the metrics of a run that is charted; after lw_series_find. */
void lw_quality_see_metrics(struct lw_fold *fold, uint32_t run);

#endif
