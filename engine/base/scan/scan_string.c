#include "engine/base/scan/scan_string.h"

#include "engine/base/scan/scan.h"
#include "engine/base/utf8.h"

size_t lw_scan_utf8_prefix(struct lw_str text)
{
    const unsigned char *bytes = (const unsigned char *)text.at;
    size_t at = 0;

    while (at < text.len) {
        size_t n;

        while (text.len - at >= 8 && (lw_bytes_load8(text.at + at) & 0x8080808080808080u) == 0)
            at += 8;
        if (at == text.len)
            break;
        n = lw_utf8_character(bytes + at, text.len - at);
        if (n == 0)
            break;
        at += n;
    }
    return at;
}

bool lw_scan_utf8(struct lw_str text)
{
    return lw_scan_utf8_prefix(text) == text.len;
}

/* The value of four hexadecimal digits, or -1. */
static int32_t hex4(const char *at, const char *end)
{
    int32_t value = 0;

    if (end - at < 4)
        return -1;
    for (unsigned i = 0; i < 4; i++) {
        char c = at[i];
        int digit = c >= '0' && c <= '9'   ? c - '0'
                    : c >= 'a' && c <= 'f' ? c - 'a' + 10
                    : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                           : -1;

        if (digit < 0)
            return -1;
        value = value * 16 + digit;
    }
    return value;
}

static char *put_utf8(char *out, int32_t code)
{
    if (code < 0x80) {
        *out++ = (char)code;
        return out;
    }
    if (code < 0x800) {
        *out++ = (char)(0xc0 | code >> 6);
    } else {
        if (code < 0x10000) {
            *out++ = (char)(0xe0 | code >> 12);
        } else {
            *out++ = (char)(0xf0 | code >> 18);
            *out++ = (char)(0x80 | (code >> 12 & 0x3f));
        }
        *out++ = (char)(0x80 | (code >> 6 & 0x3f));
    }
    *out++ = (char)(0x80 | (code & 0x3f));
    return out;
}

/* \uXXXX at `at` (on the u), with the second half of a pair where one is due. NULL when it is malformed. */
static const char *unicode_escape(const char *at, const char *end, char **out)
{
    int32_t code = hex4(at + 1, end);

    if (code < 0 || (code >= 0xdc00 && code <= 0xdfff))
        return NULL;
    at += 5;
    if (code >= 0xd800 && code <= 0xdbff) {
        int32_t second = end - at >= 6 && at[0] == '\\' && at[1] == 'u' ? hex4(at + 2, end) : -1;

        if (second < 0xdc00 || second > 0xdfff)
            return NULL;
        code = 0x10000 + ((code - 0xd800) << 10) + (second - 0xdc00);
        at += 6;
    }
    *out = put_utf8(*out, code);
    return at;
}

static char short_escape(char c)
{
    static const char names[] = "\"\\/bfnrt";
    static const char values[] = "\"\\/\b\f\n\r\t";
    const char *found = c == '\0' ? NULL : strchr(names, c);

    return found == NULL ? '\0' : values[found - names];
}

/* What is written never catches up with what is read: every escape is longer than what it stands for. */
size_t lw_scan_unescape(char *text, size_t n, struct lw_scan_flaw *flaw)
{
    const char *at = text;
    const char *end = text + n;
    char *out = text;

    for (;;) {
        const char *slash = at < end ? memchr(at, '\\', (size_t)(end - at)) : NULL;
        size_t plain = (size_t)((slash != NULL ? slash : end) - at);

        memmove(out, at, plain);
        out += plain;
        if (slash == NULL)
            return (size_t)(out - text);
        if (slash[1] == 'u') {
            at = unicode_escape(slash + 1, end, &out);
        } else {
            *out = short_escape(slash[1]);
            at = *out++ == '\0' ? NULL : slash + 2;
        }
        if (at == NULL) {
            *flaw = (struct lw_scan_flaw){.detail = "malformed escape in a string", .at = (size_t)(slash - text)};
            return 0;
        }
    }
}
