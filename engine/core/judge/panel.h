/* Several judges, who judge different models at the same time. What they find hangs on neither their number nor who takes
   which model: each has thresholds and memory of his own, and a model is judged by one of them from its start to its end. */
#ifndef LEEWAY_ENGINE_CORE_JUDGE_PANEL_H
#define LEEWAY_ENGINE_CORE_JUDGE_PANEL_H

#include "engine/core/gather/gather.h"
#include "leeway/step.h"

struct lw_panel;

/* `judges`: from 1 to LW_STEP_THREADS_MAX, of which no more are set to work than there are models; with one of them everything
   happens in the thread that calls. `rules` are borrowed until close. `ceiling`: bytes that the results of each judge may
   take. LW_ERR_RANGE: another number of judges, or rules that cannot be kept. LW_ERR_NOMEM. */
LW_MUST_USE enum lw_err lw_panel_open(struct lw_panel **out, const struct lw_rules *rules, size_t judges,
                                      size_t ceiling, struct lw_fault *fault);

/* judged[i] is the judgement of histories->models[i]; what it points to is the panel's, until the next call. Where the system
   gives no more threads, those that there are do all of it. A failure is that of the first model, in their order, which
   cannot be judged. */
LW_MUST_USE enum lw_err lw_panel_judge(struct lw_panel *panel, const struct lw_histories *histories,
                                       struct lw_judged *judged, struct lw_fault *fault);

void lw_panel_close(struct lw_panel *panel);

#endif
