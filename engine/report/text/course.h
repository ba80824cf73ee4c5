/* The course of the run-level series of a model, a line of bars each, with the alerts marked under them. */
#ifndef LEEWAY_ENGINE_REPORT_TEXT_COURSE_H
#define LEEWAY_ENGINE_REPORT_TEXT_COURSE_H

#include "engine/report/page/page.h"

/* Nothing is written for fewer than three runs. */
void lw_course_write(const struct lw_judged *model, struct lw_page *page);

#endif
