#include "engine/report/page/safe.h"

#define REPLACEMENT 0xfffdu

struct range {
    uint32_t first, last;
};

/* Two columns: Unicode East Asian Width W and F, and emoji, in blocks (Unicode 15, EastAsianWidth.txt, coarsened). */
static const struct range wide[] = {
    {0x1100, 0x115f},   {0x231a, 0x231b},   {0x23e9, 0x23ec},   {0x2614, 0x2615},   {0x2e80, 0x303e},
    {0x3041, 0x33ff},   {0x3400, 0x4dbf},   {0x4e00, 0x9fff},   {0xa000, 0xa4cf},   {0xa960, 0xa97c},
    {0xac00, 0xd7a3},   {0xf900, 0xfaff},   {0xfe30, 0xfe6f},   {0xff00, 0xff60},   {0xffe0, 0xffe6},
    {0x16fe0, 0x18cff}, {0x1b000, 0x1b2ff}, {0x1f300, 0x1f64f}, {0x1f680, 0x1f6ff}, {0x1f900, 0x1f9ff},
    {0x1fa70, 0x1faff}, {0x20000, 0x3fffd},
};

/* No column: combining marks, joiners, variation selectors (the common blocks of category Mn, Me, Cf). */
static const struct range zero[] = {
    {0x0300, 0x036f}, {0x0483, 0x0489}, {0x0591, 0x05bd}, {0x0610, 0x061a},   {0x064b, 0x065f}, {0x0e34, 0x0e3a},
    {0x1ab0, 0x1aff}, {0x1dc0, 0x1dff}, {0x200b, 0x200d}, {0x20d0, 0x20ff},   {0xfe00, 0xfe0f}, {0xfe20, 0xfe2f},
    {0x3099, 0x309a}, {0x2060, 0x2064}, {0xfeff, 0xfeff}, {0xe0100, 0xe01ef},
};

/* What must not reach a terminal: C0, DEL, C1, line and paragraph separators, and everything that turns the direction of
   writing (a name could then show as another). */
static const struct range harmful[] = {
    {0x0000, 0x001f}, {0x007f, 0x009f}, {0x061c, 0x061c}, {0x200e, 0x200f},
    {0x2028, 0x202e}, {0x2066, 0x206f}, {0xfff9, 0xfffb}, {0xe0000, 0xe007f},
};

static bool in_ranges(uint32_t code, const struct range *ranges, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (code >= ranges[i].first && code <= ranges[i].last)
            return true;
    }
    return false;
}

#define IN(code, table) in_ranges((code), (table), sizeof(table) / sizeof((table)[0]))

uint32_t lw_safe_next(struct lw_str text, size_t *bytes)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    const unsigned char *at = (const unsigned char *)text.at;
    uint32_t code = at[0];
    size_t n = code < 0x80 ? 1 : code >= 0xf0 && code < 0xf8 ? 4 : code >= 0xe0 ? 3 : 2;

    *bytes = 1;
    if (n == 1)
        return code;
    if (code < 0xc2 || code > 0xf4 || text.len < n)
        return REPLACEMENT;
    code &= 0x7fu >> n;
    for (size_t i = 1; i < n; i++) {
        if ((at[i] & 0xc0) != 0x80)
            return REPLACEMENT;
        code = code << 6 | (at[i] & 0x3f);
    }
    if (code < least[n] || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
        return REPLACEMENT;
    *bytes = n;
    return code;
}

uint32_t lw_safe_columns(uint32_t code)
{
    if (code < 0x300)
        return 1;
    if (IN(code, zero))
        return 0;
    return IN(code, wide) ? 2 : 1;
}

/* What is written for a code point: itself, or '?'. */
static bool is_kept(uint32_t code, bool utf8)
{
    if (code < 0x80)
        return code >= 0x20 && code != 0x7f;
    return utf8 && !IN(code, harmful);
}

size_t lw_safe_width(struct lw_str text)
{
    size_t width = 0;

    while (text.len > 0) {
        size_t bytes;
        uint32_t code = lw_safe_next(text, &bytes);

        width += is_kept(code, true) ? lw_safe_columns(code) : 1;
        text.at += bytes;
        text.len -= bytes;
    }
    return width;
}

/* One character, if it still fits: returns its columns. */
static size_t write_one(struct lw_buf *out, struct lw_str text, size_t bytes, uint32_t code, bool utf8)
{
    if (!is_kept(code, utf8)) {
        lw_buf_char(out, '?');
        return 1;
    }
    if (code == REPLACEMENT && bytes == 1)
        lw_buf_text(out, "\xef\xbf\xbd");
    else
        lw_buf_bytes(out, text.at, bytes);
    return lw_safe_columns(code);
}

/* Columns that a character takes on this terminal. */
static size_t columns_of(uint32_t code, bool utf8)
{
    return is_kept(code, utf8) ? lw_safe_columns(code) : 1;
}

/* Bytes at the front of `text` that fit into `columns`. */
static size_t front(struct lw_str text, size_t columns, bool utf8)
{
    size_t used = 0;
    size_t at = 0;

    while (at < text.len) {
        size_t bytes;
        uint32_t code = lw_safe_next((struct lw_str){text.at + at, text.len - at}, &bytes);

        used += columns_of(code, utf8);
        if (used > columns)
            break;
        at += bytes;
    }
    return at;
}

static size_t width_of(struct lw_str text, bool utf8)
{
    size_t width = 0;

    while (text.len > 0) {
        size_t bytes;
        uint32_t code = lw_safe_next(text, &bytes);

        width += columns_of(code, utf8);
        text.at += bytes;
        text.len -= bytes;
    }
    return width;
}

static size_t write_whole(struct lw_buf *out, struct lw_str text, bool utf8)
{
    size_t used = 0;

    while (text.len > 0) {
        size_t bytes;
        uint32_t code = lw_safe_next(text, &bytes);

        used += write_one(out, text, bytes, code, utf8);
        text.at += bytes;
        text.len -= bytes;
    }
    return used;
}

size_t lw_safe_write(struct lw_buf *out, struct lw_str text, size_t columns, bool utf8)
{
    size_t width = width_of(text, utf8);
    size_t ellipsis = utf8 ? 1 : 2;
    size_t head;
    size_t skip;
    size_t used;

    if (width <= columns)
        return write_whole(out, text, utf8);
    if (columns <= ellipsis + 1)
        return write_whole(out, (struct lw_str){text.at, front(text, columns, utf8)}, utf8);
    /* More of the end than of the beginning: names of runs differ at their end. */
    head = front(text, (columns - ellipsis) / 3, utf8);
    used = write_whole(out, (struct lw_str){text.at, head}, utf8);
    lw_buf_text(out, utf8 ? "\xe2\x80\xa6" : "..");
    used += ellipsis;
    skip = head;
    while (skip < text.len && width_of((struct lw_str){text.at + skip, text.len - skip}, utf8) > columns - used) {
        size_t bytes;

        (void)lw_safe_next((struct lw_str){text.at + skip, text.len - skip}, &bytes);
        skip += bytes;
    }
    return used + write_whole(out, (struct lw_str){text.at + skip, text.len - skip}, utf8);
}

static void pad(struct lw_buf *out, size_t n)
{
    while (n-- > 0)
        lw_buf_char(out, ' ');
}

void lw_safe_wrap(struct lw_buf *out, struct lw_str text, size_t at, size_t indent, size_t columns, bool utf8)
{
    bool first = true;

    while (text.len > 0) {
        size_t n = 0;
        struct lw_str word;
        size_t width;

        while (n < text.len && text.at[n] != ' ')
            n++;
        word = (struct lw_str){text.at, n};
        width = width_of(word, utf8);
        if (!first && at + 1 + width > columns) {
            lw_buf_char(out, '\n');
            pad(out, indent);
            at = indent;
        } else if (!first) {
            lw_buf_char(out, ' ');
            at++;
        }
        at += lw_safe_write(out, word, columns > at ? columns - at : 1, utf8);
        first = false;
        while (n < text.len && text.at[n] == ' ')
            n++;
        text.at += n;
        text.len -= n;
    }
    lw_buf_char(out, '\n');
}
