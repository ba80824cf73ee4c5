/* The files that a rotated file became: NAME.1, NAME.2, NAME-20260101, in the order in which they were written. */
#ifndef LEEWAY_ENGINE_SOURCE_FOLLOW_ROTATED_H
#define LEEWAY_ENGINE_SOURCE_FOLLOW_ROTATED_H

#include "leeway/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct lw_rotated_file {
    char *path;
    uint64_t device, inode;
    uint64_t number; /* of NAME.N */
    bool numbered;   /* else dated */
};

/* Zero-initialised is a valid empty list. Owns its texts. */
struct lw_rotated {
    struct lw_rotated_file *files; /* oldest first: by date, then by falling number */
    size_t n, capacity;
};

/* The regular files beside `path` whose names are its own, '.' or '-', and a number or date (digits, and "-_:.T" within).
   Compressed ones are none of them. A directory that cannot be read has none. LW_ERR_NOMEM. */
LW_MUST_USE enum lw_err lw_rotated_list(struct lw_rotated *list, const char *path, struct lw_fault *fault);
void lw_rotated_close(struct lw_rotated *list);

#endif
