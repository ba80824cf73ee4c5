#include "leeway/moments.h"

#include <float.h>
#include <math.h>

/* A sum with the error of its own rounding beside it (Neumaier 1974): *sum + *low is exact to about twice the digits. */
static void sum_add(double *sum, double *low, double value)
{
    const double total = *sum + value;

    *low += fabs(*sum) >= fabs(value) ? (*sum - total) + value : (value - total) + *sum;
    *sum = total;
}

static void extremes_add(struct lw_moments *moments, double min, double max)
{
    if (moments->n == 0 || min < moments->min)
        moments->min = min;
    if (moments->n == 0 || max > moments->max)
        moments->max = max;
}

void lw_moments_add(struct lw_moments *moments, double value)
{
    const double before = (double)moments->n;
    const double n = before + 1.0;
    const double delta = value - moments->mean;
    const double step = delta / n;
    const double square = step * step;
    /* 0 for a first value too, even one above 1e154, whose square is infinite. */
    const double term = moments->n > 0 ? delta * step * before : 0.0;

    extremes_add(moments, value, value);
    sum_add(&moments->sum, &moments->sum_low, value);
    /* The higher moments use the lower ones as they were before. */
    moments->mean += step;
    if (term != 0.0) {
        moments->m4 += term * square * (n * n - 3.0 * n + 3.0) + 6.0 * square * moments->m2 - 4.0 * step * moments->m3;
        moments->m3 += term * step * (n - 2.0) - 3.0 * step * moments->m2;
        moments->m2 += term;
    }
    moments->n++;
}

void lw_moments_merge(struct lw_moments *moments, const struct lw_moments *other)
{
    const struct lw_moments a = *moments;
    const struct lw_moments b = *other;
    const double na = (double)a.n;
    const double nb = (double)b.n;
    const double n = na + nb;
    const double delta = b.mean - a.mean;
    const double step = delta / n;

    if (b.n == 0)
        return;
    if (a.n == 0) {
        *moments = b;
        return;
    }
    extremes_add(moments, b.min, b.max);
    sum_add(&moments->sum, &moments->sum_low, b.sum);
    moments->sum_low += b.sum_low;
    moments->mean = a.mean + step * nb;
    moments->m2 = a.m2 + b.m2 + delta * step * na * nb;
    moments->m3 = a.m3 + b.m3 + delta * step * step * na * nb * (na - nb) + 3.0 * step * (na * b.m2 - nb * a.m2);
    moments->m4 = a.m4 + b.m4 + delta * step * step * step * na * nb * (na * na - na * nb + nb * nb) +
                  6.0 * step * step * (na * na * b.m2 + nb * nb * a.m2) + 4.0 * step * (na * b.m3 - nb * a.m3);
    moments->n = a.n + b.n;
}

bool lw_moments_mean(const struct lw_moments *moments, double *result)
{
    const double n = (double)moments->n;
    const double sum = moments->sum + moments->sum_low;
    double mean = sum / n;

    if (moments->n == 0)
        return false;
    if (isfinite(sum)) {
        /* The quotient is off by what the exact product mean * n misses of the exact sum. */
        const double rest = fma(-mean, n, moments->sum) + moments->sum_low;

        mean += rest / n;
    } else {
        mean = moments->mean; /* the sum has overflowed, the running mean has not */
    }
    if (!isfinite(mean))
        return false;
    *result = fmin(fmax(mean, moments->min), moments->max);
    return true;
}

/* Sums of powers of the deviations. */
struct powers {
    double sums[4], lows[4];
};

static void powers_add(struct powers *powers, double deviation)
{
    double power = deviation;

    for (size_t i = 0; i < 4; i++) {
        sum_add(&powers->sums[i], &powers->lows[i], power);
        power *= deviation;
    }
}

void lw_moments_of(const double *values, size_t n, struct lw_moments *moments)
{
    struct lw_moments found = {.n = 0};
    struct powers powers = {.sums = {0.0}};
    double s[4];
    double off;

    for (size_t i = 0; i < n; i++) {
        extremes_add(&found, values[i], values[i]);
        sum_add(&found.sum, &found.sum_low, values[i]);
        found.n++;
    }
    if (!isfinite(found.sum + found.sum_low)) {
        for (size_t i = 0; i < n; i++)
            found.mean += (values[i] - found.mean) / (double)(i + 1);
    }
    if (lw_moments_mean(&found, &found.mean)) {
        for (size_t i = 0; i < n; i++)
            powers_add(&powers, values[i] - found.mean);
        for (size_t i = 0; i < 4; i++)
            s[i] = powers.sums[i] + powers.lows[i];
        /* The mean is rounded, so the deviations add up to n * off instead of 0; the powers are moved by that. */
        off = s[0] / (double)n;
        found.m2 = s[1] - off * s[0];
        found.m3 = s[2] - 3.0 * off * s[1] + 2.0 * off * off * s[0];
        found.m4 = s[3] - 4.0 * off * s[2] + 6.0 * off * off * s[1] - 3.0 * off * off * off * s[0];
    }
    *moments = found;
}

bool lw_moments_variance(const struct lw_moments *moments, double *result)
{
    const double variance = moments->m2 / ((double)moments->n - 1.0);

    if (moments->n < 2 || (moments->min < moments->max && !isfinite(variance)))
        return false;
    *result = moments->min < moments->max && variance > 0.0 ? variance : 0.0;
    return true;
}

bool lw_moments_stddev(const struct lw_moments *moments, double *result)
{
    double variance;

    if (!lw_moments_variance(moments, &variance))
        return false;
    *result = sqrt(variance);
    return true;
}

/* Whether the values differ enough to have a shape: by more than the unit in which their mean is rounded. */
static bool has_shape(const struct lw_moments *moments)
{
    const double variance = moments->m2 / (double)moments->n;
    const double blur = DBL_EPSILON * moments->mean;

    return moments->min < moments->max && variance > blur * blur;
}

bool lw_moments_skewness(const struct lw_moments *moments, double *result)
{
    const double n = (double)moments->n;
    const double variance = moments->m2 / n;
    const double skewness = moments->m3 / n / (variance * sqrt(variance));

    if (moments->n < 3 || !has_shape(moments) || !isfinite(skewness))
        return false;
    *result = skewness;
    return true;
}

bool lw_moments_kurtosis(const struct lw_moments *moments, double *result)
{
    const double n = (double)moments->n;
    const double variance = moments->m2 / n;
    const double kurtosis = moments->m4 / n / (variance * variance) - 3.0;

    if (moments->n < 4 || !has_shape(moments) || !isfinite(kurtosis))
        return false;
    *result = kurtosis;
    return true;
}
