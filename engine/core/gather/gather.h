/* The first half of the step: datapoints and facts into run records. Commutative: any order, twice, late, in any
   batches, the closed run is the same to the bit. */
#ifndef LEEWAY_ENGINE_CORE_GATHER_GATHER_H
#define LEEWAY_ENGINE_CORE_GATHER_GATHER_H

#include "engine/base/arena.h"
#include "engine/base/buf.h"
#include "engine/base/names.h"
#include "leeway/point.h"
#include "leeway/reject.h"
#include "leeway/rules.h"
#include "leeway/run.h"

/* One model and its closed runs, in the order (end, name). */
struct lw_history {
    struct lw_str origin, model;
    const struct lw_run *const *runs;
    size_t runs_n;
    const char *warning; /* e.g. interleaved runs without ids, or NULL */
};

/* Everything that was closed, models in the order (model, origin). Lives in the arena given to close. */
struct lw_histories {
    const struct lw_history *models;
    size_t models_n;
    lw_time data_end; /* the greatest event time seen */
    uint8_t has_data_end;
    uint64_t duplicates;
    uint64_t rejected[LW_REJECT_COUNT]; /* found while gathering: interleaved, too many points, no run, other model */
};

struct lw_gather;

/* What is open takes 16 bytes for each single-valued datapoint and 48 for other sets, all of them, since only what is
   remembered can be recognised when it comes twice. From 65 536 datapoints of one metric of a run on its count and
   moments stay exact, and its quantiles and values come from a sample; see summary.h. Instance metrics take nothing.
   `rules` and `names` are borrowed until close. `ceiling`: bytes for everything that is held. */
LW_MUST_USE enum lw_err lw_gather_open(struct lw_gather **out, const struct lw_rules *rules, struct lw_names *names,
                                       size_t ceiling, struct lw_fault *fault);
/* What fails was taken up to the datapoint that did not fit; to give the same batch again is harmless, as it always is.
   Datapoints whose numbers may not enter are counted by reason. */
LW_MUST_USE enum lw_err lw_gather_points(struct lw_gather *gather, const struct lw_point *points, size_t n,
                                         struct lw_fault *fault);
LW_MUST_USE enum lw_err lw_gather_facts(struct lw_gather *gather, const struct lw_fact *facts, size_t n,
                                        struct lw_fault *fault);
/* Sorts what is held, so that the duplicates of the same statistics are found: between files, to count them by file. */
LW_MUST_USE enum lw_err lw_gather_settle(struct lw_gather *gather, struct lw_fault *fault);
/* Duplicates found so far (they are found when points are sorted, at the latest when a run closes). */
uint64_t lw_gather_duplicates(const struct lw_gather *gather);
/* Offline: the input has ended, everything closes. Segments what has no run ids. The gather is empty afterwards; when it
   fails it holds what it held. Counts in `rejected` are datapoints; a run without any that --model-pattern leaves out
   counts once. */
LW_MUST_USE enum lw_err lw_gather_close_all(struct lw_gather *gather, struct lw_arena *arena, struct lw_histories *out,
                                            struct lw_fault *fault);
/* Saved state of what is open: per record (run facts; run and metric), flat, versioned. Load refuses damaged bytes with
   LW_ERR_STATE and then has changed nothing. */
LW_MUST_USE enum lw_err lw_gather_save(const struct lw_gather *gather, struct lw_buf *out, struct lw_fault *fault);
LW_MUST_USE enum lw_err lw_gather_load(struct lw_gather *gather, const void *bytes, size_t n, struct lw_fault *fault);
void lw_gather_close(struct lw_gather *gather);

#endif
