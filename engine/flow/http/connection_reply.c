#include "engine/flow/http/connection_state.h"

#include <event2/buffer.h>

#define ANSWER_MAX ((size_t)64 << 20) /* bytes of a document */
#define WRITE_TIME (30 * LW_SECOND)

static const char *phrase(int status)
{
    static const struct {
        int status;
        const char *text;
    } rows[] = {
        {200, "OK"},
        {400, "Bad Request"},
        {401, "Unauthorized"},
        {403, "Forbidden"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {408, "Request Timeout"},
        {411, "Length Required"},
        {413, "Content Too Large"},
        {415, "Unsupported Media Type"},
        {417, "Expectation Failed"},
        {421, "Misdirected Request"},
        {431, "Request Header Fields Too Large"},
        {500, "Internal Server Error"},
        {501, "Not Implemented"},
        {503, "Service Unavailable"},
        {505, "HTTP Version Not Supported"},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (rows[i].status == status)
            return rows[i].text;
    }
    return "";
}

void lw_connection_reply_send(struct lw_connection *connection, const struct lw_connection_reply *reply)
{
    struct evbuffer *out = bufferevent_get_output(connection->bev);
    struct lw_server *server = connection->server;
    int bad;

    connection->keep_alive = connection->keep_alive && !server->draining;
    server->requests[reply->status / 100]++;
    connection->phase = LW_CONNECTION_WRITE;
    bad = evbuffer_add_printf(out,
                              "HTTP/1.1 %d %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\n"
                              "X-Content-Type-Options: nosniff\r\nContent-Security-Policy: default-src 'none'\r\n"
                              "Cache-Control: no-store\r\n%s%s",
                              reply->status, phrase(reply->status), reply->type, reply->body.len, reply->header,
                              connection->keep_alive ? "" : "Connection: close\r\n") < 0;
    if (reply->retry_after.ms > 0)
        bad |= evbuffer_add_printf(out, "Retry-After: %lld\r\n", (long long)(reply->retry_after.ms + 999) / 1000) < 0;
    bad |= evbuffer_add(out, "\r\n", 2) != 0;
    if (!connection->head_only && reply->body.len > 0)
        bad |= evbuffer_add(out, reply->body.at, reply->body.len) != 0;
    lw_connection_timer(connection, (lw_span){WRITE_TIME});
    if (bad)
        lw_connection_drop(connection);
}

void lw_connection_reply_error(struct lw_connection *connection, int status, const char *why, const char *header)
{
    struct lw_buf body = {.ceiling = LW_CONNECTION_PIECE};
    struct lw_connection_reply reply = {.status = status, .type = "application/json", .header = header};

    connection->keep_alive = false;
    lw_routes_error(why, &body);
    reply.body = lw_buf_view(&body);
    lw_connection_reply_send(connection, &reply);
    lw_buf_close(&body);
}

void lw_connection_reply_document(struct lw_connection *connection, enum lw_route route, const struct lw_head *head)
{
    struct lw_server *server = connection->server;
    struct lw_buf body = {.ceiling = ANSWER_MAX};
    struct lw_connection_reply reply = {.header = ""};

    reply.status = lw_routes_read(&server->routes, server, route, head, &body, &reply.type);
    if (body.error != LW_ERR_OK) {
        lw_connection_reply_error(connection, 500, "the answer is too large, or there is no memory for it", "");
    } else {
        reply.body = lw_buf_view(&body);
        lw_connection_reply_send(connection, &reply);
    }
    lw_buf_close(&body);
}
