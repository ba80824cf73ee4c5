/* Regular expressions for the names of jobs, with bounds on what one may cost; and names made from their groups. */
#ifndef LEEWAY_ENGINE_FLOW_CONFIG_PATTERN_H
#define LEEWAY_ENGINE_FLOW_CONFIG_PATTERN_H

#include "engine/base/buf.h"
#include "leeway/err.h"
#include "leeway/str.h"

#include <stdbool.h>

/* Bounds of one match: steps of the matcher, depth and memory of its backtracking. About 10 ms at most. */
#define LW_PATTERN_STEPS_MAX 200000
#define LW_PATTERN_DEPTH_MAX 2000
#define LW_PATTERN_KIB_MAX   1024

struct lw_pattern;

/* Compiles a regular expression of PCRE2 that has to match a whole text. Bytes, not characters, are matched. LW_ERR_USAGE
   says what is wrong and at which character. */
LW_MUST_USE enum lw_err lw_pattern_open(struct lw_pattern **out, struct lw_str regex, struct lw_fault *fault);
void lw_pattern_close(struct lw_pattern *pattern);

/* *matched, and *gave_up where a bound was hit before that was known (then it did not match). Only LW_ERR_NOMEM. */
LW_MUST_USE enum lw_err lw_pattern_match(struct lw_pattern *pattern, struct lw_str text, bool *matched, bool *gave_up,
                                         struct lw_fault *fault);

/* Whether a name may be made: every $1, ${1}, $m, ${m} must be a group of the pattern (NULL: only $0, the whole text);
   $$ is a dollar. LW_ERR_USAGE says which is not. */
LW_MUST_USE enum lw_err lw_pattern_check(const struct lw_pattern *pattern, struct lw_str name, struct lw_fault *fault);

/* Appends the name for the text that was matched last. A group that took no part is empty. `name` was checked. */
void lw_pattern_name(struct lw_pattern *pattern, struct lw_str name, struct lw_str text, struct lw_buf *out);

#endif
