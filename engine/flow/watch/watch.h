/* The subcommand `watch`: the daemon. */
#ifndef LEEWAY_ENGINE_FLOW_WATCH_WATCH_H
#define LEEWAY_ENGINE_FLOW_WATCH_WATCH_H

#include "engine/flow/cli/session.h"

extern const struct lw_command lw_command_watch;

enum lw_exit lw_watch_run(struct lw_session *session);

#endif
