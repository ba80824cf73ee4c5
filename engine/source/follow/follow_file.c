#define _POSIX_C_SOURCE 200809L

#include "engine/source/follow/follow_state.h"

#include "engine/base/again.h"
#include "engine/base/fault.h"
#include "engine/source/follow/follow_find.h"
#include "engine/source/follow/follow_shape.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void note(struct lw_follow *follow, const char *text)
{
    char line[512];

    if (follow->calls->world == NULL || follow->calls->world->note == NULL)
        return;
    snprintf(line, sizeof(line), "%.300s: %s", follow->options.path, text);
    follow->calls->world->note(follow->calls->world->self, LW_NOTE_WARNING, line);
}

void lw_follow_file_trouble(struct lw_follow *follow, const char *what, const char *todo)
{
    snprintf(follow->health.trouble, sizeof(follow->health.trouble), "cannot read %.90s: %.45s; %.45s",
             follow->options.path, what, todo);
}

void lw_follow_file_errno(struct lw_follow *follow, int code)
{
    char reason[64];

    if (strerror_r(code, reason, sizeof(reason)) != 0)
        snprintf(reason, sizeof(reason), "error %d", code);
    lw_follow_file_trouble(follow, reason,
                           code == ENOENT                    ? "it is read as soon as it is there"
                           : code == EACCES || code == EPERM ? "give this user the right to read it"
                                                             : "it is tried again");
}

bool lw_follow_file_is(const struct lw_follow *follow, uint64_t device, uint64_t inode)
{
    return device == follow->at.device && inode == follow->at.inode;
}

void lw_follow_file_close(struct lw_follow *follow)
{
    if (follow->file >= 0)
        close(follow->file);
    follow->file = -1;
    lw_unpack_close(follow->unpack);
    follow->unpack = NULL;
    follow->rotating = false;
    follow->cut = false;
}

static enum lw_err begin_at(struct lw_follow *follow, int file, uint64_t offset, struct lw_fault *fault)
{
    struct lw_follow_place at;
    enum lw_err err = lw_follow_place_take(file, offset, &at, fault);

    if (err != LW_ERR_OK) {
        close(file);
        return err;
    }
    lw_follow_file_close(follow);
    follow->file = file;
    follow->at = at;
    follow->line = offset;
    follow->changed = (struct timespec){0};
    follow->told = false;
    follow->moved = true;
    return LW_ERR_OK;
}

static enum lw_err on_unpacked(void *self, const char *bytes, size_t n, struct lw_fault *fault)
{
    struct lw_follow *follow = self;

    lw_buf_bytes(&follow->bytes, bytes, n);
    return follow->bytes.error == LW_ERR_OK ? LW_ERR_OK : lw_fault_memory(fault, "unpacking a file");
}

/* false: it cannot be read, errno says why. */
static bool look_packed(int file, bool *packed)
{
    unsigned char magic[2] = {0, 0};
    ssize_t n = lw_again_pread(file, magic, 2, 0);

    *packed = n == 2 && magic[0] == 0x1f && magic[1] == 0x8b;
    return n >= 0;
}

enum lw_err lw_follow_file_begin(struct lw_follow *follow, int file, struct lw_fault *fault)
{
    bool packed;
    enum lw_err err;

    if (!look_packed(file, &packed)) {
        lw_follow_file_errno(follow, errno);
        close(file);
        return LW_ERR_OK;
    }
    if (packed && !follow->options.until_end) {
        close(file);
        lw_follow_file_trouble(follow, "it is gzip'd, which cannot be followed", "set until_end to read it once");
        return LW_ERR_OK;
    }
    err = begin_at(follow, file, 0, fault);
    if (err == LW_ERR_OK && packed)
        err = lw_unpack_open(&follow->unpack, on_unpacked, follow, fault);
    if (err != LW_ERR_OK)
        return err;
    follow->begins = true;
    follow->resumes = false;
    follow->header_due = false;
    return LW_ERR_OK;
}

/* Goes on where the mark is, in a file that has it. Takes ownership of `file`. */
static enum lw_err resume(struct lw_follow *follow, int file, struct lw_fault *fault)
{
    const struct lw_follow_place *place = &follow->durable;
    enum lw_follow_shape shape = lw_follow_shape_of(file, follow->options.whole, follow->options.self);
    bool done = place->ended && lseek(file, 0, SEEK_END) == (off_t)place->offset;
    bool packed;
    enum lw_err err;

    if (!done && (place->offset == 0 || shape == LW_FOLLOW_WHOLE || !look_packed(file, &packed) || packed))
        return lw_follow_file_begin(follow, file, fault);
    err = begin_at(follow, file, place->offset, fault);
    if (err != LW_ERR_OK)
        return err;
    follow->resumed = done && follow->options.until_end;
    follow->begins = true;
    follow->resumes = true;
    follow->header_due = shape == LW_FOLLOW_HEADER;
    return LW_ERR_OK;
}

enum lw_err lw_follow_file_open(struct lw_follow *follow, struct lw_fault *fault)
{
    int code, file = -1;
    enum lw_err err = LW_ERR_OK;

    if (follow->has_durable)
        err = lw_follow_find_marked(follow->options.path, &follow->durable, !follow->options.until_end, &file, fault);
    if (err != LW_ERR_OK)
        return err;
    if (file >= 0)
        return resume(follow, file, fault);
    file = lw_follow_find_open(follow->options.path, &code);
    if (file < 0) {
        if (code == EISDIR || code == ENOTSUP)
            lw_follow_file_trouble(follow, "it is no regular file", "name a file, or send it to standard input");
        else
            lw_follow_file_errno(follow, code);
        return LW_ERR_OK;
    }
    if (follow->has_durable && follow->durable.offset > 0)
        note(follow, "the file that was read last is gone, what was written to its end since may be missing; "
                     "reading the one that is there from its start");
    return lw_follow_file_begin(follow, file, fault);
}

enum lw_err lw_follow_file_named(struct lw_follow *follow, const char *path, struct lw_fault *fault)
{
    int code, file = lw_follow_find_open(path, &code);

    if (file < 0) {
        if (code != ENOENT)
            lw_follow_file_errno(follow, code);
        return LW_ERR_OK;
    }
    return lw_follow_file_begin(follow, file, fault);
}

enum lw_err lw_follow_file_cut(struct lw_follow *follow, struct lw_fault *fault)
{
    uint64_t line = follow->line;
    int file = -1;
    enum lw_err err = LW_ERR_OK;

    if (!follow->options.until_end && !follow->cut)
        err = lw_follow_find_copy(follow->options.path, &follow->at, &file, fault);
    if (err != LW_ERR_OK)
        return err;
    if (file < 0) {
        lw_follow_file_close(follow);
        return lw_follow_file_named(follow, follow->options.path, fault);
    }
    err = begin_at(follow, file, follow->at.offset, fault);
    follow->line = line;
    return err;
}

enum lw_err lw_follow_file_check(struct lw_follow *follow, const struct stat *status, bool *holds,
                                 struct lw_fault *fault)
{
    enum lw_err err = LW_ERR_OK;

    *holds = !follow->cut && status->st_size >= 0 && (uint64_t)status->st_size >= follow->at.offset;
    if (!*holds ||
        (status->st_mtim.tv_sec == follow->changed.tv_sec && status->st_mtim.tv_nsec == follow->changed.tv_nsec &&
         (uint64_t)status->st_size == follow->at.offset))
        return LW_ERR_OK;
    err = lw_follow_place_holds(&follow->at, follow->file, holds, fault);
    follow->changed = status->st_mtim;
    return err;
}
