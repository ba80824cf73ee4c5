#include "tests/kit/kit.h"

#include "engine/base/json/json_in.h"
#include "tests/kit/alloc.h"

#include <string.h>

static const char text[] =
    "{\"a\": {\"b\": [1, \"t\\u00e4\", true, null, {\"c\": -2.5e3}]}, \"a2\": \"x\", \"a2\": \"y\",\n"
    " \"at\": 1560348207.512, \"iso\": \"2019-06-12T14:03:27Z\", \"yes\": true, \"no\": false}";

static void members_are_found_by_their_keys(void)
{
    struct lw_arena arena = {.ceiling = 1 << 16};
    struct lw_json_in in;
    const struct lw_json_node *list, *node;
    double number = 0;
    lw_time at;

    CU_ASSERT_EQUAL_FATAL(lw_json_in_read(&in, lw_str_from(text), &arena, NULL), LW_ERR_OK);
    list = lw_json_in_member(&in, lw_json_in_member(&in, in.nodes, "a"), "b");
    CU_ASSERT_PTR_NOT_NULL_FATAL(list);
    CU_ASSERT(memcmp(text + list->byte, "[1,", 3) == 0 && text[list->byte + list->byte_n - 1] == ']');
    node = lw_json_in_first(&in, list);
    CU_ASSERT(node->number == 1);
    node = lw_json_in_next(&in, list, node);
    CU_ASSERT(lw_str_equal(node->text, LW_STR("t\xc3\xa4")));
    node = lw_json_in_next(&in, list, lw_json_in_next(&in, list, lw_json_in_next(&in, list, node)));
    CU_ASSERT(lw_json_in_number(&in, node, "c", &number) && number == -2500);
    CU_ASSERT_PTR_NULL(lw_json_in_next(&in, list, node));
    CU_ASSERT(lw_str_equal(lw_json_in_str(&in, in.nodes, "a2"), LW_STR("y")));
    CU_ASSERT(lw_json_in_time(&in, in.nodes, "at", &at) && at.ms == 1560348207512);
    CU_ASSERT(lw_json_in_time(&in, in.nodes, "iso", &at) && at.ms == 1560348207000);
    CU_ASSERT(lw_json_in_true(&in, in.nodes, "yes"));
    CU_ASSERT_FALSE(lw_json_in_true(&in, in.nodes, "no"));
    lw_arena_close(&arena);
}

static void what_is_not_there_or_of_another_kind_is_nothing(void)
{
    struct lw_arena arena = {.ceiling = 1 << 16};
    struct lw_json_in in;
    double number = 7;
    lw_time at = {7};

    CU_ASSERT_EQUAL_FATAL(lw_json_in_read(&in, lw_str_from(text), &arena, NULL), LW_ERR_OK);
    CU_ASSERT_EQUAL(lw_json_in_str(&in, in.nodes, "a").len, 0);
    CU_ASSERT_EQUAL(lw_json_in_str(&in, in.nodes, "at").len, 0);
    CU_ASSERT_EQUAL(lw_json_in_str(&in, NULL, "at").len, 0);
    CU_ASSERT_PTR_NULL(lw_json_in_member(&in, lw_json_in_member(&in, in.nodes, "zzz"), "b"));
    CU_ASSERT_PTR_NULL(lw_json_in_first(&in, lw_json_in_member(&in, in.nodes, "a2")));
    CU_ASSERT_FALSE(lw_json_in_number(&in, in.nodes, "a2", &number));
    CU_ASSERT_FALSE(lw_json_in_time(&in, in.nodes, "yes", &at));
    CU_ASSERT(number == 7 && at.ms == 7);
    CU_ASSERT_EQUAL_FATAL(lw_json_in_read(&in, LW_STR("[]"), &arena, NULL), LW_ERR_OK);
    CU_ASSERT_PTR_NULL(lw_json_in_first(&in, in.nodes));
    lw_arena_close(&arena);
}

static void what_is_not_one_document_is_an_error_with_its_place(void)
{
    static const char *const bad[] = {"", " ", "{", "{\"a\":1} 2", "[1,]", "{\"a\":1}\n{\"a\":2}", "nul", "\"\xff\""};
    struct lw_arena arena = {.ceiling = 1 << 16};

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct lw_json_in in = {.n = 77};
        struct lw_fault fault = {0};

        CU_ASSERT_EQUAL(lw_json_in_read(&in, lw_str_from(bad[i]), &arena, &fault), LW_ERR_FORMAT);
        CU_ASSERT(in.n == 77 && fault.text[0] != '\0');
    }
    lw_arena_close(&arena);
}

static bool read_it(void *self, bool failed)
{
    struct lw_arena arena = {.ceiling = 1 << 16};
    struct lw_json_in in;
    struct lw_fault fault = {0};
    enum lw_err err = lw_json_in_read(&in, lw_str_from(text), &arena, &fault);

    (void)self;
    lw_arena_close(&arena);
    return failed ? err == LW_ERR_NOMEM && fault.code == LW_ERR_NOMEM : err == LW_ERR_OK;
}

static void memory_may_run_out(void)
{
    struct lw_arena tight = {.ceiling = 1};
    struct lw_json_in in;

    CU_ASSERT(kit_alloc_torture(read_it, NULL) > 3);
    CU_ASSERT_EQUAL(lw_json_in_read(&in, lw_str_from(text), &tight, NULL), LW_ERR_NOMEM);
    lw_arena_close(&tight);
}

KIT_SUITE("json_in", {"members are found by their keys", members_are_found_by_their_keys},
          {"what is not there or of another kind is nothing", what_is_not_there_or_of_another_kind_is_nothing},
          {"what is not one document is an error with its place", what_is_not_one_document_is_an_error_with_its_place},
          {"memory may run out", memory_may_run_out})
