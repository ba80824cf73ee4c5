#include "leeway/ks_rank.h"

#include <math.h>
#include <stdbool.h>
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
   or go it moves by a constant. So the table is filled by segments, and then every curve looks its new `low` up and
   takes its extremes on the way. The same with `upper`, which is high + 1, as long as there are ties. */

/* Segments of the table are filled in steps of so many, in ascending order: what is too much, the next segment writes
   over. So there is so much room behind it. */
#define STEP 8

typedef uint32_t quad __attribute__((vector_size(16)));

/* Values that stay, `from` on, and go `by` places up. */
struct segment {
    uint32_t from, n, by;
};

/* The tail. low and upper lie curve by curve, in the order of their numbers. */
struct buffers {
    double *values; /* of all curves, ascending */
    uint32_t *low, *upper;
    uint32_t *new_low;   /* by the old low, 0 .. n */
    uint32_t *new_upper; /* by the old upper, 0 .. n */
    /* By the values of the curve that leaves or enters: */
    uint32_t *left;          /* places of those that leave */
    uint32_t *below, *up_to; /* values of the old pool less, and less or equal */
    uint32_t *its_low, *its_upper;
    struct segment *up; /* segments that go up, two for each and one more */
};

static size_t longest_curve(size_t capacity)
{
    return capacity < LW_KS_CURVE_VALUES_MAX ? capacity : LW_KS_CURVE_VALUES_MAX;
}

static struct buffers buffers_of(struct lw_ks_pool *pool)
{
    const size_t capacity = pool->capacity;
    const size_t longest = longest_curve(capacity);
    uint32_t *low = (uint32_t *)(void *)(pool->tail + capacity);
    uint32_t *new_low = low + 2 * capacity;
    uint32_t *left = new_low + 2 * (capacity + STEP);

    return (struct buffers){
        .values = pool->tail,
        .low = low,
        .upper = low + capacity,
        .new_low = new_low,
        .new_upper = new_low + capacity + STEP,
        .left = left,
        .below = left + longest,
        .up_to = left + 2 * longest,
        .its_low = left + 3 * longest,
        .its_upper = left + 4 * longest,
        .up = (struct segment *)(void *)(left + 5 * longest),
    };
}

size_t lw_ks_rank_bytes(size_t capacity)
{
    const size_t longest = longest_curve(capacity);

    if (capacity > (size_t)LW_KS_CURVES_MAX * LW_KS_CURVE_VALUES_MAX)
        return 0;
    return sizeof(struct lw_ks_pool) + capacity * sizeof(double) +
           (2 * capacity + 2 * (capacity + STEP) + 5 * longest) * sizeof(uint32_t) +
           (2 * longest + 1) * sizeof(struct segment);
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

/* Values of the pool <= value, of which values[0 .. below) are known to be: few more, as a rule, and then by bisection. */
static uint32_t count_up_to(const double *pool, uint32_t pool_n, uint32_t below, double value)
{
    const uint32_t near = pool_n - below < STEP ? pool_n : below + STEP;

    for (; below < near; below++) {
        if (pool[below] > value)
            return below;
    }
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

static void move(double *values, const struct segment *segment)
{
    memmove(values + (uint32_t)(segment->from + segment->by), values + segment->from, segment->n * sizeof(*values));
}

/* A segment that goes down (`by` is modulo 2^32) is moved at once: what is below it has gone, or has gone down before, or
   waits to go up, and then to places below those that this one goes to. Those that go up wait for the ones above. */
static uint32_t shift(struct buffers to, struct segment segment, uint32_t up_n)
{
    uint32_t *new_low = to.new_low + segment.from;
    quad places = {0, 1, 2, 3};

    places += segment.from + segment.by;
    for (uint32_t at = 0; at < segment.n; at += STEP, places += STEP) {
        const quad further = places + STEP / 2;

        memcpy(new_low + at, &places, sizeof(places));
        memcpy(new_low + at + STEP / 2, &further, sizeof(further));
    }
    if (segment.n == 0 || segment.by == 0)
        return up_n;
    if (segment.by < UINT32_MAX / 2)
        to.up[up_n++] = segment;
    else
        move(to.values, &segment);
    return up_n;
}

/* What goes in and out of the pool: so many values each, and those that enter. */
struct exchange {
    uint32_t left_n, n;
    const double *values;
};

/* Writes the new values and new_low, and low and upper of the curve that enters, the latter as if its values differed.
   A value with the old low p is above the entering ones with up_to <= p and the leaving ones at places < p. */
static void merge(const struct exchange *exchange, uint32_t values_n, struct buffers to)
{
    uint32_t at = 0;
    uint32_t k = 0;
    uint32_t up_n = 0;

    for (uint32_t j = 0; j <= exchange->n; j++) {
        const uint32_t limit = j < exchange->n ? to.up_to[j] : values_n;
        uint32_t less;

        for (; k < exchange->left_n && to.left[k] < limit; k++) {
            /* The table is for all of them, the move for those that stay. */
            to.new_low[to.left[k]] = to.left[k] + j - k;
            up_n = shift(to, (struct segment){.from = at, .n = to.left[k] - at, .by = j - k}, up_n);
            at = to.left[k] + 1;
        }
        up_n = shift(to, (struct segment){.from = at, .n = limit - at, .by = j - k}, up_n);
        at = limit;
        if (j == exchange->n)
            break;
        to.its_upper[j] = at + j - k + 1;
        if (j > 0 && exchange->values[j] <= exchange->values[j - 1]) {
            to.its_low[j] = to.its_low[j - 1];
            continue;
        }
        for (less = k; less > 0 && to.left[less - 1] >= to.below[j];)
            less--;
        to.its_low[j] = to.below[j] + j - less;
    }
    to.new_low[values_n] = values_n + exchange->n - exchange->left_n;
    while (up_n > 0)
        move(to.values, &to.up[--up_n]);
    for (uint32_t j = 0; j < exchange->n; j++)
        to.values[to.its_upper[j] - 1] = exchange->values[j];
}

/* With ties: an upper is the low of the next greater value, but for entering ones right between the two. */
static void find_uppers(const struct exchange *exchange, uint32_t values_n, struct buffers to)
{
    memcpy(to.new_upper, to.new_low, (values_n + 1) * sizeof(*to.new_upper));
    for (uint32_t j = 0; j < exchange->n; j++)
        to.new_upper[to.up_to[j]] -= to.below[j] == to.up_to[j];
    for (uint32_t j = exchange->n; j-- > 1;) {
        if (exchange->values[j - 1] >= exchange->values[j])
            to.its_upper[j - 1] = to.its_upper[j];
    }
}

/* The numerator of T of a curve: T = numerator / (n (N - n)). */
struct extremes {
    int32_t greatest, least; /* of low n - i N, and of upper n - (i + 1) N */
};

static inline struct extremes no_extremes(uint32_t n, uint32_t total)
{
    return (struct extremes){.greatest = 0, .least = (int32_t)(n * total)};
}

static inline void take(struct extremes *extremes, uint32_t low, uint32_t upper, uint32_t n, uint32_t counted,
                        uint32_t total)
{
    const int32_t before = (int32_t)(low * n - counted);
    const int32_t behind = (int32_t)(upper * n - counted - total);

    extremes->greatest = before > extremes->greatest ? before : extremes->greatest;
    extremes->least = behind < extremes->least ? behind : extremes->least;
}

static inline uint32_t numerator_of(const struct extremes *extremes)
{
    const int32_t behind = -extremes->least;

    return (uint32_t)(behind > extremes->greatest ? behind : extremes->greatest);
}

/* Looks low up for a curve of n values, in a pool of `total` without ties. */
static uint32_t look_up_lows(const uint32_t *new_low, uint32_t *low, uint32_t n, uint32_t total)
{
    struct extremes extremes = no_extremes(n, total);
    uint32_t counted = 0;

    for (uint32_t i = 0; i < n; i++) {
        low[i] = new_low[low[i]];
        take(&extremes, low[i], low[i] + 1, n, counted, total);
        counted += total;
    }
    return numerator_of(&extremes);
}

/* Looks low and upper up for a curve of n values. */
static uint32_t look_up(const struct buffers *to, uint32_t from, uint32_t n, uint32_t total)
{
    const uint32_t *new_low = to->new_low;
    const uint32_t *new_upper = to->new_upper;
    uint32_t *low = to->low + from;
    uint32_t *upper = to->upper + from;
    struct extremes extremes = no_extremes(n, total);
    uint32_t counted = 0;

    for (uint32_t i = 0; i < n; i++) {
        const uint32_t its_low = new_low[low[i]];
        const uint32_t its_upper = new_upper[upper[i]];

        low[i] = its_low;
        upper[i] = its_upper;
        take(&extremes, its_low, its_upper, n, counted, total);
        counted += total;
    }
    return numerator_of(&extremes);
}

/* Whether a value of the pool is equal to another. */
static bool has_ties(const struct buffers *of, uint32_t n)
{
    uint32_t ties = 0;

    for (uint32_t i = 0; i < n; i++)
        ties |= (of->low[i] + 1) ^ of->upper[i];
    return ties != 0;
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

/* Brings low, upper and the numerators of the curves that stay up to date. Returns where those of `leave` begin. */
static uint32_t look_up_all(struct lw_ks_pool *pool, uint32_t leave, uint32_t total, const struct buffers *to)
{
    uint32_t left_at = 0;
    uint32_t from = 0;

    for (uint32_t i = 0; i < LW_KS_CURVES_MAX; i++) {
        const uint32_t n = pool->counts[i];

        if (i == leave)
            left_at = from;
        else if (n > 0)
            pool->numerators[i] =
                pool->ties ? look_up(to, from, n, total) : look_up_lows(to->new_low, to->low + from, n, total);
        from += n;
    }
    return left_at;
}

/* Ties may go with the curve that leaves. To look for them again is only worth while now and then. */
#define TIES_EVERY 32

static void see_ties(struct lw_ks_pool *pool, const struct buffers *to)
{
    if (pool->ties == 0)
        return;
    pool->ties++;
    if (pool->ties % TIES_EVERY == 0)
        pool->ties = has_ties(to, pool->n);
}

/* The same, and puts in those of the curve that enters. */
static void exchange_ranks(struct lw_ks_pool *pool, const struct exchange *exchange, uint32_t leave, uint32_t enter,
                           const struct buffers *to)
{
    const uint32_t total = pool->n - exchange->left_n + exchange->n;
    struct extremes extremes = no_extremes(exchange->n, total);
    const uint32_t left_at = look_up_all(pool, exchange->left_n > 0 ? leave : LW_KS_NO_CURVE, total, to);
    uint32_t enter_at;

    if (exchange->left_n > 0)
        pool->counts[leave] = 0;
    enter_at = exchange->n > 0 ? start_of(pool, enter) : left_at;
    make_room(to->low, pool->n, left_at, exchange->left_n, enter_at, exchange->n);
    if (pool->ties)
        make_room(to->upper, pool->n, left_at, exchange->left_n, enter_at, exchange->n);
    for (uint32_t j = 0; j < exchange->n; j++) {
        to->low[enter_at + j] = to->its_low[j];
        to->upper[enter_at + j] = to->its_upper[j];
        take(&extremes, to->its_low[j], to->its_upper[j], exchange->n, j * total, total);
    }
    if (exchange->n > 0) {
        pool->counts[enter] = exchange->n;
        pool->numerators[enter] = numerator_of(&extremes);
    }
    pool->n = total;
    see_ties(pool, to);
}

enum lw_err lw_ks_rank_exchange(struct lw_ks_pool *pool, uint32_t leave, uint32_t enter, const double *values, size_t n)
{
    const struct buffers to = buffers_of(pool);
    struct exchange exchange = {.values = values};
    enum lw_err err = check(pool, leave, enter, values, n);

    if (err != LW_ERR_OK)
        return err;
    exchange.n = enter == LW_KS_NO_CURVE ? 0 : (uint32_t)n;
    exchange.left_n = leave < LW_KS_CURVES_MAX ? pool->counts[leave] : 0;
    if (exchange.left_n > 0)
        find_leaving(to.low + start_of(pool, leave), exchange.left_n, to.left);
    if (find_entering(to.values, pool->n, values, exchange.n, to) && !pool->ties) {
        for (uint32_t i = 0; i < pool->n; i++)
            to.upper[i] = to.low[i] + 1;
        pool->ties = 1;
    }
    merge(&exchange, pool->n, to);
    if (pool->ties)
        find_uppers(&exchange, pool->n, to);
    exchange_ranks(pool, &exchange, leave, enter, &to);
    return LW_ERR_OK;
}

enum lw_err lw_ks_rank_of(const struct lw_ks_pool *pool, uint32_t curve, struct lw_ks_rank *rank)
{
    const uint64_t total = pool->n;
    struct lw_ks_rank found = {.p = {.p = 1.0, .method = LW_P_NONE}, .attainable_p = 1.0};
    uint64_t distance, scale;

    if (curve >= LW_KS_CURVES_MAX || pool->counts[curve] == 0)
        return LW_ERR_USAGE;
    scale = pool->counts[curve] * (total - pool->counts[curve]);
    distance = pool->numerators[curve];
    for (size_t i = 0; i < LW_KS_CURVES_MAX; i++) {
        const uint32_t n = pool->counts[i];

        if (i == curve || n == 0)
            continue;
        found.references++;
        found.as_extreme += pool->numerators[i] * scale >= distance * (n * (total - n));
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
