/* A run on its way to its record: filled piece by piece, then laid out flat at once. */
#ifndef LEEWAY_ENGINE_CORE_GATHER_DRAFT_H
#define LEEWAY_ENGINE_CORE_GATHER_DRAFT_H

#include "engine/base/arena.h"
#include "engine/core/gather/memory.h"
#include "leeway/run.h"

struct lw_draft_metric {
    struct lw_str name;
    struct lw_summary summary;
    size_t values_at; /* index into the values of the draft */
    uint32_t values_n;
};

/* Texts are borrowed until the record is made. Zero-initialised it is an empty draft; it is used for one run after the
   other, so that its memory stays. */
struct lw_draft {
    struct lw_run run; /* its texts, sizes and places are set by lw_draft_record */
    struct lw_str origin, model, name, failure, instance, note;
    struct lw_scratch metrics, values;
    size_t metrics_n, values_n;
};

void lw_draft_begin(struct lw_draft *draft);
/* Adds a metric with its values (ascending). false when memory is out. Each name at most once. */
LW_MUST_USE bool lw_draft_metric(struct lw_draft *draft, struct lw_str name, const struct lw_summary *summary,
                                 const double *values, uint32_t values_n, struct lw_memory *memory);
/* The flat record, in `arena`. Fails with LW_ERR_NOMEM, or LW_ERR_LIMIT when it would be larger than 4 GiB. */
LW_MUST_USE enum lw_err lw_draft_record(struct lw_draft *draft, struct lw_arena *arena, const struct lw_run **out,
                                        struct lw_fault *fault);
void lw_draft_clear(struct lw_draft *draft, struct lw_memory *memory);

#endif
