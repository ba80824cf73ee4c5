#include "tests/kit/kit.h"

#include "engine/flow/service/doctor_remote.h"

#include <stdio.h>
#include <string.h>

static void of_a_url_only_the_site_is_asked(void)
{
    static const struct {
        const char *url, *site;
    } rows[] = {
        {"https://hooks.example.com/services/T000/B000/secret", "https://hooks.example.com/"},
        {"https://logs-01.loggly.com", "https://logs-01.loggly.com/"},
        {"http://127.0.0.1:5000?key=secret", "http://127.0.0.1:5000/"},
        {"https://a#secret", "https://a/"},
        {"hooks.example.com/secret", ""},
        {"https://", ""},
        {"", ""},
    };
    struct lw_arena arena = {.ceiling = 65536};

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        CU_ASSERT(lw_str_equal(lw_doctor_remote_site(lw_str_from(rows[i].url), &arena), lw_str_from(rows[i].site)));
    lw_arena_close(&arena);
}

static void dates_of_http_are_read(void)
{
    lw_time time = {0};

    /* The example of RFC 9110, section 5.6.7; seconds by `date -u -d`. */
    CU_ASSERT_TRUE(lw_doctor_remote_date(LW_STR("Sun, 06 Nov 1994 08:49:37 GMT"), &time));
    CU_ASSERT_EQUAL(time.ms, INT64_C(784111777000));
    CU_ASSERT_FALSE(lw_doctor_remote_date(LW_STR("Sunday, 06-Nov-94 08:49:37 GMT"), &time));
    CU_ASSERT_FALSE(lw_doctor_remote_date(LW_STR("Sun, 06 ovD 1994 08:49:37 GMT"), &time));
    CU_ASSERT_FALSE(lw_doctor_remote_date(LW_STR("Sun, 36 Nov 1994 08:49:37 GMT"), &time));
    CU_ASSERT_FALSE(lw_doctor_remote_date(LW_STR(""), &time));
}

static void findings_are_lines_or_objects(void)
{
    struct lw_findings text = {.text = {.ceiling = 4096}, .columns = 80};
    struct lw_findings json = {.text = {.ceiling = 4096}, .json = true};

    lw_findings_add(&text, LW_FINDING_FAIL, "clock", "set it", "%d minutes off", 7);
    lw_findings_add(&json, LW_FINDING_WARN, "clock", "set \"it\"", "%d minutes off", 7);
    lw_buf_char(&text.text, '\0');
    lw_buf_char(&json.text, '\0');
    CU_ASSERT_STRING_EQUAL(text.text.at, "fail  clock: 7 minutes off\n      -> set it\n");
    CU_ASSERT_STRING_EQUAL(json.text.at, "{\"level\":\"warn\",\"what\":\"clock\",\"found\":\"7 minutes "
                                         "off\",\"fix\":\"set \\\"it\\\"\"}\n");
    CU_ASSERT(text.counts[LW_FINDING_FAIL] == 1 && json.counts[LW_FINDING_WARN] == 1);
    lw_buf_close(&text.text);
    lw_buf_close(&json.text);
}

KIT_SUITE("doctor", {"of a URL only the site is asked", of_a_url_only_the_site_is_asked},
          {"dates of HTTP are read", dates_of_http_are_read},
          {"findings are lines or objects", findings_are_lines_or_objects})
