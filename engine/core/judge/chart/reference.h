/* What is worked out of the values of a series and kept from run to run: as a rule one value has come since, and perhaps
   one has gone. */
#ifndef LEEWAY_ENGINE_CORE_JUDGE_CHART_REFERENCE_H
#define LEEWAY_ENGINE_CORE_JUDGE_CHART_REFERENCE_H

#include "engine/core/judge/fold.h"

/* Says what value i is to its chart from now on. */
void lw_reference_put(struct lw_fold *fold, uint32_t series, uint32_t i, enum lw_place place);

/* The values, reference or judged, from the value `from` on as a line without holes. NULL when memory is out. */
struct lw_line *lw_reference_line(struct lw_fold *fold, uint32_t series, uint32_t from);

/* The moments of the values `from` up to `to` that are not left out, in the user's units. */
struct lw_level lw_reference_level(struct lw_fold *fold, uint32_t series, uint32_t from, uint32_t to);

#endif
