#include "tests/kit/kit.h"

#include "engine/flow/turn/roster.h"

#include <stdio.h>

static struct lw_roster *opened(void)
{
    struct lw_roster *roster = NULL;

    CU_ASSERT_EQUAL_FATAL(lw_roster_open(&roster, NULL), LW_ERR_OK);
    return roster;
}

static uint32_t at(struct lw_roster *roster, const char *origin, const char *model)
{
    uint32_t place = LW_ROSTER_NONE;

    CU_ASSERT_EQUAL(lw_roster_at(roster, lw_str_from(origin), lw_str_from(model), &place, NULL), LW_ERR_OK);
    return place;
}

static void a_model_has_one_place_however_many_there_are(void)
{
    struct lw_roster *roster = opened();

    for (unsigned round = 0; round < 2; round++) {
        for (unsigned i = 0; i < 5000; i++) {
            char name[32];

            snprintf(name, sizeof(name), "model-%u", i);
            CU_ASSERT_EQUAL(at(roster, i % 2 ? "a" : "", name), i);
        }
    }
    CU_ASSERT_EQUAL(lw_roster_count(roster), 5000);
    CU_ASSERT_NOT_EQUAL(at(roster, "b", "model-1"), 1);
    lw_roster_close(roster);
}

static void those_that_are_known_are_found_when_there_is_no_room_for_more(void)
{
    struct lw_roster *roster = opened();
    struct lw_fault fault = {.code = LW_ERR_OK};
    uint32_t place = 0;
    char name[32];

    for (unsigned i = 0; i < LW_ROSTER_MAX; i++) {
        snprintf(name, sizeof(name), "%u", i);
        if (lw_roster_at(roster, LW_STR(""), lw_str_from(name), &place, NULL) != LW_ERR_OK || place != i)
            break;
    }
    CU_ASSERT_EQUAL(place, LW_ROSTER_MAX - 1);
    CU_ASSERT_EQUAL(lw_roster_at(roster, LW_STR(""), LW_STR("one more"), &place, &fault), LW_ERR_LIMIT);
    CU_ASSERT_EQUAL(at(roster, "", "7"), 7);
    lw_roster_close(roster);
}

static void who_waits_longest_is_judged_first_and_once(void)
{
    struct lw_roster *roster = opened();
    uint32_t a = at(roster, "", "a");
    uint32_t b = at(roster, "", "b");

    CU_ASSERT_EQUAL(lw_roster_next(roster), LW_ROSTER_NONE);
    lw_roster_queue(roster, b);
    lw_roster_queue(roster, a);
    lw_roster_queue(roster, b);
    CU_ASSERT_EQUAL(lw_roster_waiting(roster), 2);
    CU_ASSERT_EQUAL(lw_roster_next(roster), b);
    CU_ASSERT_EQUAL(lw_roster_next(roster), b);
    lw_roster_done(roster, b, false, (lw_time){0});
    CU_ASSERT_EQUAL(lw_roster_next(roster), a);
    lw_roster_done(roster, a, false, (lw_time){0});
    CU_ASSERT_EQUAL(lw_roster_next(roster), LW_ROSTER_NONE);
    lw_roster_close(roster);
}

static void a_deadline_queues_its_model_when_it_has_come(void)
{
    struct lw_roster *roster = opened();
    uint32_t a = at(roster, "", "a");
    uint32_t b = at(roster, "", "b");

    lw_roster_done(roster, a, true, (lw_time){1000});
    lw_roster_done(roster, b, true, (lw_time){500});
    CU_ASSERT_EQUAL(lw_roster_deadline(roster).ms, 500);
    lw_roster_due(roster, (lw_time){499});
    CU_ASSERT_EQUAL(lw_roster_next(roster), LW_ROSTER_NONE);
    lw_roster_due(roster, (lw_time){500});
    CU_ASSERT_EQUAL(lw_roster_next(roster), b);
    CU_ASSERT_EQUAL(lw_roster_waiting(roster), 1);
    CU_ASSERT_EQUAL(lw_roster_deadline(roster).ms, 1000);
    lw_roster_done(roster, b, false, (lw_time){0});
    lw_roster_due(roster, (lw_time){2000});
    CU_ASSERT_EQUAL(lw_roster_next(roster), a);
    CU_ASSERT_EQUAL(lw_roster_deadline(roster).ms, LW_TIME_MAX);
    lw_roster_close(roster);
}

KIT_SUITE("roster", {"a model has one place, however many there are", a_model_has_one_place_however_many_there_are},
          {"those that are known are found when there is no room for more",
           those_that_are_known_are_found_when_there_is_no_room_for_more},
          {"who waits longest is judged first, and once", who_waits_longest_is_judged_first_and_once},
          {"a deadline queues its model when it has come", a_deadline_queues_its_model_when_it_has_come})
