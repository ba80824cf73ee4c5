#include "engine/core/gather/curve/summary.h"

#include "engine/base/names.h"
#include "leeway/moments.h"
#include "leeway/quantile.h"
#include "leeway/slope.h"
#include "leeway/sort.h"
#include "leeway/transform.h"

#include <assert.h>
#include <float.h>
#include <math.h>
#include <string.h>

enum lw_better lw_summary_better(const struct lw_rules *rules, struct lw_str metric)
{
    for (size_t i = 0; i < rules->higher_n; i++)
        if (lw_str_equal(rules->higher[i], metric))
            return LW_BETTER_HIGHER;
    for (size_t i = 0; i < rules->lower_n; i++)
        if (lw_str_equal(rules->lower[i], metric))
            return LW_BETTER_LOWER;
    return lw_meaning_of(metric).better;
}

static void moments(const struct lw_curve_points *points, struct lw_summary *summary)
{
    struct lw_moments moments;

    lw_moments_of(points->value, points->n, &moments);
    if (!lw_moments_mean(&moments, &summary->mean))
        summary->mean = summary->q50; /* the sum is beyond the range of double */
    summary->has_stddev = lw_moments_stddev(&moments, &summary->stddev);
    summary->has_skewness = lw_moments_skewness(&moments, &summary->skewness);
    summary->has_kurtosis = lw_moments_kurtosis(&moments, &summary->kurtosis);
}

static void best_of(const struct lw_curve_points *points, enum lw_better better, struct lw_summary *summary)
{
    size_t best = 0;

    if (better == LW_BETTER_UNKNOWN && summary->trend == LW_TREND_UP)
        better = LW_BETTER_HIGHER;
    if (better == LW_BETTER_UNKNOWN && summary->trend == LW_TREND_DOWN)
        better = LW_BETTER_LOWER;
    if (better == LW_BETTER_UNKNOWN)
        return;
    for (size_t i = 1; i < points->n; i++) {
        double difference = points->value[i] - points->value[best];

        if (better == LW_BETTER_HIGHER ? difference > 0.0 : difference < 0.0)
            best = i;
    }
    summary->best = points->value[best];
    summary->best_at = points->at[best];
    summary->has_best = 1;
}

/* A value that is a multiple of the least step seen so far (to the last bit) cannot make it smaller. */
static double least_step(const double *values, size_t n)
{
    double step = lw_transform_step(values[0]);
    double per = round(1.0 / step);

    for (size_t i = 1; i < n; i++) {
        double own;

        if (round(values[i] * per) / per == values[i])
            continue;
        own = lw_transform_step(values[i]);
        if (own < step) {
            step = own;
            per = round(1.0 / step);
        }
    }
    return step;
}

static void quantiles(const double *sorted, size_t n, struct lw_summary *summary)
{
    bool known =
        lw_quantile_sorted(sorted, n, 0.05, &summary->q05) && lw_quantile_sorted(sorted, n, 0.25, &summary->q25) &&
        lw_quantile_sorted(sorted, n, 0.50, &summary->q50) && lw_quantile_sorted(sorted, n, 0.75, &summary->q75) &&
        lw_quantile_sorted(sorted, n, 0.95, &summary->q95);

    assert(known);
}

/* A point of the sample, and its place in the order of hashes. */
struct drawn {
    uint64_t hash;
    double value;
};

/* The finaliser of splitmix64 (Steele, Lea, Flood 2014). */
static uint64_t mix(uint64_t x)
{
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

static uint64_t hash_of(uint64_t seed, int64_t at, double value)
{
    uint64_t bits;

    memcpy(&bits, &value, sizeof(bits));
    return mix(mix(seed ^ (uint64_t)at) ^ bits);
}

static bool drawn_after(const struct drawn *a, const struct drawn *b)
{
    return a->hash > b->hash || (a->hash == b->hash && a->value > b->value);
}

/* Puts `item` at the top of the heap, whose greatest stands first, in place of what was there. */
static void sift(struct drawn *heap, size_t n, size_t at, struct drawn item)
{
    for (;;) {
        size_t child = 2 * at + 1;

        if (child + 1 < n && drawn_after(&heap[child + 1], &heap[child]))
            child++;
        if (child >= n || !drawn_after(&heap[child], &item))
            break;
        heap[at] = heap[child];
        at = child;
    }
    heap[at] = item;
}

/* The LW_RUN_VALUES_MAX points with the smallest hashes: a uniform sample that is the same for every order. */
static void draw(const struct lw_curve_points *points, uint64_t seed, struct drawn *heap)
{
    size_t k = LW_RUN_VALUES_MAX;

    for (size_t i = 0; i < k; i++)
        heap[i] = (struct drawn){hash_of(seed, points->at[i], points->value[i]), points->value[i]};
    for (size_t i = k / 2; i-- > 0;)
        sift(heap, k, i, heap[i]);
    for (size_t i = k; i < points->n; i++) {
        struct drawn item = {hash_of(seed, points->at[i], points->value[i]), points->value[i]};

        if (drawn_after(&heap[0], &item))
            sift(heap, k, 0, item);
    }
}

static bool sampled(const struct lw_curve_points *points, struct lw_str metric, struct lw_memory *memory,
                    struct lw_scratch *kept, struct lw_summary *summary)
{
    size_t k = LW_RUN_VALUES_MAX;
    struct drawn *heap;
    double *values;

    if (!lw_memory_scratch(memory, kept, k, sizeof(double) + sizeof(struct drawn)))
        return false;
    values = kept->at;
    heap = (struct drawn *)(void *)(values + k);
    draw(points, lw_names_hash(metric), heap);
    for (size_t i = 0; i < k; i++)
        values[i] = heap[i].value;
    lw_sort_doubles(values, k);
    quantiles(values, k, summary);
    summary->approximate = 1;
    return true;
}

static bool exact(const struct lw_curve_points *points, struct lw_memory *memory, struct lw_scratch *kept,
                  struct lw_summary *summary)
{
    size_t n = points->n, most = LW_RUN_VALUES_MAX;
    double *values;

    if (!lw_memory_scratch(memory, kept, n, sizeof(double)))
        return false;
    values = kept->at;
    memcpy(values, points->value, n * sizeof(*values));
    lw_sort_doubles(values, n);
    quantiles(values, n, summary);
    /* What is read never lies before what is written. */
    for (size_t i = 0; n > most && i < most; i++)
        values[i] = values[(2 * i + 1) * n / (2 * most)];
    return true;
}

static void ends(const struct lw_curve_points *points, struct lw_summary *summary)
{
    size_t n = points->n;

    summary->count = n;
    summary->samples = fmin(points->samples, DBL_MAX);
    summary->first = points->value[0];
    summary->last = points->value[n - 1];
    summary->first_at = points->at[0];
    summary->last_at = points->at[n - 1];
    summary->min = points->least;
    summary->max = points->most;
    for (size_t i = 1; i < n; i++)
        if (points->at[i] - points->at[i - 1] > summary->spacing)
            summary->spacing = points->at[i] - points->at[i - 1];
}

bool lw_summary_make(const struct lw_curve_points *points, struct lw_str metric, enum lw_better better, bool steps,
                     struct lw_memory *memory, struct lw_scratch *kept, struct lw_summary *summary, uint32_t *values_n)
{
    struct lw_summary s = {0};
    size_t n = points->n;

    *values_n = n < LW_RUN_VALUES_MAX ? (uint32_t)n : LW_RUN_VALUES_MAX;
    if (n == 0) {
        *summary = s;
        return true;
    }
    if (n > LW_SUMMARY_EXACT ? !sampled(points, metric, memory, kept, &s) : !exact(points, memory, kept, &s))
        return false;
    ends(points, &s);
    moments(points, &s);
    if (!steps)
        s.has_slope = lw_slope_per_hour((const lw_time *)(const void *)points->at, points->value, n, &s.slope_per_hour);
    s.trend = (uint8_t)lw_slope_trend(points->value, n);
    best_of(points, better, &s);
    s.decimal_step = least_step(points->value, n);
    *summary = s;
    return true;
}

/* The last decimal place that single precision tells apart: the shortest decimal that reads back the same. */
static double single_step(double value)
{
    double power = 1.0;

    for (int digits = 0; digits < 12; digits++, power *= 10.0)
        if ((float)(round(value * power) / power) == (float)value)
            break;
    return 1.0 / power;
}

struct lw_summary lw_summary_final(double value, bool has_at, int64_t at)
{
    return (struct lw_summary){
        .count = 1,
        .samples = 1.0,
        .first = value,
        .last = value,
        .min = value,
        .max = value,
        .mean = value,
        .q05 = value,
        .q25 = value,
        .q50 = value,
        .q75 = value,
        .q95 = value,
        .decimal_step = single_step(value),
        .first_at = has_at ? at : 0,
        .last_at = has_at ? at : 0,
        .final_only = 1,
    };
}
