/* The file that `leeway fetch` writes: one document per line, as it was received, and what it does not say itself. */
#ifndef LEEWAY_ENGINE_FLOW_FETCHED_H
#define LEEWAY_ENGINE_FLOW_FETCHED_H

#include "engine/base/buf.h"
#include "engine/source/source.h"

/* Appends the lines of a part: it is one document of JSON or several after one another, and each gets its line. What is no
   JSON is LW_ERR_FORMAT: no source gives it. `documents` is raised by the number of lines. */
LW_MUST_USE enum lw_err lw_fetched_part(const struct lw_source_part *part, struct lw_buf *out, uint64_t *documents,
                                        struct lw_fault *fault);

#endif
