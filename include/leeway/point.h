/* What a decoder yields: datapoints, and facts about runs. Plain values; texts are ids of one table of names. */
#ifndef LEEWAY_POINT_H
#define LEEWAY_POINT_H

#include "leeway/time.h"

#include <stdint.h>

/* Which members of a statistic set are known. */
enum lw_known { LW_KNOWN_SUM = 1, LW_KNOWN_MIN = 2, LW_KNOWN_MAX = 4, LW_KNOWN_COUNT = 8, LW_KNOWN_AVERAGE = 16 };

enum lw_point_flag {
    LW_POINT_STEP = 1, /* `at` is a step (epoch, batch), not a time: the log has no clock */
    LW_POINT_CLOUDWATCH =
        2, /* one datapoint per (series, time): of duplicates one wins; else (series, time, value) is the identity */
    LW_POINT_HEARTBEAT = 4 /* an instance metric (dimension Host): says that the run was alive, is not a curve */
};

/* One observation of one metric of one run. Ids are those of struct lw_names; 0 is the empty text, which means "not
   known". A point with run 0 belongs to data without run ids, which are cut into runs later. A single plain value is
   LW_KNOWN_AVERAGE with count 1. Checked at the door: known members are finite, count > 0, min <= max. */
struct lw_point {
    uint32_t origin; /* account and region, or the label of the source */
    uint32_t model;  /* what the user or the data say; 0: derived from the name of the run */
    uint32_t run;    /* name of the job */
    uint32_t metric;
    int64_t at; /* ms since the epoch (lw_time), or a step */
    double sum, min, max, count, average;
    uint8_t known; /* enum lw_known, or-ed; at least one */
    uint8_t flags; /* enum lw_point_flag, or-ed */
    uint32_t host; /* of an instance metric: the dimension as a whole, "job/algo-1"; 0: it was not said */
};

/* The kinds of facts about a run. Facts are merged without regard to the order in which they arrive. */
#define LW_FACT_LIST(X)                                                                                                \
    X(STATUS)    /* number: enum lw_status; at: LastModifiedTime if known: the latest one wins, then the highest */    \
    X(SECONDARY) /* text: SageMaker's SecondaryStatus, e.g. MaxRuntimeExceeded */                                      \
    X(CREATED)   /* at */                                                                                              \
    X(STARTED)   /* at: TrainingStartTime */                                                                           \
    X(ENDED)     /* at: TrainingEndTime */                                                                             \
    X(PHASE)     /* text: phase name (Training, ...); at .. until: one secondary status transition */                  \
    X(TRAINING_SECONDS) /* number: as SageMaker or its log states it */                                                \
    X(BILLABLE_SECONDS) /* number */                                                                                   \
    X(INSTANCE_TYPE)    /* text */                                                                                     \
    X(INSTANCE_COUNT)   /* number */                                                                                   \
    X(FAILURE)          /* text: the reason */                                                                         \
    X(TAG)              /* key, text */                                                                                \
    X(FINAL_METRIC)     /* key: metric, number: value (float32 precision), at */                                       \
    X(TUNING_JOB)       /* text: name of the tuning job this run is a trial of */                                      \
    X(PIPELINE)         /* key: execution, text: step */                                                               \
    X(SPOT)             /* number 1: managed spot training was on */                                                   \
    X(NOT_A_NUMBER)     /* key: metric, at (time or step): the log printed NaN or an infinity for it */                \
    X(NO_CLOCK)         /* the source of this run has no times at all (steps only) */

enum lw_fact_kind {
#define LW_FACT_ENUM(name) LW_FACT_##name,
    LW_FACT_LIST(LW_FACT_ENUM)
#undef LW_FACT_ENUM
};

enum lw_status {
    LW_STATUS_UNKNOWN,
    LW_STATUS_IN_PROGRESS,
    LW_STATUS_STOPPING,
    LW_STATUS_STOPPED,
    LW_STATUS_FAILED,
    LW_STATUS_COMPLETED
};

/* Where a fact comes from; the greater rank wins over the lesser. */
enum lw_fact_rank { LW_RANK_LOG = 1, LW_RANK_API = 2 };

struct lw_fact {
    uint32_t origin, model, run; /* as in struct lw_point */
    uint32_t key, text;          /* ids of names, by kind */
    uint8_t kind;                /* enum lw_fact_kind */
    uint8_t rank;                /* enum lw_fact_rank */
    uint8_t has_at, has_until;
    lw_time at, until;
    double number;
};

#endif
