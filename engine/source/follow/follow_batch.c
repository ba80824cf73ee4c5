#define _POSIX_C_SOURCE 200809L

#include "engine/source/follow/follow_state.h"

#include "engine/source/follow/follow_shape.h"

#define ACTIVE_FOR (5 * LW_SECOND)

static void batch_of(struct lw_follow *follow, size_t parts_n)
{
    follow->batch = (struct lw_source_batch){.parts = &follow->part, .parts_n = parts_n};
}

static enum lw_err finish_batch(struct lw_follow *follow, bool has_place, struct lw_fault *fault)
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

enum lw_err lw_follow_batch_caught_up(struct lw_follow *follow, struct lw_fault *fault)
{
    if (follow->told)
        return LW_ERR_OK;
    batch_of(follow, 0);
    follow->batch.caught_up = true;
    follow->then = follow->durable;
    return finish_batch(follow, follow->has_durable, fault);
}

enum lw_err lw_follow_batch_end(struct lw_follow *follow, struct lw_fault *fault)
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

/* Where a restart goes on once this batch is stored, and where reading goes on now. */
static enum lw_err take_places(struct lw_follow *follow, bool whole, struct lw_fault *fault)
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

static bool reached_end(const struct lw_follow *follow)
{
    struct stat here, there;

    return !follow->cut && fstat(follow->file, &here) == 0 && (uint64_t)here.st_size == follow->at.offset &&
           stat(follow->options.path, &there) == 0 &&
           lw_follow_file_is(follow, (uint64_t)there.st_dev, (uint64_t)there.st_ino);
}

enum lw_err lw_follow_batch_hand_out(struct lw_follow *follow, lw_span ticks, struct lw_fault *fault)
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
