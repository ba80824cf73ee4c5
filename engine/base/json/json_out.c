#include "engine/base/json/json_out.h"

#include "engine/base/time_text.h"
#include "engine/base/utf8.h"

#include <assert.h>

#define DEEPEST 63 /* `filled` has 64 bits, one per depth with the top */

static void line_break(struct lw_json_out *out)
{
    static const char blanks[] = "                ";

    lw_buf_char(out->buf, '\n');
    for (uint32_t left = 2 * out->depth; left > 0;) {
        uint32_t n = left < 16 ? left : 16;

        lw_buf_bytes(out->buf, blanks, n);
        left -= n;
    }
}

/* What stands before a member: a comma from the second on, and the line break when indenting. */
static void separate(struct lw_json_out *out)
{
    uint64_t bit = (uint64_t)1 << out->depth;

    if (out->filled & bit)
        lw_buf_char(out->buf, ',');
    out->filled |= bit;
    if (out->indent && out->depth > 0)
        line_break(out);
}

/* A value after a key has been separated already: the key leaves a mark, the highest bit, that the value takes away. */
#define AFTER_KEY ((uint64_t)1 << 63)

static void begin_value(struct lw_json_out *out)
{
    if (out->filled & AFTER_KEY)
        out->filled &= ~AFTER_KEY;
    else if (out->depth > 0)
        separate(out);
}

static void open_container(struct lw_json_out *out, char bracket)
{
    begin_value(out);
    lw_buf_char(out->buf, bracket);
    out->depth++;
    assert(out->depth < DEEPEST);
    out->filled &= ~((uint64_t)1 << out->depth);
}

static void close_container(struct lw_json_out *out, char bracket)
{
    bool filled = (out->filled >> out->depth & 1) != 0;

    assert(out->depth > 0 && (out->filled & AFTER_KEY) == 0);
    out->depth--;
    if (filled && out->indent)
        line_break(out);
    lw_buf_char(out->buf, bracket);
}

void lw_json_object(struct lw_json_out *out)
{
    open_container(out, '{');
}

void lw_json_object_end(struct lw_json_out *out)
{
    close_container(out, '}');
}

void lw_json_array(struct lw_json_out *out)
{
    open_container(out, '[');
}

void lw_json_array_end(struct lw_json_out *out)
{
    close_container(out, ']');
}

static void escape(struct lw_buf *buf, unsigned char c)
{
    static const char hex[] = "0123456789abcdef";
    static const char names[] = "btn?fr"; /* 8, 9, 10, 12, 13 */
    char text[6] = {'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]};

    if (c == '"' || c == '\\') {
        text[1] = (char)c;
        lw_buf_bytes(buf, text, 2);
    } else if (c >= 8 && c <= 13 && c != 11) {
        text[1] = names[c - 8];
        lw_buf_bytes(buf, text, 2);
    } else {
        lw_buf_bytes(buf, text, 6);
    }
}

static void quoted(struct lw_buf *buf, struct lw_str text)
{
    const unsigned char *at = (const unsigned char *)text.at;
    size_t plain = 0; /* where the stretch begins that can be copied as it is */
    size_t i = 0;

    lw_buf_char(buf, '"');
    while (i < text.len) {
        size_t n = lw_utf8_character(at + i, text.len - i);
        bool bad = n == 0;

        if (!bad && at[i] >= 0x20 && at[i] != '"' && at[i] != '\\' && at[i] != 0x7f) {
            i += n;
            continue;
        }
        lw_buf_bytes(buf, at + plain, i - plain);
        if (bad)
            lw_buf_text(buf, "\xef\xbf\xbd");
        else
            escape(buf, at[i]);
        plain = ++i;
    }
    if (plain < text.len)
        lw_buf_bytes(buf, at + plain, text.len - plain);
    lw_buf_char(buf, '"');
}

void lw_json_key_str(struct lw_json_out *out, struct lw_str key)
{
    assert(out->depth > 0 && (out->filled & AFTER_KEY) == 0);
    separate(out);
    quoted(out->buf, key);
    lw_buf_bytes(out->buf, ": ", out->indent ? 2 : 1);
    out->filled |= AFTER_KEY;
}

void lw_json_key(struct lw_json_out *out, const char *key)
{
    lw_json_key_str(out, lw_str_from(key));
}

void lw_json_str(struct lw_json_out *out, struct lw_str text)
{
    begin_value(out);
    quoted(out->buf, text);
}

void lw_json_text(struct lw_json_out *out, const char *terminated)
{
    lw_json_str(out, lw_str_from(terminated));
}

void lw_json_bool(struct lw_json_out *out, bool value)
{
    begin_value(out);
    lw_buf_text(out->buf, value ? "true" : "false");
}

void lw_json_uint(struct lw_json_out *out, uint64_t value)
{
    char text[20];
    size_t at = sizeof(text);

    begin_value(out);
    do {
        text[--at] = (char)('0' + value % 10);
        value /= 10;
    } while (value > 0);
    lw_buf_bytes(out->buf, text + at, sizeof(text) - at);
}

void lw_json_int(struct lw_json_out *out, int64_t value)
{
    if (value >= 0) {
        lw_json_uint(out, (uint64_t)value);
        return;
    }
    begin_value(out);
    lw_buf_format(out->buf, "%lld", (long long)value);
}

void lw_json_number(struct lw_json_out *out, double value)
{
    char text[LW_NUMBER_TEXT];

    begin_value(out);
    lw_buf_bytes(out->buf, text, lw_number_shortest(value, text));
}

void lw_json_derived(struct lw_json_out *out, double value)
{
    char text[LW_NUMBER_TEXT];

    begin_value(out);
    lw_buf_bytes(out->buf, text, lw_number_digits(value, 12, text));
}

void lw_json_time(struct lw_json_out *out, lw_time time)
{
    char text[LW_TIME_TEXT];

    lw_time_write(time, text);
    lw_json_text(out, text);
}
