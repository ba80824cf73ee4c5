/* A hand-made report: one model of 60 runs with a drift, one of 4 runs with too little history, and awkward texts. */
#ifndef LEEWAY_TESTS_KIT_REPORT_H
#define LEEWAY_TESTS_KIT_REPORT_H

#include "engine/report/report.h"

#define KIT_REPORT_RUNS 60

struct kit_metric {
    const char *name;
    double first, last;
};

/* A closed run record: start in ms (negative: no clock), duration in s. Metrics ascending by name. free() it. */
struct lw_run *kit_run(const char *model, const char *name, int64_t start, double duration,
                       const struct kit_metric *metrics, size_t n);

struct kit_report {
    struct lw_report report;
    struct lw_run *runs[KIT_REPORT_RUNS + 4];
    struct lw_judged_run judged[KIT_REPORT_RUNS + 4];
    struct lw_judged models[2];
    struct lw_finding findings[4];
    struct lw_alert alerts[2];
    struct lw_alert_event events[3];
    struct lw_str series[2], warnings[1];
    struct lw_report_file files[2];
    struct lw_report_reject rejects[1];
};

void kit_report_fill(struct kit_report *kit);
void kit_report_free(struct kit_report *kit);

#endif
