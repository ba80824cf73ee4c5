#include "leeway/transform.h"

#include <assert.h>
#include <math.h>

enum lw_transform lw_transform_choose(enum lw_meaning_scale scale, double first)
{
    if (scale == LW_MEANING_RATE && first >= 0.0 && first <= 1.0)
        return LW_TRANSFORM_LOGIT;
    if (scale == LW_MEANING_LOSS && first > 0.0)
        return LW_TRANSFORM_LOG;
    return LW_TRANSFORM_IDENTITY;
}

static double clip(enum lw_transform transform, double value)
{
    switch (transform) {
    case LW_TRANSFORM_IDENTITY:
        return value;
    case LW_TRANSFORM_LOG:
        return fmax(value, LW_TRANSFORM_LOG_LEAST);
    case LW_TRANSFORM_LOGIT:
        return fmin(fmax(value, LW_TRANSFORM_LOGIT_LEAST), 1.0 - LW_TRANSFORM_LOGIT_LEAST);
    case LW_TRANSFORM_SECONDS:
        return fmax(value, 1.0);
    }
    return value;
}

double lw_transform_apply(enum lw_transform transform, double value, bool *clipped)
{
    double inside = clip(transform, value);

    assert(isfinite(value));
    if (clipped != NULL)
        *clipped = inside != value;
    switch (transform) {
    case LW_TRANSFORM_IDENTITY:
        return inside;
    case LW_TRANSFORM_LOG:
    case LW_TRANSFORM_SECONDS:
        return log(inside);
    case LW_TRANSFORM_LOGIT:
        return log(inside / (1.0 - inside));
    }
    return inside;
}

double lw_transform_invert(enum lw_transform transform, double charted)
{
    switch (transform) {
    case LW_TRANSFORM_IDENTITY:
        return charted;
    case LW_TRANSFORM_LOG:
    case LW_TRANSFORM_SECONDS:
        return exp(charted);
    case LW_TRANSFORM_LOGIT:
        return 1.0 / (1.0 + exp(-charted));
    }
    return charted;
}

double lw_transform_rounding(double step)
{
    return step / sqrt(12.0);
}

double lw_transform_floor(enum lw_transform transform, double charted_mean, double rounding)
{
    double mean = lw_transform_invert(transform, charted_mean);
    double least = fmax(rounding, 1e-9 * fabs(mean));

    switch (transform) {
    case LW_TRANSFORM_IDENTITY:
        return least;
    case LW_TRANSFORM_LOG:
    case LW_TRANSFORM_SECONDS:
        return least / mean;
    case LW_TRANSFORM_LOGIT:
        return least / (mean * (1.0 - mean));
    }
    return least;
}

/* r / 10^d with whole r < 2^53 and d <= 22 is the correctly rounded value of that decimal, so equality means that the
   decimal reads back as the number; the first d for which it holds gives the shortest one. */
double lw_transform_step(double value)
{
    double power = 1.0;

    assert(isfinite(value));
    for (int digits = 0; digits <= 22; digits++, power *= 10.0) {
        double whole = round(value * power);

        if (whole / power == value || fabs(whole) >= 1e15)
            break;
    }
    return 1.0 / fmin(power, 1e22);
}
