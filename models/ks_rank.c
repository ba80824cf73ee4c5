#include "leeway/ks_rank.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

/* The distance of curve c (n of all N values) to the pool of the others, after i of its values and R of all:

       i/n - (R - i)/(N - n) = (i N - R n) / (n (N - n))

   Between values of c it only falls, so its greatest value lies right behind a value of c, its least one right before.
   For value i of c (from 0) let `low` be the number of values below it and `upper` the number of those below or equal.
   Then right before it the numerator is i N - low n, right behind it (i + 1) N - upper n. (Of several equal values of c
   only the first counts before and the last behind. The others are never more extreme than these, so that all can be
   treated alike.) The numerator of T is thus the greatest of low n - i N and (i + 1) N - upper n; |low n - i N| <=
   2^12 2^18 fits 32 bits, and products of two numerators fit 64.

   The rank does not ask how far each of the others is from its pool, only which are as far as the one in question, that
   is, whose numerator is at least some t. And that takes no counting of theirs: low n - i N >= t says that value i has at
   least (i N + t) / n values below it, so that it is above the one which has that place among all values in order; the
   same behind it, the other way round. The places hang on n, i, t and N, not on the curve. So all curves of one length
   are compared, value by value, with the same two bounds (`above` and `below`), and nothing has to be carried from run to
   run but the values themselves: all of them in order, and those of each curve. */

typedef double pair __attribute__((vector_size(16)));
typedef int64_t pair_of_bits __attribute__((vector_size(16)));
typedef uint64_t pair_of_counts __attribute__((vector_size(16)));

/* Values that stay, `from` on, and go `by` places up. */
struct segment {
    uint32_t from, n, by;
};

/* The tail. */
struct buffers {
    double *values; /* of all curves, ascending */
    double *curves; /* the same curve by curve, in the order of their numbers */
    /* Of one curve, the longest at most: */
    double *above, *below; /* bounds: a value above or below its own is extreme */
    uint32_t *left;        /* places of those that leave */
    uint32_t *up_to;       /* values of the pool less than, or equal to, each of the one in hand */
    struct segment *up;    /* segments that go up, two for each and one more */
};

static size_t longest_curve(size_t capacity)
{
    return capacity < LW_KS_CURVE_VALUES_MAX ? capacity : LW_KS_CURVE_VALUES_MAX;
}

static struct buffers buffers_of(struct lw_ks_pool *pool)
{
    const size_t capacity = pool->capacity;
    const size_t longest = longest_curve(capacity);
    double *above = pool->tail + 2 * capacity;
    uint32_t *left = (uint32_t *)(void *)(above + 2 * longest);

    return (struct buffers){
        .values = pool->tail,
        .curves = pool->tail + capacity,
        .above = above,
        .below = above + longest,
        .left = left,
        .up_to = left + longest,
        .up = (struct segment *)(void *)(left + 2 * longest),
    };
}

size_t lw_ks_rank_bytes(size_t capacity)
{
    const size_t longest = longest_curve(capacity);

    if (capacity > (size_t)LW_KS_CURVES_MAX * LW_KS_CURVE_VALUES_MAX)
        return 0;
    return sizeof(struct lw_ks_pool) + (2 * capacity + 2 * longest) * sizeof(double) + 2 * longest * sizeof(uint32_t) +
           (2 * longest + 1) * sizeof(struct segment);
}

void lw_ks_rank_begin(struct lw_ks_pool *pool, uint32_t capacity)
{
    *pool = (struct lw_ks_pool){.capacity = capacity, .counted = LW_KS_NO_CURVE};
}

/* So many values are looked for at once: the steps of one have to wait for each other, those of several need not. */
#define ABREAST      10
#define ABREAST_REST 5

/* `n`, one of the two, is to be known where this is compiled. */
static inline void count_abreast(const double *pool, uint32_t pool_n, const double *values, uint32_t *up_to, uint32_t n)
{
    const double *from[ABREAST];

    for (uint32_t j = 0; j < n; j++)
        from[j] = pool;
    for (uint32_t rest = pool_n; rest > 0;) {
        const uint32_t half = (rest + 1) / 2;

        for (uint32_t j = 0; j < n; j++) {
            const double *behind = from[j] + half;

            /* Either is as likely: no branch. */
            from[j] = __builtin_expect_with_probability(behind[-1] <= values[j], 1, 0.5) ? behind : from[j];
        }
        rest -= half;
    }
    for (uint32_t j = 0; j < n; j++)
        up_to[j] = (uint32_t)(from[j] - pool);
}

/* How many of the pool are less than, or equal to, each value. */
static void count_up_to(const double *pool, uint32_t pool_n, const double *values, uint32_t n, uint32_t *up_to)
{
    double last[ABREAST_REST] = {0.0};
    uint32_t last_up_to[ABREAST_REST];
    uint32_t j = 0;

    for (; j + ABREAST <= n; j += ABREAST)
        count_abreast(pool, pool_n, values + j, up_to + j, ABREAST);
    for (; j + ABREAST_REST <= n; j += ABREAST_REST)
        count_abreast(pool, pool_n, values + j, up_to + j, ABREAST_REST);
    if (j == n)
        return;
    memcpy(last, values + j, (n - j) * sizeof(*last));
    count_abreast(pool, pool_n, last, last_up_to, ABREAST_REST);
    memcpy(up_to + j, last_up_to, (n - j) * sizeof(*up_to));
}

/* The places of the leaving curve: of values that are equal one after the other. Which of the equal ones of the pool go is
   all the same. */
static void find_leaving(const struct buffers *to, uint32_t pool_n, const double *values, uint32_t n)
{
    uint32_t next = pool_n;

    count_up_to(to->values, pool_n, values, n, to->left);
    for (uint32_t k = n; k-- > 0;) {
        to->left[k] = (to->left[k] < next ? to->left[k] : next) - 1;
        next = to->left[k];
    }
}

static void move(double *values, const struct segment *segment)
{
    memmove(values + (uint32_t)(segment->from + segment->by), values + segment->from, segment->n * sizeof(*values));
}

/* A segment that goes down (`by` is modulo 2^32) is moved at once: what is below it has gone, or has gone down before, or
   waits to go up, and then to places below those that this one goes to. Those that go up wait for the ones above. */
static uint32_t shift(const struct buffers *to, struct segment segment, uint32_t up_n)
{
    if (segment.n == 0 || segment.by == 0)
        return up_n;
    if (segment.by < UINT32_MAX / 2)
        to->up[up_n++] = segment;
    else
        move(to->values, &segment);
    return up_n;
}

/* Makes values[0 .. values_n) lose those at the places `left` and take in the n values, each behind its equals. What is in
   up_to is brought up to date. */
static void merge(const struct buffers *to, uint32_t values_n, uint32_t left_n, const double *values, uint32_t n)
{
    uint32_t at = 0;
    uint32_t k = 0;
    uint32_t up_n = 0;

    for (uint32_t j = 0; j <= n; j++) {
        const uint32_t limit = j < n ? to->up_to[j] : values_n;

        for (; k < left_n && to->left[k] < limit; k++) {
            up_n = shift(to, (struct segment){.from = at, .n = to->left[k] - at, .by = j - k}, up_n);
            at = to->left[k] + 1;
        }
        up_n = shift(to, (struct segment){.from = at, .n = limit - at, .by = j - k}, up_n);
        at = limit;
        if (j < n)
            to->up_to[j] = at + j - k + 1; /* in the new pool, itself among them */
    }
    while (up_n > 0)
        move(to->values, &to->up[--up_n]);
    for (uint32_t j = 0; j < n; j++)
        to->values[to->up_to[j] - 1] = values[j];
    for (uint32_t j = n; j-- > 1;) {
        if (values[j - 1] >= values[j])
            to->up_to[j - 1] = to->up_to[j];
    }
}

/* Where the values of a curve begin in `curves`. */
static uint32_t start_of(const struct lw_ks_pool *pool, uint32_t curve)
{
    uint32_t start = 0;

    for (uint32_t i = 0; i < curve; i++)
        start += pool->counts[i];
    return start;
}

static enum lw_err check(const struct lw_ks_pool *pool, uint32_t leave, uint32_t enter, const double *values, size_t n)
{
    const size_t freed = leave < LW_KS_CURVES_MAX ? pool->counts[leave] : 0;

    if (enter == LW_KS_NO_CURVE)
        return LW_ERR_OK;
    if (enter >= LW_KS_CURVES_MAX || (pool->counts[enter] != 0 && enter != leave) || n == 0 || isnan(values[0]))
        return LW_ERR_USAGE;
    if (n > LW_KS_CURVE_VALUES_MAX || pool->capacity - pool->n + freed < n)
        return LW_ERR_LIMIT;
    for (size_t i = 1; i < n; i++) {
        if (!(values[i - 1] <= values[i]))
            return LW_ERR_USAGE;
    }
    return LW_ERR_OK;
}

/* Takes the values of a curve out of, or in to, those of all curves, of which there are `all`. */
static void close_gap(double *curves, uint32_t all, uint32_t at, uint32_t n)
{
    memmove(curves + at, curves + at + n, (all - at - n) * sizeof(*curves));
}

static void open_gap(double *curves, uint32_t all, uint32_t at, uint32_t n)
{
    memmove(curves + at + n, curves + at, (all - at) * sizeof(*curves));
}

enum lw_err lw_ks_rank_exchange(struct lw_ks_pool *pool, uint32_t leave, uint32_t enter, const double *values, size_t n)
{
    const struct buffers to = buffers_of(pool);
    const enum lw_err err = check(pool, leave, enter, values, n);
    const uint32_t in = enter == LW_KS_NO_CURVE ? 0 : (uint32_t)n;
    const uint32_t out = leave < LW_KS_CURVES_MAX ? pool->counts[leave] : 0;
    uint32_t at;

    if (err != LW_ERR_OK)
        return err;
    if (out > 0)
        find_leaving(&to, pool->n, to.curves + start_of(pool, leave), out);
    count_up_to(to.values, pool->n, values, in, to.up_to);
    merge(&to, pool->n, out, values, in);
    if (out > 0 && (leave != enter || in != out)) {
        close_gap(to.curves, pool->n, start_of(pool, leave), out);
        pool->counts[leave] = 0;
    }
    if (in > 0) {
        at = start_of(pool, enter);
        if (pool->counts[enter] == 0)
            open_gap(to.curves, pool->n - out, at, in);
        memcpy(to.curves + at, values, in * sizeof(*values));
        pool->counts[enter] = in;
    }
    pool->n = pool->n - out + in;
    pool->counted = enter;
    return LW_ERR_OK;
}

/* The numerator of T of the n values, which are in the pool, up_to[i] of it being as great as value i at most. */
static uint32_t numerator_of(const struct buffers *of, uint32_t pool_n, const double *values, uint32_t n)
{
    uint32_t low = 0;
    int32_t most = 0;

    for (uint32_t i = 0; i < n; i++) {
        const int32_t behind = (int32_t)((i + 1) * pool_n - of->up_to[i] * n);
        int32_t before;

        /* Equal ones are few, as a rule; whether there is one more is as good as random. */
        if (i == 0 || values[i - 1] < values[i]) {
            low = of->up_to[i] - 1;
            low -= low > 0 && of->values[low - (low > 0)] >= values[i];
            while (low > 0 && of->values[low - 1] >= values[i])
                low--;
        }
        before = (int32_t)(low * n - i * pool_n);
        most = before > most ? before : most;
        most = behind > most ? behind : most;
    }
    return (uint32_t)most;
}

/* What the values of a curve of length n must be above, or below, for a numerator of at least t > 0: value i is extreme
   when at least (i N + t) / n are below it, so that it is above the one at the place (i N + t - 1) / n, rounded down; or
   when at most ((i + 1) N - t) / n are below or equal, which are those places counted from the other end. The quotients
   go on without a division. */
static void set_bounds(const struct buffers *to, uint32_t pool_n, uint32_t n, uint32_t t)
{
    const uint32_t step = pool_n / n;
    const uint32_t step_rest = pool_n % n;
    uint32_t place = (t - 1) / n;
    uint32_t rest = (t - 1) % n;

    for (uint32_t i = 0; i < n; i++) {
        to->above[i] = place < pool_n ? to->values[place] : HUGE_VAL;
        to->below[n - 1 - i] = place < pool_n ? to->values[pool_n - 1 - place] : -HUGE_VAL;
        place += step;
        rest += step_rest;
        if (rest >= n) {
            rest -= n;
            place++;
        }
    }
}

static inline pair load(const double *at)
{
    pair two;

    memcpy(&two, at, sizeof(two));
    return two;
}

/* -1 for each comparison that holds. */
static inline pair_of_bits outside(pair values, pair above, pair below)
{
    return (values > above) + (values < below);
}

/* How many of two curves of n >= 2 values have one outside of its bounds, in two halves. No branch hangs on the values. */
static inline pair_of_counts count_two(const struct buffers *of, const double *one, const double *other, size_t n)
{
    const double *above = of->above;
    const double *below = of->below;
    pair_of_bits in_one = {0, 0};
    pair_of_bits in_other = {0, 0};
    size_t i = 0;

    for (; i + 2 <= n; i += 2) {
        in_one += outside(load(one + i), load(above + i), load(below + i));
        in_other += outside(load(other + i), load(above + i), load(below + i));
    }
    if (i < n) { /* looks at the last but one again */
        in_one += outside(load(one + n - 2), load(above + n - 2), load(below + n - 2));
        in_other += outside(load(other + n - 2), load(above + n - 2), load(below + n - 2));
    }
    return (pair_of_counts)(__builtin_shufflevector(in_one, in_other, 0, 2) +
                            __builtin_shufflevector(in_one, in_other, 1, 3)) >>
           63;
}

/* How many of several curves of n values, one behind the other, have one outside of its bounds. */
static uint32_t count_outside(const struct buffers *of, const double *values, size_t n, size_t curves)
{
    pair_of_counts count = {0, 0};
    size_t i = 0;

    if (n == 1) {
        for (; i < curves; i++)
            count[0] += (values[i] > of->above[0]) | (values[i] < of->below[0]);
        return (uint32_t)count[0];
    }
    for (; i + 2 <= curves; i += 2)
        count += count_two(of, values + i * n, values + (i + 1) * n, n);
    if (i < curves)
        count[0] += count_two(of, values + i * n, values + i * n, n)[0];
    return (uint32_t)(count[0] + count[1]);
}

static uint32_t curves_of(const struct lw_ks_pool *pool)
{
    uint32_t curves = 0;

    for (uint32_t i = 0; i < LW_KS_CURVES_MAX; i++)
        curves += pool->counts[i] != 0;
    return curves;
}

/* Whether all curves have n values, as is usual. */
static bool are_alike(const struct lw_ks_pool *pool, uint32_t n)
{
    uint32_t others = 0;

    for (uint32_t i = 0; i < LW_KS_CURVES_MAX; i++)
        others |= (pool->counts[i] != n) & (pool->counts[i] != 0);
    return others == 0;
}

/* How many of all curves have a numerator that is as large as this one > 0 of a curve of n values, in proportion to
   n (N - n). */
static uint32_t count_extreme(const struct lw_ks_pool *pool, const struct buffers *of, uint32_t n, uint64_t numerator)
{
    const uint64_t scale = (uint64_t)n * (pool->n - n);
    const double *values = of->curves;
    uint32_t bounds_n = n; /* for curves of this length */
    uint32_t count = 0;

    set_bounds(of, pool->n, n, (uint32_t)numerator);
    if (are_alike(pool, n))
        return count_outside(of, values, n, pool->n / n);
    for (uint32_t i = 0; i < LW_KS_CURVES_MAX; i++) {
        const uint32_t other = pool->counts[i];

        if (other == 0)
            continue;
        if (other != bounds_n) {
            const uint64_t own = (uint64_t)other * (pool->n - other);

            set_bounds(of, pool->n, other, (uint32_t)((numerator * own + scale - 1) / scale));
            bounds_n = other;
        }
        count += count_outside(of, values, other, 1);
        values += other;
    }
    return count;
}

enum lw_err lw_ks_rank_of(struct lw_ks_pool *pool, uint32_t curve, struct lw_ks_rank *rank)
{
    const struct buffers of = buffers_of(pool);
    struct lw_ks_rank found = {.p = {.p = 1.0, .method = LW_P_NONE}, .attainable_p = 1.0};
    const double *values;
    uint32_t n, numerator;

    if (curve >= LW_KS_CURVES_MAX || pool->counts[curve] == 0)
        return LW_ERR_USAGE;
    n = pool->counts[curve];
    if (n < pool->n) {
        values = of.curves + start_of(pool, curve);
        if (pool->counted != curve)
            count_up_to(of.values, pool->n, values, n, of.up_to);
        pool->counted = curve;
        numerator = numerator_of(&of, pool->n, values, n);
        found.references = curves_of(pool) - 1;
        /* The curve itself is as extreme, too. At a distance of 0 all are. */
        found.as_extreme = numerator > 0 ? count_extreme(pool, &of, n, numerator) - 1 : found.references;
        found.statistic = (double)numerator / (double)((uint64_t)n * (pool->n - n));
        found.attainable_p = 1.0 / (found.references + 1.0);
        found.p.p = (found.as_extreme + 1.0) / (found.references + 1.0);
        found.p.log_p = log(found.p.p);
        found.p.method = LW_P_RANK;
    }
    *rank = found;
    return LW_ERR_OK;
}
