/* What the engine itself needs of the step beside its public face: the table of names, for decoders. */
#ifndef LEEWAY_ENGINE_CORE_STEP_H
#define LEEWAY_ENGINE_CORE_STEP_H

#include "engine/base/names.h"
#include "leeway/step.h"

/* Owned by the step. */
struct lw_names *lw_step_names(struct lw_step *step);

#endif
