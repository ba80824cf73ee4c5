#include "leeway/budget.h"

#include <math.h>

#define METRICS 0.5
#define LABOUR  0.25
#define RHYTHM  0.25

static void divide_metrics(const struct lw_budget_charts *charts, struct lw_budget *budget)
{
    uint64_t items = (uint64_t)charts->metrics + charts->generalization_gaps;
    double part = items > 0 ? METRICS / (double)items : 0.0;

    if (charts->metrics > 0) {
        budget->metric_cusum = budget->curve = part / 2.0;
        budget->metric_cusum_alone = part;
    }
    if (charts->generalization_gaps > 0)
        budget->generalization_gap = part;
}

static void divide_labour(const struct lw_budget_charts *charts, struct lw_budget *budget)
{
    double part = charts->duration && charts->cost ? LABOUR / 2.0 : LABOUR;

    budget->duration = charts->duration ? part : 0.0;
    budget->cost = charts->cost ? part : 0.0;
}

static void divide_rhythm(double runs, const struct lw_budget_charts *charts, struct lw_budget *budget)
{
    double most = charts->gap ? RHYTHM / 2.0 : RHYTHM;

    if (charts->overdue) {
        budget->overdue_tail = fmin(LW_BUDGET_OVERDUE_TAIL, most / runs);
        budget->overdue = budget->overdue_tail * runs;
    }
    if (charts->gap)
        budget->gap_cusum = budget->gap_changepoint = (RHYTHM - budget->overdue) / 2.0;
}

enum lw_err lw_budget_divide(double runs, const struct lw_budget_charts *charts, struct lw_budget *budget)
{
    struct lw_budget divided = {0};

    if (!isfinite(runs) || !(runs > 1.0))
        return LW_ERR_RANGE;
    divide_metrics(charts, &divided);
    divide_labour(charts, &divided);
    divide_rhythm(runs, charts, &divided);
    *budget = divided;
    return LW_ERR_OK;
}

double lw_budget_run_length(double runs, double weight)
{
    return runs / weight;
}

double lw_budget_hazard(double runs, double weight)
{
    return weight / runs;
}
