/* The subcommand `fetch`: reads a service once, into a file that the other subcommands read. */
#ifndef LEEWAY_ENGINE_FLOW_FETCH_H
#define LEEWAY_ENGINE_FLOW_FETCH_H

#include "engine/flow/cli/session.h"

extern const struct lw_command lw_command_fetch;

enum lw_exit lw_fetch_run(struct lw_session *session);

#endif
