#include "tests/kit/runs.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct kit_metric *)a)->name, ((const struct kit_metric *)b)->name);
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;

    return (x > y) - (x < y);
}

static double type_7(const double *sorted, size_t n, double p)
{
    double at = p * (double)(n - 1);
    size_t low = (size_t)at;

    return low + 1 >= n ? sorted[n - 1] : sorted[low] + (at - (double)low) * (sorted[low + 1] - sorted[low]);
}

static struct lw_run_text text(char *record, size_t *at, const char *from)
{
    struct lw_run_text where = {.at = (uint32_t)*at, .len = (uint32_t)(from ? strlen(from) : 0)};

    if (from)
        memcpy(record + *at, from, where.len);
    *at += where.len;
    return where;
}

static void summarise(struct lw_metric *metric, const struct kit_metric *from, double *sorted)
{
    struct lw_summary *summary = &metric->summary;
    double sum = 0.0;
    double squares = 0.0;

    summary->not_a_number = from->not_a_number;
    if (from->n == 0)
        return;
    for (size_t i = 0; i < from->n; i++) {
        sorted[i] = from->values[i];
        sum += from->values[i];
    }
    qsort(sorted, from->n, sizeof(*sorted), by_value);
    summary->count = from->n;
    summary->samples = (double)from->n;
    summary->first = from->values[0];
    summary->last = from->values[from->n - 1];
    summary->min = sorted[0];
    summary->max = sorted[from->n - 1];
    summary->mean = sum / (double)from->n;
    for (size_t i = 0; i < from->n; i++)
        squares += (sorted[i] - summary->mean) * (sorted[i] - summary->mean);
    summary->has_stddev = from->n > 1;
    summary->stddev = from->n > 1 ? sqrt(squares / (double)(from->n - 1)) : 0.0;
    summary->q05 = type_7(sorted, from->n, 0.05);
    summary->q25 = type_7(sorted, from->n, 0.25);
    summary->q50 = type_7(sorted, from->n, 0.50);
    summary->q75 = type_7(sorted, from->n, 0.75);
    summary->q95 = type_7(sorted, from->n, 0.95);
    summary->decimal_step = from->step > 0.0 ? from->step : 1e-4;
}

struct lw_run *kit_run_make(const struct kit_run *from)
{
    size_t texts = (from->name ? strlen(from->name) : 0) + (from->instance ? strlen(from->instance) : 0) +
                   (from->failure ? strlen(from->failure) : 0) + 5;
    size_t values = 0;
    size_t at;
    size_t bytes;
    char *record;
    struct lw_run *run;
    struct lw_metric *metrics;
    struct kit_metric *sorted = calloc(from->metrics_n + 1, sizeof(*sorted));

    assert(sorted);
    for (size_t i = 0; i < from->metrics_n; i++) {
        sorted[i] = from->metrics[i];
        values += from->metrics[i].n;
        texts += strlen(from->metrics[i].name);
    }
    qsort(sorted, from->metrics_n, sizeof(*sorted), by_name);
    at = sizeof(*run) + from->metrics_n * sizeof(*metrics);
    bytes = (at + values * sizeof(double) + texts + 7) & ~(size_t)7;
    record = calloc(1, bytes);
    assert(record);
    run = (struct lw_run *)(void *)record;
    metrics = (struct lw_metric *)(void *)(record + sizeof(*run));
    run->bytes = (uint32_t)bytes;
    run->version = LW_RUN_VERSION;
    run->metrics_at = sizeof(*run);
    run->metrics_n = (uint32_t)from->metrics_n;
    for (size_t i = 0; i < from->metrics_n; i++) {
        metrics[i].values_at = (uint32_t)at;
        metrics[i].values_n = (uint32_t)sorted[i].n;
        summarise(&metrics[i], &sorted[i], (double *)(void *)(record + at));
        at += sorted[i].n * sizeof(double);
    }
    for (size_t i = 0; i < from->metrics_n; i++)
        metrics[i].name = text(record, &at, sorted[i].name);
    run->model = text(record, &at, "model");
    run->name = text(record, &at, from->name);
    run->instance = text(record, &at, from->instance);
    run->failure = text(record, &at, from->failure);
    run->instance_count = from->instance_count ? from->instance_count : 1;
    run->flags = from->flags;
    run->outcome = (uint8_t)from->outcome;
    if (from->start || from->end) {
        run->has_start = 1;
        run->has_end = 1;
        run->start.ms = from->start;
        run->end.ms = from->end;
        run->duration.ms = from->duration > 0.0 ? (int64_t)(from->duration * 1000.0) : from->end - from->start;
        run->duration_source = (uint8_t)(from->source ? from->source : LW_DURATION_LOG);
    } else {
        run->flags |= LW_RUN_STEPS;
    }
    run->has_billable = from->billable > 0.0;
    run->billable_seconds = from->billable;
    free(sorted);
    return run;
}

void kit_history_add(struct kit_history *history, const struct kit_run *run)
{
    struct kit_run named = *run;
    char name[32];

    if (history->n == history->capacity) {
        history->capacity = history->capacity ? 2 * history->capacity : 64;
        history->runs = realloc(history->runs, history->capacity * sizeof(struct lw_run *));
        assert(history->runs);
    }
    if (!named.name) {
        (void)snprintf(name, sizeof(name), "run-%04zu", history->n);
        named.name = name;
    }
    history->runs[history->n++] = kit_run_make(&named);
}

void kit_history_close(struct kit_history *history)
{
    for (size_t i = 0; i < history->n; i++)
        free(history->runs[i]);
    free(history->runs);
    *history = (struct kit_history){0};
}
