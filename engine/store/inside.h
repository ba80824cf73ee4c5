/* What the files of the store share and nobody else sees. */
#ifndef LEEWAY_ENGINE_STORE_INSIDE_H
#define LEEWAY_ENGINE_STORE_INSIDE_H

#include "engine/store/db.h"
#include "engine/store/store.h"

#define LW_STORE_SINKS 64
#define LW_STORE_CHUNK ((size_t)256 << 10) /* one row per event writes 22 times its payload */

/* The lanes of one sink, kept so that nobody has to count rows. */
struct lw_store_sink_state {
    uint32_t id;
    uint64_t next_seq;
    uint64_t spool; /* bytes; 0: that of the limits */
    struct lw_store_lane lanes[LW_LANE_COUNT];
};

struct lw_store_sinks {
    struct lw_store_sink_state at[LW_STORE_SINKS];
    size_t n;
};

/* Events of one kind for one sink that are not a row yet. */
struct lw_store_chunk {
    struct lw_buf bytes;
    uint64_t first_seq;
    uint32_t events;
    lw_time stored;
};

struct lw_store {
    struct lw_db db;
    enum lw_store_mode mode;
    struct lw_store_limits limits;
    struct lw_buf path; /* plain, terminated */
    int lock, water;    /* descriptors, or -1 */
    char session[32];
    uint64_t turn; /* the number of the last committed one */
    bool in_turn;
    bool doomed;             /* a call of this turn failed half way: it can only be rolled back */
    bool lax;                /* commits are not synced at this moment */
    uint64_t next_row;       /* of the outbox; never given out twice in one process, even after a rollback */
    uint64_t turn_first_row; /* rows from here on are not durable yet */
    struct lw_store_sinks sinks, durable_sinks;
    struct lw_store_chunk *chunks;     /* by sink (its place in sinks), then kind */
    struct lw_buf paid;                /* ids of rows that were paid and are still in the table */
    int64_t sweep_model;               /* maintenance: the model that was looked at last */
    lw_time swept;                     /* and when all had been */
    bool sweeping, has_swept, trimmed; /* trimmed: nothing was left to prune of units */
};

/* Whether a function that writes may go on: in a turn of an owner in which nothing has failed. */
LW_MUST_USE enum lw_err lw_store_writable(const struct lw_store *store, struct lw_fault *fault);
/* The log has so many more pages than at the last checkpoint. */
bool lw_store_log_grew(const struct lw_store *store, int frames);
LW_MUST_USE enum lw_err lw_store_readable(const struct lw_store *store, struct lw_fault *fault);
/* Passes a result on, after noting that a write failed half way. */
enum lw_err lw_store_wrote(struct lw_store *store, enum lw_err err);
/* A small transaction of its own, not synced: only for what may be forgotten without harm. */
LW_MUST_USE enum lw_err lw_store_begin_lax(struct lw_store *store, struct lw_fault *fault);
LW_MUST_USE enum lw_err lw_store_end_lax(struct lw_store *store, enum lw_err err, struct lw_fault *fault);

/* Outbox: state from the table at the start, chunks at the end of a turn, what was paid afterwards. */
LW_MUST_USE enum lw_err lw_store_outbox_load(struct lw_store *store, struct lw_fault *fault);
LW_MUST_USE enum lw_err lw_store_outbox_flush(struct lw_store *store, struct lw_fault *fault);
LW_MUST_USE enum lw_err lw_store_outbox_settle(struct lw_store *store, struct lw_fault *fault);
void lw_store_outbox_forget(struct lw_store *store); /* chunks of a turn that is no more */
void lw_store_outbox_close(struct lw_store *store);
/* What the outbox of a sink may have, in bytes. */
uint64_t lw_store_outbox_spool(const struct lw_store *store, size_t place);
/* Place in sinks, or SIZE_MAX. */
size_t lw_store_outbox_place(const struct lw_store *store, uint32_t sink);
/* The oldest row of a lane is read anew after rows went. */
LW_MUST_USE enum lw_err lw_store_outbox_gone(struct lw_store *store, size_t place, enum lw_lane lane, uint64_t events,
                                             uint64_t bytes, struct lw_fault *fault);

/* A run and all that hangs on it. */
LW_MUST_USE enum lw_err lw_store_run_remove(struct lw_store *store, int64_t run, struct lw_fault *fault);
/* The model's number; makes the row with `make`; 0: there is none. */
LW_MUST_USE enum lw_err lw_store_model_id(struct lw_store *store, struct lw_str origin, struct lw_str model, bool make,
                                          int64_t *id, struct lw_fault *fault);
/* runs.place: the order of judging as one number beside the name. */
int64_t lw_store_run_place(const struct lw_run *run);

/* An entry of the ledger, within whatever transaction is open. */
LW_MUST_USE enum lw_err lw_store_loss_book(struct lw_store *store, const struct lw_store_loss *loss,
                                           struct lw_fault *fault);

#endif
