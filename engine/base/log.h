/* The log of the daemon: one line per note on a descriptor, logfmt or JSON, by level, and never with a secret in it. */
#ifndef LEEWAY_ENGINE_BASE_LOG_H
#define LEEWAY_ENGINE_BASE_LOG_H

#include "engine/base/world.h"
#include "leeway/err.h"
#include "leeway/str.h"

#include <stddef.h>

enum lw_log_style { LW_LOG_STYLE_LOGFMT, LW_LOG_STYLE_JSON };

#define LW_LOG_LINE_MAX     4096 /* bytes of a line; what is longer is cut at a whole character and ends in "..." */
#define LW_LOG_SECRETS_MAX  64
#define LW_LOG_SECRET_LEAST 8 /* bytes: what is shorter is no secret, it would blacken the log */

struct lw_log;

/* Writes to `fd` (2: standard error), one write(2) per line: lines of several processes do not mix. Lines above `most` are
   left out. `clock` gives the time of a line (its `now` alone is used). */
LW_MUST_USE enum lw_err lw_log_open(struct lw_log **out, int fd, enum lw_log_style style, enum lw_note most,
                                    const struct lw_world *clock, struct lw_fault *fault);
/* Overwrites the secrets. */
void lw_log_close(struct lw_log *log);
/* After a reload. */
void lw_log_set(struct lw_log *log, enum lw_log_style style, enum lw_note most);

/* From now on this text is replaced by "****" wherever it would be written: as it is, percent-encoded (upper and lower case
   hex), in base64 and base64url at any alignment, and any prefix of it of 8 bytes or more. Copied. Registering it twice is
   harmless; texts under 8 bytes are not taken. LW_ERR_LIMIT beyond LW_LOG_SECRETS_MAX: the oldest are kept. */
LW_MUST_USE enum lw_err lw_log_secret(struct lw_log *log, struct lw_str secret, struct lw_fault *fault);

/* The `note` function of a struct lw_world whose self is the log: time, level and the text as `msg`. Control characters
   are escaped, invalid UTF-8 is replaced. Never fails: a line that cannot be written is counted. */
void lw_log_note(void *log, enum lw_note level, const char *text);
/* The clock of `clock`, the log as its note function. */
struct lw_world lw_log_world(struct lw_log *log);
/* With fields: pairs of name and value after msg. Names are [a-z_]. */
struct lw_log_field {
    const char *name;
    struct lw_str value;
};
void lw_log_fields(struct lw_log *log, enum lw_note level, const char *text, const struct lw_log_field *fields,
                   size_t n);
uint64_t lw_log_lost(const struct lw_log *log);

/* The filter alone, for other texts that leave the process: `text` (terminated) is changed in place; never longer. */
void lw_log_filter(const struct lw_log *log, char *text);

/* "error", "warning", "info", "debug". */
const char *lw_log_level(enum lw_note level);

#endif
