#include "engine/core/interleave.h"

#include "leeway/run.h"
#include "leeway/sort.h"

#include <math.h>

/* So many points that follow each other have to show it. Ten values without order go to and fro at every step once in 36
   windows; so besides they have to do it by several times what second neighbours differ by in all of the data. */
#define WINDOW     6u
#define SWING      10u
#define FAR_BEYOND 4.0
/* Second neighbours differ by less than this part of what first ones do. */
#define TO_AND_FRO 0.35
/* Points that follow each other: no pause between them. */
#define NEAR 3.0

static double middle(double *values, size_t n)
{
    lw_sort_doubles(values, n);
    return values[n / 2];
}

static bool follow(const struct lw_evidence_metric *metric, size_t from, size_t to)
{
    for (size_t i = from + 1; i < to; i++)
        if ((double)(metric->at[i] - metric->at[i - 1]) > NEAR * metric->period)
            return false;
    return true;
}

/* Every step goes the other way than the one before it, and second neighbours lie close to each other. */
static bool goes_to_and_fro(const struct lw_evidence_metric *metric, size_t from, double usual)
{
    const double *x = metric->value + from;
    double near[SWING], far[SWING], first, second;

    for (size_t i = 1; i < SWING; i++) {
        near[i - 1] = fabs(x[i] - x[i - 1]);
        if (i == 1)
            continue;
        far[i - 2] = fabs(x[i] - x[i - 2]);
        if ((x[i] - x[i - 1]) * (x[i - 1] - x[i - 2]) >= 0.0)
            return false;
    }
    first = middle(near, SWING - 1);
    second = middle(far, SWING - 2);
    return second < TO_AND_FRO * first && first > 0.1 * metric->range && first > FAR_BEYOND * usual;
}

/* Every stamp has values that lie far apart, while their middle hardly moves. */
static bool stands_apart(const struct lw_evidence_metric *metric, size_t from)
{
    for (size_t i = from; metric->detail != NULL && i < from + WINDOW; i++) {
        double width = metric->detail[i].most - metric->detail[i].least;
        double move = i > from ? fabs(metric->value[i] - metric->value[i - 1]) : 0.0;

        if (metric->detail[i].samples < 2.0 || width < 0.25 * metric->range || width < 3.0 * move)
            return false;
    }
    return metric->detail != NULL;
}

/* Pairs of values that share a stamp, apart by more than a tenth of the range. */
static bool shares_stamps(const struct lw_evidence_metric *metric, size_t from)
{
    size_t pairs = 0;

    for (size_t i = from + 1; i < from + WINDOW; i++)
        pairs +=
            metric->at[i] == metric->at[i - 1] && fabs(metric->value[i] - metric->value[i - 1]) > 0.1 * metric->range;
    return pairs * 2 + 1 >= WINDOW - 1;
}

static bool overlaps(const struct lw_evidence_metric *metric, size_t from, double usual)
{
    if (from + WINDOW <= metric->n && follow(metric, from, from + WINDOW) &&
        (stands_apart(metric, from) || shares_stamps(metric, from)))
        return true;
    return from + SWING <= metric->n && follow(metric, from, from + SWING) && goes_to_and_fro(metric, from, usual);
}

/* What second neighbours usually differ by, as a standard deviation of one value: noise and course for a single curve,
   and no more for two that take turns. */
static double usual_of(const struct lw_evidence_metric *metric, double *room)
{
    if (metric->n < SWING)
        return 0.0;
    for (size_t i = 2; i < metric->n; i++)
        room[i - 2] = fabs(metric->value[i] - metric->value[i - 2]);
    return 1.4826 * middle(room, metric->n - 2) / 1.41421356237309504880;
}

/* Flags every segment that has a part in [first, last]. */
static void flag(struct lw_segment *segments, size_t n, int64_t first, int64_t last)
{
    size_t low = 0, high = n;

    while (low < high) {
        size_t half = low + (high - low) / 2;

        if (segments[half].last < first)
            low = half + 1;
        else
            high = half;
    }
    for (; low < n && segments[low].first <= last; low++)
        segments[low].flags |= LW_RUN_INTERLEAVED;
}

bool lw_interleave_mark(const struct lw_evidence *evidence, struct lw_memory *memory, struct lw_segment_room *room,
                        size_t *segments_n)
{
    struct lw_segment *segments = room->segments.at;
    size_t kept = 0;

    for (size_t j = 0; j < evidence->metrics_n; j++) {
        const struct lw_evidence_metric *metric = &evidence->metrics[j];

        double usual;

        if (!(metric->range > 0.0))
            continue;
        if (!lw_memory_scratch(memory, &room->passing, metric->n + 1, sizeof(double)))
            return false;
        usual = usual_of(metric, room->passing.at);
        for (size_t i = 0; i + WINDOW <= metric->n; i++)
            if (overlaps(metric, i, usual))
                flag(segments, *segments_n, metric->at[i], metric->at[i + WINDOW - 1]);
    }
    for (size_t i = 0; i < *segments_n; i++) {
        if (kept > 0 && (segments[kept - 1].flags & LW_RUN_INTERLEAVED) && (segments[i].flags & LW_RUN_INTERLEAVED))
            segments[kept - 1].last = segments[i].last;
        else
            segments[kept++] = segments[i];
    }
    *segments_n = kept;
    return true;
}
