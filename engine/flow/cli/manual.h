/* The subcommands `help` and `completion`. */
#ifndef LEEWAY_ENGINE_FLOW_CLI_MANUAL_H
#define LEEWAY_ENGINE_FLOW_CLI_MANUAL_H

#include "engine/flow/cli/session.h"

enum lw_exit lw_manual_help(struct lw_session *session);
enum lw_exit lw_manual_completion(struct lw_session *session);
/* `--help` after a subcommand. */
enum lw_exit lw_manual_command(struct lw_session *session, const struct lw_command *command);

#endif
