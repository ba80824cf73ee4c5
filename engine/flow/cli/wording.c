#include "engine/flow/cli/wording.h"

#include "engine/base/scan/scan.h"
#include "engine/base/time_text.h"

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

struct lw_str lw_wording_trim(struct lw_str text)
{
    while (text.len > 0 && is_blank(text.at[0])) {
        text.at++;
        text.len--;
    }
    while (text.len > 0 && is_blank(text.at[text.len - 1]))
        text.len--;
    return text;
}

/* Position of the first of `set`, or the length. */
static size_t first_of(struct lw_str text, const char *set)
{
    size_t i = 0;

    while (i < text.len && strchr(set, text.at[i]) == NULL)
        i++;
    return i;
}

static struct lw_str front(struct lw_str text, size_t n)
{
    return (struct lw_str){.at = text.at, .len = n};
}

static struct lw_str behind(struct lw_str text, size_t n)
{
    if (n >= text.len)
        return (struct lw_str){.at = text.at + text.len, .len = 0};
    return (struct lw_str){.at = text.at + n, .len = text.len - n};
}

struct lw_str lw_wording_part(struct lw_str *rest)
{
    size_t comma = first_of(*rest, ",");
    struct lw_str part = front(*rest, comma);

    *rest = behind(*rest, comma + 1);
    return part;
}

size_t lw_wording_parts(struct lw_str text)
{
    size_t n = 1;

    for (size_t i = 0; i < text.len; i++)
        n += text.at[i] == ',';
    return n;
}

bool lw_wording_requirement(struct lw_str text, struct lw_requirement *requirement)
{
    size_t at = first_of(text, "<>");
    bool equal = at + 1 < text.len && text.at[at + 1] == '=';
    struct lw_str bound;
    lw_span span;

    if (at == text.len)
        return false;
    requirement->text = lw_wording_trim(text);
    requirement->series = lw_wording_trim(front(text, at));
    if (text.at[at] == '<')
        requirement->compare = equal ? LW_COMPARE_LE : LW_COMPARE_LT;
    else
        requirement->compare = equal ? LW_COMPARE_GE : LW_COMPARE_GT;
    bound = lw_wording_trim(behind(text, at + 1 + equal));
    if (requirement->series.len == 0)
        return false;
    if (lw_scan_decimal(bound, &requirement->bound))
        return true;
    if (!lw_str_equal(requirement->series, LW_STR("duration")) && !lw_str_equal(requirement->series, LW_STR("gap")))
        return false;
    if (!lw_span_read(bound, &span))
        return false;
    requirement->bound = (double)span.ms / 1000;
    return true;
}

bool lw_wording_price(struct lw_str text, struct lw_price *price)
{
    size_t at = first_of(text, "=");

    price->instance = lw_wording_trim(front(text, at));
    return at < text.len && price->instance.len > 0 &&
           lw_scan_decimal(lw_wording_trim(behind(text, at + 1)), &price->per_hour) && price->per_hour >= 0;
}

/* Takes a word off the front. */
static struct lw_str word(struct lw_str *rest)
{
    struct lw_str trimmed = lw_wording_trim(*rest);
    size_t n = first_of(trimmed, " \t");

    *rest = behind(trimmed, n);
    return front(trimmed, n);
}

bool lw_wording_budget(struct lw_str text, double *runs)
{
    size_t slash = first_of(text, "/");
    struct lw_str rest = text;
    double alarms;
    double per;

    if (slash < text.len) {
        if (!lw_scan_decimal(lw_wording_trim(front(text, slash)), &alarms))
            return false;
        rest = behind(text, slash + 1);
    } else if (!lw_scan_decimal(word(&rest), &alarms) || !lw_str_equal(word(&rest), LW_STR("per"))) {
        return false;
    }
    if (!lw_scan_decimal(word(&rest), &per) || alarms <= 0 || per <= 0)
        return false;
    rest = lw_wording_trim(rest);
    *runs = per / alarms;
    return rest.len == 0 || lw_str_equal(rest, LW_STR("runs")) || lw_str_equal(rest, LW_STR("run"));
}

/* "0.05" or "5%". */
static bool read_share(struct lw_str text, double *share)
{
    bool percent = text.len > 0 && text.at[text.len - 1] == '%';

    if (percent)
        text.len--;
    if (!lw_scan_decimal(lw_wording_trim(text), share) || *share < 0)
        return false;
    if (percent)
        *share /= 100;
    return *share < 1e6;
}

bool lw_wording_ignore(struct lw_str text, struct lw_ignore_below *ignore)
{
    struct lw_str rest = text;

    if (first_of(text, "=") == text.len)
        return read_share(lw_wording_trim(text), &ignore->rate);
    while (rest.len > 0) {
        struct lw_str part = lw_wording_part(&rest);
        size_t at = first_of(part, "=");
        struct lw_str key = lw_wording_trim(front(part, at));
        struct lw_str share = lw_wording_trim(behind(part, at + 1));
        bool read;

        if (lw_str_equal(key, LW_STR("metric")))
            read = read_share(share, &ignore->rate);
        else if (lw_str_equal(key, LW_STR("loss")))
            read = read_share(share, &ignore->loss);
        else if (lw_str_equal(key, LW_STR("duration")))
            read = read_share(share, &ignore->time);
        else
            return false;
        if (!read)
            return false;
    }
    return true;
}
