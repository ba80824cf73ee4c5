/* How far a value of a series lies from its reference, in standard deviations, as a CUSUM adds it up. */
#ifndef LEEWAY_ENGINE_CORE_JUDGE_CHART_SCORING_H
#define LEEWAY_ENGINE_CORE_JUDGE_CHART_SCORING_H

#include "engine/core/judge/fold.h"

/* Scores the value at that place against the reference and adds it to the sums of the chart; nothing before there are two
   values to compare with. */
void lw_scoring_add(struct lw_fold *fold, uint32_t series, uint32_t at);

/* The reference takes the value in, and the one that waited for it. */
void lw_scoring_learn(struct lw_fold *fold, uint32_t series, uint32_t at);

/* How much neighbouring scores of the series resemble each other, as far as it is sure: in 0..0.9, 0 before 30 scores. */
double lw_scoring_correlation(const struct lw_series *series);

#endif
