/* The rules that the user states: what holds, what is broken, since when. */
#ifndef LEEWAY_ENGINE_CORE_JUDGE_REQUIREMENT_H
#define LEEWAY_ENGINE_CORE_JUDGE_REQUIREMENT_H

#include "engine/core/judge/fold.h"

/* Checks every rule against the run; opens and ends their alerts. */
void lw_requirement_see(struct lw_fold *fold, uint32_t run);

#endif
