/* What speaks for a new run between two neighbouring stamps of data without run ids: silence and reset, over all metrics
   of a job together. */
#ifndef LEEWAY_ENGINE_CORE_GATHER_UNNAMED_EVIDENCE_H
#define LEEWAY_ENGINE_CORE_GATHER_UNNAMED_EVIDENCE_H

#include "engine/core/gather/curve/curve.h"
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

/* What all metrics together say of one distance between pooled stamps: logarithms of probability densities of the values
   under three stories, each summed over the metrics that vote there. */
struct lw_evidence_cell {
    float usual, restart, fresh;
    float period;    /* the least of the metrics that vote here, ms; 0: none does */
    uint32_t resets; /* how many of them speak for a reset by themselves */
};

struct lw_evidence_step {
    double ratio;   /* logarithm; -INFINITY where no metric has anything to say */
    double silence; /* in periods; 1 is usual */
    uint32_t resets;
    enum lw_evidence_kind kind; /* what most probably happened if the run goes on */
};

/* Fills cells[1..n) for the distances stamps[k - 1]..stamps[k] (cells[0] stays empty). A step of one metric spans several
   of them when metrics report at different times or paces; it has one vote, so that no reset counts twice. Metrics vote
   in the order of their periods, the fastest first; a slower one joins the place in its step where those before it see the
   likeliest boundary, and where none has voted it takes the widest. */
void lw_evidence_weigh(const struct lw_evidence *evidence, const int64_t *stamps, size_t n,
                       struct lw_evidence_cell *cells);

/* The ratio P(step | a new run begins) / P(step | the run goes on), where the run going on is a mixture of the usual step
   and an interruption (spot: the value resumes; checkpoint: part of the way is lost). How often runs begin is not in it.
   `distance`: between the two stamps, ms. */
struct lw_evidence_step lw_evidence_judge(const struct lw_evidence *evidence, const struct lw_evidence_cell *cell,
                                          int64_t distance);

/* How likely it is that the first points of the data are the begin of a run, given what is learnt of begins. */
double lw_evidence_first(const struct lw_evidence *evidence);

/* Beliefs before any run is known: from the whole series. `room` is passing. false when memory is out. */
LW_MUST_USE bool lw_evidence_begin(struct lw_evidence *evidence, struct lw_memory *memory, struct lw_scratch *room);
/* Beliefs learnt from runs: `first` stamps of `n` runs, ascending. */
LW_MUST_USE bool lw_evidence_learn(struct lw_evidence *evidence, const int64_t *first, size_t n,
                                   struct lw_memory *memory, struct lw_scratch *room);

#endif
