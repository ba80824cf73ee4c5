#include "engine/base/arena.h"

#include <assert.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define GRAIN       ((size_t)16)
#define BLOCK_FIRST ((size_t)4096)
#define BLOCK_MOST  ((size_t)1 << 20)

/* Blocks come from calloc, so that what is handed out is zero already; only reset has to clear. */
struct lw_arena_block {
    struct lw_arena_block *next;
    size_t size; /* bytes behind the header */
    size_t used;
    size_t reserved; /* keeps the bytes aligned to GRAIN */
};

static_assert(sizeof(struct lw_arena_block) % 16 == 0, "what follows the header is aligned");

static char *bytes_of(struct lw_arena_block *block)
{
    return (char *)block + sizeof(*block);
}

/* Blocks double with what the arena holds, so that a large arena has few; under the ceiling the last one may be smaller
   than usual, but never smaller than what was asked for. */
static struct lw_arena_block *add_block(struct lw_arena *arena, size_t need)
{
    size_t size = arena->held < BLOCK_FIRST ? BLOCK_FIRST : arena->held;
    size_t whole;
    struct lw_arena_block *block;

    if (size > BLOCK_MOST)
        size = BLOCK_MOST;
    if (need > SIZE_MAX - sizeof(*block))
        return NULL;
    whole = need + sizeof(*block) > size ? need + sizeof(*block) : size;
    if (arena->ceiling != 0) {
        size_t room = arena->ceiling > arena->held ? arena->ceiling - arena->held : 0;

        if (need + sizeof(*block) > room)
            return NULL;
        if (whole > room)
            whole = room;
    }
    block = calloc(1, whole);
    if (block == NULL)
        return NULL;
    block->size = whole - sizeof(*block);
    arena->held += whole;
    return block;
}

void *lw_arena_take(struct lw_arena *arena, size_t n)
{
    struct lw_arena_block *block = arena->blocks;
    size_t need;
    void *at;

    if (n > SIZE_MAX - GRAIN)
        return NULL;
    need = n == 0 ? GRAIN : (n + GRAIN - 1) / GRAIN * GRAIN;
    if (block == NULL || block->size - block->used < need) {
        block = add_block(arena, need);
        if (block == NULL)
            return NULL;
        /* A block made for one large thing goes behind the current one, whose room would be lost otherwise. */
        if (arena->blocks != NULL && block->size - need < arena->blocks->size - arena->blocks->used) {
            block->next = arena->blocks->next;
            arena->blocks->next = block;
        } else {
            block->next = arena->blocks;
            arena->blocks = block;
        }
    }
    at = bytes_of(block) + block->used;
    block->used += need;
    arena->used += need;
    return at;
}

void *lw_arena_array(struct lw_arena *arena, size_t n, size_t size)
{
    if (size != 0 && n > SIZE_MAX / size)
        return NULL;
    return lw_arena_take(arena, n * size);
}

struct lw_str lw_arena_text(struct lw_arena *arena, struct lw_str text)
{
    char *copy = text.len < SIZE_MAX ? lw_arena_take(arena, text.len + 1) : NULL;

    if (copy == NULL)
        return (struct lw_str){0};
    if (text.len > 0)
        memcpy(copy, text.at, text.len);
    return (struct lw_str){.at = copy, .len = text.len};
}

struct lw_str lw_arena_format(struct lw_arena *arena, const char *format, ...)
{
    char first[256];
    va_list arguments;
    char *copy;
    int length;

    va_start(arguments, format);
    length = vsnprintf(first, sizeof(first), format, arguments);
    va_end(arguments);
    if (length < 0)
        return (struct lw_str){0};
    copy = lw_arena_take(arena, (size_t)length + 1);
    if (copy == NULL)
        return (struct lw_str){0};
    if ((size_t)length < sizeof(first)) {
        memcpy(copy, first, (size_t)length + 1);
    } else {
        va_start(arguments, format);
        vsnprintf(copy, (size_t)length + 1, format, arguments);
        va_end(arguments);
    }
    return (struct lw_str){.at = copy, .len = (size_t)length};
}

void lw_arena_reset(struct lw_arena *arena)
{
    struct lw_arena_block *kept = NULL;
    struct lw_arena_block *next;

    for (struct lw_arena_block *block = arena->blocks; block != NULL; block = next) {
        next = block->next;
        if (kept == NULL || block->size > kept->size) {
            free(kept);
            kept = block;
        } else {
            free(block);
        }
    }
    arena->blocks = kept;
    arena->used = 0;
    arena->held = 0;
    if (kept == NULL)
        return;
    memset(bytes_of(kept), 0, kept->used);
    kept->used = 0;
    kept->next = NULL;
    arena->held = kept->size + sizeof(*kept);
}

void lw_arena_close(struct lw_arena *arena)
{
    struct lw_arena_block *next;

    if (arena == NULL)
        return;
    for (struct lw_arena_block *block = arena->blocks; block != NULL; block = next) {
        next = block->next;
        free(block);
    }
    *arena = (struct lw_arena){.ceiling = arena->ceiling};
}
