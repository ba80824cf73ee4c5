/* What the daemon says of itself in numbers: a snapshot that the loop fills, as text for Prometheus (format 0.0.4). */
#ifndef LEEWAY_ENGINE_FLOW_SERVICE_METRICS_H
#define LEEWAY_ENGINE_FLOW_SERVICE_METRICS_H

#include "engine/base/buf.h"
#include "engine/base/outbox.h"
#include "engine/source/source.h"
#include "leeway/judged.h"
#include "leeway/reject.h"
#include "leeway/run.h"

/* Times of pieces of work. Bounds in seconds: 0.001 0.002 0.005 0.01 0.02 0.05 0.1 0.2 0.5 1 2 5, +Inf. */
#define LW_METRICS_BUCKETS 13
struct lw_metrics_histogram {
    uint64_t counts[LW_METRICS_BUCKETS]; /* not cumulative */
    uint64_t micros;                     /* sum */
};
void lw_metrics_observe(struct lw_metrics_histogram *histogram, uint64_t micros);
/* One family of several histograms, told apart by one label. */
struct lw_metrics_labelled {
    const char *value;
    const struct lw_metrics_histogram *histogram;
};
void lw_metrics_write_labelled(const char *name, const char *help, const char *label,
                               const struct lw_metrics_labelled *members, size_t n, struct lw_buf *out);

struct lw_slices;

struct lw_metrics_source {
    const char *name, *kind;
    struct lw_source_health health;
    lw_time watermark;
    bool has_watermark, caught_up;
};

struct lw_metrics_lane {
    uint64_t rows, events, bytes;
    lw_time oldest;
    bool has_oldest;
};

struct lw_metrics_sink {
    const char *name, *kind;
    struct lw_metrics_lane lanes[LW_LANE_COUNT];
    /* Of deliveries: requests by how they ended, and events that came through, were put aside, were given up. */
    uint64_t acknowledged, retried, ambiguous, held, refused; /* requests; ambiguous: nobody knows whether it arrived */
    uint64_t events_delivered, bytes_delivered, events_dead, events_lost;
    bool holding; /* it waits for a person: token, address, certificate */
    lw_time last_success;
    bool has_last_success;
};

/* All borrowed while it is written. */
struct lw_metrics {
    const char *version;
    lw_time now, started;
    uint64_t records, points, duplicates, late, turns, turns_failed;
    uint64_t rejected[LW_REJECT_COUNT];
    uint64_t runs[LW_OUTCOME_IN_PROGRESS + 1]; /* closed since the start, by outcome */
    uint64_t alerts[LW_ALERT_STALE + 1];       /* known today, by state */
    uint64_t alert_events;                     /* put into the outbox since the start */
    uint64_t models, units_open, points_held, bytes_held;
    uint64_t store_bytes, losses, log_lost;
    uint64_t requests[6]; /* answered by the HTTP server, by the first digit of the status; 0: cut off without one */
    uint64_t connections;
    const struct lw_metrics_source *sources;
    size_t sources_n;
    const struct lw_metrics_sink *sinks;
    size_t sinks_n;
    const struct lw_slices *slices;    /* callbacks of the loop, by kind; NULL: nobody looked */
    struct lw_metrics_histogram judge; /* judging one model */
    struct lw_metrics_histogram turn;  /* a turn with its commit */
};

/* HELP, TYPE and samples; names begin with leeway_, counters end in _total, the last byte is '\n'. Label values are
   escaped; texts that are not UTF-8 are mended. */
void lw_metrics_write(const struct lw_metrics *metrics, struct lw_buf *out);

#endif
