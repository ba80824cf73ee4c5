#include "engine/base/scan.h"

#include "engine/base/buf.h"
#include "engine/base/fault.h"
#include "engine/base/scan_number.h"
#include "engine/base/scan_string.h"

#include <math.h>
#include <stdlib.h>

/* What the grammar expects next. */
enum expect {
    EXPECT_TOP,        /* between values */
    EXPECT_BLANK,      /* after a scalar at the top: 1"a" is malformed, {}{} is not */
    EXPECT_VALUE,      /* after ':' or, in an array, ',' */
    EXPECT_ELEMENT,    /* after '[': a value or ']' */
    EXPECT_MEMBER,     /* after '{': a key or '}' */
    EXPECT_KEY,        /* after ',' in an object */
    EXPECT_COLON,      /* after a key */
    EXPECT_COMMA,      /* after a value: ',' or the end of the container */
    EXPECT_LINE,       /* after something malformed: the end of the line */
    EXPECT_LINE_END,   /* the same, when the value began on an earlier line: then a line that begins with { or [ */
    EXPECT_LINE_START, /* there, at the first byte of a line */
    EXPECT_MARK        /* the start of the stream: a byte order mark may come */
};

/* The token that the end of a chunk cut. Its bytes so far are in `carry`. */
enum cut { CUT_NONE, CUT_KEY, CUT_STRING, CUT_NUMBER, CUT_LITERAL };

/* The grammar of numbers, by state and class of the next byte. */
enum number_state { N_MINUS, N_ZERO, N_WHOLE, N_POINT, N_FRACTION, N_E, N_SIGN, N_EXPONENT, N_START, N_END, N_BAD };
enum number_class { C_OTHER, C_ZERO, C_DIGIT, C_MINUS, C_PLUS, C_POINT, C_E };

struct lw_scan {
    struct lw_scan_calls calls;
    void *self;
    struct lw_fault *fault; /* of the push in progress */
    enum lw_err error;      /* sticks until finish */
    enum expect expect;
    struct lw_token token; /* the one handed out; .line is the current line */
    uint64_t origin;       /* offset in the stream of a byte at p: origin + (uintptr_t)p */
    uint64_t seen;         /* bytes of the chunks before this one */
    uint64_t top_line;     /* where the value at the top began */
    uint64_t objects;      /* bit d: the container at depth d is an object */
    uint32_t depth;
    uint32_t marked; /* bytes of a byte order mark that were seen */
    enum cut cut;
    enum number_state number;
    enum lw_token_kind literal; /* of a cut true, false or null */
    unsigned literal_at;        /* and how many letters of it were seen */
    bool escaped;               /* the cut string has a backslash somewhere */
    bool wide;                  /* or a byte above 0x7f */
    bool slash;                 /* or ends in the middle of an escape */
    uint64_t cut_byte;          /* where the cut token began */
    struct lw_buf carry;
};

static uint64_t offset_of(const struct lw_scan *scan, const char *at)
{
    return scan->origin + (uint64_t)(uintptr_t)at;
}

static inline struct lw_str between(const char *from, const char *to)
{
    return (struct lw_str){.at = from, .len = (size_t)(to - from)};
}

/* Functions that read return where to go on, or NULL when a call returned an error, which is in scan->error then. */
static inline const char *call(struct lw_scan *scan, enum lw_token_kind kind, struct lw_str text, uint64_t byte,
                               const char *next)
{
    scan->token.kind = kind;
    scan->token.depth = scan->depth;
    scan->token.text = text;
    scan->token.byte = byte;
    scan->error = scan->calls.token(scan->self, &scan->token, scan->fault);
    return scan->error == LW_ERR_OK ? next : NULL;
}

/* `at` is where skipping begins, `byte` what the report points at. */
static const char *bad(struct lw_scan *scan, enum lw_reject reason, uint64_t byte, const char *detail, const char *at)
{
    scan->expect = scan->top_line == scan->token.line ? EXPECT_LINE : EXPECT_LINE_END;
    scan->depth = 0;
    scan->cut = CUT_NONE;
    scan->error = scan->calls.bad(scan->self, reason, scan->token.line, byte, detail, scan->fault);
    return scan->error == LW_ERR_OK ? at : NULL;
}

static const char *bad_here(struct lw_scan *scan, const char *detail, const char *at)
{
    return bad(scan, LW_REJECT_BAD_JSON, offset_of(scan, at), detail, at);
}

static const char *too_large(struct lw_scan *scan, const char *at)
{
    return bad(scan, LW_REJECT_TOO_LARGE, scan->cut_byte, "a string or number of more than 1 MiB", at);
}

static inline bool in_object(const struct lw_scan *scan)
{
    return (scan->objects >> (scan->depth - 1) & 1) != 0;
}

/* What comes after a value. The usual comma is taken at once; returns where to go on. */
static inline const char *after_value(struct lw_scan *scan, const char *at, const char *end)
{
    if (scan->depth == 0) {
        scan->expect = EXPECT_BLANK;
    } else if (at < end && *at == ',') {
        scan->expect = in_object(scan) ? EXPECT_KEY : EXPECT_VALUE;
        return at + 1;
    } else {
        scan->expect = EXPECT_COMMA;
    }
    return at;
}

/* The same after a key, with the colon. */
static inline const char *after_key(struct lw_scan *scan, const char *at, const char *end)
{
    if (at < end && *at == ':') {
        scan->expect = EXPECT_VALUE;
        return at + 1;
    }
    scan->expect = EXPECT_COLON;
    return at;
}

/* Keeps the bytes of a token that goes on in the next chunk. */
static const char *carry(struct lw_scan *scan, enum cut cut, const char *from, const char *end)
{
    lw_buf_bytes(&scan->carry, from, (size_t)(end - from));
    if (scan->carry.error != LW_ERR_OK) {
        scan->error = lw_fault_memory(scan->fault, "a long string in JSON");
        return NULL;
    }
    scan->cut = cut;
    return end;
}

/* ---- strings ---- */

/* The content is complete: in the chunk, or in `carry` when it was cut or has escapes to decode. */
static const char *finish_string(struct lw_scan *scan, enum cut cut, struct lw_str text, const char *next,
                                 const char *end)
{
    struct lw_scan_flaw flaw = {0};

    if (scan->wide) {
        size_t valid = lw_scan_utf8_prefix(text);

        if (valid < text.len)
            return bad(scan, LW_REJECT_BAD_UTF8, scan->cut_byte + 1 + valid, "a string that is not UTF-8", next);
    }
    if (scan->escaped) {
        if (text.at != scan->carry.at && carry(scan, cut, text.at, text.at + text.len) == NULL)
            return NULL;
        text.len = lw_scan_unescape(scan->carry.at, text.len, &flaw);
        text.at = scan->carry.at;
        if (flaw.detail != NULL)
            return bad(scan, LW_REJECT_BAD_JSON, scan->cut_byte + 1 + flaw.at, flaw.detail, next);
    }
    scan->cut = CUT_NONE;
    next = cut == CUT_KEY ? after_key(scan, next, end) : after_value(scan, next, end);
    return call(scan, cut == CUT_KEY ? LW_TOKEN_KEY : LW_TOKEN_STRING, text, scan->cut_byte, next);
}

/* Reads on in a string: `from` is the first byte of content in this chunk, everything before `at` is known to be plain.
   Finds the end first and looks at escapes and UTF-8 then, wherever the chunks are cut, so that the first error reported
   is the same. No content byte is a line feed, not even behind a backslash: so skipping from the end is as good as from
   the error. */
static const char *go_on_in_string(struct lw_scan *scan, enum cut cut, const char *from, const char *at,
                                   const char *end)
{
    size_t before = scan->carry.len;
    struct lw_str text;

    for (;;) {
        at = lw_scan_stop(at, end, !scan->wide);
        if (at == end || *at == '"' || (unsigned char)*at < 0x20)
            break;
        if (*at == '\\') {
            scan->escaped = true;
            if (++at == end)
                scan->slash = true;
            if (at == end || (unsigned char)*at < 0x20)
                break;
        } else {
            scan->wide = true;
            continue;
        }
        at++;
    }
    if (before + (size_t)(at - from) > LW_SCAN_SCALAR_MAX)
        return too_large(scan, at);
    if (at == end)
        return carry(scan, cut, from, end);
    if ((unsigned char)*at < 0x20)
        return bad_here(scan, "a control character in a string", at);
    text = (struct lw_str){.at = from, .len = (size_t)(at - from)};
    if (scan->cut != CUT_NONE) {
        if (carry(scan, cut, from, at) == NULL)
            return NULL;
        text = lw_buf_view(&scan->carry);
    }
    return finish_string(scan, cut, text, at + 1, end);
}

static const char *start_slow_string(struct lw_scan *scan, enum cut cut, const char *quote, const char *at,
                                     const char *end)
{
    scan->escaped = false;
    scan->wide = false;
    scan->slash = false;
    scan->cut_byte = offset_of(scan, quote);
    lw_buf_clear(&scan->carry);
    return go_on_in_string(scan, cut, quote + 1, at, end);
}

/* `at` is on the opening quote. The closing one, when the string is of the usual kind: it ends in the chunk and its bytes
   mean themselves, so that it is called out where it lies. Else NULL, and `*stop` is the first byte that is different. */
static inline __attribute__((always_inline)) const char *plain_string(const char *at, const char *end,
                                                                      const char **stop)
{
    const char *quote = lw_scan_stop(at + 1, end, true);

    *stop = quote;
    return quote < end && *quote == '"' && quote - at - 1 <= (ptrdiff_t)LW_SCAN_SCALAR_MAX ? quote : NULL;
}

static const char *read_string(struct lw_scan *scan, const char *at, const char *end)
{
    const char *stop;
    const char *quote = plain_string(at, end, &stop);

    if (quote == NULL)
        return start_slow_string(scan, CUT_STRING, at, stop, end);
    return call(scan, LW_TOKEN_STRING, between(at + 1, quote), offset_of(scan, at), after_value(scan, quote + 1, end));
}

/* ---- numbers ---- */

static const unsigned char class_of[256] = {
    ['0'] = C_ZERO,  ['1'] = C_DIGIT, ['2'] = C_DIGIT, ['3'] = C_DIGIT, ['4'] = C_DIGIT,
    ['5'] = C_DIGIT, ['6'] = C_DIGIT, ['7'] = C_DIGIT, ['8'] = C_DIGIT, ['9'] = C_DIGIT,
    ['-'] = C_MINUS, ['+'] = C_PLUS,  ['.'] = C_POINT, ['e'] = C_E,     ['E'] = C_E,
};

/* RFC 8259 section 6. Rows: the state; columns: other, 0, 1-9, -, +, ., e. */
static const unsigned char number_next[N_START + 1][C_E + 1] = {
    [N_START] = {N_BAD, N_ZERO, N_WHOLE, N_MINUS, N_BAD, N_BAD, N_BAD},
    [N_MINUS] = {N_BAD, N_ZERO, N_WHOLE, N_BAD, N_BAD, N_BAD, N_BAD},
    [N_ZERO] = {N_END, N_BAD, N_BAD, N_BAD, N_BAD, N_POINT, N_E},
    [N_WHOLE] = {N_END, N_WHOLE, N_WHOLE, N_BAD, N_BAD, N_POINT, N_E},
    [N_POINT] = {N_BAD, N_FRACTION, N_FRACTION, N_BAD, N_BAD, N_BAD, N_BAD},
    [N_FRACTION] = {N_END, N_FRACTION, N_FRACTION, N_BAD, N_BAD, N_BAD, N_E},
    [N_E] = {N_BAD, N_EXPONENT, N_EXPONENT, N_SIGN, N_SIGN, N_BAD, N_BAD},
    [N_SIGN] = {N_BAD, N_EXPONENT, N_EXPONENT, N_BAD, N_BAD, N_BAD, N_BAD},
    [N_EXPONENT] = {N_END, N_EXPONENT, N_EXPONENT, N_BAD, N_BAD, N_BAD, N_BAD},
};

static bool number_may_end(enum number_state state)
{
    return number_next[state][C_OTHER] == N_END;
}

static const char *call_number(struct lw_scan *scan, struct lw_str text, uint64_t byte, const char *next)
{
    if (!lw_scan_number(text, &scan->token.number))
        scan->token.number = (double)NAN;
    return call(scan, LW_TOKEN_NUMBER, text, byte, next);
}

/* Byte by byte, from the saved state: numbers that are cut, malformed, or too long. */
static const char *go_on_in_number(struct lw_scan *scan, const char *from, const char *end)
{
    enum number_state state = scan->number;
    const char *at = from;
    struct lw_str text;

    while (at < end) {
        enum number_state next = (enum number_state)number_next[state][class_of[(unsigned char)*at]];

        if (next == N_END || next == N_BAD)
            break;
        state = next;
        at++;
    }
    if (scan->carry.len + (size_t)(at - from) > LW_SCAN_SCALAR_MAX)
        return too_large(scan, at);
    scan->number = state;
    if (at == end)
        return carry(scan, CUT_NUMBER, from, end);
    if (!number_may_end(state) || class_of[(unsigned char)*at] != C_OTHER)
        return bad_here(scan, "a malformed number", at);
    text = (struct lw_str){.at = from, .len = (size_t)(at - from)};
    if (scan->cut != CUT_NONE) {
        if (carry(scan, CUT_NUMBER, from, at) == NULL)
            return NULL;
        text = lw_buf_view(&scan->carry);
    }
    scan->cut = CUT_NONE;
    return call_number(scan, text, scan->cut_byte, after_value(scan, at, end));
}

static const char *start_slow_number(struct lw_scan *scan, const char *at, const char *end)
{
    scan->number = N_START;
    scan->cut_byte = offset_of(scan, at);
    lw_buf_clear(&scan->carry);
    return go_on_in_number(scan, at, end);
}

/* Up to eight digits from `at` on, of which eight bytes can be read: their value into *word, how many there are. */
static inline unsigned take_digits(const char *at, uint64_t *word)
{
    static const uint64_t powers[] = {1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000};
    uint64_t digits = lw_bytes_load8(at) ^ LW_NUMBER_ZEROS;
    uint64_t others = lw_number_others(digits);
    unsigned n = others == 0 ? 8 : (unsigned)__builtin_ctzll(others) / 8;

    if (n == 0)
        return 0;
    /* Shifted to the end, with zeros as leading digits. */
    *word = *word * powers[n] + lw_number_value(digits << (64 - 8 * n));
    return n;
}

/* All digits from `at` on, or so many that the number is too long for the fast way. */
static inline const char *take_all_digits(const char *at, uint64_t *word)
{
    unsigned n = take_digits(at, word);

    at += n;
    if (n == 8) {
        n = take_digits(at, word);
        at += n;
        if (n == 8)
            at += take_digits(at, word);
    }
    return at;
}

#define LOOK_AHEAD 64 /* bytes that the fast way may touch: a sign, a point, twice 24 digits, one more */

/* The end of a number of the usual kind, -?digits(.digits)? of at most 19 digits with something else behind it in the
   chunk; it is converted while it is read. Else NULL. */
static inline const char *plain_number(struct lw_scan *scan, const char *at, const char *end)
{
    bool negative = *at == '-';
    const char *whole = at + negative;
    const char *stop;
    uint64_t word = 0;
    ptrdiff_t fraction = 0;
    double value;

    if (end - at < LOOK_AHEAD)
        return NULL;
    stop = take_all_digits(whole, &word);
    if (stop == whole || (*whole == '0' && stop - whole > 1))
        return NULL;
    if (*stop == '.') {
        const char *point = stop++;

        stop = take_all_digits(stop, &word);
        fraction = stop - point - 1;
        if (fraction == 0)
            return NULL;
    }
    if (class_of[(unsigned char)*stop] != C_OTHER || stop - whole - (fraction > 0) > 19)
        return NULL;
    value = lw_number_is_exact(word, -fraction) ? lw_number_exact(word, -fraction) : lw_scan_scale(word, -fraction);
    scan->token.number = negative ? -value : value;
    return stop;
}

static const char *read_number(struct lw_scan *scan, const char *at, const char *end)
{
    const char *stop = plain_number(scan, at, end);

    if (stop == NULL)
        return start_slow_number(scan, at, end);
    return call(scan, LW_TOKEN_NUMBER, between(at, stop), offset_of(scan, at), after_value(scan, stop, end));
}

/* ---- true, false, null ---- */

static const char *go_on_in_literal(struct lw_scan *scan, const char *at, const char *end)
{
    static const struct lw_str words[] = {{"true", 4}, {"false", 5}, {"null", 4}};
    struct lw_str word = words[scan->literal - LW_TOKEN_TRUE];

    for (; scan->literal_at < word.len; scan->literal_at++, at++) {
        if (at == end) {
            scan->cut = CUT_LITERAL;
            return end;
        }
        if (*at != word.at[scan->literal_at])
            return bad_here(scan, "expected true, false or null", at);
    }
    scan->cut = CUT_NONE;
    return call(scan, scan->literal, word, scan->cut_byte, after_value(scan, at, end));
}

static const char *read_literal(struct lw_scan *scan, enum lw_token_kind kind, const char *at, const char *end)
{
    scan->literal = kind;
    scan->literal_at = 0;
    scan->cut_byte = offset_of(scan, at);
    return go_on_in_literal(scan, at, end);
}

/* ---- structure ---- */

static const char *open_container(struct lw_scan *scan, bool object, const char *at)
{
    enum lw_token_kind kind = object ? LW_TOKEN_OBJECT : LW_TOKEN_ARRAY;
    uint64_t bit;

    if (scan->depth == LW_SCAN_DEPTH)
        return bad(scan, LW_REJECT_TOO_DEEP, offset_of(scan, at), "nested deeper than 64 levels", at);
    at = call(scan, kind, (struct lw_str){0}, offset_of(scan, at), at + 1);
    bit = (uint64_t)1 << scan->depth++;
    scan->objects = object ? scan->objects | bit : scan->objects & ~bit;
    scan->expect = object ? EXPECT_MEMBER : EXPECT_ELEMENT;
    return at;
}

static inline const char *close_container(struct lw_scan *scan, enum lw_token_kind kind, const char *at,
                                          const char *end)
{
    uint64_t byte = offset_of(scan, at);

    scan->depth--;
    at = after_value(scan, at + 1, end);
    if (scan->depth == 0)
        scan->expect = EXPECT_TOP;
    return call(scan, kind, (struct lw_str){0}, byte, at);
}

static inline const char *read_value(struct lw_scan *scan, const char *at, const char *end)
{
    switch (*at) {
    case '"':
        return read_string(scan, at, end);
    case '-':
    case '0':
    case '1':
    case '2':
    case '3':
    case '4':
    case '5':
    case '6':
    case '7':
    case '8':
    case '9':
        return read_number(scan, at, end);
    case '{':
        return open_container(scan, true, at);
    case '[':
        return open_container(scan, false, at);
    case 't':
        return read_literal(scan, LW_TOKEN_TRUE, at, end);
    case 'f':
        return read_literal(scan, LW_TOKEN_FALSE, at, end);
    case 'n':
        return read_literal(scan, LW_TOKEN_NULL, at, end);
    }
    return bad_here(scan, "expected a value", at);
}

/* After a value in a container. */
static inline const char *read_comma(struct lw_scan *scan, const char *at, const char *end)
{
    if (in_object(scan)) {
        if (*at == ',') {
            scan->expect = EXPECT_KEY;
            return at + 1;
        }
        if (*at == '}')
            return close_container(scan, LW_TOKEN_OBJECT_END, at, end);
        return bad_here(scan, "expected ',' or '}'", at);
    }
    if (*at == ',') {
        scan->expect = EXPECT_VALUE;
        return at + 1;
    }
    if (*at == ']')
        return close_container(scan, LW_TOKEN_ARRAY_END, at, end);
    return bad_here(scan, "expected ',' or ']'", at);
}

/* The usual members of an object, "key":"text", or "key":number, one after another without blanks, `at` on the quote of a
   key: the same as the table of expectations would do, in a straight line. Most of all input goes through here. Leaves to
   it with the expectation stated as soon as anything is different. */
static const char *read_members(struct lw_scan *scan, const char *at, const char *end)
{
    const char *stop;
    const char *quote;

    for (;;) {
        quote = plain_string(at, end, &stop);
        if (quote == NULL)
            return start_slow_string(scan, CUT_KEY, at, stop, end);
        scan->expect = EXPECT_COLON;
        at = call(scan, LW_TOKEN_KEY, between(at + 1, quote), offset_of(scan, at), quote + 1);
        if (at == NULL || end - at < 2 || *at != ':')
            return at;
        at++;
        if (*at == '"') {
            quote = plain_string(at, end, &stop);
            if (quote == NULL)
                return start_slow_string(scan, CUT_STRING, at, stop, end);
            at = call(scan, LW_TOKEN_STRING, between(at + 1, quote), offset_of(scan, at), quote + 1);
        } else if (class_of[(unsigned char)*at] != C_OTHER) {
            stop = plain_number(scan, at, end);
            if (stop == NULL) {
                scan->expect = EXPECT_VALUE;
                return at;
            }
            at = call(scan, LW_TOKEN_NUMBER, between(at, stop), offset_of(scan, at), stop);
        } else {
            scan->expect = EXPECT_VALUE;
            return at;
        }
        scan->expect = EXPECT_COMMA;
        if (at == NULL || end - at < 2 || at[0] != ',' || at[1] != '"')
            return at;
        at++;
    }
}

/* White space of RFC 8259 section 2; line feeds occur nowhere else, so the lines are counted here. */
static const char *skip_blanks(struct lw_scan *scan, const char *at, const char *end)
{
    for (; at < end; at++) {
        if (*at == '\n')
            scan->token.line++;
        else if (*at != ' ' && *at != '\t' && *at != '\r')
            break;
        if (scan->expect == EXPECT_BLANK)
            scan->expect = EXPECT_TOP;
    }
    return at;
}

/* After something malformed: to where the scan can begin anew. */
static const char *skip_line(struct lw_scan *scan, const char *at, const char *end)
{
    const char *feed;

    if (scan->expect == EXPECT_LINE_START) {
        scan->expect = *at == '{' || *at == '[' ? EXPECT_TOP : EXPECT_LINE_END;
        return at;
    }
    feed = memchr(at, '\n', (size_t)(end - at));
    if (feed == NULL)
        return end;
    scan->token.line++;
    scan->expect = scan->expect == EXPECT_LINE ? EXPECT_TOP : EXPECT_LINE_START;
    return feed + 1;
}

/* RFC 8259 section 8.1 lets a reader ignore a byte order mark. What only begins like one is malformed at byte 0. */
static const char *read_mark(struct lw_scan *scan, const char *at, const char *end)
{
    static const char mark[] = "\xef\xbb\xbf";

    for (; at < end && scan->marked < 3 && *at == mark[scan->marked]; at++)
        scan->marked++;
    if (at == end && scan->marked < 3)
        return at;
    scan->expect = EXPECT_TOP;
    if (scan->marked == 1 || scan->marked == 2)
        return bad(scan, LW_REJECT_BAD_JSON, 0, "expected a value", at);
    return at;
}

static inline const char *read_next(struct lw_scan *scan, const char *at, const char *end)
{
    switch (scan->expect) {
    case EXPECT_MEMBER:
        if (*at == '}')
            return close_container(scan, LW_TOKEN_OBJECT_END, at, end);
        __attribute__((fallthrough));
    case EXPECT_KEY:
        if (*at == '"')
            return read_members(scan, at, end);
        return bad_here(scan, "expected a key in quotes", at);
    case EXPECT_COLON:
        if (*at != ':')
            return bad_here(scan, "expected ':'", at);
        scan->expect = EXPECT_VALUE;
        return at + 1;
    case EXPECT_ELEMENT:
        if (*at == ']')
            return close_container(scan, LW_TOKEN_ARRAY_END, at, end);
        return read_value(scan, at, end);
    case EXPECT_VALUE:
        return read_value(scan, at, end);
    case EXPECT_COMMA:
        return read_comma(scan, at, end);
    case EXPECT_TOP:
        scan->top_line = scan->token.line;
        return read_value(scan, at, end);
    case EXPECT_BLANK:
        return bad_here(scan, "expected the end of the line after a value", at);
    case EXPECT_LINE:
    case EXPECT_LINE_END:
    case EXPECT_LINE_START:
        return skip_line(scan, at, end);
    case EXPECT_MARK:
        return read_mark(scan, at, end);
    }
    return NULL;
}

/* The rest of a token that the last chunk cut. */
static const char *go_on(struct lw_scan *scan, const char *at, const char *end)
{
    switch (scan->cut) {
    case CUT_NONE:
        return at;
    case CUT_KEY:
    case CUT_STRING:
        if (scan->slash && (unsigned char)*at < 0x20)
            return bad_here(scan, "a control character in a string", at);
        if (scan->slash) {
            scan->slash = false;
            return go_on_in_string(scan, scan->cut, at, at + 1, end);
        }
        return go_on_in_string(scan, scan->cut, at, at, end);
    case CUT_NUMBER:
        return go_on_in_number(scan, at, end);
    case CUT_LITERAL:
        return go_on_in_literal(scan, at, end);
    }
    return NULL;
}

static void start_stream(struct lw_scan *scan)
{
    scan->error = LW_ERR_OK;
    scan->expect = EXPECT_MARK;
    scan->token.line = 1;
    scan->top_line = 1;
    scan->seen = 0;
    scan->depth = 0;
    scan->marked = 0;
    scan->cut = CUT_NONE;
}

enum lw_err lw_scan_open(struct lw_scan **out, const struct lw_scan_calls *calls, void *self, struct lw_fault *fault)
{
    struct lw_scan *scan = calloc(1, sizeof(*scan));

    if (scan == NULL)
        return lw_fault_memory(fault, "the JSON scanner");
    scan->calls = *calls;
    scan->self = self;
    scan->carry.ceiling = LW_SCAN_SCALAR_MAX;
    start_stream(scan);
    *out = scan;
    return LW_ERR_OK;
}

enum lw_err lw_scan_push(struct lw_scan *scan, const char *bytes, size_t n, struct lw_fault *fault)
{
    const char *at = bytes;
    const char *end;

    if (scan->error != LW_ERR_OK)
        return lw_fault_set(fault, scan->error, "the JSON scanner stopped at an earlier error");
    if (n == 0)
        return LW_ERR_OK;
    end = bytes + n;
    scan->origin = scan->seen - (uint64_t)(uintptr_t)bytes;
    scan->fault = fault;
    if (scan->cut != CUT_NONE)
        at = go_on(scan, at, end);
    while (at != NULL && at < end) {
        if ((unsigned char)*at <= ' ' && scan->expect < EXPECT_LINE) {
            at = skip_blanks(scan, at, end);
            if (at == end)
                break;
        }
        at = read_next(scan, at, end);
    }
    scan->fault = NULL;
    scan->seen += n;
    return scan->error;
}

/* A number at the top ends with the stream; everything else that is open is cut off. */
static void end_stream(struct lw_scan *scan)
{
    bool skipping = scan->expect >= EXPECT_LINE && scan->expect < EXPECT_MARK;
    bool open = scan->cut != CUT_NONE || scan->depth > 0 || (scan->expect == EXPECT_MARK && scan->marked > 0);

    if (skipping || !open)
        return;
    if (scan->cut == CUT_NUMBER && scan->depth == 0 && number_may_end(scan->number))
        call_number(scan, lw_buf_view(&scan->carry), scan->cut_byte, "");
    else
        bad(scan, LW_REJECT_TRUNCATED, scan->seen, "the input ends inside of a value", "");
}

enum lw_err lw_scan_finish(struct lw_scan *scan, struct lw_fault *fault)
{
    enum lw_err err = scan->error;

    if (err != LW_ERR_OK) {
        lw_fault_set(fault, err, "the JSON scanner stopped at an earlier error");
    } else {
        scan->fault = fault;
        end_stream(scan);
        scan->fault = NULL;
        err = scan->error;
    }
    start_stream(scan);
    return err;
}

void lw_scan_close(struct lw_scan *scan)
{
    if (scan == NULL)
        return;
    lw_buf_close(&scan->carry);
    free(scan);
}
