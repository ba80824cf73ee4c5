/* A line of small bars: the course of a series, one or more of its values per column. */
#ifndef LEEWAY_ENGINE_REPORT_PAGE_SPARK_H
#define LEEWAY_ENGINE_REPORT_PAGE_SPARK_H

#include "engine/base/buf.h"

#include <stdbool.h>

/* Appends `values` (NaN: not known) as bars between their least and greatest. With more values than `columns`, a column
   shows the mean of its share. Returns the columns used. ASCII shows five heights, Unicode blocks eight. */
size_t lw_spark_write(struct lw_buf *out, const double *values, size_t n, size_t columns, bool utf8);
/* The column in which value i of n stands. */
size_t lw_spark_column(size_t i, size_t n, size_t columns);

#endif
