#include "engine/flow/turn/numbers.h"

/* One number at the start of the text, which is moved behind it. */
static bool read_one(struct lw_str *text, int64_t *number)
{
    bool negative = text->len > 0 && text->at[0] == '-';
    size_t at = negative;
    int64_t value = 0;

    if (at == text->len)
        return false;
    for (; at < text->len && text->at[at] != ' '; at++) {
        int digit = text->at[at] - '0';

        /* Negative all along: the least number has no positive twin. */
        if (digit < 0 || digit > 9 || __builtin_mul_overflow(value, 10, &value) ||
            __builtin_sub_overflow(value, digit, &value))
            return false;
    }
    if (at == (size_t)negative || (!negative && value == INT64_MIN))
        return false;
    *number = negative ? value : -value;
    text->at += at;
    text->len -= at;
    return true;
}

bool lw_numbers_read(struct lw_str text, int64_t *numbers, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (i > 0) {
            if (text.len == 0 || text.at[0] != ' ')
                return false;
            text.at++;
            text.len--;
        }
        if (!read_one(&text, &numbers[i]))
            return false;
    }
    return text.len == 0;
}
