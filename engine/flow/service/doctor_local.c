#define _GNU_SOURCE
#include "engine/flow/service/doctor_local.h"

#include "engine/flow/service/doctor_cost.h"
#include "engine/flow/http/access.h"
#include "engine/flow/service/control.h"
#include "engine/sink/secret_file.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define ROOM_LEAST ((uint64_t)64 << 20) /* bytes on the disk of the store below which it will stop soon */

static void look_at_secret(struct lw_findings *findings, const char *what, const char *path)
{
    struct lw_secret_file secret;
    char why[256];

    if (path == NULL)
        return;
    if (lw_secret_file_read(&secret, path, why, sizeof(why)))
        lw_findings_add(findings, LW_FINDING_GOOD, what, "", "its secret in %s can be read, and not by everybody",
                        path);
    else
        lw_findings_add(findings, LW_FINDING_FAIL, what,
                        "one line with the secret, chmod 600, owned by the user that leeway runs as", "%s", why);
    lw_secret_file_wipe(&secret);
}

static void look_at_secrets(const struct lw_config *config, struct lw_findings *findings)
{
    char what[128];

    for (size_t i = 0; i < config->sources_n; i++) {
        snprintf(what, sizeof(what), "source %.100s", config->sources[i].name);
        look_at_secret(findings, what, config->sources[i].token_file);
    }
    for (size_t i = 0; i < config->sinks_n; i++) {
        snprintf(what, sizeof(what), "sink %.100s", config->sinks[i].name);
        look_at_secret(findings, what, config->sinks[i].token_file);
        look_at_secret(findings, what, config->sinks[i].url_file);
    }
    look_at_secret(findings, "http token", config->http.token_file);
}

static void look_at_files(const struct lw_config *config, struct lw_findings *findings)
{
    char what[128];

    for (size_t i = 0; i < config->sources_n; i++) {
        const struct lw_config_source *source = &config->sources[i];

        if (source->type != LW_SOURCE_FILE)
            continue;
        snprintf(what, sizeof(what), "source %.100s", source->name);
        if (access(source->path, R_OK) == 0)
            lw_findings_add(findings, LW_FINDING_GOOD, what, "", "%s can be read", source->path);
        else
            lw_findings_add(findings, errno == ENOENT ? LW_FINDING_WARN : LW_FINDING_FAIL, what,
                            errno == ENOENT ? "it is followed as soon as it is there; else check how it is spelt"
                                            : "give the user that leeway runs as the right to read it",
                            "%s: %s", source->path, strerror(errno));
    }
}

/* The folder that a path is in. */
static void folder_of(const char *path, char folder[512])
{
    const char *slash = strrchr(path, '/');

    snprintf(folder, 512, "%.*s",
             slash == NULL   ? 1
             : slash == path ? 1
                             : (int)(slash - path),
             slash == NULL ? "." : path);
}

/* NULL when events can be appended to the file; else why not. */
static const char *unwritable(const char *path)
{
    struct stat stat_;
    char folder[512];

    if (stat(path, &stat_) == 0 && S_ISDIR(stat_.st_mode))
        return "it is a folder";
    if (access(path, W_OK) == 0)
        return NULL;
    if (errno != ENOENT)
        return strerror(errno);
    folder_of(path, folder);
    if (access(folder, W_OK | X_OK) == 0)
        return NULL;
    return errno == ENOENT ? "its folder is not there" : "its folder may not be written to";
}

static void look_at_outputs(const struct lw_config *config, struct lw_findings *findings)
{
    char what[128];

    for (size_t i = 0; i < config->sinks_n; i++) {
        const struct lw_config_sink *sink = &config->sinks[i];
        const char *why;

        if (sink->type != LW_SINK_FILE)
            continue;
        snprintf(what, sizeof(what), "sink %.100s", sink->name);
        why = unwritable(sink->path);
        if (why == NULL)
            lw_findings_add(findings, LW_FINDING_GOOD, what, "", "%s can be written", sink->path);
        else
            lw_findings_add(findings, LW_FINDING_FAIL, what,
                            "name a file in a folder that the user that leeway runs as may write to", "%s: %s",
                            sink->path, why);
    }
}

/* --- two sources of the same data --- */

static bool same_text(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static bool same_file(const char *a, const char *b)
{
    struct stat left;
    struct stat right;

    if (strcmp(a, b) == 0)
        return true;
    return stat(a, &left) == 0 && stat(b, &right) == 0 && left.st_dev == right.st_dev && left.st_ino == right.st_ino;
}

static bool share_a_region(const struct lw_config_source *a, const struct lw_config_source *b)
{
    if (a->regions_n == 0 || b->regions_n == 0)
        return a->regions_n == b->regions_n;
    for (size_t i = 0; i < a->regions_n; i++) {
        for (size_t j = 0; j < b->regions_n; j++) {
            if (strcmp(a->regions[i], b->regions[j]) == 0)
                return true;
        }
    }
    return false;
}

/* What two sources both read, or NULL. */
static const char *shared(const struct lw_config_source *a, const struct lw_config_source *b)
{
    if ((a->type == LW_SOURCE_CLOUDWATCH && b->type == LW_SOURCE_LOGGLY) ||
        (a->type == LW_SOURCE_LOGGLY && b->type == LW_SOURCE_CLOUDWATCH))
        return "what CloudWatch's integration sends to Loggly, if it is of this account";
    if (a->type != b->type)
        return NULL;
    switch (a->type) {
    case LW_SOURCE_FILE:
        return same_file(a->path, b->path) ? "the same file" : NULL;
    case LW_SOURCE_CLOUDWATCH:
        return same_text(a->role_arn, b->role_arn) && same_text(a->profile, b->profile) &&
                       same_text(a->endpoint, b->endpoint) && share_a_region(a, b)
                   ? "the same account and region"
                   : NULL;
    case LW_SOURCE_LOGGLY:
        return same_text(a->subdomain, b->subdomain) && same_text(a->endpoint, b->endpoint) &&
                       same_text(a->query, b->query)
                   ? "the same events of Loggly"
                   : NULL;
    case LW_SOURCE_HTTP:
    case LW_SOURCE_STDIN:
        return NULL;
    }
    return NULL;
}

static void look_at_twins(const struct lw_config *config, struct lw_findings *findings)
{
    for (size_t i = 0; i < config->sources_n; i++) {
        for (size_t j = i + 1; j < config->sources_n; j++) {
            const char *what = shared(&config->sources[i], &config->sources[j]);

            if (what != NULL)
                lw_findings_add(findings, LW_FINDING_WARN, "sources",
                                "leave one out: where their origins differ, each run counts twice",
                                "%.80s and %.80s both read %s", config->sources[i].name, config->sources[j].name, what);
        }
    }
}

/* A daemon that runs owns the store, and is asked; else it is opened as a reader. */
static bool look_at_daemon(const struct lw_config *config, struct lw_findings *findings)
{
    const struct lw_people_request request = {.command = LW_PEOPLE_DO_STATUS};
    struct lw_buf reply = {.ceiling = (size_t)1 << 20};
    struct lw_fault fault = {.code = LW_ERR_OK};
    bool there = false;
    enum lw_err err = lw_control_ask(config->control, &request, &reply, &there, &fault);

    if (err != LW_ERR_OK)
        lw_findings_add(findings, LW_FINDING_FAIL, "daemon", "look at its log (journalctl -u leeway)", "%s",
                        fault.text);
    else if (there)
        lw_findings_add(findings, LW_FINDING_GOOD, "daemon", "", "it runs, and answers at %s", config->control);
    else
        lw_findings_add(findings, LW_FINDING_WARN, "daemon", "systemctl start leeway, or: leeway watch",
                        "none answers at %s", config->control);
    lw_buf_close(&reply);
    return there;
}

static void look_at_store(const struct lw_config *config, struct lw_findings *findings)
{
    struct lw_store_limits limits = {.spool = 0};
    struct lw_store_info info = {.bytes = 0};
    struct lw_fault fault = {.code = LW_ERR_OK};
    struct lw_store *store = NULL;
    enum lw_err err;

    if (access(config->store, F_OK) != 0 && errno == ENOENT) {
        lw_findings_add(findings, LW_FINDING_GOOD, "store", "", "%s is not there yet: `leeway watch` makes it",
                        config->store);
        lw_doctor_cost(config, NULL, findings);
        return;
    }
    err = lw_store_open(&store, config->store, LW_STORE_READ, &limits, &fault);
    if (err == LW_ERR_OK)
        err = lw_store_info(store, &info, &fault);
    if (err != LW_ERR_OK)
        lw_findings_add(findings, LW_FINDING_FAIL, "store",
                        err == LW_ERR_STATE   ? "take back a copy made by `leeway store backup`"
                        : err == LW_ERR_NEWER ? "install the version of leeway that wrote it, or a later one"
                                              : "name another one with `store:`",
                        "%s: %s", config->store, fault.text);
    else
        lw_findings_add(findings, LW_FINDING_GOOD, "store", "", "%s: models: %llu, runs: %llu, open alerts: %llu",
                        config->store, (unsigned long long)info.models, (unsigned long long)info.runs,
                        (unsigned long long)info.alerts_open);
    if (err == LW_ERR_OK && info.dead_letters > 0)
        lw_findings_add(findings, LW_FINDING_WARN, "store", "look at the table of dead letters for the reasons",
                        "events that a sink refused for good: %llu", (unsigned long long)info.dead_letters);
    if (err == LW_ERR_OK)
        lw_doctor_cost(config, store, findings);
    lw_store_close(store);
}

static void look_at_disk(const struct lw_config *config, struct lw_findings *findings)
{
    struct statvfs disk;
    uint64_t spool = 0;
    uint64_t room;
    char folder[512];

    folder_of(config->store, folder);
    while (statvfs(folder, &disk) != 0) {
        char above[512];

        if (errno != ENOENT || strcmp(folder, "/") == 0 || strcmp(folder, ".") == 0) {
            lw_findings_add(findings, LW_FINDING_FAIL, "disk", "make the folder of the store usable", "%s: %s", folder,
                            strerror(errno));
            return;
        }
        folder_of(folder, above);
        memcpy(folder, above, sizeof(folder));
    }
    for (size_t i = 0; i < config->sinks_n; i++)
        spool += config->sinks[i].spool;
    if (access(folder, W_OK | X_OK) != 0)
        lw_findings_add(findings, LW_FINDING_FAIL, "store",
                        "run this as the user of the daemon, or give that user the folder", "%s: %s", folder,
                        strerror(errno));
    room = (uint64_t)disk.f_bavail * disk.f_frsize;
    if (room < ROOM_LEAST || (disk.f_files > 0 && disk.f_favail < 16))
        lw_findings_add(findings, LW_FINDING_FAIL, "disk", "make room: without it nothing is taken in any more",
                        "%llu MiB are free below %s", (unsigned long long)(room >> 20), folder);
    else if (room < spool)
        lw_findings_add(findings, LW_FINDING_WARN, "disk", "make room, or lower `spool` of the sinks",
                        "%llu MiB are free below %s, and the spools of the sinks may grow to %llu MiB",
                        (unsigned long long)(room >> 20), folder, (unsigned long long)(spool >> 20));
    else
        lw_findings_add(findings, LW_FINDING_GOOD, "disk", "", "%llu MiB are free below %s",
                        (unsigned long long)(room >> 20), folder);
}

/* The rules of the server itself, told before it is started. */
static void look_at_http(const struct lw_config *config, struct lw_findings *findings, bool runs)
{
    const struct lw_config_http *http = &config->http;
    struct sockaddr_storage address;
    struct lw_fault fault = {.code = LW_ERR_OK};
    socklen_t length = 0;
    int one = 1;
    int fd;

    if (http->listen == NULL)
        return;
    if (lw_access_address(http->listen, &address, &length, &fault) != LW_ERR_OK) {
        lw_findings_add(findings, LW_FINDING_FAIL, "http", "write it as 127.0.0.1:8321", "%s", fault.text);
        return;
    }
    if (!lw_access_is_loopback((const struct sockaddr *)&address) &&
        (http->token_file == NULL || http->certificate == NULL || http->key == NULL)) {
        lw_findings_add(findings, LW_FINDING_FAIL, "http",
                        "listen on 127.0.0.1, or give certificate, key and token_file",
                        "%s can be reached from other machines", http->listen);
        return;
    }
    fd = socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0)
        (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
    if (!runs && (fd < 0 || bind(fd, (const struct sockaddr *)&address, length) != 0))
        lw_findings_add(findings, LW_FINDING_FAIL, "http", "stop what uses it (ss -ltnp), or choose another port",
                        "%s: %s", http->listen, strerror(errno));
    else
        lw_findings_add(findings, LW_FINDING_GOOD, "http", "", "%s%s", http->listen,
                        runs ? " is configured" : " is free");
    if (fd >= 0)
        close(fd);
}

void lw_doctor_local(const struct lw_config *config, struct lw_findings *findings)
{
    bool runs;

    look_at_secrets(config, findings);
    look_at_files(config, findings);
    look_at_outputs(config, findings);
    look_at_twins(config, findings);
    runs = look_at_daemon(config, findings);
    look_at_store(config, findings);
    look_at_disk(config, findings);
    look_at_http(config, findings, runs);
}
