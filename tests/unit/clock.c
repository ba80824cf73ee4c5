/* The time that silence is held against, when the wall clock is set. */
#include "engine/flow/turn/clock.h"

#include "tests/kit/kit.h"

#define START 1750000000000LL

/* Looks each minute from minute `from` to `until`; the wall clock is off by `by`. The sum of all jumps. */
static int64_t live(struct lw_clock *clock, int64_t from, int64_t until, int64_t by)
{
    int64_t jumped = 0;

    for (int64_t minute = from; minute < until; minute++)
        jumped +=
            lw_clock_look(clock, (lw_time){START + by + minute * LW_MINUTE}, (lw_span){5000 + minute * LW_MINUTE});
    return jumped;
}

static int64_t believed(const struct lw_clock *clock, int64_t minute, int64_t by)
{
    return lw_clock_time(clock, (lw_time){START + by + minute * LW_MINUTE}, (lw_span){5000 + minute * LW_MINUTE}).ms -
           START - minute * LW_MINUTE;
}

static void before_the_first_look_it_is_the_wall_clock(void)
{
    struct lw_clock clock = {0};

    CU_ASSERT_EQUAL(believed(&clock, 7, 123), 123);
}

static void drift_is_followed(void)
{
    struct lw_clock clock = {0};

    for (int64_t minute = 0; minute < 1000; minute++)
        CU_ASSERT_EQUAL(live(&clock, minute, minute + 1, minute * 50), 0);
    CU_ASSERT_EQUAL(believed(&clock, 999, 0), 999 * 50);
}

static void a_step_there_and_back_is_never_believed(void)
{
    static const int64_t steps[] = {LW_DAY, -LW_DAY, LW_HOUR, -LW_HOUR, 61 * LW_SECOND, 365 * LW_DAY};
    struct lw_clock clock = {0};

    live(&clock, 0, 10, 0);
    for (int64_t i = 0; i < 6; i++) {
        CU_ASSERT_EQUAL(live(&clock, 10 + i * 1000, 1000 + i * 1000, steps[i]), 0);
        CU_ASSERT_EQUAL(believed(&clock, 1000 + i * 1000, steps[i]), 0);
        CU_ASSERT_EQUAL(live(&clock, 1000 + i * 1000, 1010 + i * 1000, 0), 0);
    }
}

static void one_that_stays_is_believed_after_a_day(void)
{
    static const int64_t steps[] = {LW_DAY, -LW_HOUR};

    for (int i = 0; i < 2; i++) {
        struct lw_clock clock = {0};

        live(&clock, 0, 10, 0);
        CU_ASSERT_EQUAL(live(&clock, 10, 10 + 24 * 60, steps[i]), 0);
        CU_ASSERT_EQUAL(live(&clock, 10 + 24 * 60, 12 + 24 * 60, steps[i]), steps[i]);
        CU_ASSERT_EQUAL(believed(&clock, 2000, steps[i]), steps[i]);
    }
}

static void datapoints_prove_that_it_was_right(void)
{
    const int64_t by = 3 * LW_HOUR;
    const lw_time wall = {START + by + 30 * LW_MINUTE};
    const lw_span ticks = {5000 + 30 * LW_MINUTE};
    struct lw_clock clock = {0};

    live(&clock, 0, 10, 0);
    live(&clock, 10, 31, by);
    lw_clock_saw(&clock, (lw_time){START + 29 * LW_MINUTE}, wall, ticks); /* of the time that is believed */
    CU_ASSERT_EQUAL(live(&clock, 30, 31, by), 0);
    lw_clock_saw(&clock, (lw_time){START + 10 * LW_DAY}, wall, ticks); /* of neither */
    CU_ASSERT_EQUAL(live(&clock, 30, 31, by), 0);
    lw_clock_saw(&clock, (lw_time){START + by + 20 * LW_MINUTE}, wall, ticks);
    CU_ASSERT_EQUAL(live(&clock, 30, 31, by), by);
    CU_ASSERT_EQUAL(believed(&clock, 40, by), by);
}

KIT_SUITE("clock", {"before the first look it is the wall clock", before_the_first_look_it_is_the_wall_clock},
          {"drift is followed", drift_is_followed},
          {"a step there and back is never believed", a_step_there_and_back_is_never_believed},
          {"one that stays is believed after a day", one_that_stays_is_believed_after_a_day},
          {"datapoints prove that it was right", datapoints_prove_that_it_was_right})
