/* Events taken out of the outbox for one request, and what becomes of their rows afterwards. */
#ifndef LEEWAY_ENGINE_SINK_BATCH_H
#define LEEWAY_ENGINE_SINK_BATCH_H

#include "engine/base/buf.h"
#include "engine/base/outbox.h"

#include <stdbool.h>

/* What a sink can do with an event: send it; pass over it (it has no form for this kind); nothing ever, for `reason`. Or
   there was no memory to find out. */
enum lw_fit { LW_FIT_SEND, LW_FIT_SKIP, LW_FIT_DEAD, LW_FIT_NOMEM };
/* `event` without its line end. *reason is set with LW_FIT_DEAD (static text). */
typedef enum lw_fit lw_fit_call(void *context, enum lw_event_kind kind, struct lw_str event, const char **reason);

/* How far a lane is settled: within one row, where a batch ended in the middle of it. */
struct lw_batch_cursor {
    uint64_t row; /* 0: none, all rows that are there are wholly owed */
    size_t at;
    enum lw_event_kind kind;
};

struct lw_batch_limit {
    size_t bytes;    /* of the body; a first event that is larger is taken alone */
    uint32_t events; /* 0: no limit */
};

struct lw_batch_event {
    uint64_t row;
    size_t at, n; /* in the row, with the line end */
    const char *reason;
};

struct lw_batch {
    enum lw_event_kind kind;
    struct lw_buf body; /* whole lines */
    uint32_t events;
    struct lw_batch_event first; /* what is buried when the batch is one event that is refused */
    uint64_t *rows;              /* to be paid when the batch is settled */
    size_t rows_n, rows_capacity;
    struct lw_batch_event *dead; /* met on the way */
    size_t dead_n, dead_capacity;
    uint32_t skipped;
    struct lw_batch_cursor rest; /* the cursor after it is settled */
    uint64_t looked;             /* the last row that was looked at wholly; 0: none */
    bool full;                   /* the limit ended it: what comes behind it is owed, too */
    bool gaps;                   /* rows of other kinds were passed over on the way */
};

/* Takes what is oldest in the lane: events of one kind, that of the first row (that of the cursor's row as long as that is
   there), from whole rows as far as `limit` allows; a row is split where it alone is beyond the limit, or to take no more than
   `limit.events`. The bytes are those that are stored. Rows of other kinds in between are passed over, so that waiting alerts
   go together. An empty batch (no rows, no events) says that nothing is owed. On failure the batch is empty. */
LW_MUST_USE enum lw_err lw_batch_take(struct lw_batch *batch, const struct lw_outbox *outbox, uint32_t sink,
                                      enum lw_lane lane, const struct lw_batch_cursor *cursor,
                                      const struct lw_batch_limit *limit, lw_fit_call *fit, void *context,
                                      struct lw_fault *fault);
/* Takes what will be the oldest when `before`, which is full and has no gaps, is settled: the next batch, read while that one
   is on its way. A call reads about `step` bytes (0: all that is missing) and sets *done when the batch is whole; the first
   call begins with an empty `batch`. On failure the batch is empty. */
LW_MUST_USE enum lw_err lw_batch_ahead(struct lw_batch *batch, const struct lw_batch *before,
                                       const struct lw_outbox *outbox, uint32_t sink, enum lw_lane lane,
                                       const struct lw_batch_limit *limit, size_t step, lw_fit_call *fit, void *context,
                                       bool *done, struct lw_fault *fault);
/* Whether what was read ahead is still owed. The oldest rows of a lane are given up first, so its first row tells of all. */
LW_MUST_USE enum lw_err lw_batch_is_owed(const struct lw_batch *batch, const struct lw_outbox *outbox, uint32_t sink,
                                         enum lw_lane lane, bool *owed, struct lw_fault *fault);
/* Buries what is dead (and the batch's one event, where `refused` gives the reason) and pays the rows. May be repeated after a
   failure. */
LW_MUST_USE enum lw_err lw_batch_settle(const struct lw_batch *batch, const struct lw_outbox *outbox, uint32_t sink,
                                        const char *refused, struct lw_fault *fault);
/* Empty; keeps a little memory. */
void lw_batch_clear(struct lw_batch *batch);
void lw_batch_close(struct lw_batch *batch);

#endif
