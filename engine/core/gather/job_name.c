#include "engine/core/gather/job_name.h"

#include <stdint.h>

/* Patterns of endings, matched from the back. 9: digit, x: hexadecimal digit of either case, Y M D h m s: digits
   of a stamp; everything else is itself, `-` also an underscore. */
enum ending { ENDING_STAMP, ENDING_EPOCH, ENDING_HASH, ENDING_TRIAL };

static const struct {
    const char *pattern;
    enum ending ending;
} endings[] = {
    {"-YYYY-MM-DD-hh-mm-ss-999", ENDING_STAMP},
    {"-YYYY-MM-DD-hh-mm-ss-99", ENDING_STAMP},
    {"-YYYY-MM-DD-hh-mm-ss-9", ENDING_STAMP},
    {"-YYYY-MM-DD-hh-mm-ss", ENDING_STAMP},
    {"-YYYY-MM-DD-hh-mm", ENDING_STAMP},
    {"-YYYYMMDD-hhmmss", ENDING_STAMP},
    {"-YYYYMMDDThhmmss", ENDING_STAMP},
    {"-YYYYMMDDThhmmssZ", ENDING_STAMP},
    {"-YYYYMMDDhhmmss", ENDING_STAMP},
    {"-YYYYMMDD-hhmm", ENDING_STAMP},
    {"-YYMMDD-hhmm", ENDING_STAMP},
    {"-9999999999-xxxx", ENDING_EPOCH},
    {"-9999999999999", ENDING_EPOCH},
    {"-9999999999", ENDING_EPOCH},
    {"-xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx", ENDING_HASH},
    {"-999-xxxxxxxx", ENDING_TRIAL},
    {"-YYYY-MM-DD", ENDING_STAMP},
    {"-YYYYMMDD", ENDING_STAMP},
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_small(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'z');
}

static bool is_hex(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static bool fits(char pattern, char c)
{
    switch (pattern) {
    case '9':
    case 'Y':
    case 'M':
    case 'D':
    case 'h':
    case 'm':
    case 's':
        return is_digit(c);
    case 'x':
        return is_hex(c);
    case '-':
        return c == '-' || c == '_';
    }
    return c == pattern;
}

static bool ends_with(struct lw_str name, struct lw_str pattern)
{
    if (name.len <= pattern.len)
        return false;
    for (size_t i = 0; i < pattern.len; i++)
        if (!fits(pattern.at[i], name.at[name.len - pattern.len + i]))
            return false;
    return true;
}

/* The number of the digits under one letter of the pattern; `missing` when the pattern has none. */
static int64_t field(struct lw_str tail, struct lw_str pattern, char letter, int64_t missing)
{
    int64_t number = 0;
    bool found = false;

    for (size_t i = 0; i < pattern.len; i++) {
        if (pattern.at[i] == letter) {
            number = number * 10 + (tail.at[i] - '0');
            found = true;
        }
    }
    return found ? number : missing;
}

/* Days since 1970-01-01 of a date of the Gregorian calendar (H. Hinnant, "chrono-compatible low-level date algorithms"),
   for years from 2000 on. */
static int64_t days_of(int64_t year, int64_t month, int64_t day)
{
    int64_t y = month <= 2 ? year - 1 : year;
    int64_t era = y / 400, of_era = y - era * 400;
    int64_t of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;

    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static int64_t days_in(int64_t year, int64_t month)
{
    static const int8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

    return days[month - 1] + (month == 2 && leap);
}

static size_t trailing(struct lw_str text, char c)
{
    size_t n = 0;

    while (n < text.len && text.at[text.len - 1 - n] == c)
        n++;
    return n;
}

static bool stamp_of(struct lw_str tail, struct lw_str pattern, lw_time *made)
{
    int64_t year = field(tail, pattern, 'Y', 0), month = field(tail, pattern, 'M', 0);
    int64_t day = field(tail, pattern, 'D', 0), hour = field(tail, pattern, 'h', 0);
    int64_t minute = field(tail, pattern, 'm', 0), second = field(tail, pattern, 's', 0);
    int64_t millis = field(tail, pattern, '9', 0);

    if (year < 100)
        year += 2000;
    if (year < 2000 || year > 2099 || month < 1 || month > 12 || day < 1 || day > days_in(year, month) || hour > 23 ||
        minute > 59 || second > 60)
        return false;
    /* The SDK writes the first digits of a fraction, up to three: .05 is "05" and means 50 ms. */
    for (size_t digits = trailing(pattern, '9'); digits > 0 && digits < 3; digits++)
        millis *= 10;
    made->ms = days_of(year, month, day) * LW_DAY + hour * LW_HOUR + minute * LW_MINUTE + second * LW_SECOND + millis;
    return true;
}

/* 2001-09-09 to 2033-05-18 are the ten-digit numbers of seconds that begin with 1, and the thirteen-digit ones of
   milliseconds. */
static bool epoch_of(struct lw_str tail, lw_time *made)
{
    int64_t number = 0;
    size_t digits = 1;

    if (tail.at[1] != '1')
        return false;
    for (; digits < tail.len && is_digit(tail.at[digits]); digits++)
        number = number * 10 + (tail.at[digits] - '0');
    made->ms = digits - 1 == 13 ? number : number * LW_SECOND;
    return true;
}

/* `-001-20240607` is a date rather than the hash of a trial. */
static bool trial_hash(struct lw_str tail)
{
    struct lw_str hash = {tail.at + tail.len - 8, 8};
    lw_time made;

    for (size_t i = 0; i < hash.len; i++)
        if (!is_digit(hash.at[i]))
            return true;
    return !stamp_of(hash, LW_STR("YYYYMMDD"), &made);
}

static struct lw_str head(struct lw_str name, size_t tail)
{
    return (struct lw_str){name.at, name.len - tail};
}

/* Takes one ending off. false when there is none. */
static bool strip(struct lw_str name, struct lw_job_name *out)
{
    for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++) {
        struct lw_str pattern = lw_str_from(endings[i].pattern);
        struct lw_str tail;
        bool ok = true;

        if (!ends_with(name, pattern))
            continue;
        tail = (struct lw_str){name.at + name.len - pattern.len, pattern.len};
        switch (endings[i].ending) {
        case ENDING_STAMP:
            ok = out->has_made = stamp_of(tail, pattern, &out->made);
            break;
        case ENDING_EPOCH:
            ok = out->has_made = epoch_of(tail, &out->made);
            break;
        case ENDING_HASH:
            break;
        case ENDING_TRIAL:
            ok = trial_hash(tail);
            if (ok)
                out->tuning_job = head(name, tail.len);
            break;
        }
        if (!ok)
            continue;
        out->model = head(name, tail.len);
        return true;
    }
    return false;
}

/* `-2` .. `-99` at the end, without a leading zero; 0 when there is none. */
static size_t counter(struct lw_str name)
{
    size_t digits = 0;

    while (digits < name.len && is_digit(name.at[name.len - 1 - digits]))
        digits++;
    if (digits < 1 || digits > 2 || digits + 1 >= name.len || name.at[name.len - digits - 1] != '-' ||
        name.at[name.len - digits] == '0' || (digits == 1 && name.at[name.len - 1] == '1'))
        return 0;
    return digits + 1;
}

#define EXECUTION 12
#define SUFFIX    10

static bool pipeline(struct lw_str name, struct lw_job_name *out)
{
    struct lw_str prefix = LW_STR("pipelines-");
    size_t step = prefix.len + EXECUTION + 1, suffix = name.len - SUFFIX;

    if (name.len < step + 1 + 1 + SUFFIX || !lw_str_equal((struct lw_str){name.at, prefix.len}, prefix) ||
        name.at[step - 1] != '-' || name.at[suffix - 1] != '-')
        return false;
    for (size_t i = prefix.len; i < step - 1; i++)
        if (!is_small(name.at[i]))
            return false;
    for (size_t i = suffix; i < name.len; i++)
        if (!is_digit(name.at[i]) && !(name.at[i] >= 'A' && name.at[i] <= 'Z') &&
            !(name.at[i] >= 'a' && name.at[i] <= 'z'))
            return false;
    out->pipeline_id = (struct lw_str){name.at + prefix.len, EXECUTION};
    out->model = (struct lw_str){name.at + step, suffix - 1 - step};
    return true;
}

struct lw_job_name lw_job_name_read(struct lw_str name)
{
    struct lw_job_name job = {.model = name};
    size_t count = counter(name);

    if (pipeline(name, &job))
        return job;
    /* The milliseconds of a stamp look like a counter, so the stamp with them is tried first. */
    if (!strip(name, &job) && count > 0)
        (void)strip(head(name, count), &job);
    if (job.model.at != name.at || job.model.len == name.len)
        job.model = name;
    if (job.tuning_job.len > 0) {
        struct lw_job_name tuning = {.model = job.tuning_job};

        if (strip(job.tuning_job, &tuning) && tuning.tuning_job.len == 0) {
            job.model = tuning.model;
            job.made = tuning.made;
            job.has_made = tuning.has_made;
        }
    }
    return job;
}
