#include "engine/core/gather/unnamed/interleave.h"

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
/* Minutes in a row with more samples than usual. */
#define CROWD 3u
/* Distances that are a period, as a part of it. */
#define GRID 0.15

/* What is usual for a metric. */
struct usual {
    double step;    /* see usual_of */
    double samples; /* median count of a datapoint */
    double grid;    /* the commonest distance of neighbours, ms; 0: there is none */
};

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

/* Twice the usual samples in each of several minutes, and their values further apart than the average moves: with single
   runs twice the samples come from twice the steps, which lie no further apart than that. */
static bool is_crowded(const struct lw_evidence_metric *metric, size_t from, const struct usual *usual)
{
    for (size_t i = from; metric->detail != NULL && i < from + CROWD; i++) {
        double width = metric->detail[i].most - metric->detail[i].least;
        double move = i > from ? fabs(metric->value[i] - metric->value[i - 1]) : 0.0;

        if (metric->detail[i].samples < 2.0 * usual->samples || width < 0.15 * metric->range || width < 1.5 * move)
            return false;
    }
    return metric->detail != NULL;
}

/* A minute with far worse values than before, which has the values of before too, as the next ones have; and from there
   on half as many samples again: a run that begins while another one goes on. */
static bool begins_inside(const struct lw_evidence_metric *metric, size_t from, const struct usual *usual)
{
    double before, samples = 0.0;

    if (metric->detail == NULL || metric->sign == 0 || from == 0 ||
        (double)(metric->at[from] - metric->at[from - 1]) > 1.5 * metric->period ||
        metric->detail[from].most - metric->detail[from].least < 0.25 * metric->range)
        return false;
    before = metric->value[from - 1];
    for (size_t i = from; i < from + WINDOW; i++) {
        const struct lw_curve_detail *detail = &metric->detail[i];
        bool goes_on = metric->sign > 0 ? detail->most >= before - 0.1 * metric->range
                                        : detail->least <= before + 0.1 * metric->range;

        if (!goes_on && i < from + CROWD)
            return false;
        samples += detail->samples;
    }
    return samples >= 1.5 * usual->samples * WINDOW;
}

/* Every second point is one period away, with another one in between: two series on their own grids, when the values
   go to and fro as well (else the run has become faster). */
static bool has_two_grids(const struct lw_evidence_metric *metric, size_t from, const struct usual *usual)
{
    double steps[WINDOW] = {0};
    size_t turns = 0;

    for (size_t i = from + 1; i < from + WINDOW; i++) {
        double last = (double)(metric->at[i] - metric->at[i - 1]);

        steps[i - from - 1] = metric->value[i] - metric->value[i - 1];
        if (last > 0.9 * usual->grid)
            return false;
        if (i == from + 1)
            continue;
        if (fabs((double)(metric->at[i] - metric->at[i - 2]) - usual->grid) > GRID * usual->grid)
            return false;
        turns += steps[i - from - 1] * steps[i - from - 2] < 0.0;
    }
    for (size_t i = 0; i + 1 < WINDOW; i++)
        steps[i] = fabs(steps[i]);
    return usual->grid > 0.0 && turns + 1 >= WINDOW - 2 && middle(steps, WINDOW - 1) > 3.0 * metric->noise;
}

static bool overlaps(const struct lw_evidence_metric *metric, size_t from, const struct usual *usual)
{
    if (from + CROWD <= metric->n && follow(metric, from, from + CROWD) && is_crowded(metric, from, usual))
        return true;
    if (from + WINDOW <= metric->n && follow(metric, from, from + WINDOW) &&
        (stands_apart(metric, from) || shares_stamps(metric, from) || begins_inside(metric, from, usual) ||
         has_two_grids(metric, from, usual)))
        return true;
    return from + SWING <= metric->n && follow(metric, from, from + SWING) &&
           goes_to_and_fro(metric, from, usual->step);
}

/* The distance around which, within the width of GRID, most of them lie; 0 when those are less than a third. */
static double commonest(double *distances, size_t n)
{
    size_t most = 0, low = 0;
    double best = 0.0;

    lw_sort_doubles(distances, n);
    for (size_t i = 0; i < n; i++) {
        while (distances[i] - distances[low] > GRID * distances[i])
            low++;
        if (i - low + 1 >= most) {
            most = i - low + 1;
            best = distances[low + (i - low) / 2];
        }
    }
    return 3 * most >= n ? best : 0.0;
}

/* What second neighbours usually differ by, as a standard deviation of one value: noise and course for a single curve,
   and no more for two that take turns. `room` is for n numbers. */
static struct usual usual_of(const struct lw_evidence_metric *metric, double *room)
{
    struct usual usual = {.samples = 1.0};
    size_t n = metric->n;

    for (size_t i = 1; i < n; i++)
        room[i - 1] = (double)(metric->at[i] - metric->at[i - 1]);
    usual.grid = commonest(room, n - 1);
    for (size_t i = 0; metric->detail != NULL && i < n; i++)
        room[i] = metric->detail[i].samples;
    if (metric->detail != NULL)
        usual.samples = middle(room, n);
    for (size_t i = 2; i < n; i++)
        room[i - 2] = fabs(metric->value[i] - metric->value[i - 2]);
    usual.step = n > 2 ? 1.4826 * middle(room, n - 2) / 1.41421356237309504880 : 0.0;
    return usual;
}

/* Flags every segment that has a part in [first, last], and makes one of them. */
static void flag(struct lw_segment *segments, size_t n, int64_t first, int64_t last)
{
    size_t low = 0, high = n;
    bool joined = false;

    while (low < high) {
        size_t half = low + (high - low) / 2;

        if (segments[half].last < first)
            low = half + 1;
        else
            high = half;
    }
    for (; low < n && segments[low].first <= last; low++) {
        segments[low].flags |= LW_RUN_INTERLEAVED;
        segments[low].joined = segments[low].joined || joined;
        joined = true;
    }
}

/* The run that is disturbed began before the disturbance shows, and the one that disturbs may go on after it. */
static void flag_window(const struct lw_evidence_metric *metric, size_t from, size_t points,
                        struct lw_segment *segments, size_t n)
{
    int64_t margin = (int64_t)(NEAR * metric->period);
    size_t to = from + points <= metric->n ? from + points - 1 : metric->n - 1;

    flag(segments, n, metric->at[from] - margin, metric->at[to] + margin);
}

bool lw_interleave_mark(const struct lw_evidence *evidence, struct lw_memory *memory, struct lw_segment_room *room,
                        size_t *segments_n)
{
    struct lw_segment *segments = room->segments.at;
    size_t kept = 0;

    for (size_t j = 0; j < evidence->metrics_n; j++) {
        const struct lw_evidence_metric *metric = &evidence->metrics[j];
        struct usual usual;

        if (!(metric->range > 0.0) || metric->n < CROWD)
            continue;
        if (!lw_memory_scratch(memory, &room->passing, metric->n, sizeof(double)))
            return false;
        usual = usual_of(metric, room->passing.at);
        for (size_t i = 0; i + CROWD <= metric->n; i++)
            if (overlaps(metric, i, &usual))
                flag_window(metric, i, CROWD, segments, *segments_n);
    }
    for (size_t i = 0; i < *segments_n; i++) {
        if (kept > 0 && segments[i].joined)
            segments[kept - 1].last = segments[i].last;
        else
            segments[kept++] = segments[i];
    }
    *segments_n = kept;
    return true;
}
