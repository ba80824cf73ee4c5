#include "tests/kit/alloc.h"
#include "tests/kit/points.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MINUTE LW_MINUTE
#define T0     ((int64_t)1560348000000) /* 2019-06-12T14:00:00Z */
#define NEVER  INT64_MIN

/* A bit of everything: plain values and sets, partial ones, unfinished minutes sent twice, heartbeats, steps, facts of
   both ranks, runs with and without origin, a tuning job, data without run ids. */
static void add_run(struct kit_input *input, const char *run, const char *origin, int64_t start,
                    struct kit_random *random)
{
    for (int64_t i = 0; i < 30; i++) {
        int64_t at = start + i * MINUTE;
        double x = 1.0 - exp(-(double)i / 9.0) + 0.01 * kit_random_normal(random);

        kit_single(input, run, "validation:accuracy", at, round(x * 1e4) / 1e4)->origin = origin;
        kit_part(input, run, "train:loss", at, LW_KNOWN_AVERAGE, 1.0 / (1.0 + x))->origin = origin;
        kit_part(input, run, "train:loss", at, LW_KNOWN_COUNT, 3.0)->origin = origin;
        kit_part(input, run, "train:loss", at, LW_KNOWN_MAX, 2.0)->origin = origin;
        kit_part(input, run, "train:loss", at, LW_KNOWN_MAX, 1.5 + kit_random_uniform(random))->origin = origin;
        kit_set(input, run, "rmse", at, 4.0 * x, x - 1.0, x + 1.0, 4.0)->origin = origin;
        if (i % 5 == 0)
            kit_set(input, run, "rmse", at, 2.0 * x, x - 0.5, x + 0.5, 2.0)->origin = origin;
        kit_plain(input, run, "progress", at, (double)(i / 2));
        kit_plain(input, run, "progress", at, (double)(i / 3));
        kit_plain(input, run, "progress", at, 0.0);
        kit_plain(input, run, "progress", at, -0.0);
        kit_plain(input, run, "CPUUtilization", at - MINUTE, 97.0)->point.flags =
            LW_POINT_CLOUDWATCH | LW_POINT_HEARTBEAT;
        kit_plain(input, run, "by_epoch", i, x)->point.flags = LW_POINT_STEP;
    }
    kit_fact(input, run, LW_FACT_NOT_A_NUMBER, LW_RANK_LOG, "broken", NULL, 0.0, start, NEVER);
    kit_fact(input, run, LW_FACT_NOT_A_NUMBER, LW_RANK_LOG, "rmse", NULL, 0.0, start, NEVER);
    kit_fact(input, run, LW_FACT_FINAL_METRIC, LW_RANK_API, "final", NULL, 0.03457000106573105, start, NEVER);
    kit_fact(input, run, LW_FACT_STATUS, LW_RANK_API, NULL, NULL, LW_STATUS_IN_PROGRESS, start, NEVER);
    kit_fact(input, run, LW_FACT_STATUS, LW_RANK_LOG, NULL, NULL, LW_STATUS_COMPLETED, NEVER, NEVER);
    kit_fact(input, run, LW_FACT_TRAINING_SECONDS, LW_RANK_LOG, NULL, NULL, 1800.0, NEVER, NEVER)->origin = origin;
    kit_fact(input, run, LW_FACT_PHASE, LW_RANK_API, NULL, "Training", 0.0, start, start + 500);
    kit_fact(input, run, LW_FACT_PHASE, LW_RANK_API, NULL, "Training", 0.0, start, NEVER);
    kit_fact(input, run, LW_FACT_PHASE, LW_RANK_API, NULL, "Training", 0.0, start + 900, start + 1000);
    kit_fact(input, run, LW_FACT_INSTANCE_TYPE, LW_RANK_API, NULL, "ml.p2.xlarge", 0.0, NEVER, NEVER);
    kit_fact(input, run, LW_FACT_INSTANCE_TYPE, LW_RANK_API, NULL, "ml.m4.xlarge", 0.0, NEVER, NEVER);
}

/* Facts of every kind that contradict each other, from small pools so that ranks and times tie. */
static void add_contradictions(struct kit_input *input, struct kit_random *random)
{
    static const char *const runs[] = {"churn-2019-06-12-14-00-00-001", "other-190612-1500", "facts-only",
                                       "tune-190612-1500-001-0123abcd"};
    static const char *const texts[] = {
        "Training", "Interrupted", "MaxRuntimeExceeded",
        "a",        "b",           "arn:aws:sagemaker:us-east-1:1:pipeline/p/execution/e"};
    static const char *const keys[] = {"leeway:model", "sagemaker:pipeline-execution-arn", "acc", "rmse", "e"};

    for (int i = 0; i < 400; i++) {
        uint64_t bits = kit_random_bits(random);
        enum lw_fact_kind kind = (enum lw_fact_kind)(bits % (LW_FACT_NO_CLOCK + 1));
        int64_t at = (bits >> 8) % 4 == 0 ? NEVER : T0 + (int64_t)((bits >> 10) % 3) * 1000;
        int64_t until = (bits >> 14) % 2 == 0 || at == NEVER ? NEVER : at + (int64_t)((bits >> 15) % 3) * 1000;
        enum lw_fact_rank rank = (bits >> 20) % 2 == 0 ? LW_RANK_API : LW_RANK_LOG;
        struct kit_fact *fact = kit_fact(input, runs[(bits >> 24) % 4], kind, rank, keys[(bits >> 28) % 5],
                                         texts[(bits >> 32) % 6], (double)((bits >> 36) % 6), at, until);

        if ((bits >> 40) % 8 == 0)
            fact->origin = "123:eu-west-1";
    }
}

static void add_everything(struct kit_input *input, struct kit_random *random)
{
    add_contradictions(input, random);
    add_run(input, "churn-2019-06-12-14-00-00-001", NULL, T0, random);
    add_run(input, "churn-2019-06-12-15-00-00-001", "123:eu-west-1", T0 + LW_HOUR, random);
    add_run(input, "churn-2019-06-12-15-00-00-001", NULL, T0 + LW_HOUR, random);
    add_run(input, "other-190612-1500", "123:eu-west-1", T0 + LW_HOUR, random);
    add_run(input, "other-190612-1500", "456:eu-west-1", T0 + LW_HOUR, random);
    add_run(input, "tune-190612-1500-001-0123abcd", NULL, T0, random);
    add_run(input, "tune-190612-1500-002-89abcdef", NULL, T0 + LW_HOUR, random);
    for (int64_t run = 0; run < 5; run++)
        for (int64_t i = 0; i < 12; i++)
            kit_plain(input, NULL, "accuracy", T0 + (run * 40 + i) * MINUTE,
                      1.0 - exp(-(double)i / 4.0) + 0.01 * kit_random_normal(random))
                ->model = "nameless";
}

static void the_closed_runs_do_not_hang_on_order_repetition_batches_or_restarts(void)
{
    struct kit_random random = kit_seed(20190612);
    struct kit_input input = {0};
    struct kit_gather kit;
    struct lw_buf want;
    size_t first_points;

    add_everything(&input, &random);
    first_points = input.points_n;
    kit_gather_open(&kit, NULL);
    kit_gather_take(&kit, &input, 0, SIZE_MAX);
    kit_gather_end(&kit);
    want = kit_gather_bytes(&kit);
    CU_ASSERT(kit.histories.models_n >= 4);
    kit_gather_close(&kit);
    for (int round = 0; round < 25; round++) {
        struct lw_buf got;
        size_t from = 0;

        if (input.points_n < 2 * first_points)
            kit_repeat(&input, (size_t)round * 10, &random);
        kit_shuffle(&input, &random);
        kit_gather_open(&kit, NULL);
        while (from < input.points_n || from < input.facts_n) {
            size_t to = from + 1 + (size_t)(kit_random_bits(&random) % 2000);

            kit_gather_take(&kit, &input, from, to);
            from = to;
            if (kit_random_uniform(&random) < 0.5)
                kit_gather_move(&kit);
        }
        kit_gather_end(&kit);
        got = kit_gather_bytes(&kit);
        CU_ASSERT_EQUAL(got.len, want.len);
        CU_ASSERT(got.len == want.len && memcmp(got.at, want.at, got.len) == 0);
        lw_buf_close(&got);
        kit_gather_close(&kit);
    }
    lw_buf_close(&want);
    kit_input_close(&input);
}

static void many_duplicates_are_dropped_while_a_run_is_open(void)
{
    struct kit_gather kit;
    struct kit_input input = {0};

    for (int64_t i = 0; i < 1000; i++)
        kit_single(&input, "job", "accuracy", T0 + i * MINUTE, 0.5);
    kit_gather_open(&kit, NULL);
    for (int i = 0; i < 200; i++)
        kit_gather_take(&kit, &input, 0, SIZE_MAX);
    CU_ASSERT(lw_gather_duplicates(kit.gather) > 100000);
    kit_gather_end(&kit);
    CU_ASSERT_EQUAL(kit.histories.duplicates, 199000);
    CU_ASSERT_EQUAL(lw_run_metrics(kit_gather_run(&kit, "job"))->summary.count, 1000);
    kit_gather_close(&kit);
    kit_input_close(&input);
}

static void a_close_that_fails_can_be_done_again(void)
{
    struct kit_random random = kit_seed(20190613);
    struct kit_input input = {0};
    struct kit_gather kit, other;
    struct lw_arena small = {.ceiling = 12000};
    struct lw_histories histories;
    struct lw_buf want, got;

    add_everything(&input, &random);
    kit_gather_open(&kit, NULL);
    kit_gather_take(&kit, &input, 0, SIZE_MAX);
    kit_gather_end(&kit);
    want = kit_gather_bytes(&kit);
    kit_gather_open(&other, NULL);
    kit_gather_take(&other, &input, 0, SIZE_MAX);
    CU_ASSERT_EQUAL(lw_gather_close_all(other.gather, &small, &histories, NULL), LW_ERR_NOMEM);
    kit_gather_end(&other);
    got = kit_gather_bytes(&other);
    CU_ASSERT(got.len == want.len && memcmp(got.at, want.at, got.len) == 0);
    CU_ASSERT_EQUAL(other.histories.duplicates, kit.histories.duplicates);
    lw_buf_close(&want);
    lw_buf_close(&got);
    lw_arena_close(&small);
    kit_gather_close(&kit);
    kit_gather_close(&other);
    kit_input_close(&input);
}

/* One run, one metric. */
static struct lw_summary summary_of(const struct kit_input *input, uint64_t *duplicates)
{
    struct kit_gather kit;
    struct lw_summary summary;

    kit_gather_open(&kit, NULL);
    kit_gather_take(&kit, input, 0, SIZE_MAX);
    kit_gather_end(&kit);
    CU_ASSERT_EQUAL_FATAL(kit.histories.models_n, 1);
    summary = lw_run_metrics(kit.histories.models[0].runs[0])->summary;
    *duplicates = kit.histories.duplicates;
    kit_gather_close(&kit);
    return summary;
}

static void the_fuller_copy_of_a_minute_wins(void)
{
    struct kit_input input = {0};
    struct lw_summary summary;
    uint64_t duplicates;

    /* The last minute of one poll is unfinished; the next poll has it whole. */
    kit_set(&input, "job", "acc", T0, 2.7, 0.8, 1.0, 3.0);
    kit_set(&input, "job", "acc", T0, 0.8, 0.8, 0.8, 1.0);
    summary = summary_of(&input, &duplicates);
    CU_ASSERT_EQUAL(summary.count, 1);
    CU_ASSERT_EQUAL(summary.samples, 3.0);
    CU_ASSERT_EQUAL(summary.mean, 2.7 / 3.0);
    CU_ASSERT_EQUAL(summary.max, 1.0);
    CU_ASSERT_EQUAL(duplicates, 1);
    kit_input_close(&input);
}

static void single_statistics_of_one_minute_are_joined(void)
{
    struct kit_input input = {0};
    struct lw_summary summary;
    uint64_t duplicates;

    kit_part(&input, "job", "acc", T0, LW_KNOWN_AVERAGE, 0.75);
    kit_part(&input, "job", "acc", T0, LW_KNOWN_MIN, 0.5);
    kit_part(&input, "job", "acc", T0, LW_KNOWN_MAX, 1.0);
    kit_part(&input, "job", "acc", T0, LW_KNOWN_COUNT, 4.0);
    summary = summary_of(&input, &duplicates);
    CU_ASSERT_EQUAL(summary.count, 1);
    CU_ASSERT_EQUAL(summary.samples, 4.0);
    CU_ASSERT_EQUAL(summary.mean, 0.75);
    CU_ASSERT_EQUAL(summary.min, 0.5);
    CU_ASSERT_EQUAL(summary.max, 1.0);
    CU_ASSERT_EQUAL(duplicates, 0);
    kit_input_close(&input);
}

static void a_whole_set_is_not_beaten_by_a_lone_count(void)
{
    struct kit_input input = {0};
    struct lw_summary summary;
    uint64_t duplicates;

    kit_set(&input, "job", "acc", T0, 1.8, 0.8, 1.0, 2.0);
    kit_part(&input, "job", "acc", T0, LW_KNOWN_COUNT, 5.0);
    summary = summary_of(&input, &duplicates);
    CU_ASSERT_EQUAL(summary.mean, 0.9);
    CU_ASSERT_EQUAL(summary.samples, 2.0);
    CU_ASSERT_EQUAL(duplicates, 1);
    kit_input_close(&input);
}

static void plain_values_of_one_time_are_kept_when_they_differ(void)
{
    struct kit_input input = {0};
    struct lw_summary summary;
    uint64_t duplicates;

    kit_plain(&input, "job", "acc", T0, 0.5);
    kit_plain(&input, "job", "acc", T0, 0.75);
    kit_plain(&input, "job", "acc", T0, 0.5);
    summary = summary_of(&input, &duplicates);
    CU_ASSERT_EQUAL(summary.count, 2);
    CU_ASSERT_EQUAL(summary.mean, 0.625);
    CU_ASSERT_EQUAL(duplicates, 1);
    kit_input_close(&input);
}

static void what_may_not_enter_is_counted(void)
{
    struct kit_input input = {0};
    struct kit_gather kit;

    kit_plain(&input, "job", "acc", T0, (double)NAN);
    kit_plain(&input, "job", "acc", T0, (double)INFINITY);
    kit_set(&input, "job", "acc", T0, 1.0, 1.0, 1.0, 0.0)->point.average = 1.0;
    kit_set(&input, "job", "acc", T0, 1.0, 2.0, 1.0, 1.0);
    kit_plain(&input, "job", "acc", INT64_MAX, 1.0);
    kit_plain(&input, "job", "acc", T0, 1.0)->point.known = 0;
    kit_plain(&input, "job", NULL, T0, 1.0);
    kit_plain(&input, NULL, "acc", 1, 1.0)->point.flags = LW_POINT_STEP;
    kit_fact(&input, NULL, LW_FACT_STARTED, LW_RANK_API, NULL, NULL, 0.0, T0, NEVER);
    kit_fact(&input, "job", LW_FACT_STARTED, LW_RANK_API, NULL, NULL, 0.0, NEVER, NEVER);
    kit_fact(&input, "job", LW_FACT_BILLABLE_SECONDS, LW_RANK_API, NULL, NULL, -1.0, NEVER, NEVER);
    kit_gather_open(&kit, NULL);
    kit_gather_take(&kit, &input, 0, SIZE_MAX);
    kit_gather_end(&kit);
    CU_ASSERT_EQUAL(kit.histories.models_n, 0);
    CU_ASSERT_EQUAL(kit.histories.rejected[LW_REJECT_NOT_FINITE], 2);
    CU_ASSERT_EQUAL(kit.histories.rejected[LW_REJECT_BAD_COUNT], 1);
    CU_ASSERT_EQUAL(kit.histories.rejected[LW_REJECT_MIN_OVER_MAX], 1);
    CU_ASSERT_EQUAL(kit.histories.rejected[LW_REJECT_BAD_TIME], 1);
    CU_ASSERT_EQUAL(kit.histories.rejected[LW_REJECT_NO_VALUE], 1);
    CU_ASSERT_EQUAL(kit.histories.rejected[LW_REJECT_NO_METRIC], 1);
    CU_ASSERT_EQUAL(kit.histories.rejected[LW_REJECT_NO_RUN], 2);
    CU_ASSERT_EQUAL(kit.histories.rejected[LW_REJECT_NO_TIME], 1);
    CU_ASSERT_EQUAL(kit.histories.rejected[LW_REJECT_BAD_VALUE], 1);
    kit_gather_close(&kit);
    kit_input_close(&input);
}

static void metrics_without_an_account_meet_the_facts_of_the_same_job(void)
{
    struct kit_input input = {0};
    struct kit_gather kit;
    const struct lw_run *run;

    kit_single(&input, "job", "acc", T0, 0.5);
    kit_fact(&input, "job", LW_FACT_STATUS, LW_RANK_API, NULL, NULL, LW_STATUS_COMPLETED, NEVER, NEVER)->origin =
        "123:us-east-1";
    kit_gather_open(&kit, NULL);
    kit_gather_take(&kit, &input, 0, SIZE_MAX);
    kit_gather_end(&kit);
    CU_ASSERT_EQUAL_FATAL(kit.histories.models_n, 1);
    CU_ASSERT_EQUAL_FATAL(kit.histories.models[0].runs_n, 1);
    run = kit.histories.models[0].runs[0];
    CU_ASSERT(lw_str_equal(lw_run_str(run, run->origin), LW_STR("123:us-east-1")));
    CU_ASSERT_EQUAL(run->outcome, LW_OUTCOME_COMPLETED);
    CU_ASSERT_EQUAL(run->metrics_n, 1);
    CU_ASSERT_PTR_NULL(kit.histories.models[0].warning);
    kit_gather_close(&kit);
    kit_input_close(&input);
}

static void job_documents_of_a_part_of_the_runs_do_not_split_a_model(void)
{
    struct kit_input input = {0};
    struct kit_gather kit;

    kit_single(&input, "job-2019-06-12-14-03-27", "acc", T0, 0.5);
    kit_single(&input, "job-2019-06-12-15-03-27", "acc", T0 + 60 * MINUTE, 0.6);
    kit_fact(&input, "job-2019-06-12-15-03-27", LW_FACT_STATUS, LW_RANK_API, NULL, NULL, LW_STATUS_COMPLETED, NEVER,
             NEVER)
        ->origin = "123:us-east-1";
    kit_gather_open(&kit, NULL);
    kit_gather_take(&kit, &input, 0, SIZE_MAX);
    kit_gather_end(&kit);
    CU_ASSERT_EQUAL_FATAL(kit.histories.models_n, 1);
    CU_ASSERT_EQUAL(kit.histories.models[0].runs_n, 2);
    CU_ASSERT(lw_str_equal(kit.histories.models[0].origin, LW_STR("123:us-east-1")));
    kit_gather_close(&kit);
    kit_input_close(&input);
}

static void an_unknown_account_stays_its_own_beside_several_known_ones(void)
{
    struct kit_input input = {0};
    struct kit_gather kit;

    kit_single(&input, "job", "acc", T0, 0.5);
    kit_single(&input, "job", "acc", T0, 0.6)->origin = "1";
    kit_single(&input, "job", "acc", T0, 0.7)->origin = "2";
    kit_gather_open(&kit, NULL);
    kit_gather_take(&kit, &input, 0, SIZE_MAX);
    kit_gather_end(&kit);
    CU_ASSERT_EQUAL_FATAL(kit.histories.models_n, 3);
    CU_ASSERT_EQUAL(kit.histories.models[0].origin.len, 0);
    CU_ASSERT_PTR_NOT_NULL(kit.histories.models[0].warning);
    CU_ASSERT_PTR_NULL(kit.histories.models[1].warning);
    kit_gather_close(&kit);
    kit_input_close(&input);
}

static void runs_of_one_name_in_two_models_are_two_runs(void)
{
    struct kit_input input = {0};
    struct kit_gather kit;

    kit_plain(&input, "1", "acc", T0, 0.5)->model = "a";
    kit_plain(&input, "1", "acc", T0, 0.6)->model = "b";
    kit_gather_open(&kit, NULL);
    kit_gather_take(&kit, &input, 0, SIZE_MAX);
    kit_gather_end(&kit);
    CU_ASSERT_EQUAL_FATAL(kit.histories.models_n, 2);
    CU_ASSERT(lw_str_equal(kit.histories.models[0].model, LW_STR("a")));
    CU_ASSERT(lw_str_equal(kit.histories.models[1].model, LW_STR("b")));
    kit_gather_close(&kit);
    kit_input_close(&input);
}

static void models_are_found_in_the_order_of_what_is_known(void)
{
    struct kit_input input = {0};
    struct kit_gather kit;
    struct lw_rules rules = lw_rules_default();
    static const char *const want[] = {"abalone/AbaloneTrain", "by-data", "by-tag", "other", "plain"};

    kit_plain(&input, "x-2019-06-12-14-00-00", "acc", T0, 0.5)->model = "by-data";
    kit_fact(&input, "x-2019-06-12-14-00-00", LW_FACT_TAG, LW_RANK_API, "leeway:model", "no", 0, NEVER, NEVER);
    kit_plain(&input, "y-2019-06-12-14-00-00", "acc", T0, 0.5);
    kit_fact(&input, "y-2019-06-12-14-00-00", LW_FACT_TAG, LW_RANK_API, "leeway:model", "by-tag", 0, NEVER, NEVER);
    kit_fact(&input, "y-2019-06-12-14-00-00", LW_FACT_PIPELINE, LW_RANK_API, "e", "step", 0, NEVER, NEVER);
    kit_plain(&input, "pipelines-0z3l5k4mn6bd-AbaloneTrain-FyXHbEyRz4", "acc", T0, 0.5);
    kit_fact(&input, "pipelines-0z3l5k4mn6bd-AbaloneTrain-FyXHbEyRz4", LW_FACT_TAG, LW_RANK_API,
             "sagemaker:pipeline-execution-arn",
             "arn:aws:sagemaker:us-east-1:123:pipeline/abalone/execution/0z3l5k4mn6bd", 0, NEVER, NEVER);
    kit_plain(&input, "z", "acc", T0, 0.5);
    kit_fact(&input, "z", LW_FACT_TUNING_JOB, LW_RANK_API, NULL, "other-190612-1400", 0, NEVER, NEVER);
    kit_plain(&input, "plain-2019-06-12-14-00-00-123", "acc", T0, 0.5);
    kit_gather_open(&kit, NULL);
    kit_gather_take(&kit, &input, 0, SIZE_MAX);
    kit_gather_end(&kit);
    CU_ASSERT_EQUAL_FATAL(kit.histories.models_n, 5);
    for (size_t i = 0; i < 5; i++)
        CU_ASSERT(lw_str_equal(kit.histories.models[i].model, lw_str_from(want[i])));
    kit_gather_close(&kit);
    rules.model = LW_STR("mine");
    kit_gather_open(&kit, &rules);
    kit_gather_take(&kit, &input, 0, SIZE_MAX);
    kit_gather_end(&kit);
    CU_ASSERT_EQUAL(kit.histories.models_n, 1);
    kit_gather_close(&kit);
    rules = lw_rules_default();
    rules.model_pattern = LW_STR("by-*");
    kit_gather_open(&kit, &rules);
    kit_gather_take(&kit, &input, 0, SIZE_MAX);
    kit_gather_end(&kit);
    CU_ASSERT_EQUAL(kit.histories.models_n, 2);
    CU_ASSERT_EQUAL(kit.histories.rejected[LW_REJECT_OTHER_MODEL], 3);
    kit_gather_close(&kit);
    kit_input_close(&input);
}

static void a_tuning_job_is_one_run_with_its_best_trial(void)
{
    struct kit_input input = {0};
    struct kit_gather kit;
    const struct lw_run *run;
    const char *trials[] = {"tune-190612-1400-001-0123abcd", "tune-190612-1400-002-1123abcd",
                            "tune-190612-1400-003-2123abcd"};
    const double finals[] = {0.7, 0.9, 0.95};

    for (size_t t = 0; t < 3; t++) {
        for (int64_t i = 0; i < 10; i++)
            kit_single(&input, trials[t], "validation:accuracy", T0 + ((int64_t)t * 60 + i) * MINUTE,
                       finals[t] - 0.01 * (double)(9 - i));
        kit_fact(&input, trials[t], LW_FACT_BILLABLE_SECONDS, LW_RANK_API, NULL, NULL, 100.0, NEVER, NEVER);
        kit_fact(&input, trials[t], LW_FACT_STATUS, LW_RANK_API, NULL, NULL,
                 t == 2 ? LW_STATUS_FAILED : LW_STATUS_COMPLETED, NEVER, NEVER);
    }
    kit_gather_open(&kit, NULL);
    kit_gather_take(&kit, &input, 0, SIZE_MAX);
    kit_gather_end(&kit);
    CU_ASSERT_EQUAL_FATAL(kit.histories.models_n, 1);
    CU_ASSERT(lw_str_equal(kit.histories.models[0].model, LW_STR("tune")));
    CU_ASSERT_EQUAL_FATAL(kit.histories.models[0].runs_n, 1);
    run = kit_gather_run(&kit, "tune-190612-1400");
    CU_ASSERT(run->flags & LW_RUN_TUNING);
    CU_ASSERT_EQUAL(run->outcome, LW_OUTCOME_COMPLETED);
    CU_ASSERT_EQUAL(run->billable_seconds, 300.0);
    CU_ASSERT_EQUAL(run->duration.ms, 30 * MINUTE);
    CU_ASSERT_EQUAL(run->duration_source, LW_DURATION_CURVE);
    CU_ASSERT_EQUAL(run->start.ms, T0 - MINUTE);
    CU_ASSERT_EQUAL(run->end.ms, T0 + 129 * MINUTE);
    CU_ASSERT_EQUAL(lw_run_metrics(run)->summary.last, 0.9);
    kit_gather_close(&kit);
    kit_input_close(&input);
}

static void a_failed_save_or_load_changes_nothing(void)
{
    struct kit_input input = {0};
    struct kit_gather kit, other;
    struct lw_buf state = {.ceiling = 1 << 20}, small = {.ceiling = 100};
    struct lw_fault fault = {0};

    kit_single(&input, "job", "acc", T0, 0.5);
    kit_gather_open(&kit, NULL);
    kit_gather_take(&kit, &input, 0, SIZE_MAX);
    CU_ASSERT_EQUAL(lw_gather_save(kit.gather, &small, &fault), LW_ERR_LIMIT);
    CU_ASSERT_EQUAL(small.len, 0);
    CU_ASSERT_EQUAL(lw_gather_save(kit.gather, &state, &fault), LW_ERR_OK);
    kit_gather_open(&other, NULL);
    state.at[state.len - 3] ^= 1;
    CU_ASSERT_EQUAL(lw_gather_load(other.gather, state.at, state.len, &fault), LW_ERR_STATE);
    state.at[state.len - 3] ^= 1;
    for (size_t n = 0; n < state.len; n++)
        CU_ASSERT_EQUAL(lw_gather_load(other.gather, state.at, n, NULL), LW_ERR_STATE);
    CU_ASSERT_EQUAL(lw_gather_load(kit.gather, state.at, state.len, NULL), LW_ERR_USAGE);
    CU_ASSERT_EQUAL(lw_gather_load(other.gather, state.at, state.len, &fault), LW_ERR_OK);
    kit_gather_end(&other);
    CU_ASSERT_EQUAL(other.histories.models_n, 1);
    lw_buf_close(&state);
    lw_buf_close(&small);
    kit_gather_close(&other);
    kit_gather_close(&kit);
    kit_input_close(&input);
}

/* Interning and input are made before, so that only the gather's own allocations fail. */
struct torture {
    struct lw_point points[400];
    struct lw_fact facts[40];
    size_t points_n, facts_n;
    struct lw_names *names;
    struct lw_rules rules;
};

static bool gather_once(void *self, bool failed)
{
    struct torture *torture = self;
    struct lw_gather *gather = NULL, *second = NULL;
    struct lw_arena arena = {.ceiling = 1 << 24};
    struct lw_buf state = {.ceiling = 1 << 24};
    struct lw_histories histories;
    struct lw_fault fault = {0};
    enum lw_err err = lw_gather_open(&gather, &torture->rules, torture->names, 1 << 24, &fault);

    if (err == LW_ERR_OK)
        err = lw_gather_points(gather, torture->points, torture->points_n, &fault);
    if (err == LW_ERR_OK)
        err = lw_gather_facts(gather, torture->facts, torture->facts_n, &fault);
    if (err == LW_ERR_OK)
        err = lw_gather_save(gather, &state, &fault);
    if (err == LW_ERR_OK)
        err = lw_gather_open(&second, &torture->rules, torture->names, 1 << 24, &fault);
    if (err == LW_ERR_OK)
        err = lw_gather_load(second, state.at, state.len, &fault);
    if (err == LW_ERR_OK)
        err = lw_gather_close_all(second, &arena, &histories, &fault);
    lw_gather_close(gather);
    lw_gather_close(second);
    lw_arena_close(&arena);
    lw_buf_close(&state);
    if (!failed)
        return err == LW_ERR_OK && histories.models_n == 3;
    return err == LW_ERR_NOMEM && fault.code == LW_ERR_NOMEM;
}

static uint32_t id_of(struct torture *torture, const char *text)
{
    uint32_t id = 0;

    if (text != NULL)
        CU_ASSERT_FATAL(lw_names_add(torture->names, lw_str_from(text), &id, NULL) == LW_ERR_OK);
    return id;
}

static void every_allocation_may_fail(void)
{
    static struct torture torture;
    struct kit_random random = kit_seed(7);
    struct kit_input input = {0};

    torture.rules = lw_rules_default();
    CU_ASSERT_FATAL(lw_names_open(&torture.names, 1 << 24, NULL) == LW_ERR_OK);
    for (int64_t i = 0; i < 40; i++) {
        kit_single(&input, "churn-190612-1400", "acc", T0 + (i * 7 % 40) * MINUTE, (double)i);
        kit_set(&input, "churn-190612-1400", "rmse", T0 + (i * 7 % 40) * MINUTE, (double)i, 0.0, 50.0, 4.0);
        kit_plain(&input, "tune-190612-1400-001-0123abcd", "acc", T0 + (i * 7 % 40) * MINUTE, (double)i);
        kit_plain(&input, NULL, "acc", T0 + (i + i / 8 * 20) * MINUTE, (double)(i % 8))->model = "m";
    }
    kit_fact(&input, "churn-190612-1400", LW_FACT_PHASE, LW_RANK_API, NULL, "Training", 0, T0, T0 + 5);
    kit_fact(&input, "churn-190612-1400", LW_FACT_FINAL_METRIC, LW_RANK_API, "f", NULL, 0.5, T0, NEVER);
    kit_shuffle(&input, &random);
    for (size_t i = 0; i < input.points_n; i++) {
        torture.points[i] = input.points[i].point;
        torture.points[i].model = id_of(&torture, input.points[i].model);
        torture.points[i].run = id_of(&torture, input.points[i].run);
        torture.points[i].metric = id_of(&torture, input.points[i].metric);
    }
    for (size_t i = 0; i < input.facts_n; i++) {
        torture.facts[i] = input.facts[i].fact;
        torture.facts[i].run = id_of(&torture, input.facts[i].run);
        torture.facts[i].key = id_of(&torture, input.facts[i].key);
        torture.facts[i].text = id_of(&torture, input.facts[i].text);
    }
    torture.points_n = input.points_n;
    torture.facts_n = input.facts_n;
    CU_ASSERT(kit_alloc_torture(gather_once, &torture) > 20);
    lw_names_close(torture.names);
    kit_input_close(&input);
}

static void the_ceiling_is_an_error_with_a_name(void)
{
    struct lw_rules rules = lw_rules_default();
    struct lw_names *names;
    struct lw_gather *gather;
    struct lw_fault fault = {0};
    struct lw_point point = {.run = 1, .metric = 1, .average = 1.0, .known = LW_KNOWN_AVERAGE};
    enum lw_err err = LW_ERR_OK;

    CU_ASSERT_FATAL(lw_names_open(&names, 1 << 20, NULL) == LW_ERR_OK);
    CU_ASSERT_FATAL(lw_names_add(names, LW_STR("x"), &point.run, NULL) == LW_ERR_OK);
    point.metric = point.run;
    CU_ASSERT_FATAL(lw_gather_open(&gather, &rules, names, 200000, NULL) == LW_ERR_OK);
    for (point.at = 0; point.at < 1000000 && err == LW_ERR_OK; point.at++)
        err = lw_gather_points(gather, &point, 1, &fault);
    CU_ASSERT_EQUAL(err, LW_ERR_LIMIT);
    CU_ASSERT_EQUAL(fault.code, LW_ERR_LIMIT);
    CU_ASSERT(point.at > 200000 / 40);
    lw_gather_close(gather);
    lw_names_close(names);
}

KIT_SUITE("gather",
          {"the closed runs do not hang on order, repetition, batches or restarts",
           the_closed_runs_do_not_hang_on_order_repetition_batches_or_restarts},
          {"a close that fails can be done again", a_close_that_fails_can_be_done_again},
          {"many duplicates are dropped while a run is open", many_duplicates_are_dropped_while_a_run_is_open},
          {"the fuller copy of a minute wins", the_fuller_copy_of_a_minute_wins},
          {"single statistics of one minute are joined", single_statistics_of_one_minute_are_joined},
          {"a whole set is not beaten by a lone count", a_whole_set_is_not_beaten_by_a_lone_count},
          {"plain values of one time are kept when they differ", plain_values_of_one_time_are_kept_when_they_differ},
          {"what may not enter is counted", what_may_not_enter_is_counted},
          {"metrics without an account meet the facts of the same job",
           metrics_without_an_account_meet_the_facts_of_the_same_job},
          {"job documents of a part of the runs do not split a model",
           job_documents_of_a_part_of_the_runs_do_not_split_a_model},
          {"an unknown account stays its own beside several known ones",
           an_unknown_account_stays_its_own_beside_several_known_ones},
          {"runs of one name in two models are two runs", runs_of_one_name_in_two_models_are_two_runs},
          {"models are found in the order of what is known", models_are_found_in_the_order_of_what_is_known},
          {"a tuning job is one run with its best trial", a_tuning_job_is_one_run_with_its_best_trial},
          {"a failed save or load changes nothing", a_failed_save_or_load_changes_nothing},
          {"every allocation may fail", every_allocation_may_fail},
          {"the ceiling is an error with a name", the_ceiling_is_an_error_with_a_name})
