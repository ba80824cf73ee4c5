#include "leeway/changepoint.h"

#include "models/changepoint_table.h"
#include "models/score.h"

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define T_LIMIT 1e9

/* Mean of x - x[0]. Differences from the first value are exactly 0 in a constant series, where differences from a rounded
   mean would look like a tiny spread. */
static double mean_of(const double *x, size_t n, struct lw_changepoint_sum *known)
{
    for (; known->n < n; known->n++)
        known->sum += x[known->n] - x[0];
    return known->sum / (double)n;
}

static double two_sample_t(double difference, double scale, double error)
{
    if (difference == 0.0)
        return 0.0;
    if (scale * error <= 0.0)
        return copysign(T_LIMIT, difference);
    return fmin(fmax(difference / (scale * error), -T_LIMIT), T_LIMIT);
}

/* The between-group sum of squares, with a sign where a side is asked for. t grows with it whether or not the floor holds,
   so the splits are compared without a root. `sum` is of the differences from the mean before the split: negative when
   the values after it are higher. */
static double towards(enum lw_changepoint_side side, double sum, double share)
{
    double between = sum * sum * share;

    switch (side) {
    case LW_CHANGEPOINT_EITHER:
        return between;
    case LW_CHANGEPOINT_UP:
        return copysign(between, -sum);
    case LW_CHANGEPOINT_DOWN:
        return copysign(between, sum);
    }
    return between;
}

/* 1/j + 1/(n - j) */
static double split_share(size_t j, size_t n)
{
    return (double)n / ((double)j * (double)(n - j));
}

/* A split whose sum of squares is below the largest one by more than rounding need not be looked at: this tells without
   the division that takes most of the time, and for a block of splits at once, since few blocks have one that matters. */
#define CLEARLY (1.0 - 1e-12)
#define BLOCK   16

typedef double pair __attribute__((vector_size(16)));
typedef int64_t pair_of_bits __attribute__((vector_size(16)));

/* What is added up on the way from value to value. */
struct sums {
    double differences, squares;
};

/* Goes over one block, that of the splits j, j + 1, ...: leaves the sum behind each in `sums` and tells whether all are
   clearly less than the largest so far: sum^2 n / (j (n - j)) against it. What is no number is not less. Each addition
   has to wait for the one before; everything else is done beside that, for two values at once. */
static bool add_block(const double x[BLOCK], double first, double mean, double n, double j, double largest,
                      struct sums *so_far, double sums[BLOCK])
{
    const pair least = {largest * CLEARLY, largest * CLEARLY};
    pair before = {j, j + 1.0};
    pair_of_bits less = {-1, -1};

    for (size_t i = 0; i < BLOCK; i += 2) {
        pair difference, square, sum;

        memcpy(&difference, x + i, sizeof(difference));
        difference = difference - first - mean;
        square = difference * difference;
        sum = (pair){so_far->differences + difference[0], so_far->differences + difference[0] + difference[1]};
        so_far->differences = sum[1];
        so_far->squares += square[0];
        so_far->squares += square[1];
        memcpy(sums + i, &sum, sizeof(sum));
        less &= sum * sum * n < least * (before * (n - before));
        before += 2.0;
    }
    return (less[0] & less[1]) != 0;
}

/* The same of what is left over, without a look at it. */
static void add_rest(const double *x, size_t n, double first, double mean, struct sums *so_far, double *sums)
{
    for (size_t i = 0; i < n; i++) {
        const double difference = x[i] - first - mean;

        so_far->differences += difference;
        so_far->squares += difference * difference;
        sums[i] = so_far->differences;
    }
}

/* The best split so far. */
struct split {
    size_t at;
    double sum, largest;
};

/* `sums` are those behind the splits j, j + 1, ... */
static void take_best(enum lw_changepoint_side side, const double *sums, size_t j, size_t end, size_t n,
                      struct split *best)
{
    for (; j < end; j++, sums++) {
        const double value = towards(side, *sums, split_share(j, n));

        if (value > best->largest)
            *best = (struct split){.at = j, .sum = *sums, .largest = value};
    }
}

enum lw_err lw_changepoint_best_of(const double *x, size_t n, size_t least, double scale_floor,
                                   enum lw_changepoint_side side, struct lw_changepoint_sum *known,
                                   struct lw_changepoint *best)
{
    struct split found = {.at = least, .largest = -HUGE_VAL};
    struct sums so_far = {0.0, 0.0}; /* of the differences from the mean, up to a split */
    double sums[BLOCK];
    double mean, share, within;

    if (n < 3 || least == 0 || least > n / 2 || known->n > n)
        return LW_ERR_RANGE;
    mean = mean_of(x, n, known);
    for (size_t j = 0; j < n; j += BLOCK) {
        const size_t block = n - j < BLOCK ? n - j : BLOCK;
        const size_t from = j + 1 < least ? least : j + 1;
        const size_t end = j + block < n - least ? j + block + 1 : n - least + 1;

        if (block < BLOCK)
            add_rest(x + j, block, x[0], mean, &so_far, sums);
        else if (add_block(x + j, x[0], mean, (double)n, (double)(j + 1), found.largest, &so_far, sums) &&
                 found.largest > 0.0)
            continue;
        if (from < end)
            take_best(side, sums + (from - j - 1), from, end, n, &found);
    }
    share = split_share(found.at, n);
    within = fmax(0.0, so_far.squares - found.sum * found.sum * share) / (double)(n - 2);
    best->split = found.at;
    best->t = two_sample_t(-found.sum * share, fmax(sqrt(within), scale_floor), sqrt(share));
    best->score = lw_score_of_t(best->t, (double)(n - 2));
    return LW_ERR_OK;
}

enum lw_err lw_changepoint_best(const double *x, size_t n, size_t least, double scale_floor,
                                enum lw_changepoint_side side, struct lw_changepoint *best)
{
    struct lw_changepoint_sum nothing = {0};

    return lw_changepoint_best_of(x, n, least, scale_floor, side, &nothing, best);
}

/* Threshold of one row at 1 / `runs`: its square is linear in log runs, as for a normal tail z^2 ~ 2 log(runs). */
static double along_hazard(const double *row, double runs)
{
    const double *grid = lw_changepoint_table.runs;
    size_t last = LW_CHANGEPOINT_TABLE_HAZARDS - 1;
    size_t i = 1;
    double part;

    if (runs <= grid[0])
        return row[0];
    if (runs >= grid[last])
        return sqrt(row[last] * row[last] + 2.0 * log(runs / grid[last]));
    while (runs > grid[i])
        i++;
    part = log(runs / grid[i - 1]) / log(grid[i] / grid[i - 1]);
    return sqrt((1.0 - part) * row[i - 1] * row[i - 1] + part * row[i] * row[i]);
}

enum lw_err lw_changepoint_threshold(size_t n, double hazard, double *threshold)
{
    const double *grid = lw_changepoint_table.n;
    size_t last = LW_CHANGEPOINT_TABLE_ROWS - 1;
    double count = (double)n;
    size_t i = 1;
    double low;
    double high;
    double part;

    if (n < LW_CHANGEPOINT_FIRST || !(hazard > 0.0) || !(hazard < 1.0))
        return LW_ERR_RANGE;
    while (i < last && count > grid[i])
        i++;
    low = along_hazard(lw_changepoint_table.score[i - 1], 1.0 / hazard);
    high = along_hazard(lw_changepoint_table.score[i], 1.0 / hazard);
    part = log(count / grid[i - 1]) / log(grid[i] / grid[i - 1]);
    *threshold = count >= grid[last] ? fmax(low, high) : (1.0 - part) * low + part * high;
    return LW_ERR_OK;
}
