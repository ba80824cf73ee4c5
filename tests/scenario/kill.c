/* The daemon is killed at random moments under load; what it accepted arrives at the sink all the same, no id has two
   bodies, and the alerts are those of the offline analysis. LEEWAY_KILLS: how often (default 100). */
#define _GNU_SOURCE
#include "tests/kit/double/loggly_double.h"
#include "tests/kit/kit.h"

#include "engine/base/buf.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define RUNS        60
#define POINTS      10
#define BATCH_LINES 10

/* Everything that one test needs. */
struct stage {
    char folder[256], config[300], file[300], log[300];
    int port;
    pid_t daemon;
    struct kit_double loggly;
    struct kit_random random;
    struct lw_buf history; /* of the followed file: all lines */
    size_t history_given;
    unsigned pushed; /* datapoints that were accepted */
};

static void nap(int64_t ms)
{
    struct timespec time = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};

    nanosleep(&time, NULL);
}

static int64_t now_ms(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t)time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

static int free_port(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (bind(fd, (struct sockaddr *)&address, length) != 0 ||
        getsockname(fd, (struct sockaddr *)&address, &length) != 0)
        exit(2);
    close(fd);
    return ntohs(address.sin_port);
}

/* --- one HTTP exchange with the daemon: the status, 0 when it did not come --- */

static int ask(const struct stage *stage, const char *method, const char *path, const char *body, struct lw_buf *reply)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons((uint16_t)stage->port)};
    struct timeval patience = {.tv_sec = 10};
    struct lw_buf text = {.ceiling = 1 << 24};
    char *head;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int status = 0;

    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    lw_buf_format(&text,
                  "%s %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nContent-Type: application/x-ndjson\r\nContent-Length: "
                  "%zu\r\nConnection: close\r\n\r\n%s",
                  method, path, stage->port, strlen(body), body);
    if (connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0 &&
        send(fd, text.at, text.len, MSG_NOSIGNAL) == (ssize_t)text.len) {
        lw_buf_clear(&text);
        for (;;) {
            char *room = lw_buf_reserve(&text, 65536);
            ssize_t n = room != NULL ? recv(fd, room, 65536, 0) : -1;

            if (n <= 0)
                break;
            text.len += (size_t)n;
        }
        lw_buf_char(&text, '\0');
        head = strstr(text.at, "\r\n\r\n");
        if (head != NULL && sscanf(text.at, "HTTP/1.1 %d", &status) == 1 && reply != NULL)
            lw_buf_text(reply, head + 4);
    }
    close(fd);
    lw_buf_close(&text);
    return status;
}

/* --- the daemon --- */

static void start(struct stage *stage)
{
    const char *program = getenv("LEEWAY");

    stage->daemon = fork();
    if (stage->daemon == 0) {
        int log = open(stage->log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

        prctl(PR_SET_PDEATHSIG, SIGKILL);
        dup2(log, 2);
        execl(program != NULL ? program : "build/leeway", "leeway", "watch", "-c", stage->config, (char *)NULL);
        _exit(127);
    }
}

static bool wait_ready(const struct stage *stage)
{
    for (int64_t until = now_ms() + 20000; now_ms() < until; nap(3)) {
        if (ask(stage, "GET", "/readyz", "", NULL) == 200)
            return true;
    }
    return false;
}

static int end(struct stage *stage, int signal)
{
    int status = 0;

    kill(stage->daemon, signal);
    waitpid(stage->daemon, &status, 0);
    return status;
}

/* --- data --- */

static void write_history(struct stage *stage)
{
    for (unsigned run = 0; run < RUNS; run++) {
        double value = 0.9 + 0.002 * kit_random_normal(&stage->random) - (run >= 40 ? 0.03 : 0);

        for (unsigned i = 0; i < POINTS; i++)
            lw_buf_format(
                &stage->history,
                "{\"time\":%lld,\"model\":\"filed\",\"run\":\"f-%03u\",\"metric\":\"accuracy\",\"value\":%.6f}\n",
                1750000000000LL + run * 3600000LL + i * 60000LL, run, value - 0.001 * (POINTS - 1 - i));
    }
}

/* Appends some lines to the followed file, torn at any byte. */
static void append_some(struct stage *stage, size_t n)
{
    size_t left = stage->history.len - stage->history_given;
    int fd = open(stage->file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

    n = n < left ? n : left;
    if (write(fd, stage->history.at + stage->history_given, n) != (ssize_t)n)
        exit(2);
    close(fd);
    stage->history_given += n;
}

/* One batch of datapoints that were never sent before; counted when it was accepted. The same is sent again until then, as
   a shipper does. */
static bool push_batch(struct stage *stage)
{
    struct lw_buf text = {.ceiling = 1 << 20};
    int status;

    for (unsigned i = 0; i < BATCH_LINES; i++)
        lw_buf_format(&text,
                      "{\"time\":%lld,\"model\":\"pushed\",\"run\":\"p-%04u\",\"metric\":\"loss\",\"value\":%u}\n",
                      1750000000000LL + (stage->pushed + i) * 1000LL, stage->pushed / 100, stage->pushed + i);
    lw_buf_char(&text, '\0');
    status = ask(stage, "POST", "/v1/metrics", text.at, NULL);
    lw_buf_close(&text);
    if (status == 200)
        stage->pushed += BATCH_LINES;
    return status == 200;
}

/* --- opening --- */

static void write_file(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    if (write(fd, text, strlen(text)) != (ssize_t)strlen(text))
        exit(2);
    close(fd);
}

static void set_up(struct stage *stage, uint64_t seed)
{
    struct kit_double_options options = {.tokens = NULL};
    struct lw_buf text = {.ceiling = 1 << 16};
    char token[300];
    char ca[300];

    *stage = (struct stage){.random = kit_seed(seed), .history = {.ceiling = 1 << 24}};
    snprintf(stage->folder, sizeof(stage->folder), "%.200s", kit_temporary_directory());
    snprintf(stage->config, sizeof(stage->config), "%s/leeway.yaml", stage->folder);
    snprintf(stage->file, sizeof(stage->file), "%s/metrics.ndjson", stage->folder);
    snprintf(stage->log, sizeof(stage->log), "%s/log", stage->folder);
    snprintf(token, sizeof(token), "%s/token", stage->folder);
    snprintf(ca, sizeof(ca), "%s/ca.pem", stage->folder);
    write_file(token, KIT_DOUBLE_INGEST "\n");
    options.ca_file = ca;
    kit_double_start(&stage->loggly, &options);
    stage->port = free_port();
    lw_buf_format(&text,
                  "store: %s/leeway.db\nnotify_from: 1970-01-01\nquiet_period: 15m\nheartbeat: 10s\n"
                  "sources:\n  - {type: file, path: %s}\n  - {type: http}\n"
                  "sinks:\n  - {type: loggly, url: \"%s\", token_file: %s, ca_file: %s, metrics: always}\n"
                  "http: {listen: \"127.0.0.1:%d\"}\n",
                  stage->folder, stage->file, stage->loggly.url, token, stage->loggly.ca_file, stage->port);
    lw_buf_char(&text, '\0');
    write_file(stage->config, text.at);
    lw_buf_close(&text);
    write_history(stage);
    append_some(stage, 0);
}

static void tear_down(struct stage *stage)
{
    kit_double_stop(&stage->loggly);
    lw_buf_close(&stage->history);
}

/* --- what arrived --- */

static unsigned long number_after(const char *text, const char *key)
{
    const char *at = strstr(text, key);

    return at != NULL ? strtoul(at + strlen(key), NULL, 10) : 0;
}

static unsigned count_lines(const char *text, const char *a, const char *b)
{
    unsigned n = 0;

    for (const char *line = text; line != NULL && *line != '\0';) {
        const char *next = strchr(line, '\n');
        size_t length = next != NULL ? (size_t)(next - line) : strlen(line);

        n += memmem(line, length, a, strlen(a)) != NULL && memmem(line, length, b, strlen(b)) != NULL;
        line = next != NULL ? next + 1 : NULL;
    }
    return n;
}

/* How many datapoints of a run of the followed file arrived, each counted once. */
static unsigned count_points(const char *events, unsigned run)
{
    char stamps[POINTS][32], name[64];
    unsigned n = 0;

    snprintf(name, sizeof(name), "\"trainingJobName\":\"f-%03u\"", run);
    for (const char *line = events; line != NULL && *line != '\0';) {
        const char *next = strchr(line, '\n');
        size_t length = next != NULL ? (size_t)(next - line) : strlen(line);
        const char *stamp = memmem(line, length, "\"timestamp\":\"", 13);
        bool known = stamp == NULL || memmem(line, length, name, strlen(name)) == NULL ||
                     memmem(line, length, "\"lw_event\":\"metric\"", 19) == NULL;

        for (unsigned i = 0; i < n && !known; i++)
            known = strncmp(stamps[i], stamp + 13, 24) == 0;
        if (!known && n < POINTS)
            snprintf(stamps[n++], sizeof(stamps[0]), "%.24s", stamp + 13);
        line = next != NULL ? next + 1 : NULL;
    }
    return n;
}

/* Waits until nothing more is owed: the outbox is empty and all units that can be are judged. */
static bool wait_drained(const struct stage *stage)
{
    for (int64_t until = now_ms() + 60000; now_ms() < until; nap(100)) {
        struct lw_buf text = {.ceiling = 1 << 20};
        bool drained = false;

        if (ask(stage, "GET", "/metrics", "", &text) == 200) {
            lw_buf_char(&text, '\0');
            drained = true;
            for (const char *at = strstr(text.at, "leeway_outbox_events{"); at != NULL;
                 at = strstr(at + 1, "leeway_outbox_events{"))
                drained = drained && strtoul(strchr(at, ' ') + 1, NULL, 10) == 0;
            drained = drained && number_after(text.at, "\nleeway_points_total ") > 0;
        }
        lw_buf_close(&text);
        if (drained)
            return true;
    }
    return false;
}

/* Ids of level alerts of the followed file that stand at the end, sorted, in one text: of events as NDJSON. What the clock drives (overdue) hangs
   on the time of the test. */
static void standing_alerts(const char *events, struct lw_buf *out)
{
    char ids[256][32];
    size_t n = 0;

    for (const char *line = events; line != NULL && *line != '\0';) {
        const char *next = strchr(line, '\n');
        size_t length = next != NULL ? (size_t)(next - line) : strlen(line);
        const char *id = memmem(line, length, "\"lw_alert_id\":\"", 15);

        if (id != NULL && memmem(line, length, "\"lw_model\":\"filed\"", 18) != NULL &&
            memmem(line, length, "\"lw_detectors\":\"overdue\"", 24) == NULL && n < 256) {
            bool known = false;

            for (size_t i = 0; i < n; i++) {
                if (strncmp(ids[i], id + 15, 26) != 0)
                    continue;
                known = true;
                if (memmem(line, length, "\"lw_state\":\"retracted\"", 22) != NULL)
                    memcpy(ids[i], ids[--n], 32);
            }
            if (!known)
                snprintf(ids[n++], 32, "%.26s", id + 15);
        }
        line = next != NULL ? next + 1 : NULL;
    }
    qsort(ids, n, sizeof(ids[0]), (int (*)(const void *, const void *))strcmp);
    for (size_t i = 0; i < n; i++)
        lw_buf_format(out, "%s\n", ids[i]);
    lw_buf_char(out, '\0');
}

/* The same of `leeway analyze` on the file. */
static void offline_alerts(const struct stage *stage, struct lw_buf *out)
{
    const char *program = getenv("LEEWAY");
    struct lw_buf events = {.ceiling = 1 << 26};
    char command[1024];
    FILE *pipe;
    size_t n;

    snprintf(command, sizeof(command), "%s analyze --format ndjson %s 2>/dev/null",
             program != NULL ? program : "build/leeway", stage->file);
    pipe = popen(command, "r");
    do {
        char *room = lw_buf_reserve(&events, 65536);

        n = fread(room, 1, 65536, pipe);
        events.len += n;
    } while (n > 0);
    pclose(pipe);
    lw_buf_char(&events, '\0');
    standing_alerts(events.at, out);
    lw_buf_close(&events);
}

/* Waits until the followed file was looked at, and all that it closes is judged and told; in the end the test looks. */
static void wait_settled(const struct stage *stage, const struct lw_buf *offline)
{
    bool same = false;

    for (int64_t until = now_ms() + 60000; !same && now_ms() < until; nap(500)) {
        struct lw_buf live = {.ceiling = 1 << 20};
        char *events = kit_double_ask(&stage->loggly, "/double/events", NULL);

        if (events != NULL)
            standing_alerts(events, &live);
        same = live.at != NULL && strcmp(live.at, offline->at) == 0;
        free(events);
        lw_buf_close(&live);
    }
    nap(1000);
}

static void what_was_accepted_arrives_through_any_number_of_kills(void)
{
    const char *wanted = getenv("LEEWAY_KILLS");
    unsigned kills = wanted != NULL ? (unsigned)atoi(wanted) : 100;
    struct lw_buf offline = {.ceiling = 1 << 20};
    struct lw_buf live = {.ceiling = 1 << 20};
    struct stage stage;
    char *received;
    char *events;

    set_up(&stage, 4711);
    for (unsigned i = 0; i < kills; i++) {
        int64_t until;

        start(&stage);
        /* Some are killed while they start. */
        if (kit_random_uniform(&stage.random) < 0.8)
            CU_ASSERT_TRUE_FATAL(wait_ready(&stage));
        append_some(&stage, stage.history.len / kills + 1);
        until = now_ms() + (int64_t)(kit_random_uniform(&stage.random) * 60);
        while (now_ms() < until && push_batch(&stage)) {
        }
        (void)end(&stage, SIGKILL);
    }
    append_some(&stage, stage.history.len);
    start(&stage);
    CU_ASSERT_TRUE_FATAL(wait_ready(&stage));
    while (!push_batch(&stage))
        nap(10);
    offline_alerts(&stage, &offline);
    wait_settled(&stage, &offline);
    CU_ASSERT_TRUE(wait_drained(&stage));
    CU_ASSERT_EQUAL(end(&stage, SIGTERM), 0);
    received = kit_double_ask(&stage.loggly, "/double/received", NULL);
    events = kit_double_ask(&stage.loggly, "/double/events", NULL);
    CU_ASSERT_PTR_NOT_NULL_FATAL(received);
    CU_ASSERT_PTR_NOT_NULL_FATAL(events);
    printf("# %u kills, %u datapoints pushed and accepted, %lu events received, %lu distinct\n", kills, stage.pushed,
           number_after(received, "\"total\":"), number_after(received, "\"distinct\":"));
    CU_ASSERT_EQUAL(number_after(received, "\"conflicts\":"), 0);
    CU_ASSERT_TRUE(number_after(received, "\"distinct\":") >= stage.pushed + RUNS * POINTS);
    for (unsigned i = 0; i < stage.pushed; i += BATCH_LINES) {
        char average[64];

        snprintf(average, sizeof(average), "\"average\":%u,", i + BATCH_LINES / 2);
        if (count_lines(events, average, "\"metricName\":\"loss\"") == 0)
            printf("# pushed and lost: %u\n", i + BATCH_LINES / 2);
        CU_ASSERT_TRUE(count_lines(events, average, "\"metricName\":\"loss\"") >= 1);
    }
    for (unsigned run = 0; run < RUNS; run++) {
        if (count_points(events, run) != POINTS)
            printf("# followed: %u of %u datapoints of run %u\n", count_points(events, run), POINTS, run);
        CU_ASSERT_EQUAL(count_points(events, run), POINTS);
    }
    standing_alerts(events, &live);
    CU_ASSERT_TRUE(strlen(offline.at) > 0);
    if (strcmp(live.at, offline.at) != 0)
        printf("# alerts of the daemon: %s\n# offline: %s\n", live.at, offline.at);
    CU_ASSERT_STRING_EQUAL(live.at, offline.at);
    free(received);
    free(events);
    lw_buf_close(&offline);
    lw_buf_close(&live);
    tear_down(&stage);
}

KIT_SUITE("kill", {"what was accepted arrives through any number of kills",
                   what_was_accepted_arrives_through_any_number_of_kills})
