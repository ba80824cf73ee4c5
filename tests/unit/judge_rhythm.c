#include "tests/kit/judging.h"

#include <math.h>
#include <string.h>

static void hourly(struct kit_judging *it, int n)
{
    for (int i = 0; i < n; i++)
        kit_add(it, (struct kit_plan){.accuracy = kit_noisy(it, 0.912, 0.003), .gap = kit_noisy(it, 3348.0, 30.0)});
}

static void a_run_that_comes_three_hours_late_was_overdue(void)
{
    struct kit_judging it = kit_judging_open(51);
    const struct lw_alert *alert;

    hourly(&it, 20);
    kit_add(&it, (struct kit_plan){.accuracy = 0.912, .gap = 3.0 * 3600.0});
    hourly(&it, 5);
    kit_judge(&it);
    kit_judge_show(&it.judged);
    CU_ASSERT_EQUAL_FATAL(it.judged.alerts_n, 1);
    alert = &it.judged.alerts[0];
    CU_ASSERT_EQUAL(alert->kind, LW_ALERT_OVERDUE);
    CU_ASSERT_EQUAL(alert->state, LW_ALERT_RESOLVED);
    CU_ASSERT_EQUAL(alert->opened_run, 19);
    CU_ASSERT_EQUAL(alert->resolved_run, 20);
    CU_ASSERT_EQUAL(alert->severity, LW_SEVERITY_TICKET);
    /* Not before a quiet period after the expectation, and long before it came. */
    CU_ASSERT_EQUAL_FATAL(it.judged.events_n, 2);
    CU_ASSERT(it.judged.events[0].alert.evidence.ms >= it.history.runs[19]->end.ms + 3348000 + 14 * LW_MINUTE);
    CU_ASSERT(it.judged.events[0].alert.evidence.ms < it.history.runs[20]->start.ms);
    CU_ASSERT_EQUAL(alert->evidence.ms, it.history.runs[20]->end.ms);
    CU_ASSERT_EQUAL(it.judged.events[0].run, LW_NO_RUN);
    CU_ASSERT_EQUAL(it.judged.events[1].run, 20);
    kit_judging_close(&it);
}

static void silence_up_to_now_is_overdue_and_long_silence_is_the_end(void)
{
    struct kit_judging it = kit_judging_open(52);

    hourly(&it, 20);
    it.rules.has_now = 1;
    it.rules.now.ms = it.end + 30 * LW_MINUTE;
    kit_judge(&it);
    CU_ASSERT_EQUAL(it.judged.alerts_n, 0);
    it.rules.now.ms = it.end + 3 * LW_HOUR;
    kit_judge(&it);
    CU_ASSERT_EQUAL_FATAL(it.judged.alerts_n, 1);
    CU_ASSERT_EQUAL(it.judged.alerts[0].state, LW_ALERT_OPEN);
    CU_ASSERT_EQUAL(it.judged.verdict, LW_VERDICT_DRIFT);
    it.rules.now.ms = it.end + 30 * LW_HOUR;
    kit_judge(&it);
    CU_ASSERT_EQUAL_FATAL(it.judged.alerts_n, 1);
    CU_ASSERT_EQUAL(it.judged.alerts[0].state, LW_ALERT_STALE);
    CU_ASSERT_EQUAL(it.judged.verdict, LW_VERDICT_DRIFT);
    kit_judging_close(&it);
}

static void silence_never_resolves(void)
{
    struct kit_judging it = kit_judging_open(53);
    const struct lw_alert *alert;

    hourly(&it, 30);
    for (int i = 0; i < 6; i++)
        kit_add(&it, (struct kit_plan){.accuracy = kit_noisy(&it, 0.88, 0.003), .gap = kit_noisy(&it, 3348.0, 30.0)});
    it.rules.has_now = 1;
    it.rules.now.ms = it.end + 30 * LW_HOUR;
    kit_judge(&it);
    alert = kit_alert(&it.judged, LW_ALERT_LEVEL);
    CU_ASSERT_PTR_NOT_NULL_FATAL(alert);
    CU_ASSERT_EQUAL(alert->state, LW_ALERT_STALE);
    CU_ASSERT_EQUAL(alert->resolved_run, LW_NO_RUN);
    kit_judging_close(&it);
}

static void a_stated_cadence_is_expected_from_the_second_run_on(void)
{
    struct kit_judging it = kit_judging_open(54);

    hourly(&it, 2);
    kit_add(&it, (struct kit_plan){.accuracy = 0.912, .gap = 4.0 * 3600.0});
    kit_judge(&it);
    CU_ASSERT_EQUAL(it.judged.alerts_n, 0);
    it.rules.cadence.ms = LW_HOUR;
    kit_judge(&it);
    CU_ASSERT_EQUAL_FATAL(it.judged.alerts_n, 1);
    CU_ASSERT_EQUAL(it.judged.alerts[0].kind, LW_ALERT_OVERDUE);
    CU_ASSERT_EQUAL(it.judged.events[0].alert.evidence.ms, it.history.runs[1]->start.ms + LW_HOUR + 15 * LW_MINUTE);
    kit_judging_close(&it);
}

/* The gaps 62 58 65 60 | 24 21 26 22 23 25 minutes. P(next <= 24 | the first four) = 0.000212573 under the log-normal
   predictive distribution (computed with R 4.2.2), so the fifth is odd; with the sixth it is a change. */
static void a_change_of_rhythm_is_found_after_two_odd_gaps(void)
{
    static const double minutes[] = {62, 58, 65, 60, 24, 21, 26, 22, 23, 25};
    struct kit_judging it = kit_judging_open(55);
    const struct lw_finding *odd;
    const struct lw_alert *alert;

    kit_add(&it, (struct kit_plan){.accuracy = 0.912, .seconds = 600.0});
    for (int i = 0; i < 10; i++)
        kit_add(&it, (struct kit_plan){.accuracy = kit_noisy(&it, 0.912, 0.003),
                                       .seconds = kit_noisy(&it, 600.0, 5.0),
                                       .gap = 60.0 * minutes[i]});
    kit_judge(&it);
    kit_judge_show(&it.judged);
    odd = kit_finding(&it.judged, 5, LW_DETECT_CADENCE, "gap");
    CU_ASSERT_PTR_NOT_NULL_FATAL(odd);
    CU_ASSERT_EQUAL(odd->verdict, LW_VERDICT_WARNING);
    CU_ASSERT_EQUAL(odd->p_method, LW_P_PREDICTIVE);
    KIT_CLOSE(odd->p_value, 0.000212573, 1e-5);
    alert = kit_alert(&it.judged, LW_ALERT_RHYTHM);
    CU_ASSERT_PTR_NOT_NULL_FATAL(alert);
    CU_ASSERT_EQUAL(alert->change_run, 5);
    CU_ASSERT(alert->opened_run <= 7);
    CU_ASSERT_EQUAL(alert->direction, LW_DIRECTION_DOWN);
    CU_ASSERT_EQUAL(alert->severity, LW_SEVERITY_INFO);
    kit_judging_close(&it);
}

static void one_gap_that_is_short_is_a_warning_and_no_change(void)
{
    struct kit_judging it = kit_judging_open(56);

    hourly(&it, 15);
    kit_add(&it, (struct kit_plan){.accuracy = 0.912, .gap = 120.0});
    hourly(&it, 10);
    kit_judge(&it);
    CU_ASSERT_EQUAL(it.judged.alerts_n, 0);
    CU_ASSERT_EQUAL(it.judged.runs[15].verdict, LW_VERDICT_WARNING);
    kit_judging_close(&it);
}

static void runs_that_overlap_have_a_negative_gap_that_is_not_charted(void)
{
    struct kit_judging it = kit_judging_open(57);

    hourly(&it, 6);
    kit_add(&it, (struct kit_plan){.accuracy = 0.912, .gap = -100.0});
    kit_judge(&it);
    CU_ASSERT(it.judged.runs[6].has_gap);
    CU_ASSERT_EQUAL(it.judged.runs[6].gap.ms, -100000);
    CU_ASSERT_PTR_NULL(kit_finding(&it.judged, 6, LW_DETECT_CUSUM, "gap"));
    kit_judging_close(&it);
}

/* A fixed schedule: runs that take twenty minutes longer leave gaps that are twenty minutes shorter. One cause, one
   alert, and it is about the duration. */
static void a_gap_that_is_shorter_because_runs_are_longer_is_no_change_of_rhythm(void)
{
    struct kit_judging it = kit_judging_open(61);

    for (int i = 0; i < 40; i++) {
        double seconds = kit_noisy(&it, i < 25 ? 600.0 : 1800.0, 10.0);
        int64_t start = KIT_BEGIN + i * LW_HOUR;

        kit_add(&it, (struct kit_plan){.accuracy = kit_noisy(&it, 0.912, 0.003),
                                       .seconds = seconds,
                                       .gap = (double)(start - it.end) / 1000.0 + kit_noisy(&it, 30.0, 10.0)});
    }
    kit_judge(&it);
    kit_judge_show(&it.judged);
    CU_ASSERT_EQUAL(kit_alerts(&it.judged, LW_ALERT_RHYTHM), 0);
    CU_ASSERT_EQUAL_FATAL(kit_alerts(&it.judged, LW_ALERT_LEVEL), 1);
    CU_ASSERT(kit_in_series(kit_alert(&it.judged, LW_ALERT_LEVEL), "duration"));
    kit_judging_close(&it);
}

static void irregular_runs_are_never_overdue(void)
{
    struct kit_judging it = kit_judging_open(58);

    for (int i = 0; i < 30; i++)
        kit_add(&it, (struct kit_plan){.accuracy = kit_noisy(&it, 0.912, 0.003),
                                       .gap = -3000.0 * log(kit_random_uniform(&it.random)) + 10.0});
    it.rules.has_now = 1;
    it.rules.now.ms = it.end + 20 * LW_HOUR;
    kit_judge(&it);
    CU_ASSERT_EQUAL(kit_alerts(&it.judged, LW_ALERT_OVERDUE), 0);
    kit_judging_close(&it);
}

static void runs_without_a_clock_have_no_rhythm(void)
{
    struct kit_judging it = kit_judging_open(59);
    double values[4] = {0.5, 0.7, 0.8, 0.9};
    struct kit_metric metric = {.name = "accuracy", .values = values, .n = 4};

    for (int i = 0; i < 6; i++)
        kit_history_add(&it.history, &(struct kit_run){.metrics = &metric, .metrics_n = 1});
    kit_judge(&it);
    CU_ASSERT_EQUAL(it.judged.runs_n, 6);
    CU_ASSERT(!it.judged.runs[3].has_gap);
    CU_ASSERT_PTR_NULL(kit_finding(&it.judged, 3, LW_DETECT_CUSUM, "duration"));
    CU_ASSERT_PTR_NOT_NULL(kit_finding(&it.judged, 3, LW_DETECT_CUSUM, "accuracy"));
    kit_judging_close(&it);
}

static void failing_for_hours_is_no_success(void)
{
    struct kit_judging it = kit_judging_open(60);
    const struct lw_alert *alert;

    hourly(&it, 20);
    for (int i = 0; i < 4; i++)
        kit_add(&it, (struct kit_plan){.outcome = LW_OUTCOME_FAILED, .gap = kit_noisy(&it, 3348.0, 30.0)});
    hourly(&it, 2);
    kit_judge(&it);
    kit_judge_show(&it.judged);
    alert = kit_alert(&it.judged, LW_ALERT_OVERDUE);
    CU_ASSERT_PTR_NOT_NULL_FATAL(alert);
    CU_ASSERT_EQUAL(alert->severity, LW_SEVERITY_PAGE);
    CU_ASSERT_EQUAL(alert->opened_run, 19);
    CU_ASSERT_EQUAL(alert->resolved_run, 24);
    CU_ASSERT_EQUAL(kit_alerts(&it.judged, LW_ALERT_OVERDUE), 1);
    kit_judging_close(&it);
}

/* Each day at 02:00 but on the weekend; 1970-01-01 was a Thursday. */
static lw_time on_workdays(const void *schedule, lw_time after)
{
    int64_t day = after.ms / LW_DAY;

    (void)schedule;
    for (;; day++) {
        int64_t weekday = (day + 4) % 7;
        int64_t at = day * LW_DAY + 2 * LW_HOUR;

        if (weekday != 0 && weekday != 6 && at > after.ms)
            return (lw_time){at};
    }
}

static lw_time never(const void *schedule, lw_time after)
{
    (void)schedule;
    (void)after;
    return (lw_time){LW_TIME_MAX};
}

/* KIT_BEGIN is a Monday, 02:00. */
static void a_schedule_expects_nothing_on_the_weekend(void)
{
    struct kit_judging it = kit_judging_open(61);

    it.rules.next = on_workdays;
    it.rules.tolerance.ms = 45 * LW_MINUTE;
    it.end = KIT_BEGIN - 22 * LW_HOUR; /* the first run starts on Monday */
    for (int i = 0; i < 10; i++)
        kit_add(&it, (struct kit_plan){.accuracy = 0.912,
                                       .seconds = 252.0,
                                       .gap = i == 0   ? 22.0 * 3600.0
                                              : i == 5 ? 3.0 * 86400.0 - 252.0
                                                       : 86400.0 - 252.0});
    CU_ASSERT_EQUAL(it.history.runs[0]->start.ms, KIT_BEGIN);
    CU_ASSERT_EQUAL(it.history.runs[9]->start.ms, KIT_BEGIN + 11 * LW_DAY);
    it.rules.has_now = 1;
    it.rules.now.ms = KIT_BEGIN + 14 * LW_DAY + 45 * LW_MINUTE;
    kit_judge(&it);
    kit_judge_show(&it.judged);
    CU_ASSERT_EQUAL(kit_alerts(&it.judged, LW_ALERT_OVERDUE), 0);
    CU_ASSERT_EQUAL_FATAL(it.judged.has_deadline, 1);
    CU_ASSERT_EQUAL(it.judged.deadline.ms, it.rules.now.ms + 1);
    it.rules.now = it.judged.deadline;
    kit_judge(&it);
    CU_ASSERT_EQUAL_FATAL(kit_alerts(&it.judged, LW_ALERT_OVERDUE), 1);
    CU_ASSERT_EQUAL(it.judged.events[it.judged.events_n - 1].alert.evidence.ms,
                    KIT_BEGIN + 14 * LW_DAY + 45 * LW_MINUTE);
    kit_judging_close(&it);
}

static void a_run_a_little_before_its_time_in_the_schedule_is_the_run_of_that_time(void)
{
    struct kit_judging it = kit_judging_open(62);

    it.rules.next = on_workdays;
    it.end = KIT_BEGIN - 22 * LW_HOUR;
    for (int i = 0; i < 4; i++)
        kit_add(&it, (struct kit_plan){
                         .accuracy = 0.912, .seconds = 252.0, .gap = i == 0 ? 22.0 * 3600.0 - 60.0 : 86400.0 - 252.0});
    it.rules.has_now = 1;
    it.rules.now.ms = KIT_BEGIN + 3 * LW_DAY + 2 * LW_HOUR;
    kit_judge(&it);
    CU_ASSERT_EQUAL(kit_alerts(&it.judged, LW_ALERT_OVERDUE), 0);
    CU_ASSERT_EQUAL(it.judged.deadline.ms, KIT_BEGIN + 4 * LW_DAY + 15 * LW_MINUTE + 1);
    kit_judging_close(&it);
}

static void a_schedule_without_further_times_expects_nothing(void)
{
    struct kit_judging it = kit_judging_open(63);

    it.rules.next = never;
    hourly(&it, 20);
    it.rules.has_now = 1;
    it.rules.now.ms = it.end + 300 * LW_DAY;
    kit_judge(&it);
    CU_ASSERT_EQUAL(it.judged.alerts_n, 0);
    CU_ASSERT_EQUAL(it.judged.has_deadline, 0);
    kit_judging_close(&it);
}

/* Follows the deadlines from one to the next: between them nothing may change, at each of them something does or the
   next one is named. */
static void between_the_deadlines_of_a_judgement_nothing_changes(void)
{
    struct kit_judging it = kit_judging_open(64);
    enum lw_alert_state states[8];
    size_t n = 0;

    hourly(&it, 20);
    it.rules.has_now = 1;
    it.rules.now.ms = it.end;
    for (;;) {
        size_t alerts;
        lw_time deadline;

        kit_judge(&it);
        alerts = it.judged.alerts_n;
        CU_ASSERT_FATAL(n < 8);
        states[n++] = alerts > 0 ? it.judged.alerts[0].state : LW_ALERT_RETRACTED;
        if (!it.judged.has_deadline)
            break;
        deadline = it.judged.deadline;
        CU_ASSERT_FATAL(deadline.ms > it.rules.now.ms);
        it.rules.now.ms = deadline.ms - 1;
        kit_judge(&it);
        CU_ASSERT_EQUAL(it.judged.alerts_n, alerts);
        CU_ASSERT_EQUAL(it.judged.deadline.ms, deadline.ms);
        it.rules.now = deadline;
    }
    CU_ASSERT_EQUAL_FATAL(n, 3);
    CU_ASSERT_EQUAL(states[0], LW_ALERT_RETRACTED);
    CU_ASSERT_EQUAL(states[1], LW_ALERT_OPEN);
    CU_ASSERT_EQUAL(states[2], LW_ALERT_STALE);
    it.rules.now.ms = it.end + 4000 * LW_DAY;
    kit_judge(&it);
    CU_ASSERT_EQUAL(it.judged.has_deadline, 0);
    kit_judging_close(&it);
}

KIT_SUITE("judge_rhythm", {"a schedule expects nothing on the weekend", a_schedule_expects_nothing_on_the_weekend},
          {"a run a little before its time in the schedule is the run of that time",
           a_run_a_little_before_its_time_in_the_schedule_is_the_run_of_that_time},
          {"a schedule without further times expects nothing", a_schedule_without_further_times_expects_nothing},
          {"between the deadlines of a judgement nothing changes",
           between_the_deadlines_of_a_judgement_nothing_changes},
          {"a run that comes three hours late was overdue", a_run_that_comes_three_hours_late_was_overdue},
          {"silence up to now is overdue and long silence is the end",
           silence_up_to_now_is_overdue_and_long_silence_is_the_end},
          {"silence never resolves", silence_never_resolves},
          {"a stated cadence is expected from the second run on", a_stated_cadence_is_expected_from_the_second_run_on},
          {"a change of rhythm is found after two odd gaps", a_change_of_rhythm_is_found_after_two_odd_gaps},
          {"one gap that is short is a warning and no change", one_gap_that_is_short_is_a_warning_and_no_change},
          {"runs that overlap have a negative gap that is not charted",
           runs_that_overlap_have_a_negative_gap_that_is_not_charted},
          {"a gap that is shorter because runs are longer is no change of rhythm",
           a_gap_that_is_shorter_because_runs_are_longer_is_no_change_of_rhythm},
          {"irregular runs are never overdue", irregular_runs_are_never_overdue},
          {"runs without a clock have no rhythm", runs_without_a_clock_have_no_rhythm},
          {"failing for hours is no success", failing_for_hours_is_no_success})
