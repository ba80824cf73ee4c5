#include "engine/report/events.h"

#include "engine/base/digest.h"
#include "engine/base/json_out.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

struct writer {
    struct lw_json_out json;
    uint64_t sequence;
    char session[LW_DIGEST_ID]; /* the same for the same runs, whenever they are read */
};

static void key_str(struct writer *writer, const char *key, struct lw_str text)
{
    if (text.len == 0)
        return;
    lw_json_key(&writer->json, key);
    lw_json_str(&writer->json, text);
}

static void key_text(struct writer *writer, const char *key, const char *text)
{
    key_str(writer, key, lw_str_from(text));
}

static void key_time(struct writer *writer, const char *key, bool known, lw_time time)
{
    if (!known)
        return;
    lw_json_key(&writer->json, key);
    lw_json_time(&writer->json, time);
}

static void key_number(struct writer *writer, const char *key, bool known, double value)
{
    if (!known || !isfinite(value))
        return;
    lw_json_key(&writer->json, key);
    lw_json_number(&writer->json, value);
}

static void key_derived(struct writer *writer, const char *key, bool known, double value)
{
    if (!known || !isfinite(value))
        return;
    lw_json_key(&writer->json, key);
    lw_json_derived(&writer->json, value);
}

static void key_uint(struct writer *writer, const char *key, uint64_t value)
{
    lw_json_key(&writer->json, key);
    lw_json_uint(&writer->json, value);
}

/* Every event ends with what identifies it. */
static void finish(struct writer *writer, const struct lw_str *parts, size_t n)
{
    char id[LW_DIGEST_ID];

    if (lw_digest_id(parts, n, id, NULL) != LW_ERR_OK) {
        writer->json.buf->error = LW_ERR_NOMEM;
        return;
    }
    key_text(writer, "lw_id", id);
    key_uint(writer, "lw_seq", ++writer->sequence);
    lw_json_object_end(&writer->json);
    lw_buf_char(writer->json.buf, '\n');
}

static void begin(struct writer *writer)
{
    writer->json.depth = 0;
    writer->json.filled = 0;
    lw_json_object(&writer->json);
}

/* Offline the time of an event is that of the evidence: the end of the run. */
static void key_timestamp(struct writer *writer, const struct lw_run *run)
{
    if (run->has_end)
        key_time(writer, "timestamp", true, run->end);
    else
        key_time(writer, "timestamp", run->has_start, run->start);
}

static void write_run(struct writer *writer, const struct lw_judged *model, const struct lw_judged_run *judged)
{
    const struct lw_run *run = judged->run;
    struct lw_str name = lw_run_str(run, run->name);
    const struct lw_str parts[] = {LW_STR("run"), model->origin, model->model, name, LW_STR("1")};

    begin(writer);
    key_timestamp(writer, run);
    key_text(writer, "lw_event", "run");
    key_text(writer, "lw_verdict", lw_verdict_name(judged->verdict));
    if (judged->outcome != LW_OUTCOME_UNKNOWN)
        key_text(writer, "lw_status", lw_outcome_name(judged->outcome));
    key_str(writer, "lw_origin", model->origin);
    key_str(writer, "lw_model", model->model);
    key_str(writer, "trainingJobName", name);
    key_time(writer, "lw_start", run->has_start, run->start);
    key_time(writer, "lw_end", run->has_end, run->end);
    key_derived(writer, "lw_duration_s", run->duration_source != LW_DURATION_NONE, (double)run->duration.ms / 1000);
    key_derived(writer, "lw_gap_s", judged->has_gap, (double)judged->gap.ms / 1000);
    key_derived(writer, "lw_cost", judged->has_cost, judged->cost);
    key_uint(writer, "lw_revision", 1);
    finish(writer, parts, sizeof(parts) / sizeof(parts[0]));
}

static void write_summary(struct writer *writer, const struct lw_judged *model, const struct lw_run *run,
                          const struct lw_metric *metric)
{
    struct lw_str name = lw_run_str(run, run->name);
    struct lw_str metric_name = lw_run_str(run, metric->name);
    const struct lw_summary *summary = &metric->summary;
    bool any = summary->count > 0;
    const struct lw_str parts[] = {LW_STR("summary"), model->origin, model->model, name, metric_name, LW_STR("1")};

    begin(writer);
    key_timestamp(writer, run);
    key_text(writer, "lw_event", "summary");
    key_str(writer, "lw_origin", model->origin);
    key_str(writer, "lw_model", model->model);
    key_str(writer, "trainingJobName", name);
    key_str(writer, "metricName", metric_name);
    key_number(writer, "lw_first", any, summary->first);
    key_number(writer, "lw_last", any, summary->last);
    key_number(writer, "lw_min", any, summary->min);
    key_number(writer, "lw_max", any, summary->max);
    key_derived(writer, "lw_mean", any, summary->mean);
    key_derived(writer, "lw_stddev", summary->has_stddev, summary->stddev);
    key_uint(writer, "lw_count", summary->count);
    key_uint(writer, "lw_revision", 1);
    finish(writer, parts, sizeof(parts) / sizeof(parts[0]));
}

/* Texts joined by commas: one field of one type, however many there are. */
static void key_series(struct writer *writer, const struct lw_alert *alert)
{
    struct lw_buf joined = {.ceiling = (size_t)1 << 20};

    for (uint32_t i = 0; i < alert->series_n; i++) {
        if (i > 0)
            lw_buf_char(&joined, ',');
        lw_buf_str(&joined, alert->series[i]);
    }
    key_str(writer, "lw_series", lw_buf_view(&joined));
    if (joined.error != LW_ERR_OK)
        writer->json.buf->error = joined.error;
    lw_buf_close(&joined);
}

static void key_detectors(struct writer *writer, const struct lw_alert *alert)
{
    char joined[128] = "";
    size_t used = 0;

    for (unsigned detector = LW_DETECT_KS; detector <= LW_DETECT_QUALITY; detector++) {
        int n;

        if (!(alert->detectors & 1u << detector))
            continue;
        n = snprintf(joined + used, sizeof(joined) - used, "%s%s", used > 0 ? "," : "",
                     lw_detector_name((enum lw_detector)detector));
        used += n > 0 ? (size_t)n : 0;
    }
    key_text(writer, "lw_detectors", joined);
}

static struct lw_str run_name(const struct lw_judged *model, uint32_t run)
{
    if (run >= model->runs_n)
        return (struct lw_str){.len = 0};
    return lw_run_str(model->runs[run].run, model->runs[run].run->name);
}

static void write_alert(struct writer *writer, const struct lw_judged *model, const struct lw_alert_event *event)
{
    const struct lw_alert *alert = &event->alert;
    char revision[24];
    struct lw_str parts[3];

    snprintf(revision, sizeof(revision), "%u", (unsigned)alert->revision);
    parts[0] = lw_str_from(alert->id);
    parts[1] = lw_str_from(lw_transition_name(event->transition));
    parts[2] = lw_str_from(revision);
    begin(writer);
    key_time(writer, "timestamp", alert->has_evidence, alert->evidence);
    key_text(writer, "lw_event", "alert");
    key_text(writer, "lw_severity", lw_severity_name(alert->severity));
    key_text(writer, "lw_state", lw_alert_state_name(alert->state));
    key_str(writer, "lw_origin", model->origin);
    key_str(writer, "lw_model", model->model);
    key_text(writer, "lw_message", alert->message);
    key_text(writer, "lw_alert_id", alert->id);
    key_text(writer, "lw_impact", lw_impact_name(alert->impact));
    key_series(writer, alert);
    key_derived(writer, "lw_before", alert->has_before, alert->before);
    key_derived(writer, "lw_after", alert->has_after, alert->after);
    key_str(writer, "lw_change_run", run_name(model, alert->change_run));
    key_str(writer, "trainingJobName", run_name(model, alert->opened_run));
    key_detectors(writer, alert);
    key_uint(writer, "lw_revision", alert->revision);
    key_time(writer, "lw_evidence_time", alert->has_evidence, alert->evidence);
    key_text(writer, "lw_session", writer->session);
    finish(writer, parts, 3);
}

static void write_model(struct writer *writer, const struct lw_judged *model)
{
    for (size_t i = 0; i < model->runs_n; i++) {
        const struct lw_run *run = model->runs[i].run;

        write_run(writer, model, &model->runs[i]);
        for (uint32_t j = 0; j < run->metrics_n; j++)
            write_summary(writer, model, run, &lw_run_metrics(run)[j]);
    }
    for (size_t i = 0; i < model->events_n; i++)
        write_alert(writer, model, &model->events[i]);
}

/* Offline there is no process that lives on from one call to the next: a session is the set of runs that was judged. */
static bool name_session(struct writer *writer, const struct lw_report *report)
{
    char id[LW_DIGEST_ID] = "";

    for (size_t i = 0; i < report->models_n; i++) {
        const struct lw_judged *model = &report->models[i];

        for (size_t j = 0; j < model->runs_n; j++) {
            const struct lw_run *run = model->runs[j].run;
            char end[LW_NUMBER_TEXT];
            char before[LW_DIGEST_ID];
            struct lw_str parts[5];

            snprintf(end, sizeof(end), "%lld", run->has_end ? (long long)run->end.ms : -1LL);
            memcpy(before, id, sizeof(before));
            parts[0] = lw_str_from(before);
            parts[1] = model->origin;
            parts[2] = model->model;
            parts[3] = lw_run_str(run, run->name);
            parts[4] = lw_str_from(end);
            if (lw_digest_id(parts, 5, id, NULL) != LW_ERR_OK)
                return false;
        }
    }
    memcpy(writer->session, id, sizeof(id));
    return true;
}

void lw_events_write(const struct lw_report *report, struct lw_buf *out)
{
    struct writer writer = {.json = {.buf = out}};

    if (!name_session(&writer, report)) {
        out->error = LW_ERR_NOMEM;
        return;
    }
    for (size_t i = 0; i < report->models_n; i++)
        write_model(&writer, &report->models[i]);
}
