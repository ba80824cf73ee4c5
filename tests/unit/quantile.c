#include "tests/kit/kit.h"

#include "leeway/quantile.h"

#include <float.h>

/* NumPy 2.4 and R 4.2.2: quantile(A, p, type = 7). */
static void interpolates_as_r_and_numpy_do(void)
{
    static const double a[] = {0.69, 0.7, 0.71, 0.715, 0.72, 0.73, 0.735, 0.74, 0.75, 0.76};
    static const struct {
        double p, want;
    } rows[] = {{0, 0.69}, {0.05, 0.6945}, {0.25, 0.71125}, {0.5, 0.725}, {0.75, 0.73875}, {0.95, 0.7555}, {1, 0.76}};

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        double got = 0.0;

        CU_ASSERT(lw_quantile_sorted(a, 10, rows[i].p, &got));
        KIT_CLOSE(got, rows[i].want, 1e-15);
    }
}

static void one_value_is_every_quantile(void)
{
    static const double one[] = {0.1};
    double got = 0.0;

    for (double p = 0.0; p <= 1.0; p += 0.125) {
        CU_ASSERT(lw_quantile_sorted(one, 1, p, &got));
        CU_ASSERT_EQUAL(got, 0.1);
    }
}

static void never_leaves_the_two_values_around_it(void)
{
    static const double same[] = {0.1, 0.1, 0.1, 0.3, 0.3, 0.3};
    static const double far[] = {-DBL_MAX, DBL_MAX};
    double before = 0.0;
    double got = 0.0;

    for (int i = 0; i <= 1000; i++) {
        CU_ASSERT(lw_quantile_sorted(same, 6, i / 1000.0, &got));
        CU_ASSERT(got >= 0.1 && got <= 0.3 && got >= before);
        CU_ASSERT(i > 400 || got == 0.1);
        CU_ASSERT(i < 600 || got == 0.3);
        before = got;
    }
    CU_ASSERT(lw_quantile_sorted(far, 2, 0.5, &got));
    CU_ASSERT_EQUAL(got, 0.0);
}

static void no_values_or_no_probability_is_unknown(void)
{
    static const double one[] = {0.1};
    double got = 42.0;

    CU_ASSERT_FALSE(lw_quantile_sorted(one, 0, 0.5, &got));
    CU_ASSERT_FALSE(lw_quantile_sorted(one, 1, 1.01, &got));
    CU_ASSERT_FALSE(lw_quantile_sorted(one, 1, -0.01, &got));
    CU_ASSERT_EQUAL(got, 42.0);
}

KIT_SUITE("quantile", {"quantiles interpolate as R's and NumPy's type 7", interpolates_as_r_and_numpy_do},
          {"one value is every quantile", one_value_is_every_quantile},
          {"a quantile never leaves the two values around it", never_leaves_the_two_values_around_it},
          {"no values, or no probability, is unknown", no_values_or_no_probability_is_unknown})
