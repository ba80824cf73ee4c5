#include "engine/source/aws/mark.h"

#include "engine/base/fault.h"
#include "engine/base/json/json_in.h"
#include "engine/base/json/json_out.h"

#define VERSION 1

void lw_mark_write(const struct lw_mark *mark, struct lw_buf *out)
{
    struct lw_json_out json = {.buf = out};

    lw_json_object(&json);
    lw_json_key(&json, "version");
    lw_json_int(&json, VERSION);
    lw_json_key(&json, "regions");
    lw_json_object(&json);
    for (size_t i = 0; i < mark->n; i++) {
        lw_json_key(&json, mark->regions[i].name);
        lw_json_int(&json, mark->regions[i].high.ms);
    }
    lw_json_object_end(&json);
    lw_json_object_end(&json);
}

static bool take(struct lw_mark *mark, const struct lw_json_node *node)
{
    if (mark->n == LW_MARK_REGIONS || node->kind != LW_TOKEN_NUMBER || node->key.len == 0 ||
        node->key.len >= LW_MARK_REGION || memchr(node->key.at, '\0', node->key.len) != NULL)
        return false;
    if (!(node->number >= (double)LW_TIME_MIN && node->number <= (double)LW_TIME_MAX))
        return false;
    memcpy(mark->regions[mark->n].name, node->key.at, node->key.len);
    mark->regions[mark->n].name[node->key.len] = '\0';
    mark->regions[mark->n++].high.ms = (int64_t)node->number;
    return true;
}

enum lw_err lw_mark_read(struct lw_mark *mark, struct lw_str text, struct lw_fault *fault)
{
    struct lw_arena arena = {.ceiling = (size_t)1 << 20};
    struct lw_mark made = {.n = 0};
    const struct lw_json_node *regions;
    struct lw_json_in in;
    double version = 0;
    enum lw_err err;
    bool good = true;

    if (text.len == 0) {
        mark->n = 0;
        return LW_ERR_OK;
    }
    err = text.len < (64u << 10) ? lw_json_in_read(&in, text, &arena, fault) : LW_ERR_FORMAT;
    if (err == LW_ERR_OK && lw_json_in_number(&in, in.nodes, "version", &version) && version > VERSION)
        err = lw_fault_set(fault, LW_ERR_NEWER, "the mark of a CloudWatch source was written by a later version");
    if (err == LW_ERR_OK) {
        regions = lw_json_in_member(&in, in.nodes, "regions");
        good = version == VERSION && regions != NULL && regions->kind == LW_TOKEN_OBJECT;
        for (const struct lw_json_node *node = lw_json_in_first(&in, regions); good && node != NULL;
             node = lw_json_in_next(&in, regions, node))
            good = take(&made, node);
    }
    if (err == LW_ERR_FORMAT || !good)
        err = lw_fault_set(fault, LW_ERR_STATE, "the mark of a CloudWatch source is damaged");
    if (err == LW_ERR_OK)
        *mark = made;
    lw_arena_close(&arena);
    return err;
}
