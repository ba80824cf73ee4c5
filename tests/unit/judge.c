#include "tests/kit/kit.h"
#include "tests/kit/runs.h"

#include "engine/core/judge.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HOUR  LW_HOUR
#define BEGIN ((int64_t)1551664800000) /* 2019-03-04T02:00:00Z */

/* One judgement: rules, history, what came out. */
struct bench {
    struct lw_rules rules;
    struct kit_history history;
    struct lw_judge *judge;
    struct lw_arena arena;
    struct lw_judged judged;
    struct kit_random random;
};

static struct bench bench_open(uint64_t seed)
{
    return (struct bench){.rules = lw_rules_default(), .random = kit_seed(seed)};
}

static void bench_close(struct bench *bench)
{
    lw_judge_close(bench->judge);
    lw_arena_close(&bench->arena);
    kit_history_close(&bench->history);
}

static void bench_judge(struct bench *bench)
{
    struct lw_fault fault = {0};
    size_t n = bench->history.n;
    lw_time end = {0};

    if (n)
        end = bench->history.runs[n - 1]->end;
    lw_judge_close(bench->judge);
    bench->judge = NULL;
    lw_arena_close(&bench->arena);
    CU_ASSERT_EQUAL_FATAL(lw_judge_open(&bench->judge, &bench->rules, &fault), LW_ERR_OK);
    CU_ASSERT_EQUAL_FATAL(lw_judge_model(bench->judge, LW_STR("acct/eu-west-1"), LW_STR("churn-xgb"),
                                         kit_history_view(&bench->history), n, end, &bench->arena, &bench->judged,
                                         &fault),
                          LW_ERR_OK);
}

static void show(const struct lw_judged *judged)
{
    for (size_t i = 0; i < judged->alerts_n; i++) {
        const struct lw_alert *alert = &judged->alerts[i];

        printf("# %s %s %s %s opened %u change %u resolved %d rev %u: %s\n", alert->id,
               lw_alert_state_name(alert->state), lw_severity_name(alert->severity), lw_impact_name(alert->impact),
               alert->opened_run, alert->change_run, (int)alert->resolved_run, alert->revision, alert->message);
    }
}

/* A run of `seconds` an hour after the last, whose accuracy ends at `accuracy`. */
static void add(struct bench *bench, double accuracy, double seconds)
{
    double curve[10];
    double loss[10];
    struct kit_metric metrics[2] = {{.name = "validation:accuracy", .values = curve, .n = 10},
                                    {.name = "train:loss", .values = loss, .n = 10}};
    int64_t start = BEGIN + (int64_t)bench->history.n * HOUR + (int64_t)(20000.0 * kit_random_normal(&bench->random));

    for (int i = 0; i < 10; i++) {
        curve[i] = round(1e4 * (accuracy - 0.3 * exp(-0.7 * i) + 0.3 * exp(-0.7 * 9))) / 1e4;
        loss[i] = round(1e4 * 0.3 * exp(0.02 * kit_random_normal(&bench->random)) * (1.0 + exp(-0.5 * i))) / 1e4;
    }
    kit_history_add(&bench->history, &(struct kit_run){.start = start,
                                                       .end = start + (int64_t)(seconds * 1000.0),
                                                       .outcome = LW_OUTCOME_COMPLETED,
                                                       .metrics = metrics,
                                                       .metrics_n = 2});
}

static double noisy(struct bench *bench, double mean, double sd)
{
    return mean + sd * kit_random_normal(&bench->random);
}

static void a_planted_fall_of_accuracy_is_one_alert_that_is_dated(void)
{
    struct bench bench = bench_open(11);

    for (int i = 0; i < 40; i++)
        add(&bench, noisy(&bench, i < 30 ? 0.912 : 0.893, 0.003), noisy(&bench, 252.0, 8.0));
    bench_judge(&bench);
    show(&bench.judged);
    CU_ASSERT_EQUAL_FATAL(bench.judged.alerts_n, 1);
    CU_ASSERT_EQUAL(bench.judged.alerts[0].state, LW_ALERT_OPEN);
    CU_ASSERT_EQUAL(bench.judged.alerts[0].impact, LW_IMPACT_WORSE);
    CU_ASSERT_EQUAL(bench.judged.alerts[0].severity, LW_SEVERITY_TICKET);
    CU_ASSERT(bench.judged.alerts[0].change_run >= 28 && bench.judged.alerts[0].change_run <= 32);
    CU_ASSERT(bench.judged.alerts[0].opened_run <= 34);
    CU_ASSERT_EQUAL(bench.judged.verdict, LW_VERDICT_DRIFT);
    bench_close(&bench);
}

KIT_SUITE("judge", {"a planted fall of accuracy is one alert that is dated",
                    a_planted_fall_of_accuracy_is_one_alert_that_is_dated})
