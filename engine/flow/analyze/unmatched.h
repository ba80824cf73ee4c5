/* Names that the user gave and that occur nowhere in the data: most likely mistyped, and then silently without effect. */
#ifndef LEEWAY_ENGINE_FLOW_ANALYZE_UNMATCHED_H
#define LEEWAY_ENGINE_FLOW_ANALYZE_UNMATCHED_H

#include "engine/base/arena.h"
#include "leeway/judged.h"
#include "leeway/rules.h"

struct lw_unmatched {
    const struct lw_str *sentences; /* one for each, with what is near and what exists; in the order of the rules */
    size_t n;
    struct lw_str
        useless; /* the sentence for the first name of --baseline or --require, when none of that option occurs:
                              nothing of what was asked for would happen. Else empty. */
};

/* In the arena. LW_ERR_NOMEM. */
LW_MUST_USE enum lw_err lw_unmatched_find(const struct lw_rules *rules, const struct lw_judged *models, size_t models_n,
                                          struct lw_arena *arena, struct lw_unmatched *out);

#endif
