/* The subcommand `config`: check, show, schema and example of the configuration. */
#ifndef LEEWAY_ENGINE_FLOW_CONFIG_INSPECT_H
#define LEEWAY_ENGINE_FLOW_CONFIG_INSPECT_H

#include "engine/flow/cli/session.h"

/* Exit codes: 0 it is good; 1 only with --strict, when there are warnings; 2 it is not valid, or would not work; 3 it
   cannot be read. */
enum lw_exit lw_inspect_run(struct lw_session *session);

#endif
