/* Values of a log into points on one axis per run, clock or steps; of a value that is printed twice the finer one. */
#ifndef LEEWAY_ENGINE_DECODE_LOG_LOG_AXIS_H
#define LEEWAY_ENGINE_DECODE_LOG_LOG_AXIS_H

#include "engine/decode/format.h"

/* One value as it was found. */
struct lw_log_datum {
    uint32_t run, metric;
    bool has_epoch;
    int64_t epoch;
    bool has_time;   /* its line has a time of its own: */
    bool exact;      /* ... finer than a second, or stated by the source: taken as it is */
    lw_time time;    /* the time of its own, */
    bool has_latest; /* ... or the latest stamp before it */
    lw_time latest;
    bool stated;  /* the input gives every line a time: the axis is the clock, and nothing is held to find that out */
    bool finite;  /* false: the log printed NaN or an infinity */
    int decimals; /* how finely it was printed */
    struct lw_point value; /* known, average, sum, min, max, count */
    uint64_t line, byte;
};

struct lw_log_axis;

/* The axis of a run is decided by the majority of its first values, at most this many. */
#define LW_LOG_AXIS_HELD 32

/* Metrics of runs, of one input; what is beyond is rejected as too large. */
#define LW_LOG_AXIS_SERIES (1u << 18)

LW_MUST_USE enum lw_err lw_log_axis_open(struct lw_log_axis **out, struct lw_emit *emit, struct lw_fault *fault);
LW_MUST_USE enum lw_err lw_log_axis_add(struct lw_log_axis *axis, const struct lw_log_datum *datum,
                                        struct lw_fault *fault);
/* Gives out everything that is held. Values that follow begin anew. */
LW_MUST_USE enum lw_err lw_log_axis_finish(struct lw_log_axis *axis, struct lw_fault *fault);
void lw_log_axis_close(struct lw_log_axis *axis);

#endif
