#define _POSIX_C_SOURCE 200809L

#include "engine/source/follow/follow.h"

#include "engine/base/again.h"
#include "engine/base/arena.h"
#include "engine/base/fault.h"
#include "engine/source/follow/follow_find.h"
#include "engine/source/follow/follow_shape.h"
#include "engine/source/unpack.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define OPTIONS_MAX ((size_t)1 << 20)
#define MARK_MAX    ((size_t)64 << 10)
#define POLL_ACTIVE (LW_SECOND / 5)
#define POLL_IDLE   LW_SECOND
#define ACTIVE_FOR  (5 * LW_SECOND)
#define MOVES_MAX   32 /* files that are gone through in one go when they have nothing new */
#define GRACE                                                                                                          \
    LW_SECOND /* that long a rotated file is quiet before the new one is read: not all writers reopen at once */
#define PACKED_SLICE (LW_SOURCE_BATCH_MAX / 2048) /* unpacks to half a batch at most: deflate reaches 1032 to 1 */
#define PACKED_ROOM  (PACKED_SLICE * 1040)

struct follow {
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

static void note(struct follow *follow, const char *text)
{
    char line[512];

    if (follow->calls->world == NULL || follow->calls->world->note == NULL)
        return;
    snprintf(line, sizeof(line), "%.300s: %s", follow->options.path, text);
    follow->calls->world->note(follow->calls->world->self, LW_NOTE_WARNING, line);
}

static void trouble(struct follow *follow, const char *what, const char *todo)
{
    snprintf(follow->health.trouble, sizeof(follow->health.trouble), "cannot read %.90s: %.45s; %.45s",
             follow->options.path, what, todo);
}

static void trouble_errno(struct follow *follow, int code)
{
    char reason[64];

    if (strerror_r(code, reason, sizeof(reason)) != 0)
        snprintf(reason, sizeof(reason), "error %d", code);
    trouble(follow, reason,
            code == ENOENT                    ? "it is read as soon as it is there"
            : code == EACCES || code == EPERM ? "give this user the right to read it"
                                              : "it is tried again");
}

static bool same_file(const struct follow *follow, uint64_t device, uint64_t inode)
{
    return device == follow->at.device && inode == follow->at.inode;
}

static void close_file(struct follow *follow)
{
    if (follow->file >= 0)
        close(follow->file);
    follow->file = -1;
    lw_unpack_close(follow->unpack);
    follow->unpack = NULL;
    follow->rotating = false;
    follow->cut = false;
}

static enum lw_err begin_at(struct follow *follow, int file, uint64_t offset, struct lw_fault *fault)
{
    struct lw_follow_place at;
    enum lw_err err = lw_follow_place_take(file, offset, &at, fault);

    if (err != LW_ERR_OK) {
        close(file);
        return err;
    }
    close_file(follow);
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
    struct follow *follow = self;

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

/* A new document from the start of a file. Takes ownership of `file`. */
static enum lw_err begin_document(struct follow *follow, int file, struct lw_fault *fault)
{
    bool packed;
    enum lw_err err;

    if (!look_packed(file, &packed)) {
        trouble_errno(follow, errno);
        close(file);
        return LW_ERR_OK;
    }
    if (packed && !follow->options.until_end) {
        close(file);
        trouble(follow, "it is gzip'd, which cannot be followed", "set until_end to read it once");
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
static enum lw_err resume(struct follow *follow, int file, struct lw_fault *fault)
{
    const struct lw_follow_place *place = &follow->durable;
    enum lw_follow_shape shape = lw_follow_shape_of(file, follow->options.whole, follow->options.self);
    bool done = place->ended && lseek(file, 0, SEEK_END) == (off_t)place->offset;
    bool packed;
    enum lw_err err;

    if (!done && (place->offset == 0 || shape == LW_FOLLOW_WHOLE || !look_packed(file, &packed) || packed))
        return begin_document(follow, file, fault);
    err = begin_at(follow, file, place->offset, fault);
    if (err != LW_ERR_OK)
        return err;
    follow->resumed = done && follow->options.until_end;
    follow->begins = true;
    follow->resumes = true;
    follow->header_due = shape == LW_FOLLOW_HEADER;
    return LW_ERR_OK;
}

static enum lw_err open_current(struct follow *follow, struct lw_fault *fault)
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
            trouble(follow, "it is no regular file", "name a file, or send it to standard input");
        else
            trouble_errno(follow, code);
        return LW_ERR_OK;
    }
    if (follow->has_durable && follow->durable.offset > 0)
        note(follow, "the file that was read last is gone, what was written to its end since may be missing; "
                     "reading the one that is there from its start");
    return begin_document(follow, file, fault);
}

static void batch_of(struct follow *follow, size_t parts_n)
{
    follow->batch = (struct lw_source_batch){.parts = &follow->part, .parts_n = parts_n};
}

static enum lw_err finish_batch(struct follow *follow, bool has_place, struct lw_fault *fault)
{
    enum lw_err err = LW_ERR_OK;

    lw_buf_clear(&follow->mark);
    if (has_place)
        err = lw_follow_place_write(&follow->then, lw_str_from(follow->options.path), &follow->mark, fault);
    if (err != LW_ERR_OK)
        return err;
    follow->batch.mark = lw_buf_view(&follow->mark);
    follow->told = follow->batch.caught_up;
    follow->pending = true;
    return LW_ERR_OK;
}

/* There is nothing to read: told once. */
static enum lw_err tell_caught_up(struct follow *follow, struct lw_fault *fault)
{
    if (follow->told)
        return LW_ERR_OK;
    batch_of(follow, 0);
    follow->batch.caught_up = true;
    follow->then = follow->durable;
    return finish_batch(follow, follow->has_durable, fault);
}

/* The end of a file that is read once. */
static enum lw_err end_document(struct follow *follow, struct lw_fault *fault)
{
    struct lw_follow_place place;
    enum lw_err err = lw_follow_place_take(follow->file, follow->at.offset, &place, fault);

    if (err != LW_ERR_OK)
        return err;
    follow->part.bytes = (struct lw_str){.at = "", .len = 0};
    follow->part.begins = false;
    follow->part.resumes = false;
    follow->part.repeated = follow->part.unmarked = 0;
    follow->part.ends = true;
    batch_of(follow, follow->open_document ? 1 : 0);
    follow->batch.caught_up = true;
    follow->batch.ended = true;
    if (follow->damaged && follow->has_durable)
        place = follow->durable;
    place.ended = !follow->damaged;
    follow->then = place;
    return finish_batch(follow, !follow->damaged || follow->has_durable, fault);
}

static enum lw_err go_on_with(struct follow *follow, const char *path, struct lw_fault *fault)
{
    int code, file = lw_follow_find_open(path, &code);

    if (file < 0) {
        if (code != ENOENT)
            trouble_errno(follow, code);
        return LW_ERR_OK;
    }
    return begin_document(follow, file, fault);
}

/* The file that was followed has another name now, or none: what was written between it and the one of our name comes
   first. */
static enum lw_err rotate(struct follow *follow, bool empty, lw_span ticks, struct lw_fault *fault)
{
    int file;
    enum lw_err err = lw_follow_find_newer(follow->options.path, &follow->at, &file, fault);

    if (err != LW_ERR_OK)
        return err;
    if (file >= 0)
        return begin_document(follow, file, fault);
    if (empty)
        return tell_caught_up(follow, fault);
    if (follow->rotating && ticks.ms - follow->rotating_since.ms >= GRACE)
        return go_on_with(follow, follow->options.path, fault);
    if (!follow->rotating)
        follow->rotating_since = ticks;
    follow->rotating = true;
    return LW_ERR_OK;
}

static enum lw_err at_end(struct follow *follow, lw_span ticks, struct lw_fault *fault)
{
    struct stat status;

    if (follow->options.until_end)
        return end_document(follow, fault);
    if (stat(follow->options.path, &status) != 0)
        return rotate(follow, true, ticks, fault); /* renamed, and the new one is still to come */
    if (!same_file(follow, (uint64_t)status.st_dev, (uint64_t)status.st_ino))
        return rotate(follow, status.st_size == 0, ticks, fault);
    follow->rotating = false;
    return tell_caught_up(follow, fault);
}

/* The file was emptied: what it had may be in a copy (copytruncate), which is read to its end first, as the same
   document. */
static enum lw_err on_cut(struct follow *follow, struct lw_fault *fault)
{
    uint64_t line = follow->line;
    int file = -1;
    enum lw_err err = LW_ERR_OK;

    if (!follow->options.until_end && !follow->cut)
        err = lw_follow_find_copy(follow->options.path, &follow->at, &file, fault);
    if (err != LW_ERR_OK)
        return err;
    if (file < 0) {
        close_file(follow);
        return go_on_with(follow, follow->options.path, fault);
    }
    err = begin_at(follow, file, follow->at.offset, fault);
    follow->line = line;
    return err;
}

/* Whether it is still the file of which `at` was read; looked at when it changed. */
static enum lw_err check(struct follow *follow, const struct stat *status, bool *holds, struct lw_fault *fault)
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

static void cannot_read(struct follow *follow)
{
    follow->unread = true;
    follow->health.errors++;
    trouble_errno(follow, errno);
}

static enum lw_err read_packed(struct follow *follow, struct lw_fault *fault)
{
    char slice[PACKED_SLICE];
    enum lw_err err = LW_ERR_OK;

    while (err == LW_ERR_OK && follow->bytes.len + PACKED_ROOM <= LW_SOURCE_BATCH_MAX) {
        ssize_t n = pread(follow->file, slice, sizeof(slice), (off_t)follow->at.offset);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0) {
            cannot_read(follow);
            break;
        }
        if (n == 0) {
            err = lw_unpack_finish(follow->unpack, fault);
            break;
        }
        follow->at.offset += (uint64_t)n;
        err = lw_unpack_push(follow->unpack, slice, (size_t)n, fault);
    }
    if (err != LW_ERR_FORMAT)
        return err;
    follow->damaged = true;
    follow->health.errors++;
    trouble(follow, "its gzip data are damaged", "get it again; what could be unpacked was read");
    return LW_ERR_OK;
}

static enum lw_err read_plain(struct follow *follow, struct lw_fault *fault)
{
    size_t room = LW_SOURCE_BATCH_MAX - follow->bytes.len;
    char *into = lw_buf_reserve(&follow->bytes, room);
    const char *last;
    ssize_t n;

    if (into == NULL)
        return lw_fault_memory(fault, "reading a file");
    do
        n = pread(follow->file, into, room, (off_t)follow->at.offset);
    while (n < 0 && errno == EINTR);
    if (n < 0) {
        cannot_read(follow);
        return LW_ERR_OK;
    }
    follow->bytes.len += (size_t)n;
    last = into + n;
    while (last > into && last[-1] != '\n')
        last--;
    if (last > into)
        follow->line = follow->at.offset + (uint64_t)(last - into);
    follow->at.offset += (uint64_t)n;
    return LW_ERR_OK;
}

/* The first line, where the decoder begins behind it. */
static enum lw_err put_header(struct follow *follow, struct lw_fault *fault)
{
    if (follow->header_due && !lw_follow_shape_header(follow->file, &follow->bytes))
        return lw_fault_memory(fault, "the first line of a file");
    return LW_ERR_OK;
}

/* Where a restart goes on once this batch is stored, and where reading goes on now. */
static enum lw_err take_places(struct follow *follow, bool whole, struct lw_fault *fault)
{
    uint64_t at = follow->at.offset;
    enum lw_err err = lw_follow_place_take(follow->file, whole ? 0 : follow->line, &follow->then, fault);

    if (err == LW_ERR_OK)
        err = lw_follow_place_take(follow->file, at, &follow->at, fault);
    if (err != LW_ERR_IO)
        return err;
    follow->cut = true; /* what was read is good, but of this file nothing can be told any more */
    follow->then = follow->durable;
    return LW_ERR_OK;
}

static bool reached_end(const struct follow *follow)
{
    struct stat here, there;

    return !follow->cut && fstat(follow->file, &here) == 0 && (uint64_t)here.st_size == follow->at.offset &&
           stat(follow->options.path, &there) == 0 && same_file(follow, (uint64_t)there.st_dev, (uint64_t)there.st_ino);
}

static enum lw_err hand_out(struct follow *follow, lw_span ticks, struct lw_fault *fault)
{
    bool has_place;
    bool whole = follow->unpack != NULL ||
                 lw_follow_shape_of(follow->file, follow->options.whole, follow->options.self) == LW_FOLLOW_WHOLE;
    enum lw_err err = take_places(follow, whole, fault);

    if (err != LW_ERR_OK)
        return err;
    has_place = !follow->cut || follow->has_durable;
    follow->part.bytes = lw_buf_view(&follow->bytes);
    follow->part.begins = follow->begins;
    follow->part.resumes = follow->resumes;
    follow->part.ends = false;
    follow->part.unmarked = whole || follow->cut ? SIZE_MAX : (size_t)(follow->at.offset - follow->then.offset);
    batch_of(follow, 1);
    follow->batch.caught_up = !follow->options.until_end && reached_end(follow);
    follow->health.bytes += follow->bytes.len;
    follow->active_until = (lw_span){ticks.ms + ACTIVE_FOR};
    follow->rotating = false;
    err = finish_batch(follow, has_place, fault);
    if (err != LW_ERR_OK)
        return err;
    follow->begins = false;
    follow->resumes = false;
    follow->header_due = false;
    follow->open_document = true;
    return LW_ERR_OK;
}

static enum lw_err read_on(struct follow *follow, lw_span ticks, struct lw_fault *fault)
{
    size_t before;
    enum lw_err err;

    lw_buf_clear(&follow->bytes);
    err = put_header(follow, fault);
    before = follow->bytes.len;
    follow->part.repeated = before;
    follow->unread = false;
    if (err == LW_ERR_OK && !follow->damaged)
        err = follow->unpack != NULL ? read_packed(follow, fault) : read_plain(follow, fault);
    if (err != LW_ERR_OK)
        return err;
    if (follow->bytes.len == before) /* where it cannot be read, nobody knows whether that is the end */
        return follow->unread ? LW_ERR_OK : at_end(follow, ticks, fault);
    return hand_out(follow, ticks, fault);
}

static enum lw_err look(struct follow *follow, lw_time now, lw_span ticks, struct lw_fault *fault)
{
    struct stat status;
    bool holds = false;
    enum lw_err err = LW_ERR_OK;

    if (follow->file < 0)
        err = open_current(follow, fault);
    if (err != LW_ERR_OK)
        return err;
    if (follow->file < 0)
        return tell_caught_up(follow, fault);
    if (follow->resumed)
        return end_document(follow, fault);
    if (!follow->damaged)
        follow->health.trouble[0] = '\0';
    follow->health.last_success = now;
    follow->health.has_last_success = true;
    if (fstat(follow->file, &status) == 0 && follow->unpack == NULL)
        err = check(follow, &status, &holds, fault);
    else
        holds = follow->unpack != NULL;
    if (err != LW_ERR_OK)
        return err;
    return holds ? read_on(follow, ticks, fault) : on_cut(follow, fault);
}

/* Whatever failed half-way begins anew at the durable place: as if the program had been started again. */
static void go_back(struct follow *follow)
{
    close_file(follow);
    follow->told = false;
    follow->resumed = false;
    follow->damaged = false;
}

static enum lw_err follow_work(void *state, lw_time now, lw_span ticks, lw_span *next, struct lw_fault *fault)
{
    struct follow *follow = state;
    enum lw_err err = LW_ERR_OK;

    for (int moves = 0; err == LW_ERR_OK && !follow->pending && !follow->ended && moves < MOVES_MAX; moves++) {
        follow->moved = false;
        err = look(follow, now, ticks, fault);
        if (!follow->moved)
            break;
    }
    if (err == LW_ERR_IO) { /* it changed under our hands: looked at again */
        follow->health.errors++;
        err = LW_ERR_OK;
        go_back(follow);
    }
    if (err != LW_ERR_OK) {
        go_back(follow);
        return err;
    }
    if (follow->pending || follow->ended)
        *next = (lw_span){LW_SOURCE_NEVER};
    else
        *next =
            (lw_span){ticks.ms + (ticks.ms < follow->active_until.ms || follow->rotating ? POLL_ACTIVE : POLL_IDLE)};
    return LW_ERR_OK;
}

static const struct lw_source_batch *follow_ready(void *state)
{
    struct follow *follow = state;

    return follow->pending ? &follow->batch : NULL;
}

static void follow_taken(void *state, bool durable)
{
    struct follow *follow = state;

    if (!follow->pending)
        return;
    follow->pending = false;
    if (durable) {
        follow->has_durable = follow->batch.mark.len > 0;
        follow->durable = follow->then;
        follow->ended = follow->batch.ended;
    } else {
        go_back(follow);
    }
    if (follow->calls->wake != NULL)
        follow->calls->wake(follow->calls->self);
}

static void follow_health(const void *state, struct lw_source_health *health)
{
    const struct follow *follow = state;

    *health = follow->health;
}

static void follow_close(void *state)
{
    struct follow *follow = state;

    if (follow == NULL)
        return;
    close_file(follow);
    lw_buf_close(&follow->bytes);
    lw_buf_close(&follow->mark);
    lw_arena_close(&follow->arena);
    free(follow);
}

static const struct lw_source_kind kind = {
    .id = "file",
    .work = follow_work,
    .ready = follow_ready,
    .taken = follow_taken,
    .health = follow_health,
    .close = follow_close,
};

static bool keep(struct lw_arena *arena, struct lw_str *text, struct lw_str from)
{
    *text = lw_arena_text(arena, from);
    return text->at != NULL;
}

static bool keep_options(struct follow *follow, const struct lw_follow_options *options)
{
    struct lw_source_part *part = &follow->part;
    struct lw_arena *arena = &follow->arena;
    struct lw_str path;

    if (!keep(arena, &path, lw_str_from(options->path)) ||
        !keep(arena, &part->format, options->format.len > 0 ? options->format : LW_STR("auto")) ||
        !keep(arena, &part->origin, options->origin) || !keep(arena, &part->run, options->run) ||
        !keep(arena, &part->metric, options->metric) || !keep(arena, &part->stat, options->stat))
        return false;
    part->document = part->label = path;
    follow->options = *options;
    follow->options.path = path.at;
    return true;
}

enum lw_err lw_follow_open(struct lw_source *out, const struct lw_follow_options *options,
                           const struct lw_source_calls *calls, struct lw_str mark, struct lw_fault *fault)
{
    struct follow *follow;
    enum lw_err err = LW_ERR_OK;

    if (options->path == NULL || options->path[0] == '\0')
        return lw_fault_set(fault, LW_ERR_USAGE, "a file source needs a path");
    follow = calloc(1, sizeof(*follow));
    if (follow == NULL)
        return lw_fault_memory(fault, "following a file");
    follow->file = -1;
    follow->arena.ceiling = OPTIONS_MAX;
    follow->bytes.ceiling = LW_SOURCE_BATCH_MAX + PACKED_ROOM;
    follow->mark.ceiling = MARK_MAX;
    follow->calls_kept = *calls;
    follow->calls = &follow->calls_kept;
    if (!keep_options(follow, options))
        err = lw_fault_memory(fault, "following a file");
    if (err == LW_ERR_OK)
        err = lw_follow_place_read(mark, lw_str_from(follow->options.path), &follow->durable, &follow->has_durable,
                                   fault);
    if (err != LW_ERR_OK) {
        follow_close(follow);
        return err;
    }
    *out = (struct lw_source){.kind = &kind, .state = follow};
    return LW_ERR_OK;
}
