/* The scanner: any cut into chunks gives the same calls, and json-c takes what it takes and means the same by it. The first
   byte of the input is the size of the chunks. */
#include "engine/base/buf.h"
#include "engine/base/scan/scan.h"

#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>

#define KINDS "{}[]KSNtfn"

struct log {
    struct lw_buf places; /* every call, with its place */
    struct lw_buf values; /* the tokens alone, as `describe` writes what json-c read */
    unsigned tops;
    bool bad;
    bool deep_text;
};

static enum lw_err on_token(void *self, const struct lw_token *token, struct lw_fault *fault)
{
    struct log *log = self;
    char kind = KINDS[token->kind];

    (void)fault;
    if (!lw_scan_utf8(token->text) || token->depth > LW_SCAN_DEPTH)
        abort();
    log->tops += token->depth == 0 && kind != '}' && kind != ']';
    log->deep_text |= memchr(token->text.at != NULL ? token->text.at : "", '\0', token->text.len) != NULL;
    lw_buf_format(&log->places, "%c %u %llu %llu %a ", kind, token->depth, (unsigned long long)token->line,
                  (unsigned long long)token->byte, kind == 'N' ? token->number : 0.0);
    lw_buf_str(&log->places, token->text);
    lw_buf_char(&log->places, '\n');
    lw_buf_char(&log->values, kind);
    if (kind == 'N')
        lw_buf_format(&log->values, "%a", token->number == 0.0 ? 0.0 : token->number);
    else if (kind == 'S' || kind == 'K')
        lw_buf_str(&log->values, token->text);
    lw_buf_char(&log->values, '\n');
    return LW_ERR_OK;
}

static enum lw_err on_bad(void *self, enum lw_reject reason, uint64_t line, uint64_t byte, const char *detail,
                          struct lw_fault *fault)
{
    struct log *log = self;

    (void)fault;
    log->bad = true;
    lw_buf_format(&log->places, "! %d %llu %llu %s\n", (int)reason, (unsigned long long)line, (unsigned long long)byte,
                  detail);
    return LW_ERR_OK;
}

static void scan(const uint8_t *data, size_t size, size_t chunk, struct log *log)
{
    struct lw_scan_calls calls = {.token = on_token, .bad = on_bad};
    struct lw_scan *scanner;

    *log = (struct log){.places = {.ceiling = 64 << 20}, .values = {.ceiling = 64 << 20}};
    if (lw_scan_open(&scanner, &calls, log, NULL) != LW_ERR_OK)
        abort();
    for (size_t at = 0; at < size; at += chunk) {
        size_t n = size - at < chunk ? size - at : chunk;
        char *copy = malloc(n); /* of exact size, for the sanitizer */

        if (copy == NULL)
            abort();
        memcpy(copy, data + at, n);
        if (lw_scan_push(scanner, copy, n, NULL) != LW_ERR_OK)
            abort();
        free(copy);
    }
    if (lw_scan_finish(scanner, NULL) != LW_ERR_OK)
        abort();
    lw_scan_close(scanner);
}

static void close_log(struct log *log)
{
    lw_buf_close(&log->places);
    lw_buf_close(&log->values);
}

static void describe(struct json_object *value, struct lw_buf *out)
{
    switch (json_object_get_type(value)) {
    case json_type_null:
        lw_buf_text(out, "n\n");
        break;
    case json_type_boolean:
        lw_buf_text(out, json_object_get_boolean(value) ? "t\n" : "f\n");
        break;
    case json_type_double:
    case json_type_int: {
        double number = json_object_get_double(value);

        lw_buf_format(out, "N%a\n", number == 0.0 ? 0.0 : number);
        break;
    }
    case json_type_string:
        lw_buf_char(out, 'S');
        lw_buf_bytes(out, json_object_get_string(value), (size_t)json_object_get_string_len(value));
        lw_buf_char(out, '\n');
        break;
    case json_type_array:
        lw_buf_text(out, "[\n");
        for (size_t i = 0; i < json_object_array_length(value); i++)
            describe(json_object_array_get_idx(value, i), out);
        lw_buf_text(out, "]\n");
        break;
    case json_type_object: {
        lw_buf_text(out, "{\n");
        json_object_object_foreach(value, key, member)
        {
            lw_buf_format(out, "K%s\n", key);
            describe(member, out);
        }
        lw_buf_text(out, "}\n");
        break;
    }
    }
}

/* How many members json-c has kept: of those of one name only the last. */
static size_t lines_of(const struct lw_buf *buf)
{
    size_t n = 0;

    for (size_t i = 0; i < buf->len; i++)
        n += buf->at[i] == '\n';
    return n;
}

/* Is this number the same to json-c? Whole numbers beyond 64 bits it cuts to the ends of the range, and above 2^63 or
   where it counts in integers it may round once more; overflow it calls an infinity. */
static bool plain_numbers(const struct lw_buf *values)
{
    for (const char *at = values->at; at != NULL && at < values->at + values->len;) {
        const char *feed = memchr(at, '\n', (size_t)(values->at + values->len - at));
        char text[64];
        size_t n = (size_t)(feed - at);

        if (*at == 'N' && n < sizeof(text)) {
            double value;

            memcpy(text, at + 1, n - 1);
            text[n - 1] = '\0';
            value = strtod(text, NULL);
            if (!(value > -9e18 && value < 9e18))
                return false;
        }
        at = feed + 1;
    }
    return true;
}

/* What our scanner takes as one document json-c must take, and where no name occurs twice and no text has a NUL (its keys
   are C strings), mean the same. */
static void compare_with_json_c(const uint8_t *data, size_t size, const struct log *log)
{
    struct json_tokener *tokener = json_tokener_new_ex(LW_SCAN_DEPTH + 2);
    struct lw_buf theirs = {.ceiling = 64 << 20};
    size_t mark = size >= 3 && memcmp(data, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
    struct json_object *document;
    char *text = malloc(size - mark + 1);

    if (tokener == NULL || text == NULL)
        abort();
    memcpy(text, data + mark, size - mark);
    text[size - mark] = '\0';
    json_tokener_set_flags(tokener, JSON_TOKENER_STRICT);
    document = json_tokener_parse_ex(tokener, text, (int)(size - mark + 1));
    if (json_tokener_get_error(tokener) != json_tokener_success) {
        fprintf(stderr, "json-c: %s\n", json_tokener_error_desc(json_tokener_get_error(tokener)));
        abort();
    }
    describe(document, &theirs);
    if (!log->deep_text && plain_numbers(&log->values) && lines_of(&theirs) == lines_of(&log->values) &&
        !lw_str_equal(lw_buf_view(&theirs), lw_buf_view(&log->values))) {
        fprintf(stderr, "json-c\n%.*sours\n%.*s", (int)theirs.len, theirs.at, (int)log->values.len, log->values.at);
        abort();
    }
    json_object_put(document);
    json_tokener_free(tokener);
    lw_buf_close(&theirs);
    free(text);
}

/* What json-c 0.16 takes although it is not JSON, even when strict: NaN and Infinity, single quotes, control characters in
   strings and more blanks between tokens (\f, \v), numbers with leading zeros or without digits where some are due, text
   that is not UTF-8, lone surrogates. Where none of that can be in the text it must refuse what our scanner refuses. */
static bool may_be_loose(const uint8_t *text, size_t size)
{
    uint8_t before = 0;

    for (size_t i = 0; i < size; before = text[i++]) {
        uint8_t next = i + 1 < size ? text[i + 1] : 0;
        bool digit = next >= '0' && next <= '9';

        if (strchr(".eE-+", text[i]) != NULL && !digit)
            return true;
        if (text[i] == '0' && digit && before != '.' && (before < '0' || before > '9'))
            return true;
        if (text[i] < 0x20 || text[i] > 0x7e || strchr("'NI", text[i]) != NULL || (text[i] == '\\' && next == 'u'))
            return true;
    }
    return false;
}

static void compare_refusal_with_json_c(const uint8_t *data, size_t size)
{
    struct json_tokener *tokener = json_tokener_new_ex(LW_SCAN_DEPTH);
    struct json_object *document;
    char *text = malloc(size + 1);

    if (tokener == NULL || text == NULL)
        abort();
    memcpy(text, data, size);
    text[size] = '\0';
    json_tokener_set_flags(tokener, JSON_TOKENER_STRICT);
    document = json_tokener_parse_ex(tokener, text, (int)(size + 1));
    if (json_tokener_get_error(tokener) == json_tokener_success && json_tokener_get_parse_end(tokener) >= size) {
        fprintf(stderr, "json-c takes %.*s\n", (int)size, text);
        abort();
    }
    json_object_put(document);
    json_tokener_free(tokener);
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct log whole;
    struct log parts;

    if (size < 2)
        return 0;
    scan(data + 1, size - 1, size, &whole);
    scan(data + 1, size - 1, (size_t)data[0] + 1, &parts);
    if (!lw_str_equal(lw_buf_view(&whole.places), lw_buf_view(&parts.places)))
        abort();
    close_log(&parts);
    if (whole.tops == 1 && !whole.bad)
        compare_with_json_c(data + 1, size - 1, &whole);
    else if (!may_be_loose(data + 1, size - 1))
        compare_refusal_with_json_c(data + 1, size - 1);
    close_log(&whole);
    return 0;
}
