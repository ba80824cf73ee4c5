/* Delivery to a file and to standard output. */
#define _GNU_SOURCE
#include "engine/sink/append.h"
#include "engine/sink/delivery.h"
#include "tests/kit/alloc.h"
#include "tests/kit/kit.h"
#include "tests/kit/sinks.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

struct rig {
    struct kit_outbox box;
    struct kit_world world;
    struct lw_delivery *delivery;
    struct lw_delivery_status status;
    int64_t next;
    enum lw_err err;
    char path[256];
};

static struct rig new_rig(void)
{
    static unsigned n;
    struct rig rig = {0};

    snprintf(rig.path, sizeof(rig.path), "%s/out-%u.ndjson", kit_temporary_directory(), n++);
    return rig;
}

static enum lw_err open_rig(struct rig *rig, enum lw_delivery_type type)
{
    const struct lw_delivery_options options = {
        .type = type, .name = "file", .path = type == LW_DELIVERY_FILE ? rig->path : NULL};
    struct lw_outbox outbox = kit_outbox(&rig->box);
    struct lw_world world = kit_world(&rig->world);

    rig->world.now = 1700000000000;
    return lw_delivery_open(&rig->delivery, &options, &outbox, NULL, &world, NULL);
}

static void close_rig(struct rig *rig)
{
    lw_delivery_close(rig->delivery);
    kit_outbox_close(&rig->box);
}

static void work(struct rig *rig)
{
    lw_span next = {0};

    rig->err = lw_delivery_work(rig->delivery, (lw_time){rig->world.now}, (lw_span){rig->world.ticks}, &next, NULL);
    rig->next = next.ms;
    lw_delivery_status(rig->delivery, &rig->status);
}

static char content[8 << 20];

static const char *content_of(const char *path)
{
    FILE *file = fopen(path, "r");
    size_t n = file ? fread(content, 1, sizeof(content) - 1, file) : 0;

    content[n] = '\0';
    if (file)
        fclose(file);
    return content;
}

static void put(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");

    fputs(text, file);
    fclose(file);
}

static void appends_and_pays(void)
{
    struct rig rig = new_rig();
    struct stat facts;

    CU_ASSERT_EQUAL(open_rig(&rig, LW_DELIVERY_FILE), LW_ERR_OK);
    put(rig.path, "{\"old\":1}\n");
    kit_outbox_add(&rig.box, LW_EVENT_METRIC, "{\"m\":1}\n{\"m\":2}\n");
    kit_outbox_add(&rig.box, LW_EVENT_ALERT, "{\"a\":1}\n");
    work(&rig);
    CU_ASSERT_STRING_EQUAL(content_of(rig.path), "{\"old\":1}\n{\"a\":1}\n{\"m\":1}\n{\"m\":2}\n");
    CU_ASSERT_EQUAL(kit_outbox_owed(&rig.box), 0);
    CU_ASSERT_EQUAL(rig.status.events, 3);
    CU_ASSERT(lw_delivery_idle(rig.delivery));
    remove(rig.path); /* and a new one is made, not open to all */
    kit_outbox_add(&rig.box, LW_EVENT_RUN, "{\"r\":1}\n");
    work(&rig);
    CU_ASSERT_STRING_EQUAL(content_of(rig.path), "{\"r\":1}\n");
    CU_ASSERT_EQUAL(stat(rig.path, &facts), 0);
    CU_ASSERT_EQUAL(facts.st_mode & 07, 0);
    close_rig(&rig);
}

static void follows_rotation(void)
{
    struct rig rig = new_rig();
    char old[300];

    snprintf(old, sizeof(old), "%s.1", rig.path);
    CU_ASSERT_EQUAL(open_rig(&rig, LW_DELIVERY_FILE), LW_ERR_OK);
    kit_outbox_add(&rig.box, LW_EVENT_ALERT, "{\"a\":1}\n");
    work(&rig);
    rename(rig.path, old);
    kit_outbox_add(&rig.box, LW_EVENT_ALERT, "{\"a\":2}\n");
    work(&rig);
    CU_ASSERT_STRING_EQUAL(content_of(old), "{\"a\":1}\n");
    CU_ASSERT_STRING_EQUAL(content_of(rig.path), "{\"a\":2}\n");
    close_rig(&rig);
}

/* What a crash can leave: any beginning of the bytes that were being written. The rest is written again. */
static void mends_what_a_crash_left(void)
{
    static const char before[] = "{\"a\":0}\n", lines[] = "{\"a\":1,\"t\":\"}\"}\n{\"b\":[2,{}]}\n";

    for (size_t cut = 0; cut <= sizeof(lines) - 1; cut++) {
        struct rig rig = new_rig();
        char left[200], *line, *rest;
        unsigned whole = 0;

        snprintf(left, sizeof(left), "%s%.*s", before, (int)cut, lines);
        put(rig.path, left);
        CU_ASSERT_EQUAL(open_rig(&rig, LW_DELIVERY_FILE), LW_ERR_OK);
        kit_outbox_add(&rig.box, LW_EVENT_RUN, lines);
        work(&rig);
        content_of(rig.path);
        CU_ASSERT_EQUAL(content[strlen(content) - 1], '\n');
        CU_ASSERT_PTR_NOT_NULL(strstr(content, lines));
        CU_ASSERT_EQUAL(strncmp(content, before, sizeof(before) - 1), 0);
        for (line = strtok_r(content, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
            CU_ASSERT(strcmp(line, "{\"a\":0}") == 0 || strcmp(line, "{\"a\":1,\"t\":\"}\"}") == 0 ||
                      strcmp(line, "{\"b\":[2,{}]}") == 0);
            whole++;
        }
        CU_ASSERT(whole >= 3 && whole <= 5);
        close_rig(&rig);
    }
}

static void does_not_cut_what_is_not_ours(void)
{
    static const struct {
        const char *left, *right;
    } table[] = {
        {"notes of somebody", "notes of somebody\n{\"a\":1}\n"},
        {"x\n{\"whole\":true}", "x\n{\"whole\":true}\n{\"a\":1}\n"},
        {"x\n{\"cut\":tr", "x\n{\"a\":1}\n"},
        {"{\"cut", "{\"a\":1}\n"},
        {"", "{\"a\":1}\n"},
        {"\n", "\n{\"a\":1}\n"},
    };

    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        struct rig rig = new_rig();

        put(rig.path, table[i].left);
        CU_ASSERT_EQUAL(open_rig(&rig, LW_DELIVERY_FILE), LW_ERR_OK);
        kit_outbox_add(&rig.box, LW_EVENT_RUN, "{\"a\":1}\n");
        work(&rig);
        CU_ASSERT_STRING_EQUAL(content_of(rig.path), table[i].right);
        close_rig(&rig);
    }
}

static void links_and_other_files_are_held(void)
{
    struct rig rig = new_rig();
    char target[300];

    snprintf(target, sizeof(target), "%s.target", rig.path);
    put(target, "precious\n");
    CU_ASSERT_EQUAL(symlink(target, rig.path), 0);
    CU_ASSERT_EQUAL(open_rig(&rig, LW_DELIVERY_FILE), LW_ERR_OK);
    kit_outbox_add(&rig.box, LW_EVENT_RUN, "{\"a\":1}\n");
    work(&rig);
    CU_ASSERT_EQUAL(rig.status.state, LW_DELIVERY_HELD);
    CU_ASSERT_PTR_NOT_NULL(strstr(rig.status.last_error, "symbolic link"));
    CU_ASSERT_STRING_EQUAL(content_of(target), "precious\n");
    remove(rig.path);
    CU_ASSERT_EQUAL(mkfifo(rig.path, 0600), 0);
    lw_delivery_probe_now(rig.delivery);
    work(&rig); /* and it does not hang on it */
    CU_ASSERT_EQUAL(rig.status.state, LW_DELIVERY_HELD);
    remove(rig.path);
    lw_delivery_probe_now(rig.delivery);
    work(&rig);
    CU_ASSERT_EQUAL(rig.status.state, LW_DELIVERY_OK);
    CU_ASSERT_STRING_EQUAL(content_of(rig.path), "{\"a\":1}\n");
    close_rig(&rig);
}

/* A file that may not grow stands for a full disk: what fits of the write is taken back. */
static void a_full_disk_is_waited_for(void)
{
    struct rig rig = new_rig();
    struct rlimit before, small;

    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &before);
    small = before;
    small.rlim_cur = 20;
    CU_ASSERT_EQUAL(open_rig(&rig, LW_DELIVERY_FILE), LW_ERR_OK);
    kit_outbox_add(&rig.box, LW_EVENT_RUN, "{\"a\":1}\n");
    work(&rig);
    kit_outbox_add(&rig.box, LW_EVENT_RUN, "{\"a\":2}\n{\"a\":3}\n");
    setrlimit(RLIMIT_FSIZE, &small);
    work(&rig);
    setrlimit(RLIMIT_FSIZE, &before);
    CU_ASSERT_EQUAL(rig.status.state, LW_DELIVERY_RETRYING);
    CU_ASSERT_STRING_EQUAL(content_of(rig.path), "{\"a\":1}\n");
    CU_ASSERT_EQUAL(kit_outbox_owed(&rig.box), 1);
    CU_ASSERT(rig.next > rig.world.ticks);
    rig.world.ticks = rig.next;
    work(&rig);
    CU_ASSERT_STRING_EQUAL(content_of(rig.path), "{\"a\":1}\n{\"a\":2}\n{\"a\":3}\n");
    close_rig(&rig);
}

static void yields_after_a_slice(void)
{
    struct rig rig = new_rig();
    char *line = malloc(300001);
    unsigned turns = 0;

    memset(line, 'x', 300000);
    line[299999] = '\n';
    line[300000] = '\0';
    CU_ASSERT_EQUAL(open_rig(&rig, LW_DELIVERY_FILE), LW_ERR_OK);
    for (unsigned i = 0; i < 10; i++)
        kit_outbox_add(&rig.box, LW_EVENT_METRIC, line);
    do {
        work(&rig);
        turns++;
    } while (rig.next == rig.world.ticks && turns < 100);
    CU_ASSERT_EQUAL(kit_outbox_owed(&rig.box), 0);
    CU_ASSERT(turns >= 3 && turns <= 10);
    CU_ASSERT_EQUAL(strlen(content_of(rig.path)), 3000000);
    free(line);
    close_rig(&rig);
}

/* The lines go to a pipe that is read slowly, by turns with the work. */
static void standard_output_waits_for_its_reader(void)
{
    struct rig rig = new_rig();
    int ends[2], kept = dup(1);
    size_t n = 0, expected = 0;
    char *line = malloc(50001), *seen = malloc(4 << 20);
    unsigned turns = 0;

    fflush(stdout);
    CU_ASSERT_EQUAL_FATAL(pipe2(ends, O_CLOEXEC), 0);
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    dup2(ends[1], 1);
    close(ends[1]);
    CU_ASSERT_EQUAL(open_rig(&rig, LW_DELIVERY_STDOUT), LW_ERR_OK);
    for (unsigned i = 0; i < 20; i++) {
        memset(line, 'a' + (int)i, 49999);
        line[49999] = '\n';
        line[50000] = '\0';
        kit_outbox_add(&rig.box, i % 2 ? LW_EVENT_METRIC : LW_EVENT_ALERT, line);
        expected += 50000;
    }
    while (n < expected && turns++ < 100000) {
        ssize_t got;

        work(&rig);
        got = read(ends[0], seen + n, 10000);
        n += got > 0 ? (size_t)got : 0;
        rig.world.ticks += 20;
    }
    work(&rig);
    dup2(kept, 1);
    close(kept);
    CU_ASSERT_EQUAL(n, expected);
    for (size_t i = 0; i < 20; i++) { /* alerts first, no line is mixed with another */
        char letter = (char)('a' + (i < 10 ? 2 * i : 2 * (i - 10) + 1));

        CU_ASSERT_EQUAL(seen[i * 50000], letter);
        CU_ASSERT_EQUAL(seen[i * 50000 + 49998], letter);
        CU_ASSERT_EQUAL(seen[i * 50000 + 49999], '\n');
    }
    CU_ASSERT_EQUAL(kit_outbox_owed(&rig.box), 0);
    close(ends[0]);
    free(line);
    free(seen);
    close_rig(&rig);
}

static void a_reader_that_is_gone_holds(void)
{
    struct rig rig = new_rig();
    int ends[2], kept = dup(1);

    signal(SIGPIPE, SIG_IGN);
    fflush(stdout);
    CU_ASSERT_EQUAL_FATAL(pipe2(ends, O_CLOEXEC), 0);
    dup2(ends[1], 1);
    close(ends[1]);
    close(ends[0]);
    CU_ASSERT_EQUAL(open_rig(&rig, LW_DELIVERY_STDOUT), LW_ERR_OK);
    kit_outbox_add(&rig.box, LW_EVENT_RUN, "{\"a\":1}\n");
    work(&rig);
    dup2(kept, 1);
    close(kept);
    CU_ASSERT_EQUAL(rig.status.state, LW_DELIVERY_HELD);
    CU_ASSERT_EQUAL(kit_outbox_owed(&rig.box), 1);
    close_rig(&rig);
}

static bool survives(void *self, bool failing)
{
    struct rig rig = *(const struct rig *)self;
    enum lw_err err;
    bool good = true;

    put(rig.path, "{\"a\":0}\n{\"cut");
    kit_outbox_add(&rig.box, LW_EVENT_RUN, "{\"a\":1}\n");
    err = open_rig(&rig, LW_DELIVERY_FILE);
    if (err != LW_ERR_OK)
        good = failing && err == LW_ERR_NOMEM;
    for (unsigned i = 0; err == LW_ERR_OK && i < 10; i++) {
        if (i == 5 && failing)
            kit_alloc_fail(0, false);
        work(&rig);
        rig.world.ticks += 300000;
    }
    if (err == LW_ERR_OK)
        good = kit_outbox_owed(&rig.box) == 0 && strcmp(content_of(rig.path), "{\"a\":0}\n{\"a\":1}\n") == 0;
    close_rig(&rig);
    return good;
}

static void survives_every_failing_allocation(void)
{
    struct rig rig = new_rig();

    CU_ASSERT(kit_alloc_torture(survives, &rig) > 5);
}

KIT_SUITE("delivery_file", {"lines are appended, alerts first, and paid", appends_and_pays},
          {"a rotated file is left, a new one begun", follows_rotation},
          {"whatever a crash left, each line is whole", mends_what_a_crash_left},
          {"only an unfinished object is cut away", does_not_cut_what_is_not_ours},
          {"links, pipes and the like are refused", links_and_other_files_are_held},
          {"a full disk is waited for, and nothing half is left", a_full_disk_is_waited_for},
          {"it yields after a slice", yields_after_a_slice},
          {"standard output waits for its reader", standard_output_waits_for_its_reader},
          {"a reader that is gone holds the sink", a_reader_that_is_gone_holds},
          {"nothing is lost with any allocation failing", survives_every_failing_allocation})
