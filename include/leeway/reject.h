/* Why something in the input was not used. Nothing is dropped without one of these being counted. */
#ifndef LEEWAY_REJECT_H
#define LEEWAY_REJECT_H

#include "leeway/err.h"

#include <stdint.h>

/* Name in the enum, name in the output, explanation for people. */
#define LW_REJECT_LIST(X)                                                                                              \
    X(BAD_JSON, "bad_json", "not valid JSON")                                                                          \
    X(BAD_UTF8, "bad_utf8", "text that is not UTF-8")                                                                  \
    X(TOO_LARGE, "too_large", "a value or record larger than 1 MiB")                                                   \
    X(TOO_DEEP, "too_deep", "JSON nested deeper than 64 levels")                                                       \
    X(BAD_ROW, "bad_row", "a row that does not fit the header of the table")                                           \
    X(NO_TIME, "no_time", "a record without a time")                                                                   \
    X(BAD_TIME, "bad_time", "a time that cannot be read")                                                              \
    X(NO_METRIC, "no_metric", "a record without the name of a metric")                                                 \
    X(NO_VALUE, "no_value", "a record without a value")                                                                \
    X(BAD_VALUE, "bad_value", "a value that is not a number")                                                          \
    X(NOT_FINITE, "not_finite", "NaN or infinity as a value")                                                          \
    X(BAD_COUNT, "bad_count", "a sample count that is zero or negative")                                               \
    X(MIN_OVER_MAX, "min_over_max", "a minimum greater than the maximum")                                              \
    X(NOT_A_RUN, "not_a_run", "a metric of something that is not a training job")                                      \
    X(UNKNOWN_RECORD, "unknown_record", "a record of no known kind")                                                   \
    X(OWN_EVENT, "own_event", "an event that leeway itself had written")                                               \
    X(CONTROL_MESSAGE, "control_message", "a control message of a log subscription")                                   \
    X(TRUNCATED, "truncated", "a record that was cut off")                                                             \
    X(UNEVEN_ARRAYS, "uneven_arrays", "times and values of different number")                                          \
    X(OUTSIDE_WINDOW, "outside_window", "of a run that ended outside of --since and --until")                          \
    X(OTHER_MODEL, "other_model", "a run that --model-pattern leaves out")                                             \
    X(TOO_MANY_POINTS, "too_many_points",                                                                              \
      "points beyond 65536 of one metric of one run: kept as moments and a sample")                                    \
    X(INTERLEAVED, "interleaved", "points of runs that overlap and have no run id")                                    \
    X(NO_RUN, "no_run", "points that belong to no run")                                                                \
    X(TOO_LATE, "too_late", "points of a run whose datapoints were given up by retention")                             \
    X(EXCLUDED, "excluded", "points of runs that the configuration excludes")

enum lw_reject {
#define LW_REJECT_ENUM(name, id, text) LW_REJECT_##name,
    LW_REJECT_LIST(LW_REJECT_ENUM)
#undef LW_REJECT_ENUM
        LW_REJECT_COUNT
};

LW_API const char *lw_reject_id(enum lw_reject reason);   /* "bad_json" */
LW_API const char *lw_reject_text(enum lw_reject reason); /* "not valid JSON" */

#endif
