#include "engine/flow/service/metrics.h"

#include "engine/base/json/json_out.h"
#include "engine/base/utf8.h"
#include "engine/flow/service/slices.h"

#include <stdio.h>

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

/* Upper bounds, in microseconds; the last bucket has none. */
static const uint64_t bounds[LW_METRICS_BUCKETS - 1] = {1000,   2000,   5000,   10000,   20000,   50000,
                                                        100000, 200000, 500000, 1000000, 2000000, 5000000};

void lw_metrics_observe(struct lw_metrics_histogram *histogram, uint64_t micros)
{
    size_t i = 0;

    while (i < COUNT(bounds) && micros > bounds[i])
        i++;
    histogram->counts[i]++;
    histogram->micros += micros;
}

struct label {
    const char *name, *value;
};

/* HELP and TYPE; every name has them once, before its samples. */
static void family(struct lw_buf *out, const char *name, const char *type, const char *help)
{
    lw_buf_format(out, "# HELP leeway_%s %s\n# TYPE leeway_%s %s\n", name, help, name, type);
}

/* Exposition formats, "Text format details": backslash, quote and line feed are escaped; UTF-8 is demanded. */
static void label_value(struct lw_buf *out, const char *text)
{
    const unsigned char *at = (const unsigned char *)(text == NULL ? "" : text);
    size_t left = strlen((const char *)at);

    while (left > 0) {
        size_t n = lw_utf8_character(at, left);

        if (n == 0)
            lw_buf_text(out, "\xef\xbf\xbd");
        else if (*at == '\\' || *at == '"')
            lw_buf_format(out, "\\%c", *at);
        else if (*at == '\n')
            lw_buf_text(out, "\\n");
        else
            lw_buf_bytes(out, at, n);
        at += n == 0 ? 1 : n;
        left -= n == 0 ? 1 : n;
    }
}

static void head(struct lw_buf *out, const char *name, const struct label *labels, size_t n)
{
    lw_buf_format(out, "leeway_%s", name);
    for (size_t i = 0; i < n; i++) {
        lw_buf_format(out, "%s%s=\"", i == 0 ? "{" : ",", labels[i].name);
        label_value(out, labels[i].value);
        lw_buf_char(out, '"');
    }
    lw_buf_text(out, n > 0 ? "} " : " ");
}

static void sample(struct lw_buf *out, const char *name, const struct label *labels, size_t n, uint64_t value)
{
    head(out, name, labels, n);
    lw_buf_format(out, "%llu\n", (unsigned long long)value);
}

static void decimal(struct lw_buf *out, double value)
{
    char text[LW_NUMBER_TEXT];

    lw_number_shortest(value, text);
    lw_buf_format(out, "%s\n", text);
}

/* Seconds with three decimals; a clock that was set back gives no negative age. */
static void seconds(struct lw_buf *out, const char *name, const struct label *labels, size_t n, int64_t ms)
{
    head(out, name, labels, n);
    decimal(out, (double)ms / 1000);
}

static void age(struct lw_buf *out, const char *name, const struct label *labels, size_t n, lw_time now, lw_time then)
{
    seconds(out, name, labels, n, now.ms > then.ms ? now.ms - then.ms : 0);
}

static void single(struct lw_buf *out, const char *name, const char *type, const char *help, uint64_t value)
{
    family(out, name, type, help);
    sample(out, name, NULL, 0, value);
}

static void write_process(const struct lw_metrics *metrics, struct lw_buf *out)
{
    struct label version = {"version", metrics->version};

    family(out, "build_info", "gauge", "Version of the program; always 1.");
    sample(out, "build_info", &version, 1, 1);
    family(out, "uptime_seconds", "gauge", "Time since the daemon was started.");
    age(out, "uptime_seconds", NULL, 0, metrics->now, metrics->started);
    single(out, "log_lines_lost_total", "counter", "Lines of the log that could not be written.", metrics->log_lost);
    single(out, "http_connections", "gauge", "Connections of the HTTP server that are open.", metrics->connections);
    family(out, "http_requests_total", "counter", "Requests by the class of the answer; cut: ended without one.");
    for (size_t i = 0; i < COUNT(metrics->requests); i++) {
        static const char *const names[] = {"cut", "1xx", "2xx", "3xx", "4xx", "5xx"};
        struct label label = {"status", names[i]};

        if (i != 1 && i != 3)
            sample(out, "http_requests_total", &label, 1, metrics->requests[i]);
    }
}

static void write_intake(const struct lw_metrics *metrics, struct lw_buf *out)
{
    single(out, "records_total", "counter", "Records that were read from all sources.", metrics->records);
    single(out, "points_total", "counter", "Datapoints that were taken in.", metrics->points);
    single(out, "points_duplicate_total", "counter", "Datapoints that were there before.", metrics->duplicates);
    single(out, "points_late_total", "counter", "Datapoints of runs that were closed already.", metrics->late);
    family(out, "records_rejected_total", "counter", "Records that were not used, by reason.");
    for (size_t i = 0; i < LW_REJECT_COUNT; i++) {
        struct label label = {"reason", lw_reject_id((enum lw_reject)i)};

        sample(out, "records_rejected_total", &label, 1, metrics->rejected[i]);
    }
    single(out, "turns_total", "counter", "Turns that were committed.", metrics->turns);
    single(out, "turns_failed_total", "counter", "Turns that could not be committed and were taken back.",
           metrics->turns_failed);
}

static void write_state(const struct lw_metrics *metrics, struct lw_buf *out)
{
    family(out, "runs_total", "counter", "Runs that were closed since the start, by outcome.");
    for (size_t i = 0; i < COUNT(metrics->runs); i++) {
        struct label label = {"outcome", lw_outcome_name((enum lw_outcome)i)};

        sample(out, "runs_total", &label, 1, metrics->runs[i]);
    }
    family(out, "alerts", "gauge",
           "Alerts of the history that is kept, by state; also those of models that are only observed.");
    for (size_t i = 0; i < COUNT(metrics->alerts); i++) {
        struct label label = {"state", lw_alert_state_name((enum lw_alert_state)i)};

        sample(out, "alerts", &label, 1, metrics->alerts[i]);
    }
    single(out, "alert_events_total", "counter", "Alert events that were handed to sinks.", metrics->alert_events);
    single(out, "models", "gauge", "Models that are known.", metrics->models);
    single(out, "runs_open", "gauge", "Runs that are being gathered.", metrics->units_open);
    single(out, "points_held", "gauge", "Datapoints of runs that are being gathered.", metrics->points_held);
    single(out, "gather_bytes", "gauge", "Memory of runs that are being gathered.", metrics->bytes_held);
    single(out, "store_bytes", "gauge", "Size of the store.", metrics->store_bytes);
    single(out, "losses_total", "counter", "Entries in the ledger of losses.", metrics->losses);
}

/* One family over all sources: a counter of their health. */
static void source_counter(const struct lw_metrics *metrics, struct lw_buf *out, const char *name, const char *help,
                           size_t member)
{
    family(out, name, "counter", help);
    for (size_t i = 0; i < metrics->sources_n; i++) {
        struct label labels[] = {{"source", metrics->sources[i].name}, {"kind", metrics->sources[i].kind}};
        uint64_t value;

        memcpy(&value, (const char *)&metrics->sources[i].health + member, sizeof(value));
        sample(out, name, labels, 2, value);
    }
}

static void write_sources(const struct lw_metrics *metrics, struct lw_buf *out)
{
    static const struct {
        const char *name, *help;
        size_t member;
    } counters[] = {
        {"source_requests_total", "Requests to or from a source.", offsetof(struct lw_source_health, requests)},
        {"source_bytes_total", "Bytes that were read.", offsetof(struct lw_source_health, bytes)},
        {"source_records_total", "Records that were read.", offsetof(struct lw_source_health, records)},
        {"source_throttled_total", "Times that it was told to slow down.",
         offsetof(struct lw_source_health, throttled)},
        {"source_errors_total", "Errors, most of them followed by another try.",
         offsetof(struct lw_source_health, errors)},
        {"source_datapoints_billed_total", "Datapoints that a cloud charges for.",
         offsetof(struct lw_source_health, datapoints_billed)},
    };

    for (size_t i = 0; i < COUNT(counters); i++)
        source_counter(metrics, out, counters[i].name, counters[i].help, counters[i].member);
    family(out, "source_up", "gauge", "1: it can be read.");
    for (size_t i = 0; i < metrics->sources_n; i++) {
        struct label labels[] = {{"source", metrics->sources[i].name}, {"kind", metrics->sources[i].kind}};

        sample(out, "source_up", labels, 2, metrics->sources[i].health.trouble[0] == '\0');
    }
    family(out, "source_success_age_seconds", "gauge", "Time since a source was read last.");
    for (size_t i = 0; i < metrics->sources_n; i++) {
        struct label labels[] = {{"source", metrics->sources[i].name}, {"kind", metrics->sources[i].kind}};

        if (metrics->sources[i].health.has_last_success)
            age(out, "source_success_age_seconds", labels, 2, metrics->now, metrics->sources[i].health.last_success);
    }
    family(out, "source_lag_seconds", "gauge", "How far the watermark of a source is behind the clock.");
    for (size_t i = 0; i < metrics->sources_n; i++) {
        struct label labels[] = {{"source", metrics->sources[i].name}, {"kind", metrics->sources[i].kind}};

        if (metrics->sources[i].has_watermark)
            age(out, "source_lag_seconds", labels, 2, metrics->now, metrics->sources[i].watermark);
    }
}

static void write_lanes(const struct lw_metrics *metrics, struct lw_buf *out)
{
    static const char *const names[] = {"outbox_events", "outbox_bytes", "outbox_age_seconds"};
    static const char *const help[] = {"Events that are owed to a sink.", "Bytes that are owed to a sink.",
                                       "Age of the oldest event that is owed; 0: none is."};

    for (size_t k = 0; k < COUNT(names); k++) {
        family(out, names[k], "gauge", help[k]);
        for (size_t i = 0; i < metrics->sinks_n; i++) {
            for (size_t lane = 0; lane < LW_LANE_COUNT; lane++) {
                const struct lw_metrics_lane *the = &metrics->sinks[i].lanes[lane];
                struct label labels[] = {{"sink", metrics->sinks[i].name}, {"lane", lw_lane_id((enum lw_lane)lane)}};

                if (k < 2)
                    sample(out, names[k], labels, 2, k == 0 ? the->events : the->bytes);
                else
                    age(out, names[k], labels, 2, metrics->now, the->has_oldest ? the->oldest : metrics->now);
            }
        }
    }
}

static void write_deliveries(const struct lw_metrics *metrics, struct lw_buf *out)
{
    static const struct {
        const char *outcome;
        size_t member;
    } outcomes[] = {
        {"acknowledged", offsetof(struct lw_metrics_sink, acknowledged)},
        {"retried", offsetof(struct lw_metrics_sink, retried)},
        {"ambiguous", offsetof(struct lw_metrics_sink, ambiguous)},
        {"held", offsetof(struct lw_metrics_sink, held)},
        {"refused", offsetof(struct lw_metrics_sink, refused)},
    };
    static const struct {
        const char *name, *help;
        size_t member;
    } counters[] = {
        {"events_delivered_total", "Events that a sink acknowledged.",
         offsetof(struct lw_metrics_sink, events_delivered)},
        {"bytes_delivered_total", "Bytes that a sink acknowledged.", offsetof(struct lw_metrics_sink, bytes_delivered)},
        {"events_dead_total", "Events that a sink refused for good; they are kept in the store.",
         offsetof(struct lw_metrics_sink, events_dead)},
        {"events_lost_total", "Events that were given up because the spool was full.",
         offsetof(struct lw_metrics_sink, events_lost)},
    };
    uint64_t value;

    family(out, "deliveries_total", "counter",
           "Requests to a sink by how they ended; ambiguous: sent, but it was not told whether it was taken.");
    for (size_t i = 0; i < metrics->sinks_n; i++) {
        for (size_t k = 0; k < COUNT(outcomes); k++) {
            struct label labels[] = {{"sink", metrics->sinks[i].name}, {"outcome", outcomes[k].outcome}};

            memcpy(&value, (const char *)&metrics->sinks[i] + outcomes[k].member, sizeof(value));
            sample(out, "deliveries_total", labels, 2, value);
        }
    }
    for (size_t k = 0; k < COUNT(counters); k++) {
        family(out, counters[k].name, "counter", counters[k].help);
        for (size_t i = 0; i < metrics->sinks_n; i++) {
            struct label label = {"sink", metrics->sinks[i].name};

            memcpy(&value, (const char *)&metrics->sinks[i] + counters[k].member, sizeof(value));
            sample(out, counters[k].name, &label, 1, value);
        }
    }
}

static void write_sinks(const struct lw_metrics *metrics, struct lw_buf *out)
{
    write_lanes(metrics, out);
    write_deliveries(metrics, out);
    family(out, "sink_holding", "gauge", "1: a sink waits for a person (token, address, certificate).");
    for (size_t i = 0; i < metrics->sinks_n; i++) {
        struct label label = {"sink", metrics->sinks[i].name};

        sample(out, "sink_holding", &label, 1, metrics->sinks[i].holding);
    }
    family(out, "sink_success_age_seconds", "gauge", "Time since a sink acknowledged something last.");
    for (size_t i = 0; i < metrics->sinks_n; i++) {
        struct label label = {"sink", metrics->sinks[i].name};

        if (metrics->sinks[i].has_last_success)
            age(out, "sink_success_age_seconds", &label, 1, metrics->now, metrics->sinks[i].last_success);
    }
}

/* The samples of one histogram; `extra`: the label that tells it from others of its family, or NULL. */
static void write_samples(struct lw_buf *out, const char *name, const struct label *extra,
                          const struct lw_metrics_histogram *histogram)
{
    struct label labels[2] = {{"le", "+Inf"}, {"le", "+Inf"}};
    size_t n = extra != NULL;
    uint64_t sum = 0;
    char full[64];
    char bound[LW_NUMBER_TEXT];

    if (extra != NULL)
        labels[0] = *extra;
    snprintf(full, sizeof(full), "%s_bucket", name);
    for (size_t i = 0; i < LW_METRICS_BUCKETS; i++) {
        labels[n].value = "+Inf";
        if (i < COUNT(bounds)) {
            lw_number_shortest((double)bounds[i] / 1e6, bound);
            labels[n].value = bound;
        }
        sum += histogram->counts[i];
        sample(out, full, labels, n + 1, sum);
    }
    snprintf(full, sizeof(full), "%s_sum", name);
    head(out, full, labels, n);
    decimal(out, (double)histogram->micros / 1e6);
    snprintf(full, sizeof(full), "%s_count", name);
    sample(out, full, labels, n, sum);
}

static void write_histogram(struct lw_buf *out, const char *name, const char *help,
                            const struct lw_metrics_histogram *histogram)
{
    family(out, name, "histogram", help);
    write_samples(out, name, NULL, histogram);
}

void lw_metrics_write_labelled(const char *name, const char *help, const char *label,
                               const struct lw_metrics_labelled *members, size_t n, struct lw_buf *out)
{
    family(out, name, "histogram", help);
    for (size_t i = 0; i < n; i++) {
        struct label extra = {label, members[i].value};

        write_samples(out, name, &extra, members[i].histogram);
    }
}

void lw_metrics_write(const struct lw_metrics *metrics, struct lw_buf *out)
{
    write_process(metrics, out);
    write_intake(metrics, out);
    write_state(metrics, out);
    write_sources(metrics, out);
    write_sinks(metrics, out);
    if (metrics->slices != NULL)
        lw_slices_write(metrics->slices, out);
    write_histogram(out, "judge_seconds", "Judging one model.", &metrics->judge);
    write_histogram(out, "turn_seconds", "A turn with its commit.", &metrics->turn);
}
