/* Input files: which ones a path on the command line means, and their bytes in order. */
#ifndef LEEWAY_ENGINE_SOURCE_FILE_H
#define LEEWAY_ENGINE_SOURCE_FILE_H

#include "leeway/err.h"
#include "leeway/str.h"

#include <stddef.h>
#include <stdint.h>

#define LW_FILE_CHUNK (1u << 16) /* most bytes per call */

/* What paths mean, in order. Owns its texts. Zero-initialised is a valid empty list. */
struct lw_file_list {
    char **paths; /* terminated */
    size_t n;
    size_t capacity;
};

/* Adds what `path` means: itself; for a directory the regular files in it (links to files too), sorted by their names as
   bytes, hidden ones (".x") left out, directories in it not entered; "-" is standard input. A directory without such
   files is LW_ERR_IO, as is a path that does not exist. On failure the list is what it was. */
LW_MUST_USE enum lw_err lw_file_list_add(struct lw_file_list *list, const char *path, struct lw_fault *fault);
void lw_file_list_close(struct lw_file_list *list);

/* The bytes are valid during the call. An error ends the reading and is returned. */
typedef enum lw_err lw_file_call(void *self, const char *bytes, size_t n, struct lw_fault *fault);

/* Reads a file, a pipe or standard input ("-") to its end, in calls of 1 .. LW_FILE_CHUNK bytes. LW_ERR_IO names the path,
   the system's reason, what to do, and the byte at which reading failed. */
LW_MUST_USE enum lw_err lw_file_read(const char *path, lw_file_call *call, void *self, struct lw_fault *fault);
/* Size in bytes of a regular file, 0 where it is not known beforehand: for progress. */
uint64_t lw_file_size(const char *path);

#endif
