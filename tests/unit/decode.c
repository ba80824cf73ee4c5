#include "tests/kit/decoded.h"

#include <string.h>

#define RECORD "{\"time\":1560348180,\"run\":\"r\",\"metric\":\"m\",\"value\":1}\n"
#define POINT  "point ||r|m 1560348180000 average=1\n"

static void skips_a_mark(void)
{
    struct kit_random random = kit_seed(101);
    static const char text[] = "\xef\xbb\xbf" RECORD "{}";

    KIT_DECODES(LW_FORMAT_NDJSON, NULL, text, POINT "reject unknown_record 2:56 \n");
    CU_ASSERT(kit_decode_cuts(LW_FORMAT_NDJSON, NULL, text, sizeof(text) - 1, 1, &random));
}

/* Half a mark is content, wherever it is cut off: bytes that are no JSON. */
static void keeps_half_a_mark(void)
{
    static const char *const texts[] = {"\xef", "\xef\xbb", "\xef" RECORD, "\xef\xbb" RECORD};
    static struct kit_decoded out;
    struct kit_random random = kit_seed(102);

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        kit_decode(&out, LW_FORMAT_NDJSON, NULL, texts[i], strlen(texts[i]));
        CU_ASSERT_EQUAL(out.err, LW_ERR_OK);
        CU_ASSERT_EQUAL(out.points, 0);
        CU_ASSERT_EQUAL(out.rejects, 1);
        CU_ASSERT(kit_decode_cuts(LW_FORMAT_NDJSON, NULL, texts[i], strlen(texts[i]), 1, &random));
    }
}

static void reads_nothing(void)
{
    static struct kit_decoded out;

    for (int format = LW_FORMAT_AUTO + 1; format < LW_FORMAT_COUNT; format++) {
        if (format == LW_FORMAT_CSV || format == LW_FORMAT_LOGGLY_CSV)
            continue; /* a table without a header may be an error */
        kit_decode(&out, (enum lw_format)format, NULL, "", 0);
        CU_ASSERT_EQUAL(out.err, LW_ERR_OK);
        CU_ASSERT_EQUAL(out.points, 0);
        CU_ASSERT_EQUAL(out.rejects, 0);
    }
    lw_decode_close(NULL);
}

static enum lw_err refuse(void *self, const struct lw_point *point, struct lw_fault *fault)
{
    (void)self, (void)point;
    if (fault != NULL)
        fault->code = LW_ERR_LIMIT;
    return LW_ERR_LIMIT;
}

static void hands_errors_back(void)
{
    static const struct lw_decode_calls calls = {.point = refuse};
    static const struct lw_decode_options options;
    struct lw_decoder *decoder;
    struct lw_names *names;
    struct lw_fault fault = {0};

    CU_ASSERT_EQUAL_FATAL(lw_names_open(&names, 1u << 20, NULL), LW_ERR_OK);
    CU_ASSERT_EQUAL_FATAL(lw_decode_open(&decoder, LW_FORMAT_NDJSON, &options, names, &calls, NULL, &fault), LW_ERR_OK);
    CU_ASSERT_EQUAL(lw_decode_push(decoder, RECORD, sizeof(RECORD) - 1, &fault), LW_ERR_LIMIT);
    CU_ASSERT_EQUAL(fault.code, LW_ERR_LIMIT);
    CU_ASSERT_EQUAL(lw_decode_records(decoder), 1);
    lw_decode_close(decoder);
    lw_names_close(names);
}

KIT_SUITE("decode", {"a byte order mark is skipped, and counted in offsets", skips_a_mark},
          {"half a byte order mark is content", keeps_half_a_mark}, {"an empty input has no records", reads_nothing},
          {"an error of a call ends the decoding and is handed back", hands_errors_back})
