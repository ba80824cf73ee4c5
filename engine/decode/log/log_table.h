/* A small map from a pair of ids to the index of an item, for the runs and metrics of a log. */
#ifndef LEEWAY_ENGINE_DECODE_LOG_LOG_TABLE_H
#define LEEWAY_ENGINE_DECODE_LOG_LOG_TABLE_H

#include "leeway/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct lw_log_table_slot {
    uint64_t key;
    uint32_t item; /* index + 1; 0: empty */
};

/* {.most = N} is a valid empty table for at most N items. Owns its slots and items. Items are `size` bytes each,
   zero-initialised when they are added, and may move when another one is added. */
struct lw_log_table {
    struct lw_log_table_slot *slots;
    size_t slots_n; /* a power of two, or 0 */
    char *items;
    size_t n, capacity, most;
    bool full; /* the last item that was asked for had no room left */
};

/* The item of (a, b), added when there is none; *added says so. NULL when memory is out, or the table is full; nothing
   has changed then. */
LW_MUST_USE void *lw_log_table_item(struct lw_log_table *table, size_t size, uint32_t a, uint32_t b, bool *added);
void lw_log_table_close(struct lw_log_table *table); /* empty, and can be used again */

#endif
