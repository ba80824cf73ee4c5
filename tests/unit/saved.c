#include "tests/kit/points.h"

#include <stdlib.h>
#include <string.h>

#define T0    ((int64_t)1560348000000) /* 2019-06-12T14:00:00Z */
#define NEVER INT64_MIN

static struct lw_buf saved(const struct kit_gather *kit)
{
    struct lw_buf state = {.ceiling = 1 << 20};

    CU_ASSERT_EQUAL_FATAL(lw_gather_save(kit->gather, &state, NULL), LW_ERR_OK);
    return state;
}

static void take_some(struct kit_gather *kit)
{
    struct kit_input input = {0};

    for (int64_t i = 0; i < 20; i++) {
        kit_single(&input, "job", "acc", T0 + i, 0.5);
        kit_single(&input, "job", "acc", T0 + i, 0.5);
        kit_part(&input, "job", "loss", T0 - i, LW_KNOWN_MIN, -1.0)->origin = "1";
        kit_part(&input, "job", "loss", -T0, LW_KNOWN_COUNT, 2.0);
        kit_set(&input, "job", "rmse", T0 + i, 6.0, 1.0, 3.0, 3.0);
        kit_plain(&input, NULL, "acc", T0 + i, 0.25)->model = "m";
        kit_plain(&input, "job", "Host", T0 + i * 60000, 1.0)->point.flags = LW_POINT_HEARTBEAT;
    }
    kit_plain(&input, "job", NULL, T0, 1.0);
    kit_fact(&input, "job", LW_FACT_PHASE, LW_RANK_API, NULL, "Interrupted", 0, T0, T0 + 5);
    kit_fact(&input, "job", LW_FACT_NOT_A_NUMBER, LW_RANK_LOG, "acc", NULL, 0, T0, NEVER);
    kit_fact(&input, "job", LW_FACT_FAILURE, LW_RANK_LOG, NULL, "because", 0, NEVER, NEVER);
    kit_gather_take(kit, &input, 0, SIZE_MAX);
    kit_input_close(&input);
}

static void saving_what_was_loaded_gives_the_same_bytes(void)
{
    struct kit_gather kit;
    struct lw_buf first, second;

    kit_gather_open(&kit, NULL);
    take_some(&kit);
    first = saved(&kit);
    kit_gather_move(&kit);
    second = saved(&kit);
    CU_ASSERT(first.len == second.len && memcmp(first.at, second.at, first.len) == 0);
    lw_buf_close(&first);
    lw_buf_close(&second);
    kit_gather_close(&kit);
}

static void what_was_counted_so_far_is_saved_too(void)
{
    struct kit_gather kit;

    kit_gather_open(&kit, NULL);
    take_some(&kit);
    kit_gather_move(&kit);
    kit_gather_end(&kit);
    CU_ASSERT_EQUAL(kit.histories.rejected[LW_REJECT_NO_METRIC], 1);
    CU_ASSERT_EQUAL(kit.histories.duplicates, 39);
    CU_ASSERT_EQUAL(kit.histories.data_end.ms, T0 + 19 * 60000);
    kit_gather_close(&kit);
}

static void an_empty_gather_saves_and_loads(void)
{
    struct kit_gather kit;

    kit_gather_open(&kit, NULL);
    kit_gather_move(&kit);
    kit_gather_end(&kit);
    CU_ASSERT_EQUAL(kit.histories.models_n, 0);
    kit_gather_close(&kit);
}

static void every_changed_byte_is_noticed(void)
{
    struct kit_gather kit, other;
    struct lw_buf state;

    kit_gather_open(&kit, NULL);
    take_some(&kit);
    state = saved(&kit);
    kit_gather_open(&other, NULL);
    for (size_t i = 0; i < state.len; i++) {
        state.at[i] = (char)(state.at[i] ^ 0x10);
        CU_ASSERT_EQUAL(lw_gather_load(other.gather, state.at, state.len, NULL), LW_ERR_STATE);
        state.at[i] = (char)(state.at[i] ^ 0x10);
    }
    lw_buf_close(&state);
    kit_gather_close(&other);
    kit_gather_close(&kit);
}

KIT_SUITE("saved", {"saving what was loaded gives the same bytes", saving_what_was_loaded_gives_the_same_bytes},
          {"what was counted so far is saved too", what_was_counted_so_far_is_saved_too},
          {"an empty gather saves and loads", an_empty_gather_saves_and_loads},
          {"every changed byte is noticed", every_changed_byte_is_noticed})
