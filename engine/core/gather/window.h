/* Which of the closed runs are judged when the rules state since and until. A run is in or out as a whole, by its end: a
   part of a run would have another duration and other values. */
#ifndef LEEWAY_ENGINE_CORE_GATHER_WINDOW_H
#define LEEWAY_ENGINE_CORE_GATHER_WINDOW_H

#include "engine/core/gather/gather.h"

/* Takes the runs out that ended before rules->since, or at rules->until or later, and models without any other run. A run
   whose end is not known stays. The datapoints of those taken out are counted as LW_REJECT_OUTSIDE_WINDOW (a run without
   any counts once), the runs in *left_out. The data then end with the last run that stays, if they had gone on to
   rules->until. New arrays live in `arena`; LW_ERR_NOMEM leaves `histories` as they were. */
LW_MUST_USE enum lw_err lw_window_apply(const struct lw_rules *rules, struct lw_histories *histories,
                                        struct lw_arena *arena, size_t *left_out);

#endif
