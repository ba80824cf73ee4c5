/* Data without run ids: cut into runs by their shape. */
#ifndef LEEWAY_ENGINE_CORE_GATHER_UNNAMED_UNNAMED_H
#define LEEWAY_ENGINE_CORE_GATHER_UNNAMED_UNNAMED_H

#include "engine/core/gather/closing.h"

/* Closes the runs of one (origin, model) whose points carry no run id; see segment.h for how they are found. They are
   named `model@2019-06-12T14:03Z` after the minute of their start. What cannot be cut is counted, with a warning. */
LW_MUST_USE enum lw_err lw_unnamed_close(struct lw_closing *c, const struct lw_unit *unit, struct lw_str model,
                                         struct lw_fault *fault);

#endif
