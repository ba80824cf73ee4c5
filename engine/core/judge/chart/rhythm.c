#include "engine/core/judge/chart/rhythm.h"

#include "engine/core/judge/case.h"
#include "engine/core/judge/chart/chart.h"
#include "engine/core/judge/chart/series.h"
#include "leeway/predict.h"

#include <math.h>

#define ARMED_GAPS      8   /* gaps from which a rhythm is believed */
#define ARMED_VARIATION 0.5 /* and their coefficient of variation */
#define CADENCE_TAIL    0.001
#define CADENCE_LEAST   3
#define RETIRED_GAPS    10
#define EARLY_MOST      (5 * LW_MINUTE) /* a run may start that much before its time in the schedule */

/* What the gaps so far say about the next. */
struct expectation {
    struct lw_predict seen;
    bool armed;
    double usual; /* s */
};

static struct expectation expect(const struct lw_fold *fold)
{
    struct expectation expected = {.armed = false};
    const struct lw_series *gap;

    if (fold->head.gap == LW_FOLD_NONE)
        return expected;
    gap = &fold->series[fold->head.gap];
    expected.seen.n = gap->chart.n;
    expected.seen.mean = gap->chart.mean;
    expected.seen.sd = lw_cusum_scale(&gap->chart, lw_series_spread_floor(gap, gap->chart.mean));
    expected.usual = exp(gap->chart.mean);
    expected.armed = gap->chart.n >= ARMED_GAPS && gap->level.mean > 0.0 &&
                     lw_series_sd(&gap->level) < ARMED_VARIATION * gap->level.mean;
    return expected;
}

static double tail_of(const struct lw_fold *fold)
{
    return fold->budget.overdue_tail > 0.0 ? fold->budget.overdue_tail : LW_BUDGET_OVERDUE_TAIL;
}

static bool stated(const struct lw_rules *rules)
{
    return rules->next != NULL || rules->cadence.ms > 0;
}

/* The time in the schedule after `at`; LW_TIME_MAX when there is none. */
static int64_t slot_after(const struct lw_rules *rules, int64_t at)
{
    int64_t next = rules->next(rules->schedule, (lw_time){at}).ms;

    return next > at && next < LW_TIME_MAX ? next : LW_TIME_MAX;
}

/* When the run after the one that started at `start` is to start. A start a little before a time of the schedule (clocks
   differ) is the run of that time, not of the time before. */
static int64_t expected_start(const struct lw_rules *rules, int64_t start)
{
    int64_t next, second, early;

    if (rules->next == NULL)
        return start + rules->cadence.ms;
    next = slot_after(rules, start);
    second = next < LW_TIME_MAX ? slot_after(rules, next) : LW_TIME_MAX;
    early = (second - next) / 4 < EARLY_MOST ? (second - next) / 4 : EARLY_MOST;
    return next - start <= early ? second : next;
}

/* When the run after `last` is overdue. false where nothing is expected. */
static bool deadline_of(const struct lw_fold *fold, const struct expectation *expected, uint32_t last,
                        lw_time *deadline)
{
    const struct lw_run *run = fold->runs[last];
    double usual_ms = expected->usual * 1000.0;
    double span;

    if (stated(fold->rules)) {
        int64_t tolerance =
            fold->rules->tolerance.ms > fold->rules->quiet.ms ? fold->rules->tolerance.ms : fold->rules->quiet.ms;
        lw_time start = run->has_start ? run->start : run->end;
        int64_t expected_at = expected_start(fold->rules, start.ms);

        deadline->ms = expected_at + tolerance;
        return expected_at < LW_TIME_MAX - tolerance;
    }
    if (!expected->armed || lw_predict_deadline(&expected->seen, tail_of(fold), &span) != LW_ERR_OK)
        return false;
    span = span * 1000.0 + (double)LW_FOLD_DATA_DELAY;
    if (span < usual_ms + (double)fold->rules->quiet.ms)
        span = usual_ms + (double)fold->rules->quiet.ms;
    /* Further than the calendar goes is never. */
    if (!(span < 1e14) || run->end.ms > LW_TIME_MAX - (int64_t)span)
        return false;
    deadline->ms = run->end.ms + (int64_t)span;
    return true;
}

/* How unusual a gap is: the probability of one that is as far out on the same side. */
struct oddity {
    bool known, above;
    double p;
};

static struct oddity oddity_of(const struct expectation *expected, double gap)
{
    struct oddity odd = {.known = false};

    odd.known = lw_predict_lesser_tail(&expected->seen, fmax(gap, 1.0), &odd.p, &odd.above) == LW_ERR_OK;
    return odd;
}

/* A gap that cannot be past its deadline is the rule; this tells without inverting a distribution. */
static bool may_be_overdue(const struct lw_fold *fold, const struct expectation *expected, const struct oddity *odd,
                           double gap)
{
    if (stated(fold->rules))
        return true;
    if (!expected->armed || gap <= expected->usual)
        return false;
    return odd->known && odd->above && odd->p < 10.0 * tail_of(fold);
}

static uint32_t open_overdue(struct lw_fold *fold, uint32_t last, lw_time deadline, const struct expectation *expected,
                             bool no_success)
{
    uint32_t index = lw_case_open(fold, LW_ALERT_OVERDUE, LW_IMPACT_WORSE,
                                  no_success ? LW_SEVERITY_PAGE : LW_SEVERITY_TICKET, LW_DETECT_OVERDUE, last, 0);
    struct lw_case *the;

    if (index == LW_FOLD_NONE)
        return index;
    the = &fold->cases[index];
    the->direction = LW_DIRECTION_UP;
    the->due = deadline.ms;
    the->no_success = no_success;
    the->streak = fold->head.failed_since_success;
    if (fold->head.gap != LW_FOLD_NONE)
        the->series[the->series_n++] = fold->head.gap;
    if (!stated(fold->rules) && expected->seen.n > 0) {
        the->has_before = 1;
        the->before = expected->usual;
    }
    lw_case_touch(fold, index, LW_CASE_BY_CLOCK);
    return index;
}

static void close_overdue(struct lw_fold *fold, uint32_t index, uint32_t run, double gap)
{
    if (index == LW_FOLD_NONE)
        return;
    fold->cases[index].after = gap;
    fold->cases[index].has_after = 1;
    lw_case_close(fold, index, LW_ALERT_RESOLVED, run);
}

/* An overdue alert is over when the run came; it opened, and closed, within this step of the fold. */
static bool was_overdue(struct lw_fold *fold, const struct expectation *expected, const struct oddity *odd,
                        uint32_t last, uint32_t run, double gap)
{
    struct lw_remark *remark;
    lw_time deadline;

    if (!may_be_overdue(fold, expected, odd, gap) || !deadline_of(fold, expected, last, &deadline) ||
        fold->runs[run]->start.ms <= deadline.ms)
        return false;
    close_overdue(fold, open_overdue(fold, last, deadline, expected, false), run, gap);
    remark = lw_fold_remark(fold, LW_DETECT_OVERDUE, fold->head.gap, run, LW_VERDICT_WARNING, LW_REMARK_OVERDUE);
    remark->direction = LW_DIRECTION_UP;
    remark->statistic = gap;
    remark->threshold = (double)(deadline.ms - fold->runs[last]->end.ms) / 1000.0;
    remark->known = LW_REMARK_STATISTIC | LW_REMARK_THRESHOLD;
    return true;
}

/* Runs come, but none that succeeds: the second clock. It allows for one failure (which has an alert of its own): a
   success is due when the run after the first failed one is. */
static bool success_deadline(const struct lw_fold *fold, const struct expectation *expected, lw_time *deadline)
{
    uint32_t last = fold->head.last_success;

    if (last == LW_NO_RUN || fold->head.first_failure == LW_NO_RUN)
        return false;
    /* Told once: a gap that was overdue anyway has its alert. */
    for (size_t i = 0; i < fold->cases_n; i++) {
        if (fold->cases[i].kind == LW_ALERT_OVERDUE && fold->cases[i].opened_run >= last)
            return false;
    }
    return deadline_of(fold, expected, fold->head.first_failure, deadline);
}

static void see_success(struct lw_fold *fold, const struct expectation *expected, uint32_t run)
{
    uint32_t last = fold->head.last_success;
    lw_time deadline;

    if (!success_deadline(fold, expected, &deadline) || fold->runs[run]->start.ms <= deadline.ms)
        return;
    close_overdue(fold, open_overdue(fold, last, deadline, expected, true), run,
                  (double)(fold->runs[run]->start.ms - fold->runs[last]->end.ms) / 1000.0);
}

/* A single gap outside of what the earlier ones predict. True when it is. */
static bool judge_cadence(struct lw_fold *fold, const struct expectation *expected, const struct oddity *how,
                          uint32_t run, double gap, enum lw_direction *direction)
{
    struct lw_remark *remark;
    double effect;
    bool odd;

    if (expected->seen.n < CADENCE_LEAST) {
        remark =
            lw_fold_remark(fold, LW_DETECT_CADENCE, fold->head.gap, run, LW_VERDICT_INSUFFICIENT, LW_REMARK_LEARNING);
        remark->runs_needed = (uint32_t)(CADENCE_LEAST - expected->seen.n);
        return false;
    }
    if (!how->known)
        return false;
    effect = lw_series_effect(fold, fold->head.gap, expected->usual, gap);
    odd = how->p <= CADENCE_TAIL && fabs(effect) >= fold->rules->ignore_below.time;
    *direction = how->above ? LW_DIRECTION_UP : LW_DIRECTION_DOWN;
    remark = lw_fold_remark(fold, LW_DETECT_CADENCE, fold->head.gap, run, odd ? LW_VERDICT_WARNING : LW_VERDICT_OK,
                            odd ? LW_REMARK_ONE_GAP : LW_REMARK_FINE);
    remark->direction = (uint32_t)(odd ? *direction : LW_DIRECTION_NONE);
    remark->statistic = gap;
    remark->p_value = how->p;
    remark->p_method = LW_P_PREDICTIVE;
    remark->effect = effect;
    remark->known = LW_REMARK_STATISTIC | LW_REMARK_P_VALUE | LW_REMARK_EFFECT;
    return odd;
}

/* One odd gap (a holiday, a rerun by hand) is told by cadence or overdue and is no change of rhythm; two in a row that
   are odd in the same way are, and then both go into the charts. */
static void chart_gap(struct lw_fold *fold, uint32_t run, double gap, bool odd, bool overdue,
                      enum lw_direction direction)
{
    uint32_t index = fold->head.gap;
    struct lw_series *of = &fold->series[index];
    bool waiting = !of->shifted && of->held > 0;

    if (odd && !of->shifted && !(waiting && of->held_direction == (uint32_t)direction)) {
        if (waiting)
            lw_chart_drop_held(fold, index, of->held_late == 0);
        of->held_direction = (uint32_t)direction;
        of->held_late = overdue;
        lw_chart_hold(fold, index, run, gap);
        return;
    }
    if (waiting) {
        if (odd)
            lw_chart_feed_held(fold, index);
        else
            lw_chart_drop_held(fold, index, of->held_late == 0);
    }
    lw_chart_see(fold, index, run, gap, false);
    lw_chart_changepoint(fold, index, run);
}

static void see_gap(struct lw_fold *fold, uint32_t last, uint32_t run, bool after_success)
{
    const struct lw_run *before = fold->runs[last];
    const struct lw_run *now = fold->runs[run];
    struct lw_decision *decision = &fold->decisions[run];
    struct expectation expected;
    struct oddity how;
    enum lw_direction direction = LW_DIRECTION_NONE;
    double rounding = (now->flags | before->flags) & LW_RUN_MINUTE_TIMES ? 24.5 : 0.29;
    double gap;
    bool overdue;
    bool odd;

    decision->has_gap = 1;
    decision->gap = now->start.ms - before->end.ms;
    if (decision->gap < 0 || lw_series_single(fold, LW_SERIES_GAP) == LW_FOLD_NONE)
        return;
    fold->head.gap_seen = 1;
    lw_series_divide(fold);
    if (fold->error != LW_ERR_OK)
        return;
    if (fold->series[fold->head.gap].rounding < rounding)
        fold->series[fold->head.gap].rounding = rounding;
    gap = (double)decision->gap / 1000.0;
    expected = expect(fold);
    how = oddity_of(&expected, gap);
    overdue = was_overdue(fold, &expected, &how, last, run, gap);
    if (!after_success)
        return; /* a retry comes sooner or later than the rhythm says */
    odd = judge_cadence(fold, &expected, &how, run, gap, &direction) || overdue;
    if (odd && direction == LW_DIRECTION_NONE)
        direction = LW_DIRECTION_UP;
    chart_gap(fold, run, gap, odd, overdue, direction);
}

void lw_rhythm_see(struct lw_fold *fold, uint32_t run)
{
    const struct lw_run *now = fold->runs[run];
    uint32_t last = fold->head.last_attempt;
    bool success = lw_fold_is_success(fold->decisions[run].outcome);
    struct expectation expected;

    if (!now->has_start || !now->has_end)
        return;
    if (last != LW_NO_RUN)
        see_gap(fold, last, run, lw_fold_is_success(fold->decisions[last].outcome));
    if (success && fold->head.failed_since_success) {
        expected = expect(fold);
        see_success(fold, &expected, run);
    }
    fold->head.last_attempt = run;
    if (success) {
        fold->head.last_success = run;
        fold->head.failed_since_success = 0;
        fold->head.first_failure = LW_NO_RUN;
    } else if (fold->decisions[run].outcome == LW_OUTCOME_FAILED ||
               fold->decisions[run].outcome == LW_OUTCOME_OUT_OF_TIME) {
        if (fold->head.failed_since_success++ == 0)
            fold->head.first_failure = run;
    }
}

/* Silence of that many usual gaps is not lateness, it is the end: since when that was known, or LW_TIME_MAX. */
static int64_t retirement(const struct lw_fold *fold, const struct expectation *expected, uint32_t last)
{
    double usual = fold->rules->cadence.ms > 0 ? (double)fold->rules->cadence.ms : expected->usual * 1000.0;
    double span = RETIRED_GAPS * usual;
    int64_t end = fold->runs[last]->end.ms;

    if (fold->rules->next != NULL) {
        for (int i = 0; i < RETIRED_GAPS && end < LW_TIME_MAX; i++)
            end = slot_after(fold->rules, end);
        return end;
    }
    if ((fold->rules->cadence.ms <= 0 && !expected->armed) || !(span < 1e14) || end > LW_TIME_MAX - (int64_t)span)
        return LW_TIME_MAX;
    return end + (int64_t)span;
}

static void end_open(struct lw_fold *fold)
{
    for (uint32_t i = 0; i < fold->cases_n; i++) {
        if (fold->cases[i].state != LW_ALERT_OPEN)
            continue;
        fold->cases[i].stale = LW_STALE_DATA;
        lw_case_close(fold, i, LW_ALERT_STALE, LW_NO_RUN);
    }
}

/* Notes a time at which this silence would be judged otherwise, if it is still to come. */
static void note_change(struct lw_fold *fold, int64_t after, lw_time now)
{
    if (after >= now.ms && after < LW_TIME_MAX && after + 1 < fold->next_change)
        fold->next_change = after + 1;
}

void lw_rhythm_end(struct lw_fold *fold, lw_time now)
{
    uint32_t last = fold->head.last_attempt;
    uint32_t success = fold->head.last_success;
    struct expectation expected = expect(fold);
    lw_time attempt_due = {LW_TIME_MAX}, success_due = {LW_TIME_MAX};

    fold->next_change = LW_TIME_MAX;
    if (last == LW_NO_RUN)
        return;
    if (!deadline_of(fold, &expected, last, &attempt_due))
        attempt_due.ms = LW_TIME_MAX;
    if (!success_deadline(fold, &expected, &success_due))
        success_due.ms = LW_TIME_MAX;
    if (now.ms > attempt_due.ms)
        (void)open_overdue(fold, last, attempt_due, &expected, false);
    else if (now.ms > success_due.ms)
        (void)open_overdue(fold, success, success_due, &expected, true);
    fold->silent_since = retirement(fold, &expected, last);
    if (now.ms > fold->silent_since)
        end_open(fold);
    note_change(fold, attempt_due.ms, now);
    note_change(fold, success_due.ms, now);
    note_change(fold, fold->silent_since, now);
}
