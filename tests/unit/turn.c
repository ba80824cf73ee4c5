#define _POSIX_C_SOURCE 200809L
#include "tests/kit/daemon.h"
#include "tests/kit/kit.h"

#include "engine/base/time_text.h"
#include "engine/flow/analyze/intake.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define YAML                                                                                                           \
    "sinks: [{type: file, name: out, path: /nonexistent/out.ndjson, events: [alert, run, summary, metric, loss, "      \
    "heartbeat]}]\n"

static const lw_time epoch = {1750000000000};

/* The records of one run of ten points, one a minute, that ends at `value`; appended. */
static void write_run(struct lw_buf *out, unsigned number, lw_time start, double value)
{
    for (int i = 0; i < 10; i++)
        lw_buf_format(out,
                      "{\"time\":%lld,\"model\":\"job\",\"run\":\"job-%04u\",\"metric\":\"validation:accuracy\","
                      "\"value\":%.6f}\n",
                      (long long)(start.ms + i * LW_MINUTE), number, value - 0.001 * (9 - i));
}

/* A history of runs, one per hour, whose level falls by `fall` at run `at`. */
static void write_history(struct lw_buf *out, unsigned runs, unsigned at, double fall, struct kit_random *random)
{
    for (unsigned i = 0; i < runs; i++)
        write_run(out, i, (lw_time){epoch.ms + i * LW_HOUR},
                  0.9 + 0.002 * kit_random_normal(random) - (i >= at ? fall : 0));
}

static unsigned count(const char *text, const char *word)
{
    unsigned n = 0;

    for (const char *at = strstr(text, word); at != NULL; at = strstr(at + 1, word))
        n++;
    return n;
}

static void runs_close_are_judged_and_told(void)
{
    struct kit_daemon daemon;
    struct kit_random random = kit_seed(1);
    struct lw_buf text = {.ceiling = 1 << 24};
    struct lw_buf events = {.ceiling = 1 << 24};

    write_history(&text, 5, 99, 0, &random);
    lw_buf_char(&text, '\0');
    kit_daemon_open(&daemon, YAML, epoch);
    kit_daemon_give(&daemon, text.at, true);
    kit_daemon_run(&daemon, (lw_time){epoch.ms + 6 * LW_HOUR});
    kit_daemon_events(&daemon, 0, &events);
    CU_ASSERT_EQUAL(count(events.at, "\"lw_event\":\"run\""), 5);
    CU_ASSERT_EQUAL(count(events.at, "\"lw_event\":\"summary\""), 5);
    CU_ASSERT_EQUAL(count(events.at, "\"lw_event\":\"metric\""), 50);
    kit_daemon_close(&daemon);
    lw_buf_close(&text);
    lw_buf_close(&events);
}

/* --- the same as offline --- */

/* Ids of the alerts in events of kind alert that were not retracted, each once, in the order of their first event. */
struct ids {
    char id[64][LW_ALERT_ID_LENGTH + 1];
    size_t n;
};

static void add_id(struct ids *ids, const char *id)
{
    for (size_t i = 0; i < ids->n; i++) {
        if (strncmp(ids->id[i], id, LW_ALERT_ID_LENGTH) == 0)
            return;
    }
    snprintf(ids->id[ids->n++], sizeof(ids->id[0]), "%.*s", LW_ALERT_ID_LENGTH, id);
}

static void drop_id(struct ids *ids, const char *id)
{
    for (size_t i = 0; i < ids->n; i++) {
        if (strncmp(ids->id[i], id, LW_ALERT_ID_LENGTH) == 0)
            memcpy(ids->id[i], ids->id[--ids->n], sizeof(ids->id[0]));
    }
}

static struct ids ids_of_events(const char *events)
{
    struct ids ids = {.n = 0};

    for (const char *line = events; *line != '\0';) {
        const char *end = strchr(line, '\n');
        const char *id = strstr(line, "\"lw_alert_id\":\"");
        const char *retracted = strstr(line, "\"lw_state\":\"retracted\"");

        if (id != NULL && id < end && retracted != NULL && retracted < end)
            drop_id(&ids, id + 15);
        else if (id != NULL && id < end)
            add_id(&ids, id + 15);
        line = end + 1;
    }
    return ids;
}

static struct ids ids_offline(struct lw_str text)
{
    struct lw_arena arena = {.ceiling = 1 << 24};
    struct lw_options options = {.given_n = 0};
    struct lw_session session = {.arena = &arena, .options = &options, .quiet = true};
    struct lw_settings settings = {.rules = lw_rules_default()};
    struct lw_fault fault;
    struct lw_intake *intake = NULL;
    struct lw_report report;
    struct ids ids = {.n = 0};

    CU_ASSERT_EQUAL_FATAL(lw_intake_open(&intake, &settings, &session, &fault), LW_ERR_OK);
    CU_ASSERT_EQUAL_FATAL(lw_intake_bytes(intake, "text", text, &fault), LW_ERR_OK);
    CU_ASSERT_EQUAL_FATAL(lw_intake_end(intake, &report, &fault), LW_ERR_OK);
    for (size_t i = 0; i < report.models_n; i++) {
        for (size_t j = 0; j < report.models[i].alerts_n; j++) {
            if (report.models[i].alerts[j].state != LW_ALERT_RETRACTED)
                add_id(&ids, report.models[i].alerts[j].id);
        }
    }
    lw_intake_close(intake);
    lw_arena_close(&arena);
    return ids;
}

static int compare_ids(const void *a, const void *b)
{
    return strcmp(a, b);
}

static bool same_ids(struct ids a, struct ids b)
{
    qsort(a.id, a.n, sizeof(a.id[0]), compare_ids);
    qsort(b.id, b.n, sizeof(b.id[0]), compare_ids);
    for (size_t i = 0; i < a.n && i < b.n; i++) {
        if (strcmp(a.id[i], b.id[i]) != 0)
            return false;
    }
    return a.n == b.n;
}

/* The lines of a text in another order, cut into batches of up to `most` lines. */
static void give_shuffled(struct kit_daemon *daemon, const char *text, size_t most, struct kit_random *random)
{
    char *copy = strdup(text);
    char *lines[8192];
    size_t n = 0;
    size_t at = 0;

    for (char *line = copy; *line != '\0' && n < 8192; n++) {
        lines[n] = line;
        line = strchr(line, '\n');
        *line++ = '\0';
    }
    for (size_t i = n; i > 1; i--) {
        size_t other = (size_t)(kit_random_uniform(random) * (double)i);
        char *line = lines[i - 1];

        lines[i - 1] = lines[other];
        lines[other] = line;
    }
    while (at < n) {
        size_t take = 1 + (size_t)(kit_random_uniform(random) * (double)most);
        struct lw_buf batch = {.ceiling = 1 << 24};

        for (; take > 0 && at < n; take--, at++)
            lw_buf_format(&batch, "%s\n", lines[at]);
        lw_buf_char(&batch, '\0');
        kit_daemon_give(daemon, batch.at, at == n);
        lw_buf_close(&batch);
    }
    free(copy);
}

static void alerts_are_those_of_the_offline_analysis_however_the_data_come(void)
{
    struct kit_random random = kit_seed(7);

    for (unsigned round = 0; round < 6; round++) {
        struct kit_daemon daemon;
        struct lw_buf text = {.ceiling = 1 << 24};
        struct lw_buf events = {.ceiling = 1 << 26};
        struct ids want;
        struct ids got;

        write_history(&text, 40, 25, 0.03, &random);
        want = ids_offline(lw_buf_view(&text));
        lw_buf_char(&text, '\0');
        CU_ASSERT_TRUE(want.n > 0);
        kit_daemon_open(&daemon, "notify_from: 1970-01-01\n" YAML, epoch);
        give_shuffled(&daemon, text.at, 80, &random);
        kit_daemon_end(&daemon);
        for (unsigned i = 0; i < round; i++) {
            kit_daemon_run(&daemon, lw_time_after(daemon.now, (lw_span){LW_MINUTE}));
            kit_daemon_restart(&daemon);
        }
        kit_daemon_run(&daemon, (lw_time){epoch.ms + 60 * LW_HOUR});
        kit_daemon_events(&daemon, 0, &events);
        got = ids_of_events(events.at);
        CU_ASSERT_TRUE(same_ids(want, got));
        kit_daemon_close(&daemon);
        lw_buf_close(&text);
        lw_buf_close(&events);
    }
}

/* Each look at the clock takes 4 ms: judging is cut into many slices. */
static lw_span slow_ticks(void *self)
{
    static int64_t seen, drift;
    const struct kit_daemon *daemon = self;

    drift = daemon->now.ms == seen ? drift + 4 : 0;
    seen = daemon->now.ms;
    return (lw_span){daemon->now.ms + drift};
}

static void a_history_that_takes_many_slices_is_judged_as_at_once(void)
{
    struct kit_random random = kit_seed(8);
    struct lw_buf text = {.ceiling = 1 << 24};
    struct lw_buf events = {.ceiling = 1 << 26};
    struct lw_fault fault = {.code = LW_ERR_OK};
    struct kit_daemon daemon;
    unsigned slices = 0;
    struct ids want;

    write_history(&text, 120, 90, 0.03, &random);
    want = ids_offline(lw_buf_view(&text));
    lw_buf_char(&text, '\0');
    CU_ASSERT_TRUE(want.n > 0);
    kit_daemon_open(&daemon, "notify_from: 1970-01-01\n" YAML, epoch);
    daemon.world.ticks = slow_ticks;
    kit_daemon_give(&daemon, text.at, true);
    kit_daemon_end(&daemon);
    for (bool busy = true; busy && slices < 2000; slices++) {
        lw_span next;

        CU_ASSERT_EQUAL_FATAL(lw_turn_slice(daemon.turn, &busy, &next, &fault), LW_ERR_OK);
        /* People say something while it is being judged: it is begun anew. */
        if (slices % 7 == 6)
            lw_turn_notes_changed(daemon.turn);
    }
    CU_ASSERT(slices > 50 && slices < 2000);
    kit_daemon_run(&daemon, (lw_time){epoch.ms + 130 * LW_HOUR});
    kit_daemon_events(&daemon, 0, &events);
    CU_ASSERT_TRUE(same_ids(want, ids_of_events(events.at)));
    CU_ASSERT_EQUAL(count(events.at, "\"lw_event\":\"run\""), 120);
    kit_daemon_close(&daemon);
    lw_buf_close(&text);
    lw_buf_close(&events);
}

/* --- what is told, and what is not --- */

/* Runs the daemon over a history that comes as it happens: each run is given when it ended. */
static void live(struct kit_daemon *daemon, unsigned from, unsigned until, unsigned fall_at, double fall,
                 struct kit_random *random)
{
    for (unsigned i = from; i < until; i++) {
        struct lw_buf text = {.ceiling = 1 << 20};

        write_run(&text, i, (lw_time){epoch.ms + i * LW_HOUR},
                  0.9 + 0.002 * kit_random_normal(random) - (i >= fall_at ? fall : 0));
        lw_buf_char(&text, '\0');
        kit_daemon_run(daemon, (lw_time){epoch.ms + i * LW_HOUR + 10 * LW_MINUTE});
        kit_daemon_give(daemon, text.at, true);
        lw_turn_wake(daemon->turn);
        kit_daemon_run(daemon, (lw_time){epoch.ms + i * LW_HOUR + 59 * LW_MINUTE});
        lw_buf_close(&text);
    }
}

static void what_happens_now_is_told_and_what_began_before_comes_as_one_digest(void)
{
    struct kit_daemon daemon;
    struct kit_random random = kit_seed(11);
    struct lw_buf text = {.ceiling = 1 << 24};
    struct lw_buf events = {.ceiling = 1 << 26};

    write_history(&text, 40, 30, 0.03, &random);
    lw_buf_char(&text, '\0');
    kit_daemon_open(&daemon, YAML, (lw_time){epoch.ms + 39 * LW_HOUR + 40 * LW_MINUTE});
    kit_daemon_give(&daemon, text.at, true);
    kit_daemon_run(&daemon, (lw_time){epoch.ms + 39 * LW_HOUR + 58 * LW_MINUTE});
    kit_daemon_events(&daemon, 0, &events);
    CU_ASSERT_EQUAL(count(events.at, "\"lw_event\":\"alert\""), 1);
    CU_ASSERT_EQUAL(count(events.at, "\"lw_model\":\"digest\""), 1);
    CU_ASSERT_EQUAL(count(events.at, "\"lw_severity\":\"info\""), 1);
    lw_buf_clear(&events);
    live(&daemon, 40, 60, 45, 0.05, &random);
    kit_daemon_events(&daemon, 0, &events);
    CU_ASSERT_TRUE(count(events.at, "\"lw_state\":\"open\",\"lw_model\":\"job\"") >= 1);
    CU_ASSERT_EQUAL(count(events.at, "\"lw_model\":\"digest\""), 1);
    kit_daemon_close(&daemon);
    lw_buf_close(&text);
    lw_buf_close(&events);
}

/* Alert events of a model that falls at run 30, watched from run 0. */
static unsigned alerts_with(const char *yaml, const char *word)
{
    struct kit_daemon daemon;
    struct kit_random random = kit_seed(13);
    struct lw_buf events = {.ceiling = 1 << 26};
    unsigned n;

    kit_daemon_open(&daemon, yaml, (lw_time){epoch.ms - LW_HOUR});
    live(&daemon, 0, 40, 30, 0.05, &random);
    kit_daemon_events(&daemon, 0, &events);
    n = count(events.at, word);
    kit_daemon_close(&daemon);
    lw_buf_close(&events);
    return n;
}

static void the_configuration_says_how_grave_an_alert_may_be(void)
{
    CU_ASSERT_TRUE(alerts_with(YAML, "\"lw_event\":\"alert\"") >= 1);
    CU_ASSERT_EQUAL(alerts_with("models: [{match: '*', alert: observe}]\n" YAML, "\"lw_event\":\"alert\""), 0);
    CU_ASSERT_EQUAL(alerts_with("models: [{match: '*', alert: info}]\n" YAML, "\"lw_severity\":\"ticket\""), 0);
    CU_ASSERT_TRUE(alerts_with("models: [{match: '*', alert: info}]\n" YAML, "\"lw_severity\":\"info\"") >= 1);
}

/* A rule is broken by one run; then the configuration is another; then runs keep the rule. What the only sink, which takes
   tickets and graver ones, gets after the change. */
static void check_end_after_change(const char *changed)
{
    static const char yaml[] = "defaults: {require: ['validation:accuracy >= 0.85'], alert: %s}\n"
                               "sinks: [{type: file, name: out, path: /nonexistent/out.ndjson, events: [alert], "
                               "min_severity: ticket}]\n";
    char before[400];
    char after[400];
    struct kit_daemon daemon;
    struct kit_random random = kit_seed(37);
    struct lw_buf events = {.ceiling = 1 << 26};

    snprintf(before, sizeof(before), yaml, "ticket");
    snprintf(after, sizeof(after), yaml, changed);
    kit_daemon_open(&daemon, before, (lw_time){epoch.ms - LW_HOUR});
    live(&daemon, 0, 3, 2, 0.1, &random);
    kit_daemon_events(&daemon, 0, &events);
    CU_ASSERT_EQUAL(count(events.at, "\"lw_state\":\"open\""), 1);
    kit_daemon_configure(&daemon, after);
    live(&daemon, 3, 6, 6, 0, &random);
    live(&daemon, 6, 7, 6, 0.1, &random);
    lw_buf_clear(&events);
    kit_daemon_events(&daemon, 0, &events);
    CU_ASSERT_EQUAL(count(events.at, "\"lw_state\":\"open\""), 1);
    CU_ASSERT_EQUAL(count(events.at, "\"lw_state\":\"resolved\""), 1);
    kit_daemon_close(&daemon);
    lw_buf_close(&events);
}

static void who_was_told_of_an_alert_is_told_how_it_ends(void)
{
    check_end_after_change("info");
    check_end_after_change("observe");
}

static void a_restart_at_any_moment_repeats_and_loses_no_event(void)
{
    struct kit_random random = kit_seed(17);
    struct lw_buf calm = {.ceiling = 1 << 26};
    struct ids want;

    for (unsigned round = 0; round < 4; round++) {
        struct kit_daemon daemon;
        struct kit_random values = {.state = 5};
        struct lw_buf events = {.ceiling = 1 << 26};
        struct ids got;

        kit_daemon_open(&daemon, YAML, (lw_time){epoch.ms - LW_HOUR});
        for (unsigned i = 0; i < 40; i++) {
            live(&daemon, i, i + 1, 30, 0.05, &values);
            if (round > 0 && kit_random_uniform(&random) < 0.3)
                kit_daemon_restart(&daemon);
        }
        kit_daemon_events(&daemon, 0, &events);
        got = ids_of_events(events.at);
        if (round == 0)
            want = got;
        CU_ASSERT_TRUE(got.n > 0);
        CU_ASSERT_TRUE(same_ids(want, got));
        CU_ASSERT_EQUAL(count(events.at, "\"lw_event\":\"run\""), 40);
        CU_ASSERT_EQUAL(count(events.at, "\"lw_event\":\"metric\""), 400);
        kit_daemon_close(&daemon);
        lw_buf_close(&events);
    }
    lw_buf_close(&calm);
}

/* Distinct alerts of which some event has this in it. */
static struct ids ids_of_model(const char *events, const char *word)
{
    struct lw_buf some = {.ceiling = 1 << 26};
    struct ids ids;

    for (const char *line = events; *line != '\0';) {
        const char *end = strchr(line, '\n');
        const char *found = strstr(line, word);

        if (found != NULL && found < end)
            lw_buf_bytes(&some, line, (size_t)(end - line) + 1);
        line = end + 1;
    }
    lw_buf_char(&some, '\0');
    ids = ids_of_events(some.at);
    lw_buf_close(&some);
    return ids;
}

/* --- silence --- */

static void a_source_that_stops_is_one_alert_and_holds_back_those_that_follow_from_it(void)
{
    struct kit_daemon daemon;
    struct kit_random random = kit_seed(19);
    struct lw_buf events = {.ceiling = 1 << 26};

    kit_daemon_open(&daemon, YAML, (lw_time){epoch.ms - LW_HOUR});
    live(&daemon, 0, 30, 99, 0, &random);
    snprintf(daemon.trouble, sizeof(daemon.trouble), "the disk is gone");
    kit_daemon_run(&daemon, (lw_time){daemon.now.ms + 12 * LW_HOUR});
    kit_daemon_events(&daemon, 0, &events);
    CU_ASSERT_EQUAL(count(events.at, "source_silent"), 1);
    CU_ASSERT_EQUAL(count(events.at, "\"lw_event\":\"alert\""), 1);
    lw_buf_clear(&events);
    /* The source is back and gives something, but not that run: now it is overdue. */
    daemon.trouble[0] = '\0';
    kit_daemon_give(&daemon, "{\"time\":1750150000,\"run\":\"other-1\",\"metric\":\"loss\",\"value\":1}\n", true);
    lw_turn_wake(daemon.turn);
    kit_daemon_run(&daemon, (lw_time){daemon.now.ms + 12 * LW_HOUR});
    kit_daemon_events(&daemon, 0, &events);
    CU_ASSERT_EQUAL(ids_of_model(events.at, "\"lw_detectors\":\"overdue\"").n, 1);
    CU_ASSERT_EQUAL(count(events.at, "speaks again"), 1);
    kit_daemon_close(&daemon);
    lw_buf_close(&events);
}

static void many_models_in_trouble_are_one_alert(void)
{
    struct kit_daemon daemon;
    struct kit_random random = kit_seed(23);
    struct lw_buf events = {.ceiling = 1 << 26};

    kit_daemon_open(&daemon, YAML, (lw_time){epoch.ms - LW_HOUR});
    for (unsigned i = 0; i < 40; i++) {
        struct lw_buf text = {.ceiling = 1 << 22};

        for (unsigned model = 0; model < 30; model++) {
            for (int j = 0; j < 5; j++)
                lw_buf_format(
                    &text,
                    "{\"time\":%lld,\"model\":\"m%u\",\"run\":\"m%u-%04u\",\"metric\":\"accuracy\",\"value\":%.6f}\n",
                    (long long)(epoch.ms + i * LW_HOUR + j * LW_MINUTE), model, model, i,
                    0.9 + 0.002 * kit_random_normal(&random) - (i >= 30 ? 0.2 : 0));
        }
        lw_buf_char(&text, '\0');
        kit_daemon_run(&daemon, (lw_time){epoch.ms + i * LW_HOUR + 10 * LW_MINUTE});
        kit_daemon_give(&daemon, text.at, true);
        lw_turn_wake(daemon.turn);
        kit_daemon_run(&daemon, (lw_time){epoch.ms + i * LW_HOUR + 59 * LW_MINUTE});
        lw_buf_close(&text);
    }
    kit_daemon_events(&daemon, 0, &events);
    CU_ASSERT_EQUAL(ids_of_model(events.at, "\"lw_model\":\"fleet\"").n, 1);
    CU_ASSERT_EQUAL(count(events.at, "\"lw_state\":\"settled\",\"lw_model\":\"fleet\""), 1);
    CU_ASSERT_TRUE(count(events.at, "\"lw_model\":\"fleet\"") <= 4);
    CU_ASSERT_TRUE(ids_of_model(events.at, "\"lw_model\":\"m").n <= 12);
    kit_daemon_close(&daemon);
    lw_buf_close(&events);
}

/* --- the past, and data that come late --- */

static void a_back_fill_of_three_months_is_one_digest_and_no_page(void)
{
    struct kit_daemon daemon;
    struct kit_random random = kit_seed(29);
    struct lw_buf events = {.ceiling = 1 << 26};
    const int64_t every = 8 * LW_HOUR;
    const unsigned runs = 270;

    kit_daemon_open(&daemon, "models: [{match: '*', alert: page, require: ['validation:accuracy >= 0.85']}]\n" YAML,
                    (lw_time){epoch.ms + (runs - 1) * every + LW_HOUR});
    for (unsigned i = 0; i < runs; i++) {
        struct lw_buf text = {.ceiling = 1 << 20};

        write_run(&text, i, (lw_time){epoch.ms + i * every},
                  0.9 + 0.002 * kit_random_normal(&random) - (i >= 200 ? 0.1 : 0));
        lw_buf_char(&text, '\0');
        kit_daemon_give(&daemon, text.at, i + 1 == runs);
        lw_buf_close(&text);
    }
    kit_daemon_run(&daemon, lw_time_after(daemon.now, (lw_span){2 * LW_HOUR}));
    kit_daemon_events(&daemon, 0, &events);
    CU_ASSERT_EQUAL(count(events.at, "\"lw_event\":\"run\""), runs);
    CU_ASSERT_EQUAL(count(events.at, "\"lw_event\":\"alert\""), 1);
    CU_ASSERT_EQUAL(count(events.at, "\"lw_model\":\"digest\""), 1);
    CU_ASSERT_EQUAL(count(events.at, "\"lw_severity\":\"page\""), 0);
    kit_daemon_close(&daemon);
    lw_buf_close(&events);
}

static void late_data_that_refute_an_alert_retract_it(void)
{
    struct kit_daemon daemon;
    struct kit_random random = kit_seed(31);
    struct ids before;
    struct ids after;
    struct lw_buf text = {.ceiling = 1 << 20};
    struct lw_buf events = {.ceiling = 1 << 26};

    kit_daemon_open(&daemon, YAML, (lw_time){epoch.ms - LW_HOUR});
    live(&daemon, 0, 33, 30, 0.05, &random);
    kit_daemon_events(&daemon, 0, &events);
    before = ids_of_events(events.at);
    CU_ASSERT_EQUAL(before.n, 1);
    lw_buf_clear(&events);
    /* The last point of each run that seemed to fall had not come yet. */
    for (unsigned i = 30; i < 33; i++)
        lw_buf_format(&text,
                      "{\"time\":%lld,\"model\":\"job\",\"run\":\"job-%04u\",\"metric\":\"validation:accuracy\","
                      "\"value\":0.9}\n",
                      (long long)(epoch.ms + i * LW_HOUR + 9 * LW_MINUTE + 30 * LW_SECOND), i);
    lw_buf_char(&text, '\0');
    kit_daemon_give(&daemon, text.at, true);
    lw_turn_wake(daemon.turn);
    kit_daemon_run(&daemon, lw_time_after(daemon.now, (lw_span){20 * LW_MINUTE}));
    kit_daemon_events(&daemon, 0, &events);
    CU_ASSERT_EQUAL(count(events.at, "\"lw_state\":\"retracted\""), 1);
    /* The curves of these runs are low all the same, which is an alert of its own. */
    after = ids_of_events(events.at);
    for (size_t i = 0; i < after.n; i++)
        CU_ASSERT_STRING_NOT_EQUAL(after.id[i], before.id[0]);
    CU_ASSERT_EQUAL(count(events.at, "\"lw_event\":\"run\""), 36); /* three are told again, as their second revision */
    kit_daemon_close(&daemon);
    lw_buf_close(&text);
    lw_buf_close(&events);
}

/* Two instances of one job, in the same minutes: as Loggly's integration writes them. */
static void instance_metrics_are_shipped_with_the_instance_that_they_are_of(void)
{
    struct kit_daemon daemon;
    struct lw_buf text = {.ceiling = 1 << 20};
    struct lw_buf events = {.ceiling = 1 << 20};
    unsigned beats = 0;

    for (int i = 0; i < 6; i++) {
        for (int host = 1; host <= 2; host++)
            lw_buf_format(&text,
                          "{\"timestamp\":\"2025-06-15T15:%02d:00.000Z\",\"sampleCount\":1,\"average\":50,\"sum\":50,"
                          "\"minimum\":50,\"maximum\":50,\"unit\":\"Percent\",\"metricName\":\"CPUUtilization\","
                          "\"namespace\":\"/aws/sagemaker/TrainingJobs\",\"host\":\"job-1/algo-%d\"}\n",
                          i, host);
    }
    lw_buf_char(&text, '\0');
    kit_daemon_open(&daemon, YAML, (lw_time){epoch.ms + LW_HOUR});
    kit_daemon_give(&daemon, text.at, true);
    kit_daemon_run(&daemon, (lw_time){epoch.ms + LW_HOUR + LW_MINUTE});
    kit_daemon_restart(&daemon);
    kit_daemon_give(&daemon, text.at, true); /* once more: nothing is new */
    lw_turn_wake(daemon.turn);
    kit_daemon_run(&daemon, (lw_time){epoch.ms + LW_HOUR + 2 * LW_MINUTE});
    kit_daemon_events(&daemon, 0, &events);
    CU_ASSERT_EQUAL(count(events.at, "\"host\":\"job-1/algo-1\""), 6);
    CU_ASSERT_EQUAL(count(events.at, "\"host\":\"job-1/algo-2\""), 6);
    CU_ASSERT_EQUAL(count(events.at, "\"host\":"), 12);
    for (const char *at = strstr(events.at, "\"host\":"); at != NULL; at = strstr(at + 1, "\"host\":")) {
        const char *id = strstr(at, "\"lw_id\":\"");
        char one[48];

        CU_ASSERT_PTR_NOT_NULL_FATAL(id);
        snprintf(one, sizeof(one), "%.36s", id);
        CU_ASSERT_EQUAL(count(events.at, one), 1);
        beats++;
    }
    CU_ASSERT_EQUAL(beats, 12);
    kit_daemon_close(&daemon);
    lw_buf_close(&text);
    lw_buf_close(&events);
}

static void names_of_runs_that_are_over_are_forgotten_by_a_new_turn(void)
{
    struct kit_daemon daemon;
    struct kit_random random = kit_seed(9);
    struct lw_buf text = {.ceiling = 1 << 24};
    struct lw_buf events = {.ceiling = 1 << 24};

    write_history(&text, 40, 99, 0, &random);
    lw_buf_char(&text, '\0');
    kit_daemon_open(&daemon, YAML, epoch);
    daemon.names_many = 20;
    kit_daemon_restart(&daemon);
    CU_ASSERT_FALSE(lw_turn_is_worn(daemon.turn));
    kit_daemon_give(&daemon, text.at, true);
    kit_daemon_run(&daemon, (lw_time){epoch.ms + 41 * LW_HOUR});
    CU_ASSERT_TRUE(lw_turn_is_worn(daemon.turn));
    kit_daemon_restart(&daemon);
    CU_ASSERT_FALSE(lw_turn_is_worn(daemon.turn));
    kit_daemon_run(&daemon, (lw_time){epoch.ms + 42 * LW_HOUR});
    CU_ASSERT_FALSE(lw_turn_is_worn(daemon.turn));
    kit_daemon_events(&daemon, 0, &events);
    CU_ASSERT_EQUAL(count(events.at, "\"lw_event\":\"run\""), 40);
    kit_daemon_close(&daemon);
    lw_buf_close(&text);
    lw_buf_close(&events);
}

static void names_that_are_needed_do_not_wear_a_turn_out(void)
{
    struct kit_daemon daemon;
    struct lw_buf text = {.ceiling = 1 << 24};

    /* Forty runs at once, none of which has ended. */
    for (int run = 0; run < 40; run++)
        lw_buf_format(&text, "{\"time\":%lld,\"run\":\"job-%02d\",\"metric\":\"loss\",\"value\":0.5}\n",
                      (long long)epoch.ms, run);
    lw_buf_char(&text, '\0');
    kit_daemon_open(&daemon, YAML, epoch);
    daemon.names_many = 20;
    kit_daemon_restart(&daemon);
    kit_daemon_give(&daemon, text.at, true);
    kit_daemon_run(&daemon, (lw_time){epoch.ms + LW_MINUTE});
    CU_ASSERT_TRUE(lw_turn_is_worn(daemon.turn));
    kit_daemon_restart(&daemon);
    CU_ASSERT_FALSE(lw_turn_is_worn(daemon.turn)); /* else it would be closed and opened for ever */
    kit_daemon_close(&daemon);
    lw_buf_close(&text);
}

/* --- the heartbeat of an instance --- */

/* A record as CloudWatch has it: of the job itself, or of its instance. */
static void write_cloudwatch(struct lw_buf *out, lw_time at, const char *job, bool host)
{
    char time[LW_TIME_TEXT];

    lw_time_write(at, time);
    lw_buf_format(out,
                  "{\"timestamp\":\"%s\",\"sampleCount\":1,\"average\":0.9,\"sum\":0.9,\"minimum\":0.9,"
                  "\"maximum\":0.9,\"metricName\":\"%s\",\"namespace\":\"/aws/sagemaker/TrainingJobs\",\"%s\":"
                  "\"%s%s\"}\n",
                  time, host ? "CPUUtilization" : "validation:accuracy", host ? "host" : "trainingJobName", job,
                  host ? "/algo-1" : "");
}

/* Twelve runs, one per hour, as they come; the thirteenth gives no metric, only its instance speaks: `beats` minutes of
   four hours. How many alerts there are of being overdue, and how many runs were closed. */
static void live_through(int beats, size_t *overdue, unsigned *closed)
{
    struct kit_daemon daemon;
    struct lw_buf text = {.ceiling = 1 << 24};
    struct lw_buf events = {.ceiling = 1 << 24};

    kit_daemon_open(&daemon, YAML, epoch);
    for (int minute = 0; minute < 16 * 60; minute += 5) {
        lw_time at = lw_time_after(epoch, (lw_span){minute * LW_MINUTE});
        bool host = minute >= 12 * 60;
        char job[64];

        snprintf(job, sizeof(job), "hourly-2025-06-15-%02d-06-40-000", host ? 12 : minute / 60);
        lw_buf_clear(&text);
        if (host ? minute < 12 * 60 + beats : minute % 60 < 15)
            write_cloudwatch(&text, at, job, host);
        /* Another job of the same source speaks all the time: the source is not silent. */
        write_cloudwatch(&text, at, "endless-2025-06-15-00-00-00-000", false);
        lw_buf_char(&text, '\0');
        kit_daemon_give(&daemon, text.at, true);
        kit_daemon_run(&daemon, lw_time_after(at, (lw_span){5 * LW_MINUTE}));
    }
    kit_daemon_events(&daemon, 0, &events);
    lw_buf_char(&events, '\0');
    *overdue = ids_of_model(events.at, "\"lw_detectors\":\"overdue\"").n;
    *closed = count(events.at, "\"lw_event\":\"run\"");
    CU_ASSERT_PTR_NULL(strstr(events.at, "source_silent"));
    kit_daemon_close(&daemon);
    lw_buf_close(&text);
    lw_buf_close(&events);
}

static void a_run_of_which_only_the_instance_speaks_is_alive(void)
{
    size_t overdue;
    unsigned closed;

    live_through(240, &overdue, &closed);
    CU_ASSERT_EQUAL(overdue, 0);
    CU_ASSERT_EQUAL(closed, 12);
    live_through(30, &overdue, &closed); /* it falls silent: its run is over, and the one after it does not come */
    CU_ASSERT_EQUAL(overdue, 1);
    CU_ASSERT_EQUAL(closed, 13);
    live_through(0, &overdue, &closed);
    CU_ASSERT_EQUAL(overdue, 1);
    CU_ASSERT_EQUAL(closed, 12);
}

/* So many runs are kept of a model; older ones go, and the judgement begins with a later run. */
static void what_has_ended_is_not_told_again_when_the_oldest_runs_go(void)
{
    struct kit_daemon daemon;
    struct kit_random random = kit_seed(37);
    struct lw_buf events = {.ceiling = 1 << 26};
    struct lw_store_info info;
    unsigned before, from = 990;

    kit_daemon_open(&daemon, YAML "notify_from: 2020-01-01\n", (lw_time){epoch.ms + 990 * LW_HOUR});
    for (unsigned i = 0; i < 1100; i += i == 0 ? from : 22) {
        struct lw_buf text = {.ceiling = 1 << 24};

        for (unsigned run = i; run < (i == 0 ? from : i + 22); run++)
            write_run(&text, run, (lw_time){epoch.ms + run * LW_HOUR},
                      0.9 + 0.002 * kit_random_normal(&random) - (run >= 50 && run < 200 ? 0.03 : 0));
        lw_buf_char(&text, '\0');
        kit_daemon_give(&daemon, text.at, true);
        lw_turn_wake(daemon.turn);
        kit_daemon_run(&daemon, (lw_time){epoch.ms + ((i == 0 ? from : i + 22) - 1) * LW_HOUR + 30 * LW_MINUTE});
        lw_buf_close(&text);
        if (i != 0)
            continue;
        kit_daemon_events(&daemon, 0, &events);
        before = count(events.at, "\"lw_event\":\"alert\"");
        CU_ASSERT(before >= 2); /* down and up again, long ago */
    }
    lw_buf_clear(&events);
    kit_daemon_events(&daemon, 0, &events);
    CU_ASSERT_EQUAL(lw_store_info(daemon.store, &info, NULL), LW_ERR_OK);
    CU_ASSERT(info.runs < 1090);
    CU_ASSERT_EQUAL(count(events.at, "\"lw_event\":\"run\""), 1100);
    CU_ASSERT_EQUAL(count(events.at, "\"lw_event\":\"alert\""), before);
    kit_daemon_close(&daemon);
    lw_buf_close(&events);
}

KIT_SUITE("turn", {"runs close, are judged and told", runs_close_are_judged_and_told},
          {"a run of which only the instance speaks is alive", a_run_of_which_only_the_instance_speaks_is_alive},
          {"alerts are those of the offline analysis, however the data come",
           alerts_are_those_of_the_offline_analysis_however_the_data_come},
          {"a history that takes many slices is judged as at once",
           a_history_that_takes_many_slices_is_judged_as_at_once},
          {"what happens now is told, and what began before comes as one digest",
           what_happens_now_is_told_and_what_began_before_comes_as_one_digest},
          {"the configuration says how grave an alert may be", the_configuration_says_how_grave_an_alert_may_be},
          {"who was told of an alert is told how it ends, whatever is configured by then",
           who_was_told_of_an_alert_is_told_how_it_ends},
          {"a restart at any moment repeats and loses no event", a_restart_at_any_moment_repeats_and_loses_no_event},
          {"a source that stops is one alert, and holds back those that follow from it",
           a_source_that_stops_is_one_alert_and_holds_back_those_that_follow_from_it},
          {"a back-fill of three months is one digest and no page",
           a_back_fill_of_three_months_is_one_digest_and_no_page},
          {"late data that refute an alert retract it", late_data_that_refute_an_alert_retract_it},
          {"what has ended is not told again when the oldest runs go",
           what_has_ended_is_not_told_again_when_the_oldest_runs_go},
          {"many models in trouble are one alert", many_models_in_trouble_are_one_alert},
          {"instance metrics are shipped with the instance that they are of",
           instance_metrics_are_shipped_with_the_instance_that_they_are_of},
          {"names of runs that are over are forgotten by a new turn",
           names_of_runs_that_are_over_are_forgotten_by_a_new_turn},
          {"names that are needed do not wear a turn out", names_that_are_needed_do_not_wear_a_turn_out})
