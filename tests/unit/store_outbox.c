#include "tests/kit/kit.h"

#include "engine/store/store.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NOW      ((lw_time){1560000000000})
#define OK(call) CU_ASSERT_EQUAL_FATAL((call), LW_ERR_OK)

static char path[512];

static struct lw_store *open_with(const struct lw_store_limits *limits)
{
    struct lw_fault fault = {0};
    struct lw_store *store = NULL;

    if (lw_store_open(&store, path, LW_STORE_OWN, limits, &fault) != LW_ERR_OK)
        printf("# %s\n", fault.text);
    CU_ASSERT_PTR_NOT_NULL_FATAL(store);
    return store;
}

static struct lw_store *fresh(const struct lw_store_limits *limits, uint32_t *sink)
{
    struct lw_store *store;
    static int n;

    snprintf(path, sizeof(path), "%s/outbox-%d.db", kit_temporary_directory(), ++n);
    store = open_with(limits);
    OK(lw_store_sink(store, LW_STR("loggly"), sink, NULL));
    return store;
}

static uint64_t add(struct lw_store *store, uint32_t sink, enum lw_event_kind kind, const char *body)
{
    uint64_t seq = 0;

    OK(lw_store_seq(store, sink, &seq, NULL));
    OK(lw_store_outbox_add(store, sink, kind, seq, lw_str_from(body), NOW, NULL));
    return seq;
}

/* An event of so many bytes with its line end. */
static uint64_t add_bytes(struct lw_store *store, uint32_t sink, enum lw_event_kind kind, size_t n)
{
    char *body = malloc(n);
    uint64_t seq;

    CU_ASSERT_PTR_NOT_NULL_FATAL(body);
    memset(body, 'x', n);
    body[n - 1] = '\0';
    seq = add(store, sink, kind, body);
    free(body);
    return seq;
}

struct seen {
    struct lw_buf text;
    uint64_t ids[8192];
    size_t n, most;
    uint64_t events, bytes;
};

static bool look(void *context, const struct lw_outbox_row *row)
{
    struct seen *seen = context;

    lw_buf_format(&seen->text, "%s:%u@%llu ", lw_event_kind_id(row->kind), (unsigned)row->events,
                  (unsigned long long)row->first_seq);
    seen->events += row->events;
    seen->bytes += row->bytes.len;
    seen->ids[seen->n++] = row->id;
    return seen->n < seen->most;
}

static struct seen read_lane(struct lw_store *store, uint32_t sink, enum lw_lane lane, uint64_t after, size_t most)
{
    struct lw_outbox outbox = lw_store_outbox(store);
    static struct seen seen;

    lw_buf_close(&seen.text);
    seen = (struct seen){.text = {.ceiling = 1 << 20}, .most = most};
    OK(outbox.read(outbox.self, sink, lane, after, look, &seen, NULL));
    lw_buf_char(&seen.text, '\0');
    return seen;
}

static bool lane_is(const struct lw_store *store, uint32_t sink, enum lw_lane lane, uint64_t rows, uint64_t events,
                    uint64_t bytes)
{
    struct lw_store_lane got;

    lw_store_lane(store, sink, lane, &got);
    if (got.rows != rows || got.events != events || got.bytes != bytes)
        printf("# rows %llu events %llu bytes %llu\n", (unsigned long long)got.rows, (unsigned long long)got.events,
               (unsigned long long)got.bytes);
    return got.rows == rows && got.events == events && got.bytes == bytes && got.has_oldest == (rows > 0) &&
           (rows == 0 || got.oldest.ms == NOW.ms);
}

static void sinks_keep_their_numbers_and_each_counts_its_events_from_one(void)
{
    uint32_t loggly, slack, same;
    struct lw_store *store = fresh(NULL, &loggly);

    OK(lw_store_sink(store, LW_STR("slack"), &slack, NULL));
    CU_ASSERT(loggly != slack);
    OK(lw_store_begin(store, NULL));
    CU_ASSERT_EQUAL(add(store, loggly, LW_EVENT_METRIC, "{}"), 1);
    CU_ASSERT_EQUAL(add(store, loggly, LW_EVENT_ALERT, "{}"), 2);
    CU_ASSERT_EQUAL(add(store, slack, LW_EVENT_ALERT, "{}"), 1);
    OK(lw_store_commit(store, NULL));
    OK(lw_store_begin(store, NULL));
    CU_ASSERT_EQUAL(add(store, loggly, LW_EVENT_METRIC, "{}"), 3);
    lw_store_rollback(store);
    lw_store_close(store);
    store = open_with(NULL);
    OK(lw_store_sink(store, LW_STR("slack"), &same, NULL));
    CU_ASSERT_EQUAL(same, slack);
    OK(lw_store_begin(store, NULL));
    CU_ASSERT_EQUAL(add(store, loggly, LW_EVENT_METRIC, "{}"), 3);
    lw_store_close(store);
}

static void metrics_lie_in_chunks_and_alerts_alone(void)
{
    uint32_t sink;
    struct lw_store *store = fresh(NULL, &sink);
    struct seen seen;

    OK(lw_store_begin(store, NULL));
    add(store, sink, LW_EVENT_METRIC, "{\"a\":1}");
    add(store, sink, LW_EVENT_METRIC, "{\"a\":2}");
    add(store, sink, LW_EVENT_ALERT, "{\"b\":1}");
    add(store, sink, LW_EVENT_ALERT, "{\"b\":2}");
    add(store, sink, LW_EVENT_METRIC, "{\"a\":3}"); /* its number does not follow: another chunk */
    add(store, sink, LW_EVENT_RUN, "{}");
    add(store, sink, LW_EVENT_SUMMARY, "{}");
    OK(lw_store_commit(store, NULL));
    CU_ASSERT_STRING_EQUAL(read_lane(store, sink, LW_LANE_METRIC, 0, 100).text.at, "metric:2@1 metric:1@5 ");
    CU_ASSERT_STRING_EQUAL(read_lane(store, sink, LW_LANE_ALERT, 0, 100).text.at, "alert:1@3 alert:1@4 ");
    CU_ASSERT_STRING_EQUAL(read_lane(store, sink, LW_LANE_RUN, 0, 100).text.at, "run:1@6 summary:1@7 ");
    seen = read_lane(store, sink, LW_LANE_METRIC, 0, 1);
    CU_ASSERT_EQUAL(seen.n, 1);
    CU_ASSERT_EQUAL(read_lane(store, sink, LW_LANE_METRIC, seen.ids[0], 100).n, 1);
    CU_ASSERT(lane_is(store, sink, LW_LANE_METRIC, 2, 3, 24));
    CU_ASSERT(lane_is(store, sink, LW_LANE_ALERT, 2, 2, 16));
    lw_store_close(store);
    store = open_with(NULL);
    CU_ASSERT(lane_is(store, sink, LW_LANE_METRIC, 2, 3, 24));
    CU_ASSERT(lane_is(store, sink, LW_LANE_ALERT, 2, 2, 16));
    CU_ASSERT(lane_is(store, sink, LW_LANE_RUN, 2, 2, 6));
    lw_store_close(store);
}

static void a_chunk_ends_before_256_kib(void)
{
    uint32_t sink;
    struct lw_store *store = fresh(NULL, &sink);
    struct seen seen;

    OK(lw_store_begin(store, NULL));
    for (int i = 0; i < 1000; i++)
        add_bytes(store, sink, LW_EVENT_METRIC, 1000);
    add_bytes(store, sink, LW_EVENT_METRIC, 900000); /* larger than a chunk: alone */
    OK(lw_store_commit(store, NULL));
    seen = read_lane(store, sink, LW_LANE_METRIC, 0, 100);
    CU_ASSERT_EQUAL(seen.events, 1001);
    CU_ASSERT_EQUAL(seen.bytes, 1900000);
    CU_ASSERT_EQUAL(seen.n, 5); /* 262 events of 1000 bytes fit in 262144 */
    lw_store_close(store);
}

static void what_is_not_one_line_is_refused(void)
{
    uint32_t sink;
    struct lw_store *store = fresh(NULL, &sink);

    CU_ASSERT_EQUAL(lw_store_outbox_add(store, sink, LW_EVENT_RUN, 1, LW_STR("{}"), NOW, NULL), LW_ERR_USAGE);
    OK(lw_store_begin(store, NULL));
    CU_ASSERT_EQUAL(lw_store_outbox_add(store, sink, LW_EVENT_RUN, 1, LW_STR("{}\n{}"), NOW, NULL), LW_ERR_USAGE);
    CU_ASSERT_EQUAL(lw_store_outbox_add(store, sink, LW_EVENT_RUN, 1, LW_STR(""), NOW, NULL), LW_ERR_USAGE);
    CU_ASSERT_EQUAL(lw_store_outbox_add(store, 77, LW_EVENT_RUN, 1, LW_STR("{}"), NOW, NULL), LW_ERR_USAGE);
    OK(lw_store_commit(store, NULL));
    CU_ASSERT(lane_is(store, sink, LW_LANE_RUN, 0, 0, 0));
    lw_store_close(store);
}

static void deliveries_see_no_row_of_a_turn_that_is_not_committed(void)
{
    uint32_t sink;
    struct lw_store *store = fresh(NULL, &sink);

    OK(lw_store_begin(store, NULL));
    add(store, sink, LW_EVENT_ALERT, "{}");
    CU_ASSERT_EQUAL(read_lane(store, sink, LW_LANE_ALERT, 0, 100).n, 0);
    lw_store_rollback(store);
    CU_ASSERT_EQUAL(read_lane(store, sink, LW_LANE_ALERT, 0, 100).n, 0);
    CU_ASSERT(lane_is(store, sink, LW_LANE_ALERT, 0, 0, 0));
    lw_store_close(store);
}

static void what_was_paid_is_gone_even_when_the_turn_in_between_is_rolled_back(void)
{
    uint32_t sink;
    struct lw_store *store = fresh(NULL, &sink);
    struct lw_outbox outbox = lw_store_outbox(store);
    uint64_t none = 999999;
    struct seen seen;

    OK(lw_store_begin(store, NULL));
    for (int i = 0; i < 4; i++)
        add(store, sink, LW_EVENT_ALERT, "{}");
    OK(lw_store_commit(store, NULL));
    seen = read_lane(store, sink, LW_LANE_ALERT, 0, 100);
    OK(outbox.paid(outbox.self, sink, seen.ids, 1, NULL));
    OK(outbox.paid(outbox.self, sink, seen.ids, 1, NULL)); /* twice is harmless */
    OK(outbox.paid(outbox.self, sink, &none, 1, NULL));
    CU_ASSERT(lane_is(store, sink, LW_LANE_ALERT, 3, 3, 9));
    OK(lw_store_begin(store, NULL));
    add(store, sink, LW_EVENT_ALERT, "{}");
    OK(outbox.paid(outbox.self, sink, seen.ids + 1, 2, NULL));
    CU_ASSERT_EQUAL(read_lane(store, sink, LW_LANE_ALERT, 0, 100).n, 1);
    lw_store_rollback(store);
    CU_ASSERT(lane_is(store, sink, LW_LANE_ALERT, 1, 1, 3));
    lw_store_close(store);
    store = open_with(NULL);
    CU_ASSERT(lane_is(store, sink, LW_LANE_ALERT, 1, 1, 3));
    CU_ASSERT_EQUAL(read_lane(store, sink, LW_LANE_ALERT, 0, 100).ids[0], seen.ids[3]);
    lw_store_close(store);
}

static void the_number_of_a_row_is_never_given_twice(void)
{
    uint32_t sink;
    struct lw_store *store = fresh(NULL, &sink);
    struct lw_outbox outbox = lw_store_outbox(store);
    uint64_t first;

    OK(lw_store_begin(store, NULL));
    add(store, sink, LW_EVENT_ALERT, "{}");
    OK(lw_store_commit(store, NULL));
    first = read_lane(store, sink, LW_LANE_ALERT, 0, 1).ids[0];
    OK(outbox.paid(outbox.self, sink, &first, 1, NULL));
    OK(lw_store_begin(store, NULL));
    add(store, sink, LW_EVENT_ALERT, "{}");
    lw_store_rollback(store);
    OK(lw_store_begin(store, NULL));
    add(store, sink, LW_EVENT_ALERT, "{}");
    OK(lw_store_commit(store, NULL));
    CU_ASSERT(read_lane(store, sink, LW_LANE_ALERT, 0, 1).ids[0] > first + 1);
    lw_store_close(store);
}

static enum lw_err say_dead(void *self, const struct lw_store_dead *dead, struct lw_fault *fault)
{
    (void)fault;
    lw_buf_format(self, "%.*s|%.*s ", (int)dead->reason.len, dead->reason.at, (int)dead->body.len, dead->body.at);
    return LW_ERR_OK;
}

static void an_event_that_is_never_accepted_is_kept_aside_once(void)
{
    uint32_t sink;
    struct lw_store *store = fresh(NULL, &sink);
    struct lw_outbox outbox = lw_store_outbox(store);
    struct lw_buf out = {.ceiling = 1000};
    struct lw_store_info info;
    uint64_t row;

    OK(lw_store_begin(store, NULL));
    add(store, sink, LW_EVENT_METRIC, "{\"a\":1}");
    add(store, sink, LW_EVENT_METRIC, "{\"b\":22}");
    OK(lw_store_commit(store, NULL));
    row = read_lane(store, sink, LW_LANE_METRIC, 0, 1).ids[0];
    OK(outbox.dead(outbox.self, sink, row, 8, 9, "refused (400)", NULL));
    OK(outbox.dead(outbox.self, sink, row, 8, 9, "refused (400)", NULL));
    CU_ASSERT_EQUAL(outbox.dead(outbox.self, sink, row, 8, 10, "x", NULL), LW_ERR_USAGE);
    CU_ASSERT_EQUAL(outbox.dead(outbox.self, sink, row, SIZE_MAX, 2, "x", NULL), LW_ERR_USAGE);
    OK(lw_store_dead_each(store, say_dead, &out, NULL));
    CU_ASSERT(lw_str_equal(lw_buf_view(&out), LW_STR("refused (400)|{\"b\":22} ")));
    CU_ASSERT(lane_is(store, sink, LW_LANE_METRIC, 1, 2, 17)); /* the row stays until it is paid */
    OK(lw_store_info(store, &info, NULL));
    CU_ASSERT_EQUAL(info.dead_letters, 1);
    CU_ASSERT_EQUAL(info.losses, 1);
    lw_buf_close(&out);
    lw_store_close(store);
}

static enum lw_err say_loss(void *self, const struct lw_store_loss *loss, struct lw_fault *fault)
{
    (void)fault;
    lw_buf_format(self, "%.*s/%.*s:%llu:%llu:%llu-%llu ", (int)loss->class_.len, loss->class_.at, (int)loss->reason.len,
                  loss->reason.at, (unsigned long long)loss->count, (unsigned long long)loss->bytes,
                  (unsigned long long)loss->first_seq, (unsigned long long)loss->last_seq);
    return LW_ERR_OK;
}

static bool tells(struct lw_store *store, const char *want)
{
    struct lw_buf out = {.ceiling = 10000};
    bool same;

    OK(lw_store_begin(store, NULL));
    OK(lw_store_losses_tell(store, say_loss, &out, NULL));
    OK(lw_store_commit(store, NULL));
    same = lw_str_equal(lw_buf_view(&out), lw_str_from(want));
    if (!same)
        printf("# told: %.*s\n", (int)out.len, out.at);
    lw_buf_close(&out);
    return same;
}

static void losses_are_told_once_and_grow_until_then(void)
{
    uint32_t sink;
    struct lw_store *store = fresh(NULL, &sink);
    struct lw_store_loss loss = {.sink = sink,
                                 .class_ = LW_STR("too_late"),
                                 .reason = LW_STR("older than 30 days"),
                                 .count = 3,
                                 .first = NOW,
                                 .last = NOW};
    struct lw_buf out = {.ceiling = 1000};

    OK(lw_store_begin(store, NULL));
    OK(lw_store_loss_add(store, &loss, NULL));
    OK(lw_store_loss_add(store, &loss, NULL));
    OK(lw_store_commit(store, NULL));
    CU_ASSERT(tells(store, "too_late/older than 30 days:6:0:0-0 "));
    CU_ASSERT(tells(store, ""));
    OK(lw_store_begin(store, NULL));
    OK(lw_store_loss_add(store, &loss, NULL));
    OK(lw_store_losses_tell(store, say_loss, &out, NULL));
    lw_buf_close(&out);
    lw_store_rollback(store);
    CU_ASSERT(tells(store, ""));
    lw_store_close(store);
}

static void a_full_spool_gives_up_metrics_first_then_runs_and_never_alerts_and_says_so(void)
{
    const struct lw_store_limits limits = {.spool = 100000};
    uint32_t sink;
    struct lw_store *store = fresh(&limits, &sink);
    bool full;

    OK(lw_store_begin(store, NULL));
    for (int i = 0; i < 4; i++) { /* alternating, so that each is a row */
        add_bytes(store, sink, LW_EVENT_METRIC, 20000);
        add_bytes(store, sink, LW_EVENT_RUN, 1000);
    }
    OK(lw_store_evict(store, sink, NOW, &full, NULL));
    CU_ASSERT(!full);
    CU_ASSERT(lane_is(store, sink, LW_LANE_METRIC, 4, 4, 80000)); /* 84000 of 90000 that metrics and runs may have */
    OK(lw_store_commit(store, NULL));
    OK(lw_store_begin(store, NULL));
    add_bytes(store, sink, LW_EVENT_RUN, 6001);
    OK(lw_store_evict(store, sink, NOW, &full, NULL));
    CU_ASSERT(!full && lane_is(store, sink, LW_LANE_METRIC, 3, 3, 60000));
    OK(lw_store_commit(store, NULL));
    CU_ASSERT(tells(store, "spool_full/metrics:1:20000:1-1 "));
    OK(lw_store_begin(store, NULL));
    add_bytes(store, sink, LW_EVENT_ALERT, 92001);
    OK(lw_store_evict(store, sink, NOW, &full, NULL));
    CU_ASSERT(!full);
    CU_ASSERT(lane_is(store, sink, LW_LANE_METRIC, 0, 0, 0));
    CU_ASSERT(lane_is(store, sink, LW_LANE_RUN, 2, 2, 7001)); /* 99002 with the alert */
    OK(lw_store_commit(store, NULL));
    CU_ASSERT(tells(store, "spool_full/metrics:3:60000:3-7 spool_full/runs and summaries:3:3000:2-6 "));
    OK(lw_store_begin(store, NULL));
    add_bytes(store, sink, LW_EVENT_ALERT, 7999);
    OK(lw_store_evict(store, sink, NOW, &full, NULL));
    CU_ASSERT(full && lane_is(store, sink, LW_LANE_ALERT, 2, 2, 100000));
    OK(lw_store_commit(store, NULL));
    OK(lw_store_begin(store, NULL));
    add_bytes(store, sink, LW_EVENT_ALERT, 2);
    CU_ASSERT_EQUAL(lw_store_commit(store, NULL), LW_ERR_LIMIT);
    CU_ASSERT(lane_is(store, sink, LW_LANE_ALERT, 2, 2, 100000));
    lw_store_close(store);
}

static void a_sink_that_gets_nothing_more_stops_nobody(void)
{
    const struct lw_store_limits limits = {.spool = 1000000};
    uint32_t sink, other;
    struct lw_store *store = fresh(&limits, &sink);

    OK(lw_store_sink(store, LW_STR("other"), &other, NULL));
    OK(lw_store_begin(store, NULL));
    add_bytes(store, sink, LW_EVENT_ALERT, 50000);
    OK(lw_store_commit(store, NULL));
    lw_store_sink_spool(store, sink, 10000); /* it was taken out of the configuration, or its spool made smaller */
    OK(lw_store_begin(store, NULL));
    add_bytes(store, other, LW_EVENT_ALERT, 100);
    OK(lw_store_commit(store, NULL));
    CU_ASSERT(lane_is(store, sink, LW_LANE_ALERT, 1, 1, 50000));
    OK(lw_store_begin(store, NULL));
    add_bytes(store, sink, LW_EVENT_ALERT, 100);
    CU_ASSERT_EQUAL(lw_store_commit(store, NULL), LW_ERR_LIMIT);
    lw_store_close(store);
}

static void each_sink_has_a_bound_of_its_own_and_it_survives_a_turn_that_was_taken_back(void)
{
    const struct lw_store_limits limits = {.spool = 1000000};
    uint32_t small, large, later;
    struct lw_store *store = fresh(&limits, &small);

    OK(lw_store_sink(store, LW_STR("pager"), &large, NULL));
    lw_store_sink_spool(store, small, 100000);
    OK(lw_store_begin(store, NULL));
    OK(lw_store_sink(store, LW_STR("third"), &later, NULL));
    lw_store_sink_spool(store, later, 50000);
    lw_store_rollback(store);
    OK(lw_store_begin(store, NULL));
    for (int i = 0; i < 10; i++) {
        add_bytes(store, small, LW_EVENT_METRIC, 20000);
        add_bytes(store, small, LW_EVENT_RUN, 10); /* so that each is a row */
        add_bytes(store, large, LW_EVENT_METRIC, 20000);
    }
    OK(lw_store_commit(store, NULL));
    CU_ASSERT(lane_is(store, small, LW_LANE_METRIC, 4, 4, 80000));
    CU_ASSERT(lane_is(store, large, LW_LANE_METRIC, 1, 10, 200000));
    lw_store_sink_spool(store, small, 0); /* what holds for all */
    OK(lw_store_begin(store, NULL));
    for (int i = 0; i < 10; i++) {
        add_bytes(store, small, LW_EVENT_METRIC, 20000);
        add_bytes(store, small, LW_EVENT_RUN, 10);
    }
    OK(lw_store_commit(store, NULL));
    CU_ASSERT(lane_is(store, small, LW_LANE_METRIC, 14, 14, 280000));
    lw_store_close(store);
}

static void the_bound_of_a_spool_holds_to_the_byte_even_when_nobody_asks_for_room(void)
{
    const struct lw_store_limits limits = {.spool = 500000};
    struct kit_random random = kit_seed(11);
    uint64_t sent = 0, lost = 0, held = 0;
    uint32_t sink;
    struct lw_store *store = fresh(&limits, &sink);
    struct lw_store_info info;

    for (int turn = 0; turn < 300; turn++) {
        enum lw_event_kind kind = kit_random_bits(&random) % 4 == 0 ? LW_EVENT_SUMMARY : LW_EVENT_METRIC;

        OK(lw_store_begin(store, NULL));
        for (uint64_t n = kit_random_bits(&random) % 20; n > 0; n--, sent++)
            add_bytes(store, sink, kind, 2 + kit_random_bits(&random) % 5000);
        OK(lw_store_commit(store, NULL));
        held = 0;
        for (int lane = 0; lane < LW_LANE_COUNT; lane++) {
            struct lw_store_lane state;

            lw_store_lane(store, sink, (enum lw_lane)lane, &state);
            held += state.bytes;
        }
        CU_ASSERT(held <= limits.spool);
    }
    OK(lw_store_info(store, &info, NULL));
    CU_ASSERT_EQUAL(info.outbox_bytes, held);
    lost = info.losses;
    CU_ASSERT(lost > 0);
    CU_ASSERT_EQUAL(read_lane(store, sink, LW_LANE_METRIC, 0, 8000).events +
                        read_lane(store, sink, LW_LANE_RUN, 0, 8000).events + lost,
                    sent);
    lw_store_close(store);
}

static void a_row_whose_bytes_changed_on_disk_is_a_loss_and_stops_nothing(void)
{
    uint32_t sink;
    struct lw_store *store = fresh(NULL, &sink);
    sqlite3 *db = NULL;

    OK(lw_store_begin(store, NULL));
    for (int i = 0; i < 3; i++)
        add(store, sink, LW_EVENT_ALERT, "{\"a\":1}");
    OK(lw_store_commit(store, NULL));
    lw_store_close(store);
    CU_ASSERT_EQUAL_FATAL(sqlite3_open(path, &db), SQLITE_OK);
    CU_ASSERT_EQUAL_FATAL(
        sqlite3_exec(db, "UPDATE outbox SET body = x'7b2261223a327d0a' WHERE first_seq = 2", NULL, NULL, NULL),
        SQLITE_OK);
    sqlite3_close(db);
    store = open_with(NULL);
    CU_ASSERT_STRING_EQUAL(read_lane(store, sink, LW_LANE_ALERT, 0, 100).text.at, "alert:1@1 alert:1@3 ");
    CU_ASSERT(lane_is(store, sink, LW_LANE_ALERT, 2, 2, 16));
    CU_ASSERT(tells(store, "damaged/the bytes in the store had changed:1:8:2-2 "));
    lw_store_close(store);
}

static void many_rows_are_read_in_order_from_any_row_on(void)
{
    uint32_t sink;
    struct lw_store *store = fresh(NULL, &sink);
    struct lw_outbox outbox = lw_store_outbox(store);
    struct seen seen;

    OK(lw_store_begin(store, NULL));
    for (int i = 0; i < 6000; i++)
        add(store, sink, LW_EVENT_ALERT, "{}");
    OK(lw_store_commit(store, NULL));
    seen = read_lane(store, sink, LW_LANE_ALERT, 0, 8000);
    CU_ASSERT_EQUAL(seen.n, 6000);
    for (size_t i = 1; i < seen.n; i++)
        CU_ASSERT_FATAL(seen.ids[i] > seen.ids[i - 1]);
    CU_ASSERT_EQUAL(read_lane(store, sink, LW_LANE_ALERT, seen.ids[4999], 8000).n, 1000);
    OK(outbox.paid(outbox.self, sink, seen.ids, 6000, NULL));
    CU_ASSERT(lane_is(store, sink, LW_LANE_ALERT, 0, 0, 0));
    lw_store_close(store);
}

KIT_SUITE("store_outbox",
          {"sinks keep their numbers and each counts its events from one",
           sinks_keep_their_numbers_and_each_counts_its_events_from_one},
          {"metrics lie in chunks and alerts alone", metrics_lie_in_chunks_and_alerts_alone},
          {"a chunk ends before 256 KiB", a_chunk_ends_before_256_kib},
          {"what is not one line is refused", what_is_not_one_line_is_refused},
          {"deliveries see no row of a turn that is not committed",
           deliveries_see_no_row_of_a_turn_that_is_not_committed},
          {"what was paid is gone even when the turn in between is rolled back",
           what_was_paid_is_gone_even_when_the_turn_in_between_is_rolled_back},
          {"the number of a row is never given twice", the_number_of_a_row_is_never_given_twice},
          {"an event that is never accepted is kept aside once", an_event_that_is_never_accepted_is_kept_aside_once},
          {"losses are told once and grow until then", losses_are_told_once_and_grow_until_then},
          {"a full spool gives up metrics first, then runs, and never alerts, and says so",
           a_full_spool_gives_up_metrics_first_then_runs_and_never_alerts_and_says_so},
          {"each sink has a bound of its own, and it survives a turn that was taken back",
           each_sink_has_a_bound_of_its_own_and_it_survives_a_turn_that_was_taken_back},
          {"a sink that gets nothing more stops nobody", a_sink_that_gets_nothing_more_stops_nobody},
          {"the bound of a spool holds to the byte even when nobody asks for room",
           the_bound_of_a_spool_holds_to_the_byte_even_when_nobody_asks_for_room},
          {"a row whose bytes changed on disk is a loss and stops nothing",
           a_row_whose_bytes_changed_on_disk_is_a_loss_and_stops_nothing},
          {"many rows are read in order from any row on", many_rows_are_read_in_order_from_any_row_on})
