#include "tests/kit/alloc.h"
#include "tests/kit/kit.h"

#include "engine/base/buf.h"

#include <stdbool.h>

static void appends_in_many_ways(void)
{
    struct lw_buf buf = {.ceiling = 1000};

    lw_buf_text(&buf, "one ");
    lw_buf_str(&buf, LW_STR("two "));
    lw_buf_char(&buf, '3');
    lw_buf_format(&buf, " %d %099d", 4, 5);
    lw_buf_align(&buf, 16);
    CU_ASSERT_EQUAL(buf.error, LW_ERR_OK);
    CU_ASSERT_EQUAL(memcmp(buf.at, "one two 3 4 000", 15), 0);
    CU_ASSERT_EQUAL(buf.at[110], '5');
    CU_ASSERT_EQUAL(buf.len, 112);
    CU_ASSERT_EQUAL(buf.at[111], 0);
    lw_buf_clear(&buf);
    CU_ASSERT_EQUAL(buf.len, 0);
    lw_buf_close(&buf);
}

static void errors_stick_and_leave_the_content(void)
{
    struct lw_buf buf = {.ceiling = 8};

    lw_buf_text(&buf, "12345678");
    CU_ASSERT_EQUAL(buf.error, LW_ERR_OK);
    lw_buf_char(&buf, '9');
    CU_ASSERT_EQUAL(buf.error, LW_ERR_LIMIT);
    lw_buf_format(&buf, "%s", "");
    lw_buf_text(&buf, "");
    CU_ASSERT(lw_str_equal(lw_buf_view(&buf), LW_STR("12345678")));
    CU_ASSERT_PTR_NULL(lw_buf_reserve(&buf, 0));
    lw_buf_clear(&buf);
    lw_buf_format(&buf, "%s", "abcdefgh");
    CU_ASSERT(lw_str_equal(lw_buf_view(&buf), LW_STR("abcdefgh")));
    lw_buf_clear(&buf);
    lw_buf_format(&buf, "%s", "abcdefghi");
    CU_ASSERT_EQUAL(buf.error, LW_ERR_LIMIT);
    CU_ASSERT_EQUAL(buf.len, 0);
    lw_buf_close(&buf);
}

static void reserved_room_is_there(void)
{
    struct lw_buf buf = {.ceiling = 1 << 20};
    char *room;

    lw_buf_text(&buf, "ab");
    room = lw_buf_reserve(&buf, 5000);
    CU_ASSERT_PTR_NOT_NULL_FATAL(room);
    memset(room, 'c', 5000);
    buf.len += 5000;
    lw_buf_char(&buf, 'd');
    CU_ASSERT_EQUAL(buf.len, 5003);
    CU_ASSERT_EQUAL(buf.at[5001], 'c');
    CU_ASSERT_EQUAL(buf.at[5002], 'd');
    lw_buf_close(&buf);
    CU_ASSERT_PTR_NULL(buf.at);
}

static bool fill_once(void *self, bool failed)
{
    struct lw_buf buf = {.ceiling = 1 << 20};
    size_t kept = 0;
    bool good = true;

    (void)self;
    for (int i = 0; i < 300; i++) {
        lw_buf_format(&buf, "%010d", i);
        if (buf.error == LW_ERR_OK)
            kept = buf.len;
    }
    good &= buf.len == kept && (buf.error == LW_ERR_NOMEM) == failed && (failed || kept == 3000);
    lw_buf_close(&buf);
    lw_buf_close(NULL);
    return good;
}

static void survives_every_failing_allocation(void)
{
    CU_ASSERT(kit_alloc_torture(fill_once, NULL) > 3);
}

struct drained {
    size_t bytes;
    bool refuses;
};

static enum lw_err take_drained(void *self, struct lw_str bytes)
{
    struct drained *drained = self;

    drained->bytes += bytes.len;
    return drained->refuses ? LW_ERR_IO : LW_ERR_OK;
}

static void a_drain_keeps_memory_small(void)
{
    struct drained drained = {.bytes = 0};
    struct lw_buf buf = {.ceiling = SIZE_MAX / 2, .drain = take_drained, .drain_to = &drained};

    for (size_t i = 0; i < 500000; i++)
        lw_buf_text(&buf, "twelve bytes");
    CU_ASSERT_EQUAL(buf.error, LW_ERR_OK);
    CU_ASSERT_EQUAL(drained.bytes + buf.len, 6000000);
    CU_ASSERT(buf.capacity < 3000000);
    drained.refuses = true;
    for (size_t i = 0; i < 200000; i++)
        lw_buf_text(&buf, "twelve bytes");
    CU_ASSERT_EQUAL(buf.error, LW_ERR_IO);
    lw_buf_close(&buf);
}

KIT_SUITE("buf", {"a drain keeps memory small", a_drain_keeps_memory_small},
          {"bytes, texts and formats are appended", appends_in_many_ways},
          {"an error sticks and leaves the content as it was", errors_stick_and_leave_the_content},
          {"reserved room is there", reserved_room_is_there},
          {"every failing allocation is survived", survives_every_failing_allocation})
