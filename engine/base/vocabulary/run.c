/* Reading the flat record of a closed run. It may come from a file or a network, so nothing in it is believed before
   lw_run_check has said that it fits; after that the inline readers of run.h need no checks of their own. */
#include "leeway/run.h"

#include <math.h>
#include <stdbool.h>

/* `at`..`at + n * size` lies behind the header and inside of the record. 64 bit, so that nothing wraps. */
static bool inside(const struct lw_run *run, uint32_t at, uint32_t n, size_t size)
{
    if (n == 0 && at == 0)
        return true;
    return at >= sizeof(*run) && (uint64_t)at + (uint64_t)n * size <= run->bytes;
}

static bool text_inside(const struct lw_run *run, struct lw_run_text text)
{
    return inside(run, text.at, text.len, 1);
}

static bool time_valid(uint8_t known, lw_time time)
{
    if (known > 1)
        return false;
    return !known || (time.ms >= LW_TIME_MIN && time.ms <= LW_TIME_MAX);
}

static bool header_valid(const struct lw_run *run)
{
    if (run->outcome > LW_OUTCOME_IN_PROGRESS || run->duration_source > LW_DURATION_PHASE)
        return false;
    if (!time_valid(run->has_start, run->start) || !time_valid(run->has_end, run->end) ||
        !time_valid(run->has_created, run->created) || !time_valid(run->has_metric_span, run->metrics_first) ||
        !time_valid(run->has_metric_span, run->metrics_last))
        return false;
    if (run->has_start && run->has_end && run->end.ms < run->start.ms)
        return false;
    if (run->has_metric_span && run->metrics_last.ms < run->metrics_first.ms)
        return false;
    if (run->duration.ms < 0 || run->duration.ms > LW_TIME_MAX - LW_TIME_MIN)
        return false;
    if (run->has_billable > 1 || !isfinite(run->billable_seconds) || run->billable_seconds < 0)
        return false;
    return run->has_confidence <= 1 && run->confidence >= 0 && run->confidence <= 1;
}

static bool texts_valid(const struct lw_run *run)
{
    return text_inside(run, run->origin) && text_inside(run, run->model) && text_inside(run, run->name) &&
           text_inside(run, run->failure) && text_inside(run, run->instance) && text_inside(run, run->confidence_note);
}

static bool summary_valid(const struct lw_summary *summary)
{
    const double numbers[] = {summary->samples,     summary->first,    summary->last, summary->min,
                              summary->max,         summary->mean,     summary->best, summary->stddev,
                              summary->skewness,    summary->kurtosis, summary->q05,  summary->q25,
                              summary->q50,         summary->q75,      summary->q95,  summary->slope_per_hour,
                              summary->decimal_step};

    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
        if (!isfinite(numbers[i]))
            return false;
    return summary->has_best <= 1 && summary->has_stddev <= 1 && summary->has_skewness <= 1 &&
           summary->has_kurtosis <= 1 && summary->has_slope <= 1 && summary->trend <= LW_TREND_FLAT &&
           summary->approximate <= 1 && summary->final_only <= 1 && summary->spacing >= 0;
}

static bool values_valid(const struct lw_run *run, const struct lw_metric *metric)
{
    const double *values;

    if (metric->values_n > LW_RUN_VALUES_MAX || metric->values_at % sizeof(double) != 0 ||
        !inside(run, metric->values_at, metric->values_n, sizeof(double)))
        return false;
    if (metric->values_n == 0)
        return true;
    values = lw_run_values(run, metric);
    for (uint32_t i = 0; i < metric->values_n; i++)
        if (!isfinite(values[i]) || (i > 0 && values[i] < values[i - 1]))
            return false;
    return true;
}

static bool metrics_valid(const struct lw_run *run)
{
    const struct lw_metric *metrics;

    if (run->metrics_at % _Alignof(struct lw_metric) != 0 ||
        !inside(run, run->metrics_at, run->metrics_n, sizeof(struct lw_metric)))
        return false;
    metrics = lw_run_metrics(run);
    for (uint32_t i = 0; i < run->metrics_n; i++) {
        if (!text_inside(run, metrics[i].name) || !summary_valid(&metrics[i].summary) ||
            !values_valid(run, &metrics[i]))
            return false;
        if (i > 0 && lw_str_compare(lw_run_str(run, metrics[i - 1].name), lw_run_str(run, metrics[i].name)) >= 0)
            return false;
    }
    return true;
}

enum lw_err lw_run_check(const void *bytes, size_t n)
{
    const struct lw_run *run = bytes;

    if (n < sizeof(*run) || (uintptr_t)bytes % _Alignof(struct lw_run) != 0)
        return LW_ERR_STATE;
    if (run->version != LW_RUN_VERSION || run->bytes != n)
        return LW_ERR_STATE;
    if (!header_valid(run) || !texts_valid(run) || !metrics_valid(run))
        return LW_ERR_STATE;
    return LW_ERR_OK;
}

const struct lw_metric *lw_run_metric(const struct lw_run *run, struct lw_str name)
{
    const struct lw_metric *metrics = lw_run_metrics(run);
    uint32_t low = 0, high = run->metrics_n;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        int order = lw_str_compare(lw_run_str(run, metrics[middle].name), name);

        if (order == 0)
            return &metrics[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

int lw_run_order(const struct lw_run *a, const struct lw_run *b)
{
    if (a->has_end != b->has_end)
        return a->has_end ? -1 : 1;
    if (a->has_end && a->end.ms != b->end.ms)
        return a->end.ms < b->end.ms ? -1 : 1;
    return lw_str_compare(lw_run_str(a, a->name), lw_run_str(b, b->name));
}
