#include "tests/kit/kit.h"

#include "engine/source/push/firehose.h"
#include "tests/kit/alloc.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What came out: records, each ended by '|'. */
static char seen[1 << 16];
static size_t seen_n;
static size_t bytes_n;

static enum lw_err on_bytes(void *self, const char *bytes, size_t n, struct lw_fault *fault)
{
    (void)self;
    (void)fault;
    CU_ASSERT(n > 0);
    bytes_n += n;
    if (seen_n + n < sizeof(seen)) {
        memcpy(seen + seen_n, bytes, n);
        seen_n += n;
    }
    return LW_ERR_OK;
}

static enum lw_err on_end(void *self, struct lw_fault *fault)
{
    (void)self;
    (void)fault;
    if (seen_n < sizeof(seen))
        seen[seen_n++] = '|';
    return LW_ERR_OK;
}

static const struct lw_firehose_calls calls = {on_bytes, on_end};
static char last_id[LW_FIREHOSE_ID_MAX + 1];

static enum lw_err read_cut(const char *body, size_t n, size_t chunk, struct lw_fault *fault)
{
    struct lw_firehose *firehose = NULL;
    enum lw_err err;

    seen_n = bytes_n = 0;
    CU_ASSERT_EQUAL_FATAL(lw_firehose_open(&firehose, &calls, NULL, fault), LW_ERR_OK);
    err = LW_ERR_OK;
    for (size_t at = 0; at < n && err == LW_ERR_OK; at += chunk)
        err = lw_firehose_push(firehose, body + at, chunk < n - at ? chunk : n - at, fault);
    if (err == LW_ERR_OK)
        err = lw_firehose_finish(firehose, fault);
    seen[seen_n < sizeof(seen) ? seen_n : sizeof(seen) - 1] = '\0';
    snprintf(last_id, sizeof(last_id), "%.*s", (int)lw_firehose_id(firehose).len, lw_firehose_id(firehose).at);
    lw_firehose_close(firehose);
    return err;
}

static void gives(const char *body, const char *want)
{
    struct lw_fault fault = {.code = LW_ERR_OK};

    for (size_t chunk = 1; chunk <= strlen(body); chunk++) {
        CU_ASSERT_EQUAL(read_cut(body, strlen(body), chunk, &fault), LW_ERR_OK);
        CU_ASSERT_STRING_EQUAL(seen, want);
        CU_ASSERT_STRING_EQUAL(last_id, "ab-1");
    }
}

static void fails(const char *body, const char *why)
{
    struct lw_fault fault = {.code = LW_ERR_OK};

    for (size_t chunk = 1; chunk <= strlen(body) + 1; chunk++) {
        CU_ASSERT_EQUAL(read_cut(body, strlen(body), chunk, &fault), LW_ERR_FORMAT);
        CU_ASSERT_PTR_NOT_NULL(strstr(fault.text, why));
        if (strstr(fault.text, why) == NULL)
            printf("# %s: %s\n", body, fault.text);
    }
}

static void a_real_request_gives_its_record(void)
{
    size_t n;
    char *body = kit_data("payloads/firehose_http_request.json", &n);
    struct lw_fault fault = {.code = LW_ERR_OK};

    for (size_t chunk = 1; chunk < 3000; chunk += 7) {
        CU_ASSERT_EQUAL(read_cut(body, n, chunk, &fault), LW_ERR_OK);
        CU_ASSERT_STRING_EQUAL(last_id, "ed4acda5-034f-9f42-bba1-f29aea6d7d8f");
        CU_ASSERT_PTR_NOT_NULL(strstr(seen, "\"metric_name\":\"train:accuracy\""));
        CU_ASSERT_EQUAL(strncmp(seen, "{\"metric_stream_name\":\"MyMetricStream\"", 37), 0);
        CU_ASSERT_STRING_EQUAL(seen + seen_n - 3, "}\n|");
    }
    free(body);
}

static void records_come_in_order_and_may_be_empty(void)
{
    /* RFC 4648, section 10. */
    gives("{\"requestId\":\"ab-1\",\"timestamp\":1,\"records\":[{\"data\":\"Zm9vYmFy\"},{\"data\":\"Zm9vYmE=\"},"
          "{\"data\":\"Zm9vYg==\"},{\"data\":\"\"},{\"data\":\"Zg==\"}]}",
          "foobar|fooba|foob||f|");
    gives(" {\"records\" : [ ] , \"requestId\" : \"ab-1\" } \n", "");
}

static void a_slash_may_be_escaped(void)
{
    gives("{\"requestId\":\"ab-1\",\"records\":[{\"data\":\"Pz8\\/\"}]}", "?\?\?|");
}

static void what_it_does_not_know_is_passed_over(void)
{
    gives("{\"x\":{\"data\":\"no\",\"records\":[{\"data\":1}]},\"records\":[{\"y\":{\"data\":3},\"data\":\"Zg==\","
          "\"z\":[\"data\",\"\\\"\"]}],\"requestId\":\"ab-1\",\"data\":{\"data\":[]}}",
          "f|");
}

static void a_body_that_is_wrong_says_why(void)
{
    fails("", "too early");
    fails("{}", "no requestId");
    fails("[]", "not one object");
    fails("{\"requestId\":\"ab-1\"}", "no records");
    fails("{\"requestId\":7,\"records\":[]}", "not a string");
    fails("{\"requestId\":\"\",\"records\":[]}", "printable");
    fails("{\"requestId\":\"a\\u0000b\",\"records\":[]}", "printable");
    fails("{\"requestId\":\"a\",\"requestId\":\"b\",\"records\":[]}", "twice");
    fails("{\"requestId\":\"a\",\"records\":{}}", "not one array");
    fails("{\"requestId\":\"a\",\"records\":[],\"records\":[]}", "not one array");
    fails("{\"requestId\":\"a\",\"records\":[3]}", "not an object");
    fails("{\"requestId\":\"a\",\"records\":[{}]}", "no data");
    fails("{\"requestId\":\"a\",\"records\":[{\"data\":3}]}", "not a string");
    fails("{\"requestId\":\"a\",\"records\":[{\"data\":{\"a\":\"b\"}}]}", "not a string");
    fails("{\"requestId\":\"a\",\"records\":[{\"data\":\"\",\"data\":\"\"}]}", "twice");
    fails("{\"requestId\":\"a\",\"records\":[]}{}", "not one object");
    fails("{\"requestId\":\"a\",\"records\":[{\"data\":\"Zg==\"}", "");
}

static void base64_is_strict(void)
{
    static const char *const bad[] = {"Z",    "Zg",    "Zg=",   "Zg===",      "=",      "====", "Zm9v=",
                                      "Zh==", "Zm9=v", "Zm 9v", "Z\\u0067==", "Zm9\\n", "Zm-_", "Zm9vZg==Zg=="};

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        char body[128];

        snprintf(body, sizeof(body), "{\"requestId\":\"a\",\"records\":[{\"data\":\"%s\"}]}", bad[i]);
        fails(body, "base64");
    }
}

static void a_record_may_be_larger_than_any_other_string(void)
{
    size_t n = 1365336; /* what AWS allows: 1 024 000 bytes before base64 */
    char *body = malloc(n + 100);
    size_t at = (size_t)snprintf(body, 100, "{\"requestId\":\"ab-1\",\"records\":[{\"data\":\"");

    memset(body + at, 'A', n);
    at += n;
    at += (size_t)snprintf(body + at, 60, "\"}]}");
    CU_ASSERT_EQUAL(read_cut(body, at, 16384, NULL), LW_ERR_OK);
    CU_ASSERT_EQUAL(bytes_n, n / 4 * 3);
    free(body);
}

static void there_are_10000_records_at_most(void)
{
    static const char record[] = "{\"data\":\"\"},";
    size_t each = sizeof(record) - 1;
    char *body = malloc(10001 * each + 100);

    for (size_t records = 10000; records <= 10001; records++) {
        size_t at = (size_t)snprintf(body, 100, "{\"requestId\":\"ab-1\",\"records\":[");

        for (size_t i = 0; i < records; i++, at += each)
            memcpy(body + at, record, each);
        memcpy(body + at - 1, "]}", 3);
        CU_ASSERT_EQUAL(read_cut(body, at + 1, 16384, NULL), records == 10000 ? LW_ERR_OK : LW_ERR_FORMAT);
    }
    free(body);
}

static bool all_of_it(void *self, bool failed)
{
    static const char body[] = "{\"requestId\":\"ab-1\",\"records\":[{\"data\":\"Zg==\"}]}";
    struct lw_firehose *firehose = NULL;
    struct lw_fault fault = {.code = LW_ERR_OK};
    enum lw_err err = lw_firehose_open(&firehose, &calls, NULL, &fault);

    (void)self;
    for (size_t i = 0; err == LW_ERR_OK && i < sizeof(body) - 1; i++)
        err = lw_firehose_push(firehose, body + i, 1, &fault);
    if (err == LW_ERR_OK)
        err = lw_firehose_finish(firehose, &fault);
    lw_firehose_close(firehose);
    return failed ? err == LW_ERR_NOMEM && fault.code == LW_ERR_NOMEM : err == LW_ERR_OK;
}

static void every_allocation_may_fail(void)
{
    CU_ASSERT(kit_alloc_torture(all_of_it, NULL) >= 2);
}

KIT_SUITE("firehose", {"a real request gives its record", a_real_request_gives_its_record},
          {"records come in order and may be empty", records_come_in_order_and_may_be_empty},
          {"a slash may be escaped", a_slash_may_be_escaped},
          {"what it does not know is passed over", what_it_does_not_know_is_passed_over},
          {"a body that is wrong says why", a_body_that_is_wrong_says_why}, {"base64 is strict", base64_is_strict},
          {"a record may be larger than any other string", a_record_may_be_larger_than_any_other_string},
          {"there are 10 000 records at most", there_are_10000_records_at_most},
          {"every allocation may fail", every_allocation_may_fail})
