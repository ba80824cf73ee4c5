#include "engine/source/push/firehose.h"

#include "engine/base/fault.h"
#include "engine/base/scan/scan.h"

#include <stdint.h>
#include <stdlib.h>

#define OUT 4096

/* Members of the document by where they stand. */
enum member { MEMBER_OTHER, MEMBER_ID, MEMBER_RECORDS, MEMBER_DATA };

/* The scanner of base checks the document but for the content of the "data" strings: these may be longer than any string
   it holds, and go past it into the decoder of base64; it sees them as "". */
struct lw_firehose {
    struct lw_scan *scan;
    struct lw_firehose_calls calls;
    void *self;
    enum member member; /* whose value comes next, at depth 1 */
    bool in_records;    /* within the array */
    bool awaits_data;   /* the next quote opens a record */
    bool in_data;
    bool escaped;     /* a backslash in the data */
    bool record_open; /* an element of records, without its data so far: every record has one */
    bool has_records;
    bool is_done;
    uint32_t records;
    char id[LW_FIREHOSE_ID_MAX];
    size_t id_n;
    /* base64: RFC 4648, section 4, with padding. */
    uint32_t bits;
    unsigned digits, padding;
    char out[OUT];
    size_t out_n;
};

bool lw_firehose_is_id(struct lw_str id)
{
    if (id.len == 0 || id.len > LW_FIREHOSE_ID_MAX)
        return false;
    for (size_t i = 0; i < id.len; i++) {
        unsigned char c = (unsigned char)id.at[i];

        if (c <= 0x20 || c >= 0x7f || c == '"' || c == '\\')
            return false;
    }
    return true;
}

static enum lw_err wrong(struct lw_fault *fault, const char *what)
{
    return lw_fault_set(fault, LW_ERR_FORMAT, "this is no request of Firehose: %s", what);
}

static enum lw_err on_id(struct lw_firehose *firehose, struct lw_str id, struct lw_fault *fault)
{
    if (firehose->id_n > 0)
        return wrong(fault, "requestId is there twice");
    if (!lw_firehose_is_id(id))
        return wrong(fault, "requestId is not 1 to 128 printable characters");
    memcpy(firehose->id, id.at, id.len);
    firehose->id_n = id.len;
    return LW_ERR_OK;
}

static enum lw_err on_key(struct lw_firehose *firehose, const struct lw_token *token, struct lw_fault *fault)
{
    if (token->depth == 1) {
        firehose->member = lw_str_equal(token->text, LW_STR("requestId")) ? MEMBER_ID
                           : lw_str_equal(token->text, LW_STR("records")) ? MEMBER_RECORDS
                                                                          : MEMBER_OTHER;
    } else if (firehose->in_records && token->depth == 3 && lw_str_equal(token->text, LW_STR("data"))) {
        if (!firehose->record_open)
            return wrong(fault, "a record has its data twice");
        firehose->awaits_data = true;
    }
    return LW_ERR_OK;
}

/* The start of a container or a scalar at the places that matter. */
static enum lw_err on_value(struct lw_firehose *firehose, const struct lw_token *token, struct lw_fault *fault)
{
    if (firehose->awaits_data && !(token->kind == LW_TOKEN_STRING && token->depth == 3))
        return wrong(fault, "the data of a record are not a string");
    firehose->awaits_data = false;
    if (token->depth == 0)
        return token->kind == LW_TOKEN_OBJECT && !firehose->is_done ? LW_ERR_OK : wrong(fault, "it is not one object");
    if (token->depth == 1 && firehose->member == MEMBER_ID)
        return token->kind == LW_TOKEN_STRING ? on_id(firehose, token->text, fault)
                                              : wrong(fault, "requestId is not a string");
    if (token->depth == 1 && firehose->member == MEMBER_RECORDS) {
        if (token->kind != LW_TOKEN_ARRAY || firehose->has_records)
            return wrong(fault, "records is not one array");
        firehose->has_records = firehose->in_records = true;
    } else if (firehose->in_records && token->depth == 2) {
        if (token->kind != LW_TOKEN_OBJECT)
            return wrong(fault, "a record is not an object");
        if (firehose->records++ == LW_FIREHOSE_RECORDS_MAX)
            return wrong(fault, "it has more than 10000 records");
        firehose->record_open = true;
    }
    return LW_ERR_OK;
}

static enum lw_err on_token(void *self, const struct lw_token *token, struct lw_fault *fault)
{
    struct lw_firehose *firehose = self;

    switch (token->kind) {
    case LW_TOKEN_KEY:
        return on_key(firehose, token, fault);
    case LW_TOKEN_OBJECT_END:
        firehose->is_done = firehose->is_done || token->depth == 0;
        if (firehose->in_records && token->depth == 2 && firehose->record_open)
            return wrong(fault, "a record has no data");
        return LW_ERR_OK;
    case LW_TOKEN_ARRAY_END:
        if (token->depth == 1)
            firehose->in_records = false;
        return LW_ERR_OK;
    case LW_TOKEN_OBJECT:
    case LW_TOKEN_ARRAY:
    case LW_TOKEN_STRING:
    case LW_TOKEN_NUMBER:
    case LW_TOKEN_TRUE:
    case LW_TOKEN_FALSE:
    case LW_TOKEN_NULL:
        break;
    }
    return on_value(firehose, token, fault);
}

static enum lw_err on_bad(void *self, enum lw_reject reason, uint64_t line, uint64_t byte, const char *detail,
                          struct lw_fault *fault)
{
    (void)self;
    (void)reason;
    (void)line;
    (void)byte;
    return wrong(fault, detail);
}

enum lw_err lw_firehose_open(struct lw_firehose **out, const struct lw_firehose_calls *calls, void *self,
                             struct lw_fault *fault)
{
    static const struct lw_scan_calls scan_calls = {.token = on_token, .bad = on_bad};
    struct lw_firehose *firehose = calloc(1, sizeof(*firehose));
    enum lw_err err;

    if (firehose == NULL)
        return lw_fault_memory(fault, "a request of Firehose");
    firehose->calls = *calls;
    firehose->self = self;
    err = lw_scan_open(&firehose->scan, &scan_calls, firehose, fault);
    if (err != LW_ERR_OK) {
        free(firehose);
        return err;
    }
    *out = firehose;
    return LW_ERR_OK;
}

void lw_firehose_close(struct lw_firehose *firehose)
{
    if (firehose == NULL)
        return;
    lw_scan_close(firehose->scan);
    free(firehose);
}

struct lw_str lw_firehose_id(const struct lw_firehose *firehose)
{
    return (struct lw_str){.at = firehose->id, .len = firehose->id_n};
}

static enum lw_err give(struct lw_firehose *firehose, struct lw_fault *fault)
{
    size_t n = firehose->out_n;

    firehose->out_n = 0;
    return n == 0 ? LW_ERR_OK : firehose->calls.bytes(firehose->self, firehose->out, n, fault);
}

static int digit(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

static enum lw_err put_digit(struct lw_firehose *firehose, char c, struct lw_fault *fault)
{
    int value = digit(c);

    if (c == '=' && (firehose->digits >= 2 || firehose->padding > 0) && firehose->digits + firehose->padding < 4) {
        firehose->padding++;
        return LW_ERR_OK;
    }
    if (value < 0 || firehose->padding > 0)
        return wrong(fault, "the data of a record are not base64");
    firehose->bits = firehose->bits << 6 | (uint32_t)value;
    if (++firehose->digits < 4)
        return LW_ERR_OK;
    firehose->digits = 0;
    if (firehose->out_n + 3 > OUT) {
        enum lw_err err = give(firehose, fault);

        if (err != LW_ERR_OK)
            return err;
    }
    for (int shift = 16; shift >= 0; shift -= 8)
        firehose->out[firehose->out_n++] = (char)(unsigned char)(firehose->bits >> shift & 0xff);
    return LW_ERR_OK;
}

/* The last, short group: two digits are one byte, three are two. Bits that are left over have to be 0. */
static enum lw_err end_data(struct lw_firehose *firehose, struct lw_fault *fault)
{
    enum lw_err err = LW_ERR_OK;
    unsigned left = firehose->digits;

    if (left == 1 || (left > 0 && firehose->padding != 4 - left))
        return wrong(fault, "the base64 of a record is cut off");
    if (firehose->out_n + 2 > OUT)
        err = give(firehose, fault);
    if (left > 0 && (firehose->bits & ((1u << 2 * (4 - left)) - 1)) != 0)
        return wrong(fault, "the base64 of a record has bits behind its end");
    for (unsigned i = 0; err == LW_ERR_OK && i + 1 < left; i++)
        firehose->out[firehose->out_n++] = (char)(unsigned char)(firehose->bits >> (6 * left - 8 * (i + 1)) & 0xff);
    firehose->bits = 0;
    firehose->digits = firehose->padding = 0;
    if (err == LW_ERR_OK)
        err = give(firehose, fault);
    if (err == LW_ERR_OK)
        err = firehose->calls.record_end(firehose->self, fault);
    return err;
}

/* Takes what belongs to the data; *used is how many bytes that were, the closing quote not among them. */
static enum lw_err take_data(struct lw_firehose *firehose, const char *bytes, size_t n, size_t *used,
                             struct lw_fault *fault)
{
    enum lw_err err = LW_ERR_OK;
    size_t i = 0;

    for (; i < n && err == LW_ERR_OK; i++) {
        if (bytes[i] == '"' && !firehose->escaped)
            break;
        if (bytes[i] == '\\' && !firehose->escaped) {
            firehose->escaped = true;
            continue;
        }
        /* JSON may write the slash of base64 as "\/", and nothing else that belongs to it with an escape. */
        if (firehose->escaped && bytes[i] != '/')
            return wrong(fault, "the data of a record are not base64");
        firehose->escaped = false;
        err = put_digit(firehose, bytes[i], fault);
    }
    *used = i;
    if (i == n || err != LW_ERR_OK)
        return err;
    firehose->in_data = false;
    firehose->record_open = false;
    return end_data(firehose, fault);
}

enum lw_err lw_firehose_push(struct lw_firehose *firehose, const char *bytes, size_t n, struct lw_fault *fault)
{
    enum lw_err err = LW_ERR_OK;

    while (n > 0 && err == LW_ERR_OK) {
        const char *quote;
        size_t used = n;

        if (firehose->in_data) {
            err = take_data(firehose, bytes, n, &used, fault);
        } else {
            quote = memchr(bytes, '"', n);
            used = quote == NULL ? n : (size_t)(quote - bytes);
            /* A quote goes in alone: what is before it decides what it opens. */
            if (used == 0) {
                used = 1;
                firehose->in_data = firehose->awaits_data;
                firehose->awaits_data = false;
            }
            err = lw_scan_push(firehose->scan, bytes, used, fault);
        }
        bytes += used;
        n -= used;
    }
    return err;
}

enum lw_err lw_firehose_finish(struct lw_firehose *firehose, struct lw_fault *fault)
{
    enum lw_err err = lw_scan_finish(firehose->scan, fault);

    if (err != LW_ERR_OK)
        return err;
    if (!firehose->is_done || firehose->in_data)
        return wrong(fault, "it ends too early");
    if (firehose->id_n == 0)
        return wrong(fault, "it has no requestId");
    return firehose->has_records ? LW_ERR_OK : wrong(fault, "it has no records");
}
