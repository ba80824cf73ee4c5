/* Start, end and duration of a run, each from the best source that knows it. */
#ifndef LEEWAY_ENGINE_CORE_GATHER_TIMES_H
#define LEEWAY_ENGINE_CORE_GATHER_TIMES_H

#include "engine/core/gather/draft.h"
#include "engine/core/gather/facts.h"
#include "engine/core/gather/job_name.h"
#include "engine/core/gather/open_runs.h"

/* What the stamps of the metrics of a run come to. Zero-initialised it knows none. */
struct lw_times_span {
    int64_t first, last;
    int64_t period;     /* median distance of neighbouring points of one metric; 0: not known */
    bool seen, minutes; /* minutes: every stamp is a whole minute */
};

/* Takes in the stamps of one metric (in order) and collects their distances in `distances` (`n` of them so far). */
LW_MUST_USE bool lw_times_note(struct lw_times_span *span, const int64_t *at, size_t points, struct lw_memory *memory,
                               struct lw_scratch *distances, size_t *n);
/* The median of the distances becomes the period; their order is lost. The lower one of two middle ones is taken. */
void lw_times_period(struct lw_times_span *span, int64_t *distances, size_t n);

/* Fills start, end, created, duration, its source, the span of the metrics and LW_RUN_MINUTE_TIMES.
   Start and end: TrainingStartTime and TrainingEndTime > Training phases > curve (first stamp less one period; last
   stamp) > heartbeat (likewise) > start alone: CreationTime > stamp in the name. An end that lies before the start is
   not believed, and the next source is asked.
   Duration: sum of SageMaker's Training phases > stated training seconds > curve > heartbeat, each span plus a period.
   `facts` may be NULL, and is settled. */
void lw_times_fill(struct lw_run *run, const struct lw_facts *facts, const struct lw_times_span *span,
                   const struct lw_heartbeat *heartbeat, const struct lw_job_name *name, const struct lw_names *names);

#endif
