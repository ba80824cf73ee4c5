/* What the parts of the HTTP server share: its own state, and that of a connection. */
#ifndef LEEWAY_ENGINE_FLOW_HTTP_SERVER_STATE_H
#define LEEWAY_ENGINE_FLOW_HTTP_SERVER_STATE_H

#include "engine/flow/http/access.h"
#include "engine/flow/http/routes.h"
#include "engine/flow/http/server.h"

#include <event2/event.h>
#include <event2/listener.h>
#include <openssl/types.h>

struct lw_connection;

struct lw_server {
    struct lw_server_options options;
    struct lw_server_calls calls;
    const struct lw_world *world;
    struct event_base *base;
    struct evconnlistener *listener;
    struct event *resume;
    SSL_CTX *tls;
    struct lw_access_token token;
    struct lw_routes routes;
    struct lw_connection *connections;
    uint32_t connections_n;
    uint64_t requests[6];
    bool draining;
    char **texts; /* copies of what the options point to */
    size_t texts_n;
};

/* Makes a connection of an accepted socket, which it owns from then on; without memory it is closed. */
void lw_connection_open(struct lw_server *server, evutil_socket_t fd, const struct sockaddr *peer, size_t length);
/* Cuts those off that wait for a request. */
void lw_connection_drain(struct lw_server *server);
/* Requests that are being read or answered. */
size_t lw_connection_busy(const struct lw_server *server);
void lw_connection_close_all(struct lw_server *server);
/* There is room again, or the pause is over: accepts on. */
void lw_server_resume(struct lw_server *server);
void lw_server_note(const struct lw_server *server, enum lw_note level, const char *text);

#endif
