/* The pure step: datapoints and facts in; runs, findings and alerts out. No file, no clock, no network, no randomness. */
#ifndef LEEWAY_STEP_H
#define LEEWAY_STEP_H

#include "leeway/judged.h"
#include "leeway/point.h"
#include "leeway/reject.h"
#include "leeway/rules.h"

/* Everything that the step yields; owned by the step, valid until its next call. */
struct lw_output {
    const struct lw_judged *models; /* in the order (model, origin) */
    size_t models_n;
    const struct lw_str *warnings; /* sentences, e.g. about runs that cannot be told apart */
    size_t warnings_n;
    uint64_t duplicates;
    uint64_t rejected[LW_REJECT_COUNT]; /* datapoints that the step could not use, by reason */
    size_t runs_outside;                /* left out by since and until of the rules */
    lw_time data_end;                   /* the greatest event time seen; with until, no later than the runs inside */
    uint8_t has_data_end;
};

struct lw_step;

/* `rules` are borrowed until close. `ceiling`: bytes that the step may hold (0: 64 GiB). Judges in the thread that calls. */
LW_API LW_MUST_USE enum lw_err lw_step_open(struct lw_step **out, const struct lw_rules *rules, size_t ceiling,
                                            struct lw_fault *fault);

#define LW_STEP_THREADS_MAX 64

/* From now on up to so many threads, 1 to LW_STEP_THREADS_MAX, judge different models at the same time; the outcome is the
   same to the bit. They exist only during lw_step_end, whose thread is one of them, and each may hold results of `ceiling`
   bytes; with more than one, `next` of the rules is called by several at once. What the last lw_step_end yielded is gone.
   LW_ERR_RANGE or LW_ERR_NOMEM: nothing has changed. */
LW_API LW_MUST_USE enum lw_err lw_step_threads(struct lw_step *step, size_t threads, struct lw_fault *fault);

/* The id under which points and facts name a text. Fails with LW_ERR_NOMEM or LW_ERR_LIMIT. */
LW_API LW_MUST_USE enum lw_err lw_step_name(struct lw_step *step, struct lw_str text, uint32_t *id,
                                            struct lw_fault *fault);

/* Takes in points and facts, in any order and any batches, duplicates allowed: the outcome is the same to the bit. */
LW_API LW_MUST_USE enum lw_err lw_step_take(struct lw_step *step, const struct lw_point *points, size_t points_n,
                                            const struct lw_fact *facts, size_t facts_n, struct lw_fault *fault);

/* The input has ended: closes every run, judges every model. Nothing is held open afterwards. */
LW_API LW_MUST_USE enum lw_err lw_step_end(struct lw_step *step, struct lw_output *out, struct lw_fault *fault);

LW_API void lw_step_close(struct lw_step *step);

#endif
