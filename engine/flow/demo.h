/* The subcommand `demo`: real training jobs, and a simulated history with planted drift. */
#ifndef LEEWAY_ENGINE_FLOW_DEMO_H
#define LEEWAY_ENGINE_FLOW_DEMO_H

#include "engine/flow/cli/session.h"

enum lw_exit lw_demo_run(struct lw_session *session);

#endif
