/* The memory of a fold as bytes: a header, counted sections, a checksum; versioned, checked when it is loaded. */
#ifndef LEEWAY_ENGINE_CORE_JUDGE_JUDGE_STATE_H
#define LEEWAY_ENGINE_CORE_JUDGE_JUDGE_STATE_H

#include "engine/base/buf.h"
#include "engine/core/judge/fold.h"

#define LW_JUDGE_STATE_VERSION 5u

/* Appends the memory after head.runs_n runs to `out`. */
LW_MUST_USE enum lw_err lw_judge_state_save(const struct lw_fold *fold, struct lw_buf *out, struct lw_fault *fault);

/* Fills a started fold from bytes of any alignment. LW_ERR_STATE when they are damaged, of another version, of other
   rules, or not those of the first runs of this history; the fold is then not to be used. */
LW_MUST_USE enum lw_err lw_judge_state_load(struct lw_fold *fold, const void *bytes, size_t n, struct lw_fault *fault);

/* The checksum with which the bytes end: of the n bytes before it. For tests that damage a state on purpose. */
uint64_t lw_judge_state_sum(const void *bytes, size_t n);

#endif
