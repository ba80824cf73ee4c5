/* The record of what was told of the alerts of one model: flat bytes with a version and a check. */
#ifndef LEEWAY_ENGINE_CORE_LIVE_LIVE_RECORD_H
#define LEEWAY_ENGINE_CORE_LIVE_LIVE_RECORD_H

#include "engine/base/buf.h"
#include "engine/core/judge/judge_issued.h"

/* Appends the record of n alerts. */
LW_MUST_USE enum lw_err lw_live_record_write(const struct lw_issued *issued, size_t n, struct lw_buf *out,
                                             struct lw_fault *fault);
/* The alerts of a record, in `arena`; none of an empty one. LW_ERR_STATE when it is damaged. */
LW_MUST_USE enum lw_err lw_live_record_read(struct lw_str record, struct lw_arena *arena, struct lw_issued **issued,
                                            size_t *n, struct lw_fault *fault);

#endif
