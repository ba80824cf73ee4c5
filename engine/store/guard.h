/* Where a store may lie, and the lock that says who owns it. */
#ifndef LEEWAY_ENGINE_STORE_GUARD_H
#define LEEWAY_ENGINE_STORE_GUARD_H

#include "engine/base/buf.h"
#include "leeway/err.h"

#include <stdbool.h>
#include <stdint.h>

/* Makes the folder (0700, with `make`), and writes the plain path of the file into `out`, terminated. *there: a file of
   some bytes is there. LW_ERR_USAGE: not a plain file of one name, a symbolic link, or on a file system over a network,
   where neither locks nor the shared memory of SQLite hold. */
LW_MUST_USE enum lw_err lw_guard_path(const char *path, bool make, struct lw_buf *out, bool *there,
                                      struct lw_fault *fault);
/* The name of a kind of file system, by f_type of statfs, that reaches over a network, or NULL. */
const char *lw_guard_network(uint64_t type);
/* Takes the lock PATH.lock until the descriptor is closed, and writes the pid into it. LW_ERR_LOCKED names the pid of the
   process that has it. The lock ends with the process, however that ends. */
LW_MUST_USE enum lw_err lw_guard_lock(const char *path, int *lock, struct lw_fault *fault);
/* Syncs the folder in which `path` lies, so that names made or changed in it last. */
LW_MUST_USE enum lw_err lw_guard_sync_folder(const char *path, struct lw_fault *fault);

#endif
