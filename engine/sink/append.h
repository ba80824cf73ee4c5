/* Lines appended to a file, or written to standard output, so that each is there as a whole or not at all. */
#ifndef LEEWAY_ENGINE_SINK_APPEND_H
#define LEEWAY_ENGINE_SINK_APPEND_H

#include "engine/sink/delivery.h"
#include "leeway/str.h"

#include <stdbool.h>

/* {.path = P, .fd = -1} is a file that is not open yet, {.fd = 1} with NULL path is standard output (never closed). */
struct lw_append {
    const char *path; /* borrowed */
    int fd;
    bool unchecked; /* a write failed half-way: the end is looked at before the next */
};

/* Appends all of `bytes` (whole lines, each ended) and syncs.
   File: made with mode 0640 (and its folder synced), no link is followed; opened anew when the path leads to another file
   (rotation) or to none. What a crash left behind the last line end is cut away when it is the beginning of an object, for it
   will be written again; any other unfinished line is ended, not touched. After a failure the file is as it was.
   Standard output: only as much as fits without waiting; *written (in and out) counts the bytes that are gone, and `pending`
   is set as long as they are not all.
   ACKNOWLEDGED; RETRY (no space, errors of the device); HELD (rights, not a regular file, the reader of the pipe is gone);
   AMBIGUOUS (the sync failed). `why` is a sentence. */
enum lw_delivery_result lw_append_write(struct lw_append *append, struct lw_str bytes, size_t *written, bool *pending,
                                        char why[], size_t why_n);
void lw_append_close(struct lw_append *append);

#endif
