/* Which series the AWS CLI's answers speak of: a label, completed by what the user says. */
#ifndef LEEWAY_ENGINE_DECODE_AWS_SERIES_H
#define LEEWAY_ENGINE_DECODE_AWS_SERIES_H

#include "engine/decode/format.h"

/* One series: `point` carries origin, model, run, metric and flags; `known` is the one statistic of its values. */
struct lw_series {
    struct lw_point point;
    enum lw_known known;
    bool good; /* else why not: */
    enum lw_reject reason;
    char detail[LW_EMIT_DETAIL];
};

/* The statistic of that name (Average, Sum, Minimum, Maximum, SampleCount; in any case); false when it is none of these. */
bool lw_series_statistic(struct lw_str name, enum lw_known *known);

/* A label of get-metric-data:
   - `job/metric/statistic` names all three, and what the user says does not change it; `job/algo-1/metric/statistic` is a
     metric of the instance;
   - `metric/statistic` and `metric statistic` (as CloudWatch labels several statistics of one metric): the run is the
     user's;
   - anything else is the name of the metric; the statistic is the user's, or Average.
   --metric replaces a metric that came from one of the latter two. A series without a run is not good: NO_RUN. */
LW_MUST_USE enum lw_err lw_series_of_label(struct lw_emit *emit, struct lw_str label, struct lw_series *series,
                                           struct lw_fault *fault);
/* The series of a metric whose run is the user's; `metric` may be empty when --metric names it. Its statistics are known
   per value. */
LW_MUST_USE enum lw_err lw_series_of_metric(struct lw_emit *emit, struct lw_str metric, struct lw_series *series,
                                            struct lw_fault *fault);

/* The member of a point that one statistic is. */
void lw_series_set(struct lw_point *point, enum lw_known known, double value);

#endif
