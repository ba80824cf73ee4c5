/* What is said of a model beside its alerts: warnings, and what there is too little history for. */
#ifndef LEEWAY_ENGINE_REPORT_TEXT_REMARKS_H
#define LEEWAY_ENGINE_REPORT_TEXT_REMARKS_H

#include "engine/report/page/page.h"

#include <stdbool.h>

void lw_remarks_write(const struct lw_judged *model, struct lw_page *page);
/* After how many more runs everything that waits for runs is judged; 0: nothing waits. */
uint32_t lw_remarks_missing(const struct lw_judged *model);
/* Whether something waits for what no further run brings, such as more runs that are named as the baseline. */
bool lw_remarks_stuck(const struct lw_judged *model);

#endif
