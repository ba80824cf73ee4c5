/* What libcurl hands over of a reply, kept within bounds, and what it comes to: private to http_curl*.c. */
#ifndef LEEWAY_ENGINE_BASE_HTTP_HTTP_CURL_REPLY_H
#define LEEWAY_ENGINE_BASE_HTTP_HTTP_CURL_REPLY_H

#include "engine/base/buf.h"
#include "engine/base/http/http.h"

#include <curl/curl.h>

#define LW_HTTP_CURL_HEADERS      100                /* of a reply */
#define LW_HTTP_CURL_HEADER_BYTES ((size_t)64 << 10) /* of all of them together */

/* Where in the text of the headers a name and its value lie. */
struct lw_http_curl_place {
    size_t name, name_len, value, value_len;
};

struct lw_http_curl_reply {
    struct lw_buf body, head;
    struct lw_http_curl_place places[LW_HTTP_CURL_HEADERS];
    size_t places_n;
    bool too_large; /* the reason why a callback broke the transfer off */
};

/* `body_max` bytes of body are kept at most. */
void lw_http_curl_reply_open(struct lw_http_curl_reply *reply, size_t body_max);
void lw_http_curl_reply_close(struct lw_http_curl_reply *reply);
/* From now on `easy` hands over to it. false: no memory. */
bool lw_http_curl_reply_attach(struct lw_http_curl_reply *reply, CURL *easy);
/* The transfer ended with `code`. `out` borrows from `reply` and `headers`. */
void lw_http_curl_reply_tell(const struct lw_http_curl_reply *reply, CURL *easy, CURLcode code,
                             struct lw_http_header headers[LW_HTTP_CURL_HEADERS], struct lw_http_reply *out);

#endif
