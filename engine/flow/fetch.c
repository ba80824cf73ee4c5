#include "engine/flow/fetch.h"

#include "engine/base/fault.h"
#include "engine/base/http/http_curl.h"
#include "engine/base/time_text.h"
#include "engine/base/world.h"
#include "engine/flow/cli/output.h"
#include "engine/flow/fetched.h"
#include "engine/source/aws/cloudwatch.h"
#include "engine/source/loggly/retrieval.h"
#include "leeway/version.h"

#include <event2/event.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(table)   (sizeof(table) / sizeof((table)[0]))
#define BUFFER_CEILING ((size_t)64 << 20)
#define REGIONS_MAX    64u
#define SINCE          "90d"
#define GIVE_UP        "2m"

static const struct lw_option options[] = {
    {.group = "What to read",
     .name = "since",
     .argument = "TIME",
     .preset = SINCE,
     .help = "How far back: a span such as 365d, or a time such as 2026-01-01"},
    {.group = "What to read",
     .name = "output",
     .letter = 'o',
     .argument = "FILE",
     .values = "FILE",
     .help = "Write to FILE instead of standard output; it is replaced when everything was read, or not at all"},
    {.group = "What to read",
     .name = "endpoint",
     .argument = "URL",
     .help = "Ask this server instead: private endpoints, tests (http for loopback alone)"},
    {.group = "What to read", .name = "ca-file", .argument = "FILE", .values = "FILE", .help = "Trusted certificates"},
    {.group = "What to read",
     .name = "give-up",
     .argument = "SPAN",
     .preset = GIVE_UP,
     .help = "End with an error when nothing could be read for so long"},
    {.group = "CloudWatch",
     .name = "region",
     .argument = "REGION",
     .repeatable = true,
     .help = "Region to read, may be given several times; else AWS_REGION or the region of the profile"},
    {.group = "CloudWatch",
     .name = "profile",
     .argument = "NAME",
     .help = "Profile of ~/.aws/config and ~/.aws/credentials"},
    {.group = "CloudWatch", .name = "role-arn", .argument = "ARN", .help = "Assume this role"},
    {.group = "CloudWatch", .name = "external-id", .argument = "TEXT", .help = "External id of the role"},
    {.group = "Loggly", .name = "subdomain", .argument = "NAME", .help = "acme, for acme.loggly.com"},
    {.group = "Loggly",
     .name = "token-file",
     .argument = "FILE",
     .values = "FILE",
     .help = "File with the API token (retrieval, not the customer token)"},
    {.group = "Loggly",
     .name = "query",
     .argument = "QUERY",
     .preset = LW_RETRIEVAL_QUERY,
     .help = "Which events; tag:leeway is always excluded"},
    {.group = "Other", .name = "quiet", .letter = 'q', .help = "Tell nothing on standard error but what went wrong"},
    {.group = "Other", .name = "help", .letter = 'h', .help = "Show this help"},
};

const struct lw_command lw_command_fetch = {
    .name = "fetch",
    .operands = "cloudwatch | loggly",
    .summary = "read CloudWatch or Loggly once, into a file for analyze",
    .about =
        "`cloudwatch` asks SageMaker for its training jobs and CloudWatch for their metrics, with the credentials that "
        "the AWS tools would use (environment, profile, web identity, container, instance). `loggly` reads the events "
        "that the CloudWatch integration sends there.\n\n"
        "The file has one document per line as it was received, with what it does not say itself; all subcommands that "
        "read files recognise it, and find in it exactly what they would find in the documents.\n\n"
        "CloudWatch charges for GetMetricStatistics and ListMetrics; how many there were is told at the end. Minutes "
        "are "
        "kept for 15 days, five minutes for 63, hours for 455: of older jobs there are fewer datapoints.\n\n"
        "Exit codes: 0 everything was read; 2 usage; 3 it could not be read or written: then there is no file.",
    .examples = "leeway fetch cloudwatch --since 365d --region us-east-1 -o runs.ndjson\t\n"
                "leeway fetch loggly --subdomain acme --token-file api.token -o runs.ndjson\t\n"
                "leeway analyze runs.ndjson\t\n",
    .options = options,
    .options_n = COUNT(options),
};

struct fetching {
    struct lw_session *session;
    struct lw_world world;
    struct event_base *loop;
    struct event *timer, *signals[2];
    struct lw_http_curl *curl;
    struct lw_http http;
    struct lw_source source;
    struct lw_output_file *file;
    struct lw_buf buf;
    uint64_t documents, bytes;
    lw_span give_up, good; /* good: ticks at which something was read last, or nothing was wrong */
    uint64_t records;
    enum lw_err err;
    struct lw_fault fault;
    bool done;
};

static void wake(void *self)
{
    static const struct timeval at_once = {0, 0};

    (void)evtimer_add(((struct fetching *)self)->timer, &at_once);
}

static void stop(struct fetching *fetching, enum lw_err err)
{
    fetching->err = err;
    fetching->done = true;
    (void)event_base_loopbreak(fetching->loop);
}

static enum lw_err write_batch(struct fetching *fetching, const struct lw_source_batch *batch)
{
    for (size_t i = 0; i < batch->parts_n; i++) {
        enum lw_err err = lw_fetched_part(&batch->parts[i], &fetching->buf, &fetching->documents, &fetching->fault);

        if (err == LW_ERR_OK)
            err = lw_output_put(fetching->file, lw_buf_view(&fetching->buf), &fetching->fault);
        if (err != LW_ERR_OK)
            return err;
        fetching->bytes += fetching->buf.len;
        lw_buf_clear(&fetching->buf);
    }
    return LW_ERR_OK;
}

/* Nothing goes well for too long: what is wrong is the reason. */
static bool gives_up(struct fetching *fetching, lw_span ticks)
{
    struct lw_source_health health;

    fetching->source.kind->health(fetching->source.state, &health);
    if (health.trouble[0] == '\0' || health.records > fetching->records) {
        fetching->records = health.records;
        fetching->good = ticks;
        return false;
    }
    if (ticks.ms - fetching->good.ms < fetching->give_up.ms)
        return false;
    (void)lw_fault_set(&fetching->fault, LW_ERR_IO, "%s", health.trouble);
    return true;
}

static void take_turn(struct fetching *fetching)
{
    const struct lw_source_kind *kind = fetching->source.kind;
    const struct lw_source_batch *batch;
    lw_span ticks = fetching->world.ticks(fetching->world.self), next = ticks;
    enum lw_err err =
        kind->work(fetching->source.state, fetching->world.now(fetching->world.self), ticks, &next, &fetching->fault);

    while (err == LW_ERR_OK && (batch = kind->ready(fetching->source.state)) != NULL) {
        bool all = batch->caught_up || batch->ended;

        err = write_batch(fetching, batch);
        kind->taken(fetching->source.state, err == LW_ERR_OK);
        if (all && err == LW_ERR_OK) {
            stop(fetching, LW_ERR_OK);
            return;
        }
    }
    if (err != LW_ERR_OK || gives_up(fetching, ticks)) {
        stop(fetching, err != LW_ERR_OK ? err : LW_ERR_IO);
        return;
    }
    next.ms = next.ms - ticks.ms;
    next.ms = next.ms < 0 ? 0 : next.ms > LW_SECOND ? LW_SECOND : next.ms;
    struct timeval wait = {.tv_sec = next.ms / 1000, .tv_usec = (suseconds_t)(next.ms % 1000 * 1000)};

    if (!evtimer_pending(fetching->timer, NULL))
        (void)evtimer_add(fetching->timer, &wait);
}

static void on_time(evutil_socket_t socket, short what, void *self)
{
    (void)socket, (void)what;
    take_turn(self);
}

static void on_signal(evutil_socket_t signal_number, short what, void *self)
{
    struct fetching *fetching = self;

    (void)signal_number, (void)what;
    (void)lw_fault_set(&fetching->fault, LW_ERR_IO, "it was interrupted: there is no file");
    stop(fetching, LW_ERR_IO);
}

static enum lw_err read_since(const char *text, lw_time now, lw_span *back, struct lw_fault *fault)
{
    lw_time time;

    if (lw_span_read(lw_str_from(text), back) && back->ms > 0)
        return LW_ERR_OK;
    if (!lw_time_read(lw_str_from(text), NULL, &time) || time.ms >= now.ms)
        return lw_fault_set(fault, LW_ERR_USAGE, "--since %.60s is neither a span (365d) nor a time in the past", text);
    back->ms = now.ms - time.ms;
    return LW_ERR_OK;
}

static const char *value_or(const struct fetching *fetching, const char *name, const char *preset)
{
    const char *value = lw_options_value(fetching->session->options, name);

    return value != NULL ? value : preset;
}

static enum lw_err open_cloudwatch(struct fetching *fetching, const struct lw_source_calls *calls, lw_span back)
{
    const struct lw_options *given = fetching->session->options;
    const char *regions[REGIONS_MAX];
    size_t n = 0;
    const struct lw_str *named = lw_options_values(given, "region", fetching->session->arena, &n);
    struct lw_cloudwatch_options how = {.regions = regions,
                                        .role_arn = lw_options_value(given, "role-arn"),
                                        .external_id = lw_options_value(given, "external-id"),
                                        .profile = lw_options_value(given, "profile"),
                                        .endpoint = lw_options_value(given, "endpoint"),
                                        .ca_file = lw_options_value(given, "ca-file"),
                                        .lookback = back,
                                        .seed = (uint64_t)fetching->world.now(fetching->world.self).ms};

    if (named == NULL)
        return lw_fault_memory(&fetching->fault, "the regions");
    if (n > REGIONS_MAX)
        return lw_fault_set(&fetching->fault, LW_ERR_USAGE, "more than %u regions", REGIONS_MAX);
    for (size_t i = 0; i < n; i++)
        regions[i] = named[i].at; /* of argv: terminated */
    how.regions_n = n;
    return lw_cloudwatch_open(&fetching->source, &how, (struct lw_str){NULL, 0}, calls, &fetching->fault);
}

static enum lw_err open_loggly(struct fetching *fetching, const struct lw_source_calls *calls, lw_span back)
{
    const struct lw_options *given = fetching->session->options;
    struct lw_retrieval_options how = {.subdomain = lw_options_value(given, "subdomain"),
                                       .endpoint = lw_options_value(given, "endpoint"),
                                       .token_file = lw_options_value(given, "token-file"),
                                       .query = lw_options_value(given, "query"),
                                       .ca_file = lw_options_value(given, "ca-file"),
                                       .lookback = back};

    if (how.subdomain == NULL && how.endpoint == NULL)
        return lw_fault_set(&fetching->fault, LW_ERR_USAGE, "name the account: --subdomain acme, for acme.loggly.com");
    if (how.token_file == NULL)
        return lw_fault_set(&fetching->fault, LW_ERR_USAGE,
                            "say where the API token is: --token-file FILE, with the token alone in it");
    return lw_retrieval_open(&fetching->source, &how, calls, (struct lw_str){NULL, 0}, &fetching->fault);
}

static enum lw_err open_source(struct fetching *fetching)
{
    const struct lw_options *given = fetching->session->options;
    const struct lw_source_calls calls = {
        .http = &fetching->http, .world = &fetching->world, .wake = wake, .self = fetching};
    const char *what = given->operands_n == 1 ? given->operands[0] : "";
    lw_span back;
    enum lw_err err = read_since(value_or(fetching, "since", SINCE), fetching->world.now(fetching->world.self), &back,
                                 &fetching->fault);

    if (err != LW_ERR_OK)
        return err;
    if (!lw_span_read(lw_str_from(value_or(fetching, "give-up", GIVE_UP)), &fetching->give_up))
        return lw_fault_set(&fetching->fault, LW_ERR_USAGE, "--give-up is no span such as 2m");
    if (strcmp(what, "cloudwatch") == 0)
        return open_cloudwatch(fetching, &calls, back);
    if (strcmp(what, "loggly") == 0)
        return open_loggly(fetching, &calls, back);
    return lw_fault_set(&fetching->fault, LW_ERR_USAGE,
                        "name one service to fetch from: leeway fetch cloudwatch, or leeway fetch loggly");
}

static enum lw_err open_loop(struct fetching *fetching)
{
    static const int numbers[] = {SIGINT, SIGTERM};
    struct lw_fault *fault = &fetching->fault;
    bool good;
    enum lw_err err;

    signal(SIGPIPE, SIG_IGN); /* of connections that are closed by the other side */
    fetching->loop = event_base_new();
    if (fetching->loop == NULL)
        return lw_fault_memory(fault, "a loop of events");
    fetching->timer = evtimer_new(fetching->loop, on_time, fetching);
    good = fetching->timer != NULL;
    for (size_t i = 0; i < COUNT(numbers) && good; i++) {
        fetching->signals[i] = evsignal_new(fetching->loop, numbers[i], on_signal, fetching);
        good = fetching->signals[i] != NULL && evsignal_add(fetching->signals[i], NULL) == 0;
    }
    if (!good)
        return lw_fault_memory(fault, "a loop of events");
    err = lw_http_curl_open(&fetching->curl, fetching->loop, "leeway/" LW_VERSION, fault);
    if (err == LW_ERR_OK)
        fetching->http = lw_http_curl_http(fetching->curl);
    return err;
}

static void close_all(struct fetching *fetching)
{
    if (fetching->source.kind != NULL)
        fetching->source.kind->close(fetching->source.state);
    lw_http_curl_close(fetching->curl);
    for (size_t i = 0; i < COUNT(fetching->signals); i++) {
        if (fetching->signals[i] != NULL)
            event_free(fetching->signals[i]);
    }
    if (fetching->timer != NULL)
        event_free(fetching->timer);
    if (fetching->loop != NULL)
        event_base_free(fetching->loop);
    lw_output_close(fetching->file);
    lw_buf_close(&fetching->buf);
}

static void tell(const struct fetching *fetching)
{
    struct lw_source_health health;

    if (fetching->session->quiet || lw_options_has(fetching->session->options, "quiet"))
        return;
    fetching->source.kind->health(fetching->source.state, &health);
    if (health.datapoints_billed > 0)
        lw_session_note("%" PRIu64 " documents by %" PRIu64 " requests; CloudWatch charges for %" PRIu64
                        " of them, about $%.3f",
                        fetching->documents, health.requests, health.datapoints_billed,
                        (double)health.datapoints_billed * 0.01 / 1000.0);
    else
        lw_session_note("%" PRIu64 " documents by %" PRIu64 " requests", fetching->documents, health.requests);
}

enum lw_exit lw_fetch_run(struct lw_session *session)
{
    struct fetching fetching = {.session = session, .world = lw_world_real(), .buf = {.ceiling = BUFFER_CEILING}};
    enum lw_err err = open_loop(&fetching);
    enum lw_exit exit = LW_EXIT_DONE;

    if (err == LW_ERR_OK)
        err = open_source(&fetching);
    if (err == LW_ERR_OK)
        err = lw_output_open(&fetching.file, lw_options_value(session->options, "output"), &fetching.fault);
    if (err == LW_ERR_OK) {
        fetching.good = fetching.world.ticks(fetching.world.self);
        wake(&fetching);
        (void)event_base_dispatch(fetching.loop);
        err = fetching.err;
        if (!fetching.done)
            err = lw_fault_set(&fetching.fault, LW_ERR_IO, "the loop of events ended by itself");
    }
    if (err == LW_ERR_OK)
        err = lw_output_end(fetching.file, &fetching.fault);
    if (err == LW_ERR_OK)
        tell(&fetching);
    else
        exit = lw_session_fail(&fetching.fault);
    close_all(&fetching);
    return exit;
}
