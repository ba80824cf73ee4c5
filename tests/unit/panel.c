#define _GNU_SOURCE /* pthread_setattr_default_np */
#include "engine/core/judge/panel.h"

#include "tests/kit/alloc.h"
#include "tests/kit/judging.h"

#include <pthread.h>
#include <stdlib.h>

#define MODELS 30

/* Models of different lengths, every third of which changes. */
struct models {
    struct kit_judging each[MODELS];
    struct lw_history history[MODELS];
    struct lw_histories all;
    struct lw_rules rules;
};

static struct models *models_open(void)
{
    struct models *models = calloc(1, sizeof(*models));

    CU_ASSERT_PTR_NOT_NULL_FATAL(models);
    models->rules = lw_rules_default();
    for (int m = 0; m < MODELS; m++) {
        struct kit_judging *one = &models->each[m];

        *one = kit_judging_open(300 + (uint64_t)m);
        for (int i = 0; i < 5 + 7 * m % 60; i++)
            kit_add(one, (struct kit_plan){.accuracy = kit_noisy(one, m % 3 == 0 && i >= 25 ? 0.88 : 0.912, 0.003),
                                           .outcome = i % 23 == 22 ? LW_OUTCOME_FAILED : LW_OUTCOME_COMPLETED});
        models->history[m] = (struct lw_history){
            .model = LW_STR("model"), .runs = kit_history_view(&one->history), .runs_n = one->history.n};
        if (one->end > models->all.data_end.ms)
            models->all.data_end.ms = one->end;
    }
    models->all.models = models->history;
    models->all.models_n = MODELS;
    return models;
}

static void models_close(struct models *models)
{
    for (int m = 0; m < MODELS; m++)
        kit_judging_close(&models->each[m]);
    free(models);
}

/* Each model as its own judge finds it. */
static void assert_as_judged_alone(struct models *models, const struct lw_judged *judged)
{
    for (int m = 0; m < MODELS; m++) {
        struct kit_judging *one = &models->each[m];

        if (!one->judge)
            CU_ASSERT_EQUAL_FATAL(lw_judge_open(&one->judge, &models->rules, NULL), LW_ERR_OK);
        lw_arena_reset(&one->arena);
        CU_ASSERT_EQUAL_FATAL(lw_judge_model(one->judge, LW_STR(""), LW_STR("model"), models->history[m].runs,
                                             models->history[m].runs_n, models->all.data_end, &one->arena, &one->judged,
                                             NULL),
                              LW_ERR_OK);
        CU_ASSERT(kit_same_judgement(&judged[m], &one->judged));
    }
}

static void judge_with(struct models *models, size_t judges)
{
    struct lw_judged judged[MODELS];
    struct lw_panel *panel;
    struct lw_fault fault;

    CU_ASSERT_EQUAL_FATAL(lw_panel_open(&panel, &models->rules, judges, 0, &fault), LW_ERR_OK);
    for (int again = 0; again < 2; again++) {
        CU_ASSERT_EQUAL_FATAL(lw_panel_judge(panel, &models->all, judged, &fault), LW_ERR_OK);
        assert_as_judged_alone(models, judged);
    }
    lw_panel_close(panel);
}

static void any_number_of_judges_finds_the_same(void)
{
    static const size_t judges[] = {1, 2, 3, 8, LW_STEP_THREADS_MAX};
    struct models *models = models_open();

    for (size_t i = 0; i < sizeof(judges) / sizeof(*judges); i++)
        judge_with(models, judges[i]);
    models_close(models);
}

static void no_models_are_judged_at_once(void)
{
    struct lw_rules rules = lw_rules_default();
    struct lw_histories none = {.models_n = 0};
    struct lw_panel *panel;

    CU_ASSERT_EQUAL_FATAL(lw_panel_open(&panel, &rules, 4, 0, NULL), LW_ERR_OK);
    CU_ASSERT_EQUAL(lw_panel_judge(panel, &none, NULL, NULL), LW_ERR_OK);
    lw_panel_close(panel);
}

static void a_number_of_judges_that_cannot_be_is_refused(void)
{
    struct lw_rules rules = lw_rules_default();
    struct lw_panel *panel = NULL;
    struct lw_fault fault;

    CU_ASSERT_EQUAL(lw_panel_open(&panel, &rules, 0, 0, &fault), LW_ERR_RANGE);
    CU_ASSERT_EQUAL(lw_panel_open(&panel, &rules, LW_STEP_THREADS_MAX + 1, 0, &fault), LW_ERR_RANGE);
    CU_ASSERT_STRING_EQUAL(fault.text, "65 threads are not possible: state 1 to 64");
    CU_ASSERT_PTR_NULL(panel);
    lw_panel_close(NULL);
}

/* No thread gets a stack as large as the address space. */
static void where_there_are_no_threads_one_judge_does_it_all(void)
{
    struct models *models = models_open();
    pthread_attr_t usual, none;

    CU_ASSERT_EQUAL_FATAL(pthread_getattr_default_np(&usual), 0);
    CU_ASSERT_EQUAL_FATAL(pthread_attr_init(&none), 0);
    CU_ASSERT_EQUAL_FATAL(pthread_attr_setstacksize(&none, (size_t)1 << 47), 0);
    CU_ASSERT_EQUAL_FATAL(pthread_setattr_default_np(&none), 0);
    judge_with(models, 8);
    CU_ASSERT_EQUAL(pthread_setattr_default_np(&usual), 0);
    pthread_attr_destroy(&none);
    pthread_attr_destroy(&usual);
    models_close(models);
}

static void what_does_not_fit_is_told_and_the_panel_stays_of_use(void)
{
    struct models *models = models_open();
    struct lw_judged judged[MODELS];
    struct lw_histories fewest = {.models = models->history, .models_n = 1, .data_end = models->all.data_end};
    struct lw_panel *panel;
    struct lw_fault fault = {0};

    /* Room for the shortest model, not for the others. */
    CU_ASSERT_EQUAL_FATAL(lw_panel_open(&panel, &models->rules, 4, (size_t)64 << 10, &fault), LW_ERR_OK);
    CU_ASSERT_EQUAL(lw_panel_judge(panel, &models->all, judged, &fault), LW_ERR_NOMEM);
    CU_ASSERT(fault.text[0] != '\0');
    CU_ASSERT_EQUAL(lw_panel_judge(panel, &fewest, judged, &fault), LW_ERR_OK);
    CU_ASSERT_EQUAL(judged[0].runs_n, 5);
    lw_panel_close(panel);
    models_close(models);
}

static bool judge_all(void *self, bool failed)
{
    struct models *models = self;
    struct lw_judged judged[MODELS];
    struct lw_panel *panel;
    struct lw_fault fault = {0};
    enum lw_err err = lw_panel_open(&panel, &models->rules, 1, 0, &fault);

    if (err == LW_ERR_OK) {
        err = lw_panel_judge(panel, &models->all, judged, &fault);
        lw_panel_close(panel);
    }
    return err == (failed ? LW_ERR_NOMEM : LW_ERR_OK) && (fault.text[0] != '\0') == failed;
}

static void allocations_that_fail_lose_nothing(void)
{
    struct models *models = models_open();

    models->all.models_n = 4;
    CU_ASSERT(kit_alloc_torture(judge_all, models) > 4);
    models_close(models);
}

/* Which allocation is the nth hangs on who is faster. */
static void allocations_that_fail_in_any_thread_lose_nothing(void)
{
    struct models *models = models_open();
    struct lw_judged judged[MODELS];
    const int64_t before = kit_alloc_outstanding();

    for (uint64_t nth = 1; nth <= 60; nth++) {
        struct lw_panel *panel;
        struct lw_fault fault = {0};
        enum lw_err err;

        kit_alloc_fail(nth, nth % 2 == 0);
        err = lw_panel_open(&panel, &models->rules, 4, 0, &fault);
        if (err == LW_ERR_OK) {
            err = lw_panel_judge(panel, &models->all, judged, &fault);
            lw_panel_close(panel);
        }
        kit_alloc_fail(0, false);
        CU_ASSERT(err == LW_ERR_OK || (err == LW_ERR_NOMEM && fault.text[0] != '\0'));
        CU_ASSERT_EQUAL(kit_alloc_outstanding(), before);
    }
    models_close(models);
}

KIT_SUITE("panel", {"any number of judges finds the same", any_number_of_judges_finds_the_same},
          {"no models are judged at once", no_models_are_judged_at_once},
          {"a number of judges that cannot be is refused", a_number_of_judges_that_cannot_be_is_refused},
          {"where there are no threads one judge does it all", where_there_are_no_threads_one_judge_does_it_all},
          {"what does not fit is told, and the panel stays of use",
           what_does_not_fit_is_told_and_the_panel_stays_of_use},
          {"allocations that fail lose nothing", allocations_that_fail_lose_nothing},
          {"allocations that fail in any thread lose nothing", allocations_that_fail_in_any_thread_lose_nothing})
