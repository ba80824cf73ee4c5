/* Changes that were wanted, found among the runs of a model: wishes with a date or a run become rebaselines. */
#ifndef LEEWAY_ENGINE_CORE_JUDGE_WANTED_H
#define LEEWAY_ENGINE_CORE_JUDGE_WANTED_H

#include "engine/base/arena.h"
#include "leeway/rules.h"
#include "leeway/run.h"

/* The run from which on `the` holds, whatever its origin and model; NULL: there is none yet. By name: the run of that name.
   By time, the first of: the run that starts then, to the millisecond; the run whose name is stamped with that time or, as
   people leave out the seconds, less than a minute later, and which had not ended; the first run, in the order of judging,
   that starts then or later. A run without a start counts by its end. */
const struct lw_run *lw_wanted_first(const struct lw_rebaseline *the, const struct lw_run *const *runs, size_t n);

/* *out: the rules of `base`, with one rebaseline more for each of `wanted` that is about (origin, model) and has a run among
   `runs` (in the order of judging): the one of lw_wanted_first. What is added lies in `arena` or belongs to the runs. */
LW_MUST_USE enum lw_err lw_wanted_rules(const struct lw_rules *base, const struct lw_rebaseline *wanted,
                                        size_t wanted_n, struct lw_str origin, struct lw_str model,
                                        const struct lw_run *const *runs, size_t runs_n, struct lw_arena *arena,
                                        struct lw_rules *out, struct lw_fault *fault);

#endif
