#include "engine/core/judge/chart/scoring.h"

#include "engine/core/judge/chart/series.h"

#include <math.h>

double lw_scoring_correlation(const struct lw_series *series)
{
    double n = (double)series->scores_n;
    double phi;

    if (series->scores_n < LW_FOLD_CORRELATION_LEAST || series->lag_square <= 0.0)
        return 0.0;
    /* Less half a standard error: what is not sure costs power for nothing. */
    phi = series->lag_product / series->lag_square - 0.5 / sqrt(n);
    return phi < 0.0 ? 0.0 : phi > 0.9 ? 0.9 : phi;
}

static void forget_waiting(struct lw_series *of)
{
    of->lag_product_waits = 0.0;
    of->lag_square_waits = 0.0;
    of->scores_wait = 0;
    of->lag_known = 0;
}

/* A shift makes neighbouring scores resemble each other: an estimate that learnt from it would make the chart blind for
   the very thing it watches for. So odd scores break the line, and what comes while a sum is over half of its threshold
   waits: it counts when the sum is down again, and never when there was an alarm. To leave it out in both cases would
   choose the scores by what they resemble. After an alarm the scores are around the new level, and count again. */
static void correlate(struct lw_series *of, double threshold, double u, double before)
{
    double most = fmax(of->chart.sums.up, of->chart.sums.down);

    if (most > threshold) {
        forget_waiting(of);
        return;
    }
    if (of->single) {
        of->lag_known = 0;
        return;
    }
    if (of->lag_known)
        of->lag_product_waits += u * before;
    of->lag_square_waits += u * u;
    of->scores_wait++;
    of->lag_known = 1;
    if (most > threshold / 2.0)
        return;
    of->lag_product += of->lag_product_waits;
    of->lag_square += of->lag_square_waits;
    of->scores_n += of->scores_wait;
    forget_waiting(of);
    of->lag_known = 1;
}

void lw_scoring_add(struct lw_fold *fold, uint32_t series, uint32_t at)
{
    struct lw_series *of = &fold->series[series];
    double x = fold->memory[series].values[at].x;
    double before;
    double exact;
    double phi;
    double u;

    if (of->chart.n < 2 || !of->charted)
        return;
    if (of->chart.sums.up <= 0.0)
        of->up_since = at;
    if (of->chart.sums.down <= 0.0)
        of->down_since = at;
    u = lw_cusum_score(&of->chart, x, lw_series_spread_floor(of, of->chart.mean));
    phi = lw_scoring_correlation(of);
    before = of->last_score;
    of->single = fabs(u) > LW_FOLD_SINGLE && !(u * of->last_score > 0.0 && fabs(of->last_score) > LW_FOLD_SECOND);
    of->last_score = u;
    exact = u;
    /* Real series have heavier tails than a normal distribution: one odd run is told as a warning and counts as much as
       an unusual one; a second in a row, the same way, counts in full. */
    if (of->single)
        u = u > 0.0 ? LW_FOLD_SINGLE : -LW_FOLD_SINGLE;
    /* Sums of positively correlated scores wander as if the scores were larger by this factor (the variance of the sum
       of an AR(1) process); charting them as they are would cut the run length to a false alarm by a multiple. */
    lw_cusum_add(&of->chart.sums, u * sqrt((1.0 - phi) / (1.0 + phi)));
    correlate(of, fold->memory[series].threshold, exact, before);
}

void lw_scoring_learn(struct lw_fold *fold, uint32_t series, uint32_t at)
{
    struct lw_series *of = &fold->series[series];
    uint32_t waiting = of->pending;

    of->pending = 0;
    if (waiting)
        lw_scoring_learn(fold, series, waiting - 1);
    lw_cusum_learn(&of->chart, fold->memory[series].values[at].x);
    lw_series_learn(&of->level, fold->memory[series].values[at].raw);
}
