#include "tests/kit/kit.h"

#include "leeway/transform.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void the_first_value_has_a_say_in_the_choice(void)
{
    CU_ASSERT_EQUAL(lw_transform_choose(LW_MEANING_RATE, 0.97), LW_TRANSFORM_LOGIT);
    CU_ASSERT_EQUAL(lw_transform_choose(LW_MEANING_RATE, 0.0), LW_TRANSFORM_LOGIT);
    CU_ASSERT_EQUAL(lw_transform_choose(LW_MEANING_RATE, 1.0), LW_TRANSFORM_LOGIT);
    CU_ASSERT_EQUAL(lw_transform_choose(LW_MEANING_RATE, 97.1), LW_TRANSFORM_IDENTITY);
    CU_ASSERT_EQUAL(lw_transform_choose(LW_MEANING_LOSS, 1.46), LW_TRANSFORM_LOG);
    CU_ASSERT_EQUAL(lw_transform_choose(LW_MEANING_LOSS, -0.165), LW_TRANSFORM_IDENTITY);
    CU_ASSERT_EQUAL(lw_transform_choose(LW_MEANING_LOSS, 0.0), LW_TRANSFORM_IDENTITY);
    CU_ASSERT_EQUAL(lw_transform_choose(LW_MEANING_PLAIN, 0.5), LW_TRANSFORM_IDENTITY);
}

static void known_values(void)
{
    KIT_CLOSE(lw_transform_apply(LW_TRANSFORM_LOGIT, 0.9, NULL), 2.1972245773362196, 1e-14);
    KIT_CLOSE(lw_transform_apply(LW_TRANSFORM_LOGIT, 0.5, NULL), 0.0, 1e-14);
    KIT_CLOSE(lw_transform_apply(LW_TRANSFORM_LOG, 2.0, NULL), 0.6931471805599453, 1e-14);
    KIT_CLOSE(lw_transform_apply(LW_TRANSFORM_SECONDS, 3600.0, NULL), 8.188689124444202, 1e-14);
    CU_ASSERT_EQUAL(lw_transform_apply(LW_TRANSFORM_IDENTITY, -3.5, NULL), -3.5);
}

static void what_was_not_clipped_comes_back(void)
{
    struct kit_random random = kit_seed(3);

    for (int i = 0; i < 2000; i++) {
        double u = 1e-4 + (1.0 - 2e-4) * kit_random_uniform(&random);
        bool clipped = true;

        KIT_CLOSE(lw_transform_invert(LW_TRANSFORM_LOGIT, lw_transform_apply(LW_TRANSFORM_LOGIT, u, &clipped)), u,
                  1e-11);
        CU_ASSERT(!clipped);
        KIT_CLOSE(lw_transform_invert(LW_TRANSFORM_LOG, lw_transform_apply(LW_TRANSFORM_LOG, u, &clipped)), u, 1e-13);
        CU_ASSERT(!clipped);
        u *= 1e6;
        u += 1.0;
        KIT_CLOSE(lw_transform_invert(LW_TRANSFORM_SECONDS, lw_transform_apply(LW_TRANSFORM_SECONDS, u, &clipped)), u,
                  1e-13);
        CU_ASSERT(!clipped);
    }
}

static void what_is_outside_is_clipped_and_told(void)
{
    static const struct {
        enum lw_transform transform;
        double value, least;
    } cases[] = {{LW_TRANSFORM_LOGIT, 0.0, 1e-4},     {LW_TRANSFORM_LOGIT, -5.0, 1e-4},
                 {LW_TRANSFORM_LOGIT, 1.0, 1 - 1e-4}, {LW_TRANSFORM_LOGIT, 97.0, 1 - 1e-4},
                 {LW_TRANSFORM_LOG, 0.0, 1e-9},       {LW_TRANSFORM_LOG, -1.0, 1e-9},
                 {LW_TRANSFORM_SECONDS, 0.0, 1.0},    {LW_TRANSFORM_SECONDS, 0.5, 1.0}};

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        bool clipped = false;
        double charted = lw_transform_apply(cases[i].transform, cases[i].value, &clipped);

        CU_ASSERT(clipped);
        CU_ASSERT(isfinite(charted));
        KIT_CLOSE(lw_transform_invert(cases[i].transform, charted), cases[i].least, 1e-11);
    }
}

static void floors_are_those_of_the_users_units_on_the_charted_scale(void)
{
    double mean = 0.95;

    KIT_CLOSE(lw_transform_floor(LW_TRANSFORM_SECONDS, log(1800.0), LW_TRANSFORM_MINUTE_STAMPS), 24.5 / 1800.0, 1e-12);
    KIT_CLOSE(lw_transform_floor(LW_TRANSFORM_SECONDS, log(1800.0), LW_TRANSFORM_WHOLE_SECONDS), 0.29 / 1800.0, 1e-12);
    KIT_CLOSE(lw_transform_floor(LW_TRANSFORM_LOG, log(0.25), lw_transform_rounding(0.001)), 0.001 / sqrt(12) / 0.25,
              1e-12);
    KIT_CLOSE(lw_transform_floor(LW_TRANSFORM_IDENTITY, 40.0, lw_transform_rounding(0.01)), 0.01 / sqrt(12), 1e-12);
    KIT_CLOSE(lw_transform_floor(LW_TRANSFORM_IDENTITY, -40.0, 0.0), 4e-8, 1e-12);
    KIT_CLOSE(
        lw_transform_floor(LW_TRANSFORM_LOGIT, lw_transform_apply(LW_TRANSFORM_LOGIT, mean, NULL), 1e-4 / sqrt(12)),
        1e-4 / sqrt(12) / (0.95 * 0.05), 1e-11);
    CU_ASSERT(isfinite(
        lw_transform_floor(LW_TRANSFORM_LOGIT, lw_transform_apply(LW_TRANSFORM_LOGIT, 1.0, NULL), 1e-4 / sqrt(12))));
}

/* The floor by the slope is the spread that rounding really makes on the charted scale. */
static void the_logit_floor_is_the_spread_that_rounding_makes(void)
{
    struct kit_random random = kit_seed(5);
    double sum = 0.0, squares = 0.0;
    enum { VALUES = 20000 };

    for (int i = 0; i < VALUES; i++) {
        double value = 0.9 + (kit_random_uniform(&random) - 0.5) * 1e-3;
        double charted = lw_transform_apply(LW_TRANSFORM_LOGIT, value, NULL);

        sum += charted;
        squares += charted * charted;
    }
    sum /= VALUES;
    KIT_CLOSE(sqrt(squares / VALUES - sum * sum),
              lw_transform_floor(LW_TRANSFORM_LOGIT, sum, lw_transform_rounding(1e-3)), 0.02);
}

static void the_step_is_the_unit_of_the_last_digit(void)
{
    static const struct {
        double value, step;
    } cases[] = {{0.9712, 1e-4},   {12.5, 0.1},  {300, 1},   {0, 1},         {-0.25, 0.01},
                 {1e9, 1},         {0.1, 0.1},   {0.3, 0.1}, {99.99, 0.01},  {1.005, 1e-3},
                 {0.000123, 1e-6}, {1e-7, 1e-7}, {-1e22, 1}, {5e-324, 1e-22}};

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        KIT_CLOSE(lw_transform_step(cases[i].value), cases[i].step, 1e-12);
}

/* Against the C library's correctly rounded printing: the fewest digits after the point that read back the same. */
static void the_step_agrees_with_the_shortest_text(void)
{
    struct kit_random random = kit_seed(9);

    for (int i = 0; i < 20000; i++) {
        char text[64];
        int places = (int)(kit_random_bits(&random) % 9);
        double value = (double)(int64_t)(kit_random_bits(&random) % 2000000) / pow(10.0, places);
        int shortest = 0;

        for (; shortest < 20; shortest++) {
            snprintf(text, sizeof(text), "%.*f", shortest, value);
            if (strtod(text, NULL) == value)
                break;
        }
        KIT_CLOSE(lw_transform_step(value), pow(10.0, -shortest), 1e-12);
    }
}

static void a_number_with_all_digits_has_a_step_below_the_floor_of_the_mean(void)
{
    CU_ASSERT(lw_transform_step(1.0 / 3.0) < 1e-9 / 3.0);
    CU_ASSERT(lw_transform_step(0.9712000012397766) < 1e-9);
    CU_ASSERT(lw_transform_step(12345678.000000001) < 1e-2);
}

KIT_SUITE("transform", {"the first value has a say in the choice", the_first_value_has_a_say_in_the_choice},
          {"known values of the transforms", known_values},
          {"what was not clipped comes back", what_was_not_clipped_comes_back},
          {"what is outside is clipped, and told", what_is_outside_is_clipped_and_told},
          {"floors are those of the user's units, on the charted scale",
           floors_are_those_of_the_users_units_on_the_charted_scale},
          {"the logit floor is the spread that rounding makes", the_logit_floor_is_the_spread_that_rounding_makes},
          {"the step is the unit of the last digit", the_step_is_the_unit_of_the_last_digit},
          {"the step agrees with the shortest text that reads back", the_step_agrees_with_the_shortest_text},
          {"a number with all digits has a step below the floor of the mean",
           a_number_with_all_digits_has_a_step_below_the_floor_of_the_mean})
