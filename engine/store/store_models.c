/* Models, and what judging them yielded. */
#include "engine/store/inside.h"

#include "engine/base/fault.h"

#include <stdlib.h>

enum lw_err lw_store_model_id(struct lw_store *store, struct lw_str origin, struct lw_str model, bool make, int64_t *id,
                              struct lw_fault *fault)
{
    struct lw_ask ask = lw_db_ask(&store->db, LW_SQL_MODEL_ID);
    bool found;
    enum lw_err err;

    *id = 0;
    lw_db_bind_text(&ask, 1, origin);
    lw_db_bind_text(&ask, 2, model);
    err = lw_db_number(&ask, id, &found, fault);
    if (err != LW_ERR_OK || found || !make)
        return err;
    ask = lw_db_ask(&store->db, LW_SQL_MODEL_NEW);
    lw_db_bind_text(&ask, 1, origin);
    lw_db_bind_text(&ask, 2, model);
    lw_db_bind_int(&ask, 3, lw_db_digest(LW_STR("")));
    err = lw_db_run(&ask, fault);
    if (err == LW_ERR_OK)
        *id = sqlite3_last_insert_rowid(store->db.handle);
    return err;
}

/* Columns of MODEL_GET and MODEL_EACH. */
enum { ORIGIN, MODEL, LAST_RUN, RUNS, LAST_END, VERDICT, JUDGED_UNTIL, DEADLINE, DIRTY, TOLD, DIGEST };

static enum lw_err read_model(const struct lw_ask *ask, struct lw_store_model *out, struct lw_fault *fault)
{
    static const enum lw_verdict verdicts[] = {LW_VERDICT_OK, LW_VERDICT_INSUFFICIENT, LW_VERDICT_WARNING,
                                               LW_VERDICT_DRIFT, LW_VERDICT_ERROR};
    struct lw_str name = lw_db_str(ask, MODEL), verdict = lw_db_str(ask, VERDICT);
    bool known = false;

    *out = (struct lw_store_model){.origin = lw_db_str(ask, ORIGIN),
                                   .model = name,
                                   .last_run = lw_db_str(ask, LAST_RUN),
                                   .runs = (uint64_t)lw_db_int(ask, RUNS),
                                   .last_end = {lw_db_int(ask, LAST_END)},
                                   .has_last_end = !lw_db_is_null(ask, LAST_END),
                                   .judged_until = {lw_db_int(ask, JUDGED_UNTIL)},
                                   .deadline = {lw_db_int(ask, DEADLINE)},
                                   .has_deadline = !lw_db_is_null(ask, DEADLINE),
                                   .dirty = lw_db_int(ask, DIRTY) != 0,
                                   .told = lw_db_str(ask, TOLD)};
    for (size_t i = 0; i < sizeof(verdicts) / sizeof(verdicts[0]); i++)
        if (lw_str_equal(verdict, lw_str_from(lw_verdict_name(verdicts[i])))) {
            out->verdict = verdicts[i];
            known = true;
        }
    if (!known || lw_db_digest(out->told) != lw_db_int(ask, DIGEST))
        return lw_fault_set(fault, LW_ERR_STATE, "the store is damaged (the model %.*s): put back a backup",
                            (int)(name.len < 80 ? name.len : 80), name.at);
    return LW_ERR_OK;
}

enum lw_err lw_store_models(struct lw_store *store, lw_store_model_call *call, void *self, struct lw_fault *fault)
{
    struct lw_store_model model;
    struct lw_ask ask;
    bool row;
    enum lw_err err = lw_store_readable(store, fault);

    if (err != LW_ERR_OK)
        return err;
    ask = lw_db_ask(&store->db, LW_SQL_MODEL_EACH);
    while ((err = lw_db_next(&ask, &row, fault)) == LW_ERR_OK && row) {
        err = read_model(&ask, &model, fault);
        if (err == LW_ERR_OK)
            err = call(self, &model, fault);
        if (err != LW_ERR_OK)
            break;
    }
    lw_db_end(&ask);
    return err;
}

static enum lw_err copy_texts(struct lw_store_model *model, struct lw_arena *arena, struct lw_fault *fault)
{
    struct lw_str *const texts[] = {&model->origin, &model->model, &model->last_run, &model->told};

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        *texts[i] = lw_arena_text(arena, *texts[i]);
        if (texts[i]->at == NULL)
            return lw_fault_memory(fault, "what is stored of a model");
    }
    return LW_ERR_OK;
}

enum lw_err lw_store_model_get(struct lw_store *store, struct lw_str origin, struct lw_str model,
                               struct lw_arena *arena, struct lw_store_model *out, bool *found, struct lw_fault *fault)
{
    struct lw_store_model read = {.runs = 0};
    struct lw_ask ask;
    bool row;
    enum lw_err err = lw_store_readable(store, fault);

    if (err != LW_ERR_OK)
        return err;
    ask = lw_db_ask(&store->db, LW_SQL_MODEL_GET);
    lw_db_bind_text(&ask, 1, origin);
    lw_db_bind_text(&ask, 2, model);
    err = lw_db_next(&ask, &row, fault);
    if (err != LW_ERR_OK)
        return err;
    if (row) {
        err = read_model(&ask, &read, fault);
        if (err == LW_ERR_OK)
            err = copy_texts(&read, arena, fault);
    }
    lw_db_end(&ask);
    if (err != LW_ERR_OK)
        return err;
    *found = row;
    if (row)
        *out = read;
    return LW_ERR_OK;
}
