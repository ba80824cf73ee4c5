#include "tests/kit/kit.h"

#include "engine/base/json_out.h"

static void writes_compact_documents(void)
{
    struct lw_buf buf = {.ceiling = 10000};
    struct lw_json_out out = {.buf = &buf};

    lw_json_object(&out);
    lw_json_key(&out, "a");
    lw_json_array(&out);
    lw_json_int(&out, -1);
    lw_json_uint(&out, UINT64_MAX);
    lw_json_number(&out, 0.8125);
    lw_json_derived(&out, 1.0 / 3.0);
    lw_json_object(&out);
    lw_json_object_end(&out);
    lw_json_array_end(&out);
    lw_json_key(&out, "t");
    lw_json_time(&out, (lw_time){1560348180000});
    lw_json_key(&out, "b");
    lw_json_bool(&out, true);
    lw_json_object_end(&out);
    CU_ASSERT(lw_str_equal(lw_buf_view(&buf), LW_STR("{\"a\":[-1,18446744073709551615,0.8125,0.333333333333,{}],"
                                                     "\"t\":\"2019-06-12T14:03:00.000Z\",\"b\":true}")));
    lw_buf_close(&buf);
}

KIT_SUITE("json_out", {"documents are written compactly", writes_compact_documents})
