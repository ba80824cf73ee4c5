/* What speaks for a new run between two neighbouring stamps of data without run ids: silence and reset, over all metrics
   of a job together. */
#ifndef LEEWAY_ENGINE_CORE_EVIDENCE_H
#define LEEWAY_ENGINE_CORE_EVIDENCE_H

#include "engine/core/curve.h"
#include "leeway/meaning.h"

/* One metric of the job, in order of time, and what is believed of it. */
struct lw_evidence_metric {
    const int64_t *at;
    const double *value;
    const struct lw_curve_detail *detail; /* NULL: every point is one value */
    size_t n;
    enum lw_better better;
    int sign;                   /* 1: runs improve upwards, -1: downwards; 0: it does not say anything about resets */
    double period;              /* ms between neighbouring points of a run */
    double noise;               /* standard deviation of a value around the course of its run */
    double range;               /* how far a run usually gets from its first value */
    double lowest;              /* worst usual value, times sign */
    double start, start_spread; /* first values of runs, times sign; start_spread 0: not learnt yet */
};

struct lw_evidence {
    struct lw_evidence_metric *metrics;
    size_t metrics_n;
    double missing; /* probability that a datapoint is missing */
};

enum lw_evidence_kind { LW_EVIDENCE_NORMAL, LW_EVIDENCE_RESUMED, LW_EVIDENCE_RESTARTED };

/* Where a metric is in its walk over the pooled stamps. */
struct lw_evidence_cursor {
    size_t next; /* index of its first point at or after the pooled stamp */
    size_t vote; /* pooled index at which its current step says what it has to say */
};

struct lw_evidence_step {
    double ratio;               /* logarithm; -INFINITY where no metric has anything to say */
    double silence;             /* in periods, of all metrics that say something; 1 is usual */
    uint32_t resets;            /* how many metrics speak for a reset by themselves */
    enum lw_evidence_kind kind; /* what most probably happened if the run goes on */
};

/* The step from stamps[k - 1] to stamps[k], k >= 1; asked for in order, with the cursors (one per metric) zero before the
   first. The ratio is P(step | a new run begins) / P(step | the run goes on), where the run going on is a mixture of the
   usual step and an interruption (spot: the value resumes; checkpoint: part of the way is lost). How often runs begin is
   not in it. A step of one metric spans several pooled stamps when metrics report at different times; it has one vote,
   at the widest of them, since that is where all metrics that share a boundary agree. */
struct lw_evidence_step lw_evidence_at(const struct lw_evidence *evidence, const int64_t *stamps, size_t n, size_t k,
                                       struct lw_evidence_cursor *cursors);

/* How likely it is that the first points of the data are the begin of a run, given what is learnt of begins. */
double lw_evidence_first(const struct lw_evidence *evidence);

/* Beliefs before any run is known: from the whole series. `room` is passing. false when memory is out. */
LW_MUST_USE bool lw_evidence_begin(struct lw_evidence *evidence, struct lw_memory *memory, struct lw_scratch *room);
/* Beliefs learnt from runs: `first` stamps of `n` runs, ascending. */
LW_MUST_USE bool lw_evidence_learn(struct lw_evidence *evidence, const int64_t *first, size_t n,
                                   struct lw_memory *memory, struct lw_scratch *room);

#endif
