#define _DEFAULT_SOURCE

#include "tests/kit/double/aws_double_state.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

static void iso(int64_t ms, char out[32])
{
    time_t seconds = (time_t)(ms / 1000);
    struct tm tm;

    gmtime_r(&seconds, &tm);
    strftime(out, 32, "%Y-%m-%dT%H:%M:%SZ", &tm);
}

static struct aws_double_key *make_key(struct aws_double *aws, const char *kind)
{
    char id[64], secret[64], token[128];

    aws->made_keys++;
    snprintf(id, sizeof(id), "ASIA%s%lu", kind, aws->made_keys);
    snprintf(secret, sizeof(secret), "secret/%s+%lu", kind, aws->made_keys);
    snprintf(token, sizeof(token), "token/%s+%lu==", kind, aws->made_keys);
    aws_double_key(aws, id, secret, token, aws->now + (aws->lifetime != 0 ? aws->lifetime : 3600000));
    return &aws->keys[(aws->keys_n - 1) % AWS_DOUBLE_KEYS];
}

void aws_double_sts(struct aws_double *aws, const struct aws_seen *seen, struct aws_double_answer *answer)
{
    bool web = strstr(seen->body, "Action=AssumeRoleWithWebIdentity&") != NULL;
    char expires[32], wanted[128];
    struct aws_double_key *key;
    struct aws_double_text text = {0};

    if (aws->external_id != NULL && !web) {
        snprintf(wanted, sizeof(wanted), "&ExternalId=%s", aws->external_id);
        if (strstr(seen->body, wanted) == NULL) {
            aws_double_xml_error(answer, 403, "AccessDenied");
            return;
        }
    }
    if (web && strstr(seen->body, "&WebIdentityToken=") == NULL) {
        aws_double_xml_error(answer, 400, "InvalidIdentityToken");
        return;
    }
    aws->web += web;
    aws->assumed += !web;
    key = make_key(aws, web ? "WEB" : "ROLE");
    iso(key->expires, expires);
    aws_double_put(
        &text,
        "<%sResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\n  <%sResult>\n    <AssumedRoleUser>\n"
        "      <Arn>arn:aws:sts::123456789012:assumed-role/x/y</Arn>\n    </AssumedRoleUser>\n    <Credentials>\n"
        "      <AccessKeyId>%s</AccessKeyId>\n      <SecretAccessKey>%s</SecretAccessKey>\n"
        "      <SessionToken>%s</SessionToken>\n      <Expiration>%s</Expiration>\n    </Credentials>\n"
        "  </%sResult>\n</%sResponse>\n",
        web ? "AssumeRoleWithWebIdentity" : "AssumeRole", web ? "AssumeRoleWithWebIdentity" : "AssumeRole", key->id,
        key->secret, key->token, expires, web ? "AssumeRoleWithWebIdentity" : "AssumeRole",
        web ? "AssumeRoleWithWebIdentity" : "AssumeRole");
    aws_double_reply(answer, 200, "text/xml", &text);
}

static void give_keys(struct aws_double *aws, const char *kind, struct aws_double_answer *answer)
{
    struct aws_double_key *key = make_key(aws, kind);
    struct aws_double_text text = {0};
    char expires[32];

    iso(key->expires, expires);
    aws_double_put(
        &text,
        "{\"Code\":\"Success\",\"AccessKeyId\":\"%s\",\"SecretAccessKey\":\"%s\",\"Token\":\"%s\",\"Expiration\":\"%"
        "s\"}",
        key->id, key->secret, key->token, expires);
    aws_double_reply(answer, 200, "application/json", &text);
}

void aws_double_instance(struct aws_double *aws, const struct aws_seen *seen, struct aws_double_answer *answer)
{
    static const char base[] = "/latest/meta-data/iam/security-credentials/";
    char token[128];
    struct aws_double_text text = {0};

    aws->instance++;
    if (strcmp(seen->path, "/latest/api/token") == 0) {
        if (strcmp(seen->method, "PUT") != 0 ||
            !aws_seen_header(seen, "x-aws-ec2-metadata-token-ttl-seconds", token, sizeof(token)))
            aws_double_complain(aws, "the token of IMDSv2 is asked for wrongly");
        aws_double_put(&text, "imds-token==");
        aws_double_reply(answer, 200, "text/plain", &text);
        return;
    }
    if (!aws_seen_header(seen, "x-aws-ec2-metadata-token", token, sizeof(token)) ||
        strcmp(token, "imds-token==") != 0) {
        aws_double_reply(answer, 401, "text/plain", &text);
    } else if (aws->no_role) {
        aws_double_reply(answer, 404, "text/plain", &text);
    } else if (strcmp(seen->path, base) == 0) {
        aws_double_put(&text, "the-role");
        aws_double_reply(answer, 200, "text/plain", &text);
    } else if (strncmp(seen->path, base, strlen(base)) == 0 && strcmp(seen->path + strlen(base), "the-role") == 0) {
        give_keys(aws, "INSTANCE", answer);
    } else {
        aws_double_reply(answer, 404, "text/plain", &text);
    }
}

void aws_double_container(struct aws_double *aws, const struct aws_seen *seen, struct aws_double_answer *answer)
{
    char token[128] = "";

    aws->container++;
    (void)aws_seen_header(seen, "authorization", token, sizeof(token));
    if (aws->container_token != NULL && strcmp(token, aws->container_token) != 0) {
        struct aws_double_text text = {0};

        aws_double_reply(answer, 403, "application/json", &text);
        return;
    }
    give_keys(aws, "CONTAINER", answer);
}
