#include "engine/report/page/spark.h"

#include <math.h>

size_t lw_spark_column(size_t i, size_t n, size_t columns)
{
    return n <= columns ? i : i * columns / n;
}

/* Mean of the known values of one column, or NaN. */
static double column_mean(const double *values, size_t n, size_t columns, size_t column, size_t *at)
{
    double sum = 0;
    size_t known = 0;

    for (; *at < n && lw_spark_column(*at, n, columns) == column; (*at)++) {
        if (isfinite(values[*at])) {
            sum += values[*at];
            known++;
        }
    }
    return known > 0 ? sum / (double)known : (double)NAN;
}

static void find_range(const double *values, size_t n, size_t columns, double *least, double *greatest)
{
    size_t used = n < columns ? n : columns;
    size_t at = 0;

    *least = (double)INFINITY;
    *greatest = -(double)INFINITY;
    for (size_t column = 0; column < used; column++) {
        double mean = column_mean(values, n, columns, column, &at);

        *least = fmin(*least, mean);
        *greatest = fmax(*greatest, mean);
    }
}

size_t lw_spark_write(struct lw_buf *out, const double *values, size_t n, size_t columns, bool utf8)
{
    static const char *const blocks[] = {"\xe2\x96\x81", "\xe2\x96\x82", "\xe2\x96\x83", "\xe2\x96\x84",
                                         "\xe2\x96\x85", "\xe2\x96\x86", "\xe2\x96\x87", "\xe2\x96\x88"};
    static const char *const plain[] = {"_", ".", "-", "'", "\""};
    size_t heights = utf8 ? 8 : 5;
    size_t used = n < columns ? n : columns;
    double least;
    double greatest;
    size_t at = 0;

    find_range(values, n, columns, &least, &greatest);
    for (size_t column = 0; column < used; column++) {
        double mean = column_mean(values, n, columns, column, &at);
        double share = greatest > least ? (mean - least) / (greatest - least) : 0.5;
        size_t height = isfinite(share) ? (size_t)(share * (double)heights) : 0;

        if (height >= heights)
            height = heights - 1;
        if (isfinite(mean))
            lw_buf_text(out, utf8 ? blocks[height] : plain[height]);
        else
            lw_buf_char(out, ' ');
    }
    return used;
}
