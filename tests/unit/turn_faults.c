#include "tests/kit/daemon.h"
#include "tests/kit/disk.h"
#include "tests/kit/kit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const lw_time epoch = {1750000000000};

static uint64_t failing_call = 1; /* of those of a turn that need room: the log is lengthened, written, synced */

static unsigned count(const char *text, const char *word)
{
    unsigned n = 0;

    for (const char *at = strstr(text, word); at != NULL; at = strstr(at + 1, word))
        n++;
    return n;
}

/* Lines about the alert for many models that have this in them. */
static unsigned count_fleet(const char *text, const char *word)
{
    unsigned n = 0;

    while (*text != '\0') {
        size_t length = strcspn(text, "\n");
        char line[4096];

        snprintf(line, sizeof(line), "%.*s", (int)length, text);
        n += strstr(line, "\"lw_model\":\"fleet\"") != NULL && strstr(line, word) != NULL;
        text += length + (text[length] == '\n');
    }
    return n;
}

/* As kit_daemon_run, but each turn of the store finds the disk full once, is taken back, and tried again. */
static void run_on_a_bad_disk(struct kit_daemon *daemon, lw_time until)
{
    struct lw_fault fault = {.code = LW_ERR_OK};
    struct lw_metrics *metrics = calloc(1, sizeof(*metrics));
    uint64_t failed;
    bool fails = true;

    CU_ASSERT_PTR_NOT_NULL_FATAL(metrics);
    lw_turn_metrics(daemon->turn, metrics);
    failed = metrics->turns_failed;
    for (;;) {
        lw_span next = {INT64_MAX};
        bool busy = false;

        kit_disk_fail(fails ? failing_call : 0, KIT_DISK_FULL, false);
        CU_ASSERT_EQUAL_FATAL(lw_turn_slice(daemon->turn, &busy, &next, &fault), LW_ERR_OK);
        kit_disk_fail(0, KIT_DISK_FULL, false);
        lw_turn_metrics(daemon->turn, metrics);
        fails = metrics->turns_failed == failed;
        failed = metrics->turns_failed;
        if (busy)
            continue;
        if (next.ms > until.ms || daemon->now.ms >= until.ms)
            break;
        daemon->now.ms = next.ms;
    }
    if (until.ms > daemon->now.ms)
        daemon->now = until;
    CU_ASSERT_TRUE(failed > 0); /* else it proves nothing */
    free(metrics);
}

#define YAML "sinks: [{type: stdout, events: [alert, run]}]\nheartbeat: 24h\n"

/* An hour of fourteen models, whose accuracy falls at run 30. */
static void write_hour(struct lw_buf *out, unsigned hour, struct kit_random *random)
{
    for (unsigned model = 0; model < 14; model++) {
        for (int j = 0; j < 5; j++)
            lw_buf_format(
                out, "{\"time\":%lld,\"model\":\"m%u\",\"run\":\"m%u-%04u\",\"metric\":\"accuracy\",\"value\":%.6f}\n",
                (long long)(epoch.ms + hour * LW_HOUR + j * LW_MINUTE), model, model, hour,
                0.9 + 0.002 * kit_random_normal(random) - (hour >= 30 ? 0.2 : 0));
    }
    lw_buf_char(out, '\0');
}

static void tell_many_models(void)
{
    struct kit_daemon daemon;
    struct kit_random random = kit_seed(23);
    struct lw_buf events = {.ceiling = 1 << 26};

    kit_daemon_open(&daemon, YAML, (lw_time){epoch.ms - LW_HOUR});
    for (unsigned i = 0; i < 36; i++) {
        struct lw_buf text = {.ceiling = 1 << 22};

        write_hour(&text, i, &random);
        kit_daemon_run(&daemon, (lw_time){epoch.ms + i * LW_HOUR + 10 * LW_MINUTE});
        kit_daemon_give(&daemon, text.at, true);
        lw_turn_wake(daemon.turn);
        (i < 30 ? kit_daemon_run : run_on_a_bad_disk)(&daemon, (lw_time){epoch.ms + i * LW_HOUR + 59 * LW_MINUTE});
        lw_buf_close(&text);
    }
    kit_daemon_events(&daemon, 0, &events);
    CU_ASSERT_EQUAL(count_fleet(events.at, "\"lw_revision\":1,"), 1); /* it was opened, and not just updated */
    CU_ASSERT_EQUAL(count_fleet(events.at, "\"lw_state\":\"settled\""), 1);
    kit_daemon_close(&daemon);
    lw_buf_close(&events);
}

static void an_alert_for_many_models_survives_a_disk_that_is_full_for_a_moment(void)
{
    for (failing_call = 1; failing_call <= 8; failing_call++)
        tell_many_models();
    failing_call = 1;
}

/* Its tag came with the first batch; what comes after a restart has only its name. */
static void a_run_stays_excluded_after_a_disk_that_was_full_for_a_moment_and_a_restart(void)
{
    static const char job[] =
        "{\"TrainingJobName\":\"churn-1\",\"TrainingJobStatus\":\"InProgress\",\"CreationTime\":1750000000,"
        "\"Tags\":[{\"Key\":\"env\",\"Value\":\"dev\"}]}\n";
    static const char points[] =
        "{\"time\":1750000060000,\"run\":\"churn-1\",\"metric\":\"accuracy\",\"value\":0.9}\n"
        "{\"time\":1750000120000,\"run\":\"churn-1\",\"metric\":\"accuracy\",\"value\":0.91}\n"
        "{\"time\":1750000180000,\"run\":\"other-1\",\"metric\":\"accuracy\",\"value\":0.91}\n";
    struct kit_daemon daemon;
    struct lw_buf events = {.ceiling = 1 << 26};

    kit_daemon_open(&daemon, YAML "exclude: [{tag: \"env=dev\"}]\n", epoch);
    kit_daemon_run(&daemon, lw_time_after(daemon.now, (lw_span){LW_MINUTE})); /* the heartbeat is no part of this */
    kit_daemon_give(&daemon, job, true);
    lw_turn_wake(daemon.turn);
    run_on_a_bad_disk(&daemon, lw_time_after(daemon.now, (lw_span){LW_MINUTE}));
    kit_daemon_restart(&daemon);
    kit_daemon_give(&daemon, points, true);
    lw_turn_wake(daemon.turn);
    kit_daemon_run(&daemon, lw_time_after(daemon.now, (lw_span){LW_HOUR}));
    kit_daemon_events(&daemon, 0, &events);
    CU_ASSERT_EQUAL(count(events.at, "\"trainingJobName\":\"other-1\""), 1);
    CU_ASSERT_EQUAL(count(events.at, "\"trainingJobName\":\"churn-1\""), 0);
    kit_daemon_close(&daemon);
    lw_buf_close(&events);
}

int main(void)
{
    static const struct kit_test tests[] = {
        {"an alert for many models survives a disk that is full for a moment",
         an_alert_for_many_models_survives_a_disk_that_is_full_for_a_moment},
        {"a run stays excluded after a disk that was full for a moment and a restart",
         a_run_stays_excluded_after_a_disk_that_was_full_for_a_moment_and_a_restart},
    };

    kit_disk_install(); /* before SQLite is used */
    return kit_main("turn_faults", tests, sizeof(tests) / sizeof(tests[0]));
}
