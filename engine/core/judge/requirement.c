#include "engine/core/judge/requirement.h"

#include "engine/core/judge/case.h"

static bool holds(enum lw_compare compare, double value, double bound)
{
    switch (compare) {
    case LW_COMPARE_GE:
        return value >= bound;
    case LW_COMPARE_GT:
        return value > bound;
    case LW_COMPARE_LE:
        return value <= bound;
    case LW_COMPARE_LT:
        return value < bound;
    }
    return true;
}

/* The value that the rule speaks of, if this run has it. */
static bool value_of(const struct lw_fold *fold, struct lw_str series, uint32_t run, double *value)
{
    const struct lw_run *the = fold->runs[run];
    const struct lw_decision *decision = &fold->decisions[run];
    const struct lw_metric *metric;

    if (lw_str_equal(series, LW_STR("duration"))) {
        *value = (double)the->duration.ms / 1000.0;
        return the->duration_source != LW_DURATION_NONE && lw_fold_is_success(decision->outcome);
    }
    if (lw_str_equal(series, LW_STR("gap"))) {
        *value = (double)decision->gap / 1000.0;
        return decision->has_gap != 0;
    }
    if (lw_str_equal(series, LW_STR("cost"))) {
        *value = decision->cost;
        return decision->has_cost != 0;
    }
    if (!lw_fold_is_success(decision->outcome) || (the->flags & LW_RUN_INTERLEAVED))
        return false;
    metric = lw_run_metric(the, series);
    if (!metric || metric->summary.count == 0)
        return false;
    *value = metric->summary.last;
    return true;
}

static void break_rule(struct lw_fold *fold, uint32_t rule, uint32_t run, double value)
{
    enum lw_compare compare = fold->rules->requirements[rule].compare;
    struct lw_case *the;
    uint32_t index;

    if (fold->requirements[rule].broken) {
        fold->cases[fold->requirements[rule].broken - 1].after = value;
        return;
    }
    index =
        lw_case_open(fold, LW_ALERT_THRESHOLD, LW_IMPACT_WORSE, LW_SEVERITY_PAGE, LW_DETECT_THRESHOLD, run, rule + 1);
    if (index == LW_FOLD_NONE)
        return;
    the = &fold->cases[index];
    the->change_run = run;
    the->direction = compare == LW_COMPARE_GE || compare == LW_COMPARE_GT ? LW_DIRECTION_DOWN : LW_DIRECTION_UP;
    the->has_before = fold->requirements[rule].kept_n > 0;
    the->before = fold->requirements[rule].kept;
    the->has_after = 1;
    the->after = value;
    fold->requirements[rule].broken = index + 1;
}

void lw_requirement_see(struct lw_fold *fold, uint32_t run)
{
    for (uint32_t i = 0; i < fold->rules->requirements_n && fold->error == LW_ERR_OK; i++) {
        const struct lw_requirement *rule = &fold->rules->requirements[i];
        struct lw_remark *remark;
        double value;
        bool kept;

        if (!value_of(fold, rule->series, run, &value))
            continue;
        kept = holds(rule->compare, value, rule->bound);
        remark = lw_fold_remark(fold, LW_DETECT_THRESHOLD, LW_FOLD_NONE, run, kept ? LW_VERDICT_OK : LW_VERDICT_DRIFT,
                                kept ? LW_REMARK_HOLDS : LW_REMARK_BROKEN);
        remark->requirement = i + 1;
        remark->statistic = value;
        remark->threshold = rule->bound;
        remark->known = LW_REMARK_STATISTIC | LW_REMARK_THRESHOLD;
        if (!kept) {
            break_rule(fold, i, run, value);
            continue;
        }
        fold->requirements[i].kept = value;
        fold->requirements[i].kept_n++;
        if (fold->requirements[i].broken)
            lw_case_close(fold, fold->requirements[i].broken - 1, LW_ALERT_RESOLVED, run);
        fold->requirements[i].broken = 0;
    }
}
