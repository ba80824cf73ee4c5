#include "engine/base/scan/scan_state.h"

#include "engine/base/fault.h"
#include "engine/base/scan/scan_number.h"
#include "engine/base/scan/scan_string.h"

#include <stdlib.h>

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
        return lw_scan_any_string(scan, CUT_STRING, at, stop, end);
    return lw_scan_call(scan, LW_TOKEN_STRING, lw_scan_between(at + 1, quote), lw_scan_offset(scan, at),
                        lw_scan_after_value(scan, quote + 1, end));
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

/* A set of one value says the same number four times, as average, sum, minimum and maximum: to see that a number is the
   one before takes less than to read it. */
#define SAID_LEAST 5
#define SAID_MOST  24

static inline void remember(struct lw_scan_said *said, const char *at, size_t n, double number)
{
    if (n < SAID_LEAST || n > SAID_MOST)
        return;
    for (size_t i = 0; i < 3; i++) {
        const size_t bytes = n > 8 * i ? n - 8 * i : 0;

        said->masks[i] = bytes >= 8 ? UINT64_MAX : ((uint64_t)1 << 8 * bytes) - 1;
        said->words[i] = lw_bytes_load8(at + 8 * i) & said->masks[i];
    }
    said->n = n;
    said->number = number;
}

static inline bool is_said(const struct lw_scan_said *said, const char *at)
{
    const uint64_t first = (lw_bytes_load8(at) & said->masks[0]) ^ said->words[0];
    const uint64_t second = (lw_bytes_load8(at + 8) & said->masks[1]) ^ said->words[1];
    const uint64_t third = (lw_bytes_load8(at + 16) & said->masks[2]) ^ said->words[2];

    return said->n > 0 && (first | second | third) == 0 && lw_scan_class[(unsigned char)at[said->n]] == C_OTHER;
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
    if (is_said(&scan->said, at)) {
        scan->token.number = scan->said.number;
        return at + scan->said.n;
    }
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
    if (lw_scan_class[(unsigned char)*stop] != C_OTHER || stop - whole - (fraction > 0) > 19)
        return NULL;
    value = lw_number_is_exact(word, -fraction) ? lw_number_exact(word, -fraction) : lw_scan_scale(word, -fraction);
    scan->token.number = negative ? -value : value;
    remember(&scan->said, at, (size_t)(stop - at), scan->token.number);
    return stop;
}

static const char *read_number(struct lw_scan *scan, const char *at, const char *end)
{
    const char *stop = plain_number(scan, at, end);

    if (stop == NULL)
        return lw_scan_any_number(scan, at, end);
    return lw_scan_call(scan, LW_TOKEN_NUMBER, lw_scan_between(at, stop), lw_scan_offset(scan, at),
                        lw_scan_after_value(scan, stop, end));
}

/* ---- structure ---- */

static const char *open_container(struct lw_scan *scan, bool object, const char *at)
{
    enum lw_token_kind kind = object ? LW_TOKEN_OBJECT : LW_TOKEN_ARRAY;
    uint64_t bit;

    if (scan->depth == LW_SCAN_DEPTH)
        return lw_scan_bad(scan, LW_REJECT_TOO_DEEP, lw_scan_offset(scan, at), "nested deeper than 64 levels", at);
    at = lw_scan_call(scan, kind, (struct lw_str){0}, lw_scan_offset(scan, at), at + 1);
    bit = (uint64_t)1 << scan->depth++;
    scan->objects = object ? scan->objects | bit : scan->objects & ~bit;
    scan->expect = object ? EXPECT_MEMBER : EXPECT_ELEMENT;
    return at;
}

static inline const char *close_container(struct lw_scan *scan, enum lw_token_kind kind, const char *at,
                                          const char *end)
{
    uint64_t byte = lw_scan_offset(scan, at);

    scan->depth--;
    at = lw_scan_after_value(scan, at + 1, end);
    if (scan->depth == 0)
        scan->expect = EXPECT_TOP;
    return lw_scan_call(scan, kind, (struct lw_str){0}, byte, at);
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
        return lw_scan_literal(scan, LW_TOKEN_TRUE, at, end);
    case 'f':
        return lw_scan_literal(scan, LW_TOKEN_FALSE, at, end);
    case 'n':
        return lw_scan_literal(scan, LW_TOKEN_NULL, at, end);
    }
    return lw_scan_bad_here(scan, "expected a value", at);
}

/* After a value in a container. */
static inline const char *read_comma(struct lw_scan *scan, const char *at, const char *end)
{
    if (lw_scan_in_object(scan)) {
        if (*at == ',') {
            scan->expect = EXPECT_KEY;
            return at + 1;
        }
        if (*at == '}')
            return close_container(scan, LW_TOKEN_OBJECT_END, at, end);
        return lw_scan_bad_here(scan, "expected ',' or '}'", at);
    }
    if (*at == ',') {
        scan->expect = EXPECT_VALUE;
        return at + 1;
    }
    if (*at == ']')
        return close_container(scan, LW_TOKEN_ARRAY_END, at, end);
    return lw_scan_bad_here(scan, "expected ',' or ']'", at);
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
            return lw_scan_any_string(scan, CUT_KEY, at, stop, end);
        scan->expect = EXPECT_COLON;
        at = lw_scan_call(scan, LW_TOKEN_KEY, lw_scan_between(at + 1, quote), lw_scan_offset(scan, at), quote + 1);
        if (at == NULL || end - at < 2 || *at != ':')
            return at;
        at++;
        if (*at == '"') {
            quote = plain_string(at, end, &stop);
            if (quote == NULL)
                return lw_scan_any_string(scan, CUT_STRING, at, stop, end);
            at = lw_scan_call(scan, LW_TOKEN_STRING, lw_scan_between(at + 1, quote), lw_scan_offset(scan, at),
                              quote + 1);
        } else if (lw_scan_class[(unsigned char)*at] != C_OTHER) {
            stop = plain_number(scan, at, end);
            if (stop == NULL) {
                scan->expect = EXPECT_VALUE;
                return at;
            }
            at = lw_scan_call(scan, LW_TOKEN_NUMBER, lw_scan_between(at, stop), lw_scan_offset(scan, at), stop);
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
        return lw_scan_bad(scan, LW_REJECT_BAD_JSON, 0, "expected a value", at);
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
        return lw_scan_bad_here(scan, "expected a key in quotes", at);
    case EXPECT_COLON:
        if (*at != ':')
            return lw_scan_bad_here(scan, "expected ':'", at);
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
        return lw_scan_bad_here(scan, "expected the end of the line after a value", at);
    case EXPECT_LINE:
    case EXPECT_LINE_END:
    case EXPECT_LINE_START:
        return skip_line(scan, at, end);
    case EXPECT_MARK:
        return read_mark(scan, at, end);
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
        at = lw_scan_rest(scan, at, end);
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
    if (!lw_scan_last_number(scan))
        lw_scan_bad(scan, LW_REJECT_TRUNCATED, scan->seen, "the input ends inside of a value", "");
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
