#define _POSIX_C_SOURCE 200809L

#include "engine/source/aws/credentials/plan.h"

#include "engine/base/again.h"
#include "engine/base/fault.h"
#include "engine/source/aws/credentials/profile.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define FILE_MAX  ((size_t)1 << 20)
#define PATH_ROOM 4096

struct files {
    struct lw_str config, credentials;
};

static const char *env_of(const struct lw_credentials_options *options, const char *name)
{
    const char *value = options->env != NULL ? options->env(options->env_self, name) : getenv(name);

    return value != NULL && value[0] != '\0' ? value : NULL;
}

static bool read_all(int file, char *room, size_t size, size_t *n)
{
    *n = 0;
    while (*n < size) {
        ssize_t got = read(file, room + *n, size - *n);

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return false;
        if (got == 0)
            return true;
        *n += (size_t)got;
    }
    return false;
}

enum lw_err lw_plan_file(const char *path, struct lw_str *text, struct lw_fault *fault)
{
    int file = lw_again_open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0);
    char *room;
    size_t n;
    bool good;

    *text = (struct lw_str){NULL, 0};
    if (file < 0 && (errno == ENOENT || errno == ENOTDIR))
        return LW_ERR_OK;
    if (file < 0)
        return lw_fault_set(fault, LW_ERR_CONFIG, "%.160s cannot be read: give this user the right to", path);
    room = malloc(FILE_MAX + 1);
    if (room == NULL) {
        close(file);
        return lw_fault_memory(fault, "a file of credentials");
    }
    good = read_all(file, room, FILE_MAX, &n);
    close(file);
    if (!good) {
        OPENSSL_cleanse(room, n);
        free(room);
        return lw_fault_set(fault, LW_ERR_CONFIG, "%.160s cannot be read, or is larger than 1 MiB", path);
    }
    room[n] = '\0';
    *text = (struct lw_str){room, n};
    return LW_ERR_OK;
}

void lw_plan_file_free(struct lw_str *text)
{
    char *room = (char *)(uintptr_t)text->at;

    if (room != NULL)
        OPENSSL_cleanse(room, text->len);
    free(room);
    *text = (struct lw_str){NULL, 0};
}

static enum lw_err read_shared(const struct lw_credentials_options *options, const char *variable, const char *name,
                               struct lw_str *text, struct lw_fault *fault)
{
    const char *path = env_of(options, variable), *home = env_of(options, "HOME");
    char room[PATH_ROOM];

    *text = (struct lw_str){NULL, 0};
    if (path == NULL) {
        if (home == NULL || snprintf(room, sizeof(room), "%s/.aws/%s", home, name) >= (int)sizeof(room))
            return LW_ERR_OK;
        path = room;
    }
    return lw_plan_file(path, text, fault);
}

static enum lw_err read_files(const struct lw_credentials_options *options, struct files *files, struct lw_fault *fault)
{
    enum lw_err err = read_shared(options, "AWS_CONFIG_FILE", "config", &files->config, fault);

    files->credentials = (struct lw_str){NULL, 0};
    if (err == LW_ERR_OK)
        err = read_shared(options, "AWS_SHARED_CREDENTIALS_FILE", "credentials", &files->credentials, fault);
    return err;
}

static void free_files(struct files *files)
{
    lw_plan_file_free(&files->config);
    lw_plan_file_free(&files->credentials);
}

/* What is in the credentials file goes before what is in the config file. */
static struct lw_str value_of(const struct files *files, struct lw_str profile, const char *key)
{
    struct lw_str value = {NULL, 0};

    if (!lw_profile_value(files->credentials, LW_PROFILE_CREDENTIALS, profile, key, &value))
        (void)lw_profile_value(files->config, LW_PROFILE_CONFIG, profile, key, &value);
    return value;
}

static struct lw_str name_of_profile(const struct lw_credentials_options *options)
{
    const char *name = options->profile != NULL ? options->profile : env_of(options, "AWS_PROFILE");

    if (name == NULL)
        name = env_of(options, "AWS_DEFAULT_PROFILE");
    return lw_str_from(name != NULL ? name : "default");
}

struct making {
    struct lw_plan *plan;
    const struct lw_credentials_options *options;
    const struct files *files;
    struct lw_arena *arena;
    bool found;
};

static enum lw_err keep(struct making *making, struct lw_str *out, struct lw_str text, struct lw_fault *fault)
{
    *out = (struct lw_str){NULL, 0};
    if (text.len == 0)
        return LW_ERR_OK;
    *out = lw_arena_text(making->arena, text);
    return out->at != NULL ? LW_ERR_OK : lw_fault_memory(fault, "the way to credentials");
}

static struct lw_str session_name(const struct lw_credentials_options *options, struct lw_str configured)
{
    const char *given = env_of(options, "AWS_ROLE_SESSION_NAME");

    if (configured.len > 0)
        return configured;
    return lw_str_from(given != NULL ? given : "leeway");
}

static enum lw_err keep_role(struct making *making, struct lw_plan_role *role, struct lw_str arn, struct lw_str session,
                             struct lw_str external_id, struct lw_fault *fault)
{
    enum lw_err err = keep(making, &role->arn, arn, fault);

    if (err == LW_ERR_OK)
        err = keep(making, &role->session, session, fault);
    if (err == LW_ERR_OK)
        err = keep(making, &role->external_id, external_id, fault);
    return err;
}

static enum lw_err from_environment(struct making *making, struct lw_fault *fault)
{
    const char *id = env_of(making->options, "AWS_ACCESS_KEY_ID"),
               *secret = env_of(making->options, "AWS_SECRET_ACCESS_KEY"),
               *token = env_of(making->options, "AWS_SESSION_TOKEN");
    struct lw_fault why;

    if (id == NULL)
        return LW_ERR_OK;
    if (token == NULL)
        token = env_of(making->options, "AWS_SECURITY_TOKEN");
    making->plan->base = LW_PLAN_KEYS;
    making->plan->source = "the environment";
    if (lw_keys_set(&making->plan->keys, lw_str_from(id), lw_str_from(secret), lw_str_from(token), &why) != LW_ERR_OK)
        return lw_fault_set(fault, LW_ERR_CONFIG,
                            "AWS_ACCESS_KEY_ID is set, but AWS_SECRET_ACCESS_KEY is missing or one of them is no key");
    making->found = true;
    return LW_ERR_OK;
}

static enum lw_err from_profile_keys(struct making *making, enum lw_profile_file file, struct lw_str profile,
                                     struct lw_fault *fault)
{
    struct lw_str text = file == LW_PROFILE_CONFIG ? making->files->config : making->files->credentials;
    struct lw_str id = {0}, secret = {0}, token = {0};
    struct lw_fault why;

    if (!lw_profile_value(text, file, profile, "aws_access_key_id", &id) || id.len == 0)
        return LW_ERR_OK;
    (void)lw_profile_value(text, file, profile, "aws_secret_access_key", &secret);
    if (!lw_profile_value(text, file, profile, "aws_session_token", &token))
        (void)lw_profile_value(text, file, profile, "aws_security_token", &token);
    making->plan->base = LW_PLAN_KEYS;
    making->plan->source = "the shared credentials file";
    if (lw_keys_set(&making->plan->keys, id, secret, token, &why) != LW_ERR_OK)
        return lw_fault_set(fault, LW_ERR_CONFIG, "the profile %.*s has an aws_access_key_id without a usable secret",
                            (int)(profile.len < 60 ? profile.len : 60), profile.at);
    making->found = true;
    return LW_ERR_OK;
}

static enum lw_err from_process(struct making *making, struct lw_str profile, struct lw_fault *fault)
{
    struct lw_str command = value_of(making->files, profile, "credential_process");

    if (command.len == 0)
        return LW_ERR_OK;
    making->plan->base = LW_PLAN_PROCESS;
    making->plan->source = "credential_process";
    making->found = true;
    return keep(making, &making->plan->command, command, fault);
}

static enum lw_err from_web_identity(struct making *making, struct lw_str file, struct lw_str arn,
                                     struct lw_str session, struct lw_fault *fault)
{
    enum lw_err err;

    if (arn.len == 0)
        return lw_fault_set(fault, LW_ERR_CONFIG,
                            "a web identity token is configured without a role: set AWS_ROLE_ARN");
    making->plan->base = LW_PLAN_WEB_IDENTITY;
    making->plan->source = "web identity";
    making->found = true;
    err = keep(making, &making->plan->token_file, file, fault);
    return err != LW_ERR_OK ? err
                            : keep_role(making, &making->plan->web, arn, session_name(making->options, session),
                                        (struct lw_str){NULL, 0}, fault);
}

/* ECS gives a path on its fixed address, EKS and others a whole URL. */
static enum lw_err from_container(struct making *making, struct lw_fault *fault)
{
    const struct lw_credentials_options *options = making->options;
    const char *relative = env_of(options, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"),
               *full = env_of(options, "AWS_CONTAINER_CREDENTIALS_FULL_URI");
    struct lw_plan *plan = making->plan;
    enum lw_err err;

    if (relative == NULL && full == NULL)
        return LW_ERR_OK;
    plan->base = LW_PLAN_CONTAINER;
    plan->source = "the container's endpoint";
    plan->url = relative != NULL ? lw_arena_format(making->arena, "http://169.254.170.2%s", relative)
                                 : lw_arena_text(making->arena, lw_str_from(full));
    if (plan->url.at == NULL)
        return lw_fault_memory(fault, "the way to credentials");
    if (!lw_plan_container_url(plan->url))
        return lw_fault_set(fault, LW_ERR_CONFIG,
                            "AWS_CONTAINER_CREDENTIALS_FULL_URI must be https, or http to loopback, 169.254.170.2, "
                            "169.254.170.23 or [fd00:ec2::23]");
    making->found = true;
    err =
        keep(making, &plan->token_file, lw_str_from(env_of(options, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE")), fault);
    if (err == LW_ERR_OK)
        err = keep(making, &plan->token, lw_str_from(env_of(options, "AWS_CONTAINER_AUTHORIZATION_TOKEN")), fault);
    return err;
}

static enum lw_err from_instance(struct making *making, struct lw_fault *fault)
{
    const struct lw_credentials_options *options = making->options;
    const char *disabled = env_of(options, "AWS_EC2_METADATA_DISABLED"),
               *endpoint = env_of(options, "AWS_EC2_METADATA_SERVICE_ENDPOINT"),
               *mode = env_of(options, "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE");
    size_t n;

    if (disabled != NULL && (strcmp(disabled, "true") == 0 || strcmp(disabled, "TRUE") == 0))
        return LW_ERR_OK;
    if (endpoint == NULL)
        endpoint = mode != NULL && (mode[0] == 'I' || mode[0] == 'i') && mode[strlen(mode) - 1] == '6'
                       ? "http://[fd00:ec2::254]"
                       : "http://169.254.169.254";
    n = strlen(endpoint);
    while (n > 0 && endpoint[n - 1] == '/')
        n--;
    making->plan->base = LW_PLAN_INSTANCE;
    making->plan->source = "the instance's metadata";
    making->found = true;
    return keep(making, &making->plan->url, (struct lw_str){endpoint, n}, fault);
}

static enum lw_err from_named_source(struct making *making, struct lw_str source, struct lw_fault *fault)
{
    enum lw_err err = LW_ERR_OK;

    if (lw_str_equal(source, LW_STR("Environment")))
        err = from_environment(making, fault);
    else if (lw_str_equal(source, LW_STR("EcsContainer")))
        err = from_container(making, fault);
    else if (lw_str_equal(source, LW_STR("Ec2InstanceMetadata")))
        err = from_instance(making, fault);
    else
        return lw_fault_set(fault, LW_ERR_CONFIG,
                            "credential_source is none of Environment, EcsContainer and "
                            "Ec2InstanceMetadata");
    if (err == LW_ERR_OK && !making->found)
        return lw_fault_set(fault, LW_ERR_CONFIG, "there is nothing at the credential_source %.*s", (int)source.len,
                            source.at);
    return err;
}

static enum lw_err from_profile(struct making *making, struct lw_str profile, struct lw_fault *fault)
{
    enum lw_err err = from_profile_keys(making, LW_PROFILE_CREDENTIALS, profile, fault);

    if (err == LW_ERR_OK && !making->found)
        err = from_process(making, profile, fault);
    if (err == LW_ERR_OK && !making->found)
        err = from_profile_keys(making, LW_PROFILE_CONFIG, profile, fault);
    return err;
}

/* A chain of profiles of which each names the one whose credentials assume its role. The roles are found from the last to
   the first, and put in the order of assuming when the end of the chain is known. */
static enum lw_err from_roles(struct making *making, struct lw_str profile, struct lw_fault *fault)
{
    struct lw_plan *plan = making->plan;
    enum lw_err err = LW_ERR_OK;

    while (err == LW_ERR_OK && !making->found) {
        struct lw_str arn = value_of(making->files, profile, "role_arn"),
                      from = value_of(making->files, profile, "source_profile"),
                      source = value_of(making->files, profile, "credential_source"),
                      file = value_of(making->files, profile, "web_identity_token_file"),
                      session = value_of(making->files, profile, "role_session_name");

        if (arn.len > 0 && file.len > 0)
            return from_web_identity(making, file, arn, session, fault);
        if (arn.len == 0)
            break;
        if (plan->roles_n == LW_PLAN_ROLES - 1)
            return lw_fault_set(fault, LW_ERR_CONFIG, "the source_profile of the profiles goes round in a circle");
        err = keep_role(making, &plan->roles[plan->roles_n++], arn, session_name(making->options, session),
                        value_of(making->files, profile, "external_id"), fault);
        if (err == LW_ERR_OK && source.len > 0)
            return from_named_source(making, source, fault);
        if (from.len == 0)
            return lw_fault_set(fault, LW_ERR_CONFIG,
                                "the profile %.*s has a role_arn, but neither source_profile nor "
                                "credential_source",
                                (int)(profile.len < 60 ? profile.len : 60), profile.at);
        if (lw_str_equal(from, profile)) /* its own keys */
            break;
        profile = from;
    }
    if (err == LW_ERR_OK && plan->roles_n > 0) {
        err = from_profile(making, profile, fault);
        if (err == LW_ERR_OK && !making->found)
            err = lw_fault_set(fault, LW_ERR_CONFIG, "the source_profile %.*s has no credentials",
                               (int)(profile.len < 60 ? profile.len : 60), profile.at);
    }
    return err;
}

static enum lw_err check_profile(struct making *making, struct lw_str profile, struct lw_fault *fault)
{
    const struct lw_credentials_options *options = making->options;

    if (value_of(making->files, profile, "sso_session").len > 0 ||
        value_of(making->files, profile, "sso_start_url").len > 0)
        return lw_fault_set(fault, LW_ERR_CONFIG,
                            "the profile %.*s uses single sign-on: give it credential_process = "
                            "aws configure export-credentials --profile NAME --format process",
                            (int)(profile.len < 60 ? profile.len : 60), profile.at);
    if ((options->profile != NULL || env_of(options, "AWS_PROFILE") != NULL) &&
        !lw_profile_there(making->files->config, LW_PROFILE_CONFIG, profile) &&
        !lw_profile_there(making->files->credentials, LW_PROFILE_CREDENTIALS, profile))
        return lw_fault_set(fault, LW_ERR_CONFIG, "there is no profile %.*s in ~/.aws/config or ~/.aws/credentials",
                            (int)(profile.len < 60 ? profile.len : 60), profile.at);
    return LW_ERR_OK;
}

static enum lw_err walk(struct making *making, struct lw_fault *fault)
{
    const struct lw_credentials_options *options = making->options;
    struct lw_str profile = name_of_profile(options);
    const char *file = env_of(options, "AWS_WEB_IDENTITY_TOKEN_FILE");
    enum lw_err err = LW_ERR_OK;

    if (options->profile == NULL)
        err = from_environment(making, fault);
    if (err == LW_ERR_OK && !making->found)
        err = from_roles(making, profile, fault);
    if (err == LW_ERR_OK && !making->found && file != NULL)
        err = from_web_identity(making, lw_str_from(file), lw_str_from(env_of(options, "AWS_ROLE_ARN")),
                                (struct lw_str){NULL, 0}, fault);
    if (err == LW_ERR_OK && !making->found)
        err = from_profile(making, profile, fault);
    if (err == LW_ERR_OK && !making->found)
        err = check_profile(making, profile, fault);
    if (err == LW_ERR_OK && !making->found)
        err = from_container(making, fault);
    if (err == LW_ERR_OK && !making->found)
        err = from_instance(making, fault);
    if (err == LW_ERR_OK && !making->found)
        err =
            lw_fault_set(fault, LW_ERR_CONFIG,
                         "there are no AWS credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, a profile in "
                         "~/.aws/credentials, or run where a role is attached");
    return err;
}

enum lw_err lw_plan_make(struct lw_plan *plan, const struct lw_credentials_options *options, struct lw_arena *arena,
                         struct lw_fault *fault)
{
    struct lw_plan made = {.roles_n = 0};
    struct files files;
    struct making making = {.plan = &made, .options = options, .files = &files, .arena = arena};
    enum lw_err err = read_files(options, &files, fault);

    if (err == LW_ERR_OK)
        err = walk(&making, fault);
    for (size_t i = 0; i < made.roles_n / 2; i++) {
        struct lw_plan_role role = made.roles[i];

        made.roles[i] = made.roles[made.roles_n - 1 - i];
        made.roles[made.roles_n - 1 - i] = role;
    }
    if (err == LW_ERR_OK && options->role_arn != NULL)
        err = keep_role(&making, &made.roles[made.roles_n++], lw_str_from(options->role_arn),
                        session_name(options, (struct lw_str){NULL, 0}), lw_str_from(options->external_id), fault);
    free_files(&files);
    if (err == LW_ERR_OK)
        *plan = made;
    lw_keys_wipe(&made.keys);
    return err;
}

/* The texts of the arena may hold a token. */
void lw_plan_wipe(struct lw_plan *plan)
{
    if (plan->token.len > 0)
        OPENSSL_cleanse((void *)(uintptr_t)plan->token.at, plan->token.len);
    OPENSSL_cleanse(plan, sizeof(*plan));
}

bool lw_plan_container_url(struct lw_str url)
{
    static const struct lw_str hosts[] = {{"localhost", 9},       {"127.0.0.1", 9},       {"169.254.170.2", 13},
                                          {"169.254.170.23", 14}, {"[fd00:ec2::23]", 14}, {"[::1]", 5}};

    if (url.len > 8 && memcmp(url.at, "https://", 8) == 0)
        return true;
    if (url.len <= 7 || memcmp(url.at, "http://", 7) != 0)
        return false;
    url = (struct lw_str){url.at + 7, url.len - 7};
    for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++) {
        if (url.len >= hosts[i].len && memcmp(url.at, hosts[i].at, hosts[i].len) == 0 &&
            (url.len == hosts[i].len || url.at[hosts[i].len] == '/' || url.at[hosts[i].len] == ':'))
            return true;
    }
    return false;
}

void lw_credentials_region(const struct lw_credentials_options *options, char region[64])
{
    const char *given = env_of(options, "AWS_REGION");
    struct files files;
    struct lw_str value;

    region[0] = '\0';
    if (given == NULL)
        given = env_of(options, "AWS_DEFAULT_REGION");
    if (given == NULL) {
        if (read_files(options, &files, NULL) == LW_ERR_OK) {
            value = value_of(&files, name_of_profile(options), "region");
            if (value.len > 0 && value.len < 64)
                snprintf(region, 64, "%.*s", (int)value.len, value.at);
        }
        free_files(&files);
    }
    if (given != NULL && strlen(given) < 64)
        snprintf(region, 64, "%s", given);
}
