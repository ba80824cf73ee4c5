#define _GNU_SOURCE
#include "engine/flow/watch/watch.h"

#include "engine/base/fault.h"
#include "engine/flow/watch/loop.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#define ERRORS_CEILING ((size_t)1 << 20)
#define GIVEN_MAX      64u

static const struct lw_option options[] = {
    {.group = "What to watch",
     .name = "config",
     .letter = 'c',
     .argument = "FILE",
     .values = "FILE",
     .help =
         "Configuration; else ./leeway.yaml, then $XDG_CONFIG_HOME/leeway/leeway.yaml, then /etc/leeway/leeway.yaml"},
    {.group = "What to watch",
     .name = "source",
     .argument = "FILE",
     .values = "FILE",
     .repeatable = true,
     .help = "Follow this file (- for standard input), beside what is configured"},
    {.group = "What to watch",
     .name = "sink",
     .argument = "FILE",
     .values = "FILE",
     .repeatable = true,
     .help = "Append events to this file (- for standard output), beside what is configured"},
    {.group = "What to watch",
     .name = "store",
     .argument = "FILE",
     .values = "FILE",
     .help = "Where everything is kept; else as configured, or $XDG_STATE_HOME/leeway/leeway.db"},
    {.group = "How",
     .name = "once",
     .help = "Read what is there, judge, deliver, and end, for cron; the exit code is 4 when a sink did not take all"},
    {.group = "How",
     .name = "log-level",
     .argument = "LEVEL",
     .values = "error warning info debug",
     .help = "The least that is told on standard error: error, warning, info or debug; else as configured, or info"},
    {.group = "How",
     .name = "log-format",
     .argument = "FORM",
     .values = "logfmt json",
     .help = "Form of its lines: logfmt or json; else as configured, or logfmt"},
    {.group = "Other", .name = "help", .letter = 'h', .help = "Show this help"},
};

const struct lw_command lw_command_watch = {
    .name = "watch",
    .summary = "the daemon: follow metrics as they come, send alerts",
    .about =
        "Follows the configured sources (CloudWatch, Loggly, files, what is pushed to it), judges every run as it "
        "closes, and sends alerts, runs and metrics to the configured sinks. What it was given it keeps in its store "
        "until the sinks have acknowledged it: through outages, restarts and kills.\n\n"
        "TERM ends it within 5 seconds, HUP reads the configuration anew; one that is not valid changes nothing, and "
        "neither does one that names another store, or any while standard input is read. Exit codes: 0 ended as told; "
        "2 the configuration is not valid, or there is nothing to watch; 3 it could not be started or had to end, or "
        "(--once) a source could not be read, or no record of it could ever be used; 4 (--once) something was not "
        "delivered; 5 the store is locked, damaged "
        "or of a later version.",
    .examples = "leeway watch -c /etc/leeway/leeway.yaml\tas a service\n"
                "leeway watch --source metrics.ndjson --sink -\ttry it on a file\n"
                "leeway watch -c leeway.yaml --once\tfrom cron\n",
    .options = options,
    .options_n = sizeof(options) / sizeof(options[0]),
};

/* The configuration as the command line wants it; made again for every reload. */
struct configuring {
    const char *path;
    struct lw_config_given given[GIVEN_MAX];
    size_t given_n;
};

static enum lw_err configure(void *self, struct lw_config **out, struct lw_buf *errors, struct lw_fault *fault)
{
    const struct configuring *configuring = self;

    return lw_config_open(out, configuring->path, configuring->given, configuring->given_n, errors, fault);
}

static enum lw_err give(struct configuring *configuring, const char *key, const char *value, const char *origin,
                        struct lw_fault *fault)
{
    if (value == NULL)
        return LW_ERR_OK;
    if (configuring->given_n == GIVEN_MAX)
        return lw_fault_set(fault, LW_ERR_USAGE, "more than %u options: write a configuration file", GIVEN_MAX);
    configuring->given[configuring->given_n++] = (struct lw_config_given){.key = key, .value = value, .origin = origin};
    return LW_ERR_OK;
}

static enum lw_err give_options(const struct lw_session *session, struct configuring *configuring,
                                struct lw_fault *fault)
{
    static const struct {
        const char *option, *key, *origin;
    } rows[] = {
        {"store", "store", "--store"},
        {"log-level", "log.level", "--log-level"},
        {"log-format", "log.format", "--log-format"},
    };
    const struct lw_options *given = session->options;
    enum lw_err err = LW_ERR_OK;

    configuring->path = lw_options_value(given, "config");
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]) && err == LW_ERR_OK; i++)
        err = give(configuring, rows[i].key, lw_options_value(given, rows[i].option), rows[i].origin, fault);
    for (size_t i = 0; i < given->given_n && err == LW_ERR_OK; i++) {
        if (strcmp(given->given[i].option->name, "source") == 0)
            err = give(configuring, "sources+", given->given[i].value, "--source", fault);
        else if (strcmp(given->given[i].option->name, "sink") == 0)
            err = give(configuring, "sinks+", given->given[i].value, "--sink", fault);
    }
    return err;
}

/* Secrets are in our memory: no dumps of it, no debugger of the same user. */
static void be_discreet(void)
{
    const struct rlimit none = {.rlim_cur = 0, .rlim_max = 0};

    (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    (void)setrlimit(RLIMIT_CORE, &none);
}

static enum lw_exit fail_to_configure(const struct lw_buf *errors, const struct lw_fault *fault)
{
    if (errors->len == 0)
        return lw_session_fail(fault);
    fwrite(errors->at, 1, errors->len, stderr);
    return LW_EXIT_USAGE;
}

/* The daemon from its first line of the log to its last. Takes `config` over. */
static enum lw_err watch(struct configuring *configuring, struct lw_config *config, bool once, enum lw_exit *exit,
                         struct lw_fault *fault)
{
    struct lw_world clock = lw_world_real();
    struct lw_loop_options loop = {.configure = configure, .self = configuring, .once = once};
    enum lw_err err;

    if (config->sources_n == 0)
        err = lw_fault_set(fault, LW_ERR_USAGE,
                           "there is nothing to watch: add `sources:` to the configuration, or say --source FILE");
    else
        err = lw_log_open(&loop.log, STDERR_FILENO,
                          config->log_form == LW_LOG_JSON ? LW_LOG_STYLE_JSON : LW_LOG_STYLE_LOGFMT,
                          (enum lw_note)config->log_level, &clock, fault);
    if (err != LW_ERR_OK) {
        lw_config_close(config);
        return err;
    }
    err = lw_loop_run(config, &loop, exit, fault);
    lw_log_close(loop.log);
    return err;
}

enum lw_exit lw_watch_run(struct lw_session *session)
{
    struct configuring configuring = {.path = NULL};
    struct lw_buf errors = {.ceiling = ERRORS_CEILING};
    struct lw_fault fault = {.code = LW_ERR_OK};
    struct lw_config *config = NULL;
    enum lw_exit exit = LW_EXIT_DONE;
    enum lw_err err = give_options(session, &configuring, &fault);

    be_discreet();
    if (err == LW_ERR_OK)
        err = configure(&configuring, &config, &errors, &fault);
    if (err == LW_ERR_OK)
        err = watch(&configuring, config, lw_options_has(session->options, "once"), &exit, &fault);
    if (err != LW_ERR_OK)
        exit = fail_to_configure(&errors, &fault);
    lw_buf_close(&errors);
    return exit;
}
