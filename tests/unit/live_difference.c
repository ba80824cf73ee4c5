#include "tests/kit/alloc.h"
#include "tests/kit/judging.h"

#include "engine/core/live.h"

#include <stdlib.h>
#include <string.h>

/* What a reader of the events knows: the alerts by id, as they were told last. */
#define ALERTS_MOST 64

struct telling {
    struct kit_judging it;
    struct lw_arena arena;
    struct lw_buf told; /* the record */
    struct lw_judged judged;
    const struct lw_alert_event *events;
    size_t events_n;
    struct lw_alert known[ALERTS_MOST];
    size_t known_n;
};

static struct telling begin(uint64_t seed)
{
    return (struct telling){.it = kit_judging_open(seed)};
}

static void end(struct telling *t)
{
    lw_buf_close(&t->told);
    lw_arena_close(&t->arena);
    kit_judging_close(&t->it);
}

static void judge(struct telling *t, size_t from)
{
    struct lw_fault fault = {0};

    if (!t->it.judge)
        CU_ASSERT_EQUAL_FATAL(lw_judge_open(&t->it.judge, &t->it.rules, &fault), LW_ERR_OK);
    CU_ASSERT_EQUAL_FATAL(lw_judge_model(t->it.judge, LW_STR(""), LW_STR("model"),
                                         kit_history_view(&t->it.history) + from, t->it.history.n - from,
                                         (lw_time){t->it.end}, &t->arena, &t->judged, &fault),
                          LW_ERR_OK);
}

/* Tells the difference, and follows it as a reader does. */
static void tell(struct telling *t)
{
    struct lw_buf after = {.ceiling = 1 << 24};

    CU_ASSERT_EQUAL_FATAL(
        lw_live_difference(lw_buf_view(&t->told), &t->judged, &t->arena, &t->events, &t->events_n, &after, NULL),
        LW_ERR_OK);
    lw_buf_close(&t->told);
    t->told = after;
    for (size_t i = 0; i < t->events_n; i++) {
        const struct lw_alert *now = &t->events[i].alert;
        size_t k = 0;

        while (k < t->known_n && strcmp(t->known[k].id, now->id) != 0)
            k++;
        CU_ASSERT_FATAL(k < ALERTS_MOST);
        CU_ASSERT(k == t->known_n || now->revision > t->known[k].revision);
        CU_ASSERT(k < t->known_n || t->events[i].transition == LW_TRANSITION_OPEN);
        t->known[k] = *now;
        t->known_n += k == t->known_n;
    }
}

/* The alerts that a reader knows and that were not taken back are those of the judgement, word for word. */
static void reader_knows_the_judgement(const struct telling *t)
{
    size_t living = 0;

    for (size_t i = 0; i < t->known_n; i++)
        living += t->known[i].state != LW_ALERT_RETRACTED;
    CU_ASSERT_EQUAL(living, t->judged.alerts_n);
    for (size_t i = 0; i < t->judged.alerts_n; i++) {
        const struct lw_alert *want = &t->judged.alerts[i], *got = NULL;

        for (size_t k = 0; k < t->judged.events_n; k++)
            want = strcmp(t->judged.events[k].alert.id, want->id) == 0 ? &t->judged.events[k].alert : want;
        for (size_t k = 0; k < t->known_n; k++)
            got = strcmp(t->known[k].id, want->id) == 0 ? &t->known[k] : got;
        CU_ASSERT_PTR_NOT_NULL_FATAL(got);
        CU_ASSERT_STRING_EQUAL(got->message, want->message);
        CU_ASSERT_EQUAL(got->state, want->state);
        CU_ASSERT_EQUAL(got->severity, want->severity);
        CU_ASSERT_EQUAL(got->detectors, want->detectors);
    }
}

static void add(struct telling *t, int n, double accuracy)
{
    for (int i = 0; i < n; i++)
        kit_add(&t->it, (struct kit_plan){.accuracy = kit_noisy(&t->it, accuracy, 0.003),
                                          .gap = kit_noisy(&t->it, 3348.0, 30.0)});
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

static void told_run_by_run_it_is_the_life_of_each_alert(void)
{
    struct telling t = begin(201);
    size_t told = 0;

    for (int i = 0; i < 48; i++) {
        add(&t, 1, i >= 30 && i < 38 ? 0.88 : 0.912);
        judge(&t, 0);
        tell(&t);
        told += t.events_n;
        reader_knows_the_judgement(&t);
        tell(&t);
        CU_ASSERT_EQUAL(t.events_n, 0);
    }
    CU_ASSERT_EQUAL(told, t.judged.events_n);
    CU_ASSERT(t.judged.alerts_n > 0);
    CU_ASSERT_EQUAL(t.judged.alerts[0].state, LW_ALERT_RESOLVED);
    end(&t);
}

/* Runs come late, in any order; what is told leads to the same in the end. */
static void whatever_comes_late_the_reader_knows_the_judgement(void)
{
    struct kit_random random = kit_seed(202);

    for (int round = 0; round < 40; round++) {
        struct telling t = begin(203);
        struct lw_run *late[8];
        size_t places[8];
        size_t n = 0;

        for (int i = 0; i < 48; i++)
            kit_add(&t.it, (struct kit_plan){.accuracy = kit_noisy(&t.it, i < 30 ? 0.912 : 0.885, 0.003),
                                             .gap = kit_noisy(&t.it, 3348.0, 30.0),
                                             .outcome = i == 20 || i == 21 ? LW_OUTCOME_FAILED : LW_OUTCOME_COMPLETED});
        while (n < 8) {
            places[n] = (size_t)(kit_random_bits(&random) % t.it.history.n);
            late[n] = take_out(&t.it.history, places[n]);
            n++;
        }
        judge(&t, 0);
        tell(&t);
        reader_knows_the_judgement(&t);
        while (n > 0) {
            n--;
            put_in(&t.it.history, places[n], late[n]);
            judge(&t, 0);
            tell(&t);
            reader_knows_the_judgement(&t);
        }
        end(&t);
    }
}

static void what_data_that_were_late_refute_is_taken_back_and_may_come_again(void)
{
    struct telling t = begin(204);
    struct lw_run *run;
    const struct lw_told_alert *alerts;
    size_t n;

    add(&t, 30, 0.912);
    run = take_out(&t.it.history, 20);
    judge(&t, 0);
    tell(&t);
    CU_ASSERT_EQUAL(kit_alerts(&t.judged, LW_ALERT_OVERDUE), 1);
    put_in(&t.it.history, 20, run);
    judge(&t, 0);
    tell(&t);
    CU_ASSERT_EQUAL_FATAL(t.events_n, 1);
    CU_ASSERT_EQUAL(t.events[0].transition, LW_TRANSITION_RETRACT);
    CU_ASSERT_STRING_EQUAL(t.events[0].alert.reason, "data_was_late");
    CU_ASSERT_EQUAL(t.events[0].alert.opened_run, 19);
    reader_knows_the_judgement(&t);
    CU_ASSERT_EQUAL_FATAL(lw_live_told(lw_buf_view(&t.told), &t.arena, &alerts, &n, NULL), LW_ERR_OK);
    CU_ASSERT_EQUAL_FATAL(n, 1);
    CU_ASSERT_EQUAL(alerts[0].alert.state, LW_ALERT_RETRACTED);
    CU_ASSERT(lw_str_equal(alerts[0].opened_run, lw_run_str(t.it.history.runs[19], t.it.history.runs[19]->name)));
    tell(&t);
    CU_ASSERT_EQUAL(t.events_n, 0);
    run = take_out(&t.it.history, 20);
    judge(&t, 0);
    tell(&t);
    CU_ASSERT(t.events_n > 0);
    CU_ASSERT_EQUAL(t.events[0].alert.revision, alerts[0].alert.revision + 1);
    reader_knows_the_judgement(&t);
    free(run);
    end(&t);
}

static void an_open_alert_that_is_found_again_opens_anew(void)
{
    struct telling t = begin(205);
    size_t all;
    int64_t last;
    uint32_t revision;

    add(&t, 30, 0.912);
    add(&t, 4, 0.88);
    all = t.it.history.n;
    judge(&t, 0);
    tell(&t);
    CU_ASSERT_EQUAL_FATAL(t.judged.alerts_n, 1);
    t.it.history.n = 30;
    last = t.it.end;
    t.it.end = t.it.history.runs[29]->end.ms;
    judge(&t, 0);
    tell(&t);
    CU_ASSERT_EQUAL_FATAL(t.events_n, 1);
    CU_ASSERT_EQUAL(t.events[0].transition, LW_TRANSITION_RETRACT);
    /* The run at which it had opened is gone. */
    CU_ASSERT_EQUAL(t.events[0].alert.opened_run, LW_NO_RUN);
    revision = t.events[0].alert.revision;
    t.it.history.n = all;
    t.it.end = last;
    judge(&t, 0);
    tell(&t);
    CU_ASSERT_EQUAL_FATAL(t.events_n, 1);
    CU_ASSERT_EQUAL(t.events[0].transition, LW_TRANSITION_OPEN);
    CU_ASSERT_EQUAL(t.events[0].alert.revision, revision + 1);
    CU_ASSERT_STRING_EQUAL(t.events[0].alert.superseded_by, "");
    reader_knows_the_judgement(&t);
    end(&t);
}

static void alerts_of_history_that_was_given_up_stay(void)
{
    struct telling t = begin(206);
    const struct lw_told_alert *alerts;
    size_t n;

    add(&t, 30, 0.912);
    add(&t, 6, 0.88);
    judge(&t, 0);
    tell(&t);
    CU_ASSERT_EQUAL_FATAL(t.judged.alerts_n, 1);
    CU_ASSERT(t.judged.alerts[0].opened_run < 36);
    add(&t, 4, 0.88);
    judge(&t, 36);
    CU_ASSERT_EQUAL_FATAL(t.judged.alerts_n, 0);
    tell(&t);
    CU_ASSERT_EQUAL(t.events_n, 0);
    CU_ASSERT_EQUAL_FATAL(lw_live_told(lw_buf_view(&t.told), &t.arena, &alerts, &n, NULL), LW_ERR_OK);
    CU_ASSERT_EQUAL_FATAL(n, 1);
    CU_ASSERT_EQUAL(alerts[0].alert.state, LW_ALERT_OPEN);
    t.it.history.n = 0;
    t.judged = (struct lw_judged){0};
    tell(&t);
    CU_ASSERT_EQUAL(t.events_n, 0);
    t.it.history.n = 40;
    end(&t);
}

static void the_record_keeps_every_word_of_an_alert(void)
{
    struct telling t = begin(207);
    const struct lw_told_alert *alerts;
    size_t n;

    add(&t, 30, 0.912);
    add(&t, 12, 0.88);
    judge(&t, 0);
    tell(&t);
    CU_ASSERT_EQUAL_FATAL(lw_live_told(lw_buf_view(&t.told), &t.arena, &alerts, &n, NULL), LW_ERR_OK);
    CU_ASSERT_EQUAL_FATAL(n, t.known_n);
    for (size_t i = 0; i < n; i++) {
        const struct lw_alert *got = &alerts[i].alert, *want = &t.known[i];
        const struct lw_run *opened = t.judged.runs[want->opened_run].run;

        CU_ASSERT_STRING_EQUAL(got->id, want->id);
        CU_ASSERT_STRING_EQUAL(got->message, want->message);
        CU_ASSERT_EQUAL(got->revision, want->revision);
        CU_ASSERT_EQUAL(got->before, want->before);
        CU_ASSERT_EQUAL(got->after, want->after);
        CU_ASSERT_EQUAL(got->evidence.ms, want->evidence.ms);
        CU_ASSERT_EQUAL(got->opened_run, LW_NO_RUN);
        CU_ASSERT(lw_str_equal(alerts[i].opened_run, lw_run_str(opened, opened->name)));
        CU_ASSERT_EQUAL(alerts[i].opened_end.ms, opened->end.ms);
        CU_ASSERT_EQUAL_FATAL(got->series_n, want->series_n);
        for (uint32_t k = 0; k < got->series_n; k++)
            CU_ASSERT(lw_str_equal(got->series[k], want->series[k]));
    }
    end(&t);
}

static bool refused(struct telling *t, struct lw_str record)
{
    struct lw_arena arena = {.ceiling = 1 << 24};
    struct lw_buf after = {.ceiling = 1 << 24};
    const struct lw_alert_event *events;
    const struct lw_told_alert *alerts;
    size_t n;
    bool told = lw_live_told(record, &arena, &alerts, &n, NULL) == LW_ERR_STATE;
    bool difference = lw_live_difference(record, &t->judged, &arena, &events, &n, &after, NULL) == LW_ERR_STATE;

    CU_ASSERT_EQUAL(after.len, 0);
    lw_buf_close(&after);
    lw_arena_close(&arena);
    return told && difference;
}

static void damaged_records_are_refused(void)
{
    struct telling t = begin(208);
    char *copy;

    add(&t, 30, 0.912);
    add(&t, 6, 0.88);
    judge(&t, 0);
    tell(&t);
    CU_ASSERT(t.told.len > 200);
    for (size_t n = 1; n < t.told.len; n++)
        CU_ASSERT(refused(&t, (struct lw_str){t.told.at, n}));
    copy = malloc(t.told.len);
    CU_ASSERT_PTR_NOT_NULL_FATAL(copy);
    for (size_t i = 0; i < 8 * t.told.len; i++) {
        memcpy(copy, t.told.at, t.told.len);
        copy[i / 8] = (char)(copy[i / 8] ^ (1 << i % 8));
        CU_ASSERT(refused(&t, (struct lw_str){copy, t.told.len}));
    }
    free(copy);
    end(&t);
}

static bool tortured(void *self, bool failed)
{
    struct telling *t = self;
    struct lw_arena arena = {.ceiling = 1 << 24};
    struct lw_buf after = {.ceiling = 1 << 24};
    const struct lw_alert_event *events;
    const struct lw_told_alert *alerts;
    size_t n = 0;
    enum lw_err err = lw_live_difference(lw_buf_view(&t->told), &t->judged, &arena, &events, &n, &after, NULL);

    if (err == LW_ERR_OK)
        err = lw_live_told(lw_buf_view(&after), &arena, &alerts, &n, NULL);
    lw_buf_close(&after);
    lw_arena_close(&arena);
    return failed ? err == LW_ERR_NOMEM || err == LW_ERR_OK : err == LW_ERR_OK;
}

static void every_allocation_may_fail(void)
{
    struct telling t = begin(209);

    add(&t, 30, 0.912);
    add(&t, 4, 0.88);
    judge(&t, 0);
    tell(&t);
    add(&t, 5, 0.912);
    judge(&t, 0);
    CU_ASSERT(kit_alloc_torture(tortured, &t) > 1);
    end(&t);
}

KIT_SUITE("live_difference",
          {"told run by run it is the life of each alert", told_run_by_run_it_is_the_life_of_each_alert},
          {"whatever comes late the reader knows the judgement", whatever_comes_late_the_reader_knows_the_judgement},
          {"what data that were late refute is taken back and may come again",
           what_data_that_were_late_refute_is_taken_back_and_may_come_again},
          {"an open alert that is found again opens anew", an_open_alert_that_is_found_again_opens_anew},
          {"alerts of history that was given up stay", alerts_of_history_that_was_given_up_stay},
          {"the record keeps every word of an alert", the_record_keeps_every_word_of_an_alert},
          {"damaged records are refused", damaged_records_are_refused},
          {"every allocation may fail", every_allocation_may_fail})
