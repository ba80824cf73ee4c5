#include "tests/kit/points.h"

#include <string.h>

#define T0    ((int64_t)1560348000000) /* 2019-06-12T14:00:00Z */
#define NEVER INT64_MIN
#define RUN   "job-2019-06-12-13-55-01"

/* Closes a run of which `input` speaks, and copies what its record says. */
static struct lw_run closed(struct kit_input *input)
{
    struct kit_random random = {1};
    struct kit_gather kit;
    struct lw_run run;

    kit_shuffle(input, &random);
    kit_gather_open(&kit, NULL);
    kit_gather_take(&kit, input, 0, SIZE_MAX);
    kit_gather_end(&kit);
    CU_ASSERT_EQUAL_FATAL(kit.histories.models_n, 1);
    run = *kit.histories.models[0].runs[0];
    kit_gather_close(&kit);
    return run;
}

static void add_curve(struct kit_input *input)
{
    for (int64_t i = 0; i < 10; i++)
        kit_single(input, RUN, "acc", T0 + i * LW_MINUTE, 0.5 + 0.01 * (double)i);
}

static void add_heartbeat(struct kit_input *input)
{
    for (int64_t i = 0; i < 15; i++)
        if (i != 7)
            kit_single(input, RUN, "CPUUtilization", T0 + (i - 3) * LW_MINUTE, 97.0)->point.flags =
                LW_POINT_HEARTBEAT | LW_POINT_CLOUDWATCH;
}

static void durations_come_from_the_best_source_that_is_known(void)
{
    struct kit_input input = {0};
    struct lw_run run;

    add_heartbeat(&input);
    run = closed(&input);
    CU_ASSERT_EQUAL(run.duration_source, LW_DURATION_HEARTBEAT);
    CU_ASSERT_EQUAL(run.duration.ms, 15 * LW_MINUTE);
    CU_ASSERT_EQUAL(run.start.ms, T0 - 4 * LW_MINUTE);
    CU_ASSERT_EQUAL(run.end.ms, T0 + 11 * LW_MINUTE);
    CU_ASSERT(run.flags & LW_RUN_MINUTE_TIMES);
    CU_ASSERT(!run.has_metric_span);
    add_curve(&input);
    run = closed(&input);
    CU_ASSERT_EQUAL(run.duration_source, LW_DURATION_CURVE);
    CU_ASSERT_EQUAL(run.duration.ms, 10 * LW_MINUTE);
    CU_ASSERT_EQUAL(run.start.ms, T0 - LW_MINUTE);
    CU_ASSERT_EQUAL(run.end.ms, T0 + 9 * LW_MINUTE);
    CU_ASSERT_EQUAL(run.metrics_first.ms, T0);
    kit_fact(&input, RUN, LW_FACT_TRAINING_SECONDS, LW_RANK_LOG, NULL, NULL, 700.5, NEVER, NEVER);
    run = closed(&input);
    CU_ASSERT_EQUAL(run.duration_source, LW_DURATION_LOG);
    CU_ASSERT_EQUAL(run.duration.ms, 700500);
    kit_fact(&input, RUN, LW_FACT_TRAINING_SECONDS, LW_RANK_API, NULL, NULL, 650.0, NEVER, NEVER);
    CU_ASSERT_EQUAL(closed(&input).duration.ms, 650000);
    /* Spot: two training phases, with an interruption between them. */
    kit_fact(&input, RUN, LW_FACT_PHASE, LW_RANK_API, NULL, "Training", 0, T0 - 5000, T0 + 100000);
    kit_fact(&input, RUN, LW_FACT_PHASE, LW_RANK_API, NULL, "Interrupted", 0, T0 + 100000, T0 + 300000);
    kit_fact(&input, RUN, LW_FACT_PHASE, LW_RANK_API, NULL, "Training", 0, T0 + 300000, T0 + 600123);
    kit_fact(&input, RUN, LW_FACT_PHASE, LW_RANK_API, NULL, "Training", 0, T0 + 300000, NEVER);
    kit_fact(&input, RUN, LW_FACT_SPOT, LW_RANK_API, NULL, NULL, 1.0, NEVER, NEVER);
    run = closed(&input);
    CU_ASSERT_EQUAL(run.duration_source, LW_DURATION_PHASE);
    CU_ASSERT_EQUAL(run.duration.ms, 105000 + 300123);
    CU_ASSERT_EQUAL(run.start.ms, T0 - 5000);
    CU_ASSERT_EQUAL(run.end.ms, T0 + 600123);
    CU_ASSERT(run.flags & LW_RUN_RESUMED);
    CU_ASSERT(run.flags & LW_RUN_SPOT);
    CU_ASSERT(!(run.flags & LW_RUN_MINUTE_TIMES));
    kit_fact(&input, RUN, LW_FACT_STARTED, LW_RANK_API, NULL, NULL, 0, T0 - 90000, NEVER);
    kit_fact(&input, RUN, LW_FACT_ENDED, LW_RANK_API, NULL, NULL, 0, T0 + 700000, NEVER);
    run = closed(&input);
    CU_ASSERT_EQUAL(run.start.ms, T0 - 90000);
    CU_ASSERT_EQUAL(run.end.ms, T0 + 700000);
    CU_ASSERT_EQUAL(run.duration.ms, 105000 + 300123);
    kit_input_close(&input);
}

static void one_datapoint_has_a_time_but_no_duration(void)
{
    struct kit_input input = {0};
    struct lw_run run;

    kit_single(&input, RUN, "acc", T0, 0.5);
    run = closed(&input);
    CU_ASSERT_EQUAL(run.duration_source, LW_DURATION_NONE);
    CU_ASSERT_EQUAL(run.start.ms, T0);
    CU_ASSERT_EQUAL(run.end.ms, T0);
    kit_input_close(&input);
}

static void the_stamp_in_the_name_is_the_last_resort_for_the_start(void)
{
    struct kit_input input = {0};
    struct lw_run run;

    kit_fact(&input, RUN, LW_FACT_STATUS, LW_RANK_API, NULL, NULL, LW_STATUS_IN_PROGRESS, NEVER, NEVER);
    run = closed(&input);
    CU_ASSERT_EQUAL(run.start.ms, 1560347701000); /* 2019-06-12T13:55:01Z */
    CU_ASSERT(!run.has_end);
    CU_ASSERT_EQUAL(run.outcome, LW_OUTCOME_IN_PROGRESS);
    kit_fact(&input, RUN, LW_FACT_CREATED, LW_RANK_API, NULL, NULL, 0, T0 - 1, NEVER);
    CU_ASSERT_EQUAL(closed(&input).start.ms, T0 - 1);
    kit_input_close(&input);
}

static void an_end_before_the_start_is_not_believed(void)
{
    struct kit_input input = {0};
    struct lw_run run;

    add_curve(&input);
    kit_fact(&input, RUN, LW_FACT_STARTED, LW_RANK_API, NULL, NULL, 0, T0, NEVER);
    kit_fact(&input, RUN, LW_FACT_ENDED, LW_RANK_API, NULL, NULL, 0, T0 - 5000, NEVER);
    run = closed(&input);
    CU_ASSERT_EQUAL(run.end.ms, T0 + 9 * LW_MINUTE);
    kit_input_close(&input);
}

static void a_run_without_clock_has_no_times(void)
{
    struct kit_input input = {0};
    struct kit_gather kit;
    const struct lw_run *run;

    for (int64_t i = 0; i < 5; i++)
        kit_plain(&input, "log", "acc", i, 0.5)->point.flags = LW_POINT_STEP;
    kit_fact(&input, "log", LW_FACT_NO_CLOCK, LW_RANK_LOG, NULL, NULL, 0, NEVER, NEVER);
    kit_gather_open(&kit, NULL);
    kit_gather_take(&kit, &input, 0, SIZE_MAX);
    kit_gather_end(&kit);
    run = kit_gather_run(&kit, "log");
    CU_ASSERT(run->flags & LW_RUN_STEPS);
    CU_ASSERT(!run->has_start && !run->has_end && !run->has_metric_span);
    CU_ASSERT_EQUAL(run->duration_source, LW_DURATION_NONE);
    CU_ASSERT_EQUAL(lw_run_metrics(run)->summary.last_at, 4);
    CU_ASSERT(!lw_run_metrics(run)->summary.has_slope);
    CU_ASSERT(!kit.histories.has_data_end);
    kit_gather_close(&kit);
    kit_input_close(&input);
}

static void outcomes_follow_from_status_and_secondary_status(void)
{
    static const struct {
        int status; /* -1: none */
        const char *secondary, *phase, *failure;
        enum lw_outcome outcome;
    } rows[] = {
        {-1, NULL, NULL, NULL, LW_OUTCOME_UNKNOWN},
        {LW_STATUS_COMPLETED, "Completed", NULL, NULL, LW_OUTCOME_COMPLETED},
        {LW_STATUS_FAILED, "Failed", NULL, "AlgorithmError", LW_OUTCOME_FAILED},
        {LW_STATUS_STOPPED, "Stopped", NULL, NULL, LW_OUTCOME_STOPPED},
        {LW_STATUS_STOPPED, "MaxRuntimeExceeded", NULL, NULL, LW_OUTCOME_OUT_OF_TIME},
        {LW_STATUS_STOPPED, "Stopped", "MaxWaitTimeExceeded", NULL, LW_OUTCOME_OUT_OF_TIME},
        {LW_STATUS_COMPLETED, "Completed", "MaxRuntimeExceeded", NULL, LW_OUTCOME_COMPLETED},
        {LW_STATUS_IN_PROGRESS, "Training", NULL, NULL, LW_OUTCOME_IN_PROGRESS},
        {LW_STATUS_STOPPING, "Stopping", NULL, NULL, LW_OUTCOME_IN_PROGRESS},
        {-1, "Failed", NULL, NULL, LW_OUTCOME_FAILED},
        {-1, NULL, NULL, "ResourceLimitExceeded", LW_OUTCOME_FAILED},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct kit_input input = {0};

        kit_fact(&input, RUN, LW_FACT_INSTANCE_COUNT, LW_RANK_API, NULL, NULL, 2.0, NEVER, NEVER);
        if (rows[i].status >= 0)
            kit_fact(&input, RUN, LW_FACT_STATUS, LW_RANK_API, NULL, NULL, rows[i].status, NEVER, NEVER);
        if (rows[i].secondary != NULL)
            kit_fact(&input, RUN, LW_FACT_SECONDARY, LW_RANK_API, NULL, rows[i].secondary, 0, NEVER, NEVER);
        if (rows[i].phase != NULL)
            kit_fact(&input, RUN, LW_FACT_PHASE, LW_RANK_API, NULL, rows[i].phase, 0, T0, NEVER);
        if (rows[i].failure != NULL)
            kit_fact(&input, RUN, LW_FACT_FAILURE, LW_RANK_API, NULL, rows[i].failure, 0, NEVER, NEVER);
        CU_ASSERT_EQUAL(closed(&input).outcome, rows[i].outcome);
        CU_ASSERT_EQUAL(closed(&input).instance_count, 2);
        kit_input_close(&input);
    }
}

static void a_final_status_is_not_taken_back(void)
{
    struct kit_input input = {0};

    kit_fact(&input, RUN, LW_FACT_STATUS, LW_RANK_API, NULL, NULL, LW_STATUS_IN_PROGRESS, T0 + 5, NEVER);
    kit_fact(&input, RUN, LW_FACT_STATUS, LW_RANK_LOG, NULL, NULL, LW_STATUS_COMPLETED, NEVER, NEVER);
    CU_ASSERT_EQUAL(closed(&input).outcome, LW_OUTCOME_COMPLETED);
    kit_fact(&input, RUN, LW_FACT_STATUS, LW_RANK_API, NULL, NULL, LW_STATUS_FAILED, T0, NEVER);
    CU_ASSERT_EQUAL(closed(&input).outcome, LW_OUTCOME_FAILED);
    kit_input_close(&input);
}

static void final_values_and_nans_are_kept_of_metrics_without_points(void)
{
    struct kit_input input = {0};
    struct kit_gather kit;
    const struct lw_run *run;
    const struct lw_metric *metric;

    add_curve(&input);
    kit_fact(&input, RUN, LW_FACT_FINAL_METRIC, LW_RANK_API, "acc", NULL, 0.1, T0, NEVER);
    kit_fact(&input, RUN, LW_FACT_FINAL_METRIC, LW_RANK_API, "f1", NULL, 0.03457000106573105, T0, NEVER);
    for (int64_t i = 0; i < 3; i++)
        kit_fact(&input, RUN, LW_FACT_NOT_A_NUMBER, LW_RANK_LOG, "broken", NULL, 0, T0 + i % 2, NEVER);
    kit_fact(&input, RUN, LW_FACT_NOT_A_NUMBER, LW_RANK_LOG, "acc", NULL, 0, T0 + 1, NEVER);
    kit_gather_open(&kit, NULL);
    kit_gather_take(&kit, &input, 0, SIZE_MAX);
    kit_gather_end(&kit);
    run = kit_gather_run(&kit, RUN);
    CU_ASSERT_EQUAL(run->metrics_n, 3);
    metric = lw_run_metric(run, LW_STR("acc"));
    CU_ASSERT_FATAL(metric != NULL);
    CU_ASSERT_EQUAL(metric->summary.count, 10);
    CU_ASSERT_EQUAL(metric->summary.not_a_number, 1);
    CU_ASSERT(!metric->summary.final_only);
    metric = lw_run_metric(run, LW_STR("f1"));
    CU_ASSERT_FATAL(metric != NULL);
    CU_ASSERT(metric->summary.final_only);
    CU_ASSERT_EQUAL(metric->summary.last, 0.03457000106573105);
    CU_ASSERT_EQUAL(metric->summary.decimal_step, 1e-5);
    CU_ASSERT_EQUAL(metric->values_n, 0);
    metric = lw_run_metric(run, LW_STR("broken"));
    CU_ASSERT_FATAL(metric != NULL);
    CU_ASSERT_EQUAL(metric->summary.count, 0);
    CU_ASSERT_EQUAL(metric->summary.not_a_number, 2);
    kit_gather_close(&kit);
    kit_input_close(&input);
}

KIT_SUITE("facts",
          {"durations come from the best source that is known", durations_come_from_the_best_source_that_is_known},
          {"one datapoint has a time but no duration", one_datapoint_has_a_time_but_no_duration},
          {"the stamp in the name is the last resort for the start",
           the_stamp_in_the_name_is_the_last_resort_for_the_start},
          {"an end before the start is not believed", an_end_before_the_start_is_not_believed},
          {"a run without clock has no times", a_run_without_clock_has_no_times},
          {"outcomes follow from status and secondary status", outcomes_follow_from_status_and_secondary_status},
          {"a final status is not taken back", a_final_status_is_not_taken_back},
          {"final values and NaNs are kept of metrics without points",
           final_values_and_nans_are_kept_of_metrics_without_points})
