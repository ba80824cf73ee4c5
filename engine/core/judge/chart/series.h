/* The run-level series of a model: which there are, what they are called, and how large a difference between two of
   their levels is in the user's units. */
#ifndef LEEWAY_ENGINE_CORE_JUDGE_CHART_SERIES_H
#define LEEWAY_ENGINE_CORE_JUDGE_CHART_SERIES_H

#include "engine/core/judge/fold.h"

/* Adds the series that the run brings and the memory has not yet, and notes in fold->found where each metric series
   has its metric in this run. Divides the budget anew when there are more charts than before. */
void lw_series_find(struct lw_fold *fold, const struct lw_run *run, bool usable);

/* The series of a kind of which there is one: duration, cost or gap; made when it is needed first. LW_FOLD_NONE when
   memory is out. */
uint32_t lw_series_single(struct lw_fold *fold, enum lw_series_kind kind);

/* Divides the budget when the charts are others than those it was divided for; sets memory[].threshold. */
void lw_series_divide(struct lw_fold *fold);

/* Appends a value of the run to the series. false when memory is out. */
bool lw_series_append(struct lw_fold *fold, uint32_t series, uint32_t run, double raw, double x, enum lw_place place);

/* The difference from `before` to `after` as it is compared with what may be ignored: absolute for values in 0..1 (of
   an accuracy in percent: as a share), relative for everything else. */
double lw_series_effect(const struct lw_fold *fold, uint32_t series, double before, double after);

/* How lw_series_effect measures: true when it is absolute; then `*unit` is what one stands for (1, or 100 in percent),
   else the level to which it is relative. */
bool lw_series_absolute(const struct lw_fold *fold, uint32_t series, double before, double after, double *unit);

/* The smallest effect that may alarm. */
double lw_series_floor(const struct lw_fold *fold, uint32_t series, double before, double after);

/* What a move in that direction means for the user. */
enum lw_impact lw_series_impact(const struct lw_fold *fold, uint32_t series, enum lw_direction direction);

/* The metric by which a model is known: a validation metric with a known sense first; LW_FOLD_NONE without metrics. */
uint32_t lw_series_primary(const struct lw_fold *fold);

/* The smallest spread that is believed, on the charted scale. */
double lw_series_spread_floor(const struct lw_series *series, double charted_mean);

/* The value within the bounds that leave room for squares: 1e150 in size at most. */
double lw_series_bounded(double value);

void lw_series_learn(struct lw_level *level, double value);
double lw_series_sd(const struct lw_level *level); /* n - 1; 0 for fewer than two */

#endif
