#define _GNU_SOURCE /* sched_getaffinity */
#include "engine/flow/analyze/settings.h"

#include "engine/base/fault.h"
#include "engine/base/scan/scan.h"
#include "engine/base/time_text.h"
#include "engine/flow/cli/command.h"
#include "engine/flow/cli/wording.h"
#include "engine/flow/people/people.h"

#include <math.h>
#include <sched.h>
#include <string.h>

#define WIDTH_LEAST  40
#define WIDTH_MOST   1000
#define BUDGET_LEAST 20 /* a chart that alarms more often than this is none */
#define BUDGET_MOST  1e6

/* Processors that this process may run on; 1 when that is not known. */
static size_t processors(void)
{
    cpu_set_t set;
    int n = sched_getaffinity(0, sizeof(set), &set) == 0 ? CPU_COUNT(&set) : 1;

    return n > LW_STEP_THREADS_MAX ? LW_STEP_THREADS_MAX : (size_t)n;
}

struct lw_settings lw_settings_default(const struct lw_session *session)
{
    return (struct lw_settings){
        .rules = lw_rules_default(),
        .threads = processors(),
        .format = LW_FORMAT_AUTO,
        .style = {.columns = session->terminal.columns,
                  .colour = session->terminal.colour,
                  .utf8 = session->terminal.utf8},
    };
}

void lw_settings_close(struct lw_settings *settings)
{
    lw_zone_close(settings->zone);
    settings->zone = NULL;
}

/* The value of an option that the table has and this subcommand was given, or empty. */
static struct lw_str value(const struct lw_options *options, const char *name)
{
    for (size_t i = 0; i < options->given_n; i++) {
        if (strcmp(options->given[i].option->name, name) == 0)
            return lw_str_from(options->given[i].value);
    }
    return (struct lw_str){.len = 0};
}

static bool has(const struct lw_options *options, const char *name)
{
    for (size_t i = 0; i < options->given_n; i++) {
        if (strcmp(options->given[i].option->name, name) == 0)
            return true;
    }
    return false;
}

static enum lw_err bad(struct lw_fault *fault, const char *name, struct lw_str text, const char *what)
{
    return lw_fault_set(fault, LW_ERR_USAGE, "--%s %.*s: write %s", name, (int)(text.len < 80 ? text.len : 80), text.at,
                        what);
}

static enum lw_err read_time(const struct lw_settings *settings, const struct lw_options *options, const char *name,
                             lw_time *time, bool *given, struct lw_fault *fault)
{
    struct lw_str text = value(options, name);

    *given = has(options, name);
    if (*given && !lw_time_read(text, settings->zone, time))
        return bad(fault, name, text, "a time such as 2019-06-12 or 2019-06-12T14:03:00Z");
    return LW_ERR_OK;
}

static enum lw_err read_window(const struct lw_options *options, struct lw_settings *settings, struct lw_fault *fault)
{
    struct lw_rules *rules = &settings->rules;
    bool since = false;
    bool until = false;
    enum lw_err err = read_time(settings, options, "since", &rules->since, &since, fault);

    if (err == LW_ERR_OK)
        err = read_time(settings, options, "until", &rules->until, &until, fault);
    if (err != LW_ERR_OK)
        return err;
    rules->has_since = since;
    rules->has_until = until;
    if (since && until && rules->since.ms >= rules->until.ms)
        return lw_fault_set(fault, LW_ERR_USAGE, "--until must be later than --since");
    return LW_ERR_OK;
}

static enum lw_err read_input(const struct lw_options *options, struct lw_settings *settings, struct lw_fault *fault)
{
    struct lw_str format = value(options, "input-format");
    enum lw_err err = LW_ERR_OK;

    if (has(options, "input-format") && !lw_format_find(format, &settings->format))
        return bad(fault, "input-format", format, "one of the formats that `leeway help analyze` lists");
    settings->decode.origin = value(options, "origin");
    settings->decode.model = value(options, "model");
    settings->decode.run = value(options, "run");
    settings->decode.metric = value(options, "metric");
    settings->decode.stat = value(options, "stat");
    settings->rules.model = settings->decode.model;
    settings->rules.model_pattern = value(options, "model-pattern");
    settings->strict = has(options, "strict");
    if (has(options, "columns"))
        err = lw_columns_read(&settings->decode.columns, value(options, "columns"), fault);
    if (err == LW_ERR_OK && has(options, "timezone"))
        err = lw_zone_open(&settings->zone, value(options, "timezone"), fault);
    if (err != LW_ERR_OK)
        return err;
    settings->decode.zone = settings->zone;
    return read_window(options, settings, fault);
}

/* All values of an option, split at commas where `split`; trimmed; empty parts left out. */
static enum lw_err read_names(const struct lw_session *session, const char *name, bool split, const struct lw_str **out,
                              size_t *out_n, struct lw_fault *fault)
{
    size_t n;
    const struct lw_str *values = lw_options_values(session->options, name, session->arena, &n);
    struct lw_str *names;
    size_t most = 0;
    size_t filled = 0;

    for (size_t i = 0; values != NULL && i < n; i++)
        most += split ? lw_wording_parts(values[i]) : 1;
    names = lw_arena_array(session->arena, most, sizeof(*names));
    if (values == NULL || names == NULL)
        return lw_fault_memory(fault, "the command line");
    for (size_t i = 0; i < n; i++) {
        struct lw_str rest = values[i];

        while (rest.len > 0) {
            struct lw_str part = split ? lw_wording_part(&rest) : rest;

            if (!split)
                rest.len = 0;
            part = lw_wording_trim(part);
            if (part.len == 0)
                return bad(fault, name, values[i], "names without an empty one between them");
            names[filled++] = part;
        }
    }
    *out = names;
    *out_n = filled;
    return LW_ERR_OK;
}

static enum lw_err read_requirements(const struct lw_session *session, struct lw_rules *rules, struct lw_fault *fault)
{
    size_t n;
    const struct lw_str *values = lw_options_values(session->options, "require", session->arena, &n);
    struct lw_requirement *list = lw_arena_array(session->arena, n, sizeof(*list));

    if (values == NULL || list == NULL)
        return lw_fault_memory(fault, "the command line");
    for (size_t i = 0; i < n; i++) {
        if (!lw_wording_requirement(values[i], &list[i]))
            return bad(fault, "require", values[i],
                       "SERIES >= NUMBER (or >, <=, <), as in 'validation:accuracy >= 0.8'");
    }
    rules->requirements = list;
    rules->requirements_n = n;
    return LW_ERR_OK;
}

static enum lw_err read_prices(const struct lw_session *session, struct lw_rules *rules, struct lw_fault *fault)
{
    size_t n;
    const struct lw_str *values = lw_options_values(session->options, "price", session->arena, &n);
    struct lw_price *list = lw_arena_array(session->arena, n, sizeof(*list));

    if (values == NULL || list == NULL)
        return lw_fault_memory(fault, "the command line");
    for (size_t i = 0; i < n; i++) {
        if (!lw_wording_price(values[i], &list[i]))
            return bad(fault, "price", values[i], "INSTANCE=PRICE per hour, as in ml.p2.xlarge=0.90");
        for (size_t j = 0; j < i; j++) {
            if (lw_str_equal(list[i].instance, list[j].instance))
                return bad(fault, "price", values[i], "one price for each instance type");
        }
    }
    rules->prices = list;
    rules->prices_n = n;
    return LW_ERR_OK;
}

static enum lw_err read_lists(const struct lw_session *session, struct lw_rules *rules, struct lw_fault *fault)
{
    enum lw_err err = read_names(session, "baseline", true, &rules->baseline, &rules->baseline_n, fault);

    if (err == LW_ERR_OK)
        err = read_names(session, "rebaseline", false, &rules->rebaseline, &rules->rebaseline_n, fault);
    if (err == LW_ERR_OK)
        err = read_names(session, "higher-is-better", false, &rules->higher, &rules->higher_n, fault);
    if (err == LW_ERR_OK)
        err = read_names(session, "lower-is-better", false, &rules->lower, &rules->lower_n, fault);
    if (err == LW_ERR_OK)
        err = read_requirements(session, rules, fault);
    if (err == LW_ERR_OK)
        err = read_prices(session, rules, fault);
    for (size_t i = 0; err == LW_ERR_OK && i < rules->higher_n; i++) {
        for (size_t j = 0; j < rules->lower_n; j++) {
            if (lw_str_equal(rules->higher[i], rules->lower[j]))
                return bad(fault, "higher-is-better", rules->higher[i], "one direction for a metric, not both");
        }
    }
    return err;
}

static enum lw_err read_span(const struct lw_options *options, const char *name, lw_span *span, struct lw_fault *fault)
{
    struct lw_str text = value(options, name);

    if (has(options, name) && (!lw_span_read(text, span) || span->ms <= 0))
        return bad(fault, name, text, "a span such as 15m, 1h or 1d");
    return LW_ERR_OK;
}

static enum lw_err read_rhythm(const struct lw_settings *settings, const struct lw_options *options,
                               struct lw_rules *rules, struct lw_fault *fault)
{
    enum lw_err err = read_span(options, "cadence", &rules->cadence, fault);
    bool has_now = false;

    if (err == LW_ERR_OK)
        err = read_span(options, "tolerance", &rules->tolerance, fault);
    if (err == LW_ERR_OK && has(options, "tolerance") && !has(options, "cadence"))
        err = lw_fault_set(fault, LW_ERR_USAGE, "--tolerance goes with --cadence: say how often a run is expected");
    if (err == LW_ERR_OK)
        err = read_time(settings, options, "now", &rules->now, &has_now, fault);
    rules->has_now = has_now;
    return err;
}

/* The notes of the store, or of a file that was written by hand, mean offline what they mean to the daemon. */
static enum lw_err read_notes(const struct lw_session *session, struct lw_rules *rules, struct lw_fault *fault)
{
    const char *path = lw_options_value(session->options, "notes");
    struct lw_people_notes notes;
    enum lw_err err;

    if (path == NULL)
        return LW_ERR_OK;
    err = lw_people_file(path, session->arena, &notes, fault);
    if (err == LW_ERR_FORMAT) {
        struct lw_fault why = *fault;

        return lw_fault_set(fault, LW_ERR_FORMAT, "--notes %.80s: %.160s", path, why.text);
    }
    return err == LW_ERR_OK ? lw_people_wanted(&notes, session->arena, &rules->wanted, &rules->wanted_n, fault) : err;
}

static enum lw_err read_judging(const struct lw_session *session, struct lw_settings *settings, struct lw_fault *fault)
{
    const struct lw_options *options = session->options;
    struct lw_rules *rules = &settings->rules;
    struct lw_str text = value(options, "reference-runs");
    double number;
    enum lw_err err;

    if (has(options, "reference-runs")) {
        if (!lw_scan_decimal(text, &number) || number < 2 || number > 1000 || number != floor(number))
            return bad(fault, "reference-runs", text, "a whole number from 2 to 1000");
        rules->reference_runs = (uint32_t)number;
    }
    text = value(options, "threads");
    if (has(options, "threads")) {
        if (!lw_scan_decimal(text, &number) || number < 1 || number > LW_STEP_THREADS_MAX || number != floor(number))
            return bad(fault, "threads", text, "a whole number from 1 to 64");
        settings->threads = (size_t)number;
    }
    text = value(options, "false-alarms");
    if (has(options, "false-alarms")) {
        if (!lw_wording_budget(text, &number) || number < BUDGET_LEAST || number > BUDGET_MOST)
            return bad(fault, "false-alarms", text, "a budget from '1 per 20 runs' to '1 per 1000000 runs'");
        rules->false_alarm_runs = number;
    }
    text = value(options, "ignore-below");
    if (has(options, "ignore-below") && !lw_wording_ignore(text, &rules->ignore_below))
        return bad(fault, "ignore-below", text, "0.01, or metric=0.005,loss=5%,duration=10%");
    err = read_rhythm(settings, options, rules, fault);
    if (err == LW_ERR_OK)
        err = read_lists(session, rules, fault);
    if (err == LW_ERR_OK)
        err = read_notes(session, rules, fault);
    return err;
}

static enum lw_err read_fail_on(const struct lw_session *session, struct lw_settings *settings, struct lw_fault *fault)
{
    size_t n;
    const struct lw_str *values = lw_options_values(session->options, "fail-on", session->arena, &n);

    if (values == NULL)
        return lw_fault_memory(fault, "the command line");
    for (size_t i = 0; i < n; i++) {
        if (lw_str_equal(values[i], LW_STR("warning")))
            settings->fail_warning = true;
        else if (lw_str_equal(values[i], LW_STR("drift")))
            settings->fail_drift = true;
        else if (lw_str_equal(values[i], LW_STR("insufficient_data")))
            settings->fail_insufficient = true;
        else
            return bad(fault, "fail-on", values[i], "warning, drift or insufficient_data");
    }
    return LW_ERR_OK;
}

enum lw_err lw_settings_show(const struct lw_session *session, struct lw_settings *settings, struct lw_fault *fault)
{
    static const struct lw_str forms[] = {{"text", 4}, {"json", 4}, {"ndjson", 6}};
    const struct lw_options *options = session->options;
    struct lw_str form = value(options, "format");
    struct lw_str colour = value(options, "color");
    struct lw_str width = value(options, "width");
    double number;

    settings->output = has(options, "output") ? value(options, "output").at : NULL;
    /* A file is no terminal: no colours, and the characters of the locale. */
    if (settings->output != NULL)
        settings->style.colour = false;
    if (has(options, "format")) {
        size_t i = 0;

        while (i < 3 && !lw_str_equal(form, forms[i]))
            i++;
        if (i == 3)
            return bad(fault, "format", form, "text, json or ndjson");
        settings->form = (enum lw_form)i;
    }
    if (lw_str_equal(colour, LW_STR("always")))
        settings->style.colour = true;
    else if (lw_str_equal(colour, LW_STR("never")))
        settings->style.colour = false;
    else if (has(options, "color") && !lw_str_equal(colour, LW_STR("auto")))
        return bad(fault, "color", colour, "auto, always or never");
    if (has(options, "width")) {
        if (!lw_scan_decimal(width, &number) || number < WIDTH_LEAST || number > WIDTH_MOST || number != floor(number))
            return bad(fault, "width", width, "a whole number from 40 to 1000");
        settings->style.columns = (uint32_t)number;
    }
    return LW_ERR_OK;
}

enum lw_err lw_settings_read(const struct lw_session *session, struct lw_settings *settings, struct lw_fault *fault)
{
    enum lw_err err = read_input(session->options, settings, fault);
    bool judges = session->options->command == &lw_command_analyze;

    if (err == LW_ERR_OK && judges)
        err = read_judging(session, settings, fault);
    if (err == LW_ERR_OK && judges)
        err = read_fail_on(session, settings, fault);
    if (err == LW_ERR_OK)
        err = lw_settings_show(session, settings, fault);
    return err;
}
