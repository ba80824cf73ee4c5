#include "tests/kit/kit.h"

#include "leeway/budget.h"

#include <math.h>

static struct lw_budget divide(double runs, struct lw_budget_charts charts)
{
    struct lw_budget budget = {0};

    CU_ASSERT_EQUAL(lw_budget_divide(runs, &charts, &budget), LW_ERR_OK);
    return budget;
}

static double sum(const struct lw_budget_charts *charts, const struct lw_budget *budget)
{
    return charts->metrics * (budget->metric_cusum + budget->curve) +
           charts->generalization_gaps * budget->generalization_gap + budget->duration + budget->cost +
           budget->gap_cusum + budget->gap_changepoint + budget->overdue;
}

static void the_usual_model_gets_the_stated_parts(void)
{
    struct lw_budget budget = divide(370, (struct lw_budget_charts){.metrics = 1, .duration = true, .gap = true});

    KIT_CLOSE(lw_budget_run_length(370, budget.metric_cusum), 1480, 1e-12);
    KIT_CLOSE(lw_budget_run_length(370, budget.curve), 1480, 1e-12);
    KIT_CLOSE(lw_budget_run_length(370, budget.metric_cusum_alone), 740, 1e-12);
    KIT_CLOSE(lw_budget_run_length(370, budget.duration), 1480, 1e-12);
    KIT_CLOSE(lw_budget_run_length(370, budget.gap_cusum), 2960, 1e-12);
    KIT_CLOSE(lw_budget_hazard(370, budget.gap_changepoint), 1.0 / 2960, 1e-12);
    CU_ASSERT_EQUAL(budget.cost, 0.0);
    CU_ASSERT_EQUAL(budget.overdue, 0.0);
    CU_ASSERT_EQUAL(budget.overdue_tail, 0.0);
}

static void overdue_is_charged_per_gap_and_the_charts_of_the_gap_share_the_rest(void)
{
    struct lw_budget budget = divide(370, (struct lw_budget_charts){.gap = true, .overdue = true});

    KIT_CLOSE(budget.overdue_tail, 0.0002, 1e-15);
    KIT_CLOSE(budget.overdue, 0.074, 1e-12);
    KIT_CLOSE(budget.gap_cusum, 0.088, 1e-12);
    KIT_CLOSE(budget.gap_changepoint, 0.088, 1e-12);
}

static void a_strict_budget_makes_the_overdue_tail_smaller(void)
{
    struct lw_budget budget = divide(5000, (struct lw_budget_charts){.gap = true, .overdue = true});

    KIT_CLOSE(budget.overdue, 0.125, 1e-12);
    KIT_CLOSE(budget.overdue_tail, 0.125 / 5000, 1e-12);
    KIT_CLOSE(budget.gap_cusum, 0.0625, 1e-12);
    budget = divide(5000, (struct lw_budget_charts){.overdue = true});
    KIT_CLOSE(budget.overdue, 0.25, 1e-12);
}

static void a_late_metric_divides_the_part_of_its_kind_anew(void)
{
    struct lw_budget before = divide(370, (struct lw_budget_charts){.metrics = 2, .duration = true, .cost = true});
    struct lw_budget after = divide(370, (struct lw_budget_charts){.metrics = 3, .duration = true, .cost = true});

    KIT_CLOSE(before.metric_cusum, 0.125, 1e-12);
    KIT_CLOSE(after.metric_cusum, 1.0 / 12.0, 1e-12);
    CU_ASSERT_EQUAL(before.duration, after.duration);
    KIT_CLOSE(after.duration, 0.125, 1e-12);
    KIT_CLOSE(after.cost, 0.125, 1e-12);
}

/* Every combination: at most the whole budget; exactly the whole when each of the three kinds has a chart. */
static void the_parts_never_exceed_the_whole(void)
{
    static const double runs[] = {1.5, 50, 370, 626, 1251, 5000, 1e6};

    for (uint32_t bits = 0; bits < 16 * 5 * 4; bits++) {
        struct lw_budget_charts charts = {.duration = bits & 1,
                                          .cost = bits & 2,
                                          .gap = bits & 4,
                                          .overdue = bits & 8,
                                          .metrics = bits / 16 % 5,
                                          .generalization_gaps = bits / 80};

        for (size_t i = 0; i < sizeof(runs) / sizeof(runs[0]); i++) {
            struct lw_budget budget = divide(runs[i], charts);

            CU_ASSERT(sum(&charts, &budget) <= 1.0 + 1e-12);
            if (charts.gap && (charts.duration || charts.cost) && charts.metrics + charts.generalization_gaps > 0)
                KIT_CLOSE(sum(&charts, &budget), 1.0, 1e-12);
        }
    }
}

static void a_budget_that_is_none_is_refused(void)
{
    struct lw_budget_charts charts = {.metrics = 1};
    struct lw_budget budget = {.cost = 42.0};

    CU_ASSERT_EQUAL(lw_budget_divide(1.0, &charts, &budget), LW_ERR_RANGE);
    CU_ASSERT_EQUAL(lw_budget_divide(0.0, &charts, &budget), LW_ERR_RANGE);
    CU_ASSERT_EQUAL(lw_budget_divide(NAN, &charts, &budget), LW_ERR_RANGE);
    CU_ASSERT_EQUAL(lw_budget_divide(INFINITY, &charts, &budget), LW_ERR_RANGE);
    CU_ASSERT_EQUAL(budget.cost, 42.0);
}

KIT_SUITE("budget", {"the usual model gets the stated parts", the_usual_model_gets_the_stated_parts},
          {"overdue is charged per gap, the charts of the gap share the rest",
           overdue_is_charged_per_gap_and_the_charts_of_the_gap_share_the_rest},
          {"a strict budget makes the tail of overdue smaller", a_strict_budget_makes_the_overdue_tail_smaller},
          {"a late metric divides the part of its kind anew", a_late_metric_divides_the_part_of_its_kind_anew},
          {"the parts never exceed the whole", the_parts_never_exceed_the_whole},
          {"a budget that is none is refused", a_budget_that_is_none_is_refused})
