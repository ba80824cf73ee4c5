/* What the server lists: runs and alerts of the store as JSON. */
#ifndef LEEWAY_ENGINE_FLOW_SERVICE_LISTS_H
#define LEEWAY_ENGINE_FLOW_SERVICE_LISTS_H

#include "engine/base/buf.h"
#include "engine/flow/config/config.h"
#include "engine/store/store.h"

/* With a model: its last `limit` runs, youngest first. Without: one row per model with its verdict and last run. */
LW_MUST_USE enum lw_err lw_lists_runs(struct lw_store *store, struct lw_str origin, struct lw_str model, uint32_t limit,
                                      struct lw_buf *out, struct lw_fault *fault);
/* Alerts that are not over, `limit` at most, as `leeway alerts --format json`: those that are told, oldest first; then
   those that are only observed. */
LW_MUST_USE enum lw_err lw_lists_alerts(struct lw_store *store, const struct lw_config *config, struct lw_str origin,
                                        struct lw_str model, uint32_t limit, lw_time now, struct lw_buf *out,
                                        struct lw_fault *fault);

#endif
