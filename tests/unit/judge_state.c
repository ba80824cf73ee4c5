#include "tests/kit/alloc.h"
#include "tests/kit/judging.h"

#include "engine/core/judge/judge_state.h"

#include <stdlib.h>
#include <string.h>

static struct lw_requirement rule = {.series = {"validation:accuracy", 19},
                                     .text = {"validation:accuracy >= 0.87", 27},
                                     .compare = LW_COMPARE_GE,
                                     .bound = 0.87};

/* A history in which nearly everything happens that can. */
static void fill(struct kit_judging *it, int n)
{
    it->rules.requirements = &rule;
    it->rules.requirements_n = 1;
    for (int i = 0; i < n; i++) {
        double accuracy = i < 25 ? 0.912 : i < 33 ? 0.88 : i < 40 ? 0.912 : i < 70 ? 0.86 : 0.84;

        kit_add(it, (struct kit_plan){.accuracy = i < 5 ? 0.912 : kit_noisy(it, accuracy, 0.003),
                                      .loss = kit_noisy(it, i < 50 ? 0.31 : 0.4, 0.004),
                                      .seconds = kit_noisy(it, i < 30 ? 252.0 : 300.0, 5.0),
                                      .gap = i == 22 ? 20000.0 : kit_noisy(it, i < 45 ? 3348.0 : 1200.0, 20.0),
                                      .outcome = i == 12 || i == 13 || i == 48 ? LW_OUTCOME_FAILED
                                                 : i == 20                     ? LW_OUTCOME_OUT_OF_TIME
                                                                               : LW_OUTCOME_COMPLETED,
                                      .instance = i < 60 ? "ml.p2.xlarge" : "ml.p3.2xlarge",
                                      .no_loss = i > 55 && i<70, .slow = i> 75});
    }
}

static enum lw_err resume(struct kit_judging *it, size_t n, struct lw_buf *state, struct lw_arena *arena,
                          struct lw_judged *judged)
{
    return lw_judge_resume(it->judge, LW_STR("acct/eu-west-1"), LW_STR("churn-xgb"), kit_history_view(&it->history), n,
                           (lw_time){it->end}, state, arena, judged, NULL);
}

static void judging_from_any_checkpoint_equals_judging_from_the_start(void)
{
    struct kit_judging it = kit_judging_open(91);
    struct lw_buf whole = {.ceiling = (size_t)1 << 26};
    struct lw_arena arena = {0};
    struct lw_judged judged;

    fill(&it, 90);
    kit_judge(&it);
    CU_ASSERT(it.judged.alerts_n > 6);
    CU_ASSERT_EQUAL_FATAL(resume(&it, 90, &whole, &arena, &judged), LW_ERR_OK);
    CU_ASSERT(kit_same_judgement(&it.judged, &judged));
    for (size_t k = 0; k <= 90; k++) {
        struct lw_buf state = {.ceiling = (size_t)1 << 26};

        lw_arena_reset(&arena);
        CU_ASSERT_EQUAL_FATAL(resume(&it, k, &state, &arena, &judged), LW_ERR_OK);
        CU_ASSERT_EQUAL_FATAL(resume(&it, 90, &state, &arena, &judged), LW_ERR_OK);
        CU_ASSERT(kit_same_judgement(&it.judged, &judged));
        CU_ASSERT(state.len == whole.len && memcmp(state.at, whole.at, whole.len) == 0);
        lw_buf_close(&state);
    }
    lw_buf_close(&whole);
    lw_arena_close(&arena);
    kit_judging_close(&it);
}

static void run_by_run_equals_all_at_once(void)
{
    struct kit_judging it = kit_judging_open(92);
    struct lw_buf state = {.ceiling = (size_t)1 << 26};
    struct lw_arena arena = {0};
    struct lw_judged judged;

    fill(&it, 80);
    kit_judge(&it);
    for (size_t n = 1; n <= 80; n++) {
        lw_arena_reset(&arena);
        CU_ASSERT_EQUAL_FATAL(resume(&it, n, &state, &arena, &judged), LW_ERR_OK);
    }
    CU_ASSERT(kit_same_judgement(&it.judged, &judged));
    lw_buf_close(&state);
    lw_arena_close(&arena);
    kit_judging_close(&it);
}

static void in_pieces_of_any_size_equals_all_at_once(void)
{
    struct kit_judging it = kit_judging_open(96);
    struct lw_arena arena = {0};
    struct lw_judged judged;

    fill(&it, 90);
    kit_judge(&it);
    for (size_t piece = 1; piece < 100; piece = piece * 2 + 1) {
        size_t pieces = 0;
        bool done = false;

        lw_arena_reset(&arena);
        /* Begun with less, and given up. */
        CU_ASSERT_EQUAL(lw_judge_begin(it.judge, LW_STR(""), LW_STR("other"), kit_history_view(&it.history), 40, NULL),
                        LW_ERR_OK);
        CU_ASSERT_EQUAL(lw_judge_some(it.judge, piece, &done, NULL), LW_ERR_OK);
        CU_ASSERT_EQUAL(done, piece >= 40);
        CU_ASSERT_EQUAL(lw_judge_begin(it.judge, LW_STR("acct/eu-west-1"), LW_STR("churn-xgb"),
                                       kit_history_view(&it.history), 90, NULL),
                        LW_ERR_OK);
        for (done = false; !done; pieces++)
            CU_ASSERT_EQUAL_FATAL(lw_judge_some(it.judge, piece, &done, NULL), LW_ERR_OK);
        CU_ASSERT_EQUAL(pieces, (90 + piece - 1) / piece);
        CU_ASSERT_EQUAL_FATAL(lw_judge_end(it.judge, (lw_time){it.end}, &arena, &judged, NULL), LW_ERR_OK);
        CU_ASSERT(kit_same_judgement(&it.judged, &judged));
    }
    lw_arena_close(&arena);
    kit_judging_close(&it);
}

static void a_damaged_state_is_refused_and_stays_as_it_is(void)
{
    struct kit_judging it = kit_judging_open(93);
    struct lw_buf state = {.ceiling = (size_t)1 << 26};
    struct lw_arena arena = {0};
    struct lw_judged judged;
    size_t refused = 0;
    size_t tried = 0;

    fill(&it, 40);
    kit_judge(&it);
    CU_ASSERT_EQUAL_FATAL(resume(&it, 40, &state, &arena, &judged), LW_ERR_OK);
    for (size_t at = 0; at < state.len; at += 1 + at % 997) {
        char was = state.at[at];

        state.at[at] = (char)(was ^ 0x40);
        refused += resume(&it, 40, &state, &arena, &judged) == LW_ERR_STATE;
        tried++;
        state.at[at] = was;
    }
    CU_ASSERT_EQUAL(refused, tried);
    CU_ASSERT_EQUAL(resume(&it, 40, &state, &arena, &judged), LW_ERR_OK);
    state.len -= 1;
    CU_ASSERT_EQUAL(resume(&it, 40, &state, &arena, &judged), LW_ERR_STATE);
    lw_buf_close(&state);
    lw_arena_close(&arena);
    kit_judging_close(&it);
}

static void a_state_of_other_runs_or_other_rules_is_refused(void)
{
    struct kit_judging it = kit_judging_open(94);
    struct lw_buf state = {.ceiling = (size_t)1 << 26};
    struct lw_arena arena = {0};
    struct lw_judged judged;

    fill(&it, 30);
    kit_judge(&it);
    CU_ASSERT_EQUAL_FATAL(resume(&it, 30, &state, &arena, &judged), LW_ERR_OK);
    it.history.runs[7]->duration.ms++;
    CU_ASSERT_EQUAL(resume(&it, 30, &state, &arena, &judged), LW_ERR_STATE);
    it.history.runs[7]->duration.ms--;
    it.rules.ignore_below.rate = 0.01;
    CU_ASSERT_EQUAL(resume(&it, 30, &state, &arena, &judged), LW_ERR_STATE);
    it.rules.ignore_below.rate = 0.005;
    CU_ASSERT_EQUAL(resume(&it, 20, &state, &arena, &judged), LW_ERR_STATE);
    CU_ASSERT_EQUAL(resume(&it, 30, &state, &arena, &judged), LW_ERR_OK);
    lw_buf_close(&state);
    lw_arena_close(&arena);
    kit_judging_close(&it);
}

static bool judge_whole(void *self, bool failed)
{
    struct kit_judging *it = self;
    struct lw_judge *judge = NULL;
    struct lw_arena arena = {0};
    struct lw_buf state = {.ceiling = (size_t)1 << 26};
    struct lw_judged judged;
    struct lw_fault fault = {0};
    enum lw_err err = lw_judge_open(&judge, &it->rules, &fault);

    for (size_t n = 30; n <= 60 && err == LW_ERR_OK; n += 30)
        err = lw_judge_resume(judge, LW_STR(""), LW_STR("model"), kit_history_view(&it->history), n, (lw_time){it->end},
                              &state, &arena, &judged, &fault);
    lw_judge_close(judge);
    lw_arena_close(&arena);
    lw_buf_close(&state);
    return failed ? err == LW_ERR_NOMEM && fault.code == LW_ERR_NOMEM : err == LW_ERR_OK;
}

static void every_allocation_may_fail(void)
{
    struct kit_judging it = kit_judging_open(95);

    fill(&it, 60);
    CU_ASSERT(kit_alloc_torture(judge_whole, &it) > 0);
    kit_judging_close(&it);
}

KIT_SUITE("judge_state",
          {"judging from any checkpoint equals judging from the start",
           judging_from_any_checkpoint_equals_judging_from_the_start},
          {"run by run equals all at once", run_by_run_equals_all_at_once},
          {"in pieces of any size equals all at once", in_pieces_of_any_size_equals_all_at_once},
          {"a damaged state is refused and stays as it is", a_damaged_state_is_refused_and_stays_as_it_is},
          {"a state of other runs or other rules is refused", a_state_of_other_runs_or_other_rules_is_refused},
          {"every allocation may fail", every_allocation_may_fail})
