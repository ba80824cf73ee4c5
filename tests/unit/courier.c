#include "tests/kit/kit.h"

#include "engine/flow/turn/courier.h"

#include <stdio.h>
#include <string.h>

#define OK(call) CU_ASSERT_EQUAL_FATAL(call, LW_ERR_OK)
#define MIB      ((uint64_t)1 << 20)

/* Rows of raw metrics, together `bytes` at least. */
static void fill(struct lw_store *store, uint32_t sink, uint64_t bytes)
{
    static char body[60000];
    uint64_t seq;

    memset(body, 'x', sizeof(body));
    OK(lw_store_begin(store, NULL));
    for (uint64_t held = 0; held < bytes; held += sizeof(body)) {
        OK(lw_store_seq(store, sink, &seq, NULL));
        OK(lw_store_outbox_add(store, sink, LW_EVENT_METRIC, seq, (struct lw_str){body, sizeof(body)},
                               (lw_time){1750000000000}, NULL));
    }
    OK(lw_store_commit(store, NULL));
}

/* The bound of a sink is in the configuration, that of the store is a default: nothing is given up between the two. */
static void a_start_gives_up_nothing_of_a_spool_larger_than_the_default(void)
{
    const struct lw_store_limits limits = {.spool = 2 * MIB};
    const struct lw_config_sink sink = {.name = "loggly", .spool = 64 * MIB};
    const struct lw_config config = {.sinks = &sink, .sinks_n = 1};
    struct lw_courier *courier;
    struct lw_store *store;
    struct lw_store_lane before, after;
    char path[300];
    uint32_t number;

    snprintf(path, sizeof(path), "%s/store.db", kit_temporary_directory());
    OK(lw_store_open(&store, path, LW_STORE_OWN, &limits, NULL));
    OK(lw_store_sink(store, LW_STR("loggly"), &number, NULL));
    lw_store_sink_spool(store, number, 64 * MIB);
    fill(store, number, 5 * MIB);
    lw_store_lane(store, number, LW_LANE_METRIC, &before);
    CU_ASSERT(before.bytes > 5 * MIB);
    lw_store_close(store);
    OK(lw_store_open(&store, path, LW_STORE_OWN, &limits, NULL));
    OK(lw_courier_open(&courier, &config, store, NULL));
    lw_store_lane(store, lw_courier_sink(courier, 0), LW_LANE_METRIC, &after);
    CU_ASSERT_EQUAL(after.bytes, before.bytes);
    CU_ASSERT_EQUAL(after.events, before.events);
    lw_courier_close(courier);
    lw_store_close(store);
}

KIT_SUITE("courier", {"a start gives up nothing of a spool that is larger than the default",
                      a_start_gives_up_nothing_of_a_spool_larger_than_the_default})
