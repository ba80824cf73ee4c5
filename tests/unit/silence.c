#include "tests/kit/kit.h"

#include "engine/flow/turn/input/silence.h"

static const lw_time start = {1750000000000};

static lw_time after(int64_t ms)
{
    return (lw_time){start.ms + ms};
}

/* Something each 10 minutes, for as many times. */
static struct lw_silence regular(unsigned times)
{
    struct lw_silence silence = {.has_last = false};

    for (unsigned i = 0; i < times; i++)
        lw_silence_arrived(&silence, after(i * 10 * LW_MINUTE));
    return silence;
}

static bool changes(struct lw_silence *silence, bool trouble, lw_time now)
{
    bool changed;

    lw_silence_look(silence, trouble, now, &changed);
    return changed;
}

static void falls_silent_after_twice_its_longest_pause_and_an_hour_at_least(void)
{
    struct lw_silence silence = regular(20);
    lw_time last = after(190 * LW_MINUTE);

    CU_ASSERT_FALSE(changes(&silence, false, lw_time_after(last, (lw_span){LW_HOUR})));
    CU_ASSERT_TRUE(changes(&silence, false, lw_time_after(last, (lw_span){LW_HOUR + 1})));
    CU_ASSERT_TRUE(silence.silent);
    CU_ASSERT_EQUAL(silence.since.ms, last.ms);
    CU_ASSERT_FALSE(changes(&silence, false, lw_time_after(last, (lw_span){5 * LW_HOUR})));
}

static void says_nothing_while_it_knows_too_little(void)
{
    struct lw_silence silence = regular(LW_SILENCE_PAUSES);

    CU_ASSERT_FALSE(changes(&silence, false, after(100 * LW_DAY)));
}

static void speaks_again_with_the_first_arrival(void)
{
    struct lw_silence silence = regular(20);
    lw_time later = after(10 * LW_HOUR);

    CU_ASSERT_TRUE(changes(&silence, false, later));
    lw_silence_arrived(&silence, later);
    CU_ASSERT_TRUE(changes(&silence, false, later));
    CU_ASSERT_FALSE(silence.silent);
    /* The outage is no measure of what is usual. */
    CU_ASSERT_TRUE(changes(&silence, false, lw_time_after(later, (lw_span){LW_HOUR + 1})));
}

static void a_source_that_cannot_be_read_is_silent_after_a_quarter_of_an_hour(void)
{
    struct lw_silence silence = {.has_last = false};

    CU_ASSERT_FALSE(changes(&silence, true, after(0)));
    CU_ASSERT_FALSE(changes(&silence, true, after(LW_SILENCE_TROUBLE - 1)));
    CU_ASSERT_TRUE(changes(&silence, true, after(LW_SILENCE_TROUBLE)));
    CU_ASSERT_EQUAL(silence.since.ms, start.ms);
    CU_ASSERT_TRUE(changes(&silence, false, after(LW_HOUR)));
}

static void what_is_missing_counts_only_up_to_the_last_sign_of_life(void)
{
    struct lw_silence silence = regular(20);
    lw_time last = after(190 * LW_MINUTE);

    CU_ASSERT_EQUAL(lw_silence_horizon(&silence, after(195 * LW_MINUTE)).ms, after(195 * LW_MINUTE).ms);
    (void)changes(&silence, false, after(10 * LW_HOUR));
    CU_ASSERT_EQUAL(lw_silence_horizon(&silence, after(10 * LW_HOUR)).ms, last.ms);
    silence = regular(20);
    (void)changes(&silence, true, after(200 * LW_MINUTE));
    CU_ASSERT_EQUAL(lw_silence_horizon(&silence, after(210 * LW_MINUTE)).ms, after(200 * LW_MINUTE).ms);
}

static void is_saved_and_loaded(void)
{
    struct lw_silence silence = regular(20);
    struct lw_silence loaded = {.has_last = false};
    char text[LW_SILENCE_TEXT];
    size_t length;

    (void)changes(&silence, true, after(10 * LW_HOUR));
    length = lw_silence_save(&silence, text);
    CU_ASSERT_TRUE(lw_silence_load(&loaded, (struct lw_str){text, length}));
    CU_ASSERT_EQUAL(loaded.last.ms, silence.last.ms);
    CU_ASSERT_EQUAL(loaded.longest, silence.longest);
    CU_ASSERT_EQUAL(loaded.silent, silence.silent);
    for (size_t cut = 0; cut < length; cut++)
        CU_ASSERT_FALSE(lw_silence_load(&loaded, (struct lw_str){text, cut}) && cut + 1 < length && text[cut] == ' ');
    CU_ASSERT_FALSE(lw_silence_load(&loaded, LW_STR("2 1 1 1 1 1 1 1 1")));
}

KIT_SUITE("silence",
          {"falls silent after twice its longest pause, and an hour at least",
           falls_silent_after_twice_its_longest_pause_and_an_hour_at_least},
          {"says nothing while it knows too little", says_nothing_while_it_knows_too_little},
          {"speaks again with the first arrival", speaks_again_with_the_first_arrival},
          {"a source that cannot be read is silent after a quarter of an hour",
           a_source_that_cannot_be_read_is_silent_after_a_quarter_of_an_hour},
          {"what is missing counts only up to the last sign of life",
           what_is_missing_counts_only_up_to_the_last_sign_of_life},
          {"is saved and loaded", is_saved_and_loaded})
