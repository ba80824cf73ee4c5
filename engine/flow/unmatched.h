/* Names that the user gave and that occur nowhere in the data: most likely mistyped, and then silently without effect. */
#ifndef LEEWAY_ENGINE_FLOW_UNMATCHED_H
#define LEEWAY_ENGINE_FLOW_UNMATCHED_H

#include "engine/base/arena.h"
#include "leeway/judged.h"
#include "leeway/rules.h"

/* One sentence for each of them, in the arena, in the order of the rules; *n is their number. NULL when memory is out. */
LW_MUST_USE const struct lw_str *lw_unmatched_list(const struct lw_rules *rules, const struct lw_judged *models,
                                                   size_t models_n, struct lw_arena *arena, size_t *n);

#endif
