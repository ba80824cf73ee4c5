/* Everything that a gather holds. Shared by the files that take in, save and close; nobody else looks inside. */
#ifndef LEEWAY_ENGINE_CORE_GATHER_OPEN_STATE_H
#define LEEWAY_ENGINE_CORE_GATHER_OPEN_STATE_H

#include "engine/core/gather/gather.h"
#include "engine/core/gather/open_runs.h"

/* Where points of a series went last: series take turns, so one entry would not do. */
struct lw_gather_memo {
    uint32_t origin, model, run, metric;
    uint32_t curve; /* index + 1; 0: empty */
    bool steps;
};
#define LW_GATHER_MEMOS 256

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
    struct lw_gather_memo memos[LW_GATHER_MEMOS];
};

#endif
