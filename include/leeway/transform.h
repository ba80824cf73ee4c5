/* The scale on which a run-level series is charted, and the smallest spread that is believed on it. */
#ifndef LEEWAY_TRANSFORM_H
#define LEEWAY_TRANSFORM_H

#include "leeway/err.h"
#include "leeway/meaning.h"

#include <stdbool.h>
#include <stddef.h>

/* Fixed by the first value of a series and kept; the numbers are saved in states and do not change. */
enum lw_transform {
    LW_TRANSFORM_IDENTITY = 0,
    LW_TRANSFORM_LOG = 1,    /* losses; values below LW_TRANSFORM_LOG_LEAST are clipped to it */
    LW_TRANSFORM_LOGIT = 2,  /* rates; values are clipped to [1e-4, 1 - 1e-4] */
    LW_TRANSFORM_SECONDS = 3 /* log of durations, gaps (s) and costs; values below 1 are clipped to it */
};

#define LW_TRANSFORM_LOGIT_LEAST 1e-4
#define LW_TRANSFORM_LOG_LEAST   1e-9

/* For a metric, from its meaning and the first value of the series: a rate in [0, 1] gets LOGIT, a loss > 0 gets LOG,
   everything else IDENTITY (also an accuracy in percent, and DeepAR's loss that is negative from the start). Durations,
   gaps and costs are no metrics: they get LW_TRANSFORM_SECONDS by what they are. */
LW_API enum lw_transform lw_transform_choose(enum lw_meaning_scale scale, double first);

/* `value` on the charted scale. `*clipped` (may be NULL) tells whether it had to be moved into the domain. `value` is
   finite (assert); the result is too. */
LW_API double lw_transform_apply(enum lw_transform transform, double value, bool *clipped);

/* Back to the user's units. The inverse of the above for values that were not clipped. */
LW_API double lw_transform_invert(enum lw_transform transform, double charted);

/* Smallest spreads in the user's units. A difference of two stamps rounded to the minute has the standard deviation
   60 / sqrt(12) * sqrt(2) = 24.5 s; a whole number of seconds 1 / sqrt(12) = 0.29 s; a value rounded to a decimal step
   has step / sqrt(12). */
#define LW_TRANSFORM_MINUTE_STAMPS 24.5
#define LW_TRANSFORM_WHOLE_SECONDS 0.29
LW_API double lw_transform_rounding(double step);

/* The scale floor on the charted scale: `rounding` (>= 0, user's units), at least 1e-9 |mean|, times the slope of the
   transform at the mean, since a small spread r at m becomes r * |f'(m)|: r for IDENTITY, r / m for the logarithms,
   r / (m (1 - m)) for LOGIT. `charted_mean` is the mean of the charted values, so m is the geometric mean of a
   logarithmic series; it lies inside of the domain by construction. */
LW_API double lw_transform_floor(enum lw_transform transform, double charted_mean, double rounding);

/* The decimal step of a number: the unit of the last digit of its shortest representation that reads back the same,
   1 for every whole number (0.9712 -> 1e-4, 12.50 -> 0.1, 300 -> 1). The step of a series is the least over its values.
   Numbers with more than 15 digits have no step worth the name and give one so small that the floor of 1e-9 |mean|
   rules. `value` is finite (assert). */
LW_API double lw_transform_step(double value);

#endif
