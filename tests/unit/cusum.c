#include "tests/kit/kit.h"

#include "leeway/arl.h"
#include "leeway/cusum.h"

#include <json-c/json.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static json_object *load(void)
{
    char *text = kit_data("statistics/self_starting_cusum.json", NULL);
    json_object *root = json_tokener_parse(text);

    free(text);
    CU_ASSERT_PTR_NOT_NULL_FATAL(root);
    return root;
}

static json_object *member(json_object *object, const char *key)
{
    json_object *value = NULL;

    CU_ASSERT_FATAL(json_object_object_get_ex(object, key, &value));
    return value;
}

static double item(json_object *object, const char *key, size_t i)
{
    return json_object_get_double(json_object_array_get_idx(member(object, key), i));
}

static void follow_vector(json_object *vector)
{
    struct lw_cusum chart = lw_cusum_start(json_object_get_double(member(vector, "k")));
    double h = json_object_get_double(member(vector, "h"));
    size_t n = json_object_array_length(member(vector, "x"));
    size_t alarm = 0;
    uint64_t since = 0;

    for (size_t i = 0; i < n; i++) {
        double u = lw_cusum_see(&chart, item(vector, "x", i), 0.0);

        KIT_CLOSE(u, item(vector, "U", i), 1e-9); /* null in the file, 0 here, for the first two */
        KIT_CLOSE(chart.sums.up, item(vector, "Cplus", i), 1e-9);
        KIT_CLOSE(chart.sums.down, item(vector, "Cminus", i), 1e-9);
        if (alarm == 0 && chart.sums.up > h) {
            alarm = i + 1;
            since = lw_cusum_up_since(&chart.sums);
        }
    }
    CU_ASSERT_EQUAL(n, 20);
    CU_ASSERT_EQUAL(alarm, (size_t)json_object_get_int(member(vector, "alarm_at")));
    CU_ASSERT_EQUAL(since, (uint64_t)json_object_get_int(member(vector, "change_point_first_shifted")));
}

static void follows_the_vector_made_by_r(void)
{
    json_object *root = load();
    json_object *values = member(root, "values");

    follow_vector(member(values, "raw"));
    follow_vector(member(values, "log"));
    json_object_put(root);
}

static void follows_the_example_of_montgomery(void)
{
    json_object *root = load();
    json_object *vector = member(member(root, "values"), "montgomery");
    struct lw_cusum_sums sums = {.k = 0.5};
    size_t n = json_object_array_length(member(vector, "x"));
    size_t alarm = 0;

    for (size_t i = 0; i < n; i++) {
        lw_cusum_add(&sums, item(vector, "x", i) - 10.0); /* known mean 10, standard deviation 1 */
        KIT_CLOSE(sums.up + 1.0, item(vector, "Cplus", i) + 1.0, 1e-12);
        KIT_CLOSE(sums.down + 1.0, item(vector, "Cminus", i) + 1.0, 1e-12);
        CU_ASSERT_EQUAL(sums.n - sums.up_zero, (uint64_t)item(vector, "Nplus", i));
        CU_ASSERT_EQUAL(sums.n - sums.down_zero, (uint64_t)item(vector, "Nminus", i));
        if (alarm == 0 && sums.up > 5.0) {
            alarm = i + 1;
            CU_ASSERT_EQUAL(lw_cusum_up_since(&sums), 23); /* "the process was in control at observation 22" */
        }
    }
    CU_ASSERT_EQUAL(n, 30);
    CU_ASSERT_EQUAL(alarm, 29);
    json_object_put(root);
}

/* The average run length to a signal of `charts` self-starting charts of normal values, and its standard error. */
static double mean_run_length(struct kit_random *random, double h, size_t charts, double *error)
{
    double sum = 0.0;
    double squares = 0.0;

    for (size_t i = 0; i < charts; i++) {
        struct lw_cusum chart = lw_cusum_start(0.5);
        double length = 0.0;

        while (chart.sums.up <= h && chart.sums.down <= h) {
            lw_cusum_see(&chart, 3.0 + 0.1 * kit_random_normal(random), 0.0);
            length++;
        }
        sum += length;
        squares += length * length;
    }
    *error = sqrt((squares / (double)charts - sum * sum / (double)(charts * charts)) / (double)charts);
    return sum / (double)charts;
}

/* The first two values have no score: they come on top of the run length of the scores. */
static void the_threshold_for_known_parameters_holds_for_the_self_starting_chart(void)
{
    static double workspace[LW_ARL_WORKSPACE];
    struct kit_random random = kit_seed(20190619);
    double h = NAN;
    double error;
    double mean;

    CU_ASSERT_EQUAL(lw_arl_threshold(0.5, 100.0, LW_ARL_TWO_SIDED, workspace, &h), LW_ERR_OK);
    mean = mean_run_length(&random, h, 6000, &error);
    printf("# in-control run length %.2f, standard error %.2f, wanted 102\n", mean, error);
    CU_ASSERT(fabs(mean - 102.0) < 3.0 * error);
}

static void scores_are_standard_normal_and_independent(void)
{
    struct kit_random random = kit_seed(7);
    enum { CHARTS = 20000, LENGTH = 6 };
    double sum[LENGTH] = {0};
    double squares[LENGTH] = {0};
    double product = 0.0;
    double far = 0.0;

    for (int i = 0; i < CHARTS; i++) {
        struct lw_cusum chart = lw_cusum_start(0.5);
        double last = 0.0;

        for (int j = 0; j < LENGTH; j++) {
            double u = lw_cusum_see(&chart, kit_random_normal(&random), 0.0);

            sum[j] += u;
            squares[j] += u * u;
            product += u * last;
            far += fabs(u) > 1.959964;
            last = u;
        }
    }
    CU_ASSERT_EQUAL(squares[0] + squares[1], 0.0);
    for (int j = 2; j < LENGTH; j++) {
        CU_ASSERT(fabs(sum[j] / CHARTS) < 4.0 / sqrt(CHARTS));
        CU_ASSERT(fabs(squares[j] / CHARTS - 1.0) < 4.0 * sqrt(2.0 / CHARTS));
    }
    CU_ASSERT(fabs(product / (3.0 * CHARTS)) < 4.0 / sqrt(3.0 * CHARTS));
    CU_ASSERT(fabs(far / (4.0 * CHARTS) - 0.05) < 4.0 * sqrt(0.05 * 0.95 / (4.0 * CHARTS)));
}

static void identical_values_score_nothing_and_are_known_as_such(void)
{
    struct lw_cusum chart = lw_cusum_start(0.5);

    CU_ASSERT(!lw_cusum_is_constant(&chart));
    for (int i = 0; i < 1000; i++) {
        CU_ASSERT_EQUAL(lw_cusum_see(&chart, 0.9712, 0.0), 0.0);
        CU_ASSERT(lw_cusum_is_constant(&chart));
    }
    CU_ASSERT_EQUAL(chart.mean, 0.9712);
    CU_ASSERT_EQUAL(chart.m2, 0.0);
    CU_ASSERT_EQUAL(lw_cusum_scale(&chart, 0.0), 0.0);
    CU_ASSERT_EQUAL(chart.constant, 1000);
}

static void a_different_value_after_identical_ones_is_judged_by_the_floor(void)
{
    struct lw_cusum chart = lw_cusum_start(0.5);
    double floor = 1e-4 / sqrt(12.0);
    double u;

    for (int i = 0; i < 5; i++)
        lw_cusum_see(&chart, 0.9712, floor);
    CU_ASSERT_EQUAL(lw_cusum_score(&chart, 0.9711, 0.0), -LW_CUSUM_SCORE_LIMIT);
    CU_ASSERT_EQUAL(lw_cusum_score(&chart, 0.9713, 0.0), LW_CUSUM_SCORE_LIMIT);
    /* T = -sqrt(12) sqrt(5/6) = -3.1623, 4 degrees of freedom: P = 0.0170, U = -2.1194 */
    u = lw_cusum_see(&chart, 0.9711, floor);
    KIT_CLOSE(u, -2.1194, 1e-3);
    CU_ASSERT(!lw_cusum_is_constant(&chart));
    CU_ASSERT_EQUAL(chart.constant, 5);
    lw_cusum_see(&chart, 0.9712, floor);
    CU_ASSERT_EQUAL(chart.constant, 5);
}

static void the_floor_is_a_lower_bound_of_the_scale_only(void)
{
    struct lw_cusum chart = lw_cusum_start(0.5);
    double unfloored;

    lw_cusum_see(&chart, 1.0, 0.0);
    CU_ASSERT_EQUAL(lw_cusum_scale(&chart, 0.25), 0.25);
    lw_cusum_see(&chart, 2.0, 0.0);
    lw_cusum_see(&chart, 3.0, 0.0);
    KIT_CLOSE(lw_cusum_scale(&chart, 0.0), 1.0, 1e-15);
    unfloored = lw_cusum_score(&chart, 5.0, 0.0);
    CU_ASSERT_EQUAL(lw_cusum_score(&chart, 5.0, 0.5), unfloored);
    CU_ASSERT(lw_cusum_score(&chart, 5.0, 2.0) < unfloored);
    CU_ASSERT(lw_cusum_score(&chart, 5.0, 2.0) > 0.0);
}

static void wild_values_are_clamped_in_both_tails(void)
{
    struct lw_cusum chart = lw_cusum_start(0.5);

    for (int i = 0; i < 100; i++)
        lw_cusum_learn(&chart, i % 2);
    CU_ASSERT_EQUAL(lw_cusum_score(&chart, 1e9, 0.0), 8.0);
    CU_ASSERT_EQUAL(lw_cusum_score(&chart, -1e9, 0.0), -8.0);
    /* far, not yet clamped: both tails alike */
    KIT_CLOSE(lw_cusum_score(&chart, 0.5 + 4.0, 0.0), -lw_cusum_score(&chart, 0.5 - 4.0, 0.0), 1e-12);
    CU_ASSERT(lw_cusum_score(&chart, 0.5 + 4.0, 0.0) > 6.0);
    CU_ASSERT_EQUAL(chart.sums.n, 0);
}

static void learning_aside_and_seeing_agree_on_the_next_score(void)
{
    struct lw_cusum seen = lw_cusum_start(0.5);
    struct lw_cusum learnt = lw_cusum_start(0.5);
    static const double x[] = {3.0, 3.5, 2.75, 3.25};

    for (size_t i = 0; i < 4; i++) {
        lw_cusum_see(&seen, x[i], 0.0);
        lw_cusum_learn(&learnt, x[i]);
    }
    CU_ASSERT_EQUAL(lw_cusum_score(&seen, 4.0, 0.0), lw_cusum_score(&learnt, 4.0, 0.0));
    CU_ASSERT_EQUAL(learnt.sums.up, 0.0);
}

KIT_SUITE("cusum", {"the self-starting chart follows the vectors made by R", follows_the_vector_made_by_r},
          {"the tabular chart follows the example of Montgomery", follows_the_example_of_montgomery},
          {"the threshold for known parameters holds for the self-starting chart",
           the_threshold_for_known_parameters_holds_for_the_self_starting_chart},
          {"scores are standard normal and independent from the third on", scores_are_standard_normal_and_independent},
          {"identical values score nothing and are known as such",
           identical_values_score_nothing_and_are_known_as_such},
          {"a different value after identical ones is judged by the floor",
           a_different_value_after_identical_ones_is_judged_by_the_floor},
          {"the floor is a lower bound of the scale only", the_floor_is_a_lower_bound_of_the_scale_only},
          {"wild values are clamped, in both tails alike", wild_values_are_clamped_in_both_tails},
          {"learning aside and seeing agree on the next score", learning_aside_and_seeing_agree_on_the_next_score})
