#define _DEFAULT_SOURCE

#include "tests/kit/kit.h"

#include "engine/source/loggly/page.h"
#include "engine/source/loggly/retrieval.h"
#include "engine/source/loggly/seen.h"
#include "tests/kit/alloc.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Loggly, by a script: events with times and ids, pages, and faults before a request is answered. Time is virtual. */
#define EVENTS_MAX 6000

struct held {
    int64_t time, indexed; /* found from then on */
    unsigned number;
    bool own;
};

struct service {
    struct held events[EVENTS_MAX];
    size_t n;
    int64_t now, ticks;
    struct lw_fault *fault;
    /* The request that is out. */
    bool out;
    char url[8192], authorization[600];
    lw_http_done *done;
    void *context;
    uint64_t id;
    unsigned requests, cancelled;
    /* What the next requests meet. */
    struct {
        enum lw_http_outcome outcome;
        int status;
        const char *retry_after, *body;
    } faults[64];
    size_t faults_n;
    const char *next_host;   /* in the place of our own, or NULL */
    unsigned too_large_from; /* size from which a page is too large; 0: never */
    unsigned last_size;
    unsigned per_minute, in_minute; /* requests that it allows; 0: any number */
    int64_t minute;
    /* The cursor. */
    int64_t from, until;
    size_t at, size;
    int64_t cursor_ticks;
};

static lw_time world_now(void *self)
{
    return (lw_time){((struct service *)self)->now};
}

static void world_note(void *self, enum lw_note level, const char *text)
{
    (void)self, (void)level, (void)text;
}

static enum lw_err http_start(void *self, const struct lw_http_request *request, lw_http_done *done, void *context,
                              uint64_t *id, struct lw_fault *fault)
{
    struct service *service = self;

    (void)fault;
    CU_ASSERT_FALSE_FATAL(service->out);
    snprintf(service->url, sizeof(service->url), "%.*s", (int)request->url.len, request->url.at);
    for (size_t i = 0; i < request->headers_n; i++) {
        if (lw_str_equal(request->headers[i].name, LW_STR("Authorization")))
            snprintf(service->authorization, sizeof(service->authorization), "%.*s", (int)request->headers[i].value.len,
                     request->headers[i].value.at);
    }
    CU_ASSERT_EQUAL(request->reply_max, LW_RETRIEVAL_REPLY);
    service->out = true;
    service->done = done;
    service->context = context;
    *id = service->id = ++service->requests;
    return LW_ERR_OK;
}

static void http_cancel(void *self, uint64_t id)
{
    struct service *service = self;

    CU_ASSERT(service->out && id == service->id);
    service->out = false;
    service->cancelled++;
}

static int by_time(const void *a, const void *b)
{
    const struct held *left = a, *right = b;

    if (left->time != right->time)
        return left->time > right->time ? 1 : -1;
    return (left->number > right->number) - (left->number < right->number);
}

static void add_event(struct service *service, int64_t time, int64_t indexed, bool own)
{
    static unsigned number;

    CU_ASSERT_FATAL(service->n < EVENTS_MAX);
    service->events[service->n++] = (struct held){time, indexed, ++number, own};
    qsort(service->events, service->n, sizeof(service->events[0]), by_time);
    if (time < service->until && service->at > 0) /* sits before the cursor: it keeps its place in the list */
        service->at++;
}

static int64_t parameter(const char *url, const char *name)
{
    const char *at = strstr(url, name);
    char text[40] = "";
    size_t n = 0;
    int y, mo, d, h, mi, s, ms;

    CU_ASSERT_PTR_NOT_NULL_FATAL(at);
    for (at += strlen(name); *at != '\0' && *at != '&' && n < 39; at++) {
        if (strncmp(at, "%3A", 3) == 0) {
            text[n++] = ':';
            at += 2;
        } else {
            text[n++] = *at;
        }
    }
    if (sscanf(text, "%d-%d-%dT%d:%d:%d.%dZ", &y, &mo, &d, &h, &mi, &s, &ms) != 7)
        return strtoll(text, NULL, 10);
    CU_ASSERT(y == 2026 && mo == 1); /* the tests live in one month */
    return ((((int64_t)(d - 1) * 24 + h) * 60 + mi) * 60 + s) * 1000 + ms;
}

#define MONTH 1767225600000 /* 2026-01-01 */

static size_t write_page(struct service *service, char *body, size_t room)
{
    size_t used = (size_t)snprintf(body, room, "{\"events\":[");
    size_t given = 0;
    bool more = false;

    for (; service->at < service->n; service->at++) {
        const struct held *event = &service->events[service->at];

        if (event->time < service->from || event->time > service->until || event->indexed > service->now)
            continue;
        more = given == service->size;
        if (more)
            break;
        used += (size_t)snprintf(body + used, room - used,
                                 "%s{\"id\":\"id-%u\",\"timestamp\":%lld,\"tags\":[\"%s\"],\"logmsg\":\"<%u>\"}",
                                 given > 0 ? "," : "", event->number, (long long)event->time,
                                 event->own ? "leeway-metric" : "CloudwatchMetrics", event->number);
        given++;
    }
    used += (size_t)snprintf(body + used, room - used, "]");
    if (more)
        used += (size_t)snprintf(body + used, room - used, ",\"next\":\"%s/apiv2/events/iterate?next=c\"",
                                 service->next_host != NULL ? service->next_host : "https://acme.loggly.com");
    used += (size_t)snprintf(body + used, room - used, "}");
    service->cursor_ticks = service->ticks;
    return used;
}

static int read_request(struct service *service)
{
    if (strncmp(service->url, "https://acme.loggly.com/apiv2/events/iterate?", 45) != 0)
        return 404;
    if (strcmp(service->authorization, "bearer good-token") != 0)
        return 401;
    if (strstr(service->url, "?next=c") != NULL)
        return service->ticks - service->cursor_ticks > 10 * LW_MINUTE ? 410 : 200;
    CU_ASSERT_PTR_NOT_NULL(strstr(service->url, "order=asc"));
    CU_ASSERT_PTR_NOT_NULL(strstr(service->url, "%28tag%3ACloudwatchMetrics%29%20AND%20NOT%20tag%3Aleeway"));
    service->from = MONTH + parameter(service->url, "from=");
    service->until = MONTH + parameter(service->url, "until=");
    service->size = (size_t)parameter(service->url, "size=");
    service->last_size = (unsigned)service->size;
    service->at = 0;
    return 200;
}

static bool is_too_often(struct service *service)
{
    if (service->minute != service->ticks / LW_MINUTE)
        service->in_minute = 0;
    service->minute = service->ticks / LW_MINUTE;
    return ++service->in_minute > service->per_minute;
}

/* Answers the request that is out. */
static void answer(struct service *service)
{
    static char body[2 << 20];
    struct lw_http_header header = {LW_STR("retry-after"), {0}};
    struct lw_http_reply reply = {.outcome = LW_HTTP_REPLIED, .headers = &header};
    size_t n = 0;

    CU_ASSERT_FATAL(service->out);
    service->out = false;
    if (service->faults_n > 0) {
        reply.outcome = service->faults[0].outcome;
        reply.status = service->faults[0].status;
        header.value = lw_str_from(service->faults[0].retry_after);
        reply.headers_n = service->faults[0].retry_after != NULL;
        reply.body = lw_str_from(service->faults[0].body);
        memmove(service->faults, service->faults + 1, --service->faults_n * sizeof(service->faults[0]));
    } else if (service->per_minute > 0 && is_too_often(service)) {
        reply.status = 503;
    } else {
        reply.status = read_request(service);
        if (reply.status == 200 && service->too_large_from > 0 && service->size >= service->too_large_from)
            reply.outcome = LW_HTTP_TOO_LARGE;
        else if (reply.status == 200)
            n = write_page(service, body, sizeof(body));
        reply.body = (struct lw_str){body, n};
    }
    service->done(service->context, &reply);
}

static void plan_fault(struct service *service, enum lw_http_outcome outcome, int status, const char *retry_after,
                       const char *body)
{
    service->faults[service->faults_n].outcome = outcome;
    service->faults[service->faults_n].status = status;
    service->faults[service->faults_n].retry_after = retry_after;
    service->faults[service->faults_n++].body = body;
}

/* A reader with what a loop and a store would keep of it. */
struct reader {
    struct service *service;
    struct lw_world world;
    struct lw_http http;
    struct lw_retrieval_options options;
    struct lw_source source;
    char mark[1 << 20];
    size_t mark_n;
    unsigned *taken; /* how often each event came, by number */
    unsigned total, batches;
    bool caught_up;
    int64_t watermark;
    char token_file[512];
};

static void write_token(const struct reader *reader, const char *token)
{
    FILE *file = fopen(reader->token_file, "w");

    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    fprintf(file, "%s\n", token);
    fclose(file);
}

static void start(struct reader *reader)
{
    const struct lw_source_calls calls = {.http = &reader->http, .world = &reader->world};

    CU_ASSERT_EQUAL_FATAL(lw_retrieval_open(&reader->source, &reader->options, &calls,
                                            (struct lw_str){reader->mark, reader->mark_n}, NULL),
                          LW_ERR_OK);
}

static void stop(struct reader *reader)
{
    reader->source.kind->close(reader->source.state);
}

static struct reader *begin(void)
{
    struct reader *reader = calloc(1, sizeof(*reader));

    reader->service = calloc(1, sizeof(*reader->service));
    reader->service->now = MONTH + 10 * LW_DAY;
    reader->service->ticks = 12345;
    reader->world = (struct lw_world){.self = reader->service, .now = world_now, .note = world_note};
    reader->http = (struct lw_http){.self = reader->service, .start = http_start, .cancel = http_cancel};
    reader->taken = calloc(1000000, sizeof(*reader->taken));
    snprintf(reader->token_file, sizeof(reader->token_file), "%s/token", kit_temporary_directory());
    write_token(reader, "good-token");
    reader->options = (struct lw_retrieval_options){
        .subdomain = "acme", .token_file = reader->token_file, .query = "tag:CloudwatchMetrics", .lookback = {LW_DAY}};
    start(reader);
    return reader;
}

static void finish(struct reader *reader)
{
    stop(reader);
    free(reader->taken);
    free(reader->service);
    free(reader);
}

static void store(struct reader *reader, const struct lw_source_batch *batch)
{
    CU_ASSERT(batch->parts_n <= 1);
    for (size_t i = 0; i < batch->parts_n; i++) {
        const struct lw_source_part *part = &batch->parts[i];

        CU_ASSERT(lw_str_equal(part->format, LW_STR("loggly-export")) && part->begins && part->ends);
        CU_ASSERT(part->bytes.len <= LW_SOURCE_BATCH_MAX);
        for (const char *at = part->bytes.at; at < part->bytes.at + part->bytes.len; at++) {
            if (*at == '<') {
                reader->taken[strtoul(at + 1, NULL, 10)]++;
                reader->total++;
            }
        }
    }
    CU_ASSERT_FATAL(batch->mark.len <= sizeof(reader->mark));
    memcpy(reader->mark, batch->mark.at, batch->mark.len);
    reader->mark_n = batch->mark.len;
    reader->caught_up = batch->caught_up;
    CU_ASSERT(!batch->has_watermark || batch->watermark.ms >= reader->watermark);
    if (batch->has_watermark)
        reader->watermark = batch->watermark.ms;
    reader->batches++;
}

/* One call of work and what came of it. The next tick at which something is due. */
static int64_t turn(struct reader *reader, bool durable)
{
    const struct lw_source_batch *batch;
    lw_span next = {0};

    CU_ASSERT_EQUAL_FATAL(reader->source.kind->work(reader->source.state, (lw_time){reader->service->now},
                                                    (lw_span){reader->service->ticks}, &next, NULL),
                          LW_ERR_OK);
    batch = reader->source.kind->ready(reader->source.state);
    if (batch == NULL)
        return next.ms;
    CU_ASSERT_EQUAL(next.ms, LW_SOURCE_NEVER);
    if (durable)
        store(reader, batch);
    reader->source.kind->taken(reader->source.state, durable);
    return reader->service->ticks;
}

static void pass(struct reader *reader, int64_t ms)
{
    reader->service->ticks += ms;
    reader->service->now += ms;
}

/* Until `ms` have passed, with an answer to every request. */
static void run_for(struct reader *reader, int64_t ms)
{
    int64_t until = reader->service->ticks + ms;

    while (reader->service->ticks < until) {
        int64_t next = turn(reader, true);

        if (reader->service->out) {
            answer(reader->service);
            pass(reader, 1);
        } else if (next > reader->service->ticks) {
            pass(reader, (next < until ? next : until) - reader->service->ticks);
        }
    }
}

static struct lw_source_health health_of(const struct reader *reader)
{
    struct lw_source_health health;

    reader->source.kind->health(reader->source.state, &health);
    return health;
}

static void check_once(const struct reader *reader)
{
    for (size_t i = 0; i < reader->service->n; i++) {
        const struct held *event = &reader->service->events[i];

        CU_ASSERT_EQUAL(reader->taken[event->number], event->own ? 0 : 1);
    }
}

static void what_is_there_is_read_once_oldest_first(void)
{
    struct reader *reader = begin();

    for (int i = 0; i < 2500; i++)
        add_event(reader->service, reader->service->now - LW_HOUR + i * 100, 0, false);
    add_event(reader->service, reader->service->now - 2 * LW_DAY, 0, false); /* before the lookback */
    run_for(reader, 30 * LW_SECOND);
    CU_ASSERT_EQUAL(reader->total, 2500);
    CU_ASSERT(reader->caught_up);
    CU_ASSERT_EQUAL(reader->service->requests, 3);
    run_for(reader, 10 * LW_MINUTE);
    CU_ASSERT_EQUAL(reader->total, 2500);
    CU_ASSERT(reader->watermark >= reader->service->now - 22 * LW_MINUTE);
    CU_ASSERT_EQUAL(health_of(reader).records, 2500);
    CU_ASSERT_STRING_EQUAL(health_of(reader).trouble, "");
    finish(reader);
}

static void events_that_are_found_late_come_once_too(void)
{
    struct reader *reader = begin();

    for (int minute = 0; minute < 120; minute++) {
        for (int i = 0; i < 5; i++)
            add_event(reader->service, reader->service->now - i * LW_SECOND,
                      reader->service->now + (i * 4 + minute % 3) * LW_MINUTE, i == 4);
        run_for(reader, LW_MINUTE);
    }
    run_for(reader, LW_HOUR);
    check_once(reader);
    CU_ASSERT_EQUAL(reader->total, 480);
    finish(reader);
}

static void a_restart_at_any_mark_goes_on_without_loss_or_repetition(void)
{
    struct reader *reader = begin();
    struct kit_random random = kit_seed(1);

    for (int i = 0; i < 4000; i++)
        add_event(reader->service, reader->service->now - LW_DAY + 60 + (int64_t)(kit_random_bits(&random) % LW_DAY), 0,
                  false);
    for (int i = 0; i < 3000 && !reader->caught_up; i++) {
        turn(reader, kit_random_bits(&random) % 8 != 0);
        if (reader->service->out && kit_random_bits(&random) % 4 != 0)
            answer(reader->service);
        if (kit_random_bits(&random) % 16 == 0) {
            stop(reader);
            start(reader);
        }
        pass(reader, 100);
    }
    run_for(reader, LW_MINUTE);
    check_once(reader);
    finish(reader);
}

static void a_cursor_that_has_expired_begins_the_window_again(void)
{
    struct reader *reader = begin();

    for (int i = 0; i < 1500; i++)
        add_event(reader->service, reader->service->now - LW_HOUR + i, 0, false);
    turn(reader, true);
    answer(reader->service);
    turn(reader, true); /* the first page; the second is asked for */
    plan_fault(reader->service, LW_HTTP_REPLIED, 410, NULL, "");
    run_for(reader, LW_MINUTE);
    check_once(reader);
    CU_ASSERT_EQUAL(health_of(reader).errors, 1);
    finish(reader);
}

static void limits_of_the_rate_are_waited_for(void)
{
    struct reader *reader = begin();

    add_event(reader->service, reader->service->now - LW_HOUR, 0, false);
    plan_fault(reader->service, LW_HTTP_REPLIED, 503, "40", "<html>");
    turn(reader, true);
    answer(reader->service);
    CU_ASSERT_EQUAL(turn(reader, true), reader->service->ticks + 40 * LW_SECOND);
    CU_ASSERT_PTR_NOT_NULL(strstr(health_of(reader).trouble, "503"));
    run_for(reader, 39 * LW_SECOND);
    CU_ASSERT_EQUAL(reader->total, 0);
    run_for(reader, 2 * LW_SECOND);
    CU_ASSERT_EQUAL(reader->total, 1);
    CU_ASSERT_EQUAL(health_of(reader).throttled, 1);
    CU_ASSERT_STRING_EQUAL(health_of(reader).trouble, "");
    plan_fault(reader->service, LW_HTTP_REPLIED, 429, "999999", "");
    run_for(reader, 7 * LW_MINUTE); /* clamped to five minutes */
    CU_ASSERT_EQUAL(health_of(reader).throttled, 2);
    CU_ASSERT_STRING_EQUAL(health_of(reader).trouble, "");
    finish(reader);
}

/* Whether the cursor has moved on behind an error, only Loggly knows. */
static void a_page_that_was_refused_for_the_rate_is_not_passed_over(void)
{
    static const int statuses[] = {503, 429, 425};

    for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
        struct reader *reader = begin();

        for (int k = 0; k < 2200; k++)
            add_event(reader->service, reader->service->now - LW_HOUR + k, 0, false);
        turn(reader, true);
        answer(reader->service);
        turn(reader, true); /* the first page; the second is asked for */
        reader->service->at += 1000;
        plan_fault(reader->service, LW_HTTP_REPLIED, statuses[i], "1", "");
        run_for(reader, LW_MINUTE);
        check_once(reader);
        CU_ASSERT_EQUAL(health_of(reader).throttled, 1);
        CU_ASSERT_TRUE(reader->caught_up);
        finish(reader);
    }
}

static void a_rate_that_is_less_than_an_overlap_has_pages_is_kept_to(void)
{
    struct reader *reader = begin();

    for (int i = 0; i < 4800; i++)
        add_event(reader->service, reader->service->now - 10 * LW_MINUTE + i, 0, false);
    reader->service->per_minute = 3;
    run_for(reader, 30 * LW_MINUTE);
    check_once(reader);
    CU_ASSERT_TRUE(reader->caught_up);
    CU_ASSERT(health_of(reader).throttled < 20);
    CU_ASSERT(reader->watermark > reader->service->now - 25 * LW_MINUTE);
    finish(reader);
}

static void pages_become_smaller_when_they_fail_and_larger_again(void)
{
    struct reader *reader = begin();

    for (int i = 0; i < 300; i++)
        add_event(reader->service, reader->service->now - LW_HOUR + i, 0, false);
    reader->service->too_large_from = 200;
    run_for(reader, LW_MINUTE);
    check_once(reader);
    reader->service->too_large_from = 0;
    run_for(reader, 10 * LW_MINUTE);
    CU_ASSERT_EQUAL(reader->service->last_size, 1000);
    plan_fault(reader->service, LW_HTTP_REPLIED, 500, NULL, "<html>timeout</html>");
    run_for(reader, 62 * LW_SECOND);
    CU_ASSERT_EQUAL(reader->service->last_size, 500);
    finish(reader);
}

static void a_refused_token_is_read_again_until_it_is_mended(void)
{
    struct reader *reader = begin();

    add_event(reader->service, reader->service->now - LW_HOUR, 0, false);
    write_token(reader, "wrong-token");
    run_for(reader, 3 * LW_MINUTE);
    CU_ASSERT_EQUAL(reader->total, 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(health_of(reader).trouble, "401"));
    CU_ASSERT_PTR_NULL(strstr(health_of(reader).trouble, "wrong-token"));
    CU_ASSERT(reader->service->requests <= 4);
    unlink(reader->token_file);
    run_for(reader, 2 * LW_MINUTE);
    CU_ASSERT_PTR_NOT_NULL(strstr(health_of(reader).trouble, "is not there"));
    write_token(reader, "good-token");
    run_for(reader, 2 * LW_MINUTE);
    CU_ASSERT_EQUAL(reader->total, 1);
    CU_ASSERT_STRING_EQUAL(health_of(reader).trouble, "");
    finish(reader);
}

static void the_token_goes_to_no_other_host(void)
{
    static const char *const hosts[] = {"https://acme.loggly.com.evil.example",
                                        "http://acme.loggly.com",
                                        "https://acme.loggly.com@evil.example",
                                        "https://acme.loggly.com:8443",
                                        "https://evil.example",
                                        "",
                                        "//acme.loggly.com"};
    struct reader *reader;

    for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++) {
        reader = begin();
        for (int k = 0; k < 1200; k++)
            add_event(reader->service, reader->service->now - LW_HOUR + k, 0, false);
        reader->service->next_host = hosts[i];
        run_for(reader, 30 * LW_SECOND);
        CU_ASSERT_EQUAL(reader->service->requests, 1);
        CU_ASSERT_PTR_NOT_NULL(strstr(health_of(reader).trouble, "another host"));
        CU_ASSERT_EQUAL(reader->total, 1000);
        finish(reader);
    }
    CU_ASSERT(lw_page_same_host(LW_STR("HTTPS://Acme.loggly.com/apiv2/x?next=1"), LW_STR("https://acme.loggly.com/")));
    CU_ASSERT_FALSE(lw_page_same_host(LW_STR("https://acme.loggly.com/a b"), LW_STR("https://acme.loggly.com")));
    CU_ASSERT_FALSE(lw_page_same_host(LW_STR("https://acme.loggly.com"), LW_STR("https://acme.loggly.com")));
}

static void replies_that_are_no_pages_are_asked_for_again(void)
{
    static const char *const bodies[] = {
        "",
        "{\"events\":[",
        "{\"events\":[]",
        "<html>502</html>",
        "{\"response\":\"ok\"}",
        "[]",
        "{\"events\":[]}{\"events\":[]}",
        "{\"events\":[1]}",
        "{\"events\":[{\"id\":\"x\",\"timestamp\":1}],\"next\":\"https://a\\u0000b\"}"};
    struct reader *reader = begin();

    for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++)
        plan_fault(reader->service, LW_HTTP_REPLIED, 200, NULL, bodies[i]);
    plan_fault(reader->service, LW_HTTP_NETWORK, 0, NULL, "");
    add_event(reader->service, reader->service->now - LW_HOUR, 0, false);
    run_for(reader, LW_HOUR);
    check_once(reader);
    CU_ASSERT_EQUAL(health_of(reader).errors, sizeof(bodies) / sizeof(bodies[0]) + 1);
    finish(reader);
}

static void a_clock_that_was_ahead_loses_nothing(void)
{
    struct reader *reader = begin();

    add_event(reader->service, reader->service->now - LW_HOUR, 0, false);
    reader->service->now += 5 * LW_DAY;
    reader->options.lookback.ms = 9 * LW_DAY;
    stop(reader);
    start(reader);
    run_for(reader, 5 * LW_SECOND);
    CU_ASSERT_EQUAL(reader->total, 1);
    reader->watermark = 0;
    reader->service->now -= 5 * LW_DAY;
    run_for(reader, 2 * LW_MINUTE);
    add_event(reader->service, reader->service->now, 0, false);
    run_for(reader, 5 * LW_MINUTE);
    check_once(reader);
    CU_ASSERT_EQUAL(reader->total, 2);
    finish(reader);
}

static void a_damaged_mark_reads_as_at_the_first_start(void)
{
    static const char *const marks[] = {"x", "{}", "{\"v\":1,\"ids\":\"zz\"}", "{\"v\":2,\"ids\":\"\"}",
                                        "{\"v\":1,\"until\":\"2026-01-01T00:00:00.000Z\",\"ids\":\"0123\"}"};
    struct reader *reader = begin();

    add_event(reader->service, reader->service->now - LW_HOUR, 0, false);
    for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
        stop(reader);
        snprintf(reader->mark, sizeof(reader->mark), "%s", marks[i]);
        reader->mark_n = strlen(marks[i]);
        start(reader);
    }
    run_for(reader, LW_SECOND);
    CU_ASSERT_EQUAL(reader->total, 1);
    finish(reader);
}

static void closing_cancels_what_is_out(void)
{
    struct reader *reader = begin();

    turn(reader, true);
    CU_ASSERT(reader->service->out);
    stop(reader);
    CU_ASSERT_EQUAL(reader->service->cancelled, 1);
    start(reader);
    finish(reader);
}

static void options_that_cannot_be_are_refused(void)
{
    struct reader *reader = begin();
    const struct lw_source_calls calls = {.http = &reader->http, .world = &reader->world};
    struct lw_source source;
    struct lw_retrieval_options options = {.subdomain = "evil.example/", .token_file = "x"};

    CU_ASSERT_EQUAL(lw_retrieval_open(&source, &options, &calls, (struct lw_str){0}, NULL), LW_ERR_USAGE);
    options.subdomain = NULL;
    CU_ASSERT_EQUAL(lw_retrieval_open(&source, &options, &calls, (struct lw_str){0}, NULL), LW_ERR_USAGE);
    options = (struct lw_retrieval_options){.subdomain = "acme"};
    CU_ASSERT_EQUAL(lw_retrieval_open(&source, &options, &calls, (struct lw_str){0}, NULL), LW_ERR_USAGE);
    finish(reader);
}

static void the_ids_that_are_kept_are_bounded(void)
{
    struct lw_seen seen = {0}, again = {0};
    struct lw_buf text = {.ceiling = (size_t)1 << 20};
    bool sound = false;

    CU_ASSERT_EQUAL(lw_seen_reserve(&seen, 40000, NULL), LW_ERR_OK);
    for (uint64_t i = 0; i < 40000; i++)
        lw_seen_add(&seen, i * 0x9e3779b97f4a7c15u, (lw_time){(int64_t)i});
    CU_ASSERT_EQUAL(seen.n, 40000);
    CU_ASSERT_EQUAL(lw_seen_prune(&seen, (lw_time){100}, NULL), LW_ERR_OK);
    CU_ASSERT_EQUAL(seen.n, LW_SEEN_MAX);
    CU_ASSERT(lw_seen_has(&seen, 39999 * 0x9e3779b97f4a7c15u) && !lw_seen_has(&seen, 200 * 0x9e3779b97f4a7c15u));
    lw_seen_write(&seen, &text);
    CU_ASSERT_EQUAL(text.len, 16 * LW_SEEN_MAX);
    CU_ASSERT_EQUAL(lw_seen_read(&again, lw_buf_view(&text), (lw_time){5}, &sound, NULL), LW_ERR_OK);
    CU_ASSERT(sound && again.n == seen.n && lw_seen_has(&again, 39999 * 0x9e3779b97f4a7c15u));
    CU_ASSERT_EQUAL(lw_seen_prune(&again, (lw_time){6}, NULL), LW_ERR_OK);
    CU_ASSERT_EQUAL(again.n, 0);
    lw_seen_close(&seen);
    lw_seen_close(&again);
    lw_buf_close(&text);
}

/* Memory that is short for a moment delays; nothing is lost or doubled. */
static bool read_with_little_memory(void *self, bool failed)
{
    struct reader *reader = self;
    struct service *service = reader->service;
    const struct lw_source_calls calls = {.http = &reader->http, .world = &reader->world};
    unsigned before = reader->total;
    int errors = 0;
    struct lw_fault fault = {0};
    lw_span next;
    enum lw_err err = LW_ERR_NOMEM;

    for (int i = 0; i < 2 && err == LW_ERR_NOMEM; i++) {
        err = lw_retrieval_open(&reader->source, &reader->options, &calls, (struct lw_str){0}, &fault);
        errors += err == LW_ERR_NOMEM;
    }
    if (err != LW_ERR_OK)
        return failed;
    service->faults_n = 0;
    for (int i = 0; i < 60; i++) {
        const struct lw_source_batch *batch;

        err = reader->source.kind->work(reader->source.state, (lw_time){service->now}, (lw_span){service->ticks}, &next,
                                        &fault);
        errors += err == LW_ERR_NOMEM;
        batch = reader->source.kind->ready(reader->source.state);
        if (batch != NULL) {
            reader->watermark = 0;
            store(reader, batch);
            reader->source.kind->taken(reader->source.state, true);
        }
        if (service->out)
            answer(service);
        service->ticks += 500;
    }
    errors += (int)health_of(reader).errors;
    stop(reader);
    if (failed && errors > 0)
        return true;
    return errors == 0 && reader->total == before + 1100; /* or it was got by with less */
}

static void memory_may_run_out_anywhere(void)
{
    struct reader *reader = begin();

    stop(reader);
    for (int i = 0; i < 1100; i++)
        add_event(reader->service, reader->service->now - LW_HOUR + i, 0, false);
    CU_ASSERT(kit_alloc_torture(read_with_little_memory, reader) > 15);
    start(reader);
    finish(reader);
}

KIT_SUITE("retrieval", {"what is there is read once, oldest first", what_is_there_is_read_once_oldest_first},
          {"events that are found late come once, too", events_that_are_found_late_come_once_too},
          {"a restart at any mark goes on without loss or repetition",
           a_restart_at_any_mark_goes_on_without_loss_or_repetition},
          {"a cursor that has expired begins the window again", a_cursor_that_has_expired_begins_the_window_again},
          {"limits of the rate are waited for", limits_of_the_rate_are_waited_for},
          {"a page that was refused for the rate is not passed over",
           a_page_that_was_refused_for_the_rate_is_not_passed_over},
          {"a rate that is less than an overlap has pages is kept to",
           a_rate_that_is_less_than_an_overlap_has_pages_is_kept_to},
          {"pages become smaller when they fail, and larger again",
           pages_become_smaller_when_they_fail_and_larger_again},
          {"a refused token is read again until it is mended", a_refused_token_is_read_again_until_it_is_mended},
          {"the token goes to no other host", the_token_goes_to_no_other_host},
          {"replies that are no pages are asked for again", replies_that_are_no_pages_are_asked_for_again},
          {"a clock that was ahead loses nothing", a_clock_that_was_ahead_loses_nothing},
          {"a damaged mark reads as at the first start", a_damaged_mark_reads_as_at_the_first_start},
          {"closing cancels what is out", closing_cancels_what_is_out},
          {"options that cannot be are refused", options_that_cannot_be_are_refused},
          {"the ids that are kept are bounded", the_ids_that_are_kept_are_bounded},
          {"memory may run out anywhere", memory_may_run_out_anywhere})
