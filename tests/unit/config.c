#define _POSIX_C_SOURCE 200809L

#include "engine/flow/config/config.h"
#include "tests/kit/alloc.h"
#include "tests/kit/kit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char file_path[256];
static struct lw_buf errors = {.ceiling = (size_t)1 << 20};
static struct lw_fault fault;
static struct lw_arena arena = {.ceiling = (size_t)1 << 20};

static void clear_environment(void)
{
    unsetenv("LEEWAY_STORE");
    unsetenv("LEEWAY_QUIET_PERIOD");
    unsetenv("LEEWAY_HTTP_LISTEN");
    unsetenv("STATE_DIRECTORY");
    unsetenv("XDG_STATE_HOME");
    setenv("HOME", "/home/someone", 1);
}

static const char *write_file(const char *text)
{
    FILE *file;

    snprintf(file_path, sizeof(file_path), "%s/leeway.yaml", kit_temporary_directory());
    file = fopen(file_path, "wb");
    if (file == NULL || fwrite(text, 1, strlen(text), file) != strlen(text) || fclose(file) != 0)
        abort();
    return file_path;
}

static enum lw_err open_with(const char *text, const struct lw_config_given *given, size_t n, struct lw_config **out)
{
    *out = NULL;
    lw_buf_clear(&errors);
    fault = (struct lw_fault){.code = LW_ERR_OK};
    return lw_config_open(out, write_file(text), given, n, &errors, &fault);
}

static struct lw_config *good(const char *text)
{
    struct lw_config *config;

    clear_environment();
    if (open_with(text, NULL, 0, &config) != LW_ERR_OK) {
        printf("# %.*s\n", (int)errors.len, errors.at);
        CU_FAIL("it opens");
        exit(1);
    }
    return config;
}

/* What is told of a bad configuration; valid until the next call. */
static const char *told(const char *text)
{
    struct lw_config *config;

    clear_environment();
    CU_ASSERT_EQUAL(open_with(text, NULL, 0, &config), LW_ERR_USAGE);
    CU_ASSERT_PTR_NULL(config);
    lw_config_close(config);
    lw_buf_char(&errors, '\0');
    return errors.at;
}

#define TELLS(yaml, sentence)                                                                                          \
    do {                                                                                                               \
        const char *all = told(yaml);                                                                                  \
        if (strstr(all, sentence) == NULL)                                                                             \
            printf("# not told: %s\n# but: %s\n", sentence, all);                                                      \
        CU_ASSERT_PTR_NOT_NULL(strstr(all, sentence));                                                                 \
    } while (0)

static struct lw_config_matched matched(const struct lw_config *config, const char *run)
{
    struct lw_config_matched out = {.block = 999};

    CU_ASSERT_EQUAL(lw_config_match(config, lw_str_from(run), &arena, &out, &fault), LW_ERR_OK);
    return out;
}

static const char whole[] =
    "store: /var/lib/leeway/leeway.db\n"
    "false_alarms: 1 per 370 runs\n"
    "quiet_period: 15m\n"
    "heartbeat: 5m\n"
    "lookback: 90d                   # how far back a source is read at the first start\n"
    "notify_from: start\n"
    "defaults: {alert: ticket, primary: \"validation:*\", ignore_below: {metric: 0.005, duration: 10%}}\n"
    "profiles:\n"
    "  nightly: {cadence: {cron: \"0 2 * * 1-5\", timezone: Europe/Berlin, tolerance: 45m}}\n"
    "models:\n"
    "  - {match: \"DEMO-imageclassification-*\", name: image-classification, require: [\"validation:accuracy >= "
    "0.80\"], cadence: {every: 1h, tolerance: 30m}}\n"
    "  - {regex: \"prod-(?<m>.+)-xgb-.*\", name: \"$m\", use: nightly, owner: risk, alert: page}\n"
    "  - {match: \"*\", alert: observe}\n"
    "exclude: [{tuning: true}, {tag: \"env=dev\"}]\n"
    "prices: {ml.p2.xlarge: 0.90}\n"
    "sources:\n"
    "  - {type: file, path: /var/log/metrics.ndjson}\n"
    "  - {type: cloudwatch, origin: prod, regions: [us-east-1, eu-west-1], role_arn: "
    "\"arn:aws:iam::123456789012:role/leeway\", poll: 1m, endpoint: \"http://127.0.0.1:5000\"}\n"
    "  - {type: loggly, subdomain: acme, token_file: /etc/leeway/loggly-api.token, query: \"tag:CloudwatchMetrics\"}\n"
    "  - {type: http}\n"
    "sinks:\n"
    "  - {type: loggly, url: \"https://logs-01.loggly.com\", token_file: /etc/leeway/loggly.token, tags: [leeway], "
    "metrics: auto, spool: 1GiB, ca_file: /etc/ssl/certs/ca-certificates.crt}\n"
    "  - {type: webhook, url_file: /etc/leeway/slack.url, format: slack, min_severity: ticket}\n"
    "  - {type: file, path: alerts.ndjson, events: [alert, run]}\n"
    "http: {listen: \"127.0.0.1:8321\", token_file: /etc/leeway/push.token}\n";

static void reads_a_whole_configuration(void)
{
    struct lw_config *config = good(whole);

    CU_ASSERT_STRING_EQUAL(config->store, "/var/lib/leeway/leeway.db");
    CU_ASSERT_STRING_EQUAL(config->control, "/var/lib/leeway/leeway.sock");
    CU_ASSERT_EQUAL(config->lookback.ms, 90 * LW_DAY);
    CU_ASSERT_TRUE(config->notify_from_start);
    CU_ASSERT_EQUAL(config->exclude_n, 2);
    CU_ASSERT_EQUAL(config->rules.prices_n, 1);
    KIT_CLOSE(config->rules.prices[0].per_hour, 0.9, 0);
    CU_ASSERT_EQUAL(config->sources_n, 4);
    CU_ASSERT_STRING_EQUAL(config->sources[0].name, "file:/var/log/metrics.ndjson");
    CU_ASSERT_EQUAL(config->sources[1].type, LW_SOURCE_CLOUDWATCH);
    CU_ASSERT_EQUAL(config->sources[1].regions_n, 2);
    CU_ASSERT_STRING_EQUAL(config->sources[1].regions[1], "eu-west-1");
    CU_ASSERT_EQUAL(config->sources[1].poll.ms, LW_MINUTE);
    CU_ASSERT_EQUAL(config->sources[1].live.ms, 0);
    CU_ASSERT_STRING_EQUAL(config->sources[2].subdomain, "acme");
    CU_ASSERT_EQUAL(config->sources[3].type, LW_SOURCE_HTTP);
    CU_ASSERT_EQUAL(config->sinks_n, 3);
    CU_ASSERT_EQUAL(config->sinks[0].spool, (uint64_t)1 << 30);
    CU_ASSERT_EQUAL(config->sinks[0].events, (1u << LW_EVENT_COUNT) - 1);
    CU_ASSERT_EQUAL(config->sinks[1].format, LW_WEBHOOK_SLACK);
    CU_ASSERT_EQUAL(config->sinks[1].min_severity, LW_SEVERITY_TICKET);
    CU_ASSERT_EQUAL(config->sinks[1].events, 1u << LW_EVENT_ALERT);
    CU_ASSERT_EQUAL(config->sinks[2].events, 1u << LW_EVENT_ALERT | 1u << LW_EVENT_RUN);
    CU_ASSERT_STRING_EQUAL(config->http.listen, "127.0.0.1:8321");
    lw_config_close(config);
}

static void a_pager_gets_pages_unless_more_is_wanted(void)
{
    struct lw_config *config =
        good("sinks:\n"
             "  - {type: webhook, format: pagerduty, token_file: /k}\n"
             "  - {type: webhook, format: pagerduty, name: all, token_file: /k, min_severity: info}\n"
             "  - {type: webhook, format: json, url: \"https://example.com/\"}\n");

    CU_ASSERT_EQUAL(config->sinks[0].min_severity, LW_SEVERITY_PAGE);
    CU_ASSERT_EQUAL(config->sinks[1].min_severity, LW_SEVERITY_INFO);
    CU_ASSERT_EQUAL(config->sinks[2].min_severity, LW_SEVERITY_INFO);
    lw_config_close(config);
}

static void merges_block_profile_and_defaults(void)
{
    struct lw_config *config = good(whole);
    const struct lw_config_model *models = config->models;

    CU_ASSERT_EQUAL(config->models_n, 4);
    CU_ASSERT_EQUAL(models[0].alert, LW_ALERT_AS_TICKET);
    CU_ASSERT_EQUAL(models[0].line, 11);
    CU_ASSERT_EQUAL(models[0].rules.cadence.ms, LW_HOUR);
    CU_ASSERT_EQUAL(models[0].rules.tolerance.ms, 30 * LW_MINUTE);
    CU_ASSERT_PTR_NULL(models[0].rules.next);
    CU_ASSERT_EQUAL(models[0].rules.requirements_n, 1);
    KIT_CLOSE(models[0].rules.requirements[0].bound, 0.8, 0);
    KIT_CLOSE(models[0].rules.ignore_below.rate, 0.005, 0);
    KIT_CLOSE(models[0].rules.ignore_below.loss, 0.05, 1e-15);
    KIT_CLOSE(models[0].rules.ignore_below.time, 0.10, 1e-15);
    CU_ASSERT_EQUAL(models[0].rules.prices_n, 1);
    CU_ASSERT_EQUAL(models[1].alert, LW_ALERT_AS_PAGE);
    CU_ASSERT_STRING_EQUAL(models[1].owner, "risk");
    CU_ASSERT_STRING_EQUAL(models[1].primary, "validation:*");
    CU_ASSERT_EQUAL(models[1].rules.tolerance.ms, 45 * LW_MINUTE);
    CU_ASSERT_EQUAL(models[1].rules.cadence.ms, 0);
    CU_ASSERT_PTR_NOT_NULL_FATAL(models[1].rules.next);
    /* Friday 6 March 2026 03:00 in Berlin; the next is Monday 02:00, that is 01:00 UTC. */
    CU_ASSERT_EQUAL(models[1].rules.next(models[1].rules.schedule, (lw_time){1772762400000}).ms, 1773018000000);
    CU_ASSERT_EQUAL(models[2].alert, LW_ALERT_AS_OBSERVE);
    CU_ASSERT_EQUAL(models[3].line, 0);
    CU_ASSERT_STRING_EQUAL(models[3].match, "*");
    CU_ASSERT_EQUAL(models[3].alert, LW_ALERT_AS_TICKET);
    lw_config_close(config);
}

static void a_nearer_clock_covers_a_farther_one(void)
{
    struct lw_config *config = good("defaults: {cadence: {every: 1h, tolerance: 5m}}\n"
                                    "models: [{match: a, cadence: {cron: '@daily'}}, {match: b, ignore_below: {loss: "
                                    "1%}}]\n");

    CU_ASSERT_EQUAL(config->models[0].rules.cadence.ms, 0);
    CU_ASSERT_STRING_EQUAL(config->models[0].cron, "@daily");
    CU_ASSERT_EQUAL(config->models[0].rules.tolerance.ms, 5 * LW_MINUTE);
    CU_ASSERT_EQUAL(config->models[1].rules.cadence.ms, LW_HOUR);
    KIT_CLOSE(config->models[1].rules.ignore_below.loss, 0.01, 1e-15);
    KIT_CLOSE(config->models[1].rules.ignore_below.rate, 0.005, 0);
    lw_config_close(config);
}

static void everything_has_a_default(void)
{
    struct lw_config *config = good("");
    struct lw_rules rules = lw_rules_default();

    CU_ASSERT_STRING_EQUAL(config->store, "/home/someone/.local/state/leeway/leeway.db");
    CU_ASSERT_EQUAL(config->quiet_period.ms, 15 * LW_MINUTE);
    KIT_CLOSE(config->rules.false_alarm_runs, rules.false_alarm_runs, 0);
    CU_ASSERT_EQUAL(config->rules.reference_runs, rules.reference_runs);
    CU_ASSERT_EQUAL(config->models_n, 1);
    KIT_CLOSE(config->models[0].rules.ignore_below.rate, rules.ignore_below.rate, 0);
    KIT_CLOSE(config->models[0].rules.ignore_below.loss, rules.ignore_below.loss, 1e-15);
    KIT_CLOSE(config->models[0].rules.ignore_below.time, rules.ignore_below.time, 1e-15);
    CU_ASSERT_EQUAL(config->models[0].rules.quiet.ms, rules.quiet.ms);
    CU_ASSERT_EQUAL(config->models[0].alert, LW_ALERT_AS_PAGE);
    CU_ASSERT_EQUAL(config->sources_n, 0);
    CU_ASSERT_EQUAL(config->sinks_n, 1);
    CU_ASSERT_EQUAL(config->sinks[0].type, LW_SINK_STDOUT);
    CU_ASSERT_PTR_NULL(config->http.listen);
    CU_ASSERT_EQUAL(config->log_level, 2);
    lw_config_close(config);
    config = good("sinks: []\n");
    CU_ASSERT_EQUAL(config->sinks_n, 0);
    lw_config_close(config);
    config = good("# nothing\n---\n");
    CU_ASSERT_EQUAL(config->models_n, 1);
    lw_config_close(config);
}

static void state_lies_where_the_system_says(void)
{
    struct lw_config *config = NULL;

    clear_environment();
    setenv("XDG_STATE_HOME", "/xdg", 1);
    CU_ASSERT_EQUAL(open_with("", NULL, 0, &config), LW_ERR_OK);
    CU_ASSERT_STRING_EQUAL(config->store, "/xdg/leeway/leeway.db");
    lw_config_close(config);
    setenv("STATE_DIRECTORY", "/var/lib/leeway:/other", 1);
    CU_ASSERT_EQUAL(open_with("", NULL, 0, &config), LW_ERR_OK);
    CU_ASSERT_STRING_EQUAL(config->store, "/var/lib/leeway/leeway.db");
    lw_config_close(config);
    clear_environment();
    unsetenv("HOME");
    CU_ASSERT_EQUAL(open_with("", NULL, 0, &config), LW_ERR_USAGE);
    CU_ASSERT_EQUAL(open_with("store: x.db", NULL, 0, &config), LW_ERR_OK);
    lw_config_close(config);
    clear_environment();
}

static void flags_come_before_environment_before_file(void)
{
    static const struct lw_config_given flag[] = {
        {.key = "store", .value = "/flag.db", .origin = "--store"},
        {.key = "sources+", .value = "file:/tmp/a:b.ndjson", .origin = "--source"},
        {.key = "sources+", .value = "/tmp/c", .origin = "--source"},
        {.key = "sources+", .value = "-", .origin = "--source"},
        {.key = "sinks+", .value = "stdout", .origin = "--stdout"},
        {.key = "log.level", .value = "debug", .origin = "--verbose"},
    };
    static const char text[] = "store: /file.db\nquiet_period: 20m\nsinks: [{type: file, path: x}]\n";
    struct lw_config *config = NULL;

    clear_environment();
    setenv("LEEWAY_STORE", "/env.db", 1);
    setenv("LEEWAY_QUIET_PERIOD", "7m", 1);
    setenv("LEEWAY_HTTP_LISTEN", "127.0.0.1:1", 1);
    CU_ASSERT_EQUAL(open_with(text, NULL, 0, &config), LW_ERR_OK);
    CU_ASSERT_STRING_EQUAL(config->store, "/env.db");
    CU_ASSERT_STRING_EQUAL(config->http.listen, "127.0.0.1:1");
    CU_ASSERT_EQUAL(config->models[0].rules.quiet.ms, 7 * LW_MINUTE);
    lw_config_close(config);
    CU_ASSERT_EQUAL(open_with(text, flag, 6, &config), LW_ERR_OK);
    CU_ASSERT_STRING_EQUAL(config->store, "/flag.db");
    CU_ASSERT_EQUAL(config->sources_n, 3);
    CU_ASSERT_STRING_EQUAL(config->sources[0].path, "/tmp/a:b.ndjson");
    CU_ASSERT_STRING_EQUAL(config->sources[1].path, "/tmp/c");
    CU_ASSERT_EQUAL(config->sources[2].type, LW_SOURCE_STDIN);
    CU_ASSERT_EQUAL(config->sinks_n, 2);
    CU_ASSERT_EQUAL(config->log_level, 3);
    lw_config_close(config);
    setenv("LEEWAY_QUIET_PERIOD", "7", 1);
    CU_ASSERT_EQUAL(open_with(text, flag, 6, &config), LW_ERR_USAGE);
    CU_ASSERT_PTR_NOT_NULL(strstr(fault.text, "LEEWAY_QUIET_PERIOD: '7' is not what 'quiet_period' takes"));
    clear_environment();
}

static void names_come_from_groups(void)
{
    struct lw_config *config = good("models:\n"
                                    "  - {regex: 'prod-(?<m>.+)-xgb-.*', name: '$m'}\n"
                                    "  - {regex: '(a+)-(b+)?', name: '${1}x$2-$$-$0'}\n"
                                    "  - {match: 'fix-*', name: fixed}\n"
                                    "  - {match: 'all-*', name: 'the $0'}\n"
                                    "exclude: [{match: 'test-*'}]\n");
    struct lw_config_matched out = matched(config, "prod-churn-xgb-7");

    CU_ASSERT_EQUAL(out.block, 0);
    CU_ASSERT_TRUE(lw_str_equal(out.model, LW_STR("churn")));
    /* The whole name has to match. */
    CU_ASSERT_EQUAL(matched(config, "my-prod-churn-xgb-7").block, 4);
    CU_ASSERT_TRUE(lw_str_equal(matched(config, "aa-").model, LW_STR("aax-$-aa-")));
    CU_ASSERT_TRUE(lw_str_equal(matched(config, "aa-bb").model, LW_STR("aaxbb-$-aa-bb")));
    CU_ASSERT_TRUE(lw_str_equal(matched(config, "fix-1").model, LW_STR("fixed")));
    CU_ASSERT_TRUE(lw_str_equal(matched(config, "all-1").model, LW_STR("the all-1")));
    CU_ASSERT_EQUAL(matched(config, "other").model.len, 0);
    CU_ASSERT_TRUE(matched(config, "test-1").excluded);
    CU_ASSERT_FALSE(matched(config, "latest-1").excluded);
    lw_config_close(config);
}

static void a_catastrophic_expression_gives_up(void)
{
    struct lw_config *config = good("models: [{regex: '(a+)+b'}, {match: '*', name: rest}]\n");
    struct lw_config_matched out = matched(config, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaabc");

    CU_ASSERT_EQUAL(out.block, 1);
    CU_ASSERT_TRUE(out.gave_up);
    CU_ASSERT_FALSE(matched(config, "ab").gave_up);
    lw_config_close(config);
}

static void tells_what_is_excluded(void)
{
    struct lw_config *config = good("exclude: [{tuning: true}, {tag: 'env=dev=2'}]\n");

    CU_ASSERT_TRUE(lw_config_excludes_tuning(config));
    CU_ASSERT_TRUE(lw_config_excludes_tag(config, LW_STR("env"), LW_STR("dev=2")));
    CU_ASSERT_FALSE(lw_config_excludes_tag(config, LW_STR("env"), LW_STR("dev")));
    lw_config_close(config);
    config = good("");
    CU_ASSERT_FALSE(lw_config_excludes_tuning(config));
    lw_config_close(config);
}

static void an_error_shows_its_place(void)
{
    const char *text = told("store: /x.db\n"
                            "hartbeat: 5m\n");
    char want[512];

    snprintf(want, sizeof(want),
             "%s:2:1: unknown key 'hartbeat': did you mean 'heartbeat'?\n"
             "    hartbeat: 5m\n"
             "    ^~~~~~~~\n",
             file_path);
    CU_ASSERT_STRING_EQUAL(text, want);
    CU_ASSERT_EQUAL(fault.code, LW_ERR_USAGE);
    CU_ASSERT_EQUAL(fault.line, 2);
}

static void all_errors_are_told(void)
{
    const char *text = told("hartbeat: 5m\nquiet_period: 12abc\nmodels: [{match: a, regex: b}, {name: c}]\nstore: a\n"
                            "store: b\nsinks: [{type: logly}]\n");

    CU_ASSERT_PTR_NOT_NULL(strstr(text, ":1:1: unknown key 'hartbeat'"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, ":2:15: '12abc' is not what 'quiet_period' takes: write a span"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "'match' and 'regex' exclude each other"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "needs 'match'"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, ":5:1: 'store' was given before, in line 4"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "write 'loggly'? (one of loggly webhook file stdout)"));
}

static void numbers_are_strict(void)
{
    static const char *const bad[] = {"12abc", "0x10", "1_000", "NaN", ".inf", "1e", "''", "~", "-5", "2.5", "1001"};
    struct lw_config *config;
    char text[64];

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        snprintf(text, sizeof(text), "reference_runs: %s\n", bad[i]);
        (void)told(text);
    }
    config = good("reference_runs: 1e3\n");
    CU_ASSERT_EQUAL(config->rules.reference_runs, 1000);
    lw_config_close(config);
}

static void spans_sizes_shares_and_budgets(void)
{
    struct lw_config *config =
        good("quiet_period: 1h30m\nlookback: 0\nkeep_points: 45d\nfalse_alarms: 2 per 1000 runs\n"
             "defaults: {ignore_below: {metric: 1%, loss: 0.25}}\n"
             "sinks: [{type: stdout, spool: 500MB}, {type: file, path: a, spool: 1.5GiB}]\n");

    CU_ASSERT_EQUAL(config->quiet_period.ms, 90 * LW_MINUTE);
    CU_ASSERT_EQUAL(config->lookback.ms, 0);
    CU_ASSERT_EQUAL(config->keep_points.ms, 45 * LW_DAY);
    KIT_CLOSE(config->rules.false_alarm_runs, 500, 0);
    KIT_CLOSE(config->models[0].rules.ignore_below.rate, 0.01, 1e-15);
    KIT_CLOSE(config->models[0].rules.ignore_below.loss, 0.25, 0);
    CU_ASSERT_EQUAL(config->sinks[0].spool, 500000000);
    CU_ASSERT_EQUAL(config->sinks[1].spool, 1610612736);
    lw_config_close(config);
    TELLS("heartbeat: 15\n", "write a span of time such as 45s, 15m");
    TELLS("heartbeat: 1s\n", "write a span from 10s to 1d 00h");
    TELLS("heartbeat: 5 minutes\n", "is not what 'heartbeat' takes");
    TELLS("false_alarms: 1 per 5 runs\n", "at least 20 runs");
    TELLS("sinks: [{type: stdout, spool: 1gb}]\n", "write a size such as 500MB or 1GiB");
    TELLS("sinks: [{type: stdout, spool: 10kB}]\n", "write a size from 1MiB to 1024GiB");
    TELLS("defaults: {ignore_below: {loss: -5%}}\n", "write a number or a share");
    TELLS("prices: {ml.p2.xlarge: 0x1}\n", "write a price per hour");
    TELLS("notify_from: yesterday\n", "write start, or a time");
}

static void booleans_are_true_and_false_alone(void)
{
    TELLS("exclude: [{tuning: yes}]\n", "write true or false, without quotes");
    TELLS("exclude: [{tuning: \"true\"}]\n", "write true or false, without quotes");
    TELLS("exclude: [{tuning: True}]\n", "write true or false, without quotes");
    TELLS("exclude: [{tuning: 1}]\n", "write true or false, without quotes");
}

static void a_country_is_not_false(void)
{
    struct lw_config *config = good("models: [{match: no, owner: off, name: null-model}]\n");

    CU_ASSERT_STRING_EQUAL(config->models[0].match, "no");
    CU_ASSERT_STRING_EQUAL(config->models[0].owner, "off");
    lw_config_close(config);
    TELLS("store:\n", "'store' has no value");
    TELLS("store: ~\n", "'store' has no value");
    TELLS("store: ''\n", "'store' has no value");
}

static void what_does_not_belong_is_refused(void)
{
    TELLS("sources: [{type: file, path: a, subdomain: b}]\n", "'subdomain' does not belong to a source of this type");
    TELLS("sources: [{type: file}]\n", "a source of this type needs 'path'");
    TELLS("sources: [{path: a}]\n", "a source needs 'type': one of file cloudwatch loggly http stdin");
    TELLS("sinks: [{type: loggly}]\n", "a sink of this type needs 'token_file'");
    TELLS("sinks: [{type: webhook}]\n", "a webhook needs 'url_file'");
    TELLS("sinks: [{type: webhook, format: pagerduty}]\n", "pagerduty needs 'token_file'");
    TELLS("sinks: [{type: loggly, token_file: a, url: \"http://logs.example.com\"}]\n", "http: only to this machine");
    TELLS("sinks: [{type: loggly, token_file: a, url: \"https://u:p@logs.example.com\"}]\n", "write an address");
    TELLS("defaults: {match: a}\n", "'match' belongs into a block of 'models'");
    TELLS("every: 1h\n", "it belongs into cadence");
    TELLS("models: [{match: a, use: nigthly}]\nprofiles: {nightly: {}}\n", "did you mean 'nightly'?");
    TELLS("models: [{match: a, use: b}]\n", "there is no profile 'b'");
    TELLS("models: [{regex: 'a(', name: b}]\n",
          "not a regular expression: missing closing parenthesis, at its character 3");
    TELLS("models: [{regex: 'a(.*)', name: $m}]\n", "'$m' is no group of the regular expression");
    TELLS("models: [{match: 'a*', name: $1}]\n", "'$1' is no group");
    TELLS("models: [{match: a, cadence: {every: 1h, cron: '@daily'}}]\n", "'every' and 'cron' exclude each other");
    TELLS("models: [{match: a, cadence: {tolerance: 1h}}]\n", "'tolerance' goes with 'every' or 'cron'");
    TELLS("models: [{match: a, cadence: {cron: '0 25 * * *'}}]\n", "'25' is no hour");
    TELLS("models: [{match: a, cadence: {cron: '@daily', timezone: Europa/Berlin}}]\n", "unknown time zone");
    TELLS("models: [{match: a, require: [\"accuracy\"]}]\n", "SERIES >= NUMBER");
    TELLS("models: [{match: a, higher_is_better: [x], lower_is_better: [x]}]\n", "keep one direction");
    TELLS("http: {listen: \"0.0.0.0:80\"}\n", "needs 'certificate', 'key' and 'token_file'");
    TELLS("http: {listen: localhost}\n", "write an address and port");
    TELLS("http: {token_file: x}\n", "http needs 'listen'");
    TELLS("sources: [{type: http}]\n", "needs 'http: {listen: ...}'");
    TELLS("sources: [{type: file, path: a}, {type: file, path: a}]\n", "two sources are named 'file:a'");
    TELLS("sinks: [{type: stdout, name: a}, {type: file, path: b, name: a}]\n", "two sinks are named 'a'");
    TELLS("sinks: [{type: stdout, events: [alert, alerts]}]\n", "write 'alert'?");
    TELLS("exclude: [{tuning: true, tag: 'a=b'}]\n", "names one thing");
    TELLS("models: {match: a}\n", "write a list of maps");
    TELLS("quiet_period: [1h]\n", "'quiet_period' takes something else: write a span");
    TELLS("- a\n", "a configuration is a map");
}

static void yaml_is_kept_plain(void)
{
    TELLS("a: &x {b: 1}\n", "anchors (&name) are not used here");
    TELLS("store: *x\n", "aliases (*name) are not used here");
    TELLS("store: !!str a\n", "tags (!name) are not used here");
    TELLS("store: a\n---\nstore: b\n", "a second document begins here");
    TELLS("store: [\n", "this is no YAML");
    TELLS("store: \"a\\0b\"\n", "a control character");
    TELLS("? [a]\n: b\n", "a key is a single word");
    TELLS("store: a\n\theartbeat: 5m\n", "this is no YAML");
    TELLS("store: \xff\n", "write the file as UTF-8");
    TELLS("a: {b: {c: {d: {e: {f: {g: {h: {i: {j: {k: {l: {m: 1}}}}}}}}}}}}\n", "nested more than 12 deep");
}

static void a_billion_laughs_are_not_heard(void)
{
    TELLS("a: &a [lol, lol, lol]\nb: &b [*a, *a, *a]\nc: &c [*b, *b, *b]\n", "aliases");
}

static void sizes_are_bounded(void)
{
    size_t n = ((size_t)1 << 20) + 4;
    char *text = malloc(n + 1);

    CU_ASSERT_PTR_NOT_NULL_FATAL(text);
    memset(text, '#', n);
    text[n] = '\0';
    TELLS(text, "larger than 1 MiB");
    for (size_t i = 0; i < 60001; i++)
        memcpy(text + 2 * i, "a,", 2);
    memcpy(text, "[ ", 2);
    memcpy(text + 120000, "]\n", 3);
    TELLS(text, "more than 50000 values");
    free(text);
}

static void a_long_line_is_cut_around_its_place(void)
{
    char text[1000] = "defaults: {primary: ";
    const char *all;

    memset(text + strlen(text), 'x', 300);
    strcpy(text + 320, ", ovner: \xc3\xbc\x62}\n");
    all = told(text);
    CU_ASSERT_PTR_NOT_NULL(strstr(all, ":1:323: unknown key 'ovner': did you mean 'owner'?\n    xxx"));
    CU_ASSERT_TRUE(strlen(all) < 500);
}

static void files_that_cannot_be_read_are_told(void)
{
    struct lw_config *config = NULL;

    clear_environment();
    CU_ASSERT_EQUAL(lw_config_open(&config, "/nowhere/leeway.yaml", NULL, 0, NULL, &fault), LW_ERR_IO);
    CU_ASSERT_PTR_NOT_NULL(strstr(fault.text, "cannot open the configuration /nowhere/leeway.yaml"));
    CU_ASSERT_EQUAL(lw_config_open(&config, "/tmp", NULL, 0, NULL, NULL), LW_ERR_IO);
    CU_ASSERT_EQUAL(lw_config_open(&config, write_file("nothing: 1\n"), NULL, 0, NULL, NULL), LW_ERR_USAGE);
    CU_ASSERT_PTR_NULL(config);
    lw_config_close(NULL);
}

static void the_first_file_that_is_there_is_the_file(void)
{
    const char *place = kit_temporary_directory();
    struct lw_config *config = NULL;
    char path[512], before[512];

    clear_environment();
    CU_ASSERT_PTR_NOT_NULL_FATAL(getcwd(before, sizeof(before)));
    (void)write_file("store: /here.db\n");
    setenv("XDG_CONFIG_HOME", place, 1);
    snprintf(path, sizeof(path),
             "mkdir -p %s/leeway && printf 'store: /xdg.db\\nheartbeat: 1m\\n' > %s/leeway/leeway.yaml", place, place);
    CU_ASSERT_EQUAL_FATAL(system(path), 0);
    CU_ASSERT_EQUAL_FATAL(chdir(place), 0);
    CU_ASSERT_EQUAL(lw_config_open(&config, NULL, NULL, 0, NULL, &fault), LW_ERR_OK);
    CU_ASSERT_STRING_EQUAL(config->store, "/here.db");
    CU_ASSERT_STRING_EQUAL(config->path, "leeway.yaml");
    CU_ASSERT_EQUAL(config->heartbeat.ms, 5 * LW_MINUTE);
    lw_config_close(config);
    CU_ASSERT_EQUAL(unlink("leeway.yaml"), 0);
    CU_ASSERT_EQUAL(lw_config_open(&config, NULL, NULL, 0, NULL, &fault), LW_ERR_OK);
    CU_ASSERT_STRING_EQUAL(config->store, "/xdg.db");
    lw_config_close(config);
    CU_ASSERT_EQUAL(chdir(before), 0);
    unsetenv("XDG_CONFIG_HOME");
}

static void it_can_be_opened_beside_an_old_one(void)
{
    struct lw_config *old = good(whole);
    struct lw_config *now = good("models: [{regex: 'b(.)', name: 'n$1'}]\n");

    CU_ASSERT_TRUE(lw_str_equal(matched(now, "bx").model, LW_STR("nx")));
    CU_ASSERT_TRUE(lw_str_equal(matched(old, "prod-a-xgb-1").model, LW_STR("a")));
    lw_config_close(old);
    CU_ASSERT_TRUE(lw_str_equal(matched(now, "by").model, LW_STR("ny")));
    lw_config_close(now);
}

static bool opens(void *self, bool failed)
{
    struct lw_config *config = NULL;
    struct lw_config_given given = {.key = "sources+", .value = "/tmp/x", .origin = "--source"};
    struct lw_buf text = {.ceiling = 4096};
    struct lw_arena names = {.ceiling = (size_t)1 << 20};
    struct lw_config_matched out = {.block = 0};
    enum lw_err err = lw_config_open(&config, self, &given, 1, &text, &fault);

    if (err == LW_ERR_OK)
        err = lw_config_match(config, LW_STR("prod-a-xgb-1"), &names, &out, &fault);
    lw_config_close(config);
    lw_arena_close(&names);
    lw_buf_close(&text);
    return failed ? err == LW_ERR_NOMEM : err == LW_ERR_OK;
}

static void every_allocation_may_fail(void)
{
    char path[256];

    clear_environment();
    snprintf(path, sizeof(path), "%s", write_file(whole));
    CU_ASSERT_TRUE(kit_alloc_torture(opens, path) > 20);
}

KIT_SUITE("config", {"reads a whole configuration", reads_a_whole_configuration},
          {"a pager gets pages, unless more is wanted", a_pager_gets_pages_unless_more_is_wanted},
          {"a block is merged with its profile and the defaults", merges_block_profile_and_defaults},
          {"a nearer clock covers a farther one", a_nearer_clock_covers_a_farther_one},
          {"everything has a default", everything_has_a_default},
          {"state lies where the system says", state_lies_where_the_system_says},
          {"flags come before the environment, that before the file", flags_come_before_environment_before_file},
          {"names come from groups", names_come_from_groups},
          {"a catastrophic expression gives up and says so", a_catastrophic_expression_gives_up},
          {"tells what is excluded", tells_what_is_excluded},
          {"an error shows its place, the line and a proposal", an_error_shows_its_place},
          {"all errors are told", all_errors_are_told}, {"numbers are strict", numbers_are_strict},
          {"spans, sizes, shares and budgets", spans_sizes_shares_and_budgets},
          {"booleans are true and false alone", booleans_are_true_and_false_alone},
          {"a country is not false, and nothing is nothing", a_country_is_not_false},
          {"what does not belong is refused", what_does_not_belong_is_refused},
          {"YAML is kept plain", yaml_is_kept_plain},
          {"a billion laughs are not heard", a_billion_laughs_are_not_heard}, {"sizes are bounded", sizes_are_bounded},
          {"a long line is cut around its place", a_long_line_is_cut_around_its_place},
          {"files that cannot be read are told", files_that_cannot_be_read_are_told},
          {"the first file that is there is the file", the_first_file_that_is_there_is_the_file},
          {"it can be opened beside an old one", it_can_be_opened_beside_an_old_one},
          {"every allocation may fail", every_allocation_may_fail})
