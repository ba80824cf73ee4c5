/* What was acknowledged is there after a kill and after the power went, whenever that was. Twin builds of the store in
   which a protection is missing must fail here (see the Makefile). */
#define _GNU_SOURCE
#include "tests/kit/disk.h"
#include "tests/kit/kit.h"

#include "engine/store/store.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define OK(call) CU_ASSERT_EQUAL_FATAL((call), LW_ERR_OK)
#define KILLS    100
#define CUTS     400
#define TURNS    160

static char path[512];

/* One turn as a daemon does it: the mark moves to `turn`, a unit is put, an alert and a metric are owed. */
static enum lw_err turn_of(struct lw_store *store, uint32_t sink, int turn, size_t bytes)
{
    const lw_time now = {1560000000000 + turn};
    char text[32], body[64];
    char *unit = calloc(1, bytes);
    uint64_t seq = 0;
    enum lw_err err;

    if (unit == NULL)
        return LW_ERR_NOMEM;
    snprintf(text, sizeof(text), "%d", turn);
    snprintf(unit, bytes, "unit %d", turn);
    err = lw_store_begin(store, NULL);
    if (err == LW_ERR_OK)
        err = lw_store_put(store, "mark", LW_STR("source"), lw_str_from(text), NULL);
    if (err == LW_ERR_OK)
        err = lw_store_unit_put(store, LW_STR("unit"), 0, true, (struct lw_str){unit, bytes}, now, NULL);
    for (int i = 0; i < 2 && err == LW_ERR_OK; i++) {
        err = lw_store_seq(store, sink, &seq, NULL);
        snprintf(body, sizeof(body), "{\"turn\":%d,\"seq\":%llu}", turn, (unsigned long long)seq);
        if (err == LW_ERR_OK)
            err = lw_store_outbox_add(store, sink, i == 0 ? LW_EVENT_ALERT : LW_EVENT_METRIC, seq, lw_str_from(body),
                                      now, NULL);
    }
    free(unit);
    if (err == LW_ERR_OK)
        return lw_store_commit(store, NULL);
    lw_store_rollback(store);
    return err;
}

/* What a store says after a crash. */
struct found {
    int mark, unit;
    int64_t last[2];  /* lw_seq of the last row of each lane */
    uint64_t rows[2]; /* by lane */
    int lane;
    bool whole;
};

static bool look(void *context, const struct lw_outbox_row *row)
{
    struct found *found = context;
    int lane = found->lane;

    /* Every second number, without a hole. */
    if (found->rows[lane] > 0 && row->first_seq != (uint64_t)found->last[lane] + 2)
        found->whole = false;
    found->rows[lane]++;
    found->last[lane] = (int64_t)row->first_seq;
    return true;
}

static int number(struct lw_str text, size_t from)
{
    char copy[32] = "";

    if (text.len > from)
        memcpy(copy, text.at + from, text.len - from < 31 ? text.len - from : 31);
    return (int)strtol(copy, NULL, 10);
}

static struct found look_at(const char *at, bool *opened)
{
    struct found found = {.whole = true};
    struct lw_buf mark = {.ceiling = 1 << 20}, unit = {.ceiling = 1 << 22};
    struct lw_fault fault = {0};
    struct lw_store *store = NULL;
    struct lw_outbox outbox;
    uint32_t sink = 0;
    bool there, pruned;

    *opened = lw_store_open(&store, at, LW_STORE_OWN, NULL, &fault) == LW_ERR_OK;
    if (!*opened) {
        static int told;

        if (told++ < 3)
            printf("# %s\n", fault.text);
        return found;
    }
    OK(lw_store_sink(store, LW_STR("loggly"), &sink, NULL));
    OK(lw_store_get(store, "mark", LW_STR("source"), &mark, &there, NULL));
    OK(lw_store_unit_get(store, LW_STR("unit"), &unit, &there, &pruned, NULL));
    found.mark = number(lw_buf_view(&mark), 0);
    found.unit = number(lw_buf_view(&unit), 5);
    outbox = lw_store_outbox(store);
    OK(outbox.read(outbox.self, sink, LW_LANE_ALERT, 0, look, &found, NULL));
    found.lane = 1;
    OK(outbox.read(outbox.self, sink, LW_LANE_METRIC, 0, look, &found, NULL));
    lw_buf_close(&mark);
    lw_buf_close(&unit);
    lw_store_close(store);
    return found;
}

/* Nothing that was acknowledged is missing, and no turn is there in part. */
static bool sound(const struct found *found, int acknowledged)
{
    if (found->mark < acknowledged || found->unit != found->mark || !found->whole)
        return false;
    /* At least the last turns' events are there: only older rows were paid. */
    return found->mark == 0 || (found->last[0] == 2 * found->mark - 1 && found->last[1] == 2 * found->mark);
}

/* --- Kill --- */

/* Rows are paid between turns, always the oldest. */
static bool take_first(void *context, const struct lw_outbox_row *row)
{
    *(uint64_t *)context = row->id;
    return false;
}

static void pay_oldest(struct lw_store *store, uint32_t sink)
{
    struct lw_outbox outbox = lw_store_outbox(store);
    uint64_t id = 0;

    if (outbox.read(outbox.self, sink, LW_LANE_ALERT, 0, take_first, &id, NULL) != LW_ERR_OK ||
        outbox.paid(outbox.self, sink, &id, 1, NULL) != LW_ERR_OK)
        _exit(1);
}

static void be_killed(int from, int ack)
{
    struct lw_store *store = NULL;
    uint32_t sink;

    if (lw_store_open(&store, path, LW_STORE_OWN, NULL, NULL) != LW_ERR_OK ||
        lw_store_sink(store, LW_STR("loggly"), &sink, NULL) != LW_ERR_OK)
        _exit(1);
    for (int turn = from + 1;; turn++) {
        bool more;

        if (turn_of(store, sink, turn, 4000) != LW_ERR_OK || write(ack, &turn, sizeof(turn)) != sizeof(turn))
            _exit(1);
        if (turn % 3 == 0)
            pay_oldest(store, sink);
        if (turn % 7 == 0 && lw_store_maintain(store, (lw_time){1560000000000}, &more, NULL) != LW_ERR_OK)
            _exit(1);
    }
}

/* Starts a child, kills it at a random moment after its first turn, and says what it acknowledged last. */
static int kill_one(struct kit_random *random, int from)
{
    int ends[2], last = from, turn;
    struct timespec wait = {.tv_nsec = 0};
    pid_t child;

    CU_ASSERT_EQUAL_FATAL(pipe(ends), 0);
    child = fork();
    if (child == 0) {
        close(ends[0]);
        be_killed(from, ends[1]);
    }
    close(ends[1]);
    if (read(ends[0], &turn, sizeof(turn)) == sizeof(turn))
        last = turn;
    wait.tv_nsec = (long)(kit_random_bits(random) % 15000000);
    nanosleep(&wait, NULL);
    kill(child, SIGKILL);
    CU_ASSERT_EQUAL(waitpid(child, NULL, 0), child);
    while (read(ends[0], &turn, sizeof(turn)) == sizeof(turn))
        last = turn;
    close(ends[0]);
    return last;
}

static void nothing_acknowledged_is_lost_when_the_process_is_killed(void)
{
    struct kit_random random = kit_seed(2026);
    int turns = 0, bad = 0;

    snprintf(path, sizeof(path), "%s/killed.db", kit_temporary_directory());
    for (int i = 0; i < KILLS; i++) {
        bool opened;
        int acknowledged = kill_one(&random, turns);
        struct found found = look_at(path, &opened);

        if (!opened || acknowledged <= turns || !sound(&found, acknowledged))
            bad++;
        if (!opened || bad > 3)
            break;
        turns = found.mark;
    }
    printf("# %d kills, %d turns, %d bad\n", KILLS, turns, bad);
    CU_ASSERT_EQUAL(bad, 0);
}

/* --- Power --- */

static void nothing_acknowledged_is_lost_when_the_power_goes(void)
{
    struct kit_random random = kit_seed(77);
    uint64_t when[TURNS + 1] = {0};
    struct lw_store *store = NULL;
    char cut[600];
    uint32_t sink;
    bool more;
    int lost = 0, closed = 0, torn = 0;

    snprintf(path, sizeof(path), "%s/power.db", kit_temporary_directory());
    snprintf(cut, sizeof(cut), "%s.cut", path);
    OK(lw_store_open(&store, path, LW_STORE_OWN, NULL, NULL));
    lw_store_close(store);
    kit_disk_record_start(path);
    OK(lw_store_open(&store, path, LW_STORE_OWN, NULL, NULL));
    OK(lw_store_sink(store, LW_STR("loggly"), &sink, NULL));
    for (int turn = 1; turn <= TURNS; turn++) {
        OK(turn_of(store, sink, turn, 40000 + kit_random_bits(&random) % 100000));
        when[turn] = kit_disk_recorded();
        OK(lw_store_maintain(store, (lw_time){1560000000000}, &more, NULL));
    }
    for (int i = 0; i < CUTS; i++) {
        uint64_t nth = 1 + kit_random_bits(&random) % when[TURNS];
        int acknowledged = 0;
        struct found found;
        bool opened;

        while (acknowledged < TURNS && when[acknowledged + 1] <= nth)
            acknowledged++;
        kit_disk_cut(nth, &random, cut);
        found = look_at(cut, &opened);
        closed += !opened;
        lost += opened && found.mark < acknowledged;
        torn += opened && !sound(&found, 0);
    }
    printf("# %d cuts of the power: %d not to be opened, %d lost a turn, %d with half of one\n", CUTS, closed, lost,
           torn);
    CU_ASSERT_EQUAL(closed, 0);
    CU_ASSERT_EQUAL(lost, 0);
    CU_ASSERT_EQUAL(torn, 0);
    lw_store_close(store);
    kit_disk_record_stop();
}

int main(void)
{
    static const struct kit_test tests[] = {
        {"nothing acknowledged is lost when the process is killed",
         nothing_acknowledged_is_lost_when_the_process_is_killed},
        {"nothing acknowledged is lost when the power goes", nothing_acknowledged_is_lost_when_the_power_goes},
    };

    /* The kit's disk is the judge of what lasts; a real one would only be waited for. */
    if (access("/dev/shm", W_OK | X_OK) == 0)
        setenv("TMPDIR", "/dev/shm", 0);
    kit_disk_install();
    return kit_main("store_crash", tests, sizeof(tests) / sizeof(tests[0]));
}
