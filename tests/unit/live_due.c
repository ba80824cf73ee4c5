#include "tests/kit/living.h"

#include <string.h>

#define MINUTE LW_MINUTE
#define T0     ((int64_t)1560348000000) /* 2019-06-12T14:00:00Z */
#define NEVER  INT64_MIN

struct feed {
    struct kit_living it;
    struct kit_input input;
    size_t points, facts; /* taken */
};

static struct feed begin(void)
{
    return (struct feed){.it = kit_living_open()};
}

static void end(struct feed *feed)
{
    kit_input_close(&feed->input);
    kit_living_close(&feed->it);
}

/* Takes what was written down since the last time. */
static void give(struct feed *feed, uint32_t source, int64_t now)
{
    struct kit_input rest = {.points = feed->input.points + feed->points,
                             .points_n = feed->input.points_n - feed->points,
                             .facts = feed->input.facts + feed->facts,
                             .facts_n = feed->input.facts_n - feed->facts};

    CU_ASSERT_EQUAL(kit_living_take(&feed->it, source, now, &rest, 0, SIZE_MAX, NULL), LW_ERR_OK);
    feed->points = feed->input.points_n;
    feed->facts = feed->input.facts_n;
}

static void curve(struct feed *feed, const char *run, int64_t from, int64_t step, int n)
{
    for (int64_t i = 0; i < n; i++)
        kit_single(&feed->input, run, "accuracy", from + i * step, 0.5);
}

static void status(struct feed *feed, const char *run, enum lw_status status, int64_t at)
{
    kit_fact(&feed->input, run, LW_FACT_STATUS, LW_RANK_API, NULL, NULL, status, at, NEVER);
}

/* Nothing is due a millisecond before, one unit is at that time. */
static void due_by_clock(struct feed *feed, int64_t at)
{
    CU_ASSERT_EQUAL(lw_live_next_due(feed->it.live).ms, at);
    CU_ASSERT_EQUAL(kit_living_due(&feed->it, at - 1, false, 9), 0);
    CU_ASSERT_EQUAL(lw_live_next_due(feed->it.live).ms, at);
    CU_ASSERT_EQUAL(kit_living_due(&feed->it, at, false, 9), 1);
    CU_ASSERT_EQUAL(lw_live_next_due(feed->it.live).ms, LW_TIME_MAX);
}

static void due_by_mark(struct feed *feed, uint32_t source, int64_t now, int64_t at)
{
    lw_live_watermark(feed->it.live, source, (lw_time){at - 1});
    CU_ASSERT_EQUAL(kit_living_due(&feed->it, now, false, 9), 0);
    lw_live_watermark(feed->it.live, source, (lw_time){at});
    CU_ASSERT_EQUAL(kit_living_due(&feed->it, now, false, 9), 1);
}

static void a_run_closes_when_nothing_came_for_the_quiet_period(void)
{
    struct feed feed = begin();

    curve(&feed, "job", T0, MINUTE, 5);
    give(&feed, 0, T0 + LW_DAY);
    due_by_clock(&feed, T0 + LW_DAY + 15 * MINUTE);
    end(&feed);
}

static void the_quiet_period_is_what_the_rules_say(void)
{
    struct feed feed = begin();

    feed.it.rules.quiet.ms = 2 * MINUTE;
    curve(&feed, "job", T0, 1000, 5);
    give(&feed, 0, T0 + LW_DAY);
    due_by_clock(&feed, T0 + LW_DAY + 2 * MINUTE);
    end(&feed);
}

static void a_run_closes_when_the_watermark_has_passed_its_last_point(void)
{
    struct feed feed = begin();

    curve(&feed, "job", T0, MINUTE, 5);
    give(&feed, 0, T0);
    due_by_mark(&feed, 0, T0, T0 + 4 * MINUTE + 15 * MINUTE);
    end(&feed);
}

static void points_far_apart_make_the_quiet_period_longer(void)
{
    struct feed feed = begin();

    /* 20 minutes is the largest distance, whatever the order in which they come. */
    curve(&feed, "job", T0 + LW_HOUR, 20 * MINUTE, 3);
    curve(&feed, "job", T0, 20 * MINUTE, 3);
    kit_single(&feed.input, "job", "loss", T0 + 10 * MINUTE, 0.5);
    give(&feed, 0, T0);
    due_by_mark(&feed, 0, T0, T0 + 100 * MINUTE + 60 * MINUTE);
    end(&feed);
}

static void a_metric_that_comes_seldom_does_not_make_it_longer(void)
{
    struct feed feed = begin();

    curve(&feed, "job", T0, 2 * MINUTE, 60);
    kit_single(&feed.input, "job", "validation", T0, 0.5);
    kit_single(&feed.input, "job", "validation", T0 + LW_HOUR, 0.5);
    give(&feed, 0, T0);
    due_by_mark(&feed, 0, T0, T0 + 118 * MINUTE + 15 * MINUTE);
    end(&feed);
}

static void a_run_that_has_just_begun_waits_as_long_as_the_runs_before_it(void)
{
    struct feed feed = begin();

    curve(&feed, "churn-190612-1400", T0, LW_HOUR, 8);
    give(&feed, 0, T0);
    CU_ASSERT_EQUAL(kit_living_due(&feed.it, T0, true, 9), 1);
    kit_living_commit(&feed.it);
    curve(&feed, "churn-190613-1400", T0 + LW_DAY, LW_HOUR, 1);
    give(&feed, 0, T0 + LW_DAY);
    due_by_clock(&feed, T0 + LW_DAY + 3 * LW_HOUR);
    end(&feed);
}

static void a_job_that_has_ended_waits_for_the_delay_of_its_data(void)
{
    struct feed feed = begin();

    curve(&feed, "job", T0, MINUTE, 5);
    status(&feed, "job", LW_STATUS_COMPLETED, T0 + 10 * MINUTE);
    kit_fact(&feed.input, "job", LW_FACT_ENDED, LW_RANK_API, NULL, NULL, 0, T0 + 8 * MINUTE, NEVER);
    give(&feed, 0, T0 + 6 * MINUTE);
    due_by_mark(&feed, 0, T0 + 12 * MINUTE, T0 + 13 * MINUTE);
    end(&feed);
}

static void a_job_that_has_ended_closes_by_the_clock_too(void)
{
    struct feed feed = begin();

    curve(&feed, "job", T0, MINUTE, 5);
    status(&feed, "job", LW_STATUS_FAILED, T0 + 10 * MINUTE);
    kit_fact(&feed.input, "job", LW_FACT_ENDED, LW_RANK_API, NULL, NULL, 0, T0 + 8 * MINUTE, NEVER);
    give(&feed, 0, T0 + 9 * MINUTE);
    due_by_clock(&feed, T0 + 14 * MINUTE);
    end(&feed);
}

static void an_end_in_the_future_does_not_hold_a_run_for_ever(void)
{
    struct feed feed = begin();

    status(&feed, "job", LW_STATUS_COMPLETED, T0);
    kit_fact(&feed.input, "job", LW_FACT_ENDED, LW_RANK_API, NULL, NULL, 0, T0 + 5000 * LW_DAY, NEVER);
    give(&feed, 0, T0);
    due_by_clock(&feed, T0 + 5 * LW_DAY);
    end(&feed);
}

static void a_job_in_progress_is_not_closed(void)
{
    struct feed feed = begin();

    curve(&feed, "job", T0, MINUTE, 5);
    status(&feed, "job", LW_STATUS_IN_PROGRESS, T0);
    give(&feed, 0, T0);
    lw_live_watermark(feed.it.live, 0, (lw_time){T0 + 4 * LW_DAY});
    CU_ASSERT_EQUAL(kit_living_due(&feed.it, T0 + 4 * LW_DAY, false, 9), 0);
    end(&feed);
}

static void a_status_that_nobody_says_again_holds_a_run_for_five_days(void)
{
    struct feed feed = begin();
    struct lw_arena arena = {.ceiling = 1 << 24};
    struct lw_live_closed closed;
    bool found = false;

    curve(&feed, "job", T0, MINUTE, 5);
    status(&feed, "job", LW_STATUS_IN_PROGRESS, T0);
    give(&feed, 0, T0);
    status(&feed, "job", LW_STATUS_IN_PROGRESS, T0);
    give(&feed, 0, T0 + LW_DAY);
    CU_ASSERT(lw_live_next_due(feed.it.live).ms <= T0 + 6 * LW_DAY);
    CU_ASSERT_EQUAL(kit_living_due(&feed.it, T0 + 6 * LW_DAY - 1, false, 9), 0);
    CU_ASSERT_EQUAL(lw_live_next_due(feed.it.live).ms, T0 + 6 * LW_DAY);
    CU_ASSERT_EQUAL(lw_live_close_next(feed.it.live, (lw_time){T0 + 6 * LW_DAY}, false, &arena, &closed, &found, NULL),
                    LW_ERR_OK);
    CU_ASSERT_FATAL(found);
    CU_ASSERT_EQUAL_FATAL(closed.runs_n, 1);
    CU_ASSERT_EQUAL(closed.runs[0]->outcome, LW_OUTCOME_IN_PROGRESS);
    CU_ASSERT_PTR_NOT_NULL_FATAL(closed.warning);
    CU_ASSERT_PTR_NOT_NULL(strstr(closed.warning, "in progress"));
    lw_arena_close(&arena);
    end(&feed);
}

static void the_end_that_one_source_states_ends_what_another_holds(void)
{
    struct feed feed = begin();

    curve(&feed, "job", T0, MINUTE, 5);
    status(&feed, "job", LW_STATUS_IN_PROGRESS, T0);
    kit_fact(&feed.input, "job", LW_FACT_STATUS, LW_RANK_API, NULL, NULL, LW_STATUS_COMPLETED, T0, NEVER)->origin =
        "prod";
    give(&feed, 0, T0);
    due_by_clock(&feed, T0 + 4 * MINUTE + 5 * MINUTE);
    end(&feed);
}

static void a_tuning_job_waits_for_further_trials(void)
{
    struct feed feed = begin();

    curve(&feed, "tj-001-0123abcd", T0, MINUTE, 5);
    status(&feed, "tj-001-0123abcd", LW_STATUS_COMPLETED, T0 + 5 * MINUTE);
    give(&feed, 0, T0 + 5 * MINUTE);
    CU_ASSERT_EQUAL(kit_living_due(&feed.it, T0 + 19 * MINUTE, false, 9), 0);
    curve(&feed, "tj-002-0123abcd", T0 + 10 * MINUTE, MINUTE, 5);
    status(&feed, "tj-002-0123abcd", LW_STATUS_IN_PROGRESS, T0 + 10 * MINUTE);
    give(&feed, 0, T0 + 15 * MINUTE);
    CU_ASSERT_EQUAL(kit_living_due(&feed.it, T0 + LW_DAY, false, 9), 0);
    status(&feed, "tj-002-0123abcd", LW_STATUS_COMPLETED, T0 + 15 * MINUTE);
    give(&feed, 0, T0 + LW_DAY);
    due_by_clock(&feed, T0 + LW_DAY + 15 * MINUTE);
    end(&feed);
}

static void a_run_of_two_sources_waits_for_both_watermarks(void)
{
    struct feed feed = begin();

    curve(&feed, "job", T0, MINUTE, 5);
    give(&feed, 0, T0);
    curve(&feed, "job", T0 + 10, MINUTE, 5);
    give(&feed, 1, T0);
    lw_live_watermark(feed.it.live, 0, (lw_time){T0 + LW_DAY});
    CU_ASSERT_EQUAL(kit_living_due(&feed.it, T0, false, 9), 0);
    due_by_mark(&feed, 1, T0, T0 + 10 + 19 * MINUTE);
    end(&feed);
}

static void a_watermark_does_not_go_back(void)
{
    struct feed feed = begin();

    lw_live_close(feed.it.live);
    feed.it.live = NULL;
    curve(&feed, "job", T0, MINUTE, 5);
    give(&feed, 0, T0);
    lw_live_watermark(feed.it.live, 0, (lw_time){T0 + LW_DAY});
    lw_live_watermark(feed.it.live, 0, (lw_time){T0});
    CU_ASSERT_EQUAL(kit_living_due(&feed.it, T0, false, 9), 1);
    end(&feed);
}

static void a_run_without_times_closes_by_the_clock(void)
{
    struct feed feed = begin();

    for (int64_t i = 0; i < 5; i++)
        kit_plain(&feed.input, "job", "loss", i, 0.5)->point.flags = LW_POINT_STEP;
    give(&feed, 0, T0);
    lw_live_watermark(feed.it.live, 0, (lw_time){T0 + LW_DAY});
    due_by_clock(&feed, T0 + 15 * MINUTE);
    end(&feed);
}

static void after_a_restart_the_clock_begins_anew(void)
{
    struct feed feed = begin();

    curve(&feed, "job", T0, MINUTE, 5);
    give(&feed, 0, T0);
    kit_living_commit(&feed.it);
    kit_living_restart(&feed.it, T0 + LW_DAY);
    due_by_clock(&feed, T0 + LW_DAY + 15 * MINUTE);
    end(&feed);
}

static void units_close_in_the_order_in_which_they_became_due(void)
{
    struct feed feed = begin();
    static const char *const want[] = {"run/b", "run/c", "run/a"};

    curve(&feed, "c", T0, MINUTE, 5);
    curve(&feed, "b", T0, MINUTE, 5);
    give(&feed, 0, T0);
    curve(&feed, "a", T0, MINUTE, 5);
    give(&feed, 0, T0 + MINUTE);
    for (size_t i = 0; i < 3; i++) {
        struct lw_arena arena = {.ceiling = 1 << 24};
        struct lw_live_closed closed;
        bool found = false;

        CU_ASSERT_EQUAL(lw_live_close_next(feed.it.live, (lw_time){T0 + LW_HOUR}, false, &arena, &closed, &found, NULL),
                        LW_ERR_OK);
        CU_ASSERT_FATAL(found);
        CU_ASSERT(lw_str_equal(closed.key, lw_str_from(want[i])));
        CU_ASSERT_EQUAL(closed.again, false);
        lw_arena_close(&arena);
    }
    end(&feed);
}

static void a_run_that_closes_again_says_so(void)
{
    struct feed feed = begin();
    struct lw_arena arena = {.ceiling = 1 << 24};
    struct lw_live_closed closed;
    bool found = false;

    curve(&feed, "job", T0, MINUTE, 5);
    give(&feed, 3, T0);
    CU_ASSERT_EQUAL(kit_living_due(&feed.it, T0, true, 9), 1);
    kit_living_commit(&feed.it);
    CU_ASSERT_EQUAL(kit_living_unit(&feed.it, "run/job")->source, 3);
    kit_living_restart(&feed.it, T0);
    curve(&feed, "job", T0 + LW_HOUR, MINUTE, 5);
    give(&feed, 2, T0);
    CU_ASSERT_EQUAL(lw_live_close_next(feed.it.live, (lw_time){T0}, true, &arena, &closed, &found, NULL), LW_ERR_OK);
    CU_ASSERT_FATAL(found);
    CU_ASSERT_EQUAL(closed.again, true);
    CU_ASSERT_EQUAL(closed.source, 2);
    lw_arena_close(&arena);
    end(&feed);
}

/* A saw-tooth without run ids and without a pause that would be long enough. */
static void runs_without_ids_that_never_pause_are_given_out_when_they_are_over(void)
{
    struct feed feed = begin();
    struct lw_buf got, want;

    for (int64_t run = 0; run < 12; run++) {
        for (int64_t i = 0; i < 12; i++)
            kit_plain(&feed.input, NULL, "accuracy", T0 + (run * 20 + i) * MINUTE, 0.5 + 0.03 * (double)i)->model = "m";
        give(&feed, 0, T0 + (run * 20 + 12) * MINUTE);
        (void)kit_living_due(&feed.it, T0 + (run * 20 + 13) * MINUTE, false, 9);
        kit_living_commit(&feed.it);
    }
    /* Some are known, the last is not, and the unit goes on. */
    CU_ASSERT(kit_living_unit(&feed.it, "model/m")->runs_n >= 9);
    CU_ASSERT(kit_living_unit(&feed.it, "model/m")->runs_n < 12);
    CU_ASSERT_EQUAL(kit_living_counts(&feed.it).units_open, 1);
    CU_ASSERT_EQUAL(kit_living_due(&feed.it, T0 + LW_DAY, false, 9), 1);
    kit_living_commit(&feed.it);
    CU_ASSERT_EQUAL(kit_living_counts(&feed.it).units_open, 0);
    got = kit_living_bytes(&feed.it);
    want = kit_offline_bytes(&feed.input, &feed.it.rules);
    CU_ASSERT(got.len == want.len && memcmp(got.at, want.at, got.len) == 0);
    lw_buf_close(&got);
    lw_buf_close(&want);
    end(&feed);
}

static void what_is_left_out_is_counted_once_however_often_a_unit_closes(void)
{
    struct feed feed = begin();

    feed.it.rules.model_pattern = LW_STR("other*");
    curve(&feed, "job", T0, MINUTE, 5);
    give(&feed, 0, T0);
    CU_ASSERT_EQUAL(kit_living_due(&feed.it, T0, true, 9), 1);
    kit_living_commit(&feed.it);
    CU_ASSERT_EQUAL(kit_living_counts(&feed.it).rejected[LW_REJECT_OTHER_MODEL], 5);
    curve(&feed, "job", T0 + LW_HOUR, MINUTE, 2);
    give(&feed, 0, T0);
    CU_ASSERT_EQUAL(kit_living_due(&feed.it, T0, true, 9), 1);
    CU_ASSERT_EQUAL(kit_living_counts(&feed.it).rejected[LW_REJECT_OTHER_MODEL], 7);
    end(&feed);
}

KIT_SUITE("live_due",
          {"a run closes when nothing came for the quiet period", a_run_closes_when_nothing_came_for_the_quiet_period},
          {"the quiet period is what the rules say", the_quiet_period_is_what_the_rules_say},
          {"a run closes when the watermark has passed its last point",
           a_run_closes_when_the_watermark_has_passed_its_last_point},
          {"points far apart make the quiet period longer", points_far_apart_make_the_quiet_period_longer},
          {"a metric that comes seldom does not make it longer", a_metric_that_comes_seldom_does_not_make_it_longer},
          {"a run that has just begun waits as long as the runs before it",
           a_run_that_has_just_begun_waits_as_long_as_the_runs_before_it},
          {"a job that has ended waits for the delay of its data",
           a_job_that_has_ended_waits_for_the_delay_of_its_data},
          {"a job that has ended closes by the clock too", a_job_that_has_ended_closes_by_the_clock_too},
          {"an end in the future does not hold a run for ever", an_end_in_the_future_does_not_hold_a_run_for_ever},
          {"a job in progress is not closed", a_job_in_progress_is_not_closed},
          {"a status that nobody says again holds a run for five days",
           a_status_that_nobody_says_again_holds_a_run_for_five_days},
          {"the end that one source states ends what another holds",
           the_end_that_one_source_states_ends_what_another_holds},
          {"a tuning job waits for further trials", a_tuning_job_waits_for_further_trials},
          {"a run of two sources waits for both watermarks", a_run_of_two_sources_waits_for_both_watermarks},
          {"a watermark does not go back", a_watermark_does_not_go_back},
          {"a run without times closes by the clock", a_run_without_times_closes_by_the_clock},
          {"after a restart the clock begins anew", after_a_restart_the_clock_begins_anew},
          {"units close in the order in which they became due", units_close_in_the_order_in_which_they_became_due},
          {"a run that closes again says so", a_run_that_closes_again_says_so},
          {"runs without ids that never pause are given out when they are over",
           runs_without_ids_that_never_pause_are_given_out_when_they_are_over},
          {"what is left out is counted once however often a unit closes",
           what_is_left_out_is_counted_once_however_often_a_unit_closes})
