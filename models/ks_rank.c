#include "leeway/ks_rank.h"

#include <math.h>
#include <string.h>

/* The distance of curve c (n of all N values) to the pool of the others, after i of its values and R of all:

       i/n - (R - i)/(N - n) = (i N - R n) / (n (N - n))

   Between values of c it only falls, so its greatest value lies right behind a value of c, its least one right before.
   For value i of c (from 0) let `low` be the number of values below it and `high` the number of those below or equal,
   less one; without ties both are its position. Then right before it, the numerator is i N - low n, right behind it
   (i + 1) N - (high + 1) n. (Of several equal values of c only the first counts before and the last behind. The others
   are never more extreme than these, so that all can be treated alike.) What has to be known of each curve is thus
   the greatest of low n - i N and the least of high n - i N. |low n - i N| <= 2^12 2^18 fits 32 bits, and products of
   two numerators fit 64.

   An exchange moves few of the values of a pool, and all curves learn of it through one table: the `low` of a value says
   which others are equal to it, so the new one depends on nothing but the old one. Between two of the values that come
   or go it moves by a constant. So the values are copied, and the table is filled, by segments, and then every curve
   looks its new `low` up. The same with `high`, as long as there are ties. */

/* Segments are copied and filled in steps of so many, and written in ascending order: what is too much, the next
   segment writes over. So there is so much room behind the arrays. */
#define STEP 8

/* The tail. low and high lie curve by curve, in the order of their numbers. */
struct buffers {
    double *values; /* of all curves, ascending; of the two buffers one is written while the other is read */
    uint32_t *low, *high;
    uint32_t *new_low;  /* by the old low, 0 .. n */
    uint32_t *new_high; /* by the old high + 1, 0 .. n, and itself one more */
    /* By the values of the curve that leaves or enters: */
    uint32_t *left;          /* places of those that leave */
    uint32_t *below, *up_to; /* values of the old pool less, and less or equal */
    uint32_t *its_low, *its_high;
};

static size_t longest_curve(size_t capacity)
{
    return capacity < LW_KS_CURVE_VALUES_MAX ? capacity : LW_KS_CURVE_VALUES_MAX;
}

static struct buffers buffers_of(struct lw_ks_pool *pool, uint32_t half)
{
    const size_t capacity = pool->capacity;
    uint32_t *low = (uint32_t *)(void *)(pool->tail + 2 * (capacity + STEP));
    uint32_t *new_low = low + 2 * capacity;
    uint32_t *left = new_low + 2 * (capacity + STEP);

    return (struct buffers){
        .values = pool->tail + half * (capacity + STEP),
        .low = low,
        .high = low + capacity,
        .new_low = new_low,
        .new_high = new_low + capacity + STEP,
        .left = left,
        .below = left + longest_curve(capacity),
        .up_to = left + 2 * longest_curve(capacity),
        .its_low = left + 3 * longest_curve(capacity),
        .its_high = left + 4 * longest_curve(capacity),
    };
}

size_t lw_ks_rank_bytes(size_t capacity)
{
    if (capacity > (size_t)LW_KS_CURVES_MAX * LW_KS_CURVE_VALUES_MAX)
        return 0;
    return sizeof(struct lw_ks_pool) + 2 * (capacity + STEP) * (sizeof(double) + sizeof(uint32_t)) +
           2 * capacity * sizeof(uint32_t) + 5 * longest_curve(capacity) * sizeof(uint32_t);
}

void lw_ks_rank_begin(struct lw_ks_pool *pool, uint32_t capacity)
{
    *pool = (struct lw_ks_pool){.capacity = capacity};
}

/* The places of the leaving curve: its low, and of values that are equal one after the other. Which of the equal ones of
   the pool go is all the same. */
static void find_leaving(const uint32_t *low, uint32_t n, uint32_t *left)
{
    uint32_t next = 0;

    for (uint32_t k = 0; k < n; k++) {
        left[k] = low[k] > next ? low[k] : next;
        next = left[k] + 1;
    }
}

/* Values of the pool <= value, of which values[0 .. below) are known to be. */
static uint32_t count_up_to(const double *pool, uint32_t pool_n, uint32_t below, double value)
{
    for (uint32_t rest = pool_n - below; rest > 0;) {
        const uint32_t half = (rest + 1) / 2;

        below += half & -(uint32_t)(pool[below + half - 1] <= value);
        rest -= half;
    }
    return below;
}

/* Where the entering values belong, by bisection without a branch on the data: all of them step by step, because the
   steps of one have to wait for each other. Returns 0 where no value is equal to another, in the pool or in the curve. */
static uint32_t find_entering(const double *pool, uint32_t pool_n, const double *values, uint32_t n, struct buffers to)
{
    uint32_t ties = 0;

    memset(to.below, 0, n * sizeof(*to.below));
    for (uint32_t rest = pool_n; rest > 0;) {
        const uint32_t half = (rest + 1) / 2;
        const double *middle = pool + half - 1;

        for (uint32_t j = 0; j < n; j++)
            to.below[j] += half & -(uint32_t)(middle[to.below[j]] < values[j]);
        rest -= half;
    }
    for (uint32_t j = 0; j < n; j++) {
        const uint32_t below = to.below[j];

        to.up_to[j] = below;
        if (below < pool_n && pool[below] <= values[j])
            to.up_to[j] = count_up_to(pool, pool_n, below, values[j]);
        ties |= (to.up_to[j] ^ below) | (j > 0 && values[j] <= values[j - 1]);
    }
    return ties;
}

/* The values from .. end - 1 of the pool stay, and move by `shift` (modulo 2^32). */
static inline void move(const double *values, uint32_t from, uint32_t end, uint32_t shift, struct buffers to)
{
    for (uint32_t at = from; at < end; at += STEP) {
        memcpy(to.values + (uint32_t)(at + shift), values + at, STEP * sizeof(double));
        for (uint32_t i = 0; i < STEP; i++)
            to.new_low[at + i] = at + i + shift;
    }
}

/* What goes in and out of the pool: so many values each, and those that enter. */
struct exchange {
    uint32_t left_n, n;
    const double *values;
};

/* Writes the new values and new_low, and low and high of the curve that enters, the latter as if its values differed.
   A value with the old low p is above the entering ones with up_to <= p and the leaving ones at places < p. */
static void merge(const struct exchange *exchange, const double *values, uint32_t values_n, struct buffers to)
{
    uint32_t at = 0;
    uint32_t k = 0;

    for (uint32_t j = 0; j <= exchange->n; j++) {
        const uint32_t limit = j < exchange->n ? to.up_to[j] : values_n;
        uint32_t less;

        for (; k < exchange->left_n && to.left[k] < limit; k++) {
            move(values, at, to.left[k] + 1, j - k, to);
            at = to.left[k] + 1;
        }
        move(values, at, limit, j - k, to);
        at = limit;
        if (j == exchange->n)
            break;
        to.values[at + j - k] = exchange->values[j];
        to.its_high[j] = at + j - k;
        if (j > 0 && exchange->values[j] <= exchange->values[j - 1]) {
            to.its_low[j] = to.its_low[j - 1];
            continue;
        }
        for (less = k; less > 0 && to.left[less - 1] >= to.below[j];)
            less--;
        to.its_low[j] = to.below[j] + j - less;
    }
    to.new_low[values_n] = values_n + exchange->n - exchange->left_n;
}

/* With ties: one more than a high is the low of the next greater value, but for entering ones right between the two. */
static void find_highs(const struct exchange *exchange, uint32_t values_n, struct buffers to)
{
    memcpy(to.new_high, to.new_low, (values_n + 1) * sizeof(*to.new_high));
    for (uint32_t j = 0; j < exchange->n; j++)
        to.new_high[to.up_to[j]] -= to.below[j] == to.up_to[j];
    for (uint32_t j = exchange->n; j-- > 1;) {
        if (exchange->values[j - 1] >= exchange->values[j])
            to.its_high[j - 1] = to.its_high[j];
    }
}

static void look_up_lows(struct buffers to, uint32_t from, uint32_t end)
{
    for (uint32_t i = from; i < end; i++)
        to.low[i] = to.new_low[to.low[i]];
}

/* Returns 0 where no low differs from its high. */
static uint32_t look_up(struct buffers to, uint32_t from, uint32_t end)
{
    uint32_t ties = 0;

    for (uint32_t i = from; i < end; i++) {
        const uint32_t low = to.new_low[to.low[i]];
        const uint32_t high = to.new_high[to.high[i] + 1] - 1;

        to.low[i] = low;
        to.high[i] = high;
        ties |= low ^ high;
    }
    return ties;
}

/* In the ranks of all curves: room for those that enter in place of those that left. */
static void make_room(uint32_t *ranks, uint32_t ranks_n, uint32_t left_at, uint32_t left_n, uint32_t enter_at,
                      uint32_t n)
{
    const uint32_t kept = ranks_n - left_n;

    if (left_at == enter_at && left_n == n)
        return;
    memmove(ranks + left_at, ranks + left_at + left_n, (kept - left_at) * sizeof(*ranks));
    memmove(ranks + enter_at + n, ranks + enter_at, (kept - enter_at) * sizeof(*ranks));
}

/* Where the ranks of a curve begin. */
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

/* Brings low and high of the curves that stay up to date, and puts in those of the one that enters. */
static void exchange_ranks(struct lw_ks_pool *pool, const struct exchange *exchange, uint32_t leave, uint32_t enter,
                           struct buffers to)
{
    const uint32_t total = pool->n;
    const uint32_t left_at = exchange->left_n > 0 ? start_of(pool, leave) : 0;
    const uint32_t left_end = left_at + exchange->left_n;
    uint32_t ties = 0;
    uint32_t enter_at;

    if (pool->ties) {
        ties = look_up(to, 0, left_at) | look_up(to, left_end, total);
    } else {
        look_up_lows(to, 0, left_at);
        look_up_lows(to, left_end, total);
    }
    if (exchange->left_n > 0)
        pool->counts[leave] = 0;
    enter_at = exchange->n > 0 ? start_of(pool, enter) : left_at;
    make_room(to.low, total, left_at, exchange->left_n, enter_at, exchange->n);
    if (pool->ties)
        make_room(to.high, total, left_at, exchange->left_n, enter_at, exchange->n);
    for (uint32_t j = 0; j < exchange->n; j++) {
        to.low[enter_at + j] = to.its_low[j];
        to.high[enter_at + j] = to.its_high[j];
        ties |= to.its_low[j] ^ to.its_high[j];
    }
    if (exchange->n > 0)
        pool->counts[enter] = exchange->n;
    pool->n = total - exchange->left_n + exchange->n;
    pool->ties = ties != 0;
}

enum lw_err lw_ks_rank_exchange(struct lw_ks_pool *pool, uint32_t leave, uint32_t enter, const double *values, size_t n)
{
    const double *from = buffers_of(pool, pool->half).values;
    const struct buffers to = buffers_of(pool, 1 - pool->half);
    struct exchange exchange = {.values = values};
    enum lw_err err = check(pool, leave, enter, values, n);

    if (err != LW_ERR_OK)
        return err;
    exchange.n = enter == LW_KS_NO_CURVE ? 0 : (uint32_t)n;
    exchange.left_n = leave < LW_KS_CURVES_MAX ? pool->counts[leave] : 0;
    if (exchange.left_n > 0)
        find_leaving(to.low + start_of(pool, leave), exchange.left_n, to.left);
    if (find_entering(from, pool->n, values, exchange.n, to) && !pool->ties) {
        memcpy(to.high, to.low, pool->n * sizeof(*to.high));
        pool->ties = 1;
    }
    merge(&exchange, from, pool->n, to);
    if (pool->ties)
        find_highs(&exchange, pool->n, to);
    exchange_ranks(pool, &exchange, leave, enter, to);
    pool->half = 1 - pool->half;
    return LW_ERR_OK;
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
