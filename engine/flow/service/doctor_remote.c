#define _GNU_SOURCE
#include "engine/flow/service/doctor_remote.h"

#include "engine/base/fault.h"
#include "engine/base/json/json_in.h"
#include "engine/base/time_text.h"
#include "engine/flow/service/doctor_aws.h"
#include "engine/sink/secret_file.h"
#include "engine/source/aws/credentials/credentials.h"
#include "engine/source/loggly/asking.h"

#include <stdio.h>
#include <string.h>

#define ARENA_MAX ((size_t)16 << 20)
#define SKEW_WARN (60 * LW_SECOND)
#define SKEW_FAIL (5 * LW_MINUTE) /* AWS refuses signatures from there on */
#define SITES_MAX 64
#define LOOK_BACK LW_DAY

struct lw_str lw_doctor_remote_site(struct lw_str url, struct lw_arena *arena)
{
    const char *host = NULL;
    size_t n;

    for (size_t i = 0; i + 3 <= url.len && i < 9 && host == NULL; i++) {
        if (memcmp(url.at + i, "://", 3) == 0)
            host = url.at + i + 3;
    }
    if (host == NULL || host == url.at + url.len)
        return (struct lw_str){.len = 0};
    n = (size_t)(host - url.at);
    while (n < url.len && url.at[n] != '/' && url.at[n] != '?' && url.at[n] != '#')
        n++;
    return lw_arena_format(arena, "%.*s/", (int)n, url.at);
}

/* "Sun, 06 Nov 1994 08:49:37 GMT" */
bool lw_doctor_remote_date(struct lw_str text, lw_time *time)
{
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    const char *at;
    char iso[32];

    if (text.len != 29 || memcmp(text.at + 25, " GMT", 4) != 0 || text.at[3] != ',')
        return false;
    at = memmem(months, sizeof(months) - 1, text.at + 8, 3);
    if (at == NULL || (at - months) % 3 != 0)
        return false;
    snprintf(iso, sizeof(iso), "%.4s-%02d-%.2sT%.8sZ", text.at + 12, (int)((at - months) / 3) + 1, text.at + 5,
             text.at + 17);
    return lw_time_read(lw_str_from(iso), NULL, time);
}

/* One request and what came of it, kept beyond the call of `done`. */
struct probe {
    bool done;
    enum lw_http_outcome outcome;
    int status;
    char detail[160];
    lw_time date;
    bool has_date;
    struct lw_buf body;
};

static void on_done(void *context, const struct lw_http_reply *reply)
{
    struct probe *probe = context;

    probe->done = true;
    probe->outcome = reply->outcome;
    probe->status = reply->status;
    snprintf(probe->detail, sizeof(probe->detail), "%s", reply->detail);
    probe->has_date = lw_doctor_remote_date(lw_http_header_of(reply, "date"), &probe->date);
    lw_buf_str(&probe->body, reply->body);
}

static void ask(const struct lw_doctor_loop *loop, const struct lw_http_request *request, struct probe *probe)
{
    struct lw_fault fault = {.code = LW_ERR_OK};
    uint64_t id = 0;

    *probe = (struct probe){.outcome = LW_HTTP_NETWORK, .body = {.ceiling = (size_t)4 << 20}};
    if (loop->http->start(loop->http->self, request, on_done, probe, &id, &fault) != LW_ERR_OK) {
        snprintf(probe->detail, sizeof(probe->detail), "%.150s", fault.text);
        probe->outcome = LW_HTTP_REFUSED;
        return;
    }
    loop->run(loop->self, &probe->done, loop->patience);
    if (probe->done)
        return;
    loop->http->cancel(loop->http->self, id);
    snprintf(probe->detail, sizeof(probe->detail), "no answer within %lld s", (long long)loop->patience.ms / 1000);
}

/* A place that is asked, once however many use it. */
struct site {
    struct lw_str url;
    const char *ca_file, *proxy;
    char what[128];
};

struct sites {
    struct lw_arena *arena;
    struct site all[SITES_MAX];
    size_t n;
};

static void add_site(struct sites *sites, const char *what, const char *name, struct lw_str url, const char *ca_file,
                     const char *proxy)
{
    struct lw_str site = lw_doctor_remote_site(url, sites->arena);
    struct site *slot = &sites->all[sites->n];

    if (site.len == 0 || sites->n == SITES_MAX)
        return;
    for (size_t i = 0; i < sites->n; i++) {
        if (lw_str_equal(sites->all[i].url, site))
            return;
    }
    *slot = (struct site){.url = site, .ca_file = ca_file, .proxy = proxy};
    snprintf(slot->what, sizeof(slot->what), "%s %.100s", what, name);
    sites->n++;
}

/* The region that the environment names when the configuration does not. */
static void add_regions(struct sites *sites, const struct lw_config_source *source)
{
    struct lw_credentials_options options = {.profile = source->profile};
    char found[64] = "";
    const char *one = found;
    const char *const *regions = source->regions_n > 0 ? source->regions : &one;
    size_t n = source->regions_n;

    if (source->endpoint != NULL) {
        add_site(sites, "source", source->name, lw_str_from(source->endpoint), source->ca_file, NULL);
        return;
    }
    if (n == 0) {
        lw_credentials_region(&options, found);
        n = found[0] != '\0';
    }
    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; k < 2; k++) {
            struct lw_str url =
                k == 0 ? lw_arena_format(sites->arena, "https://monitoring.%s.amazonaws.com/", regions[i])
                       : lw_arena_format(sites->arena, "https://api.sagemaker.%s.amazonaws.com/", regions[i]);

            add_site(sites, "source", source->name, url, source->ca_file, NULL);
        }
    }
}

static struct lw_str loggly_site(const struct lw_config_source *source, struct lw_arena *arena)
{
    if (source->endpoint != NULL)
        return lw_str_from(source->endpoint);
    if (source->subdomain == NULL)
        return (struct lw_str){.len = 0};
    return lw_arena_format(arena, "https://%s.loggly.com", source->subdomain);
}

static void find_sites(const struct lw_config *config, struct sites *sites)
{
    struct lw_secret_file secret;
    char why[256];

    for (size_t i = 0; i < config->sources_n; i++) {
        const struct lw_config_source *source = &config->sources[i];

        if (source->type == LW_SOURCE_CLOUDWATCH)
            add_regions(sites, source);
        else if (source->type == LW_SOURCE_LOGGLY)
            add_site(sites, "source", source->name, loggly_site(source, sites->arena), source->ca_file, NULL);
    }
    for (size_t i = 0; i < config->sinks_n; i++) {
        const struct lw_config_sink *sink = &config->sinks[i];

        if (sink->url != NULL)
            add_site(sites, "sink", sink->name, lw_str_from(sink->url), sink->ca_file, sink->proxy);
        /* Of a URL that is a secret the site alone is asked. */
        if (sink->url_file != NULL && lw_secret_file_read(&secret, sink->url_file, why, sizeof(why)))
            add_site(sites, "sink", sink->name, secret.text, sink->ca_file, sink->proxy);
        if (sink->url_file != NULL)
            lw_secret_file_wipe(&secret);
    }
}

static void tell_skew(struct lw_findings *findings, const struct site *site, const struct probe *probe, lw_time now)
{
    int64_t skew = probe->date.ms - now.ms;
    int64_t size = skew < 0 ? -skew : skew;
    char text[LW_SPAN_TEXT];

    lw_span_write((lw_span){size}, text);
    if (!probe->has_date || size < SKEW_WARN)
        return;
    lw_findings_add(findings, size >= SKEW_FAIL ? LW_FINDING_FAIL : LW_FINDING_WARN, "clock",
                    "set it by NTP: timedatectl set-ntp true", "ours is %s %s that of %.100s", text,
                    skew > 0 ? "behind" : "ahead of", site->url.at);
}

/* What to do about a place that is not reached, by libcurl's words. */
static const char *unreached(const char *detail)
{
    static const struct {
        const char *word, *fix;
    } rows[] = {
        {"resolve", "check how the name is written, and DNS (getent hosts NAME); behind a proxy set `proxy:`"},
        {"refused", "nothing listens there: check host and port"},
        {"imeout", "check routes and firewalls; behind a proxy set `proxy:`"},
        {"no answer", "check routes and firewalls; behind a proxy set `proxy:`"},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (strstr(detail, rows[i].word) != NULL)
            return rows[i].fix;
    }
    return "check the name, DNS, routes, and firewalls; behind a proxy set `proxy:`";
}

/* Whatever it answers, it is there and can be trusted. */
static void look_at_site(const struct site *site, const struct lw_doctor_loop *loop, struct lw_findings *findings)
{
    static const struct lw_http_header headers[] = {{{"accept", 6}, {"*/*", 3}}};
    const struct lw_http_request request = {.method = LW_STR("GET"),
                                            .url = site->url,
                                            .headers = headers,
                                            .headers_n = 1,
                                            .ca_file = site->ca_file,
                                            .proxy = site->proxy,
                                            .timeout = loop->patience,
                                            .connect_timeout = loop->patience,
                                            .reply_max = (size_t)4 << 20,
                                            .fresh_connection = true};
    lw_time before = loop->world->now(loop->world->self);
    struct probe probe;

    ask(loop, &request, &probe);
    switch (probe.outcome) {
    case LW_HTTP_REPLIED:
    case LW_HTTP_TOO_LARGE:
        lw_findings_add(findings, LW_FINDING_GOOD, site->what, "", "%s answers%s", site->url.at,
                        memcmp(site->url.at, "https", 5) == 0 ? ", with a certificate that is trusted" : "");
        tell_skew(findings, site, &probe, before);
        break;
    case LW_HTTP_NETWORK:
        lw_findings_add(findings, LW_FINDING_FAIL, site->what, unreached(probe.detail), "%s: %s", site->url.at,
                        probe.detail);
        break;
    case LW_HTTP_TLS:
        lw_findings_add(findings, LW_FINDING_FAIL, site->what,
                        "check `ca_file`, the clock, and whether a proxy in between opens TLS", "%s: %s", site->url.at,
                        probe.detail);
        break;
    case LW_HTTP_REFUSED:
        lw_findings_add(findings, LW_FINDING_FAIL, site->what, "write an https URL", "%s: %s", site->url.at,
                        probe.detail);
        break;
    }
    lw_buf_close(&probe.body);
}

/* Whether Loggly has metrics already that this configuration would send once more. */
static bool ships(const struct lw_config *config)
{
    bool cloud = false;
    bool sends = false;

    for (size_t i = 0; i < config->sources_n; i++)
        cloud = cloud || (config->sources[i].type == LW_SOURCE_CLOUDWATCH && !config->sources[i].integration);
    for (size_t i = 0; i < config->sinks_n; i++)
        sends = sends || (config->sinks[i].type == LW_SINK_LOGGLY && config->sinks[i].metrics != LW_METRICS_NEVER);
    return cloud && sends;
}

static void tell_doubles(struct lw_findings *findings, const struct probe *probe, struct lw_arena *arena)
{
    struct lw_json_in in;
    const struct lw_json_node *events;

    if (probe->outcome != LW_HTTP_REPLIED || probe->status != 200 ||
        lw_json_in_read(&in, lw_buf_view(&probe->body), arena, NULL) != LW_ERR_OK) {
        lw_findings_add(findings, LW_FINDING_WARN, "double shipping",
                        "check the token of the source of type loggly, and its rights", "Loggly could not be asked: %s",
                        probe->detail[0] != '\0' ? probe->detail : "it refused");
        return;
    }
    events = lw_json_in_member(&in, in.nodes, "events");
    if (lw_json_in_first(&in, events) != NULL)
        lw_findings_add(findings, LW_FINDING_WARN, "double shipping",
                        "set `metrics: never` for the sink, or `integration: true` for the source of type cloudwatch",
                        "Loggly gets these metrics already: the last day has events with tag:CloudwatchMetrics");
    else
        lw_findings_add(findings, LW_FINDING_GOOD, "double shipping", "",
                        "nobody else sends metrics: no event of the last day has tag:CloudwatchMetrics");
}

static const struct lw_config_source *retrieval(const struct lw_config *config)
{
    for (size_t i = 0; i < config->sources_n; i++) {
        if (config->sources[i].type == LW_SOURCE_LOGGLY && config->sources[i].token_file != NULL)
            return &config->sources[i];
    }
    return NULL;
}

static void look_at_doubles(const struct lw_config *config, const struct lw_doctor_loop *loop, struct lw_arena *arena,
                            struct lw_findings *findings)
{
    const struct lw_config_source *source = retrieval(config);
    lw_time now = loop->world->now(loop->world->self);
    struct lw_fault fault = {.code = LW_ERR_OK};
    struct lw_buf url = {.ceiling = (size_t)64 << 10};
    char token[LW_ASKING_TOKEN_MAX + 16] = "";
    struct lw_http_header header = {.name = LW_STR("authorization")};
    struct lw_http_request request = {.method = LW_STR("GET"), .headers = &header, .headers_n = 1};
    struct probe probe = {.done = false};

    if (!ships(config))
        return;
    if (source == NULL) {
        lw_findings_add(findings, LW_FINDING_WARN, "double shipping",
                        "look for tag:CloudwatchMetrics in Loggly; where there is such, set `metrics: never`",
                        "without a source of type loggly it cannot be seen whether CloudWatch's metrics get there "
                        "already");
        return;
    }
    lw_asking_url(loggly_site(source, arena), LW_STR("tag:CloudwatchMetrics"), (lw_time){now.ms - LOOK_BACK}, now, 1,
                  &url);
    if (lw_asking_token(source->token_file, token, sizeof(token), &fault) == LW_ERR_OK && url.error == LW_ERR_OK) {
        header.value = lw_str_from(token);
        request.url = lw_buf_view(&url);
        request.ca_file = source->ca_file;
        request.timeout = loop->patience;
        request.reply_max = (size_t)4 << 20;
        ask(loop, &request, &probe);
    } else {
        snprintf(probe.detail, sizeof(probe.detail), "%.150s", fault.text);
    }
    tell_doubles(findings, &probe, arena);
    explicit_bzero(token, sizeof(token));
    lw_buf_close(&probe.body);
    lw_buf_close(&url);
}

void lw_doctor_remote(const struct lw_config *config, const struct lw_doctor_loop *loop, struct lw_findings *findings)
{
    struct lw_arena arena = {.ceiling = ARENA_MAX};
    struct sites *sites = lw_arena_take(&arena, sizeof(*sites));

    if (sites == NULL) {
        findings->text.error = LW_ERR_NOMEM; /* what was not looked at is not good */
    } else {
        sites->arena = &arena;
        find_sites(config, sites);
        for (size_t i = 0; i < sites->n; i++)
            look_at_site(&sites->all[i], loop, findings);
    }
    for (size_t i = 0; i < config->sources_n; i++) {
        if (config->sources[i].type == LW_SOURCE_CLOUDWATCH)
            lw_doctor_aws(&config->sources[i], loop, findings);
    }
    look_at_doubles(config, loop, &arena, findings);
    lw_arena_close(&arena);
}
