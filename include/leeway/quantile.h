/* Quantiles of sorted values. */
#ifndef LEEWAY_QUANTILE_H
#define LEEWAY_QUANTILE_H

#include "leeway/err.h"

#include <stdbool.h>
#include <stddef.h>

/* The p-quantile of values[0..n), ascending and finite: type 7 of Hyndman & Fan 1996 (the default of R and NumPy), which
   interpolates linearly at (n - 1) p. Never outside of the two values between which it lies, and does not fall when p
   rises. False, and `result` left alone, where n is 0 or p is not in [0, 1]. */
LW_API LW_MUST_USE bool lw_quantile_sorted(const double *values, size_t n, double p, double *result);

#endif
