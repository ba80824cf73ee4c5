#include "engine/flow/config/cron.h"

#include "engine/base/fault.h"
#include "engine/flow/cli/wording.h"

#include <string.h>

#define DAY_SECONDS ((int64_t)86400)
#define DAYS_MOST                                                                                                      \
    ((int64_t)41 * 366) /* 29 February on one weekday: at most 40 years apart, across a year such as 2100 */

struct field {
    const char *name;
    unsigned least, most;
    const char *words; /* of three letters each; the first stands for `least` */
};

static const struct field fields[] = {
    {"minute", 0, 59, ""},
    {"hour", 0, 23, ""},
    {"day of the month", 1, 31, ""},
    {"month", 1, 12, "janfebmaraprmayjunjulaugsepoctnovdec"},
    {"day of the week", 0, 7, "sunmontuewedthufrisat"},
};

static const struct {
    struct lw_str name, text;
} shorthands[] = {
    {{"@hourly", 7}, {"0 * * * *", 9}},   {{"@daily", 6}, {"0 0 * * *", 9}},   {{"@midnight", 9}, {"0 0 * * *", 9}},
    {{"@weekly", 7}, {"0 0 * * 0", 9}},   {{"@monthly", 8}, {"0 0 1 * *", 9}}, {{"@yearly", 7}, {"0 0 1 1 *", 9}},
    {{"@annually", 9}, {"0 0 1 1 *", 9}},
};

static char lower(char c)
{
    return (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
}

/* A number of at most three digits, or a name. */
static bool read_one(struct lw_str *text, const struct field *field, unsigned *value)
{
    size_t n = 0;

    *value = 0;
    while (n < text->len && n < 3 && text->at[n] >= '0' && text->at[n] <= '9')
        *value = *value * 10 + (unsigned)(text->at[n++] - '0');
    if (n == 0 && text->len >= 3) {
        for (const char *word = field->words; *word != '\0' && n == 0; word += 3) {
            if (lower(text->at[0]) == word[0] && lower(text->at[1]) == word[1] && lower(text->at[2]) == word[2]) {
                *value = field->least + (unsigned)(word - field->words) / 3;
                n = 3;
            }
        }
    }
    text->at += n;
    text->len -= n;
    return n > 0 && *value >= field->least && *value <= field->most;
}

static bool take(struct lw_str *text, char c)
{
    if (text->len == 0 || text->at[0] != c)
        return false;
    text->at++;
    text->len--;
    return true;
}

/* "*", "5", "1-5", each with "/2". A step behind a single number is refused: some crons read it as "from there on". */
static bool read_range(struct lw_str text, const struct field *field, uint64_t *bits)
{
    static const struct field step_field = {"step", 1, 366, ""};
    unsigned first = field->least, last = field->most, step = 1;
    bool single = false;

    if (!take(&text, '*')) {
        if (!read_one(&text, field, &first))
            return false;
        last = first;
        single = !take(&text, '-');
        if (!single && (!read_one(&text, field, &last) || last < first))
            return false;
    }
    if (take(&text, '/') && (single || !read_one(&text, &step_field, &step)))
        return false;
    if (text.len > 0)
        return false;
    for (unsigned i = first; i <= last; i += step)
        *bits |= (uint64_t)1 << i;
    return true;
}

static bool read_field(struct lw_str text, const struct field *field, uint64_t *bits)
{
    *bits = 0;
    while (text.len > 0) {
        size_t before = text.len;
        struct lw_str part = lw_wording_part(&text);

        if (!read_range(part, field, bits) || (text.len == 0 && part.len + 1 == before))
            return false;
    }
    return *bits != 0;
}

static size_t split(struct lw_str text, struct lw_str parts[6])
{
    size_t n = 0;

    for (text = lw_wording_trim(text); text.len > 0 && n < 6; text = lw_wording_trim(text)) {
        size_t length = 0;

        while (length < text.len && text.at[length] != ' ' && text.at[length] != '\t')
            length++;
        parts[n++] = (struct lw_str){.at = text.at, .len = length};
        text.at += length;
        text.len -= length;
    }
    return n;
}

enum lw_err lw_cron_read(struct lw_str text, struct lw_cron *cron, struct lw_fault *fault)
{
    struct lw_str parts[6];
    uint64_t bits[5];
    struct lw_cron read;

    for (size_t i = 0; i < sizeof(shorthands) / sizeof(shorthands[0]); i++) {
        if (lw_str_equal(lw_wording_trim(text), shorthands[i].name))
            text = shorthands[i].text;
    }
    if (split(text, parts) != 5)
        return lw_fault_set(fault, LW_ERR_USAGE,
                            "write five fields as in '0 2 * * 1-5': minute, hour, day of the month, month, day of the "
                            "week");
    for (size_t i = 0; i < 5; i++) {
        if (!read_field(parts[i], &fields[i], &bits[i]))
            return lw_fault_set(fault, LW_ERR_USAGE,
                                "'%.*s' is no %s: write numbers from %u to %u as *, 5, 1-5, 1,3 or */15%s",
                                (int)(parts[i].len < 40 ? parts[i].len : 40), parts[i].at, fields[i].name,
                                fields[i].least, fields[i].most, fields[i].words[0] != '\0' ? ", or names" : "");
    }
    read = (struct lw_cron){
        .minutes = bits[0],
        .hours = (uint32_t)bits[1],
        .days = (uint32_t)bits[2],
        .months = (uint16_t)bits[3],
        .weekdays = (uint8_t)((bits[4] & 0x7fu) | (bits[4] >> 7 & 1u)),
        .any_day = parts[2].at[0] == '*',
        .any_weekday = parts[4].at[0] == '*',
        .any_hour = bits[1] == 0xffffffu,
    };
    if (lw_cron_next(&read, NULL, (lw_time){0}).ms == LW_TIME_MAX)
        return lw_fault_set(fault, LW_ERR_USAGE, "there is no such day in any year");
    *cron = read;
    return LW_ERR_OK;
}

static bool takes_day(const struct lw_cron *cron, int64_t day)
{
    struct lw_date date = lw_zone_date(day);
    unsigned weekday = (unsigned)(((day + 4) % 7 + 7) % 7); /* 1970-01-01 was a Thursday */
    bool by_day = (cron->days >> date.day & 1u) != 0;
    bool by_weekday = (cron->weekdays >> weekday & 1u) != 0;

    if ((cron->months >> date.month & 1u) == 0)
        return false;
    if (cron->any_day || cron->any_weekday)
        return by_day && by_weekday;
    return by_day || by_weekday;
}

static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

/* The first minute of a local day that lies behind `after`; INT64_MAX when none does. A skipped time may come behind a
   later one, so all are looked at. */
static int64_t next_of_day(const struct lw_cron *cron, const struct lw_zone *zone, int64_t day, int64_t after)
{
    int64_t best = INT64_MAX;

    for (unsigned hour = 0; hour < 24; hour++) {
        if ((cron->hours >> hour & 1u) == 0)
            continue;
        for (unsigned minute = 0; minute < 60; minute++) {
            int64_t at;

            if ((cron->minutes >> minute & 1u) == 0)
                continue;
            at = lw_zone_utc(zone, day * DAY_SECONDS + (int64_t)(hour * 60 + minute) * 60);
            if (at > after && at < best)
                best = at;
        }
    }
    return best;
}

/* With all hours named, the clock of the wall does not matter but for the day and the minute: the time is walked through
   as it passes, so that the hour that comes twice is walked through twice. */
static int64_t next_of_every_hour(const struct lw_cron *cron, const struct lw_zone *zone, int64_t after)
{
    int64_t end = after + DAYS_MOST * DAY_SECONDS;
    int64_t at = floor_div(after, 60) * 60 + 60;

    while (at < end) {
        int64_t local = lw_zone_local(zone, at);
        int64_t day = floor_div(local, DAY_SECONDS);
        unsigned minute = (unsigned)((local - day * DAY_SECONDS) / 60 % 60);

        if (!takes_day(cron, day)) {
            int64_t midnight = lw_zone_utc(zone, (day + 1) * DAY_SECONDS);

            at = midnight > at ? midnight : at + 60;
        } else if ((cron->minutes >> minute & 1u) != 0) {
            return at;
        } else {
            at += 60;
        }
    }
    return INT64_MAX;
}

lw_time lw_cron_next(const struct lw_cron *cron, const struct lw_zone *zone, lw_time after)
{
    int64_t seconds = floor_div(after.ms, 1000);
    int64_t first =
        floor_div(lw_zone_local(zone, seconds), DAY_SECONDS) - 1; /* what was skipped may come a day later */
    int64_t found = INT64_MAX;

    if (cron->any_hour) {
        found = next_of_every_hour(cron, zone, seconds);
    } else {
        for (int64_t day = first; day < first + DAYS_MOST && found == INT64_MAX; day++) {
            if (takes_day(cron, day))
                found = next_of_day(cron, zone, day, seconds);
        }
    }
    return (lw_time){found > LW_TIME_MAX / 1000 ? LW_TIME_MAX : found * 1000};
}
