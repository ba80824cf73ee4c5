#include "leeway/slope.h"

#include <math.h>

_Static_assert(sizeof(lw_time) == sizeof(int64_t), "a time is a number of milliseconds and nothing else");

/* Relative to the first one; exact below 2^53, as all times are. */
static double since(const int64_t *at, size_t i)
{
    return (double)at[i] - (double)at[0];
}

static bool slope(const int64_t *at, const double *values, size_t n, double *result)
{
    double mean_time = 0.0;
    double mean_value = 0.0;
    double along = 0.0;
    double spread = 0.0;

    for (size_t i = 0; i < n; i++) {
        mean_time += (since(at, i) - mean_time) / (double)(i + 1);
        mean_value += (values[i] - mean_value) / (double)(i + 1);
    }
    for (size_t i = 0; i < n; i++) {
        const double time = since(at, i) - mean_time;

        along += time * (values[i] - mean_value);
        spread += time * time;
    }
    if (n < 2 || !(spread > 0.0) || !isfinite(along / spread))
        return false;
    *result = along / spread;
    return true;
}

bool lw_slope_per_step(const int64_t *steps, const double *values, size_t n, double *per_step)
{
    return slope(steps, values, n, per_step);
}

bool lw_slope_per_hour(const lw_time *times, const double *values, size_t n, double *per_hour)
{
    double per_ms;

    if (n < 2 || !slope((const int64_t *)(const void *)times, values, n, &per_ms) ||
        !isfinite(per_ms * (double)LW_HOUR))
        return false;
    *per_hour = per_ms * (double)LW_HOUR;
    return true;
}

enum lw_trend lw_slope_trend(const double *values, size_t n)
{
    bool rises = false;
    bool falls = false;

    if (n < 2)
        return LW_TREND_NONE;
    for (size_t i = 1; i < n; i++) {
        rises |= values[i] > values[i - 1];
        falls |= values[i] < values[i - 1];
    }
    if (rises && falls)
        return LW_TREND_NONE;
    if (rises)
        return LW_TREND_UP;
    return falls ? LW_TREND_DOWN : LW_TREND_FLAT;
}
