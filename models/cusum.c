#include "leeway/cusum.h"

#include "models/score.h"

#include <assert.h>
#include <math.h>

_Static_assert((int)LW_CUSUM_SCORE_LIMIT == (int)LW_SCORE_LIMIT, "one limit for all scores");

void lw_cusum_add(struct lw_cusum_sums *sums, double score)
{
    assert(!isnan(score));
    score = fmin(fmax(score, -LW_CUSUM_SCORE_LIMIT), LW_CUSUM_SCORE_LIMIT);
    sums->n++;
    sums->up = fmax(0.0, sums->up + score - sums->k);
    sums->down = fmax(0.0, sums->down - score - sums->k);
    if (sums->up == 0.0)
        sums->up_zero = sums->n;
    if (sums->down == 0.0)
        sums->down_zero = sums->n;
}

uint64_t lw_cusum_up_since(const struct lw_cusum_sums *sums)
{
    return sums->up_zero + 1;
}

uint64_t lw_cusum_down_since(const struct lw_cusum_sums *sums)
{
    return sums->down_zero + 1;
}

struct lw_cusum lw_cusum_start(double k)
{
    return (struct lw_cusum){.sums = {.k = k}};
}

double lw_cusum_scale(const struct lw_cusum *chart, double scale_floor)
{
    if (chart->n < 2)
        return scale_floor;
    return fmax(sqrt(chart->m2 / (double)(chart->n - 1)), scale_floor);
}

double lw_cusum_score(const struct lw_cusum *chart, double x, double scale_floor)
{
    double n = (double)chart->n + 1.0;
    double difference = x - chart->mean;
    double scale = lw_cusum_scale(chart, scale_floor);

    assert(isfinite(x) && scale_floor >= 0.0);
    /* Identical values: rounding in the running mean must not become a difference. */
    if (chart->n < 2 || difference == 0.0 || (chart->constant == chart->n && x == chart->first))
        return 0.0;
    if (scale <= 0.0)
        return copysign(LW_CUSUM_SCORE_LIMIT, difference);
    return lw_score_of_t(difference / scale * sqrt((n - 1.0) / n), n - 2.0);
}

void lw_cusum_learn(struct lw_cusum *chart, double x)
{
    double difference = x - chart->mean;

    if (chart->n == 0)
        chart->first = x;
    if (chart->constant == chart->n && x == chart->first)
        chart->constant++;
    chart->n++;
    if (chart->constant == chart->n) { /* exactly: no rounding may creep into mean and m2 */
        chart->mean = x;
        return;
    }
    chart->mean += difference / (double)chart->n;
    chart->m2 += difference * (x - chart->mean);
}

double lw_cusum_see(struct lw_cusum *chart, double x, double scale_floor)
{
    chart->score = lw_cusum_score(chart, x, scale_floor);
    if (chart->n < 2) { /* no score yet: counted, so that the numbers in `sums` are those of the values */
        chart->sums.n++;
        chart->sums.up_zero = chart->sums.down_zero = chart->sums.n;
    } else {
        lw_cusum_add(&chart->sums, chart->score);
    }
    lw_cusum_learn(chart, x);
    return chart->score;
}

bool lw_cusum_is_constant(const struct lw_cusum *chart)
{
    return chart->n > 0 && chart->constant == chart->n;
}
