#include "tests/kit/judging.h"

#include "engine/core/judge/wanted.h"
#include "tests/kit/alloc.h"

#include <string.h>

#define DAY INT64_C(1772323200000) /* 2026-03-01T00:00:00Z */

static const lw_time day = {DAY};

static int64_t clock_of(int hour, int minute, int second)
{
    return DAY + hour * LW_HOUR + minute * LW_MINUTE + second * LW_SECOND;
}

/* Runs of a model with stamps in their names, which the data contradict by a minute or so both ways. */
static struct kit_history history_of_stamps(void)
{
    struct kit_history history = {.n = 0};
    const struct kit_run runs[] = {
        {.name = "churn-2026-03-01-10-00-12", .start = clock_of(10, 1, 0), .end = clock_of(10, 9, 0)},
        {.name = "churn-2026-03-01-11-00-30", .start = clock_of(10, 59, 0), .end = clock_of(11, 9, 0)},
        {.name = "churn-2026-03-01-12-00-05", .start = clock_of(11, 59, 0), .end = clock_of(12, 9, 0)},
        {.name = "churn-by-hand", .start = clock_of(13, 0, 0), .end = clock_of(13, 9, 0)},
        {.name = "churn-2026-03-01-14-00-00", .start = 0, .end = 0},
    };

    for (size_t i = 0; i < sizeof(runs) / sizeof(runs[0]); i++)
        kit_history_add(&history, &runs[i]);
    return history;
}

static const char *first(const struct kit_history *history, int64_t from)
{
    static char name[64];
    const struct lw_rebaseline wish = {.model = LW_STR("churn"), .from = {from}};
    const struct lw_run *run = lw_wanted_first(&wish, kit_history_view(history), history->n);
    struct lw_str text = run == NULL ? LW_STR("none") : lw_run_str(run, run->name);

    memcpy(name, text.at, text.len);
    name[text.len] = '\0';
    return name;
}

static void a_time_means_the_first_run_that_starts_then_or_later(void)
{
    struct kit_history history = history_of_stamps();

    CU_ASSERT_STRING_EQUAL(first(&history, DAY), "churn-2026-03-01-10-00-12");
    CU_ASSERT_STRING_EQUAL(first(&history, clock_of(10, 1, 0)), "churn-2026-03-01-10-00-12");
    CU_ASSERT_STRING_EQUAL(first(&history, clock_of(10, 1, 1)), "churn-2026-03-01-11-00-30");
    CU_ASSERT_STRING_EQUAL(first(&history, clock_of(12, 30, 0)), "churn-by-hand");
    CU_ASSERT_STRING_EQUAL(first(&history, clock_of(15, 0, 0)), "none");
    kit_history_close(&history);
}

static void the_time_in_the_name_of_a_run_means_that_run(void)
{
    struct kit_history history = history_of_stamps();

    CU_ASSERT_STRING_EQUAL(first(&history, clock_of(10, 0, 12)), "churn-2026-03-01-10-00-12"); /* before it started */
    CU_ASSERT_STRING_EQUAL(first(&history, clock_of(11, 0, 30)), "churn-2026-03-01-11-00-30"); /* after it started */
    CU_ASSERT_STRING_EQUAL(first(&history, clock_of(12, 0, 5)), "churn-2026-03-01-12-00-05");
    kit_history_close(&history);
}

static void a_time_without_seconds_means_the_run_that_is_named_by_that_minute(void)
{
    struct kit_history history = history_of_stamps();

    CU_ASSERT_STRING_EQUAL(first(&history, clock_of(11, 0, 0)), "churn-2026-03-01-11-00-30");
    CU_ASSERT_STRING_EQUAL(first(&history, clock_of(12, 0, 0)), "churn-2026-03-01-12-00-05");
    /* Nobody's name: the time is what the data say. */
    CU_ASSERT_STRING_EQUAL(first(&history, clock_of(11, 1, 0)), "churn-2026-03-01-12-00-05");
    CU_ASSERT_STRING_EQUAL(first(&history, clock_of(12, 1, 0)), "churn-by-hand");
    kit_history_close(&history);
}

static void a_run_that_starts_then_to_the_second_goes_before_a_name(void)
{
    struct kit_history history = {.n = 0};

    kit_history_add(&history, &(struct kit_run){.name = "churn-2026-03-01-12-00-00",
                                                .start = clock_of(11, 59, 0),
                                                .end = clock_of(12, 5, 0)});
    kit_history_add(&history,
                    &(struct kit_run){.name = "other", .start = clock_of(12, 0, 0), .end = clock_of(12, 9, 0)});
    CU_ASSERT_STRING_EQUAL(first(&history, clock_of(12, 0, 0)), "other");
    kit_history_close(&history);
}

static void a_name_that_the_data_belie_means_nothing(void)
{
    struct kit_history history = {.n = 0};

    /* Named by the time at which the next one is to run: it had ended long before. */
    kit_history_add(
        &history,
        &(struct kit_run){.name = "churn-2026-03-01-12-00-00", .start = clock_of(9, 0, 0), .end = clock_of(9, 5, 0)});
    kit_history_add(&history,
                    &(struct kit_run){.name = "next", .start = clock_of(12, 1, 0), .end = clock_of(12, 9, 0)});
    CU_ASSERT_STRING_EQUAL(first(&history, clock_of(12, 0, 0)), "next");
    kit_history_close(&history);
}

static void a_name_means_the_run_of_that_name_alone(void)
{
    struct kit_history history = history_of_stamps();
    struct lw_rebaseline wish = {.model = LW_STR("churn"), .run = LW_STR("churn-by-hand")};
    const struct lw_run *run = lw_wanted_first(&wish, kit_history_view(&history), history.n);

    CU_ASSERT_PTR_EQUAL(run, history.runs[3]);
    wish.run = LW_STR("churn-by");
    CU_ASSERT_PTR_NULL(lw_wanted_first(&wish, kit_history_view(&history), history.n));
    kit_history_close(&history);
}

static void a_run_without_a_start_counts_by_its_end(void)
{
    struct kit_history history = {.n = 0};

    kit_history_add(&history, &(struct kit_run){.name = "a", .start = clock_of(9, 0, 0), .end = clock_of(10, 0, 0)});
    kit_history_add(&history, &(struct kit_run){.name = "b", .start = clock_of(10, 0, 0), .end = clock_of(11, 0, 0)});
    history.runs[0]->has_start = false;
    CU_ASSERT_STRING_EQUAL(first(&history, clock_of(9, 30, 0)), "a");
    CU_ASSERT_STRING_EQUAL(first(&history, clock_of(10, 30, 0)), "none");
    kit_history_close(&history);
}

/* --- as rules --- */

static struct lw_rules rules_of(const struct kit_history *history, struct lw_str origin, struct lw_str model,
                                struct lw_arena *arena)
{
    static const struct lw_rebaseline wishes[] = {
        {.origin = {"prod", 4}, .model = {"churn", 5}, .run = {"churn-by-hand", 13}, .series = {"duration", 8}},
        {.model = {"churn", 5}, .from = {DAY + 11 * LW_HOUR}},
        {.model = {"churn", 5}, .from = {DAY + 20 * LW_HOUR}}, /* nothing started since then */
        {.model = {"other", 5}, .from = {DAY}},
    };
    static struct lw_str by_hand[] = {{"run-1", 5}};
    struct lw_rules base = lw_rules_default();
    struct lw_rules rules;

    base.rebaseline = by_hand;
    base.rebaseline_n = 1;
    CU_ASSERT_EQUAL_FATAL(lw_wanted_rules(&base, wishes, sizeof(wishes) / sizeof(wishes[0]), origin, model,
                                          kit_history_view(history), history->n, arena, &rules, NULL),
                          LW_ERR_OK);
    return rules;
}

static void wishes_are_added_to_the_rules_of_their_model(void)
{
    struct kit_history history = history_of_stamps();
    struct lw_arena arena = {.ceiling = 1 << 20};
    struct lw_rules rules = rules_of(&history, LW_STR("prod"), LW_STR("churn"), &arena);

    CU_ASSERT_EQUAL_FATAL(rules.rebaseline_n, 3);
    CU_ASSERT(lw_str_equal(rules.rebaseline[0], LW_STR("run-1")) && rules.rebaseline_series[0].len == 0);
    CU_ASSERT(lw_str_equal(rules.rebaseline[1], LW_STR("churn-by-hand")));
    CU_ASSERT(lw_str_equal(rules.rebaseline_series[1], LW_STR("duration")));
    CU_ASSERT(lw_str_equal(rules.rebaseline[2], LW_STR("churn-2026-03-01-11-00-30")));
    CU_ASSERT_EQUAL(rules.rebaseline_series[2].len, 0);
    rules = rules_of(&history, LW_STR("dev"), LW_STR("churn"), &arena);
    CU_ASSERT_EQUAL(rules.rebaseline_n, 2);
    rules = rules_of(&history, LW_STR("prod"), LW_STR("fraud"), &arena);
    CU_ASSERT_EQUAL(rules.rebaseline_n, 1);
    lw_arena_close(&arena);
    kit_history_close(&history);
}

static bool add_wishes(void *self, bool failed)
{
    struct kit_history *history = self;
    const struct lw_rebaseline wish = {.model = LW_STR("churn"), .from = day};
    struct lw_rules base = lw_rules_default();
    struct lw_rules rules = {.reference_runs = 7};
    struct lw_arena arena = {.ceiling = 1 << 20};
    enum lw_err err = lw_wanted_rules(&base, &wish, 1, LW_STR(""), LW_STR("churn"), kit_history_view(history),
                                      history->n, &arena, &rules, NULL);

    lw_arena_close(&arena);
    return failed ? err == LW_ERR_NOMEM : err == LW_ERR_OK && rules.rebaseline_n == 1;
}

static void every_allocation_may_fail(void)
{
    struct kit_history history = history_of_stamps();

    CU_ASSERT(kit_alloc_torture(add_wishes, &history) >= 1);
    kit_history_close(&history);
}

/* --- as they are judged --- */

/* Thirty quiet runs; from then on accuracy is lower, and with `slow` each run takes half as long again. */
static void play(struct kit_judging *it, int changed, bool slow)
{
    for (int i = 0; i < 30 + changed; i++)
        kit_add(it, (struct kit_plan){.accuracy = kit_noisy(it, i < 30 ? 0.912 : 0.885, 0.003),
                                      .seconds = kit_noisy(it, i < 30 || !slow ? 252 : 378, 4)});
}

static const struct lw_alert *alert_of(const struct kit_judging *it, const char *series)
{
    for (size_t i = 0; i < it->judged.alerts_n; i++) {
        if (kit_in_series(&it->judged.alerts[i], series))
            return &it->judged.alerts[i];
    }
    return NULL;
}

static void judge_with(struct kit_judging *it, const struct lw_rebaseline *wishes, size_t n)
{
    struct lw_arena arena = {.ceiling = 1 << 20};
    struct lw_rules base = it->rules;

    CU_ASSERT_EQUAL_FATAL(lw_wanted_rules(&base, wishes, n, LW_STR("acct/eu-west-1"), LW_STR("churn-xgb"),
                                          kit_history_view(&it->history), it->history.n, &arena, &it->rules, NULL),
                          LW_ERR_OK);
    kit_judge(it);
    kit_judge_show(&it->judged);
    it->rules = base;
    lw_judge_close(it->judge);
    it->judge = NULL;
    lw_arena_close(&arena);
}

static void a_wish_for_one_series_leaves_the_others_alone(void)
{
    struct kit_judging it = kit_judging_open(401);
    struct lw_rebaseline wish = {.model = LW_STR("churn-xgb"), .run = LW_STR("run-0030"), .series = LW_STR("duration")};

    play(&it, 12, true);
    judge_with(&it, NULL, 0);
    CU_ASSERT_PTR_NOT_NULL_FATAL(alert_of(&it, "duration"));
    CU_ASSERT_EQUAL(alert_of(&it, "duration")->state, LW_ALERT_OPEN);
    judge_with(&it, &wish, 1);
    CU_ASSERT_PTR_NOT_NULL_FATAL(alert_of(&it, "validation:accuracy"));
    CU_ASSERT_EQUAL(alert_of(&it, "validation:accuracy")->state, LW_ALERT_OPEN);
    CU_ASSERT_EQUAL(it.judged.verdict, LW_VERDICT_DRIFT);
    wish.series = LW_STR("validation:accuracy");
    judge_with(&it, &wish, 1);
    CU_ASSERT_PTR_NOT_NULL_FATAL(alert_of(&it, "duration"));
    CU_ASSERT_EQUAL(alert_of(&it, "duration")->state, LW_ALERT_OPEN);
    kit_judging_close(&it);
}

static void wishes_for_each_series_that_changed_are_as_good_as_one_for_all(void)
{
    struct kit_judging it = kit_judging_open(402);
    const struct lw_rebaseline both[] = {
        {.model = LW_STR("churn-xgb"), .run = LW_STR("run-0030"), .series = LW_STR("duration")},
        {.model = LW_STR("churn-xgb"), .run = LW_STR("run-0030"), .series = LW_STR("validation:accuracy")}};

    play(&it, 12, true);
    judge_with(&it, both, 2);
    for (size_t i = 0; i < it.judged.alerts_n; i++)
        CU_ASSERT_EQUAL(it.judged.alerts[i].state, LW_ALERT_ACKNOWLEDGED);
    CU_ASSERT_EQUAL(it.judged.verdict, LW_VERDICT_OK);
    kit_judging_close(&it);
}

static void a_wish_by_time_is_the_wish_for_the_run_that_it_means(void)
{
    struct kit_judging it = kit_judging_open(403);
    struct lw_rebaseline wish = {.model = LW_STR("churn-xgb"), .from = {0}};

    play(&it, 12, false);
    wish.from = it.history.runs[30]->start;
    judge_with(&it, &wish, 1);
    CU_ASSERT_PTR_NOT_NULL_FATAL(alert_of(&it, "validation:accuracy"));
    CU_ASSERT_EQUAL(alert_of(&it, "validation:accuracy")->state, LW_ALERT_ACKNOWLEDGED);
    CU_ASSERT_EQUAL(it.judged.verdict, LW_VERDICT_OK);
    wish.origin = LW_STR("acct/us-east-1"); /* of another account: nothing is wanted here */
    judge_with(&it, &wish, 1);
    CU_ASSERT_EQUAL(alert_of(&it, "validation:accuracy")->state, LW_ALERT_OPEN);
    kit_judging_close(&it);
}

KIT_SUITE("wanted",
          {"a time means the first run that starts then or later",
           a_time_means_the_first_run_that_starts_then_or_later},
          {"the time in the name of a run means that run", the_time_in_the_name_of_a_run_means_that_run},
          {"a time without seconds means the run that is named by that minute",
           a_time_without_seconds_means_the_run_that_is_named_by_that_minute},
          {"a run that starts then to the second goes before a name",
           a_run_that_starts_then_to_the_second_goes_before_a_name},
          {"a name that the data belie means nothing", a_name_that_the_data_belie_means_nothing},
          {"a name means the run of that name alone", a_name_means_the_run_of_that_name_alone},
          {"a run without a start counts by its end", a_run_without_a_start_counts_by_its_end},
          {"wishes are added to the rules of their model", wishes_are_added_to_the_rules_of_their_model},
          {"every allocation may fail", every_allocation_may_fail},
          {"a wish for one series leaves the others alone", a_wish_for_one_series_leaves_the_others_alone},
          {"wishes for each series that changed are as good as one for all",
           wishes_for_each_series_that_changed_are_as_good_as_one_for_all},
          {"a wish by time is the wish for the run that it means",
           a_wish_by_time_is_the_wish_for_the_run_that_it_means})
