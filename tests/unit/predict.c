#include "tests/kit/kit.h"

#include "leeway/predict.h"

#include <json-c/json.h>
#include <math.h>
#include <stdlib.h>

static json_object *load(void)
{
    char *text = kit_data("statistics/gaps.json", NULL);
    json_object *root = json_tokener_parse(text);

    free(text);
    CU_ASSERT_PTR_NOT_NULL_FATAL(root);
    return root;
}

static json_object *at(json_object *root, const char *block, const char *key)
{
    json_object *value = NULL;

    CU_ASSERT_FATAL(json_object_object_get_ex(root, "values", &value));
    CU_ASSERT_FATAL(json_object_object_get_ex(value, block, &value));
    CU_ASSERT_FATAL(json_object_object_get_ex(value, key, &value));
    return value;
}

static double wanted(json_object *root, const char *block, const char *key)
{
    return json_object_get_double(at(root, block, key));
}

static double deadline(const struct lw_predict *seen, double tail)
{
    double value = NAN;

    CU_ASSERT_EQUAL(lw_predict_deadline(seen, tail, &value), LW_ERR_OK);
    return value;
}

static void follows_the_gaps_judged_by_r(void)
{
    static const char *block = "lognormal_predictive_first4";
    json_object *root = load();
    json_object *gaps = at(root, "seed_like", "gaps");
    double values[10];
    double logs[4];
    double low, high, variation;
    struct lw_predict seen;

    for (size_t i = 0; i < 10; i++)
        values[i] = json_object_get_double(json_object_array_get_idx(gaps, i));
    for (size_t i = 0; i < 4; i++)
        logs[i] = log(values[i]);
    seen = lw_predict_from_logs(logs, 4, 0.0);
    KIT_CLOSE(seen.mean, wanted(root, block, "mean_log"), 1e-13);
    KIT_CLOSE(seen.sd, wanted(root, block, "sd_log"), 1e-12);
    KIT_CLOSE(deadline(&seen, 0.01), wanted(root, block, "q99"), 1e-10);
    KIT_CLOSE(deadline(&seen, 0.001), wanted(root, block, "q999"), 1e-10);
    CU_ASSERT_EQUAL(lw_predict_tails(&seen, 24.0, &low, &high), LW_ERR_OK);
    KIT_CLOSE(low, wanted(root, block, "P_next_le_24"), 1e-10);
    KIT_CLOSE(low + high, 1.0, 1e-15);
    CU_ASSERT_EQUAL(lw_predict_tails(&seen, 90.0, &low, &high), LW_ERR_OK);
    KIT_CLOSE(high, wanted(root, block, "P_next_gt_90"), 1e-10);
    CU_ASSERT_EQUAL(lw_predict_variation(values, 10, &variation), LW_ERR_OK);
    KIT_CLOSE(variation, wanted(root, "lewis_robinson", "cv"), 1e-12);
    json_object_put(root);
}

static void a_deadline_has_the_tail_it_was_asked_for(void)
{
    static const double tails[] = {0.5, 0.05, 0.001, 0.0002, 1e-8};

    for (uint64_t n = 2; n < 60; n += 7) {
        struct lw_predict seen = {.n = n, .mean = 8.2, .sd = 0.05};

        for (size_t i = 0; i < 5; i++) {
            double low, high;
            double limit = deadline(&seen, tails[i]);

            if (!isfinite(limit))
                continue; /* two gaps and one in 10^8: beyond any date */
            CU_ASSERT_EQUAL(lw_predict_tails(&seen, limit, &low, &high), LW_ERR_OK);
            KIT_CLOSE(high, tails[i], 1e-6);
        }
    }
}

static void the_deadline_is_missed_as_often_as_it_says(void)
{
    struct kit_random random = kit_seed(11);
    enum { REPEATS = 40000 };
    double late = 0.0;

    for (int i = 0; i < REPEATS; i++) {
        double logs[8];
        struct lw_predict seen;

        for (int j = 0; j < 8; j++)
            logs[j] = 4.0 + 0.3 * kit_random_normal(&random);
        seen = lw_predict_from_logs(logs, 8, 0.0);
        late += exp(4.0 + 0.3 * kit_random_normal(&random)) > deadline(&seen, 0.02);
    }
    CU_ASSERT(fabs(late / REPEATS - 0.02) < 4.0 * sqrt(0.02 * 0.98 / REPEATS));
}

static void the_floor_keeps_a_perfect_schedule_from_being_believed(void)
{
    double logs[] = {log(3600.0), log(3600.0), log(3600.0)};
    struct lw_predict exact = lw_predict_from_logs(logs, 3, 0.0);
    struct lw_predict floored = lw_predict_from_logs(logs, 3, 24.5 / 3600.0);
    double low, high;

    CU_ASSERT(exact.sd < 1e-12);
    KIT_CLOSE(floored.sd, 24.5 / 3600.0, 1e-15);
    CU_ASSERT(deadline(&floored, 0.001) > 3600.0 + 3.0 * 24.5);
    exact.sd = 0.0;
    CU_ASSERT_EQUAL(lw_predict_tails(&exact, 3601.0, &low, &high), LW_ERR_OK);
    CU_ASSERT(low == 1.0 && high == 0.0);
    CU_ASSERT_EQUAL(lw_predict_tails(&exact, 3599.0, &low, &high), LW_ERR_OK);
    CU_ASSERT(low == 0.0 && high == 1.0);
    KIT_CLOSE(deadline(&exact, 0.001), 3600.0, 1e-12);
}

static void the_lesser_tail_is_one_of_the_two(void)
{
    for (uint64_t n = 2; n < 80; n += 1 + n / 4) {
        struct lw_predict seen = {.n = n, .mean = log(3600.0), .sd = n % 5 == 0 ? 0.0 : 0.3};

        for (double value = 1.0; value<1e8; value *= value> 3400.0 && value < 3800.0 ? 1.0005 : 1.1) {
            double low, high;
            double p = NAN;
            bool above = false;

            CU_ASSERT_EQUAL(lw_predict_tails(&seen, value, &low, &high), LW_ERR_OK);
            CU_ASSERT_EQUAL(lw_predict_lesser_tail(&seen, value, &p, &above), LW_ERR_OK);
            CU_ASSERT(p == fmin(low, high) && above == (high < low));
        }
    }
}

static void too_little_is_refused_and_leaves_the_output_alone(void)
{
    struct lw_predict one = {.n = 1, .mean = 1.0};
    struct lw_predict two = {.n = 2, .mean = 1.0, .sd = 0.1};
    double zeros[] = {0.0, 0.0};
    double a = 5.0, b = 6.0;
    bool above = true;

    CU_ASSERT_EQUAL(lw_predict_lesser_tail(&one, 1.0, &a, &above), LW_ERR_RANGE);
    CU_ASSERT_EQUAL(lw_predict_lesser_tail(&two, 0.0, &a, &above), LW_ERR_RANGE);
    CU_ASSERT(above);
    CU_ASSERT_EQUAL(lw_predict_deadline(&one, 0.01, &a), LW_ERR_RANGE);
    CU_ASSERT_EQUAL(lw_predict_deadline(&two, 0.0, &a), LW_ERR_RANGE);
    CU_ASSERT_EQUAL(lw_predict_deadline(&two, 1.0, &a), LW_ERR_RANGE);
    CU_ASSERT_EQUAL(lw_predict_tails(&one, 1.0, &a, &b), LW_ERR_RANGE);
    CU_ASSERT_EQUAL(lw_predict_tails(&two, 0.0, &a, &b), LW_ERR_RANGE);
    CU_ASSERT_EQUAL(lw_predict_variation(zeros, 1, &a), LW_ERR_RANGE);
    CU_ASSERT_EQUAL(lw_predict_variation(zeros, 2, &a), LW_ERR_RANGE);
    CU_ASSERT(a == 5.0 && b == 6.0);
    CU_ASSERT_EQUAL(lw_predict_from_logs(NULL, 0, 0.5).sd, 0.5);
}

KIT_SUITE("predict", {"follows the gaps judged by R", follows_the_gaps_judged_by_r},
          {"a deadline has the tail it was asked for", a_deadline_has_the_tail_it_was_asked_for},
          {"the deadline is missed as often as it says", the_deadline_is_missed_as_often_as_it_says},
          {"the floor keeps a perfect schedule from being believed",
           the_floor_keeps_a_perfect_schedule_from_being_believed},
          {"the lesser tail is one of the two", the_lesser_tail_is_one_of_the_two},
          {"too little is refused and leaves the output alone", too_little_is_refused_and_leaves_the_output_alone})
