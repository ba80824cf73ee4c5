#include "tests/kit/sinks.h"

#include "engine/base/fault.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Where allocations are made to fail, those of the doubles do not, and are not counted. */
void *__real_malloc(size_t n);
void *__real_realloc(void *at, size_t n);
void __real_free(void *at);
#define malloc  __real_malloc
#define realloc __real_realloc
#define free    __real_free

static char *copy(struct lw_str text)
{
    char *made = malloc(text.len + 1);

    if (!made)
        return NULL;
    if (text.len > 0)
        memcpy(made, text.at, text.len);
    made[text.len] = '\0';
    return made;
}

static enum lw_err read_rows(void *self, uint32_t sink, enum lw_lane lane, uint64_t after,
                             bool (*row)(void *context, const struct lw_outbox_row *row), void *context,
                             struct lw_fault *fault)
{
    struct kit_outbox *box = self;

    (void)sink;
    (void)fault;
    for (size_t i = 0; i < box->rows_n; i++) {
        const struct kit_row *one = &box->rows[i];
        struct lw_outbox_row made = {.id = one->id, .kind = one->kind, .bytes = {one->bytes, one->n}};

        if (!one->paid && one->id > after && lw_event_kind_lane(one->kind) == lane && !row(context, &made))
            break;
    }
    return LW_ERR_OK;
}

static bool fails(struct kit_outbox *box)
{
    if (box->fail == 0)
        return false;
    box->fail--;
    return true;
}

static enum lw_err pay(void *self, uint32_t sink, const uint64_t *rows, size_t n, struct lw_fault *fault)
{
    struct kit_outbox *box = self;

    (void)sink;
    if (fails(box))
        return lw_fault_set(fault, LW_ERR_FULL, "the disk is full");
    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; k < box->rows_n; k++)
            box->rows[k].paid |= box->rows[k].id == rows[i];
    }
    return LW_ERR_OK;
}

static enum lw_err bury(void *self, uint32_t sink, uint64_t row, size_t at, size_t n, const char *reason,
                        struct lw_fault *fault)
{
    struct kit_outbox *box = self;
    struct kit_dead *dead;

    (void)sink;
    if (fails(box))
        return lw_fault_set(fault, LW_ERR_FULL, "the disk is full");
    for (size_t i = 0; i < box->dead_n; i++) {
        if (box->dead[i].row == row && box->dead[i].at == at)
            return LW_ERR_OK;
    }
    dead = realloc(box->dead, (box->dead_n + 1) * sizeof(*dead));
    if (!dead)
        return lw_fault_memory(fault, "a dead letter");
    box->dead = dead;
    dead += box->dead_n;
    *dead = (struct kit_dead){.row = row, .at = at, .n = n};
    snprintf(dead->reason, sizeof(dead->reason), "%s", reason);
    for (size_t k = 0; k < box->rows_n; k++) {
        if (box->rows[k].id == row && at + n <= box->rows[k].n)
            dead->event = copy((struct lw_str){box->rows[k].bytes + at, n - 1});
    }
    if (!dead->event)
        return lw_fault_memory(fault, "a dead letter");
    box->dead_n++;
    return LW_ERR_OK;
}

struct lw_outbox kit_outbox(struct kit_outbox *box)
{
    return (struct lw_outbox){.self = box, .read = read_rows, .paid = pay, .dead = bury};
}

void kit_outbox_add(struct kit_outbox *box, enum lw_event_kind kind, const char *lines)
{
    struct kit_row *row;

    box->rows = realloc(box->rows, (box->rows_n + 1) * sizeof(*box->rows));
    row = &box->rows[box->rows_n];
    *row = (struct kit_row){.id = box->rows_n + 1, .kind = kind, .bytes = copy(lw_str_from(lines)), .n = strlen(lines)};
    box->rows_n++;
}

size_t kit_outbox_owed(const struct kit_outbox *box)
{
    size_t n = 0;

    for (size_t i = 0; i < box->rows_n; i++)
        n += !box->rows[i].paid;
    return n;
}

void kit_outbox_close(struct kit_outbox *box)
{
    for (size_t i = 0; i < box->rows_n; i++)
        free(box->rows[i].bytes);
    for (size_t i = 0; i < box->dead_n; i++)
        free(box->dead[i].event);
    free(box->rows);
    free(box->dead);
    *box = (struct kit_outbox){0};
}

static void note_header(struct kit_asked *asked, const struct lw_http_header *header)
{
    static const struct {
        const char *name;
        size_t at, size;
    } known[] = {
        {"X-LOGGLY-TAG", offsetof(struct kit_asked, tags), sizeof(asked->tags)},
        {"Content-Type", offsetof(struct kit_asked, type), sizeof(asked->type)},
        {"Authorization", offsetof(struct kit_asked, authorization), sizeof(asked->authorization)},
    };

    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        if (lw_str_equal(header->name, lw_str_from(known[i].name)))
            snprintf((char *)asked + known[i].at, known[i].size, "%.*s", (int)header->value.len, header->value.at);
    }
}

static enum lw_err start(void *self, const struct lw_http_request *request, lw_http_done *done, void *context,
                         uint64_t *id, struct lw_fault *fault)
{
    struct kit_http *http = self;
    struct kit_asked *asked;

    if (http->fail)
        return lw_fault_memory(fault, "a request");
    asked = realloc(http->asked, (http->asked_n + 1) * sizeof(*asked));
    if (!asked)
        return lw_fault_memory(fault, "a request");
    http->asked = asked;
    asked += http->asked_n;
    *asked = (struct kit_asked){.id = http->asked_n + 1,
                                .open = true,
                                .url = copy(request->url),
                                .body = copy(request->body),
                                .body_n = request->body.len,
                                .fresh = request->fresh_connection,
                                .timeout = request->timeout.ms,
                                .done = done,
                                .context = context};
    if (!asked->url || !asked->body) {
        free(asked->url);
        free(asked->body);
        return lw_fault_memory(fault, "a request");
    }
    for (size_t i = 0; i < request->headers_n; i++)
        note_header(asked, &request->headers[i]);
    http->asked_n++;
    *id = asked->id;
    return LW_ERR_OK;
}

static void cancel(void *self, uint64_t id)
{
    struct kit_http *http = self;

    http->asked[id - 1].open = false;
}

struct lw_http kit_http(struct kit_http *http)
{
    return (struct lw_http){.self = http, .start = start, .cancel = cancel};
}

void kit_http_reply(struct kit_http *http, size_t i, int status, const char *body, const char *const *headers)
{
    struct lw_http_header made[8];
    struct lw_http_reply reply = {
        .outcome = LW_HTTP_REPLIED, .status = status, .body = lw_str_from(body), .headers = made};

    while (headers && headers[2 * reply.headers_n]) {
        made[reply.headers_n] = (struct lw_http_header){lw_str_from(headers[2 * reply.headers_n]),
                                                        lw_str_from(headers[2 * reply.headers_n + 1])};
        reply.headers_n++;
    }
    http->asked[i].open = false;
    http->asked[i].done(http->asked[i].context, &reply);
}

void kit_http_break(struct kit_http *http, size_t i, enum lw_http_outcome outcome, bool unsent)
{
    struct lw_http_reply reply = {.outcome = outcome, .unsent = unsent, .detail = "it broke"};

    http->asked[i].open = false;
    http->asked[i].done(http->asked[i].context, &reply);
}

size_t kit_http_open(const struct kit_http *http)
{
    size_t n = 0;

    for (size_t i = 0; i < http->asked_n; i++)
        n += http->asked[i].open;
    return n;
}

void kit_http_close(struct kit_http *http)
{
    for (size_t i = 0; i < http->asked_n; i++) {
        free(http->asked[i].url);
        free(http->asked[i].body);
    }
    free(http->asked);
    *http = (struct kit_http){0};
}

static lw_time world_now(void *self)
{
    return (lw_time){((struct kit_world *)self)->now};
}

static lw_span world_ticks(void *self)
{
    return (lw_span){((struct kit_world *)self)->ticks};
}

static void world_note(void *self, enum lw_note level, const char *text)
{
    struct kit_world *world = self;

    (void)level;
    world->notes++;
    snprintf(world->last, sizeof(world->last), "%s", text);
}

struct lw_world kit_world(struct kit_world *world)
{
    return (struct lw_world){.self = world, .now = world_now, .ticks = world_ticks, .note = world_note};
}
