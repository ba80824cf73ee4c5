/* What the daemon does in a second and what it takes: `leeway watch` as a process of its own, pushed to over HTTP, before
   the double of Loggly as a process of its own. usage: watch FIGURE EVENTS [SIZE]
     push     events/s from a push of 1 MiB to its answer, that is to the disk; without and with raw metrics for a sink
     deliver  raw metrics that wait in the store, over TLS to the double, beside bare libcurl that sends the same bytes
              there: both timed by the double, both a process beside it, both with libcurl's defaults of TLS
     alert    from when a run is over to its alert at the double
     memory   with SIZE models (10 000) of 50 runs of 5 metrics, and an open run each
     restart  with a spool of SIZE MiB (1024)
   EVENTS: a file of metric events as build/bench/events writes it. $LEEWAY and $LOGGLY: the two programs. */
#define _GNU_SOURCE
#include "bench/kit/daemon.h"
#include "engine/store/store.h"
#include "tests/kit/runs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BODY       BENCH_MIB /* of a push */
#define BATCH      5000000   /* of a delivery */
#define PUSH_MIB   48
#define SEND_MIB   92 /* under 1000 runs of a model: more would be given up meanwhile */
#define ROUNDS     7
#define HISTORY    50
#define METRICS    5
#define ALERTS     9 /* more models in trouble at once would be one alert of the fleet */
#define EVERYTHING "alert, loss, heartbeat, run, summary, metric"
#define RAW        "metric"
#define FIRST_RUN  INT64_C(1750000000000)

static const char usage[] = "usage: watch push|deliver|alert|memory|restart EVENTS [SIZE]\n";

/* --- pushing --- */

/* Pushes events in bodies of whole lines until `until` bytes went; the number of events. */
static double push_events(struct bench *bench, size_t until, size_t *bytes)
{
    FILE *file = fopen(bench->events, "re");
    char *body = malloc(BODY);
    size_t held = 0;
    double events = 0;

    if (file == NULL || body == NULL)
        bench_die(bench->events);
    *bytes = 0;
    while (*bytes < until) {
        size_t n = fread(body + held, 1, BODY - held, file), whole;

        held += n;
        if (held == 0)
            bench_die("too few events in the file");
        for (whole = held; whole > 0 && body[whole - 1] != '\n';)
            whole--;
        if (bench_ask_daemon(bench, "/v1/metrics", body, whole) != 200)
            bench_die("a push was not taken");
        for (size_t i = 0; i < whole; i++)
            events += body[i] == '\n';
        *bytes += whole;
        held -= whole;
        memmove(body, body + whole, held);
    }
    free(body);
    fclose(file);
    return events;
}

static void figure_push(struct bench *bench, long size)
{
    for (int sink = 0; sink < 2; sink++) {
        double best = 0;
        size_t bytes;

        for (int again = 0; again < 3; again++) {
            double began, events, rate;

            bench_remove_store(bench);
            bench_configure(bench, "15m", sink != 0 ? EVERYTHING : NULL);
            if (sink)
                bench_start_double(bench, true);
            bench_start_daemon(bench);
            began = bench_seconds();
            events = push_events(bench, (size_t)size * BENCH_MIB, &bytes);
            rate = events / (bench_seconds() - began);
            best = rate > best ? rate : best;
            if (again == 2)
                bench_print_over(bench, "push");
            bench_stop(&bench->daemon, SIGKILL);
            bench_stop(&bench->loggly, SIGKILL);
        }
        printf("push: %.0f events/s from push to disk, bodies of 1 MiB, best of 3%s\n", best,
               sink ? ", while they go on to a sink over TLS" : ", no sink for raw metrics");
        fflush(stdout);
    }
}

/* --- delivering --- */

static bool collect(void *context, const struct lw_outbox_row *row)
{
    lw_buf_str(context, row->bytes);
    return true;
}

/* The very bytes that the daemon will send, in the order of the lanes; the number of events. */
static double read_owed(struct bench *bench, struct lw_buf *out)
{
    const struct lw_store_limits limits = {.spool = 0};
    struct lw_fault fault = {0};
    struct lw_store *store;
    struct lw_outbox outbox;
    double events = 0;
    uint32_t sink;

    if (lw_store_open(&store, bench->store, LW_STORE_OWN, &limits, &fault) != LW_ERR_OK ||
        lw_store_begin(store, &fault) != LW_ERR_OK ||
        lw_store_sink(store, LW_STR("loggly"), &sink, &fault) != LW_ERR_OK ||
        lw_store_commit(store, &fault) != LW_ERR_OK)
        bench_die(fault.text);
    outbox = lw_store_outbox(store);
    for (int lane = 0; lane < LW_LANE_COUNT; lane++)
        if (outbox.read(outbox.self, sink, (enum lw_lane)lane, 0, collect, out, &fault) != LW_ERR_OK)
            bench_die(fault.text);
    lw_store_close(store);
    for (size_t i = 0; i < out->len; i++)
        events += out->at[i] == '\n';
    return events;
}

/* As the double saw it: from the head of the first request to the last event. */
static double took(struct bench *bench)
{
    double began = bench_received(bench, "\"began_ms\":");

    return (bench_number_after(bench->reply.at, "\"ended_ms\":") - began) / 1e3;
}

/* The peer: one connection, batches of whole lines, one after the other. */
static double send_bare(struct bench *bench, const struct lw_buf *bytes)
{
    CURL *curl = curl_easy_init();

    for (size_t at = 0; at < bytes->len;) {
        size_t n = bytes->len - at < BATCH ? bytes->len - at : BATCH;

        while (bytes->at[at + n - 1] != '\n')
            n--;
        if (bench_ask(bench, curl, bench->url, "/bulk/" BENCH_TOKEN, bytes->at + at, n) != 200)
            bench_die("the double refuses");
        at += n;
    }
    curl_easy_cleanup(curl);
    return took(bench);
}

static void copy_store(const struct bench *bench, bool back)
{
    char command[800];

    snprintf(command, sizeof(command), back ? "cp '%s.kept' '%s'" : "mv '%s' '%s.kept'", bench->store, bench->store);
    if (system(command) != 0)
        bench_die("the store cannot be copied");
}

/* Until it has judged what was pushed: a look each half second finds the same six times. */
static void await_quiet(struct bench *bench)
{
    double turns = -1;

    for (int same = 0; same < 6; same++) {
        double now;

        bench_nap(500);
        if (bench_ask_daemon(bench, "/metrics", NULL, 0) != 200)
            bench_die("no metrics");
        now = bench_number_after(bench->reply.at, "\nleeway_turns_total ");
        if (now != turns)
            same = 0;
        turns = now;
    }
}

/* A look each 20 ms at the double is the only load besides; it does not stop before the daemon owes nothing. */
static double send_daemon(struct bench *bench, double bytes)
{
    double began = bench_seconds();

    while (bench_received(bench, "\"bytes\":") < bytes) {
        if (bench_seconds() - began > 120)
            bench_die("the daemon does not deliver");
        bench_nap(20);
    }
    do {
        bench_nap(20);
        if (bench_ask_daemon(bench, "/metrics", NULL, 0) != 200 || bench_seconds() - began > 120)
            bench_die("the daemon goes on owing");
    } while (strstr(bench->reply.at, "leeway_outbox_bytes{sink=\"loggly\",lane=\"metric\"} 0\n") == NULL);
    return took(bench);
}

static int by_size(const void *left, const void *right)
{
    double a = *(const double *)left, b = *(const double *)right;

    return (a > b) - (a < b);
}

static void figure_deliver(struct bench *bench, long size)
{
    struct lw_buf owed = {.ceiling = (size_t)4 << 30};
    double best = 1e9, best_bare = 1e9, events, ratios[ROUNDS];
    size_t bytes;

    /* Nobody listens yet: all waits in the store, and all is judged. */
    bench_configure(bench, "15m", RAW);
    bench_start_double(bench, true);
    bench_stop(&bench->loggly, SIGKILL);
    bench_start_daemon(bench);
    push_events(bench, (size_t)size * BENCH_MIB, &bytes);
    await_quiet(bench);
    bench_stop(&bench->daemon, SIGTERM);
    events = read_owed(bench, &owed);
    copy_store(bench, false);
    for (int again = 0; again < ROUNDS; again++) {
        double daemon, bare, busy, busy_bare;

        bench_start_double(bench, true);
        busy_bare = bench_spent(getpid());
        bare = send_bare(bench, &owed);
        busy_bare = bench_spent(getpid()) - busy_bare;
        bench_stop(&bench->loggly, SIGKILL);
        bench_remove_store(bench);
        copy_store(bench, true);
        bench_start_double(bench, true);
        bench_start_daemon(bench);
        busy = bench_spent(bench->daemon);
        daemon = send_daemon(bench, (double)owed.len - events);
        busy = bench_spent(bench->daemon) - busy;
        if (again == ROUNDS - 1)
            bench_print_over(bench, "deliver");
        bench_stop(&bench->daemon, SIGKILL);
        bench_stop(&bench->loggly, SIGKILL);
        best = daemon < best ? daemon : best;
        best_bare = bare < best_bare ? bare : best_bare;
        ratios[again] = bare / daemon * 100;
        printf("# %.3f s (%.2f of processor), bare %.3f s (%.2f): %.0f %%\n", daemon, busy, bare, busy_bare,
               ratios[again]);
    }
    qsort(ratios, ROUNDS, sizeof(ratios[0]), by_size);
    printf("deliver: %.0f MB/s from the store over TLS, bare libcurl %.0f MB/s: %.0f %% (best of %d each, %.0f MB; in "
           "pairs %.0f to %.0f %%, median %.0f %%)\n",
           (double)owed.len / best / 1e6, (double)owed.len / best_bare / 1e6, best_bare / best * 100, ROUNDS,
           (double)owed.len / 1e6, ratios[0], ratios[ROUNDS - 1], ratios[ROUNDS / 2]);
    lw_buf_close(&owed);
}

/* --- alerts --- */

static void push_run(struct bench *bench, int model, int run, double value)
{
    char line[300];
    int n =
        snprintf(line, sizeof(line),
                 "{\"time\":%lld,\"model\":\"m-%d\",\"run\":\"m-%d-r-%03d\",\"metric\":\"accuracy\",\"value\":%.4f}\n",
                 (long long)(FIRST_RUN + run * LW_HOUR), model, model, run, value);

    if (bench_ask_daemon(bench, "/v1/metrics", line, (size_t)n) != 200)
        bench_die("a push was not taken");
}

/* A run is over a second after its last datapoint (the quiet period); from then until its alert (a broken rule) is here. */
static void figure_alert(struct bench *bench, long size)
{
    double took[ALERTS];

    (void)size;
    bench_configure(bench, "1s", EVERYTHING);
    bench_start_double(bench, false);
    bench_start_daemon(bench);
    for (int i = 0; i < ALERTS; i++) {
        char key[64];
        double over;

        for (int run = 0; run < 8; run++)
            push_run(bench, i, run, 0.9 + 0.001 * (run % 3));
        bench_nap(1200);
        over = bench_seconds() + 1.0;
        push_run(bench, i, 8, 0.3);
        snprintf(key, sizeof(key), "\"lw_model\":\"m-%d\",\"lw_message\"", i);
        do {
            bench_nap(1);
            if (bench_ask(bench, bench->to_control, bench->control, "/double/events", NULL, 0) != 200 ||
                bench_seconds() - over > 20)
                bench_die("no alert");
        } while (strstr(bench->reply.at, key) == NULL);
        took[i] = (bench_seconds() - over) * 1e3;
    }
    qsort(took, ALERTS, sizeof(took[0]), by_size);
    printf("alert: %.0f ms from the end of a run to its alert at the sink, over TLS (median of %d; %.0f .. %.0f)\n",
           took[ALERTS / 2], ALERTS, took[0], took[ALERTS - 1]);
}

/* --- memory --- */

static enum lw_err touched(void *self, struct lw_str origin, struct lw_str model, struct lw_fault *fault)
{
    (void)self;
    (void)origin;
    (void)model;
    (void)fault;
    return LW_ERR_OK;
}

static void put_history(struct bench *bench, long models)
{
    static const char *const names[METRICS] = {"accuracy", "loss", "validation:accuracy", "validation:loss", "auc"};
    const struct lw_store_limits limits = {.spool = 0};
    struct lw_fault fault = {0};
    struct lw_store *store;

    if (lw_store_open(&store, bench->store, LW_STORE_OWN, &limits, &fault) != LW_ERR_OK)
        bench_die(fault.text);
    for (long model = 0; model < models; model++) {
        if (model % 100 == 0 && lw_store_begin(store, &fault) != LW_ERR_OK)
            bench_die(fault.text);
        for (int run = 0; run < HISTORY; run++) {
            struct kit_metric metrics[METRICS];
            double values[METRICS][2];
            char name[64], of[8];
            struct lw_run *record;
            const struct lw_run *view;

            for (int k = 0; k < METRICS; k++) {
                values[k][0] = 0.8 + 0.01 * ((double)((model * 31 + run * 17 + k * 7) % 13) / 13);
                values[k][1] = values[k][0] + 0.1;
                metrics[k] = (struct kit_metric){.name = names[k], .values = values[k], .n = 2};
            }
            snprintf(of, sizeof(of), "m%04x", (unsigned)model & 0xffff);
            snprintf(name, sizeof(name), "%s-r-%03d", of, run);
            record = kit_run_make(&(struct kit_run){.name = name,
                                                    .start = FIRST_RUN + run * LW_HOUR,
                                                    .end = FIRST_RUN + run * LW_HOUR + 10 * LW_MINUTE,
                                                    .outcome = LW_OUTCOME_COMPLETED,
                                                    .metrics = metrics,
                                                    .metrics_n = METRICS});
            /* The kit calls every model by these five letters. */
            memcpy((char *)record + record->model.at, of, record->model.len);
            view = record;
            if (lw_store_runs_put(store, lw_str_from(name), &view, 1, (lw_time){FIRST_RUN}, touched, NULL, &fault) !=
                LW_ERR_OK)
                bench_die(fault.text);
            free(record);
        }
        if ((model % 100 == 99 || model + 1 == models) && lw_store_commit(store, &fault) != LW_ERR_OK)
            bench_die(fault.text);
    }
    lw_store_close(store);
}

/* One more run of every model. The datapoints of one run lie together. */
static void push_open_runs(struct bench *bench, long models)
{
    static const char *const names[METRICS] = {"accuracy", "loss", "validation:accuracy", "validation:loss", "auc"};
    struct lw_buf text = {.ceiling = 16 * BENCH_MIB};

    for (long model = 0; model < models; model++) {
        for (int k = 0; k < METRICS * 2; k++)
            lw_buf_format(
                &text,
                "{\"time\":%lld,\"model\":\"m%04lx\",\"run\":\"m%04lx-r-%03d\",\"metric\":\"%s\",\"value\":%.4f}\n",
                (long long)(FIRST_RUN + HISTORY * LW_HOUR + k / METRICS * LW_MINUTE), model, model, HISTORY,
                names[k % METRICS], 0.9 + 0.001 * (double)(model % 7));
        if (text.len < BODY - 4096 && model + 1 < models)
            continue;
        if (bench_ask_daemon(bench, "/v1/metrics", text.at, text.len) != 200)
            bench_die("a push was not taken");
        lw_buf_clear(&text);
    }
    lw_buf_close(&text);
}

static void figure_memory(struct bench *bench, long size)
{
    double ready, began, open, peak;

    bench_configure(bench, "20s", NULL);
    put_history(bench, size);
    ready = bench_start_daemon(bench);
    peak = bench_memory(bench, "VmHWM:");
    began = bench_seconds();
    push_open_runs(bench, size);
    open = bench_seconds() - began;
    printf("memory: %.0f MiB after the start (%.2f s), %.0f MiB with an open run of each of %ld models (pushed in %.1f "
           "s)\n",
           peak, ready, bench_memory(bench, "VmHWM:"), size, open);
    fflush(stdout);
    /* All are over at once, and judged. */
    bench_nap(20000);
    for (began = bench_seconds(); bench_seconds() - began < 120; bench_nap(200)) {
        if (bench_ask_daemon(bench, "/metrics", NULL, 0) != 200)
            bench_die("no metrics");
        if (bench_number_after(bench->reply.at, "leeway_judge_seconds_count ") >= (double)size)
            break;
    }
    printf("memory: %.0f MiB at most, %.0f MiB in the end, after all were judged: %ld models x %d metrics x %d runs\n",
           bench_memory(bench, "VmHWM:"), bench_memory(bench, "VmRSS:"), size, METRICS, HISTORY + 1);
    bench_print_over(bench, "memory");
}

/* --- restart --- */

/* What a long outage of the sink leaves: raw metrics alone. */
static void fill_spool(struct bench *bench, size_t until)
{
    const struct lw_store_limits limits = {.spool = (uint64_t)4 << 30};
    struct lw_fault fault = {0};
    struct lw_store *store;
    uint32_t sink;
    uint64_t seq;

    if (lw_store_open(&store, bench->store, LW_STORE_OWN, &limits, &fault) != LW_ERR_OK ||
        lw_store_sink(store, LW_STR("loggly"), &sink, &fault) != LW_ERR_OK)
        bench_die(fault.text);
    for (size_t held = 0; held < until;) {
        if (lw_store_begin(store, &fault) != LW_ERR_OK)
            bench_die(fault.text);
        for (size_t in_turn = 0; in_turn < 16 * BENCH_MIB;) {
            char body[400];
            int n;

            if (lw_store_seq(store, sink, &seq, &fault) != LW_ERR_OK)
                bench_die(fault.text);
            n = snprintf(body, sizeof(body),
                         "{\"timestamp\":\"2019-06-12T14:00:00.000Z\",\"lw_event\":\"metric\",\"sampleCount\":1,"
                         "\"average\":0.%06d,\"sum\":0.5,\"minimum\":0.5,\"maximum\":0.5,\"metricName\":"
                         "\"validation:accuracy\",\"namespace\":\"/aws/sagemaker/TrainingJobs\",\"trainingJobName\":"
                         "\"image-classification-2019-06-12-14-00-00\",\"lw_seq\":%llu}",
                         (int)(seq % 1000000), (unsigned long long)seq);
            if (lw_store_outbox_add(store, sink, LW_EVENT_METRIC, seq, (struct lw_str){body, (size_t)n},
                                    (lw_time){FIRST_RUN}, &fault) != LW_ERR_OK)
                bench_die(fault.text);
            in_turn += (size_t)n + 1;
            held += (size_t)n + 1;
        }
        if (lw_store_commit(store, &fault) != LW_ERR_OK)
            bench_die(fault.text);
    }
    lw_store_close(store);
}

static void figure_restart(struct bench *bench, long size)
{
    double ready = 1e9, most = 0, owed;

    /* The double has made its certificate and is gone: nothing can be sent. */
    bench_configure(bench, "15m", EVERYTHING);
    bench_start_double(bench, true);
    bench_stop(&bench->loggly, SIGKILL);
    fill_spool(bench, (size_t)size * BENCH_MIB);
    for (int again = 0; again < 3; again++) {
        double took = bench_start_daemon(bench), resident;

        bench_nap(1000); /* it tries to send */
        resident = bench_memory(bench, "VmHWM:");
        ready = took < ready ? took : ready;
        most = resident > most ? resident : most;
        if (bench_ask_daemon(bench, "/metrics", NULL, 0) != 200)
            bench_die("no metrics");
        owed = bench_number_after(bench->reply.at, "leeway_outbox_bytes{sink=\"loggly\",lane=\"metric\"} ");
        if (owed < (double)size * (double)BENCH_MIB)
            bench_die("the spool is not what it should be");
        bench_stop(&bench->daemon, SIGKILL);
    }
    printf("restart: %.2f s until ready with a spool of %ld MiB (best of 3), %.0f MiB resident at most\n", ready, size,
           most);
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*run)(struct bench *bench, long size);
        long size;
    } figures[] = {{"push", figure_push, PUSH_MIB},
                   {"deliver", figure_deliver, SEND_MIB},
                   {"alert", figure_alert, 0},
                   {"memory", figure_memory, 10000},
                   {"restart", figure_restart, 1024}};
    struct bench bench;

    if (argc < 3 || getenv("LEEWAY") == NULL || getenv("LOGGLY") == NULL) {
        fputs(usage, stderr);
        return 2;
    }
    curl_global_init(CURL_GLOBAL_DEFAULT);
    for (size_t i = 0; i < sizeof(figures) / sizeof(figures[0]); i++) {
        if (strcmp(figures[i].name, argv[1]) != 0)
            continue;
        bench_open(&bench, argv[2]);
        figures[i].run(&bench, argc > 3 ? strtol(argv[3], NULL, 10) : figures[i].size);
        bench_close(&bench);
        return 0;
    }
    fputs(usage, stderr);
    return 2;
}
