/* The report as one JSON document, "leeway.report/1": the keys of engine/share/leeway.report-1.schema.json. */
#ifndef LEEWAY_ENGINE_REPORT_DOCUMENT_H
#define LEEWAY_ENGINE_REPORT_DOCUMENT_H

#include "engine/report/report.h"

/* What is not known has no key: there is never a null. Values that were read print as they were, derived ones with 12
   significant digits. */
void lw_document_write(const struct lw_report *report, struct lw_buf *out);

#endif
