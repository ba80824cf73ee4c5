#include "tests/kit/kit.h"
#include "tests/kit/runs.h"

#include "engine/core/gather/window.h"

#define RUNS 5

/* Runs of an hour that end on the days 1, 2, 3 and 4, each with two datapoints, and one without a clock. */
struct world {
    struct kit_history runs;
    struct lw_history model;
    struct lw_histories histories;
    struct lw_rules rules;
    struct lw_arena arena;
    size_t left_out;
};

static void begin(struct world *world)
{
    static const double values[2] = {0.5, 0.6};
    static const struct kit_metric metric = {.name = "accuracy", .values = values, .n = 2};

    *world = (struct world){.rules = lw_rules_default(), .arena = {.ceiling = 1 << 20}};
    for (int i = 1; i < RUNS; i++)
        kit_history_add(&world->runs, &(struct kit_run){.start = i * LW_DAY - LW_HOUR,
                                                        .end = i * LW_DAY,
                                                        .outcome = LW_OUTCOME_COMPLETED,
                                                        .metrics = &metric,
                                                        .metrics_n = 1});
    kit_history_add(&world->runs, &(struct kit_run){.metrics = &metric, .metrics_n = 1});
    world->model = (struct lw_history){.runs = kit_history_view(&world->runs), .runs_n = RUNS};
    world->histories = (struct lw_histories){
        .models = &world->model, .models_n = 1, .data_end = {(RUNS - 1) * LW_DAY + LW_MINUTE}, .has_data_end = 1};
}

static void apply(struct world *world)
{
    CU_ASSERT_EQUAL_FATAL(lw_window_apply(&world->rules, &world->histories, &world->arena, &world->left_out),
                          LW_ERR_OK);
}

static void end(struct world *world)
{
    kit_history_close(&world->runs);
    lw_arena_close(&world->arena);
}

static void since(struct world *world, int64_t ms)
{
    world->rules.since.ms = ms;
    world->rules.has_since = 1;
}

static void until(struct world *world, int64_t ms)
{
    world->rules.until.ms = ms;
    world->rules.has_until = 1;
}

static void without_bounds_nothing_changes(void)
{
    struct world world;

    begin(&world);
    apply(&world);
    CU_ASSERT_PTR_EQUAL(world.histories.models, &world.model);
    CU_ASSERT_EQUAL(world.left_out, 0);
    end(&world);
}

static void a_run_is_in_or_out_by_its_end_since_inclusive_until_exclusive(void)
{
    struct world world;
    const struct lw_history *model;

    begin(&world);
    since(&world, 2 * LW_DAY); /* in the middle of nothing: run 2 ends right then */
    until(&world, 4 * LW_DAY);
    apply(&world);
    model = world.histories.models;
    CU_ASSERT_EQUAL_FATAL(model->runs_n, 3);
    CU_ASSERT_EQUAL(model->runs[0]->end.ms, 2 * LW_DAY);
    CU_ASSERT_EQUAL(model->runs[1]->end.ms, 3 * LW_DAY);
    CU_ASSERT_FALSE(model->runs[2]->has_end); /* without a clock: always in */
    CU_ASSERT_EQUAL(world.left_out, 2);
    CU_ASSERT_EQUAL(world.histories.rejected[LW_REJECT_OUTSIDE_WINDOW], 4);
    end(&world);
}

static void a_bound_within_a_run_cuts_nothing_off(void)
{
    struct world world;
    const struct lw_history *model;

    begin(&world);
    since(&world, 2 * LW_DAY - LW_HOUR / 2);
    until(&world, 3 * LW_DAY - LW_HOUR / 2);
    apply(&world);
    model = world.histories.models;
    CU_ASSERT_EQUAL_FATAL(model->runs_n, 2);
    CU_ASSERT_PTR_EQUAL(model->runs[0], world.runs.runs[1]);
    CU_ASSERT_EQUAL(model->runs[0]->start.ms, 2 * LW_DAY - LW_HOUR);
    end(&world);
}

static void the_data_end_with_the_last_run_inside_when_they_went_on(void)
{
    struct world world;

    begin(&world);
    until(&world, 3 * LW_DAY);
    apply(&world);
    CU_ASSERT_EQUAL(world.histories.data_end.ms, 2 * LW_DAY);
    end(&world);
    begin(&world);
    until(&world, 9 * LW_DAY);
    apply(&world);
    CU_ASSERT_EQUAL(world.histories.data_end.ms, 4 * LW_DAY + LW_MINUTE);
    end(&world);
}

static void a_model_without_a_run_inside_is_gone(void)
{
    struct world world;

    begin(&world);
    world.model.runs_n = RUNS - 1;
    since(&world, 9 * LW_DAY);
    apply(&world);
    CU_ASSERT_EQUAL(world.histories.models_n, 0);
    CU_ASSERT_EQUAL(world.left_out, RUNS - 1);
    end(&world);
}

static void without_memory_all_stays_as_it_was(void)
{
    struct world world;

    begin(&world);
    since(&world, 2 * LW_DAY);
    world.arena.ceiling = 1;
    CU_ASSERT_EQUAL(lw_window_apply(&world.rules, &world.histories, &world.arena, &world.left_out), LW_ERR_NOMEM);
    CU_ASSERT_PTR_EQUAL(world.histories.models, &world.model);
    CU_ASSERT_EQUAL(world.histories.rejected[LW_REJECT_OUTSIDE_WINDOW], 0);
    end(&world);
}

KIT_SUITE("window", {"without bounds nothing changes", without_bounds_nothing_changes},
          {"a run is in or out by its end, since inclusive, until exclusive",
           a_run_is_in_or_out_by_its_end_since_inclusive_until_exclusive},
          {"a bound within a run cuts nothing off", a_bound_within_a_run_cuts_nothing_off},
          {"the data end with the last run inside when they went on",
           the_data_end_with_the_last_run_inside_when_they_went_on},
          {"a model without a run inside is gone", a_model_without_a_run_inside_is_gone},
          {"without memory all stays as it was", without_memory_all_stays_as_it_was})
