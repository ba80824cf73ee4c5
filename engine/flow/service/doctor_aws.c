#include "engine/flow/service/doctor_aws.h"

#include "engine/base/fault.h"
#include "engine/source/aws/api.h"
#include "engine/source/aws/credentials/credentials.h"

#include <stdio.h>
#include <string.h>

struct looking {
    const struct lw_config_source *source;
    const struct lw_doctor_loop *loop;
    struct lw_findings *findings;
    struct lw_credentials *credentials;
    char what[128];
};

static void wake(void *self)
{
    bool *woken = self;

    *woken = true;
}

/* Looks for credentials as the source does. *woken is where their replies wake. */
static const struct lw_keys *find_keys(const struct looking *looking, bool *woken, struct lw_fault *fault)
{
    const struct lw_doctor_loop *loop = looking->loop;
    const struct lw_world *world = loop->world;
    lw_span start = world->ticks(world->self);
    const struct lw_keys *keys = NULL;

    while (keys == NULL && world->ticks(world->self).ms - start.ms < loop->patience.ms &&
           lw_credentials_trouble(looking->credentials)[0] == '\0') {
        lw_span next = {LW_SOURCE_NEVER};

        *woken = false;
        if (lw_credentials_work(looking->credentials, world->now(world->self), world->ticks(world->self), &next,
                                fault) != LW_ERR_OK)
            return NULL;
        keys = lw_credentials_keys(looking->credentials, world->now(world->self));
        if (keys == NULL && !*woken)
            loop->run(loop->self, woken, (lw_span){200});
    }
    return keys;
}

/* One call to SageMaker, and what came of it. */
struct asked {
    bool done;
    struct lw_api_answer answer;
};

static void on_done(void *context, const struct lw_http_reply *reply)
{
    struct asked *asked = context;

    lw_api_judge(reply, false, &asked->answer);
    asked->done = true;
}

static void list_one_job(const struct looking *looking, const char *region, const struct lw_keys *keys,
                         struct asked *asked)
{
    const struct lw_doctor_loop *loop = looking->loop;
    char url[LW_API_URL_MAX];
    struct lw_api_call call = {.region = lw_str_from(region),
                               .service = "sagemaker",
                               .content_type = "application/x-amz-json-1.1",
                               .target = "SageMaker.ListTrainingJobs",
                               .body = LW_STR("{\"MaxResults\":1}"),
                               .keys = keys,
                               .ca_file = looking->source->ca_file,
                               .timeout = loop->patience,
                               .reply_max = (size_t)1 << 20};
    struct lw_fault fault = {.code = LW_ERR_OK};
    uint64_t id = 0;

    *asked = (struct asked){.answer = {.verdict = LW_API_WAIT}};
    snprintf(asked->answer.code, sizeof(asked->answer.code), "no answer in time");
    if (!lw_api_url(looking->source->endpoint, "api.sagemaker", call.region, url))
        return;
    call.url = lw_str_from(url);
    if (lw_api_start(loop->http, &call, loop->world->now(loop->world->self), on_done, asked, &id, &fault) !=
        LW_ERR_OK) {
        snprintf(asked->answer.code, sizeof(asked->answer.code), "%.60s", fault.text);
        return;
    }
    loop->run(loop->self, &asked->done, loop->patience);
    if (!asked->done)
        loop->http->cancel(loop->http->self, id);
}

static const char *fix_of(const struct lw_api_answer *answer)
{
    static const char *const fixes[] = {
        [LW_API_WAIT] = "look again later; check the network of this machine",
        [LW_API_THROTTLED] = "it works, but others ask too much at the same time: look again later",
        [LW_API_SKEWED] = "set the clock by NTP: timedatectl set-ntp true",
        [LW_API_EXPIRED] = "renew the credentials: these are wrong, expired or revoked",
        [LW_API_DENIED] = "give them the rights that `leeway doctor --iam-policy` prints",
        [LW_API_MISSING] = "check `regions` and `endpoint`",
        [LW_API_BAD] = "check the credentials, `regions` and `endpoint`",
    };

    /* A wrong secret shows in the signature; it is no right that is missing. */
    if (answer->verdict == LW_API_DENIED && strstr(answer->code, "Signature") != NULL)
        return fixes[LW_API_EXPIRED];
    return fixes[answer->verdict];
}

static void look_at_region(const struct looking *looking, const char *region, const struct lw_keys *keys)
{
    struct asked asked;
    const struct lw_api_answer *answer = &asked.answer;

    list_one_job(looking, region, keys, &asked);
    if (answer->verdict == LW_API_GOOD)
        lw_findings_add(looking->findings, LW_FINDING_GOOD, looking->what, "",
                        "SageMaker in %s takes the credentials%s%s", region,
                        looking->source->role_arn != NULL ? ", of the role " : "",
                        looking->source->role_arn != NULL ? looking->source->role_arn : "");
    else
        lw_findings_add(looking->findings,
                        answer->verdict == LW_API_WAIT || answer->verdict == LW_API_THROTTLED ? LW_FINDING_WARN
                                                                                              : LW_FINDING_FAIL,
                        looking->what, fix_of(answer), "ListTrainingJobs in %s: %s%s%s", region, answer->code,
                        answer->message[0] != '\0' ? ", " : "", answer->message);
}

static void look_at_regions(const struct looking *looking, const struct lw_keys *keys)
{
    const struct lw_credentials_options options = {.profile = looking->source->profile};
    char found[64] = "";

    for (size_t i = 0; i < looking->source->regions_n; i++)
        look_at_region(looking, looking->source->regions[i], keys);
    if (looking->source->regions_n > 0)
        return;
    lw_credentials_region(&options, found);
    if (found[0] != '\0')
        look_at_region(looking, found, keys);
    else
        lw_findings_add(looking->findings, LW_FINDING_FAIL, looking->what, "set `regions`, or AWS_REGION",
                        "no region is known");
}

void lw_doctor_aws(const struct lw_config_source *source, const struct lw_doctor_loop *loop,
                   struct lw_findings *findings)
{
    struct lw_credentials_options options = {.profile = source->profile,
                                             .role_arn = source->role_arn,
                                             .external_id = source->external_id,
                                             .region = source->regions_n > 0 ? source->regions[0] : NULL,
                                             .endpoint = source->endpoint,
                                             .ca_file = source->ca_file};
    bool woken = false;
    struct lw_source_calls calls = {.http = loop->http, .world = loop->world, .wake = wake, .self = &woken};
    struct looking looking = {.source = source, .loop = loop, .findings = findings};
    struct lw_fault fault = {.code = LW_ERR_OK};
    const struct lw_keys *keys = NULL;
    const char *why = "no AWS credentials were found in time";

    snprintf(looking.what, sizeof(looking.what), "source %.100s", source->name);
    if (lw_credentials_open(&looking.credentials, &options, &calls, &fault) == LW_ERR_OK)
        keys = find_keys(&looking, &woken, &fault);
    if (fault.code != LW_ERR_OK)
        why = fault.text;
    if (looking.credentials != NULL && lw_credentials_trouble(looking.credentials)[0] != '\0')
        why = lw_credentials_trouble(looking.credentials);
    if (keys != NULL)
        look_at_regions(&looking, keys);
    else
        lw_findings_add(findings, LW_FINDING_FAIL, looking.what,
                        "set AWS_PROFILE, or give the machine a role; `leeway doctor --iam-policy` prints the rights",
                        "%s", why);
    lw_credentials_close(looking.credentials);
}
