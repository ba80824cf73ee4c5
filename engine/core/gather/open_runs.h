/* What is open: runs by (origin, model, run) as the data name them, and their curves by metric. */
#ifndef LEEWAY_ENGINE_CORE_GATHER_OPEN_RUNS_H
#define LEEWAY_ENGINE_CORE_GATHER_OPEN_RUNS_H

#include "engine/core/gather/curve/curve.h"
#include "engine/core/gather/facts.h"

#define LW_OPEN_NONE UINT32_MAX
#define LW_OPEN_PAGE 8u

/* Instance metrics say only when a run was alive. The greatest common divisor of the distances between their stamps is
   the period of a series that is stamped on a grid, as CloudWatch's are; unlike a median it needs no memory, and it does
   not depend on order or repetition. */
struct lw_heartbeat {
    int64_t first, last;
    uint64_t period; /* ms; 0: only one stamp */
    bool seen;
};

struct lw_open_curve {
    uint32_t run, metric;
    uint32_t next; /* another curve of the same run, or LW_OPEN_NONE */
    uint32_t hash;
    bool steps; /* its times are steps */
    struct lw_curve curve;
};

struct lw_open_run {
    uint32_t origin, model, run; /* ids of names; run 0: data without run ids */
    uint32_t curves;             /* first one, or LW_OPEN_NONE */
    uint64_t points;             /* taken in, with heartbeats and duplicates */
    struct lw_heartbeat heartbeat;
    struct lw_facts *facts; /* NULL: none */
};

/* An open-addressing table of indices + 1; what they point at has the key. */
struct lw_open_table {
    uint32_t *slots;
    uint32_t mask, used;
};

struct lw_open_runs {
    struct lw_open_run *runs;
    struct lw_open_curve **pages; /* of LW_OPEN_PAGE curves each, so that curves stay where they are */
    uint32_t runs_n, runs_room, curves_n, pages_room;
    struct lw_open_table by_run, by_curve;
    uint32_t last_run; /* index of the run that was asked for last, or LW_OPEN_NONE */
};

/* {.last_run = LW_OPEN_NONE} and else zero is valid and empty. Indices, or LW_OPEN_NONE when memory is out. */
LW_MUST_USE uint32_t lw_open_runs_run(struct lw_open_runs *open, uint32_t origin, uint32_t model, uint32_t run,
                                      struct lw_memory *memory);
LW_MUST_USE uint32_t lw_open_runs_curve(struct lw_open_runs *open, uint32_t run, uint32_t metric, bool steps,
                                        struct lw_memory *memory);
LW_MUST_USE struct lw_facts *lw_open_runs_facts(struct lw_open_runs *open, uint32_t run, struct lw_memory *memory);

static inline struct lw_open_curve *lw_open_runs_at(const struct lw_open_runs *open, uint32_t curve)
{
    return &open->pages[curve / LW_OPEN_PAGE][curve % LW_OPEN_PAGE];
}

void lw_open_runs_beat(struct lw_heartbeat *heartbeat, int64_t at);
void lw_open_runs_beats(struct lw_heartbeat *heartbeat, const struct lw_heartbeat *other);
void lw_open_runs_clear(struct lw_open_runs *open, struct lw_memory *memory);

#endif
