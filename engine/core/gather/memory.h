/* Memory that grows with what is open, counted against one ceiling. Freed piece by piece, so that closing a run gives
   room for its record. */
#ifndef LEEWAY_ENGINE_CORE_GATHER_MEMORY_H
#define LEEWAY_ENGINE_CORE_GATHER_MEMORY_H

#include "leeway/err.h"

#include <stdbool.h>
#include <stddef.h>

/* {.ceiling = N} is valid. */
struct lw_memory {
    size_t held;    /* bytes handed out and not given back */
    size_t ceiling; /* bytes */
    bool full;      /* the last refusal was the ceiling, not the system */
};

/* `n` bytes, not cleared; NULL when the ceiling or memory is reached. */
LW_MUST_USE void *lw_memory_take(struct lw_memory *memory, size_t n);
/* As realloc: `old` (may be NULL with old_n 0) is kept when it fails. */
LW_MUST_USE void *lw_memory_grow(struct lw_memory *memory, void *old, size_t old_n, size_t new_n);
/* `piece` may be NULL; `n` is what it was taken or grown with. */
void lw_memory_give(struct lw_memory *memory, void *piece, size_t n);
/* LW_ERR_LIMIT or LW_ERR_NOMEM, by what the last refusal was. */
enum lw_err lw_memory_fault(const struct lw_memory *memory, const char *what, struct lw_fault *fault);

/* A growing array of items for passing use. */
struct lw_scratch {
    void *at;
    size_t bytes;
};

/* Room for n items of `size` bytes at scratch->at; what was there before is lost. false when there is none. */
LW_MUST_USE bool lw_memory_scratch(struct lw_memory *memory, struct lw_scratch *scratch, size_t n, size_t size);
/* The same, but keeps the content. */
LW_MUST_USE bool lw_memory_extend(struct lw_memory *memory, struct lw_scratch *scratch, size_t n, size_t size);
void lw_memory_drop(struct lw_memory *memory, struct lw_scratch *scratch);

#endif
