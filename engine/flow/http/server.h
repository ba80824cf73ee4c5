/* The HTTP server of the daemon: health, metrics, lists, and what is pushed in. Off unless configured; as small as it can
   be: HTTP/1.1 with limits on everything. It runs in the loop of the daemon. */
#ifndef LEEWAY_ENGINE_FLOW_HTTP_SERVER_H
#define LEEWAY_ENGINE_FLOW_HTTP_SERVER_H

#include "engine/base/buf.h"
#include "engine/base/world.h"
#include "engine/flow/service/metrics.h"
#include "engine/source/push/push.h"

struct event_base;
struct lw_server;

/* A limit that is 0 has the value that stands behind it. */
struct lw_server_options {
    const char *listen;            /* "127.0.0.1:8321", "[::1]:8321"; port 0: any that is free */
    const char *token_file;        /* bearer token; NULL: none is asked for (only on loopback) */
    const char *certificate, *key; /* PEM; both or none */
    const char *const *hosts;      /* names that Host may have beside the address and localhost */
    size_t hosts_n;
    uint32_t connections; /* 64: further ones wait in the system's queue */
    size_t head;          /* 8 KiB: request line and headers */
    lw_span head_time;    /* 10 s: for the whole head, from its first byte or the connection */
    lw_span body_time;    /* 60 s for the body, and at least 64 KiB a second beyond */
    lw_span answer_time;  /* 150 s until a pushed batch is durable, then 503 (Firehose gives up after 180 s) */
    lw_span idle_time;    /* 30 s between requests of a connection */
};

/* Readiness, told as JSON. */
struct lw_server_ready {
    bool ready;       /* the store is open and takes turns, sources were started */
    char reason[200]; /* why not */
};

/* Functions of the loop. All return at once. */
struct lw_server_calls {
    void *self;
    /* Alive: false, with the reason, only where a restart would help (the store refuses everything). */
    bool (*alive)(void *self, char reason[200]);
    void (*ready)(void *self, struct lw_server_ready *ready);
    void (*metrics)(void *self, struct lw_metrics *metrics);
    /* One JSON document. Of the query: model, origin (empty: all), limit (1..1000). See lists.h. NULL: 404. */
    enum lw_err (*runs)(void *self, struct lw_str origin, struct lw_str model, uint32_t limit, struct lw_buf *out,
                        struct lw_fault *fault);
    enum lw_err (*alerts)(void *self, struct lw_str origin, struct lw_str model, uint32_t limit, struct lw_buf *out,
                          struct lw_fault *fault);
    void (*working)(void *self, bool working); /* around each piece of work in the loop; or NULL */
    struct lw_push *push;                      /* the source of kind "http", or NULL: the push routes are 404 then */
};

/* LW_ERR_CONFIG: the address is not one of loopback and there is no token or no TLS; the token file can be read by others
   (0600, 0640 for a group is refused too), is no file, or empty; certificate and key do not fit. LW_ERR_IO: it cannot
   listen, with the reason. `options` and texts are copied, `calls` too; world is borrowed. */
LW_MUST_USE enum lw_err lw_server_open(struct lw_server **out, struct event_base *base,
                                       const struct lw_server_options *options, const struct lw_server_calls *calls,
                                       const struct lw_world *world, struct lw_fault *fault);
/* Takes no new requests any more; answers that are owed may still go out until close. */
void lw_server_drain(struct lw_server *server);
/* Requests that are being read or answered: 0 when it may be closed without anybody noticing. */
size_t lw_server_busy(const struct lw_server *server);
void lw_server_close(struct lw_server *server);

/* The port that is listened on. */
uint16_t lw_server_port(const struct lw_server *server);
/* Fills `requests` and `connections` of the snapshot. */
void lw_server_count(const struct lw_server *server, struct lw_metrics *metrics);
/* The token that holds now, for the filter of the log; empty where there is none. */
struct lw_str lw_server_token(const struct lw_server *server);

#endif
