/* What is known of a file by its beginning: where a decoder can begin in it. */
#ifndef LEEWAY_ENGINE_SOURCE_FOLLOW_FOLLOW_SHAPE_H
#define LEEWAY_ENGINE_SOURCE_FOLLOW_FOLLOW_SHAPE_H

#include "engine/base/buf.h"
#include "leeway/str.h"

#include <stdbool.h>

#define LW_FOLLOW_LOOK       4096u
#define LW_FOLLOW_HEADER_MAX ((size_t)64 << 10)

enum lw_follow_shape {
    LW_FOLLOW_LINES,  /* JSON, one value per line: at each line */
    LW_FOLLOW_HEADER, /* anything else: at each line behind the first, which may say what the columns are */
    LW_FOLLOW_WHOLE   /* JSON over several lines, or what `whole` says: at its start alone */
};

/* By the first LW_FOLLOW_LOOK bytes, as far as they are there. `whole` may be NULL. */
enum lw_follow_shape lw_follow_shape_of(int file, bool (*whole)(void *self, struct lw_str head), void *self);
/* Appends the first line with its '\n'; nothing when it has no end within LW_FOLLOW_HEADER_MAX. false when memory is out. */
bool lw_follow_shape_header(int file, struct lw_buf *out);

#endif
