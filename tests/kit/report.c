#include "tests/kit/report.h"

#include <stdio.h>
#include <stdlib.h>

#define START INT64_C(1559347200000) /* 2019-06-01T00:00:00Z */

static struct lw_run_text put(struct lw_run *run, uint32_t *at, const char *text)
{
    struct lw_run_text place = {.at = *at, .len = (uint32_t)strlen(text)};

    memcpy((char *)run + *at, text, place.len);
    *at += place.len;
    return place;
}

static struct lw_summary summary_of(const struct kit_metric *metric)
{
    double mean = (metric->first + metric->last) / 2;

    return (struct lw_summary){
        .count = 10,
        .samples = 20,
        .first = metric->first,
        .last = metric->last,
        .min = metric->first < metric->last ? metric->first : metric->last,
        .max = metric->first < metric->last ? metric->last : metric->first,
        .mean = mean,
        .best = metric->last,
        .stddev = 1.0 / 3.0,
        .q05 = mean,
        .q25 = mean,
        .q50 = mean,
        .q75 = mean,
        .q95 = mean,
        .has_best = 1,
        .has_stddev = 1,
        .trend = LW_TREND_UP,
    };
}

struct lw_run *kit_run(const char *model, const char *name, int64_t start, double duration,
                       const struct kit_metric *metrics, size_t n)
{
    size_t bytes = sizeof(struct lw_run) + n * sizeof(struct lw_metric) + 4096;
    struct lw_run *run = calloc(1, bytes);
    struct lw_metric *list;
    uint32_t at;

    if (run == NULL)
        abort();
    run->bytes = (uint32_t)bytes;
    run->version = LW_RUN_VERSION;
    run->metrics_at = sizeof(*run);
    run->metrics_n = (uint32_t)n;
    list = (struct lw_metric *)(void *)((char *)run + run->metrics_at);
    at = (uint32_t)(sizeof(*run) + n * sizeof(*list));
    run->model = put(run, &at, model);
    run->name = put(run, &at, name);
    for (size_t i = 0; i < n; i++) {
        list[i].name = put(run, &at, metrics[i].name);
        list[i].summary = summary_of(&metrics[i]);
    }
    if (start >= 0) {
        run->has_start = run->has_end = 1;
        run->start.ms = start;
        run->end.ms = start + (int64_t)(duration * 1000);
        run->duration.ms = (int64_t)(duration * 1000);
        run->duration_source = LW_DURATION_CURVE;
    } else {
        run->flags |= LW_RUN_STEPS;
    }
    return run;
}

/* Accuracy 0.97 up to run 39, 0.95 from run 40 on; the last run but two failed. */
static void fill_drifting(struct kit_report *kit)
{
    for (size_t i = 0; i < KIT_REPORT_RUNS; i++) {
        struct kit_metric metrics[] = {{"train:accuracy", 0.13, 0.976}, {"validation:accuracy", 0.36, 0.97}};
        char name[64];

        metrics[1].last = (i < 39 ? 0.97 : 0.95) + 0.001 * (double)(i % 3);
        snprintf(name, sizeof(name), "churn-2019-06-%02zu-%02zu-00-00", 1 + i / 24, i % 24);
        kit->runs[i] = kit_run("churn", name, START + (int64_t)i * LW_HOUR, 600, metrics, 2);
        kit->judged[i] = (struct lw_judged_run){.run = kit->runs[i], .outcome = LW_OUTCOME_UNKNOWN};
        kit->judged[i].has_gap = i > 0;
        kit->judged[i].gap.ms = 50 * LW_MINUTE;
        kit->judged[i].verdict = i < 2 ? LW_VERDICT_INSUFFICIENT : i >= 41 ? LW_VERDICT_DRIFT : LW_VERDICT_OK;
    }
    kit->judged[57].outcome = LW_OUTCOME_FAILED;
    kit->judged[57].verdict = LW_VERDICT_ERROR;
}

static void fill_short(struct kit_report *kit)
{
    for (size_t i = 0; i < 4; i++) {
        struct kit_metric metrics[] = {{"loss", 1.5, 0.25}};
        size_t at = KIT_REPORT_RUNS + i;
        /* An escape sequence, and wide characters. */
        static const char *const names[] = {"\033[31mred", "\xe6\xa8\xa1\xe5\x9e\x8b", "c", "d"};

        kit->runs[at] = kit_run("new", names[i], i == 3 ? -1 : START + (int64_t)i * LW_DAY, 76, metrics, 1);
        kit->judged[at] = (struct lw_judged_run){.run = kit->runs[at], .verdict = LW_VERDICT_INSUFFICIENT};
    }
}

static void fill_findings(struct kit_report *kit)
{
    kit->findings[0] = (struct lw_finding){
        .detector = LW_DETECT_CUSUM,
        .verdict = LW_VERDICT_DRIFT,
        .direction = LW_DIRECTION_DOWN,
        .series = LW_STR("validation:accuracy"),
        .run = 41,
        .change_run = 39,
        .statistic = 5.1,
        .threshold = 4.77,
        .effect = -0.02,
        .has_statistic = 1,
        .has_threshold = 1,
        .has_effect = 1,
        .message = "validation:accuracy drifts down",
    };
    kit->findings[1] = (struct lw_finding){
        .detector = LW_DETECT_KS,
        .verdict = LW_VERDICT_WARNING,
        .series = LW_STR("curve:train:accuracy"),
        .run = 50,
        .change_run = LW_NO_RUN,
        .p_value = 1.0 / 3.0,
        .attainable_p = 0.02,
        .p_method = LW_P_RANK,
        .has_p = 1,
        .has_attainable = 1,
        .message = "the learning curve is unlike the others",
    };
    kit->findings[2] = (struct lw_finding){
        .detector = LW_DETECT_KS,
        .verdict = LW_VERDICT_INSUFFICIENT,
        .series = LW_STR("loss"),
        .run = 3,
        .change_run = LW_NO_RUN,
        .runs_needed = 8,
        .attainable_p = 0.2,
        .has_attainable = 1,
        .message = "too few runs",
    };
    kit->findings[3] = kit->findings[2];
    kit->findings[3].detector = LW_DETECT_CUSUM;
    kit->findings[3].runs_needed = 1;
}

static void fill_alerts(struct kit_report *kit)
{
    kit->series[0] = LW_STR("validation:accuracy");
    kit->series[1] = LW_STR("generalization_gap:accuracy");
    kit->alerts[0] = (struct lw_alert){
        .id = "abcdefghijklmnopqrstuvwxyz",
        .state = LW_ALERT_OPEN,
        .severity = LW_SEVERITY_TICKET,
        .impact = LW_IMPACT_WORSE,
        .kind = LW_ALERT_LEVEL,
        .direction = LW_DIRECTION_DOWN,
        .series = kit->series,
        .series_n = 2,
        .detectors = 1u << LW_DETECT_CUSUM | 1u << LW_DETECT_KS,
        .opened_run = 41,
        .change_run = 39,
        .resolved_run = LW_NO_RUN,
        .revision = 2,
        .before = 0.971,
        .after = 0.951,
        .has_before = 1,
        .has_after = 1,
        .evidence = {START + 42 * LW_HOUR},
        .has_evidence = 1,
        .message = "churn: validation:accuracy fell 2.0 points, 0.971 -> 0.951, since run 40 (21 runs; usual "
                   "spread 0.1). Duration, gap unchanged.",
    };
    kit->alerts[1] = kit->alerts[0];
    memcpy(kit->alerts[1].id, "a2345672345672345672345672", 26);
    kit->alerts[1].kind = LW_ALERT_OVERDUE;
    kit->alerts[1].state = LW_ALERT_RESOLVED;
    kit->alerts[1].severity = LW_SEVERITY_PAGE;
    kit->alerts[1].series_n = 1;
    kit->alerts[1].detectors = 1u << LW_DETECT_OVERDUE;
    kit->alerts[1].has_before = kit->alerts[1].has_after = 0;
    kit->alerts[1].change_run = LW_NO_RUN;
    kit->alerts[1].opened_run = 44;
    kit->alerts[1].resolved_run = 45;
    snprintf(kit->alerts[1].message, sizeof(kit->alerts[1].message), "churn: a run was overdue");
    for (size_t i = 0; i < 3; i++)
        kit->events[i] = (struct lw_alert_event){.run = 41, .alert = kit->alerts[i / 2]};
    kit->events[0].alert.revision = 1;
    kit->events[1].transition = LW_TRANSITION_UPDATE;
}

void kit_report_fill(struct kit_report *kit)
{
    *kit = (struct kit_report){.report = {.datapoints = 1280}};
    fill_drifting(kit);
    fill_short(kit);
    fill_findings(kit);
    fill_alerts(kit);
    kit->models[0] = (struct lw_judged){
        .model = LW_STR("churn"),
        .origin = LW_STR("123456789012/eu-west-1"),
        .primary = LW_STR("validation:accuracy"),
        .runs = kit->judged,
        .runs_n = KIT_REPORT_RUNS,
        .findings = kit->findings,
        .findings_n = 2,
        .alerts = kit->alerts,
        .alerts_n = 2,
        .events = kit->events,
        .events_n = 3,
        .verdict = LW_VERDICT_DRIFT,
    };
    kit->models[1] = (struct lw_judged){
        .model = LW_STR("new"),
        .primary = LW_STR("loss"),
        .runs = kit->judged + KIT_REPORT_RUNS,
        .runs_n = 4,
        .findings = kit->findings + 2,
        .findings_n = 2,
        .verdict = LW_VERDICT_INSUFFICIENT,
    };
    kit->files[0] = (struct lw_report_file){
        .path = LW_STR("export.json"),
        .format = LW_STR("loggly"),
        .bytes = 345678,
        .records = 1285,
        .datapoints = 1280,
        .duplicates = 12,
        .rejected = 5,
    };
    kit->files[1] = (struct lw_report_file){.path = LW_STR("photo.png"), .error = LW_STR("not a known format")};
    kit->rejects[0] = (struct lw_report_reject){
        .reason = LW_REJECT_BAD_TIME,
        .count = 5,
        .file = LW_STR("export.json"),
        .line = 17,
        .detail = LW_STR("\"yesterday\""),
    };
    kit->warnings[0] = LW_STR("other: two runs overlap and carry no names: not judged");
    kit->report.files = kit->files;
    kit->report.files_n = 2;
    kit->report.rejects = kit->rejects;
    kit->report.rejects_n = 1;
    kit->report.models = kit->models;
    kit->report.models_n = 2;
    kit->report.warnings = kit->warnings;
    kit->report.warnings_n = 1;
}

void kit_report_free(struct kit_report *kit)
{
    for (size_t i = 0; i < sizeof(kit->runs) / sizeof(kit->runs[0]); i++)
        free(kit->runs[i]);
}
