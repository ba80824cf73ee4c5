/* A bump allocator with a ceiling: many small things that live and die together. */
#ifndef LEEWAY_ENGINE_BASE_ARENA_H
#define LEEWAY_ENGINE_BASE_ARENA_H

#include "leeway/err.h"
#include "leeway/str.h"

#include <stddef.h>

struct lw_arena_block;

/* Zero-initialised except for `ceiling` is a valid empty arena. Owns its blocks. */
struct lw_arena {
    struct lw_arena_block *blocks; /* newest first */
    size_t used;                   /* bytes handed out, with alignment */
    size_t ceiling;                /* in bytes of blocks; 0: none stated, only for tests */
    size_t held;                   /* bytes of blocks */
};

/* Zeroed memory, aligned to 16, valid until reset or close. NULL when memory or the ceiling is reached (n = 0 gives a
   valid pointer). */
LW_MUST_USE void *lw_arena_take(struct lw_arena *arena, size_t n);
/* n items of `size` bytes; NULL also when n * size overflows. */
LW_MUST_USE void *lw_arena_array(struct lw_arena *arena, size_t n, size_t size);
/* A terminated copy of `text`; .at is NULL when memory is out. */
LW_MUST_USE struct lw_str lw_arena_text(struct lw_arena *arena, struct lw_str text);
/* Formatted text; .at is NULL when memory is out. */
LW_PRINTF(2, 3) LW_MUST_USE struct lw_str lw_arena_format(struct lw_arena *arena, const char *format, ...);

void lw_arena_reset(struct lw_arena *arena); /* keeps one block for use again */
void lw_arena_close(struct lw_arena *arena);

#endif
