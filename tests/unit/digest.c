#include "tests/kit/kit.h"

#include "engine/base/digest.h"

/* Expected values: Python's hashlib.sha256 over struct.pack('<Q', len) + part, base64.b32encode, lower case. */
static void agrees_with_an_independent_implementation(void)
{
    char id[LW_DIGEST_ID];
    struct lw_str parts[] = {LW_STR("ab"), LW_STR("c")};

    CU_ASSERT_EQUAL(lw_digest_id(NULL, 0, id, NULL), LW_ERR_OK);
    CU_ASSERT_STRING_EQUAL(id, "4oymiquy7qobjgx36tejs35zeq");
    CU_ASSERT_EQUAL(lw_digest_id(parts, 2, id, NULL), LW_ERR_OK);
    CU_ASSERT_STRING_EQUAL(id, "ipxgkvlz3ya4u443h6k4dqwt6r");
}

static void boundaries_between_parts_count(void)
{
    char one[LW_DIGEST_ID];
    char two[LW_DIGEST_ID];
    struct lw_str ab_c[] = {LW_STR("ab"), LW_STR("c")};
    struct lw_str a_bc[] = {LW_STR("a"), LW_STR("bc")};
    struct lw_str abc[] = {LW_STR("abc"), {0}};

    CU_ASSERT_EQUAL(lw_digest_id(ab_c, 2, one, NULL), LW_ERR_OK);
    CU_ASSERT_EQUAL(lw_digest_id(a_bc, 2, two, NULL), LW_ERR_OK);
    CU_ASSERT_STRING_NOT_EQUAL(one, two);
    CU_ASSERT_EQUAL(lw_digest_id(abc, 2, two, NULL), LW_ERR_OK);
    CU_ASSERT_STRING_NOT_EQUAL(one, two);
    CU_ASSERT_EQUAL(lw_digest_id(abc, 1, one, NULL), LW_ERR_OK);
    CU_ASSERT_STRING_NOT_EQUAL(one, two);
}

KIT_SUITE("digest",
          {"an id is the base 32 of SHA-256 over length-prefixed parts", agrees_with_an_independent_implementation},
          {"the boundaries between parts count", boundaries_between_parts_count})
