#include "engine/source/aws/api.h"

#include "engine/base/fault.h"
#include "engine/base/json/json_in.h"
#include "engine/base/time_text.h"
#include "engine/source/aws/credentials/sts.h"
#include "engine/source/aws/sigv4.h"

#include <stdio.h>

static bool ends_with(struct lw_str text, const char *end)
{
    size_t n = strlen(end);

    return text.len >= n && memcmp(text.at + text.len - n, end, n) == 0;
}

static bool begins_with(struct lw_str text, const char *start)
{
    size_t n = strlen(start);

    return text.len >= n && memcmp(text.at, start, n) == 0;
}

/* Splits "scheme://authority/path?query"; the authority as a client writes it into Host: without the scheme's own port. */
static bool split_url(struct lw_str url, struct lw_str *host, struct lw_str *path, struct lw_str *query)
{
    bool tls = begins_with(url, "https://");
    size_t at = tls ? 8 : 7, n = 0;
    const char *mark;

    if (!tls && !begins_with(url, "http://"))
        return false;
    while (at + n < url.len && url.at[at + n] != '/' && url.at[at + n] != '?')
        n++;
    *host = (struct lw_str){url.at + at, n};
    if (ends_with(*host, tls ? ":443" : ":80"))
        host->len -= tls ? 4 : 3;
    *path = (struct lw_str){url.at + at + n, url.len - at - n};
    *query = (struct lw_str){NULL, 0};
    mark = path->len > 0 ? memchr(path->at, '?', path->len) : NULL;
    if (mark != NULL) {
        *query = (struct lw_str){mark + 1, path->len - (size_t)(mark - path->at) - 1};
        path->len = (size_t)(mark - path->at);
    }
    return host->len > 0;
}

#define HEADERS 6

struct headers {
    struct lw_http_header list[HEADERS];
    size_t n;
};

static void add(struct headers *headers, const char *name, const char *value)
{
    headers->list[headers->n++] = (struct lw_http_header){lw_str_from(name), lw_str_from(value)};
}

/* Host is signed with the rest, but it is the client that sends it. The list for sending is the one for signing without
   its first. */
static enum lw_err sign(const struct lw_api_call *call, lw_time now, struct headers *headers,
                        struct lw_sigv4_request *request, struct lw_buf *authorization, struct lw_fault *fault)
{
    struct lw_str host;
    enum lw_err err;

    *request = (struct lw_sigv4_request){
        .method = LW_STR("POST"), .body = call->body, .region = call->region, .service = lw_str_from(call->service)};
    if (!split_url(call->url, &host, &request->path, &request->query))
        return lw_fault_set(fault, LW_ERR_USAGE, "the endpoint of AWS is no URL of http or https");
    if (!lw_sigv4_date(now, request->date))
        return lw_fault_set(fault, LW_ERR_RANGE, "the clock is outside of the years that can be written");
    headers->list[headers->n++] = (struct lw_http_header){LW_STR("Host"), host};
    add(headers, "Content-Type", call->content_type);
    if (call->target != NULL)
        add(headers, "X-Amz-Target", call->target);
    if (call->keys == NULL)
        return LW_ERR_OK;
    add(headers, "X-Amz-Date", request->date);
    if (call->keys->token[0] != '\0')
        add(headers, "X-Amz-Security-Token", call->keys->token);
    request->headers = headers->list;
    request->headers_n = headers->n;
    err = lw_sigv4_authorization(request, lw_str_from(call->keys->id), lw_str_from(call->keys->secret), authorization,
                                 fault);
    if (err == LW_ERR_OK)
        headers->list[headers->n++] = (struct lw_http_header){LW_STR("Authorization"), lw_buf_view(authorization)};
    return err;
}

enum lw_err lw_api_start(const struct lw_http *http, const struct lw_api_call *call, lw_time now, lw_http_done *done,
                         void *context, uint64_t *id, struct lw_fault *fault)
{
    struct lw_buf authorization = {.ceiling = 1024};
    struct headers headers = {.n = 0};
    struct lw_sigv4_request signing;
    enum lw_err err = sign(call, now, &headers, &signing, &authorization, fault);
    struct lw_http_request request = {
        .method = LW_STR("POST"),
        .url = call->url,
        .headers = headers.list + 1,
        .headers_n = headers.n > 0 ? headers.n - 1 : 0,
        .body = call->body,
        .ca_file = call->ca_file,
        .timeout = call->timeout,
        .reply_max = call->reply_max,
    };

    if (err == LW_ERR_OK)
        err = http->start(http->self, &request, done, context, id, fault);
    lw_buf_close(&authorization);
    return err;
}

bool lw_api_url(const char *endpoint, const char *host, struct lw_str region, char url[LW_API_URL_MAX])
{
    int n;

    if (endpoint != NULL && endpoint[0] != '\0') {
        const char *slash = endpoint[strlen(endpoint) - 1] == '/' ? "" : "/";

        n = snprintf(url, LW_API_URL_MAX, "%s%s", endpoint, slash);
    } else {
        n = snprintf(url, LW_API_URL_MAX, "https://%s.%.*s.amazonaws.com%s/", host, (int)region.len, region.at,
                     begins_with(region, "cn-") ? ".cn" : "");
    }
    return n > 0 && n < (int)LW_API_URL_MAX;
}

static bool one_of(const char *code, const char *const *list, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (strcmp(code, list[i]) == 0)
            return true;
    }
    return false;
}

#define ONE_OF(code, list) one_of(code, list, sizeof(list) / sizeof((list)[0]))

/* The codes of botocore's standard retry mode, and what the services of this program say of rights, clocks and keys. */
static enum lw_api_verdict verdict_of_code(const char *code, const char *message)
{
    static const char *const throttles[] = {
        "Throttling",
        "ThrottlingException",
        "ThrottledException",
        "RequestThrottledException",
        "TooManyRequestsException",
        "ProvisionedThroughputExceededException",
        "TransactionInProgressException",
        "RequestLimitExceeded",
        "BandwidthLimitExceeded",
        "LimitExceededException",
        "LimitExceeded",
        "RequestThrottled",
        "SlowDown",
        "PriorRequestNotComplete",
        "EC2ThrottledException",
    };
    static const char *const skews[] = {"RequestTimeTooSkewed", "RequestExpired", "RequestInTheFuture"};
    static const char *const signatures[] = {"InvalidSignatureException", "SignatureDoesNotMatch", "AuthFailure"};
    static const char *const expired[] = {
        "ExpiredToken",         "ExpiredTokenException", "TokenRefreshRequired", "UnrecognizedClientException",
        "InvalidClientTokenId", "InvalidAccessKeyId",    "InvalidToken",         "MissingAuthenticationToken",
        "IDPCommunicationError"};
    static const char *const denied[] = {"AccessDenied",  "AccessDeniedException", "UnauthorizedOperation",
                                         "NotAuthorized", "OptInRequired",         "AuthorizationError"};
    static const char *const missing[] = {"ResourceNotFound", "ResourceNotFoundException"};

    if (ONE_OF(code, throttles))
        return LW_API_THROTTLED;
    if (ONE_OF(code, skews))
        return LW_API_SKEWED;
    /* "Signature expired: 20260101T000000Z is now earlier than ...", "Signature not yet current: ..." */
    if (ONE_OF(code, signatures))
        return strstr(message, "xpired") != NULL || strstr(message, "not yet current") != NULL ? LW_API_SKEWED
                                                                                               : LW_API_DENIED;
    if (ONE_OF(code, expired))
        return LW_API_EXPIRED;
    if (ONE_OF(code, denied))
        return LW_API_DENIED;
    /* SageMaker says of a job that is gone: ValidationException, "Requested resource not found." */
    if (ONE_OF(code, missing) || (strcmp(code, "ValidationException") == 0 && strstr(message, "not found") != NULL))
        return LW_API_MISSING;
    return LW_API_BAD;
}

/* What the other side says goes into logs: printable, and cut. */
static void take_text(char *out, size_t room, struct lw_str text)
{
    size_t n = text.len < room - 1 ? text.len : room - 1;

    for (size_t i = 0; i < n; i++)
        out[i] = (char)((unsigned char)text.at[i] < ' ' || text.at[i] == 127 ? ' ' : text.at[i]);
    out[n] = '\0';
}

/* "com.amazon.coral.service#ThrottlingException:http://..." -> "ThrottlingException" */
static struct lw_str bare_code(struct lw_str code)
{
    const char *colon = code.len > 0 ? memchr(code.at, ':', code.len) : NULL;

    if (colon != NULL)
        code.len = (size_t)(colon - code.at);
    for (size_t i = code.len; i > 0; i--) {
        if (code.at[i - 1] == '#')
            return (struct lw_str){code.at + i, code.len - i};
    }
    return code;
}

static void read_json_error(const struct lw_http_reply *reply, struct lw_api_answer *answer)
{
    struct lw_arena arena = {.ceiling = (size_t)8 << 20};
    struct lw_str header = lw_http_header_of(reply, "x-amzn-query-error");
    const char *semicolon = header.len > 0 ? memchr(header.at, ';', header.len) : NULL;
    struct lw_json_in in;
    struct lw_str code = {0}, message = {0};

    if (lw_json_in_read(&in, reply->body, &arena, NULL) == LW_ERR_OK) {
        code = lw_json_in_str(&in, in.nodes, "__type");
        if (code.len == 0)
            code = lw_json_in_str(&in, in.nodes, "code");
        message = lw_json_in_str(&in, in.nodes, "message");
        if (message.len == 0)
            message = lw_json_in_str(&in, in.nodes, "Message");
    }
    if (code.len == 0)
        code = lw_http_header_of(reply, "x-amzn-errortype");
    if (code.len == 0 && semicolon != NULL)
        code = (struct lw_str){header.at, (size_t)(semicolon - header.at)};
    take_text(answer->code, sizeof(answer->code), bare_code(code));
    take_text(answer->message, sizeof(answer->message), message);
    lw_arena_close(&arena);
}

static void judge_status(const struct lw_http_reply *reply, bool xml, struct lw_api_answer *answer)
{
    answer->verdict = LW_API_GOOD;
    answer->has_theirs = lw_api_http_date(lw_http_header_of(reply, "date"), &answer->theirs);
    if (reply->status == 200)
        return;
    if (xml)
        lw_sts_code(reply->body, answer->code);
    else
        read_json_error(reply, answer);
    answer->verdict = verdict_of_code(answer->code, answer->message);
    if (answer->verdict == LW_API_BAD && reply->status == 429)
        answer->verdict = LW_API_THROTTLED;
    if (answer->verdict == LW_API_BAD && (reply->status >= 500 || reply->status == 408))
        answer->verdict = LW_API_WAIT;
    if (answer->code[0] == '\0')
        snprintf(answer->code, sizeof(answer->code), "HTTP %d", reply->status);
}

void lw_api_judge(const struct lw_http_reply *reply, bool xml, struct lw_api_answer *answer)
{
    *answer = (struct lw_api_answer){.verdict = LW_API_WAIT};
    switch (reply->outcome) {
    case LW_HTTP_REPLIED:
        judge_status(reply, xml, answer);
        return;
    case LW_HTTP_NETWORK:
        snprintf(answer->code, sizeof(answer->code), "network");
        break;
    case LW_HTTP_TLS:
        snprintf(answer->code, sizeof(answer->code), "TLS");
        break;
    case LW_HTTP_TOO_LARGE:
        answer->verdict = LW_API_BAD;
        snprintf(answer->code, sizeof(answer->code), "reply too large");
        break;
    case LW_HTTP_REFUSED:
        answer->verdict = LW_API_BAD;
        snprintf(answer->code, sizeof(answer->code), "endpoint refused");
        break;
    }
    take_text(answer->message, sizeof(answer->message), lw_str_from(reply->detail));
}

/* A field of `n` digits. */
static bool digits(const char *at, size_t n, int *value)
{
    *value = 0;
    for (size_t i = 0; i < n; i++) {
        if (at[i] < '0' || at[i] > '9')
            return false;
        *value = *value * 10 + (at[i] - '0');
    }
    return true;
}

bool lw_api_http_date(struct lw_str text, lw_time *time)
{
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    char iso[40];
    int day, year, hour, minute, second;
    size_t month = 0;

    if (text.len != 29 || memcmp(text.at + 25, " GMT", 4) != 0 || text.at[3] != ',' || text.at[4] != ' ')
        return false;
    while (month < 12 && memcmp(months + 3 * month, text.at + 8, 3) != 0)
        month++;
    if (month == 12 || !digits(text.at + 5, 2, &day) || !digits(text.at + 12, 4, &year) ||
        !digits(text.at + 17, 2, &hour) || !digits(text.at + 20, 2, &minute) || !digits(text.at + 23, 2, &second))
        return false;
    snprintf(iso, sizeof(iso), "%04d-%02d-%02dT%02d:%02d:%02dZ", year, (int)month + 1, day, hour, minute, second);
    return lw_time_read(lw_str_from(iso), NULL, time);
}
