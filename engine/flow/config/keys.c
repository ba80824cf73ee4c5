#include "engine/flow/config/keys.h"

#include "engine/flow/cli/options.h"
#include "engine/flow/config/config.h"

#include <string.h>

#define COUNT(table)          (sizeof(table) / sizeof((table)[0]))
#define TOP(member)           .in = LW_MAP_TOP, .offset = offsetof(struct lw_config, member)
#define BLOCK(member)         .in = LW_MAP_BLOCK, .offset = offsetof(struct lw_config_model, member)
#define SOURCE(member)        .in = LW_MAP_SOURCE, .offset = offsetof(struct lw_config_source, member)
#define SINK(member)          .in = LW_MAP_SINK, .offset = offsetof(struct lw_config_sink, member)
#define OF_BLOCK(map, member) .in = map, .offset = offsetof(struct lw_config_model, member)
#define OF_TOP(map, member)   .in = map, .offset = offsetof(struct lw_config, member)
#define MS(span)              ((double)(span))

/* Types of sources and sinks, as bits. */
#define FILE_      LW_KEY_KIND(LW_SOURCE_FILE)
#define CLOUDWATCH LW_KEY_KIND(LW_SOURCE_CLOUDWATCH)
#define LOGGLY     LW_KEY_KIND(LW_SOURCE_LOGGLY)
#define STDIN      LW_KEY_KIND(LW_SOURCE_STDIN)
#define TO_LOGGLY  LW_KEY_KIND(LW_SINK_LOGGLY)
#define TO_WEBHOOK LW_KEY_KIND(LW_SINK_WEBHOOK)
#define TO_FILE    LW_KEY_KIND(LW_SINK_FILE)

#define EVENT_ID(name, id, lane) id " "
#define EVENT_IDS                LW_EVENT_LIST(EVENT_ID)

const struct lw_key lw_keys[] = {
    {TOP(store), .name = "store", .type = LW_KEY_PATH,
     .otherwise = "$STATE_DIRECTORY/leeway.db under systemd, else $XDG_STATE_HOME/leeway/leeway.db",
     .example = "/var/lib/leeway/leeway.db",
     .help = "The one file in which everything is kept: marks of the sources, history, what is owed to the sinks"},
    {TOP(control), .name = "control", .type = LW_KEY_PATH, .otherwise = "beside the store, with the ending .sock",
     .help = "Unix socket through which commands such as `leeway ack` reach the daemon"},
    {TOP(rules.false_alarm_runs), .name = "false_alarms", .type = LW_KEY_BUDGET, .preset = "1 per 370 runs",
     .help = "False alarms that are accepted, per model, all charts together"},
    {TOP(rules.reference_runs), .name = "reference_runs", .type = LW_KEY_WHOLE, .preset = "50", .least = 2,
     .most = 1000, .help = "Runs that the Kolmogorov-Smirnov comparison looks back on at most"},
    {TOP(quiet_period), .name = "quiet_period", .type = LW_KEY_SPAN, .preset = "15m", .least = MS(LW_SECOND),
     .most = MS(30 * LW_DAY),
     .help = "A run that has been silent for that long, and for three times its usual spacing, has ended"},
    {TOP(heartbeat), .name = "heartbeat", .type = LW_KEY_SPAN, .preset = "5m", .least = MS(10 * LW_SECOND),
     .most = MS(LW_DAY), .help = "How often a sign of life goes to the sinks"},
    {TOP(lookback), .name = "lookback", .type = LW_KEY_SPAN, .preset = "90d", .least = 0, .most = MS(455 * LW_DAY),
     .help = "How far back a source is read at the first start (CloudWatch keeps metrics for 455 days)"},
    {TOP(notify_from), .name = "notify_from", .type = LW_KEY_START, .preset = "start",
     .help =
         "What began before is stored and told once as a digest, never to a pager: `start` is the first start of the "
         "daemon; or a time such as 2019-06-12T14:00Z"},
    {TOP(keep_points), .name = "keep_points", .type = LW_KEY_SPAN, .preset = "30d", .least = MS(LW_HOUR),
     .most = MS(3650 * LW_DAY),
     .help = "How long the datapoints of a closed run are kept, so that late data can be merged into it"},
    {TOP(keep_history), .name = "keep_history", .type = LW_KEY_SPAN, .preset = "730d", .least = MS(LW_DAY),
     .most = MS(36500 * LW_DAY),
     .help = "How long runs are kept: of a model 1000 at most, and the youngest 100 always"},
    {TOP(rules.prices), .name = "prices", .type = LW_KEY_PRICES, .count = offsetof(struct lw_config, rules.prices_n),
     .example = "{ml.p2.xlarge: 0.90}", .help = "Prices of instance types per hour, for the cost of runs"},
    {.in = LW_MAP_TOP,
     .name = "defaults",
     .type = LW_KEY_MAP,
     .of = LW_MAP_BLOCK,
     .example = "{alert: ticket, primary: \"validation:*\", ignore_below: {metric: 0.005, duration: 10%}}",
     .help = "What holds for every model that does not say otherwise"},
    {.in = LW_MAP_TOP,
     .name = "profiles",
     .type = LW_KEY_PROFILES,
     .of = LW_MAP_BLOCK,
     .example = "\n  nightly: {cadence: {cron: \"0 2 * * 1-5\", timezone: Europe/Berlin, tolerance: 45m}}",
     .help = "Named sets of settings that blocks of models take over with `use`"},
    {.in = LW_MAP_TOP,
     .name = "models",
     .type = LW_KEY_LIST,
     .of = LW_MAP_BLOCK,
     .example = "\n  - {match: \"DEMO-imageclassification-*\", name: image-classification, require: "
                "[\"validation:accuracy >= 0.80\"], cadence: {every: 1h, tolerance: 30m}}"
                "\n  - {regex: \"prod-(?<m>.+)-xgb-.*\", name: \"$m\", use: nightly, owner: risk, alert: page}"
                "\n  - {match: \"*\", alert: observe}",
     .help =
         "What holds for which models: the first block that matches the name of a job wins; what it says goes before "
         "its profile, this before the defaults"},
    {.in = LW_MAP_TOP,
     .name = "exclude",
     .type = LW_KEY_LIST,
     .of = LW_MAP_EXCLUDE,
     .example = "[{tuning: true}, {tag: \"env=dev\"}]",
     .help = "Runs that are left out"},
    {.in = LW_MAP_TOP,
     .name = "sources",
     .type = LW_KEY_LIST,
     .of = LW_MAP_SOURCE,
     .example = "\n  - {type: file, path: /var/log/metrics.ndjson}"
                "\n  - {type: cloudwatch, origin: prod, regions: [us-east-1, eu-west-1], role_arn: "
                "\"arn:aws:iam::123456789012:role/leeway\", poll: 1m}"
                "\n  - {type: loggly, subdomain: acme, token_file: /etc/leeway/loggly-api.token, query: "
                "\"tag:CloudwatchMetrics\"}"
                "\n  - {type: http}",
     .help = "Where metrics come from"},
    {.in = LW_MAP_TOP,
     .name = "sinks",
     .type = LW_KEY_LIST,
     .of = LW_MAP_SINK,
     .otherwise = "standard output, with alerts and runs",
     .example = "\n  - {type: loggly, url: \"https://logs-01.loggly.com\", token_file: /etc/leeway/loggly.token, tags: "
                "[leeway], metrics: auto, spool: 1GiB, ca_file: /etc/ssl/certs/ca-certificates.crt}"
                "\n  - {type: webhook, url_file: /etc/leeway/slack.url, format: slack, min_severity: ticket}"
                "\n  - {type: file, path: alerts.ndjson, events: [alert, run]}",
     .help = "Where alerts, runs and metrics go to"},
    {.in = LW_MAP_TOP,
     .name = "http",
     .type = LW_KEY_MAP,
     .of = LW_MAP_HTTP,
     .otherwise = "no server",
     .example = "{listen: \"127.0.0.1:8321\", token_file: /etc/leeway/push.token}",
     .help = "The server for pushed metrics, health, /metrics of Prometheus, runs and alerts"},
    {.in = LW_MAP_TOP,
     .name = "log",
     .type = LW_KEY_MAP,
     .of = LW_MAP_LOG,
     .example = "{format: logfmt, level: info}",
     .help = "What is told on standard error"},

    {BLOCK(match), .name = "match", .type = LW_KEY_GLOB, .own = true,
     .help = "The block is for jobs whose whole name matches: * any text, ? one character, [a-z] one of a set"},
    {BLOCK(regex), .name = "regex", .type = LW_KEY_REGEX, .own = true,
     .help = "The same as a Perl-compatible regular expression, which has to match the whole name"},
    {BLOCK(name), .name = "name", .type = LW_KEY_TEXT, .own = true, .otherwise = "by the form of the job's name",
     .help =
         "Name of the model; $1 and ${1} are groups of the regular expression, $m and ${m} named ones, $0 the whole "
         "name of the job, $$ a dollar"},
    {BLOCK(use), .name = "use", .type = LW_KEY_TEXT, .own = true, .help = "Name of the profile that is taken over"},
    {BLOCK(owner), .name = "owner", .type = LW_KEY_TEXT, .help = "Whose model it is: sinks can choose by owner"},
    {BLOCK(alert), .name = "alert", .type = LW_KEY_CHOICE, .values = "observe info ticket page", .preset = "page",
     .help = "The gravest severity that its alerts may have; observe: charted and reported, but no alert events"},
    {BLOCK(primary), .name = "primary", .type = LW_KEY_GLOB, .otherwise = "by the names of the metrics",
     .help = "The metric that is shown first"},
    {BLOCK(rules.requirements), .name = "require", .type = LW_KEY_RULES,
     .count = offsetof(struct lw_config_model, rules.requirements_n),
     .help = "Rules that every run has to keep: \"validation:accuracy >= 0.8\", \"duration < 15m\", \"cost <= 2\""},
    {.in = LW_MAP_BLOCK,
     .name = "cadence",
     .type = LW_KEY_MAP,
     .of = LW_MAP_CADENCE,
     .otherwise = "learnt from the history",
     .help = "When runs are expected"},
    {.in = LW_MAP_BLOCK,
     .name = "ignore_below",
     .type = LW_KEY_MAP,
     .of = LW_MAP_IGNORE,
     .help = "Smallest changes that may alarm"},
    {BLOCK(rules.higher), .name = "higher_is_better", .type = LW_KEY_NAMES,
     .count = offsetof(struct lw_config_model, rules.higher_n),
     .help = "Metrics whose name does not tell that more is better"},
    {BLOCK(rules.lower), .name = "lower_is_better", .type = LW_KEY_NAMES,
     .count = offsetof(struct lw_config_model, rules.lower_n), .help = "The same, the other way round"},
    {BLOCK(rules.baseline), .name = "baseline", .type = LW_KEY_NAMES,
     .count = offsetof(struct lw_config_model, rules.baseline_n), .otherwise = "learnt from the first runs on",
     .help = "Names of the runs that alone are the reference"},
    {BLOCK(rules.reference_runs), .name = "reference_runs", .type = LW_KEY_WHOLE, .least = 2, .most = 1000,
     .otherwise = "that of all models", .help = "Runs that the Kolmogorov-Smirnov comparison looks back on at most"},
    {BLOCK(rules.false_alarm_runs), .name = "false_alarms", .type = LW_KEY_BUDGET, .otherwise = "that of all models",
     .help = "False alarms that are accepted of one of these models"},
    {BLOCK(rules.quiet), .name = "quiet_period", .type = LW_KEY_SPAN, .least = MS(LW_SECOND), .most = MS(30 * LW_DAY),
     .otherwise = "that of all models", .help = "Silence after which a run of these models has ended"},

    {OF_BLOCK(LW_MAP_CADENCE, rules.cadence), .name = "every", .type = LW_KEY_SPAN, .least = MS(LW_MINUTE),
     .most = MS(366 * LW_DAY), .help = "A run is expected that often"},
    {OF_BLOCK(LW_MAP_CADENCE, cron), .name = "cron", .type = LW_KEY_CRON,
     .help =
         "A run is expected at these times, as in crontab(5): minute, hour, day of the month, month, day of the week"},
    {OF_BLOCK(LW_MAP_CADENCE, timezone), .name = "timezone", .type = LW_KEY_ZONE, .preset = "UTC",
     .help = "Zone of `cron`: UTC, +02:00, Europe/Berlin"},
    {OF_BLOCK(LW_MAP_CADENCE, rules.tolerance), .name = "tolerance", .type = LW_KEY_SPAN, .least = 0,
     .most = MS(366 * LW_DAY), .otherwise = "the quiet period", .help = "How late a run may be before it is overdue"},

    {OF_BLOCK(LW_MAP_IGNORE, rules.ignore_below.rate), .name = "metric", .type = LW_KEY_SHARE, .preset = "0.005",
     .help = "Of metrics in 0..1, in their own unit"},
    {OF_BLOCK(LW_MAP_IGNORE, rules.ignore_below.loss), .name = "loss", .type = LW_KEY_SHARE, .preset = "5%",
     .help = "Of losses and errors, relative"},
    {OF_BLOCK(LW_MAP_IGNORE, rules.ignore_below.time), .name = "duration", .type = LW_KEY_SHARE, .preset = "10%",
     .help = "Of duration, cost and gap, relative"},

    {.in = LW_MAP_EXCLUDE,
     .name = "tuning",
     .type = LW_KEY_BOOL,
     .offset = offsetof(struct lw_config_exclude, tuning),
     .help = "Trials of tuning jobs"},
    {.in = LW_MAP_EXCLUDE,
     .name = "tag",
     .type = LW_KEY_TAG,
     .offset = offsetof(struct lw_config_exclude, tag),
     .help = "Jobs that carry this tag"},
    {.in = LW_MAP_EXCLUDE,
     .name = "match",
     .type = LW_KEY_GLOB,
     .offset = offsetof(struct lw_config_exclude, match),
     .help = "Jobs whose name matches, with * and ?"},

    {SOURCE(type), .name = "type", .type = LW_KEY_CHOICE, .values = "file cloudwatch loggly http stdin",
     .required = UINT32_MAX,
     .help = "What it is: a file that is followed, the API of CloudWatch and SageMaker, events in Loggly, what is "
             "pushed to "
             "`http`, standard input"},
    {SOURCE(name), .name = "name", .type = LW_KEY_TEXT, .otherwise = "the type and what it reads",
     .help = "Name under which its mark is kept"},
    {SOURCE(origin), .name = "origin", .type = LW_KEY_TEXT,
     .help = "Label of the runs that come from here, where the data do not say an account and region"},
    {SOURCE(path), .name = "path", .type = LW_KEY_PATH, .kinds = FILE_, .required = FILE_,
     .help = "The file; it is followed through rotation"},
    {SOURCE(format), .name = "format", .type = LW_KEY_FORMAT, .kinds = FILE_ | STDIN, .otherwise = "by its content",
     .help = "Format of the file, as `leeway help analyze` lists them"},
    {SOURCE(timezone), .name = "timezone", .type = LW_KEY_ZONE, .kinds = FILE_ | STDIN, .otherwise = "UTC",
     .help = "Zone of times that carry none"},
    {SOURCE(columns), .name = "columns", .type = LW_KEY_COLUMNS, .kinds = FILE_ | STDIN,
     .help = "Names of the columns of plain CSV and NDJSON, as `time=ts,value=score`"},
    {SOURCE(until_end), .name = "until_end", .type = LW_KEY_BOOL, .kinds = FILE_, .preset = "false",
     .help = "Read to the end once instead of following"},
    {SOURCE(regions), .name = "regions", .type = LW_KEY_TEXTS, .count = offsetof(struct lw_config_source, regions_n),
     .kinds = CLOUDWATCH, .otherwise = "that of the environment or the profile",
     .help = "Regions of AWS that are read"},
    {SOURCE(role_arn), .name = "role_arn", .type = LW_KEY_TEXT, .kinds = CLOUDWATCH, .help = "Role that is assumed"},
    {SOURCE(external_id), .name = "external_id", .type = LW_KEY_TEXT, .kinds = CLOUDWATCH,
     .help = "External id that assuming the role demands"},
    {SOURCE(profile), .name = "profile", .type = LW_KEY_TEXT, .kinds = CLOUDWATCH,
     .help = "Profile of the shared configuration files of AWS"},
    {SOURCE(endpoint), .name = "endpoint", .type = LW_KEY_URL, .kinds = CLOUDWATCH | LOGGLY,
     .help = "Another endpoint than the public one: private endpoints, tests"},
    {SOURCE(poll), .name = "poll", .type = LW_KEY_SPAN, .kinds = CLOUDWATCH | LOGGLY, .preset = "1m",
     .least = MS(LW_SECOND), .most = MS(LW_DAY), .help = "How often it is asked for news"},
    {SOURCE(live), .name = "live", .type = LW_KEY_SPAN, .kinds = CLOUDWATCH, .otherwise = "at the end of a job alone",
     .least = MS(LW_MINUTE), .most = MS(LW_DAY),
     .help = "How often running jobs and the sign of life of their instances are read; each time costs requests"},
    {SOURCE(integration), .name = "integration", .type = LW_KEY_BOOL, .kinds = CLOUDWATCH, .preset = "false",
     .help =
         "Loggly's own CloudWatch integration ships these metrics already: `metrics: auto` of a sink leaves them out"},
    {SOURCE(subdomain), .name = "subdomain", .type = LW_KEY_TEXT, .kinds = LOGGLY, .required = LOGGLY,
     .help = "The SUBDOMAIN of https://SUBDOMAIN.loggly.com"},
    {SOURCE(token_file), .name = "token_file", .type = LW_KEY_PATH, .kinds = LOGGLY, .required = LOGGLY,
     .help = "File with the API token, readable by its owner alone"},
    {SOURCE(query), .name = "query", .type = LW_KEY_TEXT, .kinds = LOGGLY, .preset = "tag:CloudwatchMetrics",
     .help = "What is searched for; events of leeway itself are always left out"},
    {SOURCE(ca_file), .name = "ca_file", .type = LW_KEY_PATH, .kinds = LOGGLY | CLOUDWATCH,
     .otherwise = "those of the system", .help = "Certificates of the authorities that are trusted"},

    {SINK(type), .name = "type", .type = LW_KEY_CHOICE, .values = "loggly webhook file stdout", .required = UINT32_MAX,
     .help = "What it is: Loggly, an address that events are posted to, a file, standard output"},
    {SINK(name), .name = "name", .type = LW_KEY_TEXT, .otherwise = "the type, with the format or the path",
     .help = "Name under which what is owed to it is kept"},
    {SINK(url), .name = "url", .type = LW_KEY_URL, .kinds = TO_LOGGLY | TO_WEBHOOK,
     .otherwise = "https://logs-01.loggly.com of loggly, https://events.pagerduty.com/v2/enqueue of pagerduty",
     .help = "Where it is sent to; an address that is a secret belongs into `url_file`"},
    {SINK(url_file), .name = "url_file", .type = LW_KEY_PATH, .kinds = TO_WEBHOOK,
     .help = "File with the address of the webhook, readable by its owner alone"},
    {SINK(token_file), .name = "token_file", .type = LW_KEY_PATH, .kinds = TO_LOGGLY | TO_WEBHOOK,
     .required = TO_LOGGLY,
     .help = "File with the customer token of Loggly, the routing key of PagerDuty or the bearer token of a webhook, "
             "readable by its owner alone"},
    {SINK(ca_file), .name = "ca_file", .type = LW_KEY_PATH, .kinds = TO_LOGGLY | TO_WEBHOOK,
     .otherwise = "those of the system", .help = "Certificates of the authorities that are trusted"},
    {SINK(proxy), .name = "proxy", .type = LW_KEY_TEXT, .kinds = TO_LOGGLY | TO_WEBHOOK,
     .otherwise = "none, whatever the environment says", .help = "Proxy, as http://HOST:PORT"},
    {SINK(path), .name = "path", .type = LW_KEY_PATH, .kinds = TO_FILE, .required = TO_FILE,
     .help = "The file that events are appended to, one JSON object per line"},
    {SINK(tags), .name = "tags", .type = LW_KEY_TEXTS, .count = offsetof(struct lw_config_sink, tags_n),
     .kinds = TO_LOGGLY, .preset = "leeway",
     .help = "Tags of all events, beside one per kind (leeway-alert, leeway-run, ...)"},
    {SINK(metrics), .name = "metrics", .type = LW_KEY_CHOICE, .values = "auto always never", .kinds = TO_LOGGLY,
     .preset = "auto", .help = "Whether raw metrics are shipped; auto: those that are not in Loggly anyway"},
    {SINK(spool), .name = "spool", .type = LW_KEY_SIZE, .preset = "1GiB", .least = 1048576.0, .most = 1099511627776.0,
     .help = "What may wait for this sink while it cannot be reached; beyond that the oldest raw metrics go first, "
             "then runs and summaries, alerts never"},
    {SINK(format), .name = "format", .type = LW_KEY_CHOICE, .values = "json slack pagerduty", .kinds = TO_WEBHOOK,
     .preset = "json", .help = "What the webhook understands"},
    {SINK(min_severity), .name = "min_severity", .type = LW_KEY_CHOICE, .values = "info ticket page",
     .otherwise = "page of pagerduty, else info", .help = "Alerts of this severity or a graver one"},
    {SINK(owners), .name = "owners", .type = LW_KEY_TEXTS, .count = offsetof(struct lw_config_sink, owners_n),
     .otherwise = "all", .help = "Only models of these owners"},
    {SINK(models), .name = "models", .type = LW_KEY_TEXTS, .count = offsetof(struct lw_config_sink, models_n),
     .otherwise = "all", .help = "Only models whose name matches one of these, with * and ?"},
    {SINK(events), .name = "events", .type = LW_KEY_CHOICES, .values = EVENT_IDS,
     .otherwise = "all for loggly, alert for a webhook, else alert and run", .help = "Kinds of events that it gets"},

    {OF_TOP(LW_MAP_HTTP, http.listen), .name = "listen", .type = LW_KEY_LISTEN,
     .help = "Address and port; any address but that of this machine itself needs certificate and token"},
    {OF_TOP(LW_MAP_HTTP, http.token_file), .name = "token_file", .type = LW_KEY_PATH,
     .help = "File with the bearer token that clients have to show, readable by its owner alone"},
    {OF_TOP(LW_MAP_HTTP, http.certificate), .name = "certificate", .type = LW_KEY_PATH,
     .help = "File with the certificate chain (PEM) for TLS"},
    {OF_TOP(LW_MAP_HTTP, http.key), .name = "key", .type = LW_KEY_PATH,
     .help = "File with the private key of the certificate (PEM), readable by its owner alone"},
    {OF_TOP(LW_MAP_HTTP, http.hosts), .name = "hosts", .type = LW_KEY_TEXTS,
     .count = offsetof(struct lw_config, http.hosts_n),
     .help = "Names under which clients may address it, beside the address that it listens on"},

    {OF_TOP(LW_MAP_LOG, log_form), .name = "format", .type = LW_KEY_CHOICE, .values = "logfmt json", .preset = "logfmt",
     .help = "Form of the log"},
    {OF_TOP(LW_MAP_LOG, log_level), .name = "level", .type = LW_KEY_CHOICE, .values = "error warning info debug",
     .preset = "info", .help = "The least that is told"},
};
const size_t lw_keys_n = COUNT(lw_keys);

const struct lw_key *lw_keys_find(enum lw_map in, const char *name)
{
    for (size_t i = 0; i < lw_keys_n; i++) {
        if (lw_keys[i].in == in && strcmp(lw_keys[i].name, name) == 0)
            return &lw_keys[i];
    }
    return NULL;
}

const char *lw_keys_nearest(enum lw_map in, uint32_t kind, const char *name)
{
    const char *names[COUNT(lw_keys)];
    size_t n = 0;

    for (size_t i = 0; i < lw_keys_n; i++) {
        if (lw_keys[i].in == in && lw_key_holds(&lw_keys[i], kind))
            names[n++] = lw_keys[i].name;
    }
    return lw_options_nearest(name, names, n);
}

const char *lw_keys_word(const char *values, size_t n, size_t *length)
{
    for (;;) {
        values += strspn(values, " ");
        *length = strcspn(values, " ");
        if (*length == 0)
            return NULL;
        if (n-- == 0)
            return values;
        values += *length;
    }
}

int lw_keys_choice(const char *values, const char *word, size_t length)
{
    const char *at;
    size_t n;

    for (int i = 0; (at = lw_keys_word(values, (size_t)i, &n)) != NULL; i++) {
        if (n == length && memcmp(at, word, n) == 0)
            return i;
    }
    return -1;
}

const char *lw_keys_form(enum lw_key_type type)
{
    static const char *const forms[LW_KEY_TYPE_COUNT] = {
        [LW_KEY_TEXT] = "a text",
        [LW_KEY_GLOB] = "a pattern such as \"churn-*\"",
        [LW_KEY_REGEX] = "a regular expression",
        [LW_KEY_PATH] = "the name of a file",
        [LW_KEY_URL] = "an address such as \"https://logs-01.loggly.com\" (http: only to this machine)",
        [LW_KEY_LISTEN] = "an address and port such as \"127.0.0.1:8321\" or \"[::1]:8321\"",
        [LW_KEY_CRON] = "five fields as in \"0 2 * * 1-5\": minute, hour, day of the month, month, day of the week",
        [LW_KEY_ZONE] = "a time zone: UTC, \"+02:00\" or a name such as Europe/Berlin",
        [LW_KEY_FORMAT] = "one of the formats that `leeway help analyze` lists",
        [LW_KEY_COLUMNS] = "names of columns such as \"time=ts,value=score\"",
        [LW_KEY_TAG] = "a tag such as \"env=dev\"",
        [LW_KEY_BOOL] = "true or false, without quotes",
        [LW_KEY_WHOLE] = "a whole number",
        [LW_KEY_SHARE] = "a number or a share, such as 0.005 or 10%",
        [LW_KEY_BUDGET] = "a budget such as 1 per 370 runs (at least 20 runs)",
        [LW_KEY_SPAN] = "a span of time such as 45s, 15m, 1h30m or 90d",
        [LW_KEY_SIZE] = "a size such as 500MB or 1GiB",
        [LW_KEY_CHOICE] = "one of several words",
        [LW_KEY_CHOICES] = "a list of words such as [alert, run]",
        [LW_KEY_TEXTS] = "a list of texts such as [a, b]",
        [LW_KEY_NAMES] = "a list of names such as [a, b]",
        [LW_KEY_RULES] = "a list of rules such as [\"validation:accuracy >= 0.8\"]",
        [LW_KEY_PRICES] = "prices per hour such as {ml.p2.xlarge: 0.90}",
        [LW_KEY_START] = "start, or a time such as 2019-06-12 or 2019-06-12T14:00:00Z",
        [LW_KEY_MAP] = "a map: keys with values, {key: value}",
        [LW_KEY_LIST] = "a list of maps: lines that begin with \"- \", or [{...}, {...}]",
        [LW_KEY_PROFILES] = "a map from names to settings",
    };

    return forms[type];
}
