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

/* Points [from, to) of one curve, a minute apart. */
static void minutes(struct kit_input *input, const char *run, int64_t from, int64_t to)
{
    for (int64_t i = from; i < to; i++)
        kit_single(input, run, "accuracy", T0 + i * MINUTE, 0.5 + 0.001 * (double)i);
}

static void late_data_open_a_closed_run_again(void)
{
    struct kit_living it = kit_living_open();
    struct kit_input input = {0};

    minutes(&input, "job", 0, 10);
    CU_ASSERT_EQUAL(kit_living_take(&it, 0, T0, &input, 0, 8, NULL), LW_ERR_OK);
    CU_ASSERT_EQUAL(kit_living_due(&it, T0 + LW_HOUR, false, 9), 1);
    kit_living_commit(&it);
    CU_ASSERT_EQUAL(kit_living_counts(&it).units_open, 0);
    CU_ASSERT_EQUAL(kit_living_counts(&it).points_held, 0);
    CU_ASSERT_EQUAL(kit_living_unit(&it, "run/job")->open, false);
    CU_ASSERT_EQUAL(kit_living_take(&it, 0, T0 + LW_DAY, &input, 8, 10, NULL), LW_ERR_OK);
    CU_ASSERT_EQUAL(kit_living_counts(&it).units_open, 1);
    CU_ASSERT_EQUAL(kit_living_counts(&it).points_held, 10);
    /* Due again by the same rule. */
    CU_ASSERT_EQUAL(lw_live_next_due(it.live).ms, T0 + LW_DAY + 15 * MINUTE);
    CU_ASSERT_EQUAL(kit_living_due(&it, T0 + LW_DAY + 15 * MINUTE - 1, false, 9), 0);
    CU_ASSERT_EQUAL(kit_living_due(&it, T0 + LW_DAY + 15 * MINUTE, false, 9), 1);
    kit_living_commit(&it);
    CU_ASSERT(runs_are_those_of(&it, &input));
    kit_input_close(&input);
    kit_living_close(&it);
}

static void what_is_known_opens_no_closed_run(void)
{
    struct kit_living it = kit_living_open();
    struct kit_input input = {0};
    struct kit_random random = kit_seed(77);
    struct lw_buf before, after;

    add_run(&input, "job", NULL, T0, 12, &random);
    CU_ASSERT_EQUAL(kit_living_take(&it, 0, T0, &input, 0, SIZE_MAX, NULL), LW_ERR_OK);
    CU_ASSERT_EQUAL(kit_living_due(&it, T0 + LW_HOUR, false, 9), 1);
    kit_living_commit(&it);
    before = kit_living_bytes(&it);
    CU_ASSERT_EQUAL(kit_living_take(&it, 0, T0 + LW_DAY, &input, 0, SIZE_MAX, NULL), LW_ERR_OK);
    CU_ASSERT_EQUAL(kit_living_counts(&it).units_open, 0);
    CU_ASSERT_EQUAL(lw_live_next_due(it.live).ms, LW_TIME_MAX);
    CU_ASSERT_EQUAL(kit_living_due(&it, T0 + 100 * LW_DAY, true, 9), 0);
    kit_living_commit(&it);
    after = kit_living_bytes(&it);
    CU_ASSERT(same_bytes(&before, &after));
    kit_input_close(&input);
    kit_living_close(&it);
}

static void a_datapoint_is_fresh_once(void)
{
    struct kit_living it = kit_living_open();
    struct kit_input input = {0};
    uint8_t fresh[16];
    static const uint8_t want[] = {1, 0, 1, 0, 1, 1, 0, 1, 1, 0, 1, 0};

    kit_single(&input, "job", "accuracy", T0, 0.5);
    kit_single(&input, "job", "accuracy", T0, 0.5);
    kit_single(&input, "job", "accuracy", T0, 0.75); /* a greater one takes its place */
    kit_single(&input, "job", "accuracy", T0, 0.25); /* a lesser one cannot */
    kit_single(&input, "job", "accuracy", T0 - 1, 0.5);
    kit_plain(&input, "job", "loss", T0, 0.5);
    kit_plain(&input, "job", "loss", T0, 0.5);
    kit_plain(&input, "job", "loss", T0, 0.25); /* plain values differ */
    kit_set(&input, "job", "rmse", T0, 4.0, 1.0, 3.0, 2.0);
    kit_set(&input, "job", "rmse", T0, 4.0, 1.0, 3.0, 2.0);
    kit_part(&input, "job", "rmse", T0, LW_KNOWN_MAX, 3.0);
    kit_plain(&input, "job", "nothing", T0, (double)NAN);
    memset(fresh, 7, sizeof(fresh));
    CU_ASSERT_EQUAL(kit_living_take(&it, 0, T0, &input, 0, SIZE_MAX, fresh), LW_ERR_OK);
    CU_ASSERT(memcmp(fresh, want, sizeof(want)) == 0);
    CU_ASSERT_EQUAL(kit_living_counts(&it).duplicates, 4);
    CU_ASSERT_EQUAL(kit_living_counts(&it).rejected[LW_REJECT_NOT_FINITE], 1);
    for (int again = 0; again < 3; again++) {
        /* Open, closed, and in another process. */
        CU_ASSERT_EQUAL(kit_living_take(&it, 1, T0, &input, 0, SIZE_MAX, fresh), LW_ERR_OK);
        for (size_t i = 0; i < sizeof(want); i++)
            CU_ASSERT_EQUAL(fresh[i], 0);
        kit_living_due(&it, T0, true, SIZE_MAX);
        kit_living_commit(&it);
        if (again == 1)
            kit_living_restart(&it, T0);
    }
    kit_input_close(&input);
    kit_living_close(&it);
}

/* Against the simplest model of it: a list of all that was there. */
static void fresh_is_what_a_list_of_all_datapoints_says(void)
{
    struct kit_random random = kit_seed(4711);
    struct kit_living it = kit_living_open();
    struct kit_input input = {0};
    uint8_t fresh[64];
    size_t n = 0;

    for (int round = 0; round < 120; round++) {
        size_t more = 1 + (size_t)(kit_random_bits(&random) % 40);

        for (size_t i = 0; i < more; i++) {
            uint64_t bits = kit_random_bits(&random);
            int64_t at = T0 + (int64_t)(bits % 97) * 1000;
            double value = (double)(bits >> 16 & 3);
            const char *metric = bits >> 20 & 1 ? "a" : "b";

            if (bits >> 24 & 1)
                kit_single(&input, "job", metric, at, value);
            else if (bits >> 25 & 1)
                kit_plain(&input, "job", metric, at, value);
            else
                kit_part(&input, "job", metric, at, bits >> 26 & 1 ? LW_KNOWN_MAX : LW_KNOWN_MIN, value);
        }
        CU_ASSERT_EQUAL(kit_living_take(&it, 0, T0, &input, n, n + more, fresh), LW_ERR_OK);
        for (size_t i = n; i < n + more; i++) {
            const struct kit_point *now = &input.points[i];
            bool there = false;

            for (size_t k = 0; k < i; k++) {
                const struct kit_point *then = &input.points[k];
                double value = now->point.known == LW_KNOWN_MIN   ? now->point.min
                               : now->point.known == LW_KNOWN_MAX ? now->point.max
                                                                  : now->point.average;
                double before = then->point.known == LW_KNOWN_MIN   ? then->point.min
                                : then->point.known == LW_KNOWN_MAX ? then->point.max
                                                                    : then->point.average;

                if (strcmp(now->metric, then->metric) != 0 || now->point.at != then->point.at ||
                    now->point.known != then->point.known || now->point.flags != then->point.flags)
                    continue;
                there = there || (now->point.flags & LW_POINT_CLOUDWATCH ? value <= before : value == before);
            }
            CU_ASSERT_EQUAL(fresh[i - n], !there);
        }
        n += more;
        if (kit_random_uniform(&random) < 0.3)
            kit_living_due(&it, T0, true, SIZE_MAX);
        if (kit_random_uniform(&random) < 0.6)
            kit_living_commit(&it);
    }
    kit_input_close(&input);
    kit_living_close(&it);
}

static void instance_metrics_are_fresh_outside_of_the_span_seen(void)
{
    struct kit_living it = kit_living_open();
    struct kit_input input = {0};
    uint8_t fresh[8];
    static const uint8_t want[] = {1, 1, 0, 1, 1};

    kit_plain(&input, "job", "CPUUtilization", T0 + MINUTE, 1.0);
    kit_plain(&input, "job", "CPUUtilization", T0, 1.0);
    kit_plain(&input, "job", "CPUUtilization", T0, 1.0);
    kit_plain(&input, "job", "MemoryUtilization", T0, 1.0);
    kit_plain(&input, "job", "MemoryUtilization", T0 + MINUTE, 1.0);
    for (size_t i = 0; i < input.points_n; i++)
        input.points[i].point.flags = LW_POINT_CLOUDWATCH | LW_POINT_HEARTBEAT;
    CU_ASSERT_EQUAL(kit_living_take(&it, 0, T0, &input, 0, SIZE_MAX, fresh), LW_ERR_OK);
    CU_ASSERT(memcmp(fresh, want, sizeof(want)) == 0);
    kit_living_commit(&it);
    kit_living_restart(&it, T0);
    CU_ASSERT_EQUAL(kit_living_take(&it, 0, T0, &input, 0, SIZE_MAX, fresh), LW_ERR_OK);
    for (size_t i = 0; i < sizeof(want); i++)
        CU_ASSERT_EQUAL(fresh[i], 0);
    kit_input_close(&input);
    kit_living_close(&it);
}

static void what_came_too_late_is_counted(void)
{
    struct kit_living it = kit_living_open();
    struct kit_input input = {0};
    uint8_t fresh[16] = {9};

    minutes(&input, "job", 0, 10);
    kit_fact(&input, "job", LW_FACT_STATUS, LW_RANK_API, NULL, NULL, LW_STATUS_COMPLETED, T0, NEVER);
    CU_ASSERT_EQUAL(kit_living_take(&it, 0, T0, &input, 0, 8, NULL), LW_ERR_OK);
    kit_living_due(&it, T0, true, SIZE_MAX);
    kit_living_commit(&it);
    kit_living_unit(&it, "run/job")->pruned = true;
    CU_ASSERT_EQUAL(kit_living_take(&it, 0, T0, &input, 8, 10, fresh), LW_ERR_OK);
    CU_ASSERT_EQUAL(fresh[0], 0);
    CU_ASSERT_EQUAL(fresh[1], 0);
    CU_ASSERT_EQUAL(kit_living_counts(&it).rejected[LW_REJECT_TOO_LATE], 2);
    CU_ASSERT_EQUAL(kit_living_counts(&it).late, 2);
    CU_ASSERT_EQUAL(kit_living_counts(&it).units_open, 0);
    kit_input_close(&input);
    kit_living_close(&it);
}

static void data_without_run_ids_go_on_where_the_old_ones_were_given_up(void)
{
    struct kit_living it = kit_living_open();
    struct kit_input input = {0};

    for (int64_t i = 0; i < 40; i++)
        kit_plain(&input, NULL, "accuracy", T0 + i * MINUTE, 0.5)->model = "m";
    CU_ASSERT_EQUAL(kit_living_take(&it, 0, T0, &input, 0, 20, NULL), LW_ERR_OK);
    kit_living_due(&it, T0, true, SIZE_MAX);
    kit_living_commit(&it);
    kit_living_unit(&it, "model/m")->pruned = true;
    CU_ASSERT_EQUAL(kit_living_take(&it, 0, T0, &input, 20, 40, NULL), LW_ERR_OK);
    kit_living_due(&it, T0, true, SIZE_MAX);
    kit_living_commit(&it);
    CU_ASSERT_EQUAL(kit_living_counts(&it).rejected[LW_REJECT_TOO_LATE], 0);
    CU_ASSERT_PTR_NOT_NULL_FATAL(kit_living_unit(&it, "model/m#1"));
    CU_ASSERT_EQUAL(kit_living_unit(&it, "model/m#1")->runs_n, 1);
    kit_input_close(&input);
    kit_living_close(&it);
}

static void a_rollback_takes_everything_back(void)
{
    struct kit_random random = kit_seed(99);
    struct kit_living it = kit_living_open();
    struct kit_input input = {0};
    struct lw_live_counts before, after;
    struct lw_buf saved, again;
    size_t half;

    add_everything(&input, &random);
    kit_shuffle(&input, &random);
    half = input.points_n / 2;
    CU_ASSERT_EQUAL(kit_living_take(&it, 0, T0, &input, 0, half, NULL), LW_ERR_OK);
    kit_living_due(&it, T0 + LW_HOUR, true, 3);
    kit_living_commit(&it);
    before = kit_living_counts(&it);
    saved = kit_living_unit(&it, "run/churn-2019-06-12-14-00-00-001")->bytes;
    saved = (struct lw_buf){.at = memcpy(malloc(saved.len), saved.at, saved.len), .len = saved.len};
    for (int round = 0; round < 3; round++) {
        CU_ASSERT_EQUAL(kit_living_take(&it, 1, T0 + LW_DAY, &input, half, SIZE_MAX, NULL), LW_ERR_OK);
        lw_live_watermark(it.live, 1, (lw_time){T0 + 90 * LW_DAY});
        kit_living_due(&it, T0 + 2 * LW_DAY, round == 1, 4);
        kit_living_rollback(&it);
        after = kit_living_counts(&it);
        CU_ASSERT_EQUAL(after.units_open, before.units_open);
        CU_ASSERT_EQUAL(after.duplicates, before.duplicates);
        /* Nothing is dirty. */
        kit_living_commit(&it);
        again = kit_living_unit(&it, "run/churn-2019-06-12-14-00-00-001")->bytes;
        CU_ASSERT(again.len == saved.len && memcmp(again.at, saved.at, again.len) == 0);
    }
    free(saved.at);
    CU_ASSERT_EQUAL(kit_living_take(&it, 1, T0 + LW_DAY, &input, half, SIZE_MAX, NULL), LW_ERR_OK);
    kit_living_due(&it, T0, true, SIZE_MAX);
    kit_living_commit(&it);
    CU_ASSERT(runs_are_those_of(&it, &input));
    kit_input_close(&input);
    kit_living_close(&it);
}

static void a_trial_known_by_a_fact_alone_joins_its_tuning_job(void)
{
    struct kit_living it = kit_living_open();
    struct kit_input input = {0};

    minutes(&input, "odd-name", 0, 10);
    minutes(&input, "tj-001-0123abcd", 20, 30);
    CU_ASSERT_EQUAL(kit_living_take(&it, 0, T0, &input, 0, SIZE_MAX, NULL), LW_ERR_OK);
    kit_living_due(&it, T0, true, SIZE_MAX);
    kit_living_commit(&it);
    CU_ASSERT_EQUAL(kit_living_unit(&it, "run/odd-name")->runs_n, 1);
    kit_fact(&input, "odd-name", LW_FACT_TUNING_JOB, LW_RANK_API, NULL, "tj", 0, NEVER, NEVER);
    CU_ASSERT_EQUAL(kit_living_take(&it, 0, T0, &input, 0, SIZE_MAX, NULL), LW_ERR_OK);
    CU_ASSERT_EQUAL(kit_living_due(&it, T0, true, SIZE_MAX), 2);
    kit_living_commit(&it);
    CU_ASSERT_EQUAL(kit_living_unit(&it, "run/odd-name")->runs_n, 0);
    CU_ASSERT_EQUAL(kit_living_unit(&it, "tuning/tj")->runs_n, 1);
    CU_ASSERT(runs_are_those_of(&it, &input));
    /* Later data of it find their way, in another process too. */
    minutes(&input, "odd-name", 10, 15);
    kit_living_restart(&it, T0);
    CU_ASSERT_EQUAL(kit_living_take(&it, 0, T0, &input, 20, SIZE_MAX, NULL), LW_ERR_OK);
    kit_living_due(&it, T0, true, SIZE_MAX);
    kit_living_commit(&it);
    CU_ASSERT(runs_are_those_of(&it, &input));
    kit_input_close(&input);
    kit_living_close(&it);
}

static void keys_are_printable_and_unique(void)
{
    struct kit_living it = kit_living_open();
    struct kit_input input = {0};

    minutes(&input, "a\nb", 0, 1);
    minutes(&input, "a%0Ab", 0, 1);
    kit_plain(&input, NULL, "accuracy", T0, 0.5)->model = "m#1";
    kit_plain(&input, NULL, "accuracy", T0, 0.5);
    CU_ASSERT_EQUAL(kit_living_take(&it, 0, T0, &input, 0, SIZE_MAX, NULL), LW_ERR_OK);
    kit_living_commit(&it);
    CU_ASSERT_EQUAL(it.units_n, 4);
    CU_ASSERT_PTR_NOT_NULL(kit_living_unit(&it, "run/a%0Ab"));
    CU_ASSERT_PTR_NOT_NULL(kit_living_unit(&it, "run/a%250Ab"));
    CU_ASSERT_PTR_NOT_NULL(kit_living_unit(&it, "model/m%231"));
    CU_ASSERT_PTR_NOT_NULL(kit_living_unit(&it, "model/"));
    kit_input_close(&input);
    kit_living_close(&it);
}

static void damaged_records_are_refused_and_change_nothing(void)
{
    struct kit_random random = kit_seed(5);
    struct kit_living it = kit_living_open();
    struct kit_input input = {0};
    struct lw_str key = LW_STR("run/churn-2019-06-12-14-00-00-001");
    struct lw_buf record;
    char *copy;

    add_everything(&input, &random);
    CU_ASSERT_EQUAL(kit_living_take(&it, 0, T0, &input, 0, SIZE_MAX, NULL), LW_ERR_OK);
    kit_living_commit(&it);
    record = kit_living_unit(&it, "run/churn-2019-06-12-14-00-00-001")->bytes;
    copy = malloc(record.len);
    CU_ASSERT_PTR_NOT_NULL_FATAL(copy);
    lw_live_close(it.live);
    it.live = NULL;
    CU_ASSERT_EQUAL(kit_living_due(&it, T0, false, 1), 0); /* opens a new one */
    for (size_t n = 0; n < record.len; n++)
        CU_ASSERT_EQUAL(lw_live_load(it.live, 0, key, (struct lw_str){record.at, n}, (lw_time){T0}, NULL),
                        LW_ERR_STATE);
    for (int i = 0; i < 4000; i++) {
        size_t at = (size_t)(kit_random_bits(&random) % record.len);

        memcpy(copy, record.at, record.len);
        copy[at] = (char)(copy[at] ^ (1 << kit_random_bits(&random) % 8));
        CU_ASSERT_EQUAL(lw_live_load(it.live, 0, key, (struct lw_str){copy, record.len}, (lw_time){T0}, NULL),
                        LW_ERR_STATE);
    }
    CU_ASSERT_EQUAL(lw_live_load(it.live, 0, LW_STR("what/is-this"), lw_buf_view(&record), (lw_time){T0}, NULL),
                    LW_ERR_STATE);
    CU_ASSERT_EQUAL(kit_living_counts(&it).units_open, 0);
    CU_ASSERT_EQUAL(kit_living_counts(&it).bytes_held, 0);
    CU_ASSERT_EQUAL(lw_live_load(it.live, 0, key, lw_buf_view(&record), (lw_time){T0}, NULL), LW_ERR_OK);
    CU_ASSERT_EQUAL(lw_live_load(it.live, 0, key, lw_buf_view(&record), (lw_time){T0}, NULL), LW_ERR_USAGE);
    free(copy);
    kit_input_close(&input);
    kit_living_close(&it);
}

static void the_ceiling_is_an_error_with_a_name_and_taken_back(void)
{
    struct kit_living it = kit_living_open();
    struct kit_input input = {0};
    size_t from = 0;
    enum lw_err err = LW_ERR_OK;

    it.ceiling = 200000;
    minutes(&input, "job", 0, 40000);
    while (err == LW_ERR_OK && from < input.points_n) {
        err = kit_living_take(&it, 0, T0, &input, from, from + 100, NULL);
        if (err == LW_ERR_OK) {
            from += 100;
            if (from % 300 == 0)
                kit_living_commit(&it);
        }
    }
    CU_ASSERT_EQUAL(err, LW_ERR_LIMIT);
    CU_ASSERT(from > 2000);
    CU_ASSERT(kit_living_counts(&it).bytes_held <= it.ceiling + 4096);
    kit_living_rollback(&it);
    CU_ASSERT_EQUAL(kit_living_take(&it, 0, T0, &input, from - from % 300, from - from % 300 + 10, NULL), LW_ERR_OK);
    kit_input_close(&input);
    kit_living_close(&it);
}

static void an_error_of_the_store_is_handed_on(void)
{
    struct kit_living it = kit_living_open();
    struct kit_input input = {0};

    minutes(&input, "job", 0, 2);
    it.fetch_fails = LW_ERR_IO;
    CU_ASSERT_EQUAL(kit_living_take(&it, 0, T0, &input, 0, 1, NULL), LW_ERR_IO);
    kit_living_rollback(&it);
    it.fetch_fails = LW_ERR_OK;
    CU_ASSERT_EQUAL(kit_living_take(&it, 0, T0, &input, 0, 2, NULL), LW_ERR_OK);
    CU_ASSERT_EQUAL(kit_living_counts(&it).points_held, 2);
    kit_input_close(&input);
    kit_living_close(&it);
}

/* A turn with all that happens in it; whatever fails, a rollback and the same again give what offline gives. */
struct torture {
    struct kit_input input;
    struct lw_buf want;
};

static enum lw_err turn(struct lw_live *live, const struct lw_point *points, size_t points_n,
                        const struct lw_fact *facts, size_t facts_n, struct lw_arena *arena, struct lw_buf *runs)
{
    const struct lw_live_record *records;
    size_t n;
    bool found = true;
    enum lw_err err = lw_live_take(live, 0, (lw_time){T0}, points, points_n, facts, facts_n, NULL, NULL);

    lw_buf_clear(runs);
    while (err == LW_ERR_OK && found) {
        struct lw_live_closed closed;

        err = lw_live_close_next(live, (lw_time){T0}, true, arena, &closed, &found, NULL);
        for (size_t i = 0; err == LW_ERR_OK && found && i < closed.runs_n; i++)
            lw_buf_bytes(runs, closed.runs[i], closed.runs[i]->bytes);
    }
    if (err == LW_ERR_OK)
        err = runs->error;
    if (err == LW_ERR_OK)
        err = lw_live_dirty(live, arena, &records, &n, NULL);
    return err;
}

static bool tortured(void *self, bool failed)
{
    struct torture *torture = self;
    struct lw_rules rules = lw_rules_default();
    struct lw_arena arena = {.ceiling = (size_t)1 << 28};
    struct lw_buf runs = {.ceiling = (size_t)1 << 28};
    struct lw_live *live = NULL;
    struct lw_point points[64];
    struct lw_fact facts[16];
    size_t points_n = 0, facts_n = 0;
    bool clean;
    enum lw_err err = lw_live_open(&live, &rules, NULL, (size_t)1 << 28, NULL);

    for (; err == LW_ERR_OK && points_n < torture->input.points_n; points_n++) {
        const struct kit_point *from = &torture->input.points[points_n];

        points[points_n] = from->point;
        err = lw_names_add(lw_live_names(live), lw_str_from(from->run), &points[points_n].run, NULL);
        if (err == LW_ERR_OK)
            err = lw_names_add(lw_live_names(live), lw_str_from(from->metric), &points[points_n].metric, NULL);
    }
    for (; err == LW_ERR_OK && facts_n < torture->input.facts_n; facts_n++) {
        const struct kit_fact *from = &torture->input.facts[facts_n];

        facts[facts_n] = from->fact;
        err = lw_names_add(lw_live_names(live), lw_str_from(from->run), &facts[facts_n].run, NULL);
        if (err == LW_ERR_OK)
            err = lw_names_add(lw_live_names(live), lw_str_from(from->text), &facts[facts_n].text, NULL);
    }
    if (err == LW_ERR_OK)
        err = turn(live, points, points_n, facts, facts_n, &arena, &runs);
    clean = failed ? err == LW_ERR_NOMEM || err == LW_ERR_OK : err == LW_ERR_OK;
    if (err == LW_ERR_NOMEM && live != NULL && points_n == torture->input.points_n &&
        facts_n == torture->input.facts_n && lw_live_rollback(live, NULL) == LW_ERR_OK) {
        lw_buf_close(&runs);
        runs = (struct lw_buf){.ceiling = (size_t)1 << 28};
        err = turn(live, points, points_n, facts, facts_n, &arena, &runs);
        clean = clean && (err == LW_ERR_OK || err == LW_ERR_NOMEM);
    }
    if (err == LW_ERR_OK && torture->want.len == 0)
        lw_buf_str(&torture->want, lw_buf_view(&runs));
    else if (err == LW_ERR_OK)
        clean = clean && runs.len == torture->want.len && memcmp(runs.at, torture->want.at, runs.len) == 0;
    lw_buf_close(&runs);
    lw_arena_close(&arena);
    lw_live_close(live);
    return clean;
}

static void every_allocation_may_fail(void)
{
    struct torture torture = {.want = {.ceiling = (size_t)1 << 28}};
    struct kit_input *input = &torture.input;

    minutes(input, "job", 0, 12);
    minutes(input, "odd-name", 0, 6);
    minutes(input, "tj-001-0123abcd", 20, 25);
    kit_plain(input, "job", "CPUUtilization", T0, 97.0)->point.flags = LW_POINT_CLOUDWATCH | LW_POINT_HEARTBEAT;
    kit_fact(input, "odd-name", LW_FACT_STATUS, LW_RANK_API, NULL, "", LW_STATUS_COMPLETED, T0, NEVER);
    kit_fact(input, "odd-name", LW_FACT_TUNING_JOB, LW_RANK_API, NULL, "tj", 0, NEVER, NEVER);
    kit_fact(input, "job", LW_FACT_PHASE, LW_RANK_API, NULL, "Training", 0, T0, T0 + 5);
    /* What is compared with is made before, so that it is not counted as lost. */
    lw_buf_reserve(&torture.want, 1 << 20);
    CU_ASSERT(tortured(&torture, false));
    CU_ASSERT(torture.want.len > 0);
    CU_ASSERT(kit_alloc_torture(tortured, &torture) > 40);
    lw_buf_close(&torture.want);
    kit_input_close(input);
}

static void ten_thousand_open_runs_cost_little(void)
{
    struct kit_living it = kit_living_open();
    struct lw_live_counts counts;
    struct lw_point points[50];
    uint32_t metric[5] = {0};
    size_t n = 10000;

    CU_ASSERT_EQUAL(kit_living_due(&it, T0, false, 1), 0);
    for (size_t m = 0; m < 5; m++) {
        char name[16];

        (void)snprintf(name, sizeof(name), "metric-%zu", m);
        CU_ASSERT_EQUAL_FATAL(lw_names_add(lw_live_names(it.live), lw_str_from(name), &metric[m], NULL), LW_ERR_OK);
    }
    for (size_t i = 0; i < n; i++) {
        char name[40];
        uint32_t run = 0;

        (void)snprintf(name, sizeof(name), "model-%zu-2019-06-12-14-00-00-001", i);
        CU_ASSERT_EQUAL_FATAL(lw_names_add(lw_live_names(it.live), lw_str_from(name), &run, NULL), LW_ERR_OK);
        for (size_t k = 0; k < 50; k++)
            points[k] = (struct lw_point){.run = run,
                                          .metric = metric[k % 5],
                                          .at = T0 + (int64_t)k * MINUTE,
                                          .average = 0.5,
                                          .known = LW_KNOWN_AVERAGE};
        CU_ASSERT_EQUAL_FATAL(lw_live_take(it.live, 0, (lw_time){T0}, points, 50, NULL, 0, NULL, NULL), LW_ERR_OK);
    }
    lw_live_committed(it.live);
    counts = kit_living_counts(&it);
    printf("# %zu bytes for an open run of 5 metrics and 50 points\n", (size_t)(counts.bytes_held / n));
    CU_ASSERT_EQUAL(counts.units_open, n);
    CU_ASSERT_EQUAL(counts.points_held, 50 * n);
    CU_ASSERT(counts.bytes_held / n < 50 * 16 + 3000);
    kit_living_close(&it);
}

KIT_SUITE("live", {"live runs are the offline runs to the bit", live_runs_are_the_offline_runs_to_the_bit},
          {"late data open a closed run again", late_data_open_a_closed_run_again},
          {"what is known opens no closed run", what_is_known_opens_no_closed_run},
          {"a datapoint is fresh once", a_datapoint_is_fresh_once},
          {"fresh is what a list of all datapoints says", fresh_is_what_a_list_of_all_datapoints_says},
          {"instance metrics are fresh outside of the span seen", instance_metrics_are_fresh_outside_of_the_span_seen},
          {"what came too late is counted", what_came_too_late_is_counted},
          {"data without run ids go on where the old ones were given up",
           data_without_run_ids_go_on_where_the_old_ones_were_given_up},
          {"a rollback takes everything back", a_rollback_takes_everything_back},
          {"a trial known by a fact alone joins its tuning job", a_trial_known_by_a_fact_alone_joins_its_tuning_job},
          {"keys are printable and unique", keys_are_printable_and_unique},
          {"damaged records are refused and change nothing", damaged_records_are_refused_and_change_nothing},
          {"the ceiling is an error with a name and taken back", the_ceiling_is_an_error_with_a_name_and_taken_back},
          {"an error of the store is handed on", an_error_of_the_store_is_handed_on},
          {"every allocation may fail", every_allocation_may_fail},
          {"ten thousand open runs cost little", ten_thousand_open_runs_cost_little})
