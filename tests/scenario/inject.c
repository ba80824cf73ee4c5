/* Every allocation and every call for a file fails in turn, once and for a while, through whole lives of the daemon: a
   followed file, the turn, the store, people's notes, a file as sink. When the fault is over (the daemon was started anew
   where it gave up) the sink must hold what it holds without any fault, each id with one body. A call that was interrupted
   or that carried only a part is no fault at all: nobody notices it.

   Without LEEWAY_TORTURE only a sample of the points of failure is taken. */
#define _GNU_SOURCE
#include "engine/flow/people/people.h"
#include "engine/flow/turn/turn.h"
#include "engine/flow/watch/sources.h"
#include "tests/kit/alloc.h"
#include "tests/kit/calls.h"
#include "tests/kit/kit.h"
#include "tests/kit/told.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define RUN_EACH (10 * LW_MINUTE)
#define POINTS   4
#define PATIENCE 20u /* rounds for which a fault lasts "for ever", counted from its first effect */
#define QUIET    4u  /* rounds without work or trouble after which time may jump */
#define MANY     ((size_t)1 << 22)
#define LINE     200 /* a line is shorter */
#define LEFT     5   /* bytes of a line that is torn */
#define SAMPLE   20u /* points of failure of one kind in one scenario */

enum act { GIVE, HALF, REST, TORN_HALF, TORN_REST, RESTART, ACK, EXPECT };

/* What happens at a time (in runs since the start); `first` to `last`: runs whose datapoints are written. */
struct step {
    enum act act;
    double at;
    unsigned first, last;
};

struct scenario {
    const char *name;
    const struct step *steps;
    size_t steps_n;
};

enum fault_kind { NO_FAULT, ALLOCATION, CALL_EIO, CALL_ENOSPC, CALL_EDQUOT, CALL_EINTR, CALL_SHORT, KINDS };

static const struct {
    const char *name;
    int number;    /* of the calls */
    bool absorbed; /* nothing is told, nothing starts anew */
} kinds[KINDS] = {
    [NO_FAULT] = {.name = "none"},
    [ALLOCATION] = {.name = "allocation failing"},
    [CALL_EIO] = {.name = "call failing with EIO", .number = EIO},
    [CALL_ENOSPC] = {.name = "call failing with ENOSPC", .number = ENOSPC},
    [CALL_EDQUOT] = {.name = "call failing with EDQUOT", .number = EDQUOT},
    [CALL_EINTR] = {.name = "call interrupted", .number = EINTR, .absorbed = true},
    [CALL_SHORT] = {.name = "call carrying half", .number = KIT_CALLS_SHORT, .absorbed = true},
};

/* A daemon without its loop, every part of which may fail. */
struct rig {
    lw_time now;
    struct lw_world world;
    struct lw_config *config;
    struct lw_store *store;
    struct lw_outbox outbox;
    struct lw_turn *turn;
    struct lw_delivery *delivery;
    lw_span due; /* of the delivery */
    enum fault_kind kind;
    uint64_t nth;
    unsigned suffered, troubles, deaths;
    bool armed;
    char last[256];
};

static const lw_time epoch = {1750000000000};
static char config_path[300], store_path[300], input_path[300], output_path[300], alert_id[64], last_told[256],
    torn_off[LINE];
static uint64_t points_seen;
static unsigned troubles_seen, deaths_seen, lives, points_written;

/* --- the world --- */

static lw_time now_of(void *self)
{
    return ((struct rig *)self)->now;
}

static lw_span ticks_of(void *self)
{
    return (lw_span){((struct rig *)self)->now.ms};
}

static void note(void *self, enum lw_note level, const char *text)
{
    struct rig *rig = self;

    if (level > LW_NOTE_WARNING)
        return;
    rig->troubles++;
    snprintf(rig->last, sizeof(rig->last), "%s", text);
}

static void wake(void *self)
{
    (void)self;
}

/* --- faults --- */

static void arm(struct rig *rig, bool forever)
{
    rig->armed = rig->kind != NO_FAULT;
    if (rig->kind == ALLOCATION)
        kit_alloc_fail(rig->nth, forever);
    else
        kit_calls_fail(rig->nth, kinds[rig->kind].number, forever);
}

static void disarm(struct rig *rig)
{
    uint64_t seen = rig->kind == ALLOCATION ? kit_alloc_count() : kit_calls_count();

    if (rig->armed || rig->kind == NO_FAULT)
        points_seen = seen;
    rig->armed = false;
    kit_alloc_fail(0, false);
    kit_calls_fail(0, EIO, false);
}

static void suffer(struct rig *rig)
{
    if (rig->armed && (rig->kind == ALLOCATION ? kit_alloc_count() : kit_calls_count()) >= rig->nth &&
        ++rig->suffered > PATIENCE)
        disarm(rig);
}

/* --- the daemon --- */

static void stop(struct rig *rig)
{
    lw_delivery_close(rig->delivery);
    lw_turn_close(rig->turn);
    lw_store_close(rig->store);
    rig->delivery = NULL;
    rig->turn = NULL;
    rig->store = NULL;
}

static enum lw_err start_source(struct rig *rig, struct lw_fault *fault)
{
    const struct lw_source_calls calls = {.world = &rig->world, .wake = wake, .self = rig};
    const struct lw_config_source *config = &rig->config->sources[0];
    struct lw_sources_with with = {.config = rig->config, .calls = &calls};
    struct lw_buf mark = {.ceiling = 1 << 20};
    struct lw_source source;
    struct lw_push *push = NULL;
    enum lw_err err = lw_turn_mark(rig->turn, config, &mark, fault);

    with.mark = lw_buf_view(&mark);
    if (err == LW_ERR_OK)
        err = lw_sources_open(&source, config, &with, &push, fault);
    if (err == LW_ERR_OK)
        err = lw_turn_source(rig->turn, config, source, fault);
    lw_buf_close(&mark);
    return err;
}

static bool start(struct rig *rig)
{
    struct lw_turn_options options = {.config = rig->config, .world = &rig->world};
    struct lw_fault fault = {.code = LW_ERR_OK};
    enum lw_err err =
        lw_store_open(&rig->store, store_path, LW_STORE_OWN, &(struct lw_store_limits){.spool = 0}, &fault);

    options.store = rig->store;
    rig->due.ms = 0;
    if (err == LW_ERR_OK)
        err = lw_turn_open(&rig->turn, &options, &fault);
    if (err == LW_ERR_OK)
        err = start_source(rig, &fault);
    if (err == LW_ERR_OK) {
        rig->outbox = lw_store_outbox(rig->store);
        err = lw_sources_delivery(&rig->delivery, &rig->config->sinks[0], lw_turn_sink(rig->turn, 0), 1, &rig->outbox,
                                  NULL, &rig->world, &fault);
    }
    if (err == LW_ERR_OK)
        return true;
    snprintf(rig->last, sizeof(rig->last), "%s", fault.text);
    rig->troubles++;
    rig->deaths++;
    stop(rig);
    return false;
}

/* One look of the loop. true: nothing to do, and no trouble. */
static bool round_of(struct rig *rig)
{
    struct lw_fault fault = {.code = LW_ERR_OK};
    lw_span next = {INT64_MAX};
    unsigned troubles = rig->troubles;
    bool busy = false;

    if (rig->turn == NULL && !start(rig))
        return false;
    if (lw_turn_slice(rig->turn, &busy, &next, &fault) != LW_ERR_OK) {
        snprintf(rig->last, sizeof(rig->last), "%s", fault.text);
        rig->deaths++;
        stop(rig);
        return false;
    }
    if (lw_turn_committed(rig->turn))
        rig->due.ms = 0;
    if (rig->now.ms >= rig->due.ms) {
        rig->due.ms = INT64_MAX;
        if (lw_delivery_work(rig->delivery, rig->now, (lw_span){rig->now.ms}, &rig->due, &fault) != LW_ERR_OK)
            rig->troubles++;
    }
    return !busy && rig->troubles == troubles;
}

/* Looks until nothing happens any more; false: it never rests. */
static bool settle(struct rig *rig)
{
    unsigned quiet = 0;

    for (unsigned rounds = 0; rounds < 5000; rounds++) {
        bool calm = round_of(rig);

        suffer(rig);
        /* A source that cannot read makes no noise: a fault is waited out. */
        quiet = calm && !(rig->armed && rig->suffered > 0) ? quiet + 1 : 0;
        if (quiet > QUIET)
            return true;
        if (calm || rig->turn == NULL)
            rig->now.ms += LW_SECOND;
        else
            rig->now.ms += 10;
    }
    printf("#   it never rests: %s\n", rig->last);
    return false;
}

/* --- what happens --- */

static double value_of(unsigned run)
{
    return 0.9 + 0.001 * (double)(run * 7 % 5) - (run >= 14 ? 0.1 : 0);
}

static void write_points(unsigned first, unsigned last, int from, int until)
{
    FILE *file = fopen(input_path, "a");

    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    /* Streams call the C library's own functions, which do not fail here. */
    for (unsigned run = first; run <= last; run++) {
        for (int i = from; i < until; i++)
            fprintf(file,
                    "{\"time\":%lld,\"model\":\"job\",\"run\":\"job-%04u\",\"metric\":\"validation:accuracy\","
                    "\"value\":%.6f}\n",
                    (long long)(epoch.ms + run * RUN_EACH + i * 10 * LW_SECOND), run, value_of(run));
        points_written += (unsigned)(until - from);
    }
    fclose(file);
}

/* Of the last line only the beginning stays, too little to see what it is. */
static void tear(char *rest)
{
    char text[LINE + 1] = "";
    FILE *file = fopen(input_path, "r");
    const char *line;
    long size;

    CU_ASSERT_FATAL(file != NULL && fseek(file, -LINE, SEEK_END) == 0 && fread(text, 1, LINE, file) == LINE);
    size = ftell(file);
    fclose(file);
    text[LINE - 1] = '\0';
    line = strrchr(text, '\n') + 1;
    snprintf(rest, LINE, "%s", line + LEFT);
    CU_ASSERT_EQUAL_FATAL(truncate(input_path, size - (long)strlen(rest) - 1), 0);
}

static void mend(const char *rest)
{
    FILE *file = fopen(input_path, "a");

    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    fprintf(file, "%s\n", rest);
    fclose(file);
}

static bool say(struct rig *rig, const struct lw_people_request *request)
{
    for (unsigned i = 0; i < 200; i++) {
        struct lw_arena arena = {.ceiling = MANY};
        struct lw_buf reply = {.ceiling = MANY};
        struct lw_people_done done;
        struct lw_fault fault = {.code = LW_ERR_OK};
        enum lw_err err = LW_ERR_IO;

        if (rig->turn != NULL || start(rig))
            err = lw_people_do(rig->store, rig->config, request, rig->now, &arena, &reply, &done, &fault);
        if (err == LW_ERR_OK && done.noted)
            lw_turn_notes_changed(rig->turn);
        lw_arena_close(&arena);
        lw_buf_close(&reply);
        if (err == LW_ERR_OK)
            return true;
        if (err == LW_ERR_USAGE) {
            printf("#   %s\n", fault.text);
            return false;
        }
        snprintf(rig->last, sizeof(rig->last), "%s", fault.text);
        suffer(rig);
        if (err == LW_ERR_IO || err == LW_ERR_STATE)
            stop(rig);
        rig->now.ms += LW_SECOND;
    }
    printf("#   nobody listens: %s\n", rig->last);
    return false;
}

static bool take_step(struct rig *rig, const struct step *step)
{
    struct lw_people_request request = {.note = {.model = LW_STR("job"), .who = LW_STR("ann"), .reason = LW_STR("x")}};

    switch (step->act) {
    case GIVE:
        write_points(step->first, step->last, 0, POINTS);
        return true;
    case HALF:
        write_points(step->first, step->last, 0, POINTS / 2);
        return true;
    case TORN_HALF:
        write_points(step->first, step->last, 0, POINTS / 2);
        tear(torn_off);
        return true;
    case TORN_REST:
        mend(torn_off);
        write_points(step->first, step->last, POINTS / 2, POINTS);
        return true;
    case REST:
        write_points(step->first, step->last, POINTS / 2, POINTS);
        return true;
    case RESTART:
        stop(rig);
        return true;
    case ACK:
        request.command = LW_PEOPLE_DO_ACK;
        request.note = (struct lw_people_note){
            .kind = LW_PEOPLE_ACK, .alert_id = lw_str_from(alert_id), .who = LW_STR("ann"), .reason = LW_STR("seen")};
        return say(rig, &request);
    case EXPECT:
        request.command = LW_PEOPLE_DO_EXPECT;
        request.note.kind = LW_PEOPLE_EXPECT;
        request.note.run = LW_STR("job-0014");
        return say(rig, &request);
    }
    return false;
}

static uint64_t owed(const struct rig *rig)
{
    uint64_t n = 0;

    for (int lane = 0; lane < LW_LANE_COUNT; lane++) {
        struct lw_store_lane state;

        lw_store_lane(rig->store, lw_turn_sink(rig->turn, 0), (enum lw_lane)lane, &state);
        n += state.events;
    }
    return n;
}

static bool drain(struct rig *rig)
{
    disarm(rig);
    for (unsigned i = 0; i < 50; i++) {
        if (!settle(rig))
            return false;
        if (owed(rig) == 0)
            return true;
        lw_delivery_probe_now(rig->delivery);
        rig->due.ms = 0;
    }
    printf("#   %llu events stay owed: %s\n", (unsigned long long)owed(rig), rig->last);
    return false;
}

/* --- running --- */

static void clean_up(void)
{
    static const char *const beside[] = {"", "-wal", "-shm", "-journal", ".lock", ".water"};
    char name[400];

    for (size_t i = 0; i < sizeof(beside) / sizeof(beside[0]); i++) {
        snprintf(name, sizeof(name), "%s%s", store_path, beside[i]);
        unlink(name);
    }
    unlink(output_path);
    unlink(input_path);
}

static bool live(const struct scenario *scenario, enum fault_kind kind, uint64_t nth, bool forever,
                 struct lw_config *config, struct kit_told *seen)
{
    struct rig rig = {.now = epoch, .config = config, .kind = kind, .nth = nth};
    int64_t before = kit_alloc_outstanding();
    bool good = true;

    clean_up();
    points_written = 0;
    rig.world = (struct lw_world){.self = &rig, .now = now_of, .ticks = ticks_of, .note = note};
    for (size_t i = 0; good && i < scenario->steps_n; i++) {
        rig.now.ms = epoch.ms + (int64_t)(scenario->steps[i].at * (double)RUN_EACH);
        if (i == 0)
            arm(&rig, forever);
        else
            good = settle(&rig); /* what became due meanwhile */
        good = good && take_step(&rig, &scenario->steps[i]) && settle(&rig);
    }
    rig.now.ms += RUN_EACH;
    good = good && drain(&rig);
    disarm(&rig);
    stop(&rig);
    lives++;
    troubles_seen = rig.troubles;
    deaths_seen = rig.deaths;
    snprintf(last_told, sizeof(last_told), "%s", rig.last);
    if (kit_alloc_outstanding() != before) {
        printf("#   %lld blocks more than before\n", (long long)(kit_alloc_outstanding() - before));
        good = false;
    }
    return kit_told_read(output_path, seen) && good;
}

/* What cannot be told from one life: what is absorbed is not noticed, and a quota is a full disk. */
static bool as_told(const struct scenario *scenario, enum fault_kind kind, uint64_t nth, bool forever,
                    struct lw_config *config)
{
    unsigned troubles = troubles_seen, deaths = deaths_seen;
    struct kit_told seen;

    if (kinds[kind].absorbed && troubles + deaths > 0)
        printf("#   noticed: %s\n", last_told);
    if (kind != CALL_EDQUOT)
        return !kinds[kind].absorbed || troubles + deaths == 0;
    live(scenario, CALL_ENOSPC, nth, forever, config, &seen);
    free(seen.text);
    if (troubles != troubles_seen || deaths != deaths_seen)
        printf("#   %u troubles, %u deaths; of a full disk %u, %u\n", troubles, deaths, troubles_seen, deaths_seen);
    return troubles == troubles_seen && deaths == deaths_seen;
}

/* Points of failure of one kind: all of them, or a sample whose distance is drawn anew each time. */
static void torture(const struct scenario *scenario, enum fault_kind kind, struct lw_config *config,
                    const struct kit_told *want, struct kit_random *random)
{
    bool whole = getenv("LEEWAY_TORTURE") != NULL;
    unsigned bad = 0, before;
    struct kit_told got;
    uint64_t points;
    double stride;

    live(scenario, kind, UINT64_MAX, false, config, &got);
    free(got.text);
    points = points_seen;
    before = lives;
    stride = whole || points < SAMPLE ? 1 : (double)points / SAMPLE;
    CU_ASSERT(points > 50);
    for (double at = 1; at <= (double)points && bad < 5;
         at += whole || stride <= 1 ? 1 : stride * 2 * kit_random_uniform(random) + 1) {
        for (int forever = 0; forever < 2; forever++) {
            uint64_t nth = (uint64_t)at;
            bool good = live(scenario, kind, nth, forever, config, &got);

            good = kit_told_same(want, &got) && kit_told_same_alerts(want, &got) && good;
            good = as_told(scenario, kind, nth, forever, config) && good;
            free(got.text);
            if (good)
                continue;
            bad++;
            printf("# %s: %s, %llu of %llu, %s\n", scenario->name, kinds[kind].name, (unsigned long long)nth,
                   (unsigned long long)points, forever ? "for a while" : "once");
        }
    }
    printf("# %s: %u lives with one %s of %llu%s\n", scenario->name, lives - before, kinds[kind].name,
           (unsigned long long)points, whole ? "" : " (a sample)");
    CU_ASSERT_EQUAL(bad, 0);
}

static void run_scenario(const struct scenario *scenario, const char *word)
{
    struct kit_random random = kit_seed((uint64_t)getpid());
    struct lw_config *config = NULL;
    struct lw_buf errors = {.ceiling = MANY};
    struct lw_fault fault = {.code = LW_ERR_OK};
    struct kit_told want;
    const char *found = NULL;

    CU_ASSERT_EQUAL_FATAL(lw_config_open(&config, config_path, NULL, 0, &errors, &fault), LW_ERR_OK);
    lw_buf_close(&errors);
    CU_ASSERT_TRUE(live(scenario, NO_FAULT, 0, false, config, &want));
    CU_ASSERT_EQUAL(kit_told_datapoints(&want), points_written);
    for (size_t i = 0; i < want.alerts_n && found == NULL; i++)
        found = strstr(want.alerts[i], word);
    CU_ASSERT_PTR_NOT_NULL(found);
    printf("# %s: %zu events, %zu alerts\n", scenario->name, want.n, want.alerts_n);
    for (enum fault_kind kind = ALLOCATION; kind < KINDS; kind++)
        torture(scenario, kind, config, &want, &random);
    free(want.text);
    lw_config_close(config);
}

#define SCENARIO(id, ...)                                                                                              \
    static const struct step id##_steps[] = {__VA_ARGS__};                                                             \
    static const struct scenario id = {#id, id##_steps, sizeof(id##_steps) / sizeof(id##_steps[0])}

SCENARIO(history, {GIVE, 20, 0, 13}, {GIVE, 21, 14, 15}, {GIVE, 22, 16, 17}, {GIVE, 23, 18, 18});
SCENARIO(reopening, {GIVE, 15.9, 0, 15}, {HALF, 16.05, 16, 16}, {RESTART, 16.06, 0, 0}, {REST, 16.07, 16, 16},
         {TORN_HALF, 17.05, 17, 17}, {RESTART, 17.06, 0, 0}, {RESTART, 17.07, 0, 0}, {TORN_REST, 17.08, 17, 17},
         {GIVE, 18.1, 18, 18});
SCENARIO(late, {HALF, 20, 0, 3}, {GIVE, 21, 4, 16}, {REST, 22, 0, 2}, {GIVE, 23, 17, 17}, {REST, 24, 3, 3});
SCENARIO(people, {GIVE, 20, 0, 17}, {ACK, 21, 0, 0}, {GIVE, 22, 18, 18}, {EXPECT, 23, 0, 0}, {RESTART, 24, 0, 0},
         {GIVE, 25, 19, 20});

static void a_history(void)
{
    run_scenario(&history, "open");
}

static void open_runs(void)
{
    run_scenario(&reopening, "open");
}

static void late_data(void)
{
    run_scenario(&late, "open");
}

/* The id of the alert that is acknowledged is that of a life in which nobody says anything. */
static void what_people_say(void)
{
    struct lw_config *config = NULL;
    struct lw_buf errors = {.ceiling = MANY};
    struct lw_fault fault = {.code = LW_ERR_OK};
    struct kit_told seen;

    CU_ASSERT_EQUAL_FATAL(lw_config_open(&config, config_path, NULL, 0, &errors, &fault), LW_ERR_OK);
    lw_buf_close(&errors);
    CU_ASSERT_TRUE(live(&(struct scenario){.steps = people_steps, .steps_n = 1}, NO_FAULT, 0, false, config, &seen));
    if (seen.alerts_n > 0)
        snprintf(alert_id, sizeof(alert_id), "%.26s", seen.alerts[0]);
    free(seen.text);
    lw_config_close(config);
    CU_ASSERT_FATAL(alert_id[0] != '\0');
    run_scenario(&people, "");
}

static void all_lives(void)
{
    printf("# %u lives\n", lives);
    CU_ASSERT(lives > 0);
}

static void prepare(void)
{
    const char *folder = kit_temporary_directory();
    FILE *file;

    snprintf(config_path, sizeof(config_path), "%.200s/leeway.yaml", folder);
    snprintf(store_path, sizeof(store_path), "%.200s/leeway.db", folder);
    snprintf(input_path, sizeof(input_path), "%.200s/input.ndjson", folder);
    snprintf(output_path, sizeof(output_path), "%.200s/output.ndjson", folder);
    file = fopen(config_path, "w");
    if (file == NULL)
        exit(2);
    fprintf(file,
            "store: %s\nnotify_from: 1970-01-01\nquiet_period: 5m\nheartbeat: 1h\n"
            "defaults: {cadence: {every: 1d}}\n"
            "sources: [{type: file, name: in, path: %s}]\n"
            "sinks: [{type: file, name: out, path: %s, events: [alert, run, summary, metric, loss]}]\n",
            store_path, input_path, output_path);
    fclose(file);
}

static void all_is_prepared(void)
{
    prepare();
    CU_ASSERT_EQUAL(access(config_path, R_OK), 0);
}

int main(void)
{
    static const struct kit_test tests[] = {
        {"the folder is made", all_is_prepared},    {"a history is read, judged and told", a_history},
        {"runs are open over restarts", open_runs}, {"late data open what was closed", late_data},
        {"people answer", what_people_say},         {"all lives are counted", all_lives},
    };

    /* Whether a disk really syncs is not asked here, and a thousand stores are made. */
    if (access("/dev/shm", W_OK | X_OK) == 0)
        setenv("TMPDIR", "/dev/shm", 0);
    return kit_main("inject", tests, sizeof(tests) / sizeof(tests[0]));
}
