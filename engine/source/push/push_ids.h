/* The ids of Firehose requests that were delivered, so that a retry is answered and not taken again: the last
   LW_PUSH_IDS_MAX, in memory and in the mark of the source. */
#ifndef LEEWAY_ENGINE_SOURCE_PUSH_PUSH_IDS_H
#define LEEWAY_ENGINE_SOURCE_PUSH_PUSH_IDS_H

#include "engine/base/buf.h"
#include "engine/source/push/firehose.h"

#include <stdbool.h>

#define LW_PUSH_IDS_MAX 256

struct lw_push_id {
    char text[LW_FIREHOSE_ID_MAX];
    size_t n;
};

/* Zero-initialised is valid once it is opened. A ring: `next` is written next. */
struct lw_push_ids {
    struct lw_push_id *items;
    size_t n, next;
};

/* The ids that `mark` holds; empty: none. LW_ERR_NOMEM. LW_ERR_STATE: the mark is damaged. Close it after a failure too. */
LW_MUST_USE enum lw_err lw_push_ids_open(struct lw_push_ids *ids, struct lw_str mark, struct lw_fault *fault);
void lw_push_ids_close(struct lw_push_ids *ids);

bool lw_push_ids_has(const struct lw_push_ids *ids, struct lw_str id);
/* Twice is once; an empty id is none. */
void lw_push_ids_add(struct lw_push_ids *ids, struct lw_str id);
/* The mark, oldest first, as it begins when `fresh` more ids follow: as many of the old ones as leave room for them. */
void lw_push_ids_write(const struct lw_push_ids *ids, size_t fresh, struct lw_buf *out);
/* One of those. */
void lw_push_ids_write_one(struct lw_str id, struct lw_buf *out);

#endif
