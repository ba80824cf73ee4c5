#define _GNU_SOURCE
#include "tests/kit/kit.h"

#include "engine/base/log.h"
#include "tests/kit/alloc.h"

#include <errno.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static lw_time at_ten(void *self)
{
    (void)self;
    return (lw_time){INT64_C(1772359200000)}; /* 2026-03-01T10:00:00Z */
}

static const struct lw_world clock_only = {.now = at_ten};

static int ends[2];
static struct lw_log *the_log;

static void open_log(enum lw_log_style style, enum lw_note most)
{
    CU_ASSERT_EQUAL_FATAL(pipe2(ends, O_NONBLOCK), 0);
    CU_ASSERT_EQUAL_FATAL(lw_log_open(&the_log, ends[1], style, most, &clock_only, NULL), LW_ERR_OK);
}

static void close_log(void)
{
    lw_log_close(the_log);
    close(ends[0]);
    close(ends[1]);
}

static char said[2 * LW_LOG_LINE_MAX];

static const char *read_all(void)
{
    ssize_t n = read(ends[0], said, sizeof(said) - 1);

    said[n < 0 ? 0 : n] = '\0';
    return said;
}

static void secret(const char *text)
{
    CU_ASSERT_EQUAL_FATAL(lw_log_secret(the_log, lw_str_from(text), NULL), LW_ERR_OK);
}

static void a_line_is_logfmt(void)
{
    struct lw_log_field fields[] = {{"sink", LW_STR("loggly")}, {"why", LW_STR("it said \"no\"")}};

    open_log(LW_LOG_STYLE_LOGFMT, LW_NOTE_INFO);
    lw_log_fields(the_log, LW_NOTE_WARNING, "held back", fields, 2);
    CU_ASSERT_STRING_EQUAL(read_all(), "time=2026-03-01T10:00:00.000Z level=warning msg=\"held back\" sink=\"loggly\" "
                                       "why=\"it said \\\"no\\\"\"\n");
    close_log();
}

static void a_line_of_json_is_read_back_by_a_json_library(void)
{
    struct lw_log_field field = {"path", {"a\\b\x01\x80\xc3\xa4", 7}};
    struct json_object *object;

    open_log(LW_LOG_STYLE_JSON, LW_NOTE_INFO);
    lw_log_fields(the_log, LW_NOTE_ERROR, "two\nlines\tand \x7f", &field, 1);
    object = json_tokener_parse(read_all());
    CU_ASSERT_PTR_NOT_NULL_FATAL(object);
    CU_ASSERT_STRING_EQUAL(json_object_get_string(json_object_object_get(object, "msg")), "two\nlines\tand \x7f");
    CU_ASSERT_STRING_EQUAL(json_object_get_string(json_object_object_get(object, "path")),
                           "a\\b\x01\xef\xbf\xbd\xc3\xa4");
    CU_ASSERT_STRING_EQUAL(json_object_get_string(json_object_object_get(object, "level")), "error");
    CU_ASSERT_PTR_NULL(strchr(said, 0x7f));
    CU_ASSERT_PTR_EQUAL(strchr(said, '\n'), said + strlen(said) - 1);
    json_object_put(object);
    close_log();
}

static void marks_that_turn_or_hide_text_are_escaped(void)
{
    open_log(LW_LOG_STYLE_LOGFMT, LW_NOTE_INFO);
    lw_log_note(the_log, LW_NOTE_INFO,
                "a\xe2\x80\xae"
                "b\xc2\x9b"
                "c\x1b[2J");
    CU_ASSERT_PTR_NOT_NULL(strstr(read_all(), "msg=\"a\\u202eb\\u009bc\\u001b[2J\""));
    close_log();
}

static void levels_above_the_limit_are_left_out(void)
{
    open_log(LW_LOG_STYLE_LOGFMT, LW_NOTE_WARNING);
    lw_log_note(the_log, LW_NOTE_INFO, "hello");
    CU_ASSERT_STRING_EQUAL(read_all(), "");
    lw_log_set(the_log, LW_LOG_STYLE_LOGFMT, LW_NOTE_DEBUG);
    lw_log_note(the_log, LW_NOTE_DEBUG, "hello");
    CU_ASSERT_PTR_NOT_NULL(strstr(read_all(), "level=debug msg=\"hello\""));
    close_log();
}

static void a_long_line_is_cut_and_stays_whole_json(void)
{
    char *text = malloc(20001);
    struct json_object *object;

    memset(text, 'x', 20000);
    text[20000] = '\0';
    for (size_t shift = 0; shift < 8; shift++) {
        for (size_t i = 0; i + 3 <= 20000 - 2; i += 2)
            memcpy(text + i, "\xc3\xa4", 2);
        memset(text, 'x', shift);
        open_log(LW_LOG_STYLE_JSON, LW_NOTE_INFO);
        lw_log_note(the_log, LW_NOTE_INFO, text);
        object = json_tokener_parse(read_all());
        CU_ASSERT_PTR_NOT_NULL(object);
        CU_ASSERT(strlen(said) <= LW_LOG_LINE_MAX);
        CU_ASSERT_PTR_NOT_NULL(strstr(said, "...\"}\n"));
        json_object_put(object);
        close_log();
    }
    free(text);
}

static const char *logged(const char *text)
{
    lw_log_note(the_log, LW_NOTE_INFO, text);
    return strstr(read_all(), "msg=");
}

static void a_secret_shows_in_no_form(void)
{
    /* The encodings were made with Python's urllib.parse.quote and base64. */
    open_log(LW_LOG_STYLE_LOGFMT, LW_NOTE_INFO);
    secret("s3cr3t/t+ken\"42");
    CU_ASSERT_STRING_EQUAL(logged("raw s3cr3t/t+ken\"42!"), "msg=\"raw ****!\"\n");
    CU_ASSERT_STRING_EQUAL(logged("s3cr3t%2Ft%2Bken%2242"), "msg=\"****\"\n");
    CU_ASSERT_STRING_EQUAL(logged("s3cr3t%2ft%2bken%2242"), "msg=\"****\"\n");
    CU_ASSERT_PTR_NULL(strstr(logged("czNjcjN0L3Qra2VuIjQy"), "L3Qra2Vu"));     /* aligned */
    CU_ASSERT_PTR_NULL(strstr(logged("YTpzM2NyM3QvdCtrZW4iNDI="), "QvdCtrZW")); /* "a:" before it */
    CU_ASSERT_PTR_NULL(strstr(logged("OnMzY3IzdC90K2tlbiI0Mg=="), "C90K2tl"));  /* ":" before it */
    CU_ASSERT_STRING_EQUAL(logged("cut: s3cr3t/t"), "msg=\"cut: ****\"\n");
    CU_ASSERT_STRING_EQUAL(logged("s3cr3t/"), "msg=\"s3cr3t/\"\n"); /* 7 bytes do not give it away */
    close_log();
}

static void of_a_url_the_path_is_the_secret(void)
{
    open_log(LW_LOG_STYLE_LOGFMT, LW_NOTE_INFO);
    secret("https://hooks.example.com/services/T000/B000/XXXX");
    CU_ASSERT_STRING_EQUAL(logged("https://hooks.example.com/other"), "msg=\"https://hooks.example.com/other\"\n");
    CU_ASSERT_STRING_EQUAL(logged("GET /services/T000/B000/XXXX"), "msg=\"GET /****\"\n");
    close_log();
}

static void a_short_text_is_no_secret(void)
{
    open_log(LW_LOG_STYLE_LOGFMT, LW_NOTE_INFO);
    secret("error");
    secret("");
    CU_ASSERT_STRING_EQUAL(logged("an error"), "msg=\"an error\"\n");
    close_log();
}

static void secrets_have_a_ceiling(void)
{
    char text[32];
    struct lw_fault fault;

    open_log(LW_LOG_STYLE_LOGFMT, LW_NOTE_INFO);
    for (int i = 0; i < LW_LOG_SECRETS_MAX; i++) {
        snprintf(text, sizeof(text), "%d-secret-text", i + 100);
        secret(text);
        secret(text);
    }
    CU_ASSERT_EQUAL(lw_log_secret(the_log, LW_STR("one too many"), &fault), LW_ERR_LIMIT);
    CU_ASSERT_STRING_EQUAL(logged("100-secret-text"), "msg=\"****\"\n");
    close_log();
}

static void a_line_that_cannot_be_written_is_counted(void)
{
    open_log(LW_LOG_STYLE_LOGFMT, LW_NOTE_INFO);
    for (int i = 0; i < 5000; i++)
        lw_log_note(the_log, LW_NOTE_INFO, "a pipe that nobody reads is full some time");
    CU_ASSERT(lw_log_lost(the_log) > 0);
    close_log();
}

static void it_is_a_world(void)
{
    struct lw_world world;

    open_log(LW_LOG_STYLE_LOGFMT, LW_NOTE_INFO);
    world = lw_log_world(the_log);
    world.note(world.self, LW_NOTE_INFO, "hello");
    CU_ASSERT_PTR_NOT_NULL(strstr(read_all(), "hello"));
    CU_ASSERT_EQUAL(world.now(world.self).ms, INT64_C(1772359200000));
    close_log();
}

static bool all_of_it(void *self, bool failed)
{
    struct lw_log *log = NULL;
    struct lw_fault fault = {.code = LW_ERR_OK};
    enum lw_err err = lw_log_open(&log, 2, LW_LOG_STYLE_JSON, LW_NOTE_ERROR, &clock_only, &fault);

    (void)self;
    if (err == LW_ERR_OK)
        err = lw_log_secret(log, LW_STR("a secret of some length"), &fault);
    lw_log_close(log);
    return failed ? err == LW_ERR_NOMEM && fault.code == LW_ERR_NOMEM : err == LW_ERR_OK;
}

static void every_allocation_may_fail(void)
{
    CU_ASSERT_EQUAL(kit_alloc_torture(all_of_it, NULL), 10);
}

KIT_SUITE("log lines", {"a line is logfmt", a_line_is_logfmt},
          {"a line of JSON is read back by a JSON library", a_line_of_json_is_read_back_by_a_json_library},
          {"marks that turn or hide text are escaped", marks_that_turn_or_hide_text_are_escaped},
          {"levels above the limit are left out", levels_above_the_limit_are_left_out},
          {"a long line is cut and stays whole JSON", a_long_line_is_cut_and_stays_whole_json},
          {"a secret shows in no form", a_secret_shows_in_no_form},
          {"of a URL the path is the secret", of_a_url_the_path_is_the_secret},
          {"a short text is no secret", a_short_text_is_no_secret}, {"secrets have a ceiling", secrets_have_a_ceiling},
          {"a line that cannot be written is counted", a_line_that_cannot_be_written_is_counted},
          {"it is a world", it_is_a_world}, {"every allocation may fail", every_allocation_may_fail})
