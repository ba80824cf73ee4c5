#include "engine/flow/service/lists.h"

#include "engine/base/fault.h"
#include "engine/base/json/json_out.h"
#include "engine/flow/people/people.h"

#define ARENA_MAX ((size_t)512 << 20)

static void put(struct lw_json_out *out, const char *key, struct lw_str text)
{
    lw_json_key(out, key);
    lw_json_str(out, text);
}

static bool is_asked(const struct lw_store_model *model, struct lw_str origin)
{
    return origin.len == 0 || lw_str_equal(model->origin, origin);
}

/* One row per model. */
struct models {
    struct lw_json_out out;
    struct lw_str origin;
    uint32_t left;
};

static enum lw_err write_model(void *self, const struct lw_store_model *model, struct lw_fault *fault)
{
    struct models *models = self;
    struct lw_json_out *out = &models->out;

    (void)fault;
    if (models->left == 0 || !is_asked(model, models->origin))
        return LW_ERR_OK;
    models->left--;
    lw_json_object(out);
    put(out, "origin", model->origin);
    put(out, "model", model->model);
    put(out, "last_run", model->last_run);
    lw_json_key(out, "runs");
    lw_json_uint(out, model->runs);
    if (model->has_last_end) {
        lw_json_key(out, "last_end");
        lw_json_time(out, model->last_end);
    }
    put(out, "verdict", lw_str_from(lw_verdict_name(model->verdict)));
    lw_json_object_end(out);
    return LW_ERR_OK;
}

static enum lw_err list_models(struct lw_store *store, struct lw_str origin, uint32_t limit, struct lw_buf *buf,
                               struct lw_fault *fault)
{
    struct models models = {.out = {.buf = buf}, .origin = origin, .left = limit};
    enum lw_err err;

    lw_json_object(&models.out);
    lw_json_key(&models.out, "models");
    lw_json_array(&models.out);
    err = lw_store_models(store, write_model, &models, fault);
    lw_json_array_end(&models.out);
    lw_json_object_end(&models.out);
    return err;
}

/* The runs of one model. */
static void write_run(struct lw_json_out *out, const struct lw_run *run)
{
    const struct lw_metric *metrics = lw_run_metrics(run);

    lw_json_object(out);
    put(out, "origin", lw_run_str(run, run->origin));
    put(out, "model", lw_run_str(run, run->model));
    put(out, "run", lw_run_str(run, run->name));
    put(out, "outcome", lw_str_from(lw_outcome_name((enum lw_outcome)run->outcome)));
    if (run->has_start) {
        lw_json_key(out, "start");
        lw_json_time(out, run->start);
    }
    if (run->has_end) {
        lw_json_key(out, "end");
        lw_json_time(out, run->end);
    }
    if (run->duration_source != LW_DURATION_NONE) {
        lw_json_key(out, "duration_s");
        lw_json_derived(out, (double)run->duration.ms / 1000);
    }
    lw_json_key(out, "metrics");
    lw_json_object(out);
    for (uint32_t i = 0; i < run->metrics_n; i++) {
        lw_json_key_str(out, lw_run_str(run, metrics[i].name));
        lw_json_number(out, metrics[i].summary.last);
    }
    lw_json_object_end(out);
    lw_json_object_end(out);
}

struct runs {
    struct lw_store *store;
    struct lw_json_out out;
    struct lw_str origin, model;
    uint32_t left;
};

static enum lw_err write_runs(void *self, const struct lw_store_model *model, struct lw_fault *fault)
{
    struct runs *runs = self;
    struct lw_arena arena = {.ceiling = ARENA_MAX};
    const struct lw_run *const *list;
    size_t n;
    enum lw_err err;

    if (runs->left == 0 || !is_asked(model, runs->origin) || !lw_str_equal(model->model, runs->model))
        return LW_ERR_OK;
    err = lw_store_runs_get(runs->store, model->origin, model->model, &arena, &list, &n, fault);
    for (; err == LW_ERR_OK && n > 0 && runs->left > 0; n--, runs->left--)
        write_run(&runs->out, list[n - 1]);
    lw_arena_close(&arena);
    return err;
}

enum lw_err lw_lists_runs(struct lw_store *store, struct lw_str origin, struct lw_str model, uint32_t limit,
                          struct lw_buf *buf, struct lw_fault *fault)
{
    struct runs runs = {.store = store, .out = {.buf = buf}, .origin = origin, .model = model, .left = limit};
    enum lw_err err;

    if (model.len == 0)
        return list_models(store, origin, limit, buf, fault);
    lw_json_object(&runs.out);
    lw_json_key(&runs.out, "runs");
    lw_json_array(&runs.out);
    err = lw_store_models(store, write_runs, &runs, fault);
    lw_json_array_end(&runs.out);
    lw_json_object_end(&runs.out);
    return err;
}

enum lw_err lw_lists_alerts(struct lw_store *store, const struct lw_config *config, struct lw_str origin,
                            struct lw_str model, uint32_t limit, lw_time now, struct lw_buf *out,
                            struct lw_fault *fault)
{
    struct lw_arena arena = {.ceiling = ARENA_MAX};
    struct lw_people_notes notes = {.n = 0};
    const struct lw_people_alert *alerts = NULL;
    size_t n = 0;
    enum lw_err err = lw_people_read(store, &arena, &notes, NULL, fault);

    if (err == LW_ERR_OK)
        err = lw_people_open_alerts(store, config, &notes, origin, model, now, &arena, &alerts, &n, fault);
    if (err == LW_ERR_OK)
        lw_people_alerts_json(alerts, n < limit ? n : limit, now, out);
    lw_arena_close(&arena);
    return err;
}
