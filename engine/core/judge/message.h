/* What a finding says, for who wants to know exactly: the statistic, its limit, the effect. */
#ifndef LEEWAY_ENGINE_CORE_JUDGE_MESSAGE_H
#define LEEWAY_ENGINE_CORE_JUDGE_MESSAGE_H

#include "engine/core/judge/fold.h"

/* The text of a remark: a constant where nothing is to be said, else written into the arena. NULL when memory is out. */
const char *lw_message_of(const struct lw_fold *fold, const struct lw_remark *remark, struct lw_arena *arena);

/* How many more runs it takes until it is judged; 0 also where no further run helps, since the stated baseline has too few. */
uint32_t lw_message_runs_needed(const struct lw_fold *fold, const struct lw_remark *remark);

#endif
