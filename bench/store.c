/* What a turn of the daemon costs in the store: 10 000 metric events owed to one sink, 40 open units and the mark, synced;
   and how long a store with a large spool takes to open. usage: store FOLDER [TURNS [SPOOL_MIB]] */
#define _GNU_SOURCE
#include "engine/store/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define POINTS 10000
#define UNITS  40

static double seconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static void must(enum lw_err err, const struct lw_fault *fault)
{
    if (err == LW_ERR_OK)
        return;
    fprintf(stderr, "store: %s\n", fault->text);
    exit(1);
}

static size_t event(char *to, size_t room, uint64_t seq)
{
    int n = snprintf(
        to, room,
        "{\"lw_event\":\"metric\",\"timestamp\":\"2019-06-12T14:%02d:%02d.000Z\",\"sampleCount\":1,\"average\":"
        "0.%06llu,\"sum\":0.5,\"minimum\":0.5,\"maximum\":0.5,\"metricName\":\"validation:accuracy\",\"namespace\":"
        "\"/aws/sagemaker/TrainingJobs\",\"trainingJobName\":\"image-classification-2019-06-12-14-00-00\","
        "\"lw_id\":\"abcdefghijklmnopqrstuvwxyz\",\"lw_seq\":%llu,\"lw_session\":\"abcdefghijklmnopqrstuvwxyz\"}",
        (int)(seq / 60 % 60), (int)(seq % 60), (unsigned long long)(seq % 1000000), (unsigned long long)seq);

    return n > 0 ? (size_t)n : 0;
}

static size_t one_turn(struct lw_store *store, uint32_t sink, int turn)
{
    static char unit[POINTS / UNITS * 16];
    struct lw_fault fault = {0};
    char body[1024], text[32];
    size_t bytes = 0;
    uint64_t seq;

    must(lw_store_begin(store, &fault), &fault);
    snprintf(text, sizeof(text), "%d", turn);
    must(lw_store_put(store, "mark", LW_STR("bench"), lw_str_from(text), &fault), &fault);
    for (int i = 0; i < UNITS; i++) {
        snprintf(text, sizeof(text), "unit-%d", i);
        must(lw_store_unit_put(store, lw_str_from(text), 0, true, (struct lw_str){unit, sizeof(unit)}, (lw_time){turn},
                               &fault),
             &fault);
    }
    for (int i = 0; i < POINTS; i++) {
        size_t n;

        must(lw_store_seq(store, sink, &seq, &fault), &fault);
        n = event(body, sizeof(body), seq);
        bytes += n + 1;
        must(lw_store_outbox_add(store, sink, LW_EVENT_METRIC, seq, (struct lw_str){body, n}, (lw_time){turn}, &fault),
             &fault);
    }
    must(lw_store_commit(store, &fault), &fault);
    return bytes;
}

static bool collect(void *context, const struct lw_outbox_row *row)
{
    uint64_t *ids = context;

    ids[++ids[0]] = row->id;
    return ids[0] < 1000;
}

/* Delivered at once: the rows are read and paid, as a daemon does. */
static void pay(struct lw_store *store, uint32_t sink)
{
    struct lw_outbox outbox = lw_store_outbox(store);
    struct lw_fault fault = {0};
    uint64_t ids[1001] = {0};
    bool more = true;

    must(outbox.read(outbox.self, sink, LW_LANE_METRIC, 0, collect, ids, &fault), &fault);
    must(outbox.paid(outbox.self, sink, ids + 1, (size_t)ids[0], &fault), &fault);
    while (more)
        must(lw_store_maintain(store, (lw_time){1}, &more, &fault), &fault);
}

static long resident_kib(void)
{
    FILE *file = fopen("/proc/self/statm", "re");
    long size = 0, resident = 0;

    if (file != NULL && fscanf(file, "%ld %ld", &size, &resident) != 2)
        resident = 0;
    if (file != NULL)
        fclose(file);
    return resident * (sysconf(_SC_PAGESIZE) / 1024);
}

int main(int argc, char **argv)
{
    const char *folder = argc > 1 ? argv[1] : "/tmp";
    int turns = argc > 2 ? (int)strtol(argv[2], NULL, 10) : 20;
    long spool = argc > 3 ? strtol(argv[3], NULL, 10) : 0;
    const struct lw_store_limits limits = {.spool = UINT64_C(2) << 30};
    struct lw_fault fault = {0};
    struct lw_store *store = NULL;
    size_t bytes = 0;
    char path[4096];
    uint32_t sink;
    double began;
    long before;

    snprintf(path, sizeof(path), "%s/leeway-bench-%ld.db", folder, (long)getpid());
    must(lw_store_open(&store, path, LW_STORE_OWN, &limits, &fault), &fault);
    must(lw_store_sink(store, LW_STR("bench"), &sink, &fault), &fault);
    began = seconds();
    for (int turn = 0; turn < turns; turn++) {
        bytes += one_turn(store, sink, turn);
        pay(store, sink);
    }
    began = seconds() - began;
    printf("store_turn %.0f points/s (%.1f ms for a turn of %d, %.1f MB/s of events)\n", turns * (double)POINTS / began,
           began / turns * 1e3, POINTS, (double)bytes / began / 1e6);
    for (size_t held = 0; spool > 0 && held < (size_t)spool << 20;)
        held += one_turn(store, sink, 0);
    lw_store_close(store);
    if (spool > 0) {
        before = resident_kib();
        began = seconds();
        must(lw_store_open(&store, path, LW_STORE_OWN, &limits, &fault), &fault);
        printf("store_open %.2f s with a spool of %ld MiB (%ld MiB resident, %ld MiB before)\n", seconds() - began,
               spool, resident_kib() / 1024, before / 1024);
        lw_store_close(store);
    }
    for (size_t i = 0; i < 3; i++) {
        static const char *const endings[] = {"", ".lock", ".water"};
        char name[4200];

        snprintf(name, sizeof(name), "%s%s", path, endings[i]);
        unlink(name);
    }
    return 0;
}
