#define _GNU_SOURCE /* reallocarray */
#include "engine/sink/batch.h"

#include "engine/base/fault.h"

#include <stdlib.h>
#include <string.h>

/* Bytes of rows that are looked at in vain (of another kind, nothing to send): one turn of the loop must not read a spool. */
#define PASSED_OVER_MAX ((size_t)4 << 20)
#define BODY_KEPT       ((size_t)8 << 20) /* what a full batch grew to: its memory is not fetched anew each time */
#define BODY_CEILING    ((size_t)16 << 20)

struct taking {
    struct lw_batch *batch;
    struct lw_batch_cursor cursor;
    struct lw_batch_limit limit;
    lw_fit_call *fit;
    void *context;
    size_t passed_over, step, read;
    bool kind_known, more; /* more: it ended for the step alone */
    enum lw_err err;
};

static bool push_row(struct taking *taking, uint64_t id)
{
    struct lw_batch *batch = taking->batch;
    size_t capacity = batch->rows_capacity ? batch->rows_capacity * 2 : 16;
    uint64_t *more;

    if (batch->rows_n == batch->rows_capacity) {
        more = reallocarray(batch->rows, capacity, sizeof(*more));
        if (!more) {
            taking->err = LW_ERR_NOMEM;
            return false;
        }
        batch->rows = more;
        batch->rows_capacity = capacity;
    }
    batch->rows[batch->rows_n++] = id;
    return true;
}

static bool push_dead(struct taking *taking, const struct lw_batch_event *event)
{
    struct lw_batch *batch = taking->batch;
    size_t capacity = batch->dead_capacity ? batch->dead_capacity * 2 : 4;
    struct lw_batch_event *more;

    if (batch->dead_n == batch->dead_capacity) {
        more = reallocarray(batch->dead, capacity, sizeof(*more));
        if (!more) {
            taking->err = LW_ERR_NOMEM;
            return false;
        }
        batch->dead = more;
        batch->dead_capacity = capacity;
    }
    batch->dead[batch->dead_n++] = *event;
    return true;
}

/* The bytes of the line that begins at `at`, with its end. */
static size_t line_size(struct lw_str bytes, size_t at)
{
    const char *end = memchr(bytes.at + at, '\n', bytes.len - at);

    return end ? (size_t)(end - bytes.at) - at + 1 : bytes.len - at;
}

/* Adds one event; *full: it does not fit any more, it is the first of the next batch. */
static bool take_event(struct taking *taking, const struct lw_outbox_row *row, size_t at, size_t n, bool *full)
{
    struct lw_batch *batch = taking->batch;
    bool ended = row->bytes.at[at + n - 1] == '\n';
    struct lw_str event = {row->bytes.at + at, ended ? n - 1 : n};
    struct lw_batch_event place = {.row = row->id, .at = at, .n = n};

    if (event.len == 0)
        return true;
    switch (taking->fit(taking->context, row->kind, event, &place.reason)) {
    case LW_FIT_SKIP:
        batch->skipped++;
        return true;
    case LW_FIT_DEAD:
        return push_dead(taking, &place);
    case LW_FIT_NOMEM:
        taking->err = LW_ERR_NOMEM;
        return false;
    case LW_FIT_SEND:
        break;
    }
    *full = (taking->limit.events > 0 && batch->events == taking->limit.events) ||
            (batch->events > 0 && batch->body.len + event.len + 1 > taking->limit.bytes);
    if (*full)
        return true;
    if (batch->events == 0)
        batch->first = place;
    lw_buf_str(&batch->body, event);
    lw_buf_char(&batch->body, '\n');
    taking->err = batch->body.error;
    batch->events++;
    return taking->err == LW_ERR_OK;
}

static bool take_row(void *context, const struct lw_outbox_row *row)
{
    struct taking *taking = context;
    struct lw_batch *batch = taking->batch;
    size_t at = row->id == taking->cursor.row ? taking->cursor.at : 0, n;
    bool full = false;

    if (!taking->kind_known)
        batch->kind = row->kind;
    taking->kind_known = true;
    if (row->kind != batch->kind) {
        taking->passed_over += row->bytes.len;
        batch->gaps = true;
        return taking->passed_over < PASSED_OVER_MAX;
    }
    batch->full =
        batch->events > 0 && taking->limit.events == 0 && batch->body.len + row->bytes.len - at > taking->limit.bytes;
    if (batch->full)
        return false; /* whole rows, where it can be */
    for (; at < row->bytes.len; at += n) {
        n = line_size(row->bytes, at);
        if (!take_event(taking, row, at, n, &full))
            return false;
        if (full) {
            batch->rest = (struct lw_batch_cursor){.row = row->id, .at = at, .kind = row->kind};
            batch->full = true;
            return false;
        }
    }
    if (!push_row(taking, row->id))
        return false;
    batch->looked = row->id;
    if (batch->events == 0)
        taking->passed_over += row->bytes.len;
    taking->read += row->bytes.len;
    taking->more = taking->step > 0 && taking->read >= taking->step;
    return !taking->more && taking->passed_over < PASSED_OVER_MAX &&
           (taking->limit.events == 0 || batch->events < taking->limit.events);
}

enum lw_err lw_batch_take(struct lw_batch *batch, const struct lw_outbox *outbox, uint32_t sink, enum lw_lane lane,
                          const struct lw_batch_cursor *cursor, const struct lw_batch_limit *limit, lw_fit_call *fit,
                          void *context, struct lw_fault *fault)
{
    struct taking taking = {
        .batch = batch,
        .cursor = *cursor,
        .limit = *limit,
        .fit = fit,
        .context = context,
        .kind_known = cursor->row != 0,
    };
    enum lw_err err;

    lw_batch_clear(batch);
    batch->kind = cursor->kind;
    err = outbox->read(outbox->self, sink, lane, 0, take_row, &taking, fault);
    if (err == LW_ERR_OK && taking.err != LW_ERR_OK)
        err = lw_fault_memory(fault, "events to send");
    if (err == LW_ERR_OK && taking.kind_known && cursor->row != 0 && batch->events == 0 && batch->rows_n == 0 &&
        taking.passed_over > 0) {
        /* The row that was begun is gone (given up for want of space), and with it the reason to stay with its kind. */
        struct lw_batch_cursor none = {0};

        return lw_batch_take(batch, outbox, sink, lane, &none, limit, fit, context, fault);
    }
    if (err != LW_ERR_OK)
        lw_batch_clear(batch);
    return err;
}

enum lw_err lw_batch_ahead(struct lw_batch *batch, const struct lw_batch *before, const struct lw_outbox *outbox,
                           uint32_t sink, enum lw_lane lane, const struct lw_batch_limit *limit, size_t step,
                           lw_fit_call *fit, void *context, bool *done, struct lw_fault *fault)
{
    bool begun = batch->looked != 0;
    struct taking taking = {
        .batch = batch,
        .cursor = before->rest,
        .limit = *limit,
        .fit = fit,
        .context = context,
        .step = step,
        .kind_known = begun || before->rest.row != 0,
    };
    uint64_t after = before->rest.row != 0 ? before->rest.row - 1 : before->looked;
    enum lw_err err;

    if (!begun) {
        lw_batch_clear(batch);
        batch->kind = before->rest.kind;
    }
    err = outbox->read(outbox->self, sink, lane, begun ? batch->looked : after, take_row, &taking, fault);
    if (err == LW_ERR_OK && taking.err != LW_ERR_OK)
        err = lw_fault_memory(fault, "events to send");
    if (err != LW_ERR_OK)
        lw_batch_clear(batch);
    else
        *done = !taking.more;
    return err;
}

struct looking {
    uint64_t row;
    bool found;
};

static bool is_it(void *context, const struct lw_outbox_row *row)
{
    struct looking *looking = context;

    looking->found = row->id == looking->row;
    return false;
}

enum lw_err lw_batch_is_owed(const struct lw_batch *batch, const struct lw_outbox *outbox, uint32_t sink,
                             enum lw_lane lane, bool *owed, struct lw_fault *fault)
{
    struct looking looking = {.row = batch->first.row};
    enum lw_err err = outbox->read(outbox->self, sink, lane, looking.row - 1, is_it, &looking, fault);

    if (err == LW_ERR_OK)
        *owed = looking.found;
    return err;
}

enum lw_err lw_batch_settle(const struct lw_batch *batch, const struct lw_outbox *outbox, uint32_t sink,
                            const char *refused, struct lw_fault *fault)
{
    enum lw_err err;

    for (size_t i = 0; i < batch->dead_n; i++) {
        const struct lw_batch_event *event = &batch->dead[i];

        err = outbox->dead(outbox->self, sink, event->row, event->at, event->n, event->reason, fault);
        if (err != LW_ERR_OK)
            return err;
    }
    if (refused) {
        err = outbox->dead(outbox->self, sink, batch->first.row, batch->first.at, batch->first.n, refused, fault);
        if (err != LW_ERR_OK)
            return err;
    }
    return batch->rows_n > 0 ? outbox->paid(outbox->self, sink, batch->rows, batch->rows_n, fault) : LW_ERR_OK;
}

void lw_batch_clear(struct lw_batch *batch)
{
    if (batch->body.capacity > BODY_KEPT)
        lw_buf_close(&batch->body);
    lw_buf_clear(&batch->body);
    batch->body.ceiling = BODY_CEILING;
    batch->events = 0;
    batch->rows_n = 0;
    batch->dead_n = 0;
    batch->skipped = 0;
    batch->rest = (struct lw_batch_cursor){0};
    batch->looked = 0;
    batch->full = batch->gaps = false;
}

void lw_batch_close(struct lw_batch *batch)
{
    lw_buf_close(&batch->body);
    free(batch->rows);
    free(batch->dead);
    *batch = (struct lw_batch){0};
}
