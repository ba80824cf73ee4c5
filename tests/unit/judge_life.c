#include "tests/kit/judging.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Quiet runs, then `changed` at the new level, then `back` at the old one. */
static void play(struct kit_judging *it, int quiet, int changed, double level, int back)
{
    for (int i = 0; i < quiet + changed + back; i++)
        kit_add(it,
                (struct kit_plan){.accuracy = kit_noisy(it, i >= quiet && i < quiet + changed ? level : 0.912, 0.003)});
}

static void three_runs_back_at_the_old_level_resolve(void)
{
    struct kit_judging it = kit_judging_open(31);
    const struct lw_alert *alert;

    play(&it, 30, 8, 0.885, 10);
    kit_judge(&it);
    kit_judge_show(&it.judged);
    CU_ASSERT_EQUAL_FATAL(kit_alerts(&it.judged, LW_ALERT_LEVEL), 1);
    alert = kit_alert(&it.judged, LW_ALERT_LEVEL);
    CU_ASSERT_EQUAL(alert->state, LW_ALERT_RESOLVED);
    CU_ASSERT_EQUAL(alert->resolved_run, 40);
    CU_ASSERT_EQUAL(it.judged.verdict, LW_VERDICT_OK);
    kit_judging_close(&it);
}

static void two_runs_back_do_not(void)
{
    struct kit_judging it = kit_judging_open(32);

    play(&it, 30, 8, 0.885, 2);
    kit_judge(&it);
    CU_ASSERT_EQUAL_FATAL(kit_alerts(&it.judged, LW_ALERT_LEVEL), 1);
    CU_ASSERT_EQUAL(kit_alert(&it.judged, LW_ALERT_LEVEL)->state, LW_ALERT_OPEN);
    kit_judging_close(&it);
}

static void twenty_runs_at_the_new_level_settle_without_being_called_resolved(void)
{
    struct kit_judging it = kit_judging_open(33);
    const struct lw_alert *alert;

    play(&it, 30, 30, 0.885, 0);
    kit_judge(&it);
    kit_judge_show(&it.judged);
    CU_ASSERT_EQUAL_FATAL(kit_alerts(&it.judged, LW_ALERT_LEVEL), 1);
    alert = kit_alert(&it.judged, LW_ALERT_LEVEL);
    CU_ASSERT_EQUAL(alert->state, LW_ALERT_SETTLED);
    CU_ASSERT_EQUAL(alert->resolved_run, LW_NO_RUN);
    CU_ASSERT_EQUAL(it.judged.verdict, LW_VERDICT_OK);
    kit_judging_close(&it);
}

static void after_settling_the_new_level_is_the_reference(void)
{
    struct kit_judging it = kit_judging_open(34);

    play(&it, 30, 30, 0.885, 10);
    kit_judge(&it);
    kit_judge_show(&it.judged);
    CU_ASSERT_EQUAL_FATAL(kit_alerts(&it.judged, LW_ALERT_LEVEL), 2);
    CU_ASSERT_EQUAL(it.judged.alerts[1].impact, LW_IMPACT_BETTER);
    CU_ASSERT(it.judged.alerts[1].change_run >= 59 && it.judged.alerts[1].change_run <= 61);
    kit_judging_close(&it);
}

static void a_month_at_the_new_level_is_one_alert_and_not_one_per_run(void)
{
    struct kit_judging it = kit_judging_open(35);

    play(&it, 30, 200, 0.885, 0);
    kit_judge(&it);
    CU_ASSERT_EQUAL(kit_alerts(&it.judged, LW_ALERT_LEVEL), 1);
    CU_ASSERT(it.judged.events_n <= 6);
    kit_judging_close(&it);
}

static void a_wanted_change_is_acknowledged_and_the_reference(void)
{
    struct kit_judging it = kit_judging_open(36);
    struct lw_str wanted[1] = {LW_STR("run-0030")};
    const struct lw_alert *alert;

    play(&it, 30, 15, 0.885, 0);
    it.rules.rebaseline = wanted;
    it.rules.rebaseline_n = 1;
    kit_judge(&it);
    kit_judge_show(&it.judged);
    CU_ASSERT_EQUAL_FATAL(kit_alerts(&it.judged, LW_ALERT_LEVEL), 1);
    alert = kit_alert(&it.judged, LW_ALERT_LEVEL);
    CU_ASSERT_EQUAL(alert->state, LW_ALERT_ACKNOWLEDGED);
    CU_ASSERT_EQUAL(it.judged.verdict, LW_VERDICT_OK);
    CU_ASSERT_FATAL(it.judged.events_n > 0);
    CU_ASSERT_EQUAL(it.judged.events[0].transition, LW_TRANSITION_ACKNOWLEDGE);
    CU_ASSERT(strlen(alert->reason) > 0);
    kit_judging_close(&it);
}

static void an_open_alert_is_acknowledged_at_the_run_that_is_named(void)
{
    struct kit_judging it = kit_judging_open(37);
    struct lw_str wanted[1] = {LW_STR("run-0040")};
    char id[LW_ALERT_ID_LENGTH + 1];

    play(&it, 30, 15, 0.885, 0);
    kit_judge(&it);
    CU_ASSERT_EQUAL_FATAL(kit_alerts(&it.judged, LW_ALERT_LEVEL), 1);
    memcpy(id, it.judged.alerts[0].id, sizeof(id));
    CU_ASSERT_EQUAL(it.judged.alerts[0].state, LW_ALERT_OPEN);
    it.rules.rebaseline = wanted;
    it.rules.rebaseline_n = 1;
    kit_judge(&it);
    CU_ASSERT_EQUAL_FATAL(kit_alerts(&it.judged, LW_ALERT_LEVEL), 1);
    CU_ASSERT_EQUAL(it.judged.alerts[0].state, LW_ALERT_ACKNOWLEDGED);
    CU_ASSERT_STRING_EQUAL(it.judged.alerts[0].id, id);
    CU_ASSERT_EQUAL(it.judged.events[0].transition, LW_TRANSITION_OPEN);
    CU_ASSERT_EQUAL(it.judged.events[it.judged.events_n - 1].transition, LW_TRANSITION_ACKNOWLEDGE);
    CU_ASSERT_EQUAL(it.judged.events[it.judged.events_n - 1].run, 40);
    kit_judging_close(&it);
}

static void a_second_fall_is_an_alert_of_its_own_and_both_say_their_own_numbers(void)
{
    for (int stated = 0; stated < 2; stated++) {
        struct kit_judging it = kit_judging_open(38);
        struct lw_str baseline[20];
        char names[20][16];
        const struct lw_alert *alert;

        for (int i = 0; i < 20; i++) {
            (void)snprintf(names[i], sizeof(names[i]), "run-%04d", i);
            baseline[i] = lw_str_from(names[i]);
        }
        for (int i = 0; i < 45; i++)
            kit_add(&it, (struct kit_plan){.accuracy = kit_noisy(&it, i < 30 ? 0.912 : i < 38 ? 0.885 : 0.80, 0.003)});
        it.rules.baseline = baseline;
        it.rules.baseline_n = stated ? 20 : 0;
        kit_judge(&it);
        kit_judge_show(&it.judged);
        CU_ASSERT_EQUAL_FATAL(kit_alerts(&it.judged, LW_ALERT_LEVEL), 2);
        alert = &it.judged.alerts[0];
        CU_ASSERT_EQUAL(alert->state, LW_ALERT_OPEN);
        CU_ASSERT(alert->change_run >= 29 && alert->change_run <= 31);
        CU_ASSERT(alert->before > 0.905);
        CU_ASSERT(alert->after > 0.88 && alert->after < 0.89);
        CU_ASSERT_PTR_NOT_NULL(strstr(alert->message, "(8 runs;"));
        alert = &it.judged.alerts[1];
        CU_ASSERT_EQUAL(alert->state, LW_ALERT_OPEN);
        CU_ASSERT_EQUAL(alert->change_run, 38);
        CU_ASSERT(alert->before > 0.88 && alert->before < 0.89);
        CU_ASSERT(alert->after < 0.81);
        CU_ASSERT_PTR_NOT_NULL(strstr(alert->message, "(7 runs;"));
        for (int i = 0; i < 3; i++)
            kit_add(&it, (struct kit_plan){.accuracy = kit_noisy(&it, 0.912, 0.003)});
        kit_judge(&it);
        CU_ASSERT_EQUAL_FATAL(kit_alerts(&it.judged, LW_ALERT_LEVEL), 2);
        CU_ASSERT_EQUAL(it.judged.alerts[0].state, LW_ALERT_RESOLVED);
        CU_ASSERT_EQUAL(it.judged.alerts[1].state, LW_ALERT_RESOLVED);
        kit_judging_close(&it);
    }
}

/* The gap has its alert with the second odd one; that the duration changed is seen in the same runs or soon after, in an
   alert of its own, since that is for the worse and this for better or worse. */
static void nothing_that_moves_is_called_unchanged(void)
{
    for (uint64_t seed = 0; seed < 10; seed++) {
        struct kit_judging it = kit_judging_open(900 + seed);

        for (int i = 0; i < 50; i++)
            kit_add(&it, (struct kit_plan){.accuracy = kit_noisy(&it, 0.912, 0.003),
                                           .seconds = kit_noisy(&it, i < 40 ? 600.0 : 900.0, 60.0),
                                           .gap = kit_noisy(&it, i < 40 ? 3000.0 : 2300.0, 90.0)});
        kit_judge(&it);
        CU_ASSERT(it.judged.events_n > 0);
        for (size_t i = 0; i < it.judged.events_n; i++) {
            const struct lw_alert *alert = &it.judged.events[i].alert;
            const char *list = strrchr(alert->message, ')');

            if (alert->change_run < 38 || !list)
                continue;
            CU_ASSERT_PTR_NULL(strstr(list, "uration"));
            CU_ASSERT_PTR_NULL(strstr(list, "gap"));
        }
        kit_judging_close(&it);
    }
}

static void the_alert_is_as_it_stands_today_its_events_as_they_were_told(void)
{
    struct kit_judging it = kit_judging_open(42);

    play(&it, 30, 12, 0.885, 0);
    kit_judge(&it);
    CU_ASSERT_EQUAL_FATAL(kit_alerts(&it.judged, LW_ALERT_LEVEL), 1);
    CU_ASSERT_PTR_NOT_NULL(strstr(it.judged.alerts[0].message, "(12 runs;"));
    CU_ASSERT_PTR_NULL(strstr(it.judged.events[0].alert.message, "(12 runs;"));
    CU_ASSERT_EQUAL(it.judged.alerts[0].revision, it.judged.events[it.judged.events_n - 1].alert.revision);
    kit_judging_close(&it);
}

/* A small shift first: were it taken for a resemblance of neighbouring runs, the sums would be scaled down for ever. */
static void a_shift_does_not_make_the_chart_blind_for_the_next(void)
{
    int late = 0;

    for (uint64_t seed = 1; seed <= 12; seed++) {
        struct kit_judging it = kit_judging_open(700 + seed);
        uint32_t found = LW_NO_RUN;

        for (int i = 0; i < 60; i++)
            kit_add(&it, (struct kit_plan){.accuracy = kit_noisy(&it, 0.912, 0.003),
                                           .seconds = kit_noisy(&it,
                                                                i < 25   ? 600.0
                                                                : i < 50 ? 690.0
                                                                         : 1380.0,
                                                                70.0)});
        kit_judge(&it);
        for (uint32_t run = 50; run < 60 && found == LW_NO_RUN; run++) {
            const struct lw_finding *finding = kit_finding(&it.judged, run, LW_DETECT_CUSUM, "duration");

            if (finding && finding->verdict == LW_VERDICT_DRIFT)
                found = run;
        }
        CU_ASSERT(found <= 55);
        late += found > 51;
        kit_judging_close(&it);
    }
    printf("# %d of 12 later than with the second run\n", late);
    CU_ASSERT(late <= 1);
}

static void events_tell_the_life_in_order_with_rising_revisions(void)
{
    struct kit_judging it = kit_judging_open(31);
    uint32_t revision = 0;

    play(&it, 30, 8, 0.885, 10);
    kit_judge(&it);
    CU_ASSERT_FATAL(it.judged.events_n >= 2);
    for (size_t i = 0; i < it.judged.events_n; i++) {
        CU_ASSERT_EQUAL(it.judged.events[i].alert.revision, revision + 1);
        revision = it.judged.events[i].alert.revision;
    }
    CU_ASSERT_EQUAL(it.judged.events[0].transition, LW_TRANSITION_OPEN);
    CU_ASSERT_EQUAL(it.judged.events[0].alert.state, LW_ALERT_OPEN);
    CU_ASSERT_EQUAL(it.judged.events[0].alert.resolved_run, LW_NO_RUN);
    CU_ASSERT_EQUAL(it.judged.events[it.judged.events_n - 1].transition, LW_TRANSITION_RESOLVE);
    CU_ASSERT_EQUAL(it.judged.alerts[0].revision, revision);
    kit_judging_close(&it);
}

/* SHA-256 of the eight parts, each after its length in 8 bytes, little-endian, in base 32; by Python:
   base64.b32encode(hashlib.sha256(b''.join(struct.pack('<Q', len(p)) + p for p in [b'leeway.alert/1',
   b'acct/eu-west-1', b'churn-xgb', b'run', b'worse', b'', b'run-0005', b'0'])).digest()).decode().lower()[:26] */
static void an_id_is_its_evidence_and_nothing_else(void)
{
    struct kit_judging it = kit_judging_open(39);
    char id[LW_ALERT_ID_LENGTH + 1];

    for (int i = 0; i < 8; i++)
        kit_add(&it, (struct kit_plan){.accuracy = kit_noisy(&it, 0.912, 0.003),
                                       .outcome = i == 5 ? LW_OUTCOME_FAILED : LW_OUTCOME_COMPLETED,
                                       .failure = "AlgorithmError"});
    kit_judge(&it);
    CU_ASSERT_EQUAL_FATAL(kit_alerts(&it.judged, LW_ALERT_RUN), 1);
    CU_ASSERT_STRING_EQUAL(kit_alert(&it.judged, LW_ALERT_RUN)->id, "drnad5tokdwqea64f7umugk6de");
    memcpy(id, kit_alert(&it.judged, LW_ALERT_RUN)->id, sizeof(id));
    it.rules.ignore_below.rate = 0.2;
    it.rules.false_alarm_runs = 100.0;
    it.rules.reference_runs = 10;
    kit_judge(&it);
    CU_ASSERT_STRING_EQUAL(kit_alert(&it.judged, LW_ALERT_RUN)->id, id);
    kit_judging_close(&it);
}

static void a_metric_that_stops_leaves_its_alert_stale(void)
{
    struct kit_judging it = kit_judging_open(40);

    for (int i = 0; i < 60; i++)
        kit_add(&it, (struct kit_plan){.accuracy = kit_noisy(&it, i < 30 ? 0.912 : 0.885, 0.003),
                                       .loss = kit_noisy(&it, 0.31, 0.004),
                                       .no_accuracy = i >= 36});
    kit_judge(&it);
    kit_judge_show(&it.judged);
    CU_ASSERT_EQUAL_FATAL(kit_alerts(&it.judged, LW_ALERT_LEVEL), 1);
    CU_ASSERT_EQUAL(kit_alert(&it.judged, LW_ALERT_LEVEL)->state, LW_ALERT_STALE);
    CU_ASSERT_EQUAL(it.judged.runs[36].verdict, LW_VERDICT_WARNING);
    kit_judging_close(&it);
}

static void an_alert_that_was_open_when_the_data_stopped_still_counts(void)
{
    struct kit_judging it = kit_judging_open(42);

    for (int i = 0; i < 38; i++)
        kit_add(&it, (struct kit_plan){.accuracy = kit_noisy(&it, i < 30 ? 0.912 : 0.885, 0.003),
                                       .gap = kit_noisy(&it, 3348.0, 20.0)});
    it.rules.has_now = true;
    it.rules.now = (lw_time){it.end + 30 * LW_DAY};
    kit_judge(&it);
    kit_judge_show(&it.judged);
    CU_ASSERT_EQUAL_FATAL(kit_alerts(&it.judged, LW_ALERT_LEVEL), 1);
    CU_ASSERT_EQUAL_FATAL(kit_alerts(&it.judged, LW_ALERT_OVERDUE), 1);
    CU_ASSERT_EQUAL(kit_alert(&it.judged, LW_ALERT_LEVEL)->state, LW_ALERT_STALE);
    CU_ASSERT_EQUAL(kit_alert(&it.judged, LW_ALERT_OVERDUE)->state, LW_ALERT_STALE);
    CU_ASSERT_EQUAL(it.judged.verdict, LW_VERDICT_DRIFT);
    kit_judging_close(&it);
}

static void a_model_that_only_fell_silent_is_overdue_and_not_ok(void)
{
    struct kit_judging it = kit_judging_open(43);

    for (int i = 0; i < 20; i++)
        kit_add(&it, (struct kit_plan){.accuracy = kit_noisy(&it, 0.912, 0.003), .gap = kit_noisy(&it, 3348.0, 20.0)});
    it.rules.has_now = true;
    it.rules.now = (lw_time){it.end + 30 * LW_DAY};
    kit_judge(&it);
    CU_ASSERT_EQUAL(it.judged.verdict, LW_VERDICT_DRIFT);
    kit_judging_close(&it);
}

/* By hand: what a run showed is known at its end, what the clock showed at the deadline. */
static void each_step_has_the_time_of_its_own_evidence(void)
{
    struct kit_judging it = kit_judging_open(31);
    const struct lw_alert_event *events;
    size_t n;

    play(&it, 30, 8, 0.885, 10);
    it.rules.has_now = true;
    it.rules.now = (lw_time){it.end + 30 * LW_DAY};
    kit_judge(&it);
    events = it.judged.events;
    n = it.judged.events_n;
    CU_ASSERT_FATAL(n >= 4);
    for (size_t i = 0; i < n; i++) {
        CU_ASSERT(events[i].alert.has_evidence);
        if (events[i].run != LW_NO_RUN)
            CU_ASSERT_EQUAL(events[i].alert.evidence.ms, it.history.runs[events[i].run]->end.ms);
    }
    CU_ASSERT_EQUAL(kit_alert(&it.judged, LW_ALERT_LEVEL)->evidence.ms, it.history.runs[40]->end.ms);
    CU_ASSERT_EQUAL(events[n - 2].transition, LW_TRANSITION_OPEN);
    CU_ASSERT_EQUAL(events[n - 1].transition, LW_TRANSITION_STALE);
    CU_ASSERT(events[n - 2].alert.evidence.ms > it.end && events[n - 2].alert.evidence.ms < it.end + 2 * LW_HOUR);
    CU_ASSERT(llabs(events[n - 1].alert.evidence.ms - (it.end + 10 * 3348000LL)) < 60000);
    kit_judging_close(&it);
}

static void a_baseline_of_too_few_runs_asks_for_more_names_and_not_for_more_runs(void)
{
    struct kit_judging it = kit_judging_open(44);
    struct lw_str baseline[3] = {LW_STR("run-0002"), LW_STR("run-0003"), LW_STR("not-there")};
    const struct lw_finding *finding;

    for (int i = 0; i < 12; i++)
        kit_add(&it, (struct kit_plan){.accuracy = kit_noisy(&it, 0.912, 0.003)});
    it.rules.baseline = baseline;
    it.rules.baseline_n = 3;
    kit_judge(&it);
    finding = kit_finding(&it.judged, 10, LW_DETECT_CUSUM, "validation:accuracy");
    CU_ASSERT_PTR_NOT_NULL_FATAL(finding);
    CU_ASSERT_EQUAL(finding->verdict, LW_VERDICT_INSUFFICIENT);
    CU_ASSERT_EQUAL(finding->runs_needed, 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(finding->message, "1 more baseline run must be named"));
    kit_judging_close(&it);
}

static void sentences_are_short_whatever_the_names(void)
{
    struct kit_judging it = kit_judging_open(41);
    char name[400];

    memset(name, 'x', sizeof(name) - 1);
    name[sizeof(name) - 1] = '\0';
    name[2] = '\n';
    for (int i = 0; i < 20; i++)
        kit_add(&it, (struct kit_plan){.accuracy = kit_noisy(&it, 0.912, 0.003),
                                       .outcome = i == 15 ? LW_OUTCOME_FAILED : LW_OUTCOME_COMPLETED,
                                       .failure = name});
    kit_judge(&it);
    kit_judge_show(&it.judged);
    CU_ASSERT_EQUAL_FATAL(it.judged.alerts_n, 1);
    CU_ASSERT(strlen(it.judged.alerts[0].message) > 50);
    CU_ASSERT(strlen(it.judged.events[0].alert.message) <= 250);
    CU_ASSERT_PTR_NULL(strchr(it.judged.events[0].alert.message, '\n'));
    kit_judging_close(&it);
}

static void a_run_that_was_stopped_or_is_not_over_makes_no_model_ok(void)
{
    static const enum lw_outcome ends[] = {LW_OUTCOME_STOPPED, LW_OUTCOME_IN_PROGRESS};

    for (size_t end = 0; end < 2; end++) {
        struct kit_judging it = kit_judging_open(51);

        kit_add(&it, (struct kit_plan){.outcome = ends[end]});
        kit_judge(&it);
        CU_ASSERT_EQUAL(it.judged.verdict, LW_VERDICT_INSUFFICIENT);
        kit_add(&it, (struct kit_plan){.accuracy = 0.912});
        kit_add(&it, (struct kit_plan){.outcome = ends[end]});
        kit_judge(&it);
        CU_ASSERT_EQUAL(it.judged.runs[1].verdict, LW_VERDICT_INSUFFICIENT);
        CU_ASSERT_EQUAL(it.judged.verdict, LW_VERDICT_INSUFFICIENT);
        kit_judging_close(&it);
    }
}

static void the_warning_of_the_last_judged_run_stays_while_the_next_one_is_not_over(void)
{
    struct kit_judging it = kit_judging_open(52);

    play(&it, 12, 0, 0, 0);
    kit_add(&it, (struct kit_plan){.no_loss = true, .accuracy = 0.912});
    kit_judge(&it);
    CU_ASSERT_EQUAL(it.judged.verdict, LW_VERDICT_WARNING);
    kit_add(&it, (struct kit_plan){.outcome = LW_OUTCOME_IN_PROGRESS});
    kit_judge(&it);
    CU_ASSERT_EQUAL(it.judged.verdict, LW_VERDICT_WARNING);
    kit_judging_close(&it);
}

KIT_SUITE("judge_life",
          {"a run that was stopped or is not over makes no model ok",
           a_run_that_was_stopped_or_is_not_over_makes_no_model_ok},
          {"the warning of the last judged run stays while the next one is not over",
           the_warning_of_the_last_judged_run_stays_while_the_next_one_is_not_over},
          {"three runs back at the old level resolve", three_runs_back_at_the_old_level_resolve},
          {"two runs back do not", two_runs_back_do_not},
          {"twenty runs at the new level settle without being called resolved",
           twenty_runs_at_the_new_level_settle_without_being_called_resolved},
          {"after settling the new level is the reference", after_settling_the_new_level_is_the_reference},
          {"a month at the new level is one alert and not one per run",
           a_month_at_the_new_level_is_one_alert_and_not_one_per_run},
          {"a wanted change is acknowledged and the reference", a_wanted_change_is_acknowledged_and_the_reference},
          {"an open alert is acknowledged at the run that is named",
           an_open_alert_is_acknowledged_at_the_run_that_is_named},
          {"a second fall is an alert of its own and both say their own numbers",
           a_second_fall_is_an_alert_of_its_own_and_both_say_their_own_numbers},
          {"the alert is as it stands today, its events as they were told",
           the_alert_is_as_it_stands_today_its_events_as_they_were_told},
          {"a shift does not make the chart blind for the next", a_shift_does_not_make_the_chart_blind_for_the_next},
          {"events tell the life in order with rising revisions", events_tell_the_life_in_order_with_rising_revisions},
          {"an id is its evidence and nothing else", an_id_is_its_evidence_and_nothing_else},
          {"a metric that stops leaves its alert stale", a_metric_that_stops_leaves_its_alert_stale},
          {"an alert that was open when the data stopped still counts",
           an_alert_that_was_open_when_the_data_stopped_still_counts},
          {"a model that only fell silent is overdue and not ok", a_model_that_only_fell_silent_is_overdue_and_not_ok},
          {"each step has the time of its own evidence", each_step_has_the_time_of_its_own_evidence},
          {"nothing that moves is called unchanged", nothing_that_moves_is_called_unchanged},
          {"a baseline of too few runs asks for more names and not for more runs",
           a_baseline_of_too_few_runs_asks_for_more_names_and_not_for_more_runs},
          {"sentences are short whatever the names", sentences_are_short_whatever_the_names})
