/* Everything that a gather holds. Shared by the files that take in, save and close; nobody else looks inside. */
#ifndef LEEWAY_ENGINE_CORE_GATHER_OPEN_STATE_H
#define LEEWAY_ENGINE_CORE_GATHER_OPEN_STATE_H

#include "engine/core/gather/gather.h"
#include "engine/core/gather/open_runs.h"

/* Where points of a series went last: series take turns, so one entry would not do. Taken only when there are many
   series, since the table is larger than most open runs. */
struct lw_gather_memo {
    uint32_t origin, model, run, metric;
    uint32_t curve; /* index + 1; 0: empty */
    bool steps;
};
#define LW_GATHER_MEMOS      256
#define LW_GATHER_MEMOS_FROM 16u /* curves */

struct lw_gather {
    const struct lw_rules *rules;
    struct lw_names *names;
    struct lw_memory memory;
    struct lw_open_runs open;
    struct lw_scratch work[2]; /* passing: sorting, joining */
    uint64_t duplicates;
    uint64_t rejected[LW_REJECT_COUNT];
    int64_t data_end;
    bool has_data_end;
    struct lw_gather_memo *memos; /* LW_GATHER_MEMOS of them, or NULL */
};

/* Whether a point may enter at all, and its set, completed; else the reason. */
LW_MUST_USE bool lw_gather_admits(const struct lw_point *point, struct lw_set *set, enum lw_reject *reason);
/* The curve that a point belongs to, made if it is new; LW_OPEN_NONE when memory is out. */
LW_MUST_USE uint32_t lw_gather_curve(struct lw_gather *gather, const struct lw_point *point);
/* Takes a set into that curve. false when memory is out. */
LW_MUST_USE bool lw_gather_put(struct lw_gather *gather, uint32_t curve, const struct lw_set *set);

#endif
