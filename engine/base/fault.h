/* Filling a caller-owned fault: the code, the place, one sentence. */
#ifndef LEEWAY_ENGINE_BASE_FAULT_H
#define LEEWAY_ENGINE_BASE_FAULT_H

#include "leeway/err.h"

/* Fills `fault` (if not NULL) and returns `code`, so that a failure is one statement:
   return lw_fault_set(fault, LW_ERR_IO, "cannot open %s: %s", path, reason);
   Control characters in the text are replaced by '?'. The place (line, byte) is set to 0. */
LW_PRINTF(3, 4) enum lw_err lw_fault_set(struct lw_fault *fault, enum lw_err code, const char *format, ...);
LW_PRINTF(5, 6)
enum lw_err lw_fault_set_at(struct lw_fault *fault, enum lw_err code, uint64_t line, uint64_t byte, const char *format,
                            ...);

/* The fault of an allocation that failed: LW_ERR_NOMEM, with what it was for. */
enum lw_err lw_fault_memory(struct lw_fault *fault, const char *what);

#endif
