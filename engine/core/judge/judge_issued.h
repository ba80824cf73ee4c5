/* What was told of alerts, without the history in which it was found: runs by name. */
#ifndef LEEWAY_ENGINE_CORE_JUDGE_JUDGE_ISSUED_H
#define LEEWAY_ENGINE_CORE_JUDGE_JUDGE_ISSUED_H

#include "engine/base/arena.h"
#include "leeway/judged.h"

#include <stdbool.h>

/* An alert as it was told last. */
struct lw_issued {
    struct lw_alert alert; /* its run indices count nothing */
    struct lw_str opened_run, change_run, resolved_run;
    lw_time opened_end;
    bool has_opened_end;
    bool beyond; /* opened before the first run that is known now: stays as it is */
};

/* The alert with the names of its runs in `judged`. */
struct lw_issued lw_judge_issued_of(const struct lw_judged *judged, const struct lw_alert *alert);

/* The alert as it was told last: the alerts of a judgement are as they stand today, and that changes with every run. */
const struct lw_alert *lw_judge_issued_last(const struct lw_judged *judged, const struct lw_alert *alert);

/* The events that lead from what was issued to `after`; in `arena`. */
LW_MUST_USE enum lw_err lw_judge_issued_difference(const struct lw_issued *issued, size_t issued_n,
                                                   const struct lw_judged *after, struct lw_arena *arena,
                                                   const struct lw_alert_event **events, size_t *n,
                                                   struct lw_fault *fault);

#endif
