/* Mean, spread and shape of values: one by one, merged from parts, or over an array in two passes. */
#ifndef LEEWAY_MOMENTS_H
#define LEEWAY_MOMENTS_H

#include "leeway/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A flat state; all zero bytes are the empty one. Read it through the functions below. m2, m3, m4 are the sums of the
   powers of (value - mean); sum + sum_low is the compensated sum of the values. */
struct lw_moments {
    uint64_t n;
    double mean, m2, m3, m4;
    double sum, sum_low;
    double min, max; /* 0 while n is 0 */
};

/* Takes one finite value. Welford 1962; the third and fourth moment as in Pebay 2008, SAND2008-6212, equations 1.6 and
   following. The result depends on the order of the values in its last digits. */
LW_API void lw_moments_add(struct lw_moments *moments, double value);

/* As if the values behind `other` had been added too (Pebay 2008, pairwise update). */
LW_API void lw_moments_merge(struct lw_moments *moments, const struct lw_moments *other);

/* The moments of values[0..n), finite, in two passes: first the compensated mean, then the powers of the deviations,
   each sum corrected for the rounding of the mean. More exact than adding one by one where the mean is great against
   the spread, and the same bits for the same array. */
LW_API void lw_moments_of(const double *values, size_t n, struct lw_moments *moments);

/* The functions below return false, and leave `result` alone, where the number is not known or would not be finite. */

/* From 1 value on. Correctly rounded in all but extreme cases; the mean of equal values is that value. */
LW_API LW_MUST_USE bool lw_moments_mean(const struct lw_moments *moments, double *result);

/* Of a sample: divided by n - 1. From 2 values on; exactly 0 for equal values. */
LW_API LW_MUST_USE bool lw_moments_variance(const struct lw_moments *moments, double *result);
LW_API LW_MUST_USE bool lw_moments_stddev(const struct lw_moments *moments, double *result);

/* g1 = (m3/n) / (m2/n)^1.5, as scipy.stats.skew with its default, not corrected for bias. From 3 values on, and only
   where the values differ by more than the rounding of their mean. */
LW_API LW_MUST_USE bool lw_moments_skewness(const struct lw_moments *moments, double *result);

/* Excess: g2 = (m4/n) / (m2/n)^2 - 3, as scipy.stats.kurtosis with its default. From 4 values on, else as above. */
LW_API LW_MUST_USE bool lw_moments_kurtosis(const struct lw_moments *moments, double *result);

#endif
