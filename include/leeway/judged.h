/* What judging the runs of one model yields: verdicts and findings per run, and alerts with their life. */
#ifndef LEEWAY_JUDGED_H
#define LEEWAY_JUDGED_H

#include "leeway/pvalue.h"
#include "leeway/run.h"

/* Order of gravity: a greater one covers a lesser one when verdicts are summed up (insufficient_data only shows when
   nothing else is known; see lw_verdict_worse). */
enum lw_verdict { LW_VERDICT_OK, LW_VERDICT_INSUFFICIENT, LW_VERDICT_WARNING, LW_VERDICT_DRIFT, LW_VERDICT_ERROR };
enum lw_detector {
    LW_DETECT_KS,
    LW_DETECT_CUSUM,
    LW_DETECT_CHANGEPOINT,
    LW_DETECT_CADENCE,
    LW_DETECT_OVERDUE,
    LW_DETECT_THRESHOLD,
    LW_DETECT_QUALITY
};
enum lw_direction { LW_DIRECTION_NONE, LW_DIRECTION_UP, LW_DIRECTION_DOWN };
enum lw_alert_state {
    LW_ALERT_OPEN,
    LW_ALERT_RESOLVED,
    LW_ALERT_ACKNOWLEDGED,
    LW_ALERT_SETTLED,
    LW_ALERT_RETRACTED,
    LW_ALERT_STALE
};
enum lw_severity { LW_SEVERITY_INFO, LW_SEVERITY_TICKET, LW_SEVERITY_PAGE };
enum lw_impact { LW_IMPACT_WORSE, LW_IMPACT_BETTER, LW_IMPACT_UNCLEAR };
enum lw_alert_kind { LW_ALERT_LEVEL, LW_ALERT_RHYTHM, LW_ALERT_OVERDUE, LW_ALERT_THRESHOLD, LW_ALERT_RUN };

#define LW_NO_RUN          UINT32_MAX
#define LW_MESSAGE_MAX     256
#define LW_ALERT_ID_LENGTH 26

/* What one detector says of one run. Members are known where the has_ says so. Texts are borrowed from the judgement. */
struct lw_finding {
    enum lw_detector detector;
    enum lw_verdict verdict;
    enum lw_direction direction;
    enum lw_p_method p_method;
    struct lw_str
        series;   /* "validation:accuracy", "duration", "gap", "cost", "generalization_gap:accuracy", "curve:..." */
    uint32_t run; /* index into the runs of the model */
    uint32_t change_run;  /* index, or LW_NO_RUN */
    uint32_t runs_needed; /* with insufficient_data: how many more runs until it is judged; else 0 */
    double statistic, threshold, p_value, attainable_p, effect;
    uint8_t has_statistic, has_threshold, has_p, has_attainable, has_effect;
    const char *message; /* one sentence, never NULL; borrowed: most findings are ok and share one text */
};

/* One change of one model. */
struct lw_alert {
    char id[LW_ALERT_ID_LENGTH + 1];
    char superseded_by[LW_ALERT_ID_LENGTH + 1]; /* "" where not */
    enum lw_alert_state state;
    enum lw_severity severity;
    enum lw_impact impact;
    enum lw_alert_kind kind;
    enum lw_direction direction;
    const struct lw_str *series; /* borrowed from the judgement; the first, a final value where there is one, leads */
    uint32_t series_n;
    uint32_t detectors;                            /* bit (1u << enum lw_detector) */
    uint32_t opened_run, change_run, resolved_run; /* indices, or LW_NO_RUN */
    uint32_t revision;                             /* from 1 */
    double before, after;                          /* of the first series, in the user's units */
    uint8_t has_before, has_after;
    lw_time evidence; /* time of the evidence: end of the run, or the deadline */
    uint8_t has_evidence;
    struct lw_str rule; /* the text of a broken rule, else empty */
    char message[LW_MESSAGE_MAX];
    char reason[LW_MESSAGE_MAX]; /* of a retraction or an acknowledgement, else "" */
};

/* One step in the life of an alert: what is told to a sink. `alert` is as it was after that step. */
enum lw_transition {
    LW_TRANSITION_OPEN,
    LW_TRANSITION_UPDATE,
    LW_TRANSITION_RESOLVE,
    LW_TRANSITION_ACKNOWLEDGE,
    LW_TRANSITION_SETTLE,
    LW_TRANSITION_RETRACT,
    LW_TRANSITION_STALE
};

struct lw_alert_event {
    enum lw_transition transition;
    uint32_t run; /* index of the run that caused it, or LW_NO_RUN (clock) */
    struct lw_alert alert;
};

/* What was decided of one run, beside its findings. */
struct lw_judged_run {
    const struct lw_run *run; /* borrowed from the history */
    enum lw_verdict verdict;
    enum lw_outcome outcome; /* may say `incomplete` where the record says `unknown` */
    lw_span gap;             /* end of the previous run to start of this one; negative when they overlap */
    double cost;
    uint8_t has_gap, has_cost;
};

/* The judgement of one model; everything in it is owned by whoever made it, and lives as long as its arena. */
struct lw_judged {
    struct lw_str origin, model;
    struct lw_str primary; /* name of the primary metric, or empty */
    const struct lw_judged_run *runs;
    const struct lw_finding *findings; /* by run, then detector, then series */
    const struct lw_alert *alerts;     /* by opened run */
    const struct lw_alert_event *events;
    size_t runs_n, findings_n, alerts_n, events_n;
    enum lw_verdict verdict; /* of the model today: that of open alerts, or of its last run */
    lw_time deadline;        /* without further runs its clock-driven alerts change next at this time */
    uint8_t has_deadline;
};

LW_API const char *
lw_verdict_name(enum lw_verdict verdict); /* "ok", "warning", "drift", "error", "insufficient_data" */
LW_API const char *lw_detector_name(enum lw_detector detector);    /* "ks", "cusum", ... */
LW_API const char *lw_direction_name(enum lw_direction direction); /* "up", "down", "" */
LW_API const char *lw_alert_state_name(enum lw_alert_state state); /* "open", ... */
LW_API const char *lw_severity_name(enum lw_severity severity);    /* "page", "ticket", "info" */
LW_API const char *lw_impact_name(enum lw_impact impact);          /* "worse", "better", "unclear" */
LW_API const char *lw_alert_kind_name(enum lw_alert_kind kind); /* "level", "rhythm", "overdue", "threshold", "run" */
LW_API const char *lw_transition_name(enum lw_transition transition);

/* The graver of two verdicts; insufficient_data gives way to ok. */
LW_API enum lw_verdict lw_verdict_worse(enum lw_verdict a, enum lw_verdict b);

#endif
