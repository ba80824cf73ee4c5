#include "engine/base/json/json_in.h"

#include "engine/base/buf.h"
#include "engine/base/fault.h"
#include "engine/base/time_text.h"

#include <math.h>

/* Nodes are gathered in a buffer that grows, and copied into the arena when their number is known. */
struct reading {
    struct lw_arena *arena;
    struct lw_buf nodes;
    uint32_t open[LW_SCAN_DEPTH + 1];
    uint32_t depth;
    struct lw_str key;
    uint32_t documents;
};

static struct lw_json_node *node_at(struct reading *reading, uint32_t i)
{
    return (struct lw_json_node *)(void *)reading->nodes.at + i;
}

static enum lw_err copy(struct reading *reading, struct lw_str text, struct lw_str *out, struct lw_fault *fault)
{
    *out = lw_arena_text(reading->arena, text);
    return out->at != NULL ? LW_ERR_OK : lw_fault_memory(fault, "a JSON document");
}

static enum lw_err add(struct reading *reading, const struct lw_token *token, struct lw_fault *fault)
{
    struct lw_json_node node = {.kind = token->kind, .key = reading->key, .byte = token->byte};
    uint32_t index = (uint32_t)(reading->nodes.len / sizeof(node));
    enum lw_err err = LW_ERR_OK;

    if (token->depth == 0 && reading->documents++ > 0)
        return lw_fault_set_at(fault, LW_ERR_FORMAT, token->line, token->byte, "more than one JSON document");
    if (token->kind == LW_TOKEN_STRING || token->kind == LW_TOKEN_NUMBER)
        err = copy(reading, token->text, &node.text, fault);
    node.number = token->kind == LW_TOKEN_NUMBER ? token->number : 0;
    node.end = index + 1;
    reading->key = (struct lw_str){0};
    if (err != LW_ERR_OK)
        return err;
    lw_buf_bytes(&reading->nodes, &node, sizeof(node));
    if (reading->nodes.error != LW_ERR_OK)
        return lw_fault_memory(fault, "a JSON document");
    if (token->kind == LW_TOKEN_OBJECT || token->kind == LW_TOKEN_ARRAY)
        reading->open[reading->depth++] = index;
    return LW_ERR_OK;
}

static enum lw_err on_token(void *self, const struct lw_token *token, struct lw_fault *fault)
{
    struct reading *reading = self;

    switch (token->kind) {
    case LW_TOKEN_KEY:
        return copy(reading, token->text, &reading->key, fault);
    case LW_TOKEN_OBJECT_END:
    case LW_TOKEN_ARRAY_END: {
        struct lw_json_node *node = node_at(reading, reading->open[--reading->depth]);

        node->end = (uint32_t)(reading->nodes.len / sizeof(*node));
        node->byte_n = token->byte + 1 - node->byte;
        return LW_ERR_OK;
    }
    case LW_TOKEN_OBJECT:
    case LW_TOKEN_ARRAY:
    case LW_TOKEN_STRING:
    case LW_TOKEN_NUMBER:
    case LW_TOKEN_TRUE:
    case LW_TOKEN_FALSE:
    case LW_TOKEN_NULL:
        return add(reading, token, fault);
    }
    return LW_ERR_OK;
}

static enum lw_err on_bad(void *self, enum lw_reject reason, uint64_t line, uint64_t byte, const char *detail,
                          struct lw_fault *fault)
{
    (void)self, (void)reason;
    return lw_fault_set_at(fault, LW_ERR_FORMAT, line, byte, "not valid JSON: %s",
                           detail != NULL ? detail : "malformed");
}

enum lw_err lw_json_in_read(struct lw_json_in *out, struct lw_str text, struct lw_arena *arena, struct lw_fault *fault)
{
    static const struct lw_scan_calls calls = {.token = on_token, .bad = on_bad};
    struct reading reading = {.arena = arena};
    struct lw_scan *scan = NULL;
    struct lw_json_node *nodes;
    enum lw_err err = lw_scan_open(&scan, &calls, &reading, fault);

    /* A value takes at least two bytes ("1,"), so that this ceiling is no second limit. */
    reading.nodes.ceiling = (text.len / 2 + 2) * sizeof(struct lw_json_node);
    if (err == LW_ERR_OK)
        err = lw_scan_push(scan, text.at, text.len, fault);
    if (err == LW_ERR_OK)
        err = lw_scan_finish(scan, fault);
    lw_scan_close(scan);
    if (err == LW_ERR_OK && reading.nodes.len == 0)
        err = lw_fault_set_at(fault, LW_ERR_FORMAT, 1, 0, "not valid JSON: there is nothing");
    if (err == LW_ERR_OK) {
        nodes = lw_arena_take(arena, reading.nodes.len);
        if (nodes != NULL) {
            memcpy(nodes, reading.nodes.at, reading.nodes.len);
            *out = (struct lw_json_in){nodes, (uint32_t)(reading.nodes.len / sizeof(*nodes))};
        } else {
            err = lw_fault_memory(fault, "a JSON document");
        }
    }
    lw_buf_close(&reading.nodes);
    return err;
}

const struct lw_json_node *lw_json_in_first(const struct lw_json_in *in, const struct lw_json_node *container)
{
    if (container == NULL || (container->kind != LW_TOKEN_OBJECT && container->kind != LW_TOKEN_ARRAY))
        return NULL;
    return container + 1 < in->nodes + container->end ? container + 1 : NULL;
}

const struct lw_json_node *lw_json_in_next(const struct lw_json_in *in, const struct lw_json_node *container,
                                           const struct lw_json_node *node)
{
    return node != NULL && node->end < container->end ? in->nodes + node->end : NULL;
}

const struct lw_json_node *lw_json_in_member(const struct lw_json_in *in, const struct lw_json_node *object,
                                             const char *key)
{
    const struct lw_json_node *found = NULL;

    if (object == NULL || object->kind != LW_TOKEN_OBJECT)
        return NULL;
    for (const struct lw_json_node *node = lw_json_in_first(in, object); node != NULL;
         node = lw_json_in_next(in, object, node)) {
        if (lw_str_equal(node->key, lw_str_from(key)))
            found = node;
    }
    return found;
}

struct lw_str lw_json_in_str(const struct lw_json_in *in, const struct lw_json_node *object, const char *key)
{
    const struct lw_json_node *node = lw_json_in_member(in, object, key);

    return node != NULL && node->kind == LW_TOKEN_STRING ? node->text : (struct lw_str){0};
}

bool lw_json_in_number(const struct lw_json_in *in, const struct lw_json_node *object, const char *key, double *number)
{
    const struct lw_json_node *node = lw_json_in_member(in, object, key);

    if (node == NULL || node->kind != LW_TOKEN_NUMBER || !isfinite(node->number))
        return false;
    *number = node->number;
    return true;
}

bool lw_json_in_time(const struct lw_json_in *in, const struct lw_json_node *object, const char *key, lw_time *time)
{
    const struct lw_json_node *node = lw_json_in_member(in, object, key);

    if (node == NULL || (node->kind != LW_TOKEN_NUMBER && node->kind != LW_TOKEN_STRING))
        return false;
    return lw_time_read(node->text, NULL, time) ||
           (node->kind == LW_TOKEN_NUMBER && isfinite(node->number) && lw_time_from_number(node->number, time));
}

bool lw_json_in_true(const struct lw_json_in *in, const struct lw_json_node *object, const char *key)
{
    const struct lw_json_node *node = lw_json_in_member(in, object, key);

    return node != NULL && node->kind == LW_TOKEN_TRUE;
}
