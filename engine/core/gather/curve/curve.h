/* The datapoints of one metric of one open run: taken in any order, given out once each, in the order of time. */
#ifndef LEEWAY_ENGINE_CORE_GATHER_CURVE_CURVE_H
#define LEEWAY_ENGINE_CORE_GATHER_CURVE_CURVE_H

#include "engine/core/gather/curve/set.h"
#include "engine/core/gather/memory.h"

/* A list of chunks that grow with the list, so that many short curves and few long ones are both cheap, and nothing is
   copied while it grows. */
struct lw_curve_list {
    struct lw_chunk *first, *last;
    uint64_t n;
    int64_t last_at; /* greatest time, where the list is clean */
    bool clean;      /* in order and without duplicates */
};

/* Single values take 16 bytes (time, kind and value), all other sets 48. Zero-initialised it is a valid empty curve. */
struct lw_curve {
    struct lw_curve_list narrow, wide;
    uint64_t raw;        /* points taken in, with duplicates */
    uint64_t compact_at; /* number of stored points at which duplicates are looked for before the run closes */
};

LW_MUST_USE bool lw_curve_add(struct lw_curve *curve, const struct lw_set *set, struct lw_memory *memory,
                              struct lw_scratch work[2]);

/* Drops what is a duplicate whatever else may come: of CloudWatch sets that know the same statistics only the greatest
   can ever count, of plain ones equal values are one. Joining has to wait until the run closes. false when memory is
   out. */
LW_MUST_USE bool lw_curve_settle(struct lw_curve *curve, struct lw_memory *memory, struct lw_scratch work[2]);

/* In what order the identities of sets stand: equal ones (0) are of one time and know the same, so that only one of them
   can count, or are equal plain values. */
LW_MUST_USE int lw_curve_identity(const struct lw_set *a, const struct lw_set *b);

/* Which of n sets, in the order of their identities, are news: news[i] becomes 1 where nothing of that identity is in the
   curve or earlier among the sets, or where it is greater (of CloudWatch's), else 0. A set that is no news is a duplicate:
   it needs not be added. The curve is brought into order if it has to be. false when memory is out. */
LW_MUST_USE bool lw_curve_news(struct lw_curve *curve, const struct lw_set *const *sets, size_t n, uint8_t *news,
                               struct lw_memory *memory, struct lw_scratch work[2]);

/* Takes over the points of `other`, which is empty afterwards. */
void lw_curve_absorb(struct lw_curve *curve, struct lw_curve *other);

struct lw_curve_detail {
    double least, most, samples;
};

/* What a curve comes to. The arrays lie in a scratch. */
struct lw_curve_points {
    int64_t *at;
    double *value;
    struct lw_curve_detail *detail; /* of each point; NULL unless asked for, or where all are single values */
    size_t n;
    double least, most; /* over minimum and maximum of the sets; 0 when n is 0 */
    double samples;     /* sum of the counts */
    uint64_t duplicates;
};

/* Sorts, drops duplicates, joins partial sets. Points of one time are in the order of their values, which is the only
   order that does not depend on their arrival. The curve stays as it was, in order. `points` lie in `room` until that is
   used again; `work` is passing. false when memory is out. */
LW_MUST_USE bool lw_curve_points(struct lw_curve *curve, bool detail, struct lw_memory *memory, struct lw_scratch *room,
                                 struct lw_scratch work[2], struct lw_curve_points *points);

/* Number of points stored. */
static inline uint64_t lw_curve_stored(const struct lw_curve *curve)
{
    return curve->narrow.n + curve->wide.n;
}

/* Walks over all stored points as they lie: for saving. Start with a zeroed cursor; false at the end. */
struct lw_curve_cursor {
    const struct lw_chunk *chunk;
    uint32_t index;
    uint8_t list; /* 0: not begun, 1: narrow, 2: wide, 3: over */
};
bool lw_curve_next(const struct lw_curve *curve, struct lw_curve_cursor *cursor, struct lw_set *set);

void lw_curve_clear(struct lw_curve *curve, struct lw_memory *memory);

#endif
