/* `#metrics {JSON}`: the document that SageMaker's algorithms print about what they count and time. */
#ifndef LEEWAY_ENGINE_DECODE_LOG_LOG_METRICS_H
#define LEEWAY_ENGINE_DECODE_LOG_LOG_METRICS_H

#include "leeway/err.h"
#include "leeway/point.h"
#include "leeway/reject.h"
#include "leeway/str.h"

#include <stdbool.h>
#include <stddef.h>

struct lw_log_metric {
    struct lw_str name;
    struct lw_point value; /* known, sum, count, min, max, average */
    bool not_a_number;     /* NaN or an infinity was printed for a member */
};

/* One document; texts are valid until the next one is read. */
struct lw_log_document {
    const struct lw_log_metric *metrics;
    size_t metrics_n;
    bool has_time, has_epoch, has_model;
    lw_time time; /* EndTime, else StartTime */
    int64_t epoch;
    int64_t model; /* a candidate of a search that trains several models at once (linear learner) */
};

struct lw_log_metrics;

LW_MUST_USE enum lw_err lw_log_metrics_open(struct lw_log_metrics **out, struct lw_fault *fault);
/* The JSON that begins with the '{' at `text`; what follows its end does not matter. *length: up to there. When it is not
   good, *good is false, *reason says why (TRUNCATED when it was cut off, or has the mark of CloudWatch's cut in it). */
LW_MUST_USE enum lw_err lw_log_metrics_read(struct lw_log_metrics *metrics, struct lw_str text,
                                            struct lw_log_document *document, size_t *length, bool *good,
                                            enum lw_reject *reason, struct lw_fault *fault);
void lw_log_metrics_close(struct lw_log_metrics *metrics);

#endif
