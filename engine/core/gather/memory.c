#include "engine/core/gather/memory.h"

#include "engine/base/fault.h"

#include <stdint.h>
#include <stdlib.h>

#define SCRATCH_LEAST ((size_t)4096)

static bool fits(struct lw_memory *memory, size_t more)
{
    memory->full = memory->held > memory->ceiling || more > memory->ceiling - memory->held;
    return !memory->full;
}

void *lw_memory_take(struct lw_memory *memory, size_t n)
{
    return lw_memory_grow(memory, NULL, 0, n);
}

void *lw_memory_grow(struct lw_memory *memory, void *old, size_t old_n, size_t new_n)
{
    void *piece;

    if (new_n > old_n && !fits(memory, new_n - old_n))
        return NULL;
    piece = realloc(old, new_n ? new_n : 1);
    if (piece == NULL)
        return NULL;
    memory->held = memory->held - old_n + new_n;
    return piece;
}

void lw_memory_give(struct lw_memory *memory, void *piece, size_t n)
{
    if (piece == NULL)
        return;
    free(piece);
    memory->held -= n;
}

enum lw_err lw_memory_fault(const struct lw_memory *memory, const char *what, struct lw_fault *fault)
{
    if (!memory->full)
        return lw_fault_memory(fault, what);
    return lw_fault_set(fault, LW_ERR_LIMIT,
                        "%s would take more than the %zu bytes that are allowed: analyze fewer files at a time, or a "
                        "shorter time with --since and --until",
                        what, memory->ceiling);
}

/* Half as much again, so that a scratch that grows slowly is not copied each time. */
static size_t room_for(size_t have, size_t need)
{
    size_t room = have + have / 2;

    if (room < need)
        room = need;
    return room < SCRATCH_LEAST ? SCRATCH_LEAST : room;
}

bool lw_memory_scratch(struct lw_memory *memory, struct lw_scratch *scratch, size_t n, size_t size)
{
    if (n > SIZE_MAX / 4 / size)
        return false;
    if (n * size <= scratch->bytes)
        return true;
    lw_memory_drop(memory, scratch);
    return lw_memory_extend(memory, scratch, n, size);
}

bool lw_memory_extend(struct lw_memory *memory, struct lw_scratch *scratch, size_t n, size_t size)
{
    size_t bytes;
    void *at;

    if (n > SIZE_MAX / 4 / size)
        return false;
    if (n * size <= scratch->bytes)
        return true;
    bytes = room_for(scratch->bytes, n * size);
    at = lw_memory_grow(memory, scratch->at, scratch->bytes, bytes);
    if (at == NULL)
        return false;
    scratch->at = at;
    scratch->bytes = bytes;
    return true;
}

void lw_memory_drop(struct lw_memory *memory, struct lw_scratch *scratch)
{
    lw_memory_give(memory, scratch->at, scratch->bytes);
    *scratch = (struct lw_scratch){0};
}
