/* What a single decoder provides to decode.c, and what all of them share: emitting checked points, facts, rejections. */
#ifndef LEEWAY_ENGINE_DECODE_FORMAT_H
#define LEEWAY_ENGINE_DECODE_FORMAT_H

#include "engine/decode/decode.h"

/* Handed to every decoder; owned by decode.c. */
struct lw_emit {
    const struct lw_decode_options *options;
    struct lw_names *names;
    const struct lw_decode_calls *calls;
    void *self;
    uint64_t records;
};

/* One format. `open` makes its private state; push, finish, close as in decode.h. */
struct lw_format_decoder {
    enum lw_format format;
    enum lw_err (*open)(void **state, struct lw_emit *emit, struct lw_fault *fault);
    enum lw_err (*push)(void *state, const char *bytes, size_t n, struct lw_fault *fault);
    enum lw_err (*finish)(void *state, struct lw_fault *fault);
    void (*close)(void *state);
};

/* Checks the numbers at the door (finite, count > 0, min <= max) and calls point or reject. A point without any known
   statistic is LW_REJECT_NO_VALUE. `line`, `byte`: where it stands. */
LW_MUST_USE enum lw_err lw_emit_point(struct lw_emit *emit, const struct lw_point *point, uint64_t line, uint64_t byte,
                                      struct lw_fault *fault);
LW_MUST_USE enum lw_err lw_emit_fact(struct lw_emit *emit, const struct lw_fact *fact, struct lw_fault *fault);
LW_MUST_USE enum lw_err lw_emit_reject(struct lw_emit *emit, enum lw_reject reason, uint64_t line, uint64_t byte,
                                       const char *detail, struct lw_fault *fault);
/* Interns a text. */
LW_MUST_USE enum lw_err lw_emit_name(struct lw_emit *emit, struct lw_str text, uint32_t *id, struct lw_fault *fault);

/* Fills origin, model, run, flags of a point from a CloudWatch namespace and one dimension (name as published or with its
   first letter lower-cased): TrainingJobName is the run, Host is its heartbeat and belongs to the run named before the
   last '/'. *training is false when it is not a training job's. */
LW_MUST_USE enum lw_err lw_emit_dimension(struct lw_emit *emit, struct lw_str namespace_, struct lw_str dimension,
                                          struct lw_str value, struct lw_point *point, bool *training,
                                          struct lw_fault *fault);

extern const struct lw_format_decoder lw_format_loggly, lw_format_loggly_export, lw_format_loggly_csv,
    lw_format_metric_stream, lw_format_metric_data, lw_format_metric_statistics, lw_format_training_jobs, lw_format_log,
    lw_format_log_events, lw_format_csv, lw_format_ndjson;

#endif
