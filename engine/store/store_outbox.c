#include "engine/store/inside.h"

#include "engine/base/fault.h"

#include <stdlib.h>

static bool lane_of(struct lw_str id, enum lw_lane *lane)
{
    for (size_t i = 0; i < LW_LANE_COUNT; i++) {
        if (lw_str_equal(id, lw_str_from(lw_lane_id((enum lw_lane)i)))) {
            *lane = (enum lw_lane)i;
            return true;
        }
    }
    return false;
}

size_t lw_store_outbox_place(const struct lw_store *store, uint32_t sink)
{
    for (size_t i = 0; i < store->sinks.n; i++)
        if (store->sinks.at[i].id == sink)
            return i;
    return SIZE_MAX;
}

uint64_t lw_store_outbox_spool(const struct lw_store *store, size_t place)
{
    uint64_t own = store->sinks.at[place].spool;

    return own != 0 ? own : store->limits.spool;
}

/* In both states: a turn that is taken back brings the durable one, and must not bring the old bound. */
void lw_store_sink_spool(struct lw_store *store, uint32_t sink, uint64_t bytes)
{
    struct lw_store_sinks *states[] = {&store->sinks, &store->durable_sinks};

    for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
        for (size_t j = 0; j < states[i]->n; j++) {
            if (states[i]->at[j].id == sink)
                states[i]->at[j].spool = bytes;
        }
    }
}

static enum lw_err find_sink(const struct lw_store *store, uint32_t sink, size_t *place, struct lw_fault *fault)
{
    *place = lw_store_outbox_place(store, sink);
    if (*place == SIZE_MAX)
        return lw_fault_set(fault, LW_ERR_USAGE, "the store knows no sink of number %u", (unsigned)sink);
    return LW_ERR_OK;
}

static enum lw_err read_oldest(struct lw_store *store, size_t place, enum lw_lane lane, struct lw_fault *fault)
{
    struct lw_store_lane *state = &store->sinks.at[place].lanes[lane];
    struct lw_ask ask = lw_db_ask(&store->db, LW_SQL_OUTBOX_OLDEST);
    enum lw_err err;
    bool row;

    lw_db_bind_int(&ask, 1, store->sinks.at[place].id);
    lw_db_bind_text(&ask, 2, lw_str_from(lw_lane_id(lane)));
    err = lw_db_next(&ask, &row, fault);
    if (err != LW_ERR_OK)
        return err;
    state->has_oldest = row;
    state->oldest.ms = row ? lw_db_int(&ask, 3) : 0;
    lw_db_end(&ask);
    return LW_ERR_OK;
}

enum lw_err lw_store_outbox_gone(struct lw_store *store, size_t place, enum lw_lane lane, uint64_t events,
                                 uint64_t bytes, struct lw_fault *fault)
{
    struct lw_store_lane *state = &store->sinks.at[place].lanes[lane];

    state->rows -= state->rows > 0;
    state->events -= events < state->events ? events : state->events;
    state->bytes -= bytes < state->bytes ? bytes : state->bytes;
    return read_oldest(store, place, lane, fault);
}

static enum lw_err load_sinks(struct lw_store *store, struct lw_fault *fault)
{
    struct lw_ask ask = lw_db_ask(&store->db, LW_SQL_SINK_EACH);
    enum lw_err err;
    bool row;

    while ((err = lw_db_next(&ask, &row, fault)) == LW_ERR_OK && row && store->sinks.n < LW_STORE_SINKS)
        store->sinks.at[store->sinks.n++] =
            (struct lw_store_sink_state){.id = (uint32_t)lw_db_int(&ask, 0), .next_seq = (uint64_t)lw_db_int(&ask, 2)};
    lw_db_end(&ask);
    return err;
}

static enum lw_err load_lanes(struct lw_store *store, struct lw_fault *fault)
{
    struct lw_ask ask = lw_db_ask(&store->db, LW_SQL_OUTBOX_LANES);
    enum lw_err err;
    bool row;

    while ((err = lw_db_next(&ask, &row, fault)) == LW_ERR_OK && row) {
        size_t place = lw_store_outbox_place(store, (uint32_t)lw_db_int(&ask, 0));
        enum lw_lane lane;

        if (place == SIZE_MAX || !lane_of(lw_db_str(&ask, 1), &lane))
            continue;
        store->sinks.at[place].lanes[lane] = (struct lw_store_lane){.rows = (uint64_t)lw_db_int(&ask, 2),
                                                                    .events = (uint64_t)lw_db_int(&ask, 3),
                                                                    .bytes = (uint64_t)lw_db_int(&ask, 4)};
        err = read_oldest(store, place, lane, fault);
        if (err != LW_ERR_OK)
            break;
    }
    lw_db_end(&ask);
    return err;
}

/* Only the index is read, never a body. */
enum lw_err lw_store_outbox_load(struct lw_store *store, struct lw_fault *fault)
{
    struct lw_ask ask;
    int64_t last = 0;
    enum lw_err err;

    store->paid.ceiling = (size_t)16 << 20;
    store->chunks = calloc((size_t)LW_STORE_SINKS * LW_EVENT_COUNT, sizeof(*store->chunks));
    if (store->chunks == NULL)
        return lw_fault_memory(fault, "the outbox");
    for (size_t i = 0; i < (size_t)LW_STORE_SINKS * LW_EVENT_COUNT; i++)
        store->chunks[i].bytes.ceiling = (size_t)1 << 30;
    err = load_sinks(store, fault);
    if (err == LW_ERR_OK)
        err = load_lanes(store, fault);
    if (err != LW_ERR_OK)
        return err;
    ask = lw_db_ask(&store->db, LW_SQL_OUTBOX_LAST);
    err = lw_db_number(&ask, &last, NULL, fault);
    store->next_row = (uint64_t)last + 1;
    store->turn_first_row = store->next_row;
    return err;
}

void lw_store_outbox_close(struct lw_store *store)
{
    for (size_t i = 0; store->chunks != NULL && i < (size_t)LW_STORE_SINKS * LW_EVENT_COUNT; i++)
        lw_buf_close(&store->chunks[i].bytes);
    free(store->chunks);
    lw_buf_close(&store->paid);
}

void lw_store_outbox_forget(struct lw_store *store)
{
    for (size_t i = 0; i < (size_t)LW_STORE_SINKS * LW_EVENT_COUNT; i++) {
        lw_buf_clear(&store->chunks[i].bytes);
        store->chunks[i].events = 0;
    }
}

static enum lw_err write_row(struct lw_store *store, size_t place, enum lw_event_kind kind,
                             struct lw_store_chunk *chunk, struct lw_fault *fault)
{
    enum lw_lane lane = lw_event_kind_lane(kind);
    struct lw_store_lane *state = &store->sinks.at[place].lanes[lane];
    struct lw_str body = lw_buf_view(&chunk->bytes);
    struct lw_ask ask;
    enum lw_err err;

#ifdef LW_SABOTAGE_OUTBOX /* twin build for tests: what is owed is committed apart from what it tells of */
    err = lw_db_exec(&store->db, "COMMIT; BEGIN IMMEDIATE", fault);
    if (err != LW_ERR_OK)
        return err;
#endif
    ask = lw_db_ask(&store->db, LW_SQL_OUTBOX_PUT);
    lw_db_bind_int(&ask, 1, (int64_t)store->next_row);
    lw_db_bind_int(&ask, 2, store->sinks.at[place].id);
    lw_db_bind_text(&ask, 3, lw_str_from(lw_lane_id(lane)));
    lw_db_bind_text(&ask, 4, lw_str_from(lw_event_kind_id(kind)));
    lw_db_bind_int(&ask, 5, chunk->events);
    lw_db_bind_int(&ask, 6, (int64_t)body.len);
    lw_db_bind_int(&ask, 7, (int64_t)chunk->first_seq);
    lw_db_bind_int(&ask, 8, chunk->stored.ms);
    lw_db_bind_int(&ask, 9, lw_db_digest(body));
    lw_db_bind_blob(&ask, 10, body);
    err = lw_db_run(&ask, fault);
    if (err != LW_ERR_OK)
        return err;
    store->next_row++;
    state->rows++;
    state->events += chunk->events;
    state->bytes += body.len;
    if (!state->has_oldest)
        state->oldest = chunk->stored;
    state->has_oldest = true;
    lw_buf_clear(&chunk->bytes);
    chunk->events = 0;
    return LW_ERR_OK;
}

enum lw_err lw_store_outbox_flush(struct lw_store *store, struct lw_fault *fault)
{
    enum lw_err err = LW_ERR_OK;

    for (size_t place = 0; place < store->sinks.n; place++)
        for (size_t kind = 0; kind < LW_EVENT_COUNT && err == LW_ERR_OK; kind++) {
            struct lw_store_chunk *chunk = &store->chunks[place * LW_EVENT_COUNT + kind];

            if (chunk->events > 0)
                err = write_row(store, place, (enum lw_event_kind)kind, chunk, fault);
        }
    return err;
}

/* The numbers in a row have no hole, so an event that does not follow begins a new one. */
static bool fits(const struct lw_store_chunk *chunk, uint64_t seq, size_t len)
{
    return seq == chunk->first_seq + chunk->events && chunk->bytes.len + len + 1 <= LW_STORE_CHUNK;
}

enum lw_err lw_store_outbox_add(struct lw_store *store, uint32_t sink, enum lw_event_kind kind, uint64_t seq,
                                struct lw_str body, lw_time now, struct lw_fault *fault)
{
    struct lw_store_chunk *chunk;
    size_t place;
    enum lw_err err = lw_store_writable(store, fault);

    if (err == LW_ERR_OK)
        err = find_sink(store, sink, &place, fault);
    if (err != LW_ERR_OK)
        return err;
    if (body.len == 0 || memchr(body.at, '\n', body.len) != NULL)
        return lw_fault_set(fault, LW_ERR_USAGE, "the body of an event is one line that is not empty");
    chunk = &store->chunks[place * LW_EVENT_COUNT + (size_t)kind];
    if (chunk->events > 0 && !fits(chunk, seq, body.len))
        err = lw_store_wrote(store, write_row(store, place, kind, chunk, fault));
    if (err != LW_ERR_OK)
        return err;
    if (chunk->events == 0) {
        chunk->first_seq = seq;
        chunk->stored = now;
    }
    lw_buf_str(&chunk->bytes, body);
    lw_buf_char(&chunk->bytes, '\n');
    if (chunk->bytes.error != LW_ERR_OK)
        return lw_store_wrote(store, lw_fault_memory(fault, "an event of the outbox"));
    chunk->events++;
    if (lw_event_kind_lane(kind) == LW_LANE_ALERT || chunk->bytes.len >= LW_STORE_CHUNK)
        err = lw_store_wrote(store, write_row(store, place, kind, chunk, fault));
    return err;
}

enum lw_err lw_store_seq(struct lw_store *store, uint32_t sink, uint64_t *seq, struct lw_fault *fault)
{
    size_t place;
    enum lw_err err = lw_store_writable(store, fault);

    if (err == LW_ERR_OK)
        err = find_sink(store, sink, &place, fault);
    if (err == LW_ERR_OK)
        *seq = store->sinks.at[place].next_seq++;
    return err;
}

static enum lw_err find_name(struct lw_store *store, struct lw_str name, uint32_t *sink, bool *found,
                             struct lw_fault *fault)
{
    struct lw_ask ask = lw_db_ask(&store->db, LW_SQL_SINK_EACH);
    enum lw_err err;
    bool row;

    *found = false;
    while ((err = lw_db_next(&ask, &row, fault)) == LW_ERR_OK && row) {
        if (!lw_str_equal(lw_db_str(&ask, 1), name))
            continue;
        *sink = (uint32_t)lw_db_int(&ask, 0);
        *found = true;
        break;
    }
    lw_db_end(&ask);
    return err;
}

static enum lw_err new_sink(struct lw_store *store, struct lw_str name, uint32_t *sink, struct lw_fault *fault)
{
    size_t n = store->sinks.n;
    uint32_t id = n > 0 ? store->sinks.at[n - 1].id + 1 : 1;
    struct lw_ask ask;
    enum lw_err err;

    if (n == LW_STORE_SINKS)
        return lw_fault_set(fault, LW_ERR_LIMIT, "the store has %d sinks already, the most it can have",
                            LW_STORE_SINKS);
    ask = lw_db_ask(&store->db, LW_SQL_SINK_NEW);
    lw_db_bind_int(&ask, 1, id);
    lw_db_bind_text(&ask, 2, name);
    err = lw_store_wrote(store, lw_db_run(&ask, fault));
    if (err != LW_ERR_OK)
        return err;
    store->sinks.at[n] = (struct lw_store_sink_state){.id = id, .next_seq = 1};
    store->sinks.n = n + 1;
    *sink = id;
    return LW_ERR_OK;
}

enum lw_err lw_store_sink(struct lw_store *store, struct lw_str name, uint32_t *sink, struct lw_fault *fault)
{
    bool found, alone = !store->in_turn;
    uint32_t id = 0;
    enum lw_err err = lw_store_readable(store, fault);

    if (err == LW_ERR_OK)
        err = find_name(store, name, &id, &found, fault);
    if (err == LW_ERR_OK && !found) {
        if (alone)
            err = lw_store_begin(store, fault);
        if (err == LW_ERR_OK)
            err = lw_store_writable(store, fault);
        if (err == LW_ERR_OK)
            err = new_sink(store, name, &id, fault);
        if (alone && err == LW_ERR_OK)
            err = lw_store_commit(store, fault);
        else if (alone)
            lw_store_rollback(store);
    }
    if (err == LW_ERR_OK)
        *sink = id;
    return err;
}

void lw_store_lane(const struct lw_store *store, uint32_t sink, enum lw_lane lane, struct lw_store_lane *out)
{
    size_t place = lw_store_outbox_place(store, sink);

    *out = (struct lw_store_lane){0};
    if (place != SIZE_MAX)
        *out = store->sinks.at[place].lanes[lane];
}
