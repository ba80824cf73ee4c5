/* Datapoints into their units, with the word which of them are news. */
#ifndef LEEWAY_ENGINE_CORE_LIVE_LIVE_BATCH_H
#define LEEWAY_ENGINE_CORE_LIVE_LIVE_BATCH_H

#include "engine/core/live/live_state.h"

/* See lw_live_take. */
LW_MUST_USE enum lw_err lw_live_batch_points(struct lw_live *live, uint32_t source, int64_t arrived,
                                             const struct lw_point *points, size_t n, uint8_t *fresh,
                                             struct lw_fault *fault);
LW_MUST_USE enum lw_err lw_live_batch_facts(struct lw_live *live, uint32_t source, int64_t arrived,
                                            const struct lw_fact *facts, size_t n, struct lw_fault *fault);

#endif
