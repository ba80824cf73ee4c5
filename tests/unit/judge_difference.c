#include "tests/kit/judging.h"

#include <stdlib.h>
#include <string.h>

struct pair {
    struct kit_judging it;
    struct lw_arena arena;
    struct lw_judged before, after;
    const struct lw_alert_event *events;
    size_t events_n;
};

static void judge_into(struct pair *pair, struct lw_judged *judged)
{
    struct lw_fault fault = {0};

    if (!pair->it.judge)
        CU_ASSERT_EQUAL_FATAL(lw_judge_open(&pair->it.judge, &pair->it.rules, &fault), LW_ERR_OK);
    CU_ASSERT_EQUAL_FATAL(lw_judge_model(pair->it.judge, LW_STR(""), LW_STR("model"),
                                         kit_history_view(&pair->it.history), pair->it.history.n,
                                         (lw_time){pair->it.end}, &pair->arena, judged, &fault),
                          LW_ERR_OK);
}

static void difference(struct pair *pair, const struct lw_judged *before)
{
    CU_ASSERT_EQUAL_FATAL(lw_judge_difference(before, &pair->after, &pair->arena, &pair->events, &pair->events_n, NULL),
                          LW_ERR_OK);
}

static void close_pair(struct pair *pair)
{
    lw_arena_close(&pair->arena);
    kit_judging_close(&pair->it);
}

static struct lw_run *take_out(struct kit_history *history, size_t at)
{
    struct lw_run *run = history->runs[at];

    memmove(history->runs + at, history->runs + at + 1, (history->n - at - 1) * sizeof(*history->runs));
    history->n--;
    return run;
}

static void put_in(struct kit_history *history, size_t at, struct lw_run *run)
{
    memmove(history->runs + at + 1, history->runs + at, (history->n - at) * sizeof(*history->runs));
    history->runs[at] = run;
    history->n++;
}

static void nothing_before_is_told_as_the_whole_life(void)
{
    struct pair pair = {.it = kit_judging_open(101)};

    for (int i = 0; i < 40; i++)
        kit_add(&pair.it, (struct kit_plan){.accuracy = kit_noisy(&pair.it, i < 30 ? 0.912 : 0.88, 0.003)});
    judge_into(&pair, &pair.after);
    difference(&pair, NULL);
    CU_ASSERT_EQUAL(pair.events_n, pair.after.events_n);
    CU_ASSERT_EQUAL(pair.events[0].transition, LW_TRANSITION_OPEN);
    close_pair(&pair);
}

static void the_same_judgement_has_no_difference(void)
{
    struct pair pair = {.it = kit_judging_open(102)};

    for (int i = 0; i < 40; i++)
        kit_add(&pair.it, (struct kit_plan){.accuracy = kit_noisy(&pair.it, i < 30 ? 0.912 : 0.88, 0.003)});
    judge_into(&pair, &pair.before);
    judge_into(&pair, &pair.after);
    difference(&pair, &pair.before);
    CU_ASSERT_EQUAL(pair.events_n, 0);
    close_pair(&pair);
}

static void further_runs_tell_only_what_is_new(void)
{
    struct pair pair = {.it = kit_judging_open(103)};

    for (int i = 0; i < 34; i++)
        kit_add(&pair.it, (struct kit_plan){.accuracy = kit_noisy(&pair.it, i < 30 ? 0.912 : 0.88, 0.003)});
    judge_into(&pair, &pair.before);
    CU_ASSERT_EQUAL_FATAL(pair.before.alerts_n, 1);
    for (int i = 0; i < 5; i++)
        kit_add(&pair.it, (struct kit_plan){.accuracy = kit_noisy(&pair.it, 0.912, 0.003)});
    judge_into(&pair, &pair.after);
    difference(&pair, &pair.before);
    CU_ASSERT_EQUAL_FATAL(pair.events_n, pair.after.events_n - pair.before.events_n);
    CU_ASSERT_EQUAL(pair.events[pair.events_n - 1].transition, LW_TRANSITION_RESOLVE);
    CU_ASSERT(pair.events[0].alert.revision > pair.before.alerts[0].revision);
    close_pair(&pair);
}

/* Applies the told events to what was issued; the alerts that are not retracted must be those of the complete data. */
static void after_a_late_run_the_issued_alerts_are_those_of_the_complete_data(void)
{
    for (size_t late = 5; late < 45; late++) {
        struct pair pair = {.it = kit_judging_open(104)};
        struct lw_run *run;
        size_t living = 0;

        for (int i = 0; i < 48; i++)
            kit_add(&pair.it,
                    (struct kit_plan){.accuracy = kit_noisy(&pair.it, i < 30 ? 0.912 : 0.885, 0.003),
                                      .gap = kit_noisy(&pair.it, 3348.0, 30.0),
                                      .outcome = i == 20 || i == 21 ? LW_OUTCOME_FAILED : LW_OUTCOME_COMPLETED});
        run = take_out(&pair.it.history, late);
        judge_into(&pair, &pair.before);
        put_in(&pair.it.history, late, run);
        judge_into(&pair, &pair.after);
        difference(&pair, &pair.before);
        for (size_t i = 0; i < pair.before.alerts_n; i++) {
            const struct lw_alert *old = &pair.before.alerts[i];
            bool retracted = false;
            bool kept = false;

            for (size_t k = 0; k < pair.events_n; k++)
                retracted = retracted || (pair.events[k].transition == LW_TRANSITION_RETRACT &&
                                          strcmp(pair.events[k].alert.id, old->id) == 0);
            for (size_t k = 0; k < pair.after.alerts_n; k++)
                kept = kept || strcmp(pair.after.alerts[k].id, old->id) == 0;
            CU_ASSERT_EQUAL(retracted, !kept);
            living += kept;
        }
        for (size_t i = 0; i < pair.after.alerts_n; i++) {
            const struct lw_alert *now = &pair.after.alerts[i];
            const struct lw_alert *last = NULL;

            for (size_t k = 0; k < pair.before.alerts_n; k++) {
                if (strcmp(pair.before.alerts[k].id, now->id) == 0)
                    last = &pair.before.alerts[k];
            }
            for (size_t k = 0; k < pair.before.events_n; k++) {
                if (strcmp(pair.before.events[k].alert.id, now->id) == 0)
                    last = &pair.before.events[k].alert;
            }
            for (size_t k = 0; k < pair.events_n; k++) {
                if (strcmp(pair.events[k].alert.id, now->id) == 0) {
                    CU_ASSERT(!last || pair.events[k].alert.revision > last->revision);
                    last = &pair.events[k].alert;
                }
            }
            CU_ASSERT_PTR_NOT_NULL_FATAL(last);
            for (size_t k = 0; k < pair.after.events_n; k++) {
                if (strcmp(pair.after.events[k].alert.id, now->id) == 0)
                    now = &pair.after.events[k].alert;
            }
            CU_ASSERT_STRING_EQUAL(last->message, now->message);
            CU_ASSERT_EQUAL(last->state, now->state);
            CU_ASSERT_EQUAL(last->severity, now->severity);
        }
        CU_ASSERT(living <= pair.after.alerts_n);
        close_pair(&pair);
    }
}

static void a_gap_that_data_came_late_for_is_retracted_as_such(void)
{
    struct pair pair = {.it = kit_judging_open(105)};
    struct lw_run *run;

    for (int i = 0; i < 30; i++)
        kit_add(&pair.it, (struct kit_plan){.accuracy = kit_noisy(&pair.it, 0.912, 0.003),
                                            .gap = kit_noisy(&pair.it, 3348.0, 20.0)});
    run = take_out(&pair.it.history, 20);
    judge_into(&pair, &pair.before);
    CU_ASSERT_EQUAL(kit_alerts(&pair.before, LW_ALERT_OVERDUE), 1);
    put_in(&pair.it.history, 20, run);
    judge_into(&pair, &pair.after);
    difference(&pair, &pair.before);
    CU_ASSERT_EQUAL_FATAL(pair.events_n, 1);
    CU_ASSERT_EQUAL(pair.events[0].transition, LW_TRANSITION_RETRACT);
    CU_ASSERT_EQUAL(pair.events[0].alert.state, LW_ALERT_RETRACTED);
    CU_ASSERT_STRING_EQUAL(pair.events[0].alert.reason, "data_was_late");
    CU_ASSERT_EQUAL(pair.events[0].alert.revision, kit_alert(&pair.before, LW_ALERT_OVERDUE)->revision + 1);
    close_pair(&pair);
}

static void an_opening_that_moves_names_its_successor(void)
{
    struct pair pair = {.it = kit_judging_open(106)};
    struct lw_run *run;

    for (int i = 0; i < 20; i++)
        kit_add(&pair.it, (struct kit_plan){.accuracy = kit_noisy(&pair.it, 0.912, 0.003),
                                            .outcome = i == 10 || i == 11 ? LW_OUTCOME_FAILED : LW_OUTCOME_COMPLETED});
    run = take_out(&pair.it.history, 10);
    judge_into(&pair, &pair.before);
    put_in(&pair.it.history, 10, run);
    judge_into(&pair, &pair.after);
    difference(&pair, &pair.before);
    CU_ASSERT_EQUAL(pair.events[0].transition, LW_TRANSITION_RETRACT);
    CU_ASSERT_STRING_EQUAL(pair.events[0].alert.superseded_by, kit_alert(&pair.after, LW_ALERT_RUN)->id);
    close_pair(&pair);
}

KIT_SUITE("judge_difference", {"nothing before is told as the whole life", nothing_before_is_told_as_the_whole_life},
          {"the same judgement has no difference", the_same_judgement_has_no_difference},
          {"further runs tell only what is new", further_runs_tell_only_what_is_new},
          {"after a late run the issued alerts are those of the complete data",
           after_a_late_run_the_issued_alerts_are_those_of_the_complete_data},
          {"a gap that data came late for is retracted as such", a_gap_that_data_came_late_for_is_retracted_as_such},
          {"an opening that moves names its successor", an_opening_that_moves_names_its_successor})
