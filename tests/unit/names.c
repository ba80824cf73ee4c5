#include "tests/kit/alloc.h"
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

/* Known answers, so that the hash never changes by accident: it orders nothing, but samples are drawn by it. They were
   computed by a program of its own from the description in names.c. */
static void the_hash_is_fixed(void)
{
    static const struct {
        const char *text;
        uint64_t hash;
    } cases[] = {
        {"", 0xa4ea29720be328e7u},
        {"a", 0x7880cb975f970935u},
        {"ab", 0xaaa5435f4eead781u},
        {"train", 0xb008c8593f46769au},
        {"validation", 0xa842d1e8fd2542abu},
        {"0123456789abcdef", 0x241b2d7e93902332u},
        {"0123456789abcdefg", 0xa298261569a20a9bu},
        {"image-classification-2019-06-12-13-55-01-123", 0xe45ae26dbb31efc9u},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        CU_ASSERT_EQUAL(lw_names_hash(lw_str_from(cases[i].text)), cases[i].hash);
}

/* Names that differ in a counter or a time stamp only, as those of runs do, spread over the table as by chance: of n in n
   slots about 1/e stay empty. */
static void similar_names_spread(void)
{
    static unsigned char taken[65536];
    unsigned empty = 0;
    char text[64];

    for (unsigned i = 0; i < 65536; i++)
        taken[lw_names_hash(numbered(text, sizeof(text), i)) & 0xffff] = 1;
    for (unsigned i = 0; i < 65536; i++)
        empty += taken[i] == 0;
    KIT_CLOSE(empty / 65536.0, 0.36788, 0.02);
}

static void texts_of_all_sizes_stay_where_they_are(void)
{
    struct lw_names *names;
    struct lw_str first;
    static char text[300000];
    uint32_t id;
    int good = 1;

    memset(text, 'x', sizeof(text));
    CU_ASSERT_EQUAL_FATAL(lw_names_open(&names, 64 << 20, NULL), LW_ERR_OK);
    CU_ASSERT_EQUAL(lw_names_add(names, LW_STR("first"), &id, NULL), LW_ERR_OK);
    first = lw_names_text(names, id);
    for (size_t n = 1; n <= sizeof(text); n += n / 8 + 1) {
        uint32_t again = 0;

        good &= lw_names_add(names, (struct lw_str){.at = text, .len = n}, &id, NULL) == LW_ERR_OK;
        good &= lw_names_add(names, (struct lw_str){.at = text, .len = n}, &again, NULL) == LW_ERR_OK && again == id;
        good &= lw_names_text(names, id).len == n && lw_names_text(names, id).at[n] == '\0';
    }
    CU_ASSERT(good);
    CU_ASSERT_PTR_EQUAL(lw_names_text(names, 1).at, first.at);
    CU_ASSERT_STRING_EQUAL(first.at, "first");
    lw_names_close(names);
    lw_names_close(NULL);
}

/* Adds until something fails, then checks that the table has all that it said it has, and takes more. */
static bool fill_table(void *self, bool failed)
{
    struct lw_names *names = NULL;
    struct lw_fault fault = {.code = LW_ERR_OK};
    char text[64];
    unsigned refused = 0;
    bool good = true;

    (void)self;
    if (lw_names_open(&names, 1 << 20, &fault) != LW_ERR_OK)
        return failed && fault.code == LW_ERR_NOMEM;
    for (unsigned i = 1; i <= 500; i++) {
        uint32_t id = 0;
        uint32_t count = lw_names_count(names);
        enum lw_err err = lw_names_add(names, numbered(text, sizeof(text), i), &id, &fault);

        refused += err == LW_ERR_NOMEM;
        good &= err == LW_ERR_OK ? id == count : err == LW_ERR_NOMEM && lw_names_count(names) == count;
        good &= lw_names_find(names, numbered(text, sizeof(text), i)) == id;
    }
    for (uint32_t id = 1; id < lw_names_count(names); id++)
        good &= lw_names_find(names, lw_names_text(names, id)) == id;
    good &= lw_names_count(names) + refused == 501;
    lw_names_close(names);
    return good && (refused > 0) == failed;
}

static void survives_every_failing_allocation(void)
{
    CU_ASSERT(kit_alloc_torture(fill_table, NULL) > 5);
}

KIT_SUITE("names", {"every text gets one number and keeps it", gives_every_text_one_number},
          {"the empty text is number 0", the_empty_text_is_number_zero},
          {"a full table says so and stays usable", a_full_table_stays_usable},
          {"one flipped bit changes half of the hash", one_flipped_bit_changes_half_of_the_hash},
          {"the hash is the same for ever", the_hash_is_fixed}, {"similar names spread", similar_names_spread},
          {"texts of all sizes stay where they are", texts_of_all_sizes_stay_where_they_are},
          {"every failing allocation is survived", survives_every_failing_allocation})
