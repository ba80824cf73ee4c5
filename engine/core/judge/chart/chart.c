#include "engine/core/judge/chart/chart.h"

#include "engine/core/judge/case.h"
#include "engine/core/judge/chart/curve_chart.h"
#include "engine/core/judge/chart/recent.h"
#include "engine/core/judge/chart/reference.h"
#include "engine/core/judge/chart/scoring.h"
#include "engine/core/judge/chart/series.h"
#include "leeway/changepoint.h"
#include "leeway/transform.h"

#include <gsl/gsl_cdf.h>
#include <math.h>
#include <string.h>

#define BASELINE_LEAST 3 /* runs of a stated baseline: of fewer the spread is not known, and more will not follow */

bool lw_chart_in_baseline(const struct lw_fold *fold, uint32_t run)
{
    struct lw_str name = lw_run_str(fold->runs[run], fold->runs[run]->name);

    for (size_t i = 0; i < fold->rules->baseline_n; i++) {
        if (lw_str_equal(fold->rules->baseline[i], name))
            return true;
    }
    return false;
}

/* The values of the series that are in one of two places, from `from` on, as a line without holes in fold->line; where
   each comes from is in fold->line_at. */
static size_t line_of(const struct lw_fold *fold, uint32_t series, uint32_t from, enum lw_place a, enum lw_place b)
{
    const struct lw_value *values = fold->memory[series].values;
    size_t n = 0;

    for (uint32_t i = from; i < fold->series[series].values_n; i++) {
        if (values[i].place != (uint32_t)a && values[i].place != (uint32_t)b)
            continue;
        fold->line[n] = values[i].x;
        fold->line_at[n] = i;
        n++;
    }
    return n;
}

static void move(struct lw_fold *fold, uint32_t series, uint32_t from, enum lw_place here, enum lw_place there)
{
    const struct lw_value *values = fold->memory[series].values;

    for (uint32_t i = from; i < fold->series[series].values_n; i++) {
        if (values[i].place == (uint32_t)here)
            lw_reference_put(fold, series, i, there);
    }
}

/* Where looking for a change begins: a model that is trained every few minutes has more history than is worth it. */
static uint32_t look_from(const struct lw_fold *fold, uint32_t series)
{
    const struct lw_series *of = &fold->series[series];

    /* A stated baseline may lie as far back as it likes. */
    if (fold->rules->baseline_n || of->values_n - of->reference_from <= LW_FOLD_LOOK)
        return of->reference_from;
    return of->values_n - LW_FOLD_LOOK;
}

/* Learns the values in one place anew, with the sums at zero. */
static void relearn(struct lw_fold *fold, uint32_t series, uint32_t from, enum lw_place place)
{
    struct lw_series *of = &fold->series[series];
    const struct lw_value *values = fold->memory[series].values;

    of->chart = lw_cusum_start(0.5);
    of->level = (struct lw_level){0};
    of->pending = 0;
    for (uint32_t i = from; i < of->values_n; i++) {
        if (values[i].place != (uint32_t)place)
            continue;
        lw_cusum_learn(&of->chart, values[i].x);
        lw_series_learn(&of->level, values[i].raw);
    }
    of->up_since = of->values_n;
    of->down_since = of->values_n;
}

/* A change that is dated: the values before and after it. */
struct change {
    uint32_t at; /* value */
    double effect;
    bool large; /* over what may be ignored, in the direction of the alarm */
    struct lw_level before;
    double before_x;
};

/* With a fixed schedule a longer run leaves a shorter gap: what the duration explains is no change of rhythm. The values
   are those of fold->line; the run before each gap is the one before it in order. */
static bool is_explained(const struct lw_fold *fold, uint32_t series, size_t n, size_t split)
{
    const struct lw_value *values = fold->memory[series].values;
    struct lw_level gap[2] = {{.n = 0}, {.n = 0}};
    struct lw_level length[2] = {{.n = 0}, {.n = 0}};
    double gap_change;
    double length_change;

    for (size_t i = 0; i < n; i++) {
        const struct lw_value *value = &values[fold->line_at[i]];
        const struct lw_run *before = value->run > 0 ? fold->runs[value->run - 1] : NULL;

        if (!before || !before->has_start || !before->has_end)
            continue;
        lw_series_learn(&gap[i >= split], value->raw);
        lw_series_learn(&length[i >= split], (double)(before->end.ms - before->start.ms) / 1000.0);
    }
    if (length[0].n == 0 || length[1].n == 0)
        return false;
    gap_change = gap[1].mean - gap[0].mean;
    length_change = length[1].mean - length[0].mean;
    return fabs(gap_change + length_change) < 0.5 * fabs(gap_change);
}

static bool date(struct lw_fold *fold, uint32_t series, enum lw_direction direction, size_t n, size_t least,
                 struct change *change)
{
    const struct lw_series *of = &fold->series[series];
    const struct lw_value *values = fold->memory[series].values;
    enum lw_changepoint_side side = direction == LW_DIRECTION_UP ? LW_CHANGEPOINT_UP : LW_CHANGEPOINT_DOWN;
    struct lw_changepoint best;
    struct lw_level after = {0};
    double sum = 0.0;

    *change = (struct change){0};
    if (lw_changepoint_best(fold->line, n, least, lw_series_spread_floor(of, of->chart.mean), side, &best) != LW_ERR_OK)
        return false;
    change->at = fold->line_at[best.split];
    for (size_t i = 0; i < n; i++) {
        const struct lw_value *value = &values[fold->line_at[i]];

        /* Against a stated baseline only its runs are the reference, whatever else lies before the change. */
        if (i < best.split && value->place == LW_PLACE_JUDGED)
            continue;
        lw_series_learn(i < best.split ? &change->before : &after, value->raw);
        if (i < best.split)
            sum += value->x;
    }
    if (change->before.n == 0)
        return false;
    change->before_x = sum / (double)change->before.n;
    change->effect = lw_series_effect(fold, series, change->before.mean, after.mean);
    change->large = fabs(change->effect) >= lw_series_floor(fold, series, change->before.mean, after.mean) &&
                    (change->effect > 0.0) == (direction == LW_DIRECTION_UP);
    if (change->large && of->kind == LW_SERIES_GAP)
        change->large = !is_explained(fold, series, n, best.split);
    return true;
}

/* The alarm itself: what was before the change is frozen, and the chart begins anew on what came after. */
static void shift(struct lw_fold *fold, uint32_t series, enum lw_detector detector, enum lw_direction direction,
                  const struct change *change, uint32_t run)
{
    struct lw_series *of = &fold->series[series];
    bool again = of->shifted != 0;

    of->latest = again ? change->before : (struct lw_level){0};
    if (again) {
        move(fold, series, of->shifted_from, LW_PLACE_SHIFTED, LW_PLACE_OUT);
        move(fold, series, change->at, LW_PLACE_OUT, LW_PLACE_SHIFTED);
    } else {
        move(fold, series, change->at, LW_PLACE_REFERENCE, LW_PLACE_SHIFTED);
        move(fold, series, change->at, LW_PLACE_JUDGED, LW_PLACE_SHIFTED);
        of->before = change->before;
        of->before_x = change->before_x;
    }
    of->direction = (uint32_t)direction;
    of->shifted_from = change->at;
    of->shifted = 1;
    of->held = 0;
    relearn(fold, series, change->at, LW_PLACE_SHIFTED);
    lw_case_alarm(fold, series, detector, direction, fold->memory[series].values[change->at].run, run, again);
}

void lw_chart_accept(struct lw_fold *fold, uint32_t series)
{
    struct lw_series *of = &fold->series[series];

    if (of->kind == LW_SERIES_CURVE) {
        lw_curve_chart_accept(fold, series);
        return;
    }
    if (!of->shifted)
        return;
    move(fold, series, of->shifted_from, LW_PLACE_HELD, LW_PLACE_SHIFTED);
    move(fold, series, of->shifted_from, LW_PLACE_SHIFTED, LW_PLACE_REFERENCE);
    of->reference_from = of->shifted_from;
    of->shifted = 0;
    of->held = 0;
    relearn(fold, series, of->reference_from, LW_PLACE_REFERENCE);
}

void lw_chart_restart(struct lw_fold *fold, uint32_t series)
{
    struct lw_series *of = &fold->series[series];

    if (of->shifted)
        lw_case_series_stopped(fold, series);
    of->shifted = 0;
    of->held = 0;
    of->reference_from = of->values_n;
    if (of->kind == LW_SERIES_CURVE)
        lw_curve_chart_clear(fold, series);
    relearn(fold, series, of->values_n, LW_PLACE_REFERENCE);
}

static void come_back(struct lw_fold *fold, uint32_t series, uint32_t run)
{
    struct lw_series *of = &fold->series[series];

    move(fold, series, of->shifted_from, LW_PLACE_SHIFTED, LW_PLACE_OUT);
    move(fold, series, of->shifted_from, LW_PLACE_HELD, fold->rules->baseline_n ? LW_PLACE_JUDGED : LW_PLACE_REFERENCE);
    of->shifted = 0;
    of->held = 0;
    relearn(fold, series, of->reference_from, LW_PLACE_REFERENCE);
    lw_case_series_returned(fold, series, run);
}

static void know_effect(struct lw_remark *remark, double effect)
{
    remark->effect = effect;
    remark->known |= LW_REMARK_EFFECT;
}

/* Judges the sums after a score was added. */
static void judge_sums(struct lw_fold *fold, uint32_t series, uint32_t run, uint32_t at, double reference)
{
    struct lw_series *of = &fold->series[series];
    const struct lw_value *values = fold->memory[series].values;
    double h = fold->memory[series].threshold;
    bool up = of->chart.sums.up >= of->chart.sums.down;
    double c = up ? of->chart.sums.up : of->chart.sums.down;
    enum lw_direction direction = up ? LW_DIRECTION_UP : LW_DIRECTION_DOWN;
    struct lw_remark *remark = lw_fold_remark(fold, LW_DETECT_CUSUM, series, run, LW_VERDICT_OK, LW_REMARK_FINE);
    struct change change;
    size_t n;

    remark->statistic = c;
    remark->threshold = h;
    remark->known = LW_REMARK_STATISTIC | LW_REMARK_THRESHOLD;
    remark->direction = (uint32_t)(c > 0.0 ? direction : LW_DIRECTION_NONE);
    remark->extra = of->scores_n < LW_FOLD_CORRELATION_LEAST ? -1.0 : lw_scoring_correlation(of);
    know_effect(remark, lw_series_effect(fold, series, reference, values[at].raw));
    if (c > h) {
        n = of->shifted ? line_of(fold, series, of->shifted_from, LW_PLACE_SHIFTED, LW_PLACE_SHIFTED)
                        : line_of(fold, series, look_from(fold, series), LW_PLACE_REFERENCE, LW_PLACE_JUDGED);
        remark->text = LW_REMARK_SMALL;
        if (!date(fold, series, direction, n, 1, &change))
            return;
        know_effect(remark, change.effect);
        if (!change.large)
            return;
        remark->text = LW_REMARK_ALARM;
        remark->verdict = LW_VERDICT_DRIFT;
        remark->change_run = values[change.at].run;
        shift(fold, series, LW_DETECT_CUSUM, direction, &change, run);
    } else if (of->single && fabs(lw_series_effect(fold, series, reference, values[at].raw)) >=
                                 lw_series_floor(fold, series, reference, values[at].raw)) {
        remark->text = LW_REMARK_SINGLE;
        remark->verdict = LW_VERDICT_WARNING;
        remark->direction = (uint32_t)(of->last_score > 0.0 ? LW_DIRECTION_UP : LW_DIRECTION_DOWN);
        remark->p_value = 2.0 * gsl_cdf_ugaussian_Q(fabs(of->last_score));
        remark->p_method = LW_P_PREDICTIVE;
        remark->known |= LW_REMARK_P_VALUE;
    } else if (c > h / 2.0) {
        uint32_t since = up ? of->up_since : of->down_since;
        uint32_t from = of->shifted ? of->shifted_from : look_from(fold, series);
        struct lw_level before = lw_reference_level(fold, series, from, since > from ? since : from);
        struct lw_level excursion = {0};
        double effect;

        for (uint32_t i = since > from ? since : from; i <= at; i++) {
            if (values[i].place != LW_PLACE_OUT && values[i].place != LW_PLACE_HELD)
                lw_series_learn(&excursion, values[i].raw);
        }
        effect = lw_series_effect(fold, series, before.mean, excursion.mean);
        if (before.n == 0 || fabs(effect) < lw_series_floor(fold, series, before.mean, excursion.mean))
            return;
        know_effect(remark, effect);
        remark->text = LW_REMARK_HALF;
        remark->verdict = LW_VERDICT_WARNING;
        remark->change_run = values[since].run;
    }
}

static void say_learning(struct lw_fold *fold, uint32_t series, uint32_t run, uint64_t known)
{
    struct lw_remark *remark =
        lw_fold_remark(fold, LW_DETECT_CUSUM, series, run, LW_VERDICT_INSUFFICIENT, LW_REMARK_LEARNING);

    remark->runs_needed = (uint32_t)(3 - known);
}

/* The usual step: score, learn, judge. */
static void see_plain(struct lw_fold *fold, uint32_t series, uint32_t run, uint32_t at, bool lower_bound)
{
    struct lw_series *of = &fold->series[series];
    double reference = of->level.mean;
    bool judged = of->chart.n >= 2;

    lw_scoring_add(fold, series, at);
    /* An odd value would widen the spread and so hide a second one: it is learnt when the next is known. */
    if (lower_bound)
        lw_reference_put(fold, series, at, LW_PLACE_JUDGED);
    else if (judged && of->charted && of->single)
        of->pending = at + 1;
    else
        lw_scoring_learn(fold, series, at);
    if (!of->charted)
        return;
    if (judged)
        judge_sums(fold, series, run, at, reference);
    else
        say_learning(fold, series, run, of->chart.n);
}

static void see_shifted(struct lw_fold *fold, uint32_t series, uint32_t run, uint32_t at)
{
    struct lw_series *of = &fold->series[series];
    struct lw_value *values = fold->memory[series].values;
    struct lw_remark *remark;
    uint32_t shifted_n = 0;

    if (fabs(values[at].x - of->before_x) < fabs(values[at].x - of->chart.mean)) {
        lw_reference_put(fold, series, at, LW_PLACE_HELD);
        of->held++;
        remark = lw_fold_remark(fold, LW_DETECT_CUSUM, series, run, LW_VERDICT_OK, LW_REMARK_NEARER);
        know_effect(remark, lw_series_effect(fold, series, of->before.mean, values[at].raw));
        remark->extra = of->held;
        if (of->held < LW_FOLD_RETURN)
            return;
        remark->text = LW_REMARK_RETURNED;
        come_back(fold, series, run);
        return;
    }
    if (of->held) {
        for (uint32_t i = at - of->held; i < at; i++) {
            lw_reference_put(fold, series, i, LW_PLACE_SHIFTED);
            lw_scoring_learn(fold, series, i);
        }
        of->held = 0;
    }
    lw_reference_put(fold, series, at, LW_PLACE_SHIFTED);
    see_plain(fold, series, run, at, false);
    if (!of->shifted || fold->rules->baseline_n)
        return;
    for (uint32_t i = of->shifted_from; i <= at; i++)
        shifted_n += values[i].place == LW_PLACE_SHIFTED;
    if (shifted_n < LW_FOLD_SETTLE)
        return;
    lw_case_series_settled(fold, series, run);
    lw_chart_accept(fold, series);
}

/* The values so far are identical and this one is not. Reruns that repeat to the bit have no spread to compare with:
   one other value is a warning, three that differ the same way are a change. True when the value was dealt with. */
static bool see_unlike(struct lw_fold *fold, uint32_t series, uint32_t run, uint32_t at)
{
    struct lw_series *of = &fold->series[series];
    struct lw_value *values = fold->memory[series].values;
    bool up = values[at].x > of->chart.first;
    enum lw_direction direction = up ? LW_DIRECTION_UP : LW_DIRECTION_DOWN;
    double effect = lw_series_effect(fold, series, of->level.mean, values[at].raw);
    bool large = fabs(effect) >= lw_series_floor(fold, series, of->level.mean, values[at].raw);
    struct lw_remark *remark;
    struct change change;

    if (!large || (of->held && of->held_direction != (uint32_t)direction)) {
        if (of->held) {
            for (uint32_t i = at - of->held; i < at; i++) {
                lw_reference_put(fold, series, i, LW_PLACE_REFERENCE);
                lw_scoring_learn(fold, series, i);
            }
            of->held = 0;
        }
        return false;
    }
    lw_reference_put(fold, series, at, LW_PLACE_HELD);
    of->held++;
    of->held_direction = (uint32_t)direction;
    remark = lw_fold_remark(fold, LW_DETECT_CUSUM, series, run, LW_VERDICT_WARNING, LW_REMARK_IDENTICAL);
    remark->direction = (uint32_t)direction;
    remark->extra = (double)of->chart.n;
    know_effect(remark, effect);
    if (of->held < LW_FOLD_RETURN)
        return true;
    change =
        (struct change){.at = at + 1 - of->held, .effect = effect, .before = of->level, .before_x = of->chart.mean};
    for (uint32_t i = change.at; i <= at; i++)
        lw_reference_put(fold, series, i, LW_PLACE_REFERENCE);
    remark->text = LW_REMARK_UNLIKE;
    remark->verdict = LW_VERDICT_DRIFT;
    remark->change_run = values[change.at].run;
    shift(fold, series, LW_DETECT_CUSUM, direction, &change, run);
    return true;
}

/* Only the stated runs are the reference: they are learnt, everything else is scored against them. */
static void see_against_baseline(struct lw_fold *fold, uint32_t series, uint32_t run, uint32_t at)
{
    struct lw_series *of = &fold->series[series];
    struct lw_remark *remark;

    if (lw_chart_in_baseline(fold, run)) {
        lw_scoring_learn(fold, series, at);
        if (of->charted)
            (void)lw_fold_remark(fold, LW_DETECT_CUSUM, series, run, LW_VERDICT_OK, LW_REMARK_REFERENCE);
        return;
    }
    lw_reference_put(fold, series, at, of->chart.n >= BASELINE_LEAST ? LW_PLACE_JUDGED : LW_PLACE_OUT);
    if (!of->charted)
        return;
    if (of->chart.n >= BASELINE_LEAST) {
        lw_scoring_add(fold, series, at);
        judge_sums(fold, series, run, at, of->level.mean);
        return;
    }
    remark = lw_fold_remark(fold, LW_DETECT_CUSUM, series, run, LW_VERDICT_INSUFFICIENT, LW_REMARK_BASELINE);
    remark->runs_needed = BASELINE_LEAST - (uint32_t)of->chart.n;
    remark->extra = BASELINE_LEAST;
}

void lw_chart_see(struct lw_fold *fold, uint32_t series, uint32_t run, double raw, bool lower_bound)
{
    struct lw_series *of = &fold->series[series];
    double value = lw_series_bounded(raw);
    bool clipped = false;
    double x = lw_transform_apply((enum lw_transform)of->transform, value, &clipped);
    uint32_t at = of->values_n;

    /* That it took at least as long as usual says nothing. */
    if (lower_bound && (of->chart.n < 2 || x <= of->chart.mean))
        return;
    if (!lw_series_append(fold, series, run, value, x, LW_PLACE_REFERENCE))
        return;
    if ((clipped || value != raw) && of->kind == LW_SERIES_METRIC)
        (void)lw_fold_remark(fold, LW_DETECT_QUALITY, series, run, LW_VERDICT_WARNING, LW_REMARK_CLIPPED);
    if (of->shifted) {
        see_shifted(fold, series, run, at);
        return;
    }
    if (fold->rules->baseline_n) {
        see_against_baseline(fold, series, run, at);
        return;
    }
    if (of->charted && of->chart.n >= 3 && lw_cusum_is_constant(&of->chart) && !lower_bound) {
        if (x != of->chart.first) {
            if (see_unlike(fold, series, run, at))
                return;
        } else if (of->held) {
            for (uint32_t i = at - of->held; i < at; i++) {
                lw_reference_put(fold, series, i, LW_PLACE_REFERENCE);
                lw_scoring_learn(fold, series, i);
            }
            of->held = 0;
        }
    }
    see_plain(fold, series, run, at, lower_bound);
}

void lw_chart_hold(struct lw_fold *fold, uint32_t series, uint32_t run, double raw)
{
    struct lw_series *of = &fold->series[series];

    if (lw_series_append(fold, series, run, raw, lw_transform_apply((enum lw_transform)of->transform, raw, NULL),
                         LW_PLACE_HELD))
        of->held++;
}

void lw_chart_feed_held(struct lw_fold *fold, uint32_t series)
{
    struct lw_series *of = &fold->series[series];

    for (uint32_t i = of->values_n - of->held; i < of->values_n; i++) {
        lw_reference_put(fold, series, i, LW_PLACE_REFERENCE);
        lw_scoring_add(fold, series, i);
        lw_scoring_learn(fold, series, i);
    }
    of->held = 0;
}

void lw_chart_drop_held(struct lw_fold *fold, uint32_t series, bool learnt)
{
    struct lw_series *of = &fold->series[series];

    for (uint32_t i = of->values_n - of->held; i < of->values_n; i++) {
        lw_reference_put(fold, series, i, LW_PLACE_OUT);
        if (learnt)
            lw_scoring_learn(fold, series, i);
    }
    of->held = 0;
}

/* They hang on the number of values alone, for all models of one budget. */
static enum lw_err threshold_of(struct lw_recent_memo *memo, size_t n, double hazard, double *threshold)
{
    enum lw_err err;

    if (memo->changepoint_hazard != hazard)
        memset(memo->changepoint, 0, sizeof(memo->changepoint));
    memo->changepoint_hazard = hazard;
    if (memo->changepoint[n] == 0.0) {
        err = lw_changepoint_threshold(n, hazard, &memo->changepoint[n]);
        if (err != LW_ERR_OK)
            return err;
    }
    *threshold = memo->changepoint[n];
    return LW_ERR_OK;
}

void lw_chart_changepoint(struct lw_fold *fold, uint32_t series, uint32_t run)
{
    struct lw_series *of = &fold->series[series];
    double hazard = lw_budget_hazard(fold->rules->false_alarm_runs, fold->budget.gap_changepoint);
    double phi = lw_scoring_correlation(of);
    struct lw_changepoint best;
    struct lw_remark *remark;
    struct change change;
    enum lw_direction direction;
    struct lw_line *line;
    double threshold;
    size_t n;

    if (of->shifted || fold->rules->baseline_n)
        return;
    line = lw_reference_line(fold, series, look_from(fold, series));
    if (!line)
        return;
    n = line->end - line->begin;
    if (n < LW_CHANGEPOINT_FIRST) {
        remark = lw_fold_remark(fold, LW_DETECT_CHANGEPOINT, series, run, LW_VERDICT_INSUFFICIENT, LW_REMARK_LEARNING);
        remark->runs_needed = (uint32_t)(LW_CHANGEPOINT_FIRST - n);
        return;
    }
    if (lw_changepoint_best_of(line->x + line->begin, n, LW_CHANGEPOINT_LEAST,
                               lw_series_spread_floor(of, of->chart.mean), LW_CHANGEPOINT_EITHER, &line->sum,
                               &best) != LW_ERR_OK ||
        threshold_of(fold->memo, n, hazard, &threshold) != LW_ERR_OK)
        return;
    direction = best.score >= 0.0 ? LW_DIRECTION_UP : LW_DIRECTION_DOWN;
    remark = lw_fold_remark(fold, LW_DETECT_CHANGEPOINT, series, run, LW_VERDICT_OK, LW_REMARK_FINE);
    remark->direction = (uint32_t)direction;
    remark->statistic = fabs(best.score) * sqrt((1.0 - phi) / (1.0 + phi));
    remark->threshold = threshold;
    remark->known = LW_REMARK_STATISTIC | LW_REMARK_THRESHOLD;
    if (remark->statistic <= threshold)
        return;
    remark->text = LW_REMARK_SMALL;
    n = line_of(fold, series, look_from(fold, series), LW_PLACE_REFERENCE, LW_PLACE_JUDGED);
    if (!date(fold, series, direction, n, LW_CHANGEPOINT_LEAST, &change))
        return;
    know_effect(remark, change.effect);
    if (!change.large)
        return;
    remark->text = LW_REMARK_ALARM;
    remark->verdict = LW_VERDICT_DRIFT;
    remark->change_run = fold->memory[series].values[change.at].run;
    shift(fold, series, LW_DETECT_CHANGEPOINT, direction, &change, run);
}
