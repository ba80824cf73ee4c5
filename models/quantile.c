#include "leeway/quantile.h"

#include <math.h>

bool lw_quantile_sorted(const double *values, size_t n, double p, double *result)
{
    double at, share, low, high, between;

    if (n == 0 || !(p >= 0.0 && p <= 1.0))
        return false;
    at = (double)(n - 1) * p;
    low = values[(size_t)at];
    high = (size_t)at + 1 < n ? values[(size_t)at + 1] : low;
    share = at - floor(at);
    /* Two products do not overflow where the difference of two values would. */
    between = (1.0 - share) * low + share * high;
    *result = fmin(fmax(between, low), high);
    return true;
}
