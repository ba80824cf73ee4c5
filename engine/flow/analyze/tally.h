/* What was not used, by reason, with the place of the first. */
#ifndef LEEWAY_ENGINE_FLOW_ANALYZE_TALLY_H
#define LEEWAY_ENGINE_FLOW_ANALYZE_TALLY_H

#include "engine/base/arena.h"
#include "engine/report/report.h"

#include <stdbool.h>

struct lw_tally {
    struct lw_report_reject rows[LW_REJECT_COUNT]; /* by reason; count 0: none */
};

/* Counts one. `file` must live as long as the tally; `detail` (may be NULL) is copied. false when memory is out. */
LW_MUST_USE bool lw_tally_add(struct lw_tally *tally, enum lw_reject reason, struct lw_str file, uint64_t line,
                              const char *detail, struct lw_arena *arena);
/* Counts n more without a place. */
void lw_tally_count(struct lw_tally *tally, enum lw_reject reason, uint64_t n);
/* The rows with a count, in order; `rows` has room for LW_REJECT_COUNT. */
size_t lw_tally_rows(const struct lw_tally *tally, struct lw_report_reject *rows);
/* Whether such a record is wrong in itself, and not only left out: what --strict stops at. */
bool lw_tally_is_bad(enum lw_reject reason);

#endif
