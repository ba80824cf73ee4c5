#define _GNU_SOURCE

#include "tests/kit/double/aws_world.h"

#include <assert.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *copy(struct lw_str text)
{
    char *kept = OPENSSL_malloc(text.len + 1);

    if (text.len > 0)
        memcpy(kept, text.at, text.len);
    kept[text.len] = '\0';
    return kept;
}

/* Everything that a client sends by itself is added here: Host. */
static char *head_of(const struct lw_http_request *request)
{
    char *head = OPENSSL_malloc(32768), *slash;
    size_t n = 0;
    const char *host = request->url.at + (strncmp(request->url.at, "https", 5) == 0 ? 8 : 7);

    slash = memchr(host, '/', request->url.len - (size_t)(host - request->url.at));
    n += (size_t)snprintf(head + n, 32768 - n, "Host: %.*s\n",
                          (int)(slash != NULL ? slash - host : request->url.at + request->url.len - host), host);
    for (size_t i = 0; i < request->headers_n; i++)
        n += (size_t)snprintf(head + n, 32768 - n, "%.*s: %.*s\n", (int)request->headers[i].name.len,
                              request->headers[i].name.at, (int)request->headers[i].value.len,
                              request->headers[i].value.at);
    return head;
}

static enum lw_err start(void *self, const struct lw_http_request *request, lw_http_done *done, void *context,
                         uint64_t *id, struct lw_fault *fault)
{
    struct aws_world *world = self;
    unsigned long flying = 0;
    size_t free_one = AWS_WORLD_FLYING;

    (void)fault;
    for (size_t i = 0; i < AWS_WORLD_FLYING; i++) {
        flying += world->flying[i].id != 0;
        if (world->flying[i].id == 0)
            free_one = i;
    }
    assert(free_one < AWS_WORLD_FLYING);
    world->started++;
    if (flying + 1 > world->most)
        world->most = flying + 1;
    world->flying[free_one].id = *id = ++world->last_id;
    world->flying[free_one].due = world->now + (world->latency != 0 ? world->latency : 20);
    world->flying[free_one].done = done;
    world->flying[free_one].context = context;
    world->flying[free_one].method = copy(request->method);
    world->flying[free_one].url = copy(request->url);
    world->flying[free_one].head = head_of(request);
    world->flying[free_one].body = request->body;
    return LW_ERR_OK;
}

static void forget(struct aws_world *world, size_t i)
{
    world->flying[i].id = 0;
    OPENSSL_free(world->flying[i].method);
    OPENSSL_free(world->flying[i].url);
    OPENSSL_free(world->flying[i].head);
}

static void cancel(void *self, uint64_t id)
{
    struct aws_world *world = self;

    for (size_t i = 0; i < AWS_WORLD_FLYING; i++) {
        if (world->flying[i].id == id)
            forget(world, i);
    }
}

static lw_time now_of(void *self)
{
    return (lw_time){((struct aws_world *)self)->now};
}

static lw_span ticks_of(void *self)
{
    return (lw_span){((struct aws_world *)self)->now};
}

static void note(void *self, enum lw_note level, const char *text)
{
    struct aws_world *world = self;
    size_t n = strlen(world->notes);

    (void)level;
    snprintf(world->notes + n, sizeof(world->notes) - n, "%s\n", text);
}

static void wake(void *self)
{
    ((struct aws_world *)self)->woken = true;
}

void aws_world_open(struct aws_world *world, int64_t now)
{
    *world = (struct aws_world){.aws = aws_double_open(), .now = now};
    world->http = (struct lw_http){.self = world, .start = start, .cancel = cancel};
    world->world = (struct lw_world){.self = world, .now = now_of, .ticks = ticks_of, .note = note};
}

void aws_world_close(struct aws_world *world)
{
    for (size_t i = 0; i < AWS_WORLD_FLYING; i++)
        assert(world->flying[i].id == 0);
    aws_double_close(world->aws);
}

struct lw_source_calls aws_world_calls(struct aws_world *world)
{
    return (struct lw_source_calls){.http = &world->http, .world = &world->world, .wake = wake, .self = world};
}

const char *aws_world_env(void *self, const char *name)
{
    struct aws_world *world = self;
    size_t n = strlen(name);

    for (size_t i = 0; world->env != NULL && world->env[i] != NULL; i++) {
        if (strncmp(world->env[i], name, n) == 0 && world->env[i][n] == '=')
            return world->env[i] + n + 1;
    }
    return NULL;
}

int64_t aws_world_next(const struct aws_world *world)
{
    int64_t next = INT64_MAX;

    for (size_t i = 0; i < AWS_WORLD_FLYING; i++) {
        if (world->flying[i].id != 0 && world->flying[i].due < next)
            next = world->flying[i].due;
    }
    return next;
}

static void answer(struct aws_world *world, size_t i)
{
    struct aws_double_answer answered = {.status = 0};
    struct lw_http_header headers[4];
    struct lw_http_reply reply = {.outcome = world->down, .headers = headers};
    lw_http_done *done = world->flying[i].done;
    void *context = world->flying[i].context;
    char *body = copy(world->flying[i].body);
    const char *path = strchr(strstr(world->flying[i].url, "://") + 3, '/');
    struct aws_seen seen = {.method = world->flying[i].method,
                            .path = path,
                            .query = "",
                            .head = world->flying[i].head,
                            .body = body,
                            .body_n = world->flying[i].body.len};
    char *date = NULL;

    if (world->down == LW_HTTP_REPLIED) {
        world->aws->now = world->now + world->ahead;
        aws_double_answer(world->aws, &seen, &answered);
        reply.status = answered.status;
        reply.body = (struct lw_str){answered.body, answered.body_n};
        date = OPENSSL_strdup(answered.headers + strlen("Date: "));
        date[strcspn(date, "\r\n")] = '\0';
        headers[reply.headers_n++] = (struct lw_http_header){LW_STR("date"), lw_str_from(date)};
    } else {
        snprintf(reply.detail, sizeof(reply.detail), "connection refused");
    }
    forget(world, i);
    done(context, &reply);
    OPENSSL_free(answered.body);
    OPENSSL_free(body);
    OPENSSL_free(date);
}

void aws_world_to(struct aws_world *world, int64_t now)
{
    int64_t next;

    while ((next = aws_world_next(world)) <= now) {
        world->now = next > world->now ? next : world->now;
        for (size_t i = 0; i < AWS_WORLD_FLYING; i++) {
            if (world->flying[i].id != 0 && world->flying[i].due <= world->now) {
                answer(world, i);
                break;
            }
        }
    }
    world->now = now > world->now ? now : world->now;
}
