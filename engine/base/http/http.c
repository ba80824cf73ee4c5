#include "engine/base/http/http.h"

struct lw_str lw_http_header_of(const struct lw_http_reply *reply, const char *name)
{
    struct lw_str wanted = lw_str_from(name);

    for (size_t i = 0; i < reply->headers_n; i++) {
        if (lw_str_equal(reply->headers[i].name, wanted))
            return reply->headers[i].value;
    }
    return (struct lw_str){0};
}
