/* How far the retrieval has come: up to when, and which events of the overlap were taken. The mark of the source. */
#ifndef LEEWAY_ENGINE_SOURCE_LOGGLY_PROGRESS_H
#define LEEWAY_ENGINE_SOURCE_LOGGLY_PROGRESS_H

#include "engine/source/loggly/seen.h"

struct lw_progress {
    lw_time until; /* everything that was found older than this was handed out */
    bool has_until;
    struct lw_seen seen;
};

LW_MUST_USE enum lw_err lw_progress_write(const struct lw_progress *progress, struct lw_buf *out,
                                          struct lw_fault *fault);
/* An empty text, or one that is not of write, leaves the progress empty; *sound says which. LW_ERR_NOMEM. */
LW_MUST_USE enum lw_err lw_progress_read(struct lw_progress *progress, struct lw_str mark, bool *sound,
                                         struct lw_fault *fault);
void lw_progress_close(struct lw_progress *progress);

#endif
