#include "engine/base/scan/scan_state.h"

#include "engine/base/fault.h"
#include "engine/base/scan/scan_string.h"

#include <math.h>

const char *lw_scan_bad(struct lw_scan *scan, enum lw_reject reason, uint64_t byte, const char *detail, const char *at)
{
    scan->expect = scan->top_line == scan->token.line ? EXPECT_LINE : EXPECT_LINE_END;
    scan->depth = 0;
    scan->cut = CUT_NONE;
    scan->error = scan->calls.bad(scan->self, reason, scan->token.line, byte, detail, scan->fault);
    return scan->error == LW_ERR_OK ? at : NULL;
}

const char *lw_scan_bad_here(struct lw_scan *scan, const char *detail, const char *at)
{
    return lw_scan_bad(scan, LW_REJECT_BAD_JSON, lw_scan_offset(scan, at), detail, at);
}

static const char *too_large(struct lw_scan *scan, const char *at)
{
    return lw_scan_bad(scan, LW_REJECT_TOO_LARGE, scan->cut_byte, "a string or number of more than 1 MiB", at);
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
            return lw_scan_bad(scan, LW_REJECT_BAD_UTF8, scan->cut_byte + 1 + valid, "a string that is not UTF-8",
                               next);
    }
    if (scan->escaped) {
        if (text.at != scan->carry.at && carry(scan, cut, text.at, text.at + text.len) == NULL)
            return NULL;
        text.len = lw_scan_unescape(scan->carry.at, text.len, &flaw);
        text.at = scan->carry.at;
        if (flaw.detail != NULL)
            return lw_scan_bad(scan, LW_REJECT_BAD_JSON, scan->cut_byte + 1 + flaw.at, flaw.detail, next);
    }
    scan->cut = CUT_NONE;
    next = cut == CUT_KEY ? lw_scan_after_key(scan, next, end) : lw_scan_after_value(scan, next, end);
    return lw_scan_call(scan, cut == CUT_KEY ? LW_TOKEN_KEY : LW_TOKEN_STRING, text, scan->cut_byte, next);
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
        return lw_scan_bad_here(scan, "a control character in a string", at);
    text = (struct lw_str){.at = from, .len = (size_t)(at - from)};
    if (scan->cut != CUT_NONE) {
        if (carry(scan, cut, from, at) == NULL)
            return NULL;
        text = lw_buf_view(&scan->carry);
    }
    return finish_string(scan, cut, text, at + 1, end);
}

const char *lw_scan_any_string(struct lw_scan *scan, enum cut cut, const char *quote, const char *at, const char *end)
{
    scan->escaped = false;
    scan->wide = false;
    scan->slash = false;
    scan->cut_byte = lw_scan_offset(scan, quote);
    lw_buf_clear(&scan->carry);
    return go_on_in_string(scan, cut, quote + 1, at, end);
}

/* ---- numbers ---- */

const unsigned char lw_scan_class[256] = {
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
    return lw_scan_call(scan, LW_TOKEN_NUMBER, text, byte, next);
}

/* Byte by byte, from the saved state: numbers that are cut, malformed, or too long. */
static const char *go_on_in_number(struct lw_scan *scan, const char *from, const char *end)
{
    enum number_state state = scan->number;
    const char *at = from;
    struct lw_str text;

    while (at < end) {
        enum number_state next = (enum number_state)number_next[state][lw_scan_class[(unsigned char)*at]];

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
    if (!number_may_end(state) || lw_scan_class[(unsigned char)*at] != C_OTHER)
        return lw_scan_bad_here(scan, "a malformed number", at);
    text = (struct lw_str){.at = from, .len = (size_t)(at - from)};
    if (scan->cut != CUT_NONE) {
        if (carry(scan, CUT_NUMBER, from, at) == NULL)
            return NULL;
        text = lw_buf_view(&scan->carry);
    }
    scan->cut = CUT_NONE;
    return call_number(scan, text, scan->cut_byte, lw_scan_after_value(scan, at, end));
}

const char *lw_scan_any_number(struct lw_scan *scan, const char *at, const char *end)
{
    scan->number = N_START;
    scan->cut_byte = lw_scan_offset(scan, at);
    lw_buf_clear(&scan->carry);
    return go_on_in_number(scan, at, end);
}

bool lw_scan_last_number(struct lw_scan *scan)
{
    if (scan->cut != CUT_NUMBER || scan->depth > 0 || !number_may_end(scan->number))
        return false;
    call_number(scan, lw_buf_view(&scan->carry), scan->cut_byte, "");
    return true;
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
            return lw_scan_bad_here(scan, "expected true, false or null", at);
    }
    scan->cut = CUT_NONE;
    return lw_scan_call(scan, scan->literal, word, scan->cut_byte, lw_scan_after_value(scan, at, end));
}

const char *lw_scan_literal(struct lw_scan *scan, enum lw_token_kind kind, const char *at, const char *end)
{
    scan->literal = kind;
    scan->literal_at = 0;
    scan->cut_byte = lw_scan_offset(scan, at);
    return go_on_in_literal(scan, at, end);
}

const char *lw_scan_rest(struct lw_scan *scan, const char *at, const char *end)
{
    switch (scan->cut) {
    case CUT_NONE:
        return at;
    case CUT_KEY:
    case CUT_STRING:
        if (scan->slash && (unsigned char)*at < 0x20)
            return lw_scan_bad_here(scan, "a control character in a string", at);
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
