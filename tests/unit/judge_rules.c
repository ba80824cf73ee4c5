#include "tests/kit/judging.h"

#include <stdio.h>
#include <string.h>

static void a_broken_rule_pages_once_and_ends_when_it_holds_again(void)
{
    struct kit_judging it = kit_judging_open(71);
    struct lw_requirement rule = {.text = LW_STR("validation:accuracy >= 0.8"),
                                  .series = LW_STR("validation:accuracy"),
                                  .compare = LW_COMPARE_GE,
                                  .bound = 0.8};
    const struct lw_alert *alert;

    for (int i = 0; i < 12; i++)
        kit_add(&it, (struct kit_plan){.accuracy = i >= 5 && i < 9 ? 0.781 : i == 4 ? 0.8 : 0.83});
    it.rules.requirements = &rule;
    it.rules.requirements_n = 1;
    kit_judge(&it);
    kit_judge_show(&it.judged);
    CU_ASSERT_EQUAL_FATAL(kit_alerts(&it.judged, LW_ALERT_THRESHOLD), 1);
    alert = kit_alert(&it.judged, LW_ALERT_THRESHOLD);
    CU_ASSERT_EQUAL(alert->state, LW_ALERT_RESOLVED);
    CU_ASSERT_EQUAL(alert->severity, LW_SEVERITY_PAGE);
    CU_ASSERT_EQUAL(alert->opened_run, 5);
    CU_ASSERT_EQUAL(alert->resolved_run, 9);
    CU_ASSERT(lw_str_equal(alert->rule, rule.text));
    CU_ASSERT_EQUAL(alert->before, 0.8);
    CU_ASSERT_EQUAL(kit_finding(&it.judged, 4, LW_DETECT_THRESHOLD, "validation:accuracy")->verdict, LW_VERDICT_OK);
    CU_ASSERT_EQUAL(kit_finding(&it.judged, 5, LW_DETECT_THRESHOLD, "validation:accuracy")->verdict, LW_VERDICT_DRIFT);
    kit_judging_close(&it);
}

static void rules_speak_of_duration_gap_and_cost_too(void)
{
    struct kit_judging it = kit_judging_open(72);
    struct lw_requirement rules[3] = {
        {.text = LW_STR("duration < 300"), .series = LW_STR("duration"), .compare = LW_COMPARE_LT, .bound = 300.0},
        {.text = LW_STR("gap <= 4000"), .series = LW_STR("gap"), .compare = LW_COMPARE_LE, .bound = 4000.0},
        {.text = LW_STR("cost < 0.1"), .series = LW_STR("cost"), .compare = LW_COMPARE_LT, .bound = 0.1}};
    struct lw_price price = {LW_STR("ml.m5.large"), 1.0};

    kit_add(&it, (struct kit_plan){.instance = "ml.m5.large", .billable = 252.0});
    kit_add(&it, (struct kit_plan){.instance = "ml.m5.large", .billable = 400.0, .seconds = 400.0, .gap = 5000.0});
    it.rules.requirements = rules;
    it.rules.requirements_n = 3;
    it.rules.prices = &price;
    it.rules.prices_n = 1;
    kit_judge(&it);
    CU_ASSERT_EQUAL(kit_alerts(&it.judged, LW_ALERT_THRESHOLD), 3);
    kit_judging_close(&it);
}

static void a_broken_rule_is_told_in_the_units_of_the_user(void)
{
    struct kit_judging it = kit_judging_open(84);
    struct lw_requirement rules[2] = {
        {.text = LW_STR("duration < 900"), .series = LW_STR("duration"), .compare = LW_COMPARE_LT, .bound = 900.0},
        {.text = LW_STR("validation:accuracy >= 0.96"),
         .series = LW_STR("validation:accuracy"),
         .compare = LW_COMPARE_GE,
         .bound = 0.96}};

    kit_add(&it, (struct kit_plan){.seconds = 721.0, .accuracy = 0.97});
    kit_add(&it, (struct kit_plan){.seconds = 1020.0, .accuracy = 0.953324});
    it.rules.requirements = rules;
    it.rules.requirements_n = 2;
    kit_judge(&it);
    kit_judge_show(&it.judged);
    CU_ASSERT_EQUAL_FATAL(kit_alerts(&it.judged, LW_ALERT_THRESHOLD), 2);
    CU_ASSERT_PTR_NOT_NULL(strstr(it.judged.alerts[0].message, "'duration < 900' is broken"));
    CU_ASSERT_PTR_NOT_NULL(strstr(it.judged.alerts[0].message, "17m 00s, before 12m 01s."));
    CU_ASSERT_PTR_NOT_NULL(strstr(it.judged.alerts[1].message, "0.9533, before 0.97."));
    CU_ASSERT_PTR_NOT_NULL(strstr(kit_finding(&it.judged, 1, LW_DETECT_THRESHOLD, "duration")->message,
                                  "17m 00s breaks 'duration < 900'"));
    kit_judging_close(&it);
}

static void a_value_that_just_breaks_a_rule_is_not_rounded_to_its_bound(void)
{
    struct kit_judging it = kit_judging_open(85);
    struct lw_requirement rule = {
        .text = LW_STR("train:loss <= 0.3"), .series = LW_STR("train:loss"), .compare = LW_COMPARE_LE, .bound = 0.3};
    double values[1] = {0.300002};
    struct kit_metric metric = {.name = "train:loss", .values = values, .n = 1, .step = 1e-6};

    kit_history_add(
        &it.history,
        &(struct kit_run){.start = KIT_BEGIN, .end = KIT_BEGIN + LW_MINUTE, .metrics = &metric, .metrics_n = 1});
    it.rules.requirements = &rule;
    it.rules.requirements_n = 1;
    kit_judge(&it);
    CU_ASSERT_EQUAL_FATAL(kit_alerts(&it.judged, LW_ALERT_THRESHOLD), 1);
    CU_ASSERT_PTR_NOT_NULL(strstr(it.judged.alerts[0].message, ": 0.300002."));
    kit_judging_close(&it);
}

static void the_first_failure_informs_the_second_in_a_row_pages(void)
{
    struct kit_judging it = kit_judging_open(73);
    const struct lw_alert *alert;

    for (int i = 0; i < 12; i++)
        kit_add(&it, (struct kit_plan){.accuracy = kit_noisy(&it, 0.912, 0.003),
                                       .outcome = i == 3 || i == 7 || i == 8 ? LW_OUTCOME_FAILED : LW_OUTCOME_COMPLETED,
                                       .failure = "AlgorithmError: out of memory"});
    kit_judge(&it);
    kit_judge_show(&it.judged);
    CU_ASSERT_EQUAL_FATAL(kit_alerts(&it.judged, LW_ALERT_RUN), 2);
    alert = &it.judged.alerts[0];
    CU_ASSERT_EQUAL(alert->severity, LW_SEVERITY_INFO);
    CU_ASSERT_EQUAL(alert->opened_run, 3);
    CU_ASSERT_EQUAL(alert->resolved_run, 4);
    CU_ASSERT_PTR_NOT_NULL(strstr(it.judged.events[0].alert.message, "AlgorithmError: out of memory"));
    CU_ASSERT_PTR_NOT_NULL(strstr(alert->message, "AlgorithmError: out of memory"));
    CU_ASSERT_PTR_NOT_NULL(strstr(alert->message, "succeeded"));
    alert = &it.judged.alerts[1];
    CU_ASSERT_PTR_NOT_NULL(strstr(alert->message, "AlgorithmError: out of memory"));
    CU_ASSERT_EQUAL(alert->severity, LW_SEVERITY_PAGE);
    CU_ASSERT_EQUAL(alert->opened_run, 7);
    CU_ASSERT_EQUAL(alert->resolved_run, 9);
    CU_ASSERT_EQUAL(alert->revision, 3);
    CU_ASSERT_EQUAL(it.judged.runs[3].verdict, LW_VERDICT_ERROR);
    kit_judging_close(&it);
}

static void a_failed_run_is_not_in_the_charts_of_metrics(void)
{
    struct kit_judging it = kit_judging_open(74);

    for (int i = 0; i < 20; i++)
        kit_add(&it, (struct kit_plan){.accuracy = i == 15 ? 0.2 : kit_noisy(&it, 0.912, 0.003),
                                       .outcome = i == 15 ? LW_OUTCOME_FAILED : LW_OUTCOME_COMPLETED});
    kit_judge(&it);
    CU_ASSERT_PTR_NULL(kit_finding(&it.judged, 15, LW_DETECT_CUSUM, "validation:accuracy"));
    CU_ASSERT_PTR_NULL(kit_finding(&it.judged, 15, LW_DETECT_CUSUM, "duration"));
    CU_ASSERT_EQUAL(kit_alerts(&it.judged, LW_ALERT_LEVEL), 0);
    kit_judging_close(&it);
}

static void what_a_person_stopped_is_no_alert(void)
{
    struct kit_judging it = kit_judging_open(75);

    for (int i = 0; i < 10; i++)
        kit_add(&it, (struct kit_plan){.accuracy = i == 6 ? 0.3 : kit_noisy(&it, 0.912, 0.003),
                                       .seconds = i == 6 ? 20.0 : 252.0,
                                       .outcome = i == 6 ? LW_OUTCOME_STOPPED : LW_OUTCOME_COMPLETED});
    kit_judge(&it);
    CU_ASSERT_EQUAL(it.judged.alerts_n, 0);
    kit_judging_close(&it);
}

static void running_out_of_time_is_a_ticket_and_a_lower_bound(void)
{
    struct kit_judging it = kit_judging_open(76);
    const struct lw_alert *alert;

    for (int i = 0; i < 15; i++)
        kit_add(&it, (struct kit_plan){.accuracy = kit_noisy(&it, 0.912, 0.003),
                                       .seconds = i == 12 ? 3600.0 : kit_noisy(&it, 252.0, 4.0),
                                       .outcome = i == 12 ? LW_OUTCOME_OUT_OF_TIME : LW_OUTCOME_COMPLETED});
    kit_judge(&it);
    kit_judge_show(&it.judged);
    alert = kit_alert(&it.judged, LW_ALERT_RUN);
    CU_ASSERT_PTR_NOT_NULL_FATAL(alert);
    CU_ASSERT_EQUAL(alert->severity, LW_SEVERITY_TICKET);
    CU_ASSERT_PTR_NOT_NULL(strstr(it.judged.events[0].alert.message, "ran out of time"));
    CU_ASSERT_PTR_NOT_NULL(kit_finding(&it.judged, 12, LW_DETECT_CUSUM, "duration"));
    CU_ASSERT_PTR_NULL(kit_finding(&it.judged, 12, LW_DETECT_CUSUM, "validation:accuracy"));
    kit_judging_close(&it);
}

static void a_run_without_status_and_half_of_its_points_is_incomplete(void)
{
    struct kit_judging it = kit_judging_open(77);

    for (int i = 0; i < 10; i++)
        kit_add(&it, (struct kit_plan){.accuracy = i == 6 ? 0.5 : kit_noisy(&it, 0.912, 0.003),
                                       .unknown = true,
                                       .points = i == 6 ? 9 : 20});
    kit_judge(&it);
    CU_ASSERT_EQUAL(it.judged.runs[6].outcome, LW_OUTCOME_INCOMPLETE);
    CU_ASSERT_EQUAL(it.judged.runs[6].verdict, LW_VERDICT_WARNING);
    CU_ASSERT_EQUAL(it.judged.runs[5].outcome, LW_OUTCOME_UNKNOWN);
    CU_ASSERT_PTR_NULL(kit_finding(&it.judged, 6, LW_DETECT_CUSUM, "validation:accuracy"));
    CU_ASSERT_EQUAL(it.judged.alerts_n, 0);
    kit_judging_close(&it);
}

static void a_half_of_the_points_is_enough(void)
{
    struct kit_judging it = kit_judging_open(78);

    for (int i = 0; i < 10; i++)
        kit_add(&it, (struct kit_plan){
                         .accuracy = kit_noisy(&it, 0.912, 0.003), .unknown = true, .points = i == 6 ? 10 : 20});
    kit_judge(&it);
    CU_ASSERT_EQUAL(it.judged.runs[6].outcome, LW_OUTCOME_UNKNOWN);
    kit_judging_close(&it);
}

static void what_lacks_or_is_no_number_is_said(void)
{
    struct kit_judging it = kit_judging_open(79);
    const struct lw_finding *finding;

    for (int i = 0; i < 10; i++)
        kit_add(&it, (struct kit_plan){
                         .accuracy = kit_noisy(&it, 0.912, 0.003), .no_loss = i == 6, .not_a_number = i == 8 ? 2 : 0});
    kit_judge(&it);
    finding = kit_finding(&it.judged, 6, LW_DETECT_QUALITY, "train:loss");
    CU_ASSERT_PTR_NOT_NULL_FATAL(finding);
    CU_ASSERT_EQUAL(finding->verdict, LW_VERDICT_WARNING);
    finding = kit_finding(&it.judged, 8, LW_DETECT_QUALITY, "validation:accuracy");
    CU_ASSERT_PTR_NOT_NULL_FATAL(finding);
    CU_ASSERT_EQUAL(finding->verdict, LW_VERDICT_ERROR);
    CU_ASSERT_STRING_EQUAL(finding->message, "2 values were printed as NaN or infinite");
    CU_ASSERT_PTR_NULL(kit_finding(&it.judged, 7, LW_DETECT_QUALITY, "train:loss"));
    kit_judging_close(&it);
}

static void more_metrics_than_can_be_charted_are_counted(void)
{
    struct kit_judging it = kit_judging_open(80);
    struct kit_metric metrics[70];
    char names[70][32];
    double values[2] = {0.5, 0.9};
    bool said = false;

    for (int i = 0; i < 70; i++) {
        (void)snprintf(names[i], sizeof(names[i]), "metric_%02d:accuracy", i);
        metrics[i] = (struct kit_metric){.name = names[i], .values = values, .n = 2};
    }
    for (int i = 0; i < 5; i++)
        kit_history_add(&it.history, &(struct kit_run){.start = KIT_BEGIN + i * LW_HOUR,
                                                       .end = KIT_BEGIN + i * LW_HOUR + LW_MINUTE,
                                                       .metrics = metrics,
                                                       .metrics_n = 70});
    kit_judge(&it);
    for (size_t i = 0; i < it.judged.findings_n; i++)
        said = said || strstr(it.judged.findings[i].message, "6 metrics beyond the first 64") != NULL;
    CU_ASSERT(said);
    kit_judging_close(&it);
}

static void counters_and_clocks_are_not_charted_unless_a_rule_names_them(void)
{
    struct kit_judging it = kit_judging_open(81);
    double values[3] = {1.0, 2.0, 3.0};
    struct kit_metric metrics[4] = {{.name = "train:accuracy", .values = values, .n = 3},
                                    {.name = "train:progress", .values = values, .n = 3},
                                    {.name = "train:throughput", .values = values, .n = 3},
                                    {.name = "epoch_time_s", .values = values, .n = 3}};
    struct lw_requirement rule = {.text = LW_STR("train:throughput > 1"),
                                  .series = LW_STR("train:throughput"),
                                  .compare = LW_COMPARE_GT,
                                  .bound = 1.0};

    for (int i = 0; i < 5; i++)
        kit_history_add(&it.history, &(struct kit_run){.start = KIT_BEGIN + i * LW_HOUR,
                                                       .end = KIT_BEGIN + i * LW_HOUR + LW_MINUTE,
                                                       .metrics = metrics,
                                                       .metrics_n = 4});
    kit_judge(&it);
    CU_ASSERT_PTR_NOT_NULL(kit_finding(&it.judged, 3, LW_DETECT_CUSUM, "train:accuracy"));
    CU_ASSERT_PTR_NULL(kit_finding(&it.judged, 3, LW_DETECT_CUSUM, "train:progress"));
    CU_ASSERT_PTR_NULL(kit_finding(&it.judged, 3, LW_DETECT_CUSUM, "train:throughput"));
    CU_ASSERT_PTR_NULL(kit_finding(&it.judged, 3, LW_DETECT_CUSUM, "epoch_time_s"));
    it.rules.requirements = &rule;
    it.rules.requirements_n = 1;
    kit_judge(&it);
    CU_ASSERT_PTR_NOT_NULL(kit_finding(&it.judged, 3, LW_DETECT_CUSUM, "train:throughput"));
    kit_judging_close(&it);
}

static void training_and_validation_of_one_name_make_a_gap(void)
{
    static const char *const pairs[][3] = {{"validation:accuracy", "train:accuracy", "generalization_gap:accuracy"},
                                           {"val_loss", "loss", "generalization_gap:loss"},
                                           {"Validation-accuracy", "Train-accuracy", "generalization_gap:accuracy"},
                                           {"eval_loss", "train_loss", "generalization_gap:loss"}};

    for (int p = 0; p < 4; p++) {
        struct kit_judging it = kit_judging_open(82);

        for (int i = 0; i < 5; i++) {
            double a[1] = {kit_noisy(&it, 0.9, 0.003)};
            double b[1] = {kit_noisy(&it, 0.93, 0.003)};
            struct kit_metric metrics[2] = {{.name = pairs[p][0], .values = a, .n = 1},
                                            {.name = pairs[p][1], .values = b, .n = 1}};

            kit_history_add(&it.history, &(struct kit_run){.start = KIT_BEGIN + i * LW_HOUR,
                                                           .end = KIT_BEGIN + i * LW_HOUR + LW_MINUTE,
                                                           .metrics = metrics,
                                                           .metrics_n = 2});
        }
        kit_judge(&it);
        CU_ASSERT_PTR_NOT_NULL(kit_finding(&it.judged, 4, LW_DETECT_CUSUM, pairs[p][2]));
        kit_judging_close(&it);
    }
}

/* DeepAR's loss is a negative log-likelihood: positive at the end of one run, negative at that of the next. */
static void a_loss_with_negative_points_is_not_clipped(void)
{
    struct kit_judging it = kit_judging_open(83);

    for (int i = 0; i < 6; i++) {
        double values[4] = {1.4, 0.3, -0.2, i % 2 ? -0.1 : 0.0057};
        struct kit_metric metric = {.name = "train:loss", .values = values, .n = 4};

        kit_history_add(&it.history, &(struct kit_run){.start = KIT_BEGIN + i * LW_HOUR,
                                                       .end = KIT_BEGIN + i * LW_HOUR + LW_MINUTE,
                                                       .metrics = &metric,
                                                       .metrics_n = 1});
    }
    kit_judge(&it);
    for (uint32_t i = 0; i < 6; i++)
        CU_ASSERT_PTR_NULL(kit_finding(&it.judged, i, LW_DETECT_QUALITY, "train:loss"));
    kit_judging_close(&it);
}

static void a_budget_that_cannot_be_kept_is_refused(void)
{
    struct lw_rules rules = lw_rules_default();
    struct lw_fault fault = {0};
    struct lw_judge *judge = NULL;

    rules.false_alarm_runs = 0.5;
    CU_ASSERT_EQUAL(lw_judge_open(&judge, &rules, &fault), LW_ERR_RANGE);
    CU_ASSERT_PTR_NULL(judge);
    CU_ASSERT(strlen(fault.text) > 10);
    lw_judge_close(NULL);
}

static void the_primary_metric_is_the_one_that_the_user_states(void)
{
    struct kit_judging it = kit_judging_open(71);

    kit_add(&it, (struct kit_plan){.accuracy = 0.9, .loss = 0.3});
    kit_judge(&it);
    CU_ASSERT(lw_str_equal(it.judged.primary, LW_STR("validation:accuracy")));
    it.rules.primary = LW_STR("train:*");
    kit_judge(&it);
    CU_ASSERT(lw_str_equal(it.judged.primary, LW_STR("train:loss")));
    it.rules.primary = LW_STR("nothing:*");
    kit_judge(&it);
    CU_ASSERT(lw_str_equal(it.judged.primary, LW_STR("validation:accuracy")));
    kit_judging_close(&it);
}

KIT_SUITE("judge_rules",
          {"the primary metric is the one that the user states", the_primary_metric_is_the_one_that_the_user_states},

          {"a broken rule pages once and ends when it holds again",
           a_broken_rule_pages_once_and_ends_when_it_holds_again},
          {"rules speak of duration, gap and cost too", rules_speak_of_duration_gap_and_cost_too},
          {"a broken rule is told in the units of the user", a_broken_rule_is_told_in_the_units_of_the_user},
          {"a value that just breaks a rule is not rounded to its bound",
           a_value_that_just_breaks_a_rule_is_not_rounded_to_its_bound},
          {"the first failure informs, the second in a row pages", the_first_failure_informs_the_second_in_a_row_pages},
          {"a failed run is not in the charts of metrics", a_failed_run_is_not_in_the_charts_of_metrics},
          {"what a person stopped is no alert", what_a_person_stopped_is_no_alert},
          {"running out of time is a ticket and a lower bound", running_out_of_time_is_a_ticket_and_a_lower_bound},
          {"a run without status and under half of its points is incomplete",
           a_run_without_status_and_half_of_its_points_is_incomplete},
          {"a half of the points is enough", a_half_of_the_points_is_enough},
          {"what lacks or is no number is said", what_lacks_or_is_no_number_is_said},
          {"more metrics than can be charted are counted", more_metrics_than_can_be_charted_are_counted},
          {"counters and clocks are not charted unless a rule names them",
           counters_and_clocks_are_not_charted_unless_a_rule_names_them},
          {"training and validation of one name make a gap", training_and_validation_of_one_name_make_a_gap},
          {"a loss with negative points is not clipped", a_loss_with_negative_points_is_not_clipped},
          {"a budget that cannot be kept is refused", a_budget_that_cannot_be_kept_is_refused})
