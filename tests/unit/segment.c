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

/* Histories for the rest: runs of 20 points, a silence of ten periods between them. */
static void add_saw_tooth(struct kit_input *input, const char *metric, size_t runs, double noise,
                          struct kit_random *random)
{
    static const struct condition plain = {.points = 20, .warm = 0.1};

    for (size_t run = 0; run < runs; run++)
        for (int i = 0; i < 20; i++)
            kit_plain(input, NULL, metric, T0 + ((int64_t)run * 30 + i) * MINUTE,
                      course(&plain, i / 19.0, random) + noise * kit_random_normal(random))
                ->model = "m";
}

static void gather_all(struct kit_gather *kit, const struct kit_input *input)
{
    kit_gather_open(kit, NULL);
    kit_gather_take(kit, input, 0, SIZE_MAX);
    kit_gather_end(kit);
    CU_ASSERT_EQUAL_FATAL(kit->histories.models_n, 1);
}

static void runs_are_named_after_their_start_and_say_how_sure_it_is(void)
{
    struct kit_random random = kit_seed(1);
    struct kit_input input = {0};
    struct kit_gather kit;
    const struct lw_run *run;

    add_saw_tooth(&input, "accuracy", 10, 0.01, &random);
    gather_all(&kit, &input);
    CU_ASSERT_EQUAL(kit.histories.models[0].runs_n, 10);
    run = kit_gather_run(&kit, "m@2019-06-12T14:29Z");
    CU_ASSERT(run->flags & LW_RUN_SEGMENTED);
    CU_ASSERT(run->has_confidence);
    CU_ASSERT(run->confidence > 0.99);
    CU_ASSERT(run->confidence_note.len > 0);
    CU_ASSERT_EQUAL(run->start.ms, T0 + 29 * MINUTE);
    CU_ASSERT_EQUAL(run->end.ms, T0 + 49 * MINUTE);
    CU_ASSERT_EQUAL(run->duration.ms, 20 * MINUTE);
    CU_ASSERT_EQUAL(lw_run_metrics(run)->summary.count, 20);
    CU_ASSERT_EQUAL(kit.histories.rejected[LW_REJECT_NO_RUN], 0);
    kit_gather_close(&kit);
    kit_input_close(&input);
}

static void a_metric_with_a_name_that_says_nothing_is_read_by_its_shape(void)
{
    struct kit_random random = kit_seed(2);
    struct kit_input back_to_back = {0};
    struct kit_gather kit;
    static const struct condition falling = {.points = 20, .warm = 0.1, .loss = true};

    for (size_t run = 0; run < 20; run++)
        for (int i = 0; i < 20; i++)
            kit_plain(&back_to_back, NULL, "thing", T0 + ((int64_t)run * 20 + i) * MINUTE,
                      course(&falling, i / 19.0, &random) + 0.01 * kit_random_normal(&random))
                ->model = "m";
    gather_all(&kit, &back_to_back);
    CU_ASSERT_EQUAL(kit.histories.models[0].runs_n, 20);
    kit_gather_close(&kit);
    kit_input_close(&back_to_back);
}

static void a_pause_without_reset_is_the_same_run_resumed(void)
{
    struct kit_random random = kit_seed(3);
    struct kit_input input = {0};
    struct kit_gather kit;
    unsigned resumed = 0;

    add_saw_tooth(&input, "accuracy", 20, 0.01, &random);
    /* Run 7 pauses for six minutes after its tenth point; all that follows is later by as much. */
    for (size_t i = 0; i < input.points_n; i++)
        if (input.points[i].point.at >= T0 + (7 * 30 + 10) * MINUTE)
            input.points[i].point.at += 6 * MINUTE;
    gather_all(&kit, &input);
    CU_ASSERT_EQUAL(kit.histories.models[0].runs_n, 20);
    for (size_t i = 0; i < kit.histories.models[0].runs_n; i++) {
        const struct lw_run *run = kit.histories.models[0].runs[i];

        CU_ASSERT_EQUAL(run->duration.ms, 20 * MINUTE);
        if (run->flags & LW_RUN_RESUMED) {
            resumed++;
            CU_ASSERT_EQUAL(run->metrics_first.ms, T0 + 7 * 30 * MINUTE);
        }
    }
    CU_ASSERT_EQUAL(resumed, 1);
    kit_gather_close(&kit);
    kit_input_close(&input);
}

static void a_partial_reset_is_the_same_run_restarted(void)
{
    struct kit_random random = kit_seed(4);
    struct kit_input input = {0};
    struct kit_gather kit;
    unsigned restarted = 0;
    static const struct condition plain = {.points = 20, .warm = 0.1};

    for (size_t run = 0; run < 20; run++)
        for (int i = 0; i < 20; i++) {
            /* Run 7 loses four epochs after its tenth. */
            int epoch = run == 7 && i >= 10 ? i - 6 : i;

            kit_plain(&input, NULL, "accuracy", T0 + ((int64_t)run * 30 + i) * MINUTE,
                      course(&plain, epoch / 19.0, &random) + 0.005 * kit_random_normal(&random))
                ->model = "m";
        }
    gather_all(&kit, &input);
    CU_ASSERT_EQUAL(kit.histories.models[0].runs_n, 20);
    for (size_t i = 0; i < kit.histories.models[0].runs_n; i++)
        restarted += (kit.histories.models[0].runs[i]->flags & LW_RUN_RESTARTED) != 0;
    CU_ASSERT_EQUAL(restarted, 1);
    kit_gather_close(&kit);
    kit_input_close(&input);
}

static void overlapping_runs_are_refused(void)
{
    struct kit_random random = kit_seed(5);
    struct kit_input input = {0};
    struct kit_gather kit;
    unsigned refused = 0;
    static const struct condition plain = {.points = 20, .warm = 0.1};

    add_saw_tooth(&input, "accuracy", 20, 0.01, &random);
    /* A second run begins while run 7 is half way, stamped twenty seconds later. */
    for (int i = 0; i < 20; i++)
        kit_plain(&input, NULL, "accuracy", T0 + (7 * 30 + 6 + i) * MINUTE + 20 * LW_SECOND,
                  course(&plain, i / 19.0, &random))
            ->model = "m";
    gather_all(&kit, &input);
    for (size_t i = 0; i < kit.histories.models[0].runs_n; i++) {
        const struct lw_run *run = kit.histories.models[0].runs[i];

        if (!(run->flags & LW_RUN_INTERLEAVED))
            continue;
        refused++;
        CU_ASSERT_EQUAL(run->metrics_n, 0);
        CU_ASSERT(run->metrics_first.ms >= T0 + 7 * 30 * MINUTE);
        CU_ASSERT(run->metrics_last.ms <= T0 + (7 * 30 + 26) * MINUTE);
    }
    CU_ASSERT_EQUAL(refused, 1);
    CU_ASSERT(kit.histories.rejected[LW_REJECT_INTERLEAVED] >= 26);
    CU_ASSERT_PTR_NOT_NULL(kit.histories.models[0].warning);
    kit_gather_close(&kit);
    kit_input_close(&input);
}

/* As CloudWatch shows it: one datapoint for both runs in each minute, with two samples. */
static void minutes_with_values_of_two_runs_are_refused(void)
{
    struct kit_input input = {0};
    struct kit_gather kit;
    struct kit_random random = kit_seed(6);
    static const struct condition plain = {.points = 20, .warm = 0.1};
    unsigned refused = 0;

    for (int64_t run = 0; run < 20; run++)
        for (int i = 0; i < 20; i++) {
            double a = course(&plain, i / 19.0, &random), b = course(&plain, (i - 8) / 19.0, &random);
            int64_t at = T0 + (run * 30 + i) * MINUTE;

            if (run == 7 && i >= 8)
                kit_set(&input, NULL, "accuracy", at, a + b, fmin(a, b), fmax(a, b), 2.0)->model = "m";
            else
                kit_single(&input, NULL, "accuracy", at, a)->model = "m";
        }
    gather_all(&kit, &input);
    for (size_t i = 0; i < kit.histories.models[0].runs_n; i++)
        refused += (kit.histories.models[0].runs[i]->flags & LW_RUN_INTERLEAVED) != 0;
    CU_ASSERT_EQUAL(refused, 1);
    kit_gather_close(&kit);
    kit_input_close(&input);
}

/* Short runs every half hour; each third is followed too early by the next, which begins five minutes before its end. */
static size_t add_short_overlaps(struct kit_input *input, int64_t shift, struct kit_random *random)
{
    static const struct condition rising = {.points = 10, .warm = 0.1, .noise = 0.005};
    size_t overlaps = 0;

    for (int64_t run = 0; run < 60; run++) {
        bool early = run % 3 == 1;
        int64_t at = T0 + run * 30 * MINUTE - (early ? 25 * MINUTE - shift : 0);

        overlaps += early;
        for (int i = 0; i < 10; i++)
            kit_single(input, NULL, "accuracy", at + i * MINUTE, course(&rising, i / 9.0, random))->model = "m";
    }
    return overlaps;
}

/* What CloudWatch makes of it when the stamps are the same: one set. */
static void merge_minutes(struct kit_input *input)
{
    size_t kept = 0;

    for (size_t i = 0; i < input->points_n; i++) {
        struct lw_point *other = NULL, *point = &input->points[i].point;

        for (size_t k = 0; k < kept; k++)
            if (input->points[k].point.at == point->at)
                other = &input->points[k].point;
        if (other == NULL) {
            input->points[kept++] = input->points[i];
            continue;
        }
        other->sum += point->sum;
        other->count += point->count;
        other->min = fmin(other->min, point->min);
        other->max = fmax(other->max, point->max);
        other->average = other->sum / other->count;
    }
    input->points_n = kept;
}

static void short_overlaps_are_refused_and_nothing_else(void)
{
    static const int64_t shifts[] = {17000, 30000, 0};

    for (size_t s = 0; s < 3; s++) {
        struct kit_random random = kit_seed(12);
        struct kit_input input = {0};
        struct kit_gather kit;
        size_t overlaps = add_short_overlaps(&input, shifts[s], &random), refused = 0;

        if (shifts[s] == 0)
            merge_minutes(&input);
        gather_all(&kit, &input);
        for (size_t i = 0; i < kit.histories.models[0].runs_n; i++)
            refused += (kit.histories.models[0].runs[i]->flags & LW_RUN_INTERLEAVED) != 0;
        /* Merged minutes show less: most of them have to be seen. */
        CU_ASSERT(shifts[s] == 0 ? refused * 10 >= overlaps * 7 && refused <= overlaps : refused == overlaps);
        CU_ASSERT_EQUAL(kit.histories.models[0].runs_n, 60 - overlaps);
        kit_gather_close(&kit);
        kit_input_close(&input);
    }
}

/* Epochs twice as fast in every fourth run, runs that follow each other within one minute: no overlap. */
static void faster_runs_back_to_back_are_no_overlap(void)
{
    struct kit_random random = kit_seed(13);
    struct kit_input input = {0};
    struct kit_gather kit;
    static const struct condition rising = {.points = 20, .warm = 0.1, .noise = 0.01};

    for (int64_t run = 0; run < 40; run++)
        for (int i = 0; i < 20; i++)
            for (int k = 0; k < (run % 4 == 3 ? 2 : 1); k++)
                kit_single(&input, NULL, "accuracy", T0 + (run * 19 + i) * MINUTE,
                           course(&rising, (i + 0.5 * k) / 20.0, &random))
                    ->model = "m";
    merge_minutes(&input);
    gather_all(&kit, &input);
    CU_ASSERT_EQUAL(kit.histories.models[0].runs_n, 40);
    CU_ASSERT_EQUAL(kit.histories.rejected[LW_REJECT_INTERLEAVED], 0);
    kit_gather_close(&kit);
    kit_input_close(&input);
}

/* Several epochs in each minute of one run are not two runs. */
static void fast_epochs_are_no_overlap(void)
{
    struct kit_input input = {0};
    struct kit_gather kit;
    struct kit_random random = kit_seed(7);
    static const struct condition plain = {.points = 20, .warm = 0.1};

    for (int64_t run = 0; run < 20; run++)
        for (int i = 0; i < 20; i++) {
            double low = course(&plain, i / 19.0, &random), high = course(&plain, (i + 0.8) / 19.0, &random);

            kit_set(&input, NULL, "accuracy", T0 + (run * 30 + i) * MINUTE, 2.0 * (low + high), low, high, 4.0)->model =
                "m";
        }
    gather_all(&kit, &input);
    CU_ASSERT_EQUAL(kit.histories.models[0].runs_n, 20);
    CU_ASSERT_EQUAL(kit.histories.rejected[LW_REJECT_INTERLEAVED], 0);
    kit_gather_close(&kit);
    kit_input_close(&input);
}

/* Values that are nothing but noise around a level: only silence tells, and nothing overlaps. */
static void noise_alone_is_cut_by_silence(void)
{
    struct kit_input input = {0};
    struct kit_gather kit;
    struct kit_random random = kit_seed(8);

    for (int64_t run = 0; run < 50; run++)
        for (int64_t i = 0; i < 20; i++)
            kit_plain(&input, NULL, "accuracy", T0 + (run * 60 + i) * MINUTE, 0.9 + 0.01 * kit_random_normal(&random))
                ->model = "m";
    gather_all(&kit, &input);
    CU_ASSERT_EQUAL(kit.histories.models[0].runs_n, 50);
    CU_ASSERT_EQUAL(kit.histories.rejected[LW_REJECT_INTERLEAVED], 0);
    kit_gather_close(&kit);
    kit_input_close(&input);
}

/* A loss for every batch, an accuracy for every epoch, a learning rate that falls in steps; stamps that are not on a grid. */
static void metrics_of_different_pace_share_their_boundaries(void)
{
    struct kit_input input = {0};
    struct kit_gather kit;
    struct kit_random random = kit_seed(10);
    static const struct condition rising = {.points = 20, .warm = 0.1, .noise = 0.03};
    int64_t starts[40], at = T0;

    for (size_t run = 0; run < 40; run++) {
        starts[run] = at;
        for (int batch = 0; batch < 200; batch++) {
            double share = batch / 199.0;

            at += 5000 + (int64_t)(kit_random_uniform(&random) * 2000.0);
            if (batch == 0)
                starts[run] = at;
            kit_plain(&input, NULL, "train:loss", at, 1.2 - course(&rising, share, &random))->model = "m";
            if (batch % 10 == 9)
                kit_plain(&input, NULL, "validation:accuracy", at + 700, course(&rising, share, &random))->model = "m";
            if (batch % 20 == 0)
                kit_plain(&input, NULL, "learning_rate", at + 10, 0.1 * pow(0.5, batch / 60))->model = "m";
        }
        at += (int64_t)(kit_random_uniform(&random) * 60000.0);
    }
    gather_all(&kit, &input);
    CU_ASSERT_EQUAL_FATAL(kit.histories.models[0].runs_n, 40);
    for (size_t run = 0; run < 40; run++)
        CU_ASSERT_EQUAL(kit.histories.models[0].runs[run]->metrics_first.ms, starts[run]);
    kit_gather_close(&kit);
    kit_input_close(&input);
}

/* A run that crashes early, and one that takes twice as long, are runs. */
static void runs_of_unusual_length_are_found(void)
{
    struct kit_input input = {0};
    struct kit_gather kit;
    struct kit_random random = kit_seed(11);
    static const struct condition plain = {.points = 20, .warm = 0.1, .noise = 0.01};
    int64_t at = T0;

    for (size_t run = 0; run < 30; run++) {
        int n = run == 11 ? 3 : run == 20 ? 40 : 20;

        for (int i = 0; i < n; i++, at += MINUTE)
            kit_plain(&input, NULL, "accuracy", at, course(&plain, i / (run == 20 ? 39.0 : 19.0), &random))->model =
                "m";
        at += 10 * MINUTE;
    }
    gather_all(&kit, &input);
    CU_ASSERT_EQUAL_FATAL(kit.histories.models[0].runs_n, 30);
    CU_ASSERT_EQUAL(lw_run_metrics(kit.histories.models[0].runs[11])->summary.count, 3);
    CU_ASSERT_EQUAL(lw_run_metrics(kit.histories.models[0].runs[20])->summary.count, 40);
    kit_gather_close(&kit);
    kit_input_close(&input);
}

/* One of two runs comes so little of a way that nothing can be divided by it, the other one gets worse. */
static void what_no_number_can_divide_by_is_no_range(void)
{
    static const double values[] = {6.5e-317, 0.0, 0.1, 0.2, 0.4, 0.5};
    static const int minutes[] = {0, 100000, 200000, 200001, 200002, 200003};
    struct kit_input input = {0};
    struct kit_gather kit;

    for (int i = 0; i < 6; i++)
        kit_plain(&input, NULL, "rmse", T0 + minutes[i] * MINUTE, values[i])->model = "m";
    gather_all(&kit, &input);
    for (size_t i = 0; i < kit.histories.models[0].runs_n; i++) {
        const struct lw_run *run = kit.histories.models[0].runs[i];

        CU_ASSERT(run->confidence >= 0.0 && run->confidence <= 1.0);
    }
    kit_gather_close(&kit);
    kit_input_close(&input);
}

static void little_data_are_one_run(void)
{
    struct kit_gather kit;
    struct kit_input input = {0};

    kit_plain(&input, NULL, "accuracy", T0, 0.5);
    gather_all(&kit, &input);
    CU_ASSERT_EQUAL(kit.histories.models[0].runs_n, 1);
    CU_ASSERT(lw_str_equal(kit.histories.models[0].model, LW_STR("unnamed")));
    kit_gather_close(&kit);
    for (int64_t i = 1; i < 10; i++)
        kit_plain(&input, NULL, "accuracy", T0 + i * MINUTE, 0.5 + 0.04 * (double)i);
    gather_all(&kit, &input);
    CU_ASSERT_EQUAL(kit.histories.models[0].runs_n, 1);
    kit_gather_close(&kit);
    kit_input_close(&input);
}

static void nans_belong_to_the_run_in_which_they_lie(void)
{
    struct kit_random random = kit_seed(9);
    struct kit_input input = {0};
    struct kit_gather kit;

    add_saw_tooth(&input, "accuracy", 10, 0.01, &random);
    for (int64_t i = 0; i < 3; i++)
        kit_fact(&input, NULL, LW_FACT_NOT_A_NUMBER, LW_RANK_LOG, "accuracy", NULL, 0, T0 + (3 * 30 + i) * MINUTE + 1,
                 INT64_MIN)
            ->model = "m";
    gather_all(&kit, &input);
    for (size_t i = 0; i < kit.histories.models[0].runs_n; i++) {
        const struct lw_run *run = kit.histories.models[0].runs[i];

        CU_ASSERT_EQUAL(lw_run_metrics(run)->summary.not_a_number, run->metrics_first.ms == T0 + 90 * MINUTE ? 3 : 0);
    }
    kit_gather_close(&kit);
    kit_input_close(&input);
}

KIT_SUITE("segment", {"finds the runs of a saw-tooth", finds_the_runs_of_a_saw_tooth},
          {"runs are named after their start and say how sure it is",
           runs_are_named_after_their_start_and_say_how_sure_it_is},
          {"a metric with a name that says nothing is read by its shape",
           a_metric_with_a_name_that_says_nothing_is_read_by_its_shape},
          {"a pause without reset is the same run, resumed", a_pause_without_reset_is_the_same_run_resumed},
          {"a partial reset is the same run, restarted", a_partial_reset_is_the_same_run_restarted},
          {"overlapping runs are refused", overlapping_runs_are_refused},
          {"minutes with values of two runs are refused", minutes_with_values_of_two_runs_are_refused},
          {"short overlaps are refused, and nothing else", short_overlaps_are_refused_and_nothing_else},
          {"faster runs back to back are no overlap", faster_runs_back_to_back_are_no_overlap},
          {"fast epochs are no overlap", fast_epochs_are_no_overlap},
          {"noise alone is cut by silence", noise_alone_is_cut_by_silence},
          {"metrics of different pace share their boundaries", metrics_of_different_pace_share_their_boundaries},
          {"runs of unusual length are found", runs_of_unusual_length_are_found},
          {"what no number can divide by is no range", what_no_number_can_divide_by_is_no_range},
          {"little data are one run", little_data_are_one_run},
          {"NaNs belong to the run in which they lie", nans_belong_to_the_run_in_which_they_lie})
