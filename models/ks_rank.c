#include "leeway/ks_rank.h"

#include <math.h>

/* The distance of curve c (n of all N values) to the pool of the others, after i of its values and R of all:

       i/n - (R - i)/(N - n) = (i N - R n) / (n (N - n))

   Between values of c it only falls, so its greatest value lies right behind a value of c, its least one right before.
   For value i of c (from 0) let `low` be the number of values below it and `high` the number of those below or equal,
   less one; without ties both are its position. Then right before it, the numerator is i N - low n, right behind it
   (i + 1) N - (high + 1) n. (Of several equal values of c only the first counts before and the last behind. The others
   are never more extreme than these, so that all can be treated alike.) What has to be known of each curve is thus
   the greatest of low n - i N and the least of high n - i N. |low n - i N| <= 2^12 2^18 fits 32 bits, and products of
   two numerators fit 64.

   To be fast, the loops have no branch on the data and read nothing back that has just been written: low and high of a
   curve lie together, and are written while the values pass by in order. */

/* The tail: two buffers, of which one is written while the other is read, and low and high by curve; behind these,
   room for those of a curve that is leaving. */
struct buffers {
    double *values;
    uint32_t *tags; /* curve << 16 | index in the curve */
    uint32_t *low, *high;
};

#define TAG(curve, index) ((uint32_t)(curve) << 16 | (uint32_t)(index))
#define TAG_CURVE(tag)    ((tag) >> 16)
#define TAG_INDEX(tag)    ((tag)&0xffffu)

static struct buffers buffers_of(struct lw_ks_pool *pool, uint32_t half)
{
    const size_t capacity = pool->capacity;
    uint32_t *words = (uint32_t *)(void *)(pool->tail + 2 * capacity);
    uint32_t *ranks = words + 2 * capacity;

    return (struct buffers){
        .values = pool->tail + half * capacity,
        .tags = words + half * capacity,
        .low = ranks,
        .high = ranks + capacity + LW_KS_CURVE_VALUES_MAX,
    };
}

size_t lw_ks_rank_bytes(size_t capacity)
{
    if (capacity > (size_t)LW_KS_CURVES_MAX * LW_KS_CURVE_VALUES_MAX)
        return 0;
    return sizeof(struct lw_ks_pool) + 2 * capacity * (sizeof(double) + sizeof(uint32_t)) +
           2 * (capacity + LW_KS_CURVE_VALUES_MAX) * sizeof(uint32_t);
}

void lw_ks_rank_begin(struct lw_ks_pool *pool, uint32_t capacity)
{
    *pool = (struct lw_ks_pool){.capacity = capacity};
}

/* Where low and high of each curve begin. */
static void starts_of(const struct lw_ks_pool *pool, uint32_t *starts)
{
    uint32_t start = 0;

    for (size_t i = 0; i < LW_KS_CURVES_MAX; i++) {
        starts[i] = start;
        start += pool->counts[i];
    }
}

/* One value passes by: out, unless it leaves, and into low. */
struct passage {
    struct buffers to;
    uint32_t n;   /* values written */
    uint32_t low; /* of the value that passed last */
    uint32_t ties;
    double last;
};

static inline void pass(struct passage *passage, double value, uint32_t tag, uint32_t start, uint32_t kept)
{
    const uint32_t n = passage->n;

    passage->to.values[n] = value;
    passage->to.tags[n] = tag;
    passage->low += (n - passage->low) & -(uint32_t)(value > passage->last);
    passage->ties |= n - passage->low;
    passage->last = value;
    passage->to.low[start + TAG_INDEX(tag)] = passage->low;
    passage->n = n + kept;
}

/* What goes in and out of the pool. Starts are those of the pool as it will be, that of `leave` the spare room. */
struct exchange {
    uint32_t leave, enter;
    const double *values;
    size_t n;
    uint32_t enter_start;
    uint32_t starts[LW_KS_CURVES_MAX];
};

static struct passage merge(const struct exchange *exchange, struct buffers from, uint32_t from_n, struct buffers to)
{
    struct passage passage = {.to = to, .last = -(double)INFINITY};
    const uint32_t leave = exchange->leave;
    uint32_t at = 0;

    for (size_t i = 0; i <= exchange->n; i++) {
        const double limit = i < exchange->n ? exchange->values[i] : (double)INFINITY;

        for (; at < from_n && from.values[at] <= limit; at++) {
            const uint32_t tag = from.tags[at];

            pass(&passage, from.values[at], tag, exchange->starts[TAG_CURVE(tag)], TAG_CURVE(tag) != leave);
        }
        if (i < exchange->n)
            pass(&passage, limit, TAG(exchange->enter, i), exchange->enter_start, 1);
    }
    return passage;
}

static void highs(struct buffers buffers, uint32_t n, const uint32_t *starts)
{
    double next = (double)INFINITY;
    uint32_t high = n - 1;

    for (uint32_t at = n; at-- > 0;) {
        const double value = buffers.values[at];
        const uint32_t tag = buffers.tags[at];

        high += (at - high) & -(uint32_t)(value < next);
        buffers.high[starts[TAG_CURVE(tag)] + TAG_INDEX(tag)] = high;
        next = value;
    }
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

enum lw_err lw_ks_rank_exchange(struct lw_ks_pool *pool, uint32_t leave, uint32_t enter, const double *values, size_t n)
{
    struct exchange exchange = {.leave = leave, .enter = enter, .values = values, .n = n};
    const struct buffers from = buffers_of(pool, pool->half);
    const struct buffers to = buffers_of(pool, 1 - pool->half);
    struct passage passage;
    enum lw_err err = check(pool, leave, enter, values, n);

    if (err != LW_ERR_OK)
        return err;
    if (enter == LW_KS_NO_CURVE)
        exchange.n = 0;
    if (leave < LW_KS_CURVES_MAX)
        pool->counts[leave] = 0;
    if (enter != LW_KS_NO_CURVE)
        pool->counts[enter] = (uint32_t)n;
    starts_of(pool, exchange.starts);
    if (enter != LW_KS_NO_CURVE)
        exchange.enter_start = exchange.starts[enter];
    if (leave < LW_KS_CURVES_MAX)
        exchange.starts[leave] = pool->capacity;
    passage = merge(&exchange, from, pool->n, to);
    if (leave < LW_KS_CURVES_MAX && leave == enter)
        exchange.starts[leave] = exchange.enter_start;
    pool->n = passage.n;
    pool->half = 1 - pool->half;
    pool->ties = passage.ties != 0;
    if (pool->ties)
        highs(to, pool->n, exchange.starts);
    return LW_ERR_OK;
}

/* The numerator of T: T = numerator / (n (N - n)). */
static uint64_t numerator(const uint32_t *low, const uint32_t *high, uint32_t n, uint32_t total)
{
    int32_t greatest = 0;
    int32_t least = (int32_t)(n * total);
    int32_t counted = 0;

    for (uint32_t i = 0; i < n; i++) {
        const int32_t before = (int32_t)(low[i] * n) - counted;
        const int32_t behind = (int32_t)(high[i] * n) - counted;

        greatest = before > greatest ? before : greatest;
        least = behind < least ? behind : least;
        counted += (int32_t)total;
    }
    least = (int32_t)(total - n) - least;
    return (uint64_t)(least > greatest ? least : greatest);
}

enum lw_err lw_ks_rank_of(const struct lw_ks_pool *pool, uint32_t curve, struct lw_ks_rank *rank)
{
    const struct buffers buffers = buffers_of((struct lw_ks_pool *)(uintptr_t)pool, 0);
    const uint32_t *high = pool->ties ? buffers.high : buffers.low;
    const uint64_t total = pool->n;
    struct lw_ks_rank found = {.p = {.p = 1.0, .method = LW_P_NONE}, .attainable_p = 1.0};
    uint32_t starts[LW_KS_CURVES_MAX];
    uint64_t distance, scale;

    if (curve >= LW_KS_CURVES_MAX || pool->counts[curve] == 0)
        return LW_ERR_USAGE;
    starts_of(pool, starts);
    scale = pool->counts[curve] * (total - pool->counts[curve]);
    distance = numerator(buffers.low + starts[curve], high + starts[curve], pool->counts[curve], pool->n);
    for (size_t i = 0; i < LW_KS_CURVES_MAX; i++) {
        const uint32_t n = pool->counts[i];

        if (i == curve || n == 0)
            continue;
        found.references++;
        found.as_extreme +=
            numerator(buffers.low + starts[i], high + starts[i], n, pool->n) * scale >= distance * (n * (total - n));
    }
    if (found.references > 0) {
        found.statistic = (double)distance / (double)scale;
        found.attainable_p = 1.0 / (found.references + 1.0);
        found.p.p = (found.as_extreme + 1.0) / (found.references + 1.0);
        found.p.log_p = log(found.p.p);
        found.p.method = LW_P_RANK;
    }
    *rank = found;
    return LW_ERR_OK;
}
