#include "engine/report/report.h"

#include "engine/report/document.h"
#include "engine/report/events.h"
#include "engine/report/text/text.h"

void lw_report_text(const struct lw_report *report, const struct lw_report_style *style, struct lw_buf *out)
{
    lw_text_write(report, style, out);
}

void lw_report_json(const struct lw_report *report, struct lw_buf *out)
{
    lw_document_write(report, out);
}

void lw_report_ndjson(const struct lw_report *report, struct lw_buf *out)
{
    lw_events_write(report, out);
}

enum lw_verdict lw_report_verdict(const struct lw_report *report)
{
    enum lw_verdict verdict = LW_VERDICT_INSUFFICIENT;

    for (size_t i = 0; i < report->models_n; i++)
        verdict = lw_verdict_worse(verdict, report->models[i].verdict);
    return verdict;
}
