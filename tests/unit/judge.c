#include "tests/kit/judging.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static void a_fall_of_accuracy_is_one_alert_that_is_dated_and_says_so(void)
{
    struct kit_judging it = kit_judging_open(11);
    const struct lw_alert *alert;

    for (int i = 0; i < 40; i++)
        kit_add(&it, (struct kit_plan){.accuracy = kit_noisy(&it, i < 30 ? 0.912 : 0.893, 0.003),
                                       .loss = kit_noisy(&it, 0.31, 0.004),
                                       .seconds = kit_noisy(&it, 252.0, 8.0),
                                       .gap = kit_noisy(&it, 3348.0, 20.0)});
    kit_judge(&it);
    kit_judge_show(&it.judged);
    CU_ASSERT_EQUAL_FATAL(it.judged.alerts_n, 1);
    alert = &it.judged.alerts[0];
    CU_ASSERT_EQUAL(alert->state, LW_ALERT_OPEN);
    CU_ASSERT_EQUAL(alert->kind, LW_ALERT_LEVEL);
    CU_ASSERT_EQUAL(alert->impact, LW_IMPACT_WORSE);
    CU_ASSERT_EQUAL(alert->severity, LW_SEVERITY_TICKET);
    CU_ASSERT_EQUAL(alert->direction, LW_DIRECTION_DOWN);
    CU_ASSERT(alert->change_run >= 28 && alert->change_run <= 32);
    CU_ASSERT(alert->opened_run >= 30 && alert->opened_run <= 34);
    CU_ASSERT(fabs(alert->before - 0.912) < 0.002);
    CU_ASSERT(fabs(alert->after - 0.893) < 0.003);
    CU_ASSERT(kit_in_series(alert, "validation:accuracy"));
    CU_ASSERT(alert->detectors & 1u << LW_DETECT_CUSUM);
    CU_ASSERT(alert->detectors & 1u << LW_DETECT_KS);
    CU_ASSERT_PTR_NOT_NULL(strstr(alert->message, "churn-xgb: validation:accuracy fell "));
    CU_ASSERT_PTR_NOT_NULL(strstr(alert->message, "points, 0.912 -> 0.89"));
    CU_ASSERT_PTR_NOT_NULL(strstr(alert->message, "since run 5 Mar "));
    CU_ASSERT_PTR_NOT_NULL(strstr(alert->message, "usual spread 0.3"));
    CU_ASSERT_PTR_NOT_NULL(strstr(alert->message, "Duration, gap unchanged."));
    CU_ASSERT_EQUAL(it.judged.verdict, LW_VERDICT_DRIFT);
    CU_ASSERT(lw_str_equal(it.judged.primary, LW_STR("validation:accuracy")));
    CU_ASSERT_EQUAL(it.judged.runs[10].verdict, LW_VERDICT_OK);
    kit_judging_close(&it);
}

static void an_improvement_is_information_and_never_a_page(void)
{
    struct kit_judging it = kit_judging_open(12);

    for (int i = 0; i < 36; i++)
        kit_add(&it, (struct kit_plan){.accuracy = kit_noisy(&it, i < 30 ? 0.85 : 0.95, 0.003)});
    kit_judge(&it);
    CU_ASSERT_EQUAL_FATAL(kit_alerts(&it.judged, LW_ALERT_LEVEL), 1);
    CU_ASSERT_EQUAL(kit_alert(&it.judged, LW_ALERT_LEVEL)->impact, LW_IMPACT_BETTER);
    CU_ASSERT_EQUAL(kit_alert(&it.judged, LW_ALERT_LEVEL)->severity, LW_SEVERITY_INFO);
    kit_judging_close(&it);
}

static void what_changes_together_for_the_worse_is_one_alert(void)
{
    struct kit_judging it = kit_judging_open(13);
    const struct lw_alert *alert;

    for (int i = 0; i < 45; i++)
        kit_add(&it, (struct kit_plan){.accuracy = kit_noisy(&it, i < 30 ? 0.912 : 0.88, 0.003),
                                       .loss = kit_noisy(&it, i < 30 ? 0.31 : 0.36, 0.004),
                                       .seconds = kit_noisy(&it, i < 30 ? 252.0 : 510.0, 8.0)});
    kit_judge(&it);
    kit_judge_show(&it.judged);
    CU_ASSERT_EQUAL_FATAL(kit_alerts(&it.judged, LW_ALERT_LEVEL), 1);
    alert = kit_alert(&it.judged, LW_ALERT_LEVEL);
    CU_ASSERT(kit_in_series(alert, "validation:accuracy"));
    CU_ASSERT(kit_in_series(alert, "train:loss"));
    CU_ASSERT(kit_in_series(alert, "duration"));
    CU_ASSERT(alert->change_run >= 29 && alert->change_run <= 31);
    kit_judging_close(&it);
}

static void the_user_says_which_way_is_better(void)
{
    struct kit_judging it = kit_judging_open(14);
    struct lw_str lower[1] = {LW_STR("validation:accuracy")};

    for (int i = 0; i < 36; i++)
        kit_add(&it, (struct kit_plan){.accuracy = kit_noisy(&it, i < 30 ? 0.85 : 0.95, 0.003)});
    it.rules.lower = lower;
    it.rules.lower_n = 1;
    kit_judge(&it);
    CU_ASSERT_EQUAL_FATAL(kit_alerts(&it.judged, LW_ALERT_LEVEL), 1);
    CU_ASSERT_EQUAL(kit_alert(&it.judged, LW_ALERT_LEVEL)->impact, LW_IMPACT_WORSE);
    kit_judging_close(&it);
}

static void a_change_below_what_may_be_ignored_is_no_alert(void)
{
    struct kit_judging it = kit_judging_open(15);
    bool small = false;

    for (int i = 0; i < 60; i++)
        kit_add(&it, (struct kit_plan){.accuracy = kit_noisy(&it, i < 30 ? 0.912 : 0.909, 0.0004)});
    kit_judge(&it);
    CU_ASSERT_EQUAL(kit_alerts(&it.judged, LW_ALERT_LEVEL), 0);
    for (uint32_t run = 30; run < 60; run++) {
        const struct lw_finding *finding = kit_finding(&it.judged, run, LW_DETECT_CUSUM, "validation:accuracy");

        CU_ASSERT_PTR_NOT_NULL_FATAL(finding);
        small = small || (finding->statistic > finding->threshold && finding->verdict == LW_VERDICT_OK);
    }
    CU_ASSERT(small);
    it.rules.ignore_below.rate = 0.001;
    kit_judge(&it);
    CU_ASSERT_EQUAL(kit_alerts(&it.judged, LW_ALERT_LEVEL), 1);
    kit_judging_close(&it);
}

/* Reruns that repeat to the bit: the first other value is a warning, the third that differs the same way is drift. */
static void identical_values_have_a_rule_of_their_own(void)
{
    struct kit_judging it = kit_judging_open(16);
    const struct lw_finding *first;
    const struct lw_finding *third;
    static const double finals[] = {0.91, 0.91, 0.91, 0.91, 0.93, 0.92, 0.93, 0.93};

    for (int i = 0; i < 8; i++)
        kit_add(&it, (struct kit_plan){.accuracy = finals[i]});
    kit_judge(&it);
    first = kit_finding(&it.judged, 4, LW_DETECT_CUSUM, "validation:accuracy");
    third = kit_finding(&it.judged, 6, LW_DETECT_CUSUM, "validation:accuracy");
    CU_ASSERT_PTR_NOT_NULL_FATAL(first);
    CU_ASSERT_PTR_NOT_NULL_FATAL(third);
    CU_ASSERT_EQUAL(first->verdict, LW_VERDICT_WARNING);
    CU_ASSERT_EQUAL(kit_finding(&it.judged, 5, LW_DETECT_CUSUM, "validation:accuracy")->verdict, LW_VERDICT_WARNING);
    CU_ASSERT_EQUAL(third->verdict, LW_VERDICT_DRIFT);
    CU_ASSERT_EQUAL(third->change_run, 4);
    CU_ASSERT_EQUAL_FATAL(kit_alerts(&it.judged, LW_ALERT_LEVEL), 1);
    CU_ASSERT_EQUAL(kit_alert(&it.judged, LW_ALERT_LEVEL)->opened_run, 6);
    CU_ASSERT_EQUAL(kit_alert(&it.judged, LW_ALERT_LEVEL)->impact, LW_IMPACT_BETTER);
    kit_judging_close(&it);
}

static void one_odd_value_among_identical_ones_is_forgiven(void)
{
    struct kit_judging it = kit_judging_open(17);

    for (int i = 0; i < 12; i++)
        kit_add(&it, (struct kit_plan){.accuracy = i == 5 ? 0.93 : 0.91});
    kit_judge(&it);
    CU_ASSERT_EQUAL(kit_alerts(&it.judged, LW_ALERT_LEVEL), 0);
    CU_ASSERT_EQUAL(it.judged.runs[5].verdict, LW_VERDICT_WARNING);
    kit_judging_close(&it);
}

static void too_little_history_says_how_much_is_needed(void)
{
    struct kit_judging it = kit_judging_open(18);
    const struct lw_finding *finding;

    for (int i = 0; i < 3; i++)
        kit_add(&it, (struct kit_plan){.accuracy = kit_noisy(&it, 0.912, 0.003)});
    kit_judge(&it);
    finding = kit_finding(&it.judged, 0, LW_DETECT_CUSUM, "validation:accuracy");
    CU_ASSERT_PTR_NOT_NULL_FATAL(finding);
    CU_ASSERT_EQUAL(finding->verdict, LW_VERDICT_INSUFFICIENT);
    CU_ASSERT_EQUAL(finding->runs_needed, 2);
    CU_ASSERT_EQUAL(it.judged.runs[0].verdict, LW_VERDICT_INSUFFICIENT);
    finding = kit_finding(&it.judged, 2, LW_DETECT_CUSUM, "validation:accuracy");
    CU_ASSERT_PTR_NOT_NULL_FATAL(finding);
    CU_ASSERT_EQUAL(finding->verdict, LW_VERDICT_OK);
    finding = kit_finding(&it.judged, 2, LW_DETECT_KS, "validation:accuracy");
    CU_ASSERT_PTR_NOT_NULL_FATAL(finding);
    CU_ASSERT_EQUAL(finding->verdict, LW_VERDICT_INSUFFICIENT);
    CU_ASSERT_EQUAL(finding->runs_needed, 9);
    finding = kit_finding(&it.judged, 2, LW_DETECT_KS, "curve:validation:accuracy");
    CU_ASSERT_PTR_NOT_NULL_FATAL(finding);
    CU_ASSERT_EQUAL(finding->verdict, LW_VERDICT_INSUFFICIENT);
    CU_ASSERT_EQUAL(finding->runs_needed, 17);
    KIT_CLOSE(finding->attainable_p, 1.0 / 3.0, 1e-15);
    kit_judging_close(&it);
}

/* Complete separation of 5 and 7 values without ties: 2 of the C(12, 5) = 792 ways to deal them out. */
static void the_look_at_the_level_has_the_exact_p(void)
{
    struct kit_judging it = kit_judging_open(19);
    static const double finals[] = {0.921, 0.922, 0.923, 0.924, 0.925, 0.926, 0.927, 0.901, 0.902, 0.903, 0.904, 0.905};
    const struct lw_finding *finding;

    for (int i = 0; i < 12; i++)
        kit_add(&it, (struct kit_plan){.accuracy = finals[i]});
    it.rules.ignore_below.rate = 0.5; /* no alarm: the regime stays one */
    kit_judge(&it);
    finding = kit_finding(&it.judged, 11, LW_DETECT_KS, "validation:accuracy");
    CU_ASSERT_PTR_NOT_NULL_FATAL(finding);
    CU_ASSERT_EQUAL(finding->p_method, LW_P_EXACT);
    KIT_CLOSE(finding->statistic, 1.0, 1e-15);
    KIT_CLOSE(finding->p_value, 2.0 / 792.0, 1e-12);
    KIT_CLOSE(finding->attainable_p, 2.0 / 792.0, 1e-12);
    kit_judging_close(&it);
}

static void a_curve_that_changes_its_shape_is_found_though_its_end_does_not(void)
{
    struct kit_judging it = kit_judging_open(20);
    const struct lw_alert *alert;

    for (int i = 0; i < 50; i++)
        kit_add(&it, (struct kit_plan){.accuracy = kit_noisy(&it, 0.912, 0.003),
                                       .loss = kit_noisy(&it, 0.31, 0.004),
                                       .slow = i >= 30});
    kit_judge(&it);
    kit_judge_show(&it.judged);
    CU_ASSERT_EQUAL_FATAL(kit_alerts(&it.judged, LW_ALERT_LEVEL), 1);
    alert = kit_alert(&it.judged, LW_ALERT_LEVEL);
    CU_ASSERT(kit_in_series(alert, "curve:validation:accuracy"));
    CU_ASSERT(!kit_in_series(alert, "validation:accuracy"));
    CU_ASSERT(alert->change_run >= 28 && alert->change_run <= 32);
    CU_ASSERT_EQUAL(alert->impact, LW_IMPACT_WORSE);
    kit_judging_close(&it);
}

static void another_kind_of_machine_starts_the_durations_anew(void)
{
    struct kit_judging it = kit_judging_open(21);

    for (int i = 0; i < 40; i++)
        kit_add(&it, (struct kit_plan){.seconds = kit_noisy(&it, i < 20 ? 252.0 : 120.0, 4.0),
                                       .instance = i < 20 ? "ml.p2.xlarge" : "ml.p3.2xlarge"});
    kit_judge(&it);
    CU_ASSERT_EQUAL(kit_alerts(&it.judged, LW_ALERT_LEVEL), 0);
    kit_judging_close(&it);
}

/* The price per second of training doubles while the duration stays: only the cost shows it. */
static void a_cost_that_leaves_the_duration_is_charted(void)
{
    struct kit_judging it = kit_judging_open(22);
    struct lw_price prices[1] = {{LW_STR("ml.p2.xlarge"), 0.9}};
    const struct lw_alert *alert;

    for (int i = 0; i < 40; i++) {
        double seconds = kit_noisy(&it, 252.0, 4.0);

        kit_add(&it, (struct kit_plan){
                         .seconds = seconds, .billable = i < 30 ? seconds : 2.0 * seconds, .instance = "ml.p2.xlarge"});
    }
    it.rules.prices = prices;
    it.rules.prices_n = 1;
    kit_judge(&it);
    kit_judge_show(&it.judged);
    alert = kit_alert(&it.judged, LW_ALERT_LEVEL);
    CU_ASSERT_PTR_NOT_NULL_FATAL(alert);
    CU_ASSERT(kit_in_series(alert, "cost"));
    CU_ASSERT_EQUAL(alert->change_run, 30);
    CU_ASSERT_EQUAL(alert->impact, LW_IMPACT_WORSE);
    KIT_CLOSE(it.judged.runs[0].cost, (double)(it.history.runs[0]->billable_seconds) * 0.9 / 3600.0, 1e-12);
    kit_judging_close(&it);
}

static void only_the_stated_baseline_is_the_reference(void)
{
    struct kit_judging it = kit_judging_open(23);
    struct lw_str baseline[6] = {LW_STR("run-0000"), LW_STR("run-0001"), LW_STR("run-0002"),
                                 LW_STR("run-0003"), LW_STR("run-0004"), LW_STR("run-0005")};

    /* A slow slide: run by run it is absorbed by a reference that learns; against the first six it is plain. */
    for (int i = 0; i < 40; i++)
        kit_add(&it, (struct kit_plan){.accuracy = kit_noisy(&it, i < 6 ? 0.912 : 0.904, 0.0015)});
    it.rules.baseline = baseline;
    it.rules.baseline_n = 6;
    kit_judge(&it);
    kit_judge_show(&it.judged);
    CU_ASSERT_EQUAL_FATAL(kit_alerts(&it.judged, LW_ALERT_LEVEL), 1);
    CU_ASSERT_EQUAL(kit_alert(&it.judged, LW_ALERT_LEVEL)->state, LW_ALERT_OPEN);
    CU_ASSERT(fabs(kit_alert(&it.judged, LW_ALERT_LEVEL)->before - 0.912) < 0.002);
    kit_judging_close(&it);
}

static void quiet_histories_keep_the_budget(void)
{
    size_t alerts = 0;
    size_t runs = 0;

    for (uint64_t seed = 1; seed <= 30; seed++) {
        struct kit_judging it = kit_judging_open(1000 + seed);

        it.rules.ignore_below = (struct lw_ignore_below){0.0, 0.0, 0.0};
        for (int i = 0; i < 200; i++)
            kit_add(&it, (struct kit_plan){.accuracy = kit_noisy(&it, 0.912, 0.003),
                                           .loss = exp(kit_noisy(&it, log(0.31), 0.02)),
                                           .seconds = exp(kit_noisy(&it, log(252.0), 0.05)),
                                           .gap = exp(kit_noisy(&it, log(3348.0), 0.05))});
        kit_judge(&it);
        alerts += it.judged.alerts_n;
        runs += it.judged.runs_n;
        kit_judging_close(&it);
    }
    printf("# %zu alerts in %zu quiet runs; the budget is %.1f\n", alerts, runs, (double)runs / 370.0);
    /* 16.2 expected at most; 30 would be exceeded by chance once in 1500 times. */
    CU_ASSERT(alerts <= 30);
}

static void the_same_history_gives_the_same_judgement_to_the_bit(void)
{
    struct kit_judging it = kit_judging_open(25);
    struct kit_judging again;

    for (int i = 0; i < 60; i++)
        kit_add(&it, (struct kit_plan){.accuracy = kit_noisy(&it, i < 30 ? 0.912 : 0.89, 0.003)});
    kit_judge(&it);
    again = it;
    again.judge = NULL;
    again.arena = (struct lw_arena){0};
    kit_judge(&again);
    CU_ASSERT(kit_same_judgement(&it.judged, &again.judged));
    lw_judge_close(again.judge);
    lw_arena_close(&again.arena);
    kit_judging_close(&it);
}

static void no_runs_are_no_error(void)
{
    struct kit_judging it = kit_judging_open(26);

    kit_judge(&it);
    CU_ASSERT_EQUAL(it.judged.runs_n, 0);
    CU_ASSERT_EQUAL(it.judged.verdict, LW_VERDICT_INSUFFICIENT);
    kit_judging_close(&it);
}

KIT_SUITE("judge",
          {"a fall of accuracy is one alert that is dated and says so",
           a_fall_of_accuracy_is_one_alert_that_is_dated_and_says_so},
          {"an improvement is information and never a page", an_improvement_is_information_and_never_a_page},
          {"what changes together for the worse is one alert", what_changes_together_for_the_worse_is_one_alert},
          {"the user says which way is better", the_user_says_which_way_is_better},
          {"a change below what may be ignored is no alert", a_change_below_what_may_be_ignored_is_no_alert},
          {"identical values have a rule of their own", identical_values_have_a_rule_of_their_own},
          {"one odd value among identical ones is forgiven", one_odd_value_among_identical_ones_is_forgiven},
          {"too little history says how much is needed", too_little_history_says_how_much_is_needed},
          {"the look at the level has the exact p", the_look_at_the_level_has_the_exact_p},
          {"a curve that changes its shape is found though its end does not",
           a_curve_that_changes_its_shape_is_found_though_its_end_does_not},
          {"another kind of machine starts the durations anew", another_kind_of_machine_starts_the_durations_anew},
          {"a cost that leaves the duration is charted", a_cost_that_leaves_the_duration_is_charted},
          {"only the stated baseline is the reference", only_the_stated_baseline_is_the_reference},
          {"quiet histories keep the budget", quiet_histories_keep_the_budget},
          {"the same history gives the same judgement to the bit",
           the_same_history_gives_the_same_judgement_to_the_bit},
          {"no runs are no error", no_runs_are_no_error})
