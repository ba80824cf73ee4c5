/* Maintenance in slices: retention and checkpoints. */
#include "engine/store/inside.h"

#include "engine/base/fault.h"
#include "engine/store/water.h"

/* A slice is bounded by counts, since nothing here knows a clock: each of these takes a few milliseconds. */
#define CHECKPOINT_FRAMES 500 /* 4 MiB of log, in pages of 8 KiB */
#define UNITS             32
#define MODELS            64
#define RUNS              32
#define ROWS              256
#define DEAD_KEPT         10000
#define RUNS_ALWAYS       100 /* the youngest runs of a model stay, however old they are */
#define SWEEP_EVERY       LW_HOUR

static enum lw_err changed_rows(struct lw_store *store, struct lw_ask *ask, int64_t most, bool *more,
                                struct lw_fault *fault)
{
    enum lw_err err = lw_db_run(ask, fault);

    if (err == LW_ERR_OK && sqlite3_changes(store->db.handle) >= most)
        *more = true;
    return err;
}

static enum lw_err prune_units(struct lw_store *store, lw_time now, bool *more, struct lw_fault *fault)
{
    struct lw_ask ask = lw_db_ask(&store->db, LW_SQL_UNITS_PRUNE);
    enum lw_err err;

    lw_db_bind_int(&ask, 1, now.ms - store->limits.keep_points.ms);
    lw_db_bind_int(&ask, 2, UNITS);
    lw_db_bind_int(&ask, 3, lw_db_digest(LW_STR("")));
    err = changed_rows(store, &ask, UNITS, more, fault);
    if (err != LW_ERR_OK)
        return err;
    ask = lw_db_ask(&store->db, LW_SQL_UNITS_FORGET);
    lw_db_bind_int(&ask, 1, now.ms - store->limits.keep_history.ms);
    lw_db_bind_int(&ask, 2, UNITS);
    return changed_rows(store, &ask, UNITS, more, fault);
}

static enum lw_err prune_rows(struct lw_store *store, lw_time now, bool *more, struct lw_fault *fault)
{
    struct lw_ask ask = lw_db_ask(&store->db, LW_SQL_DEAD_PRUNE);
    enum lw_err err;

    lw_db_bind_int(&ask, 1, DEAD_KEPT);
    err = lw_db_run(&ask, fault);
    if (err != LW_ERR_OK)
        return err;
    ask = lw_db_ask(&store->db, LW_SQL_LOSS_PRUNE);
    lw_db_bind_int(&ask, 1, now.ms - store->limits.keep_history.ms);
    lw_db_bind_int(&ask, 2, ROWS);
    return changed_rows(store, &ask, ROWS, more, fault);
}

/* Removes up to `most` of the oldest runs that ended before `before`. */
static enum lw_err prune_runs(struct lw_store *store, int64_t model, int64_t before, int64_t most, int64_t *removed,
                              struct lw_fault *fault)
{
    int64_t ids[RUNS];
    struct lw_ask ask = lw_db_ask(&store->db, LW_SQL_RUNS_OLDEST), count;
    enum lw_err err;
    int64_t n = 0;
    bool row;

    lw_db_bind_int(&ask, 1, model);
    lw_db_bind_int(&ask, 2, before);
    lw_db_bind_int(&ask, 3, most < RUNS ? most : RUNS);
    while ((err = lw_db_next(&ask, &row, fault)) == LW_ERR_OK && row && n < RUNS)
        ids[n++] = lw_db_int(&ask, 0);
    lw_db_end(&ask);
    for (int64_t i = 0; i < n && err == LW_ERR_OK; i++)
        err = lw_store_run_remove(store, ids[i], fault);
    if (err != LW_ERR_OK || n == 0)
        return err;
    *removed += n;
    count = lw_db_ask(&store->db, LW_SQL_MODEL_COUNT);
    lw_db_bind_int(&count, 1, model);
    return lw_db_run(&count, fault);
}

struct candidate {
    int64_t id, runs, oldest;
    bool has_oldest;
};

static enum lw_err next_models(struct lw_store *store, struct candidate *out, size_t *n, struct lw_fault *fault)
{
    struct lw_ask ask = lw_db_ask(&store->db, LW_SQL_MODEL_AFTER);
    enum lw_err err;
    bool row;

    lw_db_bind_int(&ask, 1, store->sweep_model);
    lw_db_bind_int(&ask, 2, MODELS);
    while ((err = lw_db_next(&ask, &row, fault)) == LW_ERR_OK && row && *n < MODELS)
        out[(*n)++] = (struct candidate){.id = lw_db_int(&ask, 0),
                                         .runs = lw_db_int(&ask, 1),
                                         .oldest = lw_db_int(&ask, 2),
                                         .has_oldest = !lw_db_is_null(&ask, 2)};
    lw_db_end(&ask);
    return err;
}

/* Once an hour all models are looked at, some in each slice. A model with much to remove is looked at again. */
static enum lw_err sweep(struct lw_store *store, lw_time now, bool *more, struct lw_fault *fault)
{
    struct candidate models[MODELS];
    int64_t old = now.ms - store->limits.keep_history.ms, removed = 0;
    size_t n = 0;
    enum lw_err err;

    if (!store->sweeping) {
        if (store->has_swept && now.ms - store->swept.ms < SWEEP_EVERY && now.ms >= store->swept.ms)
            return LW_ERR_OK;
        store->sweeping = true;
        store->sweep_model = 0;
    }
    err = next_models(store, models, &n, fault);
    for (size_t i = 0; i < n && err == LW_ERR_OK && removed < RUNS; i++) {
        int64_t over = models[i].runs - (int64_t)store->limits.keep_runs, before = removed;

        if (over > 0)
            err = prune_runs(store, models[i].id, INT64_MAX, over, &removed, fault);
        else if (models[i].runs > RUNS_ALWAYS && models[i].has_oldest && models[i].oldest < old)
            err = prune_runs(store, models[i].id, old, models[i].runs - RUNS_ALWAYS, &removed, fault);
        if (removed == before)
            store->sweep_model = models[i].id;
    }
    if (err != LW_ERR_OK)
        return err;
    if (n < MODELS && removed == 0) {
        store->sweeping = false;
        store->has_swept = true;
        store->swept = now;
    } else {
        *more = true;
    }
    return LW_ERR_OK;
}

static enum lw_err checkpoint(struct lw_store *store, struct lw_fault *fault)
{
    int frames = 0, done = 0;
    int rc = sqlite3_wal_checkpoint_v2(store->db.handle, NULL, SQLITE_CHECKPOINT_PASSIVE, &frames, &done);

    /* A reader can hold a part of it back: no reason to try at once again. */
    store->db.checkpointed = store->db.wal_frames;
    if (rc == SQLITE_OK && frames == done)
        store->db.wal_frames = 0;
    lw_water_write(store->water, store->path.at, lw_str_from(store->session), store->turn, true);
    return rc == SQLITE_OK || (rc & 0xff) == SQLITE_BUSY ? LW_ERR_OK : lw_db_fault(&store->db, rc, fault);
}

bool lw_store_log_grew(const struct lw_store *store, int frames)
{
    int before = store->db.wal_frames < store->db.checkpointed ? 0 : store->db.checkpointed;

    return store->db.wal_frames - before >= frames;
}

bool lw_store_wants_checkpoint(const struct lw_store *store)
{
    return lw_store_log_grew(store, CHECKPOINT_FRAMES);
}

enum lw_err lw_store_maintain(struct lw_store *store, lw_time now, bool *more, struct lw_fault *fault)
{
    bool again = false;
    enum lw_err err = lw_store_readable(store, fault);

    if (err == LW_ERR_OK && (store->mode != LW_STORE_OWN || store->in_turn))
        err = lw_fault_set(fault, LW_ERR_USAGE, "maintenance of the store is for its owner, between turns");
    if (err != LW_ERR_OK)
        return err;
    if (lw_store_wants_checkpoint(store)) {
        err = checkpoint(store, fault);
        if (err == LW_ERR_OK)
            *more = true;
        return err;
    }
    err = lw_store_outbox_settle(store, fault);
    if (err == LW_ERR_OK)
        err = lw_store_begin_lax(store, fault);
    if (err != LW_ERR_OK)
        return err;
    err = prune_units(store, now, &again, fault);
    if (err == LW_ERR_OK)
        err = prune_rows(store, now, &again, fault);
    if (err == LW_ERR_OK)
        err = sweep(store, now, &again, fault);
    err = lw_store_end_lax(store, err, fault);
    if (err == LW_ERR_OK)
        *more = again;
    return err;
}

enum lw_err lw_store_gauges(struct lw_store *store, struct lw_store_gauges *gauges, struct lw_fault *fault)
{
    struct lw_store_gauges read = {.bytes = 0};
    int64_t size = 0, pages = 0;
    struct lw_ask ask;
    bool row = false;
    enum lw_err err = lw_store_readable(store, fault);

    if (err != LW_ERR_OK)
        return err;
    ask = lw_db_ask_text(&store->db, "PRAGMA page_size");
    err = lw_db_number(&ask, &size, NULL, fault);
    if (err != LW_ERR_OK)
        return err;
    ask = lw_db_ask_text(&store->db, "PRAGMA page_count");
    err = lw_db_number(&ask, &pages, NULL, fault);
    if (err != LW_ERR_OK)
        return err;
    ask = lw_db_ask(&store->db, LW_SQL_GAUGES);
    err = lw_db_next(&ask, &row, fault);
    if (err != LW_ERR_OK)
        return err;
    if (row) {
        read.alerts_open = (uint64_t)lw_db_int(&ask, 0);
        read.losses = (uint64_t)lw_db_int(&ask, 1);
    }
    lw_db_end(&ask);
    read.bytes = (uint64_t)(size * pages);
    *gauges = read;
    return LW_ERR_OK;
}

enum lw_err lw_store_info(struct lw_store *store, struct lw_store_info *info, struct lw_fault *fault)
{
    static const char *const pragmas[] = {"PRAGMA page_size", "PRAGMA page_count", "PRAGMA freelist_count",
                                          "PRAGMA user_version"};
    int64_t numbers[4] = {0};
    struct lw_store_info read = {.bytes = 0};
    uint64_t *const counts[] = {&read.units,        &read.units_open,   &read.models,
                                &read.runs,         &read.alerts_open,  &read.outbox_rows,
                                &read.outbox_bytes, &read.dead_letters, &read.losses};
    enum lw_err err = lw_store_readable(store, fault);
    struct lw_ask ask;
    bool row;

    for (size_t i = 0; i < sizeof(pragmas) / sizeof(pragmas[0]) && err == LW_ERR_OK; i++) {
        ask = lw_db_ask_text(&store->db, pragmas[i]);
        err = lw_db_number(&ask, &numbers[i], NULL, fault);
    }
    if (err != LW_ERR_OK)
        return err;
    ask = lw_db_ask(&store->db, LW_SQL_INFO);
    err = lw_db_next(&ask, &row, fault);
    if (err != LW_ERR_OK)
        return err;
    for (size_t i = 0; row && i < sizeof(counts) / sizeof(counts[0]); i++)
        *counts[i] = (uint64_t)lw_db_int(&ask, (int)i);
    lw_db_end(&ask);
    read.bytes = (uint64_t)(numbers[0] * numbers[1]);
    read.free_bytes = (uint64_t)(numbers[0] * numbers[2]);
    read.version = (int)numbers[3];
    memcpy(read.session, store->session, sizeof(read.session));
    *info = read;
    return LW_ERR_OK;
}
