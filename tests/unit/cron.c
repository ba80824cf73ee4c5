#include "engine/flow/config/cron.h"
#include "engine/base/time_text.h"
#include "tests/kit/kit.h"

#include <stdio.h>
#include <string.h>

static struct lw_fault fault;

/* The next time after `after` (UTC) of an entry in a zone, as text. */
static const char *next(const char *entry, const char *zone_name, const char *after)
{
    static char text[LW_TIME_TEXT];
    struct lw_zone *zone = NULL;
    struct lw_cron cron;
    lw_time time = {0};

    CU_ASSERT_EQUAL_FATAL(lw_zone_open(&zone, lw_str_from(zone_name), &fault), LW_ERR_OK);
    CU_ASSERT_EQUAL_FATAL(lw_cron_read(lw_str_from(entry), &cron, &fault), LW_ERR_OK);
    CU_ASSERT_TRUE_FATAL(lw_time_read(lw_str_from(after), NULL, &time));
    lw_time_write(lw_cron_next(&cron, zone, time), text);
    lw_zone_close(zone);
    text[16] = '\0';
    return text;
}

#define NEXT(entry, zone, after, want)                                                                                 \
    do {                                                                                                               \
        const char *got = next(entry, zone, after);                                                                    \
        if (strcmp(got, want) != 0)                                                                                    \
            printf("# %s in %s after %s: %s, not %s\n", entry, zone, after, got, want);                                \
        CU_ASSERT_STRING_EQUAL(got, want);                                                                             \
    } while (0)

static bool reads(const char *entry)
{
    struct lw_cron cron;

    fault.text[0] = '\0';
    return lw_cron_read(lw_str_from(entry), &cron, &fault) == LW_ERR_OK;
}

static void fields_are_sets(void)
{
    struct lw_cron cron;

    CU_ASSERT_EQUAL(lw_cron_read(LW_STR("*/20 8-10,22 1,15 JAN-mar/2,dec Mon-fri,7"), &cron, &fault), LW_ERR_OK);
    CU_ASSERT_EQUAL(cron.minutes, (1ull << 0) | (1ull << 20) | (1ull << 40));
    CU_ASSERT_EQUAL(cron.hours, (1u << 8) | (1u << 9) | (1u << 10) | (1u << 22));
    CU_ASSERT_EQUAL(cron.days, (1u << 1) | (1u << 15));
    CU_ASSERT_EQUAL(cron.months, (1u << 1) | (1u << 3) | (1u << 12));
    CU_ASSERT_EQUAL(cron.weekdays, 0x3f); /* Sunday by its second number, Monday to Friday */
    CU_ASSERT_FALSE(cron.any_day);
    CU_ASSERT_FALSE(cron.any_hour);
}

static void what_is_no_entry_is_refused(void)
{
    static const char *const bad[] = {
        "",
        "* * * *",
        "* * * * * *",
        "60 * * * *",
        "* 24 * * *",
        "* * 0 * *",
        "* * 32 * *",
        "* * * 13 *",
        "* * * * 8",
        "* * * 0 *",
        "5/2 * * * *",
        "*/0 * * * *",
        "1- * * * *",
        "5-1 * * * *",
        "1,,2 * * * *",
        ", * * * *",
        "1, * * * *",
        "a * * * *",
        "* * * foo *",
        "* * * * mond",
        "-1 * * * *",
        "1e1 * * * *",
        "@reboot",
        "0 0 30 2 *",
        "0 0 31 4,6 *",
        "*/ * * * *",
        "** * * * *",
        "0 0 29 2 mon-tues",
        "+5 * * * *",
        "0x5 * * * *",
    };

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        if (reads(bad[i]))
            printf("# taken: %s\n", bad[i]);
        CU_ASSERT_FALSE(reads(bad[i]));
        CU_ASSERT_TRUE(fault.text[0] != '\0');
    }
    CU_ASSERT_FALSE(reads("0 25 * * *"));
    CU_ASSERT_PTR_NOT_NULL(strstr(fault.text, "'25' is no hour: write numbers from 0 to 23"));
}

static void plain_times(void)
{
    NEXT("0 2 * * 1-5", "UTC", "2026-03-06T02:00Z", "2026-03-09T02:00");
    NEXT("0 2 * * 1-5", "UTC", "2026-03-06T01:59:59Z", "2026-03-06T02:00");
    NEXT("*/15 * * * *", "UTC", "2026-12-31T23:45:00Z", "2027-01-01T00:00");
    NEXT("@monthly", "UTC", "2026-01-31T12:00Z", "2026-02-01T00:00");
    NEXT("0 0 29 2 *", "UTC", "2096-03-01T00:00Z", "2104-02-29T00:00"); /* 2100 is no leap year */
    NEXT("30 4 31 * *", "UTC", "2026-01-31T04:30Z", "2026-03-31T04:30");
    NEXT("0 0 1 1 *", "UTC", "1969-06-01T00:00Z", "1970-01-01T00:00");
}

static void days_of_month_and_week_are_or_ed(void)
{
    /* Friday the 13th of March 2026 */
    NEXT("0 0 13 * 5", "UTC", "2026-03-01T00:00Z", "2026-03-06T00:00");
    NEXT("0 0 13 * 1", "UTC", "2026-03-10T00:00Z", "2026-03-13T00:00");
    /* A field that begins with a star does not count as restricted: then both have to fit. */
    NEXT("0 0 */13 * 1", "UTC", "2026-03-02T00:00Z", "2026-04-27T00:00");
    NEXT("0 0 13 * *", "UTC", "2026-03-01T00:00Z", "2026-03-13T00:00");
    NEXT("0 0 * * 0", "UTC", "2026-03-01T00:00Z", "2026-03-08T00:00");
    NEXT("0 0 * * 7", "UTC", "2026-03-01T00:00Z", "2026-03-08T00:00");
    NEXT("0 0 29 2 */7", "UTC", "2026-03-01T00:00Z", "2032-02-29T00:00"); /* a Sunday */
}

static void zones_shift_the_clock(void)
{
    NEXT("0 2 * * *", "Europe/Berlin", "2026-01-10T12:00Z", "2026-01-11T01:00");
    NEXT("0 2 * * *", "Europe/Berlin", "2026-07-10T12:00Z", "2026-07-11T00:00");
    NEXT("0 2 * * *", "America/New_York", "2026-01-10T12:00Z", "2026-01-11T07:00");
    NEXT("0 2 * * 1", "+05:30", "2026-03-06T00:00Z", "2026-03-08T20:30"); /* Monday there, Sunday in UTC */
    NEXT("0 0 1 * *", "Pacific/Kiritimati", "2026-02-10T00:00Z", "2026-02-28T10:00");
}

/* Europe: on 29 March 2026 at 01:00 UTC 02:00 becomes 03:00. America: on 8 March 2026 at 07:00 UTC 02:00 becomes 03:00. */
static void a_skipped_time_comes_later(void)
{
    NEXT("30 2 * * *", "Europe/Berlin", "2026-03-28T12:00Z", "2026-03-29T01:30"); /* 03:30 of summer time */
    NEXT("30 2 * * *", "Europe/Berlin", "2026-03-29T01:30Z", "2026-03-30T00:30");
    NEXT("0 3 * * *", "Europe/Berlin", "2026-03-28T12:00Z", "2026-03-29T01:00");
    NEXT("30 2 * * *", "America/New_York", "2026-03-07T12:00Z", "2026-03-08T07:30");
    NEXT("59 1 * * *", "America/New_York", "2026-03-08T00:00Z", "2026-03-08T06:59");
    /* 02:45 is skipped and comes at 03:45; 03:10 is there and comes before. */
    NEXT("10,45 2,3 * * *", "America/New_York", "2026-03-08T06:59Z", "2026-03-08T07:10");
    NEXT("10,45 2,3 * * *", "America/New_York", "2026-03-08T07:10Z", "2026-03-08T07:45");
    NEXT("10,45 2,3 * * *", "America/New_York", "2026-03-08T07:45Z", "2026-03-09T06:10");
}

/* Europe: on 25 October 2026 at 01:00 UTC 03:00 becomes 02:00. America: on 1 November 2026 at 06:00 UTC 02:00 becomes
   01:00. */
static void a_time_that_comes_twice_is_taken_once(void)
{
    NEXT("30 2 * * *", "Europe/Berlin", "2026-10-24T12:00Z", "2026-10-25T00:30");
    NEXT("30 2 * * *", "Europe/Berlin", "2026-10-25T00:30Z", "2026-10-26T01:30");
    NEXT("30 1 * * *", "America/New_York", "2026-10-31T12:00Z", "2026-11-01T05:30");
    NEXT("30 1 * * *", "America/New_York", "2026-11-01T05:30Z", "2026-11-02T06:30");
    NEXT("0 3 * * *", "Europe/Berlin", "2026-10-25T00:30Z", "2026-10-25T02:00");
}

static void every_hour_means_every_hour(void)
{
    NEXT("0 * * * *", "Europe/Berlin", "2026-10-25T00:00Z", "2026-10-25T01:00"); /* 02:00 for the second time */
    NEXT("0 * * * *", "Europe/Berlin", "2026-10-25T01:00Z", "2026-10-25T02:00");
    NEXT("30 * * * *", "America/New_York", "2026-11-01T05:30Z", "2026-11-01T06:30");
    NEXT("0 * * * *", "Europe/Berlin", "2026-03-29T00:00Z", "2026-03-29T01:00");
    NEXT("*/30 * * * 0", "America/New_York", "2026-03-08T06:30Z", "2026-03-08T07:00");
    NEXT("*/30 * * * 0", "America/New_York", "2026-03-09T03:30Z", "2026-03-15T04:00"); /* Sunday ends at 04:00 UTC */
    NEXT("*/5 * 1 1 *", "Europe/Berlin", "2026-01-01T22:55Z", "2026-12-31T23:00");
}

/* At midnight of 4 November 2018 the clocks of Sao Paulo went from 00:00 to 01:00. */
static void midnight_may_be_skipped(void)
{
    NEXT("0 0 * * *", "America/Sao_Paulo", "2018-11-03T12:00Z", "2018-11-04T03:00");
    NEXT("*/15 * 4 11 *", "America/Sao_Paulo", "2018-11-03T12:00Z", "2018-11-04T03:00");
}

/* Whatever the entry, the next time lies behind, is a whole minute, and nothing in between fits on the local clock. */
static void the_next_time_is_the_next(void)
{
    static const char *const entries[] = {"7 * * * *", "*/20 3 * * *", "15 1,2,3 * * 0", "0 2 28-31 * *",
                                          "5 4 * 3,10 *"};
    struct kit_random random = kit_seed(20261122);
    struct lw_zone *zone = NULL;

    CU_ASSERT_EQUAL_FATAL(lw_zone_open(&zone, LW_STR("Europe/Berlin"), &fault), LW_ERR_OK);
    for (int i = 0; i < 200; i++) {
        struct lw_cron cron;
        int64_t after = (int64_t)(kit_random_uniform(&random) * 4e9), at;
        int64_t step;

        CU_ASSERT_EQUAL(lw_cron_read(lw_str_from(entries[i % 5]), &cron, &fault), LW_ERR_OK);
        at = lw_cron_next(&cron, zone, (lw_time){after * 1000}).ms / 1000;
        CU_ASSERT_TRUE(at > after && at % 60 == 0);
        for (step = after / 60 * 60 + 60; step < at; step += 60) {
            int64_t local = lw_zone_local(zone, step), day = local / 86400;
            struct lw_date date = lw_zone_date(day);
            bool fits = (cron.minutes >> (local / 60 % 60) & 1) && (cron.hours >> (local / 3600 % 24) & 1) &&
                        (cron.months >> date.month & 1) && (cron.days >> date.day & 1) &&
                        (cron.weekdays >> ((day + 4) % 7) & 1);

            if (fits && lw_zone_utc(zone, local) == step)
                break;
        }
        CU_ASSERT_EQUAL(step, at);
    }
    lw_zone_close(zone);
}

KIT_SUITE("cron", {"fields are sets", fields_are_sets}, {"what is no entry is refused", what_is_no_entry_is_refused},
          {"plain times", plain_times},
          {"days of the month and of the week are or-ed when both are restricted", days_of_month_and_week_are_or_ed},
          {"zones shift the clock", zones_shift_the_clock},
          {"a time that the clocks skip comes later", a_skipped_time_comes_later},
          {"a time that comes twice is taken once", a_time_that_comes_twice_is_taken_once},
          {"every hour means every hour", every_hour_means_every_hour},
          {"midnight may be skipped", midnight_may_be_skipped},
          {"the next time is the next", the_next_time_is_the_next})
