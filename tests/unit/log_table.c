#include "tests/kit/alloc.h"
#include "tests/kit/kit.h"

#include "engine/decode/log/log_table.h"

#include <stdbool.h>
#include <stdint.h>

static void a_pair_has_one_item_that_begins_with_zeros(void)
{
    struct lw_log_table table = {.most = 100000};
    bool added;

    for (uint32_t round = 0; round < 2; round++) {
        for (uint32_t i = 0; i < 10000; i++) {
            uint32_t *item = lw_log_table_item(&table, sizeof(*item), i / 100, i % 100, &added);

            CU_ASSERT_PTR_NOT_NULL_FATAL(item);
            CU_ASSERT_EQUAL(added, round == 0);
            CU_ASSERT_EQUAL(*item, round == 0 ? 0 : i + 1);
            *item = i + 1;
        }
    }
    CU_ASSERT_EQUAL(table.n, 10000);
    for (uint32_t i = 0; i < 10000; i++)
        CU_ASSERT_EQUAL(((uint32_t *)(void *)table.items)[i], i + 1); /* in the order in which they were added */
    lw_log_table_close(&table);
    CU_ASSERT_EQUAL(table.n, 0);
}

static void the_order_of_a_pair_matters(void)
{
    struct lw_log_table table = {.most = 10};
    bool added;
    void *first = lw_log_table_item(&table, 8, 1, 2, &added);

    CU_ASSERT_PTR_NOT_EQUAL(lw_log_table_item(&table, 8, 2, 1, &added), first);
    CU_ASSERT_TRUE(added);
    CU_ASSERT_PTR_NOT_NULL(lw_log_table_item(&table, 8, 0, 0, &added));
    CU_ASSERT_TRUE(added);
    lw_log_table_close(&table);
}

static void a_full_table_says_so_and_still_finds_what_it_has(void)
{
    struct lw_log_table table = {.most = 2};
    bool added;

    CU_ASSERT_PTR_NOT_NULL(lw_log_table_item(&table, 8, 1, 0, &added));
    CU_ASSERT_PTR_NOT_NULL(lw_log_table_item(&table, 8, 2, 0, &added));
    CU_ASSERT_PTR_NULL(lw_log_table_item(&table, 8, 3, 0, &added));
    CU_ASSERT_TRUE(table.full);
    CU_ASSERT_PTR_NOT_NULL(lw_log_table_item(&table, 8, 1, 0, &added));
    CU_ASSERT_FALSE(table.full);
    CU_ASSERT_FALSE(added);
    lw_log_table_close(&table);
}

static bool fill(void *self, bool failed)
{
    struct lw_log_table table = {.most = 1000};
    bool added, out = false;

    (void)self;
    for (uint32_t i = 0; i < 300 && !out; i++)
        out = lw_log_table_item(&table, 16, i, i, &added) == NULL;
    lw_log_table_close(&table);
    return failed == out;
}

static void memory_may_run_out_anywhere(void)
{
    CU_ASSERT(kit_alloc_torture(fill, NULL) > 4);
}

KIT_SUITE("log_table", {"a pair has one item, that begins with zeros", a_pair_has_one_item_that_begins_with_zeros},
          {"the order of a pair matters", the_order_of_a_pair_matters},
          {"a full table says so and still finds what it has", a_full_table_says_so_and_still_finds_what_it_has},
          {"memory may run out anywhere", memory_may_run_out_anywhere})
