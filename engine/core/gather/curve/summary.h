/* What is kept of one metric of one run: numbers over its points in the order of time, and a choice of its values. */
#ifndef LEEWAY_ENGINE_CORE_GATHER_CURVE_SUMMARY_H
#define LEEWAY_ENGINE_CORE_GATHER_CURVE_SUMMARY_H

#include "engine/core/gather/curve/curve.h"
#include "leeway/meaning.h"
#include "leeway/rules.h"
#include "leeway/run.h"

/* Beyond this many points of one metric its quantiles come from a sample. */
#define LW_SUMMARY_EXACT ((size_t)65536)

/* Whether more of a metric is better: as the user states, else by its name. */
enum lw_better lw_summary_better(const struct lw_rules *rules, struct lw_str metric);

/* `points` are in the order of time. `steps`: their times are steps, so that there is no slope. `metric` seeds the choice
   of a sample: the k = 4096 points with the smallest hash of (metric, time, value), which does not hang on order. Up to
   LW_SUMMARY_EXACT points quantiles are exact; of more than LW_RUN_VALUES_MAX values those kept are evenly spaced order
   statistics, which moves a Kolmogorov-Smirnov distance by at most 1 / 8192. The values kept, ascending, lie in `kept`
   (values_n of them). Formulas: moments.h, quantile.h, slope.h. false when memory is out. */
LW_MUST_USE bool lw_summary_make(const struct lw_curve_points *points, struct lw_str metric, enum lw_better better,
                                 bool steps, struct lw_memory *memory, struct lw_scratch *kept,
                                 struct lw_summary *summary, uint32_t *values_n);

/* Of a final value alone, as SageMaker reports it: in single precision. */
struct lw_summary lw_summary_final(double value, bool has_at, int64_t at);

#endif
