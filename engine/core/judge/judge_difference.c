#include "engine/base/fault.h"
#include "engine/core/judge/judge.h"
#include "engine/core/judge/judge_issued.h"

enum lw_err lw_judge_difference(const struct lw_judged *before, const struct lw_judged *after, struct lw_arena *arena,
                                const struct lw_alert_event **events, size_t *n, struct lw_fault *fault)
{
    size_t issued_n = before ? before->alerts_n : 0;
    struct lw_issued *issued = lw_arena_array(arena, issued_n, sizeof(*issued));

    if (!issued)
        return lw_fault_memory(fault, "the difference of two judgements");
    for (size_t i = 0; i < issued_n; i++)
        issued[i] = lw_judge_issued_of(before, lw_judge_issued_last(before, &before->alerts[i]));
    return lw_judge_issued_difference(issued, issued_n, after, arena, events, n, fault);
}
