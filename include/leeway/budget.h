/* The budget of false alarms of one model, divided over its charts. */
#ifndef LEEWAY_BUDGET_H
#define LEEWAY_BUDGET_H

#include "leeway/err.h"

#include <stdbool.h>
#include <stdint.h>

/* What is charted. `metrics` and `generalization_gaps` count the series that were ever charted, from the model's first
   three runs on: they do not fall when a series disappears, so that the weights stay; they rise when one appears later,
   and then the part of the metrics is divided anew among the old and the new, so that the sum stays at most 1. (A
   threshold that rises by that can only delay an alarm, never undo one: no sum was above the lower threshold.) */
struct lw_budget_charts {
    uint32_t metrics;             /* metrics with a cusum of their final value */
    uint32_t generalization_gaps; /* pairs of a training and a validation metric */
    bool duration;
    bool cost; /* only where it is not duration times a constant */
    bool gap;
    bool overdue; /* armed, or to be armed: say so from the beginning, lest the thresholds of the gap move later */
};

/* Share of each chart; those that do not exist have 0. All of them together are at most 1:
       metrics * (metric_cusum + curve) + generalization_gaps * generalization_gap + duration + cost
       + gap_cusum + gap_changepoint + overdue
   Metrics, generalization gaps and curves have 1/2: each metric and each generalization gap an equal part; within a
   metric the cusum has half and the chart of its curve the other, reserved from the beginning. Duration and cost have
   1/4: halves, or all for the only one. The rhythm has 1/4: overdue what its tail costs, the charts of the gap the rest
   in equal parts. A kind without a chart leaves its share unspent. */
struct lw_budget {
    double metric_cusum;
    double metric_cusum_alone; /* of a metric that can never have a curve (one value per run): its whole part */
    double curve;
    double generalization_gap;
    double duration;
    double cost;
    double gap_cusum;
    double gap_changepoint;
    double overdue;
    double overdue_tail; /* predictive probability, per gap, at which overdue opens; 0 when not armed */
};

/* The usual tail of overdue per gap. Its charge is the tail times the runs per false alarm (one gap per run); beyond 625
   runs that would eat more than half of the rhythm's 1/4 (all of it without charts of the gap: beyond 1250), and the
   tail is made smaller instead. */
#define LW_BUDGET_OVERDUE_TAIL 0.0002

/* `runs` (> 1, finite): runs of one model per false alarm. LW_ERR_RANGE otherwise. */
LW_API LW_MUST_USE enum lw_err lw_budget_divide(double runs, const struct lw_budget_charts *charts,
                                                struct lw_budget *budget);

/* What a share buys. In-control average run length of a chart: runs / weight; constant hazard per run of a chart that is
   calibrated by hazard: weight / runs. `weight` > 0. Expected numbers of alarms add, so all charts together raise one
   false alarm per `runs`, whether they depend on each other or not. */
LW_API double lw_budget_run_length(double runs, double weight);
LW_API double lw_budget_hazard(double runs, double weight);

#endif
