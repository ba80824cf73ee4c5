/* What the parts of following a file share: private to engine/source/follow/follow*.c. */
#ifndef LEEWAY_ENGINE_SOURCE_FOLLOW_FOLLOW_STATE_H
#define LEEWAY_ENGINE_SOURCE_FOLLOW_FOLLOW_STATE_H

#include "engine/base/arena.h"
#include "engine/source/follow/follow.h"
#include "engine/source/follow/follow_place.h"
#include "engine/source/unpack.h"

#include <sys/stat.h>
#include <time.h>

struct lw_follow {
    struct lw_arena arena; /* of the options */
    struct lw_follow_options options;
    const struct lw_source_calls *calls;
    struct lw_source_calls calls_kept;
    int file; /* -1: none is open */
    struct lw_follow_place durable;
    bool has_durable;
    struct lw_follow_place at; /* up to where `file` was handed out */
    struct timespec changed;   /* of the file, when `at` was compared with it last */
    uint64_t line;             /* the first line that has no end yet begins here */
    bool begins, resumes, header_due;
    bool unread;        /* the last reading failed */
    bool open_document; /* a part of it was handed out */
    bool resumed;       /* behind a mark of a file that was read to its end */
    bool cut;           /* it became shorter while it was read */
    bool told;          /* that all was read */
    bool moved;         /* another file was opened: there is more to do at once */
    bool ended, damaged;
    struct lw_unpack *unpack; /* of a packed file */
    bool rotating;
    lw_span rotating_since, active_until;
    struct lw_buf bytes, mark;
    struct lw_source_part part;
    struct lw_source_batch batch;
    struct lw_follow_place then; /* durable once the batch is */
    bool pending;
    struct lw_source_health health;
};

/* follow_file.c: which file is read, and from where. What goes wrong with a file is told in health, and tried again;
   LW_ERR_NOMEM; LW_ERR_IO when it changed under our hands. */

/* The file to begin with: the one of the mark, where it can be found, else the one of our name. follow->file stays -1 when
   there is none. */
LW_MUST_USE enum lw_err lw_follow_file_open(struct lw_follow *follow, struct lw_fault *fault);
/* A new document from the start of a file. Takes ownership of `file`. */
LW_MUST_USE enum lw_err lw_follow_file_begin(struct lw_follow *follow, int file, struct lw_fault *fault);
/* The same with the file of this name; nothing changes when there is none. */
LW_MUST_USE enum lw_err lw_follow_file_named(struct lw_follow *follow, const char *path, struct lw_fault *fault);
/* The file was emptied: what it had may be in a copy (copytruncate), which is read to its end first, as the same document;
   else on with what is there now. */
LW_MUST_USE enum lw_err lw_follow_file_cut(struct lw_follow *follow, struct lw_fault *fault);
/* Whether it is still the file of which `at` was read; looked at when it changed. */
LW_MUST_USE enum lw_err lw_follow_file_check(struct lw_follow *follow, const struct stat *status, bool *holds,
                                             struct lw_fault *fault);
bool lw_follow_file_is(const struct lw_follow *follow, uint64_t device, uint64_t inode);
void lw_follow_file_close(struct lw_follow *follow);
/* Says in health what is wrong, and what can be done about it; by errno. */
void lw_follow_file_trouble(struct lw_follow *follow, const char *what, const char *todo);
void lw_follow_file_errno(struct lw_follow *follow, int code);

/* follow_batch.c: what was read, as a batch with the mark from which on a restart goes on. */
LW_MUST_USE enum lw_err lw_follow_batch_hand_out(struct lw_follow *follow, lw_span ticks, struct lw_fault *fault);
/* There is nothing to read: told once. */
LW_MUST_USE enum lw_err lw_follow_batch_caught_up(struct lw_follow *follow, struct lw_fault *fault);
/* The end of a file that is read once. */
LW_MUST_USE enum lw_err lw_follow_batch_end(struct lw_follow *follow, struct lw_fault *fault);

#endif
