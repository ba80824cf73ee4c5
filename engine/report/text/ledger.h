/* The runs of a model on the page: a table of them, and the course of each series as a line of bars. */
#ifndef LEEWAY_ENGINE_REPORT_TEXT_LEDGER_H
#define LEEWAY_ENGINE_REPORT_TEXT_LEDGER_H

#include "engine/report/page/page.h"

void lw_ledger_write(const struct lw_judged *model, struct lw_page *page);

#endif
