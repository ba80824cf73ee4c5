/* The facts of one analysis, and the forms in which they are shown. */
#ifndef LEEWAY_ENGINE_REPORT_REPORT_H
#define LEEWAY_ENGINE_REPORT_REPORT_H

#include "engine/base/buf.h"
#include "leeway/judged.h"
#include "leeway/reject.h"

#include <stdbool.h>

struct lw_report_file {
    struct lw_str path, format;
    uint64_t bytes, records, datapoints, duplicates, rejected;
    struct lw_str error; /* why it is unusable, or empty */
};

struct lw_report_reject {
    enum lw_reject reason;
    uint64_t count;
    struct lw_str file; /* place of the first */
    uint64_t line;
    struct lw_str detail;
};

struct lw_report {
    const struct lw_report_file *files;
    const struct lw_report_reject *rejects; /* by reason */
    const struct lw_judged *models;
    const struct lw_str *warnings; /* sentences about the whole, e.g. interleaved runs */
    size_t files_n, rejects_n, models_n, warnings_n;
    uint64_t datapoints;
};

/* How a terminal wants it. */
struct lw_report_style {
    uint32_t columns; /* width; 0: 80 */
    bool colour, utf8;
};

/* All of them append to `out`, whose sticky error the caller checks. */
void lw_report_text(const struct lw_report *report, const struct lw_report_style *style, struct lw_buf *out);
void lw_report_json(const struct lw_report *report, struct lw_buf *out);   /* "leeway.report/1", one document */
void lw_report_ndjson(const struct lw_report *report, struct lw_buf *out); /* events, one per line */

/* The graver verdict of all models. */
enum lw_verdict lw_report_verdict(const struct lw_report *report);

#endif
