#include "engine/decode/log/log_table.h"

#include <stdlib.h>
#include <string.h>

/* The finaliser of splitmix64: ids are small and dense, their bits need to be spread. */
static uint64_t mix(uint64_t key)
{
    key = (key ^ (key >> 30)) * 0xbf58476d1ce4e5b9u;
    key = (key ^ (key >> 27)) * 0x94d049bb133111ebu;
    return key ^ (key >> 31);
}

static struct lw_log_table_slot *find(struct lw_log_table_slot *slots, size_t slots_n, uint64_t key)
{
    size_t at = (size_t)mix(key) & (slots_n - 1);

    while (slots[at].item != 0 && slots[at].key != key)
        at = (at + 1) & (slots_n - 1);
    return &slots[at];
}

static bool grow_slots(struct lw_log_table *table)
{
    size_t slots_n = table->slots_n == 0 ? 64 : table->slots_n * 2;
    struct lw_log_table_slot *slots = calloc(slots_n, sizeof(*slots));

    if (slots == NULL)
        return false;
    for (size_t i = 0; i < table->slots_n; i++) {
        if (table->slots[i].item != 0)
            *find(slots, slots_n, table->slots[i].key) = table->slots[i];
    }
    free(table->slots);
    table->slots = slots;
    table->slots_n = slots_n;
    return true;
}

static bool grow_items(struct lw_log_table *table, size_t size)
{
    size_t capacity = table->capacity == 0 ? 8 : table->capacity * 2;
    char *items;

    items = realloc(table->items, capacity * size);
    if (items == NULL)
        return false;
    table->items = items;
    table->capacity = capacity;
    return true;
}

void *lw_log_table_item(struct lw_log_table *table, size_t size, uint32_t a, uint32_t b, bool *added)
{
    uint64_t key = (uint64_t)a << 32 | b;
    struct lw_log_table_slot *slot;

    *added = table->full = false;
    if (table->n * 2 >= table->slots_n && !grow_slots(table))
        return NULL;
    slot = find(table->slots, table->slots_n, key);
    if (slot->item != 0)
        return table->items + (slot->item - 1) * size;
    table->full = table->n == table->most;
    if (table->full)
        return NULL;
    if (table->n == table->capacity && !grow_items(table, size))
        return NULL;
    *added = true;
    *slot = (struct lw_log_table_slot){key, (uint32_t)table->n + 1};
    memset(table->items + table->n * size, 0, size);
    return table->items + table->n++ * size;
}

void lw_log_table_close(struct lw_log_table *table)
{
    free(table->slots);
    free(table->items);
    *table = (struct lw_log_table){.most = table->most};
}
