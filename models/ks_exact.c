#include "leeway/ks.h"

#include <assert.h>
#include <math.h>

/* The p-value as a walk over the lattice. Dealing m + n pooled values out to x and y is a path from (0, 0) to (m, n);
   after i values of x and j of y, the difference of the two distribution functions is d = i*a - j*b in units of
   1/lcm, a = n/g, b = m/g, g = gcd(m, n). With u[i][j] = P(d was extreme somewhere before | the path passes (i, j)):

       u[i][j] = 1                                          where d is extreme and i + j ends a block of ties
               = i/(i+j) u[i-1][j] + j/(i+j) u[i][j-1]      elsewhere;  u[0][0] = 0;  p = u[m][n]

   It is walked by anti-diagonals s = i + j: the divisor is the same for the whole diagonal, the diagonal can be updated
   in place, and neighbouring cells do not wait for each other. A cell is kept at q = n - j, so that the update reads
   v[q] (the same j, i-1) and v[q+1] (j-1) and writes v[q], in ascending order. Outside of the band of cells that are not
   extreme, u is 1; only the band is visited. Without ties it is cut on every diagonal, with ties only where a block
   ends; in between it grows by a cell per diagonal at the side of small q and stays at the other. */

/* One-sided, the band has an edge on one side only. The other side is cut too, where u counts as 0: a path that was
   extreme and then went lambda = 6 the other way. Given that it was extreme, that has a probability of at most about
   e^(-2 * 36) = 5e-32 (the bound of Dvoretzky, Kiefer and Wolfowitz for the rest of the path, whatever the ties), and
   this is the relative error that the cut can make. */
#define CUT_LAMBDA 6.0

/* Plain doubles serve down to here; cells below TINY_CELL are set to 0, because denormal numbers are slow, and cannot
   matter to a p above TINY_P. Below TINY_P the walk is made again with an exponent beside each cell. */
#define TINY_CELL  1e-290
#define TINY_P     1e-250
#define TINY_LOG_P (-650.0) /* of the asymptotic p: the first attempt is not even made */

#define SIZE_LIMIT ((uint64_t)1 << 60)

/* In the walk with exponents a cell is v * 2^(-512 e), v in [2^-256, 2^256) or 0. */
#define STEP_UP     0x1p512
#define STEP_DOWN   0x1p-512
#define STEP_LOG    (512.0 * 0.693147180559945309417)
#define NO_EXPONENT 1e18 /* of a zero: greater than any other */

struct band {
    uint64_t m, n;
    int64_t a, b;
    int64_t upper, lower;    /* cells with d >= upper or d <= -lower are outside */
    double above, below;     /* u of the cells outside: 1, or 0 beyond the cut */
    uint64_t s;              /* the diagonal */
    int64_t j_first, j_last; /* the least j with d < upper, the greatest with d > -lower, on this diagonal */
    int64_t d_first, d_last; /* d there */
    size_t first, last;      /* cells q of this diagonal that are not known to be outside */
    size_t stale;            /* cells [stale, first) lay inside before this diagonal */
    bool cut;                /* cell last + 1 is outside, not beyond the lattice */
};

/* Pooled values in ascending order, to see where blocks of ties end. */
struct pool {
    const double *x, *y; /* NULL: no ties */
    size_t m, n;
    size_t i, j;
};

/* Takes one value out of the pool; true when no further one is equal to it. */
static bool pool_ends_block(struct pool *pool)
{
    double value;

    if (pool->x == NULL)
        return true;
    if (pool->j >= pool->n || (pool->i < pool->m && pool->x[pool->i] <= pool->y[pool->j]))
        value = pool->x[pool->i++];
    else
        value = pool->y[pool->j++];
    return !(pool->i < pool->m && pool->x[pool->i] == value) && !(pool->j < pool->n && pool->y[pool->j] == value);
}

static uint64_t gcd(uint64_t a, uint64_t b)
{
    while (b != 0) {
        uint64_t rest = a % b;

        a = b;
        b = rest;
    }
    return a;
}

/* m >= n, lcm checked, 0 < k <= lcm. */
static void band_begin(struct band *band, uint64_t m, uint64_t n, uint64_t k, enum lw_ks_side side)
{
    uint64_t g = gcd(m, n);
    uint64_t lcm = m / g * n;
    double far = ceil(CUT_LAMBDA * sqrt((double)(m + n) / ((double)m * (double)n)) * (double)lcm);
    int64_t beyond = far > (double)lcm ? (int64_t)lcm + 1 : (int64_t)far;

    *band = (struct band){.m = m, .n = n, .a = (int64_t)(n / g), .b = (int64_t)(m / g), .first = n, .last = n};
    band->upper = side == LW_KS_LESS ? beyond : (int64_t)k;
    band->lower = side == LW_KS_GREATER ? beyond : (int64_t)k;
    band->above = side == LW_KS_LESS ? 0.0 : 1.0;
    band->below = side == LW_KS_GREATER ? 0.0 : 1.0;
    band->stale = n;
}

/* Goes to the next diagonal; false when nothing of it is inside. */
static bool band_next(struct band *band, bool ends_block)
{
    const int64_t step = band->a + band->b;
    size_t first = band->first > 0 ? band->first - 1 : 0;
    size_t last = band->last;

    band->s++;
    band->d_first += band->a;
    band->d_last += band->a;
    for (; band->d_first >= band->upper; band->d_first -= step)
        band->j_first++;
    for (; band->j_last < (int64_t)band->n && band->d_last - step > -band->lower; band->d_last -= step)
        band->j_last++;
    band->stale = first;
    if (band->s > band->m && last > band->m + band->n - band->s) {
        last = band->m + band->n - band->s;
        band->cut = false;
    }
    if (ends_block) {
        /* Both edges are at j >= 0 and j_last <= n; j_first may pass n only when nothing is left inside. */
        size_t inside_first = band->n - (size_t)band->j_last;

        if (band->j_first > (int64_t)band->n)
            return false;
        if (inside_first > first)
            first = inside_first;
        if (band->n - (size_t)band->j_first <= last) {
            last = band->n - (size_t)band->j_first;
            band->cut = true;
        }
    }
    band->first = first;
    band->last = last;
    return first <= last;
}

/* The update of one diagonal in plain doubles. j[q] = n - q as double. The reciprocal costs half a unit in the last
   place per diagonal, in no fixed direction. */
static void sweep(double *v, const double *j, size_t first, size_t last, double s)
{
    const double scale = 1.0 / s;

    for (size_t q = first; q <= last; q++) {
        double u = ((s - j[q]) * v[q] + j[q] * v[q + 1]) * scale;

        v[q] = u < TINY_CELL ? 0.0 : u;
    }
}

/* The same with exponents: the greater of the two cells gives the scale, and the lesser one is nothing when it is two
   steps below. */
static void sweep_far(double *v, double *e, const double *j, size_t first, size_t last, double s)
{
    const double scale = 1.0 / s;

    for (size_t q = first; q <= last; q++) {
        double left = v[q];
        double right = v[q + 1];
        double exponent = e[q];
        double u;

        if (j[q] >= s) { /* i = 0: v[q] is not a cell */
            left = 0.0;
            exponent = NO_EXPONENT;
        }
        if (exponent > e[q + 1]) {
            left *= exponent - e[q + 1] > 1.5 ? 0.0 : STEP_DOWN;
            exponent = e[q + 1];
        } else if (exponent < e[q + 1]) {
            right *= e[q + 1] - exponent > 1.5 ? 0.0 : STEP_DOWN;
        }
        u = ((s - j[q]) * left + j[q] * right) * scale;
        if (u == 0.0) {
            exponent = NO_EXPONENT;
        } else if (u < 0x1p-256) {
            u *= STEP_UP;
            exponent += 1.0;
        } else if (u >= 0x1p256) {
            u *= STEP_DOWN;
            exponent -= 1.0;
        }
        v[q] = u;
        e[q] = exponent;
    }
}

static void put(double *v, double *e, size_t q, double u)
{
    v[q] = u;
    if (e != NULL)
        e[q] = u == 0.0 ? NO_EXPONENT : 0.0;
}

/* The walk. `e` is NULL for plain doubles. Returns p * 2^(512 * *exponent). */
static double walk(struct band *band, struct pool pool, double *v, double *j, double *e, double *exponent)
{
    const uint64_t end = band->m + band->n;

    for (size_t q = 0; q <= band->n; q++) {
        put(v, e, q, band->below);
        j[q] = (double)(band->n - q);
    }
    put(v, e, band->n, 0.0);
    put(v, e, band->n + 1, 0.0);
    *exponent = 0.0;
    for (uint64_t s = 1; s <= end; s++) {
        size_t stale;

        if (!band_next(band, pool_ends_block(&pool)))
            return 1.0; /* every path is extreme somewhere */
        for (stale = band->stale; stale < band->first; stale++)
            put(v, e, stale, band->below);
        if (e == NULL)
            sweep(v, j, band->first, band->last, (double)s);
        else
            sweep_far(v, e, j, band->first, band->last, (double)s);
        if (band->cut)
            put(v, e, band->last + 1, band->above);
    }
    if (e != NULL)
        *exponent = e[0];
    return v[0];
}

static struct lw_pvalue exact(double u, double exponent)
{
    struct lw_pvalue p = {.method = LW_P_EXACT};

    if (u >= 1.0 && exponent == 0.0)
        u = 1.0;
    p.log_p = log(u) - exponent * STEP_LOG;
    p.p = exponent > 4.0 ? 0.0 : u;
    for (; exponent > 0.0 && p.p > 0.0; exponent -= 1.0)
        p.p *= STEP_DOWN;
    return p;
}

/* A product that does not underflow: value * 2^(-512 exponent). */
struct product {
    double value;
    double exponent;
};

static void product_times(struct product *product, double factor)
{
    product->value *= factor;
    if (product->value < 0x1p-256) {
        product->value *= STEP_UP;
        product->exponent += 1.0;
    }
}

/* C(2n, n + h) / C(2n, n + from) for from <= h <= n. */
static struct product tail_ratio(uint64_t n, uint64_t from, uint64_t h)
{
    struct product product = {.value = 1.0};

    for (uint64_t j = from; j < h; j++)
        product_times(&product, (double)(n - j) / (double)(n + j + 1));
    return product;
}

/* Equal sizes without ties (Gnedenko & Korolyuk 1951): one-sided C(2n, n+k) / C(2n, n), two-sided
   2 (c1 - c2 + c3 - ...) with c_r = C(2n, n+rk) / C(2n, n), as 2 A1 (1 - A2 (1 - ...)) with A_r = c_r / c_(r-1). */
static struct lw_pvalue equal_sizes(uint64_t n, uint64_t k, enum lw_ks_side side)
{
    struct product first = tail_ratio(n, 0, k);
    double inner = 1.0;

    if (side != LW_KS_TWO_SIDED)
        return exact(first.value, first.exponent);
    for (uint64_t r = n / k; r >= 2; r--) {
        struct product ratio = tail_ratio(n, (r - 1) * k, r * k);

        inner = 1.0 - (ratio.exponent > 0.0 ? 0.0 : ratio.value) * inner;
    }
    return exact(2.0 * first.value * inner, first.exponent);
}

/* The problem with the greater sample first, which leaves the statistic alone and mirrors the side. */
struct problem {
    struct pool pool;
    uint64_t m, n, k;
    enum lw_ks_side side;
};

static enum lw_err problem_of(struct pool pool, uint64_t k, enum lw_ks_side side, struct problem *problem)
{
    uint64_t lcm;

    if (pool.m == 0 || pool.n == 0 || __builtin_mul_overflow(pool.m / gcd(pool.m, pool.n), pool.n, &lcm) ||
        lcm > SIZE_LIMIT || k > lcm)
        return LW_ERR_RANGE;
    *problem = (struct problem){.pool = pool, .m = pool.m, .n = pool.n, .k = k, .side = side};
    if (pool.m >= pool.n)
        return LW_ERR_OK;
    problem->m = pool.n;
    problem->n = pool.m;
    if (side != LW_KS_TWO_SIDED)
        problem->side = side == LW_KS_GREATER ? LW_KS_LESS : LW_KS_GREATER;
    return LW_ERR_OK;
}

static bool ascends(const double *values, size_t n)
{
    for (size_t i = 1; i < n; i++) {
        if (!(values[i - 1] <= values[i]))
            return false;
    }
    return n == 0 || !isnan(values[0]);
}

static struct lw_pvalue by_walk(const struct problem *problem, double *work)
{
    const size_t stride = problem->n + 2;
    struct band band;
    double likely = (double)problem->k;
    double exponent = 0.0;
    double u = 0.0;

    /* 2 lambda^2 of the asymptotic p; d = k/lcm. */
    band_begin(&band, problem->m, problem->n, problem->k, problem->side);
    likely /= (double)(problem->m) * (double)band.a;
    likely *= -2.0 * likely * (double)problem->m * (double)problem->n / (double)(problem->m + problem->n);
    if (likely > TINY_LOG_P)
        u = walk(&band, problem->pool, work, work + stride, NULL, &exponent);
    if (u < TINY_P) {
        band_begin(&band, problem->m, problem->n, problem->k, problem->side);
        u = walk(&band, problem->pool, work, work + stride, work + 2 * stride, &exponent);
    }
    return exact(u, exponent);
}

static enum lw_err solve(const struct problem *problem, double *work, size_t work_n, struct lw_pvalue *p)
{
    size_t needed = lw_ks_exact_workspace(problem->pool.m, problem->pool.n);

    if (needed == 0 || work_n < needed)
        return LW_ERR_USAGE;
    if (problem->k == 0)
        *p = (struct lw_pvalue){.p = 1.0, .log_p = 0.0, .method = LW_P_EXACT};
    else if (problem->pool.x == NULL && problem->m == problem->n)
        *p = equal_sizes(problem->n, problem->k, problem->side);
    else
        *p = by_walk(problem, work);
    return LW_ERR_OK;
}

size_t lw_ks_exact_workspace(size_t m, size_t n)
{
    size_t lesser = m < n ? m : n;

    return lesser > SIZE_MAX / (8 * sizeof(double)) ? 0 : 3 * (lesser + 2);
}

enum lw_err lw_ks_exact(size_t m, size_t n, uint64_t k, enum lw_ks_side side, double *work, size_t work_n,
                        struct lw_pvalue *p)
{
    struct problem problem;
    enum lw_err err = problem_of((struct pool){.m = m, .n = n}, k, side, &problem);

    if (err != LW_ERR_OK)
        return err;
    return solve(&problem, work, work_n, p);
}

enum lw_err lw_ks_exact_tied(const double *x, size_t m, const double *y, size_t n, uint64_t k, enum lw_ks_side side,
                             double *work, size_t work_n, struct lw_pvalue *p)
{
    struct problem problem;
    enum lw_err err = problem_of((struct pool){.x = x, .y = y, .m = m, .n = n}, k, side, &problem);

    if (err != LW_ERR_OK)
        return err;
    if (!ascends(x, m) || !ascends(y, n))
        return LW_ERR_USAGE;
    return solve(&problem, work, work_n, p);
}

enum lw_err lw_ks_exact_cells(const double *x, size_t m, const double *y, size_t n, uint64_t k, enum lw_ks_side side,
                              uint64_t *cells)
{
    struct problem problem;
    struct band band;
    uint64_t visited = 0;
    enum lw_err err = problem_of((struct pool){.x = x, .y = y, .m = m, .n = n}, k, side, &problem);

    if (err != LW_ERR_OK)
        return err;
    if (x != NULL && (!ascends(x, m) || !ascends(y, n)))
        return LW_ERR_USAGE;
    if (k > 0 && (x != NULL || m != n)) {
        band_begin(&band, problem.m, problem.n, k, problem.side);
        while (band.s < band.m + band.n && visited <= LW_KS_CELLS_MAX &&
               band_next(&band, pool_ends_block(&problem.pool)))
            visited += band.last - band.first + 1;
    }
    *cells = visited;
    return LW_ERR_OK;
}
