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
    uint64_t records;                    /* every decoder counts its own */
    uint64_t before;                     /* bytes of the input before the first one pushed: a byte order mark */
    uint32_t origin, model, run, metric; /* names of the options, 0 where they do not say */
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
/* The same with a piece of the input as the detail: cut to 60 bytes, made printable. */
LW_MUST_USE enum lw_err lw_emit_reject_text(struct lw_emit *emit, enum lw_reject reason, uint64_t line, uint64_t byte,
                                            struct lw_str text, struct lw_fault *fault);
/* What such a detail is made of: `text` cut to 60 bytes at a character, controls replaced by '?', terminated. */
#define LW_EMIT_DETAIL 64
void lw_emit_detail(struct lw_str text, char detail[LW_EMIT_DETAIL]);
/* An empty point or fact that carries the origin and the model of the options. */
struct lw_point lw_emit_blank_point(const struct lw_emit *emit);
struct lw_fact lw_emit_blank_fact(const struct lw_emit *emit, enum lw_fact_kind kind, enum lw_fact_rank rank);
/* "account/region" as an origin; the one of the options when either is empty. */
LW_MUST_USE enum lw_err lw_emit_origin(struct lw_emit *emit, struct lw_str account, struct lw_str region,
                                       uint32_t *origin, struct lw_fault *fault);
/* true when this names SageMaker's namespace of training jobs: without regard to case and leading slashes. */
bool lw_emit_training_namespace(struct lw_str text);
/* true for one of the five metrics that SageMaker publishes per instance (CPUUtilization, ...). */
bool lw_emit_instance_metric(struct lw_str name);
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
    lw_format_log_events, lw_format_csv, lw_format_ndjson, lw_format_fetched;

#endif
