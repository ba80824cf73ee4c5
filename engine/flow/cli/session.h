/* What every subcommand is handed, and how it ends: exit codes, and one line per error on standard error. */
#ifndef LEEWAY_ENGINE_FLOW_CLI_SESSION_H
#define LEEWAY_ENGINE_FLOW_CLI_SESSION_H

#include "engine/base/arena.h"
#include "engine/flow/cli/options.h"
#include "engine/flow/cli/terminal.h"

/* Exit codes of the program. */
enum lw_exit {
    LW_EXIT_DONE = 0,
    LW_EXIT_FOUND = 1, /* --fail-on, and it was found */
    LW_EXIT_USAGE = 2,
    LW_EXIT_INPUT = 3,       /* unreadable or unusable input, and whatever else fails */
    LW_EXIT_UNDELIVERED = 4, /* watch --once: a sink did not take all of it; it is kept for the next time */
    LW_EXIT_STORE = 5        /* the store is locked, damaged, or of a later version */
};

struct lw_session {
    struct lw_terminal terminal;
    struct lw_arena *arena;     /* for what lives as long as the process */
    struct lw_options *options; /* of the subcommand */
    bool quiet;                 /* nothing is told on standard error beside the error that ends the program */
};

/* Writes "leeway: ..." with the sentence of the fault, and says which exit code it means. */
enum lw_exit lw_session_fail(const struct lw_fault *fault);
/* The same line for something that does not end the program. */
LW_PRINTF(1, 2) void lw_session_note(const char *format, ...);
/* Finishes a subcommand that yields text: writes it to `path` (NULL: standard output). `error`: of the buffer that was
   filled. */
enum lw_exit lw_session_write(const char *path, struct lw_str text, enum lw_err error, enum lw_exit done);

#endif
