/* HTTP requests that go out, behind one struct of functions: the real one runs libcurl in the daemon's loop, tests give
   one that follows a script. */
#ifndef LEEWAY_ENGINE_BASE_HTTP_HTTP_H
#define LEEWAY_ENGINE_BASE_HTTP_HTTP_H

#include "leeway/err.h"
#include "leeway/str.h"
#include "leeway/time.h"

#include <stdbool.h>
#include <stddef.h>

#define LW_HTTP_REPLY_MAX ((size_t)64 << 10) /* of a reply's body, where the request does not say */

struct lw_http_header {
    struct lw_str name, value;
};

/* Borrowed until the request is done or cancelled, but for the body all is copied by start. A URL may hold a secret: it is
   in no log, error text or report. https always; http to a loopback address, or to a link-local one where `link_local`
   says so (the credential services of EC2 and containers). No redirects are followed. Content-Type is never added. */
struct lw_http_request {
    struct lw_str method; /* "POST" */
    struct lw_str url;
    const struct lw_http_header *headers;
    size_t headers_n;
    struct lw_str body;
    const char *ca_file;     /* NULL: the system's */
    const char *proxy;       /* NULL: none, whatever the environment says */
    lw_span connect_timeout; /* 0: 10 s */
    lw_span timeout;         /* of the whole; 0: 60 s. Slower than 1 byte a second for 30 s ends it too */
    size_t reply_max;        /* 0: LW_HTTP_REPLY_MAX */
    bool fresh_connection;   /* libcurl sends a POST again by itself when a kept connection dies: not on a fresh one */
    bool link_local;
};

enum lw_http_outcome {
    LW_HTTP_REPLIED,   /* a whole reply: look at the status */
    LW_HTTP_NETWORK,   /* name, connection, reset, time-out, a reply that was cut: it may have been received */
    LW_HTTP_TLS,       /* the peer could not be trusted; nothing was sent */
    LW_HTTP_TOO_LARGE, /* the reply is larger than allowed, or not HTTP */
    LW_HTTP_REFUSED    /* not a URL that may be asked: see the rule above */
};

struct lw_http_reply {
    enum lw_http_outcome outcome;
    int status;  /* with LW_HTTP_REPLIED */
    bool unsent; /* with LW_HTTP_NETWORK: surely nothing of the request left (no address, no connection) */
    struct lw_str body;
    const struct lw_http_header *headers; /* names lower-cased */
    size_t headers_n;
    char detail[160]; /* for people, without the URL: "certificate has expired" */
};

typedef void lw_http_done(void *context, const struct lw_http_reply *reply);

struct lw_http {
    void *self;
    /* Begins; `done` is called exactly once, later and never from within start, unless it is cancelled. */
    enum lw_err (*start)(void *self, const struct lw_http_request *request, lw_http_done *done, void *context,
                         uint64_t *id, struct lw_fault *fault);
    void (*cancel)(void *self, uint64_t id);
};

/* The value of a header of the reply, or an empty text. `name` lower-cased. */
struct lw_str lw_http_header_of(const struct lw_http_reply *reply, const char *name);

#endif
