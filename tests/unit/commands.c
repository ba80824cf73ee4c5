#define _GNU_SOURCE
#include "tests/kit/daemon.h"
#include "tests/kit/kit.h"

#include "engine/flow/people/commands.h"
#include "engine/flow/people/people.h"
#include "tests/kit/alloc.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct kit_daemon daemon_;
static char id[LW_ALERT_ID_LENGTH + 1], output_path[512];

/* A daemon whose store has an open alert, and that is gone. */
static void open_store(void)
{
    struct lw_buf text = {.ceiling = 1 << 20};
    struct lw_buf list = {.ceiling = 1 << 20};
    struct lw_people_request request = {.command = LW_PEOPLE_DO_ALERTS};
    struct lw_people_done done;
    struct lw_arena arena = {.ceiling = 1 << 24};
    const lw_time epoch = {1750000000000};
    const char *at;

    for (int run = 0; run < 8; run++) {
        for (int i = 0; i < 4; i++)
            lw_buf_format(&text,
                          "{\"time\":%lld,\"model\":\"churn\",\"run\":\"churn-%04d\",\"metric\":\"auc\",\"value\":%.3f}"
                          "\n",
                          (long long)(epoch.ms + run * LW_HOUR + i * LW_MINUTE), run, run < 7 ? 0.9 : 0.7);
    }
    lw_buf_char(&text, '\0');
    kit_daemon_open(&daemon_,
                    "defaults: {require: [\"auc >= 0.8\"]}\nnotify_from: 2020-01-01\n"
                    "sinks: [{type: file, name: out, path: /nonexistent/out.ndjson}]\n",
                    epoch);
    kit_daemon_give(&daemon_, text.at, true);
    kit_daemon_run(&daemon_, (lw_time){epoch.ms + 9 * LW_HOUR});
    CU_ASSERT_EQUAL_FATAL(
        lw_people_do(daemon_.store, daemon_.config, &request, daemon_.now, &arena, &list, &done, NULL), LW_ERR_OK);
    lw_buf_char(&list, '\0');
    at = strstr(list.at, "\"id\":\"");
    CU_ASSERT_PTR_NOT_NULL_FATAL(at);
    snprintf(id, sizeof(id), "%.*s", LW_ALERT_ID_LENGTH, at + 6);
    snprintf(output_path, sizeof(output_path), "%s/output", daemon_.folder);
    lw_arena_close(&arena);
    lw_buf_close(&list);
    lw_buf_close(&text);
    lw_turn_close(daemon_.turn);
    lw_store_close(daemon_.store);
    daemon_.turn = NULL;
    daemon_.store = NULL;
}

/* A command line: "alerts --format json"; the configuration is added. */
struct line {
    const struct lw_command *command;
    enum lw_exit (*run)(struct lw_session *session);
    const char *words[6];
    const char *says;
};

static int redirect(int fd, const char *path)
{
    int kept = dup(fd);
    int file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    fflush(stdout);
    fflush(stderr);
    (void)dup2(file, fd);
    (void)close(file);
    return kept;
}

static void put_back(int fd, int kept)
{
    fflush(stdout);
    fflush(stderr);
    (void)dup2(kept, fd);
    (void)close(kept);
}

static bool said(const char *word)
{
    char text[8192];
    FILE *file = fopen(output_path, "re");
    size_t n = fread(text, 1, sizeof(text) - 1, file);

    fclose(file);
    text[n] = '\0';
    return strstr(text, word) != NULL;
}

static enum lw_exit run_line(const struct line *line)
{
    struct lw_arena arena = {.ceiling = 1 << 20};
    struct lw_options options;
    struct lw_session session = {.terminal = {.columns = 200}, .arena = &arena, .options = &options};
    const char *words[8];
    struct lw_fault fault = {.code = LW_ERR_OK};
    int n = 0;
    enum lw_exit exit = LW_EXIT_INPUT;

    while (line->words[n] != NULL) {
        words[n] = strcmp(line->words[n], "ID") == 0 ? id : line->words[n];
        n++;
    }
    words[n++] = "-c";
    words[n++] = daemon_.config_path;
    if (lw_options_read(line->command, n, (char *const *)(const void *)words, &arena, &options, &fault) == LW_ERR_OK)
        exit = line->run(&session);
    lw_arena_close(&arena);
    return exit;
}

static bool run_once(void *self, bool failed)
{
    const struct line *line = self;
    int out = redirect(STDOUT_FILENO, output_path);
    int err = redirect(STDERR_FILENO, "/dev/null");
    enum lw_exit exit = run_line(line);

    put_back(STDOUT_FILENO, out);
    put_back(STDERR_FILENO, err);
    if (failed)
        return exit == LW_EXIT_INPUT || exit == LW_EXIT_STORE;
    return exit == LW_EXIT_DONE && said(line->says);
}

static void every_allocation_may_fail(void)
{
    static struct line lines[] = {
        {&lw_command_alerts, lw_commands_alerts, {NULL}, "since run churn-0007\n"},
        {&lw_command_alerts, lw_commands_alerts, {"--format", "json", NULL}, "\"severity\":\"page\""},
        {&lw_command_ack, lw_commands_ack, {"ID", "--for", "7d", NULL}, "acknowledged until"},
        {&lw_command_expect, lw_commands_expect, {"churn", "--from", "churn-0003", NULL}, "from run churn-0003 on"},
        {&lw_command_mute, lw_commands_mute, {"churn", "--until", "12h", NULL}, "churn is muted until"},
        {&lw_command_test_alert, lw_commands_test_alert, {NULL}, "the test alert is kept for 1 sink"},
    };

    open_store();
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        uint64_t n = kit_alloc_torture(run_once, &lines[i]);

        printf("# %s: %llu allocations\n", lines[i].command->name, (unsigned long long)n);
    }
    kit_daemon_close(&daemon_);
}

KIT_SUITE("commands", {"every allocation may fail", every_allocation_may_fail})
