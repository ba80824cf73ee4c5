#include "engine/core/gather/window.h"

#include <stdbool.h>

static bool contains(const struct lw_rules *rules, const struct lw_run *run)
{
    if (!run->has_end)
        return true;
    return (!rules->has_since || run->end.ms >= rules->since.ms) &&
           (!rules->has_until || run->end.ms < rules->until.ms);
}

static uint64_t datapoints_of(const struct lw_run *run)
{
    uint64_t n = 0;

    for (uint32_t i = 0; i < run->metrics_n; i++)
        n += lw_run_metrics(run)[i].summary.count;
    return n > 0 ? n : 1;
}

/* What is kept of all models. */
struct kept {
    struct lw_history *models;
    const struct lw_run **runs; /* the next free place */
    size_t models_n, runs_n;
    uint64_t datapoints; /* of those left out */
    lw_time end;
    bool has_end;
};

static void keep_run(struct kept *kept, const struct lw_run *run)
{
    kept->runs[kept->runs_n++] = run;
    if (!run->has_end || (kept->has_end && run->end.ms <= kept->end.ms))
        return;
    kept->end = run->end;
    kept->has_end = true;
}

static void keep_model(struct kept *kept, const struct lw_rules *rules, const struct lw_history *history)
{
    const size_t first = kept->runs_n;
    struct lw_history *model = &kept->models[kept->models_n];

    for (size_t i = 0; i < history->runs_n; i++) {
        if (contains(rules, history->runs[i]))
            keep_run(kept, history->runs[i]);
        else
            kept->datapoints += datapoints_of(history->runs[i]);
    }
    if (kept->runs_n == first && history->runs_n > 0)
        return;
    *model = *history;
    model->runs = kept->runs + first;
    model->runs_n = kept->runs_n - first;
    kept->models_n++;
}

enum lw_err lw_window_apply(const struct lw_rules *rules, struct lw_histories *histories, struct lw_arena *arena,
                            size_t *left_out)
{
    struct kept kept = {.models_n = 0};
    size_t runs_n = 0;

    *left_out = 0;
    if (!rules->has_since && !rules->has_until)
        return LW_ERR_OK;
    for (size_t i = 0; i < histories->models_n; i++)
        runs_n += histories->models[i].runs_n;
    kept.models = lw_arena_array(arena, histories->models_n, sizeof(*kept.models));
    kept.runs = lw_arena_array(arena, runs_n, sizeof(const struct lw_run *));
    if (kept.models == NULL || kept.runs == NULL)
        return LW_ERR_NOMEM;
    for (size_t i = 0; i < histories->models_n; i++)
        keep_model(&kept, rules, &histories->models[i]);
    histories->models = kept.models;
    histories->models_n = kept.models_n;
    histories->rejected[LW_REJECT_OUTSIDE_WINDOW] += kept.datapoints;
    *left_out = runs_n - kept.runs_n;
    /* What came later belongs to runs that are left out: that nothing else came is no silence. */
    if (rules->has_until && histories->has_data_end && histories->data_end.ms >= rules->until.ms) {
        histories->data_end = kept.end;
        histories->has_data_end = kept.has_end;
    }
    return LW_ERR_OK;
}
