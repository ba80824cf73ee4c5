#include "engine/base/fault.h"
#include "engine/core/live.h"
#include "engine/core/live/live_record.h"

/* Whether the run at which it opened stood before the first one that is still known. */
static bool opened_before(const struct lw_issued *issued, const struct lw_judged *judged)
{
    const struct lw_run *first;

    if (judged->runs_n == 0)
        return true;
    for (size_t i = 0; i < judged->runs_n; i++)
        if (lw_str_equal(lw_run_str(judged->runs[i].run, judged->runs[i].run->name), issued->opened_run))
            return false;
    first = judged->runs[0].run;
    if (!issued->has_opened_end || !first->has_end)
        return false;
    return issued->opened_end.ms < first->end.ms ||
           (issued->opened_end.ms == first->end.ms &&
            lw_str_compare(issued->opened_run, lw_run_str(first, first->name)) < 0);
}

/* What was told before, with what is told now. */
static size_t apply(const struct lw_judged *judged, const struct lw_alert_event *events, size_t events_n,
                    struct lw_issued *all, size_t n)
{
    for (size_t i = 0; i < events_n; i++) {
        struct lw_issued now = lw_judge_issued_of(judged, &events[i].alert);
        size_t k = 0;

        while (k < n && strcmp(all[k].alert.id, now.alert.id) != 0)
            k++;
        /* What is taken back may name runs that are no longer there. */
        if (events[i].transition == LW_TRANSITION_RETRACT && k < n) {
            now.opened_run = all[k].opened_run;
            now.change_run = all[k].change_run;
            now.resolved_run = all[k].resolved_run;
            now.opened_end = all[k].opened_end;
            now.has_opened_end = all[k].has_opened_end;
        }
        all[k] = now;
        n += k == n;
    }
    return n;
}

enum lw_err lw_live_difference(struct lw_str told, const struct lw_judged *judged, struct lw_arena *arena,
                               const struct lw_alert_event **events, size_t *events_n, struct lw_buf *after,
                               struct lw_fault *fault)
{
    const struct lw_alert_event *made = NULL;
    struct lw_issued *issued, *all;
    size_t issued_n, made_n = 0, n;
    enum lw_err err = lw_live_record_read(told, arena, &issued, &issued_n, fault);

    if (err != LW_ERR_OK)
        return err;
    for (size_t i = 0; i < issued_n; i++)
        issued[i].beyond = opened_before(&issued[i], judged);
    err = lw_judge_issued_difference(issued, issued_n, judged, arena, &made, &made_n, fault);
    if (err != LW_ERR_OK)
        return err;
    all = lw_arena_array(arena, issued_n + made_n, sizeof(*all));
    if (all == NULL)
        return lw_fault_memory(fault, "what was told of alerts");
    if (issued_n > 0)
        memcpy(all, issued, issued_n * sizeof(*all));
    n = apply(judged, made, made_n, all, issued_n);
    err = lw_live_record_write(all, n, after, fault);
    if (err != LW_ERR_OK)
        return err;
    *events = made;
    *events_n = made_n;
    return LW_ERR_OK;
}

enum lw_err lw_live_told(struct lw_str told, struct lw_arena *arena, const struct lw_told_alert **alerts, size_t *n,
                         struct lw_fault *fault)
{
    struct lw_issued *issued;
    struct lw_told_alert *all;
    size_t issued_n;
    enum lw_err err = lw_live_record_read(told, arena, &issued, &issued_n, fault);

    if (err != LW_ERR_OK)
        return err;
    all = lw_arena_array(arena, issued_n, sizeof(*all));
    if (all == NULL)
        return lw_fault_memory(fault, "what was told of alerts");
    for (size_t i = 0; i < issued_n; i++)
        all[i] = (struct lw_told_alert){.alert = issued[i].alert,
                                        .opened_run = issued[i].opened_run,
                                        .change_run = issued[i].change_run,
                                        .resolved_run = issued[i].resolved_run,
                                        .opened_end = issued[i].opened_end,
                                        .has_opened_end = issued[i].has_opened_end};
    *alerts = all;
    *n = issued_n;
    return LW_ERR_OK;
}
