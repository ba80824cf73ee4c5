/* What a simulated history is to look like: its size, rhythm, seed, and what changes at which run. */
#ifndef LEEWAY_ENGINE_FLOW_SIMULATE_PLAN_H
#define LEEWAY_ENGINE_FLOW_SIMULATE_PLAN_H

#include "leeway/err.h"
#include "leeway/str.h"
#include "leeway/time.h"

#include <stdbool.h>
#include <stdint.h>

#define LW_PLAN_CHANGES 32

enum lw_plan_series { LW_PLAN_VALIDATION, LW_PLAN_TRAIN, LW_PLAN_DURATION, LW_PLAN_GAP };

struct lw_plan_change {
    enum lw_plan_series series;
    bool factor; /* multiply by `amount`, else add it (a span in seconds for duration); a gap: it is `amount` seconds */
    double amount;
    uint32_t first; /* run from which on it holds, from 1 */
    uint32_t last;  /* run up to which it holds; UINT32_MAX: to the end */
};

struct lw_plan {
    struct lw_str model;
    lw_time start;
    lw_span every, duration;
    uint32_t runs, epochs;
    uint64_t seed;
    struct lw_plan_change changes[LW_PLAN_CHANGES];
    uint32_t changes_n;
};

/* 60 runs of 20 epochs in 10 minutes, every hour from 1 June 2019 on, seed 1, nothing changes. */
struct lw_plan lw_plan_default(void);
/* "validation:accuracy:-0.02@40", "duration:x2@45", "train:accuracy:-5%@20-25": adds a change. */
LW_MUST_USE enum lw_err lw_plan_drift(struct lw_plan *plan, struct lw_str text, struct lw_fault *fault);
/* "30m@50", "x2@50": adds a change of the gap. */
LW_MUST_USE enum lw_err lw_plan_gap(struct lw_plan *plan, struct lw_str text, struct lw_fault *fault);
/* `value` of a series at a run (from 1) with the changes that hold there. */
double lw_plan_apply(const struct lw_plan *plan, enum lw_plan_series series, uint32_t run, double value);

#endif
