#include "tests/kit/kit.h"

#include "leeway/changepoint.h"

#include <gsl/gsl_cdf.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static struct lw_changepoint best(const double *x, size_t n, size_t least, double floor, enum lw_changepoint_side side)
{
    struct lw_changepoint found = {0};

    CU_ASSERT_EQUAL(lw_changepoint_best(x, n, least, floor, side, &found), LW_ERR_OK);
    return found;
}

static double threshold(size_t n, double hazard)
{
    double value = NAN;

    CU_ASSERT_EQUAL(lw_changepoint_threshold(n, hazard, &value), LW_ERR_OK);
    return value;
}

/* The two-sample t with pooled variance, from its definition. */
static double plain_t(const double *x, size_t j, size_t n)
{
    double a = 0.0, b = 0.0, squares = 0.0;

    for (size_t i = 0; i < n; i++)
        *(i < j ? &a : &b) += x[i];
    a /= (double)j;
    b /= (double)(n - j);
    for (size_t i = 0; i < n; i++)
        squares += pow(x[i] - (i < j ? a : b), 2.0);
    return (b - a) / sqrt(squares / (double)(n - 2) * (1.0 / (double)j + 1.0 / (double)(n - j)));
}

static void finds_the_largest_t_of_all_splits(void)
{
    struct kit_random random = kit_seed(13);

    for (int round = 0; round < 300; round++) {
        double x[40];
        size_t n = 4 + (size_t)(kit_random_bits(&random) % 37);
        size_t least = 1 + (size_t)(kit_random_bits(&random) % 2);
        double largest = 0.0, highest = -INFINITY, lowest = INFINITY;
        struct lw_changepoint found;

        for (size_t i = 0; i < n; i++)
            x[i] = 1000.0 + kit_random_normal(&random) + (i > n / 2 ? 1.0 : 0.0);
        for (size_t j = least; j <= n - least; j++) {
            double t = plain_t(x, j, n);

            largest = fmax(largest, fabs(t));
            highest = fmax(highest, t);
            lowest = fmin(lowest, t);
        }
        found = best(x, n, least, 0.0, LW_CHANGEPOINT_EITHER);
        KIT_CLOSE(fabs(found.t), largest, 1e-8);
        KIT_CLOSE(plain_t(x, found.split, n), found.t, 1e-8);
        CU_ASSERT(found.split >= least && found.split + least <= n);
        KIT_CLOSE(best(x, n, least, 0.0, LW_CHANGEPOINT_UP).t, highest, 1e-8);
        KIT_CLOSE(best(x, n, least, 0.0, LW_CHANGEPOINT_DOWN).t, lowest, 1e-8);
    }
}

/* The gaps in minutes of a job that speeds up after the fourth: 62 58 65 60 | 24 21 26 22 23 25. */
static void dates_the_change_in_the_gaps(void)
{
    static const double gaps[] = {62, 58, 65, 60, 24, 21, 26, 22, 23, 25};
    double logs[10];
    struct lw_changepoint found;

    for (size_t i = 0; i < 10; i++)
        logs[i] = log(gaps[i]);
    found = best(logs, 10, LW_CHANGEPOINT_LEAST, 0.0, LW_CHANGEPOINT_EITHER);
    CU_ASSERT_EQUAL(found.split, 4);
    CU_ASSERT(found.t < -20.0);
    CU_ASSERT(found.score < -threshold(10, 1.0 / 2960));
    CU_ASSERT_EQUAL(best(logs, 10, 1, 0.0, LW_CHANGEPOINT_DOWN).split, 4);
}

/* The change of the self-starting example is at its 13th value; the CUSUM's own estimate is 12. */
static void dates_a_change_that_a_cusum_found(void)
{
    static const double x[] = {10.1, 9.8, 10.4, 10, 9.9, 10.3, 10.2, 9.7, 10.1, 10, 9.9, 10.2, 11, 11.2};

    CU_ASSERT_EQUAL(best(x, 14, 1, 0.0, LW_CHANGEPOINT_UP).split, 12);
    CU_ASSERT_EQUAL(best(x, 13, 1, 0.0, LW_CHANGEPOINT_UP).split, 12);
}

static bool same_bits(double a, double b)
{
    return memcmp(&a, &b, sizeof(a)) == 0;
}

static void a_line_that_grows_is_looked_at_as_if_it_were_new(void)
{
    struct kit_random random = kit_seed(29);
    double x[120];

    for (size_t i = 0; i < 120; i++)
        x[i] = 7.0 + kit_random_normal(&random) + (i > 70 ? 2.0 : 0.0);
    for (size_t begin = 0; begin < 40; begin += 13) {
        struct lw_changepoint_sum known = {0};

        for (size_t n = 4; begin + n <= 120; n += 1 + n % 3) {
            struct lw_changepoint again = {0};
            struct lw_changepoint found = best(x + begin, n, 2, 0.0, LW_CHANGEPOINT_EITHER);

            CU_ASSERT_EQUAL(lw_changepoint_best_of(x + begin, n, 2, 0.0, LW_CHANGEPOINT_EITHER, &known, &again),
                            LW_ERR_OK);
            CU_ASSERT_EQUAL(again.split, found.split);
            CU_ASSERT(same_bits(again.t, found.t) && same_bits(again.score, found.score));
            CU_ASSERT_EQUAL(known.n, n);
        }
    }
}

static void a_line_that_is_shorter_than_what_is_known_of_it_is_refused(void)
{
    double x[] = {1.0, 2.0, 3.0, 4.0, 5.0};
    struct lw_changepoint_sum known = {.n = 5, .sum = 10.0};
    struct lw_changepoint found = {.split = 77};

    CU_ASSERT_EQUAL(lw_changepoint_best_of(x, 4, 1, 0.0, LW_CHANGEPOINT_EITHER, &known, &found), LW_ERR_RANGE);
    CU_ASSERT_EQUAL(found.split, 77);
    CU_ASSERT_EQUAL(known.n, 5);
}

static void one_odd_value_is_no_change_of_level_but_can_be_dated(void)
{
    double x[20];

    for (size_t i = 0; i < 20; i++)
        x[i] = i % 2 ? 0.1 : -0.1;
    x[19] = 5.0;
    CU_ASSERT_EQUAL(best(x, 20, 1, 0.0, LW_CHANGEPOINT_UP).split, 19);
    CU_ASSERT(best(x, 20, LW_CHANGEPOINT_LEAST, 0.0, LW_CHANGEPOINT_EITHER).score < threshold(20, 1.0 / 2960));
}

static void constant_series_have_no_change(void)
{
    double x[50];

    for (size_t i = 0; i < 50; i++)
        x[i] = 0.1;
    for (size_t n = 4; n <= 50; n++) {
        struct lw_changepoint found = best(x, n, 2, 0.0, LW_CHANGEPOINT_EITHER);

        CU_ASSERT_EQUAL(found.t, 0.0);
        CU_ASSERT_EQUAL(found.score, 0.0);
    }
}

static void a_clean_step_is_as_large_as_the_floor_lets_it(void)
{
    double x[] = {1.0, 1.0, 1.0, 1.0, 2.0, 2.0, 2.0, 2.0};
    struct lw_changepoint found = best(x, 8, 2, 0.0, LW_CHANGEPOINT_EITHER);

    CU_ASSERT_EQUAL(found.split, 4);
    CU_ASSERT_EQUAL(found.score, 8.0);
    CU_ASSERT(found.t > 1e6 && found.t <= 1e9);
    found = best(x, 8, 2, 0.5, LW_CHANGEPOINT_EITHER); /* t = 1 / (0.5 sqrt(1/4 + 1/4)) */
    KIT_CLOSE(found.t, 2.0 * sqrt(2.0), 1e-12);
    CU_ASSERT_EQUAL(found.split, 4);
}

static void too_few_values_are_refused(void)
{
    double x[] = {1.0, 2.0, 3.0, 4.0};
    struct lw_changepoint found = {.split = 77};
    double value = 5.0;

    CU_ASSERT_EQUAL(lw_changepoint_best(x, 2, 1, 0.0, LW_CHANGEPOINT_EITHER, &found), LW_ERR_RANGE);
    CU_ASSERT_EQUAL(lw_changepoint_best(x, 3, 2, 0.0, LW_CHANGEPOINT_EITHER, &found), LW_ERR_RANGE);
    CU_ASSERT_EQUAL(lw_changepoint_best(x, 4, 0, 0.0, LW_CHANGEPOINT_EITHER, &found), LW_ERR_RANGE);
    CU_ASSERT_EQUAL(found.split, 77);
    CU_ASSERT_EQUAL(lw_changepoint_threshold(3, 0.01, &value), LW_ERR_RANGE);
    CU_ASSERT_EQUAL(lw_changepoint_threshold(10, 0.0, &value), LW_ERR_RANGE);
    CU_ASSERT_EQUAL(lw_changepoint_threshold(10, 1.0, &value), LW_ERR_RANGE);
    CU_ASSERT_EQUAL(lw_changepoint_threshold(10, NAN, &value), LW_ERR_RANGE);
    CU_ASSERT_EQUAL(value, 5.0);
}

/* Thresholds of |t| at one false alarm per 370.4 values from another simulation (60 000 histories; its own error is a
   few hundredths of a score, more for the first rows). Compared as scores, through GSL's distributions. */
static void thresholds_agree_with_another_simulation(void)
{
    static const struct {
        size_t n;
        double t;
    } rows[] = {{4, 19.064}, {5, 10.688}, {6, 8.143},   {7, 7.009},  {8, 6.226},  {9, 5.712},  {10, 5.354},
                {12, 4.823}, {15, 4.443}, {20, 4.053},  {25, 3.922}, {30, 3.802}, {40, 3.671}, {50, 3.604},
                {60, 3.53},  {80, 3.514}, {100, 3.448}, {120, 3.44}, {140, 3.44}, {160, 3.429}};

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        double score = gsl_cdf_ugaussian_Qinv(gsl_cdf_tdist_Q(rows[i].t, (double)(rows[i].n - 2)));

        if (fabs(threshold(rows[i].n, 1.0 / 370.4) - score) > 0.08)
            printf("#   n %zu: %.4f and %.4f\n", rows[i].n, threshold(rows[i].n, 1.0 / 370.4), score);
        CU_ASSERT(fabs(threshold(rows[i].n, 1.0 / 370.4) - score) < 0.08);
    }
}

/* Histories of a chart with hazard 1/60 up to their alarm or their 60th value: the number of alarms per look is the
   hazard, early, in the middle and late. */
static void alarms_come_at_the_stated_hazard(void)
{
    enum { HISTORIES = 4000, LONGEST = 60, PARTS = 3 };
    static const size_t ends[PARTS] = {10, 25, LONGEST};
    struct kit_random random = kit_seed(17);
    double looks[PARTS] = {0};
    double alarms[PARTS] = {0};

    for (int i = 0; i < HISTORIES; i++) {
        double x[LONGEST];
        size_t part = 0;

        for (size_t n = 1; n <= LONGEST; n++) {
            x[n - 1] = 40.0 + 3.0 * kit_random_normal(&random);
            if (n < LW_CHANGEPOINT_FIRST)
                continue;
            part += n > ends[part];
            looks[part]++;
            if (fabs(best(x, n, LW_CHANGEPOINT_LEAST, 0.0, LW_CHANGEPOINT_EITHER).score) > threshold(n, 1.0 / 60)) {
                alarms[part]++;
                break;
            }
        }
    }
    for (size_t part = 0; part < PARTS; part++) {
        printf("# up to value %zu: one alarm per %.1f looks, wanted 60\n", ends[part], looks[part] / alarms[part]);
        CU_ASSERT(fabs(alarms[part] - looks[part] / 60.0) < 3.5 * sqrt(looks[part] / 60.0));
    }
}

static void thresholds_outside_of_the_table_err_to_fewer_alarms(void)
{
    CU_ASSERT_EQUAL(threshold(20, 0.5), threshold(20, 1.0 / 50));
    CU_ASSERT(threshold(20, 1e-6) > threshold(20, 1.0 / 51200));
    CU_ASSERT(threshold(20, 1e-9) > threshold(20, 1e-6));
    for (double runs = 60; runs < 1e6; runs *= 1.7) {
        CU_ASSERT(threshold(5000, 1.0 / runs) >= threshold(300, 1.0 / runs));
        for (size_t n = 4; n < 400; n++)
            CU_ASSERT(threshold(n, 1.0 / runs / 1.2) > threshold(n, 1.0 / runs));
    }
}

KIT_SUITE("changepoint", {"finds the largest t of all splits", finds_the_largest_t_of_all_splits},
          {"dates the change in the gaps of a job that speeds up", dates_the_change_in_the_gaps},
          {"dates a change that a cusum found", dates_a_change_that_a_cusum_found},
          {"a line that grows is looked at as if it were new", a_line_that_grows_is_looked_at_as_if_it_were_new},
          {"a line that is shorter than what is known of it is refused",
           a_line_that_is_shorter_than_what_is_known_of_it_is_refused},
          {"one odd value is no change of level, but can be dated",
           one_odd_value_is_no_change_of_level_but_can_be_dated},
          {"constant series have no change", constant_series_have_no_change},
          {"a clean step is as large as the floor lets it", a_clean_step_is_as_large_as_the_floor_lets_it},
          {"too few values are refused", too_few_values_are_refused},
          {"thresholds agree with another simulation", thresholds_agree_with_another_simulation},
          {"alarms come at the stated hazard, early and late", alarms_come_at_the_stated_hazard},
          {"thresholds outside of the table err to fewer alarms", thresholds_outside_of_the_table_err_to_fewer_alarms})
