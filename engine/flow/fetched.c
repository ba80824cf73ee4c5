#include "engine/flow/fetched.h"

#include "engine/base/fault.h"
#include "engine/base/json/json_out.h"
#include "engine/base/scan/scan.h"

struct cutting {
    struct lw_buf *out;
    uint64_t documents;
    const struct lw_source_part *part;
    uint64_t from;
};

static void put_text(struct lw_json_out *json, const char *key, struct lw_str text)
{
    if (text.len == 0)
        return;
    lw_json_key(json, key);
    lw_json_str(json, text);
}

/* Between the values of a document a line's end is as good as a blank; within them it cannot stand. */
static void put_line(struct cutting *cutting, uint64_t until)
{
    const struct lw_source_part *part = cutting->part;
    struct lw_buf *buf = cutting->out;
    struct lw_json_out json = {.buf = buf};
    size_t start;

    lw_json_object(&json);
    lw_json_key(&json, "lw_fetched");
    lw_json_str(&json, part->format);
    put_text(&json, "label", part->label);
    put_text(&json, "origin", part->origin);
    put_text(&json, "run", part->run);
    put_text(&json, "metric", part->metric);
    put_text(&json, "stat", part->stat);
    lw_json_key(&json, "body");
    start = buf->len;
    lw_buf_bytes(buf, part->bytes.at + cutting->from, (size_t)(until - cutting->from));
    for (size_t i = start; buf->error == LW_ERR_OK && i < buf->len; i++) {
        if (buf->at[i] == '\n' || buf->at[i] == '\r')
            buf->at[i] = ' ';
    }
    lw_buf_text(buf, "}\n");
    cutting->documents++;
}

static enum lw_err on_token(void *self, const struct lw_token *token, struct lw_fault *fault)
{
    struct cutting *cutting = self;

    (void)fault;
    if (token->depth > 0)
        return LW_ERR_OK;
    if (token->kind == LW_TOKEN_OBJECT || token->kind == LW_TOKEN_ARRAY)
        cutting->from = token->byte;
    else if (token->kind == LW_TOKEN_OBJECT_END || token->kind == LW_TOKEN_ARRAY_END)
        put_line(cutting, token->byte + 1);
    return LW_ERR_OK;
}

static enum lw_err on_bad(void *self, enum lw_reject reason, uint64_t line, uint64_t byte, const char *detail,
                          struct lw_fault *fault)
{
    const struct cutting *cutting = self;

    (void)reason, (void)line;
    return lw_fault_set_at(fault, LW_ERR_FORMAT, 0, byte, "%.*s: a document that is no JSON: %s",
                           (int)(cutting->part->label.len < 80 ? cutting->part->label.len : 80),
                           cutting->part->label.at, detail != NULL ? detail : "malformed");
}

enum lw_err lw_fetched_part(const struct lw_source_part *part, struct lw_buf *out, uint64_t *documents,
                            struct lw_fault *fault)
{
    static const struct lw_scan_calls calls = {.token = on_token, .bad = on_bad};
    struct cutting cutting = {.out = out, .part = part};
    struct lw_scan *scan = NULL;
    enum lw_err err = lw_scan_open(&scan, &calls, &cutting, fault);

    if (err == LW_ERR_OK)
        err = lw_scan_push(scan, part->bytes.at, part->bytes.len, fault);
    if (err == LW_ERR_OK)
        err = lw_scan_finish(scan, fault);
    lw_scan_close(scan);
    if (err == LW_ERR_OK && out->error != LW_ERR_OK)
        err = lw_fault_memory(fault, "what was fetched");
    *documents += cutting.documents;
    return err;
}
