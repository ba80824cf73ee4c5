#include "engine/base/zone.h"

#include "engine/base/buf.h"
#include "engine/base/fault.h"

#include <stdio.h>
#include <stdlib.h>

#define DIRECTORY   "/usr/share/zoneinfo/"
#define NAME_MOST   64
#define FILE_MOST   ((size_t)1 << 20)
#define OFFSET_MOST ((int64_t)26 * 3600) /* RFC 8536 section 3.2: between -25 h and +26 h */
/* Changes of a file lie between the instant that zic writes for "always" (-2^59) and far beyond the year 9999. */
#define EARLIEST    (-((int64_t)1 << 59))
#define LATEST      ((int64_t)1 << 50)
#define CYCLE_YEARS 400 /* the calendar, weekdays included, repeats */
#define CYCLE       ((int64_t)146097 * 86400)

/* From `at` (UTC seconds) on, local time is UTC + offset. The first one holds from the beginning of time. */
struct change {
    int64_t at;
    int32_t offset;
};

struct lw_zone {
    size_t n;    /* at least 1, ascending */
    bool cyclic; /* what comes after the last change repeats what was one cycle before it */
    struct change changes[];
};

int64_t lw_zone_days(struct lw_date date)
{
    int64_t year = date.year - (date.month <= 2);
    int64_t era = (year >= 0 ? year : year - 399) / 400;
    int64_t of_era = year - era * 400;
    int64_t of_year = (153 * (date.month > 2 ? date.month - 3 : date.month + 9) + 2) / 5 + date.day - 1;

    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

struct lw_date lw_zone_date(int64_t days)
{
    int64_t shifted = days + 719468;
    int64_t era = (shifted >= 0 ? shifted : shifted - 146096) / 146097;
    int64_t of_era = shifted - era * 146097;
    int64_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    int64_t of_year = of_era - (365 * year + year / 4 - year / 100);
    int month = (int)((5 * of_year + 2) / 153);
    int day = (int)(of_year - (153 * month + 2) / 5 + 1);

    month = month < 10 ? month + 3 : month - 9;
    return (struct lw_date){.year = year + era * 400 + (month <= 2), .month = month, .day = day};
}

/* Index of the change in force at `utc`. */
static size_t in_force(const struct lw_zone *zone, int64_t utc)
{
    size_t low = 0;
    size_t high = zone->n;

    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;

        if (zone->changes[middle].at <= utc)
            low = middle;
        else
            high = middle;
    }
    return low;
}

int64_t lw_zone_utc(const struct lw_zone *zone, int64_t local)
{
    int64_t moved = 0;

    if (zone == NULL)
        return local;
    if (zone->cyclic) {
        int64_t end = zone->changes[zone->n - 1].at - OFFSET_MOST;

        if (local >= end)
            moved = (local - end) / CYCLE * CYCLE + CYCLE;
        local -= moved;
    }
    /* The stretches in order, from one that is surely early enough; the first that has this local time gives the earlier
       of two. When the next one begins only after it, the clocks skipped it, and the old offset moves it forward. */
    for (size_t i = in_force(zone, local - OFFSET_MOST);; i++) {
        int64_t utc = local - zone->changes[i].offset;

        if (i + 1 == zone->n || utc < zone->changes[i + 1].at ||
            local - zone->changes[i + 1].offset < zone->changes[i + 1].at)
            return utc + moved;
    }
}

int64_t lw_zone_local(const struct lw_zone *zone, int64_t utc)
{
    int64_t moved = 0;

    if (zone == NULL)
        return utc;
    if (zone->cyclic) {
        int64_t end = zone->changes[zone->n - 1].at;

        if (utc >= end)
            moved = (utc - end) / CYCLE * CYCLE + CYCLE;
    }
    return utc + zone->changes[in_force(zone, utc - moved)].offset;
}

/* ---- the rule of the footer, as in the environment variable TZ (POSIX.1-2017 section 8.3, RFC 8536 section 3.3) ---- */

struct rule_day {
    char kind; /* 'M' month, week, day; 'J' 1..365 without 29 February; '0' 0..365 with it */
    int month;
    int week;
    int day;
    int32_t time; /* local seconds after midnight of the day, may be negative or more than a day */
};

struct rule {
    int32_t standard; /* seconds east of UTC */
    int32_t summer;
    bool has_summer;
    struct rule_day start;
    struct rule_day end;
};

static bool read_number(const char **at, int most, int *out)
{
    const char *p = *at;
    int value = 0;

    if (*p < '0' || *p > '9')
        return false;
    for (; *p >= '0' && *p <= '9'; p++) {
        value = value * 10 + (*p - '0');
        if (value > most)
            return false;
    }
    *at = p;
    *out = value;
    return true;
}

/* [+-]h[h[h]][:mm[:ss]] in seconds. The time of a change may be days away (up to 167 hours), an offset may not. */
static bool read_hours(const char **at, int most, int32_t *out)
{
    int sign = **at == '-' ? -1 : 1;
    int part[3] = {0};

    if (**at == '-' || **at == '+')
        (*at)++;
    if (!read_number(at, most, &part[0]))
        return false;
    for (int i = 1; i < 3 && **at == ':'; i++) {
        (*at)++;
        if (!read_number(at, 59, &part[i]))
            return false;
    }
    *out = sign * (part[0] * 3600 + part[1] * 60 + part[2]);
    return true;
}

static bool skip_zone_name(const char **at)
{
    const char *start = *at;

    if (**at == '<') {
        while (**at != '\0' && **at != '>')
            (*at)++;
        return *(*at)++ == '>';
    }
    while ((**at >= 'A' && **at <= 'Z') || (**at >= 'a' && **at <= 'z'))
        (*at)++;
    return *at - start >= 3;
}

static bool read_rule_day(const char **at, struct rule_day *day)
{
    bool good;

    if (*(*at)++ != ',')
        return false;
    *day = (struct rule_day){.kind = '0', .time = 7200};
    if (**at == 'M' || **at == 'J')
        day->kind = *(*at)++;
    if (day->kind == 'M')
        good = read_number(at, 12, &day->month) && day->month >= 1 && *(*at)++ == '.' &&
               read_number(at, 5, &day->week) && day->week >= 1 && *(*at)++ == '.' && read_number(at, 6, &day->day);
    else
        good = read_number(at, 365, &day->day) && (day->kind == '0' || day->day >= 1);
    if (good && **at == '/') {
        (*at)++;
        good = read_hours(at, 167, &day->time);
    }
    return good;
}

/* The sign of POSIX counts westwards; ours eastwards, as everywhere else. */
static bool read_rule(const char *at, struct rule *rule)
{
    int32_t west;

    *rule = (struct rule){0};
    if (!skip_zone_name(&at) || !read_hours(&at, 24, &west))
        return false;
    rule->standard = -west;
    if (*at == '\0')
        return true;
    rule->has_summer = true;
    rule->summer = rule->standard + 3600;
    if (!skip_zone_name(&at))
        return false;
    if (*at != ',' && *at != '\0') {
        if (!read_hours(&at, 24, &west))
            return false;
        rule->summer = -west;
    }
    return read_rule_day(&at, &rule->start) && read_rule_day(&at, &rule->end) && *at == '\0';
}

/* Local seconds at which the rule's day strikes in a year. */
static int64_t rule_local(const struct rule_day *day, int64_t year)
{
    struct lw_date first = {.year = year, .month = day->kind == 'M' ? day->month : 1, .day = 1};
    int64_t days = lw_zone_days(first);
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

    if (day->kind == 'M') {
        struct lw_date next = {.year = year + day->month / 12, .month = day->month % 12 + 1, .day = 1};
        int64_t weekday = ((days + 4) % 7 + 7) % 7; /* 1970-01-01 was a Thursday */

        days += (day->day - weekday + 7) % 7 + (int64_t)7 * (day->week - 1);
        if (days >= lw_zone_days(next))
            days -= 7; /* week 5 means the last */
    } else if (day->kind == 'J') {
        days += day->day - 1 + (leap && day->day >= 60);
    } else {
        days += day->day;
    }
    return days * 86400 + day->time;
}

static void append(struct lw_zone *zone, int64_t at, int32_t offset)
{
    if (at > zone->changes[zone->n - 1].at)
        zone->changes[zone->n++] = (struct change){.at = at, .offset = offset};
}

/* Spells the rule out for a whole cycle of the calendar after the last change of the file, so that the search needs to
   know of nothing but changes. */
#define SPELT_YEARS (CYCLE_YEARS + 4)
static void append_rule(struct lw_zone *zone, const struct rule *rule)
{
    int64_t last = zone->changes[zone->n - 1].at;
    int64_t year = zone->n > 1 ? lw_zone_date(last / 86400).year : 1970;

    if (!rule->has_summer) {
        if (zone->changes[zone->n - 1].offset != rule->standard)
            append(zone, last + 1, rule->standard);
        return;
    }
    for (int64_t i = 0; i < SPELT_YEARS; i++) {
        int64_t start = rule_local(&rule->start, year + i) - rule->standard;
        int64_t end = rule_local(&rule->end, year + i) - rule->summer;

        if (start < end) {
            append(zone, start, rule->summer);
            append(zone, end, rule->standard);
        } else {
            append(zone, end, rule->standard);
            append(zone, start, rule->summer);
        }
    }
    zone->cyclic = true;
}

/* ---- the file (RFC 8536) ---- */

struct header {
    unsigned char version;
    uint32_t isut;
    uint32_t isstd;
    uint32_t leap;
    uint32_t times;
    uint32_t types;
    uint32_t letters;
};

static uint64_t big_endian(const unsigned char *at, unsigned n)
{
    uint64_t value = 0;

    for (unsigned i = 0; i < n; i++)
        value = value << 8 | at[i];
    return value;
}

/* Reads the header at *at and moves behind it; the bytes of its data block, or 0 when it does not fit into the file. */
static size_t read_header(const unsigned char **at, const unsigned char *end, unsigned wide, struct header *header)
{
    const unsigned char *p = *at;
    uint32_t *const counts[] = {&header->isut,  &header->isstd, &header->leap,
                                &header->times, &header->types, &header->letters};
    size_t size;

    if (end - p < 44 || memcmp(p, "TZif", 4) != 0)
        return 0;
    header->version = p[4];
    for (unsigned i = 0; i < 6; i++) {
        *counts[i] = (uint32_t)big_endian(p + 20 + (size_t)4 * i, 4);
        if (*counts[i] > FILE_MOST)
            return 0;
    }
    *at = p + 44;
    size = (size_t)header->times * (wide + 1) + (size_t)header->types * 6 + header->letters +
           (size_t)header->leap * (wide + 4) + header->isstd + header->isut;
    return header->types > 0 && size <= (size_t)(end - *at) ? size : 0;
}

/* The changes of the second data block, and then those of the footer's rule. */
static bool fill(struct lw_zone *zone, const struct header *header, const unsigned char *block, size_t size,
                 const unsigned char *end)
{
    const unsigned char *which = block + (size_t)header->times * 8;
    const unsigned char *types = which + header->times;
    const unsigned char *footer = block + size;
    const unsigned char *line_end;
    char text[128];
    struct rule rule;

    zone->changes[0] = (struct change){.at = INT64_MIN, .offset = (int32_t)big_endian(types, 4)};
    zone->n = 1;
    for (uint32_t i = 0; i < header->times; i++) {
        int64_t at = (int64_t)big_endian(block + (size_t)i * 8, 8);

        if (at < EARLIEST || at > LATEST || which[i] >= header->types || (i > 0 && at <= zone->changes[zone->n - 1].at))
            return false;
        append(zone, at, (int32_t)big_endian(types + (size_t)which[i] * 6, 4));
    }
    for (size_t i = 0; i < zone->n; i++) {
        if (zone->changes[i].offset < -OFFSET_MOST || zone->changes[i].offset > OFFSET_MOST)
            return false;
    }
    if (end - footer < 2 || footer[0] != '\n')
        return false;
    line_end = memchr(footer + 1, '\n', (size_t)(end - footer - 1));
    if (line_end == NULL || (size_t)(line_end - footer) > sizeof(text))
        return false;
    memcpy(text, footer + 1, (size_t)(line_end - footer - 1));
    text[line_end - footer - 1] = '\0';
    if (text[0] != '\0') {
        if (!read_rule(text, &rule))
            return false;
        append_rule(zone, &rule);
    }
    return true;
}

static enum lw_err parse_file(const struct lw_buf *file, struct lw_str name, struct lw_zone **out,
                              struct lw_fault *fault)
{
    const unsigned char *at = (const unsigned char *)file->at;
    const unsigned char *end = at + file->len;
    struct header header;
    struct lw_zone *zone = NULL;
    size_t size = read_header(&at, end, 4, &header);

    if (size > 0 && header.version >= '2') {
        at += size;
        size = read_header(&at, end, 8, &header);
    } else {
        size = 0;
    }
    if (size > 0) {
        zone = calloc(1, sizeof(*zone) + (header.times + 2 * SPELT_YEARS + 2) * sizeof(struct change));
        if (zone == NULL)
            return lw_fault_memory(fault, "a time zone");
    }
    if (zone == NULL || !fill(zone, &header, at, size, end)) {
        free(zone);
        return lw_fault_set(fault, LW_ERR_USAGE, "%s%.*s is not a usable zone file: give an offset such as +02:00",
                            DIRECTORY, (int)name.len, name.at);
    }
    *out = zone;
    return LW_ERR_OK;
}

static enum lw_err read_whole(FILE *file, struct lw_buf *buf, struct lw_fault *fault)
{
    for (;;) {
        char *room = lw_buf_reserve(buf, 4096);
        size_t got;

        if (room == NULL)
            return buf->error == LW_ERR_NOMEM ? lw_fault_memory(fault, "a time zone") : LW_ERR_OK;
        got = fread(room, 1, 4096, file);
        buf->len += got;
        if (got == 0)
            return LW_ERR_OK;
    }
}

static enum lw_err open_file(struct lw_zone **out, struct lw_str name, struct lw_fault *fault)
{
    char path[sizeof(DIRECTORY) + NAME_MOST + 1];
    struct lw_buf content = {.ceiling = FILE_MOST};
    FILE *file;
    enum lw_err err;

    snprintf(path, sizeof(path), "%s%.*s", DIRECTORY, (int)name.len, name.at);
    file = fopen(path, "rb");
    if (file == NULL) {
        FILE *known = fopen(DIRECTORY "UTC", "rb");

        if (known == NULL)
            return lw_fault_set(fault, LW_ERR_USAGE,
                                "the time zone database is missing: install tzdata or give an offset such as +02:00");
        fclose(known);
        return lw_fault_set(
            fault, LW_ERR_USAGE,
            "unknown time zone %.*s: give UTC, an offset such as +02:00, or a name such as Europe/Berlin",
            (int)name.len, name.at);
    }
    err = read_whole(file, &content, fault);
    fclose(file);
    if (err == LW_ERR_OK)
        err = parse_file(&content, name, out, fault);
    lw_buf_close(&content);
    return err;
}

/* "+02:00", "-0530", "+02"; hours up to 23. */
static bool read_offset(struct lw_str name, int32_t *seconds)
{
    int digit[4] = {0};
    unsigned n = 0;

    if (name.len < 3 || (name.at[0] != '+' && name.at[0] != '-'))
        return false;
    for (size_t i = 1; i < name.len; i++) {
        if (i == 3 && name.at[i] == ':' && name.len == 6)
            continue;
        if (name.at[i] < '0' || name.at[i] > '9' || n == 4)
            return false;
        digit[n++] = name.at[i] - '0';
    }
    if ((n != 2 && n != 4) || digit[0] * 10 + digit[1] > 23 || digit[2] > 5)
        return false;
    *seconds = (digit[0] * 10 + digit[1]) * 3600 + (digit[2] * 10 + digit[3]) * 60;
    if (name.at[0] == '-')
        *seconds = -*seconds;
    return true;
}

/* What may be part of a path below the database: nothing that leads out of it, and no hidden files. */
static bool is_zone_name(struct lw_str name)
{
    char before = '/';

    if (name.len == 0 || name.len > NAME_MOST)
        return false;
    for (size_t i = 0; i < name.len; i++) {
        char c = name.at[i];
        bool letter = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
        bool other = (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '+' || c == '/';

        if (!letter && (!other || before == '/'))
            return false;
        before = c;
    }
    return before != '/';
}

enum lw_err lw_zone_open(struct lw_zone **out, struct lw_str name, struct lw_fault *fault)
{
    int32_t seconds = 0;
    struct lw_zone *zone;

    if (!lw_str_equal(name, LW_STR("UTC")) && !lw_str_equal(name, LW_STR("Z")) && !read_offset(name, &seconds)) {
        if (is_zone_name(name))
            return open_file(out, name, fault);
        return lw_fault_set(fault, LW_ERR_USAGE,
                            "not a time zone: give UTC, an offset such as +02:00, or a name such as Europe/Berlin");
    }
    zone = calloc(1, sizeof(*zone) + sizeof(struct change));
    if (zone == NULL)
        return lw_fault_memory(fault, "a time zone");
    zone->n = 1;
    zone->changes[0] = (struct change){.at = INT64_MIN, .offset = seconds};
    *out = zone;
    return LW_ERR_OK;
}

void lw_zone_close(struct lw_zone *zone)
{
    free(zone);
}
