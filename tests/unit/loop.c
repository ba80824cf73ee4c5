#define _GNU_SOURCE
#include "tests/kit/kit.h"

#include "engine/flow/watch/loop.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* The daemon's loop in a process of its own. */
static char folder[256];
static pid_t daemon_process;

static void path_of(const char *name, char path[512])
{
    snprintf(path, 512, "%s/%s", folder, name);
}

static enum lw_err configure(void *self, struct lw_config **out, struct lw_buf *errors, struct lw_fault *fault)
{
    char path[512];

    (void)self;
    path_of("leeway.yaml", path);
    return lw_config_open(out, path, NULL, 0, errors, fault);
}

static int serve(uint32_t names_many)
{
    struct lw_buf errors = {.ceiling = 1 << 20};
    struct lw_fault fault = {.code = LW_ERR_OK};
    struct lw_world clock = lw_world_real();
    struct lw_loop_options options = {.configure = configure, .names_many = names_many};
    struct lw_config *config = NULL;
    enum lw_exit exit = LW_EXIT_DONE;
    char path[512];
    int log;

    path_of("log", path);
    log = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (configure(NULL, &config, &errors, &fault) != LW_ERR_OK ||
        lw_log_open(&options.log, log, LW_LOG_STYLE_LOGFMT, LW_NOTE_INFO, &clock, &fault) != LW_ERR_OK ||
        lw_loop_run(config, &options, &exit, &fault) != LW_ERR_OK) {
        (void)dprintf(log, "%s\n", fault.text);
        return 70;
    }
    lw_log_close(options.log);
    lw_buf_close(&errors);
    return (int)exit;
}

static void start(uint32_t names_many)
{
    char path[512];
    FILE *file;

    static int number;

    snprintf(folder, sizeof(folder), "%s/%d", kit_temporary_directory(), number++);
    CU_ASSERT_EQUAL_FATAL(mkdir(folder, 0700), 0);
    path_of("leeway.yaml", path);
    file = fopen(path, "we");
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    fprintf(file,
            "store: %s/leeway.db\nquiet_period: 1s\nnotify_from: 2020-01-01\n"
            "sources: [{type: file, path: %s/metrics.ndjson}]\n"
            "sinks: [{type: file, path: %s/events.ndjson, events: [run, metric]}]\n",
            folder, folder, folder);
    fclose(file);
    path_of("metrics.ndjson", path);
    fclose(fopen(path, "we"));
    fflush(stdout);
    daemon_process = fork();
    CU_ASSERT_FATAL(daemon_process >= 0);
    if (daemon_process == 0)
        _exit(serve(names_many));
}

static int stop(void)
{
    int status = 0;

    (void)kill(daemon_process, SIGTERM);
    CU_ASSERT_EQUAL(waitpid(daemon_process, &status, 0), daemon_process);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

static char *content(const char *name)
{
    char path[512];
    FILE *file;
    char *text;
    size_t n = 0;

    path_of(name, path);
    text = calloc(1, 1 << 22);
    file = fopen(path, "re");
    if (file != NULL) {
        n = fread(text, 1, (1 << 22) - 1, file);
        fclose(file);
    }
    text[n] = '\0';
    return text;
}

static unsigned count(const char *name, const char *word)
{
    char *text = content(name);
    unsigned n = 0;

    for (const char *at = strstr(text, word); at != NULL; at = strstr(at + 1, word))
        n++;
    free(text);
    return n;
}

/* Waits until a file holds the word so often, a minute at most. */
static bool eventually(const char *name, const char *word, unsigned n)
{
    for (int i = 0; i < 1200; i++) {
        if (count(name, word) >= n)
            return true;
        usleep(50000);
    }
    return false;
}

static void write_runs(int from, int to)
{
    char path[512];
    FILE *file;

    path_of("metrics.ndjson", path);
    file = fopen(path, "ae");
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    for (int run = from; run < to; run++) {
        for (int i = 0; i < 5; i++)
            fprintf(file, "{\"time\":%lld,\"model\":\"job\",\"run\":\"job-%05d\",\"metric\":\"loss\",\"value\":%d}\n",
                    1750000000000LL + run * 3600000LL + i * 60000LL, run, 1000 + run * 5 + i);
    }
    fclose(file);
}

static void a_turn_that_is_worn_is_renewed_and_nothing_is_lost_or_doubled(void)
{
    char *events;

    start(30);
    for (int round = 0; round < 5; round++) {
        write_runs(round * 40, round * 40 + 40);
        CU_ASSERT_TRUE(eventually("events.ndjson", "\"lw_event\":\"metric\"", (unsigned)(round + 1) * 200));
        CU_ASSERT_TRUE(eventually("log", "opened anew", (unsigned)round + 1));
    }
    /* What a turn does not know any more is how far the data had come: the next datapoint says it. */
    write_runs(200, 201);
    CU_ASSERT_TRUE(eventually("events.ndjson", "\"lw_event\":\"run\"", 200));
    CU_ASSERT_EQUAL(stop(), 0);
    CU_ASSERT_EQUAL(count("events.ndjson", "\"lw_event\":\"run\""), 200);
    CU_ASSERT_EQUAL(count("events.ndjson", "\"lw_event\":\"metric\""), 1005);
    events = content("events.ndjson");
    for (int value = 1000; value < 2005; value++) {
        char word[32];

        snprintf(word, sizeof(word), "\"average\":%d,", value);
        CU_ASSERT_PTR_NOT_NULL(strstr(events, word));
    }
    free(events);
    CU_ASSERT(count("log", "opened anew") >= 5);
    CU_ASSERT(count("log", "opened anew") < 12);
}

static void a_turn_that_is_not_worn_is_left_alone(void)
{
    start(0);
    write_runs(0, 40);
    CU_ASSERT_TRUE(eventually("events.ndjson", "\"lw_event\":\"metric\"", 200));
    CU_ASSERT_EQUAL(stop(), 0);
    CU_ASSERT_EQUAL(count("log", "opened anew"), 0);
}

KIT_SUITE("loop",
          {"a turn that is worn is renewed, and nothing is lost or doubled",
           a_turn_that_is_worn_is_renewed_and_nothing_is_lost_or_doubled},
          {"a turn that is not worn is left alone", a_turn_that_is_not_worn_is_left_alone})
