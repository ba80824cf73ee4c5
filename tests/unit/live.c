#include "tests/kit/alloc.h"
#include "tests/kit/living.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MINUTE LW_MINUTE
#define T0     ((int64_t)1560348000000) /* 2019-06-12T14:00:00Z */
#define NEVER  INT64_MIN

/* A bit of everything: plain values and sets, partial ones, unfinished minutes sent twice, heartbeats, steps, facts. */
static void add_run(struct kit_input *input, const char *run, const char *origin, int64_t start, int points,
                    struct kit_random *random)
{
    for (int64_t i = 0; i < points; i++) {
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
        kit_plain(input, run, "progress", at, -0.0);
        kit_plain(input, run, "CPUUtilization", at - MINUTE, 97.0)->point.flags =
            LW_POINT_CLOUDWATCH | LW_POINT_HEARTBEAT;
        kit_plain(input, run, "by_epoch", i, x)->point.flags = LW_POINT_STEP;
    }
    kit_fact(input, run, LW_FACT_NOT_A_NUMBER, LW_RANK_LOG, "rmse", NULL, 0.0, start, NEVER);
    kit_fact(input, run, LW_FACT_FINAL_METRIC, LW_RANK_API, "final", NULL, 0.03457000106573105, start, NEVER);
    kit_fact(input, run, LW_FACT_STATUS, LW_RANK_API, NULL, NULL, LW_STATUS_IN_PROGRESS, start, NEVER);
    kit_fact(input, run, LW_FACT_STATUS, LW_RANK_LOG, NULL, NULL, LW_STATUS_COMPLETED, NEVER, NEVER);
    kit_fact(input, run, LW_FACT_TRAINING_SECONDS, LW_RANK_LOG, NULL, NULL, 1800.0, NEVER, NEVER)->origin = origin;
    kit_fact(input, run, LW_FACT_PHASE, LW_RANK_API, NULL, "Training", 0.0, start, start + 500);
    kit_fact(input, run, LW_FACT_INSTANCE_TYPE, LW_RANK_API, NULL, "ml.p2.xlarge", 0.0, NEVER, NEVER);
}

static void add_everything(struct kit_input *input, struct kit_random *random)
{
    static const char *const origin = "123:eu-west-1";

    add_run(input, "churn-2019-06-12-14-00-00-001", origin, T0, 12, random);
    add_run(input, "churn-2019-06-12-15-00-00-001", origin, T0 + LW_HOUR, 12, random);
    add_run(input, "churn-2019-06-12-15-00-00-001", NULL, T0 + LW_HOUR, 12, random);
    add_run(input, "other-190612-1500", "123:eu-west-1", T0 + LW_HOUR, 8, random);
    add_run(input, "other-190612-1500", "456:eu-west-1", T0 + LW_HOUR, 8, random);
    add_run(input, "tune-190612-1500-001-0123abcd", NULL, T0, 6, random);
    add_run(input, "tune-190612-1500-002-89abcdef", NULL, T0 + LW_HOUR, 6, random);
    add_run(input, "a-trial-of-another-name", NULL, T0 + LW_HOUR, 6, random);
    kit_fact(input, "a-trial-of-another-name", LW_FACT_TUNING_JOB, LW_RANK_API, NULL, "tune-190612-1500", 0, NEVER,
             NEVER);
    add_run(input, "third-trial", NULL, T0, 6, random);
    kit_fact(input, "third-trial", LW_FACT_TUNING_JOB, LW_RANK_API, NULL, "tune-190612-1500", 0, NEVER, NEVER);
    kit_fact(input, "third-trial", LW_FACT_TUNING_JOB, LW_RANK_LOG, NULL, "tune-190611-1500", 0, NEVER, NEVER);
    for (int64_t run = 0; run < 5; run++)
        for (int64_t i = 0; i < 12; i++)
            kit_plain(input, NULL, "accuracy", T0 + (run * 40 + i) * MINUTE,
                      1.0 - exp(-(double)i / 4.0) + 0.01 * kit_random_normal(random))
                ->model = "nameless";
}

static bool same_bytes(struct lw_buf *a, struct lw_buf *b)
{
    bool same = a->len == b->len && memcmp(a->at, b->at, a->len) == 0;

    lw_buf_close(a);
    lw_buf_close(b);
    return same;
}

static bool runs_are_those_of(const struct kit_living *it, const struct kit_input *input)
{
    struct lw_buf got = kit_living_bytes(it), want = kit_offline_bytes(input, &it->rules);

    return same_bytes(&got, &want);
}

/* Whatever happens in between: units that close too early, processes that die, commits that fail. */
static void live_runs_are_the_offline_runs_to_the_bit(void)
{
    struct kit_random random = kit_seed(20261122);
    struct kit_input input = {0};
    size_t all;

    add_everything(&input, &random);
    all = input.points_n;
    for (int round = 0; round < 20; round++) {
        struct kit_living it = kit_living_open();
        int64_t now = T0;
        size_t from = 0, committed = 0;

        if (input.points_n < 2 * all)
            kit_repeat(&input, (size_t)round * 8, &random);
        if (round > 0)
            kit_shuffle(&input, &random);
        while (from < input.points_n || from < input.facts_n) {
            size_t to = from + 1 + (size_t)(kit_random_bits(&random) % (round % 3 == 0 ? 400 : 40));
            double what = kit_random_uniform(&random);
            uint32_t source = (uint32_t)(kit_random_bits(&random) % 3);

            CU_ASSERT_EQUAL_FATAL(kit_living_take(&it, source, now, &input, from, to, NULL), LW_ERR_OK);
            now += (int64_t)(kit_random_uniform(&random) * 20.0 * (double)MINUTE);
            lw_live_watermark(it.live, source, (lw_time){T0 + (int64_t)(kit_random_uniform(&random) * 4e7)});
            if (what < 0.5)
                kit_living_due(&it, now, what < 0.02, (size_t)(kit_random_bits(&random) % 4));
            from = to;
            what = kit_random_uniform(&random);
            if (what < 0.1) {
                kit_living_rollback(&it);
                from = committed;
            } else if (what < 0.2) {
                kit_living_restart(&it, now);
                from = committed;
            } else if (what < 0.8) {
                kit_living_commit(&it);
                committed = from;
            }
        }
        kit_living_due(&it, now, true, SIZE_MAX);
        kit_living_commit(&it);
        CU_ASSERT_EQUAL(kit_living_counts(&it).units_open, 0);
        CU_ASSERT(runs_are_those_of(&it, &input));
        kit_living_close(&it);
    }
    kit_input_close(&input);
}

KIT_SUITE("live", {"live runs are the offline runs to the bit", live_runs_are_the_offline_runs_to_the_bit})
