/* The report for people at a terminal. */
#ifndef LEEWAY_ENGINE_REPORT_TEXT_TEXT_H
#define LEEWAY_ENGINE_REPORT_TEXT_TEXT_H

#include "engine/report/report.h"

void lw_text_write(const struct lw_report *report, const struct lw_report_style *style, struct lw_buf *out);

#endif
