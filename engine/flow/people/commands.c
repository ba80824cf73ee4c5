#define _GNU_SOURCE
#include "engine/flow/people/commands.h"

#include "engine/base/fault.h"
#include "engine/base/json/json_in.h"
#include "engine/base/time_text.h"
#include "engine/base/world.h"
#include "engine/flow/config/config.h"
#include "engine/flow/people/people.h"
#include "engine/flow/service/control.h"
#include "engine/report/page/safe.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

#define REPLY_MAX  ((size_t)64 << 20)
#define ERRORS_MAX ((size_t)1 << 20)
#define ARENA_MAX  ((size_t)1 << 30)

#define WHERE_ROWS                                                                                                     \
    {.group = "Where",                                                                                                 \
     .name = "config",                                                                                                 \
     .letter = 'c',                                                                                                    \
     .argument = "FILE",                                                                                               \
     .values = "FILE",                                                                                                 \
     .help = "Configuration of the daemon; else it is looked for as `leeway watch` does"},                             \
        {.group = "Where",                                                                                             \
         .name = "store",                                                                                              \
         .argument = "FILE",                                                                                           \
         .values = "FILE",                                                                                             \
         .help = "Its store; else as configured"},                                                                     \
    {                                                                                                                  \
        .group = "Other", .name = "help", .letter = 'h', .help = "Show this help"                                      \
    }

#define ORIGIN_ROW                                                                                                     \
    {                                                                                                                  \
        .group = "What", .name = "origin", .argument = "LABEL",                                                        \
        .help = "Only where the model is of this account and region, or label"                                         \
    }

#define REASON_ROW                                                                                                     \
    {                                                                                                                  \
        .group = "What", .name = "reason", .argument = "TEXT", .help = "Why, for those who look at it later"           \
    }

static const struct lw_option alerts_options[] = {
    ORIGIN_ROW,
    {.group = "What", .name = "model", .argument = "NAME", .help = "Only alerts of this model"},
    {.group = "Showing",
     .name = "format",
     .argument = "FORM",
     .preset = "text",
     .values = "text json",
     .help = "text for people, json for programs"},
    WHERE_ROWS,
};

static const struct lw_option ack_options[] = {
    {.group = "What",
     .name = "rebaseline",
     .help = "The new level is the right one: it is the reference from the change on"},
    {.group = "What",
     .name = "for",
     .argument = "SPAN",
     .help = "For that long: what is still open then is told again (2h, 7d)"},
    REASON_ROW,
    WHERE_ROWS,
};

static const struct lw_option expect_options[] = {
    {.group = "What",
     .name = "from",
     .argument = "TIME|RUN",
     .help = "From this run on, or from the run of this time on: else from the first one after it"},
    {.group = "What",
     .name = "series",
     .argument = "SERIES",
     .help = "Of this series alone: validation:accuracy, duration"},
    ORIGIN_ROW,
    REASON_ROW,
    WHERE_ROWS,
};

static const struct lw_option mute_options[] = {
    {.group = "What",
     .name = "until",
     .argument = "TIME|SPAN",
     .help = "Until then, or for that long: 2026-03-01T08:00, 12h; now ends it"},
    ORIGIN_ROW,
    REASON_ROW,
    WHERE_ROWS,
};

static const struct lw_option test_options[] = {WHERE_ROWS};

#define EXITS                                                                                                          \
    "\n\nExit codes: 0 done, 2 usage, 3 something failed, 5 the store is locked, damaged or of a later version."

const struct lw_command lw_command_alerts = {
    .name = "alerts",
    .summary = "what is open",
    .about = "Lists the alerts that are open, oldest first: severity, since when, id, and what happened. Those that "
             "someone takes care of, and those of muted models, are marked. The severity is the one that is sent: no "
             "graver than the block of the model allows (`alert:`). Alerts of models under `alert: observe` are never "
             "sent; they are listed apart, with the severity that they would have. JSON has the same two lists, "
             "`alerts` and `observed`." EXITS,
    .examples = "leeway alerts\t\nleeway alerts --format json\tfor programs\n",
    .options = alerts_options,
    .options_n = COUNT(alerts_options),
};

const struct lw_command lw_command_ack = {
    .name = "ack",
    .operands = "ID",
    .summary = "someone takes care of an alert",
    .about = "Acknowledges an alert: the sinks are told so, and its updates hold back until it is over. With --for it "
             "is told again if it is still open after that time. With --rebaseline the new level is accepted: it "
             "becomes the reference, and the alert ends as acknowledged." EXITS,
    .examples = "leeway ack 7c2fk3bq5xw6ov2m4d7yha3zpe --for 7d\t\n"
                "leeway ack 7c2fk3bq5xw6ov2m4d7yha3zpe --rebaseline --reason 'v2 features'\t\n",
    .options = ack_options,
    .options_n = COUNT(ack_options),
};

const struct lw_command lw_command_expect = {
    .name = "expect",
    .operands = "MODEL",
    .summary = "a change is wanted",
    .about = "Notes that from a time or a run on a model will be different on purpose: what changes there becomes the "
             "reference instead of an alert. The note is kept with its date and reason; `leeway analyze --notes` reads "
             "the same notes.\n\nRUN is the name of a run, as `leeway alerts` and the events (lw_change_run) give it. "
             "TIME means the run that starts then; else the one whose name is stamped with that time, with or without "
             "its seconds, for the start that the data show may be a minute off; else the first run that starts later. "
             "The answer says which run that is." EXITS,
    .examples = "leeway expect churn-xgb --from 2026-03-01T12:00Z --reason 'v2 features'\t\n"
                "leeway expect churn-xgb --from churn-xgb-2026-03-01-12-00 --series duration\t\n",
    .options = expect_options,
    .options_n = COUNT(expect_options),
};

const struct lw_command lw_command_mute = {
    .name = "mute",
    .operands = "MODEL",
    .summary = "no alerts of a model for a while",
    .about = "No alert of this model is sent until the time is over. It is judged as ever; what is open then is told "
             "then." EXITS,
    .examples = "leeway mute churn-xgb --until 12h\t\nleeway mute churn-xgb --until now\tends it\n",
    .options = mute_options,
    .options_n = COUNT(mute_options),
};

const struct lw_command lw_command_test_alert = {
    .name = "test-alert",
    .summary = "send one marked alert through every sink",
    .about = "Sends an alert of the model `leeway-test` through every configured sink, on the way that a real one "
             "takes: to see whether it arrives where it should." EXITS,
    .options = test_options,
    .options_n = COUNT(test_options),
};

/* What the command line asks for. */
struct asking {
    struct lw_session *session;
    struct lw_config *config;
    struct lw_people_request request;
    struct lw_buf reply;
    lw_time now;
    struct lw_arena arena;
};

static enum lw_err operand(const struct asking *asking, const char *what, struct lw_str *out, struct lw_fault *fault)
{
    const struct lw_options *options = asking->session->options;

    if (options->operands_n != 1)
        return lw_fault_set(fault, LW_ERR_USAGE, "name one %s: leeway %s %s", what, options->command->name,
                            options->command->operands);
    *out = lw_str_from(options->operands[0]);
    return LW_ERR_OK;
}

static struct lw_str value(const struct asking *asking, const char *name)
{
    return lw_str_from(lw_options_value(asking->session->options, name));
}

/* Whose name a note carries. */
static struct lw_str who(struct asking *asking)
{
    const struct passwd *user = getpwuid(geteuid());

    return user == NULL ? lw_arena_format(&asking->arena, "uid %ld", (long)geteuid())
                        : lw_arena_text(&asking->arena, lw_str_from(user->pw_name));
}

static enum lw_err open_config(struct asking *asking, struct lw_fault *fault)
{
    const struct lw_options *options = asking->session->options;
    const char *store = lw_options_value(options, "store");
    struct lw_config_given given = {.key = "store", .value = store, .origin = "--store"};
    struct lw_buf errors = {.ceiling = ERRORS_MAX};
    enum lw_err err = lw_config_open(&asking->config, lw_options_value(options, "config"), &given,
                                     store != NULL ? 1 : 0, &errors, fault);

    if (err != LW_ERR_OK && errors.len > 0)
        fwrite(errors.at, 1, errors.len, stderr);
    lw_buf_close(&errors);
    return err;
}

/* Without a daemon an alert for a test is put where the next one finds it. */
static enum lw_err test_offline(struct asking *asking, struct lw_store *store, struct lw_fault *fault)
{
    struct lw_buf body = {.ceiling = (size_t)64 << 10};
    enum lw_err err = lw_store_begin(store, fault);

    if (err != LW_ERR_OK)
        return err;
    for (size_t i = 0; err == LW_ERR_OK && i < asking->config->sinks_n; i++) {
        uint32_t sink = 0;
        uint64_t seq = 0;

        err = lw_store_sink(store, lw_str_from(asking->config->sinks[i].name), &sink, fault);
        if (err == LW_ERR_OK)
            err = lw_store_seq(store, sink, &seq, fault);
        lw_buf_clear(&body);
        if (err == LW_ERR_OK)
            lw_people_test_alert(asking->now, seq, lw_store_session(store), asking->request.note.who, &body);
        if (err == LW_ERR_OK && body.error != LW_ERR_OK)
            err = lw_fault_memory(fault, "a test alert");
        if (err == LW_ERR_OK)
            err = lw_store_outbox_add(store, sink, LW_EVENT_ALERT, seq, lw_buf_view(&body), asking->now, fault);
    }
    if (err == LW_ERR_OK)
        err = lw_store_commit(store, fault);
    else
        lw_store_rollback(store);
    lw_buf_close(&body);
    if (err == LW_ERR_OK)
        lw_buf_format(&asking->reply,
                      "{\"message\":\"no daemon runs: the test alert is kept for %zu sink%s and goes out with the next "
                      "leeway watch\"}",
                      asking->config->sinks_n, asking->config->sinks_n == 1 ? "" : "s");
    return err;
}

/* The lock keeps a daemon from starting in between. Reading needs none. */
static enum lw_err do_offline(struct asking *asking, struct lw_fault *fault)
{
    bool reads = asking->request.command == LW_PEOPLE_DO_ALERTS;
    /* What is too much of a spool is the daemon's to give up: it knows the bound of each. */
    struct lw_store_limits limits = {.spool = INT64_MAX};
    struct lw_store *store = NULL;
    struct lw_people_done done;
    enum lw_err err;

    if (access(asking->config->store, F_OK) != 0)
        return lw_fault_set(fault, LW_ERR_IO,
                            "there is no store at %.120s: `leeway watch` makes it; name another with --store",
                            asking->config->store);
    err = lw_store_open(&store, asking->config->store, reads ? LW_STORE_READ : LW_STORE_OWN, &limits, fault);
    if (err != LW_ERR_OK)
        return err;
    if (asking->request.command == LW_PEOPLE_DO_TEST_ALERT)
        err = test_offline(asking, store, fault);
    else
        err = lw_people_do(store, asking->config, &asking->request, asking->now, &asking->arena, &asking->reply, &done,
                           fault);
    lw_store_close(store);
    return err;
}

static enum lw_err ask(struct asking *asking, struct lw_fault *fault)
{
    bool there = false;
    enum lw_err err = LW_ERR_OK;

    asking->request.note.who = who(asking);
    if (asking->request.note.who.at == NULL)
        return lw_fault_memory(fault, "your name");
    if (asking->config->control != NULL)
        err = lw_control_ask(asking->config->control, &asking->request, &asking->reply, &there, fault);
    if (err == LW_ERR_OK && !there)
        err = do_offline(asking, fault);
    if (err == LW_ERR_OK && asking->reply.error != LW_ERR_OK)
        err = lw_fault_memory(fault, "the answer");
    return err;
}

static void begin(struct asking *asking, struct lw_session *session, enum lw_people_command command)
{
    struct lw_world world = lw_world_real();

    *asking = (struct asking){.session = session,
                              .request = {.command = command},
                              .reply = {.ceiling = REPLY_MAX},
                              .now = world.now(world.self),
                              .arena = {.ceiling = ARENA_MAX}};
}

static enum lw_exit end(struct asking *asking, enum lw_err err, const struct lw_fault *fault)
{
    enum lw_exit exit = err == LW_ERR_OK ? LW_EXIT_DONE : lw_session_fail(fault);

    lw_config_close(asking->config);
    lw_buf_close(&asking->reply);
    lw_arena_close(&asking->arena);
    return exit;
}

/* The sentence of the reply, for people. */
static enum lw_err show_message(struct asking *asking, const char *otherwise, struct lw_fault *fault)
{
    struct lw_buf text = {.ceiling = (size_t)64 << 10};
    struct lw_str message;
    struct lw_json_in in;
    enum lw_err err = lw_json_in_read(&in, lw_buf_view(&asking->reply), &asking->arena, fault);

    if (err != LW_ERR_OK)
        return err;
    message = lw_json_in_str(&in, in.nodes, "message");
    lw_safe_wrap(&text, message.len > 0 ? message : lw_str_from(otherwise), 0, 2, asking->session->terminal.columns,
                 asking->session->terminal.utf8);
    if (text.error == LW_ERR_OK)
        fwrite(text.at, 1, text.len, stdout);
    err = text.error == LW_ERR_OK ? LW_ERR_OK : lw_fault_memory(fault, "the answer");
    lw_buf_close(&text);
    return err;
}

static enum lw_err tell(struct asking *asking, enum lw_err err, const char *otherwise, struct lw_fault *fault)
{
    if (err == LW_ERR_OK)
        err = open_config(asking, fault);
    if (err == LW_ERR_OK)
        err = ask(asking, fault);
    if (err == LW_ERR_OK)
        err = show_message(asking, otherwise, fault);
    return err;
}

/* The list of alerts. */
static void show_since(struct lw_buf *text, const struct lw_json_in *in, const struct lw_json_node *alert)
{
    char since[LW_TIME_SHORT] = "";
    lw_time time;

    if (lw_json_in_time(in, alert, "since", &time))
        lw_time_short(time, true, since);
    lw_buf_format(text, "%-17s  ", since);
}

/* The name of the run that it is about: as `leeway expect` takes it. */
static void show_run(const struct asking *asking, struct lw_buf *text, const struct lw_json_in *in,
                     const struct lw_json_node *alert)
{
    struct lw_str change = lw_json_in_str(in, alert, "change_run");
    struct lw_str run = change.len > 0 ? change : lw_json_in_str(in, alert, "opened_run");

    if (run.len == 0)
        return;
    lw_buf_text(text, change.len > 0 ? "  since run " : "  run ");
    (void)lw_safe_write(text, run, SIZE_MAX, asking->session->terminal.utf8);
    lw_buf_char(text, '\n');
}

static void show_alert(const struct asking *asking, struct lw_buf *text, const struct lw_json_in *in,
                       const struct lw_json_node *alert)
{
    struct lw_str severity = lw_json_in_str(in, alert, "severity");
    struct lw_str id = lw_json_in_str(in, alert, "id");
    char until[LW_TIME_SHORT] = "";
    lw_time time;

    lw_buf_format(text, "%-8.*s  ", (int)severity.len, severity.at == NULL ? "" : severity.at);
    show_since(text, in, alert);
    (void)lw_safe_write(text, id, 40, asking->session->terminal.utf8);
    if (lw_json_in_time(in, alert, "until", &time))
        lw_time_short(time, true, until);
    if (lw_str_equal(lw_json_in_str(in, alert, "state"), LW_STR("acknowledged")))
        lw_buf_format(text, "  acknowledged%s%s", until[0] != '\0' ? " until " : "", until);
    else if (lw_json_in_true(in, alert, "muted"))
        lw_buf_format(text, "  muted%s%s", until[0] != '\0' ? " until " : "", until);
    lw_buf_text(text, "\n  ");
    lw_safe_wrap(text, lw_json_in_str(in, alert, "message"), 2, 2, asking->session->terminal.columns,
                 asking->session->terminal.utf8);
    show_run(asking, text, in, alert);
}

static void show_list(const struct asking *asking, struct lw_buf *text, const struct lw_json_in *in,
                      const struct lw_json_node *alerts)
{
    for (const struct lw_json_node *alert = lw_json_in_first(in, alerts); alert != NULL;
         alert = lw_json_in_next(in, alerts, alert))
        show_alert(asking, text, in, alert);
}

#define HINT "on it: leeway ack ID; wanted: leeway ack ID --rebaseline, or leeway expect MODEL --from RUN\n"

static enum lw_err show_alerts(struct asking *asking, struct lw_fault *fault)
{
    struct lw_buf text = {.ceiling = REPLY_MAX};
    const struct lw_json_node *told;
    const struct lw_json_node *observed;
    struct lw_json_in in;
    enum lw_err err = lw_json_in_read(&in, lw_buf_view(&asking->reply), &asking->arena, fault);

    if (err != LW_ERR_OK)
        return err;
    told = lw_json_in_member(&in, in.nodes, "alerts");
    observed = lw_json_in_member(&in, in.nodes, "observed");
    if (lw_json_in_first(&in, told) == NULL)
        lw_buf_text(&text, "no alert is open\n");
    if (lw_json_in_first(&in, told) != NULL || lw_json_in_first(&in, observed) != NULL)
        lw_buf_format(&text, "%-8s  %-17s  %s\n", "SEVERITY", "SINCE (UTC)", "ID");
    show_list(asking, &text, &in, told);
    if (lw_json_in_first(&in, told) != NULL)
        lw_buf_text(&text, HINT);
    if (lw_json_in_first(&in, observed) != NULL)
        lw_buf_text(&text, "only observed (`alert: observe`): nothing is sent of these\n");
    show_list(asking, &text, &in, observed);
    if (text.error == LW_ERR_OK)
        fwrite(text.at, 1, text.len, stdout);
    err = text.error == LW_ERR_OK ? LW_ERR_OK : lw_fault_memory(fault, "the answer");
    lw_buf_close(&text);
    return err;
}

enum lw_exit lw_commands_alerts(struct lw_session *session)
{
    struct lw_fault fault = {.code = LW_ERR_OK};
    struct lw_str format;
    struct asking asking;
    enum lw_err err = LW_ERR_OK;

    begin(&asking, session, LW_PEOPLE_DO_ALERTS);
    format = value(&asking, "format");
    asking.request.note.origin = value(&asking, "origin");
    asking.request.note.model = value(&asking, "model");
    if (session->options->operands_n > 0)
        err = lw_fault_set(&fault, LW_ERR_USAGE, "`leeway alerts` takes no operands: --model NAME");
    else if (format.len > 0 && !lw_str_equal(format, LW_STR("text")) && !lw_str_equal(format, LW_STR("json")))
        err = lw_fault_set(&fault, LW_ERR_USAGE, "--format %.40s: write text or json", format.at);
    if (err == LW_ERR_OK)
        err = open_config(&asking, &fault);
    if (err == LW_ERR_OK)
        err = ask(&asking, &fault);
    if (err == LW_ERR_OK && lw_str_equal(format, LW_STR("json"))) {
        fwrite(asking.reply.at, 1, asking.reply.len, stdout);
        fputc('\n', stdout);
    } else if (err == LW_ERR_OK) {
        err = show_alerts(&asking, &fault);
    }
    return end(&asking, err, &fault);
}

enum lw_exit lw_commands_ack(struct lw_session *session)
{
    struct lw_fault fault = {.code = LW_ERR_OK};
    struct asking asking;
    struct lw_str span;
    enum lw_err err;

    begin(&asking, session, LW_PEOPLE_DO_ACK);
    err = operand(&asking, "alert", &asking.request.note.alert_id, &fault);
    span = value(&asking, "for");
    asking.request.note.rebaseline = lw_options_has(session->options, "rebaseline");
    asking.request.note.reason = value(&asking, "reason");
    if (err == LW_ERR_OK && span.len > 0 &&
        (!lw_span_read(span, &asking.request.lasts) || asking.request.lasts.ms <= 0))
        err = lw_fault_set(&fault, LW_ERR_USAGE, "--for %.40s: write a span such as 2h or 7d", span.at);
    if (err == LW_ERR_OK && span.len > 0 && asking.request.note.rebaseline)
        err = lw_fault_set(&fault, LW_ERR_USAGE, "--rebaseline ends the alert: it goes without --for");
    err = tell(&asking, err, "acknowledged", &fault);
    return end(&asking, err, &fault);
}

enum lw_exit lw_commands_expect(struct lw_session *session)
{
    struct lw_fault fault = {.code = LW_ERR_OK};
    struct asking asking;
    struct lw_people_note *note = &asking.request.note;
    struct lw_str from;
    enum lw_err err;

    begin(&asking, session, LW_PEOPLE_DO_EXPECT);
    err = operand(&asking, "model", &note->model, &fault);
    from = value(&asking, "from");
    note->origin = value(&asking, "origin");
    note->series = value(&asking, "series");
    note->reason = value(&asking, "reason");
    if (err == LW_ERR_OK && from.len == 0)
        err = lw_fault_set(&fault, LW_ERR_USAGE, "say from when on: --from TIME, or --from RUN");
    note->has_from = lw_time_read(from, NULL, &note->from);
    if (lw_str_equal(from, LW_STR("now"))) {
        note->has_from = true;
        note->from = asking.now;
    }
    if (!note->has_from)
        note->run = from;
    err = tell(&asking, err, "noted", &fault);
    return end(&asking, err, &fault);
}

enum lw_exit lw_commands_mute(struct lw_session *session)
{
    struct lw_fault fault = {.code = LW_ERR_OK};
    struct asking asking;
    struct lw_people_note *note = &asking.request.note;
    struct lw_str until;
    lw_span span;
    enum lw_err err;

    begin(&asking, session, LW_PEOPLE_DO_MUTE);
    err = operand(&asking, "model", &note->model, &fault);
    until = value(&asking, "until");
    note->origin = value(&asking, "origin");
    note->reason = value(&asking, "reason");
    note->has_until = true;
    if (lw_str_equal(until, LW_STR("now")))
        note->until = asking.now;
    else if (lw_span_read(until, &span) && span.ms > 0)
        note->until = lw_time_after(asking.now, span);
    else if (err == LW_ERR_OK && !lw_time_read(until, NULL, &note->until))
        err = lw_fault_set(&fault, LW_ERR_USAGE, "say until when: --until 12h, or --until 2026-03-01T08:00Z");
    err = tell(&asking, err, "muted", &fault);
    return end(&asking, err, &fault);
}

enum lw_exit lw_commands_test_alert(struct lw_session *session)
{
    struct lw_fault fault = {.code = LW_ERR_OK};
    struct asking asking;
    enum lw_err err;

    begin(&asking, session, LW_PEOPLE_DO_TEST_ALERT);
    err = tell(&asking, LW_ERR_OK, "a test alert is on its way to every sink", &fault);
    return end(&asking, err, &fault);
}
