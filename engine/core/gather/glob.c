#include "engine/core/gather/glob.h"

#include <stdint.h>

/* The length of the set that begins at `at` ('['), or 0 when it has no end. A ']' that comes first is a member. */
static size_t set_length(struct lw_str pattern, size_t at)
{
    size_t i = at + 1;

    if (i < pattern.len && (pattern.at[i] == '!' || pattern.at[i] == '^'))
        i++;
    if (i < pattern.len && pattern.at[i] == ']')
        i++;
    while (i < pattern.len && pattern.at[i] != ']')
        i++;
    return i < pattern.len ? i + 1 - at : 0;
}

static bool set_has(const char *set, size_t length, char c)
{
    size_t i = 1, end = length - 1;
    bool inverted = set[i] == '!' || set[i] == '^', found = false;
    unsigned char byte = (unsigned char)c;

    for (i += inverted; i < end; i++) {
        unsigned char low = (unsigned char)set[i], high = low;

        if (i + 2 < end && set[i + 1] == '-') {
            high = (unsigned char)set[i + 2];
            i += 2;
        }
        found = found || (byte >= low && byte <= high);
    }
    return found != inverted;
}

/* Whether one item of the pattern (not '*') takes the byte; `length` is how long the item is. */
static bool item_matches(struct lw_str pattern, size_t at, char c, size_t *length)
{
    size_t set;

    *length = 1;
    if (pattern.at[at] == '?')
        return true;
    if (pattern.at[at] == '\\' && at + 1 < pattern.len) {
        *length = 2;
        return pattern.at[at + 1] == c;
    }
    set = pattern.at[at] == '[' ? set_length(pattern, at) : 0;
    if (set == 0)
        return pattern.at[at] == c;
    *length = set;
    return set_has(pattern.at + at, set, c);
}

/* After a mismatch only the last star needs to be tried again, with one byte more. */
bool lw_glob_match(struct lw_str pattern, struct lw_str text)
{
    size_t p = 0, t = 0, star = SIZE_MAX, tried = 0, length;

    while (t < text.len) {
        if (p < pattern.len && pattern.at[p] == '*') {
            star = ++p;
            tried = t;
        } else if (p < pattern.len && item_matches(pattern, p, text.at[t], &length)) {
            p += length;
            t++;
        } else if (star != SIZE_MAX) {
            p = star;
            t = ++tried;
        } else {
            return false;
        }
    }
    while (p < pattern.len && pattern.at[p] == '*')
        p++;
    return p == pattern.len;
}
