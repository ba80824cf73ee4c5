/* The connection ends at each byte of Loggly's reply, its head and its body, by a close and by a reset, whether the events
   were kept or not: nothing is lost, nothing is taken for acknowledged that was not, no id has two bodies. And a reply that
   dribbles is given up. The delivery and libcurl are the real ones, over TLS; the waits between tries are skipped. */
#define _POSIX_C_SOURCE 200809L
#include "engine/base/http/http_curl.h"
#include "engine/sink/delivery.h"
#include "tests/kit/double/loggly_double.h"
#include "tests/kit/kit.h"
#include "tests/kit/sinks.h"

#include <event2/event.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#define FIRST_LINE "HTTP/1.1 200 OK\r\n"
#define BODY       "{\"response\" : \"ok\"}"
#define HURRY      100
#define PATIENCE   1000 /* steps until an event must be paid */

struct stage {
    struct kit_double loggly;
    struct event_base *loop;
    struct lw_http_curl *curl;
    struct lw_http http, real;
    struct kit_outbox box;
    struct kit_world world;
    struct lw_delivery *delivery;
    unsigned events, stored_twice;
};

/* Times out a hundred times sooner than it was told. */
static enum lw_err start_hurried(void *self, const struct lw_http_request *request, lw_http_done *done, void *context,
                                 uint64_t *id, struct lw_fault *fault)
{
    struct stage *stage = self;
    struct lw_http_request hurried = *request;

    CU_ASSERT(request->timeout.ms > 0);
    hurried.timeout.ms /= HURRY;
    return stage->real.start(stage->real.self, &hurried, done, context, id, fault);
}

static void cancel(void *self, uint64_t id)
{
    struct stage *stage = self;

    stage->real.cancel(stage->real.self, id);
}

static void open_delivery(struct stage *stage, const char *token, const char *ca)
{
    const struct lw_delivery_options options = {.type = LW_DELIVERY_LOGGLY,
                                                .name = "loggly",
                                                .url = stage->loggly.url,
                                                .token_file = token,
                                                .ca_file = ca,
                                                .seed = 7};
    struct lw_outbox outbox = kit_outbox(&stage->box);
    struct lw_world world = kit_world(&stage->world);

    stage->loop = event_base_new();
    CU_ASSERT_EQUAL_FATAL(lw_http_curl_open(&stage->curl, stage->loop, "leeway/test", NULL), LW_ERR_OK);
    stage->real = lw_http_curl_http(stage->curl);
    stage->http = (struct lw_http){.self = stage, .start = start_hurried, .cancel = cancel};
    CU_ASSERT_EQUAL_FATAL(lw_delivery_open(&stage->delivery, &options, &outbox, &stage->http, &world, NULL), LW_ERR_OK);
}

static void set_up(struct stage *stage)
{
    char token[300], ca[300];
    const struct kit_double_options options = {.ca_file = ca};
    FILE *file;

    *stage = (struct stage){.events = 0};
    signal(SIGPIPE, SIG_IGN);
    snprintf(token, sizeof(token), "%.200s/token", kit_temporary_directory());
    snprintf(ca, sizeof(ca), "%.200s/ca.pem", kit_temporary_directory());
    file = fopen(token, "w");
    fputs(KIT_DOUBLE_INGEST, file);
    fclose(file);
    chmod(token, 0600);
    kit_double_start(&stage->loggly, &options);
    open_delivery(stage, token, stage->loggly.ca_file);
}

static void tear_down(struct stage *stage)
{
    lw_delivery_close(stage->delivery);
    lw_http_curl_close(stage->curl);
    event_base_free(stage->loop);
    kit_outbox_close(&stage->box);
    kit_double_stop(&stage->loggly);
}

/* Requests that were not acknowledged, until the one that was. */
static unsigned deliver(struct stage *stage)
{
    struct lw_delivery_status before, after;

    lw_delivery_status(stage->delivery, &before);
    for (unsigned i = 0; kit_outbox_owed(&stage->box) > 0 && i < PATIENCE; i++) {
        lw_span next = {0};

        CU_ASSERT_EQUAL_FATAL(lw_delivery_work(stage->delivery, (lw_time){1750000000000 + stage->world.ticks},
                                               (lw_span){stage->world.ticks}, &next, NULL),
                              LW_ERR_OK);
        if (lw_http_curl_running(stage->curl) > 0)
            event_base_loop(stage->loop, EVLOOP_ONCE);
        else if (next.ms != INT64_MAX && next.ms > stage->world.ticks)
            stage->world.ticks = next.ms;
    }
    CU_ASSERT_EQUAL_FATAL(kit_outbox_owed(&stage->box), 0);
    lw_delivery_status(stage->delivery, &after);
    CU_ASSERT_EQUAL(after.results[LW_DELIVERY_RESULT_ACKNOWLEDGED] - before.results[LW_DELIVERY_RESULT_ACKNOWLEDGED],
                    1);
    CU_ASSERT_EQUAL(after.results[LW_DELIVERY_RESULT_HELD], 0);
    CU_ASSERT_EQUAL(after.results[LW_DELIVERY_RESULT_REFUSED], 0);
    return (unsigned)(after.results[LW_DELIVERY_RESULT_AMBIGUOUS] - before.results[LW_DELIVERY_RESULT_AMBIGUOUS] +
                      after.results[LW_DELIVERY_RESULT_RETRY] - before.results[LW_DELIVERY_RESULT_RETRY]);
}

/* One event, whose first reply ends behind `cut` bytes. Returns as deliver. */
static unsigned send_one(struct stage *stage, enum lw_event_kind kind, unsigned cut, bool abort, bool store)
{
    char line[200], rule[200];

    snprintf(rule, sizeof(rule), "[{\"cut\":%u,\"abort\":%d,\"store\":%s,\"status\":200,\"body\":\"%s\"}]", cut, abort,
             store ? "true" : "false", "{\\\"response\\\" : \\\"ok\\\"}");
    free(kit_double_ask(&stage->loggly, "/double/faults", rule));
    stage->events++;
    snprintf(line, sizeof(line), "{\"lw_event\":\"metric\",\"lw_id\":\"aaaaaaaaaaaaaaaaaaaa%06u\",\"lw_seq\":%u}\n",
             stage->events, stage->events);
    kit_outbox_add(&stage->box, kind, line);
    return deliver(stage);
}

/* libcurl itself sends again, on another connection, when a kept one ends before the first line of a reply is whole: what
   was kept then comes twice without the delivery knowing. Alerts have fresh connections, where it does not. */
static void sweep(struct stage *stage, enum lw_event_kind kind, unsigned whole, bool abort, bool store)
{
    for (unsigned cut = 0; cut < whole; cut++) {
        bool hidden = kind == LW_EVENT_METRIC && cut < sizeof(FIRST_LINE) - 1;
        unsigned failed = send_one(stage, kind, cut, abort, store);

        if (failed != 1 && !(hidden && failed == 0))
            printf("#   %u of %u bytes: %u requests failed\n", cut, whole, failed);
        CU_ASSERT(failed == 1 || (hidden && failed == 0));
        stage->stored_twice += store;
    }
    CU_ASSERT_EQUAL(send_one(stage, kind, whole, abort, true), 0);
}

static unsigned long number_after(const char *text, const char *key)
{
    const char *at = strstr(text, key);

    return at != NULL ? strtoul(at + strlen(key), NULL, 10) : 0;
}

static void a_reply_may_end_at_each_of_its_bytes(void)
{
    static const enum lw_event_kind kinds[] = {LW_EVENT_ALERT, LW_EVENT_METRIC};
    char head[200];
    unsigned whole = (unsigned)snprintf(head, sizeof(head),
                                        FIRST_LINE "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
                                        strlen(BODY), BODY);
    struct stage stage;
    char *received;

    set_up(&stage);
    for (unsigned i = 0; i < 8; i++)
        sweep(&stage, kinds[i % 2], whole, i / 2 % 2 == 1, i / 4 == 1);
    received = kit_double_ask(&stage.loggly, "/double/received", NULL);
    CU_ASSERT_PTR_NOT_NULL_FATAL(received);
    printf("# %u events, each with a reply that ended early, at %u places: %lu received, %lu of them twice\n",
           stage.events, whole, number_after(received, "\"total\":"), number_after(received, "\"duplicates\":"));
    CU_ASSERT_EQUAL(number_after(received, "\"distinct\":"), stage.events);
    CU_ASSERT_EQUAL(number_after(received, "\"duplicates\":"), stage.stored_twice);
    CU_ASSERT_EQUAL(number_after(received, "\"conflicts\":"), 0);
    free(received);
    tear_down(&stage);
}

static int64_t now_ms(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t)time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

static void step(struct stage *stage)
{
    lw_span next;

    CU_ASSERT_EQUAL_FATAL(
        lw_delivery_work(stage->delivery, (lw_time){1750000000000}, (lw_span){stage->world.ticks}, &next, NULL),
        LW_ERR_OK);
    if (lw_http_curl_running(stage->curl) > 0)
        event_base_loop(stage->loop, EVLOOP_ONCE);
}

/* 50 bytes a second, of thousands. */
static void a_reply_that_dribbles_is_given_up_and_holds_up_no_other_lane(void)
{
    struct lw_delivery_status status;
    struct stage stage;
    int64_t began = now_ms();
    char rule[5000], *received;

    set_up(&stage);
    snprintf(rule, sizeof(rule),
             "[{\"match\":\"slow\",\"trickle\":1,\"status\":200,\"store\":true,\"body\":\"%04000d\"}]", 0);
    free(kit_double_ask(&stage.loggly, "/double/faults", rule));
    kit_outbox_add(&stage.box, LW_EVENT_METRIC, "{\"lw_event\":\"metric\",\"lw_id\":\"slow\",\"lw_seq\":1}\n");
    step(&stage);
    kit_outbox_add(&stage.box, LW_EVENT_ALERT, "{\"lw_event\":\"alert\",\"lw_id\":\"alert\",\"lw_seq\":2}\n");
    kit_outbox_add(&stage.box, LW_EVENT_RUN, "{\"lw_event\":\"run\",\"lw_id\":\"run\",\"lw_seq\":3}\n");
    while (kit_outbox_owed(&stage.box) > 1 && now_ms() - began < 20000)
        step(&stage);
    CU_ASSERT_EQUAL(kit_outbox_owed(&stage.box), 1);
    lw_delivery_status(stage.delivery, &status);
    CU_ASSERT_EQUAL(status.in_flight, 1);
    while (!lw_delivery_idle(stage.delivery) && now_ms() - began < 20000)
        step(&stage);
    lw_delivery_status(stage.delivery, &status);
    CU_ASSERT_EQUAL(status.results[LW_DELIVERY_RESULT_AMBIGUOUS], 1);
    CU_ASSERT(now_ms() - began >= 2 * LW_MINUTE / HURRY);
    CU_ASSERT_EQUAL(deliver(&stage), 0);
    received = kit_double_ask(&stage.loggly, "/double/received", NULL);
    CU_ASSERT_PTR_NOT_NULL_FATAL(received);
    CU_ASSERT_EQUAL(number_after(received, "\"distinct\":"), 3);
    CU_ASSERT_EQUAL(number_after(received, "\"total\":"), 4);
    CU_ASSERT_EQUAL(number_after(received, "\"conflicts\":"), 0);
    free(received);
    tear_down(&stage);
}

KIT_SUITE("cuts", {"a reply may end at each of its bytes", a_reply_may_end_at_each_of_its_bytes},
          {"a reply that dribbles is given up, and holds up no other lane",
           a_reply_that_dribbles_is_given_up_and_holds_up_no_other_lane})
