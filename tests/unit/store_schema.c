#include "tests/kit/disk.h"
#include "tests/kit/kit.h"

#include "engine/store/guard.h"
#include "engine/store/schema.h"

#include <stdio.h>
#include <string.h>

#define OK(call) CU_ASSERT_EQUAL_FATAL((call), LW_ERR_OK)

static char path[512];

/* A store of version 1 that stands for an older one. */
static void fresh(struct lw_db *db)
{
    static int n;
    FILE *file;

    snprintf(path, sizeof(path), "%s/schema-%d.db", kit_temporary_directory(), ++n);
    file = fopen(path, "wb");
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    fclose(file);
    OK(lw_db_open(db, path, LW_DB_OWN, NULL));
    OK(lw_schema_make(db, LW_STR("abcdefghijklmnopqrstuvwxyz"), NULL));
    OK(lw_db_exec(db, "INSERT INTO sinks VALUES(7, 'loggly', 3)", NULL));
}

static int64_t number(struct lw_db *db, const char *sql)
{
    struct lw_ask ask = lw_db_ask_text(db, sql);
    int64_t n = -1;

    if (lw_db_number(&ask, &n, NULL, NULL) != LW_ERR_OK)
        return -2;
    return n;
}

static const struct lw_migration steps[] = {
    {1, "this step was taken long ago"},
    {2, "ALTER TABLE sinks ADD COLUMN url TEXT NOT NULL DEFAULT 'none'; UPDATE sinks SET url = 'http'"},
    {3, "CREATE TABLE extra(x INTEGER) STRICT; INSERT INTO extra SELECT next_seq FROM sinks"},
};

static void an_older_store_is_brought_up_step_by_step_and_keeps_what_it_holds(void)
{
    struct lw_db db;

    fresh(&db);
    OK(lw_schema_migrate(&db, 1, steps, 3, NULL));
    CU_ASSERT_EQUAL(number(&db, "PRAGMA user_version"), 3);
    CU_ASSERT_EQUAL(number(&db, "SELECT count(*) FROM sinks WHERE id = 7 AND url = 'http'"), 1);
    CU_ASSERT_EQUAL(number(&db, "SELECT x FROM extra"), 3);
    lw_db_close(&db);
}

static void a_step_that_fails_leaves_the_store_as_it_was(void)
{
    static const struct lw_migration bad[] = {{2, "ALTER TABLE sinks ADD COLUMN url TEXT"}, {3, "nonsense"}};
    struct lw_db db;
    int version = 0;

    fresh(&db);
    CU_ASSERT_EQUAL(lw_schema_migrate(&db, 1, bad, 2, NULL), LW_ERR_STATE);
    OK(lw_schema_check(&db, true, &version, NULL));
    CU_ASSERT_EQUAL(version, 1);
    lw_db_close(&db);
}

static void a_migration_that_is_cut_at_any_call_of_the_disk_is_whole_or_was_not(void)
{
    struct lw_db db;
    int before = 0, after = 0;

    for (uint64_t n = 1; n < 200; n++) {
        enum lw_err err;

        fresh(&db);
        kit_disk_fail(n, KIT_DISK_IO, true);
        err = lw_schema_migrate(&db, 1, steps, 3, NULL);
        lw_db_close(&db);
        kit_disk_fail(0, KIT_DISK_IO, false);
        OK(lw_db_open(&db, path, LW_DB_OWN, NULL));
        if (number(&db, "PRAGMA user_version") == 1 && number(&db, "SELECT count(*) FROM sinks") == 1 &&
            number(&db, "SELECT count(*) FROM extra") == -2)
            before++;
        else if (number(&db, "PRAGMA user_version") == 3 && number(&db, "SELECT x FROM extra") == 3)
            after++;
        else
            CU_FAIL("half of a migration");
        lw_db_close(&db);
        if (err == LW_ERR_OK)
            break;
    }
    CU_ASSERT(before > 3 && after > 0);
}

static void what_this_program_makes_is_of_its_own_version_and_passes_its_own_check(void)
{
    struct lw_db db;
    int version = 0;
    size_t n;
    const struct lw_migration *own = lw_schema_migrations(&n);

    fresh(&db);
    OK(lw_schema_check(&db, true, &version, NULL));
    CU_ASSERT_EQUAL(version, LW_SCHEMA_VERSION);
    for (size_t i = 0; i < n; i++)
        CU_ASSERT(own[i].to <= LW_SCHEMA_VERSION && (i == 0 || own[i].to == own[i - 1].to + 1));
    lw_db_close(&db);
}

/* Numbers of linux/magic.h. */
static void file_systems_over_a_network_are_known_and_local_ones_are_not_among_them(void)
{
    static const struct {
        uint64_t type;
        const char *name;
    } networks[] = {{0x6969, "NFS"},    {0x517b, "SMB"},      {0xff534d42, "CIFS"}, {0xfe534d42, "SMB2"},
                    {0x01021997, "9p"}, {0x00c36400, "Ceph"}, {0x5346414f, "AFS"}};
    static const uint64_t locals[] = {0xef53 /* ext4 */,      0x58465342 /* xfs */,     0x9123683e /* btrfs */,
                                      0x01021994 /* tmpfs */, 0x794c7630 /* overlay */, 0x2fc12fc1 /* zfs */};

    for (size_t i = 0; i < sizeof(networks) / sizeof(networks[0]); i++) {
        CU_ASSERT_PTR_NOT_NULL_FATAL(lw_guard_network(networks[i].type));
        CU_ASSERT_STRING_EQUAL(lw_guard_network(networks[i].type), networks[i].name);
    }
    for (size_t i = 0; i < sizeof(locals) / sizeof(locals[0]); i++)
        CU_ASSERT_PTR_NULL(lw_guard_network(locals[i]));
}

int main(void)
{
    static const struct kit_test tests[] = {
        {"an older store is brought up step by step and keeps what it holds",
         an_older_store_is_brought_up_step_by_step_and_keeps_what_it_holds},
        {"a step that fails leaves the store as it was", a_step_that_fails_leaves_the_store_as_it_was},
        {"a migration that is cut at any call of the disk is whole or was not",
         a_migration_that_is_cut_at_any_call_of_the_disk_is_whole_or_was_not},
        {"what this program makes is of its own version and passes its own check",
         what_this_program_makes_is_of_its_own_version_and_passes_its_own_check},
        {"file systems over a network are known and local ones are not among them",
         file_systems_over_a_network_are_known_and_local_ones_are_not_among_them},
    };

    kit_disk_install();
    return kit_main("store_schema", tests, sizeof(tests) / sizeof(tests[0]));
}
