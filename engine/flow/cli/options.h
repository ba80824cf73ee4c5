/* Command lines: one table of options per subcommand, from which parsing, help, the man page and completion come. */
#ifndef LEEWAY_ENGINE_FLOW_CLI_OPTIONS_H
#define LEEWAY_ENGINE_FLOW_CLI_OPTIONS_H

#include "engine/base/arena.h"
#include "leeway/err.h"
#include "leeway/str.h"

#include <stdbool.h>
#include <stddef.h>

/* One option. All texts are literals. */
struct lw_option {
    const char *name;     /* long name, without the dashes */
    const char *argument; /* name of its value in the help, or NULL for a switch */
    const char *help;     /* one sentence without a full stop; "(default: PRESET)" is added */
    const char *preset;   /* what holds without it, as text for the help, or NULL */
    const char *values;   /* what completion offers, separated by blanks; "FILE": file names; NULL: nothing */
    const char *group;    /* heading in the help */
    char letter;          /* short name, or 0 */
    bool repeatable;
    bool hidden; /* parsed, but not shown */
};

/* One subcommand. */
struct lw_command {
    const char *name;
    const char *operands; /* for the synopsis, "FILE..."; NULL: takes none */
    const char *summary;  /* a few words */
    const char *about;    /* paragraphs, separated by an empty line */
    const char *examples; /* lines "command\tcomment\n", or NULL */
    const struct lw_option *options;
    size_t options_n;
};

/* One option as it was given. */
struct lw_given {
    const struct lw_option *option;
    const char *value; /* NULL for a switch */
};

/* A parsed command line; lies in the arena, texts are borrowed from argv. */
struct lw_options {
    const struct lw_command *command;
    const struct lw_given *given;
    size_t given_n;
    const char *const *operands;
    size_t operands_n;
};

/* Reads `--opt value`, `--opt=value`, `-o value`, `-ovalue`, switches, operands in any order, `--` ends the options, "-"
   is an operand. argv[0] is the first word after the subcommand. LW_ERR_USAGE with one sentence (unknown options with the
   nearest known one, a missing value, an option given twice that is not repeatable). */
LW_MUST_USE enum lw_err lw_options_read(const struct lw_command *command, int argc, char *const *argv,
                                        struct lw_arena *arena, struct lw_options *out, struct lw_fault *fault);

/* The value of an option, or NULL when it was not given. `name` must be in the table. */
const char *lw_options_value(const struct lw_options *options, const char *name);
bool lw_options_has(const struct lw_options *options, const char *name);
/* All values of a repeatable option, in order; `n` is their number. Lies in the arena; NULL when memory is out. */
LW_MUST_USE const struct lw_str *lw_options_values(const struct lw_options *options, const char *name,
                                                   struct lw_arena *arena, size_t *n);

/* The one of `names` (NULL-terminated or n long) that a mistyped word is nearest to, or NULL when none is near: at most
   two edits (one in words shorter than 5), or a prefix of 3 letters or more. */
const char *lw_options_nearest(const char *word, const char *const *names, size_t n);

#endif
