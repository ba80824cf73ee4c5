#include "tests/kit/kit.h"

#include "leeway/ks.h"
#include "leeway/ks_rank.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define CURVE_MAX 32

struct curve {
    double values[CURVE_MAX];
    size_t n; /* 0: not in the pool */
};

static struct lw_ks_pool *new_pool(uint32_t capacity)
{
    struct lw_ks_pool *pool = malloc(lw_ks_rank_bytes(capacity));

    if (pool == NULL)
        abort();
    lw_ks_rank_begin(pool, capacity);
    return pool;
}

/* Straight from the definition: at every value, the share of the curve up to there against the share of all others, as
   a numerator over n * rest. */
static uint64_t distance(const struct curve *curves, size_t curves_n, size_t which, uint64_t *scale)
{
    uint64_t total = 0;
    uint64_t widest = 0;

    for (size_t c = 0; c < curves_n; c++)
        total += curves[c].n;
    *scale = curves[which].n * (total - curves[which].n);
    for (size_t at = 0; at < curves_n; at++) {
        for (size_t v = 0; v < curves[at].n; v++) {
            uint64_t own = 0;
            uint64_t others = 0;
            uint64_t a, b;

            for (size_t c = 0; c < curves_n; c++) {
                for (size_t i = 0; i < curves[c].n; i++) {
                    own += c == which && curves[c].values[i] <= curves[at].values[v];
                    others += c != which && curves[c].values[i] <= curves[at].values[v];
                }
            }
            a = own * (total - curves[which].n);
            b = others * curves[which].n;
            widest = a > b && a - b > widest ? a - b : widest;
            widest = b > a && b - a > widest ? b - a : widest;
        }
    }
    return widest;
}

static void check_against_definition(struct lw_ks_pool *pool, const struct curve *curves, size_t curves_n,
                                     size_t newest)
{
    struct lw_ks_rank rank;
    uint64_t scale, other_scale;
    const uint64_t widest = distance(curves, curves_n, newest, &scale);
    unsigned references = 0;
    unsigned as_extreme = 0;

    for (size_t c = 0; c < curves_n; c++) {
        if (c == newest || curves[c].n == 0)
            continue;
        references++;
        as_extreme += distance(curves, curves_n, c, &other_scale) * scale >= widest * other_scale;
    }
    CU_ASSERT_EQUAL(lw_ks_rank_of(pool, (uint32_t)newest, &rank), LW_ERR_OK);
    CU_ASSERT_EQUAL(rank.references, references);
    CU_ASSERT_EQUAL(rank.as_extreme, as_extreme);
    if (references == 0) {
        CU_ASSERT_EQUAL(rank.p.method, LW_P_NONE);
        return;
    }
    KIT_CLOSE(rank.statistic, (double)widest / (double)scale, 1e-15);
    KIT_CLOSE(rank.p.p, (1.0 + as_extreme) / (1.0 + references), 1e-15);
    KIT_CLOSE(rank.attainable_p, 1.0 / (1.0 + references), 1e-15);
}

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a;
    const double y = *(const double *)b;

    return (x > y) - (x < y);
}

/* levels 0: values that differ; else so many different ones. */
static struct curve random_curve(struct kit_random *random, size_t n_max, uint64_t levels)
{
    struct curve curve = {.n = 1 + kit_random_bits(random) % n_max};

    for (size_t i = 0; i < curve.n; i++)
        curve.values[i] = levels ? (double)(kit_random_bits(random) % levels) - 2.0 : kit_random_normal(random);
    qsort(curve.values, curve.n, sizeof(curve.values[0]), ascending);
    return curve;
}

static void equals_the_definition_while_a_window_slides(void)
{
    static const uint64_t levels[] = {0, 3, 20, 1000};
    struct kit_random random = kit_seed(3);
    struct lw_ks_pool *pool = new_pool(12 * CURVE_MAX);

    for (size_t kind = 0; kind < 4; kind++) {
        struct curve curves[12] = {{.n = 0}};

        lw_ks_rank_begin(pool, 12 * CURVE_MAX);
        for (size_t run = 0; run < 60; run++) {
            const size_t slot = run % 12;

            curves[slot] = random_curve(&random, run % 2 ? CURVE_MAX : 6, levels[kind]);
            CU_ASSERT_EQUAL(
                lw_ks_rank_exchange(pool, (uint32_t)slot, (uint32_t)slot, curves[slot].values, curves[slot].n),
                LW_ERR_OK);
            check_against_definition(pool, curves, 12, slot);
            check_against_definition(pool, curves, 12, 0);
        }
    }
    free(pool);
}

static void a_full_pool_is_exchanged_like_any_other(void)
{
    static const uint64_t levels[] = {0, 1, 5, 40};
    struct kit_random random = kit_seed(31);
    struct lw_ks_pool *pool = new_pool(4 * 5);

    for (size_t kind = 0; kind < 4; kind++) {
        struct curve curves[4] = {{.n = 0}};

        lw_ks_rank_begin(pool, 4 * 5);
        for (size_t run = 0; run < 200; run++) {
            const size_t slot = run % 4;

            do {
                curves[slot] = random_curve(&random, 5, levels[kind]);
            } while (curves[slot].n != 5);
            CU_ASSERT_EQUAL(lw_ks_rank_exchange(pool, (uint32_t)slot, (uint32_t)slot, curves[slot].values, 5),
                            LW_ERR_OK);
            check_against_definition(pool, curves, 4, slot);
        }
    }
    free(pool);
}

static void infinite_values_are_values_like_others(void)
{
    struct kit_random random = kit_seed(17);
    struct lw_ks_pool *pool = new_pool(10 * 8);
    struct curve curves[10] = {{.n = 0}};

    for (size_t run = 0; run < 200; run++) {
        const size_t slot = run % 10;

        curves[slot] = random_curve(&random, 8, 6);
        for (size_t i = 0; i < curves[slot].n; i++)
            curves[slot].values[i] = curves[slot].values[i] < -1.0  ? -HUGE_VAL
                                     : curves[slot].values[i] > 2.0 ? HUGE_VAL
                                                                    : curves[slot].values[i];
        CU_ASSERT_EQUAL(lw_ks_rank_exchange(pool, (uint32_t)slot, (uint32_t)slot, curves[slot].values, curves[slot].n),
                        LW_ERR_OK);
        check_against_definition(pool, curves, 10, slot);
    }
    free(pool);
}

static void curves_enter_and_leave_in_any_order(void)
{
    struct kit_random random = kit_seed(11);
    struct lw_ks_pool *pool = new_pool(LW_KS_CURVES_MAX * CURVE_MAX);
    struct curve curves[LW_KS_CURVES_MAX] = {{.n = 0}};

    for (int round = 0; round < 400; round++) {
        const size_t leave = kit_random_bits(&random) % LW_KS_CURVES_MAX;
        const size_t enter = kit_random_bits(&random) % LW_KS_CURVES_MAX;

        if (round % 3 == 0 || (curves[enter].n != 0 && enter != leave)) {
            CU_ASSERT_EQUAL(lw_ks_rank_exchange(pool, (uint32_t)leave, LW_KS_NO_CURVE, NULL, 0), LW_ERR_OK);
            curves[leave].n = 0;
            continue;
        }
        curves[leave].n = 0;
        curves[enter] = random_curve(&random, 10, round % 2 ? 0 : 40);
        CU_ASSERT_EQUAL(
            lw_ks_rank_exchange(pool, (uint32_t)leave, (uint32_t)enter, curves[enter].values, curves[enter].n),
            LW_ERR_OK);
        if (round % 5 == 0)
            check_against_definition(pool, curves, LW_KS_CURVES_MAX, enter);
    }
    free(pool);
}

static void the_statistic_is_the_two_sample_distance_to_the_pool(void)
{
    struct kit_random random = kit_seed(5);
    struct lw_ks_pool *pool = new_pool(8 * CURVE_MAX);
    double others[8 * CURVE_MAX];
    size_t others_n = 0;
    struct curve curve = random_curve(&random, CURVE_MAX, 15);
    struct lw_ks_distance plain;
    struct lw_ks_rank rank;

    for (uint32_t c = 1; c < 8; c++) {
        struct curve other = random_curve(&random, CURVE_MAX, 15);

        CU_ASSERT_EQUAL(lw_ks_rank_exchange(pool, LW_KS_NO_CURVE, c, other.values, other.n), LW_ERR_OK);
        memcpy(others + others_n, other.values, other.n * sizeof(others[0]));
        others_n += other.n;
    }
    CU_ASSERT_EQUAL(lw_ks_rank_exchange(pool, LW_KS_NO_CURVE, 0, curve.values, curve.n), LW_ERR_OK);
    qsort(others, others_n, sizeof(others[0]), ascending);
    CU_ASSERT_EQUAL(lw_ks_distance(curve.values, curve.n, others, others_n, &plain), LW_ERR_OK);
    CU_ASSERT_EQUAL(lw_ks_rank_of(pool, 0, &rank), LW_ERR_OK);
    KIT_CLOSE(rank.statistic, plain.d, 1e-15);
    free(pool);
}

static void a_curve_apart_from_all_others_has_the_smallest_p(void)
{
    static const double usual[][3] = {{0.5, 0.7, 0.9}, {0.4, 0.7, 0.8}, {0.6, 0.75, 0.95}, {0.5, 0.65, 0.85}};
    static const double broken[] = {0.1, 0.1, 0.1};
    struct lw_ks_pool *pool = new_pool(32);
    struct lw_ks_rank rank;

    for (uint32_t c = 0; c < 4; c++)
        CU_ASSERT_EQUAL(lw_ks_rank_exchange(pool, LW_KS_NO_CURVE, c, usual[c], 3), LW_ERR_OK);
    CU_ASSERT_EQUAL(lw_ks_rank_exchange(pool, LW_KS_NO_CURVE, 9, broken, 3), LW_ERR_OK);
    CU_ASSERT_EQUAL(lw_ks_rank_of(pool, 9, &rank), LW_ERR_OK);
    CU_ASSERT_EQUAL(rank.statistic, 1.0);
    CU_ASSERT_EQUAL(rank.references, 4);
    CU_ASSERT_EQUAL(rank.as_extreme, 0);
    CU_ASSERT_EQUAL(rank.p.p, 0.2);
    CU_ASSERT_EQUAL(rank.p.method, LW_P_RANK);
    KIT_CLOSE(rank.p.log_p, log(0.2), 1e-15);
    free(pool);
}

/* Exchangeable curves whose points depend on each other: the rank is uniform, so at most 5 % of the p are <= 0.05. */
static void exchangeable_curves_are_called_unusual_as_often_as_stated(void)
{
    struct kit_random random = kit_seed(20);
    struct lw_ks_pool *pool = new_pool(20 * 12);
    unsigned small = 0;
    const unsigned histories = 4000;

    for (unsigned round = 0; round < histories; round++) {
        struct lw_ks_rank rank;

        lw_ks_rank_begin(pool, 20 * 12);
        for (uint32_t c = 0; c < 20; c++) {
            struct curve curve = {.n = 12};
            const double level = kit_random_normal(&random);

            for (size_t i = 0; i < curve.n; i++)
                curve.values[i] = level - 3.0 * exp(-(double)i / 3.0) + 0.1 * kit_random_normal(&random);
            qsort(curve.values, curve.n, sizeof(curve.values[0]), ascending);
            CU_ASSERT_EQUAL(lw_ks_rank_exchange(pool, LW_KS_NO_CURVE, c, curve.values, curve.n), LW_ERR_OK);
        }
        CU_ASSERT_EQUAL(lw_ks_rank_of(pool, 19, &rank), LW_ERR_OK);
        small += rank.p.p <= 0.05;
    }
    /* Binomial(4000, 0.05): mean 200, standard deviation 13.8. Ties between distances make it less. */
    CU_ASSERT(small <= 200 + 4 * 14);
    CU_ASSERT(small >= 100);
    free(pool);
}

static void the_largest_pool_keeps_its_integers(void)
{
    struct lw_ks_pool *pool = new_pool(LW_KS_CURVES_MAX * LW_KS_CURVE_VALUES_MAX);
    double *values = malloc(LW_KS_CURVE_VALUES_MAX * sizeof(double));
    struct lw_ks_rank rank;

    if (values == NULL)
        abort();
    for (uint32_t c = 0; c < LW_KS_CURVES_MAX; c++) {
        for (size_t i = 0; i < LW_KS_CURVE_VALUES_MAX; i++)
            values[i] = (double)i + (c == 63 ? 1e6 : c / 64.0);
        CU_ASSERT_EQUAL(lw_ks_rank_exchange(pool, LW_KS_NO_CURVE, c, values, LW_KS_CURVE_VALUES_MAX), LW_ERR_OK);
    }
    CU_ASSERT_EQUAL(lw_ks_rank_of(pool, 63, &rank), LW_ERR_OK);
    CU_ASSERT_EQUAL(rank.statistic, 1.0);
    CU_ASSERT_EQUAL(rank.as_extreme, 0);
    CU_ASSERT_EQUAL(rank.references, 63);
    CU_ASSERT_EQUAL(lw_ks_rank_exchange(pool, LW_KS_NO_CURVE, 63, values, 1), LW_ERR_USAGE);
    CU_ASSERT_EQUAL(lw_ks_rank_exchange(pool, 3, 3, values, LW_KS_CURVE_VALUES_MAX + 1), LW_ERR_LIMIT);
    free(values);
    free(pool);
}

static void refuses_bad_curves_and_keeps_the_pool(void)
{
    static const double fine[] = {1, 2};
    static const double falling[] = {2, 1};
    static const double broken[] = {1, (double)NAN};
    struct lw_ks_pool *pool = new_pool(3);
    struct lw_ks_rank rank;

    CU_ASSERT_EQUAL(lw_ks_rank_exchange(pool, LW_KS_NO_CURVE, 1, fine, 2), LW_ERR_OK);
    CU_ASSERT_EQUAL(lw_ks_rank_exchange(pool, LW_KS_NO_CURVE, 2, fine, 2), LW_ERR_LIMIT);
    CU_ASSERT_EQUAL(lw_ks_rank_exchange(pool, LW_KS_NO_CURVE, 1, fine, 1), LW_ERR_USAGE);
    CU_ASSERT_EQUAL(lw_ks_rank_exchange(pool, LW_KS_NO_CURVE, 2, fine, 0), LW_ERR_USAGE);
    CU_ASSERT_EQUAL(lw_ks_rank_exchange(pool, 1, 1, falling, 2), LW_ERR_USAGE);
    CU_ASSERT_EQUAL(lw_ks_rank_exchange(pool, 1, 1, broken, 2), LW_ERR_USAGE);
    CU_ASSERT_EQUAL(lw_ks_rank_exchange(pool, 1, 1, broken + 1, 1), LW_ERR_USAGE);
    CU_ASSERT_EQUAL(lw_ks_rank_exchange(pool, LW_KS_NO_CURVE, LW_KS_CURVES_MAX, fine, 1), LW_ERR_USAGE);
    CU_ASSERT_EQUAL(lw_ks_rank_of(pool, 2, &rank), LW_ERR_USAGE);
    CU_ASSERT_EQUAL(lw_ks_rank_of(pool, LW_KS_NO_CURVE, &rank), LW_ERR_USAGE);
    CU_ASSERT_EQUAL(lw_ks_rank_of(pool, 1, &rank), LW_ERR_OK);
    CU_ASSERT_EQUAL(rank.p.method, LW_P_NONE);
    CU_ASSERT_EQUAL(rank.p.p, 1.0);
    CU_ASSERT_EQUAL(pool->n, 2);
    CU_ASSERT_EQUAL(lw_ks_rank_bytes((size_t)LW_KS_CURVES_MAX * LW_KS_CURVE_VALUES_MAX + 1), 0);
    free(pool);
}

KIT_SUITE("ks_rank",
          {"the rank equals the definition while a window slides", equals_the_definition_while_a_window_slides},
          {"a full pool is exchanged like any other", a_full_pool_is_exchanged_like_any_other},
          {"infinite values are values like others", infinite_values_are_values_like_others},
          {"curves enter and leave in any order", curves_enter_and_leave_in_any_order},
          {"the statistic is the two-sample distance to the pool",
           the_statistic_is_the_two_sample_distance_to_the_pool},
          {"a curve apart from all others has the smallest p", a_curve_apart_from_all_others_has_the_smallest_p},
          {"exchangeable curves are called unusual as often as stated",
           exchangeable_curves_are_called_unusual_as_often_as_stated},
          {"the largest pool keeps its integers", the_largest_pool_keeps_its_integers},
          {"bad curves are refused and the pool stays as it was", refuses_bad_curves_and_keeps_the_pool})
