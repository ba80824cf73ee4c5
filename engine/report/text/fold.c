#include "engine/report/text/fold.h"

#include <stdbool.h>

#define WHOLE_MAX  20
#define FIRST_RUNS 3
#define LAST_RUNS  10
#define AROUND     1 /* runs before and after one that an alert names */

static bool near(size_t run, uint32_t named)
{
    return named != LW_NO_RUN && run + AROUND >= named && run <= (size_t)named + AROUND;
}

static bool is_shown(const struct lw_judged *model, size_t run)
{
    if (run < FIRST_RUNS || run + LAST_RUNS >= model->runs_n)
        return true;
    if (model->runs[run].verdict == LW_VERDICT_ERROR)
        return true;
    for (size_t i = 0; i < model->alerts_n; i++) {
        const struct lw_alert *alert = &model->alerts[i];

        if (alert->state == LW_ALERT_RETRACTED)
            continue;
        if (near(run, alert->opened_run) || near(run, alert->change_run) || near(run, alert->resolved_run))
            return true;
    }
    return false;
}

size_t lw_fold_runs(const struct lw_judged *model, struct lw_fold_row *rows)
{
    size_t n = 0;

    for (size_t run = 0; run < model->runs_n;) {
        size_t end = run;
        size_t warnings = 0;

        while (model->runs_n > WHOLE_MAX && end < model->runs_n && !is_shown(model, end)) {
            warnings += model->runs[end].verdict == LW_VERDICT_WARNING;
            end++;
        }
        if (end > run + 1) {
            rows[n++] = (struct lw_fold_row){.run = run, .folded = end - run, .warnings = warnings};
            run = end;
        } else {
            rows[n++] = (struct lw_fold_row){.run = run};
            run++;
        }
    }
    return n;
}
