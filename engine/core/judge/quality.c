#include "engine/core/judge/quality.h"

#include "engine/core/judge/case.h"
#include "engine/core/judge/chart/chart.h"

#define COUNTS_LEAST  3  /* earlier runs that make a usual number of points */
#define MISSING_SAID  10 /* runs in a row for which a missing metric is news */
#define MISSING_LEAST 3  /* values that make a metric one that is expected */
#define FLAT_LEAST    4  /* points that make a flat line remarkable */

static uint64_t points_of(const struct lw_run *run)
{
    const struct lw_metric *metrics = lw_run_metrics(run);
    uint64_t most = 0;

    /* The longest metric: one that is missing must not make the run look short. */
    for (uint32_t i = 0; i < run->metrics_n; i++) {
        if (metrics[i].summary.count > most)
            most = metrics[i].summary.count;
    }
    return most;
}

/* Twice the median, to stay in whole numbers. */
static uint64_t twice_median(const uint64_t *counts, uint32_t n)
{
    uint64_t sorted[LW_FOLD_COUNTS] = {0};

    for (uint32_t i = 0; i < n; i++) {
        uint32_t k = i;

        while (k > 0 && sorted[k - 1] > counts[i]) {
            sorted[k] = sorted[k - 1];
            k--;
        }
        sorted[k] = counts[i];
    }
    return sorted[n / 2] + sorted[(n - 1) / 2];
}

enum lw_outcome lw_quality_outcome(struct lw_fold *fold, uint32_t run)
{
    struct lw_fold_head *head = &fold->head;
    const struct lw_run *the = fold->runs[run];
    uint64_t points = points_of(the);
    enum lw_outcome outcome = (enum lw_outcome)the->outcome;

    if (!lw_fold_is_success(the->outcome))
        return outcome;
    if (outcome == LW_OUTCOME_UNKNOWN && head->counts_n >= COUNTS_LEAST &&
        4 * points < twice_median(head->counts, head->counts_n))
        outcome = LW_OUTCOME_INCOMPLETE;
    /* Short runs count too: when all runs become short, that is how the model is trained now. */
    head->counts[head->counts_next] = points;
    head->counts_next = (head->counts_next + 1) % LW_FOLD_COUNTS;
    if (head->counts_n < LW_FOLD_COUNTS)
        head->counts_n++;
    return outcome;
}

static struct lw_remark *remark(struct lw_fold *fold, uint32_t run, uint32_t series, enum lw_verdict verdict,
                                enum lw_remark_text text)
{
    return lw_fold_remark(fold, LW_DETECT_QUALITY, series, run, verdict, text);
}

static void fill_streak(struct lw_fold *fold, uint32_t index, uint32_t run)
{
    struct lw_case *the = &fold->cases[index];

    the->streak++;
    the->last_run = run;
}

static void see_failure(struct lw_fold *fold, uint32_t run)
{
    struct lw_fold_head *head = &fold->head;

    head->failures++;
    if (head->failure_case == LW_FOLD_NONE) {
        head->failure_case =
            lw_case_open(fold, LW_ALERT_RUN, LW_IMPACT_WORSE, LW_SEVERITY_INFO, LW_DETECT_QUALITY, run, 0);
        if (head->failure_case == LW_FOLD_NONE)
            return;
    } else if (head->failures == 2) {
        lw_case_touch(fold, head->failure_case, LW_CASE_UPDATED);
    }
    if (head->failures >= 2)
        fold->cases[head->failure_case].severity = LW_SEVERITY_PAGE;
    fill_streak(fold, head->failure_case, run);
}

static void see_late(struct lw_fold *fold, uint32_t run)
{
    struct lw_fold_head *head = &fold->head;

    head->failures = 0;
    if (head->late_case == LW_FOLD_NONE) {
        head->late_case =
            lw_case_open(fold, LW_ALERT_RUN, LW_IMPACT_WORSE, LW_SEVERITY_TICKET, LW_DETECT_QUALITY, run, 0);
        if (head->late_case == LW_FOLD_NONE)
            return;
        fold->cases[head->late_case].no_success = 1;
    }
    fill_streak(fold, head->late_case, run);
}

static void see_success(struct lw_fold *fold, uint32_t run)
{
    struct lw_fold_head *head = &fold->head;

    head->failures = 0;
    if (head->failure_case != LW_FOLD_NONE)
        lw_case_close(fold, head->failure_case, LW_ALERT_RESOLVED, run);
    if (head->late_case != LW_FOLD_NONE)
        lw_case_close(fold, head->late_case, LW_ALERT_RESOLVED, run);
    head->failure_case = LW_FOLD_NONE;
    head->late_case = LW_FOLD_NONE;
}

void lw_quality_see_outcome(struct lw_fold *fold, uint32_t run)
{
    const struct lw_run *the = fold->runs[run];

    if (the->flags & LW_RUN_INTERLEAVED)
        (void)remark(fold, run, LW_FOLD_NONE, LW_VERDICT_WARNING, LW_REMARK_INTERLEAVED);
    switch ((enum lw_outcome)fold->decisions[run].outcome) {
    case LW_OUTCOME_UNKNOWN:
    case LW_OUTCOME_COMPLETED:
        see_success(fold, run);
        break;
    case LW_OUTCOME_FAILED:
        (void)remark(fold, run, LW_FOLD_NONE, LW_VERDICT_ERROR, LW_REMARK_FAILED);
        see_failure(fold, run);
        break;
    case LW_OUTCOME_STOPPED:
        (void)remark(fold, run, LW_FOLD_NONE, LW_VERDICT_OK, LW_REMARK_STOPPED);
        break;
    case LW_OUTCOME_OUT_OF_TIME:
        (void)remark(fold, run, LW_FOLD_NONE, LW_VERDICT_ERROR, LW_REMARK_OUT_OF_TIME);
        see_late(fold, run);
        break;
    case LW_OUTCOME_INCOMPLETE:
        remark(fold, run, LW_FOLD_NONE, LW_VERDICT_WARNING, LW_REMARK_INCOMPLETE)->extra = (double)points_of(the);
        break;
    case LW_OUTCOME_IN_PROGRESS:
        (void)remark(fold, run, LW_FOLD_NONE, LW_VERDICT_OK, LW_REMARK_IN_PROGRESS);
        break;
    }
}

/* What follows from the metric ends with it: nothing can come back or settle without data. */
static void stop(struct lw_fold *fold, uint32_t metric)
{
    for (uint32_t i = 0; i < fold->head.series_n; i++) {
        const struct lw_series *of = &fold->series[i];

        if (of->shifted &&
            (i == metric || (of->kind != LW_SERIES_METRIC && (of->partner == metric || of->other == metric))))
            lw_chart_restart(fold, i);
    }
}

static void see_metric(struct lw_fold *fold, uint32_t run, uint32_t series)
{
    struct lw_series *of = &fold->series[series];
    const struct lw_summary *summary;
    bool flat;

    if (fold->found[series] == LW_FOLD_NONE) {
        of->missing++;
        if (of->values_n >= MISSING_LEAST && of->missing <= MISSING_SAID)
            (void)remark(fold, run, series, LW_VERDICT_WARNING, LW_REMARK_MISSING);
        if (of->missing == MISSING_SAID)
            stop(fold, series);
        return;
    }
    of->missing = 0;
    summary = &lw_run_metrics(fold->runs[run])[fold->found[series]].summary;
    flat = summary->count >= FLAT_LEAST && summary->min == summary->max;
    if (flat && of->not_flat >= MISSING_LEAST)
        (void)remark(fold, run, series, LW_VERDICT_WARNING, LW_REMARK_FLAT);
    else if (!flat)
        of->not_flat++;
}

void lw_quality_see_metrics(struct lw_fold *fold, uint32_t run)
{
    const struct lw_run *the = fold->runs[run];
    const struct lw_metric *metrics = lw_run_metrics(the);
    uint64_t not_a_number = 0;
    uint32_t series = LW_FOLD_NONE;

    for (uint32_t i = 0; i < fold->head.series_n; i++) {
        if (fold->series[i].kind == LW_SERIES_METRIC)
            see_metric(fold, run, i);
    }
    for (uint32_t i = 0; i < the->metrics_n; i++) {
        if (metrics[i].summary.not_a_number == 0)
            continue;
        not_a_number += metrics[i].summary.not_a_number;
        for (uint32_t k = 0; k < fold->head.series_n && series == LW_FOLD_NONE; k++) {
            if (fold->series[k].kind == LW_SERIES_METRIC &&
                lw_str_equal(lw_fold_name(fold, k), lw_run_str(the, metrics[i].name)))
                series = k;
        }
    }
    if (not_a_number)
        remark(fold, run, series, LW_VERDICT_ERROR, LW_REMARK_NOT_A_NUMBER)->extra = (double)not_a_number;
    if (fold->head.uncharted && fold->head.uncharted != fold->head.uncharted_said) {
        fold->head.uncharted_said = fold->head.uncharted;
        remark(fold, run, LW_FOLD_NONE, LW_VERDICT_OK, LW_REMARK_NOT_CHARTED)->extra = (double)fold->head.uncharted;
    }
}
