/* What the parts of a delivery share: private to engine/sink/delivery*.c. */
#ifndef LEEWAY_ENGINE_SINK_DELIVERY_STATE_H
#define LEEWAY_ENGINE_SINK_DELIVERY_STATE_H

#include "engine/base/arena.h"
#include "engine/sink/append.h"
#include "engine/sink/batch.h"
#include "engine/sink/delivery.h"
#include "engine/sink/pace.h"
#include "engine/sink/verdict.h"

#define LW_DELIVERY_REFUSALS 32 /* in a row, with nothing taken in between: it is not the events that are wrong */
#define LW_DELIVERY_PROBE    (5 * LW_MINUTE)

enum lw_stage {
    LW_STAGE_IDLE,
    LW_STAGE_IN_FLIGHT,
    LW_STAGE_REPLIED, /* the verdict waits for work */
    LW_STAGE_WRITING, /* the rest of the batch waits for the reader of standard output */
    LW_STAGE_SETTLING /* decided; the outbox must be told */
};

/* The next batch, read while one is on its way. */
enum lw_ahead { LW_AHEAD_NONE, LW_AHEAD_READING, LW_AHEAD_READY };

struct lw_delivery_lane {
    struct lw_delivery *delivery;
    enum lw_lane which;
    enum lw_stage stage;
    struct lw_batch batch, next;
    enum lw_ahead ahead; /* of `next` */
    size_t ahead_bytes;  /* its limit: what a request may have once this one is acknowledged */
    struct lw_buf payload;
    struct lw_batch_cursor cursor;
    uint32_t suspects; /* so many of the next events hold one that is refused; 0: none is known */
    size_t ramp;       /* bytes of a request at most */
    unsigned failures; /* in a row */
    int64_t next_try;  /* ticks */
    bool owed;         /* the last look found something that could not be sent yet */
    uint64_t request;
    struct lw_verdict verdict;
    bool bury;
    size_t written;
    struct lw_pace pace; /* of a webhook; more than it allows are grouped */
};

struct lw_delivery {
    struct lw_delivery_options options;
    struct lw_arena texts;
    struct lw_outbox outbox;
    struct lw_http http;
    struct lw_world world;
    struct lw_append append;
    struct lw_delivery_lane lanes[LW_LANE_COUNT];
    struct lw_delivery_status status;
    lw_time now;
    int64_t ticks;
    bool held;
    int64_t probe_at, not_before; /* ticks; of all lanes */
    unsigned refusals;
    uint64_t jitter;
    size_t slice; /* bytes written to a file in this call */
    void (*wake)(void *context);
    void *wake_context;
};

/* delivery_ahead.c: the next batch of a lane is made ready while one is on its way, so that the network need not wait for
   the disk. The order stays: it is sent when that one is settled, and forgotten where that one must be sent again. */

/* A request of the lane was started. */
void lw_delivery_ahead_begin(struct lw_delivery_lane *lane);
/* One step, where one is left; true: another is. A failure of the outbox is told when the batch is read in its turn. */
bool lw_delivery_ahead_step(struct lw_delivery_lane *lane);
/* The lane's batch is settled: true where the next one has become the lane's batch, to be sent. What is missing of it is read. */
bool lw_delivery_ahead_use(struct lw_delivery_lane *lane);
void lw_delivery_ahead_forget(struct lw_delivery_lane *lane);

/* What the delivery's sink can do with an event: an lw_fit_call whose context is the delivery. */
enum lw_fit lw_delivery_fit(void *context, enum lw_event_kind kind, struct lw_str event, const char **reason);

/* delivery_outcome.c: what a reply means for its lane, and what people are told. */

/* Bytes of a request after one that was acknowledged. */
size_t lw_delivery_outcome_ramp(const struct lw_delivery_lane *lane);
/* Bytes of a batch at most. */
size_t lw_delivery_outcome_most(const struct lw_delivery_options *options);
void lw_delivery_outcome_note(const struct lw_delivery *delivery, enum lw_note level, const char *text);
/* The payload may hold a secret: it is overwritten. */
void lw_delivery_outcome_wipe(struct lw_delivery_lane *lane);
/* Takes the lane from REPLIED, by its verdict, to SETTLING or IDLE. */
void lw_delivery_outcome_apply(struct lw_delivery_lane *lane);

#endif
