/* Events that were taken already: hashes of their ids, as many as the overlap of two windows holds, at most so many. */
#ifndef LEEWAY_ENGINE_SOURCE_LOGGLY_SEEN_H
#define LEEWAY_ENGINE_SOURCE_LOGGLY_SEEN_H

#include "engine/base/buf.h"
#include "leeway/err.h"
#include "leeway/str.h"
#include "leeway/time.h"

#include <stdbool.h>

#define LW_SEEN_MAX 16384u /* kept beyond a prune; while a window is read there may be twice as many */

struct lw_seen_item {
    uint64_t hash;
    int64_t time; /* of the event, ms; only for forgetting */
};

/* Zero-initialised is valid and empty. Owns what it points to. */
struct lw_seen {
    struct lw_seen_item *items; /* open addressing; hash 0: free */
    size_t capacity, n;
};

bool lw_seen_has(const struct lw_seen *seen, uint64_t hash);
/* Room for `n` more, so that adding them cannot fail. LW_ERR_NOMEM. */
LW_MUST_USE enum lw_err lw_seen_reserve(struct lw_seen *seen, size_t n, struct lw_fault *fault);
/* Into room that was reserved. Adding twice is harmless. */
void lw_seen_add(struct lw_seen *seen, uint64_t hash, lw_time time);
/* Forgets what is older than `since`; of more than LW_SEEN_MAX the oldest. LW_ERR_NOMEM. */
LW_MUST_USE enum lw_err lw_seen_prune(struct lw_seen *seen, lw_time since, struct lw_fault *fault);
/* 16 hex digits each, in no order that means anything. */
void lw_seen_write(const struct lw_seen *seen, struct lw_buf *out);
/* What write wrote, all as of `time`. *sound is false, and nothing is added, when the text is none of it. LW_ERR_NOMEM. */
LW_MUST_USE enum lw_err lw_seen_read(struct lw_seen *seen, struct lw_str text, lw_time time, bool *sound,
                                     struct lw_fault *fault);
void lw_seen_close(struct lw_seen *seen);

#endif
