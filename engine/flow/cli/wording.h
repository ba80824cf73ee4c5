/* The small languages of option values: "validation:accuracy >= 0.8", "1 per 370 runs", "metric=0.005,loss=5%". */
#ifndef LEEWAY_ENGINE_FLOW_CLI_WORDING_H
#define LEEWAY_ENGINE_FLOW_CLI_WORDING_H

#include "leeway/rules.h"
#include "leeway/str.h"

#include <stdbool.h>

struct lw_str lw_wording_trim(struct lw_str text);
/* Takes the part up to the next comma off `rest`. */
struct lw_str lw_wording_part(struct lw_str *rest);
/* How many parts there are. */
size_t lw_wording_parts(struct lw_str text);

/* These return false, and may have changed their output, when the text is not of the form. */

/* SERIES OPERATOR NUMBER with >=, >, <=, <; duration and gap also take a span ("15m"), which becomes seconds. */
bool lw_wording_requirement(struct lw_str text, struct lw_requirement *requirement);
/* INSTANCE=PRICE */
bool lw_wording_price(struct lw_str text, struct lw_price *price);
/* "1 per 370 runs", "1 per 500", "2 per 1000 runs", "1/500": runs for one alarm. */
bool lw_wording_budget(struct lw_str text, double *runs);
/* "0.01" (metrics in 0..1), or a list of metric=, loss=, duration=; "5%" is 0.05. What is not named stays. */
bool lw_wording_ignore(struct lw_str text, struct lw_ignore_below *ignore);

#endif
