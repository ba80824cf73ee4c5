/* Saved state of what is open: per record (run with its facts; run and metric), flat, with a version, no pointers. */
#ifndef LEEWAY_ENGINE_CORE_GATHER_SAVED_H
#define LEEWAY_ENGINE_CORE_GATHER_SAVED_H

#include "engine/core/gather/open_state.h"

LW_MUST_USE enum lw_err lw_saved_write(const struct lw_gather *gather, struct lw_buf *out, struct lw_fault *fault);
/* Into an empty gather, which on failure is to be thrown away. */
LW_MUST_USE enum lw_err lw_saved_read(struct lw_gather *gather, const void *bytes, size_t n, struct lw_fault *fault);

#endif
