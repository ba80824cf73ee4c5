#include "engine/base/time_text.h"

#include "engine/base/scan/scan.h"
#include "engine/base/zone.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>

#define MS_FROM 1e11 /* a number of more than 11 digits before the point is milliseconds */

/* A position in a text of known end; the readers below move it only when they succeed. */
struct cursor {
    const char *at;
    const char *end;
};

static bool is_digit(char c)
{
    return (unsigned char)(c - '0') <= 9;
}

static bool take(struct cursor *in, char c)
{
    if (in->at == in->end || *in->at != c)
        return false;
    in->at++;
    return true;
}

static bool take_either(struct cursor *in, char c, char d)
{
    return take(in, c) || take(in, d);
}

/* Exactly n digits. */
static bool take_digits(struct cursor *in, int n, int *out)
{
    int value = 0;

    if (in->end - in->at < n)
        return false;
    for (int i = 0; i < n; i++) {
        if (!is_digit(in->at[i]))
            return false;
        value = value * 10 + (in->at[i] - '0');
    }
    in->at += n;
    *out = value;
    return true;
}

static int days_in_month(int64_t year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

    return days[month - 1] + (month == 2 && leap);
}

static bool valid_date(struct lw_date date)
{
    return date.year >= 1 && date.month >= 1 && date.month <= 12 && date.day >= 1 &&
           date.day <= days_in_month(date.year, date.month);
}

/* YYYY-MM-DD or MM/DD/YYYY. */
static bool take_date(struct cursor *in, struct lw_date *date)
{
    struct cursor at = *in;
    int year;

    if (take_digits(&at, 4, &year) && take(&at, '-')) {
        if (!take_digits(&at, 2, &date->month) || !take(&at, '-') || !take_digits(&at, 2, &date->day))
            return false;
    } else {
        at = *in;
        if (!take_digits(&at, 2, &date->month) || !take(&at, '/') || !take_digits(&at, 2, &date->day) ||
            !take(&at, '/') || !take_digits(&at, 4, &year))
            return false;
    }
    date->year = year;
    *in = at;
    return valid_date(*date);
}

/* HH:MM[:SS[.f]] as milliseconds of the day. Second 60 of a leap second is the first of the next minute. A comma is the
   decimal sign of Python's logs and of ISO 8601. */
static bool take_clock(struct cursor *in, int64_t *ms)
{
    int hour;
    int minute;
    int second = 0;
    int64_t fraction = 0;
    int64_t unit = 100;

    if (!take_digits(in, 2, &hour) || !take(in, ':') || !take_digits(in, 2, &minute))
        return false;
    if (take(in, ':')) {
        if (!take_digits(in, 2, &second))
            return false;
        if (take_either(in, '.', ',')) {
            if (in->at == in->end || !is_digit(*in->at))
                return false;
            for (; in->at < in->end && is_digit(*in->at); in->at++, unit /= 10)
                fraction += unit * (*in->at - '0');
        }
    }
    if (hour > 23 || minute > 59 || second > 60)
        return false;
    *ms = ((hour * 60 + minute) * 60 + second) * LW_SECOND + fraction;
    return true;
}

/* Z, UTC, GMT, +hh:mm, +hhmm, +hh, each with one blank before it or none; or nothing (`found` false). */
static bool take_offset(struct cursor *in, bool *found, int64_t *seconds)
{
    int hours;
    int minutes = 0;
    int sign;

    *found = false;
    *seconds = 0;
    take(in, ' ');
    if (in->at == in->end)
        return true;
    *found = true;
    if (take_either(in, 'Z', 'z'))
        return true;
    if (in->end - in->at >= 3 && (memcmp(in->at, "UTC", 3) == 0 || memcmp(in->at, "GMT", 3) == 0)) {
        in->at += 3;
        return true;
    }
    sign = *in->at == '-' ? -1 : 1;
    if (!take_either(in, '+', '-') || !take_digits(in, 2, &hours))
        return false;
    if (take(in, ':') ? !take_digits(in, 2, &minutes) : in->at < in->end && !take_digits(in, 2, &minutes))
        return false;
    *seconds = (int64_t)sign * (hours * 3600 + minutes * 60);
    return hours <= 23 && minutes <= 59;
}

static bool in_range(int64_t ms, lw_time *time)
{
    if (ms < LW_TIME_MIN || ms > LW_TIME_MAX)
        return false;
    time->ms = ms;
    return true;
}

static bool read_calendar(struct cursor in, const struct lw_zone *zone, lw_time *time)
{
    struct lw_date date;
    int64_t clock = 0;
    int64_t seconds;
    int64_t offset = 0;
    bool has_offset = false;

    if (!take_date(&in, &date))
        return false;
    if (in.at < in.end) {
        if (!take_either(&in, 'T', ' ') && !take(&in, 't'))
            return false;
        if (!take_clock(&in, &clock) || !take_offset(&in, &has_offset, &offset) || in.at != in.end)
            return false;
    }
    seconds = lw_zone_days(date) * 86400 + clock / LW_SECOND;
    seconds = has_offset ? seconds - offset : lw_zone_utc(zone, seconds);
    return in_range(seconds * LW_SECOND + clock % LW_SECOND, time);
}

bool lw_time_from_number(double number, lw_time *time)
{
    double ms = number;

    if (!isfinite(number))
        return false;
    if (fabs(number) < MS_FROM)
        ms *= 1000.0;
    /* A fraction such as .123 is not exact in binary and may lie just below the millisecond that it means. */
    ms = floor(ms + fabs(ms) * 0x1p-51);
    if (ms < (double)LW_TIME_MIN || ms > (double)LW_TIME_MAX)
        return false;
    return in_range((int64_t)ms, time);
}

/* Doubles hold seconds of this era to a quarter of a microsecond, so one path serves texts and JSON numbers alike. */
static bool read_epoch(struct cursor in, lw_time *time)
{
    struct lw_str text = {.at = in.at, .len = (size_t)(in.end - in.at)};
    double number;

    return lw_scan_decimal(text, &number) && lw_time_from_number(number, time);
}

bool lw_time_read(struct lw_str text, const struct lw_zone *zone, lw_time *time)
{
    struct cursor in;

    if (text.len == 0)
        return false;
    in = (struct cursor){.at = text.at, .end = text.at + text.len};
    while (in.at < in.end && (*in.at == ' ' || *in.at == '\t'))
        in.at++;
    while (in.end > in.at && (in.end[-1] == ' ' || in.end[-1] == '\t'))
        in.end--;
    if (in.end - in.at >= 10 && (in.at[4] == '-' || in.at[2] == '/'))
        return read_calendar(in, zone, time);
    return read_epoch(in, time);
}

static void put_digits(char *at, int n, int64_t value)
{
    while (n > 0) {
        at[--n] = (char)('0' + value % 10);
        value /= 10;
    }
}

/* Whole days, rounded down, and the milliseconds of the day. */
static int64_t split_days(lw_time time, int64_t *of_day)
{
    int64_t days = time.ms / LW_DAY - (time.ms % LW_DAY < 0);

    *of_day = time.ms - days * LW_DAY;
    return days;
}

void lw_time_write(lw_time time, char text[LW_TIME_TEXT])
{
    int64_t of_day;
    struct lw_date date;

    assert(time.ms >= LW_TIME_MIN && time.ms <= LW_TIME_MAX);
    date = lw_zone_date(split_days(time, &of_day));
    memcpy(text, "0000-00-00T00:00:00.000Z", LW_TIME_TEXT);
    put_digits(text, 4, date.year);
    put_digits(text + 5, 2, date.month);
    put_digits(text + 8, 2, date.day);
    put_digits(text + 11, 2, of_day / LW_HOUR);
    put_digits(text + 14, 2, of_day / LW_MINUTE % 60);
    put_digits(text + 17, 2, of_day / LW_SECOND % 60);
    put_digits(text + 20, 3, of_day % LW_SECOND);
}

void lw_time_short(lw_time time, bool year, char text[LW_TIME_SHORT])
{
    static const char months[12][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                       "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    char of_year[8] = "";
    int64_t of_day;
    struct lw_date date;

    assert(time.ms >= LW_TIME_MIN && time.ms <= LW_TIME_MAX);
    date = lw_zone_date(split_days(time, &of_day));
    if (year)
        snprintf(of_year, sizeof(of_year), " %d", (int)date.year);
    snprintf(text, LW_TIME_SHORT, "%d %s%s %02d:%02d", date.day, months[date.month - 1], of_year,
             (int)(of_day / LW_HOUR), (int)(of_day / LW_MINUTE % 60));
}
