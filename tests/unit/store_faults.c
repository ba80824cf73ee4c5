/* A disk that fails, a disk that is full, no memory, flipped bits: clean errors, nothing half done, nothing lost. */
#define _GNU_SOURCE
#include "tests/kit/alloc.h"
#include "tests/kit/disk.h"
#include "tests/kit/kit.h"
#include "tests/kit/runs.h"

#include "engine/store/store.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define OK(call) CU_ASSERT_EQUAL_FATAL((call), LW_ERR_OK)
#define TURNS    4

static char path[512], pristine[512];
static struct lw_run *runs[TURNS + 1];

/* A run that two turns give differently, so that old rows go too. */
static struct lw_run *make_run(int turn)
{
    static const double values[] = {0.5, 0.7, 0.9};
    static const struct kit_metric metrics[] = {{.name = "validation:accuracy", .values = values, .n = 3}};

    return kit_run_make(
        &(struct kit_run){.name = "run", .start = 1000000, .end = 2000000 + turn, .metrics = metrics, .metrics_n = 1});
}

static enum lw_err put_history(struct lw_store *store, const struct lw_run *run, lw_time now)
{
    struct lw_judged_run judged_run = {.run = run, .verdict = LW_VERDICT_WARNING};
    struct lw_finding finding = {
        .verdict = LW_VERDICT_WARNING, .series = LW_STR("duration"), .change_run = LW_NO_RUN, .message = "slow"};
    struct lw_judged judged = {.model = LW_STR("model"),
                               .runs = &judged_run,
                               .runs_n = 1,
                               .findings = &finding,
                               .findings_n = 1,
                               .verdict = LW_VERDICT_WARNING};
    enum lw_err err = lw_store_runs_put(store, LW_STR("unit"), &run, 1, now, NULL, NULL, NULL);

    return err != LW_ERR_OK ? err : lw_store_judged_put(store, &judged, LW_STR("told"), now, NULL);
}

static enum lw_err put_events(struct lw_store *store, uint32_t sink, int turn, lw_time now)
{
    enum lw_err err = LW_ERR_OK;
    uint64_t seq = 0;
    char body[64];

    for (int i = 0; i < 2 && err == LW_ERR_OK; i++) {
        err = lw_store_seq(store, sink, &seq, NULL);
        snprintf(body, sizeof(body), "{\"turn\":%d,\"seq\":%llu}", turn, (unsigned long long)seq);
        if (err == LW_ERR_OK)
            err = lw_store_outbox_add(store, sink, i == 0 ? LW_EVENT_ALERT : LW_EVENT_METRIC, seq, lw_str_from(body),
                                      now, NULL);
    }
    return err;
}

static enum lw_err one_turn(struct lw_store *store, uint32_t sink, int turn, const struct lw_run *run, size_t bytes)
{
    const lw_time now = {1560000000000 + turn};
    static char unit[200000];
    char text[32];
    enum lw_err err = lw_store_begin(store, NULL);

    snprintf(text, sizeof(text), "%d", turn);
    snprintf(unit, sizeof(unit), "unit %d", turn);
    if (err == LW_ERR_OK)
        err = lw_store_put(store, "mark", LW_STR("source"), lw_str_from(text), NULL);
    if (err == LW_ERR_OK)
        err = lw_store_unit_put(store, LW_STR("unit"), 0, true, (struct lw_str){unit, bytes}, now, NULL);
    if (err == LW_ERR_OK && run != NULL)
        err = put_history(store, run, now);
    if (err == LW_ERR_OK)
        err = put_events(store, sink, turn, now);
    if (err == LW_ERR_OK)
        return lw_store_commit(store, NULL);
    lw_store_rollback(store);
    return err;
}

struct found {
    int mark, unit;
    int64_t last;
    bool history;
};

static bool look(void *context, const struct lw_outbox_row *row)
{
    ((struct found *)context)->last = (int64_t)row->first_seq;
    return true;
}

static int number(const struct lw_buf *buf, size_t from)
{
    char copy[32] = "";

    if (buf->len > from)
        memcpy(copy, buf->at + from, buf->len - from < 31 ? buf->len - from : 31);
    return (int)strtol(copy, NULL, 10);
}

/* Everything that can be read; what fails, fails with a clean error. */
static enum lw_err read_all(struct lw_store *store, struct found *found)
{
    struct lw_buf mark = {.ceiling = 1 << 20}, unit = {.ceiling = 1 << 22};
    struct lw_arena arena = {.ceiling = 1 << 22};
    struct lw_outbox outbox = lw_store_outbox(store);
    const struct lw_run *const *history;
    struct lw_store_model model;
    size_t n = 0;
    bool there = false, pruned;
    enum lw_err err = lw_store_get(store, "mark", LW_STR("source"), &mark, &there, NULL);

    if (err == LW_ERR_OK)
        err = lw_store_unit_get(store, LW_STR("unit"), &unit, &there, &pruned, NULL);
    if (err == LW_ERR_OK)
        err = lw_store_runs_get(store, LW_STR(""), LW_STR("model"), &arena, &history, &n, NULL);
    if (err == LW_ERR_OK)
        err = lw_store_model_get(store, LW_STR(""), LW_STR("model"), &arena, &model, &there, NULL);
    if (err == LW_ERR_OK)
        err = outbox.read(outbox.self, 1, LW_LANE_METRIC, 0, look, found, NULL);
    found->mark = number(&mark, 0);
    found->unit = number(&unit, 5);
    if (err == LW_ERR_OK)
        found->history = found->mark == 0 || (n == 1 && history[0]->end.ms == 2000000 + found->mark && there &&
                                              !model.dirty && lw_str_equal(model.told, LW_STR("told")));
    lw_buf_close(&mark);
    lw_buf_close(&unit);
    lw_arena_close(&arena);
    return err;
}

/* After the fault is gone: it opens, nothing acknowledged is missing, no turn is there in part. */
static bool sound(int acknowledged)
{
    struct found found = {0};
    struct lw_fault fault = {0};
    struct lw_store *store = NULL;
    bool good;

    if (lw_store_open(&store, path, LW_STORE_OWN, NULL, &fault) != LW_ERR_OK) {
        printf("# %s\n", fault.text);
        return false;
    }
    good = read_all(store, &found) == LW_ERR_OK && found.mark >= acknowledged && found.unit == found.mark &&
           found.history && (found.mark == 0 || found.last == 2 * found.mark);
    if (!good)
        printf("# acknowledged %d, mark %d, unit %d, last %lld\n", acknowledged, found.mark, found.unit,
               (long long)found.last);
    lw_store_close(store);
    return good;
}

static void copy_file(const char *from, const char *to)
{
    static char bytes[1 << 20];
    FILE *in = fopen(from, "rb"), *out = fopen(to, "wb");
    size_t n;

    CU_ASSERT_FATAL(in != NULL && out != NULL);
    n = fread(bytes, 1, sizeof(bytes), in);
    CU_ASSERT_EQUAL_FATAL(fwrite(bytes, 1, n, out), n);
    fclose(in);
    fclose(out);
}

static void begin_anew(void)
{
    static const char *const beside[] = {"-shm", "-wal", ".lock", ".water", ".backup"};
    char name[600];

    for (size_t i = 0; i < sizeof(beside) / sizeof(beside[0]); i++) {
        snprintf(name, sizeof(name), "%s%s", path, beside[i]);
        unlink(name);
    }
    copy_file(pristine, path);
}

static void make_pristine(void)
{
    struct lw_store *store = NULL;
    uint32_t sink;

    snprintf(pristine, sizeof(pristine), "%s/pristine.db", kit_temporary_directory());
    snprintf(path, sizeof(path), "%s/store.db", kit_temporary_directory());
    OK(lw_store_open(&store, pristine, LW_STORE_OWN, NULL, NULL));
    OK(lw_store_sink(store, LW_STR("loggly"), &sink, NULL));
    lw_store_close(store);
}

static bool clean(enum lw_err err)
{
    return err == LW_ERR_OK || err == LW_ERR_IO || err == LW_ERR_FULL || err == LW_ERR_NOMEM || err == LW_ERR_STATE;
}

/* A day in the life of a store; says what was acknowledged. `refused`: a call failed. */
static int live(bool *dirty_error, bool *refused)
{
    struct lw_store *store = NULL;
    struct lw_outbox outbox;
    uint32_t sink = 0;
    uint64_t row = 2;
    int acknowledged = 0;
    char copy[600];
    bool more;
    enum lw_err err;

    *refused = false;
    err = lw_store_open(&store, path, LW_STORE_OWN, NULL, NULL);
    if (err == LW_ERR_OK)
        err = lw_store_sink(store, LW_STR("loggly"), &sink, NULL);
    *dirty_error |= !clean(err);
    for (int turn = 1; turn <= TURNS && err == LW_ERR_OK; turn++) {
        for (int attempt = 0; attempt < 3; attempt++) {
            err = one_turn(store, sink, turn, runs[turn], 9000);
            *dirty_error |= !clean(err);
            *refused |= err != LW_ERR_OK;
            if (err == LW_ERR_OK)
                acknowledged = turn;
            if (err == LW_ERR_OK || err == LW_ERR_IO)
                break;
        }
        if (turn == 2 && err == LW_ERR_OK) {
            outbox = lw_store_outbox(store);
            err = outbox.paid(outbox.self, sink, &row, 1, NULL);
            *dirty_error |= !clean(err);
            *refused |= err != LW_ERR_OK;
            err = lw_store_maintain(store, (lw_time){1560000000000}, &more, NULL);
            *dirty_error |= !clean(err);
            *refused |= err != LW_ERR_OK;
            err = LW_ERR_OK;
        }
    }
    *refused |= err != LW_ERR_OK;
    snprintf(copy, sizeof(copy), "%s.backup", path);
    if (store != NULL && err == LW_ERR_OK) {
        err = lw_store_backup(store, copy, NULL);
        *dirty_error |= !clean(err);
        *refused |= err != LW_ERR_OK;
    }
    lw_store_close(store);
    return acknowledged;
}

/* --- Input and output --- */

static uint64_t torture_disk(enum kit_disk_fault fault, bool forever, uint64_t stride, uint64_t first)
{
    uint64_t calls, n, bad = 0;
    bool dirty = false, refused;

    begin_anew();
    kit_disk_fail(0, fault, false);
    CU_ASSERT_EQUAL(live(&dirty, &refused), TURNS);
    CU_ASSERT(!refused);
    calls = kit_disk_calls();
    for (n = first; n <= calls && bad < 5; n += stride) {
        int acknowledged;

        begin_anew();
        kit_disk_fail(n, fault, forever);
        dirty = false;
        acknowledged = live(&dirty, &refused);
        kit_disk_fail(0, fault, false);
        if (dirty || !sound(acknowledged)) {
            bad++;
            printf("# call %llu of %llu (%s, %s)\n", (unsigned long long)n, (unsigned long long)calls,
                   fault == KIT_DISK_IO ? "EIO" : "ENOSPC", forever ? "for ever" : "once");
        }
    }
    CU_ASSERT_EQUAL(bad, 0);
    return calls;
}

static void every_call_of_the_disk_may_fail(void)
{
    uint64_t calls;

    make_pristine();
    calls = torture_disk(KIT_DISK_IO, false, 1, 1);
    torture_disk(KIT_DISK_IO, true, 3, 1);
    torture_disk(KIT_DISK_FULL, false, 3, 2);
    torture_disk(KIT_DISK_FULL, true, 3, 3);
    printf("# %llu calls of the disk\n", (unsigned long long)calls);
}

static void a_store_whose_sync_failed_refuses_everything_until_it_is_opened_anew(void)
{
    struct lw_store *store = NULL;
    uint32_t sink;
    int refusals = 0;

    for (uint64_t n = 1; n < 60; n++) {
        enum lw_err err;

        begin_anew();
        OK(lw_store_open(&store, path, LW_STORE_OWN, NULL, NULL));
        OK(lw_store_sink(store, LW_STR("loggly"), &sink, NULL));
        OK(lw_store_begin(store, NULL));
        OK(lw_store_put(store, "mark", LW_STR("source"), LW_STR("1"), NULL));
        kit_disk_fail(n, KIT_DISK_IO, false);
        err = lw_store_commit(store, NULL);
        kit_disk_fail(0, KIT_DISK_IO, false);
        if (err == LW_ERR_IO) {
            struct lw_store_info info;

            refusals++;
            CU_ASSERT_EQUAL(lw_store_begin(store, NULL), LW_ERR_IO);
            CU_ASSERT_EQUAL(lw_store_info(store, &info, NULL), LW_ERR_IO);
            lw_store_close(store);
            OK(lw_store_open(&store, path, LW_STORE_OWN, NULL, NULL));
            OK(lw_store_begin(store, NULL));
            lw_store_rollback(store);
        }
        lw_store_close(store);
        if (err == LW_ERR_OK)
            break;
    }
    CU_ASSERT(refusals > 1);
}

/* --- Memory --- */

static void every_allocation_of_sqlite_may_fail(void)
{
    uint64_t calls, bad = 0;
    int64_t held;
    bool dirty = false, refused;

    make_pristine();
    begin_anew();
    kit_disk_memory_fail(0, false);
    live(&dirty, &refused);
    calls = kit_disk_memory_calls();
    held = kit_disk_memory_outstanding();
    for (int forever = 0; forever < 2; forever++)
        for (uint64_t n = 1 + (uint64_t)forever; n <= calls && bad < 5; n += forever ? 61 : 17) {
            int acknowledged;

            begin_anew();
            kit_disk_memory_fail(n, forever);
            dirty = false;
            acknowledged = live(&dirty, &refused);
            kit_disk_memory_fail(0, false);
            if (dirty || !sound(acknowledged) || kit_disk_memory_outstanding() > held + 2) {
                bad++;
                printf("# allocation %llu of %llu, held %lld (%lld before)\n", (unsigned long long)n,
                       (unsigned long long)calls, (long long)kit_disk_memory_outstanding(), (long long)held);
            }
        }
    printf("# %llu allocations of SQLite\n", (unsigned long long)calls);
    CU_ASSERT_EQUAL(bad, 0);
}

static bool live_once(void *self, bool failed)
{
    bool dirty = false, refused;
    int acknowledged;

    (void)self;
    begin_anew();
    acknowledged = live(&dirty, &refused);
    return !dirty && (failed || (acknowledged == TURNS && !refused));
}

static void every_allocation_of_ours_may_fail(void)
{
    make_pristine();
    CU_ASSERT(kit_alloc_torture(live_once, NULL) > 5);
}

/* --- Full disks --- */

/* In a process of its own: turns until there is no room, room, turns again; twice. */
static int fill_twice(const char *at, void (*make_room)(int round))
{
    struct lw_store *store = NULL;
    struct lw_store_info info;
    uint32_t sink;
    int turn = 0;

    snprintf(path, sizeof(path), "%s", at);
    if (lw_store_open(&store, path, LW_STORE_OWN, NULL, NULL) != LW_ERR_OK ||
        lw_store_sink(store, LW_STR("loggly"), &sink, NULL) != LW_ERR_OK)
        return 1;
    for (int round = 0; round < 2; round++) {
        enum lw_err err;

        do
            err = one_turn(store, sink, turn + 1, NULL, 60000);
        while (err == LW_ERR_OK && ++turn < 2000);
        if (err != LW_ERR_FULL)
            return 2;
        if (one_turn(store, sink, turn + 1, NULL, 60000) != LW_ERR_FULL)
            return 3;
        if (lw_store_info(store, &info, NULL) != LW_ERR_OK || info.outbox_rows != 2 * (uint64_t)turn)
            return 4;
        make_room(round);
        if (one_turn(store, sink, ++turn, NULL, 60000) != LW_ERR_OK)
            return 5;
    }
    lw_store_close(store);
    store = NULL;
    if (lw_store_open(&store, path, LW_STORE_OWN, NULL, NULL) != LW_ERR_OK ||
        lw_store_info(store, &info, NULL) != LW_ERR_OK || info.outbox_rows != 2 * (uint64_t)turn)
        return 6;
    lw_store_close(store);
    return 0;
}

static void raise_limit(int round)
{
    struct rlimit limit = {(rlim_t)(round + 2) * 1000000, RLIM_INFINITY};

    (void)setrlimit(RLIMIT_FSIZE, &limit);
}

static char mounted[512];

static void grow_mount(int round)
{
    char size[32];

    snprintf(size, sizeof(size), "size=%dk", (round + 2) * 1500);
    if (mount("tmpfs", mounted, "tmpfs", MS_REMOUNT, size) != 0)
        _exit(20);
}

static int in_child(int (*run)(void))
{
    pid_t child;
    int status = -1;

    fflush(stdout);
    child = fork();
    if (child == 0)
        _exit(run());
    CU_ASSERT_EQUAL(waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int with_limit(void)
{
    char at[600];

    signal(SIGXFSZ, SIG_IGN);
    raise_limit(-1);
    snprintf(at, sizeof(at), "%s/limited.db", kit_temporary_directory());
    return fill_twice(at, raise_limit);
}

static int on_tmpfs(void)
{
    char at[600];

    snprintf(mounted, sizeof(mounted), "%s/small", kit_temporary_directory());
    if (unshare(CLONE_NEWNS) != 0 || mount("none", "/", "none", MS_REC | MS_PRIVATE, "") != 0 ||
        mkdir(mounted, 0700) != 0 || mount("tmpfs", mounted, "tmpfs", 0, "size=1500k") != 0)
        return 77;
    snprintf(at, sizeof(at), "%s/store.db", mounted);
    return fill_twice(at, grow_mount);
}

static void a_full_disk_is_an_error_that_passes(void)
{
    int status;

    status = in_child(with_limit);
    if (status != 0)
        printf("# step %d\n", status);
    CU_ASSERT_EQUAL(status, 0);
    status = in_child(on_tmpfs);
    if (status == 77)
        printf("# no right to mount a small disk here: only the limit of the process was tried\n");
    else
        CU_ASSERT_EQUAL(status, 0);
}

/* --- Flipped bits --- */

static void flip(const char *at, size_t byte, int bit)
{
    int fd = open(at, O_RDWR | O_CLOEXEC);
    char c = 0;

    CU_ASSERT_FATAL(fd >= 0 && pread(fd, &c, 1, (off_t)byte) == 1);
    c = (char)(c ^ (1 << bit));
    CU_ASSERT_EQUAL_FATAL(pwrite(fd, &c, 1, (off_t)byte), 1);
    close(fd);
}

/* What is handed out is what was put in, or there is an error, or it is not found. */
static void a_flipped_bit_is_found_or_does_no_harm(void)
{
    struct kit_random random = kit_seed(5);
    struct stat about;
    int refused = 0, seen = 0, silent = 0, wrong = 0;
    bool dirty = false, failed;

    make_pristine();
    begin_anew();
    CU_ASSERT_EQUAL(live(&dirty, &failed), TURNS);
    copy_file(path, pristine);
    CU_ASSERT_EQUAL_FATAL(stat(path, &about), 0);
    for (int i = 0; i < 1200; i++) {
        struct lw_store *store = NULL;
        struct found found = {0};
        enum lw_err err;

        begin_anew();
        flip(path, kit_random_bits(&random) % (size_t)about.st_size, (int)(kit_random_bits(&random) % 8));
        err = lw_store_open(&store, path, LW_STORE_OWN, NULL, NULL);
        if (err != LW_ERR_OK) {
            refused++;
            CU_ASSERT(err == LW_ERR_STATE || err == LW_ERR_NEWER || err == LW_ERR_LIMIT || err == LW_ERR_IO);
            continue;
        }
        if (read_all(store, &found) != LW_ERR_OK)
            seen++;
        else if ((found.mark != TURNS && found.mark != 0) || (found.unit != TURNS && found.unit != 0))
            wrong++;
        else
            silent++;
        (void)!one_turn(store, 1, TURNS + 1, NULL, 9000);
        lw_store_close(store);
    }
    printf("# %d refused at the start, %d seen when read, %d without effect\n", refused, seen, silent);
    CU_ASSERT_EQUAL(wrong, 0);
}

int main(void)
{
    static const struct kit_test tests[] = {
        {"every call of the disk may fail", every_call_of_the_disk_may_fail},
        {"a store whose sync failed refuses everything until it is opened anew",
         a_store_whose_sync_failed_refuses_everything_until_it_is_opened_anew},
        {"every allocation of SQLite may fail", every_allocation_of_sqlite_may_fail},
        {"every allocation of ours may fail", every_allocation_of_ours_may_fail},
        {"a full disk is an error that passes", a_full_disk_is_an_error_that_passes},
        {"a flipped bit is found or does no harm", a_flipped_bit_is_found_or_does_no_harm},
    };

    int status;

    /* Nothing here asks whether a real disk syncs, and a thousand stores are made. */
    if (access("/dev/shm", W_OK | X_OK) == 0)
        setenv("TMPDIR", "/dev/shm", 0);
    kit_disk_install();
    for (int turn = 1; turn <= TURNS; turn++)
        runs[turn] = make_run(turn);
    status = kit_main("store_faults", tests, sizeof(tests) / sizeof(tests[0]));
    for (int turn = 1; turn <= TURNS; turn++)
        free(runs[turn]);
    return status;
}
