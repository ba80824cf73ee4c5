#define _POSIX_C_SOURCE 200809L
#include "tests/kit/kit.h"

#include "engine/source/aws/api.h"
#include "engine/source/aws/credentials/keys.h"
#include "engine/source/aws/credentials/plan.h"
#include "engine/source/aws/credentials/process.h"
#include "engine/source/aws/credentials/profile.h"
#include "engine/source/aws/credentials/sts.h"
#include "engine/source/aws/period.h"
#include "tests/kit/alloc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* As in the example of the AWS STS API Reference, AssumeRole, with an entity and a comment. */
static const char xml[] =
    "<?xml version=\"1.0\"?>\n<!-- x --><AssumeRoleResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\n"
    "<AssumeRoleResult>\n<SourceIdentity>Alice</SourceIdentity><Empty/>\n<Credentials>\n"
    "<AccessKeyId>ASIAIOSFODNN7EXAMPLE</AccessKeyId>\n"
    "<SecretAccessKey>wJalrXUtnFEMI/K7MDENG/bPxRfiCYzEXAMPLEKEY</SecretAccessKey>\n"
    "<SessionToken>AQoDYXdz&amp;EPT//w&#x45;XAMPLE==</SessionToken>\n<Expiration>2019-11-09T13:34:41Z</Expiration>\n"
    "</Credentials>\n</AssumeRoleResult></AssumeRoleResponse>\n";

static void sts_replies_are_read_strictly(void)
{
    static const char *const bad[] = {
        "",
        "<a>",
        "<a></b>",
        "x<a></a>",
        "<!DOCTYPE a [<!ENTITY x \"y\">]><a/>",
        "<a><Credentials><AccessKeyId>&x;</AccessKeyId></Credentials></a>",
        "<a><Credentials><AccessKeyId>A</AccessKeyId><Expiration>2019-11-09T13:34:41Z</Expiration></Credentials></a>",
    };
    struct lw_keys keys;
    char code[LW_STS_CODE];

    CU_ASSERT_EQUAL(lw_sts_read(&keys, lw_str_from(xml), NULL), LW_ERR_OK);
    CU_ASSERT_STRING_EQUAL(keys.id, "ASIAIOSFODNN7EXAMPLE");
    CU_ASSERT_STRING_EQUAL(keys.secret, "wJalrXUtnFEMI/K7MDENG/bPxRfiCYzEXAMPLEKEY");
    CU_ASSERT_STRING_EQUAL(keys.token, "AQoDYXdz&EPT//wEXAMPLE==");
    CU_ASSERT(keys.has_expiry && keys.expires.ms == 1573306481000);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        CU_ASSERT_EQUAL(lw_sts_read(&keys, lw_str_from(bad[i]), NULL), LW_ERR_FORMAT);
    for (size_t n = 0; n + 3 < sizeof(xml); n++)
        CU_ASSERT_EQUAL(lw_sts_read(&keys, (struct lw_str){xml, n}, NULL), LW_ERR_FORMAT);
    lw_sts_code(LW_STR("<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code></Error></ErrorResponse>"),
                code);
    CU_ASSERT_STRING_EQUAL(code, "AccessDenied");
}

static void json_credentials_of_all_kinds_are_read(void)
{
    struct lw_keys keys;
    struct lw_fault fault;

    CU_ASSERT_EQUAL(
        lw_keys_read(&keys, LW_STR("{\"Version\":1,\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"B\"}"), NULL),
        LW_ERR_OK);
    CU_ASSERT(strcmp(keys.secret, "B") == 0 && !keys.has_expiry && keys.token[0] == '\0');
    CU_ASSERT_EQUAL(
        lw_keys_read(&keys,
                     LW_STR("{\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"B\",\"Token\":\"C\",\"Expiration\":"
                            "\"2026-01-01T00:00:00Z\"}"),
                     NULL),
        LW_ERR_OK);
    CU_ASSERT(strcmp(keys.token, "C") == 0 && keys.expires.ms == 1767225600000);
    CU_ASSERT_EQUAL(lw_keys_read(&keys, LW_STR("{\"Code\":\"AssumeRoleUnauthorizedAccess\"}"), &fault), LW_ERR_FORMAT);
    CU_ASSERT_PTR_NOT_NULL(strstr(fault.text, "AssumeRoleUnauthorizedAccess"));
    CU_ASSERT_EQUAL(
        lw_keys_read(&keys, LW_STR("{\"Version\":2,\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"B\"}"), NULL),
        LW_ERR_FORMAT);
    CU_ASSERT_EQUAL(
        lw_keys_read(&keys, LW_STR("{\"AccessKeyId\":\"A\\r\\nX\",\"SecretAccessKey\":\"SECRET\"}"), &fault),
        LW_ERR_FORMAT);
    CU_ASSERT_PTR_NULL(strstr(fault.text, "SECRET"));
    CU_ASSERT_EQUAL(lw_keys_read(&keys, LW_STR("SECRET"), &fault), LW_ERR_FORMAT);
    CU_ASSERT_PTR_NULL(strstr(fault.text, "SECRET"));
}

static void profiles_are_found_in_both_files(void)
{
    static const struct lw_str config = {
        "# c\n[default]\nregion=us-east-1\n[profile \"my one\"]\n Region = nested\nRole_ARN =  arn:x \r\ns3 =\n  a = "
        "b\n"
        "[profile two]\nregion = a=b # c\nregion = last\n[sso-session default]\nx = 1\n",
        0};
    struct lw_str text = lw_str_from(config.at), value = {0};

    CU_ASSERT(lw_profile_value(text, LW_PROFILE_CONFIG, LW_STR("default"), "region", &value));
    CU_ASSERT(lw_str_equal(value, LW_STR("us-east-1")));
    CU_ASSERT(lw_profile_value(text, LW_PROFILE_CONFIG, LW_STR("my one"), "role_arn", &value));
    CU_ASSERT(lw_str_equal(value, LW_STR("arn:x")));
    CU_ASSERT_FALSE(lw_profile_value(text, LW_PROFILE_CONFIG, LW_STR("my one"), "region", &value));
    CU_ASSERT_FALSE(lw_profile_value(text, LW_PROFILE_CONFIG, LW_STR("default"), "x", &value));
    CU_ASSERT(lw_profile_value(text, LW_PROFILE_CONFIG, LW_STR("two"), "region", &value));
    CU_ASSERT(lw_str_equal(value, LW_STR("last")));
    CU_ASSERT_FALSE(lw_profile_there(text, LW_PROFILE_CREDENTIALS, LW_STR("two")));
    CU_ASSERT(lw_profile_there(text, LW_PROFILE_CREDENTIALS, LW_STR("profile two")));
}

/* Expected words are those of Python's shlex.split. */
static void command_lines_are_split_as_the_sdk_splits_them(void)
{
    static const struct {
        const char *line, *words[4];
    } rows[] = {
        {"a b  c", {"a", "b", "c"}}, {"a 'b c' \"d e\"", {"a", "b c", "d e"}},      {"a\\ b", {"a b"}},
        {"'a'b\"c\"", {"abc"}},      {"\"a\\b\\\"c\\\\\"", {"a\\b\"c\\"}},          {"'' x", {"", "x"}},
        {"'a\\'", {"a\\"}},          {"$HOME `x` | y", {"$HOME", "`x`", "|", "y"}},
    };
    static const char *const bad[] = {"", "  ", "'a", "\"a", "a\\"};
    struct lw_arena arena = {.ceiling = 1 << 20};
    char **words;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        size_t n = 0;

        CU_ASSERT_EQUAL_FATAL(lw_process_split(lw_str_from(rows[i].line), &arena, &words, NULL), LW_ERR_OK);
        while (n < 4 && rows[i].words[n] != NULL && words[n] != NULL && strcmp(words[n], rows[i].words[n]) == 0)
            n++;
        CU_ASSERT(words[n] == NULL && (n == 4 || rows[i].words[n] == NULL));
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        CU_ASSERT_EQUAL(lw_process_split(lw_str_from(bad[i]), &arena, &words, NULL), LW_ERR_FORMAT);
    lw_arena_close(&arena);
}

/* `ticks` count polls, so that a deadline needs no waiting. */
static enum lw_err run_process(const char *line, int64_t deadline, char *out, size_t room)
{
    struct lw_arena arena = {.ceiling = 1 << 20};
    struct lw_process process = {.pid = 0};
    const struct timespec pause = {0, 1000000};
    enum lw_err err;
    bool done = false;
    char **words;

    CU_ASSERT_EQUAL_FATAL(lw_process_split(lw_str_from(line), &arena, &words, NULL), LW_ERR_OK);
    err = lw_process_start(&process, words, (lw_span){deadline}, NULL);
    for (int64_t ticks = 0; err == LW_ERR_OK && !done; ticks++) {
        err = lw_process_poll(&process, (lw_span){ticks}, &done, NULL);
        nanosleep(&pause, NULL);
    }
    if (err == LW_ERR_OK)
        snprintf(out, room, "%.*s", (int)process.len, process.bytes);
    lw_process_close(&process);
    lw_arena_close(&arena);
    return err;
}

static void a_process_is_run_without_a_shell_and_not_waited_for(void)
{
    char out[64];

    CU_ASSERT_EQUAL(run_process("printf '%s|' $HOME 'a b'", 60000, out, sizeof(out)), LW_ERR_OK);
    CU_ASSERT_STRING_EQUAL(out, "$HOME|a b|");
    CU_ASSERT_EQUAL(run_process("false", 60000, out, sizeof(out)), LW_ERR_IO);
    CU_ASSERT_EQUAL(run_process("/nowhere/at/all", 60000, out, sizeof(out)), LW_ERR_IO);
    CU_ASSERT_EQUAL(run_process("sleep 1000", 20, out, sizeof(out)), LW_ERR_IO);
    CU_ASSERT_EQUAL(run_process("sh -c 'sleep 1000 & exec sleep 1000'", 20, out, sizeof(out)), LW_ERR_IO);
    CU_ASSERT_EQUAL(run_process("yes", 60000, out, sizeof(out)), LW_ERR_LIMIT);
}

static void keys_over_http_only_go_to_the_addresses_that_are_known(void)
{
    static const char *const good[] = {
        "https://example.com/x",    "http://127.0.0.1:80/x",    "http://localhost/", "http://169.254.170.2/v2",
        "http://169.254.170.23/v1", "http://[fd00:ec2::23]/v1", "http://127.0.0.1"};
    static const char *const bad[] = {"http://example.com/",       "http://127.0.0.1.example.com/",
                                      "ftp://localhost/",          "http://localhost@evil/",
                                      "http://169.254.169.254/",   "http://",
                                      "http://169.254.170.234/v1", ""};

    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        CU_ASSERT(lw_plan_container_url(lw_str_from(good[i])));
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        CU_ASSERT_FALSE(lw_plan_container_url(lw_str_from(bad[i])));
}

static void errors_are_told_apart(void)
{
    static const struct {
        int status;
        const char *body;
        enum lw_api_verdict verdict;
        const char *code;
    } rows[] = {
        {200, "{}", LW_API_GOOD, ""},
        {400, "{\"__type\":\"ThrottlingException\",\"message\":\"Rate exceeded\"}", LW_API_THROTTLED,
         "ThrottlingException"},
        {400, "{\"__type\":\"a#Throttling:http://x\"}", LW_API_THROTTLED, "Throttling"},
        {503, "<html>", LW_API_WAIT, "HTTP 503"},
        {429, "", LW_API_THROTTLED, "HTTP 429"},
        {400, "{\"__type\":\"com.amazonaws.cloudwatch.v2010_08_01#ResourceNotFound\"}", LW_API_MISSING,
         "ResourceNotFound"},
        {400, "{\"__type\":\"ValidationException\",\"message\":\"Requested resource not found.\"}", LW_API_MISSING,
         "ValidationException"},
        {400, "{\"__type\":\"ValidationException\",\"message\":\"1 validation error\"}", LW_API_BAD,
         "ValidationException"},
        {403, "{\"__type\":\"AccessDeniedException\",\"Message\":\"no\"}", LW_API_DENIED, "AccessDeniedException"},
        {403, "{\"__type\":\"InvalidSignatureException\",\"message\":\"Signature expired: x\"}", LW_API_SKEWED,
         "InvalidSignatureException"},
        {403, "{\"__type\":\"ExpiredTokenException\"}", LW_API_EXPIRED, "ExpiredTokenException"},
        {500, "{\"__type\":\"InternalFailure\"}", LW_API_WAIT, "InternalFailure"},
    };
    struct lw_api_answer answer;
    lw_time time;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct lw_http_reply reply = {
            .outcome = LW_HTTP_REPLIED, .status = rows[i].status, .body = lw_str_from(rows[i].body)};

        lw_api_judge(&reply, false, &answer);
        CU_ASSERT_EQUAL(answer.verdict, rows[i].verdict);
        CU_ASSERT_STRING_EQUAL(answer.code, rows[i].code);
    }
    CU_ASSERT(lw_api_http_date(LW_STR("Wed, 21 Oct 2015 07:28:00 GMT"), &time) && time.ms == 1445412480000);
    CU_ASSERT_FALSE(lw_api_http_date(LW_STR("Wed, 21 Xxx 2015 07:28:00 GMT"), &time));
}

static bool read_keys(void *self, bool failed)
{
    struct lw_keys keys;
    struct lw_fault fault = {.code = LW_ERR_OK};
    enum lw_err err = lw_keys_read(&keys, LW_STR("{\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"B\\u0041\"}"), &fault);

    (void)self;
    return failed ? err == LW_ERR_NOMEM && fault.code == LW_ERR_NOMEM : err == LW_ERR_OK;
}

static void memory_may_run_out(void)
{
    CU_ASSERT(kit_alloc_torture(read_keys, NULL) > 2);
}

KIT_SUITE("aws_keys", {"STS replies are read strictly", sts_replies_are_read_strictly},
          {"JSON credentials of all kinds are read", json_credentials_of_all_kinds_are_read},
          {"profiles are found in both files", profiles_are_found_in_both_files},
          {"command lines are split as the SDK splits them", command_lines_are_split_as_the_sdk_splits_them},
          {"a process is run without a shell and not waited for", a_process_is_run_without_a_shell_and_not_waited_for},
          {"keys over http only go to the addresses that are known",
           keys_over_http_only_go_to_the_addresses_that_are_known},
          {"errors are told apart", errors_are_told_apart}, {"memory may run out", memory_may_run_out})
