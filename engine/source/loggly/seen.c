#include "engine/source/loggly/seen.h"

#include "engine/base/fault.h"

#include <assert.h>
#include <stdlib.h>

#define LEAST     ((size_t)256) /* slots; a power of two */
#define HEX       16u           /* digits of a hash */
#define FREE_HASH 0u

/* The hash that means a free slot is another one. */
static uint64_t usable(uint64_t hash)
{
    return hash == FREE_HASH ? 1 : hash;
}

static size_t slot_of(const struct lw_seen *seen, uint64_t hash)
{
    size_t slot = (size_t)(hash & (seen->capacity - 1));

    while (seen->items[slot].hash != FREE_HASH && seen->items[slot].hash != hash)
        slot = (slot + 1) & (seen->capacity - 1);
    return slot;
}

bool lw_seen_has(const struct lw_seen *seen, uint64_t hash)
{
    return seen->n > 0 && seen->items[slot_of(seen, usable(hash))].hash != FREE_HASH;
}

/* A quarter of the slots stay free, so that looking ends soon. */
static enum lw_err resize(struct lw_seen *seen, size_t n, struct lw_fault *fault)
{
    struct lw_seen bigger = {.capacity = LEAST};

    while (bigger.capacity / 4 * 3 < n)
        bigger.capacity *= 2;
    if (bigger.capacity <= seen->capacity)
        return LW_ERR_OK;
    bigger.items = calloc(bigger.capacity, sizeof(*bigger.items));
    if (bigger.items == NULL)
        return lw_fault_memory(fault, "the events that were read");
    for (size_t i = 0; i < seen->capacity; i++) {
        if (seen->items[i].hash != FREE_HASH)
            bigger.items[slot_of(&bigger, seen->items[i].hash)] = seen->items[i];
    }
    bigger.n = seen->n;
    free(seen->items);
    *seen = bigger;
    return LW_ERR_OK;
}

enum lw_err lw_seen_reserve(struct lw_seen *seen, size_t n, struct lw_fault *fault)
{
    return resize(seen, seen->n + n, fault);
}

void lw_seen_add(struct lw_seen *seen, uint64_t hash, lw_time time)
{
    size_t slot;

    assert(seen->n < seen->capacity);
    slot = slot_of(seen, usable(hash));
    seen->n += seen->items[slot].hash == FREE_HASH;
    seen->items[slot] = (struct lw_seen_item){.hash = usable(hash), .time = time.ms};
}

static int newest_first(const void *a, const void *b)
{
    const struct lw_seen_item *left = a, *right = b;

    if (left->time != right->time)
        return left->time > right->time ? -1 : 1;
    return (left->hash > right->hash) - (left->hash < right->hash);
}

enum lw_err lw_seen_prune(struct lw_seen *seen, lw_time since, struct lw_fault *fault)
{
    struct lw_seen kept = {0};
    size_t n = 0;
    enum lw_err err;

    /* The kept ones are gathered at the front, so that the memory for them is asked for before anything is lost. */
    for (size_t i = 0; i < seen->capacity; i++)
        n += seen->items[i].hash != FREE_HASH && seen->items[i].time >= since.ms;
    if (n == seen->n && n <= LW_SEEN_MAX)
        return LW_ERR_OK;
    err = resize(&kept, n < LW_SEEN_MAX ? n : LW_SEEN_MAX, fault);
    if (err != LW_ERR_OK)
        return err;
    if (seen->n > 0)
        qsort(seen->items, seen->capacity, sizeof(*seen->items), newest_first);
    for (size_t i = 0; i < seen->capacity && kept.n < LW_SEEN_MAX; i++) {
        if (seen->items[i].hash != FREE_HASH && seen->items[i].time >= since.ms)
            lw_seen_add(&kept, seen->items[i].hash, (lw_time){seen->items[i].time});
    }
    free(seen->items);
    *seen = kept;
    return LW_ERR_OK;
}

void lw_seen_write(const struct lw_seen *seen, struct lw_buf *out)
{
    for (size_t i = 0; i < seen->capacity; i++) {
        if (seen->items[i].hash != FREE_HASH)
            lw_buf_format(out, "%016llx", (unsigned long long)seen->items[i].hash);
    }
}

static bool hex(struct lw_str text, uint64_t *value)
{
    static const char digits[] = "0123456789abcdef";

    *value = 0;
    for (size_t i = 0; i < text.len; i++) {
        const char *digit = text.at[i] == '\0' ? NULL : strchr(digits, text.at[i]);

        if (digit == NULL)
            return false;
        *value = *value << 4 | (uint64_t)(digit - digits);
    }
    return true;
}

enum lw_err lw_seen_read(struct lw_seen *seen, struct lw_str text, lw_time time, bool *sound, struct lw_fault *fault)
{
    uint64_t hash;
    enum lw_err err;

    *sound = text.len % HEX == 0 && text.len / HEX <= 2 * (size_t)LW_SEEN_MAX;
    for (size_t at = 0; *sound && at < text.len; at += HEX)
        *sound = hex((struct lw_str){text.at + at, HEX}, &hash);
    if (!*sound)
        return LW_ERR_OK;
    err = lw_seen_reserve(seen, text.len / HEX, fault);
    for (size_t at = 0; err == LW_ERR_OK && at < text.len; at += HEX) {
        (void)hex((struct lw_str){text.at + at, HEX}, &hash);
        lw_seen_add(seen, hash, time);
    }
    return err;
}

void lw_seen_close(struct lw_seen *seen)
{
    free(seen->items);
    *seen = (struct lw_seen){0};
}
