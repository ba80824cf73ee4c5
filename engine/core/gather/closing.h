/* The runs that are being closed: shared by the files that turn open runs into records. */
#ifndef LEEWAY_ENGINE_CORE_GATHER_CLOSING_H
#define LEEWAY_ENGINE_CORE_GATHER_CLOSING_H

#include "engine/base/arena.h"
#include "engine/core/gather/curve/summary.h"
#include "engine/core/gather/draft.h"
#include "engine/core/gather/open_state.h"
#include "engine/core/gather/times.h"
#include "engine/core/gather/units.h"

struct lw_closed {
    const struct lw_run *run;
    struct lw_str tuning_job; /* not empty: a trial, whose record lies in the passing arena */
    const char *warning;      /* for its model, or NULL */
};

struct lw_closing {
    struct lw_gather *gather;
    struct lw_arena *arena;  /* of the result */
    struct lw_arena passing; /* of what is needed only meanwhile */
    struct lw_histories *out;
    struct lw_draft draft;
    struct lw_times_span span; /* of the run in the draft */
    struct lw_scratch room, kept, distances;
    size_t distances_n;
    struct lw_scratch closed; /* of struct lw_closed */
    size_t closed_n;
};

/* One run after the other: begin, its metrics, then the rest of the draft, end. */
void lw_closing_begin(struct lw_closing *c);
LW_MUST_USE enum lw_err lw_closing_metric(struct lw_closing *c, struct lw_str name,
                                          const struct lw_curve_points *points, bool steps, uint64_t not_a_number,
                                          struct lw_fault *fault);
LW_MUST_USE enum lw_err lw_closing_end(struct lw_closing *c, struct lw_arena *arena, struct lw_str tuning_job,
                                       const char *warning, struct lw_fault *fault);

#endif
