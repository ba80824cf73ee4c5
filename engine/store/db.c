#include "engine/store/db.h"

#include "engine/base/buf.h"
#include "engine/base/fault.h"
#include "engine/base/names.h"

#include <assert.h>
#include <errno.h>
#include <math.h>

#define BUSY_MS   2000 /* how long a statement waits for another program that holds the file */
#define PATH_ROOM 16384

static const char *const texts[] = {
#define SQL_TEXT(name, text) [LW_SQL_##name] = text,
    LW_SQL_LIST(SQL_TEXT)
#undef SQL_TEXT
};

static bool no_space(int errnum)
{
    return errnum == ENOSPC || errnum == EDQUOT || errnum == EFBIG;
}

/* SQLite tells a full disk as SQLITE_FULL only where write() said ENOSPC; quotas, limits of the process and the growing of
   the shared memory come as I/O errors, and its own record of errno is not kept when a commit fails. So errno is cleared
   before a statement and looked at here. */
static enum lw_err meaning(int rc)
{
    switch (rc & 0xff) {
    case SQLITE_NOMEM:
        return LW_ERR_NOMEM;
    case SQLITE_FULL:
        return LW_ERR_FULL;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return LW_ERR_LOCKED;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_SCHEMA:
    case SQLITE_ERROR: /* a table or column that should be there */
    case SQLITE_CONSTRAINT:
    case SQLITE_MISMATCH:
    case SQLITE_FORMAT:
        return LW_ERR_STATE;
    case SQLITE_TOOBIG:
        return LW_ERR_LIMIT;
    case SQLITE_MISUSE:
    case SQLITE_RANGE:
        return LW_ERR_USAGE;
    case SQLITE_IOERR:
        if (rc == SQLITE_IOERR_NOMEM)
            return LW_ERR_NOMEM;
        if ((rc == SQLITE_IOERR_WRITE || rc == SQLITE_IOERR_SHMSIZE || rc == SQLITE_IOERR_TRUNCATE) && no_space(errno))
            return LW_ERR_FULL;
        return LW_ERR_IO;
    }
    return LW_ERR_IO;
}

static const char *advice(enum lw_err err, int errnum)
{
    switch (err) {
    case LW_ERR_FULL:
        if (errnum == EFBIG)
            return "raise the limit of the process to the size of its files (ulimit -f, LimitFSIZE)";
        return errnum == EDQUOT ? "make room, or raise the quota" : "the disk is full: make room";
    case LW_ERR_STATE:
        return "the file is damaged: put back a backup, or move it away to begin anew";
    case LW_ERR_LOCKED:
        return "another program writes to it: end that first";
    case LW_ERR_NOMEM:
        return "free some memory";
    case LW_ERR_OK:
    case LW_ERR_LIMIT:
    case LW_ERR_USAGE:
    case LW_ERR_FORMAT:
    case LW_ERR_IO:
    case LW_ERR_RANGE:
    case LW_ERR_NUMERIC:
    case LW_ERR_NEWER:
    case LW_ERR_CONFIG:
        break;
    }
    return "look at the disk and the permissions of the folder";
}

enum lw_err lw_db_fault(struct lw_db *db, int rc, struct lw_fault *fault)
{
    int errnum = rc == SQLITE_FULL ? ENOSPC : errno;
    enum lw_err err = meaning(rc);

    if (rc == SQLITE_IOERR_FSYNC || rc == SQLITE_IOERR_DIR_FSYNC)
        db->broken = true;
    return lw_fault_set(fault, err, "the store failed (%s): %s", sqlite3_errstr(rc), advice(err, errnum));
}

static int count_frames(void *self, sqlite3 *handle, const char *name, int frames)
{
    struct lw_db *db = self;

    (void)handle;
    (void)name;
    db->wal_frames = frames;
    return SQLITE_OK;
}

/* As a URI, since only that can say that nobody writes: the three characters that mean something there are escaped. */
static enum lw_err uri_of(const char *path, enum lw_db_way way, struct lw_buf *uri)
{
    lw_buf_text(uri, "file:");
    for (const char *at = path; *at != '\0'; at++) {
        if (*at == '%' || *at == '?' || *at == '#')
            lw_buf_format(uri, "%%%02x", (unsigned)*at);
        else
            lw_buf_char(uri, *at);
    }
    lw_buf_text(uri, way == LW_DB_STILL ? "?immutable=1" : "");
    lw_buf_char(uri, '\0');
    return uri->error;
}

/* What is in the file is not trusted: no code of it runs (views and triggers with functions), its inner structure is
   checked while it is read, and it cannot make SQLite write to its own tables. */
static int harden(sqlite3 *handle, enum lw_db_way way)
{
    int rc = sqlite3_db_config(handle, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);

    if (rc == SQLITE_OK)
        rc = sqlite3_db_config(handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_db_config(handle, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0, NULL);
    if (rc == SQLITE_OK && way != LW_DB_OWN)
        rc = sqlite3_db_config(handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_exec(handle, "PRAGMA cell_size_check = ON; PRAGMA mmap_size = 0; PRAGMA cache_size = -16384", NULL,
                          NULL, NULL);
    return rc;
}

enum lw_err lw_db_open(struct lw_db *db, const char *path, enum lw_db_way way, struct lw_fault *fault)
{
    int flags = SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE |
                (way == LW_DB_OWN ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY);
    struct lw_buf uri = {.ceiling = PATH_ROOM};
    enum lw_err err = LW_ERR_OK;
    int rc;

    *db = (struct lw_db){.handle = NULL};
    if (uri_of(path, way, &uri) != LW_ERR_OK) {
        err = uri.error == LW_ERR_NOMEM ? lw_fault_memory(fault, "opening the store")
                                        : lw_fault_set(fault, LW_ERR_USAGE, "the path of the store is too long");
        lw_buf_close(&uri);
        return err;
    }
    rc = sqlite3_open_v2(uri.at, &db->handle, flags, NULL);
    lw_buf_close(&uri);
    if (rc == SQLITE_OK) {
        sqlite3_extended_result_codes(db->handle, 1);
        sqlite3_busy_timeout(db->handle, BUSY_MS);
        /* In place of SQLite's own checkpoints: when one is made is decided in maintenance, by the owner alone. */
        sqlite3_wal_hook(db->handle, count_frames, db);
        rc = harden(db->handle, way);
    }
    if (rc != SQLITE_OK) {
        err = lw_db_fault(db, rc, fault);
        lw_db_close(db);
    }
    return err;
}

void lw_db_close(struct lw_db *db)
{
    for (size_t i = 0; i < LW_SQL_COUNT; i++) {
        sqlite3_finalize(db->kept[i]);
        db->kept[i] = NULL;
    }
    sqlite3_close_v2(db->handle);
    db->handle = NULL;
}

enum lw_err lw_db_exec(struct lw_db *db, const char *sql, struct lw_fault *fault)
{
    int rc;

    errno = 0;
    rc = sqlite3_exec(db->handle, sql, NULL, NULL, NULL);
    return rc == SQLITE_OK ? LW_ERR_OK : lw_db_fault(db, rc, fault);
}

struct lw_ask lw_db_ask_text(struct lw_db *db, const char *sql)
{
    struct lw_ask ask = {.db = db, .single = true};

    ask.rc = sqlite3_prepare_v2(db->handle, sql, -1, &ask.stmt, NULL);
    return ask;
}

struct lw_ask lw_db_ask(struct lw_db *db, enum lw_sql sql)
{
    struct lw_ask ask = {.db = db};

    if (db->kept[sql] != NULL && sqlite3_stmt_busy(db->kept[sql]))
        return lw_db_ask_text(db, texts[sql]);
    if (db->kept[sql] == NULL)
        ask.rc = sqlite3_prepare_v3(db->handle, texts[sql], -1, SQLITE_PREPARE_PERSISTENT, &db->kept[sql], NULL);
    ask.stmt = db->kept[sql];
    return ask;
}

static void keep(struct lw_ask *ask, int rc)
{
    if (ask->rc == SQLITE_OK)
        ask->rc = rc;
}

void lw_db_bind_text(struct lw_ask *ask, int at, struct lw_str text)
{
    if (ask->rc == SQLITE_OK)
        keep(ask, sqlite3_bind_text64(ask->stmt, at, text.at ? text.at : "", text.len, SQLITE_STATIC, SQLITE_UTF8));
}

void lw_db_bind_blob(struct lw_ask *ask, int at, struct lw_str bytes)
{
    if (ask->rc == SQLITE_OK)
        keep(ask, sqlite3_bind_blob64(ask->stmt, at, bytes.at ? bytes.at : "", bytes.len, SQLITE_STATIC));
}

void lw_db_bind_int(struct lw_ask *ask, int at, int64_t number)
{
    if (ask->rc == SQLITE_OK)
        keep(ask, sqlite3_bind_int64(ask->stmt, at, number));
}

void lw_db_bind_real(struct lw_ask *ask, int at, double number)
{
    lw_db_bind_maybe_real(ask, at, isfinite(number), number);
}

void lw_db_bind_maybe_int(struct lw_ask *ask, int at, bool known, int64_t number)
{
    if (ask->rc == SQLITE_OK)
        keep(ask, known ? sqlite3_bind_int64(ask->stmt, at, number) : sqlite3_bind_null(ask->stmt, at));
}

void lw_db_bind_maybe_real(struct lw_ask *ask, int at, bool known, double number)
{
    if (ask->rc == SQLITE_OK)
        keep(ask, known ? sqlite3_bind_double(ask->stmt, at, number) : sqlite3_bind_null(ask->stmt, at));
}

enum lw_err lw_db_next(struct lw_ask *ask, bool *row, struct lw_fault *fault)
{
    enum lw_err err;
    int rc = ask->rc;

    *row = false;
    errno = 0;
    if (rc == SQLITE_OK)
        rc = sqlite3_step(ask->stmt);
    if (rc == SQLITE_ROW) {
        *row = true;
        return LW_ERR_OK;
    }
    if (rc == SQLITE_DONE)
        return LW_ERR_OK;
    err = lw_db_fault(ask->db, rc, fault);
    lw_db_end(ask);
    return err;
}

void lw_db_end(struct lw_ask *ask)
{
    if (ask->single) {
        sqlite3_finalize(ask->stmt);
    } else if (ask->stmt != NULL) {
        sqlite3_reset(ask->stmt);
        sqlite3_clear_bindings(ask->stmt);
    }
    ask->stmt = NULL;
}

enum lw_err lw_db_run(struct lw_ask *ask, struct lw_fault *fault)
{
    return lw_db_number(ask, NULL, NULL, fault);
}

enum lw_err lw_db_number(struct lw_ask *ask, int64_t *number, bool *found, struct lw_fault *fault)
{
    bool row;
    enum lw_err err = lw_db_next(ask, &row, fault);

    if (err != LW_ERR_OK)
        return err;
    if (row && number != NULL)
        *number = lw_db_int(ask, 0);
    if (found != NULL)
        *found = row;
    lw_db_end(ask);
    return LW_ERR_OK;
}

struct lw_str lw_db_str(const struct lw_ask *ask, int column)
{
    /* As a blob even where it is text: that needs no memory, so it cannot fail. */
    const char *at = sqlite3_column_blob(ask->stmt, column);
    int n = sqlite3_column_bytes(ask->stmt, column);

    return (struct lw_str){.at = at, .len = at != NULL ? (size_t)n : 0};
}

int64_t lw_db_int(const struct lw_ask *ask, int column)
{
    return sqlite3_column_int64(ask->stmt, column);
}

bool lw_db_is_null(const struct lw_ask *ask, int column)
{
    return sqlite3_column_type(ask->stmt, column) == SQLITE_NULL;
}

int64_t lw_db_digest(struct lw_str bytes)
{
    return (int64_t)lw_names_hash(bytes);
}
