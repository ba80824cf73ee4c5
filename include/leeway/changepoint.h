/* Where in a series of values a change of level is most likely, and whether it is too large to be chance: the t
   change-point model (Hawkins, Qiu & Kang 2003, Journal of Quality Technology 35:355-366). */
#ifndef LEEWAY_CHANGEPOINT_H
#define LEEWAY_CHANGEPOINT_H

#include "leeway/err.h"

#include <stddef.h>

/* The chart looks at splits that leave at least two values on each side, so that one odd value is no change of level;
   it begins with the fourth value, which is the first to have such a split. */
#define LW_CHANGEPOINT_LEAST 2
#define LW_CHANGEPOINT_FIRST 4

enum lw_changepoint_side {
    LW_CHANGEPOINT_EITHER,
    LW_CHANGEPOINT_UP,  /* only changes after which the values are higher */
    LW_CHANGEPOINT_DOWN /* only changes after which they are lower */
};

struct lw_changepoint {
    size_t split; /* values before the change: the index of the first value after it */
    double t;     /* two-sample t, positive when the values after it are higher; at most 1e9 in size */
    double score; /* normal score of t with n - 2 degrees of freedom, clamped to +-8: comparable over all n */
};

/* The split of `x[0..n-1]` (finite; in time order, transformed, from the beginning of the reference on) with the largest
   t on the given side; the earliest of equals.
       t = (mean after - mean before) / (s sqrt(1/j + 1/(n-j))), s = max(pooled standard deviation, scale_floor)
   `least` >= 1 is the smallest number of values on each side: LW_CHANGEPOINT_LEAST for the chart, 1 for dating a change
   that another chart has found (it may have begun with the last value). On one side only, t may be negative when all
   differences go the other way. When s is 0, equal means have t = 0 and all others +-1e9. O(n).

   LW_ERR_RANGE: n < 3, n < 2 * least, or least = 0. */
LW_API LW_MUST_USE enum lw_err lw_changepoint_best(const double *x, size_t n, size_t least, double scale_floor,
                                                   enum lw_changepoint_side side, struct lw_changepoint *best);

/* What need not be added up anew for a line that only grows: the sum of its first n differences from x[0]. Zeroed: nothing
   is known. */
struct lw_changepoint_sum {
    size_t n;
    double sum;
};

/* The same, bit for bit; what is added up is left in `known`, for the next look at this line, when it has grown. Where one
   of the first known->n values has changed since, `known` must be zeroed before.
   LW_ERR_RANGE too when the line is shorter than what is known of it. */
LW_API LW_MUST_USE enum lw_err lw_changepoint_best_of(const double *x, size_t n, size_t least, double scale_floor,
                                                      enum lw_changepoint_side side, struct lw_changepoint_sum *known,
                                                      struct lw_changepoint *best);

/* The threshold for |score| (EITHER, LW_CHANGEPOINT_LEAST) at the n-th value, n >= LW_CHANGEPOINT_FIRST, that gives the
   constant `hazard`: P(alarm at n | none before n) = hazard, so that the run length to a false alarm is geometric. The
   caller looks at every n; after an alarm n counts anew from the beginning of the new reference.

   From a table for hazards between 1/50 and 1/51200 and n up to 300, made by simulation (bench/changepoint_table.c; its
   Monte Carlo error stands in models/changepoint_table.c). Measured with another generator, 20 million looks each
   (bench/changepoint.c): one alarm per 60.0 +- 0.1 where 60 was asked for, 368.1 +- 1.6 (370), 1482 +- 13 (1480),
   2918 +- 35 (2960), 5826 +- 99 (5920), 39063 +- 1726 (40000). Between its points the square of the threshold is linear in
   log hazard, the threshold in log n. Beyond the table the answer errs to fewer alarms: larger hazards get the threshold
   of 1/50, smaller ones the steepest tail a normal score can have, n >= 300 the larger of the last two rows.

   LW_ERR_RANGE: n too small, or a hazard outside of (0, 1). */
LW_API LW_MUST_USE enum lw_err lw_changepoint_threshold(size_t n, double hazard, double *threshold);

#endif
