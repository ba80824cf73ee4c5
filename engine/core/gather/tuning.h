/* Trials of a tuning job: many runs of one purpose, of which only the best is meant. */
#ifndef LEEWAY_ENGINE_CORE_GATHER_TUNING_H
#define LEEWAY_ENGINE_CORE_GATHER_TUNING_H

#include "engine/core/gather/closing.h"

/* Replaces the closed trials by one run for each (origin, model, tuning job), flagged LW_RUN_TUNING and named after the
   job: the metrics of its best trial, the sum of durations and billable seconds, first start to last end.
   The data do not say which metric the job optimises. It is taken to be, of the metrics with a known direction that most
   trials have, one that the user gave a direction, else one of validation, else any; of equals the first by name. The
   best trial is the one with the best `best` value of it; of equals the first by name. Without such a metric it is the
   last completed trial. Trials that failed or were stopped count only when there is no other. */
LW_MUST_USE enum lw_err lw_tuning_join(struct lw_closing *c, struct lw_fault *fault);

#endif
