#include "tests/kit/kit.h"

#include "leeway/slope.h"

#include <float.h>

/* SciPy 1.17: linregress(hours, values).slope. */
static void slope_is_that_of_scipy_at_any_epoch(void)
{
    static const int64_t seconds[] = {0, 60, 120, 185, 240};
    static const double values[] = {0.5, 0.6, 0.72, 0.75, 0.9};
    static const int64_t epochs[] = {0, 1560000000000, LW_TIME_MAX - 240000, LW_TIME_MIN};
    lw_time times[5];
    double slope = 0.0;

    for (size_t e = 0; e < 4; e++) {
        for (size_t i = 0; i < 5; i++)
            times[i].ms = epochs[e] + seconds[i] * LW_SECOND;
        CU_ASSERT(lw_slope_per_hour(times, values, 5, &slope));
        KIT_CLOSE(slope, 5.6310212998361555, 1e-14);
    }
}

static void a_great_level_costs_no_digits(void)
{
    lw_time times[100];
    double values[100];
    double slope = 0.0;

    for (size_t i = 0; i < 100; i++) {
        times[i].ms = 1700000000000 + (int64_t)i * LW_HOUR;
        values[i] = 1e9 + 0.25 * (double)i;
    }
    CU_ASSERT(lw_slope_per_hour(times, values, 100, &slope));
    KIT_CLOSE(slope, 0.25, 1e-14);
}

static void steps_have_a_slope_per_step(void)
{
    static const int64_t steps[] = {3, 1, 2};
    static const int64_t ends[] = {INT64_MIN, INT64_MAX};
    static const double values[] = {1.0, 5.0, 3.0};
    double slope = 0.0;

    CU_ASSERT(lw_slope_per_step(steps, values, 3, &slope));
    KIT_CLOSE(slope, -2.0, 1e-15);
    CU_ASSERT(lw_slope_per_step(ends, values, 2, &slope));
    KIT_CLOSE(slope, 4.0 / 0x1p64, 1e-15);
}

static void one_moment_has_no_slope(void)
{
    static const lw_time times[] = {{1000}, {1000}, {1000}};
    static const lw_time two[] = {{1000}, {2000}};
    static const double values[] = {1.0, 2.0, 3.0};
    static const double huge[] = {-DBL_MAX, DBL_MAX};
    double slope = 42.0;

    CU_ASSERT_FALSE(lw_slope_per_hour(times, values, 3, &slope));
    CU_ASSERT_FALSE(lw_slope_per_hour(times, values, 1, &slope));
    CU_ASSERT_FALSE(lw_slope_per_hour(NULL, NULL, 0, &slope));
    CU_ASSERT_FALSE(lw_slope_per_hour(two, huge, 2, &slope));
    CU_ASSERT_EQUAL(slope, 42.0);
}

static void courses_are_told_apart(void)
{
    static const double up[] = {1, 2, 2, 3};
    static const double down[] = {3, 2, 2, 1};
    static const double flat[] = {2, 2, 2, 2};
    static const double both[] = {1, 2, 1, 3};

    CU_ASSERT_EQUAL(lw_slope_trend(up, 4), LW_TREND_UP);
    CU_ASSERT_EQUAL(lw_slope_trend(down, 4), LW_TREND_DOWN);
    CU_ASSERT_EQUAL(lw_slope_trend(flat, 4), LW_TREND_FLAT);
    CU_ASSERT_EQUAL(lw_slope_trend(both, 4), LW_TREND_NONE);
    CU_ASSERT_EQUAL(lw_slope_trend(both, 2), LW_TREND_UP);
    CU_ASSERT_EQUAL(lw_slope_trend(both, 1), LW_TREND_NONE);
    CU_ASSERT_EQUAL(lw_slope_trend(both, 0), LW_TREND_NONE);
}

KIT_SUITE("slope", {"the slope is that of SciPy, at any epoch", slope_is_that_of_scipy_at_any_epoch},
          {"a great level costs no digits", a_great_level_costs_no_digits},
          {"steps have a slope per step", steps_have_a_slope_per_step},
          {"a single moment has no slope", one_moment_has_no_slope},
          {"rising, falling, flat and mixed courses are told apart", courses_are_told_apart})
