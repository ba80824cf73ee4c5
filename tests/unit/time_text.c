#include "tests/kit/alloc.h"
#include "tests/kit/kit.h"

#include "engine/base/time_text.h"

#include <math.h>
#include <stdio.h>

/* Expected values in this file: Python's datetime and zoneinfo (fold=0). */
static void reads_the_usual_forms(void)
{
    static const struct {
        const char *text;
        int64_t ms;
    } cases[] = {
        {"2019-06-12T14:03:00.000Z", 1560348180000},
        {"2019-06-12T14:03:00Z", 1560348180000},
        {"2019-06-12t14:03:00z", 1560348180000},
        {"2019-06-12T14:03Z", 1560348180000},
        {"2019-06-12T14:03", 1560348180000},
        {"2019-06-12 14:03:00", 1560348180000},
        {"2019-06-12 14:03", 1560348180000},
        {"2019-06-12 14:03:00 UTC", 1560348180000},
        {"2019-06-12 14:03:00 GMT", 1560348180000},
        {"2019-06-12T16:03:00+02:00", 1560348180000},
        {"2019-06-12T16:03:00+0200", 1560348180000},
        {"2019-06-12T16:03:00+02", 1560348180000},
        {"2019-06-12 16:03:00 +0200", 1560348180000},
        {"2019-06-12T08:33:00-05:30", 1560348180000},
        {"2019-06-12T08:33:00.000000-0530", 1560348180000},
        {"06/12/2019 14:03:00", 1560348180000},
        {"06/12/2019 14:03", 1560348180000},
        {"  2019-06-12T14:03:00Z\t", 1560348180000},
        {"1560348180", 1560348180000},
        {"1560348180.0", 1560348180000},
        {"1560348180000", 1560348180000},
        {"1560348180000.5", 1560348180000},
        {"1.56034818E9", 1560348180000},
        {"+1560348180", 1560348180000},
        {"2019-06-12T14:03:00.5Z", 1560348180500},
        {"2019-06-12T14:03:00,123", 1560348180123},
        {"2019-06-12T14:03:00.123999Z", 1560348180123},
        {"2019-06-12T14:03:00.000000001Z", 1560348180000},
        {"1560348180.123", 1560348180123},
        {"1560348180.001", 1560348180001},
        {"1560348180.9999", 1560348180999},
        {"1560348180123.9", 1560348180123},
        {"2019-06-12", 1560297600000},
        {"06/12/2019", 1560297600000},
        {"0", 0},
        {"-1", -1000},
        {"-0.5", -500},
        {"99999999999", 99999999999000},
        {"100000000000", 100000000000},
        {"253402300799999", 253402300799999},
        {"2016-12-31T23:59:60Z", 1483228800000},
        {"2000-02-29", 951782400000},
        {"1970-01-01T00:00:00Z", 0},
        {"1969-12-31T23:59:59.999Z", -1},
        {"0001-01-01T00:00:00Z", -62135596800000},
        {"9999-12-31T23:59:59.999Z", 253402300799999},
        {"2024-02-29 12:00", 1709208000000},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        lw_time time = {INT64_MIN};

        if (!lw_time_read(lw_str_from(cases[i].text), NULL, &time) || time.ms != cases[i].ms) {
            printf("# %s gave %lld, not %lld\n", cases[i].text, (long long)time.ms, (long long)cases[i].ms);
            CU_FAIL();
        }
    }
}

static void refuses_what_is_no_time(void)
{
    static const char *const cases[] = {"",
                                        "   ",
                                        "x",
                                        "-",
                                        "2019-6-12",
                                        "2019-06",
                                        "2019-06-12T",
                                        "2019-06-12T14",
                                        "2019-06-12T14:",
                                        "2019-06-12T14:3",
                                        "2019-06-12T14:03:",
                                        "2019-06-12T14:03:00.",
                                        "2019-06-12T14:03:00.Z",
                                        "2019-06-12T14:03:00X",
                                        "2019-06-12T14:03:00ZZ",
                                        "2019-06-12T14:03:00Z x",
                                        "2019-06-12T14:03:00+2",
                                        "2019-06-12T14:03:00+02:",
                                        "2019-06-12T14:03:00+02:0",
                                        "2019-06-12T14:03:00+24:00",
                                        "2019-06-12T14:03:00+02:60",
                                        "2019-06-12T14:03:00  Z",
                                        "2019-06-12_14:03:00",
                                        "2019-13-12",
                                        "2019-00-12",
                                        "2019-06-31",
                                        "2019-06-00",
                                        "2019-02-29",
                                        "1900-02-29",
                                        "2019-06-12T24:00:00",
                                        "2019-06-12T14:60:00",
                                        "2019-06-12T14:03:61",
                                        "0000-01-01",
                                        "0001-01-01T00:00:00+01:00",
                                        "9999-12-31T23:59:59-01:00",
                                        "10000-01-01",
                                        "253402300800000",
                                        "-62135596800001",
                                        "1e99",
                                        "nan",
                                        "inf",
                                        "0x10",
                                        "12/31/19 10:00:00",
                                        "13/01/2019 10:00:00",
                                        "2019/06/12",
                                        "20190612T140300Z",
                                        "14:03:00",
                                        "2019-06-12T14:03:00.000Z,",
                                        "1560348180 s",
                                        "1,560,348,180"};

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        lw_time time = {7};

        if (lw_time_read(lw_str_from(cases[i]), NULL, &time) || time.ms != 7) {
            printf("# %s should be refused\n", cases[i]);
            CU_FAIL();
        }
    }
    CU_ASSERT(!lw_time_read((struct lw_str){0}, NULL, &(lw_time){0}));
}

static void reads_numbers_by_size(void)
{
    static const struct {
        double number;
        int64_t ms;
    } cases[] = {{1560348180.0, 1560348180000},
                 {1560348180.123, 1560348180123},
                 {1560348180000.0, 1560348180000},
                 {99999999999.0, 99999999999000},
                 {100000000000.0, 100000000000},
                 {-1.5, -1500},
                 {0.001, 1},
                 {0.0019, 1}};
    lw_time time = {7};

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        CU_ASSERT(lw_time_from_number(cases[i].number, &time));
        CU_ASSERT_EQUAL(time.ms, cases[i].ms);
    }
    CU_ASSERT(!lw_time_from_number(1e300, &time));
    CU_ASSERT(!lw_time_from_number((double)LW_TIME_MAX + 1.0, &time));
    CU_ASSERT(!lw_time_from_number((double)NAN, &time));
}

/* Every millisecond of an epoch second survives the way through a double. */
static void fractions_of_seconds_keep_their_millisecond(void)
{
    bool good = true;

    for (int i = 0; i < 1000; i++) {
        char text[32];
        lw_time time = {0};

        snprintf(text, sizeof(text), "1700000000.%03d", i);
        good &= lw_time_read(lw_str_from(text), NULL, &time) && time.ms == 1700000000000 + i;
    }
    CU_ASSERT(good);
}

static void writes_what_it_reads(void)
{
    struct kit_random random = kit_seed(2);
    char text[LW_TIME_TEXT];
    bool good = true;

    lw_time_write((lw_time){1560348180000}, text);
    CU_ASSERT_STRING_EQUAL(text, "2019-06-12T14:03:00.000Z");
    lw_time_write((lw_time){LW_TIME_MIN}, text);
    CU_ASSERT_STRING_EQUAL(text, "0001-01-01T00:00:00.000Z");
    lw_time_write((lw_time){LW_TIME_MAX}, text);
    CU_ASSERT_STRING_EQUAL(text, "9999-12-31T23:59:59.999Z");
    lw_time_write((lw_time){-1}, text);
    CU_ASSERT_STRING_EQUAL(text, "1969-12-31T23:59:59.999Z");
    for (int i = 0; i < 20000; i++) {
        lw_time time = {LW_TIME_MIN + (int64_t)(kit_random_bits(&random) % (uint64_t)(LW_TIME_MAX - LW_TIME_MIN))};
        lw_time again = {0};

        lw_time_write(time, text);
        good &= lw_time_read(lw_str_from(text), NULL, &again) && again.ms == time.ms;
    }
    CU_ASSERT(good);
}

static void writes_short_times_for_people(void)
{
    char text[LW_TIME_SHORT];

    lw_time_short((lw_time){1560348180000}, false, text);
    CU_ASSERT_STRING_EQUAL(text, "12 Jun 14:03");
    lw_time_short((lw_time){1560348180000}, true, text);
    CU_ASSERT_STRING_EQUAL(text, "12 Jun 2019 14:03");
    lw_time_short((lw_time){LW_TIME_MIN}, true, text);
    CU_ASSERT_STRING_EQUAL(text, "1 Jan 1 00:00");
}

/* ---- zones ---- */

static struct lw_zone *open_zone(const char *name)
{
    struct lw_zone *zone = NULL;
    struct lw_fault fault;

    if (lw_zone_open(&zone, lw_str_from(name), &fault) != LW_ERR_OK) {
        printf("# %s: %s\n", name, fault.text);
        CU_FAIL_FATAL();
    }
    return zone;
}

static void fixed_offsets_apply_to_stamps_without_one(void)
{
    static const struct {
        const char *zone;
        int64_t ms;
    } cases[] = {{"UTC", 1560348180000},    {"Z", 1560348180000},     {"+02:00", 1560340980000},
                 {"+0200", 1560340980000},  {"+02", 1560340980000},   {"-0530", 1560367980000},
                 {"-05:30", 1560367980000}, {"+00:00", 1560348180000}};

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct lw_zone *zone = open_zone(cases[i].zone);
        lw_time time = {0};

        CU_ASSERT(lw_time_read(LW_STR("2019-06-12 14:03:00"), zone, &time));
        CU_ASSERT_EQUAL(time.ms, cases[i].ms);
        CU_ASSERT(lw_time_read(LW_STR("06/12/2019 14:03:00"), zone, &time));
        CU_ASSERT_EQUAL(time.ms, cases[i].ms);
        CU_ASSERT(lw_time_read(LW_STR("2019-06-12T14:03:00Z"), zone, &time));
        CU_ASSERT_EQUAL(time.ms, 1560348180000);
        CU_ASSERT(lw_time_read(LW_STR("1560348180"), zone, &time));
        CU_ASSERT_EQUAL(time.ms, 1560348180000);
        lw_zone_close(zone);
    }
}

static void zones_of_the_database_apply_with_their_rules(void)
{
    static const struct {
        const char *zone;
        const char *text;
        int64_t ms;
    } cases[] = {
        {"Europe/Berlin", "2019-01-15 12:00:00", 1547550000000},
        {"Europe/Berlin", "2019-07-15 12:00:00", 1563184800000},
        {"Europe/Berlin", "2019-03-31 01:59:59", 1553993999000},
        {"Europe/Berlin", "2019-03-31 02:30:00", 1553995800000},
        {"Europe/Berlin", "2019-03-31 03:00:00", 1553994000000},
        {"Europe/Berlin", "2019-10-27 02:30:00", 1572136200000},
        {"Europe/Berlin", "2019-10-27 03:00:00", 1572141600000},
        {"Europe/Berlin", "1880-01-01 00:00:00", -2840144008000},
        {"Europe/Berlin", "2150-07-01 00:00:00", 5695912800000},
        {"Europe/Berlin", "9000-07-01 00:00:00", 221861023200000},
        {"America/New_York", "2019-03-10 02:30:00", 1552203000000},
        {"America/New_York", "2019-11-03 01:30:00", 1572759000000},
        {"America/Sao_Paulo", "2018-11-04 00:30:00", 1541302200000},
        {"Australia/Lord_Howe", "2021-10-03 02:15:00", 1633189500000},
        {"Asia/Kolkata", "2019-06-12 19:33:00", 1560348180000},
        {"Pacific/Apia", "2011-12-30 12:00:00", 1325282400000},
        {"Asia/Tokyo", "2045-06-12 00:00:00", 2380806000000},
        {"Europe/Dublin", "2019-07-01 12:00:00", 1561978800000},
        {"Africa/Casablanca", "2019-05-20 12:00:00", 1558353600000},
        {"America/Nuuk", "2050-03-26 22:30:00", 2531953800000},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct lw_zone *zone = open_zone(cases[i].zone);
        lw_time time = {0};

        if (!lw_time_read(lw_str_from(cases[i].text), zone, &time) || time.ms != cases[i].ms) {
            printf("# %s in %s gave %lld, not %lld\n", cases[i].text, cases[i].zone, (long long)time.ms,
                   (long long)cases[i].ms);
            CU_FAIL();
        }
        lw_zone_close(zone);
    }
    lw_zone_close(NULL);
}

static void refuses_what_is_no_zone(void)
{
    static const char *const cases[] = {
        "",           "utc",           "+",       "+2",         "+2:00",          "+24:00",
        "+02:60",     "+02:0",         "02:00",   "+0x:00",     "+020",           "../UTC",
        "/etc/hosts", "Europe",        "Europe/", "Europe/Nix", "Europe//Berlin", "tzdata.zi",
        "zone.tab",   "Europe/../UTC", ".",       "+02:00 "};

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct lw_zone *zone = NULL;
        struct lw_fault fault = {.code = LW_ERR_OK};

        CU_ASSERT_EQUAL(lw_zone_open(&zone, lw_str_from(cases[i]), &fault), LW_ERR_USAGE);
        CU_ASSERT_PTR_NULL(zone);
        CU_ASSERT_PTR_NOT_NULL(strstr(fault.text, "+02:00"));
    }
}

static bool open_and_close(void *self, bool failed)
{
    struct lw_zone *zone = NULL;
    struct lw_fault fault = {.code = LW_ERR_OK};
    enum lw_err err = lw_zone_open(&zone, lw_str_from(self), &fault);

    lw_zone_close(zone);
    return failed ? err == LW_ERR_NOMEM && fault.code == LW_ERR_NOMEM && zone == NULL : err == LW_ERR_OK;
}

static void survives_every_failing_allocation(void)
{
    char berlin[] = "Europe/Berlin";
    char offset[] = "+02:00";

    CU_ASSERT_EQUAL(kit_alloc_torture(open_and_close, offset), 1);
    CU_ASSERT(kit_alloc_torture(open_and_close, berlin) >= 2);
}

/* ---- spans ---- */

static void reads_spans(void)
{
    static const struct {
        const char *text;
        int64_t ms;
    } cases[] = {{"90s", 90000},    {"15m", 900000},   {"1h", 3600000},     {"1h30m", 5400000},
                 {"2d", 172800000}, {"1w", 604800000}, {"250ms", 250},      {"0", 0},
                 {"90", 90000},     {"1.5h", 5400000}, {"1h 30m", 5400000}, {"1d2h3m4s5ms", 93784005},
                 {"0s", 0},         {".5s", 500},      {"0.25", 250}};
    static const char *const bad[] = {"",   "s",   "1x",  "1hh", "1h30",  "30m1h", "1h1h",     "-5m",         "1 h",
                                      "h1", "1e3", "1h ", " 1h", "1..5s", "1H",    "1m30ms1s", "99999999999w"};

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        lw_span span = {-1};

        if (!lw_span_read(lw_str_from(cases[i].text), &span) || span.ms != cases[i].ms) {
            printf("# %s gave %lld\n", cases[i].text, (long long)span.ms);
            CU_FAIL();
        }
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        lw_span span = {-1};

        if (lw_span_read(lw_str_from(bad[i]), &span)) {
            printf("# %s should be refused\n", bad[i]);
            CU_FAIL();
        }
    }
}

static void writes_spans_for_people(void)
{
    static const struct {
        int64_t ms;
        const char *text;
    } cases[] = {{0, "0s"},
                 {1, "1ms"},
                 {850, "850ms"},
                 {999, "999ms"},
                 {1000, "1s"},
                 {1250, "1.3s"},
                 {59940, "59.9s"},
                 {59960, "1m 00s"},
                 {60000, "1m 00s"},
                 {252000, "4m 12s"},
                 {3599400, "59m 59s"},
                 {3599600, "1h 00m"},
                 {3900000, "1h 05m"},
                 {86399000, "1d 00h"},
                 {266400000, "3d 02h"},
                 {-252000, "-4m 12s"},
                 {INT64_MIN, "-106751991167d 07h"}};

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char text[LW_SPAN_TEXT];

        lw_span_write((lw_span){cases[i].ms}, text);
        CU_ASSERT_STRING_EQUAL(text, cases[i].text);
    }
}

KIT_SUITE("time_text", {"the usual forms are read", reads_the_usual_forms},
          {"what is no time is refused and nothing is written", refuses_what_is_no_time},
          {"numbers are seconds or milliseconds by their size", reads_numbers_by_size},
          {"fractions of epoch seconds keep their millisecond", fractions_of_seconds_keep_their_millisecond},
          {"times are written in ISO 8601 and read back", writes_what_it_reads},
          {"times are written short for people", writes_short_times_for_people},
          {"fixed offsets apply to stamps without an offset only", fixed_offsets_apply_to_stamps_without_one},
          {"zones of the database apply with their rules, also in the far future",
           zones_of_the_database_apply_with_their_rules},
          {"what is no zone is refused with a hint", refuses_what_is_no_zone},
          {"every failing allocation is survived", survives_every_failing_allocation}, {"spans are read", reads_spans},
          {"spans are written for people with two units at most", writes_spans_for_people})
