/* An hour without the sink, with a spool that is large enough and with one that is not, and clocks that are set: turn, store
   and delivery together in virtual time. */
#define _POSIX_C_SOURCE 200809L
#include "tests/kit/daemon.h"
#include "tests/kit/kit.h"
#include "tests/kit/sinks.h"

#include "engine/sink/delivery.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define SEQS 65536

static const lw_time epoch = {1750000000000};

struct weather {
    struct kit_daemon daemon;
    struct kit_http http;
    struct lw_delivery *delivery;
    bool down;
    uint64_t most;        /* bytes that lay in the outbox at once */
    unsigned long slices; /* of the turn */
    size_t answered;      /* requests before that one are closed */
    unsigned char *got;   /* by lw_seq */
    uint64_t highest;
    unsigned twice;
    struct lw_buf export;
};

static unsigned long long number_after(const char *line, const char *end, const char *key)
{
    const char *at = strstr(line, key);

    return at != NULL && at < end ? strtoull(at + strlen(key), NULL, 10) : 0;
}

static void take_in(struct weather *weather, const char *body)
{
    for (const char *line = body; *line != '\0'; line = strchr(line, '\n') + 1) {
        unsigned long long seq = number_after(line, strchr(line, '\n'), "\"lw_seq\":");

        CU_ASSERT_TRUE_FATAL(seq > 0 && seq < SEQS);
        weather->twice += weather->got[seq]++;
        weather->highest = seq > weather->highest ? seq : weather->highest;
    }
    lw_buf_text(&weather->export, body);
}

static void answer(struct weather *weather)
{
    for (; weather->answered < weather->http.asked_n; weather->answered++) {
        if (weather->down) {
            kit_http_break(&weather->http, weather->answered, LW_HTTP_NETWORK, true);
        } else {
            take_in(weather, weather->http.asked[weather->answered].body);
            kit_http_reply(&weather->http, weather->answered, 200, "{\"response\" : \"ok\"}", NULL);
        }
    }
}

static void weigh(struct weather *weather)
{
    uint64_t bytes = 0;

    for (int lane = 0; lane < LW_LANE_COUNT; lane++) {
        struct lw_store_lane state;

        lw_store_lane(weather->daemon.store, lw_turn_sink(weather->daemon.turn, 0), (enum lw_lane)lane, &state);
        bytes += state.bytes;
    }
    weather->most = bytes > weather->most ? bytes : weather->most;
}

static void run(struct weather *weather, lw_time until)
{
    struct lw_fault fault = {.code = LW_ERR_OK};
    struct kit_daemon *daemon = &weather->daemon;

    for (unsigned long guard = 0; guard < 1000000; guard++) {
        lw_span next = {INT64_MAX};
        lw_span due = {INT64_MAX};
        bool busy = false;

        CU_ASSERT_EQUAL_FATAL(lw_turn_slice(daemon->turn, &busy, &next, &fault), LW_ERR_OK);
        weather->slices++;
        weigh(weather);
        CU_ASSERT_EQUAL_FATAL(lw_delivery_work(weather->delivery, daemon->now, kit_daemon_ticks(daemon), &due, &fault),
                              LW_ERR_OK);
        if (weather->answered < weather->http.asked_n) {
            answer(weather);
            continue;
        }
        if (busy || due.ms <= kit_daemon_ticks(daemon).ms)
            continue;
        next = due.ms < next.ms ? due : next;
        next.ms += daemon->stepped.ms;
        if (next.ms > until.ms) {
            daemon->now = until;
            return;
        }
        daemon->now.ms = next.ms > daemon->now.ms ? next.ms : daemon->now.ms + 1;
    }
    CU_FAIL_FATAL("it never rests");
}

static void open_all(struct weather *weather, const char *spool)
{
    char token[300];
    char yaml[600];
    struct lw_delivery_options options = {.type = LW_DELIVERY_LOGGLY, .token_file = token, .seed = 3, .name = "loggly"};
    struct lw_fault fault = {.code = LW_ERR_OK};
    struct lw_outbox outbox;
    struct lw_http http;
    FILE *file;

    *weather = (struct weather){.export = {.ceiling = 1 << 28}, .got = calloc(SEQS, 1)};
    snprintf(token, sizeof(token), "%s/token", kit_temporary_directory());
    file = fopen(token, "w");
    fputs("token", file);
    fclose(file);
    chmod(token, 0600);
    snprintf(yaml, sizeof(yaml), "sinks: [{type: loggly, token_file: %s, metrics: always, spool: %s}]\n", token, spool);
    kit_daemon_open(&weather->daemon, yaml, epoch);
    outbox = lw_store_outbox(weather->daemon.store);
    http = kit_http(&weather->http);
    options.sink = lw_turn_sink(weather->daemon.turn, 0);
    CU_ASSERT_EQUAL_FATAL(
        lw_delivery_open(&weather->delivery, &options, &outbox, &http, &weather->daemon.world, &fault), LW_ERR_OK);
}

static void close_all(struct weather *weather)
{
    lw_delivery_close(weather->delivery);
    kit_daemon_close(&weather->daemon);
    kit_http_close(&weather->http);
    lw_buf_close(&weather->export);
    free(weather->got);
}

/* `n` points at the current minute. */
static void give(struct weather *weather, unsigned minute, unsigned n)
{
    struct lw_buf text = {.ceiling = 1 << 22};

    for (unsigned i = 0; i < n; i++)
        lw_buf_format(&text,
                      "{\"time\":%lld,\"model\":\"job\",\"run\":\"job-%03u\",\"metric\":\"loss\","
                      "\"value\":%u}\n",
                      (long long)(kit_daemon_ticks(&weather->daemon).ms + i), minute / 10, minute * 1000 + i);
    lw_buf_char(&text, '\0');
    kit_daemon_give(&weather->daemon, text.at, true);
    lw_turn_wake(weather->daemon.turn);
    lw_buf_close(&text);
}

/* Ten minutes of sun, an hour without the sink, some hours of sun. */
static void live_through(struct weather *weather, unsigned each)
{
    size_t asked = 0;
    size_t first;

    for (unsigned minute = 0; minute < 70; minute++) {
        weather->down = minute >= 10;
        if (minute == 10)
            asked = weather->http.asked_n, weather->slices = 0;
        give(weather, minute, each);
        run(weather, (lw_time){epoch.ms + (minute + 1) * LW_MINUTE});
    }
    /* Three lanes with waits up to 5 minutes, half of that on average. */
    CU_ASSERT_TRUE(weather->http.asked_n - asked < 150);
    CU_ASSERT_TRUE(weather->slices < 5000);
    weather->down = false;
    first = weather->http.asked_n;
    lw_delivery_probe_now(weather->delivery);
    run(weather, (lw_time){epoch.ms + 5 * LW_HOUR});
    CU_ASSERT_TRUE_FATAL(first < weather->http.asked_n);
    CU_ASSERT_PTR_NOT_NULL(strstr(weather->http.asked[first].tags, "leeway-heartbeat"));
}

static uint64_t missing(const struct weather *weather)
{
    uint64_t n = 0;

    for (uint64_t seq = 1; seq <= weather->highest; seq++)
        n += weather->got[seq] == 0;
    return n;
}

static void an_hour_without_the_sink_loses_nothing(void)
{
    struct weather weather;

    open_all(&weather, "1GiB");
    live_through(&weather, 50);
    CU_ASSERT_EQUAL(missing(&weather), 0);
    CU_ASSERT_EQUAL(weather.twice, 0);
    CU_ASSERT_TRUE(weather.highest > 3500);
    close_all(&weather);
}

/* The exit code of `leeway reconcile` on what arrived. */
static int reconcile(const struct weather *weather)
{
    const char *program = getenv("LEEWAY");
    char command[800];
    FILE *file;

    snprintf(command, sizeof(command), "%s/export", kit_temporary_directory());
    file = fopen(command, "w");
    fwrite(weather->export.at, 1, strlen(weather->export.at), file);
    fclose(file);
    snprintf(command, sizeof(command), "%s reconcile --whole %s/export >/dev/null",
             program != NULL ? program : "build/leeway", kit_temporary_directory());
    return system(command);
}

static void a_spool_that_is_too_small_says_what_it_gave_up(void)
{
    struct weather weather;
    uint64_t told = 0;

    open_all(&weather, "1MiB");
    live_through(&weather, 200);
    CU_ASSERT_TRUE(weather.most <= 1 << 20);
    CU_ASSERT_TRUE(missing(&weather) > 0);
    lw_buf_char(&weather.export, '\0');
    for (const char *at = strstr(weather.export.at, "\"lw_class\":\"spool_full\""); at != NULL;
         at = strstr(at + 1, "\"lw_class\":\"spool_full\"")) {
        const char *line = at;

        while (line > weather.export.at && line[-1] != '\n')
            line--;
        told += number_after(line, strchr(at, '\n'), "\"lw_count\":");
    }
    CU_ASSERT_EQUAL(told, missing(&weather));
    CU_ASSERT_EQUAL(reconcile(&weather), 0);
    printf("# %llu events given up, %llu bytes at most\n", (unsigned long long)told, (unsigned long long)weather.most);
    close_all(&weather);
}

static void clocks_that_are_set_cause_no_storm_and_no_silence(void)
{
    static const int64_t steps[] = {-3 * LW_HOUR, 5 * LW_HOUR, -LW_HOUR, -LW_DAY, 2 * LW_DAY};
    struct kit_daemon daemon;
    struct lw_buf events = {.ceiling = 1 << 24};
    unsigned n = 0;

    kit_daemon_open(
        &daemon, "heartbeat: 5m\nsinks: [{type: file, path: /nonexistent/out, events: [alert, heartbeat]}]\n", epoch);
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        kit_daemon_run(&daemon, (lw_time){daemon.now.ms + LW_HOUR});
        kit_daemon_step(&daemon, steps[i]);
        lw_turn_wake(daemon.turn);
    }
    kit_daemon_run(&daemon, (lw_time){daemon.now.ms + LW_HOUR});
    kit_daemon_events(&daemon, 0, &events);
    for (const char *at = strstr(events.at, "\"lw_event\":\"heartbeat\""); at != NULL;
         at = strstr(at + 1, "\"lw_event\":\"heartbeat\""))
        n++;
    printf("# %u heartbeats in six hours\n", n);
    CU_ASSERT_TRUE(n >= 70 && n <= 75);
    CU_ASSERT_PTR_NULL(strstr(events.at, "\"lw_event\":\"alert\""));
    kit_daemon_close(&daemon);
    lw_buf_close(&events);
}

/* --- a wall clock that steps while the ticks go on --- */

struct stepping {
    int64_t at, by; /* minutes since the start; ms */
};

/* Thirty hours: a run each hour, a datapoint each minute of its first ten; heartbeats each five minutes; for ten minutes the
   source cannot be read, and within them the clock is set. What is owed to the sink, appended. */
static void thirty_hours(const struct stepping *steps, size_t n, int64_t ahead, struct lw_buf *events)
{
    struct kit_daemon daemon;

    kit_daemon_open(&daemon,
                    "heartbeat: 5m\nquiet_period: 15m\nnotify_from: 1970-01-01\n"
                    "defaults: {cadence: {every: 1h, tolerance: 20m}}\n"
                    "sinks: [{type: file, path: /nonexistent/out, events: [alert, run, heartbeat]}]\n",
                    epoch);
    for (int64_t minute = 0; minute < 30 * 60; minute++) {
        char text[200];

        for (size_t i = 0; i < n; i++) {
            if (steps[i].at == minute)
                kit_daemon_step(&daemon, steps[i].by);
        }
        if (minute == 715 || minute == 725)
            snprintf(daemon.trouble, sizeof(daemon.trouble), "%s", minute == 715 ? "away for a while" : "");
        snprintf(text, sizeof(text),
                 "{\"time\":%lld,\"model\":\"job\",\"run\":\"job-%03u\",\"metric\":\"loss\",\"value\":%u}\n",
                 (long long)(epoch.ms + ahead + minute * LW_MINUTE), (unsigned)(minute / 60),
                 (unsigned)(100 + minute / 60 % 3));
        if (minute % 60 < 10 && minute / 60 != 12) {
            kit_daemon_give(&daemon, text, true);
            lw_turn_wake(daemon.turn);
        } else if (minute / 60 == 12 && minute % 60 >= 10 && minute % 60 < 20) { /* behind the trouble */
            kit_daemon_give(&daemon, text, true);
            lw_turn_wake(daemon.turn);
        }
        kit_daemon_run(&daemon, (lw_time){daemon.now.ms + LW_MINUTE});
    }
    kit_daemon_events(&daemon, 0, events);
    kit_daemon_close(&daemon);
}

/* Lines with both. */
static unsigned count(const char *text, const char *a, const char *b)
{
    unsigned n = 0;

    for (const char *at = strstr(text, a); at != NULL; at = strstr(at + 1, a)) {
        const char *other = strstr(at, b);

        n += other != NULL && other < strchr(at, '\n');
    }
    return n;
}

static void a_wall_clock_that_steps_alone_is_not_believed_at_once(void)
{
    static const struct stepping forward[] = {{500, LW_DAY}, {720, -LW_DAY}, {1000, LW_DAY}, {1400, -LW_DAY}};
    static const struct stepping back[] = {{500, -LW_HOUR}, {720, LW_HOUR}, {1000, -LW_HOUR}, {1400, LW_HOUR}};
    static const struct stepping behind[] = {{600, -LW_HOUR}};
    static const struct stepping set_right[] = {{5, LW_DAY}};
    static const struct {
        const struct stepping *steps;
        size_t n;
        int64_t ahead; /* datapoints of the wall clock that it was at first */
    } lives[] = {{NULL, 0, 0}, {forward, 4, 0}, {back, 4, 0}, {behind, 1, 0}, {set_right, 1, LW_DAY}};
    unsigned runs = 0;

    for (size_t i = 0; i < sizeof(lives) / sizeof(lives[0]); i++) {
        struct lw_buf events = {.ceiling = 1 << 24};
        unsigned beats;

        thirty_hours(lives[i].steps, lives[i].n, lives[i].ahead, &events);
        beats = count(events.at, "\"lw_event\":\"heartbeat\"", "\"lw_seq\"");
        if (i == 0)
            runs = count(events.at, "\"lw_event\":\"run\"", "\"lw_revision\":1,");
        printf("# life %zu: %u heartbeats, %u runs, %u alerts\n", i, beats,
               count(events.at, "\"lw_event\":\"run\"", "\"lw_revision\":1,"),
               count(events.at, "\"lw_event\":\"alert\"", "\"lw_seq\""));
        CU_ASSERT_PTR_NULL(strstr(events.at, "\"lw_event\":\"alert\""));
        CU_ASSERT_TRUE(runs >= 29);
        CU_ASSERT_EQUAL(count(events.at, "\"lw_event\":\"run\"", "\"lw_revision\":1,"), runs);
        CU_ASSERT_TRUE(beats >= 30 * 12 - 2 && beats <= 30 * 12 + 2);
        lw_buf_close(&events);
    }
}

static void waits_between_tries_do_not_see_the_wall_clock(void)
{
    size_t asked = 0;

    for (unsigned life = 0; life < 2; life++) {
        struct weather weather;

        open_all(&weather, "1GiB");
        weather.down = true;
        for (unsigned minute = 0; minute < 120; minute++) {
            if (life == 1 && minute % 30 == 10)
                kit_daemon_step(&weather.daemon, minute % 60 == 10 ? LW_DAY : -LW_DAY - LW_HOUR);
            give(&weather, minute, 1);
            run(&weather, (lw_time){weather.daemon.now.ms + LW_MINUTE});
        }
        printf("# %zu requests in two hours without the sink\n", weather.http.asked_n);
        if (life == 0)
            asked = weather.http.asked_n;
        CU_ASSERT_TRUE(asked > 20 && asked < 400);
        CU_ASSERT_EQUAL(weather.http.asked_n, asked);
        close_all(&weather);
    }
}

KIT_SUITE("weather", {"an hour without the sink loses nothing", an_hour_without_the_sink_loses_nothing},
          {"a spool that is too small says what it gave up", a_spool_that_is_too_small_says_what_it_gave_up},
          {"clocks that are set cause no storm and no silence", clocks_that_are_set_cause_no_storm_and_no_silence},
          {"a wall clock that steps alone is not believed at once",
           a_wall_clock_that_steps_alone_is_not_believed_at_once},
          {"waits between tries do not see the wall clock", waits_between_tries_do_not_see_the_wall_clock})
