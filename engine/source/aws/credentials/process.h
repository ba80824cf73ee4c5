/* credential_process: a command line of the shared profile, run without a shell and without waiting. */
#ifndef LEEWAY_ENGINE_SOURCE_AWS_CREDENTIALS_PROCESS_H
#define LEEWAY_ENGINE_SOURCE_AWS_CREDENTIALS_PROCESS_H

#include "engine/base/arena.h"
#include "leeway/time.h"

#include <stdbool.h>
#include <sys/types.h>

#define LW_PROCESS_OUTPUT_MAX ((size_t)64 << 10)
#define LW_PROCESS_WORDS_MAX  64u

/* Splits a command line into its words as the AWS SDKs do (those for Unix follow Python's shlex): blanks separate, '...'
   is literal, in "..." a backslash escapes only '"' and '\', elsewhere it escapes any character; nothing is expanded.
   The terminated words, and a NULL behind them, lie in `arena`. LW_ERR_FORMAT: an open quote, nothing, too many words. */
LW_MUST_USE enum lw_err lw_process_split(struct lw_str line, struct lw_arena *arena, char ***words,
                                         struct lw_fault *fault);

/* A process that runs, and what it has printed. Zero is none. */
struct lw_process {
    pid_t pid; /* and its group; 0: none */
    int output;
    char *bytes; /* LW_PROCESS_OUTPUT_MAX of room, owned */
    size_t len;
    lw_span deadline; /* ticks */
    bool over;        /* printed too much */
};

/* Starts it in a group of its own, with nothing on standard input; what it says on standard error is not read. */
LW_MUST_USE enum lw_err lw_process_start(struct lw_process *process, char *const *words, lw_span deadline,
                                         struct lw_fault *fault);
/* Reads what is there. *done: it has ended well, and `bytes` is its output. An error: it failed, printed too much or passed
   its deadline; it is gone then. */
LW_MUST_USE enum lw_err lw_process_poll(struct lw_process *process, lw_span ticks, bool *done, struct lw_fault *fault);
/* Ends it if it runs, wipes and frees what it printed. */
void lw_process_close(struct lw_process *process);

#endif
