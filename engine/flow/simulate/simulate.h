/* Simulated histories of runs, in the form in which Loggly's CloudWatch integration sends them. */
#ifndef LEEWAY_ENGINE_FLOW_SIMULATE_SIMULATE_H
#define LEEWAY_ENGINE_FLOW_SIMULATE_SIMULATE_H

#include "engine/base/buf.h"
#include "engine/flow/cli/session.h"
#include "engine/flow/simulate/plan.h"

/* Appends the events of the planned history, one JSON object per line; the same plan gives the same bytes. The caller
   checks the sticky error of `out`. */
void lw_simulate_write(const struct lw_plan *plan, struct lw_buf *out);

/* The subcommand. */
enum lw_exit lw_simulate_run(struct lw_session *session);

#endif
