/* The two-sided Kolmogorov-Smirnov test where one sample is a handful of values and both fit 64 bits: the same numbers as
   leeway/ks.h, bit for bit, many times faster. For the look at the level of every metric after every run. */
#ifndef LEEWAY_KS_FEW_H
#define LEEWAY_KS_FEW_H

#include "leeway/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LW_KS_FEW_X    5  /* values of x, at most */
#define LW_KS_FEW_POOL 63 /* of both */

/* How the values of two samples lie to each other: all that the p-value hangs on. */
struct lw_ks_few {
    uint32_t m, n;
    uint32_t two_sided, lcm; /* D = two_sided / lcm, the least common multiple of m and n */
    uint64_t ends;           /* bit s - 1: the s-th value of the pool in ascending order is below the next one */
    bool ties;
    bool x_below, y_below; /* with these ties a deal could have had all of x below all of y; all of y below all of x */
};

/* Compares x[0..m) with y[0..n), both ascending.
   LW_ERR_RANGE: a sample is empty, m > LW_KS_FEW_X or m >= n, or m + n > LW_KS_FEW_POOL. LW_ERR_USAGE: the values do not
   ascend, or hold a NaN. */
LW_API LW_MUST_USE enum lw_err lw_ks_few_compare(const double *x, size_t m, const double *y, size_t n,
                                                 struct lw_ks_few *few);

/* The exact p-value, as the walk of lw_ks_exact_tied() gives it. */
LW_API double lw_ks_few_p(const struct lw_ks_few *few);

#endif
