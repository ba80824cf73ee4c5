#include "engine/sink/verdict.h"

#include "engine/base/json/json_in.h"
#include "engine/sink/retry_after.h"

#include <stdio.h>

/* First match counts. 2xx is looked at closer. What is in no row below 400 or above 599 is no status of HTTP. */
static const struct {
    int from, to;
    enum lw_delivery_result result;
    const char *advice;
} statuses[] = {
    {200, 299, LW_DELIVERY_RESULT_ACKNOWLEDGED, ""},
    {300, 399, LW_DELIVERY_RESULT_HELD, ": redirects are not followed, configure the final address"},
    {400, 400, LW_DELIVERY_RESULT_REFUSED, ": bad request"},
    {401, 401, LW_DELIVERY_RESULT_HELD, ": the token is not accepted"},
    {403, 403, LW_DELIVERY_RESULT_HELD, ": the token is not accepted"},
    {404, 404, LW_DELIVERY_RESULT_HELD, ": there is nothing at this address, check url and token"},
    {408, 408, LW_DELIVERY_RESULT_RETRY, ": the server waited too long"},
    {413, 413, LW_DELIVERY_RESULT_REFUSED, ": too large"},
    {422, 422, LW_DELIVERY_RESULT_REFUSED, ": not accepted in this form"},
    {425, 425, LW_DELIVERY_RESULT_RETRY, ""},
    {429, 429, LW_DELIVERY_RESULT_RETRY, ": too many requests"},
    {400, 499, LW_DELIVERY_RESULT_HELD, ": the server does not accept such requests"},
    {500, 599, LW_DELIVERY_RESULT_RETRY, ": trouble at the server"},
};

bool lw_verdict_loggly_ok(struct lw_str body)
{
    struct lw_arena arena = {.ceiling = (size_t)8 << 20};
    struct lw_json_in in;
    bool ok = lw_json_in_read(&in, body, &arena, NULL) == LW_ERR_OK && in.n > 0 &&
              in.nodes[0].kind == LW_TOKEN_OBJECT &&
              lw_str_equal(lw_json_in_str(&in, &in.nodes[0], "response"), LW_STR("ok"));

    lw_arena_close(&arena);
    return ok;
}

static bool acknowledged(const struct lw_http_reply *reply, enum lw_delivery_type type, enum lw_delivery_format format)
{
#ifdef LW_SABOTAGE_ACK /* a twin that trusts any 2xx: the tests must find it out */
    (void)reply, (void)type, (void)format;
    return true;
#endif
    if (type == LW_DELIVERY_LOGGLY)
        return lw_verdict_loggly_ok(reply->body);
    return format != LW_DELIVERY_PAGERDUTY || reply->status == 202;
}

static void judge_status(const struct lw_http_reply *reply, enum lw_delivery_type type, enum lw_delivery_format format,
                         struct lw_verdict *verdict)
{
    const char *advice = ": not a status of HTTP";

    verdict->result = LW_DELIVERY_RESULT_AMBIGUOUS;
    for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
        if (reply->status >= statuses[i].from && reply->status <= statuses[i].to) {
            verdict->result = statuses[i].result;
            advice = statuses[i].advice;
            break;
        }
    }
    if (verdict->result == LW_DELIVERY_RESULT_ACKNOWLEDGED) {
        if (acknowledged(reply, type, format))
            return;
        verdict->result = LW_DELIVERY_RESULT_AMBIGUOUS;
        advice = " without the reply that acknowledges";
    }
    snprintf(verdict->why, sizeof(verdict->why), "HTTP %d%s", reply->status, advice);
}

struct lw_verdict lw_verdict_of(const struct lw_http_reply *reply, enum lw_delivery_type type,
                                enum lw_delivery_format format, lw_time now)
{
    static const enum lw_delivery_result by_outcome[] = {
        [LW_HTTP_REPLIED] = LW_DELIVERY_RESULT_ACKNOWLEDGED,
        [LW_HTTP_NETWORK] = LW_DELIVERY_RESULT_AMBIGUOUS,
        [LW_HTTP_TLS] = LW_DELIVERY_RESULT_HELD,
        [LW_HTTP_TOO_LARGE] = LW_DELIVERY_RESULT_AMBIGUOUS,
        [LW_HTTP_REFUSED] = LW_DELIVERY_RESULT_HELD,
    };
    struct lw_verdict verdict = {.result = by_outcome[reply->outcome]};

    if (reply->outcome == LW_HTTP_REPLIED) {
        judge_status(reply, type, format, &verdict);
        verdict.has_wait = verdict.result == LW_DELIVERY_RESULT_RETRY &&
                           lw_retry_after(lw_http_header_of(reply, "retry-after"), lw_http_header_of(reply, "date"),
                                          now, &verdict.wait);
        return verdict;
    }
    if (reply->outcome == LW_HTTP_NETWORK && reply->unsent)
        verdict.result = LW_DELIVERY_RESULT_RETRY;
    snprintf(verdict.why, sizeof(verdict.why), "%s", reply->detail);
    return verdict;
}
