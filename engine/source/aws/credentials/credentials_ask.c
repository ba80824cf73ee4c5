#include "engine/source/aws/credentials/credentials_state.h"

#include "engine/base/fault.h"
#include "engine/source/aws/credentials/sts.h"

#include <stdio.h>
#include <string.h>

#define HTTP_TIMEOUT  (30 * LW_SECOND)
#define METADATA_WAIT (2 * LW_SECOND) /* of what is close by: a container's endpoint, IMDS (AWS SDKs: 1 to 2 s) */

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
    lw_credentials_fail(c, sentence);
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
        lw_credentials_fail_with(c, &fault);
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
        lw_credentials_fail_with(c, &fault);
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
        lw_credentials_fail(c, "no AWS credentials: this instance has no role attached; attach one, or configure keys");
    else if (reply->outcome == LW_HTTP_NETWORK)
        lw_credentials_fail(
            c, "there are no AWS credentials: none in the environment or the profile, and this is no instance with a "
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
    case LW_CREDENTIALS_NONE:
    case LW_CREDENTIALS_PLAN:
    case LW_CREDENTIALS_PROCESS:
        return;
    case LW_CREDENTIALS_WEB:
        if (took_xml(c, reply, "AssumeRoleWithWebIdentity"))
            lw_credentials_go_on(c);
        return;
    case LW_CREDENTIALS_ASSUME:
        if (took_xml(c, reply, "AssumeRole")) {
            c->role++;
            lw_credentials_go_on(c);
        }
        return;
    case LW_CREDENTIALS_CONTAINER:
    case LW_CREDENTIALS_INSTANCE:
        if (took_json(c, reply))
            lw_credentials_go_on(c);
        return;
    case LW_CREDENTIALS_TOKEN:
    case LW_CREDENTIALS_ROLE:
        if (c->step == LW_CREDENTIALS_TOKEN ? took_text(c, reply, c->imds_token, sizeof(c->imds_token))
                                            : took_text(c, reply, c->imds_role, sizeof(c->imds_role))) {
            c->step++;
            lw_credentials_wake(c);
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
    lw_credentials_fail_with(c, fault);
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
        lw_credentials_fail(c, "no AWS credentials: the endpoint is too long");
        return LW_ERR_OK;
    }
    lw_credentials_wipe_body(c);
    lw_sts_body(role, &c->body);
    call.url = lw_str_from(c->url);
    call.body = lw_buf_view(&c->body);
    if (c->body.error != LW_ERR_OK)
        err = lw_fault_memory(fault, "a request to STS");
    else
        err = lw_api_start(c->calls.http, &call, now, on_reply, c, &c->request, fault);
    return asked(c, err, fault);
}

enum lw_err lw_credentials_ask_web(struct lw_credentials *c, lw_time now, struct lw_fault *fault)
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
        lw_credentials_fail(c,
                            "no AWS credentials: the file of the web identity token is missing, empty or unreadable");
        err = LW_ERR_OK;
    }
    lw_plan_file_free(&token);
    return err;
}

enum lw_err lw_credentials_ask_assume(struct lw_credentials *c, lw_time now, struct lw_fault *fault)
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

enum lw_err lw_credentials_ask_container(struct lw_credentials *c, struct lw_fault *fault)
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
        lw_credentials_fail(
            c, "no AWS credentials: the file of the container's authorization token is missing or unreadable");
        err = LW_ERR_OK;
    } else {
        err = ask(c, "GET", c->plan.url, header.value.len > 0 ? &header : NULL, fault);
    }
    lw_plan_file_free(&file);
    return err;
}

enum lw_err lw_credentials_ask_instance(struct lw_credentials *c, struct lw_fault *fault)
{
    struct lw_http_header header = {LW_STR("x-aws-ec2-metadata-token"), lw_str_from(c->imds_token)};
    char url[LW_API_URL_MAX];
    bool first = c->step == LW_CREDENTIALS_TOKEN;
    int n = snprintf(url, sizeof(url), "%.*s/latest/%s%s", (int)c->plan.url.len, c->plan.url.at,
                     first ? "api/token" : "meta-data/iam/security-credentials/",
                     c->step == LW_CREDENTIALS_INSTANCE ? c->imds_role : "");

    if (n < 0 || n >= (int)sizeof(url)) {
        lw_credentials_fail(c, "no AWS credentials: the endpoint of the metadata service is too long");
        return LW_ERR_OK;
    }
    if (first)
        header = (struct lw_http_header){LW_STR("x-aws-ec2-metadata-token-ttl-seconds"), LW_STR("21600")};
    return ask(c, first ? "PUT" : "GET", lw_str_from(url), &header, fault);
}
