/* Copies of a running store, and its being packed. */
#define _GNU_SOURCE
#include "engine/base/again.h"
#include "engine/store/inside.h"

#include "engine/base/fault.h"
#include "engine/store/guard.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATH_ROOM ((size_t)4096 + 32)

/* All pages in one read transaction: the copy is the store as it is at one moment. */
static enum lw_err copy_pages(struct lw_store *store, struct lw_db *to, struct lw_fault *fault)
{
    sqlite3_backup *backup = sqlite3_backup_init(to->handle, "main", store->db.handle, "main");
    int rc;

    if (backup == NULL)
        return lw_db_fault(to, sqlite3_extended_errcode(to->handle), fault);
    rc = sqlite3_backup_step(backup, -1);
    if (rc == SQLITE_DONE)
        rc = SQLITE_OK;
    if (sqlite3_backup_finish(backup) != SQLITE_OK && rc == SQLITE_OK)
        rc = SQLITE_IOERR;
    return rc == SQLITE_OK ? LW_ERR_OK : lw_db_fault(to, rc, fault);
}

/* The numbers of the copy will be given out by the store that goes on: who writes to the copy needs a session of its own.
   Out of the log mode and back, so that the copy is one file. */
static enum lw_err mark_copy(struct lw_db *to, struct lw_fault *fault)
{
    return lw_db_exec(to,
                      "PRAGMA synchronous = FULL; PRAGMA journal_mode = DELETE; UPDATE store SET copied = 1; "
                      "PRAGMA journal_mode = WAL; PRAGMA wal_checkpoint(TRUNCATE)",
                      fault);
}

static enum lw_err make_copy(struct lw_store *store, const char *beside, struct lw_fault *fault)
{
    struct lw_db to;
    int fd = lw_again_open(beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    enum lw_err err;

    if (fd < 0)
        return lw_fault_set(fault, errno == ENOSPC || errno == EDQUOT ? LW_ERR_FULL : LW_ERR_IO,
                            "cannot make %.150s: %s", beside, strerror(errno));
    close(fd);
    err = lw_db_open(&to, beside, LW_DB_OWN, fault);
    if (err != LW_ERR_OK)
        return err;
    err = copy_pages(store, &to, fault);
    if (err == LW_ERR_OK)
        err = mark_copy(&to, fault);
    lw_db_close(&to);
    return err;
}

enum lw_err lw_store_backup(struct lw_store *store, const char *path, struct lw_fault *fault)
{
    static const char *const endings[] = {"", "-wal", "-shm", "-journal"};
    char beside[PATH_ROOM], name[PATH_ROOM + 16];
    struct stat about;
    enum lw_err err = lw_store_readable(store, fault);

    if (err == LW_ERR_OK && store->in_turn)
        err = lw_fault_set(fault, LW_ERR_USAGE, "a backup is made between turns of the store");
    if (err == LW_ERR_OK && lstat(path, &about) == 0)
        err = lw_fault_set(fault, LW_ERR_USAGE, "%.150s is there already: name another file, or remove it", path);
    if (err == LW_ERR_OK && (size_t)snprintf(beside, sizeof(beside), "%s.%ld", path, (long)getpid()) >= sizeof(beside))
        err = lw_fault_set(fault, LW_ERR_USAGE, "the path of the backup is too long");
    if (err != LW_ERR_OK)
        return err;
    err = make_copy(store, beside, fault);
    /* A second name, not a rename: that would replace a file that somebody made meanwhile. */
    if (err == LW_ERR_OK && link(beside, path) != 0)
        err = lw_fault_set(fault, errno == EEXIST ? LW_ERR_USAGE : LW_ERR_IO, "cannot make %.150s: %s", path,
                           strerror(errno));
    for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++) {
        snprintf(name, sizeof(name), "%s%s", beside, endings[i]);
        unlink(name);
    }
    return err != LW_ERR_OK ? err : lw_guard_sync_folder(path, fault);
}

enum lw_err lw_store_vacuum(struct lw_store *store, struct lw_fault *fault)
{
    enum lw_err err = lw_store_readable(store, fault);
    int rc;

    if (err == LW_ERR_OK && (store->mode != LW_STORE_OWN || store->in_turn))
        err = lw_fault_set(fault, LW_ERR_USAGE, "a store is packed by its owner, between turns");
    if (err == LW_ERR_OK)
        err = lw_store_outbox_settle(store, fault);
    if (err == LW_ERR_OK)
        err = lw_db_exec(&store->db, "VACUUM", fault);
    if (err != LW_ERR_OK)
        return err;
    /* Only this gives the room back to the disk. A reader may be in the way: then it happens later by itself. */
    rc = sqlite3_wal_checkpoint_v2(store->db.handle, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
    return rc == SQLITE_OK || (rc & 0xff) == SQLITE_BUSY ? LW_ERR_OK : lw_db_fault(&store->db, rc, fault);
}
