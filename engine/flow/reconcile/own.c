#include "engine/flow/reconcile/own.h"

#include "engine/base/buf.h"
#include "engine/base/fault.h"
#include "engine/base/scan/scan.h"

#include <stdlib.h>

#define TEXT_MAX 64u /* bytes of a session, id, kind or class: ours are shorter */

enum member { NONE, EVENT, SESSION, ID, CLASS, SEQ, COUNT, FIRST, LAST, LOGMSG, RAW, MEMBERS };
#define TEXTS   (CLASS + 1) /* members that are texts */
#define NUMBERS (LAST + 1)

static const char *const member_names[MEMBERS] = {
    [NONE] = "",      [EVENT] = "lw_event", [SESSION] = "lw_session", [ID] = "lw_id",     [CLASS] = "lw_class",
    [SEQ] = "lw_seq", [COUNT] = "lw_count", [FIRST] = "lw_first",     [LAST] = "lw_last", [LOGMSG] = "logmsg",
    [RAW] = "raw",
};

/* An object that is open: it may turn out to be one of ours. */
struct object {
    enum member member; /* the key before the value */
    uint64_t key;       /* its hash */
    char texts[TEXTS][TEXT_MAX];
    size_t lengths[TEXTS];
    uint64_t numbers[NUMBERS];
    bool has[NUMBERS];
    uint64_t body;
    bool found; /* one of ours inside of it */
    bool message;
};

struct lw_own {
    const struct lw_own_calls *calls;
    void *self;
    struct lw_scan *outer, *inner; /* inner: of the text in logmsg or raw */
    struct object objects[LW_SCAN_DEPTH + 1], inside[LW_SCAN_DEPTH + 1];
    struct lw_buf logmsg, raw;
    uint32_t texts_depth; /* of the object that the two belong to */
    bool inner_found, inner_bad;
    struct lw_own_rest rest;
};

static uint64_t mix(uint64_t hash)
{
    hash = (hash ^ hash >> 32) * 0xd6e8feb86659fd93u;
    hash = (hash ^ hash >> 32) * 0xd6e8feb86659fd93u;
    return hash ^ hash >> 32;
}

static uint64_t hash_of(const void *bytes, size_t n, uint64_t from)
{
    const unsigned char *at = bytes;
    uint64_t hash = 0xcbf29ce484222325u ^ mix(from);

    for (size_t i = 0; i < n; i++)
        hash = (hash ^ at[i]) * 0x100000001b3u;
    return mix(hash);
}

static bool whole_number(struct lw_str text, uint64_t *out)
{
    uint64_t value = 0;

    if (text.len == 0 || text.len > 19)
        return false;
    for (size_t i = 0; i < text.len; i++) {
        if (text.at[i] < '0' || text.at[i] > '9')
            return false;
        value = value * 10 + (uint64_t)(text.at[i] - '0');
    }
    *out = value;
    return true;
}

static void take_value(struct object *object, const struct lw_token *token)
{
    enum member member = object->member;
    uint64_t value = token->kind == LW_TOKEN_NUMBER ? hash_of(&token->number, sizeof(token->number), token->kind)
                                                    : hash_of(token->text.at, token->text.len, token->kind);

    object->body += mix(object->key ^ value);
    if (member > NONE && member < TEXTS && token->kind == LW_TOKEN_STRING && token->text.len < TEXT_MAX) {
        memcpy(object->texts[member], token->text.at, token->text.len);
        object->lengths[member] = token->text.len;
        object->has[member] = token->text.len > 0;
    }
    if (member >= SEQ && member < NUMBERS && token->kind == LW_TOKEN_NUMBER)
        object->has[member] = whole_number(token->text, &object->numbers[member]);
}

static enum member member_of(struct lw_str key)
{
    int member = EVENT;

    while (member < MEMBERS && !lw_str_equal(key, lw_str_from(member_names[member])))
        member++;
    return member < MEMBERS ? (enum member)member : NONE;
}

static struct lw_str text_of(const struct object *object, enum member member)
{
    return (struct lw_str){.at = object->texts[member], .len = object->has[member] ? object->lengths[member] : 0};
}

/* An object that has ended: *ours when it is one of our events. */
static enum lw_err end_object(struct lw_own *own, const struct object *object, bool *ours, struct lw_fault *fault)
{
    struct lw_own_event event = {.kind = text_of(object, EVENT),
                                 .session = text_of(object, SESSION),
                                 .id = text_of(object, ID),
                                 .seq = object->numbers[SEQ],
                                 .body = object->body,
                                 .class_ = text_of(object, CLASS),
                                 .count = object->has[COUNT] ? object->numbers[COUNT] : 0,
                                 .first = object->has[FIRST] ? object->numbers[FIRST] : 0,
                                 .last = object->has[LAST] ? object->numbers[LAST] : 0};

    *ours = object->has[EVENT];
    if (!*ours)
        return LW_ERR_OK;
    if (!object->has[SESSION] || !object->has[ID] || !object->has[SEQ] || event.seq == 0) {
        own->rest.incomplete++;
        return LW_ERR_OK;
    }
    event.id_hash = hash_of(event.id.at, event.id.len, 0);
    return own->calls->event(own->self, &event, fault);
}

/* What both scanners do with a token; *ended is set when an object has, *ours when it was one of our events. */
static enum lw_err take(struct lw_own *own, struct object *objects, const struct lw_token *token, bool *ours,
                        struct lw_fault *fault)
{
    struct object *holder = token->depth > 0 ? &objects[token->depth - 1] : NULL;

    *ours = false;
    if (token->kind == LW_TOKEN_OBJECT) {
        objects[token->depth] = (struct object){.member = NONE};
        return LW_ERR_OK;
    }
    if (token->kind == LW_TOKEN_OBJECT_END)
        return end_object(own, &objects[token->depth], ours, fault);
    if (token->kind == LW_TOKEN_ARRAY)
        objects[token->depth] = (struct object){.member = NONE}; /* its elements belong to nothing of ours */
    else if (token->kind == LW_TOKEN_KEY && holder != NULL) {
        holder->member = member_of(token->text);
        holder->key = hash_of(token->text.at, token->text.len, 1);
    } else if (token->kind != LW_TOKEN_ARRAY_END && holder != NULL) {
        take_value(holder, token);
    }
    return LW_ERR_OK;
}

static enum lw_err on_inner(void *self, const struct lw_token *token, struct lw_fault *fault)
{
    struct lw_own *own = self;
    bool ours;
    enum lw_err err = take(own, own->inside, token, &ours, fault);

    own->inner_found |= ours;
    return err;
}

static enum lw_err on_inner_bad(void *self, enum lw_reject reason, uint64_t line, uint64_t byte, const char *detail,
                                struct lw_fault *fault)
{
    struct lw_own *own = self;

    (void)reason, (void)line, (void)byte, (void)detail, (void)fault;
    own->inner_bad = true;
    return LW_ERR_OK;
}

static enum lw_err read_text(struct lw_own *own, const struct lw_buf *text, struct lw_fault *fault)
{
    enum lw_err err;

    if (own->inner_found || text->len == 0 || text->at[0] != '{')
        return LW_ERR_OK;
    err = lw_scan_push(own->inner, text->at, text->len, fault);
    return err == LW_ERR_OK ? lw_scan_finish(own->inner, fault) : err;
}

/* The end of an object that is none of ours: an event object whose message was not parsed has it as text. */
static enum lw_err end_other(struct lw_own *own, const struct lw_token *token, struct lw_fault *fault)
{
    struct object *object = &own->objects[token->depth];
    enum lw_err err = LW_ERR_OK;

    own->inner_found = object->found;
    if (object->message) {
        err = read_text(own, &own->logmsg, fault);
        if (err == LW_ERR_OK)
            err = read_text(own, &own->raw, fault);
        lw_buf_clear(&own->logmsg);
        lw_buf_clear(&own->raw);
        own->rest.others += !own->inner_found;
    }
    if (token->depth > 0)
        own->objects[token->depth - 1].found |= own->inner_found;
    return err;
}

static enum lw_err keep(struct lw_own *own, const struct lw_token *token, struct lw_fault *fault)
{
    struct object *holder = token->depth > 0 ? &own->objects[token->depth - 1] : NULL;
    struct lw_buf *into;

    if (holder == NULL || token->kind != LW_TOKEN_STRING || (holder->member != LOGMSG && holder->member != RAW))
        return LW_ERR_OK;
    into = holder->member == LOGMSG ? &own->logmsg : &own->raw;
    lw_buf_clear(into);
    lw_buf_str(into, token->text);
    holder->message = true;
    return into->error == LW_ERR_OK ? LW_ERR_OK : lw_fault_memory(fault, "the message of an event");
}

static enum lw_err on_token(void *self, const struct lw_token *token, struct lw_fault *fault)
{
    struct lw_own *own = self;
    bool ours;
    enum lw_err err = keep(own, token, fault);

    if (err == LW_ERR_OK)
        err = take(own, own->objects, token, &ours, fault);
    if (err != LW_ERR_OK)
        return err;
    if (token->kind == LW_TOKEN_ARRAY_END && token->depth > 0)
        own->objects[token->depth - 1].found |= own->objects[token->depth].found;
    if (token->kind != LW_TOKEN_OBJECT_END)
        return LW_ERR_OK;
    if (ours) {
        if (token->depth > 0)
            own->objects[token->depth - 1].found = true;
        return LW_ERR_OK;
    }
    return end_other(own, token, fault);
}

static enum lw_err on_bad(void *self, enum lw_reject reason, uint64_t line, uint64_t byte, const char *detail,
                          struct lw_fault *fault)
{
    struct lw_own *own = self;

    (void)reason, (void)line, (void)byte, (void)detail, (void)fault;
    own->rest.bad++;
    lw_buf_clear(&own->logmsg);
    lw_buf_clear(&own->raw);
    return LW_ERR_OK;
}

enum lw_err lw_own_open(struct lw_own **out, const struct lw_own_calls *calls, void *self, struct lw_fault *fault)
{
    static const struct lw_scan_calls outer = {.token = on_token, .bad = on_bad};
    static const struct lw_scan_calls inner = {.token = on_inner, .bad = on_inner_bad};
    struct lw_own *own = calloc(1, sizeof(*own));
    enum lw_err err;

    if (own == NULL)
        return lw_fault_memory(fault, "reading an export");
    own->calls = calls;
    own->self = self;
    own->logmsg.ceiling = own->raw.ceiling = LW_SCAN_SCALAR_MAX;
    err = lw_scan_open(&own->outer, &outer, own, fault);
    if (err == LW_ERR_OK)
        err = lw_scan_open(&own->inner, &inner, own, fault);
    if (err != LW_ERR_OK) {
        lw_own_close(own);
        return err;
    }
    *out = own;
    return LW_ERR_OK;
}

enum lw_err lw_own_push(struct lw_own *own, const char *bytes, size_t n, struct lw_fault *fault)
{
    return lw_scan_push(own->outer, bytes, n, fault);
}

enum lw_err lw_own_finish(struct lw_own *own, struct lw_fault *fault)
{
    return lw_scan_finish(own->outer, fault);
}

const struct lw_own_rest *lw_own_rest(const struct lw_own *own)
{
    return &own->rest;
}

void lw_own_close(struct lw_own *own)
{
    if (own == NULL)
        return;
    lw_scan_close(own->outer);
    lw_scan_close(own->inner);
    lw_buf_close(&own->logmsg);
    lw_buf_close(&own->raw);
    free(own);
}
