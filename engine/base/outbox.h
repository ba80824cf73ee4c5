/* What is owed to a sink, as its delivery sees it: chunks of finished event bodies in durable order. The store keeps it. */
#ifndef LEEWAY_ENGINE_BASE_OUTBOX_H
#define LEEWAY_ENGINE_BASE_OUTBOX_H

#include "leeway/err.h"
#include "leeway/str.h"
#include "leeway/time.h"

#include <stdbool.h>
#include <stddef.h>

/* Lanes: a lesser one goes first, and a greater one is given up first when the spool is full. */
enum lw_lane { LW_LANE_ALERT, LW_LANE_RUN, LW_LANE_METRIC, LW_LANE_COUNT };

/* name in the enum, id (tag "leeway-ID", label in /metrics), lane */
#define LW_EVENT_LIST(X)                                                                                               \
    X(ALERT, "alert", LW_LANE_ALERT)                                                                                   \
    X(LOSS, "loss", LW_LANE_ALERT)                                                                                     \
    X(HEARTBEAT, "heartbeat", LW_LANE_ALERT)                                                                           \
    X(RUN, "run", LW_LANE_RUN)                                                                                         \
    X(SUMMARY, "summary", LW_LANE_RUN)                                                                                 \
    X(METRIC, "metric", LW_LANE_METRIC)

enum lw_event_kind {
#define LW_EVENT_ENUM(name, id, lane) LW_EVENT_##name,
    LW_EVENT_LIST(LW_EVENT_ENUM)
#undef LW_EVENT_ENUM
        LW_EVENT_COUNT
};

const char *lw_event_kind_id(enum lw_event_kind kind);
enum lw_lane lw_event_kind_lane(enum lw_event_kind kind);
const char *lw_lane_id(enum lw_lane lane); /* "alert", "run", "metric" */

/* One row: events of one kind for one sink, one JSON object per line, each line ended by '\n'. */
struct lw_outbox_row {
    uint64_t id; /* grows with time, within a sink */
    enum lw_event_kind kind;
    uint32_t events;
    uint64_t first_seq; /* lw_seq of the first; the others follow without a hole */
    lw_time stored;
    struct lw_str bytes; /* borrowed until the next call */
};

/* Functions of whoever keeps the outbox. A call that fails changed nothing. */
struct lw_outbox {
    void *self;
    /* Hands the oldest rows of a lane after row `after` (0: from the start) to `row`, until it says false. */
    enum lw_err (*read)(void *self, uint32_t sink, enum lw_lane lane, uint64_t after,
                        bool (*row)(void *context, const struct lw_outbox_row *row), void *context,
                        struct lw_fault *fault);
    /* These rows were acknowledged: they are forgotten. */
    enum lw_err (*paid)(void *self, uint32_t sink, const uint64_t *rows, size_t n, struct lw_fault *fault);
    /* One event of a row (from byte `at`, `n` bytes with its '\n') will never be accepted: it is kept aside with the
       reason. The row stays until it is paid. Doing it twice is harmless. */
    enum lw_err (*dead)(void *self, uint32_t sink, uint64_t row, size_t at, size_t n, const char *reason,
                        struct lw_fault *fault);
};

#endif
