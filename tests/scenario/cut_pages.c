/* The connection ends at each byte of a page of Loggly's retrieval, its head and its body, by a close and by a reset: every
   event is taken once all the same, none of a page that was cut. The source and libcurl are the real ones; the waits
   between tries are skipped. */
#define _POSIX_C_SOURCE 200809L
#include "engine/base/http/http_curl.h"
#include "engine/source/loggly/retrieval.h"
#include "tests/kit/double/loggly_double.h"
#include "tests/kit/kit.h"

#include <event2/event.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#define EVENTS   3
#define PATIENCE 2000

struct stage {
    struct kit_double loggly;
    struct event_base *loop;
    struct lw_http_curl *curl;
    struct lw_http http;
    struct lw_world world;
    char token[300];
    int64_t ticks;
};

static lw_time wall(void *self)
{
    struct timespec time;

    (void)self;
    clock_gettime(CLOCK_REALTIME, &time);
    return (lw_time){(int64_t)time.tv_sec * 1000 + time.tv_nsec / 1000000};
}

static lw_span ticks(void *self)
{
    return (lw_span){((struct stage *)self)->ticks};
}

static void note(void *self, enum lw_note level, const char *text)
{
    (void)self, (void)level, (void)text;
}

static void sent(void *context, const struct lw_http_reply *reply)
{
    CU_ASSERT_EQUAL(reply->status, 200);
    *(bool *)context = true;
}

/* Events of somebody else's: the integration's. */
static void fill(struct stage *stage)
{
    static const char body[] = "{\"n\":\"<1>\"}\n{\"n\":\"<2>\"}\n{\"n\":\"<3>\"}\n";
    struct lw_http_request request = {.method = LW_STR("POST"), .body = {body, sizeof(body) - 1}};
    char url[300];
    bool done = false;
    uint64_t id;

    snprintf(url, sizeof(url), "%s/bulk/%s/tag/CloudwatchMetrics/", stage->loggly.url, KIT_DOUBLE_INGEST);
    request.url = lw_str_from(url);
    CU_ASSERT_EQUAL_FATAL(stage->http.start(stage->http.self, &request, sent, &done, &id, NULL), LW_ERR_OK);
    while (!done)
        event_base_loop(stage->loop, EVLOOP_ONCE);
}

static void set_up(struct stage *stage)
{
    const struct kit_double_options options = {.plain = true};
    FILE *file;

    *stage = (struct stage){.ticks = 1000};
    signal(SIGPIPE, SIG_IGN);
    snprintf(stage->token, sizeof(stage->token), "%.200s/token", kit_temporary_directory());
    file = fopen(stage->token, "w");
    fputs(KIT_DOUBLE_API, file);
    fclose(file);
    chmod(stage->token, 0600);
    kit_double_start(&stage->loggly, &options);
    stage->loop = event_base_new();
    CU_ASSERT_EQUAL_FATAL(lw_http_curl_open(&stage->curl, stage->loop, "leeway/test", NULL), LW_ERR_OK);
    stage->http = lw_http_curl_http(stage->curl);
    stage->world = (struct lw_world){.self = stage, .now = wall, .ticks = ticks, .note = note};
    fill(stage);
}

static void tear_down(struct stage *stage)
{
    lw_http_curl_close(stage->curl);
    event_base_free(stage->loop);
    kit_double_stop(&stage->loggly);
}

/* Adds up how often each event came in what a batch has. */
static void take(const struct lw_source_batch *batch, unsigned taken[EVENTS + 1])
{
    for (size_t i = 0; i < batch->parts_n; i++) {
        struct lw_str bytes = batch->parts[i].bytes;

        /* Each stands there as text, too, with its quotes escaped: only as JSON it is counted. */
        for (size_t at = 2; at + 3 < bytes.len; at++) {
            if (bytes.at[at] == '<' && bytes.at[at + 2] == '>' && bytes.at[at - 1] == '"' && bytes.at[at - 2] == ':')
                taken[bytes.at[at + 1] - '0']++;
        }
    }
}

/* Reads all that is there, from the beginning. Returns the errors that were met. */
static uint64_t read_all(struct stage *stage, unsigned taken[EVENTS + 1])
{
    const struct lw_retrieval_options options = {.endpoint = stage->loggly.url,
                                                 .token_file = stage->token,
                                                 .query = "tag:CloudwatchMetrics",
                                                 .lookback = {LW_DAY}};
    const struct lw_source_calls calls = {.http = &stage->http, .world = &stage->world};
    struct lw_source_health health = {.requests = 0};
    struct lw_source source;
    bool caught_up = false;

    CU_ASSERT_EQUAL_FATAL(lw_retrieval_open(&source, &options, &calls, (struct lw_str){NULL, 0}, NULL), LW_ERR_OK);
    for (unsigned i = 0; i < PATIENCE && !caught_up; i++) {
        const struct lw_source_batch *batch;
        lw_span next = {0};

        CU_ASSERT_EQUAL_FATAL(source.kind->work(source.state, wall(NULL), (lw_span){stage->ticks}, &next, NULL),
                              LW_ERR_OK);
        batch = source.kind->ready(source.state);
        if (batch != NULL) {
            take(batch, taken);
            caught_up = batch->caught_up;
            source.kind->taken(source.state, true);
        } else if (lw_http_curl_running(stage->curl) > 0) {
            event_base_loop(stage->loop, EVLOOP_ONCE);
        } else if (next.ms > stage->ticks && next.ms != LW_SOURCE_NEVER) {
            stage->ticks = next.ms;
        }
    }
    CU_ASSERT_TRUE(caught_up);
    source.kind->health(source.state, &health);
    source.kind->close(source.state);
    return health.errors;
}

/* Until the cut lies behind the reply. Returns how many places there were. */
static unsigned sweep(struct stage *stage, bool abort)
{
    for (unsigned cut = 0; cut < 5000; cut++) {
        unsigned taken[EVENTS + 1] = {0};
        char rule[200];
        uint64_t errors;

        snprintf(rule, sizeof(rule), "[{\"on\":\"iterate\",\"cut\":%u,\"abort\":%d}]", cut, abort);
        free(kit_double_ask(&stage->loggly, "/double/faults", rule));
        errors = read_all(stage, taken);
        for (unsigned n = 1; n <= EVENTS; n++) {
            if (taken[n] != 1)
                printf("#   behind %u bytes: event %u came %u times\n", cut, n, taken[n]);
            CU_ASSERT_EQUAL(taken[n], 1);
        }
        /* libcurl asks again by itself where a kept connection ends before the first line of a reply. */
        if (errors == 0 && cut > 20)
            return cut;
    }
    return 0;
}

static void a_page_may_end_at_each_of_its_bytes(void)
{
    struct stage stage;
    unsigned places;

    set_up(&stage);
    for (int abort = 0; abort < 2; abort++) {
        places = sweep(&stage, abort == 1);
        printf("# cut at %u places%s\n", places, abort ? ", by a reset" : "");
        CU_ASSERT_TRUE(places > 500);
    }
    tear_down(&stage);
}

KIT_SUITE("cut_pages", {"a page may end at each of its bytes", a_page_may_end_at_each_of_its_bytes})
