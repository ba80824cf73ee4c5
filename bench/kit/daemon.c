#define _GNU_SOURCE
#include "bench/kit/daemon.h"

#include "engine/flow/service/slices.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

void bench_die(const char *what)
{
    fprintf(stderr, "watch: %s\n", what);
    exit(1);
}

double bench_seconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

void bench_nap(int ms)
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
        bench_die("no port");
    close(fd);
    return ntohs(address.sin_port);
}

static size_t keep_reply(char *at, size_t size, size_t n, void *context)
{
    lw_buf_str(context, (struct lw_str){at, size * n});
    return size * n;
}

long bench_ask(struct bench *bench, CURL *curl, const char *base, const char *path, const char *body, size_t n)
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

long bench_ask_daemon(struct bench *bench, const char *path, const char *body, size_t n)
{
    char base[64];

    snprintf(base, sizeof(base), "http://127.0.0.1:%d", bench->port);
    return bench_ask(bench, bench->to_daemon, base, path, body, n);
}

double bench_number_after(const char *text, const char *key)
{
    const char *at = text != NULL ? strstr(text, key) : NULL;

    return at != NULL ? strtod(at + strlen(key), NULL) : 0;
}

double bench_received(struct bench *bench, const char *key)
{
    if (bench_ask(bench, bench->to_control, bench->control, "/double/stats", NULL, 0) != 200)
        bench_die("the double does not answer");
    return bench_number_after(bench->reply.at, key);
}

void bench_start_double(struct bench *bench, bool light)
{
    const char *program = getenv("LOGGLY");
    char port[16], line[600] = "";
    int ends[2];
    FILE *out;

    snprintf(port, sizeof(port), "%d", bench->double_port);
    if (pipe(ends) != 0)
        bench_die("no pipe");
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
        bench_die("the double of Loggly does not start");
    fclose(out);
}

void bench_stop(pid_t *process, int signal)
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
        bench_die(path);
    close(fd);
}

/* The events are years old: nothing of them is to be given up for its age while something else is measured. */
void bench_configure(struct bench *bench, const char *quiet, const char *events)
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

double bench_start_daemon(struct bench *bench)
{
    const char *program = getenv("LEEWAY");
    double began = bench_seconds();

    bench->daemon = fork();
    if (bench->daemon == 0) {
        int log = open("/dev/null", O_WRONLY | O_CLOEXEC);

        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getenv("BENCH_LOG") == NULL)
            dup2(log, STDERR_FILENO);
        execl(program, program, "watch", "-c", bench->config, (char *)NULL);
        _exit(127);
    }
    while (bench_ask_daemon(bench, "/readyz", NULL, 0) != 200) {
        if (waitpid(bench->daemon, NULL, WNOHANG) == bench->daemon || bench_seconds() - began > 120)
            bench_die("the daemon does not start (BENCH_LOG=1 shows why)");
        bench_nap(1);
    }
    return bench_seconds() - began;
}

double bench_memory(const struct bench *bench, const char *line)
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
    return bench_number_after(text, line) / 1024;
}

double bench_spent(pid_t process)
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
        bench_die("no times of a process");
    return (double)(user + kernel) / (double)sysconf(_SC_CLK_TCK);
}

void bench_print_over(struct bench *bench, const char *figure)
{
    if (bench_ask_daemon(bench, "/metrics", NULL, 0) != 200)
        bench_die("no metrics");
    for (int kind = 0; kind < LW_SLICE_COUNT; kind++) {
        const char *id = lw_slice_id((enum lw_slice)kind);
        char key[100];
        double all, within, tenth, wall, cpu;

        snprintf(key, sizeof(key), "leeway_slice_seconds_count{kind=\"%s\"} ", id);
        all = bench_number_after(bench->reply.at, key);
        snprintf(key, sizeof(key), "leeway_slice_seconds_bucket{kind=\"%s\",le=\"0.05\"} ", id);
        within = bench_number_after(bench->reply.at, key);
        snprintf(key, sizeof(key), "leeway_slice_seconds_bucket{kind=\"%s\",le=\"0.1\"} ", id);
        tenth = bench_number_after(bench->reply.at, key);
        snprintf(key, sizeof(key), "leeway_work_seconds_total{kind=\"%s\"} ", id);
        wall = bench_number_after(bench->reply.at, key);
        snprintf(key, sizeof(key), "leeway_work_cpu_seconds_total{kind=\"%s\"} ", id);
        cpu = bench_number_after(bench->reply.at, key);
        if (all > 0 || wall > 0.01)
            printf("%s: slices, most of it %s: %.0f of %.0f over 50 ms (%.0f over 100 ms); its work: %.2f s, %.2f s of "
                   "the processor\n",
                   figure, id, all - within, all, all - tenth, wall, cpu);
    }
}

void bench_remove_store(const struct bench *bench)
{
    static const char *const endings[] = {"", "-wal", "-shm", ".lock", ".water"};

    for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++) {
        char path[400];

        snprintf(path, sizeof(path), "%s%s", bench->store, endings[i]);
        unlink(path);
    }
}

void bench_open(struct bench *bench, const char *events)
{
    const char *where = getenv("TMPDIR");

    *bench = (struct bench){.reply = {.ceiling = 256 * BENCH_MIB}, .events = events};
    snprintf(bench->folder, sizeof(bench->folder), "%.200s/leeway-bench-XXXXXX", where != NULL ? where : "/tmp");
    if (mkdtemp(bench->folder) == NULL)
        bench_die(bench->folder);
    snprintf(bench->config, sizeof(bench->config), "%s/leeway.yaml", bench->folder);
    snprintf(bench->store, sizeof(bench->store), "%s/leeway.db", bench->folder);
    snprintf(bench->token, sizeof(bench->token), "%s/token", bench->folder);
    snprintf(bench->ca, sizeof(bench->ca), "%s/ca.pem", bench->folder);
    write_file(bench->token, BENCH_TOKEN "\n");
    bench->to_daemon = curl_easy_init();
    bench->to_control = curl_easy_init();
    bench->port = free_port();
    bench->double_port = free_port();
}

void bench_close(struct bench *bench)
{
    char command[300];

    bench_stop(&bench->daemon, SIGKILL);
    bench_stop(&bench->loggly, SIGKILL);
    curl_easy_cleanup(bench->to_daemon);
    curl_easy_cleanup(bench->to_control);
    lw_buf_close(&bench->reply);
    snprintf(command, sizeof(command), "rm -rf '%s'", bench->folder);
    if (system(command) != 0)
        bench_die("the folder stays");
}
