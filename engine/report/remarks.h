/* What is said of a model beside its alerts: warnings, and what there is too little history for. */
#ifndef LEEWAY_ENGINE_REPORT_REMARKS_H
#define LEEWAY_ENGINE_REPORT_REMARKS_H

#include "engine/report/page.h"

void lw_remarks_write(const struct lw_judged *model, struct lw_page *page);
/* After how many more runs everything that is not judged yet is; 0: all is. */
uint32_t lw_remarks_missing(const struct lw_judged *model);

#endif
