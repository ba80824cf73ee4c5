#include "tests/kit/kit.h"

#include "engine/flow/turn/numbers.h"

static bool reads(const char *text, size_t n, const int64_t *want)
{
    int64_t got[4] = {0};

    if (!lw_numbers_read(lw_str_from(text), got, n))
        return false;
    for (size_t i = 0; i < n; i++)
        CU_ASSERT_EQUAL(got[i], want[i]);
    return true;
}

static void reads_what_was_written(void)
{
    CU_ASSERT_TRUE(reads("7", 1, (int64_t[]){7}));
    CU_ASSERT_TRUE(reads("-1 0 12", 3, (int64_t[]){-1, 0, 12}));
    CU_ASSERT_TRUE(reads("9223372036854775807 -9223372036854775808", 2, (int64_t[]){INT64_MAX, INT64_MIN}));
}

static void refuses_everything_else(void)
{
    static const char *const texts[] = {"",   " ", "-", "x", "1x", " 1", "1 ", "1  2", "+1", "9223372036854775808",
                                        "0x1"};

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        CU_ASSERT_FALSE(reads(texts[i], 1, (int64_t[]){0}));
    CU_ASSERT_FALSE(reads("1", 2, (int64_t[]){0, 0}));
    CU_ASSERT_FALSE(reads("1 2", 1, (int64_t[]){0}));
}

KIT_SUITE("numbers", {"reads what was written", reads_what_was_written},
          {"refuses everything else", refuses_everything_else})
