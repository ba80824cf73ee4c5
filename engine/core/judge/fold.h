/* The memory of judging the runs of one model: what the fold carries from run to run, flat but for the arrays that are
   listed in struct lw_fold. Everything that is saved in a checkpoint is made of 4- and 8-byte members without holes, so
   that equal memories are equal bytes. */
#ifndef LEEWAY_ENGINE_CORE_JUDGE_FOLD_H
#define LEEWAY_ENGINE_CORE_JUDGE_FOLD_H

#include "engine/base/arena.h"
#include "leeway/arl.h"
#include "leeway/budget.h"
#include "leeway/changepoint.h"
#include "leeway/cusum.h"
#include "leeway/judged.h"
#include "leeway/ks_rank.h"
#include "leeway/rules.h"

#include <stdbool.h>

#define LW_FOLD_METRICS           64 /* metrics of a model that are charted; further ones are counted and said */
#define LW_FOLD_SERIES            168 /* their finals and curves, half as many generalization gaps, duration, cost, gap */
#define LW_FOLD_REFERENCES        63 /* curves that a new one is compared with, at most */
#define LW_FOLD_COUNTS            20 /* earlier runs from which the usual number of points is known */
#define LW_FOLD_RETURN            3  /* consecutive runs nearer to the old level that resolve */
#define LW_FOLD_SETTLE            20 /* runs at the new level after which it is the reference */
#define LW_FOLD_CURVE_LEAST       19 /* reference curves from which on the curve is charted */
#define LW_FOLD_RECENT            5  /* final values in the look at the level */
#define LW_FOLD_EARLIER           50 /* final values they are compared with, at most */
#define LW_FOLD_EARLIER_LEAST     7
#define LW_FOLD_CURVE_VALUES      (size_t)512 /* of a curve are compared: longer ones are thinned evenly */
#define LW_FOLD_CURVE_SMALLEST    3           /* values that make a curve */
#define LW_FOLD_CORRELATION_LEAST 30          /* scores from which their correlation is estimated */
#define LW_FOLD_SINGLE            3.0         /* what a single odd score counts */
#define LW_FOLD_SECOND            2.0         /* a score before it that makes it no longer single */
#define LW_FOLD_LOOK              400 /* values of a reference in which a change is looked for, the latest: years of daily runs */
#define LW_FOLD_DATA_DELAY        (5 * LW_MINUTE)
#define LW_FOLD_NONE              UINT32_MAX

struct lw_recent_memo;

enum lw_series_kind {
    LW_SERIES_METRIC, /* final value of a metric */
    LW_SERIES_GENERALIZATION,
    LW_SERIES_CURVE,
    LW_SERIES_DURATION,
    LW_SERIES_COST,
    LW_SERIES_GAP
};

/* What a value of a series is to its chart. */
enum lw_place {
    LW_PLACE_OUT,       /* of an excursion that is over, or never charted */
    LW_PLACE_REFERENCE, /* learnt */
    LW_PLACE_JUDGED,    /* judged against a stated baseline, not learnt */
    LW_PLACE_SHIFTED,   /* of the new level after an alarm */
    LW_PLACE_HELD       /* waits for the next runs to say what it is */
};

struct lw_value {
    double raw; /* in the user's units; of a curve the distance D */
    double x;   /* on the charted scale; of a curve the score */
    uint32_t run;
    uint32_t place; /* enum lw_place */
};

/* Moments of values in the user's units (Welford). */
struct lw_level {
    double mean, m2;
    uint64_t n;
};

/* One number per run. */
struct lw_series {
    uint32_t kind;              /* enum lw_series_kind */
    uint32_t transform;         /* enum lw_transform, fixed by the first value */
    uint32_t better;            /* enum lw_better */
    uint32_t scale;             /* enum lw_meaning_scale */
    uint32_t name_at, name_len; /* in the names of the fold */
    uint32_t partner;           /* index: of a curve its metric, of a generalization gap the validation metric */
    uint32_t other;             /* of a generalization gap the training metric */
    uint32_t charted;           /* 0: only learnt (a cost that is a constant times the duration) */
    uint32_t values_n;
    uint32_t reference_from;       /* the reference begins at this value */
    uint32_t shifted;              /* after an alarm, the level has not come back and is not accepted */
    uint32_t case_index;           /* where shifted */
    uint32_t direction;            /* of the alarm, enum lw_direction */
    uint32_t shifted_from;         /* the new level begins at this value */
    uint32_t held;                 /* values in a row that wait */
    uint32_t held_late;            /* a gap that waits was overdue: it is not to be learnt */
    uint32_t pending;              /* an odd value that is not yet learnt, index + 1, or 0 */
    uint32_t held_direction;       /* of values that differ from a constant, or of unusual gaps */
    uint32_t up_since, down_since; /* value at which the excursion began */
    uint32_t missing;              /* runs in a row without a value that should have one */
    uint32_t not_flat;             /* curves seen that were no flat line */
    uint32_t quantile;             /* of a shifted curve: which of its quantiles shows it most */
    uint64_t cohort;               /* durations: what they may be compared with */
    double rounding;               /* smallest spread by the rounding of the input, in the user's units */
    struct lw_cusum chart;
    struct lw_level level;          /* of what the chart has learnt */
    struct lw_level before;         /* where shifted: of the frozen reference */
    struct lw_level latest;         /* where it changed again while shifted: of the level before that change */
    double before_x;                /* where shifted: mean of the frozen reference on the charted scale */
    double lag_product, lag_square; /* of neighbouring scores of the reference, for their correlation */
    double lag_product_waits, lag_square_waits; /* of those while a sum is high: it is not known yet if they count */
    uint64_t scores_wait;
    uint64_t lag_known; /* the last score was one of them */
    double last_score;
    uint64_t scores_n;
    uint64_t single;                       /* the last score was an odd one, alone so far */
    uint32_t pool[LW_FOLD_REFERENCES + 1]; /* of a curve: the run in each place of the pool, or LW_FOLD_NONE */
};

/* Why a finding says what it says; with its numbers this gives the message. */
enum lw_remark_text {
    LW_REMARK_FINE,
    LW_REMARK_LEARNING, /* runs_needed */
    LW_REMARK_BASELINE, /* extra: so many runs of the stated baseline are needed; runs_needed where they are yet to come */
    LW_REMARK_SINGLE,    /* one odd run */
    LW_REMARK_REFERENCE, /* one of the stated baseline */
    LW_REMARK_HALF,      /* over half of the threshold */
    LW_REMARK_SMALL,     /* over the threshold, effect too small */
    LW_REMARK_ALARM,     /* threshold and effect */
    LW_REMARK_NEARER,    /* extra: how many runs nearer to the reference so far */
    LW_REMARK_RETURNED,  /* the reference is back */
    LW_REMARK_SETTLED,   /* the new level is the reference from now on */
    LW_REMARK_IDENTICAL, /* extra: so many identical values before */
    LW_REMARK_UNLIKE,    /* extra: so many identical values before, the third that differs */
    LW_REMARK_ONE_GAP,   /* an unusual gap, charted when the next is unusual too */
    LW_REMARK_RESTART,   /* source or cohort of the durations changed */
    LW_REMARK_CONFIRMS,  /* away from the reference while an alert is open */
    LW_REMARK_P,         /* p-value and statistic say it */
    LW_REMARK_OVERDUE,   /* statistic: the gap, threshold: what was due, s */
    LW_REMARK_HOLDS,     /* requirement */
    LW_REMARK_BROKEN,    /* requirement */
    LW_REMARK_FAILED,
    LW_REMARK_STOPPED,
    LW_REMARK_OUT_OF_TIME,
    LW_REMARK_INCOMPLETE, /* extra: usual number of points */
    LW_REMARK_IN_PROGRESS,
    LW_REMARK_INTERLEAVED,
    LW_REMARK_NOT_A_NUMBER, /* extra: how many */
    LW_REMARK_MISSING,
    LW_REMARK_FLAT,
    LW_REMARK_CLIPPED,
    LW_REMARK_NOT_CHARTED, /* extra: how many metrics */
    LW_REMARK_TEXTS
};

enum lw_remark_known {
    LW_REMARK_STATISTIC = 1,
    LW_REMARK_THRESHOLD = 2,
    LW_REMARK_P_VALUE = 4,
    LW_REMARK_ATTAINABLE = 8,
    LW_REMARK_EFFECT = 16
};

/* A finding, as it is kept: the message is written from it when it is shown. */
struct lw_remark {
    uint32_t detector, verdict, direction, p_method;
    uint32_t text;        /* enum lw_remark_text */
    uint32_t known;       /* enum lw_remark_known, or-ed */
    uint32_t series;      /* index, or LW_FOLD_NONE: none, see requirement */
    uint32_t requirement; /* index + 1 of the rule, or 0 */
    uint32_t run, change_run, runs_needed, reserved;
    double statistic, threshold, p_value, attainable_p, effect;
    double extra;
};

enum lw_case_stale {
    LW_STALE_NOT,
    LW_STALE_SERIES, /* a series of it has stopped, or cannot be compared any more */
    LW_STALE_DATA    /* the model brings no more runs: nothing is known to be over */
};

/* An alert, as it is kept. */
struct lw_case {
    uint32_t state, severity, impact, kind, direction; /* as in struct lw_alert */
    uint32_t detectors;
    uint32_t opened_run, change_run, resolved_run, revision;
    uint32_t ordinal;     /* among those opened at the same run with the same kind, impact and rule */
    uint32_t requirement; /* index + 1 of the rule, or 0 */
    uint32_t has_before, has_after, has_evidence;
    uint32_t away;                                 /* series that are still shifted */
    uint32_t away_set[(LW_FOLD_SERIES + 31) / 32]; /* these */
    uint32_t changed_runs;                         /* at the new level, of the first series */
    uint32_t reserved;
    uint32_t settled;    /* a series of it did not come back, its new level was accepted */
    uint32_t stale;      /* enum lw_case_stale */
    uint32_t no_success; /* overdue: runs come but fail */
    uint32_t streak;     /* failures: so many in a row; overdue: runs that failed */
    uint32_t last_run;   /* failures: the last of the streak; else the run of the last step */
    uint32_t series_n;
    uint32_t series[LW_FOLD_SERIES];
    double before, after;
    double spread;    /* standard deviation of the reference, in the user's units */
    int64_t evidence; /* ms: of the last step */
    int64_t due;      /* ms: overdue, the deadline */
    char id[28];
    char message[LW_MESSAGE_MAX];
    char reason[LW_MESSAGE_MAX];
    uint32_t touched; /* enum lw_case_touch, of the run in hand */
};

/* One step in the life of a case, with the case as it was then. */
struct lw_happening {
    uint32_t transition; /* enum lw_transition */
    uint32_t run;        /* or LW_NO_RUN */
    uint32_t case_index;
    uint32_t reserved;
    struct lw_case then;
};

/* What was decided of one run. */
struct lw_decision {
    uint32_t outcome, verdict;
    uint32_t has_gap, has_cost;
    int64_t gap; /* ms */
    double cost;
};

/* The part of the memory that is one of a kind. */
struct lw_fold_head {
    uint32_t runs_n;    /* runs folded in */
    uint32_t series_n;  /* of these */
    uint32_t metrics_n; /* are metrics */
    uint32_t pairs_n;   /* are generalization gaps */
    uint32_t uncharted; /* metrics beyond the ceiling, at most, in one run */
    uint32_t cost_charted, duration_seen, gap_seen;
    uint32_t duration, cost, gap; /* indices of the series, or LW_FOLD_NONE */
    uint32_t last_attempt;        /* run, or LW_NO_RUN */
    uint32_t last_success;        /* run, or LW_NO_RUN */
    uint32_t failed_since_success;
    uint32_t first_failure; /* since then, run, or LW_NO_RUN */
    uint32_t reserved;
    uint32_t failures;     /* in a row */
    uint32_t failure_case; /* open, or LW_FOLD_NONE */
    uint32_t late_case;    /* "ran out of time", open, or LW_FOLD_NONE */
    uint32_t counts_n;     /* entries of counts in use */
    uint32_t counts_next;
    uint32_t uncharted_said;
    uint64_t counts[LW_FOLD_COUNTS]; /* points of the runs before */
    double ratio_low, ratio_high;    /* cost per second of duration and cohort */
    uint64_t ratio_cohort;
};

/* What is remembered of one rule of the user. */
struct lw_fold_requirement {
    uint32_t broken; /* the open case + 1, or 0 */
    uint32_t kept_n; /* values that kept it */
    double kept;     /* the last of these */
};

/* The values that the last ones are compared with, ascending, and which they are: the next run changes one or two of
   them. */
struct lw_earlier {
    double values[LW_FOLD_EARLIER];
    uint32_t at[LW_FOLD_EARLIER]; /* the latest first, where `newest` is LW_FOLD_NONE */
    uint32_t n;
    uint32_t newest; /* they are this one and those right before it, or LW_FOLD_NONE */
};

/* The values of a series that are reference or judged, from the value `from` up to `to`, as a line without holes: x[begin
   .. end). */
struct lw_line {
    double *x;
    size_t begin, end, capacity;
    uint32_t from, to;
    struct lw_changepoint_sum sum; /* of x[begin ..] */
};

/* The moments of the values that are not left out, from the value `from` up to `to`. */
struct lw_stretch {
    uint32_t from, to;
    struct lw_level level;
};

/* Memory of a series that is not saved: it follows from the rest. */
struct lw_series_memory {
    struct lw_value *values; /* values_n of them */
    size_t capacity;
    struct lw_ks_pool *pool;    /* of a curve */
    struct lw_earlier *earlier; /* of a metric */
    uint32_t plain;             /* so many values, the latest, are known to be reference */
    struct lw_line line;        /* of the gap: where a change is looked for */
    struct lw_stretch before;   /* before the last excursion that was looked at */
    double weight, threshold;   /* share of the budget, and what it buys */
};

struct lw_fold {
    const struct lw_rules *rules;
    struct lw_arena *scratch; /* owns every array below */
    struct lw_arl_cache *cache;
    struct lw_recent_memo *memo;
    double *workspace; /* LW_ARL_WORKSPACE */
    struct lw_str origin, model;
    uint32_t baseline_runs; /* of the stated baseline that are in the history */
    const struct lw_run *const *runs;
    size_t runs_n;
    int64_t silent_since; /* ms: when the silence after the last run had become its end; not saved */
    int64_t next_change;  /* ms: when the silence is to be judged anew, or LW_TIME_MAX; not saved */
    enum lw_err error;    /* sticks: memory, or a threshold that could not be found */

    struct lw_fold_head head;
    struct lw_series *series;
    struct lw_series_memory *memory;
    struct lw_decision *decisions; /* runs_n of them */
    struct lw_remark *remarks;
    struct lw_case *cases;
    struct lw_happening *happenings;
    char *names;
    struct lw_fold_requirement *requirements; /* one per rule */
    size_t remarks_n, remarks_capacity, cases_n, cases_capacity, happenings_n, happenings_capacity;
    size_t names_n, names_capacity;
    uint32_t *touched; /* cases to which something happened in this run */
    size_t touched_capacity;
    uint32_t touched_n;
    double *thin; /* room for the values of one curve, LW_FOLD_CURVE_VALUES */
    double *line; /* room for one value of a series per run, and where it comes from */
    uint32_t *line_at;
    struct lw_remark thrown_away;
    struct lw_budget budget;
    uint32_t budget_series, budget_kinds; /* what the budget was divided for */
    uint32_t *found;                      /* per series: index of its metric in the run in hand, or LW_FOLD_NONE */
};

/* Room for one more item behind the n items of an array of the scratch arena that grows: where the array is now; NULL
   (and the error is set) when memory is out. */
void *lw_fold_room(struct lw_fold *fold, void *items, size_t *capacity, size_t n, size_t size);

/* Appends a remark about the run in hand and returns it, zeroed but for what is given; never NULL: when memory is out it
   is one that is thrown away. */
struct lw_remark *lw_fold_remark(struct lw_fold *fold, enum lw_detector detector, uint32_t series, uint32_t run,
                                 enum lw_verdict verdict, enum lw_remark_text text);

/* Folds in the run number `run`, which is head.runs_n. */
void lw_fold_step(struct lw_fold *fold, uint32_t run);

/* Prepares an empty memory; the borrowed members are filled already. */
void lw_fold_start(struct lw_fold *fold);

static inline struct lw_str lw_fold_name(const struct lw_fold *fold, uint32_t series)
{
    return (struct lw_str){.at = fold->names + fold->series[series].name_at, .len = fold->series[series].name_len};
}

static inline bool lw_fold_is_success(uint32_t outcome)
{
    return outcome == LW_OUTCOME_COMPLETED || outcome == LW_OUTCOME_UNKNOWN;
}

#endif
