#define _GNU_SOURCE
/* The outbox as deliveries see it: reading rows, what was paid, what will never be accepted. */
#include "engine/store/inside.h"

#include "engine/base/fault.h"

#include <stdlib.h>

#define READ_ROWS 4096 /* that one statement goes through; bodies are read one by one */

static bool kind_of(struct lw_str id, enum lw_event_kind *kind)
{
    for (size_t i = 0; i < LW_EVENT_COUNT; i++) {
        if (lw_str_equal(id, lw_str_from(lw_event_kind_id((enum lw_event_kind)i)))) {
            *kind = (enum lw_event_kind)i;
            return true;
        }
    }
    return false;
}

/* What store->paid is an array of. */
struct paid {
    uint64_t sink, row;
};

/* A row that was paid and could not be removed yet. */
static bool is_paid(const struct lw_store *store, uint64_t id)
{
    size_t n = store->paid.len / sizeof(struct paid);

    for (size_t i = 0; i < n; i++) {
        struct paid paid;

        memcpy(&paid, store->paid.at + i * sizeof(paid), sizeof(paid));
        if (paid.row == id)
            return true;
    }
    return false;
}

/* Its bytes are not what was stored: it cannot be sent, and must not stop what is behind it. */
static enum lw_err drop_damaged(struct lw_store *store, uint32_t sink, const struct lw_outbox_row *row,
                                struct lw_fault *fault)
{
    const struct lw_store_loss loss = {.sink = sink,
                                       .class_ = LW_STR("damaged"),
                                       .reason = LW_STR("the bytes in the store had changed"),
                                       .count = row->events,
                                       .bytes = row->bytes.len,
                                       .first_seq = row->first_seq,
                                       .last_seq = row->first_seq + row->events - 1,
                                       .first = row->stored,
                                       .last = row->stored};
    enum lw_err err = lw_store_begin(store, fault);

    if (err != LW_ERR_OK)
        return err;
    err = lw_store_loss_add(store, &loss, fault);
    if (err == LW_ERR_OK)
        err = lw_store_commit(store, fault);
    else
        lw_store_rollback(store);
    if (err != LW_ERR_OK)
        return err;
    return lw_store_outbox(store).paid(store, sink, &row->id, 1, fault);
}

static void read_row(const struct lw_ask *ask, struct lw_outbox_row *row, bool *damaged)
{
    enum lw_event_kind kind = LW_EVENT_METRIC;
    struct lw_str body = lw_db_str(ask, 6);

    *damaged = !kind_of(lw_db_str(ask, 1), &kind) || lw_db_digest(body) != lw_db_int(ask, 5);
    *row = (struct lw_outbox_row){.id = (uint64_t)lw_db_int(ask, 0),
                                  .kind = kind,
                                  .events = (uint32_t)lw_db_int(ask, 2),
                                  .first_seq = (uint64_t)lw_db_int(ask, 3),
                                  .stored = {lw_db_int(ask, 4)},
                                  .bytes = body};
}

struct reading {
    uint32_t sink;
    enum lw_lane lane;
    uint64_t after; /* of the last row that was looked at */
    size_t rows;
    bool more, found_damaged;
    struct lw_outbox_row damaged;
    bool (*row)(void *context, const struct lw_outbox_row *row);
    void *context;
};

/* Up to READ_ROWS rows; ends early at a damaged one, which cannot be removed while they are read. */
static enum lw_err read_some(struct lw_store *store, struct reading *reading, struct lw_fault *fault)
{
    struct lw_ask ask = lw_db_ask(&store->db, LW_SQL_OUTBOX_READ);
    struct lw_outbox_row row;
    enum lw_err err = LW_ERR_OK;
    bool there;

    lw_db_bind_int(&ask, 1, reading->sink);
    lw_db_bind_text(&ask, 2, lw_str_from(lw_lane_id(reading->lane)));
    lw_db_bind_int(&ask, 3, (int64_t)reading->after);
    lw_db_bind_int(&ask, 4, (int64_t)store->turn_first_row);
    lw_db_bind_int(&ask, 5, READ_ROWS);
    reading->rows = 0;
    while (reading->more && !reading->found_damaged && (err = lw_db_next(&ask, &there, fault)) == LW_ERR_OK && there) {
        reading->rows++;
        read_row(&ask, &row, &reading->found_damaged);
        reading->after = row.id;
        reading->damaged = row;
        if (!reading->found_damaged && !is_paid(store, row.id))
            reading->more = reading->row(reading->context, &row);
    }
    if (!reading->more || reading->found_damaged)
        err = LW_ERR_OK;
    lw_db_end(&ask);
    return err;
}

static enum lw_err read_rows(void *self, uint32_t sink, enum lw_lane lane, uint64_t after,
                             bool (*row)(void *context, const struct lw_outbox_row *row), void *context,
                             struct lw_fault *fault)
{
    struct reading reading = {.sink = sink, .lane = lane, .after = after, .row = row, .context = context, .more = true};
    struct lw_store *store = self;
    enum lw_err err = lw_store_readable(store, fault);

    do {
        reading.found_damaged = false;
        if (err == LW_ERR_OK)
            err = read_some(store, &reading, fault);
        if (err == LW_ERR_OK && reading.found_damaged && !store->in_turn && store->mode == LW_STORE_OWN)
            err = drop_damaged(store, sink, &reading.damaged, fault);
    } while (err == LW_ERR_OK && reading.more && (reading.found_damaged || reading.rows == READ_ROWS));
    return err;
}

static enum lw_err remove_one(struct lw_store *store, uint32_t sink, uint64_t id, struct lw_fault *fault)
{
    struct lw_ask ask = lw_db_ask(&store->db, LW_SQL_OUTBOX_SIZE);
    enum lw_lane lane = LW_LANE_COUNT;
    uint64_t events = 0, bytes = 0;
    enum lw_err err;
    bool row;

    lw_db_bind_int(&ask, 1, (int64_t)id);
    lw_db_bind_int(&ask, 2, sink);
    err = lw_db_next(&ask, &row, fault);
    if (err != LW_ERR_OK)
        return err;
    for (size_t i = 0; row && i < LW_LANE_COUNT; i++)
        if (lw_str_equal(lw_db_str(&ask, 0), lw_str_from(lw_lane_id((enum lw_lane)i))))
            lane = (enum lw_lane)i;
    if (row) {
        events = (uint64_t)lw_db_int(&ask, 1);
        bytes = (uint64_t)lw_db_int(&ask, 2);
    }
    lw_db_end(&ask);
    if (!row) /* it was evicted meanwhile, or paid twice */
        return LW_ERR_OK;
    ask = lw_db_ask(&store->db, LW_SQL_OUTBOX_REMOVE);
    lw_db_bind_int(&ask, 1, (int64_t)id);
    err = lw_db_run(&ask, fault);
    if (err != LW_ERR_OK || lane == LW_LANE_COUNT)
        return err;
    return lw_store_outbox_gone(store, lw_store_outbox_place(store, sink), lane, events, bytes, fault);
}

enum lw_err lw_store_outbox_settle(struct lw_store *store, struct lw_fault *fault)
{
    size_t n = store->paid.len / sizeof(struct paid);
    struct lw_store_sinks before;
    enum lw_err err;

    if (n == 0)
        return LW_ERR_OK;
    err = lw_store_begin_lax(store, fault);
    if (err != LW_ERR_OK)
        return err;
    before = store->sinks;
    for (size_t i = 0; i < n && err == LW_ERR_OK; i++) {
        struct paid paid;

        memcpy(&paid, store->paid.at + i * sizeof(paid), sizeof(paid));
        err = remove_one(store, (uint32_t)paid.sink, paid.row, fault);
    }
    err = lw_store_end_lax(store, err, fault);
    if (err == LW_ERR_OK)
        lw_buf_clear(&store->paid);
    else
        store->sinks = before;
    return err;
}

static enum lw_err rows_paid(void *self, uint32_t sink, const uint64_t *rows, size_t n, struct lw_fault *fault)
{
    struct lw_store *store = self;
    size_t before = store->paid.len;
    enum lw_err err = lw_store_readable(store, fault);

    if (err == LW_ERR_OK && lw_store_outbox_place(store, sink) == SIZE_MAX)
        err = lw_fault_set(fault, LW_ERR_USAGE, "the store knows no sink of number %u", (unsigned)sink);
    for (size_t i = 0; i < n && err == LW_ERR_OK; i++) {
        struct paid paid = {sink, rows[i]};

        lw_buf_bytes(&store->paid, &paid, sizeof(paid));
        if (store->paid.error != LW_ERR_OK) {
            err = lw_fault_memory(fault, "rows that were delivered");
            store->paid.error = LW_ERR_OK;
            store->paid.len = before;
        }
    }
    if (err != LW_ERR_OK || store->in_turn)
        return err;
    err = lw_store_outbox_settle(store, fault);
    /* On a full disk they cannot even be removed: they are remembered, and removed as soon as that works. */
    return err == LW_ERR_FULL || err == LW_ERR_LOCKED ? LW_ERR_OK : err;
}

/* The number that an event carries, 0 where it has none. */
static uint64_t number_of(struct lw_str event)
{
    static const char key[] = "\"lw_seq\":";
    const char *at = memmem(event.at, event.len, key, sizeof(key) - 1);
    const char *end = event.at + event.len;
    uint64_t number = 0;

    for (at = at != NULL ? at + sizeof(key) - 1 : end; at < end && *at >= '0' && *at <= '9'; at++)
        number = number * 10 + (uint64_t)(*at - '0');
    return number;
}

static enum lw_err put_dead(struct lw_store *store, uint32_t sink, struct lw_str event, lw_time stored,
                            const char *reason, struct lw_fault *fault)
{
    struct lw_ask ask = lw_db_ask(&store->db, LW_SQL_DEAD_PUT);
    struct lw_store_loss loss = {.sink = sink,
                                 .class_ = LW_STR("dead_letter"),
                                 .reason = lw_str_from(reason),
                                 .count = 1,
                                 .first = stored,
                                 .last = stored};
    enum lw_err err;

    lw_db_bind_int(&ask, 1, sink);
    lw_db_bind_int(&ask, 2, stored.ms);
    lw_db_bind_text(&ask, 3, lw_str_from(reason));
    lw_db_bind_int(&ask, 4, lw_db_digest(event));
    lw_db_bind_blob(&ask, 5, event);
    err = lw_db_run(&ask, fault);
    /* Told once, however often it is put aside. */
    if (err != LW_ERR_OK || sqlite3_changes(store->db.handle) == 0)
        return err;
    loss.bytes = event.len;
    loss.first_seq = loss.last_seq = number_of(event);
    return lw_store_loss_book(store, &loss, fault);
}

static enum lw_err copy_dead(struct lw_store *store, uint32_t sink, uint64_t row, size_t at, size_t n,
                             const char *reason, struct lw_fault *fault)
{
    struct lw_ask ask = lw_db_ask(&store->db, LW_SQL_OUTBOX_BODY);
    struct lw_str body;
    enum lw_err err;
    bool there;

    lw_db_bind_int(&ask, 1, (int64_t)row);
    lw_db_bind_int(&ask, 2, sink);
    err = lw_db_next(&ask, &there, fault);
    if (err != LW_ERR_OK)
        return err;
    body = there ? lw_db_str(&ask, 0) : LW_STR("");
    if (there && (n == 0 || at > body.len || n > body.len - at)) {
        err = lw_fault_set(fault, LW_ERR_USAGE, "there is no such event in the row of the outbox");
    } else if (there) {
        struct lw_str event = {body.at + at, n - (body.at[at + n - 1] == '\n')};

        err = put_dead(store, sink, event, (lw_time){lw_db_int(&ask, 1)}, reason, fault);
    }
    lw_db_end(&ask);
    return err;
}

static enum lw_err event_dead(void *self, uint32_t sink, uint64_t row, size_t at, size_t n, const char *reason,
                              struct lw_fault *fault)
{
    struct lw_store *store = self;
    enum lw_err err;

    if (store->in_turn) {
        err = lw_store_writable(store, fault);
        return err != LW_ERR_OK ? err : lw_store_wrote(store, copy_dead(store, sink, row, at, n, reason, fault));
    }
    err = lw_store_begin_lax(store, fault);
    if (err != LW_ERR_OK)
        return err;
    return lw_store_end_lax(store, copy_dead(store, sink, row, at, n, reason, fault), fault);
}

struct lw_outbox lw_store_outbox(struct lw_store *store)
{
    return (struct lw_outbox){.self = store, .read = read_rows, .paid = rows_paid, .dead = event_dead};
}

enum lw_err lw_store_dead_each(struct lw_store *store, lw_store_dead_call *call, void *self, struct lw_fault *fault)
{
    struct lw_ask ask;
    enum lw_err err = lw_store_readable(store, fault);
    bool row;

    if (err != LW_ERR_OK)
        return err;
    ask = lw_db_ask(&store->db, LW_SQL_DEAD_EACH);
    while ((err = lw_db_next(&ask, &row, fault)) == LW_ERR_OK && row) {
        const struct lw_store_dead dead = {.sink = (uint32_t)lw_db_int(&ask, 0),
                                           .when = {lw_db_int(&ask, 1)},
                                           .reason = lw_db_str(&ask, 2),
                                           .body = lw_db_str(&ask, 3)};

        err = call(self, &dead, fault);
        if (err != LW_ERR_OK)
            break;
    }
    lw_db_end(&ask);
    return err;
}
