#include "tests/kit/kit.h"

#include "leeway/arl.h"

#include <json-c/json.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static double workspace[LW_ARL_WORKSPACE];

static json_object *load(void)
{
    char *text = kit_data("statistics/cusum_arl.json", NULL);
    json_object *root = json_tokener_parse(text);

    free(text);
    CU_ASSERT_PTR_NOT_NULL_FATAL(root);
    return root;
}

static double number(json_object *object, const char *key)
{
    json_object *value = NULL;

    CU_ASSERT_FATAL(json_object_object_get_ex(object, key, &value));
    return json_object_get_double(value);
}

static double run_length(double k, double h, double shift, enum lw_arl_sides sides)
{
    double arl = NAN;

    CU_ASSERT_EQUAL(lw_arl_run_length(k, h, shift, sides, workspace, &arl), LW_ERR_OK);
    return arl;
}

static double threshold(double k, double target, enum lw_arl_sides sides)
{
    double h = NAN;

    CU_ASSERT_EQUAL(lw_arl_threshold(k, target, sides, workspace, &h), LW_ERR_OK);
    return h;
}

/* spc solves for the run length itself: its relative error grows like 1e-16 times the length. */
static void run_lengths_are_those_of_spc(void)
{
    json_object *root = load();
    json_object *rows = json_object_object_get(root, "arl");
    size_t n = json_object_array_length(rows);

    CU_ASSERT_EQUAL(n, 480);
    for (size_t i = 0; i < n; i++) {
        json_object *row = json_object_array_get_idx(rows, i);
        double one = number(row, "arl_one_sided");
        double two = number(row, "arl_two_sided");
        double k = number(row, "k");
        double h = number(row, "h");
        double shift = number(row, "mu");

        KIT_CLOSE(run_length(k, h, shift, LW_ARL_ONE_SIDED), one, 5e-8 + 3e-16 * one);
        KIT_CLOSE(run_length(k, h, shift, LW_ARL_TWO_SIDED), two, 5e-8 + 3e-16 * two);
    }
    json_object_put(root);
}

static void thresholds_are_those_of_spc(void)
{
    json_object *root = load();
    json_object *rows = json_object_object_get(root, "crit");
    size_t n = json_object_array_length(rows);

    CU_ASSERT_EQUAL(n, 112);
    for (size_t i = 0; i < n; i++) {
        json_object *row = json_object_array_get_idx(rows, i);
        const char *sided = json_object_get_string(json_object_object_get(row, "sided"));
        enum lw_arl_sides sides = strcmp(sided, "two") == 0 ? LW_ARL_TWO_SIDED : LW_ARL_ONE_SIDED;

        KIT_CLOSE(threshold(number(row, "k"), number(row, "L0"), sides), number(row, "h"), 1e-7);
    }
    json_object_put(root);
}

/* Gauss-Legendre Nystroem solution with up to 160 nodes in 113-bit arithmetic, the last two agreeing in all digits. */
static void long_run_lengths_keep_their_digits(void)
{
    KIT_CLOSE(run_length(0.5, 8, 0, LW_ARL_ONE_SIDED), 18965.7275462, 1e-8);
    KIT_CLOSE(run_length(0.5, 10, 0, LW_ARL_ONE_SIDED), 140264.97951, 1e-8);
    KIT_CLOSE(run_length(0.75, 10, 0, LW_ARL_ONE_SIDED), 16304123.6358, 1e-8);
    KIT_CLOSE(run_length(1, 10, 0, LW_ARL_ONE_SIDED), 2362548334.1, 1e-7);
    KIT_CLOSE(run_length(1.5, 8, 0, LW_ARL_ONE_SIDED), 162379912225.0, 1e-7);
    KIT_CLOSE(run_length(1.5, 10, 0, LW_ARL_ONE_SIDED), 6.55101318061e13, 1e-7);
    KIT_CLOSE(run_length(0.25, 28, 0, LW_ARL_ONE_SIDED), 17212880.871, 1e-6);
    KIT_CLOSE(run_length(0.1, 50, 0, LW_ARL_ONE_SIDED), 1389705.64013, 1e-5);
}

static void a_threshold_gives_the_run_length_it_was_asked_for(void)
{
    static const double ks[] = {0.1, 0.25, 0.5, 0.75, 1.0};
    static const double targets[] = {20, 50, 370, 1480, 2960, 1e4, 1e5, 1e6, 1e7};

    for (size_t i = 0; i < sizeof(ks) / sizeof(ks[0]); i++) {
        for (size_t j = 0; j < sizeof(targets) / sizeof(targets[0]); j++) {
            double one = threshold(ks[i], targets[j], LW_ARL_ONE_SIDED);
            double two = threshold(ks[i], targets[j], LW_ARL_TWO_SIDED);

            KIT_CLOSE(run_length(ks[i], one, 0, LW_ARL_ONE_SIDED), targets[j], 1e-8);
            KIT_CLOSE(run_length(ks[i], two, 0, LW_ARL_TWO_SIDED), targets[j], 1e-8);
            CU_ASSERT(two > one);
        }
    }
}

static void impossible_wishes_are_refused_and_leave_the_output_alone(void)
{
    double h = 7.0;

    CU_ASSERT_EQUAL(lw_arl_threshold(0.5, 1.5, LW_ARL_TWO_SIDED, workspace, &h), LW_ERR_RANGE);
    CU_ASSERT_EQUAL(lw_arl_threshold(0.5, NAN, LW_ARL_TWO_SIDED, workspace, &h), LW_ERR_RANGE);
    CU_ASSERT_EQUAL(lw_arl_threshold(0.5, 1e12, LW_ARL_TWO_SIDED, workspace, &h), LW_ERR_RANGE);
    CU_ASSERT_EQUAL(lw_arl_threshold(-0.5, 370, LW_ARL_TWO_SIDED, workspace, &h), LW_ERR_RANGE);
    CU_ASSERT_EQUAL(lw_arl_threshold(INFINITY, 370, LW_ARL_TWO_SIDED, workspace, &h), LW_ERR_RANGE);
    /* P(Z > 3) = 1/741: even h = 0 alarms more rarely than every 100 runs. */
    CU_ASSERT_EQUAL(lw_arl_threshold(3.0, 100, LW_ARL_ONE_SIDED, workspace, &h), LW_ERR_RANGE);
    CU_ASSERT_EQUAL(lw_arl_run_length(0.5, 0.0, 0.0, LW_ARL_ONE_SIDED, workspace, &h), LW_ERR_RANGE);
    CU_ASSERT_EQUAL(lw_arl_run_length(0.5, NAN, 0.0, LW_ARL_ONE_SIDED, workspace, &h), LW_ERR_RANGE);
    CU_ASSERT_EQUAL(lw_arl_run_length(30.0, 30.0, 0.0, LW_ARL_ONE_SIDED, workspace, &h), LW_ERR_NUMERIC);
    CU_ASSERT_EQUAL(h, 7.0);
}

static void the_cache_answers_as_the_computation_does_also_when_it_overflows(void)
{
    static struct lw_arl_cache cache;
    double h = NAN;

    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < LW_ARL_CACHE_ENTRIES + 3; i++) {
            CU_ASSERT_EQUAL(lw_arl_cached_threshold(&cache, 0.5, 100.0 + i, LW_ARL_TWO_SIDED, workspace, &h),
                            LW_ERR_OK);
            CU_ASSERT_EQUAL(h, threshold(0.5, 100.0 + i, LW_ARL_TWO_SIDED));
        }
    }
    CU_ASSERT_EQUAL(lw_arl_cached_threshold(&cache, 0.5, 102.0, LW_ARL_ONE_SIDED, workspace, &h), LW_ERR_OK);
    CU_ASSERT_EQUAL(h, threshold(0.5, 102.0, LW_ARL_ONE_SIDED));
    CU_ASSERT_EQUAL(lw_arl_cached_threshold(&cache, 0.5, 1.0, LW_ARL_ONE_SIDED, workspace, &h), LW_ERR_RANGE);
    CU_ASSERT_EQUAL(lw_arl_workspace(), LW_ARL_WORKSPACE);
}

KIT_SUITE("arl", {"run lengths are those of R's spc over its whole grid", run_lengths_are_those_of_spc},
          {"thresholds are those of R's spc", thresholds_are_those_of_spc},
          {"long run lengths keep their digits", long_run_lengths_keep_their_digits},
          {"a threshold gives the run length it was asked for", a_threshold_gives_the_run_length_it_was_asked_for},
          {"impossible wishes are refused and leave the output alone",
           impossible_wishes_are_refused_and_leave_the_output_alone},
          {"the cache answers as the computation does, also when it overflows",
           the_cache_answers_as_the_computation_does_also_when_it_overflows})
