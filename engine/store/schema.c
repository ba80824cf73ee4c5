#include "engine/store/schema.h"

#include "engine/base/fault.h"

/* The text of each is what SQLite keeps of it, to the byte, comments included: a file whose tables differ is damaged or not
   ours. Times are milliseconds since 1970 UTC. */
static const struct {
    const char *name, *sql;
} tables[] = {
    {"store", "CREATE TABLE store( -- one row: what this file is\n"
              "    one INTEGER PRIMARY KEY CHECK(one = 1),\n"
              "    session TEXT NOT NULL, -- that the numbers lw_seq of events belong to\n"
              "    turn INTEGER NOT NULL, -- turns committed so far; FILE.water beside this file holds the same\n"
              "    copied INTEGER NOT NULL -- 1 in a backup: whoever writes to it first begins a new session\n"
              ") STRICT"},
    {"texts", "CREATE TABLE texts( -- marks of sources, excluded runs, notes of people\n"
              "    kind TEXT NOT NULL, name TEXT NOT NULL, text BLOB NOT NULL, digest INTEGER NOT NULL,\n"
              "    PRIMARY KEY(kind, name)\n"
              ") STRICT, WITHOUT ROWID"},
    {"units", "CREATE TABLE units( -- datapoints as they were gathered: a run, a tuning job, or data without run ids\n"
              "    id INTEGER PRIMARY KEY,\n"
              "    key TEXT NOT NULL UNIQUE,\n"
              "    source INTEGER NOT NULL,\n"
              "    open INTEGER NOT NULL, -- 1: more is expected; it is loaded at the start\n"
              "    pruned INTEGER NOT NULL, -- 1: it is too old for late data, its datapoints were given up\n"
              "    changed INTEGER NOT NULL, -- time\n"
              "    digest INTEGER NOT NULL,\n"
              "    bytes BLOB NOT NULL\n"
              ") STRICT"},
    {"units_open", "CREATE INDEX units_open ON units(key) WHERE open = 1"},
    {"units_age", "CREATE INDEX units_age ON units(changed) WHERE open = 0 AND pruned = 0"},
    {"units_pruned", "CREATE INDEX units_pruned ON units(changed) WHERE pruned = 1"},
    {"models", "CREATE TABLE models( -- families of runs\n"
               "    id INTEGER PRIMARY KEY,\n"
               "    origin TEXT NOT NULL, -- account/region or a label\n"
               "    model TEXT NOT NULL,\n"
               "    runs INTEGER NOT NULL DEFAULT 0,\n"
               "    last_run TEXT NOT NULL DEFAULT '',\n"
               "    last_end INTEGER, -- time\n"
               "    verdict TEXT NOT NULL, -- ok, insufficient_data, warning, drift, error\n"
               "    judged_until INTEGER NOT NULL DEFAULT 0, -- time: silence was judged up to here\n"
               "    deadline INTEGER, -- time: it is to be judged again even without a new run\n"
               "    dirty INTEGER NOT NULL DEFAULT 0, -- 1: its runs changed since it was judged\n"
               "    digest INTEGER NOT NULL,\n"
               "    told BLOB NOT NULL, -- the alerts as they were told\n"
               "    UNIQUE(origin, model)\n"
               ") STRICT"},
    {"runs", "CREATE TABLE runs( -- closed runs\n"
             "    id INTEGER PRIMARY KEY,\n"
             "    model INTEGER NOT NULL REFERENCES models(id),\n"
             "    name TEXT NOT NULL, -- of the training job\n"
             "    unit TEXT NOT NULL, -- units.key that gave it\n"
             "    place INTEGER NOT NULL, -- order of judging: the end, or the greatest number; then the name\n"
             "    started INTEGER, ended INTEGER, -- time\n"
             "    duration_s REAL,\n"
             "    outcome TEXT NOT NULL, -- completed, failed, stopped, out_of_time, incomplete, unknown, ...\n"
             "    instance TEXT NOT NULL,\n"
             "    failure TEXT NOT NULL, -- reason, when it failed\n"
             "    stored INTEGER NOT NULL, -- time\n"
             "    verdict TEXT, -- NULL: not judged yet\n"
             "    gap_s REAL, -- from the end of the run before to its start\n"
             "    cost REAL,\n"
             "    judged INTEGER, -- digest of what was judged of it\n"
             "    digest INTEGER NOT NULL -- of records.bytes\n"
             ") STRICT"},
    {"runs_place", "CREATE INDEX runs_place ON runs(model, place, name)"},
    {"runs_unit", "CREATE INDEX runs_unit ON runs(unit)"},
    {"records", "CREATE TABLE records( -- the whole of a run as the program keeps it, with the values of its metrics\n"
                "    run INTEGER PRIMARY KEY REFERENCES runs(id),\n"
                "    bytes BLOB NOT NULL\n"
                ") STRICT"},
    {"summaries", "CREATE TABLE summaries( -- one metric of one run\n"
                  "    run INTEGER NOT NULL REFERENCES runs(id),\n"
                  "    metric TEXT NOT NULL,\n"
                  "    count INTEGER NOT NULL, -- datapoints\n"
                  "    first REAL, last REAL, min REAL, max REAL, mean REAL, best REAL, stddev REAL, median REAL,\n"
                  "    PRIMARY KEY(run, metric)\n"
                  ") STRICT, WITHOUT ROWID"},
    {"findings",
     "CREATE TABLE findings( -- what a detector says of a run; those that are ok or lack data are not kept\n"
     "    id INTEGER PRIMARY KEY,\n"
     "    run INTEGER NOT NULL REFERENCES runs(id),\n"
     "    detector TEXT NOT NULL, series TEXT NOT NULL,\n"
     "    verdict TEXT NOT NULL, -- warning, drift, error\n"
     "    direction TEXT NOT NULL, -- up, down\n"
     "    statistic REAL, threshold REAL, p_value REAL, effect REAL,\n"
     "    message TEXT NOT NULL\n"
     ") STRICT"},
    {"findings_run", "CREATE INDEX findings_run ON findings(run)"},
    {"alerts", "CREATE TABLE alerts( -- changes of models, as judged last\n"
               "    id TEXT PRIMARY KEY,\n"
               "    model INTEGER NOT NULL REFERENCES models(id),\n"
               "    state TEXT NOT NULL, -- open, resolved, acknowledged, settled, retracted, stale\n"
               "    severity TEXT NOT NULL, impact TEXT NOT NULL, kind TEXT NOT NULL, direction TEXT NOT NULL,\n"
               "    series TEXT NOT NULL, -- separated by commas, the leading one first\n"
               "    opened_run TEXT NOT NULL, change_run TEXT NOT NULL, resolved_run TEXT NOT NULL, -- names\n"
               "    before REAL, after REAL, -- of the leading series\n"
               "    evidence INTEGER, -- time\n"
               "    place INTEGER NOT NULL, -- runs.place of opened_run, or the evidence\n"
               "    rule TEXT NOT NULL, message TEXT NOT NULL, reason TEXT NOT NULL,\n"
               "    revision INTEGER NOT NULL,\n"
               "    digest INTEGER NOT NULL\n"
               ") STRICT, WITHOUT ROWID"},
    {"alerts_model", "CREATE INDEX alerts_model ON alerts(model)"},
    {"alerts_open", "CREATE INDEX alerts_open ON alerts(id) WHERE state = 'open'"},
    {"sinks", "CREATE TABLE sinks( -- where events are owed\n"
              "    id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, next_seq INTEGER NOT NULL\n"
              ") STRICT"},
    {"outbox", "CREATE TABLE outbox( -- events that were not delivered yet: JSON objects, one per line\n"
               "    id INTEGER PRIMARY KEY,\n"
               "    sink INTEGER NOT NULL REFERENCES sinks(id),\n"
               "    lane TEXT NOT NULL, -- alert, run, metric\n"
               "    kind TEXT NOT NULL, -- of the events: alert, loss, heartbeat, run, summary, metric\n"
               "    events INTEGER NOT NULL, bytes INTEGER NOT NULL,\n"
               "    first_seq INTEGER NOT NULL, -- lw_seq of the first, the others follow\n"
               "    stored INTEGER NOT NULL, -- time\n"
               "    digest INTEGER NOT NULL,\n"
               "    body BLOB NOT NULL\n"
               ") STRICT"},
    {"outbox_lane", "CREATE INDEX outbox_lane ON outbox(sink, lane, id, events, bytes, stored)"},
    {"dead", "CREATE TABLE dead( -- events that their sink will never accept\n"
             "    id INTEGER PRIMARY KEY, sink INTEGER NOT NULL, stored INTEGER NOT NULL, reason TEXT NOT NULL,\n"
             "    digest INTEGER NOT NULL, body BLOB NOT NULL, UNIQUE(sink, digest)\n"
             ") STRICT"},
    {"losses", "CREATE TABLE losses( -- everything that was given up, by class and reason\n"
               "    id INTEGER PRIMARY KEY, sink INTEGER NOT NULL,\n"
               "    class TEXT NOT NULL, -- spool_full, dead_letter, too_late, damaged, ...\n"
               "    reason TEXT NOT NULL,\n"
               "    count INTEGER NOT NULL, bytes INTEGER NOT NULL,\n"
               "    first_seq INTEGER NOT NULL, last_seq INTEGER NOT NULL, -- all that is lost lies between\n"
               "    first INTEGER NOT NULL, last INTEGER NOT NULL, -- time\n"
               "    told INTEGER NOT NULL -- 1: a loss event was written about it\n"
               ") STRICT"},
    {"losses_untold", "CREATE INDEX losses_untold ON losses(sink, class, reason) WHERE told = 0"},
    {"history", "CREATE VIEW history AS -- runs with the names of their models, for reading\n"
                "    SELECT models.origin, models.model, runs.name, runs.outcome, runs.verdict,\n"
                "        datetime(runs.started / 1000, 'unixepoch') AS started,\n"
                "        datetime(runs.ended / 1000, 'unixepoch') AS ended,\n"
                "        runs.duration_s, runs.gap_s, runs.cost, runs.id AS run\n"
                "    FROM runs JOIN models ON models.id = runs.model ORDER BY models.model, runs.place, runs.name"},
};

#define TABLES (sizeof(tables) / sizeof(tables[0]))

/* None yet: version 1 is the first. A step is {2, "ALTER TABLE ...;"}. */
static const struct lw_migration *const migrations;
static const size_t migrations_n = 0;

const struct lw_migration *lw_schema_migrations(size_t *n)
{
    *n = migrations_n;
    return migrations;
}

static enum lw_err set_header(struct lw_db *db, int version, struct lw_fault *fault)
{
    char sql[96];

    sqlite3_snprintf(sizeof(sql), sql, "PRAGMA application_id = %lld; PRAGMA user_version = %d", LW_SCHEMA_APPLICATION,
                     version);
    return lw_db_exec(db, sql, fault);
}

static enum lw_err fill(struct lw_db *db, struct lw_str session, struct lw_fault *fault)
{
    enum lw_err err = set_header(db, LW_SCHEMA_VERSION, fault);
    struct lw_ask ask;

    for (size_t i = 0; i < TABLES && err == LW_ERR_OK; i++)
        err = lw_db_exec(db, tables[i].sql, fault);
    if (err != LW_ERR_OK)
        return err;
    ask = lw_db_ask_text(db, "INSERT INTO store(one, session, turn, copied) VALUES(1, ?1, 0, 0)");
    lw_db_bind_text(&ask, 1, session);
    return lw_db_run(&ask, fault);
}

/* The error that began it is the one that is told. */
static void undo(struct lw_db *db)
{
    if (!sqlite3_get_autocommit(db->handle))
        (void)sqlite3_exec(db->handle, "ROLLBACK", NULL, NULL, NULL);
}

enum lw_err lw_schema_make(struct lw_db *db, struct lw_str session, struct lw_fault *fault)
{
    enum lw_err err = lw_db_exec(db, "BEGIN IMMEDIATE", fault);

    if (err == LW_ERR_OK)
        err = fill(db, session, fault);
    if (err == LW_ERR_OK)
        err = lw_db_exec(db, "COMMIT", fault);
    if (err != LW_ERR_OK)
        undo(db);
    return err;
}

static enum lw_err pragma(struct lw_db *db, const char *sql, int64_t *number, struct lw_fault *fault)
{
    struct lw_ask ask = lw_db_ask_text(db, sql);

    return lw_db_number(&ask, number, NULL, fault);
}

static enum lw_err quick_check(struct lw_db *db, struct lw_fault *fault)
{
    struct lw_ask ask = lw_db_ask_text(db, "PRAGMA quick_check(1)");
    bool row;
    enum lw_err err = lw_db_next(&ask, &row, fault);

    if (err != LW_ERR_OK)
        return err;
    if (!row || !lw_str_equal(lw_db_str(&ask, 0), LW_STR("ok"))) {
        struct lw_str text = row ? lw_db_str(&ask, 0) : LW_STR("no answer");
        const char *second = memchr(text.at, '\n', text.len); /* the first line only names the database */

        if (second != NULL)
            text = (struct lw_str){second + 1, text.len - (size_t)(second + 1 - text.at)};

        err = lw_fault_set(fault, LW_ERR_STATE,
                           "the store is damaged (%.*s): put back a backup, or move the file away to begin anew",
                           (int)(text.len < 100 ? text.len : 100), text.at);
    }
    lw_db_end(&ask);
    return err;
}

/* Each of ours is there with its text, and nothing that would run by itself. Indexes and views of people do no harm. */
static enum lw_err check_tables(struct lw_db *db, struct lw_fault *fault)
{
    int64_t n = 0;
    enum lw_err err = pragma(db, "SELECT count(*) FROM sqlite_schema WHERE type = 'trigger'", &n, fault);

    if (err == LW_ERR_OK && n > 0)
        return lw_fault_set(fault, LW_ERR_STATE,
                            "there is a trigger in the store that is not of this program: drop it");
    for (size_t i = 0; i < TABLES && err == LW_ERR_OK; i++) {
        struct lw_ask ask = lw_db_ask_text(db, "SELECT count(*) FROM sqlite_schema WHERE name = ?1 AND sql = ?2");

        lw_db_bind_text(&ask, 1, lw_str_from(tables[i].name));
        lw_db_bind_text(&ask, 2, lw_str_from(tables[i].sql));
        err = lw_db_number(&ask, &n, NULL, fault);
        if (err == LW_ERR_OK && n != 1)
            err =
                lw_fault_set(fault, LW_ERR_STATE,
                             "the store is damaged (%s is not what it should be): put back a backup, or move the file "
                             "away to begin anew",
                             tables[i].name);
    }
    return err;
}

enum lw_err lw_schema_check(struct lw_db *db, bool thorough, int *version, struct lw_fault *fault)
{
    int64_t application = 0, user = 0;
    enum lw_err err = pragma(db, "PRAGMA application_id", &application, fault);

    if (err == LW_ERR_OK)
        err = pragma(db, "PRAGMA user_version", &user, fault);
    if (err != LW_ERR_OK)
        return err;
    if (application != LW_SCHEMA_APPLICATION || user < 1)
        return lw_fault_set(fault, LW_ERR_STATE,
                            "the file is a database, but not a store of leeway: name another path");
    *version = (int)user;
    if (user > LW_SCHEMA_VERSION)
        return lw_fault_set(fault, LW_ERR_NEWER,
                            "the store has version %d, this program knows version %d: use the later program, it was "
                            "not changed",
                            (int)user, LW_SCHEMA_VERSION);
    if (thorough)
        err = quick_check(db, fault);
    if (err == LW_ERR_OK && thorough && user == LW_SCHEMA_VERSION)
        err = check_tables(db, fault);
    return err;
}

enum lw_err lw_schema_migrate(struct lw_db *db, int version, const struct lw_migration *steps, size_t n,
                              struct lw_fault *fault)
{
    int reached = version;
    enum lw_err err = lw_db_exec(db, "BEGIN IMMEDIATE", fault);

    for (size_t i = 0; i < n && err == LW_ERR_OK; i++) {
        if (steps[i].to <= version)
            continue;
        err = lw_db_exec(db, steps[i].sql, fault);
        reached = steps[i].to;
    }
    if (err == LW_ERR_OK)
        err = set_header(db, reached, fault);
    if (err == LW_ERR_OK)
        err = lw_db_exec(db, "COMMIT", fault);
    if (err != LW_ERR_OK)
        undo(db);
    return err;
}
