/* The program's `leeway store` on a store that is there. */
#define _GNU_SOURCE
#include "tests/kit/kit.h"

#include "engine/store/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define OK(call) CU_ASSERT_EQUAL_FATAL((call), LW_ERR_OK)

static char path[512], out[4096];

/* Runs `leeway store ...`; what it printed, on either stream, is in `out`. */
static int leeway(const char *act, const char *operand, const char *format)
{
    const char *program = getenv("LEEWAY");
    const char *arguments[] = {
        program ? program : "build/leeway", "store", "--store", path, "--format", format, act, operand, NULL};
    int ends[2], status = -1;
    size_t n = 0;
    ssize_t got;
    pid_t child;

    CU_ASSERT_EQUAL_FATAL(pipe(ends), 0);
    child = fork();
    if (child == 0) {
        dup2(ends[1], 1);
        dup2(ends[1], 2);
        execv(arguments[0], (char *const *)(const void *)arguments);
        _exit(127);
    }
    close(ends[1]);
    while ((got = read(ends[0], out + n, sizeof(out) - 1 - n)) > 0)
        n += (size_t)got;
    out[n] = '\0';
    close(ends[0]);
    CU_ASSERT_EQUAL(waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static struct lw_store *store_with_an_alert(void)
{
    struct lw_store *store = NULL;
    static int n;
    uint64_t seq;
    uint32_t sink;

    snprintf(path, sizeof(path), "%s/command-%d.db", kit_temporary_directory(), ++n);
    OK(lw_store_open(&store, path, LW_STORE_OWN, NULL, NULL));
    OK(lw_store_sink(store, LW_STR("loggly"), &sink, NULL));
    OK(lw_store_begin(store, NULL));
    OK(lw_store_seq(store, sink, &seq, NULL));
    OK(lw_store_outbox_add(store, sink, LW_EVENT_ALERT, seq, LW_STR("{\"a\":1}"), (lw_time){1}, NULL));
    OK(lw_store_commit(store, NULL));
    return store;
}

static void info_and_backup_work_beside_the_daemon_and_vacuum_waits_for_it(void)
{
    struct lw_store *store = store_with_an_alert(), *copy = NULL;
    char to[600];
    struct lw_store_info info;

    CU_ASSERT_EQUAL(leeway("info", NULL, "json"), 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(out, "\"outbox_rows\": 1,"));
    CU_ASSERT_PTR_NOT_NULL(strstr(out, "\"outbox_bytes\": 8,"));
    CU_ASSERT_PTR_NOT_NULL(strstr(out, lw_store_session(store).at));
    CU_ASSERT_EQUAL(leeway("info", NULL, "text"), 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(out, path));
    snprintf(to, sizeof(to), "%s.copy", path);
    CU_ASSERT_EQUAL(leeway("backup", to, "text"), 0);
    CU_ASSERT_STRING_EQUAL(out, "");
    CU_ASSERT_EQUAL(leeway("backup", to, "text"), 2);
    CU_ASSERT_PTR_NOT_NULL(strstr(out, "is there already"));
    CU_ASSERT_EQUAL(leeway("vacuum", NULL, "text"), 5);
    CU_ASSERT_PTR_NOT_NULL(strstr(out, "in use by process"));
    lw_store_close(store);
    CU_ASSERT_EQUAL(leeway("vacuum", NULL, "text"), 0);
    OK(lw_store_open(&copy, to, LW_STORE_OWN, NULL, NULL));
    OK(lw_store_info(copy, &info, NULL));
    CU_ASSERT_EQUAL(info.outbox_rows, 1);
    lw_store_close(copy);
}

KIT_SUITE("store_command", {"info and backup work beside the daemon, and vacuum waits for it",
                            info_and_backup_work_beside_the_daemon_and_vacuum_waits_for_it})
