/* A file as a live source: followed by its name like tail -F, through rotation and truncation, or read to its end once. */
#ifndef LEEWAY_ENGINE_SOURCE_FOLLOW_FOLLOW_H
#define LEEWAY_ENGINE_SOURCE_FOLLOW_FOLLOW_H

#include "engine/source/source.h"

/* All is copied by open, but for the calls. */
struct lw_follow_options {
    const char *path;     /* need not exist yet */
    struct lw_str format; /* empty: "auto" */
    struct lw_str origin, run, metric, stat;
    bool until_end; /* read to its end, then `ended`; may be gzip'd then. A last line without '\n' is part of it */
    /* Whether a decoder cannot begin behind the first line of such a document (a training log, where earlier lines say
       what later ones mean). NULL: it can. JSON is looked at by the source itself. `head`: its first bytes, up to 4 KiB. */
    bool (*whole)(void *self, struct lw_str head);
    void *self;
};

/* Begins behind `mark` (empty: at the start), when that is of this path and of a file that is still there under this or a
   rotated name ("NAME.1", "NAME-20260101"); what was written meanwhile to files between the two is read too, in order of
   their last change. LW_ERR_NOMEM, LW_ERR_USAGE (no path).

   One batch holds one part of at most LW_SOURCE_BATCH_MAX bytes, document = path. Parts are cut anywhere: the decoder of
   the document goes on. The mark is never in the middle of a line: a line that has no end yet is read again after a
   restart, and so is a document that is no sequence of lines ({"events":[...]}, `whole`), from its start: what comes twice
   is recognised as such behind the decoder. After a restart in the middle, and after taken(false), the part begins a new
   document with the first line of the file where that may be a header (all but JSON), then goes on behind the mark.

   A path that does not exist, may not be read or is no file is `trouble` in the health and looked at again each second; it
   counts as caught up. The file is looked at each 200 ms while it grows, each second else; work never fails but for
   memory. A batch without parts tells that the end was reached, where the last one with parts did not. */
LW_MUST_USE enum lw_err lw_follow_open(struct lw_source *out, const struct lw_follow_options *options,
                                       const struct lw_source_calls *calls, struct lw_str mark, struct lw_fault *fault);

#endif
