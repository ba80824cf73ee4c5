/* A place in a file, and what the file is recognised by: not its name, which rotation changes, nor its inode alone, which
   is used again. */
#ifndef LEEWAY_ENGINE_SOURCE_FOLLOW_FOLLOW_PLACE_H
#define LEEWAY_ENGINE_SOURCE_FOLLOW_FOLLOW_PLACE_H

#include "engine/base/buf.h"
#include "engine/base/digest.h"
#include "leeway/err.h"
#include "leeway/str.h"

#include <stdbool.h>

#define LW_FOLLOW_HEAD 1024u /* bytes at the start of the file that tell it from others */
#define LW_FOLLOW_TAIL 256u  /* bytes before the place: told apart from a file that was cut and grew again */

struct lw_follow_place {
    uint64_t device, inode;
    uint64_t offset;
    uint64_t head_n, tail_n; /* how many bytes the hashes are of */
    char head[LW_DIGEST_ID], tail[LW_DIGEST_ID];
    bool ended; /* the file was read to its end, and that was all that was asked for */
};

/* The place at `offset` of an open file, as it is now. LW_ERR_IO: it is shorter, or cannot be read. */
LW_MUST_USE enum lw_err lw_follow_place_take(int file, uint64_t offset, struct lw_follow_place *out,
                                             struct lw_fault *fault);
/* Whether the file has this place: as long at least, and the same bytes where it was looked at. Its inode is not compared:
   a copy has it too. */
LW_MUST_USE enum lw_err lw_follow_place_holds(const struct lw_follow_place *place, int file, bool *holds,
                                              struct lw_fault *fault);

/* As JSON, with the path it was reached by. */
LW_MUST_USE enum lw_err lw_follow_place_write(const struct lw_follow_place *place, struct lw_str path,
                                              struct lw_buf *out, struct lw_fault *fault);
/* *found is false, and `out` as it was, when the text is not one of write, or of another path. LW_ERR_NOMEM. */
LW_MUST_USE enum lw_err lw_follow_place_read(struct lw_str text, struct lw_str path, struct lw_follow_place *out,
                                             bool *found, struct lw_fault *fault);

#endif
