#include "tests/kit/kit.h"

#include "leeway/ks.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SAMPLE_MAX 2048
#define WORK_N     (3 * (10000 + 2))

static double work[WORK_N];

static struct lw_pvalue exact(size_t m, size_t n, uint64_t k, enum lw_ks_side side)
{
    struct lw_pvalue p = {.p = -1.0};

    CU_ASSERT_EQUAL(lw_ks_exact(m, n, k, side, work, WORK_N, &p), LW_ERR_OK);
    CU_ASSERT_EQUAL(p.method, LW_P_EXACT);
    return p;
}

static struct lw_ks_result test(const double *x, size_t m, const double *y, size_t n, enum lw_ks_side side)
{
    struct lw_ks_result result = {.statistic = -1.0};

    CU_ASSERT_EQUAL(lw_ks_two_sample(x, m, y, n, side, work, WORK_N, &result), LW_ERR_OK);
    return result;
}

/* The next line of a table, cut at tabs; lines that begin with # are left out. */
static size_t next_row(char **content, char **fields, size_t fields_max)
{
    size_t n = 0;
    char *line;

    do {
        line = *content;
        *content += strcspn(line, "\n");
        if (**content == '\n')
            *(*content)++ = '\0';
    } while (line[0] == '#');
    while (line[0] != '\0' && n < fields_max) {
        fields[n++] = line;
        line += strcspn(line, "\t");
        if (line[0] == '\t')
            *line++ = '\0';
    }
    return n;
}

static void reproduces_counted_paths_without_ties(void)
{
    char *all = kit_data("statistics/ks_untied.tsv", NULL);
    char *left = all;
    char *fields[7];
    size_t rows = 0;

    for (; next_row(&left, fields, 7) == 7; rows++) {
        const size_t m = strtoul(fields[0], NULL, 10);
        const size_t n = strtoul(fields[1], NULL, 10);
        const uint64_t k = strtoul(fields[2], NULL, 10);
        const struct lw_pvalue two = exact(m, n, k, LW_KS_TWO_SIDED);

        /* Below 2e-308 a double itself has fewer digits. */
        KIT_CLOSE(two.p, strtod(fields[3], NULL), two.p < 1e-307 ? 1e-12 : 2e-14);
        CU_ASSERT(fabs(two.log_p - strtod(fields[4], NULL)) < 1e-12);
        KIT_CLOSE(exact(n, m, k, LW_KS_TWO_SIDED).p, two.p, 0.0);
        KIT_CLOSE(exact(m, n, k, LW_KS_GREATER).p, strtod(fields[5], NULL), two.p < 1e-307 ? 1e-12 : 2e-14);
        KIT_CLOSE(exact(m, n, k, LW_KS_LESS).p, strtod(fields[6], NULL), two.p < 1e-307 ? 1e-12 : 2e-14);
    }
    CU_ASSERT_EQUAL(rows, 104);
    free(all);
}

static size_t numbers(char *text, double *values)
{
    size_t n = 0;

    for (char *at = text; *at != '\0' && n < SAMPLE_MAX; at += *at == ',')
        values[n++] = strtod(at, &at);
    return n;
}

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a;
    const double y = *(const double *)b;

    return (x > y) - (x < y);
}

static void reproduces_counted_paths_with_ties(void)
{
    static const enum lw_ks_side sides[] = {LW_KS_TWO_SIDED, LW_KS_GREATER, LW_KS_LESS};
    char *all = kit_data("statistics/ks_ties.tsv", NULL);
    char *left = all;
    char *fields[8];
    double x[SAMPLE_MAX], y[SAMPLE_MAX];
    size_t rows = 0;

    for (; next_row(&left, fields, 8) == 8; rows++) {
        const size_t m = numbers(fields[1], x);
        const size_t n = numbers(fields[2], y);
        struct lw_ks_result result;

        qsort(x, m, sizeof(x[0]), ascending);
        qsort(y, n, sizeof(y[0]), ascending);
        for (size_t i = 0; i < 3; i++) {
            result = test(x, m, y, n, sides[i]);
            KIT_CLOSE(result.p.p, strtod(fields[5 + i], NULL), 1e-14);
        }
        CU_ASSERT_EQUAL(result.distance.plus, strtoul(fields[3], NULL, 10));
        CU_ASSERT_EQUAL(result.distance.minus, strtoul(fields[4], NULL, 10));
    }
    CU_ASSERT_EQUAL(rows, 15);
    free(all);
}

/* R 4.2.2, ks.test(exact = TRUE) and psmirnov; SciPy 1.10.1, ks_2samp(method = "exact"). */
static void agrees_with_r_and_scipy(void)
{
    static const double a[] = {0.69, 0.7, 0.71, 0.715, 0.72, 0.73, 0.735, 0.74, 0.75, 0.76};
    static const double b[] = {0.64, 0.65, 0.66, 0.67, 0.68, 0.69, 0.7, 0.72};
    static const double d[] = {0.64, 0.65, 0.66, 0.67, 0.68, 0.691, 0.701, 0.721};
    static const double low[] = {1, 1, 1, 1, 1};
    static const double high[] = {2, 2, 2, 2, 2, 2};
    struct lw_ks_result result = test(a, 10, b, 8, LW_KS_TWO_SIDED);

    KIT_CLOSE(result.statistic, 0.675, 1e-15);
    KIT_CLOSE(result.p.p, 834.0 / 43758.0, 1e-14);
    KIT_CLOSE(result.p.p, 0.0190593720005411, 1e-12); /* this R takes 1 - (1 - p) and loses digits */
    CU_ASSERT(result.distance.ties);
    result = test(a, 10, d, 8, LW_KS_TWO_SIDED);
    KIT_CLOSE(result.statistic, 0.675, 1e-15);
    KIT_CLOSE(result.p.p, 0.020659079482608898, 1e-13);
    CU_ASSERT_FALSE(result.distance.ties);
    KIT_CLOSE(exact(3, 4, 6, LW_KS_TWO_SIDED).p, 0.65714285714285714, 1e-15);
    KIT_CLOSE(exact(5, 7, 15, LW_KS_TWO_SIDED).p, 0.54545454545454541, 1e-15);
    result = test(low, 5, high, 6, LW_KS_TWO_SIDED);
    KIT_CLOSE(result.p.p, 1.0 / 462.0, 1e-15);
}

/* Deals the pooled values out in every possible way and counts. `ends` has bit s set when s values end a block. */
static void enumerate(unsigned m, unsigned n, uint32_t ends, uint64_t tails[3][200], uint64_t *ways)
{
    memset(tails, 0, 3 * sizeof(tails[0]));
    *ways = 0;
    for (uint32_t dealt = 0; dealt < (uint32_t)1 << (m + n); dealt++) {
        int plus = 0;
        int minus = 0;
        int i = 0;

        if ((unsigned)__builtin_popcount(dealt) != m)
            continue;
        ++*ways;
        for (int s = 1; s <= (int)(m + n); s++) {
            i += (int)(dealt >> (s - 1) & 1);
            if (!(ends >> s & 1))
                continue;
            plus = i * (int)n - (s - i) * (int)m > plus ? i * (int)n - (s - i) * (int)m : plus;
            minus = (s - i) * (int)m - i * (int)n > minus ? (s - i) * (int)m - i * (int)n : minus;
        }
        for (int k = 0; k <= plus || k <= minus; k++) {
            tails[0][k]++;
            tails[1][k] += k <= plus;
            tails[2][k] += k <= minus;
        }
    }
}

/* Any samples with that pattern of ties: the p-value must not depend on who owns the values. */
static void pattern(unsigned m, unsigned n, uint32_t ends, double *x, double *y)
{
    double pooled[16];
    double value = 0.0;

    for (unsigned s = 0; s < m + n; s++) {
        pooled[s] = value;
        value += ends >> (s + 1) & 1 ? 1.0 : 0.0;
    }
    memcpy(x, pooled, m * sizeof(x[0]));
    memcpy(y, pooled + m, n * sizeof(y[0]));
}

static void check_all_deals(unsigned m, unsigned n, uint32_t ends)
{
    static const enum lw_ks_side sides[] = {LW_KS_TWO_SIDED, LW_KS_GREATER, LW_KS_LESS};
    unsigned g = m;
    uint64_t tails[3][200];
    uint64_t ways;
    double x[16], y[16];
    int wrong = 0;

    for (unsigned rest = n; rest != 0;) {
        unsigned next = g % rest;

        g = rest;
        rest = next;
    }
    enumerate(m, n, ends, tails, &ways);
    pattern(m, n, ends, x, y);
    for (unsigned k = 0; k <= m * n / g; k++) {
        for (size_t side = 0; side < 3; side++) {
            const double want = (double)tails[side][k * g] / (double)ways;
            struct lw_pvalue p;

            CU_ASSERT_EQUAL(lw_ks_exact_tied(x, m, y, n, k, sides[side], work, WORK_N, &p), LW_ERR_OK);
            wrong += fabs(p.p - want) > 1e-14 * want;
            if (ends == (((uint32_t)2 << (m + n)) - 2))
                wrong += fabs(exact(m, n, k, sides[side]).p - want) > 1e-14 * want;
        }
    }
    CU_ASSERT_EQUAL(wrong, 0);
}

/* P(p <= a) = a at every attainable a, conditional on the ties: the p-value of each k is exactly the share of the deals
   that reach k. This is a proof for these sizes, not a simulation. */
static void is_the_share_of_all_deals_up_to_14_values(void)
{
    struct kit_random random = kit_seed(41);

    for (unsigned m = 1; m <= 13; m++) {
        for (unsigned n = 1; m + n <= 14; n++) {
            const uint32_t all = ((uint32_t)2 << (m + n)) - 2;
            const uint32_t last = (uint32_t)1 << (m + n);

            check_all_deals(m, n, all);
            check_all_deals(m, n, (all & 0x55555555u) | last);
            check_all_deals(m, n, (all & 0x49249249u) | last);
            check_all_deals(m, n, ((uint32_t)kit_random_bits(&random) & all) | last);
            check_all_deals(m, n, last);
        }
    }
}

static void has_the_symmetries_of_the_problem(void)
{
    struct kit_random random = kit_seed(7);

    for (int round = 0; round < 300; round++) {
        const size_t m = 1 + kit_random_bits(&random) % 40;
        const size_t n = 1 + kit_random_bits(&random) % 40;
        const uint64_t levels = 2 + kit_random_bits(&random) % 50;
        double x[40], y[40], negative_x[40], negative_y[40];
        struct lw_ks_result two, greater, less, swapped, mirrored;

        for (size_t i = 0; i < m; i++)
            x[i] = (double)(kit_random_bits(&random) % levels);
        for (size_t i = 0; i < n; i++)
            y[i] = (double)(kit_random_bits(&random) % levels);
        qsort(x, m, sizeof(x[0]), ascending);
        qsort(y, n, sizeof(y[0]), ascending);
        for (size_t i = 0; i < m; i++)
            negative_x[i] = -x[m - 1 - i];
        for (size_t i = 0; i < n; i++)
            negative_y[i] = -y[n - 1 - i];
        two = test(x, m, y, n, LW_KS_TWO_SIDED);
        greater = test(x, m, y, n, LW_KS_GREATER);
        less = test(x, m, y, n, LW_KS_LESS);
        swapped = test(y, n, x, m, LW_KS_LESS);
        mirrored = test(negative_x, m, negative_y, n, LW_KS_LESS);
        KIT_CLOSE(swapped.p.p, greater.p.p, 1e-13);
        KIT_CLOSE(mirrored.p.p, greater.p.p, 1e-13);
        KIT_CLOSE(test(y, n, x, m, LW_KS_TWO_SIDED).p.p, two.p.p, 1e-13);
        CU_ASSERT_EQUAL(swapped.distance.minus, greater.distance.plus);
        CU_ASSERT(two.p.p >= fmin(greater.p.p, less.p.p) * (1.0 - 1e-13));
        CU_ASSERT(two.p.p >= two.attainable.p * (1.0 - 1e-13));
    }
}

static void states_the_smallest_p_that_could_be_had(void)
{
    static const double x[] = {1, 1, 2};
    static const double y[] = {2, 3};
    struct lw_pvalue p;

    CU_ASSERT_EQUAL(lw_ks_attainable(3, 4, LW_KS_TWO_SIDED, &p), LW_ERR_OK);
    KIT_CLOSE(p.p, 2.0 / 35.0, 1e-15);
    CU_ASSERT_EQUAL(lw_ks_attainable(5, 5, LW_KS_GREATER, &p), LW_ERR_OK);
    KIT_CLOSE(p.p, 1.0 / 252.0, 1e-15);
    CU_ASSERT_EQUAL(lw_ks_attainable(1, 1, LW_KS_TWO_SIDED, &p), LW_ERR_OK);
    KIT_CLOSE(p.p, 1.0, 0.0);
    /* Without ties it is the p of D = 1, here 9.764902e-601 by ks_untied.tsv. */
    CU_ASSERT_EQUAL(lw_ks_attainable(1000, 1000, LW_KS_TWO_SIDED, &p), LW_ERR_OK);
    CU_ASSERT_EQUAL(p.p, 0.0);
    KIT_CLOSE(p.log_p, -1381.5748463569201132, 1e-14);
    /* The series for great sizes continues the product. */
    CU_ASSERT_EQUAL(lw_ks_attainable(10000, 9999, LW_KS_TWO_SIDED, &p), LW_ERR_OK);
    KIT_CLOSE(p.log_p, exact(10000, 9999, 10000 * (uint64_t)9999, LW_KS_TWO_SIDED).log_p, 1e-12);
    /* 1 1 | 2 2 3: three values cannot be separated from two, two from three can. */
    KIT_CLOSE(test(x, 3, y, 2, LW_KS_TWO_SIDED).attainable.p, 1.0 / 10.0, 1e-15);
}

/* SciPy: kstwobign.sf(lambda), lambda = D sqrt(mn/(m+n)); one-sided exp(-2 lambda^2). */
static void has_the_asymptotic_distribution_too(void)
{
    struct lw_pvalue p;

    CU_ASSERT_EQUAL(lw_ks_asymptotic(1, 1, 1, LW_KS_TWO_SIDED, &p), LW_ERR_OK);
    KIT_CLOSE(p.p, 0.6993741991310155, 1e-14);
    CU_ASSERT_EQUAL(p.method, LW_P_ASYMPTOTIC);
    CU_ASSERT_EQUAL(lw_ks_asymptotic(2, 3, 5, LW_KS_TWO_SIDED, &p), LW_ERR_OK);
    KIT_CLOSE(p.p, 0.3752065498718389, 1e-14);
    CU_ASSERT_EQUAL(lw_ks_asymptotic(8, 8, 7, LW_KS_TWO_SIDED, &p), LW_ERR_OK);
    KIT_CLOSE(p.p, 0.004374982190571073, 1e-14);
    CU_ASSERT_EQUAL(lw_ks_asymptotic(500, 500, 158, LW_KS_TWO_SIDED, &p), LW_ERR_OK);
    KIT_CLOSE(p.p, 4.1454826629533957e-22, 1e-13);
    CU_ASSERT_EQUAL(lw_ks_asymptotic(500, 500, 158, LW_KS_LESS, &p), LW_ERR_OK);
    KIT_CLOSE(p.p, 2.0727413314766979e-22, 1e-13);
    CU_ASSERT_EQUAL(lw_ks_asymptotic(5, 7, 0, LW_KS_TWO_SIDED, &p), LW_ERR_OK);
    KIT_CLOSE(p.p, 1.0, 0.0);
    CU_ASSERT_EQUAL(lw_ks_asymptotic(1000000, 1000000, 1000000, LW_KS_TWO_SIDED, &p), LW_ERR_OK);
    CU_ASSERT_EQUAL(p.p, 0.0);
    KIT_CLOSE(p.log_p, log(2.0) - 1e6, 1e-12);
}

static void is_exact_at_ten_thousand_values_and_asymptotic_where_that_is_too_dear(void)
{
    static double x[30000], y[29999];
    struct lw_ks_result result;
    uint64_t cells;

    for (size_t i = 0; i < 30000; i++)
        x[i] = (double)i;
    for (size_t i = 0; i < 29999; i++)
        y[i] = (double)i + 0.5 + (i > 100 ? 300.0 : 0.0);
    result = test(x, 10000, y, 9999, LW_KS_TWO_SIDED);
    CU_ASSERT_EQUAL(result.p.method, LW_P_EXACT);
    CU_ASSERT_EQUAL(lw_ks_exact_cells(NULL, 30000, NULL, 29999, 30000 * (uint64_t)20000, LW_KS_TWO_SIDED, &cells),
                    LW_ERR_OK);
    CU_ASSERT(cells > LW_KS_CELLS_MAX);
    for (size_t i = 0; i < 29999; i++)
        y[i] = (double)i + 0.5 + 20000.0;
    CU_ASSERT_EQUAL(lw_ks_two_sample(x, 30000, y, 29999, LW_KS_TWO_SIDED, work, WORK_N, &result), LW_ERR_OK);
    CU_ASSERT_EQUAL(result.p.method, LW_P_ASYMPTOTIC);
    CU_ASSERT(result.p.log_p < -1e4);
}

static void refuses_what_it_cannot_do_and_then_changes_nothing(void)
{
    static const double fine[] = {1, 2, 3};
    static const double falling[] = {1, 3, 2};
    static const double broken[] = {1, (double)NAN, 3};
    struct lw_ks_result result = {.statistic = 42.0};
    struct lw_pvalue p = {.p = 42.0};

    CU_ASSERT_EQUAL(lw_ks_two_sample(fine, 3, falling, 3, LW_KS_TWO_SIDED, work, WORK_N, &result), LW_ERR_USAGE);
    CU_ASSERT_EQUAL(lw_ks_two_sample(broken, 3, fine, 3, LW_KS_TWO_SIDED, work, WORK_N, &result), LW_ERR_USAGE);
    CU_ASSERT_EQUAL(lw_ks_two_sample(broken + 1, 1, fine, 3, LW_KS_TWO_SIDED, work, WORK_N, &result), LW_ERR_USAGE);
    CU_ASSERT_EQUAL(lw_ks_two_sample(fine, 0, fine, 3, LW_KS_TWO_SIDED, work, WORK_N, &result), LW_ERR_RANGE);
    CU_ASSERT_EQUAL(lw_ks_two_sample(fine, 3, fine, 3, LW_KS_TWO_SIDED, work, 14, &result), LW_ERR_USAGE);
    CU_ASSERT_EQUAL(lw_ks_exact(3, 3, 4, LW_KS_TWO_SIDED, work, WORK_N, &p), LW_ERR_RANGE);
    CU_ASSERT_EQUAL(lw_ks_exact((size_t)1 << 40, ((size_t)1 << 40) - 1, 1, LW_KS_TWO_SIDED, work, WORK_N, &p),
                    LW_ERR_RANGE);
    CU_ASSERT_EQUAL(lw_ks_exact_tied(falling, 3, fine, 3, 1, LW_KS_TWO_SIDED, work, WORK_N, &p), LW_ERR_USAGE);
    CU_ASSERT_EQUAL(result.statistic, 42.0);
    CU_ASSERT_EQUAL(p.p, 42.0);
}

KIT_SUITE("ks", {"p-values equal counted paths, without ties, down to 1e-601", reproduces_counted_paths_without_ties},
          {"p-values equal counted paths, with ties", reproduces_counted_paths_with_ties},
          {"statistics and p-values agree with R and SciPy", agrees_with_r_and_scipy},
          {"the p-value is the share of all deals, up to 14 values, with and without ties",
           is_the_share_of_all_deals_up_to_14_values},
          {"swapping or mirroring the samples changes the side only", has_the_symmetries_of_the_problem},
          {"the smallest attainable p is stated", states_the_smallest_p_that_could_be_had},
          {"the asymptotic distribution agrees with SciPy", has_the_asymptotic_distribution_too},
          {"large samples are exact, very large ones asymptotic, and say so",
           is_exact_at_ten_thousand_values_and_asymptotic_where_that_is_too_dear},
          {"bad input is refused without touching the result", refuses_what_it_cannot_do_and_then_changes_nothing})
