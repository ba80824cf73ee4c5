/* How the names of jobs were grouped into models, for people. */
#ifndef LEEWAY_ENGINE_REPORT_TEXT_FAMILIES_H
#define LEEWAY_ENGINE_REPORT_TEXT_FAMILIES_H

#include "engine/report/report.h"

/* A table of the models with their runs, first, last and examples of names; then the families of a single run. The
   caller checks the sticky error of `out`. */
void lw_families_write(const struct lw_report *report, const struct lw_report_style *style, struct lw_buf *out);

#endif
