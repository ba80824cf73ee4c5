/* The metrics of a model in the order in which people want to see them. */
#ifndef LEEWAY_ENGINE_REPORT_TEXT_METRIC_LIST_H
#define LEEWAY_ENGINE_REPORT_TEXT_METRIC_LIST_H

#include "leeway/judged.h"

#include <stdbool.h>

#define LW_METRIC_LIST_MAX 12

/* Fills `names` with up to LW_METRIC_LIST_MAX metrics that occur in any run: the primary one, those that alerts name, those
   of the validation or test data, those of training, the rest, those without a good or bad direction; each by name. Returns how many; `others`: how many more there are. */
size_t lw_metric_list(const struct lw_judged *model, struct lw_str names[LW_METRIC_LIST_MAX], size_t *others);

/* Whether the final values and the duration of such a run are charted: what failed, was stopped or broke off has none. */
bool lw_metric_charted(enum lw_outcome outcome);

#endif
