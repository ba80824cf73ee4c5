#include "tests/kit/alloc.h"
#include "tests/kit/kit.h"

#include "engine/base/arena.h"

static void hands_out_zeroed_aligned_memory(void)
{
    struct lw_arena arena = {.ceiling = 1 << 20};
    struct kit_random random = kit_seed(1);
    int good = 1;

    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 500; i++) {
            size_t n = kit_random_bits(&random) % 1000;
            unsigned char *at = lw_arena_take(&arena, n);

            good &= at != NULL && (uintptr_t)at % 16 == 0;
            for (size_t k = 0; at != NULL && k < n; k++) {
                good &= at[k] == 0;
                at[k] = 0xff;
            }
        }
        lw_arena_reset(&arena);
        CU_ASSERT_EQUAL(arena.used, 0);
    }
    CU_ASSERT(good);
    lw_arena_close(&arena);
}

static void keeps_to_its_ceiling(void)
{
    struct lw_arena arena = {.ceiling = 10000};
    size_t got = 0;

    CU_ASSERT_PTR_NULL(lw_arena_take(&arena, 20000));
    while (lw_arena_take(&arena, 100) != NULL)
        got += 100;
    CU_ASSERT(got > 8000 && got <= 10000);
    CU_ASSERT(arena.held <= 10000);
    lw_arena_close(&arena);
    CU_ASSERT_EQUAL(arena.held, 0);
}

static void refuses_sizes_that_overflow(void)
{
    struct lw_arena arena = {0};

    CU_ASSERT_PTR_NULL(lw_arena_array(&arena, SIZE_MAX / 2, 4));
    CU_ASSERT_PTR_NULL(lw_arena_take(&arena, SIZE_MAX - 3));
    CU_ASSERT_PTR_NOT_NULL(lw_arena_array(&arena, 0, 8));
    CU_ASSERT_PTR_NOT_NULL(lw_arena_take(&arena, 0));
    lw_arena_close(&arena);
}

static void copies_and_formats_text(void)
{
    struct lw_arena arena = {.ceiling = 100000};
    struct lw_str text = lw_arena_text(&arena, (struct lw_str){.at = "a\0b", .len = 3});
    struct lw_str formatted = lw_arena_format(&arena, "%d/%s", 12, "x");
    struct lw_str wide = lw_arena_format(&arena, "%0600d", 1);

    CU_ASSERT_EQUAL(text.len, 3);
    CU_ASSERT_EQUAL(memcmp(text.at, "a\0b", 4), 0);
    CU_ASSERT_STRING_EQUAL(formatted.at, "12/x");
    CU_ASSERT_EQUAL(wide.len, 600);
    CU_ASSERT_EQUAL(wide.at[599], '1');
    lw_arena_close(&arena);
}

static void one_large_thing_does_not_end_the_block_of_the_small(void)
{
    struct lw_arena arena = {.ceiling = 1 << 24};
    char *first = lw_arena_take(&arena, 16);
    char *large = lw_arena_take(&arena, 1 << 20);
    char *next = lw_arena_take(&arena, 16);

    CU_ASSERT_PTR_NOT_NULL(large);
    CU_ASSERT_PTR_EQUAL(next, first + 16);
    lw_arena_close(&arena);
}

static bool use_once(void *self, bool failed)
{
    struct lw_arena arena = {.ceiling = 1 << 20};
    bool all = true;

    (void)self;
    for (size_t i = 0; i < 200; i++) {
        size_t n = i * 37 % 1500;
        char *at = lw_arena_take(&arena, n);

        all &= at != NULL;
        if (at != NULL)
            memset(at, 1, n);
    }
    all &= lw_arena_text(&arena, LW_STR("abc")).at != NULL;
    all &= lw_arena_format(&arena, "%d", 5).at != NULL;
    lw_arena_reset(&arena);
    lw_arena_close(&arena);
    return all == !failed;
}

static void survives_every_failing_allocation(void)
{
    CU_ASSERT(kit_alloc_torture(use_once, NULL) > 3);
}

KIT_SUITE("arena", {"memory is zeroed and aligned, also after reset", hands_out_zeroed_aligned_memory},
          {"the ceiling is kept", keeps_to_its_ceiling},
          {"sizes that overflow are refused, sizes of zero are not", refuses_sizes_that_overflow},
          {"texts are copied and formatted", copies_and_formats_text},
          {"a large thing leaves the block of the small ones in use",
           one_large_thing_does_not_end_the_block_of_the_small},
          {"every failing allocation is survived", survives_every_failing_allocation})
