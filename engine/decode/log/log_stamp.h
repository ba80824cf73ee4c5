/* Stamps inside of the lines of a log: a logger's prefix, or a status line of the SDK that started the job. */
#ifndef LEEWAY_ENGINE_DECODE_LOG_LOG_STAMP_H
#define LEEWAY_ENGINE_DECODE_LOG_LOG_STAMP_H

#include "engine/base/time_text.h"
#include "leeway/str.h"

struct lw_log_stamp {
    size_t from, to; /* bytes of the text; `from` is that of a '[' before it, if any */
    bool whole_second;
    lw_time time;
    struct lw_str phase; /* of a status line: "Starting", else empty; `to` is then behind " - " */
};

/* The next stamp at or behind `from`: YYYY-MM-DD or MM/DD/YYYY, then HH:MM:SS, with a fraction and an offset or without.
   Stamps of the form MM/DD/YYYY (algorithms of SageMaker) and those of status lines are UTC; others without an offset are
   in `zone`. */
bool lw_log_stamp_next(struct lw_str text, size_t from, const struct lw_zone *zone, struct lw_log_stamp *stamp);

#endif
