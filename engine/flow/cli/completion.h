/* Shell completion, made from the table of subcommands. */
#ifndef LEEWAY_ENGINE_FLOW_CLI_COMPLETION_H
#define LEEWAY_ENGINE_FLOW_CLI_COMPLETION_H

#include "engine/base/buf.h"

/* Appends a script for bash to `out`, whose sticky error the caller checks. */
void lw_completion_bash(struct lw_buf *out);

#endif
