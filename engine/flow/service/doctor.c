#define _GNU_SOURCE
#include "engine/flow/service/doctor.h"

#include "engine/base/fault.h"
#include "engine/base/http/http_curl.h"
#include "engine/base/time_text.h"
#include "engine/flow/service/doctor_local.h"
#include "engine/flow/service/doctor_remote.h"
#include "engine/source/aws/policy.h"
#include "leeway/version.h"

#include <event2/event.h>
#include <signal.h>
#include <stdio.h>

#define COUNT(table)  (sizeof(table) / sizeof((table)[0]))
#define TEXT_MAX      ((size_t)4 << 20)
#define PATIENCE      (10 * LW_SECOND)
#define PATIENCE_MOST (5 * LW_MINUTE)

static const struct lw_option options[] = {
    {.group = "What",
     .name = "config",
     .letter = 'c',
     .argument = "FILE",
     .values = "FILE",
     .help = "Configuration; else it is looked for as `leeway watch` does"},
    {.group = "What", .name = "store", .argument = "FILE", .values = "FILE", .help = "The store; else as configured"},
    {.group = "What", .name = "offline", .help = "Look at this machine alone: nothing is asked over the network"},
    {.group = "What",
     .name = "patience",
     .argument = "SPAN",
     .preset = "10s",
     .help = "How long an answer is waited for, each time"},
    {.group = "Showing",
     .name = "format",
     .argument = "FORM",
     .preset = "text",
     .values = "text ndjson",
     .help = "text for people, ndjson for programs: one object per line"},
    {.group = "Showing",
     .name = "iam-policy",
     .help = "Print the policy of AWS IAM that a source of type cloudwatch needs, and end"},
    {.group = "Other", .name = "help", .letter = 'h', .help = "Show this help"},
};

const struct lw_command lw_command_doctor = {
    .name = "doctor",
    .summary = "is everything there that the daemon needs?",
    .about =
        "Looks at the configuration, the files with secrets, the store and its disk, the names and certificates of "
        "the places that are asked, the clock, the AWS credentials, and whether metrics would arrive in Loggly "
        "twice. Each is ok, warn or fail, with what to do. It changes nothing, and no secret leaves this machine "
        "but where it belongs.\n"
        "\n"
        "Exit codes: 0 nothing failed (there may be warnings); 1 something failed; 2 usage.",
    .examples = "leeway doctor -c /etc/leeway/leeway.yaml\t\n"
                "leeway doctor --iam-policy > policy.json\tfor a new role in AWS\n",
    .options = options,
    .options_n = COUNT(options),
};

/* A loop of its own, for one request after the other. */
static void run_loop(void *self, const bool *done, lw_span most)
{
    struct event_base *base = self;
    struct timeval span = {.tv_sec = most.ms / 1000, .tv_usec = most.ms % 1000 * 1000};

    (void)event_base_loopexit(base, &span);
    while (!*done && event_base_loop(base, EVLOOP_ONCE) == 0 && !event_base_got_exit(base))
        continue;
}

static void ask_others(const struct lw_config *config, lw_span patience, struct lw_findings *findings)
{
    struct event_base *base = event_base_new();
    struct lw_world world = lw_world_real();
    struct lw_http_curl *curl = NULL;
    struct lw_fault fault = {.code = LW_ERR_OK};
    struct lw_http http;
    struct lw_doctor_loop loop = {.http = &http, .world = &world, .run = run_loop, .self = base, .patience = patience};

    if (base == NULL || lw_http_curl_open(&curl, base, "leeway/" LW_VERSION, &fault) != LW_ERR_OK) {
        lw_findings_add(findings, LW_FINDING_FAIL, "network", "look at the memory and the descriptors of this machine",
                        "no request can be made: %s", fault.text);
    } else {
        http = lw_http_curl_http(curl);
        lw_doctor_remote(config, &loop, findings);
    }
    lw_http_curl_close(curl);
    if (base != NULL)
        event_base_free(base);
}

static void examine(struct lw_session *session, lw_span patience, struct lw_findings *findings)
{
    const char *path = lw_options_value(session->options, "config");
    const char *store = lw_options_value(session->options, "store");
    struct lw_config_given given = {.key = "store", .value = store, .origin = "--store"};
    struct lw_buf errors = {.ceiling = TEXT_MAX};
    struct lw_fault fault = {.code = LW_ERR_OK};
    struct lw_config *config = NULL;
    enum lw_err err = lw_config_open(&config, path, &given, store != NULL ? 1 : 0, &errors, &fault);

    if (err != LW_ERR_OK) {
        lw_findings_add(findings, LW_FINDING_FAIL, "configuration", "leeway config check shows all of it", "%s",
                        fault.text);
    } else {
        lw_findings_add(findings, LW_FINDING_GOOD, "configuration", "", "%s: %zu source%s, %zu sink%s",
                        config->path != NULL ? config->path : "no file, defaults", config->sources_n,
                        config->sources_n == 1 ? "" : "s", config->sinks_n, config->sinks_n == 1 ? "" : "s");
        if (config->sources_n == 0 || config->sinks_n == 0)
            lw_findings_add(findings, LW_FINDING_WARN, "configuration", "leeway init --from FILES writes one",
                            config->sources_n == 0 ? "there is no source" : "there is no sink: nobody is told");
        lw_doctor_local(config, findings);
        if (!lw_options_has(session->options, "offline"))
            ask_others(config, patience, findings);
    }
    lw_buf_close(&errors);
    lw_config_close(config);
}

static enum lw_err read_options(struct lw_session *session, lw_span *patience, bool *json, struct lw_fault *fault)
{
    struct lw_str span = lw_str_from(lw_options_value(session->options, "patience"));
    struct lw_str format = lw_str_from(lw_options_value(session->options, "format"));

    patience->ms = PATIENCE;
    if (session->options->operands_n > 0)
        return lw_fault_set(fault, LW_ERR_USAGE, "`leeway doctor` takes no operands");
    if (span.len > 0 && (!lw_span_read(span, patience) || patience->ms < 1 || patience->ms > PATIENCE_MOST))
        return lw_fault_set(fault, LW_ERR_USAGE, "--patience %.40s: write a span from 1ms to 5m", span.at);
    *json = lw_str_equal(format, LW_STR("ndjson"));
    if (format.len > 0 && !*json && !lw_str_equal(format, LW_STR("text")))
        return lw_fault_set(fault, LW_ERR_USAGE, "--format %.40s: write text or ndjson", format.at);
    return LW_ERR_OK;
}

enum lw_exit lw_doctor_run(struct lw_session *session)
{
    struct lw_findings findings = {
        .text = {.ceiling = TEXT_MAX}, .utf8 = session->terminal.utf8, .columns = session->terminal.columns};
    struct lw_fault fault = {.code = LW_ERR_OK};
    enum lw_exit exit;
    lw_span patience;

    if (read_options(session, &patience, &findings.json, &fault) != LW_ERR_OK)
        return lw_session_fail(&fault);
    if (lw_options_has(session->options, "iam-policy")) {
        fputs(lw_policy_text(), stdout);
        return LW_EXIT_DONE;
    }
    (void)signal(SIGPIPE, SIG_IGN); /* OpenSSL writes into connections that are gone */
    examine(session, patience, &findings);
    exit = findings.counts[LW_FINDING_FAIL] > 0 ? LW_EXIT_FOUND : LW_EXIT_DONE;
    exit = lw_session_write(NULL, lw_buf_view(&findings.text), findings.text.error, exit);
    lw_buf_close(&findings.text);
    return exit;
}
