#include "engine/core/judge/chart/curve_chart.h"

#include "engine/core/judge/case.h"
#include "engine/core/judge/chart/chart.h"
#include "engine/core/judge/chart/recent.h"
#include "engine/core/judge/chart/series.h"
#include "leeway/changepoint.h"

#include <gsl/gsl_cdf.h>
#include <math.h>

#define QUANTILES 5

static const struct lw_metric *metric_of(const struct lw_fold *fold, uint32_t series, uint32_t run)
{
    const uint32_t partner = fold->series[series].partner;

    /* In the run in hand it has been found. */
    if (run == fold->head.runs_n && fold->found[partner] != LW_FOLD_NONE)
        return &lw_run_metrics(fold->runs[run])[fold->found[partner]];
    return lw_run_metric(fold->runs[run], lw_fold_name(fold, partner));
}

static double quantile_of(const struct lw_summary *summary, uint32_t which)
{
    const double quantiles[QUANTILES] = {summary->q05, summary->q25, summary->q50, summary->q75, summary->q95};

    return lw_series_bounded(quantiles[which]);
}

/* The values of the curve, ascending, thinned to a bounded number at evenly spread ranks: the same for every run, so
   that the runs stay exchangeable. */
static const double *values_of(struct lw_fold *fold, uint32_t run, const struct lw_metric *metric, size_t *n)
{
    const double *values = lw_run_values(fold->runs[run], metric);

    *n = metric->values_n;
    if (*n <= LW_FOLD_CURVE_VALUES)
        return values;
    for (size_t i = 0; i < LW_FOLD_CURVE_VALUES; i++)
        fold->thin[i] = values[(2 * i + 1) * *n / (2 * LW_FOLD_CURVE_VALUES)];
    *n = LW_FOLD_CURVE_VALUES;
    return fold->thin;
}

static bool enter(struct lw_fold *fold, uint32_t series, uint32_t leave, uint32_t slot, uint32_t run);

/* A pool with room for `values` values that holds the curves that the memory names. */
static bool build(struct lw_fold *fold, uint32_t series, size_t values)
{
    struct lw_series_memory *memory = &fold->memory[series];
    size_t bytes = lw_ks_rank_bytes(values);

    memory->pool = bytes ? lw_arena_take(fold->scratch, bytes) : NULL;
    if (!memory->pool) {
        fold->error = LW_ERR_NOMEM;
        return false;
    }
    lw_ks_rank_begin(memory->pool, (uint32_t)values);
    for (uint32_t slot = 0; slot <= LW_FOLD_REFERENCES; slot++) {
        uint32_t run = fold->series[series].pool[slot];

        if (run != LW_FOLD_NONE && !enter(fold, series, LW_KS_NO_CURVE, slot, run))
            return false;
    }
    return true;
}

/* Puts the curve of the run in, and another one out; the pool grows when it is too small. */
static bool enter(struct lw_fold *fold, uint32_t series, uint32_t leave, uint32_t slot, uint32_t run)
{
    struct lw_series_memory *memory = &fold->memory[series];
    const struct lw_metric *metric = metric_of(fold, series, run);
    size_t n;
    const double *values;
    enum lw_err err;

    if (!metric || metric->values_n == 0)
        return false;
    values = values_of(fold, run, metric, &n);
    if (!memory->pool || memory->pool->n + n > memory->pool->capacity) {
        size_t capacity = memory->pool ? 2 * (size_t)memory->pool->capacity + n : 16 * n;

        fold->series[series].pool[slot] = LW_FOLD_NONE;
        if (leave != LW_KS_NO_CURVE)
            fold->series[series].pool[leave] = LW_FOLD_NONE;
        if (!build(fold, series, capacity))
            return false;
        leave = LW_KS_NO_CURVE;
        values = values_of(fold, run, metric, &n); /* the room for thinned values was used for others */
    }
    err = lw_ks_rank_exchange(memory->pool, leave, slot, values, n);
    if (err != LW_ERR_OK)
        return false;
    if (leave != LW_KS_NO_CURVE && leave != slot)
        fold->series[series].pool[leave] = LW_FOLD_NONE;
    fold->series[series].pool[slot] = run;
    return true;
}

static void leave(struct lw_fold *fold, uint32_t series, uint32_t slot)
{
    /* Taking out cannot fail. */
    if (fold->memory[series].pool &&
        lw_ks_rank_exchange(fold->memory[series].pool, slot, LW_KS_NO_CURVE, NULL, 0) != LW_ERR_OK)
        fold->error = LW_ERR_STATE;
    fold->series[series].pool[slot] = LW_FOLD_NONE;
}

void lw_curve_chart_restore(struct lw_fold *fold)
{
    for (uint32_t i = 0; i < fold->head.series_n; i++) {
        const struct lw_series *of = &fold->series[i];
        size_t values = 0;

        if (of->kind != LW_SERIES_CURVE)
            continue;
        for (uint32_t slot = 0; slot <= LW_FOLD_REFERENCES; slot++) {
            const struct lw_metric *metric = of->pool[slot] == LW_FOLD_NONE ? NULL : metric_of(fold, i, of->pool[slot]);

            if (metric)
                values += metric->values_n < LW_FOLD_CURVE_VALUES ? metric->values_n : LW_FOLD_CURVE_VALUES;
            else
                fold->series[i].pool[slot] = LW_FOLD_NONE;
        }
        if (values && !build(fold, i, 2 * values))
            return;
    }
}

/* A free place, and which one it takes the place of when there are as many references as wanted. */
static uint32_t place_for(const struct lw_fold *fold, const struct lw_series *of, uint32_t *oldest)
{
    uint32_t wanted = fold->rules->reference_runs;
    uint32_t limit = wanted < 1 ? 1 : wanted > LW_FOLD_REFERENCES ? LW_FOLD_REFERENCES : wanted;
    uint32_t used = 0;
    uint32_t first = LW_FOLD_NONE; /* a free place is LW_FOLD_NONE, which no run is before */
    uint32_t slot = 0;

    for (uint32_t i = 0; i <= LW_FOLD_REFERENCES; i++) {
        used += of->pool[i] != LW_FOLD_NONE;
        first = of->pool[i] < first ? of->pool[i] : first;
    }
    *oldest = LW_KS_NO_CURVE;
    while (of->pool[slot] != (used > limit ? first : LW_FOLD_NONE))
        slot++;
    if (used > limit)
        *oldest = slot;
    return slot;
}

/* By how much one of the quantiles has moved, the one that shows it most in proportion to what may be ignored. */
struct move {
    struct lw_level before, after;
    uint32_t quantile;
    double effect;
    bool large;
};

static void measure(const struct lw_fold *fold, uint32_t series, uint32_t split, struct move *most)
{
    const struct lw_series *of = &fold->series[series];
    const struct lw_value *values = fold->memory[series].values;
    double most_ratio = -1.0;

    for (uint32_t q = 0; q < QUANTILES; q++) {
        struct move one = {.quantile = q};
        uint32_t from = split > of->reference_from + LW_FOLD_EARLIER ? split - LW_FOLD_EARLIER : of->reference_from;
        double floor;

        for (uint32_t i = from; i < of->values_n; i++) {
            const struct lw_metric *metric;

            if (values[i].place != LW_PLACE_REFERENCE && values[i].place != LW_PLACE_JUDGED)
                continue;
            if (i < split && values[i].place == LW_PLACE_JUDGED)
                continue;
            metric = metric_of(fold, series, values[i].run);
            if (metric)
                lw_series_learn(i < split ? &one.before : &one.after, quantile_of(&metric->summary, q));
        }
        if (one.before.n == 0 || one.after.n == 0)
            continue;
        one.effect = lw_series_effect(fold, series, one.before.mean, one.after.mean);
        floor = lw_series_floor(fold, series, one.before.mean, one.after.mean);
        one.large = fabs(one.effect) >= floor;
        if (fabs(one.effect) / fmax(floor, 1e-300) > most_ratio) {
            most_ratio = fabs(one.effect) / fmax(floor, 1e-300);
            *most = one;
        }
    }
}

/* After the alarm the curves from the change on are no longer part of the reference. */
static void shift(struct lw_fold *fold, uint32_t series, uint32_t split, const struct move *most, uint32_t run)
{
    struct lw_series *of = &fold->series[series];
    struct lw_value *values = fold->memory[series].values;
    enum lw_direction direction = most->effect > 0.0 ? LW_DIRECTION_UP : LW_DIRECTION_DOWN;

    for (uint32_t i = split; i < of->values_n; i++) {
        if (values[i].place == LW_PLACE_REFERENCE || values[i].place == LW_PLACE_JUDGED)
            values[i].place = LW_PLACE_SHIFTED;
    }
    for (uint32_t slot = 0; slot <= LW_FOLD_REFERENCES; slot++) {
        if (of->pool[slot] != LW_FOLD_NONE && of->pool[slot] >= values[split].run && !fold->rules->baseline_n)
            leave(fold, series, slot);
    }
    of->before = most->before;
    of->latest = (struct lw_level){0};
    of->level = most->after;
    of->quantile = most->quantile;
    of->direction = (uint32_t)direction;
    of->shifted_from = split;
    of->shifted = 1;
    of->held = 0;
    of->chart = lw_cusum_start(0.5);
    lw_case_alarm(fold, series, LW_DETECT_KS, direction, values[split].run, run, false);
}

/* Ranks say that something changed, not when: the quantile that tells it best does. */
static bool date(struct lw_fold *fold, uint32_t series, uint32_t *split)
{
    const struct lw_series *of = &fold->series[series];
    const struct lw_value *values = fold->memory[series].values;
    double most = -1.0;

    for (uint32_t q = 0; q < QUANTILES; q++) {
        uint32_t from =
            of->values_n > of->reference_from + LW_FOLD_LOOK ? of->values_n - LW_FOLD_LOOK : of->reference_from;
        struct lw_changepoint best;
        size_t n = 0;

        for (uint32_t i = from; i < of->values_n; i++) {
            const struct lw_metric *metric = metric_of(fold, series, values[i].run);

            if (!metric || (values[i].place != LW_PLACE_REFERENCE && values[i].place != LW_PLACE_JUDGED))
                continue;
            fold->line[n] = quantile_of(&metric->summary, q);
            fold->line_at[n++] = i;
        }
        if (lw_changepoint_best(fold->line, n, 1, 0.0, LW_CHANGEPOINT_EITHER, &best) != LW_ERR_OK)
            continue;
        if (fabs(best.score) > most) {
            most = fabs(best.score);
            *split = fold->line_at[best.split];
        }
    }
    return most >= 0.0;
}

static void judge(struct lw_fold *fold, uint32_t series, uint32_t run, uint32_t at)
{
    struct lw_series *of = &fold->series[series];
    const struct lw_value *values = fold->memory[series].values;
    double h = fold->memory[series].threshold;
    struct lw_remark *remark;
    struct move most = {0};
    uint32_t split;

    if (of->chart.sums.up <= 0.0)
        of->up_since = at;
    lw_cusum_add(&of->chart.sums, values[at].x);
    remark = lw_fold_remark(fold, LW_DETECT_CUSUM, series, run, LW_VERDICT_OK, LW_REMARK_FINE);
    remark->statistic = of->chart.sums.up;
    remark->threshold = h;
    remark->known = LW_REMARK_STATISTIC | LW_REMARK_THRESHOLD;
    if (of->chart.sums.up <= h / 2.0)
        return;
    split = of->up_since;
    if (of->chart.sums.up > h && !date(fold, series, &split))
        return;
    measure(fold, series, split, &most);
    remark->text = of->chart.sums.up > h ? LW_REMARK_SMALL : LW_REMARK_FINE;
    if (!most.large)
        return;
    remark->effect = most.effect;
    remark->known |= LW_REMARK_EFFECT;
    remark->direction = (uint32_t)(most.effect > 0.0 ? LW_DIRECTION_UP : LW_DIRECTION_DOWN);
    remark->change_run = values[split].run;
    remark->text = of->chart.sums.up > h ? LW_REMARK_ALARM : LW_REMARK_HALF;
    remark->verdict = of->chart.sums.up > h ? LW_VERDICT_DRIFT : LW_VERDICT_WARNING;
    if (remark->text == LW_REMARK_ALARM)
        shift(fold, series, split, &most, run);
}

static void come_back(struct lw_fold *fold, uint32_t series, uint32_t run)
{
    struct lw_series *of = &fold->series[series];
    struct lw_value *values = fold->memory[series].values;

    of->shifted = 0;
    of->held = 0;
    for (uint32_t i = of->shifted_from; i < of->values_n; i++) {
        uint32_t oldest;
        uint32_t slot;

        if (values[i].place == LW_PLACE_SHIFTED)
            values[i].place = LW_PLACE_OUT;
        if (values[i].place != LW_PLACE_HELD)
            continue;
        values[i].place = fold->rules->baseline_n ? LW_PLACE_JUDGED : LW_PLACE_REFERENCE;
        slot = place_for(fold, of, &oldest);
        if (!fold->rules->baseline_n)
            (void)enter(fold, series, oldest, slot, values[i].run);
    }
    lw_case_series_returned(fold, series, run);
}

void lw_curve_chart_clear(struct lw_fold *fold, uint32_t series)
{
    for (uint32_t slot = 0; slot <= LW_FOLD_REFERENCES; slot++) {
        if (fold->series[series].pool[slot] != LW_FOLD_NONE)
            leave(fold, series, slot);
    }
}

void lw_curve_chart_accept(struct lw_fold *fold, uint32_t series)
{
    struct lw_series *of = &fold->series[series];
    struct lw_value *values = fold->memory[series].values;

    if (!of->shifted)
        return;
    lw_curve_chart_clear(fold, series);
    of->shifted = 0;
    of->held = 0;
    of->reference_from = of->shifted_from;
    of->chart = lw_cusum_start(0.5);
    for (uint32_t i = of->shifted_from; i < of->values_n; i++) {
        uint32_t oldest;
        uint32_t slot;

        if (values[i].place != LW_PLACE_SHIFTED && values[i].place != LW_PLACE_HELD)
            continue;
        values[i].place = LW_PLACE_REFERENCE;
        slot = place_for(fold, of, &oldest);
        (void)enter(fold, series, oldest, slot, values[i].run);
    }
}

/* While an alert is open the curve is compared with the frozen reference; which level it belongs to is told by the
   quantile that showed the change. */
static void see_shifted(struct lw_fold *fold, uint32_t series, uint32_t run, const struct lw_metric *metric,
                        const struct lw_ks_rank *rank, double x)
{
    struct lw_series *of = &fold->series[series];
    double value = quantile_of(&metric->summary, of->quantile);
    bool nearer = fabs(value - of->before.mean) < fabs(value - of->level.mean);
    struct lw_value *values;
    uint32_t shifted_n = 0;

    if (!lw_series_append(fold, series, run, rank->statistic, x, nearer ? LW_PLACE_HELD : LW_PLACE_SHIFTED))
        return;
    values = fold->memory[series].values;
    if (nearer) {
        of->held++;
        if (of->held == LW_FOLD_RETURN)
            come_back(fold, series, run);
        return;
    }
    for (uint32_t i = of->values_n - 1 - of->held; i < of->values_n; i++) {
        const struct lw_metric *one = metric_of(fold, series, values[i].run);

        values[i].place = LW_PLACE_SHIFTED;
        if (one)
            lw_series_learn(&of->level, quantile_of(&one->summary, of->quantile));
    }
    of->held = 0;
    for (uint32_t i = of->shifted_from; i < of->values_n; i++)
        shifted_n += values[i].place == LW_PLACE_SHIFTED;
    if (shifted_n < LW_FOLD_SETTLE || fold->rules->baseline_n)
        return;
    lw_case_series_settled(fold, series, run);
    lw_curve_chart_accept(fold, series);
}

static void say_rank(struct lw_fold *fold, uint32_t series, uint32_t run, const struct lw_ks_rank *rank)
{
    bool enough = rank->references >= LW_FOLD_CURVE_LEAST;
    struct lw_remark *remark =
        lw_fold_remark(fold, LW_DETECT_KS, series, run, enough ? LW_VERDICT_OK : LW_VERDICT_INSUFFICIENT,
                       enough ? LW_REMARK_FINE : LW_REMARK_LEARNING);

    remark->runs_needed = enough ? 0 : LW_FOLD_CURVE_LEAST - rank->references;
    if (!enough && fold->rules->baseline_n) {
        remark->text = LW_REMARK_BASELINE;
        remark->extra = LW_FOLD_CURVE_LEAST;
    }
    if (rank->references == 0)
        return;
    remark->statistic = rank->statistic;
    remark->p_value = rank->p.p;
    remark->p_method = LW_P_RANK;
    remark->attainable_p = rank->attainable_p;
    remark->known = LW_REMARK_STATISTIC | LW_REMARK_P_VALUE | LW_REMARK_ATTAINABLE;
    /* Only with 99 references and more; until then the chart of the ranks is what warns. */
    if (enough && rank->p.p <= 0.01 && !fold->series[series].shifted) {
        remark->verdict = LW_VERDICT_WARNING;
        remark->text = LW_REMARK_P;
    }
}

/* A rank is one of m + 1 equally likely values; the middle of its step makes the score nearly normal. */
static double score_of(struct lw_fold *fold, const struct lw_ks_rank *rank)
{
    double *score = &fold->memo->rank_score[rank->references][rank->as_extreme];

    if (rank->references > 0 && *score == 0.0)
        *score = gsl_cdf_ugaussian_Qinv(rank->p.p - 0.5 / ((double)rank->references + 1.0));
    return *score;
}

void lw_curve_chart_see(struct lw_fold *fold, uint32_t series, uint32_t run)
{
    struct lw_series *of = &fold->series[series];
    const struct lw_metric *metric;
    struct lw_ks_rank rank;
    bool reference = !of->shifted && (!fold->rules->baseline_n || lw_chart_in_baseline(fold, run));
    uint32_t oldest;
    uint32_t slot;
    double x;

    if (fold->found[of->partner] == LW_FOLD_NONE)
        return;
    metric = metric_of(fold, series, run);
    if (metric->values_n < LW_FOLD_CURVE_SMALLEST)
        return;
    slot = place_for(fold, of, &oldest);
    if (!enter(fold, series, oldest, slot, run) || lw_ks_rank_of(fold->memory[series].pool, slot, &rank) != LW_ERR_OK)
        return;
    if (!reference)
        leave(fold, series, slot);
    x = score_of(fold, &rank);
    say_rank(fold, series, run, &rank);
    if (of->shifted) {
        see_shifted(fold, series, run, metric, &rank, x);
        return;
    }
    if (!lw_series_append(fold, series, run, rank.statistic, x, reference ? LW_PLACE_REFERENCE : LW_PLACE_JUDGED))
        return;
    if (rank.references >= LW_FOLD_CURVE_LEAST && !(fold->rules->baseline_n && reference))
        judge(fold, series, run, of->values_n - 1);
}
