/* The first lines of the text report: one for each model. */
#ifndef LEEWAY_ENGINE_REPORT_OVERVIEW_H
#define LEEWAY_ENGINE_REPORT_OVERVIEW_H

#include "engine/report/page.h"
#include "engine/report/report.h"

void lw_overview_write(const struct lw_report *report, struct lw_page *page);

#endif
