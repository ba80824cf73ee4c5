/* The course of values over time: slope, and whether they only rise or only fall. */
#ifndef LEEWAY_SLOPE_H
#define LEEWAY_SLOPE_H

#include "leeway/err.h"
#include "leeway/run.h"
#include "leeway/time.h"

#include <stdbool.h>
#include <stddef.h>

/* Least-squares slope of values[0..n), finite, over their times, per hour; in two passes, so that a great time or value
   costs no digits. The times may come in any order. False, and `per_hour` left alone, where all times are the same
   (or n < 2), or the slope is not finite. */
LW_API LW_MUST_USE bool lw_slope_per_hour(const lw_time *times, const double *values, size_t n, double *per_hour);

/* The same over the steps of a run without clock, per step. */
LW_API LW_MUST_USE bool lw_slope_per_step(const int64_t *steps, const double *values, size_t n, double *per_step);

/* Whether values[0..n), in order of time, never fall and rise somewhere (UP), the other way round (DOWN), stay the same
   (FLAT), or go both ways (NONE, also below 2 values). */
LW_API enum lw_trend lw_slope_trend(const double *values, size_t n);

#endif
