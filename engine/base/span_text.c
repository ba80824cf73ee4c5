#include "engine/base/time_text.h"

#include "engine/base/scan/scan.h"

#include <stdio.h>

static const struct unit {
    struct lw_str name;
    int64_t ms;
} units[] = {
    {{"w", 1}, 7 * LW_DAY}, {{"d", 1}, LW_DAY},    {{"h", 1}, LW_HOUR},
    {{"m", 1}, LW_MINUTE},  {{"s", 1}, LW_SECOND}, {{"ms", 2}, 1},
};
#define UNITS (sizeof(units) / sizeof(units[0]))

static bool is_number(char c)
{
    return (c >= '0' && c <= '9') || c == '.';
}

/* The unit whose name is exactly the letters at `at`; UNITS when there is none. */
static size_t unit_at(const char *at, const char *end)
{
    const char *stop = at;

    while (stop < end && *stop >= 'a' && *stop <= 'z')
        stop++;
    for (size_t i = 0; i < UNITS; i++) {
        if (lw_str_equal(units[i].name, (struct lw_str){.at = at, .len = (size_t)(stop - at)}))
            return i;
    }
    return UNITS;
}

/* Units in falling order, each once, so that "1m1h" or "1h1h" (a slip, surely) is not taken. */
bool lw_span_read(struct lw_str text, lw_span *span)
{
    const char *at = text.at;
    const char *end;
    size_t least = 0;
    double total = 0.0;

    if (text.len == 0)
        return false;
    end = at + text.len;
    while (at < end) {
        const char *start = at;
        double number;
        size_t unit;

        while (at < end && is_number(*at))
            at++;
        if (!lw_scan_decimal((struct lw_str){.at = start, .len = (size_t)(at - start)}, &number))
            return false;
        if (at == end && start == text.at) {
            total = number * (double)LW_SECOND;
            break;
        }
        unit = unit_at(at, end);
        if (unit == UNITS || unit < least)
            return false;
        least = unit + 1;
        total += number * (double)units[unit].ms;
        at += units[unit].name.len;
        if (end - at > 1 && *at == ' ')
            at++;
    }
    if (total > (double)LW_TIME_MAX)
        return false;
    span->ms = (int64_t)(total + 0.5);
    return true;
}

/* Rounded to what is shown, and each form only up to where rounding would reach the next one: never "60s". */
void lw_span_write(lw_span span, char text[LW_SPAN_TEXT])
{
    const char *sign = span.ms < 0 ? "-" : "";
    uint64_t ms = span.ms < 0 ? (uint64_t)0 - (uint64_t)span.ms : (uint64_t)span.ms;
    uint64_t tenths = (ms + 50) / 100;
    uint64_t seconds = (ms + 500) / 1000;
    uint64_t minutes = (ms + 30000) / 60000;
    uint64_t hours = (ms + 1800000) / 3600000;

    if (ms == 0)
        snprintf(text, LW_SPAN_TEXT, "0s");
    else if (ms < 1000)
        snprintf(text, LW_SPAN_TEXT, "%s%llums", sign, (unsigned long long)ms);
    else if (tenths < 600 && tenths % 10 != 0)
        snprintf(text, LW_SPAN_TEXT, "%s%llu.%llus", sign, (unsigned long long)(tenths / 10),
                 (unsigned long long)(tenths % 10));
    else if (seconds < 60)
        snprintf(text, LW_SPAN_TEXT, "%s%llus", sign, (unsigned long long)seconds);
    else if (seconds < 3600)
        snprintf(text, LW_SPAN_TEXT, "%s%llum %02llus", sign, (unsigned long long)(seconds / 60),
                 (unsigned long long)(seconds % 60));
    else if (minutes < 1440)
        snprintf(text, LW_SPAN_TEXT, "%s%lluh %02llum", sign, (unsigned long long)(minutes / 60),
                 (unsigned long long)(minutes % 60));
    else
        snprintf(text, LW_SPAN_TEXT, "%s%llud %02lluh", sign, (unsigned long long)(hours / 24),
                 (unsigned long long)(hours % 24));
}
