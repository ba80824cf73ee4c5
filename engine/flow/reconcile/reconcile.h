/* `leeway reconcile`: proves from an export of Loggly's that every event arrived. */
#ifndef LEEWAY_ENGINE_FLOW_RECONCILE_RECONCILE_H
#define LEEWAY_ENGINE_FLOW_RECONCILE_RECONCILE_H

#include "engine/flow/cli/session.h"

extern const struct lw_command lw_command_reconcile;

enum lw_exit lw_reconcile_run(struct lw_session *session);

#endif
