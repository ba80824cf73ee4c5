#include "tests/kit/points.h"

#include "engine/core/gather/curve/summary.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define T0 ((int64_t)1560348000000) /* 2019-06-12T14:00:00Z */

/* The metric of a run with these points; the record stays in the kit. */
static const struct lw_metric *metric_of(struct kit_gather *kit, const struct kit_input *input,
                                         const struct lw_rules *rules, const char *metric)
{
    const struct lw_metric *found;

    kit_gather_open(kit, rules);
    kit_gather_take(kit, input, 0, SIZE_MAX);
    kit_gather_end(kit);
    found = lw_run_metric(kit->histories.models[0].runs[0], lw_str_from(metric));
    CU_ASSERT_FATAL(found != NULL);
    return found;
}

/* Reference values by exact rational arithmetic. */
static void numbers_agree_with_exact_arithmetic(void)
{
    static const double values[] = {0.7421875, 0.75, 0.81, 0.79, 0.8333, 0.86, 0.8551, 0.88};
    static const int64_t minutes[] = {0, 1, 2, 3, 4, 6, 7, 8};
    struct kit_input input = {0};
    struct kit_gather kit;
    const struct lw_summary *s;

    for (size_t i = 8; i-- > 0;)
        kit_single(&input, "job", "validation:accuracy", T0 + minutes[i] * LW_MINUTE, values[i]);
    s = &metric_of(&kit, &input, NULL, "validation:accuracy")->summary;
    CU_ASSERT_EQUAL(s->count, 8);
    CU_ASSERT_EQUAL(s->samples, 8.0);
    CU_ASSERT_EQUAL(s->first, 0.7421875);
    CU_ASSERT_EQUAL(s->last, 0.88);
    CU_ASSERT_EQUAL(s->min, 0.7421875);
    CU_ASSERT_EQUAL(s->max, 0.88);
    CU_ASSERT_EQUAL(s->best, 0.88);
    CU_ASSERT_EQUAL(s->best_at, T0 + 8 * LW_MINUTE);
    CU_ASSERT_EQUAL(s->spacing, 2 * LW_MINUTE);
    CU_ASSERT_EQUAL(s->trend, LW_TREND_NONE);
    CU_ASSERT_EQUAL(s->decimal_step, 1e-7);
    KIT_CLOSE(s->mean, 0.8150734375, 1e-15);
    KIT_CLOSE(s->stddev, 0.05122710918995743, 1e-14);
    KIT_CLOSE(s->skewness, -0.27729845408819337, 1e-13);
    KIT_CLOSE(s->kurtosis, -1.3150816102668548, 1e-13);
    KIT_CLOSE(s->slope_per_hour, 1.0105716560509552, 1e-13);
    KIT_CLOSE(s->q05, 0.744921875, 1e-15);
    KIT_CLOSE(s->q25, 0.78, 1e-15);
    KIT_CLOSE(s->q50, 0.82165, 1e-15);
    KIT_CLOSE(s->q75, 0.856325, 1e-15);
    KIT_CLOSE(s->q95, 0.873, 1e-15);
    kit_gather_close(&kit);
    kit_input_close(&input);
}

static void the_best_value_follows_the_direction_of_the_metric(void)
{
    static const double values[] = {0.5, 0.7, 0.4, 0.6};
    struct kit_input input = {0};
    struct kit_gather kit;
    struct lw_rules rules = lw_rules_default();
    const struct lw_str stated[] = {LW_STR("score"), LW_STR("accuracy")};

    for (int64_t i = 0; i < 4; i++) {
        kit_plain(&input, "job", "accuracy", T0 + i, values[i]);
        kit_plain(&input, "job", "loss", T0 + i, values[i]);
        kit_plain(&input, "job", "something", T0 + i, values[i]);
        kit_plain(&input, "job", "rising", T0 + i, (double)i);
    }
    CU_ASSERT_EQUAL(metric_of(&kit, &input, NULL, "accuracy")->summary.best, 0.7);
    CU_ASSERT_EQUAL(lw_run_metric(kit_gather_run(&kit, "job"), LW_STR("loss"))->summary.best, 0.4);
    CU_ASSERT(!lw_run_metric(kit_gather_run(&kit, "job"), LW_STR("something"))->summary.has_best);
    CU_ASSERT_EQUAL(lw_run_metric(kit_gather_run(&kit, "job"), LW_STR("rising"))->summary.best, 3.0);
    CU_ASSERT_EQUAL(lw_run_metric(kit_gather_run(&kit, "job"), LW_STR("rising"))->summary.trend, LW_TREND_UP);
    kit_gather_close(&kit);
    rules.lower = stated;
    rules.lower_n = 2;
    CU_ASSERT_EQUAL(metric_of(&kit, &input, &rules, "accuracy")->summary.best, 0.4);
    kit_gather_close(&kit);
    kit_input_close(&input);
}

static void identical_values_have_no_shape(void)
{
    struct kit_input input = {0};
    struct kit_gather kit;
    const struct lw_metric *metric;

    for (int64_t i = 0; i < 5; i++)
        kit_plain(&input, "job", "acc", T0 + i * LW_HOUR, 0.1);
    metric = metric_of(&kit, &input, NULL, "acc");
    CU_ASSERT_EQUAL(metric->summary.mean, 0.1);
    CU_ASSERT(metric->summary.has_stddev);
    CU_ASSERT_EQUAL(metric->summary.stddev, 0.0);
    CU_ASSERT(!metric->summary.has_skewness && !metric->summary.has_kurtosis);
    CU_ASSERT_EQUAL(metric->summary.slope_per_hour, 0.0);
    CU_ASSERT_EQUAL(metric->summary.trend, LW_TREND_FLAT);
    CU_ASSERT_EQUAL(metric->summary.decimal_step, 0.1);
    kit_gather_close(&kit);
    kit_input_close(&input);
}

static void the_greatest_numbers_do_not_overflow(void)
{
    struct kit_input input = {0};
    struct kit_gather kit;
    const struct lw_summary *s;

    kit_plain(&input, "job", "x", T0, 1.7e308);
    kit_plain(&input, "job", "x", T0 + 1, -1.7e308);
    kit_plain(&input, "job", "x", T0 + 2, 1.6e308);
    kit_plain(&input, "job", "x", T0 + 3, 4e-320);
    s = &metric_of(&kit, &input, NULL, "x")->summary;
    CU_ASSERT(isfinite(s->mean) && isfinite(s->stddev) && isfinite(s->q25) && isfinite(s->slope_per_hour));
    CU_ASSERT_EQUAL(lw_run_check(kit.histories.models[0].runs[0], kit.histories.models[0].runs[0]->bytes), LW_ERR_OK);
    kit_gather_close(&kit);
    kit_input_close(&input);
}

static void at_most_4096_values_are_kept_evenly(void)
{
    struct kit_input input = {0};
    struct kit_gather kit;
    const struct lw_metric *metric;
    const double *values;

    for (int64_t i = 0; i < 20000; i++)
        kit_plain(&input, "job", "x", T0 + i, (double)(i * 7919 % 20000));
    metric = metric_of(&kit, &input, NULL, "x");
    values = lw_run_values(kit.histories.models[0].runs[0], metric);
    CU_ASSERT_EQUAL(metric->values_n, LW_RUN_VALUES_MAX);
    CU_ASSERT(!metric->summary.approximate);
    CU_ASSERT_EQUAL(metric->summary.q50, 9999.5);
    /* Distance of the kept distribution from the whole one. */
    for (uint32_t i = 0; i < metric->values_n; i++)
        CU_ASSERT_FATAL(fabs((values[i] + 0.5) / 20000.0 - (i + 0.5) / 4096.0) <= 1.0 / 8192.0 + 1.0 / 20000.0);
    kit_gather_close(&kit);
    kit_input_close(&input);
}

/* The k = 4096 sampled points give each quantile with a standard error of at most 0.5 / sqrt(4096) in rank. */
static void beyond_65536_points_quantiles_are_sampled_and_all_else_is_exact(void)
{
    struct kit_random random = kit_seed(99);
    struct kit_input input = {0};
    struct kit_gather kit;
    const struct lw_metric *metric;
    struct lw_buf first;
    const size_t n = 100000;

    for (size_t i = 0; i < n; i++)
        kit_plain(&input, "job", "x", T0 + (int64_t)i, (double)((i * 7919) % n) / (double)n);
    metric = metric_of(&kit, &input, NULL, "x");
    CU_ASSERT_EQUAL(metric->summary.count, n);
    CU_ASSERT(metric->summary.approximate);
    CU_ASSERT(kit.histories.models[0].runs[0]->flags & LW_RUN_APPROXIMATE);
    CU_ASSERT_EQUAL(kit.histories.rejected[LW_REJECT_TOO_MANY_POINTS], n - 65536);
    KIT_CLOSE(metric->summary.mean, 0.499995, 1e-14);
    KIT_CLOSE(metric->summary.stddev, sqrt((1e10 - 1.0) / 12.0 * (1e5 / (1e5 - 1.0))) / 1e5, 1e-13);
    CU_ASSERT(fabs(metric->summary.q50 - 0.5) < 4.0 * 0.5 / 64.0);
    CU_ASSERT(fabs(metric->summary.q05 - 0.05) < 4.0 * 0.22 / 64.0);
    CU_ASSERT(fabs(metric->summary.q95 - 0.95) < 4.0 * 0.22 / 64.0);
    CU_ASSERT_EQUAL(metric->values_n, LW_RUN_VALUES_MAX);
    first = kit_gather_bytes(&kit);
    kit_gather_close(&kit);
    kit_repeat(&input, 50000, &random);
    kit_shuffle(&input, &random);
    (void)metric_of(&kit, &input, NULL, "x");
    {
        struct lw_buf second = kit_gather_bytes(&kit);

        CU_ASSERT(first.len == second.len && memcmp(first.at, second.at, first.len) == 0);
        CU_ASSERT_EQUAL(kit.histories.duplicates, 50000);
        lw_buf_close(&second);
    }
    lw_buf_close(&first);
    kit_gather_close(&kit);
    kit_input_close(&input);
}

KIT_SUITE("summary", {"numbers agree with exact arithmetic", numbers_agree_with_exact_arithmetic},
          {"the best value follows the direction of the metric", the_best_value_follows_the_direction_of_the_metric},
          {"identical values have no shape", identical_values_have_no_shape},
          {"the greatest numbers do not overflow", the_greatest_numbers_do_not_overflow},
          {"at most 4096 values are kept, evenly", at_most_4096_values_are_kept_evenly},
          {"beyond 65536 points quantiles are sampled and all else is exact",
           beyond_65536_points_quantiles_are_sampled_and_all_else_is_exact})
