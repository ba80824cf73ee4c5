#include "engine/decode/log/log_stamp.h"

#include <string.h>

/* Date, separator and time of day have fixed widths: "YYYY-MM-DD HH:MM:SS". */
#define DATE_LEN  10
#define CLOCK_LEN 8

/* SecondaryStatus of DescribeTrainingJob, as the SDK prints it before " - ". */
static const char *const phases[] = {"Starting",
                                     "Pending",
                                     "LaunchingMLInstances",
                                     "PreparingTrainingStack",
                                     "Downloading",
                                     "DownloadingTrainingImage",
                                     "Training",
                                     "Uploading",
                                     "Stopping",
                                     "Stopped",
                                     "Completed",
                                     "Failed",
                                     "Restarting",
                                     "Updating",
                                     "Interrupted",
                                     "MaxRuntimeExceeded",
                                     "MaxWaitTimeExceeded"};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* `form`: '0' stands for any digit, other characters for themselves. */
static bool has_form(const char *at, const char *form)
{
    for (; *form != '\0'; form++, at++) {
        if (*form == '0' ? !is_digit(*at) : *at != *form)
            return false;
    }
    return true;
}

/* ".123" or ",123" behind the seconds, then "Z", "+00:00", "+0000". Returns the length of both. */
static size_t tail_length(struct lw_str text, size_t at, size_t *fraction)
{
    size_t end = at;

    *fraction = 0;
    if (end + 1 < text.len && (text.at[end] == '.' || text.at[end] == ',') && is_digit(text.at[end + 1])) {
        for (end++; end < text.len && is_digit(text.at[end]);)
            end++;
        *fraction = end - at;
    }
    if (end < text.len && text.at[end] == 'Z')
        return end + 1 - at;
    if (end + 6 <= text.len && (text.at[end] == '+' || text.at[end] == '-')) {
        if (has_form(text.at + end + 1, "00:00"))
            return end + 6 - at;
        if (has_form(text.at + end + 1, "0000"))
            return end + 5 - at;
    }
    return end - at;
}

static struct lw_str phase_of(struct lw_str text, size_t at)
{
    struct lw_str rest = {text.at + at, text.len - at};

    for (size_t i = 0; i < sizeof(phases) / sizeof(phases[0]); i++) {
        size_t n = strlen(phases[i]);

        if (rest.len >= n + 4 && rest.at[0] == ' ' && memcmp(rest.at + 1, phases[i], n) == 0 &&
            memcmp(rest.at + 1 + n, " - ", 3) == 0)
            return (struct lw_str){rest.at + 1, n};
    }
    return (struct lw_str){NULL, 0};
}

/* Written anew in the one form that the reader of times takes for all of them. */
static bool read_time(struct lw_str date, bool american, struct lw_str clock, struct lw_str tail, size_t fraction,
                      const struct lw_zone *zone, lw_time *time)
{
    char form[64];
    size_t n = DATE_LEN + 1 + CLOCK_LEN;

    if (american) {
        memcpy(form, date.at + 6, 4);
        form[4] = '-';
        memcpy(form + 5, date.at, 2);
        form[7] = '-';
        memcpy(form + 8, date.at + 3, 2);
    } else {
        memcpy(form, date.at, DATE_LEN);
    }
    form[DATE_LEN] = 'T';
    memcpy(form + DATE_LEN + 1, clock.at, CLOCK_LEN);
    if (fraction > 0) {
        size_t digits = fraction - 1 < 9 ? fraction - 1 : 9;

        form[n++] = '.';
        memcpy(form + n, tail.at + 1, digits);
        n += digits;
    }
    memcpy(form + n, tail.at + fraction, tail.len - fraction);
    n += tail.len - fraction;
    if (tail.len == fraction && american)
        form[n++] = 'Z';
    return lw_time_read((struct lw_str){form, n}, zone, time);
}

/* A stamp whose first colon of the clock is at `colon`. */
static bool stamp_at(struct lw_str text, size_t colon, const struct lw_zone *zone, struct lw_log_stamp *stamp)
{
    size_t clock = colon - 2, date, fraction;
    bool american;
    struct lw_str tail;

    if (colon < DATE_LEN + 3 || colon + 6 > text.len || !has_form(text.at + clock, "00:00:00"))
        return false;
    date = clock - 1 - DATE_LEN;
    if (strchr(" T:", text.at[clock - 1]) == NULL || text.at[clock - 1] == '\0')
        return false;
    american = has_form(text.at + date, "00/00/0000");
    if ((!american && !has_form(text.at + date, "0000-00-00")) || (date > 0 && is_digit(text.at[date - 1])))
        return false;
    tail.at = text.at + clock + CLOCK_LEN;
    tail.len = tail_length(text, clock + CLOCK_LEN, &fraction);
    stamp->to = clock + CLOCK_LEN + tail.len;
    stamp->from = date > 0 && text.at[date - 1] == '[' ? date - 1 : date;
    stamp->whole_second = fraction == 0;
    stamp->phase = (struct lw_str){NULL, 0};
    if (tail.len == 0 && !american && text.at[clock - 1] == ' ')
        stamp->phase = phase_of(text, stamp->to);
    if (stamp->phase.len > 0) {
        stamp->to += 1 + stamp->phase.len + 3;
        zone = NULL;
    }
    return read_time((struct lw_str){text.at + date, DATE_LEN}, american, (struct lw_str){text.at + clock, CLOCK_LEN},
                     tail, fraction, zone, &stamp->time);
}

bool lw_log_stamp_next(struct lw_str text, size_t from, const struct lw_zone *zone, struct lw_log_stamp *stamp)
{
    size_t at = from + DATE_LEN + 3;

    while (at < text.len) {
        const char *colon = memchr(text.at + at, ':', text.len - at);

        if (colon == NULL)
            return false;
        at = (size_t)(colon - text.at);
        if (stamp_at(text, at, zone, stamp) && stamp->from >= from)
            return true;
        at++;
    }
    return false;
}
