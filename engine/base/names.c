#include "engine/base/names.h"

#include "engine/base/bytes.h"
#include "engine/base/fault.h"

#include <stdbool.h>
#include <stdlib.h>

#define FIRST_SLOTS ((uint32_t)64)
#define FIRST_ITEMS ((uint32_t)32)
#define CHUNK       ((size_t)65536)

__extension__ typedef unsigned __int128 wide;

struct item {
    const char *at;
    size_t len;
    uint64_t hash;
};

/* Open addressing with linear probing. The upper half of the hash stands beside the id, so that a slot of another text
   is passed over without touching that text. id 0: the slot is free. */
struct slot {
    uint32_t tag;
    uint32_t id;
};

struct chunk {
    struct chunk *next;
    size_t used;
    size_t size;
};

struct lw_names {
    struct slot *slots;
    uint32_t mask; /* number of slots - 1, a power of two minus one */
    struct item *items;
    uint32_t count; /* items in use, with item 0 */
    uint32_t capacity;
    struct chunk *chunks; /* newest first */
    size_t held;          /* bytes of everything */
    size_t ceiling;
    enum lw_err error; /* of the last allocation that failed */
};

static uint64_t fold(uint64_t a, uint64_t b)
{
    wide product = (wide)a * b;

    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

/* Multiply and fold 16 bytes at a time; the odd constants have 32 bits set, so that no half of a product is starved. The
   last 16 bytes are read again from the end, overlapping, instead of byte by byte. */
uint64_t lw_names_hash(struct lw_str text)
{
    const uint64_t key0 = 0x2d358dccaa6c78a5u;
    const uint64_t key1 = 0x8bb84b93962eacc9u;
    const unsigned char *at = (const unsigned char *)text.at;
    size_t left = text.len;
    uint64_t state = key0;
    uint64_t a = 0;
    uint64_t b = 0;

    if (left > 16) {
        for (; left > 16; left -= 16, at += 16)
            state = fold(lw_bytes_load8(at) ^ key1, lw_bytes_load8(at + 8) ^ state);
        a = lw_bytes_load8(at + left - 16);
        b = lw_bytes_load8(at + left - 8);
    } else if (left >= 8) {
        a = lw_bytes_load8(at);
        b = lw_bytes_load8(at + left - 8);
    } else if (left >= 4) {
        a = lw_bytes_load4(at);
        b = lw_bytes_load4(at + left - 4);
    } else if (left > 0) {
        a = (uint64_t)at[0] << 16 | (uint64_t)at[left / 2] << 8 | at[left - 1];
    }
    return fold(key1 ^ text.len, fold(a ^ key1, b ^ state));
}

/* Memory within the ceiling; NULL, and the fault filled, when there is none. */
static void *take(struct lw_names *names, size_t bytes, bool zero, struct lw_fault *fault)
{
    void *memory;

    if (bytes > names->ceiling || names->held > names->ceiling - bytes) {
        lw_fault_set(fault, LW_ERR_LIMIT, "the names of models, runs and metrics need more than %zu bytes",
                     names->ceiling);
        names->error = LW_ERR_LIMIT;
        return NULL;
    }
    memory = zero ? calloc(1, bytes) : malloc(bytes);
    if (memory == NULL)
        names->error = lw_fault_memory(fault, "names");
    else
        names->held += bytes;
    return memory;
}

enum lw_err lw_names_open(struct lw_names **out, size_t ceiling, struct lw_fault *fault)
{
    struct lw_names *names = calloc(1, sizeof(*names));
    enum lw_err err;

    if (names == NULL)
        return lw_fault_memory(fault, "names");
    names->ceiling = ceiling;
    names->held = sizeof(*names);
    names->slots = take(names, FIRST_SLOTS * sizeof(struct slot), true, fault);
    names->items = names->slots == NULL ? NULL : take(names, FIRST_ITEMS * sizeof(struct item), false, fault);
    if (names->items == NULL) {
        err = names->error;
        lw_names_close(names);
        return err;
    }
    names->mask = FIRST_SLOTS - 1;
    names->capacity = FIRST_ITEMS;
    names->items[0] = (struct item){.at = ""};
    names->count = 1;
    *out = names;
    return LW_ERR_OK;
}

/* The slot that holds the text, or the free one where it belongs. There is always a free one: see grow_slots. */
static struct slot *probe(const struct lw_names *names, struct lw_str text, uint64_t hash)
{
    uint32_t tag = (uint32_t)(hash >> 32);

    for (uint32_t at = (uint32_t)hash & names->mask;; at = (at + 1) & names->mask) {
        struct slot *slot = &names->slots[at];
        const struct item *item = &names->items[slot->id];

        if (slot->id == 0)
            return slot;
        if (slot->tag == tag && item->len == text.len && memcmp(item->at, text.at, text.len) == 0)
            return slot;
    }
}

/* Before the table is more than 5/8 full it is doubled; the old one stays in place until the new one is complete. */
static bool grow_slots(struct lw_names *names, struct lw_fault *fault)
{
    size_t n = (size_t)names->mask + 1;
    struct slot *slots;

    if (names->count < n / 8 * 5)
        return true;
    if (n > UINT32_MAX / 2) {
        names->error = lw_fault_set(fault, LW_ERR_LIMIT, "more than %u different names", names->count);
        return false;
    }
    slots = take(names, 2 * n * sizeof(*slots), true, fault);
    if (slots == NULL)
        return false;
    for (uint32_t id = 1; id < names->count; id++) {
        size_t at = names->items[id].hash & (2 * n - 1);

        while (slots[at].id != 0)
            at = (at + 1) & (2 * n - 1);
        slots[at] = (struct slot){.tag = (uint32_t)(names->items[id].hash >> 32), .id = id};
    }
    free(names->slots);
    names->held -= n * sizeof(*slots);
    names->slots = slots;
    names->mask = (uint32_t)(2 * n - 1);
    return true;
}

static bool grow_items(struct lw_names *names, struct lw_fault *fault)
{
    size_t bytes = names->capacity * sizeof(struct item);
    struct item *items;

    if (names->count < names->capacity)
        return true;
    items = take(names, 2 * bytes, false, fault);
    if (items == NULL)
        return false;
    memcpy(items, names->items, bytes);
    free(names->items);
    names->held -= bytes;
    names->items = items;
    names->capacity *= 2;
    return true;
}

/* Room for n bytes of text, or NULL; the last step of adding that can fail, so that what is taken is used. Texts never
   move: what lw_names_text gave out stays valid. A long text gets a chunk of its own behind the current one. Chunks grow
   with the table, so that a table of few names stays small. */
static char *text_room(struct lw_names *names, size_t n, struct lw_fault *fault)
{
    struct chunk *chunk = names->chunks;
    size_t usual = names->held < CHUNK ? names->held : CHUNK;
    bool lone = n > usual / 4;
    char *room;

    if (chunk == NULL || chunk->size - chunk->used < n) {
        size_t size = lone ? n : usual;

        chunk = take(names, size < SIZE_MAX - sizeof(*chunk) ? sizeof(*chunk) + size : SIZE_MAX, false, fault);
        if (chunk == NULL)
            return NULL;
        *chunk = (struct chunk){.size = size};
        if (lone && names->chunks != NULL) {
            chunk->next = names->chunks->next;
            names->chunks->next = chunk;
        } else {
            chunk->next = names->chunks;
            names->chunks = chunk;
        }
    }
    room = (char *)(chunk + 1) + chunk->used;
    chunk->used += n;
    return room;
}

enum lw_err lw_names_add(struct lw_names *names, struct lw_str text, uint32_t *id, struct lw_fault *fault)
{
    uint64_t hash = lw_names_hash(text);
    struct slot *slot;
    char *copy;

    if (text.len == 0) {
        *id = 0;
        return LW_ERR_OK;
    }
    slot = probe(names, text, hash);
    if (slot->id != 0) {
        *id = slot->id;
        return LW_ERR_OK;
    }
    if (!grow_slots(names, fault) || !grow_items(names, fault))
        return names->error;
    copy = text_room(names, text.len + 1, fault);
    if (copy == NULL)
        return names->error;
    memcpy(copy, text.at, text.len);
    copy[text.len] = '\0';
    names->items[names->count] = (struct item){.at = copy, .len = text.len, .hash = hash};
    *probe(names, text, hash) = (struct slot){.tag = (uint32_t)(hash >> 32), .id = names->count};
    *id = names->count++;
    return LW_ERR_OK;
}

uint32_t lw_names_find(const struct lw_names *names, struct lw_str text)
{
    return text.len == 0 ? 0 : probe(names, text, lw_names_hash(text))->id;
}

struct lw_str lw_names_text(const struct lw_names *names, uint32_t id)
{
    const struct item *item = &names->items[id < names->count ? id : 0];

    return (struct lw_str){.at = item->at, .len = item->len};
}

uint32_t lw_names_count(const struct lw_names *names)
{
    return names->count;
}

void lw_names_close(struct lw_names *names)
{
    struct chunk *next;

    if (names == NULL)
        return;
    for (struct chunk *chunk = names->chunks; chunk != NULL; chunk = next) {
        next = chunk->next;
        free(chunk);
    }
    free(names->slots);
    free(names->items);
    free(names);
}
