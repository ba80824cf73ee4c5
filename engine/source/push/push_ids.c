#include "engine/source/push/push_ids.h"

#include "engine/base/fault.h"

#include <stdlib.h>

#define MARK_HEAD "push 1\n"

static struct lw_str text_of(const struct lw_push_id *id)
{
    return (struct lw_str){.at = id->text, .len = id->n};
}

bool lw_push_ids_has(const struct lw_push_ids *ids, struct lw_str id)
{
    for (size_t i = 0; i < ids->n; i++) {
        if (lw_str_equal(text_of(&ids->items[i]), id))
            return true;
    }
    return false;
}

void lw_push_ids_add(struct lw_push_ids *ids, struct lw_str id)
{
    struct lw_push_id *slot = &ids->items[ids->next];

    if (id.len == 0 || lw_push_ids_has(ids, id))
        return;
    memcpy(slot->text, id.at, id.len);
    slot->n = id.len;
    ids->next = (ids->next + 1) % LW_PUSH_IDS_MAX;
    if (ids->n < LW_PUSH_IDS_MAX)
        ids->n++;
}

static enum lw_err read_mark(struct lw_push_ids *ids, struct lw_str mark, struct lw_fault *fault)
{
    size_t head = sizeof(MARK_HEAD) - 1;

    if (mark.len == 0)
        return LW_ERR_OK;
    if (mark.len < head || memcmp(mark.at, MARK_HEAD, head) != 0)
        return lw_fault_set(fault, LW_ERR_STATE, "the mark of the http source is damaged");
    mark.at += head;
    mark.len -= head;
    while (mark.len > 0) {
        const char *end = memchr(mark.at, '\n', mark.len);
        struct lw_str id = {.at = mark.at, .len = end == NULL ? mark.len : (size_t)(end - mark.at)};

        if (end == NULL || !lw_firehose_is_id(id))
            return lw_fault_set(fault, LW_ERR_STATE, "the mark of the http source is damaged");
        lw_push_ids_add(ids, id);
        mark.at += id.len + 1;
        mark.len -= id.len + 1;
    }
    return LW_ERR_OK;
}

enum lw_err lw_push_ids_open(struct lw_push_ids *ids, struct lw_str mark, struct lw_fault *fault)
{
    ids->items = calloc(LW_PUSH_IDS_MAX, sizeof(*ids->items));
    if (ids->items == NULL)
        return lw_fault_memory(fault, "the http source");
    return read_mark(ids, mark, fault);
}

void lw_push_ids_close(struct lw_push_ids *ids)
{
    free(ids->items);
    *ids = (struct lw_push_ids){.n = 0};
}

void lw_push_ids_write_one(struct lw_str id, struct lw_buf *out)
{
    lw_buf_str(out, id);
    lw_buf_char(out, '\n');
}

void lw_push_ids_write(const struct lw_push_ids *ids, size_t fresh, struct lw_buf *out)
{
    size_t skip = ids->n + fresh > LW_PUSH_IDS_MAX ? ids->n + fresh - LW_PUSH_IDS_MAX : 0;

    lw_buf_text(out, MARK_HEAD);
    for (size_t i = skip; i < ids->n; i++) {
        size_t slot = (ids->next + LW_PUSH_IDS_MAX - ids->n + i) % LW_PUSH_IDS_MAX;

        lw_push_ids_write_one(text_of(&ids->items[slot]), out);
    }
}
