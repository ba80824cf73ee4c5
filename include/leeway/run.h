/* A closed run: one flat record without pointers, a header and a counted tail, that can be copied, saved, compared and
   sent as bytes. Texts, metrics and values lie in the tail and are reached through the functions below. */
#ifndef LEEWAY_RUN_H
#define LEEWAY_RUN_H

#include "leeway/err.h"
#include "leeway/str.h"
#include "leeway/time.h"

#include <stdint.h>

#define LW_RUN_VERSION    1u
#define LW_RUN_VALUES_MAX 4096 /* values kept of one metric of a closed run */

enum lw_outcome {
    LW_OUTCOME_UNKNOWN, /* no status in the data */
    LW_OUTCOME_COMPLETED,
    LW_OUTCOME_FAILED,
    LW_OUTCOME_STOPPED,     /* by a person */
    LW_OUTCOME_OUT_OF_TIME, /* MaxRuntimeExceeded, MaxWaitTimeExceeded */
    LW_OUTCOME_INCOMPLETE,  /* no status, and far fewer points than its siblings; decided when judged */
    LW_OUTCOME_IN_PROGRESS  /* SageMaker says so, and the data end here */
};

/* Where the duration comes from, best first. */
enum lw_duration_source {
    LW_DURATION_NONE,
    LW_DURATION_HEARTBEAT, /* span of the instance metrics plus one period */
    LW_DURATION_CURVE,     /* span of the metrics plus one period */
    LW_DURATION_LOG,       /* "Training seconds" of a log */
    LW_DURATION_PHASE      /* SageMaker's Training phases */
};

enum lw_run_flag {
    LW_RUN_APPROXIMATE = 1,  /* a metric had more than 65 536 points */
    LW_RUN_STEPS = 2,        /* no clock: no start, end, duration, gap */
    LW_RUN_RESUMED = 4,      /* a pause without a reset inside (spot, checkpoint) */
    LW_RUN_RESTARTED = 8,    /* a partial reset inside */
    LW_RUN_SEGMENTED = 16,   /* has no id in the data: found by its shape, named model@start */
    LW_RUN_INTERLEAVED = 32, /* overlaps another run that cannot be told apart: not judged */
    LW_RUN_TUNING = 64,      /* stands for all trials of one tuning job */
    LW_RUN_SPOT = 128,
    LW_RUN_MINUTE_TIMES = 256 /* start and end are known to the minute only */
};

enum lw_trend {
    LW_TREND_NONE,
    LW_TREND_UP,
    LW_TREND_DOWN,
    LW_TREND_FLAT
}; /* monotone or not, over the points in time order */

/* What is kept of one metric of one run, computed once over the points in time order, unweighted; min and max are over
   minimum and maximum of the statistic sets, samples sums the counts. */
struct lw_summary {
    uint64_t count; /* datapoints, finite ones */
    double samples; /* sum of sample counts */
    double first, last, min, max, mean;
    double best;                    /* the greatest or the least value, by the direction of the metric; see has_best */
    double stddev;                  /* n - 1; known from 2 points */
    double skewness;                /* known from 3 points and a positive variance */
    double kurtosis;                /* excess; known from 4 points and a positive variance */
    double q05, q25, q50, q75, q95; /* type 7 */
    double slope_per_hour;          /* least squares; known from 2 different times */
    double decimal_step;            /* the smallest decimal step seen in the values, e.g. 0.0001 */
    int64_t first_at, last_at, best_at; /* ms, or steps in a run without clock */
    int64_t spacing;                    /* largest distance of neighbouring points, ms */
    uint64_t not_a_number;              /* NaN or infinite values printed for it */
    uint8_t has_best, has_stddev, has_skewness, has_kurtosis, has_slope;
    uint8_t trend;       /* enum lw_trend */
    uint8_t approximate; /* quantiles from a sample of the points */
    uint8_t final_only;  /* known from FinalMetricDataList alone: one value, float32 precision */
};

/* A text in the tail. */
struct lw_run_text {
    uint32_t at, len;
};

struct lw_metric {
    struct lw_run_text name;
    uint32_t values_at; /* doubles in the tail, ascending */
    uint32_t values_n;  /* <= LW_RUN_VALUES_MAX */
    struct lw_summary summary;
};

struct lw_run {
    uint32_t bytes; /* of the whole record */
    uint32_t version;
    struct lw_run_text origin, model, name;
    struct lw_run_text failure;         /* reason, if failed */
    struct lw_run_text instance;        /* instance type: with the count the cohort of durations */
    struct lw_run_text confidence_note; /* for segmented runs: what speaks for its start */
    uint32_t instance_count;
    uint32_t flags;          /* enum lw_run_flag */
    uint8_t outcome;         /* enum lw_outcome */
    uint8_t duration_source; /* enum lw_duration_source */
    uint8_t has_start, has_end, has_billable, has_confidence, has_created, has_metric_span;
    uint32_t metrics_at, metrics_n; /* struct lw_metric, ascending by name */
    lw_time start, end, created;
    lw_span duration;                    /* where duration_source is not LW_DURATION_NONE */
    lw_time metrics_first, metrics_last; /* span of the metric points (has_metric_span) */
    double billable_seconds;             /* per instance, as billed */
    double confidence;                   /* 0..1 of the boundary at which a segmented run starts */
};

static inline struct lw_str lw_run_str(const struct lw_run *run, struct lw_run_text text)
{
    return (struct lw_str){.at = (const char *)run + text.at, .len = text.len};
}

static inline const struct lw_metric *lw_run_metrics(const struct lw_run *run)
{
    return (const struct lw_metric *)(const void *)((const char *)run + run->metrics_at);
}

static inline const double *lw_run_values(const struct lw_run *run, const struct lw_metric *metric)
{
    return (const double *)(const void *)((const char *)run + metric->values_at);
}

/* The metric of that name, or NULL. */
LW_API const struct lw_metric *lw_run_metric(const struct lw_run *run, struct lw_str name);

/* Checks bytes that claim to be a run (8-byte aligned): version, sizes, that every text, metric and value lies inside,
   order of names and values, finite numbers. LW_ERR_STATE when they are not. */
LW_API LW_MUST_USE enum lw_err lw_run_check(const void *bytes, size_t n);

/* Order of judging: (end, name); runs without an end come last, by name. */
LW_API int lw_run_order(const struct lw_run *a, const struct lw_run *b);

LW_API const char *lw_outcome_name(enum lw_outcome outcome); /* "completed" */
LW_API const char *
lw_duration_source_name(enum lw_duration_source source); /* "training_phase", "log", "curve", "heartbeat" */
LW_API const char *lw_trend_name(enum lw_trend trend);   /* "up", "down", "flat", "none" */

#endif
