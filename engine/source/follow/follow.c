#define _POSIX_C_SOURCE 200809L

#include "engine/source/follow/follow_state.h"

#include "engine/base/fault.h"
#include "engine/source/follow/follow_find.h"
#include "engine/source/follow/follow_shape.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#define OPTIONS_MAX ((size_t)1 << 20)
#define MARK_MAX    ((size_t)64 << 10)
#define POLL_ACTIVE (LW_SECOND / 5)
#define POLL_IDLE   LW_SECOND
#define MOVES_MAX   32 /* files that are gone through in one go when they have nothing new */
#define GRACE                                                                                                          \
    LW_SECOND /* that long a rotated file is quiet before the new one is read: not all writers reopen at once */
#define PACKED_SLICE (LW_SOURCE_BATCH_MAX / 2048) /* unpacks to half a batch at most: deflate reaches 1032 to 1 */
#define PACKED_ROOM  (PACKED_SLICE * 1040)

/* The file that was followed has another name now, or none: what was written between it and the one of our name comes
   first. */
static enum lw_err rotate(struct lw_follow *follow, bool empty, lw_span ticks, struct lw_fault *fault)
{
    int file;
    enum lw_err err = lw_follow_find_newer(follow->options.path, &follow->at, &file, fault);

    if (err != LW_ERR_OK)
        return err;
    if (file >= 0)
        return lw_follow_file_begin(follow, file, fault);
    if (empty)
        return lw_follow_batch_caught_up(follow, fault);
    if (follow->rotating && ticks.ms - follow->rotating_since.ms >= GRACE)
        return lw_follow_file_named(follow, follow->options.path, fault);
    if (!follow->rotating)
        follow->rotating_since = ticks;
    follow->rotating = true;
    return LW_ERR_OK;
}

static enum lw_err at_end(struct lw_follow *follow, lw_span ticks, struct lw_fault *fault)
{
    struct stat status;

    if (follow->options.until_end)
        return lw_follow_batch_end(follow, fault);
    if (stat(follow->options.path, &status) != 0)
        return rotate(follow, true, ticks, fault); /* renamed, and the new one is still to come */
    if (!lw_follow_file_is(follow, (uint64_t)status.st_dev, (uint64_t)status.st_ino))
        return rotate(follow, status.st_size == 0, ticks, fault);
    follow->rotating = false;
    return lw_follow_batch_caught_up(follow, fault);
}

static void cannot_read(struct lw_follow *follow)
{
    follow->unread = true;
    follow->health.errors++;
    lw_follow_file_errno(follow, errno);
}

static enum lw_err read_packed(struct lw_follow *follow, struct lw_fault *fault)
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
    lw_follow_file_trouble(follow, "its gzip data are damaged", "get it again; what could be unpacked was read");
    return LW_ERR_OK;
}

static enum lw_err read_plain(struct lw_follow *follow, struct lw_fault *fault)
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
static enum lw_err put_header(struct lw_follow *follow, struct lw_fault *fault)
{
    if (follow->header_due && !lw_follow_shape_header(follow->file, &follow->bytes))
        return lw_fault_memory(fault, "the first line of a file");
    return LW_ERR_OK;
}

static enum lw_err read_on(struct lw_follow *follow, lw_span ticks, struct lw_fault *fault)
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
    return lw_follow_batch_hand_out(follow, ticks, fault);
}

static enum lw_err look(struct lw_follow *follow, lw_time now, lw_span ticks, struct lw_fault *fault)
{
    struct stat status;
    bool holds = false;
    enum lw_err err = LW_ERR_OK;

    if (follow->file < 0)
        err = lw_follow_file_open(follow, fault);
    if (err != LW_ERR_OK)
        return err;
    if (follow->file < 0)
        return lw_follow_batch_caught_up(follow, fault);
    if (follow->resumed)
        return lw_follow_batch_end(follow, fault);
    if (!follow->damaged)
        follow->health.trouble[0] = '\0';
    follow->health.last_success = now;
    follow->health.has_last_success = true;
    if (fstat(follow->file, &status) == 0 && follow->unpack == NULL)
        err = lw_follow_file_check(follow, &status, &holds, fault);
    else
        holds = follow->unpack != NULL;
    if (err != LW_ERR_OK)
        return err;
    return holds ? read_on(follow, ticks, fault) : lw_follow_file_cut(follow, fault);
}

/* Whatever failed half-way begins anew at the durable place: as if the program had been started again. */
static void go_back(struct lw_follow *follow)
{
    lw_follow_file_close(follow);
    follow->told = false;
    follow->resumed = false;
    follow->damaged = false;
}

static enum lw_err follow_work(void *state, lw_time now, lw_span ticks, lw_span *next, struct lw_fault *fault)
{
    struct lw_follow *follow = state;
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
    struct lw_follow *follow = state;

    return follow->pending ? &follow->batch : NULL;
}

static void follow_taken(void *state, bool durable)
{
    struct lw_follow *follow = state;

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
    const struct lw_follow *follow = state;

    *health = follow->health;
}

static void follow_close(void *state)
{
    struct lw_follow *follow = state;

    if (follow == NULL)
        return;
    lw_follow_file_close(follow);
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

static bool keep_options(struct lw_follow *follow, const struct lw_follow_options *options)
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
    struct lw_follow *follow;
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
