#include "leeway/arl.h"

#include <math.h>

/* States of the largest chain; the other two have half and a quarter of them. 25/50/100 states are right to about 1e-5
   and find the neighbourhood of a threshold at a twentieth of the cost of 100/200/400. */
#define FINE   400
#define COARSE 100
#define LEVELS 3

static double upper_tail(double x)
{
    return 0.5 * erfc(x * 0.70710678118654752440);
}

/* P(a < Z <= b), from the tails on the side where they are small, so that far cells keep their digits. */
static double between(double a, double b)
{
    return a > 0.0 ? upper_tail(a) - upper_tail(b) : upper_tail(-b) - upper_tail(-a);
}

/* Expected visits to each of n states before the chain leaves them, from state 0: the first row of the inverse of
   I - P, where P is Toeplitz with step probabilities `step[j - i]` (`step` points at the middle of 2n - 1). Levinson's
   recursion for the forward vector of the transposed matrix. I - P is an M-matrix: both vectors stay >= 0 and both
   reflection coefficients <= 0, so that nothing cancels and small probabilities keep their relative accuracy. */
static void count_visits(const double *step, size_t n, double *visits, double *backward)
{
    visits[0] = backward[0] = 1.0 / (1.0 - step[0]);
    for (size_t m = 1; m < n; m++) {
        double ahead = 0.0;
        double behind = 0.0;
        double scale;
        double carried = 0.0;

        for (size_t i = 0; i < m; i++) {
            ahead += step[m - i] * visits[i];
            behind += step[-(ptrdiff_t)(i + 1)] * backward[i];
        }
        scale = 1.0 / (1.0 - ahead * behind);
        visits[m] = backward[m] = 0.0;
        for (size_t i = 0; i <= m; i++) {
            double before = visits[i];
            double shifted = carried;

            carried = backward[i];
            visits[i] = scale * (before + ahead * shifted);
            backward[i] = scale * (shifted + behind * before);
        }
    }
}

/* ARL of the one-sided chain with n states of width w = 2h / (2n - 1), the first one centred on 0. A return to 0 from
   below half a state starts the chart afresh, so ARL = E(steps of an excursion) / P(an excursion ends above h): a
   ratio of sums of positive terms, where solving for the ARL itself loses as many digits as the ARL is long. */
static double chain_run_length(double drift, double h, size_t n, double *workspace)
{
    double w = 2.0 * h / (double)(2 * n - 1);
    double *step = workspace + (n - 1);
    double *visits = workspace + 2 * n;
    double *backward = visits + n;
    double steps = 0.0;
    double signal = 0.0;

    for (ptrdiff_t m = -(ptrdiff_t)n + 1; m < (ptrdiff_t)n; m++) {
        double low = ((double)m - 0.5) * w + drift;

        step[m] = between(low, low + w);
    }
    count_visits(step, n, visits, backward);
    for (size_t i = 0; i < n; i++) {
        steps += visits[i];
        signal += visits[i] * upper_tail(((double)(n - 1 - i) + 0.5) * w + drift);
    }
    return steps / signal;
}

/* Polynomial in w^2 through the logarithms of the three chains, at w = 0 (Neville). The logarithm, because the error of
   a long run length grows like a power of it; the true widths, because doubling the number of states does not quite
   halve 2h / (2n - 1). */
static double one_sided(double drift, double h, size_t states, double *workspace)
{
    double square[LEVELS];
    double value[LEVELS];

    for (size_t level = 0; level < LEVELS; level++) {
        size_t n = states >> (LEVELS - 1 - level);
        double width = 1.0 / (double)(2 * n - 1);

        square[level] = width * width;
        value[level] = log(chain_run_length(drift, h, n, workspace));
    }
    for (size_t gap = 1; gap < LEVELS; gap++) {
        for (size_t i = 0; i + gap < LEVELS; i++) {
            double ratio = square[i + gap] / square[i];

            value[i] = value[i + 1] + (value[i + 1] - value[i]) * ratio / (1.0 - ratio);
        }
    }
    return exp(value[0]);
}

size_t lw_arl_workspace(void)
{
    return LW_ARL_WORKSPACE;
}

_Static_assert(LW_ARL_WORKSPACE == 4 * FINE, "the workspace holds 2n - 1 steps and two vectors of n");

enum lw_err lw_arl_run_length(double k, double h, double shift, enum lw_arl_sides sides, double *workspace, double *arl)
{
    double up;

    if (!isfinite(k) || k < 0.0 || !isfinite(h) || h <= 0.0 || !isfinite(shift))
        return LW_ERR_RANGE;
    up = one_sided(k - shift, h, FINE, workspace);
    if (sides == LW_ARL_TWO_SIDED)
        up = 1.0 / (1.0 / up + 1.0 / one_sided(k + shift, h, FINE, workspace));
    if (!isfinite(up) || up < 1.0)
        return LW_ERR_NUMERIC;
    *arl = up;
    return LW_ERR_OK;
}

/* Siegmund's approximation, solved for h by a few Newton steps on its convex logarithm. It only starts the search. */
static double first_guess(double k, double target)
{
    double b = 1.166;

    for (int i = 0; i < 8; i++) {
        double x = 2.0 * k * b;
        double value = (exp(x) - x - 1.0) / (2.0 * k * k);
        double slope = (exp(x) - 1.0) / k;

        b += (log(target) - log(value)) * value / slope;
        b = fmax(b, 1.166 + 0.05);
    }
    return b - 1.166;
}

/* log ARL is concave or nearly linear in h and increasing; the steps are kept inside (h / 4, 4 h) all the same. */
static enum lw_err search(double k, double target, size_t states, double tolerance, double *workspace, double *h)
{
    double goal = log(target);
    double at = *h;
    double next = at * 1.01;
    double value = log(one_sided(k, at, states, workspace)) - goal;

    for (int i = 0; i < 60; i++) {
        double slope;
        double found = log(one_sided(k, next, states, workspace)) - goal;

        if (!isfinite(found) || next < 1e-6)
            return isfinite(found) ? LW_ERR_RANGE : LW_ERR_NUMERIC;
        if (fabs(found) < tolerance) {
            *h = next;
            return LW_ERR_OK;
        }
        slope = (found - value) / (next - at);
        at = next;
        value = found;
        next = at - value / slope;
        if (!(next > at / 4.0))
            next = at / 4.0;
        if (next > at * 4.0)
            next = at * 4.0;
    }
    return LW_ERR_NUMERIC;
}

enum lw_err lw_arl_threshold(double k, double target, enum lw_arl_sides sides, double *workspace, double *h)
{
    double one = target * (double)sides; /* in control both sides are alike: each has twice the ARL of the pair */
    double found;
    enum lw_err err;

    if (!isfinite(k) || k < 0.1 || !(target >= 2.0) || !(target <= 1e9))
        return LW_ERR_RANGE;
    if (one <= 1.0 / upper_tail(k))
        return LW_ERR_RANGE;
    found = first_guess(k, one);
    err = search(k, one, COARSE, 1e-4, workspace, &found);
    if (err == LW_ERR_OK)
        err = search(k, one, FINE, 1e-9, workspace, &found);
    if (err == LW_ERR_OK)
        *h = found;
    return err;
}

enum lw_err lw_arl_cached_threshold(struct lw_arl_cache *cache, double k, double target, enum lw_arl_sides sides,
                                    double *workspace, double *h)
{
    size_t used = cache->stored < LW_ARL_CACHE_ENTRIES ? (size_t)cache->stored : LW_ARL_CACHE_ENTRIES;
    size_t slot;
    double found;
    enum lw_err err;

    for (size_t i = 0; i < used; i++) {
        if (cache->entry[i].k == k && cache->entry[i].target == target && cache->entry[i].sides == (int64_t)sides) {
            *h = cache->entry[i].h;
            return LW_ERR_OK;
        }
    }
    err = lw_arl_threshold(k, target, sides, workspace, &found);
    if (err != LW_ERR_OK)
        return err;
    slot = (size_t)(cache->stored++ % LW_ARL_CACHE_ENTRIES);
    cache->entry[slot].k = k;
    cache->entry[slot].target = target;
    cache->entry[slot].sides = (int64_t)sides;
    cache->entry[slot].h = found;
    *h = found;
    return LW_ERR_OK;
}
