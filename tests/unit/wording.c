#include "tests/kit/kit.h"

#include "engine/flow/cli/wording.h"

static void a_requirement_is_a_series_a_comparison_and_a_number(void)
{
    static const struct {
        const char *text, *series;
        enum lw_compare compare;
        double bound;
    } rows[] = {
        {"validation:accuracy >= 0.8", "validation:accuracy", LW_COMPARE_GE, 0.8},
        {"loss<0.5", "loss", LW_COMPARE_LT, 0.5},
        {" cost <= 2 ", "cost", LW_COMPARE_LE, 2},
        {"test:auc > .9", "test:auc", LW_COMPARE_GT, 0.9},
        {"duration < 15m", "duration", LW_COMPARE_LT, 900},
        {"gap <= 1h30m", "gap", LW_COMPARE_LE, 5400},
        {"duration < 900", "duration", LW_COMPARE_LT, 900},
        {"loss >= -1e-3", "loss", LW_COMPARE_GE, -0.001},
    };
    struct lw_requirement requirement;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        CU_ASSERT(lw_wording_requirement(lw_str_from(rows[i].text), &requirement));
        CU_ASSERT(lw_str_equal(requirement.series, lw_str_from(rows[i].series)));
        CU_ASSERT_EQUAL(requirement.compare, rows[i].compare);
        CU_ASSERT_EQUAL(requirement.bound, rows[i].bound);
    }
}

static void what_is_no_requirement_is_refused(void)
{
    static const char *const texts[] = {"",
                                        ">= 1",
                                        "accuracy",
                                        "accuracy 0.8",
                                        "accuracy >=",
                                        "accuracy >= x",
                                        "accuracy >= 15m",
                                        "accuracy == 1",
                                        "accuracy >= nan",
                                        "accuracy >> 1"};
    struct lw_requirement requirement;

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        CU_ASSERT_FALSE(lw_wording_requirement(lw_str_from(texts[i]), &requirement));
}

static void a_budget_is_runs_for_one_alarm(void)
{
    static const struct {
        const char *text;
        double runs;
    } rows[] = {{"1 per 370 runs", 370}, {"1 per 500", 500},    {"2 per 1000 runs", 500},
                {"1/200", 200},          {" 1  per  50  ", 50}, {"1 / 100 runs", 100}};
    static const char *const bad[] = {"",         "1",         "often",         "1 per",         "1 per 0",
                                      "0 per 10", "-1 per 10", "1 in 370 runs", "1 per 370 days"};
    double runs;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        CU_ASSERT(lw_wording_budget(lw_str_from(rows[i].text), &runs));
        CU_ASSERT_EQUAL(runs, rows[i].runs);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        CU_ASSERT_FALSE(lw_wording_budget(lw_str_from(bad[i]), &runs));
}

static void effects_to_ignore_are_named_or_one_number(void)
{
    struct lw_ignore_below ignore = {.rate = 0.005, .loss = 0.05, .time = 0.1};

    CU_ASSERT(lw_wording_ignore(LW_STR("0.01"), &ignore));
    CU_ASSERT_EQUAL(ignore.rate, 0.01);
    CU_ASSERT_EQUAL(ignore.loss, 0.05);
    CU_ASSERT(lw_wording_ignore(LW_STR("metric=2%, duration = 25 %,loss=0.2"), &ignore));
    CU_ASSERT_EQUAL(ignore.rate, 0.02);
    CU_ASSERT_EQUAL(ignore.loss, 0.2);
    CU_ASSERT_EQUAL(ignore.time, 0.25);
    CU_ASSERT_FALSE(lw_wording_ignore(LW_STR("speed=1%"), &ignore));
    CU_ASSERT_FALSE(lw_wording_ignore(LW_STR("metric="), &ignore));
    CU_ASSERT_FALSE(lw_wording_ignore(LW_STR("-0.1"), &ignore));
}

static void a_price_belongs_to_an_instance_type(void)
{
    struct lw_price price;

    CU_ASSERT(lw_wording_price(LW_STR("ml.p2.xlarge=0.90"), &price));
    CU_ASSERT(lw_str_equal(price.instance, LW_STR("ml.p2.xlarge")));
    CU_ASSERT_EQUAL(price.per_hour, 0.9);
    CU_ASSERT_FALSE(lw_wording_price(LW_STR("=1"), &price));
    CU_ASSERT_FALSE(lw_wording_price(LW_STR("ml.p2.xlarge"), &price));
    CU_ASSERT_FALSE(lw_wording_price(LW_STR("ml.p2.xlarge=-1"), &price));
    CU_ASSERT_FALSE(lw_wording_price(LW_STR("ml.p2.xlarge=1,2"), &price));
}

KIT_SUITE("wording",
          {"a requirement is a series, a comparison and a number", a_requirement_is_a_series_a_comparison_and_a_number},
          {"what is no requirement is refused", what_is_no_requirement_is_refused},
          {"a budget is runs for one alarm", a_budget_is_runs_for_one_alarm},
          {"effects to ignore are named, or one number", effects_to_ignore_are_named_or_one_number},
          {"a price belongs to an instance type", a_price_belongs_to_an_instance_type})
