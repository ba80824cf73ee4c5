#include "tests/kit/alloc.h"
#include "tests/kit/kit.h"

#include <stdlib.h>

static void the_nth_allocation_fails_once_or_for_ever(void)
{
    void *volatile kept[4] = {0};

    kit_alloc_fail(2, false);
    for (unsigned i = 0; i < 4; i++)
        kept[i] = malloc(8);
    CU_ASSERT(kept[0] != NULL && kept[1] == NULL && kept[2] != NULL && kept[3] != NULL);
    CU_ASSERT_EQUAL(kit_alloc_count(), 4);
    for (unsigned i = 0; i < 4; i++)
        free(kept[i]);
    kit_alloc_fail(3, true);
    for (unsigned i = 0; i < 4; i++)
        kept[i] = calloc(1, 8);
    CU_ASSERT(kept[0] != NULL && kept[1] != NULL && kept[2] == NULL && kept[3] == NULL);
    kit_alloc_fail(0, false);
    free(kept[0]);
    free(kept[1]);
}

static void blocks_are_counted(void)
{
    int64_t before = kit_alloc_outstanding();
    void *volatile one = malloc(10); /* volatile: compilers know malloc, and drop what nobody looks at */
    void *volatile two = realloc(NULL, 10);

    CU_ASSERT_EQUAL(kit_alloc_outstanding(), before + 2);
    two = realloc(two, 10000);
    CU_ASSERT_EQUAL(kit_alloc_outstanding(), before + 2);
    free(one);
    free(two);
    free(NULL);
    CU_ASSERT_EQUAL(kit_alloc_outstanding(), before);
}

static bool three_blocks(void *self, bool failed)
{
    unsigned *runs = self;
    void *volatile kept[3];
    bool all = true;

    (*runs)++;
    for (unsigned i = 0; i < 3; i++) {
        kept[i] = malloc(16);
        all &= kept[i] != NULL;
    }
    for (unsigned i = 0; i < 3; i++)
        free(kept[i]);
    return all == !failed;
}

static void torture_fails_each_allocation_once_and_for_ever(void)
{
    unsigned runs = 0;

    CU_ASSERT_EQUAL(kit_alloc_torture(three_blocks, &runs), 3);
    CU_ASSERT_EQUAL(runs, 1 + 2 * 3);
}

KIT_SUITE("kit_alloc", {"the nth allocation fails, once or for ever", the_nth_allocation_fails_once_or_for_ever},
          {"blocks are counted", blocks_are_counted},
          {"torture fails each allocation, once and for ever", torture_fails_each_allocation_once_and_for_ever})
