#define _POSIX_C_SOURCE 200809L

#include "engine/source/standard_input.h"

#include "engine/base/arena.h"
#include "engine/base/buf.h"
#include "engine/base/fault.h"
#include "engine/source/unpack.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define OPTIONS_MAX ((size_t)1 << 20)
#define SLICE       (LW_SOURCE_BATCH_MAX / 2048) /* what may be packed is read so that it unpacks to half a batch at most */
#define SLICE_ROOM  (SLICE * 1040)
#define CHUNK       ((size_t)64 << 10)
#define POLL        (LW_SECOND / 10)

struct input {
    struct lw_arena arena;
    struct lw_source_calls calls;
    int file;
    struct lw_unpack *unpack;
    struct lw_buf bytes;
    struct lw_source_part part;
    struct lw_source_batch batch;
    bool begun, over, pending, ended;
    struct lw_source_health health;
};

static enum lw_err on_bytes(void *self, const char *bytes, size_t n, struct lw_fault *fault)
{
    struct input *input = self;

    lw_buf_bytes(&input->bytes, bytes, n);
    return input->bytes.error == LW_ERR_OK ? LW_ERR_OK : lw_fault_memory(fault, "standard input");
}

/* Whether reading would not wait. The descriptor is shared with whoever started us, so its flags are left alone. */
static bool is_readable(int file)
{
    struct pollfd wanted = {.fd = file, .events = POLLIN};

    return poll(&wanted, 1, 0) > 0;
}

static void end_in_trouble(struct input *input, const char *what)
{
    input->over = true;
    input->health.errors++;
    snprintf(input->health.trouble, sizeof(input->health.trouble), "standard input ended early: %.120s", what);
}

static enum lw_err push(struct input *input, const char *bytes, size_t n, struct lw_fault *fault)
{
    struct lw_fault damage = {.code = LW_ERR_OK};
    enum lw_err err =
        n > 0 ? lw_unpack_push(input->unpack, bytes, n, &damage) : lw_unpack_finish(input->unpack, &damage);

    if (err == LW_ERR_FORMAT) {
        end_in_trouble(input, damage.text);
        return LW_ERR_OK;
    }
    if (err != LW_ERR_OK && fault != NULL)
        *fault = damage;
    return err;
}

/* What is there now, up to a batch. Text comes in large chunks; until it is known to be text, in slices. */
static enum lw_err fill(struct input *input, struct lw_fault *fault)
{
    char chunk[CHUNK];
    enum lw_err err = LW_ERR_OK;

    while (err == LW_ERR_OK && !input->over && is_readable(input->file)) {
        bool plain = input->begun && !lw_unpack_packed(input->unpack);
        size_t most = plain ? sizeof(chunk) : SLICE;
        ssize_t n;

        if (input->bytes.len + (plain ? CHUNK : SLICE_ROOM) > LW_SOURCE_BATCH_MAX)
            break;
        if (lw_buf_reserve(&input->bytes, plain ? CHUNK : SLICE_ROOM) == NULL) { /* before the pipe is emptied */
            input->bytes.error = LW_ERR_OK;
            return lw_fault_memory(fault, "standard input");
        }
        n = read(input->file, chunk, most);
        if (n < 0 && (errno == EINTR || errno == EAGAIN))
            break;
        if (n < 0) {
            end_in_trouble(input, "it cannot be read");
            break;
        }
        err = push(input, chunk, (size_t)n, fault);
        input->over |= n == 0;
        input->begun |= input->bytes.len > 0;
    }
    return err;
}

static void hand_out(struct input *input)
{
    bool any = input->bytes.len > 0;

    input->part.bytes = any ? lw_buf_view(&input->bytes) : LW_STR("");
    input->part.ends = input->over;
    input->batch = (struct lw_source_batch){
        .parts = &input->part,
        .parts_n = any || (input->over && !input->part.begins) ? 1 : 0,
        .caught_up = input->over,
        .ended = input->over,
    };
    input->health.bytes += input->bytes.len;
    input->pending = true;
}

static enum lw_err input_work(void *state, lw_time now, lw_span ticks, lw_span *next, struct lw_fault *fault)
{
    struct input *input = state;
    enum lw_err err = LW_ERR_OK;

    if (!input->pending && !input->ended) {
        err = fill(input, fault);
        if (err == LW_ERR_OK && (input->bytes.len > 0 || input->over))
            hand_out(input);
        if (input->pending) {
            input->health.last_success = now;
            input->health.has_last_success = true;
        }
    }
    if (err == LW_ERR_OK)
        *next = (lw_span){input->pending || input->ended ? LW_SOURCE_NEVER : ticks.ms + POLL};
    return err;
}

static const struct lw_source_batch *input_ready(void *state)
{
    struct input *input = state;

    return input->pending ? &input->batch : NULL;
}

static void input_taken(void *state, bool durable)
{
    struct input *input = state;

    if (!input->pending || !durable)
        return;
    input->pending = false;
    input->ended = input->over;
    input->part.begins &= input->batch.parts_n == 0;
    lw_buf_clear(&input->bytes);
    if (input->calls.wake != NULL)
        input->calls.wake(input->calls.self);
}

static void input_health(const void *state, struct lw_source_health *health)
{
    const struct input *input = state;

    *health = input->health;
}

static void input_close(void *state)
{
    struct input *input = state;

    if (input == NULL)
        return;
    lw_unpack_close(input->unpack);
    lw_buf_close(&input->bytes);
    lw_arena_close(&input->arena);
    free(input);
}

static const struct lw_source_kind kind = {
    .id = "stdin",
    .work = input_work,
    .ready = input_ready,
    .taken = input_taken,
    .health = input_health,
    .close = input_close,
};

static bool keep(struct lw_arena *arena, struct lw_str *text, struct lw_str from)
{
    *text = lw_arena_text(arena, from);
    return text->at != NULL;
}

static bool keep_options(struct input *input, const struct lw_standard_input_options *options)
{
    struct lw_source_part *part = &input->part;
    struct lw_arena *arena = &input->arena;

    part->document = LW_STR("-");
    part->label = LW_STR("standard input");
    part->begins = true;
    input->file = options->file;
    return keep(arena, &part->format, options->format.len > 0 ? options->format : LW_STR("auto")) &&
           keep(arena, &part->origin, options->origin) && keep(arena, &part->run, options->run) &&
           keep(arena, &part->metric, options->metric) && keep(arena, &part->stat, options->stat);
}

enum lw_err lw_standard_input_open(struct lw_source *out, const struct lw_standard_input_options *options,
                                   const struct lw_source_calls *calls, struct lw_fault *fault)
{
    struct input *input = calloc(1, sizeof(*input));
    enum lw_err err = LW_ERR_OK;

    if (input == NULL)
        return lw_fault_memory(fault, "standard input");
    input->arena.ceiling = OPTIONS_MAX;
    input->bytes.ceiling = 2 * LW_SOURCE_BATCH_MAX;
    input->calls = *calls;
    if (!keep_options(input, options))
        err = lw_fault_memory(fault, "standard input");
    if (err == LW_ERR_OK)
        err = lw_unpack_open(&input->unpack, on_bytes, input, fault);
    if (err != LW_ERR_OK) {
        input_close(input);
        return err;
    }
    *out = (struct lw_source){.kind = &kind, .state = input};
    return LW_ERR_OK;
}
