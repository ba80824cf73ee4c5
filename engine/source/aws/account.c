#include "engine/source/aws/account.h"

#include "engine/base/fault.h"

#include <stdio.h>

#define GAP_FIRST    ((int64_t)25) /* ms: 40 a second; CloudWatch allows 25 ListMetrics and 400 GetMetricStatistics */
#define GAP_LEAST    ((int64_t)20)
#define GAP_MOST     (2 * LW_SECOND)
#define WAIT_MOST    (1 * LW_MINUTE)
#define REFUSED_WAIT (1 * LW_MINUTE) /* least, after what only people can mend */
#define REFUSED_MOST (10 * LW_MINUTE)
#define SKEW_AGAIN   (10 * LW_MINUTE)
#define TIMEOUT      (60 * LW_SECOND)
#define REPLY_MAX    ((size_t)1 << 20)

static const struct {
    const char *host, *service, *content_type, *target;
} services[LW_ACCOUNT_SERVICES] = {
    [LW_ACCOUNT_SAGEMAKER] = {"api.sagemaker", "sagemaker", "application/x-amz-json-1.1", "SageMaker"},
    [LW_ACCOUNT_MONITORING] = {"monitoring", "monitoring", "application/x-amz-json-1.0",
                               "GraniteServiceVersion20100801"},
};

void lw_account_begin(struct lw_account *account)
{
    for (size_t i = 0; i < LW_ACCOUNT_SERVICES; i++) {
        account->pace[i].gap.ms = GAP_FIRST;
        account->pace[i].next.ms = INT64_MIN;
    }
}

void lw_account_wake(struct lw_account *account)
{
    if (account->calls.wake != NULL)
        account->calls.wake(account->calls.self);
}

bool lw_account_free(const struct lw_account *account, enum lw_account_service service, lw_time now, lw_span ticks,
                     lw_span *next)
{
    if (account->flying >= LW_ACCOUNT_FLYING || lw_credentials_keys(account->credentials, now) == NULL)
        return false;
    if (ticks.ms >= account->pace[service].next.ms)
        return true;
    if (account->pace[service].next.ms < next->ms)
        *next = account->pace[service].next;
    return false;
}

enum lw_err lw_account_start(struct lw_account *account, const struct lw_account_ask *ask, lw_time now, lw_span ticks,
                             lw_http_done *done, void *context, uint64_t *id, struct lw_fault *fault)
{
    char url[LW_API_URL_MAX], target[96];
    struct lw_api_call call = {
        .region = ask->region,
        .service = services[ask->service].service,
        .content_type = services[ask->service].content_type,
        .target = target,
        .body = ask->body,
        .keys = lw_credentials_keys(account->credentials, now),
        .ca_file = account->ca_file,
        .timeout = {TIMEOUT},
        .reply_max = REPLY_MAX,
    };
    enum lw_err err;

    snprintf(target, sizeof(target), "%s.%s", services[ask->service].target, ask->operation);
    if (!lw_api_url(account->endpoints[ask->service], services[ask->service].host, ask->region, url))
        return lw_fault_set(fault, LW_ERR_CONFIG, "the endpoint of AWS is too long");
    call.url = lw_str_from(url);
    err = lw_api_start(account->calls.http, &call, (lw_time){now.ms + account->skew.ms}, done, context, id, fault);
    if (err != LW_ERR_OK)
        return err;
    account->flying++;
    account->health.requests++;
    account->billed += ask->billed;
    account->pace[ask->service].next.ms = ticks.ms + account->pace[ask->service].gap.ms;
    return LW_ERR_OK;
}

void lw_account_cancel(struct lw_account *account, uint64_t id)
{
    account->calls.http->cancel(account->calls.http->self, id);
    account->flying--;
}

/* splitmix64 */
static uint64_t draw(struct lw_account *account)
{
    uint64_t z = account->random += 0x9e3779b97f4a7c15u;

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

/* Full jitter: anything up to a second doubled with each attempt. */
static lw_span jitter(struct lw_account *account, unsigned attempts, int64_t least, int64_t most)
{
    int64_t top = LW_SECOND << (attempts < 12 ? attempts : 12);

    top = top < most ? top : most;
    return (lw_span){least + (int64_t)(draw(account) % (uint64_t)top)};
}

static void say(struct lw_account *account, const char *operation, struct lw_str region,
                const struct lw_api_answer *answer)
{
    const char *advice = "asked again by itself";
    char text[400];

    switch (answer->verdict) {
    case LW_API_GOOD:
    case LW_API_MISSING:
        return;
    case LW_API_WAIT:
    case LW_API_THROTTLED:
        break;
    case LW_API_SKEWED:
        advice = "this machine's clock is wrong: set it (NTP)";
        break;
    case LW_API_EXPIRED:
        advice = "the credentials are unknown or expired: renew them";
        break;
    case LW_API_DENIED:
        /* The id of the key is known, and what it was signed with is another secret. */
        advice = strstr(answer->code, "Signature") != NULL
                     ? "the secret key does not belong to the key id: mend the credentials"
                     : "add what `leeway doctor --iam-policy` prints to the role";
        break;
    case LW_API_BAD:
        advice = "check region and endpoint";
        break;
    }
    snprintf(text, sizeof(text), "%s in %.*s: %s; %s%s%.60s", operation, (int)(region.len < 24 ? region.len : 24),
             region.at, answer->code, advice, answer->message[0] != '\0' ? ": " : "", answer->message);
    snprintf(account->health.trouble, sizeof(account->health.trouble), "%.199s", text);
    snprintf(account->troubled, sizeof(account->troubled), "%s %.*s", operation,
             (int)(region.len < 24 ? region.len : 24), region.at);
}

/* The first time the clock is set right by theirs, and it is asked again at once. */
static bool set_clock(struct lw_account *account, const struct lw_api_answer *answer)
{
    const struct lw_world *world = account->calls.world;
    lw_span ticks = world->ticks(world->self);

    if (!answer->has_theirs || (account->has_skew && ticks.ms < account->skewed_at.ms + SKEW_AGAIN))
        return false;
    account->skew.ms = answer->theirs.ms - world->now(world->self).ms;
    account->skewed_at = ticks;
    account->has_skew = true;
    return true;
}

static void slow_down(lw_span *gap)
{
    gap->ms = gap->ms * 3 / 2 < GAP_MOST ? gap->ms * 3 / 2 : GAP_MOST;
}

static lw_span wait_after(struct lw_account *account, enum lw_account_service service,
                          const struct lw_api_answer *answer, unsigned attempts)
{
    switch (answer->verdict) {
    case LW_API_GOOD:
    case LW_API_MISSING:
        return (lw_span){0};
    case LW_API_THROTTLED:
        account->health.throttled++;
        slow_down(&account->pace[service].gap);
        return jitter(account, attempts, 200, WAIT_MOST);
    case LW_API_WAIT:
        return jitter(account, attempts, 200, WAIT_MOST);
    case LW_API_SKEWED:
        if (set_clock(account, answer))
            return (lw_span){0};
        return jitter(account, 12, REFUSED_WAIT, REFUSED_MOST);
    case LW_API_EXPIRED:
        lw_credentials_refused(account->credentials);
        return jitter(account, attempts, LW_SECOND, REFUSED_MOST);
    case LW_API_DENIED:
    case LW_API_BAD:
        break;
    }
    return jitter(account, 12, REFUSED_WAIT, REFUSED_MOST);
}

/* What went wrong with one operation in one region is mended only when that very one goes well again. */
static void end_trouble(struct lw_account *account, const char *operation, struct lw_str region)
{
    char name[sizeof(account->troubled)];

    snprintf(name, sizeof(name), "%s %.*s", operation, (int)(region.len < 24 ? region.len : 24), region.at);
    if (strcmp(name, account->troubled) == 0)
        account->health.trouble[0] = '\0';
}

enum lw_api_verdict lw_account_answer(struct lw_account *account, enum lw_account_service service,
                                      const char *operation, struct lw_str region, const struct lw_http_reply *reply,
                                      unsigned attempts, lw_span *wait)
{
    const struct lw_world *world = account->calls.world;
    struct lw_api_answer answer;

    account->flying--;
    lw_api_judge(reply, false, &answer);
    *wait = wait_after(account, service, &answer, attempts);
    if (answer.verdict == LW_API_GOOD) {
        lw_span *gap = &account->pace[service].gap;

        account->health.bytes += reply->body.len;
        account->health.last_success = world->now(world->self);
        account->health.has_last_success = true;
        end_trouble(account, operation, region);
        gap->ms = gap->ms * 9 / 10 > GAP_LEAST ? gap->ms * 9 / 10 : GAP_LEAST;
    } else if (answer.verdict != LW_API_MISSING) {
        account->health.errors++;
        if (answer.verdict != LW_API_SKEWED || wait->ms > 0)
            say(account, operation, region, &answer);
    }
    lw_account_wake(account);
    return answer.verdict;
}

lw_span lw_account_puzzled(struct lw_account *account, const char *operation, struct lw_str region, unsigned attempts)
{
    account->health.errors++;
    snprintf(account->health.trouble, sizeof(account->health.trouble),
             "%s in %.*s: the reply is not what it should be; asked again by itself", operation,
             (int)(region.len < 24 ? region.len : 24), region.at);
    snprintf(account->troubled, sizeof(account->troubled), "%s %.*s", operation,
             (int)(region.len < 24 ? region.len : 24), region.at);
    return jitter(account, attempts, 200, WAIT_MOST);
}
