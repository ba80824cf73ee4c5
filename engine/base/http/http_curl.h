/* HTTP requests by libcurl, in a libevent loop: the real one behind struct lw_http. */
#ifndef LEEWAY_ENGINE_BASE_HTTP_HTTP_CURL_H
#define LEEWAY_ENGINE_BASE_HTTP_HTTP_CURL_H

#include "engine/base/http/http.h"

struct event_base;
struct lw_http_curl;

/* `loop` outlives it; all calls of `done` come from its callbacks. `user_agent` ("leeway/0.1") is copied. The caller ignores
   SIGPIPE (OpenSSL writes to closed connections). Connections to a host are kept open between requests, at most 8. */
LW_MUST_USE enum lw_err lw_http_curl_open(struct lw_http_curl **out, struct event_base *loop, const char *user_agent,
                                          struct lw_fault *fault);
/* The functions of http.h on it. start fails with LW_ERR_NOMEM, or LW_ERR_USAGE for a header that has control characters or a
   method that is none; whatever is wrong with the URL comes as the outcome LW_HTTP_REFUSED. A request may be started or
   cancelled from within `done`. */
struct lw_http lw_http_curl_http(struct lw_http_curl *curl);
/* Called around each piece of work that it does in the loop, so that its time can be told. */
void lw_http_curl_on_work(struct lw_http_curl *curl, void (*call)(void *self, bool working), void *self);
/* Requests that are not done yet. */
size_t lw_http_curl_running(const struct lw_http_curl *curl);
/* Cancels all of them: their `done` is not called. Must not be called from within a `done`. */
void lw_http_curl_close(struct lw_http_curl *curl);

#endif
