#include "engine/sink/retry_after.h"

#include <string.h>

#define WAIT_MIN LW_SECOND
#define WAIT_MAX LW_HOUR

/* What is left to read. Reading past the end, or what does not fit, sticks in `bad`. */
struct reader {
    struct lw_str left;
    bool bad;
};

static void expect(struct reader *reader, const char *text)
{
    size_t n = strlen(text);

    if (reader->left.len < n || memcmp(reader->left.at, text, n) != 0) {
        reader->bad = true;
        return;
    }
    reader->left.at += n;
    reader->left.len -= n;
}

static int digits(struct reader *reader, size_t n)
{
    int value = 0;

    if (reader->left.len < n)
        reader->bad = true;
    for (size_t i = 0; i < n && !reader->bad; i++) {
        if (reader->left.at[i] < '0' || reader->left.at[i] > '9')
            reader->bad = true;
        value = value * 10 + (reader->left.at[i] - '0');
    }
    if (reader->bad)
        return 0;
    reader->left.at += n;
    reader->left.len -= n;
    return value;
}

/* Index of the name that stands there (names of `n` bytes in one text), from 0. */
static int name(struct reader *reader, const char *names, size_t n, int count)
{
    for (int i = 0; i < count; i++) {
        if (reader->left.len >= n && memcmp(reader->left.at, names + (size_t)i * n, n) == 0) {
            reader->left.at += n;
            reader->left.len -= n;
            return i;
        }
    }
    reader->bad = true;
    return 0;
}

struct moment {
    int year, month, day, hour, minute, second; /* month from 0 */
};

static void clock_time(struct reader *reader, struct moment *at)
{
    at->hour = digits(reader, 2);
    expect(reader, ":");
    at->minute = digits(reader, 2);
    expect(reader, ":");
    at->second = digits(reader, 2);
}

#define MONTHS "JanFebMarAprMayJunJulAugSepOctNovDec"

/* After "Sun, ": 06 Nov 1994 08:49:37 GMT */
static void fixed_date(struct reader *reader, struct moment *at)
{
    at->day = digits(reader, 2);
    expect(reader, " ");
    at->month = name(reader, MONTHS, 3, 12);
    expect(reader, " ");
    at->year = digits(reader, 4);
    expect(reader, " ");
    clock_time(reader, at);
    expect(reader, " GMT");
}

/* After "Sunday, ": 06-Nov-94 08:49:37 GMT; the year is completed by the caller. */
static void rfc850_date(struct reader *reader, struct moment *at)
{
    at->day = digits(reader, 2);
    expect(reader, "-");
    at->month = name(reader, MONTHS, 3, 12);
    expect(reader, "-");
    at->year = digits(reader, 2);
    expect(reader, " ");
    clock_time(reader, at);
    expect(reader, " GMT");
}

/* After "Sun ": Nov  6 08:49:37 1994 */
static void asctime_date(struct reader *reader, struct moment *at)
{
    at->month = name(reader, MONTHS, 3, 12);
    expect(reader, " ");
    if (reader->left.len > 0 && *reader->left.at == ' ') {
        expect(reader, " ");
        at->day = digits(reader, 1);
    } else {
        at->day = digits(reader, 2);
    }
    expect(reader, " ");
    clock_time(reader, at);
    expect(reader, " ");
    at->year = digits(reader, 4);
}

/* Days since 1970-01-01 of the proleptic Gregorian calendar (Howard Hinnant, days_from_civil). */
static int64_t days_from_civil(int64_t year, int month, int day)
{
    int64_t y = year - (month <= 2), era = (y >= 0 ? y : y - 399) / 400, of_era = y - era * 400;
    int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;

    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static lw_time time_of(const struct moment *at)
{
    int64_t days = days_from_civil(at->year, at->month + 1, at->day);

    return (lw_time){days * LW_DAY + at->hour * LW_HOUR + at->minute * LW_MINUTE + at->second * LW_SECOND};
}

static int year_of(lw_time time)
{
    int year = (int)(1970 + time.ms / (LW_DAY * 36525 / 100));

    for (; days_from_civil(year + 1, 1, 1) * LW_DAY <= time.ms;)
        year++;
    for (; days_from_civil(year, 1, 1) * LW_DAY > time.ms;)
        year--;
    return year;
}

static int full_year(int two_digits, lw_time now)
{
    int this_year = year_of(now), year = this_year - this_year % 100 + two_digits;

    if (year > this_year + 50)
        year -= 100;
    if (year <= this_year - 50)
        year += 100;
    return year;
}

static bool read_date(struct lw_str text, lw_time now, lw_time *out)
{
    static const char *const long_days[] = {"Sunday, ",   "Monday, ", "Tuesday, ", "Wednesday, ",
                                            "Thursday, ", "Friday, ", "Saturday, "};
    struct reader reader = {.left = text};
    struct moment at = {0};

    for (size_t i = 0; i < sizeof(long_days) / sizeof(long_days[0]); i++) {
        size_t n = strlen(long_days[i]);

        if (text.len < n || memcmp(text.at, long_days[i], n) != 0)
            continue;
        expect(&reader, long_days[i]);
        rfc850_date(&reader, &at);
        at.year = full_year(at.year, now);
        goto read;
    }
    name(&reader, "SunMonTueWedThuFriSat", 3, 7);
    if (reader.left.len > 0 && *reader.left.at == ',') {
        expect(&reader, ", ");
        fixed_date(&reader, &at);
    } else {
        expect(&reader, " ");
        asctime_date(&reader, &at);
    }

read:
    if (reader.bad || reader.left.len > 0 || at.day < 1 || at.day > 31 || at.year < 1 || at.hour > 23 ||
        at.minute > 59 || at.second > 60)
        return false;
    *out = time_of(&at);
    return true;
}

static bool read_seconds(struct lw_str text, int64_t *milliseconds)
{
    int64_t seconds = 0;

    if (text.len == 0)
        return false;
    for (size_t i = 0; i < text.len; i++) {
        if (text.at[i] < '0' || text.at[i] > '9')
            return false;
        seconds = seconds * 10 + (text.at[i] - '0');
        if (seconds > WAIT_MAX / LW_SECOND)
            seconds = WAIT_MAX / LW_SECOND + 1; /* however many digits follow */
    }
    *milliseconds = seconds * LW_SECOND;
    return true;
}

bool lw_retry_after(struct lw_str value, struct lw_str date, lw_time now, lw_span *wait)
{
    lw_time until, from;
    int64_t milliseconds;

    if (!read_seconds(value, &milliseconds)) {
        if (!read_date(value, now, &until))
            return false;
        if (!read_date(date, now, &from))
            from = now;
        milliseconds = until.ms - from.ms;
    }
    if (milliseconds < WAIT_MIN)
        milliseconds = WAIT_MIN;
    if (milliseconds > WAIT_MAX)
        milliseconds = WAIT_MAX;
    *wait = (lw_span){milliseconds};
    return true;
}
