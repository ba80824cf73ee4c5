/* How a curve keeps its datapoints: entries in chunks. Shared by the files of the curve. */
#ifndef LEEWAY_ENGINE_CORE_GATHER_CURVE_CURVE_ENTRY_H
#define LEEWAY_ENGINE_CORE_GATHER_CURVE_CURVE_ENTRY_H

#include "engine/core/gather/curve/curve.h"

#include <assert.h>
#include <stdint.h>

/* What a narrow entry stands for lies in the low bits of its key, above them the time; so the order of keys is the order
   of times. */
enum lw_curve_kind {
    LW_CURVE_PLAIN,
    LW_CURVE_ONE,
    LW_CURVE_SUM,
    LW_CURVE_MIN,
    LW_CURVE_MAX,
    LW_CURVE_COUNT,
    LW_CURVE_AVERAGE,
    LW_CURVE_WIDE
};
#define LW_CURVE_NARROW_RANGE 8

/* Low bits of a wide key: the members that are known, and whether it comes from CloudWatch. */
#define LW_CURVE_WIDE_RANGE      64
#define LW_CURVE_WIDE_CLOUDWATCH 32

struct lw_narrow {
    int64_t key;
    double value;
};

struct lw_wide {
    int64_t key;
    double sum, min, max, count, average;
};

struct lw_chunk {
    struct lw_chunk *next;
    uint32_t n, capacity;
};

static_assert(sizeof(struct lw_chunk) % sizeof(double) == 0, "entries follow the header aligned");

static inline struct lw_narrow *lw_narrow_of(const struct lw_chunk *chunk)
{
    return (struct lw_narrow *)(void *)((char *)(uintptr_t)chunk + sizeof(*chunk));
}

static inline struct lw_wide *lw_wide_of(const struct lw_chunk *chunk)
{
    return (struct lw_wide *)(void *)((char *)(uintptr_t)chunk + sizeof(*chunk));
}

/* Below the greatest multiple of `range`: the time, also for times before 1970. */
static inline int64_t lw_curve_key_time(int64_t key, int64_t range)
{
    return (key - (key & (range - 1))) / range;
}

static inline void lw_curve_step(struct lw_curve_cursor *cursor)
{
    if (++cursor->index >= cursor->chunk->n) {
        cursor->chunk = cursor->chunk->next;
        cursor->index = 0;
    }
}

/* The set that an entry stands for. */
struct lw_set lw_curve_entry_narrow(const struct lw_narrow *entry);
struct lw_set lw_curve_entry_wide(const struct lw_wide *entry);

#endif
