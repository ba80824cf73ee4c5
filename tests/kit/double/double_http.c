#define _GNU_SOURCE

#include "tests/kit/double/double_http.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <event2/bufferevent.h>
#include <event2/bufferevent_ssl.h>
#include <event2/listener.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#define HEAD_MAX ((size_t)64 << 10)
#define BODY_MAX ((size_t)64 << 20)
#define TICK_MS  20 /* of a reply that trickles */

struct connection {
    struct double_http *http;
    struct connection *next, **place; /* in the list of all */
    struct bufferevent *buffer;
    struct event *timer;
    char *head; /* NULL: it is still to come */
    char *method, *target;
    size_t body_n;
    struct evbuffer *pending; /* of a reply that is delayed or trickles */
    long cut;
    int trickle;
    bool closing, aborting, busy;
};

struct double_http {
    struct event_base *base;
    struct evconnlistener *listener;
    struct event *again;
    SSL_CTX *tls;
    const struct double_calls *calls;
    void *self;
    int port;
    unsigned long connections;
    struct connection *all;
};

static void drop(struct connection *connection, bool reset)
{
    const struct linger at_once = {.l_onoff = 1, .l_linger = 0};

    if (reset)
        setsockopt(bufferevent_getfd(connection->buffer), SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
    *connection->place = connection->next;
    if (connection->next != NULL)
        connection->next->place = connection->place;
    event_free(connection->timer);
    if (connection->pending != NULL)
        evbuffer_free(connection->pending);
    bufferevent_free(connection->buffer);
    free(connection->head);
    free(connection);
}

bool double_http_header(const struct double_request *request, const char *name, char *out, size_t n)
{
    size_t name_n = strlen(name);

    for (const char *line = request->head; line != NULL; line = strchr(line, '\n')) {
        const char *value, *end;

        line += *line == '\n';
        if (strncasecmp(line, name, name_n) != 0 || line[name_n] != ':')
            continue;
        value = line + name_n + 1;
        value += strspn(value, " \t");
        end = value + strcspn(value, "\r\n");
        while (end > value && (end[-1] == ' ' || end[-1] == '\t'))
            end--;
        snprintf(out, n, "%.*s", (int)(end - value), value);
        return true;
    }
    return false;
}

static int digit(char c)
{
    return isdigit((unsigned char)c) ? c - '0' : isxdigit((unsigned char)c) ? tolower((unsigned char)c) - 'a' + 10 : 0;
}

bool double_http_parameter(const struct double_request *request, const char *name, char *out, size_t n)
{
    const char *at = strchr(request->target, '?');
    size_t name_n = strlen(name), used = 0;

    for (; at != NULL; at = strchr(at, '&')) {
        at++;
        if (strncmp(at, name, name_n) == 0 && at[name_n] == '=')
            break;
    }
    if (at == NULL)
        return false;
    for (at += name_n + 1; *at != '\0' && *at != '&' && used + 1 < n; at++) {
        if (*at == '%' && at[1] != '\0' && at[2] != '\0') {
            out[used++] = (char)(digit(at[1]) * 16 + digit(at[2]));
            at += 2;
        } else {
            out[used++] = *at == '+' ? ' ' : *at;
        }
    }
    out[used] = '\0';
    return true;
}

static void serve(struct connection *connection);

static void sent(struct connection *connection)
{
    connection->busy = false;
    if (connection->closing)
        drop(connection, connection->aborting);
    else
        serve(connection);
}

static void on_written(struct bufferevent *buffer, void *self)
{
    struct connection *connection = self;

    if (connection->busy && connection->pending == NULL && evbuffer_get_length(bufferevent_get_output(buffer)) == 0)
        sent(connection);
}

/* Hands on what is due of the reply; the rest comes with the next tick. */
static void send_some(struct connection *connection)
{
    const struct timeval tick = {.tv_usec = TICK_MS * 1000};
    size_t left = evbuffer_get_length(connection->pending);
    size_t step = connection->trickle > 0 ? (size_t)connection->trickle * TICK_MS / 1000 + 1 : left;

    evbuffer_remove_buffer(connection->pending, bufferevent_get_output(connection->buffer), step);
    if (evbuffer_get_length(connection->pending) > 0) {
        event_add(connection->timer, &tick);
        return;
    }
    evbuffer_free(connection->pending);
    connection->pending = NULL;
    if (left == 0)
        sent(connection);
}

static void on_timer(evutil_socket_t socket, short what, void *self)
{
    (void)socket, (void)what;
    send_some(self);
}

static void send_reply(struct connection *connection, struct double_reply *reply)
{
    const struct timeval delay = {.tv_sec = reply->delay_ms / 1000, .tv_usec = reply->delay_ms % 1000 * 1000};
    size_t n = evbuffer_get_length(reply->body);
    struct evbuffer *whole = evbuffer_new(), *part;

    if (reply->shorten >= 0 && (size_t)reply->shorten < n)
        n = (size_t)reply->shorten;
    evbuffer_add_printf(whole, "HTTP/1.1 %d %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\n%s\r\n", reply->status,
                        reply->status < 300 ? "OK" : "Trouble", reply->type, n, reply->headers);
    evbuffer_remove_buffer(reply->body, whole, n);
    evbuffer_free(reply->body);
    if (reply->cut >= 0) {
        part = evbuffer_new();
        evbuffer_remove_buffer(whole, part, (size_t)reply->cut);
        evbuffer_free(whole);
        whole = part;
        connection->closing = true;
        connection->aborting = reply->abort;
    }
    connection->pending = whole;
    connection->trickle = reply->trickle;
    connection->busy = true;
    if (reply->delay_ms > 0)
        event_add(connection->timer, &delay);
    else
        send_some(connection);
}

static struct double_request request_of(const struct connection *connection, const char *body, size_t body_n)
{
    return (struct double_request){.method = connection->method,
                                   .target = connection->target,
                                   .head =
                                       connection->head + strlen(connection->method) + strlen(connection->target) + 2,
                                   .body = body,
                                   .body_n = body_n,
                                   .tls = connection->http->tls != NULL};
}

/* Takes the head apart in place: "METHOD TARGET HTTP/1.1\r\n...". false: it is none. */
static bool read_head(struct connection *connection, struct evbuffer *input)
{
    struct evbuffer_ptr end = evbuffer_search(input, "\r\n\r\n", 4, NULL);
    char length[32], expect[32];
    struct double_request request;
    char *blank;
    size_t n;

    if (end.pos < 0)
        return evbuffer_get_length(input) <= HEAD_MAX;
    n = (size_t)end.pos + 4;
    connection->head = malloc(n + 1);
    evbuffer_remove(input, connection->head, n);
    connection->head[n] = '\0';
    connection->method = connection->head;
    blank = strchr(connection->head, ' ');
    if (blank == NULL)
        return false;
    *blank = '\0';
    connection->target = blank + 1;
    blank = strchr(connection->target, ' ');
    if (blank == NULL)
        return false;
    *blank = '\0';
    request = request_of(connection, "", 0);
    connection->body_n =
        double_http_header(&request, "Content-Length", length, sizeof(length)) ? (size_t)strtoull(length, NULL, 10) : 0;
    if (connection->body_n > BODY_MAX || double_http_header(&request, "Transfer-Encoding", length, sizeof(length)))
        return false;
    if (connection->http->calls->head != NULL && connection->http->calls->head(connection->http->self, &request))
        return false;
    if (double_http_header(&request, "Expect", expect, sizeof(expect)))
        bufferevent_write(connection->buffer, "HTTP/1.1 100 Continue\r\n\r\n", 25);
    return true;
}

static void serve(struct connection *connection)
{
    struct evbuffer *input = bufferevent_get_input(connection->buffer);
    struct double_reply reply = {.status = 200, .type = "application/json", .cut = -1, .shorten = -1};
    struct double_request request;
    const char *body;

    if (connection->busy)
        return;
    if (connection->head == NULL && !read_head(connection, input)) {
        drop(connection, true);
        return;
    }
    bufferevent_setwatermark(connection->buffer, EV_READ, connection->head != NULL ? connection->body_n : 0, 0);
    if (connection->head == NULL || evbuffer_get_length(input) < connection->body_n)
        return;
    body = connection->body_n > 0 ? (const char *)evbuffer_pullup(input, (ev_ssize_t)connection->body_n) : "";
    request = request_of(connection, body, connection->body_n);
    reply.body = evbuffer_new();
    connection->http->calls->request(connection->http->self, &request, &reply);
    evbuffer_drain(input, connection->body_n);
    free(connection->head);
    connection->head = NULL;
    bufferevent_setwatermark(connection->buffer, EV_READ, 0, 0);
    if (reply.reset) {
        evbuffer_free(reply.body);
        drop(connection, true);
        return;
    }
    send_reply(connection, &reply);
}

static void on_read(struct bufferevent *buffer, void *self)
{
    (void)buffer;
    serve(self);
}

static void on_event(struct bufferevent *buffer, short what, void *self)
{
    (void)buffer;
    if (what & (BEV_EVENT_EOF | BEV_EVENT_ERROR | BEV_EVENT_TIMEOUT))
        drop(self, false);
}

static void on_accept(struct evconnlistener *listener, evutil_socket_t socket, struct sockaddr *from, int from_n,
                      void *self)
{
    struct double_http *http = self;
    struct connection *connection = calloc(1, sizeof(*connection));
    const int on = 1;

    (void)listener, (void)from, (void)from_n;
    setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    http->connections++;
    connection->http = http;
    if (http->tls != NULL)
        connection->buffer = bufferevent_openssl_socket_new(http->base, socket, SSL_new(http->tls),
                                                            BUFFEREVENT_SSL_ACCEPTING, BEV_OPT_CLOSE_ON_FREE);
    else
        connection->buffer = bufferevent_socket_new(http->base, socket, BEV_OPT_CLOSE_ON_FREE);
    connection->timer = evtimer_new(http->base, on_timer, connection);
    connection->place = &http->all;
    connection->next = http->all;
    if (http->all != NULL)
        http->all->place = &connection->next;
    http->all = connection;
    bufferevent_set_max_single_read(connection->buffer, (size_t)1 << 20);
    bufferevent_setcb(connection->buffer, on_read, on_written, on_event, connection);
    bufferevent_enable(connection->buffer, EV_READ | EV_WRITE);
}

static bool listen_on(struct double_http *http)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)http->port)};
    socklen_t n = sizeof(address);

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    http->listener = evconnlistener_new_bind(http->base, on_accept, http,
                                             LEV_OPT_CLOSE_ON_FREE | LEV_OPT_REUSEABLE | LEV_OPT_CLOSE_ON_EXEC, 512,
                                             (struct sockaddr *)&address, sizeof(address));
    if (http->listener == NULL ||
        getsockname(evconnlistener_get_fd(http->listener), (struct sockaddr *)&address, &n) != 0)
        return false;
    http->port = ntohs(address.sin_port);
    return true;
}

static void on_again(evutil_socket_t socket, short what, void *self)
{
    struct double_http *http = self;
    const struct timeval soon = {.tv_usec = 50000};

    (void)socket, (void)what;
    if (!listen_on(http))
        event_add(http->again, &soon);
}

struct double_http *double_http_open(struct event_base *base, int port, SSL_CTX *tls, const struct double_calls *calls,
                                     void *self)
{
    struct double_http *http = calloc(1, sizeof(*http));

    *http = (struct double_http){.base = base, .tls = tls, .calls = calls, .self = self, .port = port};
    http->again = evtimer_new(base, on_again, http);
    if (listen_on(http))
        return http;
    free(http);
    return NULL;
}

int double_http_port(const struct double_http *http)
{
    return http->port;
}

void double_http_tls(struct double_http *http, SSL_CTX *tls)
{
    http->tls = tls;
}

void double_http_refuse(struct double_http *http, int ms)
{
    const struct timeval until = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};

    if (http->listener != NULL)
        evconnlistener_free(http->listener);
    http->listener = NULL;
    while (http->all != NULL)
        drop(http->all, true);
    event_add(http->again, &until);
}

unsigned long double_http_connections(const struct double_http *http)
{
    return http->connections;
}
