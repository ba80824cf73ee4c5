/* Closed runs: what a unit gave, and the history of a model. */
#include "engine/store/inside.h"

#include "engine/base/fault.h"

#include <stdlib.h>

/* Runs without an end come last, by name. */
int64_t lw_store_run_place(const struct lw_run *run)
{
    return run->has_end ? run->end.ms : INT64_MAX;
}

enum lw_err lw_store_run_remove(struct lw_store *store, int64_t run, struct lw_fault *fault)
{
    static const enum lw_sql all[] = {LW_SQL_FINDINGS_REMOVE, LW_SQL_SUMMARIES_REMOVE, LW_SQL_RECORD_REMOVE,
                                      LW_SQL_RUN_REMOVE};
    enum lw_err err = LW_ERR_OK;

    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]) && err == LW_ERR_OK; i++) {
        struct lw_ask ask = lw_db_ask(&store->db, all[i]);

        lw_db_bind_int(&ask, 1, run);
        err = lw_db_run(&ask, fault);
    }
    return err;
}

/* What a unit gave before, and the models that change. A run whose record is the same to the byte is left alone, so that a
   unit of a thousand runs that gains one writes one. */
struct exchange {
    struct old_run {
        int64_t id, model, digest;
        bool kept;
    } * old;
    int64_t *models;
    size_t old_n, models_n, capacity;
};

static int by_digest(const void *a, const void *b)
{
    int64_t x = ((const struct old_run *)a)->digest, y = ((const struct old_run *)b)->digest;

    return (x > y) - (x < y);
}

static enum lw_err load_old(struct lw_store *store, struct lw_str key, size_t n, struct exchange *it,
                            struct lw_fault *fault)
{
    struct lw_ask ask = lw_db_ask(&store->db, LW_SQL_RUNS_OF_UNIT);
    enum lw_err err;
    bool row;

    lw_db_bind_text(&ask, 1, key);
    while ((err = lw_db_next(&ask, &row, fault)) == LW_ERR_OK && row) {
        if (it->old_n == it->capacity) {
            size_t capacity = it->capacity ? 2 * it->capacity : 16;
            struct old_run *old = realloc(it->old, capacity * sizeof(*old));

            if (old == NULL) {
                err = lw_fault_memory(fault, "the runs of a unit");
                break;
            }
            it->old = old;
            it->capacity = capacity;
        }
        it->old[it->old_n++] =
            (struct old_run){.id = lw_db_int(&ask, 0), .model = lw_db_int(&ask, 1), .digest = lw_db_int(&ask, 2)};
    }
    lw_db_end(&ask);
    if (err != LW_ERR_OK)
        return err;
    if (it->old_n > 0)
        qsort(it->old, it->old_n, sizeof(*it->old), by_digest);
    it->models = malloc((it->old_n + n + 1) * sizeof(*it->models));
    return it->models != NULL ? LW_ERR_OK : lw_fault_memory(fault, "the runs of a unit");
}

static void note_model(struct exchange *it, int64_t model)
{
    /* Nearly always all runs of a unit are of one model. */
    for (size_t i = it->models_n; i > 0; i--)
        if (it->models[i - 1] == model)
            return;
    it->models[it->models_n++] = model;
}

static bool keep_old(struct exchange *it, int64_t model, int64_t digest)
{
    size_t low = 0, high = it->old_n;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (it->old[middle].digest < digest)
            low = middle + 1;
        else
            high = middle;
    }
    for (; low < it->old_n && it->old[low].digest == digest; low++)
        if (!it->old[low].kept && it->old[low].model == model) {
            it->old[low].kept = true;
            return true;
        }
    return false;
}

static enum lw_err put_summaries(struct lw_store *store, int64_t id, const struct lw_run *run, struct lw_fault *fault)
{
    const struct lw_metric *metrics = lw_run_metrics(run);
    enum lw_err err = LW_ERR_OK;

    for (uint32_t i = 0; i < run->metrics_n && err == LW_ERR_OK; i++) {
        const struct lw_summary *summary = &metrics[i].summary;
        bool any = summary->count > 0;
        struct lw_ask ask = lw_db_ask(&store->db, LW_SQL_SUMMARY_PUT);

        lw_db_bind_int(&ask, 1, id);
        lw_db_bind_text(&ask, 2, lw_run_str(run, metrics[i].name));
        lw_db_bind_int(&ask, 3, (int64_t)summary->count);
        lw_db_bind_maybe_real(&ask, 4, any, summary->first);
        lw_db_bind_maybe_real(&ask, 5, any, summary->last);
        lw_db_bind_maybe_real(&ask, 6, any, summary->min);
        lw_db_bind_maybe_real(&ask, 7, any, summary->max);
        lw_db_bind_maybe_real(&ask, 8, any, summary->mean);
        lw_db_bind_maybe_real(&ask, 9, summary->has_best, summary->best);
        lw_db_bind_maybe_real(&ask, 10, summary->has_stddev, summary->stddev);
        lw_db_bind_maybe_real(&ask, 11, any, summary->q50);
        err = lw_db_run(&ask, fault);
    }
    return err;
}

static enum lw_err put_run(struct lw_store *store, struct lw_str key, int64_t model, const struct lw_run *run,
                           int64_t digest, lw_time now, struct lw_fault *fault)
{
    struct lw_ask ask = lw_db_ask(&store->db, LW_SQL_RUN_PUT);
    enum lw_err err;
    int64_t id;

    lw_db_bind_int(&ask, 1, model);
    lw_db_bind_text(&ask, 2, lw_run_str(run, run->name));
    lw_db_bind_text(&ask, 3, key);
    lw_db_bind_int(&ask, 4, lw_store_run_place(run));
    lw_db_bind_maybe_int(&ask, 5, run->has_start, run->start.ms);
    lw_db_bind_maybe_int(&ask, 6, run->has_end, run->end.ms);
    lw_db_bind_maybe_real(&ask, 7, run->duration_source != LW_DURATION_NONE, (double)run->duration.ms / 1000.0);
    lw_db_bind_text(&ask, 8, lw_str_from(lw_outcome_name((enum lw_outcome)run->outcome)));
    lw_db_bind_text(&ask, 9, lw_run_str(run, run->instance));
    lw_db_bind_text(&ask, 10, lw_run_str(run, run->failure));
    lw_db_bind_int(&ask, 11, now.ms);
    lw_db_bind_int(&ask, 12, digest);
    err = lw_db_run(&ask, fault);
    if (err != LW_ERR_OK)
        return err;
    id = sqlite3_last_insert_rowid(store->db.handle);
    ask = lw_db_ask(&store->db, LW_SQL_RECORD_PUT);
    lw_db_bind_int(&ask, 1, id);
    lw_db_bind_blob(&ask, 2, (struct lw_str){(const char *)run, run->bytes});
    err = lw_db_run(&ask, fault);
    return err != LW_ERR_OK ? err : put_summaries(store, id, run, fault);
}

static enum lw_err put_new(struct lw_store *store, struct lw_str key, const struct lw_run *const *runs, size_t n,
                           lw_time now, struct exchange *it, struct lw_fault *fault)
{
    enum lw_err err = LW_ERR_OK;

    for (size_t i = 0; i < n && err == LW_ERR_OK; i++) {
        int64_t digest = lw_db_digest((struct lw_str){(const char *)runs[i], runs[i]->bytes});
        int64_t model = 0;

        err = lw_store_model_id(store, lw_run_str(runs[i], runs[i]->origin), lw_run_str(runs[i], runs[i]->model), true,
                                &model, fault);
        if (err != LW_ERR_OK || keep_old(it, model, digest))
            continue;
        note_model(it, model);
        err = put_run(store, key, model, runs[i], digest, now, fault);
    }
    return err;
}

static enum lw_err remove_old(struct lw_store *store, struct exchange *it, struct lw_fault *fault)
{
    enum lw_err err = LW_ERR_OK;

    for (size_t i = 0; i < it->old_n && err == LW_ERR_OK; i++) {
        if (it->old[i].kept)
            continue;
        note_model(it, it->old[i].model);
        err = lw_store_run_remove(store, it->old[i].id, fault);
    }
    return err;
}

static enum lw_err touch(struct lw_store *store, int64_t model, lw_store_touched_call *touched, void *self,
                         struct lw_fault *fault)
{
    static const enum lw_sql marks[] = {LW_SQL_MODEL_TOUCH, LW_SQL_MODEL_COUNT};
    enum lw_err err = LW_ERR_OK;
    struct lw_ask ask;
    bool row;

    for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]) && err == LW_ERR_OK; i++) {
        ask = lw_db_ask(&store->db, marks[i]);
        lw_db_bind_int(&ask, 1, model);
        err = lw_db_run(&ask, fault);
    }
    if (err != LW_ERR_OK || touched == NULL)
        return err;
    ask = lw_db_ask(&store->db, LW_SQL_MODEL_NAMES);
    lw_db_bind_int(&ask, 1, model);
    err = lw_db_next(&ask, &row, fault);
    if (err != LW_ERR_OK)
        return err;
    if (row)
        err = touched(self, lw_db_str(&ask, 0), lw_db_str(&ask, 1), fault);
    lw_db_end(&ask);
    return err;
}

enum lw_err lw_store_runs_put(struct lw_store *store, struct lw_str key, const struct lw_run *const *runs, size_t n,
                              lw_time now, lw_store_touched_call *touched, void *self, struct lw_fault *fault)
{
    struct exchange it = {.old = NULL};
    enum lw_err err = lw_store_writable(store, fault);

    if (err != LW_ERR_OK)
        return err;
    err = load_old(store, key, n, &it, fault);
    if (err == LW_ERR_OK)
        err = put_new(store, key, runs, n, now, &it, fault);
    if (err == LW_ERR_OK)
        err = remove_old(store, &it, fault);
    for (size_t i = 0; i < it.models_n && err == LW_ERR_OK; i++)
        err = touch(store, it.models[i], touched, self, fault);
    free(it.old);
    free(it.models);
    return lw_store_wrote(store, err);
}

/* A record is only handed out when it is what was stored and fits together. */
static enum lw_err take_run(const struct lw_ask *ask, struct lw_arena *arena, const struct lw_run **out,
                            struct lw_fault *fault)
{
    struct lw_str name = lw_db_str(ask, 0), bytes = lw_db_str(ask, 2);
    void *copy = lw_arena_take(arena, bytes.len);

    if (copy == NULL)
        return lw_fault_memory(fault, "the history of a model");
    if (bytes.len > 0)
        memcpy(copy, bytes.at, bytes.len);
    if (lw_db_digest(bytes) != lw_db_int(ask, 1) || lw_run_check(copy, bytes.len) != LW_ERR_OK)
        return lw_fault_set(fault, LW_ERR_STATE, "the store is damaged (the run %.*s): put back a backup",
                            (int)(name.len < 80 ? name.len : 80), name.at);
    *out = copy;
    return LW_ERR_OK;
}

static enum lw_err take_runs(struct lw_store *store, int64_t model, struct lw_arena *arena, const struct lw_run **list,
                             size_t n, struct lw_fault *fault)
{
    struct lw_ask ask = lw_db_ask(&store->db, LW_SQL_RUNS_GET);
    enum lw_err err;
    size_t at = 0;
    bool row;

    lw_db_bind_int(&ask, 1, model);
    while ((err = lw_db_next(&ask, &row, fault)) == LW_ERR_OK && row && at < n) {
        err = take_run(&ask, arena, &list[at++], fault);
        if (err != LW_ERR_OK)
            break;
    }
    lw_db_end(&ask);
    if (err == LW_ERR_OK && at != n)
        err = lw_fault_set(fault, LW_ERR_STATE, "the store is damaged (a run without its record): put back a backup");
    return err;
}

enum lw_err lw_store_runs_get(struct lw_store *store, struct lw_str origin, struct lw_str model, struct lw_arena *arena,
                              const struct lw_run *const **runs, size_t *n, struct lw_fault *fault)
{
    const struct lw_run **list;
    struct lw_ask ask;
    int64_t id = 0, count = 0;
    enum lw_err err = lw_store_readable(store, fault);

    if (err == LW_ERR_OK)
        err = lw_store_model_id(store, origin, model, false, &id, fault);
    if (err != LW_ERR_OK)
        return err;
    ask = lw_db_ask(&store->db, LW_SQL_RUNS_COUNT);
    lw_db_bind_int(&ask, 1, id);
    err = lw_db_number(&ask, &count, NULL, fault);
    if (err != LW_ERR_OK)
        return err;
    list = lw_arena_array(arena, (size_t)count, sizeof(const struct lw_run *));
    if (list == NULL)
        return lw_fault_memory(fault, "the history of a model");
    err = take_runs(store, id, arena, list, (size_t)count, fault);
    if (err != LW_ERR_OK)
        return err;
    *runs = list;
    *n = (size_t)count;
    return LW_ERR_OK;
}
