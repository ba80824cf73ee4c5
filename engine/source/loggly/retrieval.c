#define _DEFAULT_SOURCE

#include "engine/source/loggly/retrieval.h"

#include "engine/base/arena.h"
#include "engine/base/fault.h"
#include "engine/source/loggly/asking.h"
#include "engine/source/loggly/page.h"
#include "engine/source/loggly/progress.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OPTIONS_MAX   ((size_t)1 << 20)
#define URL_MAX       ((size_t)64 << 10)
#define MARK_MAX      ((size_t)2 << 20)
#define PAGE_MOST     1000u /* events */
#define PAGE_LEAST    50u   /* Loggly's own, when it is not the size of a reply that is at fault */
#define REQUEST_TIME  (2 * LW_MINUTE)
#define CURSOR_LIFE   (9 * LW_MINUTE) /* Loggly forgets it after ten */
#define HOLD          LW_MINUTE
#define PAUSE_LEAST   LW_SECOND
#define PAUSE_MOST    (5 * LW_MINUTE)
#define PACE_LEAST    LW_SECOND
#define PACE_MOST     LW_MINUTE
#define AUTHORIZATION (LW_ASKING_TOKEN_MAX + 16)

/* WAIT: until `due`; ASKING: a request is out; ARRIVED: its reply is kept; READING: a page is handed out. */
enum phase { WAIT, ASKING, ARRIVED, READING };

struct retrieval {
    struct lw_arena arena;
    struct lw_source_calls calls;
    struct lw_str endpoint, query;
    const char *token_file, *ca_file, *proxy;
    lw_span poll, lookback, delay;
    char authorization[AUTHORIZATION];

    enum phase phase;
    lw_span due;
    uint64_t request;
    bool request_out;

    /* The window that is read. */
    bool window, ordered, cursor;      /* cursor: a page behind the first is asked for */
    lw_time from, until, last;         /* last: time of the event before, to see whether the order holds */
    lw_span began, cursor_since, pace; /* pace: between two pages, since the rate was too high */
    uint32_t size;

    /* The reply, kept by done(). */
    struct lw_buf body, url;
    enum lw_asking_meaning meaning;
    lw_span retry_after;
    bool too_large, kept;
    char trouble[200];
    uint32_t failures;
    uint64_t random;

    struct lw_page page;
    size_t page_at; /* events of the page that were dealt with */
    struct lw_progress progress;
    struct lw_buf bytes, mark;
    struct lw_source_part part;
    struct lw_source_batch batch;
    bool pending;
    struct lw_source_health health;
};

static void wake(struct retrieval *retrieval)
{
    if (retrieval->calls.wake != NULL)
        retrieval->calls.wake(retrieval->calls.self);
}

static void tell(struct retrieval *retrieval, const char *text)
{
    snprintf(retrieval->health.trouble, sizeof(retrieval->health.trouble), "%.199s", text);
}

/* Half of the pause is fixed, half is chance (splitmix64), so that many do not come back at the same time. */
static lw_span pause_of(struct retrieval *retrieval)
{
    uint32_t doublings = retrieval->failures < 10 ? retrieval->failures : 10;
    int64_t most = PAUSE_LEAST << doublings;
    uint64_t bits = retrieval->random += 0x9e3779b97f4a7c15u;

    most = most < PAUSE_MOST ? most : PAUSE_MOST;
    bits = (bits ^ bits >> 30) * 0xbf58476d1ce4e5b9u;
    bits = (bits ^ bits >> 27) * 0x94d049bb133111ebu;
    return (lw_span){most / 2 + (int64_t)((bits >> 33) % (uint64_t)(most / 2 + 1))};
}

static void wait_for(struct retrieval *retrieval, lw_span ticks, lw_span pause)
{
    retrieval->phase = WAIT;
    retrieval->due = (lw_span){ticks.ms + pause.ms};
}

static void forget_window(struct retrieval *retrieval)
{
    retrieval->window = false;
    retrieval->cursor = false;
    retrieval->page.n = 0;
    retrieval->page_at = 0;
    explicit_bzero(retrieval->authorization, sizeof(retrieval->authorization));
}

static void keep_body(struct retrieval *retrieval, const struct lw_http_reply *reply)
{
    lw_buf_clear(&retrieval->body);
    lw_buf_str(&retrieval->body, reply->body);
    retrieval->kept = retrieval->body.error == LW_ERR_OK;
    retrieval->health.bytes += reply->body.len;
}

static void on_done(void *context, const struct lw_http_reply *reply)
{
    struct retrieval *retrieval = context;

    retrieval->request_out = false;
    retrieval->phase = ARRIVED;
    retrieval->meaning = lw_asking_mean(reply, retrieval->cursor, retrieval->trouble, sizeof(retrieval->trouble));
    retrieval->retry_after = lw_asking_retry_after(reply);
    retrieval->too_large = reply->outcome == LW_HTTP_TOO_LARGE;
    if (retrieval->meaning == LW_ASKING_PAGE)
        keep_body(retrieval, reply);
    wake(retrieval);
}

static enum lw_err ask(struct retrieval *retrieval, struct lw_fault *fault)
{
    const struct lw_http_header headers[] = {
        {LW_STR("Authorization"), lw_str_from(retrieval->authorization)},
        {LW_STR("Accept"), LW_STR("application/json")},
    };
    const struct lw_http_request request = {
        .method = LW_STR("GET"),
        .url = lw_buf_view(&retrieval->url),
        .headers = headers,
        .headers_n = sizeof(headers) / sizeof(headers[0]),
        .ca_file = retrieval->ca_file,
        .proxy = retrieval->proxy,
        .timeout = {REQUEST_TIME},
        .reply_max = LW_RETRIEVAL_REPLY,
    };
    const struct lw_http *http = retrieval->calls.http;
    enum lw_err err = http->start(http->self, &request, on_done, retrieval, &retrieval->request, fault);

    if (err != LW_ERR_OK)
        return err;
    retrieval->request_out = true;
    retrieval->phase = ASKING;
    retrieval->health.requests++;
    return LW_ERR_OK;
}

/* From when on a window is read. A mark of the future was made by a clock that was wrong: what is found by now is all that
   can have been read. */
static lw_time window_from(struct retrieval *retrieval, lw_time now)
{
    struct lw_progress *progress = &retrieval->progress;

    if (!progress->has_until)
        return (lw_time){now.ms - retrieval->lookback.ms};
    if (progress->until.ms > now.ms + retrieval->delay.ms)
        progress->until = now;
    return (lw_time){progress->until.ms - retrieval->delay.ms};
}

static enum lw_err begin_window(struct retrieval *retrieval, lw_time now, lw_span ticks, struct lw_fault *fault)
{
    struct lw_fault why = {.code = LW_ERR_OK};

    forget_window(retrieval);
    if (lw_asking_token(retrieval->token_file, retrieval->authorization, sizeof(retrieval->authorization), &why) !=
        LW_ERR_OK) {
        tell(retrieval, why.text);
        wait_for(retrieval, ticks, (lw_span){HOLD});
        return LW_ERR_OK;
    }
    retrieval->from = window_from(retrieval, now);
    retrieval->until = now;
    retrieval->last = retrieval->from;
    retrieval->ordered = true;
    retrieval->window = true;
    retrieval->began = ticks;
    lw_buf_clear(&retrieval->url);
    lw_asking_url(retrieval->endpoint, retrieval->query, retrieval->from, now, retrieval->size, &retrieval->url);
    if (retrieval->url.error != LW_ERR_OK)
        return lw_fault_memory(fault, "a request to Loggly");
    return ask(retrieval, fault);
}

/* The next page, by the address that came with this one: as it is, and nowhere but where the token belongs. */
static enum lw_err ask_next(struct retrieval *retrieval, lw_span ticks, struct lw_fault *fault)
{
    lw_buf_clear(&retrieval->url);
    lw_buf_str(&retrieval->url, lw_buf_view(&retrieval->page.next));
    if (retrieval->url.error != LW_ERR_OK)
        return lw_fault_memory(fault, "a request to Loggly");
    if (!lw_page_same_host(lw_buf_view(&retrieval->url), retrieval->endpoint)) {
        tell(retrieval, "Loggly's next page lies on another host; it is not asked, since the token would go there");
        retrieval->health.errors++;
        forget_window(retrieval);
        wait_for(retrieval, ticks, (lw_span){HOLD});
        return LW_ERR_OK;
    }
    retrieval->cursor = true;
    retrieval->cursor_since = ticks;
    if (retrieval->pace.ms == 0)
        return ask(retrieval, fault);
    wait_for(retrieval, ticks, retrieval->pace);
    return LW_ERR_OK;
}

/* Asks for what is due: the next page, while its cursor lives, else a window. */
static enum lw_err go_on(struct retrieval *retrieval, lw_time now, lw_span ticks, struct lw_fault *fault)
{
    if (retrieval->window && retrieval->cursor && ticks.ms - retrieval->cursor_since.ms < CURSOR_LIFE)
        return ask(retrieval, fault);
    return begin_window(retrieval, now, ticks, fault);
}

/* After an error nobody knows whether the cursor has moved on: the window is read again from where it was read in order,
   and what was taken is recognised. So that a limit of the rate does not come at the same page each time, pages are asked
   for more and more slowly. */
static void fail(struct retrieval *retrieval, lw_span ticks)
{
    enum lw_asking_meaning meaning = retrieval->meaning;
    lw_span pause = pause_of(retrieval);

    tell(retrieval, retrieval->trouble);
    retrieval->failures++;
    if (meaning == LW_ASKING_AGAIN) {
        int64_t slower = retrieval->pace.ms > 0 ? 2 * retrieval->pace.ms : PACE_LEAST;

        retrieval->pace.ms = slower < PACE_MOST ? slower : PACE_MOST;
        retrieval->health.throttled++;
    } else {
        retrieval->health.errors++;
    }
    if (meaning == LW_ASKING_SMALLER) {
        uint32_t least = retrieval->too_large ? 1 : PAGE_LEAST;

        retrieval->size = retrieval->size / 2 > least ? retrieval->size / 2 : least;
    }
    forget_window(retrieval);
    if (retrieval->retry_after.ms > 0)
        pause = retrieval->retry_after;
    if (meaning == LW_ASKING_HOLD && pause.ms < HOLD)
        pause = (lw_span){HOLD};
    wait_for(retrieval, ticks, pause);
}

static enum lw_err take_reply(struct retrieval *retrieval, lw_time now, lw_span ticks, struct lw_fault *fault)
{
    enum lw_err err;

    if (retrieval->meaning == LW_ASKING_PAGE && !retrieval->kept) {
        retrieval->meaning = LW_ASKING_ANEW;
        snprintf(retrieval->trouble, sizeof(retrieval->trouble), "there is no memory for a page of events");
    }
    if (retrieval->meaning != LW_ASKING_PAGE) {
        fail(retrieval, ticks);
        return LW_ERR_OK;
    }
    err = lw_page_read(&retrieval->page, lw_buf_view(&retrieval->body), fault);
    if (err == LW_ERR_FORMAT) {
        retrieval->meaning = LW_ASKING_ANEW;
        snprintf(retrieval->trouble, sizeof(retrieval->trouble),
                 "Loggly's reply is not a whole page of events; asking again");
        fail(retrieval, ticks);
        return LW_ERR_OK;
    }
    if (err == LW_ERR_OK)
        err = lw_seen_reserve(&retrieval->progress.seen, retrieval->page.n, fault);
    if (err != LW_ERR_OK)
        return err; /* the reply is still kept, and is taken again */
    retrieval->phase = READING;
    retrieval->page_at = 0;
    retrieval->failures = 0;
    retrieval->health.trouble[0] = '\0';
    retrieval->health.last_success = now;
    retrieval->health.has_last_success = true;
    return LW_ERR_OK;
}

/* Order holds: all that is older than this event was handed out. */
static void note_time(struct retrieval *retrieval, const struct lw_page_event *event)
{
    struct lw_progress *progress = &retrieval->progress;

    if (!event->has_time)
        return;
    retrieval->ordered &= event->time.ms >= retrieval->last.ms;
    retrieval->last = event->time;
    if (!retrieval->ordered || event->time.ms > retrieval->until.ms)
        return;
    if (!progress->has_until || progress->until.ms < event->time.ms)
        progress->until = event->time;
    progress->has_until = true;
}

/* The new events from page_at on, as many as fit. */
static enum lw_err collect(struct retrieval *retrieval, struct lw_fault *fault)
{
    struct lw_page *page = &retrieval->page;
    struct lw_seen *seen = &retrieval->progress.seen;

    lw_buf_clear(&retrieval->bytes);
    for (; retrieval->page_at < page->n; retrieval->page_at++) {
        const struct lw_page_event *event = &page->events[retrieval->page_at];
        size_t n = event->end - event->start;

        if (!event->own && !lw_seen_has(seen, event->hash)) {
            if (retrieval->bytes.len > 0 && retrieval->bytes.len + n + 1 > LW_SOURCE_BATCH_MAX)
                return LW_ERR_OK;
            if (lw_buf_reserve(&retrieval->bytes, n + 1) == NULL) {
                if (retrieval->bytes.len > 0)
                    return LW_ERR_OK; /* what was collected is handed out; the rest is tried again */
                return lw_fault_memory(fault, "events of a page");
            }
            lw_buf_bytes(&retrieval->bytes, retrieval->body.at + event->start, n);
            lw_buf_char(&retrieval->bytes, '\n');
            retrieval->health.records++;
        }
        lw_seen_add(seen, event->hash, event->has_time ? event->time : retrieval->until);
        note_time(retrieval, event);
    }
    return LW_ERR_OK;
}

/* Nothing is lost when this fails: what was collected stays, and this is called again. */
static enum lw_err make_batch(struct retrieval *retrieval, bool caught_up, struct lw_fault *fault)
{
    struct lw_progress *progress = &retrieval->progress;
    lw_time oldest = {progress->until.ms - retrieval->delay.ms};
    enum lw_err err = LW_ERR_OK;

    if (progress->has_until)
        err = lw_seen_prune(&progress->seen, oldest, fault);
    /* Events of this page are still to come: room for them must be there. */
    if (err == LW_ERR_OK)
        err = lw_seen_reserve(&progress->seen, retrieval->page.n - retrieval->page_at, fault);
    lw_buf_clear(&retrieval->mark);
    if (err == LW_ERR_OK)
        err = lw_progress_write(progress, &retrieval->mark, fault);
    if (err != LW_ERR_OK)
        return err;
    retrieval->part.bytes = lw_buf_view(&retrieval->bytes);
    retrieval->batch = (struct lw_source_batch){
        .parts = &retrieval->part,
        .parts_n = retrieval->bytes.len > 0 ? 1 : 0,
        .mark = lw_buf_view(&retrieval->mark),
        .watermark = oldest,
        .has_watermark = progress->has_until,
        .caught_up = caught_up,
    };
    retrieval->pending = true;
    return LW_ERR_OK;
}

/* The last page of a window was read. */
static void end_window(struct retrieval *retrieval, bool caught_up, lw_span ticks)
{
    int64_t next = retrieval->began.ms + retrieval->poll.ms;

    retrieval->size = retrieval->size * 2 < PAGE_MOST ? retrieval->size * 2 : PAGE_MOST;
    retrieval->pace.ms = retrieval->pace.ms >= 2 * PACE_LEAST ? retrieval->pace.ms / 2 : 0;
    forget_window(retrieval);
    wait_for(retrieval, ticks, (lw_span){caught_up && next > ticks.ms ? next - ticks.ms : 0});
}

static enum lw_err read_page(struct retrieval *retrieval, lw_time now, lw_span ticks, struct lw_fault *fault)
{
    struct lw_progress *progress = &retrieval->progress;
    bool last, caught_up;
    enum lw_err err = LW_ERR_OK;

    /* After a failure between collecting and handing out, the bytes wait. */
    if (retrieval->bytes.len == 0)
        err = collect(retrieval, fault);
    if (err != LW_ERR_OK)
        return err;
    last = retrieval->page_at == retrieval->page.n && retrieval->page.next.len == 0;
    caught_up = last && retrieval->until.ms >= now.ms - retrieval->delay.ms;
    if (last && (!progress->has_until || progress->until.ms < retrieval->until.ms)) {
        progress->until = retrieval->until;
        progress->has_until = true;
    }
    if (last || retrieval->bytes.len > 0)
        err = make_batch(retrieval, caught_up, fault);
    if (err != LW_ERR_OK)
        return err;
    if (last)
        end_window(retrieval, caught_up, ticks);
    else if (retrieval->page_at == retrieval->page.n)
        return ask_next(retrieval, ticks, fault); /* it is fetched while this one is judged */
    return LW_ERR_OK;
}

static enum lw_err step(struct retrieval *retrieval, lw_time now, lw_span ticks, struct lw_fault *fault)
{
    switch (retrieval->phase) {
    case WAIT:
        return ticks.ms >= retrieval->due.ms ? go_on(retrieval, now, ticks, fault) : LW_ERR_OK;
    case ASKING:
        return LW_ERR_OK;
    case ARRIVED:
        return take_reply(retrieval, now, ticks, fault);
    case READING:
        return read_page(retrieval, now, ticks, fault);
    }
    return LW_ERR_OK;
}

static bool is_idle(const struct retrieval *retrieval, lw_span ticks)
{
    return retrieval->pending || retrieval->phase == ASKING ||
           (retrieval->phase == WAIT && ticks.ms < retrieval->due.ms);
}

static enum lw_err retrieval_work(void *state, lw_time now, lw_span ticks, lw_span *next, struct lw_fault *fault)
{
    struct retrieval *retrieval = state;
    enum lw_err err = LW_ERR_OK;

    while (err == LW_ERR_OK && !is_idle(retrieval, ticks))
        err = step(retrieval, now, ticks, fault);
    if (err != LW_ERR_OK)
        return err;
    *next = (lw_span){!retrieval->pending && retrieval->phase == WAIT ? retrieval->due.ms : LW_SOURCE_NEVER};
    return LW_ERR_OK;
}

static const struct lw_source_batch *retrieval_ready(void *state)
{
    struct retrieval *retrieval = state;

    return retrieval->pending ? &retrieval->batch : NULL;
}

static void retrieval_taken(void *state, bool durable)
{
    struct retrieval *retrieval = state;

    if (!retrieval->pending || !durable)
        return;
    retrieval->pending = false;
    lw_buf_clear(&retrieval->bytes);
    wake(retrieval);
}

static void retrieval_health(const void *state, struct lw_source_health *health)
{
    const struct retrieval *retrieval = state;

    *health = retrieval->health;
}

static void retrieval_close(void *state)
{
    struct retrieval *retrieval = state;

    if (retrieval == NULL)
        return;
    if (retrieval->request_out)
        retrieval->calls.http->cancel(retrieval->calls.http->self, retrieval->request);
    forget_window(retrieval);
    lw_page_close(&retrieval->page);
    lw_progress_close(&retrieval->progress);
    lw_buf_close(&retrieval->body);
    lw_buf_close(&retrieval->url);
    lw_buf_close(&retrieval->bytes);
    lw_buf_close(&retrieval->mark);
    lw_arena_close(&retrieval->arena);
    free(retrieval);
}

static const struct lw_source_kind kind = {
    .id = "loggly",
    .work = retrieval_work,
    .ready = retrieval_ready,
    .taken = retrieval_taken,
    .health = retrieval_health,
    .close = retrieval_close,
};

/* A name of DNS: the token goes to what it is the first part of. */
static bool is_label(const char *text)
{
    size_t n = strlen(text);

    return n > 0 && n <= 63 && text[0] != '-' && text[n - 1] != '-' &&
           strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-") == n;
}

static enum lw_err check_options(const struct lw_retrieval_options *options, struct lw_fault *fault)
{
    if (options->endpoint == NULL && (options->subdomain == NULL || !is_label(options->subdomain)))
        return lw_fault_set(fault, LW_ERR_USAGE,
                            "a Loggly source needs `subdomain`: the first part of ACCOUNT.loggly.com");
    if (options->token_file == NULL)
        return lw_fault_set(fault, LW_ERR_USAGE, "a Loggly source needs `token_file`: a file with an API token");
    return LW_ERR_OK;
}

static const char *keep(struct lw_arena *arena, const char *text, bool *failed)
{
    struct lw_str kept = {.at = NULL};

    if (text == NULL)
        return NULL;
    kept = lw_arena_text(arena, lw_str_from(text));
    *failed |= kept.at == NULL;
    return kept.at;
}

static enum lw_err keep_options(struct retrieval *retrieval, const struct lw_retrieval_options *options,
                                struct lw_fault *fault)
{
    struct lw_arena *arena = &retrieval->arena;
    bool failed = false;

    if (options->endpoint != NULL)
        retrieval->endpoint = lw_arena_text(arena, lw_str_from(options->endpoint));
    else
        retrieval->endpoint = lw_arena_format(arena, "https://%s.loggly.com", options->subdomain);
    retrieval->query = lw_arena_text(arena, lw_str_from(options->query != NULL ? options->query : LW_RETRIEVAL_QUERY));
    retrieval->token_file = keep(arena, options->token_file, &failed);
    retrieval->ca_file = keep(arena, options->ca_file, &failed);
    retrieval->proxy = keep(arena, options->proxy, &failed);
    retrieval->part = (struct lw_source_part){.format = LW_STR("loggly-export"), .begins = true, .ends = true};
    retrieval->part.origin = lw_arena_text(arena, options->origin);
    retrieval->part.label = lw_arena_format(arena, "loggly %s", retrieval->endpoint.at ? retrieval->endpoint.at : "");
    retrieval->poll.ms = options->poll.ms > 0 ? options->poll.ms : LW_RETRIEVAL_POLL;
    retrieval->lookback.ms = options->lookback.ms > 0 ? options->lookback.ms : LW_DAY;
    retrieval->delay.ms = options->delay.ms > 0 ? options->delay.ms : LW_RETRIEVAL_DELAY;
    if (failed || retrieval->endpoint.at == NULL || retrieval->query.at == NULL || retrieval->part.origin.at == NULL ||
        retrieval->part.label.at == NULL)
        return lw_fault_memory(fault, "Loggly's retrieval");
    return LW_ERR_OK;
}

enum lw_err lw_retrieval_open(struct lw_source *out, const struct lw_retrieval_options *options,
                              const struct lw_source_calls *calls, struct lw_str mark, struct lw_fault *fault)
{
    struct retrieval *retrieval;
    bool sound;
    enum lw_err err = check_options(options, fault);

    if (err != LW_ERR_OK)
        return err;
    retrieval = calloc(1, sizeof(*retrieval));
    if (retrieval == NULL)
        return lw_fault_memory(fault, "Loggly's retrieval");
    retrieval->arena.ceiling = OPTIONS_MAX;
    retrieval->body.ceiling = LW_RETRIEVAL_REPLY;
    retrieval->bytes.ceiling = LW_RETRIEVAL_REPLY + 1;
    retrieval->url.ceiling = URL_MAX;
    retrieval->mark.ceiling = MARK_MAX;
    retrieval->calls = *calls;
    retrieval->size = PAGE_MOST;
    retrieval->random = (uint64_t)calls->world->now(calls->world->self).ms;
    retrieval->due.ms = INT64_MIN;
    err = keep_options(retrieval, options, fault);
    if (err == LW_ERR_OK)
        err = lw_progress_read(&retrieval->progress, mark, &sound, fault);
    if (err != LW_ERR_OK) {
        retrieval_close(retrieval);
        return err;
    }
    if (!sound && calls->world->note != NULL)
        calls->world->note(calls->world->self, LW_NOTE_WARNING,
                           "the mark of Loggly's retrieval is damaged; reading as at the first start");
    *out = (struct lw_source){.kind = &kind, .state = retrieval};
    return LW_ERR_OK;
}
