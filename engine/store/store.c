#define _GNU_SOURCE
#include "engine/base/again.h"
#include "engine/store/inside.h"

#include "engine/base/fault.h"
#include "engine/store/guard.h"
#include "engine/store/schema.h"
#include "engine/store/water.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATH_ROOM  ((size_t)4096 + 32)
#define WAL_FRAMES 2000 /* pages of 8 KiB in the write-ahead log at which a commit does not wait for maintenance */

/* Twin builds for tests: without the sync, the tests of power loss must fail. */
#ifdef LW_SABOTAGE_FSYNC
#define SYNC "PRAGMA synchronous = OFF"
#else
#define SYNC "PRAGMA synchronous = FULL"
#endif

static const struct lw_store_limits defaults = {
    .spool = UINT64_C(1) << 30, .keep_points = {30 * LW_DAY}, .keep_runs = 1000, .keep_history = {730 * LW_DAY}};

/* 26 characters of base 32 from the system's random numbers. */
static enum lw_err new_session(char session[32], struct lw_fault *fault)
{
    static const char digits[] = "abcdefghijklmnopqrstuvwxyz234567";
    unsigned char random[26];

    if (getrandom(random, sizeof(random), 0) != (ssize_t)sizeof(random))
        return lw_fault_set(fault, LW_ERR_IO, "the system gives no random numbers: %s", strerror(errno));
    for (size_t i = 0; i < sizeof(random); i++)
        session[i] = digits[random[i] % 32];
    session[sizeof(random)] = '\0';
    return LW_ERR_OK;
}

static enum lw_err make_empty(const char *path, struct lw_fault *fault)
{
    int fd = lw_again_open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);

    /* The mask of the process can only take away from 0600. */
    if (fd < 0)
        return lw_fault_set(fault, errno == ENOSPC || errno == EDQUOT ? LW_ERR_FULL : LW_ERR_IO,
                            "cannot make %.150s: %s", path, strerror(errno));
    (void)!fchmod(fd, 0600);
    close(fd);
    return LW_ERR_OK;
}

static void remove_all(const char *path)
{
    static const char *const endings[] = {"", "-wal", "-shm", "-journal"};
    char name[PATH_ROOM + 16];

    for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++) {
        snprintf(name, sizeof(name), "%s%s", path, endings[i]);
        unlink(name);
    }
}

static enum lw_err fill_new(const char *path, struct lw_fault *fault)
{
    char session[32];
    struct lw_db db;
    enum lw_err err = new_session(session, fault);

    if (err == LW_ERR_OK)
        err = make_empty(path, fault);
    if (err == LW_ERR_OK)
        err = lw_db_open(&db, path, LW_DB_OWN, fault);
    if (err != LW_ERR_OK)
        return err;
    /* 8 KiB: with 4 KiB a check of a large outbox takes twice as long, with 16 KiB a small turn writes twice as much. */
    err = lw_db_exec(&db, "PRAGMA page_size = 8192; PRAGMA auto_vacuum = NONE; PRAGMA synchronous = FULL", fault);
    if (err == LW_ERR_OK)
        err = lw_schema_make(&db, lw_str_from(session), fault);
    if (err == LW_ERR_OK)
        err = lw_db_exec(&db, "PRAGMA journal_mode = WAL", fault);
    lw_db_close(&db);
    return err;
}

/* A new store is made whole beside its place and then renamed, so that no crash leaves half of one. */
static enum lw_err make_new(struct lw_store *store, struct lw_fault *fault)
{
    char beside[PATH_ROOM];
    enum lw_err err;

    snprintf(beside, sizeof(beside), "%s.new", store->path.at);
    remove_all(beside);
    err = fill_new(beside, fault);
    if (err == LW_ERR_OK && rename(beside, store->path.at) != 0)
        err = lw_fault_set(fault, LW_ERR_IO, "cannot make %.150s: %s", store->path.at, strerror(errno));
    if (err == LW_ERR_OK)
        err = lw_guard_sync_folder(store->path.at, fault);
    if (err != LW_ERR_OK)
        remove_all(beside);
    return err;
}

static bool has_log(const char *path)
{
    char name[PATH_ROOM + 16];
    struct stat about;

    snprintf(name, sizeof(name), "%s-wal", path);
    return stat(name, &about) == 0 && about.st_size > 0;
}

/* Looks at the whole file before anything is written to it or made beside it. Only where an owner was killed, and left a
   log, is the shared memory made; the store itself stays as it is all the same. */
static enum lw_err examine(const struct lw_store *store, int *version, struct lw_fault *fault)
{
    struct lw_db db;
    enum lw_err err = lw_db_open(&db, store->path.at, has_log(store->path.at) ? LW_DB_READ : LW_DB_STILL, fault);

    if (err != LW_ERR_OK)
        return err;
    err = lw_schema_check(&db, true, version, fault);
    lw_db_close(&db);
    return err;
}

static enum lw_err read_store_row(struct lw_store *store, bool *copied, struct lw_fault *fault)
{
    struct lw_ask ask = lw_db_ask(&store->db, LW_SQL_STORE_GET);
    struct lw_str session;
    bool row;
    enum lw_err err = lw_db_next(&ask, &row, fault);

    if (err != LW_ERR_OK)
        return err;
    session = row ? lw_db_str(&ask, 0) : LW_STR("");
    if (session.len != 26) {
        err = lw_fault_set(fault, LW_ERR_STATE, "the store is damaged (no session): put back a backup");
    } else {
        snprintf(store->session, sizeof(store->session), "%.26s", session.at);
        store->turn = (uint64_t)lw_db_int(&ask, 1);
        *copied = lw_db_int(&ask, 2) != 0;
    }
    lw_db_end(&ask);
    return err;
}

/* Its numbers were given out before, by the store that this is a copy of: numbers begin anew under a new session. */
static enum lw_err begin_session(struct lw_store *store, struct lw_fault *fault)
{
    char session[32];
    struct lw_ask ask;
    enum lw_err err = new_session(session, fault);

    if (err == LW_ERR_OK)
        err = lw_db_exec(&store->db, "BEGIN IMMEDIATE; UPDATE sinks SET next_seq = 1", fault);
    if (err == LW_ERR_OK) {
        ask = lw_db_ask(&store->db, LW_SQL_STORE_SESSION);
        lw_db_bind_text(&ask, 1, lw_str_from(session));
        err = lw_db_run(&ask, fault);
    }
    if (err == LW_ERR_OK)
        err = lw_db_exec(&store->db, "COMMIT", fault);
    if (err == LW_ERR_OK)
        memcpy(store->session, session, sizeof(session));
    else
        (void)sqlite3_exec(store->db.handle, "ROLLBACK", NULL, NULL, NULL);
    return err;
}

static enum lw_err open_own(struct lw_store *store, bool there, struct lw_fault *fault)
{
    const struct lw_migration *steps;
    size_t steps_n;
    int version = LW_SCHEMA_VERSION;
    bool copied = false, fits;
    enum lw_err err = there ? examine(store, &version, fault) : make_new(store, fault);

    if (err == LW_ERR_OK)
        err = lw_db_open(&store->db, store->path.at, LW_DB_OWN, fault);
    if (err == LW_ERR_OK)
        err = lw_db_exec(&store->db,
                         SYNC "; PRAGMA journal_mode = WAL; PRAGMA secure_delete = OFF; "
                              "PRAGMA journal_size_limit = 16777216",
                         fault);
    steps = lw_schema_migrations(&steps_n);
    if (err == LW_ERR_OK && version < LW_SCHEMA_VERSION)
        err = lw_schema_migrate(&store->db, version, steps, steps_n, fault);
    if (err == LW_ERR_OK)
        err = read_store_row(store, &copied, fault);
    if (err != LW_ERR_OK)
        return err;
    lw_water_open(store->path.at, lw_str_from(store->session), store->turn, &store->water, &fits);
    if (copied || (!fits && store->turn > 0))
        err = begin_session(store, fault);
    if (err == LW_ERR_OK && (copied || !fits)) {
        lw_water_write(store->water, store->path.at, lw_str_from(store->session), store->turn, true);
        err = lw_guard_sync_folder(store->path.at, fault);
    }
    return err;
}

static enum lw_err open_reader(struct lw_store *store, bool there, struct lw_fault *fault)
{
    bool copied;
    int version;
    enum lw_err err;

    if (!there)
        return lw_fault_set(fault, LW_ERR_IO, "there is no store at %.150s", store->path.at);
    err = lw_db_open(&store->db, store->path.at, LW_DB_READ, fault);
    if (err == LW_ERR_OK)
        err = lw_schema_check(&store->db, false, &version, fault);
    if (err == LW_ERR_OK && version < LW_SCHEMA_VERSION)
        err = lw_fault_set(fault, LW_ERR_STATE,
                           "the store is of an earlier version (%d): `leeway watch` brings it up to date", version);
    if (err == LW_ERR_OK)
        err = read_store_row(store, &copied, fault);
    return err;
}

static struct lw_store_limits with_defaults(const struct lw_store_limits *limits)
{
    struct lw_store_limits out = limits ? *limits : defaults;

    if (out.spool == 0)
        out.spool = defaults.spool;
    if (out.keep_points.ms == 0)
        out.keep_points = defaults.keep_points;
    if (out.keep_runs == 0)
        out.keep_runs = defaults.keep_runs;
    if (out.keep_history.ms == 0)
        out.keep_history = defaults.keep_history;
    return out;
}

enum lw_err lw_store_open(struct lw_store **out, const char *path, enum lw_store_mode mode,
                          const struct lw_store_limits *limits, struct lw_fault *fault)
{
    struct lw_store *store = calloc(1, sizeof(*store));
    bool there = false;
    enum lw_err err;

    if (store == NULL)
        return lw_fault_memory(fault, "the store");
    store->mode = mode;
    store->lock = -1;
    store->water = -1;
    store->path.ceiling = PATH_ROOM;
    store->limits = with_defaults(limits);
    err = lw_guard_path(path, mode == LW_STORE_OWN, &store->path, &there, fault);
    if (err == LW_ERR_OK && mode == LW_STORE_OWN)
        err = lw_guard_lock(store->path.at, &store->lock, fault);
    if (err == LW_ERR_OK)
        err = mode == LW_STORE_OWN ? open_own(store, there, fault) : open_reader(store, there, fault);
    if (err == LW_ERR_OK)
        err = lw_store_outbox_load(store, fault);
    if (err != LW_ERR_OK) {
        lw_store_close(store);
        return err;
    }
    *out = store;
    return LW_ERR_OK;
}

void lw_store_limit(struct lw_store *store, const struct lw_store_limits *limits)
{
    store->limits = with_defaults(limits);
}

void lw_store_close(struct lw_store *store)
{
    if (store == NULL)
        return;
    if (store->db.handle != NULL) {
        lw_store_rollback(store);
        if (store->mode == LW_STORE_OWN && !store->db.broken)
            (void)!lw_store_outbox_settle(store, NULL);
    }
    /* After a failed sync the log is left as it is: a checkpoint would build on pages that may never have been written. */
    if (store->db.handle != NULL && store->db.broken)
        sqlite3_db_config(store->db.handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    lw_db_close(&store->db);
    lw_store_outbox_close(store);
    if (store->water >= 0)
        close(store->water);
    if (store->lock >= 0)
        close(store->lock);
    lw_buf_close(&store->path);
    free(store);
}

enum lw_err lw_store_readable(const struct lw_store *store, struct lw_fault *fault)
{
    if (store->db.broken)
        return lw_fault_set(fault, LW_ERR_IO, "a sync of the store failed: it must be opened anew");
    return LW_ERR_OK;
}

enum lw_err lw_store_writable(const struct lw_store *store, struct lw_fault *fault)
{
    enum lw_err err = lw_store_readable(store, fault);

    if (err != LW_ERR_OK)
        return err;
    if (store->mode != LW_STORE_OWN)
        return lw_fault_set(fault, LW_ERR_USAGE, "the store was opened for reading");
    if (!store->in_turn)
        return lw_fault_set(fault, LW_ERR_USAGE, "no turn of the store was begun");
    if (store->doomed)
        return lw_fault_set(fault, LW_ERR_STATE, "a part of this turn failed: roll it back");
    return LW_ERR_OK;
}

enum lw_err lw_store_wrote(struct lw_store *store, enum lw_err err)
{
    if (err != LW_ERR_OK)
        store->doomed = true;
    return err;
}

/* What is left of a transaction that failed; SQLite has ended it by itself in some cases. */
static void undo(struct lw_store *store)
{
    if (!sqlite3_get_autocommit(store->db.handle))
        (void)sqlite3_exec(store->db.handle, "ROLLBACK", NULL, NULL, NULL);
    if (!sqlite3_get_autocommit(store->db.handle))
        store->db.broken = true;
}

/* Every turn asks for the sync itself, so that no small transaction before it can have weakened it. */
enum lw_err lw_store_begin(struct lw_store *store, struct lw_fault *fault)
{
    enum lw_err err = lw_store_readable(store, fault);
    struct lw_ask ask;

    if (err == LW_ERR_OK && (store->mode != LW_STORE_OWN || store->in_turn))
        err = lw_fault_set(fault, LW_ERR_USAGE,
                           store->in_turn ? "a turn of the store is open" : "the store was opened for reading");
    if (err == LW_ERR_OK && store->lax)
        err = lw_db_exec(&store->db, SYNC, fault);
    if (err != LW_ERR_OK)
        return err;
    store->lax = false;
    ask = lw_db_ask(&store->db, LW_SQL_BEGIN);
    err = lw_db_run(&ask, fault);
    if (err != LW_ERR_OK)
        return err;
    store->in_turn = true;
    store->doomed = false;
    store->turn_first_row = store->next_row;
    store->durable_sinks = store->sinks;
    return LW_ERR_OK;
}

static enum lw_err put_numbers(struct lw_store *store, struct lw_fault *fault)
{
    enum lw_err err = LW_ERR_OK;
    struct lw_ask ask;

    for (size_t i = 0; i < store->sinks.n && err == LW_ERR_OK; i++) {
        if (i < store->durable_sinks.n && store->sinks.at[i].next_seq == store->durable_sinks.at[i].next_seq)
            continue;
        ask = lw_db_ask(&store->db, LW_SQL_SINK_SEQ);
        lw_db_bind_int(&ask, 1, store->sinks.at[i].id);
        lw_db_bind_int(&ask, 2, (int64_t)store->sinks.at[i].next_seq);
        err = lw_db_run(&ask, fault);
    }
    if (err != LW_ERR_OK)
        return err;
    ask = lw_db_ask(&store->db, LW_SQL_STORE_TURN);
    lw_db_bind_int(&ask, 1, (int64_t)store->turn + 1);
    return lw_db_run(&ask, fault);
}

/* Bytes of alerts that were owed to a sink when the turn began. Sinks are only ever added, behind the others. */
static uint64_t alerts_before(const struct lw_store *store, size_t place)
{
    return place < store->durable_sinks.n ? store->durable_sinks.at[place].lanes[LW_LANE_ALERT].bytes : 0;
}

/* The bound of the spool holds whatever the caller forgot. A sink that gets nothing more, because it was taken out of the
   configuration, stops nobody. */
static enum lw_err keep_bounds(struct lw_store *store, struct lw_fault *fault)
{
    for (size_t i = 0; i < store->sinks.n; i++) {
        const struct lw_store_sink_state *sink = &store->sinks.at[i];
        lw_time now = {0};
        bool full;
        enum lw_err err;

        for (size_t lane = 0; lane < LW_LANE_COUNT; lane++)
            if (sink->lanes[lane].has_oldest && sink->lanes[lane].oldest.ms > now.ms)
                now = sink->lanes[lane].oldest;
        err = lw_store_evict(store, sink->id, now, &full, fault);
        if (err != LW_ERR_OK)
            return err;
        if (sink->lanes[LW_LANE_ALERT].bytes > lw_store_outbox_spool(store, i) &&
            sink->lanes[LW_LANE_ALERT].bytes > alerts_before(store, i))
            return lw_fault_set(fault, LW_ERR_LIMIT,
                                "the spool is full of alerts that could not be delivered: no input is taken until some "
                                "are");
    }
    return LW_ERR_OK;
}

static enum lw_err finish(struct lw_store *store, struct lw_fault *fault)
{
    enum lw_err err = LW_ERR_OK;
    struct lw_ask ask;

    err = lw_store_outbox_flush(store, fault);
    if (err == LW_ERR_OK)
        err = keep_bounds(store, fault);
    if (err == LW_ERR_OK)
        err = put_numbers(store, fault);
    if (err != LW_ERR_OK)
        return err;
    ask = lw_db_ask(&store->db, LW_SQL_COMMIT);
    err = lw_db_run(&ask, fault);
    if (err == LW_ERR_IO)
        store->db.broken = true;
    return err;
}

enum lw_err lw_store_commit(struct lw_store *store, struct lw_fault *fault)
{
    enum lw_err err = lw_store_writable(store, fault);

    if (err == LW_ERR_OK)
        err = finish(store, fault);
    if (err != LW_ERR_OK) {
        lw_store_rollback(store);
        return err;
    }
    store->in_turn = false;
    store->turn++;
    store->turn_first_row = store->next_row;
    lw_water_write(store->water, store->path.at, lw_str_from(store->session), store->turn, false);
    /* From here on the turn is durable: what fails now shows at the next call. */
    (void)!lw_store_outbox_settle(store, NULL);
    if (lw_store_log_grew(store, WAL_FRAMES)) {
        store->db.checkpointed = store->db.wal_frames;
        if (sqlite3_wal_checkpoint_v2(store->db.handle, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL) ==
            SQLITE_IOERR_FSYNC)
            store->db.broken = true;
    }
    return LW_ERR_OK;
}

void lw_store_rollback(struct lw_store *store)
{
    if (store == NULL || !store->in_turn)
        return;
    undo(store);
    store->in_turn = false;
    store->doomed = false;
    store->sinks = store->durable_sinks;
    lw_store_outbox_forget(store);
    store->turn_first_row = store->next_row;
    if (!store->db.broken)
        (void)!lw_store_outbox_settle(store, NULL);
}

enum lw_err lw_store_begin_lax(struct lw_store *store, struct lw_fault *fault)
{
    enum lw_err err = lw_store_readable(store, fault);

    if (err == LW_ERR_OK && store->mode != LW_STORE_OWN)
        err = lw_fault_set(fault, LW_ERR_USAGE, "the store was opened for reading");
    if (err == LW_ERR_OK && !store->lax) {
        store->lax = true; /* whatever happens, the next turn asks for its sync again */
        err = lw_db_exec(&store->db, "PRAGMA synchronous = NORMAL", fault);
    }
    if (err == LW_ERR_OK)
        err = lw_db_exec(&store->db, "BEGIN IMMEDIATE", fault);
    return err;
}

enum lw_err lw_store_end_lax(struct lw_store *store, enum lw_err err, struct lw_fault *fault)
{
    if (err == LW_ERR_OK)
        err = lw_db_exec(&store->db, "COMMIT", fault);
    if (err != LW_ERR_OK)
        undo(store);
    return err;
}

struct lw_str lw_store_session(const struct lw_store *store)
{
    return lw_str_from(store->session);
}
