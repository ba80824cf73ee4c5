#include "engine/core/judge/fold.h"

#include "engine/core/judge/case.h"
#include "engine/core/judge/chart/chart.h"
#include "engine/core/judge/chart/curve_chart.h"
#include "engine/core/judge/quality.h"
#include "engine/core/judge/chart/recent.h"
#include "engine/core/judge/requirement.h"
#include "engine/core/judge/chart/rhythm.h"
#include "engine/core/judge/chart/series.h"
#include "leeway/transform.h"

#include <math.h>
#include <string.h>

void *lw_fold_room(struct lw_fold *fold, void *items, size_t *capacity, size_t n, size_t size)
{
    size_t larger = *capacity ? *capacity * 2 : 16;
    void *grown;

    if (n < *capacity)
        return items;
    grown = lw_arena_array(fold->scratch, larger, size);
    if (!grown) {
        fold->error = LW_ERR_NOMEM;
        return NULL;
    }
    if (n)
        memcpy(grown, items, n * size);
    *capacity = larger;
    return grown;
}

struct lw_remark *lw_fold_remark(struct lw_fold *fold, enum lw_detector detector, uint32_t series, uint32_t run,
                                 enum lw_verdict verdict, enum lw_remark_text text)
{
    struct lw_remark *all = lw_fold_room(fold, fold->remarks, &fold->remarks_capacity, fold->remarks_n, sizeof(*all));
    struct lw_remark *one = &fold->thrown_away;

    /* What comes from the arena is zeroed already: to do it again would cost more than all the rest. */
    if (all) {
        fold->remarks = all;
        one = &all[fold->remarks_n++];
    } else {
        memset(one, 0, sizeof(*one));
    }
    one->detector = (uint32_t)detector;
    one->verdict = (uint32_t)verdict;
    one->text = (uint32_t)text;
    one->series = series;
    one->run = run;
    one->change_run = LW_NO_RUN;
    return one;
}

/* Room for the remarks of a usual model from the beginning: four about each metric of a run, eight about the run. An
   array that grows by doubling would copy them, and leave holes in the arena. */
static void expect_remarks(struct lw_fold *fold)
{
    const size_t metrics = fold->runs_n ? fold->runs[0]->metrics_n : 0;
    const size_t each = 4 * (metrics < LW_FOLD_METRICS ? metrics : LW_FOLD_METRICS) + 8;

    if (fold->runs_n > SIZE_MAX / each)
        return;
    fold->remarks = lw_arena_array(fold->scratch, fold->runs_n * each, sizeof(*fold->remarks));
    fold->remarks_capacity = fold->runs_n * each;
    if (!fold->remarks)
        fold->error = LW_ERR_NOMEM;
}

void lw_fold_start(struct lw_fold *fold)
{
    struct lw_arena *scratch = fold->scratch;
    size_t n = fold->runs_n;
    size_t line = n > LW_FOLD_SERIES ? n : LW_FOLD_SERIES;

    fold->head = (struct lw_fold_head){.duration = LW_FOLD_NONE,
                                       .cost = LW_FOLD_NONE,
                                       .gap = LW_FOLD_NONE,
                                       .last_attempt = LW_NO_RUN,
                                       .last_success = LW_NO_RUN,
                                       .first_failure = LW_NO_RUN,
                                       .failure_case = LW_FOLD_NONE,
                                       .late_case = LW_FOLD_NONE};
    expect_remarks(fold); /* first: as the largest they are what an arena that was used before has room for */
    fold->series = lw_arena_array(scratch, LW_FOLD_SERIES, sizeof(*fold->series));
    fold->memory = lw_arena_array(scratch, LW_FOLD_SERIES, sizeof(*fold->memory));
    fold->found = lw_arena_array(scratch, LW_FOLD_SERIES, sizeof(*fold->found));
    fold->decisions = lw_arena_array(scratch, n, sizeof(*fold->decisions));
    fold->line = lw_arena_array(scratch, line, sizeof(*fold->line));
    fold->line_at = lw_arena_array(scratch, line, sizeof(*fold->line_at));
    fold->thin = lw_arena_array(scratch, LW_FOLD_CURVE_VALUES, sizeof(*fold->thin));
    fold->requirements = lw_arena_array(scratch, fold->rules->requirements_n, sizeof(*fold->requirements));
    fold->budget_series = LW_FOLD_NONE;
    for (uint32_t i = 0; i < n && fold->rules->baseline_n; i++)
        fold->baseline_runs += lw_chart_in_baseline(fold, i);
    if (!fold->series || !fold->memory || !fold->found || !fold->decisions || !fold->line || !fold->line_at ||
        !fold->thin || !fold->requirements)
        fold->error = LW_ERR_NOMEM;
}

static double cost_of(const struct lw_fold *fold, const struct lw_run *run, bool *known)
{
    struct lw_str instance = lw_run_str(run, run->instance);
    double count = run->instance_count ? run->instance_count : 1.0;

    *known = false;
    if (!run->has_billable || instance.len == 0)
        return 0.0;
    for (size_t i = 0; i < fold->rules->prices_n; i++) {
        if (!lw_str_equal(fold->rules->prices[i].instance, instance))
            continue;
        *known = true;
        return run->billable_seconds * count * fold->rules->prices[i].per_hour / 3600.0;
    }
    return 0.0;
}

static uint64_t mix(uint64_t hash, uint64_t value)
{
    hash ^= value;
    hash *= UINT64_C(0x9E3779B97F4A7C15);
    return hash ^ hash >> 29;
}

/* What durations may be compared with each other. */
static uint64_t cohort_of(const struct lw_run *run)
{
    struct lw_str instance = lw_run_str(run, run->instance);
    uint64_t hash = mix(UINT64_C(0x6c656577), (uint64_t)run->duration_source << 32 | run->instance_count);

    for (size_t i = 0; i < instance.len; i++)
        hash = mix(hash, (unsigned char)instance.at[i]);
    return hash | 1; /* 0 is: none yet */
}

/* The pause of a run that was resumed is no training: only what SageMaker or the log state as training time counts. */
static bool has_duration(const struct lw_run *run)
{
    if (run->duration_source == LW_DURATION_NONE || run->duration.ms < 0)
        return false;
    return !(run->flags & (LW_RUN_RESUMED | LW_RUN_SPOT)) || run->duration_source >= LW_DURATION_LOG;
}

static void see_duration(struct lw_fold *fold, uint32_t run)
{
    const struct lw_run *the = fold->runs[run];
    uint32_t outcome = fold->decisions[run].outcome;
    bool lower_bound = outcome == LW_OUTCOME_OUT_OF_TIME;
    double rounding = the->flags & LW_RUN_MINUTE_TIMES ? LW_TRANSFORM_MINUTE_STAMPS : LW_TRANSFORM_WHOLE_SECONDS;
    uint64_t cohort = cohort_of(the);
    struct lw_series *series;
    uint32_t index;

    if ((!lw_fold_is_success(outcome) && !lower_bound) || !has_duration(the) || (the->flags & LW_RUN_INTERLEAVED))
        return;
    index = lw_series_single(fold, LW_SERIES_DURATION);
    if (index == LW_FOLD_NONE)
        return;
    fold->head.duration_seen = 1;
    lw_series_divide(fold);
    series = &fold->series[index];
    if (series->cohort && series->cohort != cohort) {
        lw_chart_restart(fold, index);
        series->rounding = 0.0;
        (void)lw_fold_remark(fold, LW_DETECT_CUSUM, index, run, LW_VERDICT_INSUFFICIENT, LW_REMARK_RESTART);
        fold->remarks[fold->remarks_n - 1].runs_needed = 2;
    }
    series->cohort = cohort;
    if (series->rounding < rounding)
        series->rounding = rounding;
    lw_chart_see(fold, index, run, (double)the->duration.ms / 1000.0, lower_bound);
}

/* A cost that is the duration times a constant would be charted twice: it is only learnt, until the ratio moves. */
static void see_cost(struct lw_fold *fold, uint32_t run)
{
    const struct lw_run *the = fold->runs[run];
    struct lw_decision *decision = &fold->decisions[run];
    struct lw_fold_head *head = &fold->head;
    struct lw_series *series;
    uint32_t index;
    bool known;

    decision->cost = cost_of(fold, the, &known);
    decision->has_cost = known;
    if (!known || decision->cost <= 0.0)
        return;
    index = lw_series_single(fold, LW_SERIES_COST);
    if (index == LW_FOLD_NONE)
        return;
    series = &fold->series[index];
    if (the->duration_source != LW_DURATION_NONE && the->duration.ms > 0) {
        double ratio = decision->cost / ((double)the->duration.ms / 1000.0);

        if (head->ratio_high <= 0.0 || ratio > head->ratio_high)
            head->ratio_high = ratio;
        if (head->ratio_low <= 0.0 || ratio < head->ratio_low)
            head->ratio_low = ratio;
    } else {
        head->cost_charted = 1; /* there is no duration that would show it */
    }
    /* Whole seconds and the start of the instance let the ratio tremble. */
    if (head->ratio_high > 1.02 * head->ratio_low)
        head->cost_charted = 1;
    series->charted = head->cost_charted;
    series->rounding = LW_TRANSFORM_WHOLE_SECONDS * decision->cost / fmax(the->billable_seconds, 1.0);
    lw_series_divide(fold);
    lw_chart_see(fold, index, run, decision->cost, false);
}

static void see_metric(struct lw_fold *fold, uint32_t series, uint32_t run)
{
    struct lw_series *of = &fold->series[series];
    const struct lw_summary *summary = &lw_run_metrics(fold->runs[run])[fold->found[series]].summary;
    double rounding = lw_transform_rounding(summary->decimal_step);
    bool confirms;

    /* The smallest step seen: a value that happens to end in a zero says nothing about the rounding. */
    if (summary->decimal_step > 0.0 && (of->rounding <= 0.0 || rounding < of->rounding))
        of->rounding = rounding;
    confirms = lw_recent_see(fold, series, run, lw_series_bounded(summary->last));
    lw_chart_see(fold, series, run, summary->last, false);
    if (confirms)
        lw_case_confirm(fold, series, LW_DETECT_KS);
}

static void see_generalization(struct lw_fold *fold, uint32_t series, uint32_t run)
{
    struct lw_series *of = &fold->series[series];
    const struct lw_metric *metrics = lw_run_metrics(fold->runs[run]);
    uint32_t validation = fold->found[of->partner];
    uint32_t train = fold->found[of->other];

    if (validation == LW_FOLD_NONE || train == LW_FOLD_NONE)
        return;
    of->rounding = hypot(fold->series[of->partner].rounding, fold->series[of->other].rounding);
    lw_chart_see(fold, series, run, metrics[validation].summary.last - metrics[train].summary.last, false);
}

static void see_series(struct lw_fold *fold, uint32_t run)
{
    /* In the order of the series: an alert is named after the first that shows it. */
    for (uint32_t i = 0; i < fold->head.series_n && fold->error == LW_ERR_OK; i++) {
        switch ((enum lw_series_kind)fold->series[i].kind) {
        case LW_SERIES_METRIC:
            if (fold->found[i] != LW_FOLD_NONE)
                see_metric(fold, i, run);
            break;
        case LW_SERIES_GENERALIZATION:
            see_generalization(fold, i, run);
            break;
        case LW_SERIES_CURVE:
            lw_curve_chart_see(fold, i, run);
            break;
        case LW_SERIES_DURATION:
        case LW_SERIES_COST:
        case LW_SERIES_GAP:
            break;
        }
    }
}

static bool comes_before(const struct lw_remark *a, const struct lw_remark *b)
{
    if (a->detector != b->detector)
        return a->detector < b->detector;
    return a->series < b->series;
}

/* By detector, then series; few of them, nearly in order, and equal ones keep their order. */
static void sort_remarks(struct lw_fold *fold, size_t from)
{
    for (size_t i = from + 1; i < fold->remarks_n; i++) {
        struct lw_remark one;
        size_t k = i;

        if (!comes_before(&fold->remarks[i], &fold->remarks[i - 1]))
            continue;
        one = fold->remarks[i];
        while (k > from && comes_before(&one, &fold->remarks[k - 1])) {
            fold->remarks[k] = fold->remarks[k - 1];
            k--;
        }
        fold->remarks[k] = one;
    }
}

void lw_fold_step(struct lw_fold *fold, uint32_t run)
{
    const struct lw_run *the = fold->runs[run];
    struct lw_decision *decision = &fold->decisions[run];
    enum lw_verdict verdict = LW_VERDICT_INSUFFICIENT;
    size_t remarks = fold->remarks_n;
    bool usable;

    decision->outcome = (uint32_t)lw_quality_outcome(fold, run);
    usable = lw_fold_is_success(decision->outcome) && !(the->flags & LW_RUN_INTERLEAVED);
    lw_series_find(fold, the, usable);
    lw_series_divide(fold);
    lw_quality_see_outcome(fold, run);
    lw_rhythm_see(fold, run);
    if (usable && fold->error == LW_ERR_OK) {
        lw_quality_see_metrics(fold, run);
        see_series(fold, run);
    }
    if (fold->error == LW_ERR_OK)
        see_duration(fold, run);
    if (fold->error == LW_ERR_OK && decision->outcome != LW_OUTCOME_IN_PROGRESS)
        see_cost(fold, run);
    lw_requirement_see(fold, run);
    if (fold->rules->rebaseline_n)
        lw_case_acknowledge(fold, run);
    lw_case_tell(fold, run);
    if (fold->error != LW_ERR_OK)
        return;
    sort_remarks(fold, remarks);
    for (size_t i = remarks; i < fold->remarks_n; i++)
        verdict = lw_verdict_worse(verdict, (enum lw_verdict)fold->remarks[i].verdict);
    decision->verdict = (uint32_t)verdict;
    fold->head.runs_n++;
}
