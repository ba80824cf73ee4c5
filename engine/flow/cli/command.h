/* The table of subcommands with their options: what help, the man page, completion and parsing read. */
#ifndef LEEWAY_ENGINE_FLOW_CLI_COMMAND_H
#define LEEWAY_ENGINE_FLOW_CLI_COMMAND_H

#include "engine/flow/cli/options.h"

extern const struct lw_command lw_command_analyze, lw_command_models, lw_command_simulate, lw_command_demo,
    lw_command_config, lw_command_init, lw_command_help, lw_command_completion;

/* All of them, in the order in which help shows them. */
extern const struct lw_command *const lw_command_all[];
extern const size_t lw_command_all_n;

/* The subcommand of that name, or NULL. */
const struct lw_command *lw_command_find(const char *name);
/* The subcommand that a mistyped name is nearest to, or NULL. */
const char *lw_command_nearest(const char *name);

#endif
