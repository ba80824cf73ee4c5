/* The ledger of what was given up, and the giving up when the spool is full. */
#include "engine/store/inside.h"

#include "engine/base/fault.h"

#define RESERVE_MOST                                                                                                   \
    ((uint64_t)64 << 20)             /* the part of a spool that only alerts may fill: a tenth, at most that much */
#define HEADROOM ((uint64_t)1 << 20) /* input waits a little before the last byte, so that a turn under way fits */

static void bind_loss(struct lw_ask *ask, const struct lw_store_loss *loss)
{
    lw_db_bind_int(ask, 1, loss->sink);
    lw_db_bind_text(ask, 2, loss->class_);
    lw_db_bind_text(ask, 3, loss->reason);
    lw_db_bind_int(ask, 4, (int64_t)loss->count);
    lw_db_bind_int(ask, 5, (int64_t)loss->bytes);
    lw_db_bind_int(ask, 6, (int64_t)loss->first_seq);
    lw_db_bind_int(ask, 7, (int64_t)loss->last_seq);
    lw_db_bind_int(ask, 8, loss->first.ms);
    lw_db_bind_int(ask, 9, loss->last.ms);
}

/* What was not told yet grows in place: the ledger has a row per telling, not one per loss. */
enum lw_err lw_store_loss_book(struct lw_store *store, const struct lw_store_loss *loss, struct lw_fault *fault)
{
    struct lw_ask ask = lw_db_ask(&store->db, LW_SQL_LOSS_MERGE);
    enum lw_err err;

    bind_loss(&ask, loss);
    err = lw_db_run(&ask, fault);
    if (err != LW_ERR_OK || sqlite3_changes(store->db.handle) > 0)
        return err;
    ask = lw_db_ask(&store->db, LW_SQL_LOSS_PUT);
    bind_loss(&ask, loss);
    return lw_db_run(&ask, fault);
}

enum lw_err lw_store_loss_add(struct lw_store *store, const struct lw_store_loss *loss, struct lw_fault *fault)
{
    enum lw_err err = lw_store_writable(store, fault);

    return err != LW_ERR_OK ? err : lw_store_wrote(store, lw_store_loss_book(store, loss, fault));
}

/* Rows are marked before they are handed out, so that what the callback adds to the ledger stays untold; the turn makes
   both one. */
static enum lw_err tell(struct lw_store *store, lw_store_loss_call *call, void *self, struct lw_fault *fault)
{
    struct lw_ask ask = lw_db_ask(&store->db, LW_SQL_LOSS_LAST);
    int64_t last = 0;
    enum lw_err err = lw_db_number(&ask, &last, NULL, fault);
    bool row;

    if (err != LW_ERR_OK || last == 0)
        return err;
    ask = lw_db_ask(&store->db, LW_SQL_LOSS_UNTOLD);
    lw_db_bind_int(&ask, 1, last);
    while ((err = lw_db_next(&ask, &row, fault)) == LW_ERR_OK && row) {
        const struct lw_store_loss loss = {.sink = (uint32_t)lw_db_int(&ask, 0),
                                           .class_ = lw_db_str(&ask, 1),
                                           .reason = lw_db_str(&ask, 2),
                                           .count = (uint64_t)lw_db_int(&ask, 3),
                                           .bytes = (uint64_t)lw_db_int(&ask, 4),
                                           .first_seq = (uint64_t)lw_db_int(&ask, 5),
                                           .last_seq = (uint64_t)lw_db_int(&ask, 6),
                                           .first = {lw_db_int(&ask, 7)},
                                           .last = {lw_db_int(&ask, 8)}};

        err = call(self, &loss, fault);
        if (err != LW_ERR_OK)
            break;
    }
    lw_db_end(&ask);
    if (err != LW_ERR_OK)
        return err;
    ask = lw_db_ask(&store->db, LW_SQL_LOSS_TOLD);
    lw_db_bind_int(&ask, 1, last);
    return lw_db_run(&ask, fault);
}

enum lw_err lw_store_losses_tell(struct lw_store *store, lw_store_loss_call *call, void *self, struct lw_fault *fault)
{
    enum lw_err err = lw_store_writable(store, fault);

    return err != LW_ERR_OK ? err : lw_store_wrote(store, tell(store, call, self, fault));
}

struct oldest {
    int64_t id;
    uint64_t events, bytes, first_seq;
    lw_time stored;
    bool there;
};

static enum lw_err find_oldest(struct lw_store *store, uint32_t sink, enum lw_lane lane, struct oldest *out,
                               struct lw_fault *fault)
{
    struct lw_ask ask = lw_db_ask(&store->db, LW_SQL_OUTBOX_OLDEST);
    int64_t seq = 0;
    enum lw_err err;

    lw_db_bind_int(&ask, 1, sink);
    lw_db_bind_text(&ask, 2, lw_str_from(lw_lane_id(lane)));
    err = lw_db_next(&ask, &out->there, fault);
    if (err != LW_ERR_OK)
        return err;
    if (out->there) {
        out->id = lw_db_int(&ask, 0);
        out->events = (uint64_t)lw_db_int(&ask, 1);
        out->bytes = (uint64_t)lw_db_int(&ask, 2);
        out->stored.ms = lw_db_int(&ask, 3);
    }
    lw_db_end(&ask);
    if (!out->there)
        return LW_ERR_OK;
    ask = lw_db_ask(&store->db, LW_SQL_OUTBOX_SEQ);
    lw_db_bind_int(&ask, 1, out->id);
    err = lw_db_number(&ask, &seq, NULL, fault);
    out->first_seq = (uint64_t)seq;
    return err;
}

static enum lw_err give_up(struct lw_store *store, size_t place, enum lw_lane lane, lw_time now, bool *found,
                           struct lw_fault *fault)
{
    struct lw_store_sink_state *sink = &store->sinks.at[place];
    struct oldest row = {0};
    struct lw_store_loss loss = {.sink = sink->id, .class_ = LW_STR("spool_full"), .last = now};
    struct lw_ask ask;
    enum lw_err err = find_oldest(store, sink->id, lane, &row, fault);

    *found = row.there;
    if (err != LW_ERR_OK || !row.there)
        return err;
    loss.reason = lane == LW_LANE_METRIC ? LW_STR("metrics") : LW_STR("runs and summaries");
    loss.count = row.events;
    loss.bytes = row.bytes;
    loss.first_seq = row.first_seq;
    loss.last_seq = row.first_seq + row.events - 1;
    loss.first = row.stored;
    if (loss.last.ms < row.stored.ms)
        loss.last = row.stored;
    err = lw_store_loss_book(store, &loss, fault);
    if (err != LW_ERR_OK)
        return err;
    ask = lw_db_ask(&store->db, LW_SQL_OUTBOX_REMOVE);
    lw_db_bind_int(&ask, 1, row.id);
    err = lw_db_run(&ask, fault);
    return err != LW_ERR_OK ? err : lw_store_outbox_gone(store, place, lane, row.events, row.bytes, fault);
}

static enum lw_err evict(struct lw_store *store, size_t place, lw_time now, struct lw_fault *fault)
{
    static const enum lw_lane order[] = {LW_LANE_METRIC, LW_LANE_RUN};
    const struct lw_store_lane *lanes = store->sinks.at[place].lanes;
    uint64_t spool = lw_store_outbox_spool(store, place);
    uint64_t reserve = spool / 10 < RESERVE_MOST ? spool / 10 : RESERVE_MOST;
    enum lw_err err = LW_ERR_OK;

    for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
        bool found = true;

        while (found && err == LW_ERR_OK) {
            uint64_t others = lanes[LW_LANE_RUN].bytes + lanes[LW_LANE_METRIC].bytes;

            if (others <= spool - reserve && others + lanes[LW_LANE_ALERT].bytes <= spool)
                return LW_ERR_OK;
            err = give_up(store, place, order[i], now, &found, fault);
        }
    }
    return err;
}

enum lw_err lw_store_evict(struct lw_store *store, uint32_t sink, lw_time now, bool *full, struct lw_fault *fault)
{
    size_t place = lw_store_outbox_place(store, sink);
    enum lw_err err = lw_store_writable(store, fault);

    if (err == LW_ERR_OK && place == SIZE_MAX)
        err = lw_fault_set(fault, LW_ERR_USAGE, "the store knows no sink of number %u", (unsigned)sink);
    if (err == LW_ERR_OK)
        err = lw_store_wrote(store, lw_store_outbox_flush(store, fault));
    if (err == LW_ERR_OK)
        err = lw_store_wrote(store, evict(store, place, now, fault));
    if (err == LW_ERR_OK) {
        uint64_t spool = lw_store_outbox_spool(store, place);
        uint64_t headroom = spool / 16 < HEADROOM ? spool / 16 : HEADROOM;

        *full = store->sinks.at[place].lanes[LW_LANE_ALERT].bytes > spool - headroom;
    }
    return err;
}
