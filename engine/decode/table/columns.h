/* Which name of a column (CSV) or key (NDJSON) means what: the usual names, and what the user says with --columns. */
#ifndef LEEWAY_ENGINE_DECODE_TABLE_COLUMNS_H
#define LEEWAY_ENGINE_DECODE_TABLE_COLUMNS_H

#include "engine/decode/decode.h"

/* What a column carries, and its key in --columns. STEP stands in for a time where there is no clock: an epoch, a batch,
   an iteration. */
#define LW_COLUMN_LIST(X)                                                                                              \
    X(TIME, time)                                                                                                      \
    X(STEP, step)                                                                                                      \
    X(ORIGIN, origin)                                                                                                  \
    X(MODEL, model)                                                                                                    \
    X(RUN, run)                                                                                                        \
    X(METRIC, metric)                                                                                                  \
    X(VALUE, value)                                                                                                    \
    X(MIN, min)                                                                                                        \
    X(MAX, max)                                                                                                        \
    X(SUM, sum)                                                                                                        \
    X(COUNT, count)

enum lw_column {
    LW_COLUMN_NONE,
#define LW_COLUMN_ENUM(name, key) LW_COLUMN_##name,
    LW_COLUMN_LIST(LW_COLUMN_ENUM)
#undef LW_COLUMN_ENUM
        LW_COLUMN_COUNT_OF
};

/* What the column or key `name` carries. A column that the user named (columns->...) is found by exactly that name, and
   the usual names then no longer mean the same thing. The usual names are compared without regard to case, blanks, '_',
   '-' and '.': timestamp, ts, metricName, job_name, val, average, maximum, sampleCount, epoch, ... */
enum lw_column lw_columns_find(const struct lw_columns *columns, struct lw_str name);

/* The same; of two names that carry the same thing the one of the lower rank is meant (`metric` before `name`). */
enum lw_column lw_columns_find_ranked(const struct lw_columns *columns, struct lw_str name, unsigned *rank);

/* The key in --columns: "time"; NULL for LW_COLUMN_NONE. */
const char *lw_columns_key(enum lw_column column);

#endif
