#include "tests/kit/kit.h"

#include "engine/source/aws/sigv4.h"
#include "tests/kit/alloc.h"

#include <stdio.h>
#include <stdlib.h>

#define HEADERS 16

/* A request of the vectors: a request line, headers of which one may go on in lines that begin with a blank, an empty line,
   the body. */
struct read {
    struct lw_sigv4_request request;
    struct lw_http_header headers[HEADERS];
};

static struct lw_str line_of(struct lw_str *rest)
{
    const char *end = rest->len > 0 ? memchr(rest->at, '\n', rest->len) : NULL;
    struct lw_str line = {rest->at, end != NULL ? (size_t)(end - rest->at) : rest->len};

    rest->at += line.len + (end != NULL);
    rest->len -= line.len + (end != NULL);
    return line;
}

static void read_request(struct read *read, struct lw_str text)
{
    struct lw_str line = line_of(&text);
    const char *blank = memchr(line.at, ' ', line.len), *query;
    struct lw_str target;

    *read = (struct read){.request = {.region = LW_STR("us-east-1"), .service = LW_STR("service")}};
    CU_ASSERT(lw_sigv4_date((lw_time){1440938160000}, read->request.date));
    read->request.method = (struct lw_str){line.at, (size_t)(blank - line.at)};
    target = (struct lw_str){blank + 1, line.len - read->request.method.len - 1 - strlen(" HTTP/1.1")};
    query = memchr(target.at, '?', target.len);
    read->request.path = (struct lw_str){target.at, query != NULL ? (size_t)(query - target.at) : target.len};
    if (query != NULL)
        read->request.query = (struct lw_str){query + 1, target.len - read->request.path.len - 1};
    read->request.headers = read->headers;
    while ((line = line_of(&text)).len > 0) {
        struct lw_http_header *header = &read->headers[read->request.headers_n];
        const char *colon = memchr(line.at, ':', line.len);

        if (line.at[0] == ' ') {
            header[-1].value.len += line.len + 1;
            continue;
        }
        CU_ASSERT_FATAL(colon != NULL && read->request.headers_n < HEADERS);
        header->name = (struct lw_str){line.at, (size_t)(colon - line.at)};
        header->value = (struct lw_str){colon + 1, line.len - header->name.len - 1};
        read->request.headers_n++;
    }
    read->request.body = text;
}

static void same(struct lw_buf *got, const char *folder, const char *name, const char *suffix)
{
    char path[256];
    size_t size;
    char *want;

    snprintf(path, sizeof(path), "sigv4/%s/%s.%s", folder, name, suffix);
    want = kit_data(path, &size);
    if (got->len != size || memcmp(got->at, want, size) != 0)
        printf("# %s: %.*s\n", path, (int)got->len, got->at);
    CU_ASSERT(got->len == size && memcmp(got->at, want, size) == 0);
    free(want);
    lw_buf_clear(got);
}

static void follows(const char *folder, const char *token)
{
    const char *slash = strrchr(folder, '/');
    const char *name = slash != NULL ? slash + 1 : folder;
    struct lw_buf got = {.ceiling = 1 << 16};
    struct read read;
    char path[256];
    size_t size;
    char *text;

    snprintf(path, sizeof(path), "sigv4/%s/%s.req", folder, name);
    text = kit_data(path, &size);
    read_request(&read, (struct lw_str){text, size});
    if (token != NULL)
        read.headers[read.request.headers_n++] =
            (struct lw_http_header){LW_STR("X-Amz-Security-Token"), lw_str_from(token)};
    CU_ASSERT_EQUAL(lw_sigv4_canonical(&read.request, &got, NULL), LW_ERR_OK);
    same(&got, folder, name, "creq");
    CU_ASSERT_EQUAL(lw_sigv4_to_sign(&read.request, &got, NULL), LW_ERR_OK);
    same(&got, folder, name, "sts");
    CU_ASSERT_EQUAL(lw_sigv4_authorization(&read.request, LW_STR("AKIDEXAMPLE"),
                                           LW_STR("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"), &got, NULL),
                    LW_ERR_OK);
    same(&got, folder, name, "authz");
    lw_buf_close(&got);
    free(text);
}

static void all_requests_of_the_test_suite_are_signed_as_aws_signs_them(void)
{
    static const char *const folders[] = {
        "get-header-key-duplicate",
        "get-header-value-multiline",
        "get-header-value-order",
        "get-header-value-trim",
        "get-unreserved",
        "get-utf8",
        "get-vanilla",
        "get-vanilla-empty-query-key",
        "get-vanilla-query",
        "get-vanilla-query-order-encoded",
        "get-vanilla-query-order-key",
        "get-vanilla-query-order-key-case",
        "get-vanilla-query-order-value",
        "get-vanilla-query-unreserved",
        "get-vanilla-utf8-query",
        "normalize-path/get-relative",
        "normalize-path/get-relative-relative",
        "normalize-path/get-slash",
        "normalize-path/get-slash-dot-slash",
        "normalize-path/get-slash-pointless-dot",
        "normalize-path/get-slashes",
        "normalize-path/get-space",
        "normalize-path/get-special-character",
        "post-header-key-case",
        "post-header-key-sort",
        "post-header-value-case",
        "post-sts-token/post-sts-header-after",
        "post-sts-token/post-sts-header-before",
        "post-vanilla",
        "post-vanilla-empty-query-value",
        "post-vanilla-query",
        "post-x-www-form-urlencoded",
        "post-x-www-form-urlencoded-parameters",
    };

    for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++)
        follows(folders[i], NULL);
    follows("get-vanilla-with-session-token", "6e86291e8372ff2a2260956d9b8aae1d763fbf315fa00fa31553b73ebf194267");
}

static void dates_are_written_without_separators(void)
{
    char date[LW_SIGV4_DATE];

    CU_ASSERT(lw_sigv4_date((lw_time){0}, date));
    CU_ASSERT_STRING_EQUAL(date, "19700101T000000Z");
    CU_ASSERT(lw_sigv4_date((lw_time){1560348207512}, date));
    CU_ASSERT_STRING_EQUAL(date, "20190612T140327Z");
    CU_ASSERT_FALSE(lw_sigv4_date((lw_time){LW_TIME_MAX + 1}, date));
}

static void too_many_headers_and_parameters_are_refused(void)
{
    struct lw_http_header headers[LW_SIGV4_HEADERS_MAX + 1];
    struct lw_sigv4_request request = {.method = LW_STR("GET"), .path = LW_STR("/"), .headers = headers};
    struct lw_buf out = {.ceiling = 1 << 20}, query = {.ceiling = 1 << 20};
    struct lw_fault fault = {0};

    for (size_t i = 0; i <= LW_SIGV4_HEADERS_MAX; i++)
        headers[i] = (struct lw_http_header){LW_STR("a"), LW_STR("b")};
    request.headers_n = LW_SIGV4_HEADERS_MAX;
    CU_ASSERT_EQUAL(lw_sigv4_canonical(&request, &out, &fault), LW_ERR_OK);
    request.headers_n++;
    lw_buf_clear(&out);
    CU_ASSERT_EQUAL(lw_sigv4_canonical(&request, &out, &fault), LW_ERR_LIMIT);
    CU_ASSERT_EQUAL(out.len, 0);
    request.headers_n = 0;
    for (size_t i = 0; i <= LW_SIGV4_PAIRS_MAX; i++)
        lw_buf_text(&query, "a=b&");
    request.query = lw_buf_view(&query);
    CU_ASSERT_EQUAL(lw_sigv4_canonical(&request, &out, &fault), LW_ERR_LIMIT);
    CU_ASSERT_EQUAL(out.len, 0);
    request.query.len -= 4;
    CU_ASSERT_EQUAL(lw_sigv4_canonical(&request, &out, &fault), LW_ERR_OK);
    lw_buf_close(&out);
    lw_buf_close(&query);
}

/* Buffers inside of libcrypto are out of reach here. */
static bool sign(void *self, bool failed)
{
    struct lw_http_header headers[] = {{LW_STR("Host"), LW_STR("h")}};
    struct lw_sigv4_request request = {.method = LW_STR("POST"),
                                       .path = LW_STR("/a"),
                                       .query = LW_STR("b=c&a=d"),
                                       .headers = headers,
                                       .headers_n = 1,
                                       .region = LW_STR("r"),
                                       .service = LW_STR("s")};
    struct lw_buf out = {.ceiling = 4096};
    struct lw_fault fault = {0};
    enum lw_err err;

    (void)self;
    CU_ASSERT(lw_sigv4_date((lw_time){0}, request.date));
    err = lw_sigv4_authorization(&request, LW_STR("id"), LW_STR("secret"), &out, &fault);
    CU_ASSERT(err == LW_ERR_OK || out.len == 0);
    lw_buf_close(&out);
    return failed ? err == LW_ERR_NOMEM && fault.code == LW_ERR_NOMEM : err == LW_ERR_OK;
}

static void memory_may_run_out(void)
{
    CU_ASSERT(kit_alloc_torture(sign, NULL) > 3);
}

KIT_SUITE("sigv4",
          {"all requests of the test suite are signed as AWS signs them",
           all_requests_of_the_test_suite_are_signed_as_aws_signs_them},
          {"dates are written without separators", dates_are_written_without_separators},
          {"too many headers and parameters are refused", too_many_headers_and_parameters_are_refused},
          {"memory may run out", memory_may_run_out})
