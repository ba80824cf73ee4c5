#include "tests/kit/points.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MINUTE LW_MINUTE
#define T0     ((int64_t)1560348000000) /* 2019-06-12T14:00:00Z */

/* A saw-tooth after the table of conditions: histories of runs, each a saturating curve with noise. */
struct condition {
    const char *name;
    double noise;             /* standard deviation, the range is about 1 */
    double missing;           /* share of points that are missing */
    int points, spread;       /* of a run: points +- spread */
    double gap, gap_most;     /* periods between runs, evenly in between */
    double warm;              /* where a run starts in its range */
    bool loss;                /* falls instead of rising */
    bool two;                 /* a second metric, stamped half a minute later */
    double recall, precision; /* to be reached */
};

#define RUNS      60
#define HISTORIES 30

struct tally {
    unsigned true_starts, found, correct;
};

static double course(const struct condition *condition, double share, struct kit_random *random)
{
    double x = condition->warm + (0.92 - condition->warm) * (1.0 - exp(-4.0 * share)) / (1.0 - exp(-4.0));

    x += condition->noise * kit_random_normal(random);
    return condition->loss ? 1.0 - x : x;
}

static size_t make_history(const struct condition *condition, struct kit_random *random, struct kit_input *input,
                           int64_t *starts)
{
    int64_t at = T0;

    for (size_t run = 0; run < RUNS; run++) {
        int n = condition->points + (int)(kit_random_bits(random) % (uint64_t)(2 * condition->spread + 1)) -
                condition->spread;

        starts[run] = INT64_MAX;
        for (int i = 0; i < n; i++) {
            double share = n > 1 ? (double)i / (double)(n - 1) : 0.0;

            if (kit_random_uniform(random) >= condition->missing) {
                starts[run] = starts[run] == INT64_MAX ? at + i * MINUTE : starts[run];
                kit_plain(input, NULL, condition->loss ? "loss" : "accuracy", at + i * MINUTE,
                          course(condition, share, random))
                    ->model = "m";
            }
            if (condition->two && kit_random_uniform(random) >= condition->missing) {
                starts[run] = starts[run] == INT64_MAX ? at + i * MINUTE + MINUTE / 2 : starts[run];
                kit_plain(input, NULL, condition->loss ? "validation:loss" : "validation:accuracy",
                          at + i * MINUTE + MINUTE / 2, course(condition, share, random))
                    ->model = "m";
            }
        }
        at += (n - 1) * MINUTE +
              (int64_t)((condition->gap + (condition->gap_most - condition->gap) * kit_random_uniform(random)) *
                        (double)MINUTE);
    }
    return RUNS;
}

/* A start counts as found when a segment begins within one period of the first point of the run that is there. The first
   start of a history is given. */
static void count(const struct kit_gather *kit, const int64_t *starts, struct tally *tally)
{
    const struct lw_history *history = &kit->histories.models[0];
    bool used[RUNS] = {false};

    used[0] = true;
    tally->true_starts += RUNS - 1;
    for (size_t i = 1; i < history->runs_n; i++) {
        int64_t first = history->runs[i]->metrics_first.ms;

        tally->found++;
        for (size_t r = 1; r < RUNS; r++) {
            if (!used[r] && llabs(first - starts[r]) <= MINUTE) {
                used[r] = true;
                tally->correct++;
                break;
            }
        }
    }
}

static void holds(const struct condition *condition)
{
    struct kit_random random = kit_seed(4711);
    struct tally tally = {0};
    double recall, precision;

    for (int h = 0; h < HISTORIES; h++) {
        struct kit_input input = {0};
        struct kit_gather kit;
        int64_t starts[RUNS];

        make_history(condition, &random, &input, starts);
        kit_gather_open(&kit, NULL);
        kit_gather_take(&kit, &input, 0, SIZE_MAX);
        kit_gather_end(&kit);
        CU_ASSERT_EQUAL_FATAL(kit.histories.models_n, 1);
        count(&kit, starts, &tally);
        kit_gather_close(&kit);
        kit_input_close(&input);
    }
    recall = (double)tally.correct / (double)tally.true_starts;
    precision = tally.found ? (double)tally.correct / (double)tally.found : 0.0;
    printf("# %-44s recall %.3f (%.3f) precision %.3f (%.3f)\n", condition->name, recall, condition->recall, precision,
           condition->precision);
    CU_ASSERT(recall >= condition->recall);
    CU_ASSERT(precision >= condition->precision);
}

static void finds_the_runs_of_a_saw_tooth(void)
{
    static const struct condition conditions[] = {
        {"clean", 0.005, 0.0, 20, 5, 5, 40, 0.1, false, false, 1.0, 1.0},
        {"noise 0.02", 0.02, 0.0, 20, 5, 5, 40, 0.1, false, false, 1.0, 1.0},
        {"noise 0.04", 0.04, 0.0, 20, 5, 5, 40, 0.1, false, false, 0.978, 1.0},
        {"loss", 0.02, 0.0, 20, 5, 5, 40, 0.1, true, false, 1.0, 1.0},
        {"10 % missing", 0.02, 0.1, 20, 5, 5, 40, 0.1, false, false, 0.987, 0.987},
        {"short runs", 0.02, 0.0, 5, 0, 5, 40, 0.1, false, false, 0.916, 1.0},
        {"warm start", 0.02, 0.0, 20, 5, 5, 40, 0.6, false, false, 0.962, 1.0},
        {"back to back", 0.02, 0.0, 20, 5, 1.3, 1.3, 0.1, false, false, 0.982, 1.0},
        {"noise 0.04, 10 % missing, loss", 0.04, 0.1, 20, 5, 5, 40, 0.1, true, false, 0.968, 0.990},
        {"the same with two metrics", 0.04, 0.1, 20, 5, 5, 40, 0.1, true, true, 0.98, 0.995},
        {"back to back, two metrics, noise 0.04", 0.04, 0.0, 20, 5, 1.3, 1.3, 0.1, false, true, 0.982, 1.0},
    };

    for (size_t i = 0; i < sizeof(conditions) / sizeof(conditions[0]); i++)
        holds(&conditions[i]);
}

KIT_SUITE("segment", {"finds the runs of a saw-tooth", finds_the_runs_of_a_saw_tooth})
