/* Retry-After, with the examples of RFC 9110 (5.6.7, 10.2.3) and times of the C library's own calendar. */
#define _DEFAULT_SOURCE
#include "engine/sink/retry_after.h"
#include "tests/kit/kit.h"

#include <stdio.h>
#include <time.h>

/* The wait from `now`, or -1. */
static int64_t wait_of(const char *value, const char *date, int64_t now)
{
    lw_span wait = {-1};

    return lw_retry_after(lw_str_from(value), lw_str_from(date), (lw_time){now}, &wait) ? wait.ms : -1;
}

static void reads_seconds(void)
{
    CU_ASSERT_EQUAL(wait_of("120", NULL, 0), 120000);
    CU_ASSERT_EQUAL(wait_of("1", NULL, 0), 1000);
    CU_ASSERT_EQUAL(wait_of("0", NULL, 0), 1000);
    CU_ASSERT_EQUAL(wait_of("3600", NULL, 0), 3600000);
    CU_ASSERT_EQUAL(wait_of("3601", NULL, 0), 3600000);
    CU_ASSERT_EQUAL(wait_of("99999999999999999999999999", NULL, 0), 3600000);
}

/* The three forms of one moment, 784111777 s after 1970 (RFC 9110, 5.6.7). */
static void reads_the_three_forms_of_a_date(void)
{
    const int64_t at = INT64_C(784111777000);

    CU_ASSERT_EQUAL(wait_of("Sun, 06 Nov 1994 08:49:37 GMT", NULL, at - 5000), 5000);
    CU_ASSERT_EQUAL(wait_of("Sunday, 06-Nov-94 08:49:37 GMT", NULL, at - 5000), 5000);
    CU_ASSERT_EQUAL(wait_of("Sun Nov  6 08:49:37 1994", NULL, at - 5000), 5000);
    CU_ASSERT_EQUAL(wait_of("Sun Nov 16 08:49:37 1994", NULL, at + 10 * 86400000LL - 7000), 7000);
}

static void past_and_far_dates_are_clamped(void)
{
    const int64_t at = INT64_C(784111777000);

    CU_ASSERT_EQUAL(wait_of("Sun, 06 Nov 1994 08:49:37 GMT", NULL, at + 100000), 1000);
    CU_ASSERT_EQUAL(wait_of("Sun, 06 Nov 1994 08:49:37 GMT", NULL, 0), 3600000);
}

static void counts_from_the_servers_own_date(void)
{
    CU_ASSERT_EQUAL(wait_of("Sun, 06 Nov 1994 08:50:07 GMT", "Sun, 06 Nov 1994 08:49:37 GMT", 0), 30000);
    CU_ASSERT_EQUAL(wait_of("Sun, 06 Nov 1994 08:49:38 GMT", "rubbish", INT64_C(784111776000)), 2000);
}

static void two_digit_years_are_near(void)
{
    /* now: 2026-11-23; 76 is 2076, 77 is 1977 */
    const int64_t now = INT64_C(1795392000000);

    CU_ASSERT_EQUAL(wait_of("Monday, 23-Nov-76 00:00:00 GMT", NULL, now), 3600000);
    CU_ASSERT_EQUAL(wait_of("Monday, 23-Nov-77 00:00:00 GMT", NULL, now), 1000);
}

static void agrees_with_the_c_library(void)
{
    struct kit_random random = kit_seed(9110);

    for (unsigned i = 0; i < 20000; i++) {
        time_t at = (time_t)(kit_random_bits(&random) % 7258118400u); /* until 2200 */
        struct tm parts;
        char text[64];

        gmtime_r(&at, &parts);
        strftime(text, sizeof(text), "%a, %d %b %Y %H:%M:%S GMT", &parts);
        CU_ASSERT_EQUAL(wait_of(text, NULL, (int64_t)at * 1000 - 4321), 4321);
        strftime(text, sizeof(text), "%a %b %e %H:%M:%S %Y", &parts);
        CU_ASSERT_EQUAL(wait_of(text, NULL, (int64_t)at * 1000 - 4321), 4321);
    }
}

static void refuses_what_is_neither(void)
{
    static const char *const bad[] = {"",
                                      " ",
                                      "-1",
                                      "1.5",
                                      "12s",
                                      "+3",
                                      "soon",
                                      "Sun, 06 Nov 1994 08:49:37 CET",
                                      "Sun, 06 Nov 1994 08:49:37",
                                      "Sun, 06 Nov 1994 24:49:37 GMT",
                                      "Sun, 06 Nov 1994 08:60:37 GMT",
                                      "Sun, 00 Nov 1994 08:49:37 GMT",
                                      "Sun, 32 Nov 1994 08:49:37 GMT",
                                      "Sun, 06 Foo 1994 08:49:37 GMT",
                                      "Sun, 06 Nov 1994 08:49:37 GMT ",
                                      "Sunday, 06-Nov-1994 08:49:37 GMT",
                                      "2024-01-01T00:00:00Z"};

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        CU_ASSERT_EQUAL(wait_of(bad[i], NULL, 0), -1);
        if (wait_of(bad[i], NULL, 0) != -1)
            printf("# %s\n", bad[i]);
    }
}

KIT_SUITE("retry_after", {"seconds are read and clamped", reads_seconds},
          {"the three forms of a date are read", reads_the_three_forms_of_a_date},
          {"dates in the past and far ahead are clamped", past_and_far_dates_are_clamped},
          {"a date is counted from the server's own", counts_from_the_servers_own_date},
          {"years of two digits are near to now", two_digit_years_are_near},
          {"dates agree with the C library", agrees_with_the_c_library},
          {"what is neither is refused", refuses_what_is_neither})
