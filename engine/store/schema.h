/* The tables of the store, their version, and how a file of an older version is brought up to it. */
#ifndef LEEWAY_ENGINE_STORE_SCHEMA_H
#define LEEWAY_ENGINE_STORE_SCHEMA_H

#include "engine/store/db.h"

#define LW_SCHEMA_APPLICATION INT64_C(0x6c776179) /* "lway", in the header of the file */
#define LW_SCHEMA_VERSION     1                   /* user_version */

/* A step from the version before it. */
struct lw_migration {
    int to;
    const char *sql;
};

/* Makes all tables in an empty file, with this session; one transaction. */
LW_MUST_USE enum lw_err lw_schema_make(struct lw_db *db, struct lw_str session, struct lw_fault *fault);
/* Whether the file is a store of this program, whole, and not newer: LW_ERR_STATE, LW_ERR_NEWER. *version: what it is.
   `thorough`: also quick_check, and that the tables are what they should be. Writes nothing. */
LW_MUST_USE enum lw_err lw_schema_check(struct lw_db *db, bool thorough, int *version, struct lw_fault *fault);
/* Takes the steps above `version` in one transaction. */
LW_MUST_USE enum lw_err lw_schema_migrate(struct lw_db *db, int version, const struct lw_migration *steps, size_t n,
                                          struct lw_fault *fault);
/* The steps of this program, for versions before LW_SCHEMA_VERSION. */
const struct lw_migration *lw_schema_migrations(size_t *n);

#endif
