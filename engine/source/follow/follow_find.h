/* Finding the file of a place again: under its name, a rotated one, or as a copy. */
#ifndef LEEWAY_ENGINE_SOURCE_FOLLOW_FOLLOW_FIND_H
#define LEEWAY_ENGINE_SOURCE_FOLLOW_FOLLOW_FIND_H

#include "engine/source/follow/follow_place.h"

/* Opens a regular file for reading and never waits (a pipe is refused); -1 and the system's `code`. The caller closes. */
int lw_follow_find_open(const char *path, int *code);
/* The file that has this place, open, else -1: the very file first (device and inode), then one with the same bytes. Looks
   at `path` and, where `rotated`, at what it may have become. LW_ERR_NOMEM. */
LW_MUST_USE enum lw_err lw_follow_find_marked(const char *path, const struct lw_follow_place *place, bool rotated,
                                              int *file, struct lw_fault *fault);
/* A rotated copy, not the file itself, that has this place: where the rest is when the file was emptied in place. */
LW_MUST_USE enum lw_err lw_follow_find_copy(const char *path, const struct lw_follow_place *place, int *file,
                                            struct lw_fault *fault);
/* The file that was written after the one of this place (which has a rotated name now) and has been rotated since, open;
   -1 when there is none but `path` itself. */
LW_MUST_USE enum lw_err lw_follow_find_newer(const char *path, const struct lw_follow_place *place, int *file,
                                             struct lw_fault *fault);

#endif
