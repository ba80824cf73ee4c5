#define _DEFAULT_SOURCE
#include "engine/source/push/push.h"

#include "engine/base/buf.h"
#include "engine/base/fault.h"
#include "engine/source/push/push_answer.h"
#include "engine/source/push/push_body.h"
#include "engine/source/push/push_ids.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#define RETRY_AFTER   (5 * LW_SECOND)
#define ANSWER_MAX    ((size_t)16 << 10)
#define DOCUMENT_NAME "push"
#define WHY_MAX       sizeof(((struct lw_fault *)0)->text)

enum phase {
    READING, /* its body arrives */
    SWALLOW, /* it was delivered before: its body is read and dropped */
    WAITING  /* whole */
};

struct lw_push_request {
    struct lw_push_request *next;
    struct lw_push *push;
    enum lw_push_route route;
    enum phase phase;
    lw_push_answered *answered; /* NULL: nobody waits for it any more */
    void *context;
    struct lw_push_body body;
    /* Where the next batch goes on. */
    size_t document, at;
    struct lw_push_counts counts;
    char why[WHY_MAX]; /* what counts.why points to */
    char run[LW_PUSH_RUN_MAX];
    size_t run_n;
};

/* A request in the batch that is ready, and where it goes on after it. */
struct included {
    struct lw_push_request *request;
    size_t document, at;
    bool whole;
};

struct lw_push {
    struct lw_push_options options;
    struct lw_source_calls calls;
    struct lw_push_request *reading, *waiting; /* waiting: oldest first */
    size_t reading_n, waiting_n, held;
    struct lw_push_ids ids; /* of Firehose requests that are durable */
    /* The batch. */
    struct lw_source_batch batch;
    bool is_ready, was_told; /* told: that there is nothing, once at the start */
    struct lw_source_part *parts;
    size_t *owners; /* of the parts: index into included */
    size_t parts_n, parts_room;
    struct included included[LW_PUSH_WAITING_MAX];
    size_t included_n;
    struct lw_buf mark;
    struct lw_source_health health;
};

static lw_time now(const struct lw_push *push)
{
    return push->calls.world->now(push->calls.world->self);
}

static struct lw_str id_of(const struct lw_push_request *request)
{
    return (struct lw_str){.at = request->body.id, .len = request->body.id_n};
}

/* The ids as they will be once the batch is durable. */
static void write_mark(struct lw_push *push)
{
    size_t fresh = 0;

    for (size_t i = 0; i < push->included_n; i++)
        fresh += push->included[i].whole && push->included[i].request->body.id_n > 0;
    lw_buf_clear(&push->mark);
    lw_push_ids_write(&push->ids, fresh, &push->mark);
    for (size_t i = 0; i < push->included_n; i++) {
        const struct lw_push_request *request = push->included[i].request;

        if (push->included[i].whole && request->body.id_n > 0)
            lw_push_ids_write_one(id_of(request), &push->mark);
    }
}

static void answer(struct lw_push *push, enum lw_push_route route, struct lw_str id, int status,
                   const struct lw_push_counts *counts, const char *message, lw_push_answered *answered, void *context)
{
    struct lw_buf body = {.ceiling = ANSWER_MAX};
    struct lw_push_answer it = {.status = status, .content_type = "application/json"};

    push->health.errors += status == 400 || status == 413;
    push->health.throttled += status == 503;
    if (answered == NULL)
        return;
    if (route == LW_PUSH_FIREHOSE)
        lw_push_answer_firehose(&body, now(push), id, message);
    else
        lw_push_answer_metrics(&body, counts, message);
    it.retry_after.ms = status == 503 ? RETRY_AFTER : 0;
    /* Without memory for its body an answer still has its status; Firehose takes an empty one as a failure and asks again,
       which is harmless. */
    it.body = body.error == LW_ERR_OK ? lw_buf_view(&body) : (struct lw_str){.len = 0};
    answered(context, &it);
    lw_buf_close(&body);
}

static void free_request(struct lw_push_request *request)
{
    lw_push_body_close(&request->body);
    free(request);
}

static void unlink_request(struct lw_push_request *request)
{
    struct lw_push *push = request->push;
    bool waits = request->phase == WAITING;
    struct lw_push_request **at = waits ? &push->waiting : &push->reading;

    while (*at != request)
        at = &(*at)->next;
    *at = request->next;
    if (waits)
        push->waiting_n--;
    else
        push->reading_n--;
}

/* Ends a request: out of its list, answered, freed. */
static void finish(struct lw_push_request *request, int status, const char *message)
{
    unlink_request(request);
    answer(request->push, request->route, id_of(request), status, status == 503 ? NULL : &request->counts, message,
           request->answered, request->context);
    free_request(request);
}

/* What a failure while the body was read means for the answer. The words outlive the request. */
static bool fail(struct lw_push_request *request, enum lw_err err, const struct lw_fault *fault)
{
    char text[sizeof(fault->text)];
    const char *why = "";
    int status = lw_push_body_failed(&request->body, err, fault, &why);

    snprintf(text, sizeof(text), "%s", why);
    finish(request, status, text);
    return false;
}

/* Why a request cannot begin, or NULL. Firehose takes a 413 as final and gives its batch up, so it never gets one. */
static const char *why_not(const struct lw_push *push, enum lw_push_route route, struct lw_str id, uint64_t length,
                           int *status)
{
    if (route == LW_PUSH_FIREHOSE && id.len > 0 && !lw_firehose_is_id(id)) {
        *status = 400;
        return "X-Amz-Firehose-Request-Id is not 1 to 128 printable characters";
    }
    if (length > (route == LW_PUSH_FIREHOSE ? LW_PUSH_FIREHOSE_MAX : LW_PUSH_METRICS_MAX)) {
        *status = route == LW_PUSH_FIREHOSE ? 400 : 413;
        return lw_push_body_too_large(route == LW_PUSH_FIREHOSE);
    }
    *status = 503;
    if (push->reading_n + push->waiting_n >= LW_PUSH_WAITING_MAX ||
        (push->held > 0 && push->held + length > push->options.held_max))
        return "too much waits to be stored: try again later";
    return NULL;
}

void lw_push_begin(struct lw_push *push, enum lw_push_route route, struct lw_str id, struct lw_str run, uint64_t length,
                   lw_push_answered *answered, void *context, struct lw_push_request **out)
{
    struct lw_push_request *request = NULL;
    int status = 503;
    const char *why = why_not(push, route, id, length, &status);
    struct lw_str shown = lw_firehose_is_id(id) ? id : (struct lw_str){.len = 0};

    *out = NULL;
    push->health.requests++;
    if (why == NULL)
        request = calloc(1, sizeof(*request));
    if (request == NULL) {
        answer(push, route, shown, status, NULL, why == NULL ? "there is no memory for it now: try again later" : why,
               answered, context);
        return;
    }
    request->push = push;
    request->route = route;
    request->answered = answered;
    request->context = context;
    if (run.len > 0)
        memcpy(request->run, run.at, run.len);
    request->run_n = run.len;
    request->body.is_firehose = route == LW_PUSH_FIREHOSE;
    request->body.text_max = push->options.text_max;
    request->body.held = &push->held;
    request->body.held_max = push->options.held_max;
    if (route == LW_PUSH_FIREHOSE) {
        memcpy(request->body.id, shown.at == NULL ? "" : shown.at, shown.len);
        request->body.id_n = shown.len;
        request->phase = shown.len > 0 && lw_push_ids_has(&push->ids, shown) ? SWALLOW : READING;
    }
    request->next = push->reading;
    push->reading = request;
    push->reading_n++;
    if (request->phase == READING && lw_push_body_begin(&request->body, NULL) != LW_ERR_OK) {
        finish(request, 503, "there is no memory for it now: try again later");
        return;
    }
    *out = request;
}

bool lw_push_bytes(struct lw_push *push, struct lw_push_request *request, const char *bytes, size_t n)
{
    struct lw_fault fault = {.code = LW_ERR_OK};
    enum lw_err err;

    push->health.bytes += n;
    if (request->phase == SWALLOW)
        return true;
    err = lw_push_body_bytes(&request->body, bytes, n, &fault);
    return err == LW_ERR_OK ? true : fail(request, err, &fault);
}

bool lw_push_end(struct lw_push *push, struct lw_push_request *request)
{
    struct lw_fault fault = {.code = LW_ERR_OK};
    struct lw_push_request **last = &push->waiting;
    enum lw_err err;

    if (request->phase == SWALLOW) {
        finish(request, 200, NULL);
        return false;
    }
    err = lw_push_body_end(&request->body, &fault);
    if (err != LW_ERR_OK)
        return fail(request, err, &fault);
    unlink_request(request);
    while (*last != NULL)
        last = &(*last)->next;
    *last = request;
    request->next = NULL;
    request->phase = WAITING;
    push->waiting_n++;
    push->calls.wake(push->calls.self);
    return true;
}

void lw_push_cancel(struct lw_push *push, struct lw_push_request *request)
{
    request->answered = NULL;
    for (size_t i = 0; i < push->included_n; i++) {
        if (push->included[i].request == request)
            return;
    }
    unlink_request(request);
    free_request(request);
}

void lw_push_result(struct lw_push *push, size_t part, const struct lw_push_counts *counts)
{
    struct lw_push_request *request;
    struct lw_push_counts *sum;

    assert(push->is_ready && part < push->parts_n);
    request = push->included[push->owners[part]].request;
    sum = &request->counts;
    sum->accepted += counts->accepted;
    if (sum->why.len == 0 && counts->why.len > 0) {
        sum->why =
            (struct lw_str){.at = request->why, .len = counts->why.len < WHY_MAX ? counts->why.len : WHY_MAX - 1};
        memcpy(request->why, counts->why.at, sum->why.len);
    }
    push->health.records += counts->accepted;
    for (size_t i = 0; i < LW_REJECT_COUNT; i++) {
        sum->rejected[i] += counts->rejected[i];
        push->health.records += counts->rejected[i];
    }
}

/* The batch. */
static bool add_part(struct lw_push *push, const struct lw_source_part *part)
{
    if (push->parts_n == push->parts_room) {
        size_t room = push->parts_room == 0 ? 8 : 2 * push->parts_room;
        struct lw_source_part *parts = reallocarray(push->parts, room, sizeof(*parts));
        size_t *owners;

        if (parts == NULL)
            return false;
        push->parts = parts;
        owners = reallocarray(push->owners, room, sizeof(*owners));
        if (owners == NULL)
            return false;
        push->owners = owners;
        push->parts_room = room;
    }
    push->owners[push->parts_n] = push->included_n - 1;
    push->parts[push->parts_n++] = *part;
    return true;
}

/* A document that is cut goes on in the next batch: at the end of a line where there is one. */
static size_t cut_at(const char *text, size_t n)
{
    size_t at = n;

    while (at > 0 && text[at - 1] != '\n')
        at--;
    return at > 0 ? at : n;
}

/* Parts of the request from where it stands, `room` bytes at most; false: no memory for the list of parts. */
static bool include(struct lw_push *push, struct lw_push_request *request, size_t *room)
{
    struct included *it = &push->included[push->included_n++];

    *it = (struct included){.request = request, .document = request->document, .at = request->at};
    while (it->document<request->body.documents_n && * room> 0) {
        const struct lw_push_document *document = &request->body.documents[it->document];
        size_t from = document->begin + it->at;
        size_t n = document->end - from;
        bool ends = n <= *room;
        struct lw_source_part part = {.label = LW_STR("http push"),
                                      .origin = lw_str_from(push->options.origin),
                                      .run = {.at = request->run, .len = request->run_n},
                                      .unnamed = request->run_n == 0,
                                      .format = lw_str_from(push->options.format),
                                      .begins = it->at == 0,
                                      .ends = ends};

        if (!ends)
            n = cut_at(request->body.text.at + from, *room);
        if (!ends || it->at > 0)
            part.document = LW_STR(DOCUMENT_NAME);
        part.bytes = (struct lw_str){.at = request->body.text.at + from, .len = n};
        if (!add_part(push, &part))
            return false;
        *room -= n;
        it->at = ends ? 0 : it->at + n;
        if (ends)
            it->document++;
        else
            break;
    }
    it->whole = it->document == request->body.documents_n;
    return true;
}

static size_t left_of(const struct lw_push_request *request)
{
    if (request->document == request->body.documents_n)
        return 0;
    return request->body.text.len - request->body.documents[request->document].begin - request->at;
}

/* A retry of what is durable by now is answered at once. */
static void answer_delivered(struct lw_push *push)
{
    struct lw_push_request *next;

    for (struct lw_push_request *request = push->waiting; request != NULL; request = next) {
        next = request->next;
        if (request->body.id_n > 0 && request->document == 0 && request->at == 0 &&
            lw_push_ids_has(&push->ids, id_of(request)))
            finish(request, 200, NULL);
    }
}

/* One large request, as far as it goes, or as many whole ones as fit. */
static bool build(struct lw_push *push)
{
    size_t room = LW_SOURCE_BATCH_MAX;

    push->parts_n = push->included_n = 0;
    for (struct lw_push_request *request = push->waiting; request != NULL; request = request->next) {
        size_t left = left_of(request);

        if (push->included_n == LW_PUSH_WAITING_MAX || (push->included_n > 0 && left > room))
            break;
        if (!include(push, request, &room))
            return false;
        if (!push->included[push->included_n - 1].whole)
            break;
    }
    write_mark(push);
    return push->mark.error == LW_ERR_OK;
}

static const struct lw_source_batch *push_ready(void *state)
{
    struct lw_push *push = state;

    if (push->is_ready)
        return &push->batch;
    answer_delivered(push);
    if (push->waiting == NULL && push->was_told)
        return NULL;
    /* Without memory for the batch it is tried again at the next call. */
    if (!build(push)) {
        push->included_n = push->parts_n = 0;
        return NULL;
    }
    push->is_ready = push->was_told = true;
    push->batch = (struct lw_source_batch){
        .parts = push->parts,
        .parts_n = push->parts_n,
        .mark = lw_buf_view(&push->mark),
        .caught_up = push->included_n == push->waiting_n &&
                     (push->included_n == 0 || push->included[push->included_n - 1].whole),
    };
    return &push->batch;
}

/* Whether a record was refused because of what it is, and not for what leeway does not want. */
static bool is_faulty(const struct lw_push_counts *counts)
{
    static const enum lw_reject wanted_none[] = {
        LW_REJECT_NOT_A_RUN,   LW_REJECT_OWN_EVENT,       LW_REJECT_CONTROL_MESSAGE, LW_REJECT_OUTSIDE_WINDOW,
        LW_REJECT_OTHER_MODEL, LW_REJECT_TOO_MANY_POINTS, LW_REJECT_INTERLEAVED,     LW_REJECT_NO_RUN,
        LW_REJECT_TOO_LATE,    LW_REJECT_EXCLUDED};
    uint64_t faulty = 0;

    for (size_t i = 0; i < LW_REJECT_COUNT; i++)
        faulty += counts->rejected[i];
    for (size_t i = 0; i < sizeof(wanted_none) / sizeof(wanted_none[0]); i++)
        faulty -= counts->rejected[wanted_none[i]];
    return faulty > 0;
}

/* Durable and whole: the client learns what became of it. Firehose would send a request of which no record can be used again
   and again, so only what is of no known format is an error there: it ends up in the error bucket of the stream. */
static void deliver(struct lw_push_request *request)
{
    const struct lw_push_counts *counts = &request->counts;
    char why[WHY_MAX + sizeof("the body ")];

    lw_push_ids_add(&request->push->ids, id_of(request));
    if (counts->why.len > 0 && counts->accepted == 0) {
        snprintf(why, sizeof(why), "the body %.*s", (int)counts->why.len, counts->why.at);
        finish(request, 400, why);
    } else if (request->route == LW_PUSH_METRICS && counts->accepted == 0 && is_faulty(counts))
        finish(request, 400, "no record could be used");
    else
        finish(request, 200, NULL);
}

static void push_taken(void *state, bool durable)
{
    struct lw_push *push = state;
    size_t n = push->included_n;

    assert(push->is_ready);
    push->is_ready = false;
    push->included_n = push->parts_n = 0;
    if (durable) {
        push->health.last_success = now(push);
        push->health.has_last_success = true;
    }
    for (size_t i = 0; i < n; i++) {
        struct included *it = &push->included[i];

        if (!durable)
            finish(it->request, 503, "it could not be stored now: try again later");
        else if (it->whole)
            deliver(it->request);
        else {
            it->request->document = it->document;
            it->request->at = it->at;
        }
    }
    if (push->waiting != NULL)
        push->calls.wake(push->calls.self);
}

static enum lw_err push_work(void *state, lw_time time, lw_span ticks, lw_span *next, struct lw_fault *fault)
{
    (void)state;
    (void)time;
    (void)ticks;
    (void)fault;
    next->ms = LW_SOURCE_NEVER;
    return LW_ERR_OK;
}

static void push_health(const void *state, struct lw_source_health *health)
{
    const struct lw_push *push = state;

    *health = push->health;
}

static void push_close(void *state)
{
    struct lw_push *push = state;

    if (push == NULL)
        return;
    push->included_n = 0;
    while (push->waiting != NULL)
        finish(push->waiting, 503, "leeway is stopping: try again later");
    while (push->reading != NULL)
        finish(push->reading, 503, "leeway is stopping: try again later");
    lw_buf_close(&push->mark);
    lw_push_ids_close(&push->ids);
    free(push->parts);
    free(push->owners);
    free(push);
}

enum lw_err lw_push_open(struct lw_source *out, const struct lw_push_options *options,
                         const struct lw_source_calls *calls, struct lw_str mark, struct lw_fault *fault)
{
    static const struct lw_source_kind kind = {.id = "http",
                                               .work = push_work,
                                               .ready = push_ready,
                                               .taken = push_taken,
                                               .health = push_health,
                                               .close = push_close};
    struct lw_push *push = calloc(1, sizeof(*push));
    enum lw_err err;

    if (push == NULL)
        return lw_fault_memory(fault, "the http source");
    push->options = *options;
    push->calls = *calls;
    push->mark.ceiling = (size_t)(LW_PUSH_IDS_MAX + LW_PUSH_WAITING_MAX) * (LW_FIREHOSE_ID_MAX + 1) + 64;
    if (options->format == NULL)
        push->options.format = "auto";
    if (options->text_max == 0)
        push->options.text_max = LW_PUSH_TEXT_MAX;
    if (options->held_max == 0)
        push->options.held_max = LW_PUSH_HELD_MAX;
    err = lw_push_ids_open(&push->ids, mark, fault);
    if (err != LW_ERR_OK) {
        push_close(push);
        return err;
    }
    *out = (struct lw_source){.kind = &kind, .state = push};
    return LW_ERR_OK;
}
