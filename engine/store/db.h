/* One connection to SQLite: how it is opened, statements that are prepared once, and what its errors mean here. */
#ifndef LEEWAY_ENGINE_STORE_DB_H
#define LEEWAY_ENGINE_STORE_DB_H

#include "engine/store/sql.h"
#include "leeway/err.h"
#include "leeway/str.h"

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

struct lw_db {
    sqlite3 *handle;
    sqlite3_stmt *kept[LW_SQL_COUNT];
    bool broken;      /* a sync failed: nothing is known about the file any more, only opening it anew tells */
    int wal_frames;   /* in the write-ahead log after the last commit of this connection */
    int checkpointed; /* that were in it at the last checkpoint: a reader may keep it from beginning anew */
};

enum lw_db_way {
    LW_DB_OWN,  /* reads and writes; the file must be there */
    LW_DB_READ, /* a reader beside an owner */
    LW_DB_STILL /* reads a file that nobody writes, without any file beside it: nothing on disk changes, not even -shm */
};

/* Nothing in the file is read yet. On failure `db` is closed. */
LW_MUST_USE enum lw_err lw_db_open(struct lw_db *db, const char *path, enum lw_db_way way, struct lw_fault *fault);
void lw_db_close(struct lw_db *db);
/* Text of several statements, none of which yields rows. */
LW_MUST_USE enum lw_err lw_db_exec(struct lw_db *db, const char *sql, struct lw_fault *fault);
/* The fault that a code of SQLite means; marks the connection as broken where a sync failed. */
enum lw_err lw_db_fault(struct lw_db *db, int rc, struct lw_fault *fault);

/* A statement on its way: bind (errors stick), then run, or next until there is no row, then end. Bound texts are
   borrowed until the end. */
struct lw_ask {
    struct lw_db *db;
    sqlite3_stmt *stmt;
    int rc;
    bool single; /* prepared for this once: the kept one was under way (a caller's function asked the same) */
};

struct lw_ask lw_db_ask(struct lw_db *db, enum lw_sql sql);
/* One that is not in the table: PRAGMAs, what tests ask. */
struct lw_ask lw_db_ask_text(struct lw_db *db, const char *sql);
void lw_db_bind_text(struct lw_ask *ask, int at, struct lw_str text);
void lw_db_bind_blob(struct lw_ask *ask, int at, struct lw_str bytes);
void lw_db_bind_int(struct lw_ask *ask, int at, int64_t number);
void lw_db_bind_real(struct lw_ask *ask, int at, double number); /* not finite: NULL */
void lw_db_bind_maybe_int(struct lw_ask *ask, int at, bool known, int64_t number);
void lw_db_bind_maybe_real(struct lw_ask *ask, int at, bool known, double number);
/* *row: there is one. An error ends the statement. */
LW_MUST_USE enum lw_err lw_db_next(struct lw_ask *ask, bool *row, struct lw_fault *fault);
void lw_db_end(struct lw_ask *ask);
/* To its end, without looking at rows. */
LW_MUST_USE enum lw_err lw_db_run(struct lw_ask *ask, struct lw_fault *fault);
/* The first column of the first row, and the end; *found (may be NULL): there was one. */
LW_MUST_USE enum lw_err lw_db_number(struct lw_ask *ask, int64_t *number, bool *found, struct lw_fault *fault);

/* Columns of the row, from 0; texts borrowed until the next one. */
struct lw_str lw_db_str(const struct lw_ask *ask, int column);
int64_t lw_db_int(const struct lw_ask *ask, int column);
bool lw_db_is_null(const struct lw_ask *ask, int column);

/* The number that is stored beside bytes, so that a flipped bit in them is seen. */
int64_t lw_db_digest(struct lw_str bytes);

#endif
