#include "tests/kit/kit.h"

#include "engine/flow/window.h"

static struct lw_window day(void)
{
    return lw_window_make(true, (lw_time){LW_DAY}, true, (lw_time){2 * LW_DAY}, 1 << 20);
}

static struct lw_point point(uint32_t run, int64_t at)
{
    return (struct lw_point){.run = run, .at = at, .average = 1, .known = LW_KNOWN_AVERAGE};
}

static void since_is_in_and_until_is_out(void)
{
    struct lw_window window = day();
    struct lw_point early = point(1, LW_DAY - 1);
    struct lw_point first = point(1, LW_DAY);
    struct lw_point last = point(1, 2 * LW_DAY - 1);
    struct lw_point late = point(1, 2 * LW_DAY);

    CU_ASSERT_FALSE(lw_window_point(&window, &early));
    CU_ASSERT_TRUE(lw_window_point(&window, &first));
    CU_ASSERT_TRUE(lw_window_point(&window, &last));
    CU_ASSERT_FALSE(lw_window_point(&window, &late));
    lw_window_close(&window);
}

static void steps_have_no_time_and_are_always_in(void)
{
    struct lw_window window = day();
    struct lw_point step = point(1, 3);

    step.flags = LW_POINT_STEP;
    CU_ASSERT_TRUE(lw_window_point(&window, &step));
    lw_window_close(&window);
}

static void facts_follow_their_run(void)
{
    struct lw_window window = day();
    struct lw_fact facts[] = {
        {.run = 1, .kind = LW_FACT_STARTED, .has_at = 1, .at = {LW_DAY / 2}}, /* began before, points inside */
        {.run = 2, .kind = LW_FACT_STARTED, .has_at = 1, .at = {LW_DAY / 2}}, /* all before */
        {.run = 2, .kind = LW_FACT_TRAINING_SECONDS, .number = 60},           /* of the same run */
        {.run = 3, .kind = LW_FACT_TRAINING_SECONDS, .number = 60},           /* without any time */
        {.run = 4, .kind = LW_FACT_ENDED, .has_at = 1, .at = {LW_DAY + 1}},
    };
    struct lw_point inside = point(1, LW_DAY + 5);
    const struct lw_fact *kept;
    uint64_t outside;
    size_t n;

    for (size_t i = 0; i < sizeof(facts) / sizeof(facts[0]); i++)
        lw_window_fact(&window, &facts[i]);
    CU_ASSERT(lw_window_point(&window, &inside));
    kept = lw_window_facts(&window, &n, &outside);
    CU_ASSERT_EQUAL_FATAL(n, 3);
    CU_ASSERT_EQUAL(outside, 2);
    CU_ASSERT_EQUAL(window.cut, 1); /* run 1 */
    CU_ASSERT_EQUAL(kept[0].run, 1);
    CU_ASSERT_EQUAL(kept[1].run, 3);
    CU_ASSERT_EQUAL(kept[2].run, 4);
    lw_window_close(&window);
}

static void without_bounds_it_is_open(void)
{
    struct lw_window window = lw_window_make(false, (lw_time){0}, false, (lw_time){0}, 1024);
    struct lw_window half = lw_window_make(true, (lw_time){0}, false, (lw_time){0}, 1024);

    CU_ASSERT(lw_window_open(&window));
    CU_ASSERT_FALSE(lw_window_open(&half));
    lw_window_close(&window);
    lw_window_close(&half);
}

KIT_SUITE("window", {"since is in, and until is out", since_is_in_and_until_is_out},
          {"steps have no time and are always in", steps_have_no_time_and_are_always_in},
          {"facts follow their run", facts_follow_their_run}, {"without bounds it is open", without_bounds_it_is_open})
