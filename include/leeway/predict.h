/* What the next gap between runs may be, given those seen: the log-normal predictive distribution (Student t on the log
   scale, the mean and spread being estimates). */
#ifndef LEEWAY_PREDICT_H
#define LEEWAY_PREDICT_H

#include "leeway/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Moments of the logarithms of positive values, the unit of which is the caller's (all functions answer in it). */
struct lw_predict {
    uint64_t n;  /* values seen */
    double mean; /* of their logarithms */
    double sd;   /* of their logarithms, with n - 1; the caller has applied the scale floor: max(sd, floor) */
};

/* Moments of `n` logarithms (two passes) with a floor >= 0 under the standard deviation. sd is the floor for n < 2. */
LW_API struct lw_predict lw_predict_from_logs(const double *logs, size_t n, double scale_floor);

/* The value that the next one exceeds with probability `tail`, 0 < tail < 1:
       exp(mean + t_{1-tail, n-1} * sd * sqrt(1 + 1/n))
   the predictive of a normal sample with unknown mean and variance (Hahn & Meeker, Statistical Intervals, section 4.8),
   on the log scale. LW_ERR_RANGE for n < 2 or a tail outside of (0, 1). The answer may be infinite for n = 2, where
   the distribution has tails like Cauchy's: compare before converting to a time. */
LW_API LW_MUST_USE enum lw_err lw_predict_deadline(const struct lw_predict *seen, double tail, double *deadline);

/* Probability that the next value is at most / more than `value` (> 0), each computed in its own tail. When sd is 0 they
   are 0 or 1 (a value equal to exp(mean) is at most it). LW_ERR_RANGE for n < 2 or value <= 0. */
LW_API LW_MUST_USE enum lw_err lw_predict_tails(const struct lw_predict *seen, double value, double *at_most,
                                                double *more);

/* The lesser of these two, bit for bit, at less cost; `*above`: it is the probability of more. Same errors. */
LW_API LW_MUST_USE enum lw_err lw_predict_lesser_tail(const struct lw_predict *seen, double value, double *p,
                                                      bool *above);

/* Coefficient of variation (standard deviation with n - 1, over the mean) of `n` values as they are, not logarithms.
   Under 0.3 a schedule, about 1 random arrivals, over 1.3 bursts. LW_ERR_RANGE for n < 2 or a mean <= 0. */
LW_API LW_MUST_USE enum lw_err lw_predict_variation(const double *values, size_t n, double *variation);

#endif
