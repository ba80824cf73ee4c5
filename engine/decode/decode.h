/* Decoders: bytes of one input in, datapoints, facts and rejections out. One decoder per format, chosen by content. */
#ifndef LEEWAY_ENGINE_DECODE_DECODE_H
#define LEEWAY_ENGINE_DECODE_DECODE_H

#include "engine/base/names.h"
#include "engine/base/time_text.h"
#include "leeway/point.h"
#include "leeway/reject.h"

#include <stdbool.h>

/* name, id (for --input-format and the report), description */
#define LW_FORMAT_LIST(X)                                                                                              \
    X(AUTO, "auto", "look at the content")                                                                             \
    X(LOGGLY, "loggly", "Loggly: metric events of the CloudWatch integration, one JSON object per line")               \
    X(LOGGLY_EXPORT, "loggly-export", "Loggly: retrieval or export, {\"events\":[...]}, array or NDJSON of events")    \
    X(LOGGLY_CSV, "loggly-csv", "Loggly: CSV export with json.* columns")                                              \
    X(METRIC_STREAM, "metric-stream", "CloudWatch metric stream, NDJSON")                                              \
    X(METRIC_DATA, "get-metric-data", "AWS CLI: cloudwatch get-metric-data")                                           \
    X(METRIC_STATISTICS, "get-metric-statistics", "AWS CLI: cloudwatch get-metric-statistics")                         \
    X(TRAINING_JOBS, "training-jobs", "AWS CLI: sagemaker list-training-jobs, describe-training-job")                  \
    X(LOG, "log", "SageMaker training log, as text")                                                                   \
    X(LOG_EVENTS, "log-events", "AWS CLI: logs filter-log-events, get-log-events")                                     \
    X(CSV, "csv", "plain CSV: time, model?, run?, metric, value")                                                      \
    X(NDJSON, "ndjson", "plain NDJSON: time, model?, run?, metric, value")                                             \
    X(FETCHED, "fetched", "what `leeway fetch` writes: documents of AWS or Loggly, one per line")

enum lw_format {
#define LW_FORMAT_ENUM(name, id, text) LW_FORMAT_##name,
    LW_FORMAT_LIST(LW_FORMAT_ENUM)
#undef LW_FORMAT_ENUM
        LW_FORMAT_COUNT
};

const char *lw_format_id(enum lw_format format);
const char *lw_format_text(enum lw_format format);
bool lw_format_find(struct lw_str id, enum lw_format *format);

/* Which column or key of plain CSV and NDJSON carries what; an empty text means the usual names. */
struct lw_columns {
    struct lw_str time, step, origin, model, run, metric, value, min, max, sum, count;
};
/* "time=ts,value=val": fills what is named, leaves the rest. Texts are borrowed from `text`. LW_ERR_USAGE names the key. */
LW_MUST_USE enum lw_err lw_columns_read(struct lw_columns *columns, struct lw_str text, struct lw_fault *fault);

/* What the user says of an input. All texts are borrowed. `run`, `metric`, `stat` are for what names none itself: the AWS
   CLI's metrics (see series.h), logs (`run` goes before the name of a stream or file), plain records. The events, streams
   and jobs of AWS and Loggly name their run, and keep it. */
struct lw_decode_options {
    struct lw_str path;                     /* of the input; a log's run is named after it */
    bool unnamed;                           /* the path names no run: a log that none names is refused, LW_ERR_USAGE */
    struct lw_str origin;                   /* label of the source; used where the data do not say */
    struct lw_str model, run, metric, stat; /* empty: from the data */
    struct lw_columns columns;
    const struct lw_zone *zone; /* for zone-less stamps; NULL: UTC */
};

/* Where what was decoded goes. The pointers are valid during the call. An error ends the decoding and is returned. */
struct lw_decode_calls {
    enum lw_err (*point)(void *self, const struct lw_point *point, struct lw_fault *fault);
    enum lw_err (*fact)(void *self, const struct lw_fact *fact, struct lw_fault *fault);
    /* One record, or part of one, that is not used. `detail` is short and may be NULL. */
    enum lw_err (*reject)(void *self, enum lw_reject reason, uint64_t line, uint64_t byte, const char *detail,
                          struct lw_fault *fault);
};

struct lw_decoder;

/* What kind of content these first bytes are (up to 64 KiB; fewer only when the input is shorter), already unpacked.
   LW_FORMAT_AUTO when it is none that is known. `path` helps only where the content leaves it open. */
enum lw_format lw_decode_sniff(struct lw_str head, struct lw_str path, const struct lw_columns *columns);

/* `format` is not LW_FORMAT_AUTO. `options` and `names` are borrowed until close. */
LW_MUST_USE enum lw_err lw_decode_open(struct lw_decoder **out, enum lw_format format,
                                       const struct lw_decode_options *options, struct lw_names *names,
                                       const struct lw_decode_calls *calls, void *self, struct lw_fault *fault);
/* Any cut into chunks gives the same calls in the same order. */
LW_MUST_USE enum lw_err lw_decode_push(struct lw_decoder *decoder, const char *bytes, size_t n, struct lw_fault *fault);
LW_MUST_USE enum lw_err lw_decode_finish(struct lw_decoder *decoder, struct lw_fault *fault);
/* Records seen so far, used or not. */
uint64_t lw_decode_records(const struct lw_decoder *decoder);
void lw_decode_close(struct lw_decoder *decoder);

#endif
