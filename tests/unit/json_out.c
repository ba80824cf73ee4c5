#include "tests/kit/alloc.h"
#include "tests/kit/kit.h"

#include "engine/base/json/json_out.h"
#include "engine/base/scan/scan.h"

#include <math.h>
#include <stdio.h>

/* Writes one value of each kind, nested. */
static void write_document(struct lw_json_out *out)
{
    lw_json_object(out);
    lw_json_key(out, "a");
    lw_json_array(out);
    lw_json_int(out, -1);
    lw_json_uint(out, UINT64_MAX);
    lw_json_number(out, 0.8125);
    lw_json_derived(out, 1.0 / 3.0);
    lw_json_object(out);
    lw_json_object_end(out);
    lw_json_array(out);
    lw_json_array_end(out);
    lw_json_array_end(out);
    lw_json_key_str(out, LW_STR("t"));
    lw_json_time(out, (lw_time){1560348180000});
    lw_json_key(out, "b");
    lw_json_bool(out, true);
    lw_json_object_end(out);
}

static void check_document(bool indent, const char *want)
{
    struct lw_buf buf = {.ceiling = 10000};
    struct lw_json_out out = {.buf = &buf, .indent = indent};

    write_document(&out);
    lw_buf_char(&buf, '\0');
    CU_ASSERT_EQUAL(buf.error, LW_ERR_OK);
    CU_ASSERT_STRING_EQUAL(buf.at, want);
    lw_buf_close(&buf);
}

static void writes_compact_documents(void)
{
    check_document(false, "{\"a\":[-1,18446744073709551615,0.8125,0.333333333333,{},[]],"
                          "\"t\":\"2019-06-12T14:03:00.000Z\",\"b\":true}");
}

static void writes_indented_documents(void)
{
    check_document(true, "{\n"
                         "  \"a\": [\n"
                         "    -1,\n"
                         "    18446744073709551615,\n"
                         "    0.8125,\n"
                         "    0.333333333333,\n"
                         "    {},\n"
                         "    []\n"
                         "  ],\n"
                         "  \"t\": \"2019-06-12T14:03:00.000Z\",\n"
                         "  \"b\": true\n"
                         "}");
}

static void check_text(struct lw_str text, const char *want)
{
    struct lw_buf buf = {.ceiling = 10000};
    struct lw_json_out out = {.buf = &buf};

    lw_json_str(&out, text);
    lw_buf_char(&buf, '\0');
    CU_ASSERT_STRING_EQUAL(buf.at, want);
    lw_buf_close(&buf);
}

static void escapes_what_must_be(void)
{
    check_text((struct lw_str){0}, "\"\"");
    check_text(LW_STR("a\"b\\c/d"), "\"a\\\"b\\\\c/d\"");
    check_text(LW_STR("\b\t\n\v\f\r\x1b\x7f"), "\"\\b\\t\\n\\u000b\\f\\r\\u001b\\u007f\"");
    check_text(LW_STR("a\0b"), "\"a\\u0000b\"");
    check_text(LW_STR("caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80"), "\"caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80\"");
}

static void replaces_what_is_not_utf8(void)
{
    check_text(LW_STR("a\xffz"), "\"a\xef\xbf\xbdz\"");
    check_text(LW_STR("\xe9t\xe9"), "\"\xef\xbf\xbdt\xef\xbf\xbd\"");
    check_text(LW_STR("\xed\xa0\x80"), "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"");
    check_text(LW_STR("x\xf0\x9f\x98"), "\"x\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"");
    check_text(LW_STR("\xc3\""), "\"\xef\xbf\xbd\\\"\"");
}

static void writes_whole_numbers(void)
{
    struct lw_buf buf = {.ceiling = 10000};
    struct lw_json_out out = {.buf = &buf};

    lw_json_array(&out);
    lw_json_int(&out, INT64_MIN);
    lw_json_int(&out, INT64_MAX);
    lw_json_int(&out, 0);
    lw_json_uint(&out, 10);
    lw_json_array_end(&out);
    CU_ASSERT(lw_str_equal(lw_buf_view(&buf), LW_STR("[-9223372036854775808,9223372036854775807,0,10]")));
    lw_buf_close(&buf);
}

/* Expected: Python's repr for the digits; the forms as the header says. */
static void writes_the_shortest_number_that_reads_back(void)
{
    static const struct {
        double value;
        const char *want;
    } cases[] = {{0.0, "0"},
                 {-0.0, "-0"},
                 {1.0, "1"},
                 {-1.5, "-1.5"},
                 {0.1, "0.1"},
                 {0.8125, "0.8125"},
                 {0.30000000000000004, "0.30000000000000004"},
                 {1.0 / 3.0, "0.3333333333333333"},
                 {100.0, "100"},
                 {123456789.125, "123456789.125"},
                 {1e15, "1000000000000000"},
                 {1e16, "10000000000000000"},
                 {12345678901234567.0, "12345678901234568"},
                 {1e17, "1e17"},
                 {1.5e300, "1.5e300"},
                 {1e22, "1e22"},
                 {1e23, "1e23"},
                 {0.00001, "0.00001"},
                 {0.000015, "0.000015"},
                 {0.000001, "1e-6"},
                 {1e-7, "1e-7"},
                 {1.25e-7, "1.25e-7"},
                 {5e-324, "5e-324"},
                 {1.5e-323, "1.5e-323"},
                 {2.2250738585072014e-308, "2.2250738585072014e-308"},
                 {1.7976931348623157e308, "1.7976931348623157e308"},
                 {5.684341886080802e-14, "5.684341886080802e-14"},
                 {9007199254740993.0, "9007199254740992"},
                 {4.35, "4.35"},
                 {2.0e-5, "0.00002"},
                 {0.9230769276618958, "0.9230769276618958"}};

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char text[LW_NUMBER_TEXT];

        CU_ASSERT_EQUAL(lw_number_shortest(cases[i].value, text), strlen(cases[i].want));
        CU_ASSERT_STRING_EQUAL(text, cases[i].want);
    }
}

static void random_numbers_read_back(void)
{
    struct kit_random random = kit_seed(6);
    bool good = true;

    for (int i = 0; i < 200000 && good; i++) {
        uint64_t bits = kit_random_bits(&random);
        char text[LW_NUMBER_TEXT];
        double value;
        double again = 0.0;
        size_t n;

        if (i % 3 == 0)
            value = floor(kit_random_uniform(&random) * 1e6) / 1e6;
        else if (i % 3 == 1)
            value = kit_random_normal(&random);
        else
            memcpy(&value, &bits, sizeof(value));
        if (!isfinite(value))
            continue;
        n = lw_number_shortest(value, text);
        good = n < LW_NUMBER_TEXT && text[n] == '\0' && lw_scan_number((struct lw_str){.at = text, .len = n}, &again) &&
               memcmp(&value, &again, sizeof(value)) == 0;
    }
    CU_ASSERT(good);
}

static void no_shorter_number_reads_back(void)
{
    struct kit_random random = kit_seed(7);
    bool good = true;

    for (int i = 0; i < 20000 && good; i++) {
        double value = ldexp(kit_random_uniform(&random), (int)(kit_random_bits(&random) % 80) - 60);
        char text[LW_NUMBER_TEXT];
        char shorter[64];
        int digits = 0;
        double again = 0.0;

        lw_number_shortest(value, text);
        for (const char *at = text; *at != '\0' && *at != 'e'; at++)
            digits += *at != '.' && (digits > 0 || *at != '0');
        if (digits < 2)
            continue;
        snprintf(shorter, sizeof(shorter), "%.*e", digits - 2, value);
        good = lw_scan_number(lw_str_from(shorter), &again) && again != value;
        if (!good)
            printf("# %s for %s\n", text, shorter);
    }
    CU_ASSERT(good);
}

static void derived_numbers_have_twelve_digits(void)
{
    static const struct {
        double value;
        const char *want;
    } cases[] = {{0.0, "0"},
                 {-0.0, "0"},
                 {1.0 / 3.0, "0.333333333333"},
                 {2.0 / 3.0, "0.666666666667"},
                 {-1e6 / 7.0, "-142857.142857"},
                 {123456789012345.0, "123456789012000"},
                 {0.1 + 0.2, "0.3"},
                 {0.9999999999999, "1"},
                 {99999999999.96, "100000000000"},
                 {1e-6 / 3.0, "3.33333333333e-7"},
                 {1e20, "1e20"},
                 {5e-324, "4.94065645841e-324"}};

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char text[LW_NUMBER_TEXT];

        CU_ASSERT_EQUAL(lw_number_digits(cases[i].value, 12, text), strlen(cases[i].want));
        CU_ASSERT_STRING_EQUAL(text, cases[i].want);
    }
}

static bool write_once(void *self, bool failed)
{
    struct lw_buf buf = {.ceiling = 10000};
    struct lw_json_out out = {.buf = &buf};
    enum lw_err err;

    (void)self;
    write_document(&out);
    err = buf.error;
    lw_buf_close(&buf);
    return err == (failed ? LW_ERR_NOMEM : LW_ERR_OK);
}

static void survives_every_failing_allocation(void)
{
    CU_ASSERT(kit_alloc_torture(write_once, NULL) >= 2);
}

KIT_SUITE("json_out", {"documents are written compactly", writes_compact_documents},
          {"documents are written with an indent of two", writes_indented_documents},
          {"what must be escaped is escaped", escapes_what_must_be},
          {"what is not UTF-8 becomes U+FFFD, byte by byte", replaces_what_is_not_utf8},
          {"whole numbers are written to the ends of their range", writes_whole_numbers},
          {"numbers are as short as can be and read back", writes_the_shortest_number_that_reads_back},
          {"random numbers read back as the same double", random_numbers_read_back},
          {"one digit less would not read back", no_shorter_number_reads_back},
          {"derived numbers have twelve digits at most", derived_numbers_have_twelve_digits},
          {"every failing allocation is survived", survives_every_failing_allocation})
