#include "tests/kit/kit.h"

#include "engine/base/names.h"

#include <stdio.h>

static struct lw_str numbered(char *text, size_t size, unsigned i)
{
    return (struct lw_str){.at = text, .len = (size_t)snprintf(text, size, "image-classification-2019-06-12-%u", i)};
}

static void gives_every_text_one_number(void)
{
    struct lw_names *names;
    char text[64];
    int good = 1;

    CU_ASSERT_EQUAL_FATAL(lw_names_open(&names, 64 << 20, NULL), LW_ERR_OK);
    for (int round = 0; round < 2; round++) {
        for (unsigned i = 1; i <= 100000; i++) {
            uint32_t id = 0;

            good &= lw_names_add(names, numbered(text, sizeof(text), i), &id, NULL) == LW_ERR_OK && id == i;
        }
    }
    for (unsigned i = 1; i <= 100000; i++) {
        struct lw_str wanted = numbered(text, sizeof(text), i);

        good &= lw_names_find(names, wanted) == i && lw_str_equal(lw_names_text(names, i), wanted);
        good &= lw_names_text(names, i).at[wanted.len] == '\0';
    }
    CU_ASSERT(good);
    CU_ASSERT_EQUAL(lw_names_count(names), 100001);
    CU_ASSERT_EQUAL(lw_names_find(names, LW_STR("unheard of")), 0);
    lw_names_close(names);
}

static void the_empty_text_is_number_zero(void)
{
    struct lw_names *names;
    uint32_t id = 7;

    CU_ASSERT_EQUAL_FATAL(lw_names_open(&names, 1 << 20, NULL), LW_ERR_OK);
    CU_ASSERT_EQUAL(lw_names_add(names, (struct lw_str){0}, &id, NULL), LW_ERR_OK);
    CU_ASSERT_EQUAL(id, 0);
    CU_ASSERT_EQUAL(lw_names_text(names, 0).len, 0);
    CU_ASSERT_EQUAL(lw_names_text(names, 4000).len, 0);
    CU_ASSERT_STRING_EQUAL(lw_names_text(names, 0).at, "");
    lw_names_close(names);
}

static void a_full_table_stays_usable(void)
{
    struct lw_names *names;
    struct lw_fault fault;
    char text[64];
    uint32_t id = 0;
    unsigned n = 0;

    CU_ASSERT_EQUAL(lw_names_open(&names, 100, &fault), LW_ERR_LIMIT);
    CU_ASSERT_EQUAL_FATAL(lw_names_open(&names, 20000, &fault), LW_ERR_OK);
    while (lw_names_add(names, numbered(text, sizeof(text), n + 1), &id, &fault) == LW_ERR_OK)
        n++;
    CU_ASSERT_EQUAL(fault.code, LW_ERR_LIMIT);
    CU_ASSERT(n > 100);
    CU_ASSERT_EQUAL(lw_names_count(names), n + 1);
    for (unsigned i = 1; i <= n; i++)
        CU_ASSERT_EQUAL(lw_names_find(names, numbered(text, sizeof(text), i)), i);
    CU_ASSERT_EQUAL(lw_names_add(names, numbered(text, sizeof(text), 1), &id, &fault), LW_ERR_OK);
    CU_ASSERT_EQUAL(id, 1);
    lw_names_close(names);
}

/* Counts of set bits in the difference that one flipped input bit makes: a good hash changes half of them. */
static void one_flipped_bit_changes_half_of_the_hash(void)
{
    char text[70];
    struct kit_random random = kit_seed(11);
    double flips = 0.0;
    double n = 0.0;

    for (size_t len = 1; len <= sizeof(text); len++) {
        for (size_t i = 0; i < len; i++)
            text[i] = (char)kit_random_bits(&random);
        for (size_t bit = 0; bit < len * 8; bit++) {
            uint64_t before = lw_names_hash((struct lw_str){.at = text, .len = len});

            text[bit / 8] = (char)(text[bit / 8] ^ (1 << bit % 8));
            flips += __builtin_popcountll(before ^ lw_names_hash((struct lw_str){.at = text, .len = len}));
            n += 64.0;
        }
    }
    KIT_CLOSE(flips / n, 0.5, 0.02);
}

KIT_SUITE("names", {"every text gets one number and keeps it", gives_every_text_one_number},
          {"the empty text is number 0", the_empty_text_is_number_zero},
          {"a full table says so and stays usable", a_full_table_stays_usable},
          {"one flipped bit changes half of the hash", one_flipped_bit_changes_half_of_the_hash})
