#include "tests/kit/kit.h"

#include "engine/source/push/push.h"
#include "engine/source/push/push_ids.h"
#include "tests/kit/alloc.h"

#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

static lw_time at_ten(void *self)
{
    (void)self;
    return (lw_time){INT64_C(1772359200000)};
}

static const struct lw_world world = {.now = at_ten};
static unsigned wakes;

static void on_wake(void *self)
{
    (void)self;
    wakes++;
}

/* One client: what it was answered. */
struct client {
    int status; /* 0: not yet */
    int answers;
    char body[512];
    int64_t retry_after;
    struct lw_push_request *request;
};

static void on_answer(void *context, const struct lw_push_answer *answer)
{
    struct client *client = context;

    client->answers++;
    client->status = answer->status;
    client->retry_after = answer->retry_after.ms;
    CU_ASSERT_STRING_EQUAL(answer->content_type, "application/json");
    snprintf(client->body, sizeof(client->body), "%.*s", (int)answer->body.len,
             answer->body.at == NULL ? "" : answer->body.at);
}

static struct lw_source source;

static void open_push(const struct lw_push_options *options, const char *mark)
{
    static const struct lw_push_options usual;
    struct lw_source_calls calls = {.world = &world, .wake = on_wake};

    wakes = 0;
    CU_ASSERT_EQUAL_FATAL(lw_push_open(&source, options == NULL ? &usual : options, &calls, lw_str_from(mark), NULL),
                          LW_ERR_OK);
}

static const struct lw_source_batch *ready(void)
{
    return source.kind->ready(source.state);
}

/* At the start it says once that there is nothing. */
static void open_told(void)
{
    const struct lw_source_batch *batch;

    open_push(NULL, "");
    batch = ready();
    CU_ASSERT_PTR_NOT_NULL_FATAL(batch);
    CU_ASSERT(batch->parts_n == 0 && batch->caught_up && !batch->has_watermark && !batch->ended);
    source.kind->taken(source.state, true);
    CU_ASSERT_PTR_NULL(ready());
}

static void send_cut(struct client *client, enum lw_push_route route, const char *id, const void *body, size_t n,
                     size_t chunk)
{
    *client = (struct client){.status = 0};
    lw_push_begin(source.state, route, lw_str_from(id), LW_STR(""), n, on_answer, client, &client->request);
    for (size_t at = 0; client->status == 0 && at < n; at += chunk) {
        size_t size = chunk < n - at ? chunk : n - at;

        if (!lw_push_bytes(source.state, client->request, (const char *)body + at, size))
            CU_ASSERT_EQUAL(client->answers, 1);
    }
    if (client->status == 0 && !lw_push_end(source.state, client->request))
        CU_ASSERT_EQUAL(client->answers, 1);
}

static void send(struct client *client, const char *body)
{
    send_cut(client, LW_PUSH_METRICS, "", body, strlen(body), 16384);
}

static void firehose(struct client *client, const char *head_id, const char *id, const char *records)
{
    char body[4096];
    int n = snprintf(body, sizeof(body), "{\"requestId\":\"%s\",\"timestamp\":1,\"records\":[%s]}", id, records);

    send_cut(client, LW_PUSH_FIREHOSE, head_id, body, (size_t)n, 7);
}

static bool part_is(size_t i, const char *text)
{
    const struct lw_source_batch *batch = ready();

    return batch != NULL && i < batch->parts_n && lw_str_equal(batch->parts[i].bytes, lw_str_from(text));
}

static void taken(bool durable)
{
    source.kind->taken(source.state, durable);
}

static void close_push(void)
{
    source.kind->close(source.state);
}

static void accepts(size_t part, uint64_t n)
{
    struct lw_push_counts counts = {.accepted = n};

    lw_push_result(source.state, part, &counts);
}

static void a_request_is_answered_only_when_it_is_durable(void)
{
    struct client client;
    const struct lw_source_batch *batch;

    open_told();
    send(&client, "{\"a\":1}\n");
    CU_ASSERT(wakes > 0);
    batch = ready();
    CU_ASSERT_PTR_NOT_NULL_FATAL(batch);
    CU_ASSERT_EQUAL(batch->parts_n, 1);
    CU_ASSERT(part_is(0, "{\"a\":1}\n"));
    CU_ASSERT(lw_str_equal(batch->parts[0].format, LW_STR("auto")));
    CU_ASSERT(batch->parts[0].document.len == 0 && batch->parts[0].begins && batch->parts[0].ends);
    CU_ASSERT(batch->caught_up);
    CU_ASSERT_PTR_EQUAL(ready(), batch);
    CU_ASSERT_EQUAL(client.status, 0);
    accepts(0, 3);
    taken(true);
    CU_ASSERT_EQUAL(client.status, 200);
    CU_ASSERT_STRING_EQUAL(client.body, "{\"accepted\":3,\"rejected\":{}}");
    CU_ASSERT_PTR_NULL(ready());
    close_push();
    CU_ASSERT_EQUAL(client.answers, 1);
}

static void what_could_not_be_stored_is_asked_for_again(void)
{
    struct client one, two;

    open_told();
    send(&one, "x\n");
    send(&two, "y\n");
    CU_ASSERT(part_is(0, "x\n") && part_is(1, "y\n"));
    taken(false);
    CU_ASSERT(one.status == 503 && two.status == 503 && one.retry_after == 5 * LW_SECOND);
    CU_ASSERT_PTR_NULL(ready());
    close_push();
}

static void rejected_records_are_told(void)
{
    struct client some, all, unwanted, unknown;
    struct lw_push_counts counts = {.accepted = 1};

    open_told();
    send(&some, "1");
    send(&all, "2");
    send(&unwanted, "3");
    send(&unknown, "4");
    CU_ASSERT_EQUAL_FATAL(ready()->parts_n, 4);
    counts.rejected[LW_REJECT_BAD_TIME] = 2;
    lw_push_result(source.state, 0, &counts);
    counts.accepted = 0;
    lw_push_result(source.state, 1, &counts);
    counts.rejected[LW_REJECT_BAD_TIME] = 0;
    counts.rejected[LW_REJECT_NOT_A_RUN] = 4;
    lw_push_result(source.state, 2, &counts);
    counts = (struct lw_push_counts){.why = LW_STR("is in no known format")};
    lw_push_result(source.state, 3, &counts);
    taken(true);
    CU_ASSERT_EQUAL(some.status, 200);
    CU_ASSERT_STRING_EQUAL(some.body, "{\"accepted\":1,\"rejected\":{\"bad_time\":2}}");
    CU_ASSERT_EQUAL(all.status, 400);
    CU_ASSERT_STRING_EQUAL(all.body,
                           "{\"accepted\":0,\"rejected\":{\"bad_time\":2},\"error\":\"no record could be used\"}");
    CU_ASSERT_EQUAL(unwanted.status, 200);
    CU_ASSERT_EQUAL(unknown.status, 400);
    CU_ASSERT_STRING_EQUAL(unknown.body,
                           "{\"accepted\":0,\"rejected\":{},\"error\":\"the body is in no known format\"}");
    close_push();
}

/* n bytes of lines "....\n" of 100 bytes; every byte differs from what is 1 MiB away. */
static char *lines(size_t n)
{
    char *text = malloc(n + 1);

    for (size_t i = 0; i < n; i++)
        text[i] = i % 100 == 99 ? '\n' : (char)('a' + i * 7 / 100 % 26);
    text[n] = '\0';
    return text;
}

static void a_large_request_is_cut_at_line_ends_and_answered_once(void)
{
    size_t n = 5 * LW_SOURCE_BATCH_MAX + 12345;
    char *body = lines(n);
    char *again = malloc(n);
    size_t at = 0;
    struct client large, small;

    open_told();
    send_cut(&large, LW_PUSH_METRICS, "", body, n, 16384);
    send(&small, "small\n");
    while (at < n) {
        const struct lw_source_batch *batch = ready();
        const struct lw_source_part *part = &batch->parts[0];

        CU_ASSERT(part->bytes.len <= LW_SOURCE_BATCH_MAX && part->bytes.len > 0);
        CU_ASSERT(lw_str_equal(part->document, LW_STR("push")));
        CU_ASSERT_EQUAL(part->begins, at == 0);
        CU_ASSERT_EQUAL(part->ends, at + part->bytes.len == n);
        CU_ASSERT(part->ends || part->bytes.at[part->bytes.len - 1] == '\n');
        memcpy(again + at, part->bytes.at, part->bytes.len);
        at += part->bytes.len;
        CU_ASSERT_EQUAL(large.status, 0);
        accepts(0, 1);
        if (at < n)
            CU_ASSERT_FALSE(batch->caught_up);
        taken(true);
    }
    CU_ASSERT_EQUAL(memcmp(again, body, n), 0);
    CU_ASSERT_STRING_EQUAL(large.body, "{\"accepted\":6,\"rejected\":{}}");
    CU_ASSERT_EQUAL(small.status, 200); /* it had room in the last batch */
    free(again);
    free(body);
    close_push();
}

static void a_line_longer_than_a_batch_is_cut_anywhere(void)
{
    size_t n = LW_SOURCE_BATCH_MAX + 1;
    char *body = malloc(n);
    struct client client;

    memset(body, 'x', n);
    open_told();
    send_cut(&client, LW_PUSH_METRICS, "", body, n, 65536);
    CU_ASSERT_EQUAL(ready()->parts[0].bytes.len, LW_SOURCE_BATCH_MAX);
    taken(true);
    CU_ASSERT_EQUAL(ready()->parts[0].bytes.len, 1);
    taken(false);
    CU_ASSERT_EQUAL(client.status, 503);
    free(body);
    close_push();
}

/* One gzip member. */
static size_t pack(const void *text, size_t n, unsigned char *out, size_t room)
{
    z_stream stream = {0};
    size_t made;

    CU_ASSERT_EQUAL_FATAL(deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
    stream.next_in = (Bytef *)(uintptr_t)text;
    stream.avail_in = (uInt)n;
    stream.next_out = out;
    stream.avail_out = (uInt)room;
    CU_ASSERT_EQUAL_FATAL(deflate(&stream, Z_FINISH), Z_STREAM_END);
    made = room - stream.avail_out;
    deflateEnd(&stream);
    return made;
}

static void a_packed_body_is_unpacked(void)
{
    unsigned char packed[256];
    size_t n = pack("hello\n", 6, packed, sizeof(packed));
    struct client client;

    open_told();
    for (size_t chunk = 1; chunk <= n; chunk++) {
        send_cut(&client, LW_PUSH_METRICS, "", packed, n, chunk);
        CU_ASSERT(part_is(0, "hello\n"));
        taken(true);
        CU_ASSERT_EQUAL(client.status, 200);
    }
    send_cut(&client, LW_PUSH_METRICS, "", packed, n - 3, 100);
    CU_ASSERT_EQUAL(client.status, 400);
    packed[n / 2] ^= 0x55;
    send_cut(&client, LW_PUSH_METRICS, "", packed, n, 100);
    CU_ASSERT_EQUAL(client.status, 400);
    CU_ASSERT_PTR_NULL(ready());
    close_push();
}

static void a_gzip_bomb_is_refused_early(void)
{
    size_t n = 32u << 20;
    char *zeros = calloc(1, n);
    unsigned char *packed = malloc(1u << 20);
    size_t packed_n = pack(zeros, n, packed, 1u << 20);
    struct client client;

    open_told();
    send_cut(&client, LW_PUSH_METRICS, "", packed, packed_n, 1024);
    CU_ASSERT_EQUAL(client.status, 400);
    CU_ASSERT_PTR_NOT_NULL(strstr(client.body, "200 times"));
    CU_ASSERT_PTR_NULL(ready());
    close_push();
    free(zeros);
    free(packed);
}

static void bodies_have_caps(void)
{
    struct lw_push_options options = {.text_max = 1000, .held_max = 3000};
    struct client client, held[4];
    char *body = lines(2000);

    open_push(&options, "");
    (void)ready();
    taken(true);
    send_cut(&client, LW_PUSH_METRICS, "", body, 1001, 100);
    CU_ASSERT_EQUAL(client.status, 413);
    for (int i = 0; i < 4; i++)
        send_cut(&held[i], LW_PUSH_METRICS, "", body, 900, 100);
    CU_ASSERT(held[2].status == 0 && held[3].status == 503);
    (void)ready();
    taken(true);
    CU_ASSERT_EQUAL(held[2].status, 200);
    send_cut(&client, LW_PUSH_METRICS, "", body, 1000, 100);
    CU_ASSERT_EQUAL(client.status, 0);
    (void)ready();
    taken(true);
    /* By Content-Length, before anything is read. */
    lw_push_begin(source.state, LW_PUSH_METRICS, LW_STR(""), LW_STR(""), LW_PUSH_METRICS_MAX + 1, on_answer, &client,
                  &client.request);
    CU_ASSERT(client.status == 413 && client.request == NULL);
    lw_push_begin(source.state, LW_PUSH_FIREHOSE, LW_STR("a"), LW_STR(""), LW_PUSH_FIREHOSE_MAX + 1, on_answer, &client,
                  &client.request);
    CU_ASSERT(client.status == 400 && client.request == NULL); /* 413 would lose the batch */
    close_push();
    free(body);
}

static void the_queue_is_bounded(void)
{
    static struct client clients[LW_PUSH_WAITING_MAX + 1];

    open_told();
    for (size_t i = 0; i <= LW_PUSH_WAITING_MAX; i++)
        send(&clients[i], "x");
    CU_ASSERT_EQUAL(clients[LW_PUSH_WAITING_MAX - 1].status, 0);
    CU_ASSERT_EQUAL(clients[LW_PUSH_WAITING_MAX].status, 503);
    CU_ASSERT_EQUAL(ready()->parts_n, LW_PUSH_WAITING_MAX);
    taken(true);
    CU_ASSERT_EQUAL(clients[0].status, 200);
    close_push();
}

static void an_empty_body_is_an_error(void)
{
    struct client client;

    open_told();
    send(&client, "");
    CU_ASSERT_EQUAL(client.status, 400);
    close_push();
}

static void firehose_is_answered_in_its_form(void)
{
    struct client client;

    open_told();
    firehose(&client, "ab-1", "ab-1", "{\"data\":\"Zm9v\"},{\"data\":\"\"},{\"data\":\"YmFyCg==\"}");
    CU_ASSERT_EQUAL(ready()->parts_n, 1);
    CU_ASSERT(part_is(0, "foo\nbar\n"));
    taken(true);
    CU_ASSERT_EQUAL(client.status, 200);
    CU_ASSERT_STRING_EQUAL(client.body, "{\"requestId\":\"ab-1\",\"timestamp\":1772359200000}");
    firehose(&client, "ab-2", "ab-2", "{\"data\":\"!\"}");
    CU_ASSERT_EQUAL(client.status, 400);
    CU_ASSERT_PTR_NOT_NULL(
        strstr(client.body, "{\"requestId\":\"ab-2\",\"timestamp\":1772359200000,\"errorMessage\":"));
    firehose(&client, "ab-3", "ab-4", "");
    CU_ASSERT_EQUAL(client.status, 400);
    close_push();
}

static void a_request_of_firehose_counts_once(void)
{
    struct client client, twin;
    char mark[8192];

    open_told();
    firehose(&client, "", "ab-1", "{\"data\":\"Zm9v\"}");
    firehose(&twin, "ab-1", "ab-1", "{\"data\":\"Zm9v\"}");
    CU_ASSERT_EQUAL(ready()->parts_n, 2); /* neither is durable yet */
    taken(true);
    CU_ASSERT(client.status == 200 && twin.status == 200);
    firehose(&client, "ab-1", "ab-1", "{\"data\":\"Zm9v\"}");
    CU_ASSERT_EQUAL(client.status, 200); /* told by its head */
    CU_ASSERT_STRING_EQUAL(client.body, "{\"requestId\":\"ab-1\",\"timestamp\":1772359200000}");
    firehose(&client, "", "ab-1", "{\"data\":\"Zm9v\"}");
    CU_ASSERT_PTR_NULL(ready()); /* told by its body */
    CU_ASSERT_EQUAL(client.status, 200);
    firehose(&client, "", "ab-2", "");
    CU_ASSERT_EQUAL_FATAL(ready()->parts_n, 0);
    snprintf(mark, sizeof(mark), "%.*s", (int)ready()->mark.len, ready()->mark.at);
    close_push(); /* it dies before the batch is known to be durable: 503, and yet it was */
    CU_ASSERT_EQUAL(client.status, 503);

    open_push(NULL, mark);
    firehose(&client, "", "ab-2", "");
    CU_ASSERT_PTR_NOT_NULL(ready());
    CU_ASSERT_EQUAL(client.status, 200);
    close_push();
}

static void ids_are_remembered_up_to_a_ceiling(void)
{
    struct client client;
    char id[32];
    char *mark;

    open_told();
    for (int i = 0; i < LW_PUSH_IDS_MAX + 10; i++) {
        snprintf(id, sizeof(id), "id-%d", i);
        firehose(&client, id, id, "");
        CU_ASSERT_PTR_NOT_NULL_FATAL(ready());
        mark = malloc(ready()->mark.len + 1);
        memcpy(mark, ready()->mark.at, ready()->mark.len);
        mark[ready()->mark.len] = '\0';
        taken(true);
        if (i < LW_PUSH_IDS_MAX + 9)
            free(mark);
    }
    CU_ASSERT_PTR_NULL(strstr(mark, "id-9\n"));
    CU_ASSERT_PTR_NOT_NULL(strstr(mark, "id-10\nid-11\n"));
    close_push();
    open_push(NULL, mark);
    (void)ready();
    CU_ASSERT(lw_str_equal(ready()->mark, lw_str_from(mark)));
    close_push();
    free(mark);
}

static void a_damaged_mark_is_refused(void)
{
    static const char *const bad[] = {"x", "push 2\n", "push 1\na b\n", "push 1\nabc", "push 1\n\n"};
    static const struct lw_push_options usual;
    struct lw_source_calls calls = {.world = &world, .wake = on_wake};

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        CU_ASSERT_EQUAL(lw_push_open(&source, &usual, &calls, lw_str_from(bad[i]), NULL), LW_ERR_STATE);
}

static void a_log_subscription_is_unpacked_record_by_record(void)
{
    size_t n;
    char *body = kit_data("payloads/firehose_http_request.logs.json", &n);
    struct client client;

    open_told();
    send_cut(&client, LW_PUSH_FIREHOSE, "", body, n, 100);
    CU_ASSERT_EQUAL_FATAL(ready()->parts_n, 1);
    CU_ASSERT_PTR_NOT_NULL(strstr(ready()->parts[0].bytes.at, "\"logEvents\""));
    taken(true);
    CU_ASSERT_EQUAL(client.status, 200);
    free(body);
    close_push();
}

static void a_client_that_leaves_is_forgotten(void)
{
    struct client client;

    open_told();
    lw_push_begin(source.state, LW_PUSH_METRICS, LW_STR(""), LW_STR(""), 0, on_answer, &client, &client.request);
    CU_ASSERT_TRUE(lw_push_bytes(source.state, client.request, "abc", 3));
    lw_push_cancel(source.state, client.request);
    send(&client, "x");
    lw_push_cancel(source.state, client.request);
    CU_ASSERT_PTR_NULL(ready());
    send(&client, "y");
    CU_ASSERT(part_is(0, "y"));
    lw_push_cancel(source.state, client.request);
    CU_ASSERT(part_is(0, "y"));
    taken(true);
    CU_ASSERT_EQUAL(client.status, 0);
    close_push();
}

static void whoever_waits_at_the_end_is_told(void)
{
    struct client reading = {.status = 0}, waiting;

    open_told();
    lw_push_begin(source.state, LW_PUSH_METRICS, LW_STR(""), LW_STR(""), 0, on_answer, &reading, &reading.request);
    send(&waiting, "x");
    close_push();
    CU_ASSERT(reading.status == 503 && waiting.status == 503);
}

static void health_is_counted(void)
{
    struct client client;
    struct lw_source_health health;

    open_told();
    send(&client, "x");
    (void)ready();
    accepts(0, 2);
    taken(true);
    send(&client, "");
    source.kind->health(source.state, &health);
    CU_ASSERT(health.requests == 2 && health.bytes == 1 && health.records == 2 && health.errors == 1);
    CU_ASSERT(health.has_last_success && health.last_success.ms == INT64_C(1772359200000));
    close_push();
}

/* Whatever fails, the client is answered once, and what is answered with 200 was in a batch. */
static bool all_of_it(void *self, bool failed)
{
    static const struct lw_push_options usual;
    struct lw_source_calls calls = {.world = &world, .wake = on_wake};
    struct client client = {.status = 0}, metrics = {.status = 0};
    enum lw_err err = lw_push_open(&source, &usual, &calls, LW_STR("push 1\nold\n"), NULL);
    bool in_batch = false;

    (void)self;
    if (err != LW_ERR_OK)
        return failed && err == LW_ERR_NOMEM;
    firehose(&client, "ab-1", "ab-1", "{\"data\":\"Zm9v\"},{\"data\":\"H4sIAAAAAAACA0vLz0/Pz+cCAGMmAHAHAAAA\"}");
    send_cut(&metrics, LW_PUSH_METRICS, "", "x\n", 2, 1);
    for (int i = 0; i < 3 && ready() != NULL; i++) {
        in_batch = in_batch || ready()->parts_n > 0;
        taken(true);
    }
    source.kind->close(source.state);
    return client.answers == 1 && metrics.answers == 1 && (client.status == 200 || failed) &&
           (client.status != 200 || in_batch);
}

static void every_allocation_may_fail(void)
{
    CU_ASSERT(kit_alloc_torture(all_of_it, NULL) > 8);
}

KIT_SUITE("push", {"a request is answered only when it is durable", a_request_is_answered_only_when_it_is_durable},
          {"what could not be stored is asked for again", what_could_not_be_stored_is_asked_for_again},
          {"rejected records are told", rejected_records_are_told},
          {"a large request is cut at line ends and answered once",
           a_large_request_is_cut_at_line_ends_and_answered_once},
          {"a line longer than a batch is cut anywhere", a_line_longer_than_a_batch_is_cut_anywhere},
          {"a packed body is unpacked", a_packed_body_is_unpacked},
          {"a gzip bomb is refused early", a_gzip_bomb_is_refused_early}, {"bodies have caps", bodies_have_caps},
          {"the queue is bounded", the_queue_is_bounded}, {"an empty body is an error", an_empty_body_is_an_error},
          {"Firehose is answered in its form", firehose_is_answered_in_its_form},
          {"a request of Firehose counts once", a_request_of_firehose_counts_once},
          {"ids are remembered up to a ceiling", ids_are_remembered_up_to_a_ceiling},
          {"a damaged mark is refused", a_damaged_mark_is_refused},
          {"a log subscription is unpacked record by record", a_log_subscription_is_unpacked_record_by_record},
          {"a client that leaves is forgotten", a_client_that_leaves_is_forgotten},
          {"whoever waits at the end is told", whoever_waits_at_the_end_is_told},
          {"health is counted", health_is_counted}, {"every allocation may fail", every_allocation_may_fail})
