#include "tests/kit/kit.h"

#include "leeway/ks.h"
#include "leeway/ks_few.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static struct kit_random dice;

static uint32_t below(uint32_t limit)
{
    return (uint32_t)(kit_random_bits(&dice) % limit);
}

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a;
    const double y = *(const double *)b;

    return (x > y) - (x < y);
}

/* Samples of whole numbers 0 .. spread - 1, x higher by `shift`. */
static void deal(double *x, size_t m, double *y, size_t n, uint32_t spread, uint32_t shift)
{
    for (size_t i = 0; i < m; i++)
        x[i] = (double)(below(spread) + shift);
    for (size_t i = 0; i < n; i++)
        y[i] = (double)below(spread);
    qsort(x, m, sizeof(*x), by_value);
    qsort(y, n, sizeof(*y), by_value);
}

static void same_as_the_general_test(const double *x, size_t m, const double *y, size_t n)
{
    double work[64];
    struct lw_ks_few few;
    struct lw_ks_result general;
    double p;

    CU_ASSERT_EQUAL_FATAL(lw_ks_few_compare(x, m, y, n, &few), LW_ERR_OK);
    CU_ASSERT_EQUAL_FATAL(lw_ks_two_sample(x, m, y, n, LW_KS_TWO_SIDED, work, 64, &general), LW_ERR_OK);
    CU_ASSERT_EQUAL(few.two_sided, general.distance.two_sided);
    CU_ASSERT_EQUAL(few.lcm, general.distance.lcm);
    CU_ASSERT_EQUAL(few.ties, general.distance.ties);
    CU_ASSERT_EQUAL(few.x_below, general.distance.x_below);
    CU_ASSERT_EQUAL(few.y_below, general.distance.y_below);
    p = lw_ks_few_p(&few);
    CU_ASSERT_EQUAL(memcmp(&p, &general.p.p, sizeof(p)), 0);
}

static void agrees_with_the_general_test_to_the_bit(void)
{
    double x[LW_KS_FEW_X];
    double y[LW_KS_FEW_POOL];

    dice = kit_seed(41);
    for (int i = 0; i < 100000; i++) {
        const size_t m = 1 + below(LW_KS_FEW_X);
        const size_t n = m + 1 + below((uint32_t)(LW_KS_FEW_POOL - 2 * m));
        const uint32_t spread = 1 + below(i % 2 ? 200 : 12);

        deal(x, m, y, n, spread, below(3) ? 0 : below(spread));
        same_as_the_general_test(x, m, y, n);
    }
}

/* All C(m + n, m) ways to deal the pooled values, counted: the share of those with a distance at least as great. */
static double by_enumeration(const double *x, size_t m, const double *y, size_t n)
{
    double pool[12];
    double part[12];
    double rest[12];
    struct lw_ks_distance seen, one;
    uint32_t deals = 0;
    uint32_t extreme = 0;

    memcpy(pool, x, m * sizeof(*x));
    memcpy(pool + m, y, n * sizeof(*y));
    qsort(pool, m + n, sizeof(*pool), by_value);
    CU_ASSERT_EQUAL_FATAL(lw_ks_distance(x, m, y, n, &seen), LW_ERR_OK);
    for (uint32_t set = 0; set < 1u << (m + n); set++) {
        size_t of_part = 0;
        size_t of_rest = 0;

        if ((size_t)__builtin_popcount(set) != m)
            continue;
        for (size_t i = 0; i < m + n; i++) {
            if (set >> i & 1)
                part[of_part++] = pool[i];
            else
                rest[of_rest++] = pool[i];
        }
        CU_ASSERT_EQUAL_FATAL(lw_ks_distance(part, m, rest, n, &one), LW_ERR_OK);
        deals++;
        extreme += one.two_sided >= seen.two_sided;
    }
    return (double)extreme / deals;
}

static void agrees_with_enumeration(void)
{
    double x[LW_KS_FEW_X];
    double y[12];

    dice = kit_seed(43);
    for (int i = 0; i < 200; i++) {
        const size_t m = 1 + below(LW_KS_FEW_X);
        const size_t n = m + 1 + below((uint32_t)(11 - 2 * m));
        struct lw_ks_few few;

        deal(x, m, y, n, 2 + below(15), below(4));
        CU_ASSERT_EQUAL_FATAL(lw_ks_few_compare(x, m, y, n, &few), LW_ERR_OK);
        CU_ASSERT_DOUBLE_EQUAL(lw_ks_few_p(&few), by_enumeration(x, m, y, n), 1e-13);
    }
}

static void refuses_sizes_it_is_not_made_for(void)
{
    static const double values[64] = {0.0};
    struct lw_ks_few few;

    CU_ASSERT_EQUAL(lw_ks_few_compare(values, 0, values, 5, &few), LW_ERR_RANGE);
    CU_ASSERT_EQUAL(lw_ks_few_compare(values, 6, values, 7, &few), LW_ERR_RANGE);
    CU_ASSERT_EQUAL(lw_ks_few_compare(values, 5, values, 5, &few), LW_ERR_RANGE);
    CU_ASSERT_EQUAL(lw_ks_few_compare(values, 5, values, 59, &few), LW_ERR_RANGE);
    CU_ASSERT_EQUAL(lw_ks_few_compare(values, 5, values, 58, &few), LW_ERR_OK);
}

static void refuses_values_out_of_order(void)
{
    static const double good[4] = {1.0, 2.0, 2.0, 3.0};
    static const double falling[4] = {1.0, 3.0, 2.0, 4.0};
    static const double hole[4] = {1.0, 2.0, NAN, 4.0};
    static const double begins[2] = {NAN, 1.0};
    struct lw_ks_few few;

    CU_ASSERT_EQUAL(lw_ks_few_compare(good, 3, falling, 4, &few), LW_ERR_USAGE);
    CU_ASSERT_EQUAL(lw_ks_few_compare(falling, 3, good, 4, &few), LW_ERR_USAGE);
    CU_ASSERT_EQUAL(lw_ks_few_compare(good, 3, hole, 4, &few), LW_ERR_USAGE);
    CU_ASSERT_EQUAL(lw_ks_few_compare(begins, 2, good, 4, &few), LW_ERR_USAGE);
    CU_ASSERT_EQUAL(lw_ks_few_compare(begins, 1, good, 4, &few), LW_ERR_USAGE);
}

KIT_SUITE("ks_few", {"agrees with the general test to the bit", agrees_with_the_general_test_to_the_bit},
          {"agrees with enumeration", agrees_with_enumeration},
          {"refuses sizes it is not made for", refuses_sizes_it_is_not_made_for},
          {"refuses values out of order", refuses_values_out_of_order})
