/* The first lines of the text report: one for each model. */
#ifndef LEEWAY_ENGINE_REPORT_TEXT_OVERVIEW_H
#define LEEWAY_ENGINE_REPORT_TEXT_OVERVIEW_H

#include "engine/report/page/page.h"
#include "engine/report/report.h"

/* The order of models on the page: what needs a person first, from 0; within a rank as the report has them. */
#define LW_OVERVIEW_RANKS 5
size_t lw_overview_rank(const struct lw_judged *model);

void lw_overview_write(const struct lw_report *report, struct lw_page *page);

#endif
