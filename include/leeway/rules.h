/* How runs are grouped and judged: what the user can state. Every member has a default; see lw_rules_default. */
#ifndef LEEWAY_RULES_H
#define LEEWAY_RULES_H

#include "leeway/err.h"
#include "leeway/str.h"
#include "leeway/time.h"

#include <stdint.h>

enum lw_compare { LW_COMPARE_GE, LW_COMPARE_GT, LW_COMPARE_LE, LW_COMPARE_LT };

/* "validation:accuracy >= 0.8": holds for the final value of a metric, or for duration (s), gap (s), cost. */
struct lw_requirement {
    struct lw_str text; /* as the user wrote it */
    struct lw_str series;
    enum lw_compare compare;
    double bound;
};

struct lw_price {
    struct lw_str instance; /* "ml.p2.xlarge" */
    double per_hour;
};

/* "from this time or run on a change of this model was wanted": re-baselines instead of alerting. */
struct lw_rebaseline {
    struct lw_str origin; /* empty: any */
    struct lw_str model;
    struct lw_str run;    /* name of the run from which on the new level is the reference; empty: by `from` */
    struct lw_str series; /* of this one alone; empty: of all */
    lw_time from;         /* the run that starts then; else the one whose name is stamped with that time; else the first
                             one, in the order of judging, that starts later */
};

/* Smallest effect that may alarm. */
struct lw_ignore_below {
    double rate; /* absolute, for values in 0..1; default 0.005 */
    double loss; /* relative, for losses; default 0.05 */
    double time; /* relative, for duration, cost and gap; default 0.10 */
};

/* All arrays and texts are borrowed and must outlive whatever uses the rules. */
struct lw_rules {
    struct lw_str model;           /* --model: every run belongs to this model; empty: derived */
    struct lw_str model_pattern;   /* only models that match (glob: * ? [..]); empty: all */
    double false_alarm_runs;       /* one false alarm per that many runs of a model; default 370 */
    uint32_t reference_runs;       /* of the ks detector; default 50 */
    struct lw_str primary;         /* glob of the primary metric; empty: by the rules of names */
    const struct lw_str *baseline; /* names of the runs that alone are the reference; n = 0: learnt */
    size_t baseline_n;
    const struct lw_str *rebaseline;        /* names of runs at which a new regime was wanted */
    const struct lw_str *rebaseline_series; /* of each: the series that it holds for, empty: all; NULL: all for each */
    size_t rebaseline_n;
    const struct lw_rebaseline *wanted; /* the same for single models: the step adds them when it judges each */
    size_t wanted_n;
    const struct lw_str *higher, *lower; /* metrics whose direction the user states */
    size_t higher_n, lower_n;
    const struct lw_requirement *requirements;
    size_t requirements_n;
    const struct lw_price *prices;
    size_t prices_n;
    struct lw_ignore_below ignore_below;
    lw_span quiet;   /* least quiet period before a run is closed; default 15 min */
    lw_span cadence; /* a run is expected that often; 0: learnt */
    lw_time (*next)(const void *schedule, lw_time after); /* start of the next expected run after a time, or NULL */
    const void *schedule;
    lw_span tolerance; /* with cadence or schedule */
    lw_time now;       /* has_now: the time up to which silence is judged; default: the end of the data */
    uint8_t has_now;
    lw_time since, until; /* has_since, has_until: a run that ended before, or then or later, is left out as a whole */
    uint8_t has_since, has_until;
};

LW_API struct lw_rules lw_rules_default(void);

#endif
