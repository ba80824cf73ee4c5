/* All that is wrong with a configuration: each with its place, the line, a caret, and what to do. */
#ifndef LEEWAY_ENGINE_FLOW_CONFIG_COMPLAINTS_H
#define LEEWAY_ENGINE_FLOW_CONFIG_COMPLAINTS_H

#include "engine/base/buf.h"
#include "leeway/err.h"
#include "leeway/str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LW_COMPLAINTS_MOST 100 /* more are counted, not shown */

/* Where something stands. `origin` names a flag or a variable of the environment; NULL: the file. Lines and columns (in
   characters) count from 1; line 0: no place. */
struct lw_place {
    const char *origin;
    uint32_t line, column, width;
};

/* `errors` is borrowed and may be NULL. The first complaint also fills `first`. */
struct lw_complaints {
    const char *path;   /* of the file, for the places; NULL: there is none */
    struct lw_str text; /* of the file, for the lines */
    struct lw_buf *errors;
    struct lw_fault *first;
    size_t n;
};

/* Appends "path:line:col: sentence", the line and a caret. Control characters become '?'. */
LW_PRINTF(3, 4)
void lw_complaints_add(struct lw_complaints *complaints, struct lw_place place, const char *format, ...);

/* "leeway.yaml:3", "LEEWAY_STORE", "--store"; for what is not of the document: "default". */
void lw_complaints_place(struct lw_buf *out, const char *path, struct lw_place place);

#endif
