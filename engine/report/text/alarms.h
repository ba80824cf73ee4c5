/* The alerts of a model in plain words. */
#ifndef LEEWAY_ENGINE_REPORT_TEXT_ALARMS_H
#define LEEWAY_ENGINE_REPORT_TEXT_ALARMS_H

#include "engine/report/page/page.h"

void lw_alarms_write(const struct lw_judged *model, struct lw_page *page);
/* The alert that matters most today: open before stale before over, page before ticket before info; NULL when there is none. */
const struct lw_alert *lw_alarms_gravest(const struct lw_judged *model);
/* How many are open. */
size_t lw_alarms_open(const struct lw_judged *model);

#endif
