/* The report as events for Loggly: flat JSON objects, one per line; decisions first in each. */
#ifndef LEEWAY_ENGINE_REPORT_EVENTS_H
#define LEEWAY_ENGINE_REPORT_EVENTS_H

#include "engine/report/report.h"

/* Every run (`run`), every metric of every run (`summary`), every step in the life of every alert (`alert`), by model. Ids
   (lw_id) come from what the event says, so that the same input gives the same ids; lw_seq counts from 1. */
void lw_events_write(const struct lw_report *report, struct lw_buf *out);

#endif
