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
#include "engine/base/buf.h"
#include "engine/flow/service/slices.h"
#include "engine/store/store.h"
#include "tests/kit/runs.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MIB        ((size_t)1 << 20)
#define BODY       MIB     /* of a push */
#define BATCH      5000000 /* of a delivery */
#define TOKEN      "0a1b2c3d-0000-4000-8000-00000000cafe"
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

struct bench {
    char folder[256], config[300], store[300], token[300], ca[300];
    char url[128], control[128]; /* of the double */
    int port, double_port;
    pid_t daemon, loggly;
    CURL *to_daemon, *to_control;
    struct lw_buf reply;
    const char *events;
};

static void die(const char *what)
{
    fprintf(stderr, "watch: %s\n", what);
    exit(1);
}

static double seconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static void nap(int ms)
{
    const struct timespec time = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L};

    nanosleep(&time, NULL);
}

static int free_port(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0 || bind(fd, (struct sockaddr *)&address, length) != 0 ||
        getsockname(fd, (struct sockaddr *)&address, &length) != 0)
        die("no port");
    close(fd);
    return ntohs(address.sin_port);
}

/* --- HTTP --- */

static size_t keep_reply(char *at, size_t size, size_t n, void *context)
{
    lw_buf_str(context, (struct lw_str){at, size * n});
    return size * n;
}

/* POST with a body, GET with NULL: the status, 0 when there was no answer. The reply is in bench->reply, a string. */
static long ask(struct bench *bench, CURL *curl, const char *base, const char *path, const char *body, size_t n)
{
    struct curl_slist *head = curl_slist_append(NULL, "Content-Type: application/x-ndjson");
    char url[400];
    long status = 0;

    head = curl_slist_append(head, "Expect:");
    snprintf(url, sizeof(url), "%s%s", base, path);
    lw_buf_clear(&bench->reply);
    curl_easy_reset(curl);
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, head);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, keep_reply);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &bench->reply);
    curl_easy_setopt(curl, CURLOPT_CAINFO, bench->ca);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, 120L);
    if (body != NULL) {
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body);
        curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)n);
    }
    if (curl_easy_perform(curl) == CURLE_OK)
        curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    lw_buf_char(&bench->reply, '\0');
    curl_slist_free_all(head);
    return status;
}

static long ask_daemon(struct bench *bench, const char *path, const char *body, size_t n)
{
    char base[64];

    snprintf(base, sizeof(base), "http://127.0.0.1:%d", bench->port);
    return ask(bench, bench->to_daemon, base, path, body, n);
}

static double number_after(const char *text, const char *key)
{
    const char *at = text != NULL ? strstr(text, key) : NULL;

    return at != NULL ? strtod(at + strlen(key), NULL) : 0;
}

static double received(struct bench *bench, const char *key)
{
    if (ask(bench, bench->to_control, bench->control, "/double/stats", NULL, 0) != 200)
        die("the double does not answer");
    return number_after(bench->reply.at, key);
}

/* --- processes --- */

static void start_double(struct bench *bench, bool light)
{
    const char *program = getenv("LOGGLY");
    char port[16], line[600] = "";
    int ends[2];
    FILE *out;

    snprintf(port, sizeof(port), "%d", bench->double_port);
    if (pipe(ends) != 0)
        die("no pipe");
    bench->loggly = fork();
    if (bench->loggly == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        dup2(ends[1], STDOUT_FILENO);
        close(ends[0]);
        close(ends[1]);
        execl(program, program, "--port", port, "--ca-file", bench->ca, light ? "--light" : NULL, (char *)NULL);
        _exit(127);
    }
    close(ends[1]);
    out = fdopen(ends[0], "r");
    if (out == NULL || fgets(line, sizeof(line), out) == NULL ||
        sscanf(line, "%127s %127s", bench->url, bench->control) != 2)
        die("the double of Loggly does not start");
    fclose(out);
}

static void stop(pid_t *process, int signal)
{
    if (*process <= 0)
        return;
    kill(*process, signal);
    waitpid(*process, NULL, 0);
    *process = 0;
}

static void write_file(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
        die(path);
    close(fd);
}

/* `events`: what the double gets (EVERYTHING, RAW); NULL: a file of alerts is all there is. The events are years old:
   nothing of them is to be given up for its age while something else is measured. */
static void configure(struct bench *bench, const char *quiet, const char *events)
{
    char text[2000], to[900];

    if (events != NULL)
        snprintf(to, sizeof(to),
                 "{type: loggly, name: loggly, url: \"https://localhost:%d\", token_file: %s, ca_file: %s, metrics: "
                 "always, spool: 4GiB, events: [%s]}",
                 bench->double_port, bench->token, bench->ca, events);
    else
        snprintf(to, sizeof(to), "{type: file, path: %s/alerts.ndjson, events: [alert]}", bench->folder);
    snprintf(text, sizeof(text),
             "store: %s\nkeep_points: 3650d\nkeep_history: 36500d\nnotify_from: 1970-01-01\nquiet_period: %s\n"
             "heartbeat: 1d\nsources: [{type: http}]\n"
             "models: [{match: \"*\", require: [\"accuracy >= 0.5\"]}]\nsinks: [%s]\nhttp: {listen: "
             "\"127.0.0.1:%d\"}\n",
             bench->store, quiet, to, bench->port);
    write_file(bench->config, text);
}

/* The time until it is ready. */
static double start_daemon(struct bench *bench)
{
    const char *program = getenv("LEEWAY");
    double began = seconds();

    bench->daemon = fork();
    if (bench->daemon == 0) {
        int log = open("/dev/null", O_WRONLY | O_CLOEXEC);

        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getenv("BENCH_LOG") == NULL)
            dup2(log, STDERR_FILENO);
        execl(program, program, "watch", "-c", bench->config, (char *)NULL);
        _exit(127);
    }
    while (ask_daemon(bench, "/readyz", NULL, 0) != 200) {
        if (waitpid(bench->daemon, NULL, WNOHANG) == bench->daemon || seconds() - began > 120)
            die("the daemon does not start (BENCH_LOG=1 shows why)");
        nap(1);
    }
    return seconds() - began;
}

/* MiB of a line of /proc/PID/status. */
static double memory(const struct bench *bench, const char *line)
{
    char path[64], text[8192];
    FILE *file;
    size_t n;

    snprintf(path, sizeof(path), "/proc/%d/status", (int)bench->daemon);
    file = fopen(path, "re");
    if (file == NULL)
        return 0;
    n = fread(text, 1, sizeof(text) - 1, file);
    fclose(file);
    text[n] = '\0';
    return number_after(text, line) / 1024;
}

/* Seconds of processor time of a process. */
static double spent(pid_t process)
{
    char path[64], text[1024];
    unsigned long user = 0, kernel = 0;
    FILE *file;
    size_t n;

    snprintf(path, sizeof(path), "/proc/%d/stat", (int)process);
    file = fopen(path, "re");
    n = file != NULL ? fread(text, 1, sizeof(text) - 1, file) : 0;
    if (file != NULL)
        fclose(file);
    text[n] = '\0';
    if (sscanf(text, "%*d %*s %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &kernel) != 2)
        die("no times of a process");
    return (double)(user + kernel) / (double)sysconf(_SC_CLK_TCK);
}

/* How many slices of each kind of work took longer than 50 ms, and of how many; and what the kind took in all of them. */
static void print_over(struct bench *bench, const char *figure)
{
    if (ask_daemon(bench, "/metrics", NULL, 0) != 200)
        die("no metrics");
    for (int kind = 0; kind < LW_SLICE_COUNT; kind++) {
        const char *id = lw_slice_id((enum lw_slice)kind);
        char key[100];
        double all, within, tenth, wall, cpu;

        snprintf(key, sizeof(key), "leeway_slice_seconds_count{kind=\"%s\"} ", id);
        all = number_after(bench->reply.at, key);
        snprintf(key, sizeof(key), "leeway_slice_seconds_bucket{kind=\"%s\",le=\"0.05\"} ", id);
        within = number_after(bench->reply.at, key);
        snprintf(key, sizeof(key), "leeway_slice_seconds_bucket{kind=\"%s\",le=\"0.1\"} ", id);
        tenth = number_after(bench->reply.at, key);
        snprintf(key, sizeof(key), "leeway_work_seconds_total{kind=\"%s\"} ", id);
        wall = number_after(bench->reply.at, key);
        snprintf(key, sizeof(key), "leeway_work_cpu_seconds_total{kind=\"%s\"} ", id);
        cpu = number_after(bench->reply.at, key);
        if (all > 0 || wall > 0.01)
            printf("%s: slices, most of it %s: %.0f of %.0f over 50 ms (%.0f over 100 ms); its work: %.2f s, %.2f s of "
                   "the processor\n",
                   figure, id, all - within, all, all - tenth, wall, cpu);
    }
}

/* --- opening and closing --- */

static void remove_store(const struct bench *bench)
{
    static const char *const endings[] = {"", "-wal", "-shm", ".lock", ".water"};

    for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++) {
        char path[400];

        snprintf(path, sizeof(path), "%s%s", bench->store, endings[i]);
        unlink(path);
    }
}

static void open_bench(struct bench *bench, const char *events)
{
    const char *where = getenv("TMPDIR");

    *bench = (struct bench){.reply = {.ceiling = 256 * MIB}, .events = events};
    snprintf(bench->folder, sizeof(bench->folder), "%.200s/leeway-bench-XXXXXX", where != NULL ? where : "/tmp");
    if (mkdtemp(bench->folder) == NULL)
        die(bench->folder);
    snprintf(bench->config, sizeof(bench->config), "%s/leeway.yaml", bench->folder);
    snprintf(bench->store, sizeof(bench->store), "%s/leeway.db", bench->folder);
    snprintf(bench->token, sizeof(bench->token), "%s/token", bench->folder);
    snprintf(bench->ca, sizeof(bench->ca), "%s/ca.pem", bench->folder);
    write_file(bench->token, TOKEN "\n");
    bench->to_daemon = curl_easy_init();
    bench->to_control = curl_easy_init();
    bench->port = free_port();
    bench->double_port = free_port();
}

static void close_bench(struct bench *bench)
{
    char command[300];

    stop(&bench->daemon, SIGKILL);
    stop(&bench->loggly, SIGKILL);
    curl_easy_cleanup(bench->to_daemon);
    curl_easy_cleanup(bench->to_control);
    lw_buf_close(&bench->reply);
    snprintf(command, sizeof(command), "rm -rf '%s'", bench->folder);
    if (system(command) != 0)
        die("the folder stays");
}

/* --- pushing --- */

/* Pushes events in bodies of whole lines until `until` bytes went; the number of events. */
static double push_events(struct bench *bench, size_t until, size_t *bytes)
{
    FILE *file = fopen(bench->events, "re");
    char *body = malloc(BODY);
    size_t held = 0;
    double events = 0;

    if (file == NULL || body == NULL)
        die(bench->events);
    *bytes = 0;
    while (*bytes < until) {
        size_t n = fread(body + held, 1, BODY - held, file), whole;

        held += n;
        if (held == 0)
            die("too few events in the file");
        for (whole = held; whole > 0 && body[whole - 1] != '\n';)
            whole--;
        if (ask_daemon(bench, "/v1/metrics", body, whole) != 200)
            die("a push was not taken");
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

            remove_store(bench);
            configure(bench, "15m", sink != 0 ? EVERYTHING : NULL);
            if (sink)
                start_double(bench, true);
            start_daemon(bench);
            began = seconds();
            events = push_events(bench, (size_t)size * MIB, &bytes);
            rate = events / (seconds() - began);
            best = rate > best ? rate : best;
            if (again == 2)
                print_over(bench, "push");
            stop(&bench->daemon, SIGKILL);
            stop(&bench->loggly, SIGKILL);
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
        die(fault.text);
    outbox = lw_store_outbox(store);
    for (int lane = 0; lane < LW_LANE_COUNT; lane++)
        if (outbox.read(outbox.self, sink, (enum lw_lane)lane, 0, collect, out, &fault) != LW_ERR_OK)
            die(fault.text);
    lw_store_close(store);
    for (size_t i = 0; i < out->len; i++)
        events += out->at[i] == '\n';
    return events;
}

/* As the double saw it: from the head of the first request to the last event. */
static double took(struct bench *bench)
{
    double began = received(bench, "\"began_ms\":");

    return (number_after(bench->reply.at, "\"ended_ms\":") - began) / 1e3;
}

/* The peer: one connection, batches of whole lines, one after the other. */
static double send_bare(struct bench *bench, const struct lw_buf *bytes)
{
    CURL *curl = curl_easy_init();

    for (size_t at = 0; at < bytes->len;) {
        size_t n = bytes->len - at < BATCH ? bytes->len - at : BATCH;

        while (bytes->at[at + n - 1] != '\n')
            n--;
        if (ask(bench, curl, bench->url, "/bulk/" TOKEN, bytes->at + at, n) != 200)
            die("the double refuses");
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
        die("the store cannot be copied");
}

/* Until it has judged what was pushed: a look each half second finds the same six times. */
static void await_quiet(struct bench *bench)
{
    double turns = -1;

    for (int same = 0; same < 6; same++) {
        double now;

        nap(500);
        if (ask_daemon(bench, "/metrics", NULL, 0) != 200)
            die("no metrics");
        now = number_after(bench->reply.at, "\nleeway_turns_total ");
        if (now != turns)
            same = 0;
        turns = now;
    }
}

/* A look each 20 ms at the double is the only load besides; it does not stop before the daemon owes nothing. */
static double send_daemon(struct bench *bench, double bytes)
{
    double began = seconds();

    while (received(bench, "\"bytes\":") < bytes) {
        if (seconds() - began > 120)
            die("the daemon does not deliver");
        nap(20);
    }
    do {
        nap(20);
        if (ask_daemon(bench, "/metrics", NULL, 0) != 200 || seconds() - began > 120)
            die("the daemon goes on owing");
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
    configure(bench, "15m", RAW);
    start_double(bench, true);
    stop(&bench->loggly, SIGKILL);
    start_daemon(bench);
    push_events(bench, (size_t)size * MIB, &bytes);
    await_quiet(bench);
    stop(&bench->daemon, SIGTERM);
    events = read_owed(bench, &owed);
    copy_store(bench, false);
    for (int again = 0; again < ROUNDS; again++) {
        double daemon, bare, busy, busy_bare;

        start_double(bench, true);
        busy_bare = spent(getpid());
        bare = send_bare(bench, &owed);
        busy_bare = spent(getpid()) - busy_bare;
        stop(&bench->loggly, SIGKILL);
        remove_store(bench);
        copy_store(bench, true);
        start_double(bench, true);
        start_daemon(bench);
        busy = spent(bench->daemon);
        daemon = send_daemon(bench, (double)owed.len - events);
        busy = spent(bench->daemon) - busy;
        if (again == ROUNDS - 1)
            print_over(bench, "deliver");
        stop(&bench->daemon, SIGKILL);
        stop(&bench->loggly, SIGKILL);
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

    if (ask_daemon(bench, "/v1/metrics", line, (size_t)n) != 200)
        die("a push was not taken");
}

/* A run is over a second after its last datapoint (the quiet period); from then until its alert (a broken rule) is here. */
static void figure_alert(struct bench *bench, long size)
{
    double took[ALERTS];

    (void)size;
    configure(bench, "1s", EVERYTHING);
    start_double(bench, false);
    start_daemon(bench);
    for (int i = 0; i < ALERTS; i++) {
        char key[64];
        double over;

        for (int run = 0; run < 8; run++)
            push_run(bench, i, run, 0.9 + 0.001 * (run % 3));
        nap(1200);
        over = seconds() + 1.0;
        push_run(bench, i, 8, 0.3);
        snprintf(key, sizeof(key), "\"lw_model\":\"m-%d\",\"lw_message\"", i);
        do {
            nap(1);
            if (ask(bench, bench->to_control, bench->control, "/double/events", NULL, 0) != 200 ||
                seconds() - over > 20)
                die("no alert");
        } while (strstr(bench->reply.at, key) == NULL);
        took[i] = (seconds() - over) * 1e3;
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
        die(fault.text);
    for (long model = 0; model < models; model++) {
        if (model % 100 == 0 && lw_store_begin(store, &fault) != LW_ERR_OK)
            die(fault.text);
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
                die(fault.text);
            free(record);
        }
        if ((model % 100 == 99 || model + 1 == models) && lw_store_commit(store, &fault) != LW_ERR_OK)
            die(fault.text);
    }
    lw_store_close(store);
}

/* One more run of every model. The datapoints of one run lie together. */
static void push_open_runs(struct bench *bench, long models)
{
    static const char *const names[METRICS] = {"accuracy", "loss", "validation:accuracy", "validation:loss", "auc"};
    struct lw_buf text = {.ceiling = 16 * MIB};

    for (long model = 0; model < models; model++) {
        for (int k = 0; k < METRICS * 2; k++)
            lw_buf_format(
                &text,
                "{\"time\":%lld,\"model\":\"m%04lx\",\"run\":\"m%04lx-r-%03d\",\"metric\":\"%s\",\"value\":%.4f}\n",
                (long long)(FIRST_RUN + HISTORY * LW_HOUR + k / METRICS * LW_MINUTE), model, model, HISTORY,
                names[k % METRICS], 0.9 + 0.001 * (double)(model % 7));
        if (text.len < BODY - 4096 && model + 1 < models)
            continue;
        if (ask_daemon(bench, "/v1/metrics", text.at, text.len) != 200)
            die("a push was not taken");
        lw_buf_clear(&text);
    }
    lw_buf_close(&text);
}

static void figure_memory(struct bench *bench, long size)
{
    double ready, began, open, peak;

    configure(bench, "20s", NULL);
    put_history(bench, size);
    ready = start_daemon(bench);
    peak = memory(bench, "VmHWM:");
    began = seconds();
    push_open_runs(bench, size);
    open = seconds() - began;
    printf("memory: %.0f MiB after the start (%.2f s), %.0f MiB with an open run of each of %ld models (pushed in %.1f "
           "s)\n",
           peak, ready, memory(bench, "VmHWM:"), size, open);
    fflush(stdout);
    /* All are over at once, and judged. */
    nap(20000);
    for (began = seconds(); seconds() - began < 120; nap(200)) {
        if (ask_daemon(bench, "/metrics", NULL, 0) != 200)
            die("no metrics");
        if (number_after(bench->reply.at, "leeway_judge_seconds_count ") >= (double)size)
            break;
    }
    printf("memory: %.0f MiB at most, %.0f MiB in the end, after all were judged: %ld models x %d metrics x %d runs\n",
           memory(bench, "VmHWM:"), memory(bench, "VmRSS:"), size, METRICS, HISTORY + 1);
    print_over(bench, "memory");
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
        die(fault.text);
    for (size_t held = 0; held < until;) {
        if (lw_store_begin(store, &fault) != LW_ERR_OK)
            die(fault.text);
        for (size_t in_turn = 0; in_turn < 16 * MIB;) {
            char body[400];
            int n;

            if (lw_store_seq(store, sink, &seq, &fault) != LW_ERR_OK)
                die(fault.text);
            n = snprintf(body, sizeof(body),
                         "{\"timestamp\":\"2019-06-12T14:00:00.000Z\",\"lw_event\":\"metric\",\"sampleCount\":1,"
                         "\"average\":0.%06d,\"sum\":0.5,\"minimum\":0.5,\"maximum\":0.5,\"metricName\":"
                         "\"validation:accuracy\",\"namespace\":\"/aws/sagemaker/TrainingJobs\",\"trainingJobName\":"
                         "\"image-classification-2019-06-12-14-00-00\",\"lw_seq\":%llu}",
                         (int)(seq % 1000000), (unsigned long long)seq);
            if (lw_store_outbox_add(store, sink, LW_EVENT_METRIC, seq, (struct lw_str){body, (size_t)n},
                                    (lw_time){FIRST_RUN}, &fault) != LW_ERR_OK)
                die(fault.text);
            in_turn += (size_t)n + 1;
            held += (size_t)n + 1;
        }
        if (lw_store_commit(store, &fault) != LW_ERR_OK)
            die(fault.text);
    }
    lw_store_close(store);
}

static void figure_restart(struct bench *bench, long size)
{
    double ready = 1e9, most = 0, owed;

    /* The double has made its certificate and is gone: nothing can be sent. */
    configure(bench, "15m", EVERYTHING);
    start_double(bench, true);
    stop(&bench->loggly, SIGKILL);
    fill_spool(bench, (size_t)size * MIB);
    for (int again = 0; again < 3; again++) {
        double took = start_daemon(bench), resident;

        nap(1000); /* it tries to send */
        resident = memory(bench, "VmHWM:");
        ready = took < ready ? took : ready;
        most = resident > most ? resident : most;
        if (ask_daemon(bench, "/metrics", NULL, 0) != 200)
            die("no metrics");
        owed = number_after(bench->reply.at, "leeway_outbox_bytes{sink=\"loggly\",lane=\"metric\"} ");
        if (owed < (double)size * (double)MIB)
            die("the spool is not what it should be");
        stop(&bench->daemon, SIGKILL);
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
        open_bench(&bench, argv[2]);
        figures[i].run(&bench, argc > 3 ? strtol(argv[3], NULL, 10) : figures[i].size);
        close_bench(&bench);
        return 0;
    }
    fputs(usage, stderr);
    return 2;
}
