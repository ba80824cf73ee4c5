/* What the server answers to which request: routes, who may take them, and the documents that are read. */
#ifndef LEEWAY_ENGINE_FLOW_HTTP_ROUTES_H
#define LEEWAY_ENGINE_FLOW_HTTP_ROUTES_H

#include "engine/flow/http/access.h"
#include "engine/flow/http/head.h"
#include "engine/flow/http/server.h"

enum lw_route {
    LW_ROUTE_HEALTH,
    LW_ROUTE_READY,
    LW_ROUTE_METRICS,
    LW_ROUTE_RUNS,
    LW_ROUTE_ALERTS,
    LW_ROUTE_PUSH,
    LW_ROUTE_FIREHOSE
};

struct lw_routes {
    const struct lw_server_calls *calls;
    const struct lw_access_token *token; /* NULL: none is asked for */
    const char *const *hosts;
    size_t hosts_n;
};

/* A refusal, or 0: the request may be answered. */
struct lw_routes_verdict {
    int status;
    const char *why;
    const char *header; /* a further line of the head ("Allow: GET, HEAD\r\n"), or "" */
};

/* Everything about a request that can be known from its head. `own` and `peer`: addresses of the connection. */
struct lw_routes_verdict lw_routes_admit(const struct lw_routes *routes, const struct lw_head *head,
                                         const struct sockaddr *own, const struct sockaddr *peer, enum lw_route *route);
bool lw_routes_is_push(enum lw_route route);
/* The document of a route that is read. Returns the status; *type is its media type. */
int lw_routes_read(const struct lw_routes *routes, const struct lw_server *server, enum lw_route route,
                   const struct lw_head *head, struct lw_buf *body, const char **type);
/* {"error": ...} */
void lw_routes_error(const char *why, struct lw_buf *body);

#endif
