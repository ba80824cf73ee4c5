#include "engine/report/event.h"

#include "engine/base/digest.h"
#include "engine/base/json/json_out.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

struct writer {
    struct lw_json_out json;
    const struct lw_event_stamp *stamp;
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
    key_uint(writer, "lw_seq", writer->stamp->seq);
    key_str(writer, "lw_session", writer->stamp->session);
    lw_json_object_end(&writer->json);
}

static struct writer begin(const struct lw_event_stamp *stamp, const char *kind, struct lw_buf *out)
{
    struct writer writer = {.json = {.buf = out}, .stamp = stamp};

    lw_json_object(&writer.json);
    key_time(&writer, "timestamp", stamp->has_at, stamp->at);
    key_text(&writer, "lw_event", kind);
    return writer;
}

/* A number as a part of an id. */
struct digits {
    char text[24];
};

static struct lw_str part_of(uint64_t number, struct digits *digits)
{
    snprintf(digits->text, sizeof(digits->text), "%llu", (unsigned long long)number);
    return lw_str_from(digits->text);
}

void lw_event_run(const struct lw_event_stamp *stamp, const struct lw_judged *model, const struct lw_judged_run *judged,
                  struct lw_buf *out)
{
    const struct lw_run *run = judged->run;
    struct lw_str name = lw_run_str(run, run->name);
    struct digits revision = {.text = ""};
    const struct lw_str parts[] = {LW_STR("run"), model->origin, model->model, name,
                                   part_of(stamp->revision, &revision)};
    struct writer writer = begin(stamp, "run", out);

    key_text(&writer, "lw_verdict", lw_verdict_name(judged->verdict));
    if (judged->outcome != LW_OUTCOME_UNKNOWN)
        key_text(&writer, "lw_status", lw_outcome_name(judged->outcome));
    key_str(&writer, "lw_origin", model->origin);
    key_str(&writer, "lw_model", model->model);
    key_str(&writer, "trainingJobName", name);
    key_time(&writer, "lw_start", run->has_start, run->start);
    key_time(&writer, "lw_end", run->has_end, run->end);
    key_derived(&writer, "lw_duration_s", run->duration_source != LW_DURATION_NONE, (double)run->duration.ms / 1000);
    key_derived(&writer, "lw_gap_s", judged->has_gap, (double)judged->gap.ms / 1000);
    key_derived(&writer, "lw_cost", judged->has_cost, judged->cost);
    key_uint(&writer, "lw_revision", stamp->revision);
    finish(&writer, parts, sizeof(parts) / sizeof(parts[0]));
}

void lw_event_summary(const struct lw_event_stamp *stamp, const struct lw_judged *model, const struct lw_run *run,
                      const struct lw_metric *metric, struct lw_buf *out)
{
    struct lw_str name = lw_run_str(run, run->name);
    struct lw_str metric_name = lw_run_str(run, metric->name);
    const struct lw_summary *summary = &metric->summary;
    bool any = summary->count > 0;
    struct digits revision = {.text = ""};
    const struct lw_str parts[] = {
        LW_STR("summary"), model->origin, model->model, name, metric_name, part_of(stamp->revision, &revision)};
    struct writer writer = begin(stamp, "summary", out);

    key_str(&writer, "lw_origin", model->origin);
    key_str(&writer, "lw_model", model->model);
    key_str(&writer, "trainingJobName", name);
    key_str(&writer, "metricName", metric_name);
    key_number(&writer, "lw_first", any, summary->first);
    key_number(&writer, "lw_last", any, summary->last);
    key_number(&writer, "lw_min", any, summary->min);
    key_number(&writer, "lw_max", any, summary->max);
    key_derived(&writer, "lw_mean", any, summary->mean);
    key_derived(&writer, "lw_stddev", summary->has_stddev, summary->stddev);
    key_uint(&writer, "lw_count", summary->count);
    key_uint(&writer, "lw_revision", stamp->revision);
    finish(&writer, parts, sizeof(parts) / sizeof(parts[0]));
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

void lw_event_alert(const struct lw_event_stamp *stamp, const struct lw_event_alert *event, struct lw_buf *out)
{
    const struct lw_alert *alert = event->alert;
    struct digits revision = {.text = ""};
    const struct lw_str parts[] = {lw_str_from(alert->id), lw_str_from(lw_transition_name(event->transition)),
                                   part_of(alert->revision, &revision), event->occasion};
    struct writer writer = begin(stamp, "alert", out);

    key_text(&writer, "lw_severity", lw_severity_name(alert->severity));
    key_text(&writer, "lw_state", lw_alert_state_name(alert->state));
    key_str(&writer, "lw_origin", event->origin);
    key_str(&writer, "lw_model", event->model);
    key_text(&writer, "lw_message", alert->message);
    key_text(&writer, "lw_alert_id", alert->id);
    key_text(&writer, "lw_impact", lw_impact_name(alert->impact));
    key_series(&writer, alert);
    key_derived(&writer, "lw_before", alert->has_before, alert->before);
    key_derived(&writer, "lw_after", alert->has_after, alert->after);
    key_str(&writer, "lw_change_run", event->change);
    key_str(&writer, "trainingJobName", event->opened);
    key_detectors(&writer, alert);
    key_uint(&writer, "lw_revision", alert->revision);
    key_time(&writer, "lw_evidence_time", alert->has_evidence, alert->evidence);
    if (event->test) {
        lw_json_key(&writer.json, "lw_test");
        lw_json_bool(&writer.json, true);
    }
    finish(&writer, parts, event->occasion.len > 0 ? 4 : 3);
}

/* The exact bytes of a datapoint's numbers and time: two sets that differ have different ids. */
struct evidence {
    double sum, min, max, count, average;
    int64_t at;
    uint8_t known, flags, zero[6];
};

void lw_event_metric(const struct lw_event_stamp *stamp, const struct lw_event_metric *event, struct lw_buf *out)
{
    const struct lw_point *point = event->point;
    const struct evidence evidence = {.sum = point->known & LW_KNOWN_SUM ? point->sum : 0,
                                      .min = point->known & LW_KNOWN_MIN ? point->min : 0,
                                      .max = point->known & LW_KNOWN_MAX ? point->max : 0,
                                      .count = point->known & LW_KNOWN_COUNT ? point->count : 0,
                                      .average = point->known & LW_KNOWN_AVERAGE ? point->average : 0,
                                      .at = point->at,
                                      .known = point->known,
                                      .flags = point->flags};
    struct lw_str of = point->flags & LW_POINT_HEARTBEAT && event->host.len > 0 ? event->host : event->run;
    const struct lw_str parts[] = {
        LW_STR("metric"), event->origin, of, event->metric, {.at = (const char *)&evidence, .len = sizeof(evidence)}};
    struct writer writer = begin(stamp, "metric", out);

    key_number(&writer, "sampleCount", point->known & LW_KNOWN_COUNT, point->count);
    key_number(&writer, "average", point->known & LW_KNOWN_AVERAGE, point->average);
    key_number(&writer, "sum", point->known & LW_KNOWN_SUM, point->sum);
    key_number(&writer, "minimum", point->known & LW_KNOWN_MIN, point->min);
    key_number(&writer, "maximum", point->known & LW_KNOWN_MAX, point->max);
    key_str(&writer, "metricName", event->metric);
    key_text(&writer, "namespace", "/aws/sagemaker/TrainingJobs");
    key_str(&writer, point->flags & LW_POINT_HEARTBEAT ? "host" : "trainingJobName", of);
    finish(&writer, parts, sizeof(parts) / sizeof(parts[0]));
}

void lw_event_heartbeat(const struct lw_event_stamp *stamp, const struct lw_event_heartbeat *event, struct lw_buf *out)
{
    struct digits seq = {.text = ""};
    const struct lw_str parts[] = {LW_STR("heartbeat"), stamp->session, part_of(stamp->seq, &seq)};
    struct writer writer = begin(stamp, "heartbeat", out);

    key_str(&writer, "lw_message", event->lags);
    key_time(&writer, "lw_evidence_time", event->has_last_datapoint, event->last_datapoint);
    key_derived(&writer, "lw_outbox_age_s", true, event->outbox_age_s);
    finish(&writer, parts, sizeof(parts) / sizeof(parts[0]));
}

void lw_event_loss(const struct lw_event_stamp *stamp, const struct lw_event_loss *event, struct lw_buf *out)
{
    struct digits seq = {.text = ""};
    const struct lw_str parts[] = {LW_STR("loss"), stamp->session, part_of(stamp->seq, &seq)};
    struct writer writer = begin(stamp, "loss", out);

    key_str(&writer, "lw_class", event->class_);
    key_str(&writer, "lw_message", event->reason);
    key_uint(&writer, "lw_count", event->count);
    key_time(&writer, "lw_start", true, event->first);
    key_time(&writer, "lw_end", true, event->last);
    if (event->first_seq != 0) {
        key_uint(&writer, "lw_first", event->first_seq);
        key_uint(&writer, "lw_last", event->last_seq);
    }
    finish(&writer, parts, sizeof(parts) / sizeof(parts[0]));
}
