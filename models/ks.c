#include "leeway/ks.h"

#include <math.h>

#define PI         3.14159265358979323846
#define SIZE_LIMIT ((uint64_t)1 << 60)

/* From here on log C(m+n, n) is taken from Stirling's series instead of a product of n factors. */
#define PRODUCT_MAX 4096

static enum lw_err lcm_of(size_t m, size_t n, uint64_t *a, uint64_t *b)
{
    uint64_t g = m;
    uint64_t lcm;

    for (uint64_t rest = n; rest != 0;) {
        uint64_t next = g % rest;

        g = rest;
        rest = next;
    }
    if (m == 0 || n == 0 || __builtin_mul_overflow(m / g, n, &lcm) || lcm > SIZE_LIMIT)
        return LW_ERR_RANGE;
    *a = n / g;
    *b = m / g;
    return LW_ERR_OK;
}

/* Goes over the values from `from` on that are equal to the one there. False when the order is broken. */
static bool pass_block(const double *values, size_t n, size_t *from)
{
    const double value = values[*from];
    size_t i = *from + 1;

    for (; i < n && values[i] <= value; i++) {
        if (values[i] < value)
            return false;
    }
    *from = i;
    return !isnan(value) && (i >= n || !isnan(values[i]));
}

/* One block of equal values of the pool: *i and *j go behind it. */
static bool pass_value(const double *x, size_t m, const double *y, size_t n, size_t *i, size_t *j)
{
    const bool of_x = *j >= n || (*i < m && x[*i] <= y[*j]);
    const bool of_y = *i >= m || (*j < n && y[*j] <= x[*i]);

    return (of_x || of_y) && (!of_x || pass_block(x, m, i)) && (!of_y || pass_block(y, n, j));
}

enum lw_err lw_ks_distance(const double *x, size_t m, const double *y, size_t n, struct lw_ks_distance *distance)
{
    struct lw_ks_distance found = {.m = m, .n = n};
    uint64_t a, b;
    size_t i = 0;
    size_t j = 0;
    enum lw_err err = lcm_of(m, n, &a, &b);

    if (err != LW_ERR_OK)
        return err;
    while (i < m || j < n) {
        size_t before = i + j;
        uint64_t of_x, of_y;

        if (!pass_value(x, m, y, n, &i, &j))
            return LW_ERR_USAGE;
        of_x = i * a;
        of_y = j * b;
        found.ties |= i + j > before + 1;
        found.x_below |= i + j == m;
        found.y_below |= i + j == n;
        if (of_x > of_y && of_x - of_y > found.plus)
            found.plus = of_x - of_y;
        if (of_y > of_x && of_y - of_x > found.minus)
            found.minus = of_y - of_x;
    }
    found.lcm = m * a;
    found.two_sided = found.plus > found.minus ? found.plus : found.minus;
    found.d_plus = (double)found.plus / (double)found.lcm;
    found.d_minus = (double)found.minus / (double)found.lcm;
    found.d = (double)found.two_sided / (double)found.lcm;
    *distance = found;
    return LW_ERR_OK;
}

uint64_t lw_ks_statistic(const struct lw_ks_distance *distance, enum lw_ks_side side)
{
    switch (side) {
    case LW_KS_TWO_SIDED:
        return distance->two_sided;
    case LW_KS_GREATER:
        return distance->plus;
    case LW_KS_LESS:
        return distance->minus;
    }
    return distance->two_sided;
}

/* Kolmogorov's distribution from above: 2 sum (-1)^(j-1) exp(-2 j^2 lambda^2), which converges fast for a great lambda;
   below 1.18 the complement of sqrt(2 pi)/lambda sum exp(-(2j-1)^2 pi^2 / (8 lambda^2)) does. */
static struct lw_pvalue kolmogorov(double lambda)
{
    struct lw_pvalue p = {.method = LW_P_ASYMPTOTIC};
    double sum = 0.0;

    if (lambda < 1.18) {
        for (int j = 5; j >= 1 && lambda > 0.0; j--)
            sum += exp(-(2 * j - 1) * (2 * j - 1) * PI * PI / (8.0 * lambda * lambda));
        p.p = lambda > 0.0 ? 1.0 - sqrt(2.0 * PI) / lambda * sum : 1.0;
        p.log_p = log(p.p);
        return p;
    }
    for (int j = 5; j >= 1; j--)
        sum = exp(-2.0 * (2 * j + 1) * lambda * lambda) * (1.0 - sum);
    p.log_p = log(2.0) - 2.0 * lambda * lambda + log1p(-sum);
    p.p = exp(p.log_p);
    return p;
}

enum lw_err lw_ks_asymptotic(size_t m, size_t n, uint64_t k, enum lw_ks_side side, struct lw_pvalue *p)
{
    uint64_t a, b;
    double lambda;
    enum lw_err err = lcm_of(m, n, &a, &b);

    if (err != LW_ERR_OK)
        return err;
    if (k > m * a)
        return LW_ERR_RANGE;
    lambda = (double)k / (double)(m * a) * sqrt((double)m * (double)n / ((double)m + (double)n));
    if (side == LW_KS_TWO_SIDED)
        *p = kolmogorov(lambda);
    else
        *p = (struct lw_pvalue){exp(-2.0 * lambda * lambda), -2.0 * lambda * lambda, LW_P_ASYMPTOTIC};
    return LW_ERR_OK;
}

/* log(z!) for a great z: Stirling with two terms, error below 1/(1260 z^5). */
static double log_factorial(double z)
{
    return z * log(z) - z + 0.5 * log(2.0 * PI * z) + 1.0 / (12.0 * z) - 1.0 / (360.0 * z * z * z);
}

enum lw_err lw_ks_attainable(size_t m, size_t n, enum lw_ks_side side, struct lw_pvalue *p)
{
    const double lesser = (double)(m < n ? m : n);
    const double greater = (double)(m < n ? n : m);
    double product = side == LW_KS_TWO_SIDED ? 2.0 : 1.0;
    double log_p = 0.0;
    uint64_t a, b;
    enum lw_err err = lcm_of(m, n, &a, &b);

    if (err != LW_ERR_OK)
        return err;
    if (lesser > PRODUCT_MAX) {
        log_p = log_factorial(lesser) + log_factorial(greater) - log_factorial(lesser + greater);
    } else {
        for (double i = 1.0; i <= lesser; i += 1.0) {
            product *= i / (greater + i);
            if (product < 1e-250) { /* put aside before it underflows */
                log_p += log(product);
                product = 1.0;
            }
        }
    }
    *p = (struct lw_pvalue){.p = log_p == 0.0 ? product : 0.0, .log_p = log_p + log(product), .method = LW_P_EXACT};
    if (log_p != 0.0)
        p->p = exp(p->log_p);
    return LW_ERR_OK;
}

/* Whether the exact p is cheap enough. Most samples are so small that nobody needs to count. */
static enum lw_err affordable(const double *x, size_t m, const double *y, size_t n, uint64_t k, enum lw_ks_side side,
                              bool *yes)
{
    uint64_t cells = 0;
    enum lw_err err = LW_ERR_OK;

    if (__builtin_mul_overflow(m + 1, n + 1, &cells) || cells > LW_KS_CELLS_MAX)
        err = lw_ks_exact_cells(x, m, y, n, k, side, &cells);
    *yes = cells <= LW_KS_CELLS_MAX;
    return err;
}

static void halve(struct lw_pvalue *p)
{
    p->p *= 0.5;
    p->log_p -= log(2.0);
}

enum lw_err lw_ks_two_sample(const double *x, size_t m, const double *y, size_t n, enum lw_ks_side side, double *work,
                             size_t work_n, struct lw_ks_result *result)
{
    struct lw_ks_result found;
    uint64_t k;
    bool exact;
    enum lw_err err = lw_ks_distance(x, m, y, n, &found.distance);

    if (err == LW_ERR_OK)
        err = lw_ks_attainable(m, n, side, &found.attainable);
    if (err != LW_ERR_OK)
        return err;
    k = lw_ks_statistic(&found.distance, side);
    if (!found.distance.ties)
        x = y = NULL;
    found.statistic = (double)k / (double)found.distance.lcm;
    if (side == LW_KS_TWO_SIDED && found.distance.x_below != found.distance.y_below)
        halve(&found.attainable);
    err = affordable(x, m, y, n, k, side, &exact);
    if (err != LW_ERR_OK)
        return err;
    if (!exact)
        err = lw_ks_asymptotic(m, n, k, side, &found.p);
    else if (found.distance.ties)
        err = lw_ks_exact_tied(x, m, y, n, k, side, work, work_n, &found.p);
    else
        err = lw_ks_exact(m, n, k, side, work, work_n, &found.p);
    if (err != LW_ERR_OK)
        return err;
    *result = found;
    return LW_ERR_OK;
}
