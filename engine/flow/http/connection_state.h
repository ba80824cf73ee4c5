/* A connection as its parts know it: private to engine/flow/http/connection*.c. */
#ifndef LEEWAY_ENGINE_FLOW_HTTP_CONNECTION_STATE_H
#define LEEWAY_ENGINE_FLOW_HTTP_CONNECTION_STATE_H

#include "engine/flow/http/chunks.h"
#include "engine/flow/http/head.h"
#include "engine/flow/http/server_state.h"

#include <event2/bufferevent.h>

#define LW_CONNECTION_PIECE ((size_t)64 << 10) /* read ahead, and handed to the source at once */

enum lw_connection_phase {
    LW_CONNECTION_HEAD,   /* a head comes, or the connection is idle */
    LW_CONNECTION_BODY,   /* of a push */
    LW_CONNECTION_ANSWER, /* it waits for what it sent to be durable */
    LW_CONNECTION_WRITE,  /* the answer goes out */
    LW_CONNECTION_LINGER  /* it is out, and the peer may still send: closing at once would destroy it on its way */
};

struct lw_connection {
    struct lw_connection *next;
    struct lw_server *server;
    struct bufferevent *bev;
    struct event *timer;
    struct sockaddr_storage own, peer;
    enum lw_connection_phase phase;
    bool begun;      /* something of the head is there */
    bool keep_alive; /* after this request */
    bool head_only;  /* HEAD */
    bool chunked;
    bool dead; /* to be freed once nobody is in its functions */
    unsigned inside;
    struct lw_chunks chunks;
    uint64_t left;  /* of a body with a length */
    uint64_t taken; /* of the body */
    lw_span since;  /* when the body began */
    struct lw_push_request *request;
    size_t lingered;
};

struct lw_connection_reply {
    int status;
    const char *type, *header; /* header: further lines, or "" */
    struct lw_str body;
    lw_span retry_after;
};

/* Calls on_time when nothing else has set it by then. */
void lw_connection_timer(struct lw_connection *connection, lw_span span);
/* Frees it, or leaves that to the outermost of its functions. */
void lw_connection_drop(struct lw_connection *connection);

/* connection_reply.c: what is sent. No cookies, no CORS, nothing to be cached or guessed. */
void lw_connection_reply_send(struct lw_connection *connection, const struct lw_connection_reply *reply);
/* The connection ends behind it. `why` is one sentence; `header` as above. */
void lw_connection_reply_error(struct lw_connection *connection, int status, const char *why, const char *header);
void lw_connection_reply_document(struct lw_connection *connection, enum lw_route route, const struct lw_head *head);

#endif
