/* The second half of the step: a pure fold over the closed runs of one model, in the order (end, name). */
#ifndef LEEWAY_ENGINE_CORE_JUDGE_JUDGE_H
#define LEEWAY_ENGINE_CORE_JUDGE_JUDGE_H

#include "engine/base/arena.h"
#include "engine/base/buf.h"
#include "leeway/judged.h"
#include "leeway/rules.h"

#include <stdbool.h>

/* What is bounded: 64 metrics of a model are charted (further ones are counted, and a finding says so); a curve is compared
   with at most 63 others, by at most 512 of its values, evenly thinned; values beyond 1e150 count as that. Working memory
   for one model: 24 bytes per value of a series, 112 per finding, 8 GiB at most. */

/* Judging needs thresholds (cached) and scratch memory; one of these serves any number of models. */
struct lw_judge;

LW_MUST_USE enum lw_err lw_judge_open(struct lw_judge **out, const struct lw_rules *rules, struct lw_fault *fault);

/* Judges a whole history from its start. `end_of_data`: greatest event time of the whole input; the clock-driven alerts
   are judged up to rules->now or, without it, up to there. The result lies in `arena`. */
LW_MUST_USE enum lw_err lw_judge_model(struct lw_judge *judge, struct lw_str origin, struct lw_str model,
                                       const struct lw_run *const *runs, size_t n, lw_time end_of_data,
                                       struct lw_arena *arena, struct lw_judged *out, struct lw_fault *fault);

/* The same in pieces, for who must not be away for long: begin, some until *done, end. One model at a time; what is borrowed
   at begin stays as it is until the end. Beginning anew gives up what was begun. */
LW_MUST_USE enum lw_err lw_judge_begin(struct lw_judge *judge, struct lw_str origin, struct lw_str model,
                                       const struct lw_run *const *runs, size_t n, struct lw_fault *fault);
/* At most `runs` more of them. */
LW_MUST_USE enum lw_err lw_judge_some(struct lw_judge *judge, size_t runs, bool *done, struct lw_fault *fault);
LW_MUST_USE enum lw_err lw_judge_end(struct lw_judge *judge, lw_time end_of_data, struct lw_arena *arena,
                                     struct lw_judged *out, struct lw_fault *fault);

/* The same from a checkpoint: `state` is what an earlier call left after the first k runs of the same history (empty: from
   the start). After the call it is the checkpoint after n runs. Results are those of lw_judge_model, bit for bit.
   LW_ERR_STATE when the state is damaged or does not fit the history; nothing has changed then. */
LW_MUST_USE enum lw_err lw_judge_resume(struct lw_judge *judge, struct lw_str origin, struct lw_str model,
                                        const struct lw_run *const *runs, size_t n, lw_time end_of_data,
                                        struct lw_buf *state, struct lw_arena *arena, struct lw_judged *out,
                                        struct lw_fault *fault);

/* The difference between what was issued and what a new judgement says: opened, updated, retracted (with the reason).
   `before` may be NULL. The events lie in `arena`. */
LW_MUST_USE enum lw_err lw_judge_difference(const struct lw_judged *before, const struct lw_judged *after,
                                            struct lw_arena *arena, const struct lw_alert_event **events, size_t *n,
                                            struct lw_fault *fault);
void lw_judge_close(struct lw_judge *judge);

#endif
