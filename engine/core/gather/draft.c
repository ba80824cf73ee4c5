#include "engine/core/gather/draft.h"

#include "engine/base/fault.h"

#include <assert.h>
#include <stdlib.h>

void lw_draft_begin(struct lw_draft *draft)
{
    struct lw_scratch metrics = draft->metrics, values = draft->values;

    *draft = (struct lw_draft){.metrics = metrics, .values = values};
}

bool lw_draft_metric(struct lw_draft *draft, struct lw_str name, const struct lw_summary *summary, const double *values,
                     uint32_t values_n, struct lw_memory *memory)
{
    if (!lw_memory_extend(memory, &draft->metrics, draft->metrics_n + 1, sizeof(struct lw_draft_metric)) ||
        !lw_memory_extend(memory, &draft->values, draft->values_n + values_n + 1, sizeof(double)))
        return false;
    if (values_n > 0)
        memcpy((double *)draft->values.at + draft->values_n, values, values_n * sizeof(*values));
    ((struct lw_draft_metric *)draft->metrics.at)[draft->metrics_n] =
        (struct lw_draft_metric){.name = name, .summary = *summary, .values_at = draft->values_n, .values_n = values_n};
    draft->metrics_n++;
    draft->values_n += values_n;
    return true;
}

static int by_name(const void *a, const void *b)
{
    return lw_str_compare(((const struct lw_draft_metric *)a)->name, ((const struct lw_draft_metric *)b)->name);
}

static struct lw_run_text put_text(char *record, size_t *at, struct lw_str text)
{
    struct lw_run_text put = {0};

    if (text.len == 0)
        return put;
    put = (struct lw_run_text){(uint32_t)*at, (uint32_t)text.len};
    memcpy(record + *at, text.at, text.len);
    *at += text.len;
    return put;
}

static void fill(struct lw_draft *draft, char *record, size_t values_at, size_t texts_at)
{
    struct lw_run *run = (struct lw_run *)(void *)record;
    struct lw_metric *metrics = (struct lw_metric *)(void *)(record + sizeof(*run));
    const struct lw_draft_metric *drafts = draft->metrics.at;

    run->origin = put_text(record, &texts_at, draft->origin);
    run->model = put_text(record, &texts_at, draft->model);
    run->name = put_text(record, &texts_at, draft->name);
    run->failure = put_text(record, &texts_at, draft->failure);
    run->instance = put_text(record, &texts_at, draft->instance);
    run->confidence_note = put_text(record, &texts_at, draft->note);
    for (size_t i = 0; i < draft->metrics_n; i++) {
        metrics[i].name = put_text(record, &texts_at, drafts[i].name);
        metrics[i].summary = drafts[i].summary;
        metrics[i].values_n = drafts[i].values_n;
        metrics[i].values_at = (uint32_t)values_at;
        if (drafts[i].values_n > 0)
            memcpy(record + values_at, (double *)draft->values.at + drafts[i].values_at,
                   drafts[i].values_n * sizeof(double));
        values_at += drafts[i].values_n * sizeof(double);
    }
}

enum lw_err lw_draft_record(struct lw_draft *draft, struct lw_arena *arena, const struct lw_run **out,
                            struct lw_fault *fault)
{
    struct lw_draft_metric *drafts = draft->metrics.at;
    size_t values_at = sizeof(struct lw_run) + draft->metrics_n * sizeof(struct lw_metric);
    size_t texts_at = values_at + draft->values_n * sizeof(double);
    size_t bytes = texts_at + draft->origin.len + draft->model.len + draft->name.len + draft->failure.len +
                   draft->instance.len + draft->note.len;
    char *record;

    if (draft->metrics_n > 1)
        qsort(drafts, draft->metrics_n, sizeof(*drafts), by_name);
    for (size_t i = 0; i < draft->metrics_n; i++)
        bytes += drafts[i].name.len;
    bytes = (bytes + 7) / 8 * 8;
    if (bytes > UINT32_MAX)
        return lw_fault_set(fault, LW_ERR_LIMIT, "a run has too many metrics (%zu) for one record of 4 GiB",
                            draft->metrics_n);
    record = lw_arena_take(arena, bytes);
    if (record == NULL)
        return lw_fault_memory(fault, "the record of a run");
    draft->run.bytes = (uint32_t)bytes;
    draft->run.version = LW_RUN_VERSION;
    draft->run.metrics_at = (uint32_t)sizeof(struct lw_run);
    draft->run.metrics_n = (uint32_t)draft->metrics_n;
    memcpy(record, &draft->run, sizeof(draft->run));
    fill(draft, record, values_at, texts_at);
    assert(lw_run_check(record, bytes) == LW_ERR_OK);
    *out = (const struct lw_run *)(void *)record;
    return LW_ERR_OK;
}

void lw_draft_clear(struct lw_draft *draft, struct lw_memory *memory)
{
    lw_memory_drop(memory, &draft->metrics);
    lw_memory_drop(memory, &draft->values);
}
