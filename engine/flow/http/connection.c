#define _GNU_SOURCE
#include "engine/base/fault.h"
#include "engine/flow/http/connection_state.h"

#include <event2/buffer.h>
#include <event2/bufferevent_ssl.h>
#include <openssl/ssl.h>
#include <stdlib.h>

#define BODY_RATE   ((size_t)64 << 10) /* bytes a second that a body has to come at, beyond its first time */
#define LINGER_TIME (2 * LW_SECOND)    /* for a peer to read a refusal while it still sends */
#define LINGER_MAX  ((size_t)1 << 20)

static lw_span ticks(const struct lw_server *server)
{
    return server->world->ticks(server->world->self);
}

/* Connections: made, timed, freed. */
void lw_connection_timer(struct lw_connection *connection, lw_span span)
{
    struct timeval tv = {.tv_sec = span.ms / 1000, .tv_usec = span.ms % 1000 * 1000};

    (void)event_add(connection->timer, &tv);
}

static void free_connection(struct lw_connection *connection)
{
    struct lw_server *server = connection->server;
    struct lw_connection **at = &server->connections;

    while (*at != connection)
        at = &(*at)->next;
    *at = connection->next;
    server->connections_n--;
    if (connection->request != NULL)
        lw_push_cancel(server->calls.push, connection->request);
    if (connection->timer != NULL)
        event_free(connection->timer);
    if (connection->bev != NULL)
        bufferevent_free(connection->bev);
    free(connection);
    lw_server_resume(server);
}

void lw_connection_drop(struct lw_connection *connection)
{
    if (connection->phase == LW_CONNECTION_BODY || connection->phase == LW_CONNECTION_ANSWER)
        connection->server->requests[0]++;
    connection->phase = LW_CONNECTION_LINGER;
    connection->dead = true;
    if (connection->inside == 0)
        free_connection(connection);
}

static void enter(struct lw_connection *connection)
{
    connection->inside++;
}

static void leave(struct lw_connection *connection)
{
    if (--connection->inside == 0 && connection->dead)
        free_connection(connection);
}

/* What the source says of a push, at once or once it is durable. The rest of a body that was refused is not read. */
static void on_answered(void *context, const struct lw_push_answer *answer)
{
    struct lw_connection *connection = context;
    struct lw_connection_reply reply = {.status = answer->status,
                                        .type = answer->content_type,
                                        .header = "",
                                        .body = answer->body,
                                        .retry_after = answer->retry_after};

    if (connection->phase == LW_CONNECTION_BODY && (connection->left > 0 || connection->chunked))
        connection->keep_alive = false;
    connection->request = NULL;
    enter(connection);
    lw_connection_reply_send(connection, &reply);
    leave(connection);
}

/* Heads. */
static void begin_push(struct lw_connection *connection, enum lw_route route, const struct lw_head *head)
{
    struct lw_server *server = connection->server;
    char room[LW_PUSH_RUN_MAX];
    struct lw_str run = {.len = 0};

    if (lw_head_has_parameter(head->query, "run") && !lw_head_parameter(head->query, "run", room, sizeof(room), &run)) {
        lw_connection_reply_error(connection, 400,
                                  "run= has to be the name of a run, percent-encoded, of 255 bytes at most", "");
        return;
    }
    connection->phase = LW_CONNECTION_BODY;
    connection->chunked = head->chunked;
    connection->chunks = (struct lw_chunks){.left = 0};
    connection->left = head->length;
    connection->taken = 0;
    connection->since = ticks(server);
    lw_connection_timer(connection, server->options.body_time);
    lw_push_begin(server->calls.push, route == LW_ROUTE_PUSH ? LW_PUSH_METRICS : LW_PUSH_FIREHOSE,
                  head->field[LW_HEAD_FIREHOSE_ID], run, head->length, on_answered, connection, &connection->request);
    if (connection->phase == LW_CONNECTION_BODY && head->has[LW_HEAD_EXPECT] && !head->old &&
        bufferevent_write(connection->bev, "HTTP/1.1 100 Continue\r\n\r\n", 25) != 0)
        lw_connection_drop(connection);
}

static void refresh_token(struct lw_server *server)
{
    struct lw_fault fault;
    bool changed = false;

    if (server->token.text == NULL)
        return;
    if (lw_access_token_refresh(&server->token, &changed, &fault) != LW_ERR_OK)
        lw_server_note(server, LW_NOTE_WARNING, fault.text);
    else if (changed)
        lw_server_note(server, LW_NOTE_INFO, "the token of the HTTP server was read anew");
}

static void take_head(struct lw_connection *connection, struct lw_str bytes)
{
    struct lw_server *server = connection->server;
    struct lw_routes_verdict verdict = {.why = "", .header = ""};
    struct lw_head head;
    enum lw_route route = LW_ROUTE_HEALTH;

    connection->begun = false;
    connection->head_only = false;
    verdict.status = lw_head_read(bytes, &head, &verdict.why);
    if (verdict.status != 0) {
        lw_connection_reply_error(connection, verdict.status, verdict.why, "");
        return;
    }
    connection->head_only = lw_str_equal(head.method, LW_STR("HEAD"));
    connection->keep_alive = head.keep_alive;
    refresh_token(server);
    verdict = lw_routes_admit(&server->routes, &head, (const struct sockaddr *)&connection->own,
                              (const struct sockaddr *)&connection->peer, &route);
    if (verdict.status != 0)
        lw_connection_reply_error(connection, verdict.status, verdict.why, verdict.header);
    else if (lw_routes_is_push(route))
        begin_push(connection, route, &head);
    else
        lw_connection_reply_document(connection, route, &head);
}

/* true: go on, there may be more to be done with what is there. */
static bool read_head(struct lw_connection *connection, struct evbuffer *in)
{
    const struct lw_server *server = connection->server;
    size_t there = evbuffer_get_length(in);
    size_t most = there < server->options.head ? there : server->options.head;
    const char *bytes;
    size_t end;

    if (there == 0)
        return false;
    if (!connection->begun) {
        connection->begun = true;
        lw_connection_timer(connection, server->options.head_time);
    }
    bytes = (const char *)evbuffer_pullup(in, (ev_ssize_t)most);
    if (bytes == NULL) {
        lw_connection_drop(connection);
        return false;
    }
    end = lw_head_end((struct lw_str){.at = bytes, .len = most});
    if (end > 0) {
        take_head(connection, (struct lw_str){.at = bytes, .len = end});
        (void)evbuffer_drain(in, end);
        return true;
    }
    if (there >= server->options.head)
        lw_connection_reply_error(connection, 431, "the head is larger than this server reads", "");
    return false;
}

/* Bodies. */
static void end_body(struct lw_connection *connection)
{
    connection->phase = LW_CONNECTION_ANSWER;
    connection->chunked = false;
    connection->left = 0;
    lw_connection_timer(connection, connection->server->options.answer_time);
    if (connection->request != NULL && !lw_push_end(connection->server->calls.push, connection->request))
        connection->request = NULL;
}

static void give_body(struct lw_connection *connection, const char *bytes, size_t n)
{
    connection->taken += n;
    if (!lw_push_bytes(connection->server->calls.push, connection->request, bytes, n))
        connection->request = NULL;
}

static bool bad_chunk(struct lw_connection *connection)
{
    struct lw_push_request *request = connection->request;

    connection->request = NULL;
    if (request != NULL)
        lw_push_cancel(connection->server->calls.push, request);
    lw_connection_reply_error(connection, 400, "the chunks of the body are malformed", "");
    return false;
}

static bool read_chunks(struct lw_connection *connection, struct evbuffer *in)
{
    size_t there = evbuffer_get_contiguous_space(in);
    const char *bytes = (const char *)evbuffer_pullup(in, (ev_ssize_t)there);
    size_t at = 0;

    while (at < there && connection->phase == LW_CONNECTION_BODY) {
        size_t skip = 0;
        size_t n = 0;

        switch (lw_chunks_next(&connection->chunks, bytes + at, there - at, &skip, &n)) {
        case LW_CHUNKS_MORE:
            at = there;
            break;
        case LW_CHUNKS_DATA:
            give_body(connection, bytes + at + skip, n);
            at += skip + n;
            break;
        case LW_CHUNKS_END:
            at += skip;
            end_body(connection);
            break;
        case LW_CHUNKS_BAD:
            return bad_chunk(connection);
        }
    }
    (void)evbuffer_drain(in, at);
    return at > 0;
}

static bool read_body(struct lw_connection *connection, struct evbuffer *in)
{
    size_t there = evbuffer_get_contiguous_space(in);

    if (connection->chunked)
        return there > 0 && read_chunks(connection, in);
    if (there > connection->left)
        there = (size_t)connection->left;
    connection->left -= there;
    if (there > 0)
        give_body(connection, (const char *)evbuffer_pullup(in, (ev_ssize_t)there), there);
    (void)evbuffer_drain(in, there);
    if (connection->phase == LW_CONNECTION_BODY && connection->left == 0)
        end_body(connection);
    return there > 0;
}

static void linger(struct lw_connection *connection, struct evbuffer *in)
{
    connection->lingered += evbuffer_get_length(in);
    (void)evbuffer_drain(in, evbuffer_get_length(in));
    if (connection->lingered > LINGER_MAX)
        lw_connection_drop(connection);
}

/* Everything that can be done with what was read. One request at a time: what is pipelined waits in the buffer, and the
   high watermark keeps that small. */
static void process(struct lw_connection *connection)
{
    struct evbuffer *in = bufferevent_get_input(connection->bev);
    bool more = true;

    enter(connection);
    while (more && !connection->dead) {
        switch (connection->phase) {
        case LW_CONNECTION_HEAD:
            more = read_head(connection, in);
            break;
        case LW_CONNECTION_BODY:
            more = read_body(connection, in);
            break;
        case LW_CONNECTION_LINGER:
            linger(connection, in);
            more = false;
            break;
        case LW_CONNECTION_ANSWER:
        case LW_CONNECTION_WRITE:
            more = false;
            break;
        }
    }
    leave(connection);
}

/* A connection may be gone afterwards, its server is not. */
static void work(struct lw_connection *connection)
{
    const struct lw_server_calls *calls = &connection->server->calls;

    if (calls->working != NULL)
        calls->working(calls->self, true);
    process(connection);
    if (calls->working != NULL)
        calls->working(calls->self, false);
}

static void on_read(struct bufferevent *bev, void *context)
{
    struct lw_connection *connection = context;

    (void)bev;
    work(connection);
}

/* The answer is out. */
static void on_written(struct bufferevent *bev, void *context)
{
    struct lw_connection *connection = context;
    struct lw_server *server = connection->server;

    if (connection->phase != LW_CONNECTION_WRITE || evbuffer_get_length(bufferevent_get_output(bev)) > 0)
        return;
    if (connection->keep_alive) {
        connection->phase = LW_CONNECTION_HEAD;
        lw_connection_timer(connection, server->options.idle_time);
        work(connection);
        return;
    }
    /* TCP throws an answer away that the peer has not read when it sends into a closed socket. */
    connection->phase = LW_CONNECTION_LINGER;
    if (server->tls != NULL)
        (void)SSL_shutdown(bufferevent_openssl_get_ssl(bev));
    if (shutdown(bufferevent_getfd(bev), SHUT_WR) != 0) {
        lw_connection_drop(connection);
        return;
    }
    lw_connection_timer(connection, (lw_span){LINGER_TIME});
    process(connection);
}

static void on_event(struct bufferevent *bev, short what, void *context)
{
    struct lw_connection *connection = context;

    (void)bev;
    if (what & BEV_EVENT_CONNECTED)
        return;
    /* Half closed: it has said everything and still listens. */
    if ((what & BEV_EVENT_EOF) &&
        (connection->phase == LW_CONNECTION_ANSWER || connection->phase == LW_CONNECTION_WRITE))
        connection->keep_alive = false;
    else
        lw_connection_drop(connection);
}

/* A body is given its time, and more while it comes fast enough. */
static bool is_fast(const struct lw_connection *connection, lw_span *rest)
{
    const struct lw_server *server = connection->server;
    int64_t earned = (int64_t)(connection->taken * 1000 / BODY_RATE);

    rest->ms = connection->since.ms + server->options.body_time.ms + earned - ticks(server).ms;
    return rest->ms > 0;
}

static void on_time(evutil_socket_t fd, short what, void *context)
{
    struct lw_connection *connection = context;
    struct lw_push_request *request = connection->request;
    enum lw_connection_phase phase = connection->phase;
    lw_span rest;

    (void)fd;
    (void)what;
    if (phase == LW_CONNECTION_WRITE || phase == LW_CONNECTION_LINGER ||
        (phase == LW_CONNECTION_HEAD && !connection->begun)) {
        lw_connection_drop(connection);
        return;
    }
    if (phase == LW_CONNECTION_BODY && is_fast(connection, &rest)) {
        lw_connection_timer(connection, rest);
        return;
    }
    connection->request = NULL;
    if (request != NULL)
        lw_push_cancel(connection->server->calls.push, request);
    enter(connection);
    if (phase == LW_CONNECTION_ANSWER)
        lw_connection_reply_error(connection, 503, "it could not be stored in time: try again later",
                                  "Retry-After: 30\r\n");
    else
        lw_connection_reply_error(connection, 408, "the request came too slowly", "");
    leave(connection);
}

/* Made of an accepted socket. */
static bool begin_connection(struct lw_connection *connection, evutil_socket_t fd)
{
    struct lw_server *server = connection->server;
    socklen_t length = sizeof(connection->own);
    SSL *ssl;

    if (getsockname(fd, (struct sockaddr *)&connection->own, &length) != 0)
        return false;
    if (server->tls == NULL) {
        connection->bev = bufferevent_socket_new(server->base, fd, BEV_OPT_CLOSE_ON_FREE | BEV_OPT_DEFER_CALLBACKS);
    } else {
        ssl = SSL_new(server->tls);
        if (ssl == NULL)
            return false;
        connection->bev = bufferevent_openssl_socket_new(server->base, fd, ssl, BUFFEREVENT_SSL_ACCEPTING,
                                                         BEV_OPT_CLOSE_ON_FREE | BEV_OPT_DEFER_CALLBACKS);
        if (connection->bev == NULL)
            SSL_free(ssl);
    }
    if (connection->bev == NULL)
        return false;
    connection->timer = evtimer_new(server->base, on_time, connection);
    if (connection->timer == NULL)
        return false;
    bufferevent_setcb(connection->bev, on_read, on_written, on_event, connection);
    bufferevent_setwatermark(connection->bev, EV_READ, 0, LW_CONNECTION_PIECE);
    lw_connection_timer(connection, server->options.head_time);
    return bufferevent_enable(connection->bev, EV_READ | EV_WRITE) == 0;
}

void lw_connection_open(struct lw_server *server, evutil_socket_t fd, const struct sockaddr *peer, size_t length)
{
    struct lw_connection *connection = calloc(1, sizeof(*connection));

    if (connection == NULL) {
        evutil_closesocket(fd);
        return;
    }
    connection->server = server;
    memcpy(&connection->peer, peer, length < sizeof(connection->peer) ? length : sizeof(connection->peer));
    connection->next = server->connections;
    server->connections = connection;
    server->connections_n++;
    if (!begin_connection(connection, fd)) {
        if (connection->bev == NULL)
            evutil_closesocket(fd);
        free_connection(connection);
    }
}

void lw_connection_drain(struct lw_server *server)
{
    struct lw_connection *next;

    for (struct lw_connection *connection = server->connections; connection != NULL; connection = next) {
        next = connection->next;
        if (connection->phase == LW_CONNECTION_HEAD && connection->inside == 0)
            lw_connection_drop(connection);
    }
}

size_t lw_connection_busy(const struct lw_server *server)
{
    size_t n = 0;

    for (const struct lw_connection *connection = server->connections; connection != NULL;
         connection = connection->next)
        n += connection->phase != LW_CONNECTION_HEAD && connection->phase != LW_CONNECTION_LINGER;
    return n;
}

void lw_connection_close_all(struct lw_server *server)
{
    while (server->connections != NULL)
        free_connection(server->connections);
}
