#include "tests/kit/kit.h"

#include "leeway/moments.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define VALUES_MAX 5000

/* Certified mean and standard deviation (15 digits), the digits that are asked for, and what whole-number arithmetic
   makes of the data once they are doubles (Python, fractions): standard deviation, skewness, kurtosis. That is the limit
   of any program that reads doubles. 0: not compared. */
struct set {
    const char *file;
    size_t n;
    double mean, stddev;
    double mean_digits, stddev_digits;
    double double_stddev, double_skewness, double_kurtosis;
};

static const struct set sets[] = {
    {"nist/Lottery.dat", 218, 518.958715596330, 291.699727470969, 14.9, 15, 291.69972747096908423924,
     -0.0926882314503554925, -1.1927809417579536414},
    {"nist/Lew.dat", 200, -177.435000000000, 277.332168044316, 14.9, 15, 277.33216804431613576492,
     -0.0502262954582129840, -1.4887601738140264594},
    {"nist/Mavro.dat", 50, 2.00185600000000, 0.000429123454003053, 14.9, 12, 0.0004291234540030854092,
     0.62541807014318536813, -0.8583840278192478204},
    {"nist/Michelso.dat", 100, 299.852400000000, 0.0790105478190518, 14.9, 12, 0.0790105478190506671514,
     -0.0182596139630910727, 0.26353053231147781443},
    {"nist/NumAcc1.dat", 3, 10000002, 1, 14.9, 15, 0, 0, 0},
    {"nist/NumAcc2.dat", 1001, 1.2, 0.1, 14.9, 15, 0.0999999999999999777955, 0, -1.9990000000000000000},
    {"nist/NumAcc3.dat", 1001, 1000000.2, 0.1, 14.9, 9.4, 0, 0, 0},
    {"nist/NumAcc4.dat", 1001, 10000000.2, 0.1, 14.9, 8.2, 0.1000000005587935447736, 0, -1.9990000000000000001},
    {"nist/PiDigits.txt", 5000, 4.53480000000000, 2.86733906028871, 14.9, 14, 2.8673390602887080724610,
     -0.0079903206234641209, -1.2199888438978840648},
};
#define SETS_N (sizeof(sets) / sizeof(sets[0]))

static double values[VALUES_MAX];

static size_t read_set(const struct set *set)
{
    char *content = kit_data(set->file, NULL);
    char *at = strstr(content, "Data: Y");
    size_t n = 0;

    at = at ? strchr(strchr(at, '\n') + 1, '\n') : content; /* below the line under the title */
    for (char *end; n < VALUES_MAX; at = end) {
        values[n] = strtod(at, &end);
        if (end == at)
            break;
        n++;
    }
    free(content);
    CU_ASSERT_EQUAL(n, set->n);
    return n;
}

/* Log relative error: how many digits are right. */
static double digits(double got, double want)
{
    return got == want ? 16.0 : -log10(fabs(got - want) / fabs(want));
}

static struct lw_moments one_by_one(size_t n)
{
    struct lw_moments moments = {.n = 0};

    for (size_t i = 0; i < n; i++)
        lw_moments_add(&moments, values[i]);
    return moments;
}

static struct lw_moments merged(size_t n, size_t step)
{
    struct lw_moments all = {.n = 0};

    for (size_t i = 0; i < n; i += step) {
        struct lw_moments moments = {.n = 0};

        for (size_t j = i; j < n && j < i + step; j++)
            lw_moments_add(&moments, values[j]);
        lw_moments_merge(&all, &moments);
    }
    return all;
}

static void check_digits(const struct set *set, const struct lw_moments *moments, const char *how)
{
    double mean = 0.0;
    double stddev = 0.0;

    CU_ASSERT(lw_moments_mean(moments, &mean));
    CU_ASSERT(lw_moments_stddev(moments, &stddev));
    printf("# %-18s %-10s digits of the mean %5.2f, standard deviation %5.2f\n", set->file, how,
           digits(mean, set->mean), digits(stddev, set->stddev));
    CU_ASSERT(digits(mean, set->mean) >= set->mean_digits);
    CU_ASSERT(digits(stddev, set->stddev) >= set->stddev_digits);
}

static void keeps_the_digits_that_nist_certifies(void)
{
    for (size_t i = 0; i < SETS_N; i++) {
        const size_t n = read_set(&sets[i]);
        struct lw_moments moments = one_by_one(n);

        check_digits(&sets[i], &moments, "one by one");
        lw_moments_of(values, n, &moments);
        check_digits(&sets[i], &moments, "two passes");
        moments = merged(n, 7);
        check_digits(&sets[i], &moments, "merged");
    }
}

static void two_passes_are_as_exact_as_doubles_can_be(void)
{
    for (size_t i = 0; i < SETS_N; i++) {
        const size_t n = read_set(&sets[i]);
        struct lw_moments moments;
        double result = 0.0;

        lw_moments_of(values, n, &moments);
        if (sets[i].double_stddev != 0.0) {
            CU_ASSERT(lw_moments_stddev(&moments, &result));
            KIT_CLOSE(result, sets[i].double_stddev, 3e-16);
        }
        if (sets[i].double_skewness != 0.0) {
            CU_ASSERT(lw_moments_skewness(&moments, &result));
            KIT_CLOSE(result, sets[i].double_skewness, 2e-15);
        }
        if (sets[i].double_kurtosis != 0.0) {
            CU_ASSERT(lw_moments_kurtosis(&moments, &result));
            KIT_CLOSE(result, sets[i].double_kurtosis, 2e-15);
        }
    }
}

/* SciPy 1.17: skew([1, 2, 3, 10]), kurtosis([1, 2, 3, 10]), std(ddof=1). */
static void shape_is_that_of_scipy(void)
{
    static const double four[] = {1, 2, 3, 10};
    struct lw_moments streamed = {.n = 0};
    struct lw_moments passed;
    double a = 0.0;
    double b = 0.0;

    for (size_t i = 0; i < 4; i++)
        lw_moments_add(&streamed, four[i]);
    lw_moments_of(four, 4, &passed);
    CU_ASSERT(lw_moments_skewness(&streamed, &a) && lw_moments_skewness(&passed, &b));
    KIT_CLOSE(a, 1.0182337649086284, 1e-15);
    KIT_CLOSE(b, 1.0182337649086284, 1e-15);
    CU_ASSERT(lw_moments_kurtosis(&streamed, &a) && lw_moments_kurtosis(&passed, &b));
    KIT_CLOSE(a, -0.7696, 1e-14);
    KIT_CLOSE(b, -0.7696, 1e-14);
    CU_ASSERT(lw_moments_stddev(&streamed, &a) && lw_moments_stddev(&passed, &b));
    KIT_CLOSE(a, 4.08248290463863, 1e-14);
    KIT_CLOSE(b, 4.08248290463863, 1e-14);
    CU_ASSERT_EQUAL(streamed.min, 1.0);
    CU_ASSERT_EQUAL(streamed.max, 10.0);
    CU_ASSERT_EQUAL(passed.min, 1.0);
    CU_ASSERT_EQUAL(passed.max, 10.0);
}

static void merging_equals_adding(void)
{
    struct kit_random random = kit_seed(1);

    for (size_t i = 0; i < 1000; i++)
        values[i] = exp(kit_random_normal(&random));
    for (size_t step = 1; step <= 1000; step *= 3) {
        const struct lw_moments all = one_by_one(1000);
        const struct lw_moments parts = merged(1000, step);

        CU_ASSERT_EQUAL(parts.n, all.n);
        CU_ASSERT_EQUAL(parts.min, all.min);
        CU_ASSERT_EQUAL(parts.max, all.max);
        KIT_CLOSE(parts.mean, all.mean, 1e-14);
        KIT_CLOSE(parts.m2, all.m2, 1e-13);
        KIT_CLOSE(parts.m3, all.m3, 1e-12);
        KIT_CLOSE(parts.m4, all.m4, 1e-12);
    }
}

static void equal_values_have_that_mean_no_spread_and_no_shape(void)
{
    static const double samples[] = {0.1, 0.9137, 1e-300, -3.3, 1.7e308, 0.0};

    for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++) {
        for (size_t n = 1; n <= 50; n++) {
            struct lw_moments both[2] = {{.n = 0}, {.n = 0}};
            double mean = 0.0;
            double stddev = 1.0;

            for (size_t j = 0; j < n; j++) {
                values[j] = samples[i];
                lw_moments_add(&both[0], samples[i]);
            }
            lw_moments_of(values, n, &both[1]);
            for (size_t j = 0; j < 2; j++) {
                CU_ASSERT(lw_moments_mean(&both[j], &mean));
                CU_ASSERT_EQUAL(mean, samples[i]);
                CU_ASSERT_EQUAL(lw_moments_stddev(&both[j], &stddev), n >= 2);
                CU_ASSERT_EQUAL(stddev, n >= 2 ? 0.0 : 1.0);
                CU_ASSERT_FALSE(lw_moments_skewness(&both[j], &stddev));
                CU_ASSERT_FALSE(lw_moments_kurtosis(&both[j], &stddev));
            }
        }
    }
}

static void too_few_values_are_unknown_not_zero(void)
{
    struct lw_moments moments = {.n = 0};
    double result = 42.0;

    CU_ASSERT_FALSE(lw_moments_mean(&moments, &result));
    CU_ASSERT_FALSE(lw_moments_variance(&moments, &result));
    lw_moments_add(&moments, 1.0);
    CU_ASSERT_FALSE(lw_moments_stddev(&moments, &result));
    lw_moments_add(&moments, 2.0);
    CU_ASSERT_FALSE(lw_moments_skewness(&moments, &result));
    lw_moments_add(&moments, 4.0);
    CU_ASSERT_FALSE(lw_moments_kurtosis(&moments, &result));
    CU_ASSERT_EQUAL(result, 42.0);
    CU_ASSERT(lw_moments_skewness(&moments, &result));
    lw_moments_add(&moments, 4.0);
    CU_ASSERT(lw_moments_kurtosis(&moments, &result));
    moments = (struct lw_moments){.n = 0};
    lw_moments_of(NULL, 0, &moments);
    CU_ASSERT_EQUAL(moments.n, 0);
    CU_ASSERT_FALSE(lw_moments_mean(&moments, &result));
}

static void huge_values_give_a_finite_answer_or_none(void)
{
    static const double huge[] = {1.5e308, 1.7e308, 1.6e308};
    struct lw_moments moments;
    double result = 42.0;

    lw_moments_of(huge, 3, &moments);
    CU_ASSERT(lw_moments_mean(&moments, &result));
    KIT_CLOSE(result, 1.6e308, 1e-15);
    result = 42.0;
    CU_ASSERT_FALSE(lw_moments_stddev(&moments, &result));
    CU_ASSERT_FALSE(lw_moments_kurtosis(&moments, &result));
    CU_ASSERT_EQUAL(result, 42.0);
}

KIT_SUITE("moments",
          {"the digits certified by NIST are kept, one by one, merged and in two passes",
           keeps_the_digits_that_nist_certifies},
          {"two passes are as exact as doubles can be", two_passes_are_as_exact_as_doubles_can_be},
          {"skewness and kurtosis are those of SciPy", shape_is_that_of_scipy},
          {"merging parts equals adding all", merging_equals_adding},
          {"equal values have that mean, no spread and no shape", equal_values_have_that_mean_no_spread_and_no_shape},
          {"too few values are unknown, not zero", too_few_values_are_unknown_not_zero},
          {"huge values give a finite answer or none", huge_values_give_a_finite_answer_or_none})
