/* What the engine itself needs of the step beside its public face: the table of names, for decoders. */
#ifndef LEEWAY_ENGINE_CORE_STEP_H
#define LEEWAY_ENGINE_CORE_STEP_H

#include "engine/base/names.h"
#include "leeway/step.h"

/* Owned by the step. */
struct lw_names *lw_step_names(struct lw_step *step);
/* Duplicates among what was taken so far: the difference over a file is that file's. (Sets of different statistics at one
   time are told apart from duplicates only at the end.) */
LW_MUST_USE enum lw_err lw_step_duplicates(struct lw_step *step, uint64_t *duplicates, struct lw_fault *fault);

#endif
