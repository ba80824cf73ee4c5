/* Help texts, made from the table of subcommands. They append to `out`, whose sticky error the caller checks. */
#ifndef LEEWAY_ENGINE_FLOW_CLI_HELP_H
#define LEEWAY_ENGINE_FLOW_CLI_HELP_H

#include "engine/base/buf.h"
#include "engine/flow/cli/options.h"

#include <stdint.h>

/* What `leeway --help` says. `width`: columns of the terminal. */
void lw_help_program(uint32_t width, struct lw_buf *out);
/* What `leeway help COMMAND` says. */
void lw_help_command(const struct lw_command *command, uint32_t width, struct lw_buf *out);
#endif
