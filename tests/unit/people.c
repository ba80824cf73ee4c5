#define _GNU_SOURCE
#include "tests/kit/kit.h"

#include "engine/flow/people/people.h"
#include "tests/kit/alloc.h"

#include <stdio.h>
#include <string.h>

#define NOTE(text) text "\n"

static struct lw_arena arena;

static struct lw_people_notes parsed(const char *text)
{
    struct lw_people_notes notes = {.n = 0};
    struct lw_fault fault = {.code = LW_ERR_OK};

    CU_ASSERT_EQUAL_FATAL(lw_people_parse(lw_str_from(text), &arena, &notes, &fault), LW_ERR_OK);
    return notes;
}

static lw_time at(int64_t seconds)
{
    return (lw_time){INT64_C(1772359200000) + seconds * 1000}; /* 2026-03-01T10:00:00Z */
}

static void a_note_is_read_back_as_it_was_written(void)
{
    static const char *const lines[] = {
        "{\"at\":\"2026-03-01T10:00:00.000Z\",\"kind\":\"expect\",\"origin\":\"prod\",\"model\":\"churn\",\"series\":"
        "\"auc\",\"from\":\"2026-03-02T00:00:00.000Z\",\"reason\":\"v2 \\\"features\\\"\",\"who\":\"ann\"}",
        "{\"at\":\"2026-03-01T10:00:00.000Z\",\"kind\":\"expect\",\"model\":\"churn\",\"run\":\"churn-17\"}",
        "{\"at\":\"2026-03-01T10:00:00.000Z\",\"kind\":\"ack\",\"model\":\"churn\",\"alert_id\":\"abc\",\"run\":"
        "\"churn-"
        "3\",\"rebaseline\":true}",
        "{\"at\":\"2026-03-01T10:00:00.000Z\",\"kind\":\"mute\",\"model\":\"churn\",\"until\":\"2026-03-02T00:00:00."
        "000Z\"}",
    };

    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        struct lw_people_notes notes = parsed(lines[i]);
        struct lw_buf text = {.ceiling = 4096};

        CU_ASSERT_EQUAL_FATAL(notes.n, 1);
        lw_people_write(&notes.notes[0], &text);
        CU_ASSERT(lw_str_equal(lw_buf_view(&text), lw_str_from(lines[i])));
        lw_buf_close(&text);
    }
    lw_arena_close(&arena);
}

static void what_is_no_note_is_refused_with_its_line(void)
{
    static const struct {
        const char *line, *why;
    } rows[] = {
        {"[]", "no JSON object"},
        {"{", ""},
        {"{\"kind\":\"nod\"}", "kind"},
        {"{\"kind\":\"mute\",\"model\":\"m\",\"until\":\"2026-03-02\"}", "a time"},
        {"{\"at\":\"2026-03-01\",\"kind\":\"mute\",\"model\":\"m\"}", "until"},
        {"{\"at\":\"2026-03-01\",\"kind\":\"mute\",\"until\":\"2026-03-02\"}", "no model"},
        {"{\"at\":\"2026-03-01\",\"kind\":\"mute\",\"model\":7,\"until\":\"2026-03-02\"}", "text"},
        {"{\"at\":\"2026-03-01\",\"kind\":\"mute\",\"model\":\"m\",\"until\":\"soon\"}", "a time"},
        {"{\"at\":\"2026-03-01\",\"kind\":\"ack\",\"model\":\"m\"}", "alert_id"},
        {"{\"at\":\"2026-03-01\",\"kind\":\"ack\",\"model\":\"m\",\"alert_id\":\"a\",\"rebaseline\":true}", "no run"},
        {"{\"at\":\"2026-03-01\",\"kind\":\"expect\",\"model\":\"m\"}", "`from`"},
        {"{\"at\":\"2026-03-01\",\"kind\":\"expect\",\"model\":\"m\",\"run\":\"r\",\"from\":\"2026-03-01\"}", "`from`"},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct lw_people_notes notes = {.n = 7};
        struct lw_fault fault = {.code = LW_ERR_OK};
        char text[512];

        snprintf(text, sizeof(text), "\n  \r\n%s\n", rows[i].line);
        CU_ASSERT_EQUAL(lw_people_parse(lw_str_from(text), &arena, &notes, &fault), LW_ERR_FORMAT);
        CU_ASSERT_EQUAL(fault.line, 3);
        CU_ASSERT_PTR_NOT_NULL(strstr(fault.text, rows[i].why));
        CU_ASSERT_EQUAL(notes.n, 7);
    }
    lw_arena_close(&arena);
}

static void a_mute_holds_until_its_end_and_the_last_one_counts(void)
{
    struct lw_people_notes notes = parsed(
        NOTE("{\"at\":\"2026-03-01T12:00:00Z\",\"kind\":\"mute\",\"model\":\"a\",\"until\":\"2026-03-01T12:00:00Z\"}")
            NOTE("{\"at\":\"2026-03-01T10:00:00Z\",\"kind\":\"mute\",\"model\":\"a\",\"until\":\"2026-03-02T10:00:"
                 "00Z\"}")
                NOTE("{\"at\":\"2026-03-01T10:00:00Z\",\"kind\":\"mute\",\"model\":\"b\",\"origin\":\"x\",\"until\":"
                     "\"2026-03-01T11:00:00Z\"}"));
    struct lw_people_notes first = {.notes = notes.notes, .n = 2};
    lw_time until = {0};

    CU_ASSERT_TRUE(lw_people_muted(&first, LW_STR("o"), LW_STR("a"), at(0), &until));
    CU_ASSERT_EQUAL(until.ms, at(86400).ms);
    CU_ASSERT_FALSE(lw_people_muted(&notes, LW_STR("o"), LW_STR("a"), at(7200), &until)); /* ended by a later note */
    CU_ASSERT_TRUE(lw_people_muted(&notes, LW_STR("x"), LW_STR("b"), at(0), &until));
    CU_ASSERT_FALSE(lw_people_muted(&notes, LW_STR("x"), LW_STR("b"), at(3600), &until));
    CU_ASSERT_FALSE(lw_people_muted(&notes, LW_STR("y"), LW_STR("b"), at(0), &until));
    CU_ASSERT_FALSE(lw_people_muted(&notes, LW_STR("x"), LW_STR("c"), at(0), &until));
    CU_ASSERT_EQUAL(lw_people_next(&notes, at(0)).ms, at(3600).ms);
    CU_ASSERT_EQUAL(lw_people_next(&notes, at(3600)).ms, at(7200).ms);
    CU_ASSERT_EQUAL(lw_people_next(&notes, at(999999)).ms, LW_TIME_MAX);
    lw_arena_close(&arena);
}

static void an_acknowledgement_holds_for_good_or_for_a_while(void)
{
    struct lw_people_notes notes =
        parsed(NOTE("{\"at\":\"2026-03-01T10:00:00Z\",\"kind\":\"ack\",\"model\":\"a\",\"alert_id\":\"one\"}")
                   NOTE("{\"at\":\"2026-03-01T10:00:00Z\",\"kind\":\"ack\",\"model\":\"a\",\"alert_id\":\"two\","
                        "\"until\":\"2026-03-01T11:00:00Z\"}"));
    lw_time until = {0};

    CU_ASSERT_TRUE(lw_people_acknowledged(&notes, LW_STR("one"), at(1000000), &until));
    CU_ASSERT_EQUAL(until.ms, LW_TIME_MAX);
    CU_ASSERT_TRUE(lw_people_acknowledged(&notes, LW_STR("two"), at(3599), &until));
    CU_ASSERT_FALSE(lw_people_acknowledged(&notes, LW_STR("two"), at(3600), &until));
    CU_ASSERT_FALSE(lw_people_acknowledged(&notes, LW_STR("three"), at(0), &until));
    lw_arena_close(&arena);
}

static void notes_become_rebaselines_of_their_model(void)
{
    struct lw_people_notes notes =
        parsed(NOTE("{\"at\":\"2026-03-01T10:00:00Z\",\"kind\":\"expect\",\"model\":\"m\",\"run\":\"nowhere\"}") NOTE(
            "{\"at\":\"2026-03-01T10:00:01Z\",\"kind\":\"mute\",\"model\":\"m\",\"until\":\"2026-03-01T10:00:01Z\"}")
                   NOTE("{\"at\":\"2026-03-01T10:00:02Z\",\"kind\":\"ack\",\"model\":\"m\",\"alert_id\":\"a\"}")
                       NOTE("{\"at\":\"2026-03-01T10:00:03Z\",\"kind\":\"expect\",\"model\":\"other\",\"from\":\"2026-"
                            "03-01T10:00:01Z\"}"));
    struct lw_str given[] = {LW_STR("by-hand")};
    struct lw_rules base = lw_rules_default();
    struct lw_rules rules;

    base.rebaseline = given;
    base.rebaseline_n = 1;
    CU_ASSERT_EQUAL(lw_people_rules(&notes, LW_STR(""), LW_STR("m"), NULL, 0, &base, &arena, &rules, NULL), LW_ERR_OK);
    CU_ASSERT_EQUAL_FATAL(rules.rebaseline_n, 1);
    CU_ASSERT(lw_str_equal(rules.rebaseline[0], LW_STR("by-hand")));
    lw_arena_close(&arena);
}

static void a_test_alert_is_marked(void)
{
    struct lw_buf text = {.ceiling = 4096};

    lw_people_test_alert(at(0), 5, LW_STR("sess"), LW_STR("ann"), &text);
    lw_buf_char(&text, '\0');
    CU_ASSERT_EQUAL_FATAL(text.error, LW_ERR_OK);
    CU_ASSERT_PTR_NOT_NULL(strstr(text.at, "\"lw_event\":\"alert\""));
    CU_ASSERT_PTR_NOT_NULL(strstr(text.at, "\"lw_model\":\"leeway-test\""));
    CU_ASSERT_PTR_NOT_NULL(strstr(text.at, "asked for by ann: nothing is wrong"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text.at, "\"lw_seq\":5,\"lw_session\":\"sess\"}"));
    lw_buf_close(&text);
}

static bool all_of_it(void *self, bool failed)
{
    struct lw_arena own = {.ceiling = (size_t)64 << 20};
    struct lw_people_notes notes;
    struct lw_fault fault = {.code = LW_ERR_OK};
    enum lw_err err = lw_people_parse(
        LW_STR("{\"at\":\"2026-03-01\",\"kind\":\"expect\",\"model\":\"m\",\"run\":\"r\",\"reason\":\"x\"}"), &own,
        &notes, &fault);

    (void)self;
    lw_arena_close(&own);
    return failed ? err == LW_ERR_NOMEM : err == LW_ERR_OK;
}

static void every_allocation_may_fail(void)
{
    CU_ASSERT(kit_alloc_torture(all_of_it, NULL) > 2);
}

KIT_SUITE("people", {"a note is read back as it was written", a_note_is_read_back_as_it_was_written},
          {"what is no note is refused with its line", what_is_no_note_is_refused_with_its_line},
          {"a mute holds until its end, and the last one counts", a_mute_holds_until_its_end_and_the_last_one_counts},
          {"an acknowledgement holds for good or for a while", an_acknowledgement_holds_for_good_or_for_a_while},
          {"notes become rebaselines of their model", notes_become_rebaselines_of_their_model},
          {"a test alert is marked", a_test_alert_is_marked}, {"every allocation may fail", every_allocation_may_fail})
