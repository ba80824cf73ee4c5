#include "tests/kit/kit.h"

#include "leeway/sort.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define N_MAX 20000

static double values[N_MAX], copy[N_MAX];

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a;
    const double y = *(const double *)b;

    if (x == y)
        return (signbit(x) == 0) - (signbit(y) == 0);
    return x < y ? -1 : 1;
}

static void check(size_t n)
{
    memcpy(copy, values, n * sizeof(values[0]));
    lw_sort_doubles(values, n);
    qsort(copy, n, sizeof(copy[0]), ascending);
    CU_ASSERT_EQUAL(memcmp(values, copy, n * sizeof(values[0])), 0);
}

static void orders_anything_like_qsort(void)
{
    struct kit_random random = kit_seed(2);

    for (int round = 0; round < 3000; round++) {
        const size_t n = kit_random_bits(&random) % (round < 2900 ? 200 : 5000);
        const uint64_t levels = 1 + kit_random_bits(&random) % 1000;

        for (size_t i = 0; i < n; i++) {
            if (round % 2)
                values[i] = kit_random_normal(&random) * 1e300;
            else
                values[i] = ((double)(kit_random_bits(&random) % levels) - (double)(levels / 2)) * 0.5;
            if (values[i] == 0.0 && kit_random_bits(&random) % 2)
                values[i] = -0.0;
        }
        check(n);
    }
}

static void orders_what_is_in_order_reversed_or_equal(void)
{
    for (size_t i = 0; i < N_MAX; i++)
        values[i] = (double)i;
    check(N_MAX);
    for (size_t i = 0; i < N_MAX; i++)
        values[i] = -(double)i;
    check(N_MAX);
    for (size_t i = 0; i < N_MAX; i++)
        values[i] = 0.5;
    check(N_MAX);
    for (size_t i = 0; i < N_MAX; i++)
        values[i] = i < N_MAX / 2 ? (double)i : (double)(N_MAX - i); /* organ pipe */
    check(N_MAX);
    values[0] = (double)INFINITY;
    values[1] = -(double)INFINITY;
    check(N_MAX);
}

/* Musser's sequence drives a quicksort with median of three into quadratic time; counting on heapsort to save it: at
   2 million values a quadratic sort would not end. */
static void stays_fast_on_a_sequence_made_against_it(void)
{
    const size_t n = 2000000;
    const size_t k = n / 2;
    double *killer = malloc(n * sizeof(double));
    size_t wrong = 0;

    if (killer == NULL)
        abort();
    for (size_t i = 1; i <= k; i++) {
        killer[i - 1] = i % 2 ? (double)i : (double)(k + i - 1);
        killer[k + i - 1] = (double)(2 * i);
    }
    lw_sort_doubles(killer, n);
    for (size_t i = 1; i < n; i++)
        wrong += killer[i - 1] > killer[i];
    CU_ASSERT_EQUAL(wrong, 0);
    free(killer);
}

static void every_order_of_the_same_values_gives_the_same_bytes(void)
{
    struct kit_random random = kit_seed(9);
    double first[40];

    for (int round = 0; round < 200; round++) {
        for (size_t i = 0; i < 40; i++)
            copy[i] = i % 4 == 0 ? -0.0 : i % 4 == 1 ? 0.0 : (double)(i % 7) - 3.0;
        for (size_t i = 40; i > 1; i--) {
            const size_t j = kit_random_bits(&random) % i;
            const double kept = copy[i - 1];

            copy[i - 1] = copy[j];
            copy[j] = kept;
        }
        lw_sort_doubles(copy, 40);
        if (round == 0)
            memcpy(first, copy, sizeof(first));
        CU_ASSERT_EQUAL(memcmp(first, copy, sizeof(first)), 0);
    }
}

static void a_nan_does_no_harm_beyond_the_order(void)
{
    struct kit_random random = kit_seed(13);

    for (int round = 0; round < 2000; round++) {
        const size_t n = kit_random_bits(&random) % 300;
        size_t nans = 0;

        for (size_t i = 0; i < n; i++) {
            values[i] = kit_random_bits(&random) % 4 ? kit_random_normal(&random) : (double)NAN;
            nans += isnan(values[i]) != 0;
        }
        lw_sort_doubles(values, n);
        for (size_t i = 0; i < n; i++)
            nans -= isnan(values[i]) != 0;
        CU_ASSERT_EQUAL(nans, 0);
    }
}

KIT_SUITE("sort", {"numbers are ordered like qsort orders them", orders_anything_like_qsort},
          {"ordered, reversed, equal and infinite numbers are ordered too", orders_what_is_in_order_reversed_or_equal},
          {"a sequence made against quicksort does not slow it down", stays_fast_on_a_sequence_made_against_it},
          {"every order of the same values gives the same bytes, zeros included",
           every_order_of_the_same_values_gives_the_same_bytes},
          {"a NaN does no harm beyond the order", a_nan_does_no_harm_beyond_the_order})
