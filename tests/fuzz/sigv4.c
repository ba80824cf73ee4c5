#include "engine/source/aws/sigv4.h"

#include <assert.h>

/* Any method, path, query, headers and body have one canonical form, and canonicalising the canonical query and path of
   plain parts changes nothing. The input is cut at NULs. */
static struct lw_str cut(const uint8_t **data, size_t *size)
{
    const uint8_t *end = *size > 0 ? memchr(*data, 0, *size) : NULL;
    struct lw_str text = {(const char *)*data, end != NULL ? (size_t)(end - *data) : *size};

    *data += text.len + (end != NULL);
    *size -= text.len + (end != NULL);
    return text;
}

static struct lw_str line(struct lw_str text, size_t number)
{
    for (;; number--) {
        const char *end = text.len > 0 ? memchr(text.at, '\n', text.len) : NULL;
        size_t n = end != NULL ? (size_t)(end - text.at) : text.len;

        if (number == 0 || end == NULL)
            return (struct lw_str){text.at, n};
        text = (struct lw_str){end + 1, text.len - n - 1};
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct lw_http_header headers[LW_SIGV4_HEADERS_MAX + 2];
    struct lw_sigv4_request request = {.region = LW_STR("r"), .service = LW_STR("s"), .headers = headers};
    struct lw_buf out = {.ceiling = 1 << 20}, again = {.ceiling = 1 << 20};

    (void)lw_sigv4_date((lw_time){(int64_t)size * 1000}, request.date);
    request.method = LW_STR("GET");
    request.path = cut(&data, &size);
    request.query = cut(&data, &size);
    request.body = cut(&data, &size);
    while (size > 0 && request.headers_n < LW_SIGV4_HEADERS_MAX + 2) {
        headers[request.headers_n].name = cut(&data, &size);
        headers[request.headers_n++].value = cut(&data, &size);
    }
    if (lw_sigv4_canonical(&request, &out, NULL) == LW_ERR_OK) {
        struct lw_str query = line(lw_buf_view(&out), 2);

        request.query = query;
        if (lw_sigv4_canonical(&request, &again, NULL) == LW_ERR_OK)
            assert(lw_str_equal(query, line(lw_buf_view(&again), 2)));
        lw_buf_clear(&out);
        assert(lw_sigv4_authorization(&request, LW_STR("id"), LW_STR("secret"), &out, NULL) != LW_ERR_STATE);
    }
    lw_buf_close(&out);
    lw_buf_close(&again);
    return 0;
}
