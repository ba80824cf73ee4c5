#include "engine/report/document.h"

#include "engine/base/json/json_out.h"

#include <math.h>

static void key_text(struct lw_json_out *json, const char *key, const char *text)
{
    if (text == NULL || text[0] == '\0')
        return;
    lw_json_key(json, key);
    lw_json_text(json, text);
}

static void key_str(struct lw_json_out *json, const char *key, struct lw_str text)
{
    if (text.len == 0)
        return;
    lw_json_key(json, key);
    lw_json_str(json, text);
}

static void key_uint(struct lw_json_out *json, const char *key, uint64_t value)
{
    lw_json_key(json, key);
    lw_json_uint(json, value);
}

/* A computed value, if it is known. */
static void key_derived(struct lw_json_out *json, const char *key, bool known, double value)
{
    if (!known || !isfinite(value))
        return;
    lw_json_key(json, key);
    lw_json_derived(json, value);
}

/* A value as it was read. */
static void key_number(struct lw_json_out *json, const char *key, bool known, double value)
{
    if (!known || !isfinite(value))
        return;
    lw_json_key(json, key);
    lw_json_number(json, value);
}

static void key_time(struct lw_json_out *json, const char *key, bool known, lw_time time)
{
    if (!known)
        return;
    lw_json_key(json, key);
    lw_json_time(json, time);
}

static void write_file(struct lw_json_out *json, const struct lw_report_file *file)
{
    lw_json_object(json);
    lw_json_key(json, "path");
    lw_json_str(json, file->path);
    key_str(json, "format", file->format);
    key_uint(json, "bytes", file->bytes);
    key_uint(json, "records", file->records);
    key_uint(json, "datapoints", file->datapoints);
    key_uint(json, "duplicates", file->duplicates);
    key_uint(json, "rejected", file->rejected);
    lw_json_object_end(json);
}

static void write_reject(struct lw_json_out *json, const struct lw_report_reject *reject)
{
    lw_json_object(json);
    lw_json_key(json, "reason");
    lw_json_text(json, lw_reject_id(reject->reason));
    key_uint(json, "count", reject->count);
    if (reject->file.len > 0) {
        lw_json_key(json, "first");
        lw_json_object(json);
        key_str(json, "file", reject->file);
        if (reject->line > 0)
            key_uint(json, "line", reject->line);
        key_str(json, "detail", reject->detail);
        lw_json_object_end(json);
    }
    lw_json_object_end(json);
}

static void write_input(struct lw_json_out *json, const struct lw_report *report)
{
    lw_json_object(json);
    lw_json_key(json, "files");
    lw_json_array(json);
    for (size_t i = 0; i < report->files_n; i++)
        write_file(json, &report->files[i]);
    lw_json_array_end(json);
    lw_json_key(json, "rejected");
    lw_json_array(json);
    for (size_t i = 0; i < report->rejects_n; i++)
        write_reject(json, &report->rejects[i]);
    lw_json_array_end(json);
    lw_json_object_end(json);
}

static void write_metric(struct lw_json_out *json, const struct lw_summary *summary)
{
    bool any = summary->count > 0;

    lw_json_object(json);
    key_uint(json, "count", summary->count);
    key_derived(json, "samples", true, summary->samples);
    key_number(json, "first", any, summary->first);
    key_number(json, "last", any, summary->last);
    key_number(json, "min", any, summary->min);
    key_number(json, "max", any, summary->max);
    key_number(json, "best", summary->has_best, summary->best);
    key_derived(json, "mean", any, summary->mean);
    key_derived(json, "stddev", summary->has_stddev, summary->stddev);
    key_derived(json, "skewness", summary->has_skewness, summary->skewness);
    key_derived(json, "kurtosis", summary->has_kurtosis, summary->kurtosis);
    key_derived(json, "q05", any, summary->q05);
    key_derived(json, "q25", any, summary->q25);
    key_derived(json, "q50", any, summary->q50);
    key_derived(json, "q75", any, summary->q75);
    key_derived(json, "q95", any, summary->q95);
    key_derived(json, "slope_per_hour", summary->has_slope, summary->slope_per_hour);
    if (summary->trend == LW_TREND_UP || summary->trend == LW_TREND_DOWN)
        key_text(json, "direction", lw_trend_name((enum lw_trend)summary->trend));
    lw_json_object_end(json);
}

static void write_run(struct lw_json_out *json, const struct lw_judged_run *judged)
{
    const struct lw_run *run = judged->run;
    bool timed = run->duration_source != LW_DURATION_NONE;

    lw_json_object(json);
    lw_json_key(json, "run");
    lw_json_str(json, lw_run_str(run, run->name));
    key_time(json, "start", run->has_start, run->start);
    key_time(json, "end", run->has_end, run->end);
    key_derived(json, "duration_s", timed, (double)run->duration.ms / 1000);
    if (timed)
        key_text(json, "duration_source", lw_duration_source_name((enum lw_duration_source)run->duration_source));
    key_derived(json, "gap_s", judged->has_gap, (double)judged->gap.ms / 1000);
    if (judged->outcome != LW_OUTCOME_UNKNOWN)
        key_text(json, "status", lw_outcome_name(judged->outcome));
    key_text(json, "verdict", lw_verdict_name(judged->verdict));
    key_number(json, "billable_s", run->has_billable, run->billable_seconds);
    key_derived(json, "cost", judged->has_cost, judged->cost);
    lw_json_key(json, "metrics");
    lw_json_object(json);
    for (uint32_t i = 0; i < run->metrics_n; i++) {
        const struct lw_metric *metric = &lw_run_metrics(run)[i];

        lw_json_key_str(json, lw_run_str(run, metric->name));
        write_metric(json, &metric->summary);
    }
    lw_json_object_end(json);
    lw_json_object_end(json);
}

static void key_run(struct lw_json_out *json, const char *key, const struct lw_judged *model, uint32_t run)
{
    if (run >= model->runs_n)
        return;
    lw_json_key(json, key);
    lw_json_str(json, lw_run_str(model->runs[run].run, model->runs[run].run->name));
}

static void write_finding(struct lw_json_out *json, const struct lw_judged *model, const struct lw_finding *finding)
{
    lw_json_object(json);
    key_text(json, "detector", lw_detector_name(finding->detector));
    key_str(json, "series", finding->series);
    key_run(json, "run", model, finding->run);
    key_text(json, "verdict", lw_verdict_name(finding->verdict));
    key_derived(json, "statistic", finding->has_statistic, finding->statistic);
    key_derived(json, "threshold", finding->has_threshold, finding->threshold);
    key_derived(json, "p_value", finding->has_p, finding->p_value);
    key_text(json, "p_method", lw_p_method_name(finding->p_method));
    key_derived(json, "attainable_p", finding->has_attainable, finding->attainable_p);
    key_derived(json, "effect", finding->has_effect, finding->effect);
    key_text(json, "direction", lw_direction_name(finding->direction));
    key_run(json, "change_run", model, finding->change_run);
    key_text(json, "message", finding->message);
    lw_json_object_end(json);
}

static void write_alert(struct lw_json_out *json, const struct lw_judged *model, const struct lw_alert *alert)
{
    lw_json_object(json);
    key_text(json, "alert_id", alert->id);
    key_text(json, "state", lw_alert_state_name(alert->state));
    key_text(json, "severity", lw_severity_name(alert->severity));
    key_text(json, "impact", lw_impact_name(alert->impact));
    key_text(json, "kind", lw_alert_kind_name(alert->kind));
    lw_json_key(json, "series");
    lw_json_array(json);
    for (uint32_t i = 0; i < alert->series_n; i++)
        lw_json_str(json, alert->series[i]);
    lw_json_array_end(json);
    lw_json_key(json, "detectors");
    lw_json_array(json);
    for (unsigned detector = LW_DETECT_KS; detector <= LW_DETECT_QUALITY; detector++) {
        if (alert->detectors & 1u << detector)
            lw_json_text(json, lw_detector_name((enum lw_detector)detector));
    }
    lw_json_array_end(json);
    key_text(json, "direction", lw_direction_name(alert->direction));
    key_run(json, "opened_run", model, alert->opened_run);
    key_run(json, "change_run", model, alert->change_run);
    key_run(json, "resolved_run", model, alert->resolved_run);
    key_derived(json, "before", alert->has_before, alert->before);
    key_derived(json, "after", alert->has_after, alert->after);
    key_text(json, "message", alert->message);
    lw_json_object_end(json);
}

static void write_model(struct lw_json_out *json, const struct lw_judged *model)
{
    lw_json_object(json);
    lw_json_key(json, "model");
    lw_json_str(json, model->model);
    key_str(json, "origin", model->origin);
    lw_json_key(json, "runs");
    lw_json_array(json);
    for (size_t i = 0; i < model->runs_n; i++)
        write_run(json, &model->runs[i]);
    lw_json_array_end(json);
    lw_json_key(json, "findings");
    lw_json_array(json);
    for (size_t i = 0; i < model->findings_n; i++)
        write_finding(json, model, &model->findings[i]);
    lw_json_array_end(json);
    lw_json_key(json, "alerts");
    lw_json_array(json);
    for (size_t i = 0; i < model->alerts_n; i++)
        write_alert(json, model, &model->alerts[i]);
    lw_json_array_end(json);
    lw_json_object_end(json);
}

static void write_summary(struct lw_json_out *json, const struct lw_report *report)
{
    uint64_t runs = 0;
    uint64_t findings = 0;
    uint64_t alerts = 0;

    for (size_t i = 0; i < report->models_n; i++) {
        runs += report->models[i].runs_n;
        findings += report->models[i].findings_n;
        alerts += report->models[i].alerts_n;
    }
    lw_json_object(json);
    key_uint(json, "models", report->models_n);
    key_uint(json, "runs", runs);
    key_uint(json, "datapoints", report->datapoints);
    key_uint(json, "findings", findings);
    key_uint(json, "alerts", alerts);
    key_text(json, "verdict", lw_verdict_name(lw_report_verdict(report)));
    lw_json_object_end(json);
}

void lw_document_write(const struct lw_report *report, struct lw_buf *out)
{
    struct lw_json_out json = {.buf = out, .indent = true};

    lw_json_object(&json);
    lw_json_key(&json, "schema");
    lw_json_text(&json, "leeway.report/1");
    lw_json_key(&json, "input");
    write_input(&json, report);
    lw_json_key(&json, "models");
    lw_json_array(&json);
    for (size_t i = 0; i < report->models_n; i++)
        write_model(&json, &report->models[i]);
    lw_json_array_end(&json);
    lw_json_key(&json, "summary");
    write_summary(&json, report);
    lw_json_object_end(&json);
    lw_buf_char(out, '\n');
}
