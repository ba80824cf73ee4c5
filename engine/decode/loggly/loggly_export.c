#include "engine/base/buf.h"
#include "engine/base/fault.h"
#include "engine/decode/loggly/event.h"
#include "engine/decode/reader.h"

/* What Loggly's retrieval answers and what its export writes: pages {"events":[...]}, arrays or lines of event objects, or
   of the messages themselves. An event object holds its message three times: parsed (event.json), as text (logmsg), and
   as it was sent (raw); any of them may be missing, and they come in any order. */
enum role { TOP = LW_WALK_TOP, EVENTS, ELEMENT, EVENT, JSON, LOGMSG, RAW };

static const struct lw_walk_rule rules[] = {
    LW_WALK_ELEMENT(TOP, TOP),
    LW_WALK_KEY(TOP, "events", EVENTS),
    LW_WALK_KEY(TOP, "event", EVENT),
    LW_WALK_KEY(TOP, "logmsg", LOGMSG),
    LW_WALK_KEY(TOP, "raw", RAW),
    LW_WALK_ELEMENT(EVENTS, ELEMENT),
    LW_WALK_KEY(ELEMENT, "event", EVENT),
    LW_WALK_KEY(ELEMENT, "logmsg", LOGMSG),
    LW_WALK_KEY(ELEMENT, "raw", RAW),
    LW_WALK_KEY(EVENT, "json", JSON),
};

struct export
{
    struct lw_reader reader;
    struct lw_scan *inner;  /* of the text in logmsg or raw */
    uint32_t depth;         /* of the members of the open event object, which may still turn out to be a page */
    bool has_json, in_json; /* event.json was there; is being read */
    uint32_t json_depth;    /* of the members of event.json */
    struct lw_event direct; /* the object's own members: its time, or the message itself */
    struct lw_event message;
    struct lw_buf logmsg, raw;
    uint32_t inner_values; /* JSON values at the top of the text */
    bool inner_bad;
};

static enum lw_err on_inner_token(void *self, const struct lw_token *token, struct lw_fault *fault)
{
    struct export *export = self;

    if (token->depth > 0)
        return token->depth == 1 ? lw_event_token(&export->message, token, fault) : LW_ERR_OK;
    if (token->kind == LW_TOKEN_OBJECT_END)
        return LW_ERR_OK;
    export->inner_values++;
    export->inner_bad |= token->kind != LW_TOKEN_OBJECT;
    return LW_ERR_OK;
}

static enum lw_err on_inner_bad(void *self, enum lw_reject reason, uint64_t line, uint64_t byte, const char *detail,
                                struct lw_fault *fault)
{
    struct export *export = self;

    (void)reason, (void)line, (void)byte, (void)detail, (void)fault;
    export->inner_bad = true;
    return LW_ERR_OK;
}

/* Reads the message from its text; *usable when it is one JSON object that is a metric event. */
static enum lw_err read_text(struct export *export, const struct lw_buf *text, bool *usable, struct lw_fault *fault)
{
    enum lw_err err;

    *usable = false;
    if (text->len == 0)
        return LW_ERR_OK;
    export->inner_values = 0;
    export->inner_bad = false;
    lw_event_start(&export->message, export->reader.emit, &export->reader.memo, export->direct.line,
                   export->direct.byte);
    err = lw_scan_push(export->inner, text->at, text->len, fault);
    if (err == LW_ERR_OK)
        err = lw_scan_finish(export->inner, fault);
    *usable =
        err == LW_ERR_OK && export->inner_values == 1 && !export->inner_bad && lw_event_recognised(&export->message);
    return err;
}

static enum lw_err end_event(struct export *export, struct lw_fault *fault)
{
    const lw_time *at;
    struct lw_str shown;
    bool usable;
    enum lw_err err;

    export->reader.open = false;
    export->reader.emit->records++;
    at = lw_event_time(&export->direct);
    if (export->has_json)
        return lw_event_end(&export->message, at, fault);
    if (lw_event_recognised(&export->direct))
        return lw_event_end(&export->direct, NULL, fault);
    err = read_text(export, &export->logmsg, &usable, fault);
    if (err == LW_ERR_OK && !usable)
        err = read_text(export, &export->raw, &usable, fault);
    if (err != LW_ERR_OK)
        return err;
    if (usable)
        return lw_event_end(&export->message, at, fault);
    shown = lw_buf_view(export->logmsg.len > 0 ? &export->logmsg : &export->raw);
    return lw_emit_reject_text(export->reader.emit, LW_REJECT_UNKNOWN_RECORD, export->direct.line, export->direct.byte,
                               shown, fault);
}

static enum lw_err keep_text(struct export *export, struct lw_buf *buf, struct lw_str text, struct lw_fault *fault)
{
    if (export->has_json)
        return LW_ERR_OK;
    lw_buf_clear(buf);
    lw_buf_str(buf, text);
    return buf->error == LW_ERR_OK ? LW_ERR_OK : lw_fault_memory(fault, "the message of an event");
}

/* A value that begins, or a key, among the members of an event object. */
static enum lw_err member(struct export *export, const struct lw_token *token, uint8_t role, struct lw_fault *fault)
{
    /* So it is no event but a page of them; what was read of it (page, total_events) is of no use. */
    if (role == EVENTS && token->kind == LW_TOKEN_ARRAY) {
        export->reader.open = false;
        return LW_ERR_OK;
    }
    if (role == LOGMSG && token->kind == LW_TOKEN_STRING)
        return keep_text(export, &export->logmsg, token->text, fault);
    if (role == RAW && token->kind == LW_TOKEN_STRING)
        return keep_text(export, &export->raw, token->text, fault);
    return lw_event_token(&export->direct, token, fault);
}

static enum lw_err inside_event(struct export *export, const struct lw_token *token, uint8_t role,
                                struct lw_fault *fault)
{
    if (token->depth < export->depth)
        return end_event(export, fault);
    if (token->depth == export->depth)
        return member(export, token, role, fault);
    if (export->in_json && token->depth == export->json_depth)
        return lw_event_token(&export->message, token, fault);
    if (role == JSON && token->kind == LW_TOKEN_OBJECT) {
        export->has_json = export->in_json = true;
        export->json_depth = token->depth + 1;
        lw_event_start(&export->message, export->reader.emit, &export->reader.memo, export->direct.line,
                       export->direct.byte);
    } else if (role == JSON && token->kind == LW_TOKEN_OBJECT_END) {
        export->in_json = false;
    }
    return LW_ERR_OK;
}

static enum lw_err on_token(void *self, const struct lw_token *token, struct lw_fault *fault)
{
    struct export *export = self;
    uint8_t role = lw_walk_token(&export->reader.walk, token);

    if (export->reader.open)
        return inside_event(export, token, role, fault);
    if (token->kind == LW_TOKEN_KEY || token->kind == LW_TOKEN_OBJECT_END || token->kind == LW_TOKEN_ARRAY_END ||
        (role == TOP && token->kind == LW_TOKEN_ARRAY) || (role != TOP && role != ELEMENT))
        return LW_ERR_OK;
    if (token->kind != LW_TOKEN_OBJECT)
        return lw_reader_unknown(&export->reader, token, fault);
    export->reader.open = true;
    export->depth = token->depth + 1;
    export->has_json = export->in_json = false;
    lw_buf_clear(&export->logmsg);
    lw_buf_clear(&export->raw);
    lw_event_start(&export->direct, export->reader.emit, &export->reader.memo, token->line, token->byte);
    return LW_ERR_OK;
}

static void close_export(void *state)
{
    struct export *export = state;

    if (export == NULL)
        return;
    lw_scan_close(export->inner);
    lw_buf_close(&export->logmsg);
    lw_buf_close(&export->raw);
    lw_reader_close(export);
}

static enum lw_err open_export(void **state, struct lw_emit *emit, struct lw_fault *fault)
{
    static const struct lw_scan_calls calls = {.token = on_token, .bad = lw_reader_bad};
    static const struct lw_scan_calls inner_calls = {.token = on_inner_token, .bad = on_inner_bad};
    struct export *export;
    void *opened;
    enum lw_err err;

    err = lw_reader_open(&opened, sizeof(*export), &calls, rules, sizeof(rules) / sizeof(rules[0]), emit, fault);
    if (err != LW_ERR_OK)
        return err;
    export = opened;
    export->logmsg.ceiling = export->raw.ceiling = LW_SCAN_SCALAR_MAX;
    err = lw_scan_open(&export->inner, &inner_calls, export, fault);
    if (err != LW_ERR_OK) {
        close_export(export);
        return err;
    }
    *state = export;
    return LW_ERR_OK;
}

const struct lw_format_decoder lw_format_loggly_export = {
    .format = LW_FORMAT_LOGGLY_EXPORT,
    .open = open_export,
    .push = lw_reader_push,
    .finish = lw_reader_finish,
    .close = close_export,
};
