#include "engine/source/aws/credentials/credentials.h"

#include "engine/base/buf.h"
#include "engine/base/fault.h"
#include "engine/source/aws/api.h"
#include "engine/source/aws/credentials/plan.h"
#include "engine/source/aws/credentials/process.h"
#include "engine/source/aws/credentials/sts.h"

#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>

#define ARENA_CEILING   ((size_t)256 << 10)
#define IMDS_TOKEN_MAX  1024u
#define ADVISORY        (15 * LW_MINUTE) /* before they expire, they are renewed */
#define HARD_STOP       (10 * LW_SECOND) /* before they expire, they are not used any more */
#define RENEW_PAUSE     (1 * LW_MINUTE)  /* between two attempts while the old ones hold */
#define WAIT_MAX        (5 * LW_MINUTE)
#define PROCESS_TIMEOUT (60 * LW_SECOND)
#define PROCESS_LOOK    ((int64_t)50)
#define HTTP_TIMEOUT    (30 * LW_SECOND)
#define METADATA_WAIT   (2 * LW_SECOND) /* of what is close by: a container's endpoint, IMDS (AWS SDKs: 1 to 2 s) */

/* What is going on. Each request is one step; its reply leads to the next one. */
enum step {
    STEP_NONE,
    STEP_PLAN,
    STEP_PROCESS,
    STEP_WEB,
    STEP_CONTAINER,
    STEP_TOKEN,
    STEP_ROLE,
    STEP_INSTANCE,
    STEP_ASSUME
};

struct lw_credentials {
    struct lw_credentials_options options; /* its texts lie in `texts` */
    struct lw_source_calls calls;
    struct lw_arena texts, arena; /* arena: of the plan */
    struct lw_plan plan;
    struct lw_process process;
    struct lw_keys current, made; /* `made`: what is being obtained */
    bool usable, refused, failed; /* refused: by a service; failed: the step that ended did */
    enum step step;
    size_t role; /* of the plan, that is assumed now */
    char imds_token[IMDS_TOKEN_MAX];
    char imds_role[128];
    bool asked; /* a request is on its way */
    uint64_t request, requests;
    lw_span due, next; /* ticks at which to begin; `next` of the work that runs */
    unsigned attempts;
    uint64_t random;
    struct lw_buf body; /* of a request to STS: it may hold a token */
    char url[LW_API_URL_MAX];
    char trouble[200];
};

static enum lw_err keep(struct lw_credentials *c, const char **text, struct lw_fault *fault)
{
    struct lw_str kept;

    if (*text == NULL)
        return LW_ERR_OK;
    kept = lw_arena_text(&c->texts, lw_str_from(*text));
    *text = kept.at;
    return kept.at != NULL ? LW_ERR_OK : lw_fault_memory(fault, "credentials");
}

enum lw_err lw_credentials_open(struct lw_credentials **out, const struct lw_credentials_options *options,
                                const struct lw_source_calls *calls, struct lw_fault *fault)
{
    struct lw_credentials *c = calloc(1, sizeof(*c));
    enum lw_err err = LW_ERR_OK;

    if (c == NULL)
        return lw_fault_memory(fault, "credentials");
    c->options = *options;
    c->calls = *calls;
    c->texts.ceiling = c->arena.ceiling = ARENA_CEILING;
    c->body.ceiling = 64 << 10;
    c->random = options->seed + 0x9e3779b97f4a7c15u;
    const char **texts[] = {&c->options.profile, &c->options.role_arn, &c->options.external_id,
                            &c->options.region,  &c->options.endpoint, &c->options.ca_file};

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]) && err == LW_ERR_OK; i++)
        err = keep(c, texts[i], fault);
    c->due.ms = INT64_MIN;
    if (err != LW_ERR_OK) {
        lw_credentials_close(c);
        return err;
    }
    *out = c;
    return LW_ERR_OK;
}

/* splitmix64 */
static uint64_t draw(struct lw_credentials *c)
{
    uint64_t z = c->random += 0x9e3779b97f4a7c15u;

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static void wake(struct lw_credentials *c)
{
    if (c->calls.wake != NULL)
        c->calls.wake(c->calls.self);
}

static void wipe_body(struct lw_credentials *c)
{
    if (c->body.at != NULL)
        OPENSSL_cleanse(c->body.at, c->body.len);
    lw_buf_clear(&c->body);
}

/* What was obtained on the way is forgotten. */
static void forget(struct lw_credentials *c)
{
    lw_keys_wipe(&c->made);
    OPENSSL_cleanse(c->imds_token, sizeof(c->imds_token));
    lw_plan_wipe(&c->plan);
    lw_arena_reset(&c->arena);
    lw_process_close(&c->process);
    wipe_body(c);
    c->step = STEP_NONE;
}

/* Full jitter: somewhere between half a second and 2^attempts seconds. */
static void fail(struct lw_credentials *c, const char *sentence)
{
    int64_t most = LW_SECOND << (c->attempts < 9 ? c->attempts + 1 : 9);

    snprintf(c->trouble, sizeof(c->trouble), "%s", sentence);
    forget(c);
    c->failed = true;
    c->attempts++;
    most = most < WAIT_MAX ? most : WAIT_MAX;
    /* Relative; work adds the ticks, which are not known here. */
    c->due.ms = 500 + (int64_t)(draw(c) % (uint64_t)most);
    wake(c);
}

static void succeed(struct lw_credentials *c)
{
    c->current = c->made;
    c->usable = true;
    c->refused = false;
    c->attempts = 0;
    c->trouble[0] = '\0';
    forget(c);
    wake(c);
}

static const char *plan_source(const struct lw_credentials *c)
{
    return c->plan.source != NULL ? c->plan.source : "AWS";
}

/* A request failed, or its reply is no good. `what` names it. */
static void fail_asked(struct lw_credentials *c, const char *what, const struct lw_api_answer *answer)
{
    char sentence[400];
    const char *advice = "";

    if (answer->verdict == LW_API_DENIED)
        advice = ": allow it in the role's trust policy";
    else if (answer->verdict == LW_API_SKEWED)
        advice = ": set this machine's clock";
    else if (answer->verdict == LW_API_EXPIRED)
        advice = ": renew the keys that it is asked with";
    snprintf(sentence, sizeof(sentence), "no AWS credentials: %.40s (%.30s) says %.40s%s%.60s%s", what, plan_source(c),
             answer->code, advice[0] != '\0' || answer->message[0] == '\0' ? "" : ", ",
             advice[0] != '\0' ? "" : answer->message, advice);
    fail(c, sentence);
}

static void fail_with(struct lw_credentials *c, const struct lw_fault *fault)
{
    char sentence[200];

    /* Some say it themselves. */
    snprintf(sentence, sizeof(sentence), "%s%.175s",
             strstr(fault->text, "no AWS credentials") != NULL ? "" : "no AWS credentials: ", fault->text);
    fail(c, sentence);
}

/* The base is there, or one more role is assumed: on with the next role, or done. */
static void go_on(struct lw_credentials *c)
{
    if (c->role >= c->plan.roles_n) {
        succeed(c);
        return;
    }
    c->step = STEP_ASSUME;
    wake(c);
}

static bool took_xml(struct lw_credentials *c, const struct lw_http_reply *reply, const char *what)
{
    struct lw_api_answer answer;
    struct lw_fault fault;

    lw_api_judge(reply, true, &answer);
    if (answer.verdict != LW_API_GOOD) {
        fail_asked(c, what, &answer);
        return false;
    }
    if (lw_sts_read(&c->made, reply->body, &fault) != LW_ERR_OK) {
        fail_with(c, &fault);
        return false;
    }
    return true;
}

static bool took_json(struct lw_credentials *c, const struct lw_http_reply *reply)
{
    struct lw_api_answer answer;
    struct lw_fault fault;

    lw_api_judge(reply, false, &answer);
    if (answer.verdict != LW_API_GOOD) {
        fail_asked(c, "the request for them", &answer);
        return false;
    }
    if (lw_keys_read(&c->made, reply->body, &fault) != LW_ERR_OK) {
        fail_with(c, &fault);
        return false;
    }
    return true;
}

/* A short plain text of IMDS: the session token, the name of the role (the first line). */
static bool took_text(struct lw_credentials *c, const struct lw_http_reply *reply, char *out, size_t room)
{
    struct lw_api_answer answer;
    size_t n = 0;

    lw_api_judge(reply, false, &answer);
    if (answer.verdict == LW_API_GOOD) {
        while (n < reply->body.len && n + 1 < room && reply->body.at[n] > ' ' && reply->body.at[n] <= '~')
            n++;
        if (n > 0 && (n == reply->body.len || reply->body.at[n] == '\n' || reply->body.at[n] == '\r')) {
            memcpy(out, reply->body.at, n);
            out[n] = '\0';
            return true;
        }
        snprintf(answer.code, sizeof(answer.code), "nothing of use");
    }
    if (reply->outcome == LW_HTTP_REPLIED && reply->status == 404)
        fail(c, "no AWS credentials: this instance has no role attached; attach one, or configure keys");
    else if (reply->outcome == LW_HTTP_NETWORK)
        fail(c, "there are no AWS credentials: none in the environment or the profile, and this is no instance with a "
                "role");
    else
        fail_asked(c, "the request for them", &answer);
    return false;
}

static void on_reply(void *context, const struct lw_http_reply *reply)
{
    struct lw_credentials *c = context;

    c->asked = false;
    switch (c->step) {
    case STEP_NONE:
    case STEP_PLAN:
    case STEP_PROCESS:
        return;
    case STEP_WEB:
        if (took_xml(c, reply, "AssumeRoleWithWebIdentity"))
            go_on(c);
        return;
    case STEP_ASSUME:
        if (took_xml(c, reply, "AssumeRole")) {
            c->role++;
            go_on(c);
        }
        return;
    case STEP_CONTAINER:
    case STEP_INSTANCE:
        if (took_json(c, reply))
            go_on(c);
        return;
    case STEP_TOKEN:
    case STEP_ROLE:
        if (c->step == STEP_TOKEN ? took_text(c, reply, c->imds_token, sizeof(c->imds_token))
                                  : took_text(c, reply, c->imds_role, sizeof(c->imds_role))) {
            c->step++;
            wake(c);
        }
        return;
    }
}

static enum lw_err asked(struct lw_credentials *c, enum lw_err err, struct lw_fault *fault)
{
    if (err == LW_ERR_OK) {
        c->asked = true;
        c->requests++;
        return LW_ERR_OK;
    }
    if (err == LW_ERR_NOMEM)
        return err;
    fail_with(c, fault);
    return LW_ERR_OK;
}

static enum lw_err ask_sts(struct lw_credentials *c, const struct lw_sts_role *role, lw_time now,
                           struct lw_fault *fault)
{
    struct lw_api_call call = {.region = lw_str_from(c->options.region),
                               .service = "sts",
                               .content_type = "application/x-www-form-urlencoded; charset=utf-8",
                               .keys = role->web_token.len > 0 ? NULL : &c->made,
                               .ca_file = c->options.ca_file,
                               .timeout = {HTTP_TIMEOUT},
                               .reply_max = 64 << 10};
    enum lw_err err;

    if (!lw_api_url(c->options.endpoint, "sts", call.region, c->url)) {
        fail(c, "no AWS credentials: the endpoint is too long");
        return LW_ERR_OK;
    }
    wipe_body(c);
    lw_sts_body(role, &c->body);
    call.url = lw_str_from(c->url);
    call.body = lw_buf_view(&c->body);
    if (c->body.error != LW_ERR_OK)
        err = lw_fault_memory(fault, "a request to STS");
    else
        err = lw_api_start(c->calls.http, &call, now, on_reply, c, &c->request, fault);
    return asked(c, err, fault);
}

static enum lw_err ask_web(struct lw_credentials *c, lw_time now, struct lw_fault *fault)
{
    struct lw_sts_role role = {.arn = c->plan.web.arn, .session = c->plan.web.session, .external_id = {NULL, 0}};
    struct lw_str token;
    enum lw_err err = lw_plan_file(c->plan.token_file.at, &token, fault);

    if (err == LW_ERR_NOMEM)
        return err;
    role.web_token = token;
    while (role.web_token.len > 0 && role.web_token.at[role.web_token.len - 1] <= ' ')
        role.web_token.len--;
    if (err == LW_ERR_OK && role.web_token.len > 0 && role.web_token.len < (20u << 10)) {
        err = ask_sts(c, &role, now, fault);
    } else {
        fail(c, "no AWS credentials: the file of the web identity token is missing, empty or unreadable");
        err = LW_ERR_OK;
    }
    lw_plan_file_free(&token);
    return err;
}

static enum lw_err ask_assume(struct lw_credentials *c, lw_time now, struct lw_fault *fault)
{
    const struct lw_plan_role *to = &c->plan.roles[c->role];
    struct lw_sts_role role = {.arn = to->arn, .session = to->session, .external_id = to->external_id};

    return ask_sts(c, &role, now, fault);
}

static enum lw_err ask(struct lw_credentials *c, const char *method, struct lw_str url,
                       const struct lw_http_header *header, struct lw_fault *fault)
{
    struct lw_http_request request = {.method = lw_str_from(method),
                                      .url = url,
                                      .headers = header,
                                      .headers_n = header != NULL ? 1 : 0,
                                      .ca_file = c->options.ca_file,
                                      .connect_timeout = {METADATA_WAIT},
                                      .timeout = {METADATA_WAIT * 2},
                                      .link_local = true};

    return asked(c, c->calls.http->start(c->calls.http->self, &request, on_reply, c, &c->request, fault), fault);
}

static enum lw_err ask_container(struct lw_credentials *c, struct lw_fault *fault)
{
    struct lw_http_header header = {LW_STR("Authorization"), c->plan.token};
    struct lw_str file = {NULL, 0};
    enum lw_err err = LW_ERR_OK;

    if (c->plan.token_file.len > 0) {
        err = lw_plan_file(c->plan.token_file.at, &file, fault);
        if (err == LW_ERR_NOMEM)
            return err;
        header.value = file;
        while (header.value.len > 0 && header.value.at[header.value.len - 1] <= ' ')
            header.value.len--;
    }
    if (err != LW_ERR_OK || (c->plan.token_file.len > 0 && header.value.len == 0)) {
        fail(c, "no AWS credentials: the file of the container's authorization token is missing or unreadable");
        err = LW_ERR_OK;
    } else {
        err = ask(c, "GET", c->plan.url, header.value.len > 0 ? &header : NULL, fault);
    }
    lw_plan_file_free(&file);
    return err;
}

static enum lw_err ask_instance(struct lw_credentials *c, struct lw_fault *fault)
{
    struct lw_http_header header = {LW_STR("x-aws-ec2-metadata-token"), lw_str_from(c->imds_token)};
    char url[LW_API_URL_MAX];
    bool first = c->step == STEP_TOKEN;
    int n = snprintf(url, sizeof(url), "%.*s/latest/%s%s", (int)c->plan.url.len, c->plan.url.at,
                     first ? "api/token" : "meta-data/iam/security-credentials/",
                     c->step == STEP_INSTANCE ? c->imds_role : "");

    if (n < 0 || n >= (int)sizeof(url)) {
        fail(c, "no AWS credentials: the endpoint of the metadata service is too long");
        return LW_ERR_OK;
    }
    if (first)
        header = (struct lw_http_header){LW_STR("x-aws-ec2-metadata-token-ttl-seconds"), LW_STR("21600")};
    return ask(c, first ? "PUT" : "GET", lw_str_from(url), &header, fault);
}

static enum lw_err begin_process(struct lw_credentials *c, lw_span ticks, struct lw_fault *fault)
{
    char **words;
    enum lw_err err = lw_process_split(c->plan.command, &c->arena, &words, fault);

    if (err == LW_ERR_OK)
        err = lw_process_start(&c->process, words, (lw_span){ticks.ms + PROCESS_TIMEOUT}, fault);
    if (err == LW_ERR_NOMEM)
        return err;
    if (err != LW_ERR_OK)
        fail_with(c, fault);
    return LW_ERR_OK;
}

static enum lw_err work_process(struct lw_credentials *c, lw_span ticks, struct lw_fault *fault)
{
    bool done = false;
    enum lw_err err;

    if (c->process.pid == 0) {
        err = begin_process(c, ticks, fault);
        if (err != LW_ERR_OK || c->step == STEP_NONE)
            return err;
    }
    if (lw_process_poll(&c->process, ticks, &done, fault) != LW_ERR_OK) {
        fail_with(c, fault);
        return LW_ERR_OK;
    }
    if (!done) {
        c->next.ms = c->next.ms < ticks.ms + PROCESS_LOOK ? c->next.ms : ticks.ms + PROCESS_LOOK;
        return LW_ERR_OK;
    }
    err = lw_keys_read(&c->made, (struct lw_str){c->process.bytes, c->process.len}, fault);
    if (err == LW_ERR_NOMEM)
        return err;
    lw_process_close(&c->process);
    if (err == LW_ERR_OK)
        go_on(c);
    else
        fail_with(c, fault);
    return LW_ERR_OK;
}

static enum lw_err begin(struct lw_credentials *c, struct lw_fault *fault)
{
    static const enum step first[] = {[LW_PLAN_PROCESS] = STEP_PROCESS,
                                      [LW_PLAN_WEB_IDENTITY] = STEP_WEB,
                                      [LW_PLAN_CONTAINER] = STEP_CONTAINER,
                                      [LW_PLAN_INSTANCE] = STEP_TOKEN};
    enum lw_err err = lw_plan_make(&c->plan, &c->options, &c->arena, fault);

    if (err == LW_ERR_NOMEM) {
        forget(c);
        return err;
    }
    c->role = 0;
    if (err != LW_ERR_OK) {
        fail_with(c, fault);
    } else if (c->plan.base == LW_PLAN_KEYS) {
        c->made = c->plan.keys;
        go_on(c);
    } else {
        c->step = first[c->plan.base];
    }
    return LW_ERR_OK;
}

static bool holds(const struct lw_credentials *c, lw_time now)
{
    return c->usable && (!c->current.has_expiry || now.ms < c->current.expires.ms - HARD_STOP);
}

static bool is_due(const struct lw_credentials *c, lw_time now)
{
    return !c->usable || c->refused || (c->current.has_expiry && now.ms >= c->current.expires.ms - ADVISORY);
}

/* The steps that need no reply follow one another at once. */
static enum lw_err work_step(struct lw_credentials *c, lw_time now, lw_span ticks, struct lw_fault *fault)
{
    switch (c->step) {
    case STEP_NONE:
        return LW_ERR_OK;
    case STEP_PLAN:
        return begin(c, fault);
    case STEP_PROCESS:
        return work_process(c, ticks, fault);
    case STEP_WEB:
        return ask_web(c, now, fault);
    case STEP_CONTAINER:
        return ask_container(c, fault);
    case STEP_TOKEN:
    case STEP_ROLE:
    case STEP_INSTANCE:
        return ask_instance(c, fault);
    case STEP_ASSUME:
        return ask_assume(c, now, fault);
    }
    return LW_ERR_OK;
}

static void lower(lw_span *next, int64_t ticks)
{
    if (ticks < next->ms)
        next->ms = ticks;
}

enum lw_err lw_credentials_work(struct lw_credentials *c, lw_time now, lw_span ticks, lw_span *next,
                                struct lw_fault *fault)
{
    enum lw_err err = LW_ERR_OK;
    enum step before = STEP_NONE;
    struct lw_fault own = {.code = LW_ERR_OK};

    /* Its sentence becomes the trouble, whether the caller wants it or not. */
    if (fault == NULL)
        fault = &own;
    if (c->failed) {
        c->failed = false;
        c->due.ms += ticks.ms;
    }
    if (c->step == STEP_NONE && is_due(c, now) && ticks.ms >= c->due.ms) {
        c->step = STEP_PLAN;
        /* The same ones may be given again while they hold; then not at once again. */
        c->due.ms = ticks.ms + RENEW_PAUSE;
    }
    c->next = *next;
    while (err == LW_ERR_OK && !c->asked && c->step != STEP_NONE &&
           !(c->step == STEP_PROCESS && before == STEP_PROCESS)) {
        before = c->step;
        err = work_step(c, now, ticks, fault);
    }
    if (err != LW_ERR_OK)
        return err;
    *next = c->next;
    if (c->failed) {
        c->failed = false;
        c->due.ms += ticks.ms;
    }
    if (c->step == STEP_NONE && is_due(c, now))
        lower(next, c->due.ms);
    else if (c->usable && c->current.has_expiry)
        lower(next, ticks.ms + (c->current.expires.ms - ADVISORY > now.ms ? c->current.expires.ms - ADVISORY - now.ms
                                                                          : RENEW_PAUSE));
    return LW_ERR_OK;
}

const struct lw_keys *lw_credentials_keys(const struct lw_credentials *c, lw_time now)
{
    return holds(c, now) && !c->refused ? &c->current : NULL;
}

void lw_credentials_refused(struct lw_credentials *c)
{
    c->refused = true;
}

const char *lw_credentials_trouble(const struct lw_credentials *c)
{
    return c->trouble;
}

uint64_t lw_credentials_requests(const struct lw_credentials *c)
{
    return c->requests;
}

void lw_credentials_close(struct lw_credentials *c)
{
    if (c == NULL)
        return;
    if (c->asked)
        c->calls.http->cancel(c->calls.http->self, c->request);
    forget(c);
    lw_keys_wipe(&c->current);
    lw_buf_close(&c->body);
    lw_arena_close(&c->arena);
    lw_arena_close(&c->texts);
    free(c);
}
