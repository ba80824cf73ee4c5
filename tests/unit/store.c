#define _GNU_SOURCE
#include "tests/kit/kit.h"
#include "tests/kit/runs.h"

#include "engine/store/store.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define NOW ((lw_time){1560000000000})

static char path[512];

/* A path that no test had before; its folder is there. */
static const char *fresh(void)
{
    static int n;

    snprintf(path, sizeof(path), "%s/store-%d.db", kit_temporary_directory(), ++n);
    return path;
}

static struct lw_store *open_with(const char *at, const struct lw_store_limits *limits)
{
    struct lw_fault fault = {0};
    struct lw_store *store = NULL;

    if (lw_store_open(&store, at, LW_STORE_OWN, limits, &fault) != LW_ERR_OK)
        printf("# %s\n", fault.text);
    CU_ASSERT_PTR_NOT_NULL_FATAL(store);
    return store;
}

static struct lw_store *open_at(const char *at)
{
    return open_with(at, NULL);
}

static struct lw_store *again(struct lw_store *store)
{
    lw_store_close(store);
    return open_at(path);
}

#define OK(call) CU_ASSERT_EQUAL_FATAL((call), LW_ERR_OK)

static void put(struct lw_store *store, const char *kind, const char *name, const char *text)
{
    OK(lw_store_put(store, kind, lw_str_from(name), lw_str_from(text), NULL));
}

static bool has(struct lw_store *store, const char *kind, const char *name, const char *want)
{
    struct lw_buf out = {.ceiling = 1 << 20};
    bool found, same;

    OK(lw_store_get(store, kind, lw_str_from(name), &out, &found, NULL));
    same = want == NULL ? !found : found && lw_str_equal(lw_buf_view(&out), lw_str_from(want));
    lw_buf_close(&out);
    return same;
}

/* One number from the file, asked by a connection of its own. */
static int64_t ask(const char *at, const char *sql)
{
    sqlite3 *db = NULL;
    sqlite3_stmt *stmt = NULL;
    int64_t n = -1;

    if (sqlite3_open_v2(at, &db, SQLITE_OPEN_READONLY, NULL) == SQLITE_OK &&
        sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) == SQLITE_OK && sqlite3_step(stmt) == SQLITE_ROW)
        n = sqlite3_column_int64(stmt, 0);
    sqlite3_finalize(stmt);
    sqlite3_close(db);
    return n;
}

static void change(const char *at, const char *sql)
{
    sqlite3 *db = NULL;

    CU_ASSERT_EQUAL_FATAL(sqlite3_open_v2(at, &db, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
    CU_ASSERT_EQUAL_FATAL(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}

static char *bytes_of(const char *at, size_t *n)
{
    FILE *file = fopen(at, "rb");
    char *bytes = malloc((size_t)1 << 22);

    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    CU_ASSERT_PTR_NOT_NULL_FATAL(bytes);
    *n = fread(bytes, 1, (size_t)1 << 22, file);
    fclose(file);
    return bytes;
}

static void write_file(const char *at, const void *bytes, size_t n)
{
    FILE *file = fopen(at, "wb");

    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    CU_ASSERT_EQUAL_FATAL(fwrite(bytes, 1, n, file), n);
    fclose(file);
}

static bool same_bytes(const char *at, const char *want, size_t want_n)
{
    size_t n;
    char *got = bytes_of(at, &n);
    bool same = n == want_n && memcmp(got, want, n) == 0;

    free(got);
    return same;
}

/* --- Turns and texts --- */

static void a_turn_lasts_when_it_is_committed_and_leaves_nothing_when_it_is_rolled_back(void)
{
    struct lw_store *store = open_at(fresh());

    OK(lw_store_begin(store, NULL));
    put(store, "mark", "a", "12");
    OK(lw_store_commit(store, NULL));
    OK(lw_store_begin(store, NULL));
    put(store, "mark", "a", "99");
    put(store, "mark", "b", "1");
    lw_store_rollback(store);
    CU_ASSERT(has(store, "mark", "a", "12"));
    CU_ASSERT(has(store, "mark", "b", NULL));
    store = again(store);
    CU_ASSERT(has(store, "mark", "a", "12"));
    OK(lw_store_begin(store, NULL));
    put(store, "mark", "a", "");
    OK(lw_store_commit(store, NULL));
    CU_ASSERT(has(store, "mark", "a", NULL));
    lw_store_close(store);
}

static enum lw_err join(void *self, struct lw_str name, struct lw_str text, struct lw_fault *fault)
{
    (void)fault;
    lw_buf_str(self, name);
    lw_buf_char(self, '=');
    lw_buf_str(self, text);
    lw_buf_char(self, ' ');
    return LW_ERR_OK;
}

static enum lw_err refuse(void *self, struct lw_str name, struct lw_str text, struct lw_fault *fault)
{
    (void)self;
    (void)name;
    (void)text;
    (void)fault;
    return LW_ERR_RANGE;
}

static void texts_of_a_kind_are_listed_by_name_and_kinds_do_not_mix(void)
{
    struct lw_store *store = open_at(fresh());
    struct lw_buf out = {.ceiling = 1000};

    OK(lw_store_begin(store, NULL));
    put(store, "note", "z", "1");
    put(store, "note", "a", "2");
    put(store, "mark", "m", "3");
    OK(lw_store_commit(store, NULL));
    OK(lw_store_each(store, "note", join, &out, NULL));
    CU_ASSERT(lw_str_equal(lw_buf_view(&out), LW_STR("a=2 z=1 ")));
    CU_ASSERT_EQUAL(lw_store_each(store, "note", refuse, NULL, NULL), LW_ERR_RANGE);
    lw_buf_close(&out);
    lw_store_close(store);
}

static void writing_needs_a_turn_and_reading_does_not(void)
{
    struct lw_store *store = open_at(fresh());
    struct lw_fault fault = {0};

    CU_ASSERT_EQUAL(lw_store_put(store, "mark", LW_STR("a"), LW_STR("1"), &fault), LW_ERR_USAGE);
    CU_ASSERT_EQUAL(lw_store_commit(store, NULL), LW_ERR_USAGE);
    lw_store_rollback(store);
    CU_ASSERT(has(store, "mark", "a", NULL));
    OK(lw_store_begin(store, NULL));
    CU_ASSERT_EQUAL(lw_store_begin(store, NULL), LW_ERR_USAGE);
    lw_store_close(store);
    lw_store_close(NULL);
}

/* --- Units --- */

static enum lw_err name_unit(void *self, struct lw_str key, uint32_t source, struct lw_str bytes,
                             struct lw_fault *fault)
{
    (void)fault;
    lw_buf_format(self, "%.*s/%u/%zu ", (int)key.len, key.at, (unsigned)source, bytes.len);
    return LW_ERR_OK;
}

static void open_units_are_handed_out_at_the_start_and_closed_ones_when_they_are_asked_for(void)
{
    struct lw_store *store = open_at(fresh());
    struct lw_buf out = {.ceiling = 1000};
    bool found, pruned;

    OK(lw_store_begin(store, NULL));
    OK(lw_store_unit_put(store, LW_STR("b"), 2, true, LW_STR("bytes"), NOW, NULL));
    OK(lw_store_unit_put(store, LW_STR("a"), 1, true, LW_STR("by\0es"), NOW, NULL));
    OK(lw_store_unit_put(store, LW_STR("c"), 0, false, LW_STR("closed"), NOW, NULL));
    OK(lw_store_unit_put(store, LW_STR("d"), 0, true, LW_STR("gone"), NOW, NULL));
    OK(lw_store_unit_remove(store, LW_STR("d"), NULL));
    OK(lw_store_commit(store, NULL));
    store = again(store);
    OK(lw_store_units_open(store, name_unit, &out, NULL));
    CU_ASSERT(lw_str_equal(lw_buf_view(&out), LW_STR("a/1/5 b/2/5 ")));
    lw_buf_clear(&out);
    OK(lw_store_unit_get(store, LW_STR("c"), &out, &found, &pruned, NULL));
    CU_ASSERT(found && !pruned && lw_str_equal(lw_buf_view(&out), LW_STR("closed")));
    OK(lw_store_unit_get(store, LW_STR("d"), &out, &found, &pruned, NULL));
    CU_ASSERT(!found && !pruned);
    lw_buf_close(&out);
    lw_store_close(store);
}

/* A page of 8 KiB is more than half full of this. */
static void fill_pages(struct lw_store *store, int n)
{
    static char text[6000], fill = 'a';

    memset(text, fill++, sizeof(text));
    OK(lw_store_begin(store, NULL));
    for (int i = 0; i < n; i++) {
        char name[16];

        snprintf(name, sizeof(name), "n-%d", i);
        OK(lw_store_put(store, "fill", lw_str_from(name), (struct lw_str){text, sizeof(text)}, NULL));
    }
    OK(lw_store_commit(store, NULL));
}

static enum lw_err stop_at_first(void *self, struct lw_str name, struct lw_str text, struct lw_fault *fault)
{
    struct lw_store *store = self;
    bool more = true;

    (void)name;
    (void)text;
    (void)fault;
    /* The reader is in the middle of its reading. */
    fill_pages(store, 700);
    CU_ASSERT(lw_store_wants_checkpoint(store));
    OK(lw_store_maintain(store, NOW, &more, NULL));
    CU_ASSERT(!lw_store_wants_checkpoint(store));
    for (int i = 0; more && i < 20; i++)
        OK(lw_store_maintain(store, NOW, &more, NULL));
    CU_ASSERT(!more);
    fill_pages(store, 700);
    CU_ASSERT(lw_store_wants_checkpoint(store));
    return LW_ERR_FORMAT;
}

static void a_reader_that_holds_the_log_does_not_keep_its_owner_at_checkpoints(void)
{
    const char *at = fresh();
    struct lw_store *store = open_at(at);
    struct lw_store *reader = NULL;
    bool more = false;

    fill_pages(store, 1);
    OK(lw_store_open(&reader, at, LW_STORE_READ, NULL, NULL));
    CU_ASSERT_EQUAL(lw_store_each(reader, "fill", stop_at_first, store, NULL), LW_ERR_FORMAT);
    lw_store_close(reader);
    OK(lw_store_maintain(store, NOW, &more, NULL));
    CU_ASSERT(more && !lw_store_wants_checkpoint(store));
    lw_store_close(store);
}

static void datapoints_of_closed_units_go_after_their_time_and_it_is_known_that_they_were_there(void)
{
    const struct lw_store_limits limits = {.keep_points = {LW_DAY}};
    struct lw_store *store = open_with(fresh(), &limits);
    struct lw_buf out = {.ceiling = 1000};
    bool found, pruned, more = true;
    int slices = 0;

    OK(lw_store_begin(store, NULL));
    OK(lw_store_unit_put(store, LW_STR("open"), 0, true, LW_STR("x"), NOW, NULL));
    OK(lw_store_unit_put(store, LW_STR("young"), 0, false, LW_STR("x"), lw_time_after(NOW, (lw_span){LW_DAY}), NULL));
    for (int i = 0; i < 100; i++) {
        char key[16];

        snprintf(key, sizeof(key), "old-%d", i);
        OK(lw_store_unit_put(store, lw_str_from(key), 0, false, LW_STR("x"), NOW, NULL));
    }
    OK(lw_store_commit(store, NULL));
    for (; more && slices < 100; slices++)
        OK(lw_store_maintain(store, lw_time_after(NOW, (lw_span){LW_DAY + 1}), &more, NULL));
    CU_ASSERT(slices > 2 && slices < 20);
    OK(lw_store_unit_get(store, LW_STR("old-99"), &out, &found, &pruned, NULL));
    CU_ASSERT(!found && pruned && out.len == 0);
    OK(lw_store_unit_get(store, LW_STR("open"), &out, &found, &pruned, NULL));
    CU_ASSERT(found && !pruned);
    OK(lw_store_unit_get(store, LW_STR("young"), &out, &found, &pruned, NULL));
    CU_ASSERT(found && !pruned);
    lw_buf_close(&out);
    lw_store_close(store);
}

/* --- History --- */

static const double values[] = {0.5, 0.7, 0.9};
static const struct kit_metric metrics[] = {{.name = "validation:accuracy", .values = values, .n = 3},
                                            {.name = "train:loss", .values = values, .n = 3}};

static struct lw_run *run(const char *name, int64_t end)
{
    return kit_run_make(&(struct kit_run){.name = name,
                                          .start = end == 0 ? 0 : end - 60000,
                                          .end = end,
                                          .outcome = LW_OUTCOME_COMPLETED,
                                          .instance = "ml.p2.xlarge",
                                          .metrics = metrics,
                                          .metrics_n = 2});
}

static enum lw_err count_touched(void *self, struct lw_str origin, struct lw_str model, struct lw_fault *fault)
{
    (void)fault;
    CU_ASSERT(origin.len == 0 && lw_str_equal(model, LW_STR("model")));
    ++*(int *)self;
    return LW_ERR_OK;
}

static int put_runs(struct lw_store *store, const char *key, struct lw_run **runs, size_t n)
{
    int touched = 0;

    OK(lw_store_begin(store, NULL));
    OK(lw_store_runs_put(store, lw_str_from(key), (const struct lw_run *const *)(const void *)runs, n, NOW,
                         count_touched, &touched, NULL));
    OK(lw_store_commit(store, NULL));
    return touched;
}

/* Names of the runs of the model as they are handed out. */
static void list(struct lw_store *store, struct lw_arena *arena, struct lw_buf *out)
{
    const struct lw_run *const *runs;
    size_t n;

    lw_buf_clear(out);
    OK(lw_store_runs_get(store, LW_STR(""), LW_STR("model"), arena, &runs, &n, NULL));
    for (size_t i = 0; i < n; i++) {
        lw_buf_str(out, lw_run_str(runs[i], runs[i]->name));
        lw_buf_char(out, ' ');
        CU_ASSERT(i == 0 || lw_run_order(runs[i - 1], runs[i]) <= 0);
    }
}

static void runs_come_back_to_the_byte_and_in_the_order_of_judging(void)
{
    struct lw_store *store = open_at(fresh());
    struct lw_run *runs[] = {run("late", 5000000), run("b", 1000000), run("a", 1000000), run("none", 0), run("B", 0)};
    struct lw_arena arena = {.ceiling = 1 << 20};
    struct lw_buf out = {.ceiling = 1000};
    const struct lw_run *const *got;
    struct lw_store_model model;
    bool found;
    size_t n;

    CU_ASSERT_EQUAL(put_runs(store, "unit-1", runs, 4), 1);
    CU_ASSERT_EQUAL(put_runs(store, "unit-2", runs + 4, 1), 1);
    store = again(store);
    list(store, &arena, &out);
    CU_ASSERT(lw_str_equal(lw_buf_view(&out), LW_STR("a b late B none ")));
    OK(lw_store_runs_get(store, LW_STR(""), LW_STR("model"), &arena, &got, &n, NULL));
    CU_ASSERT(got[2]->bytes == runs[0]->bytes && memcmp(got[2], runs[0], runs[0]->bytes) == 0);
    OK(lw_store_runs_get(store, LW_STR(""), LW_STR("other"), &arena, &got, &n, NULL));
    CU_ASSERT_EQUAL(n, 0);
    OK(lw_store_model_get(store, LW_STR(""), LW_STR("model"), &arena, &model, &found, NULL));
    CU_ASSERT(found && model.runs == 5 && model.dirty && lw_str_equal(model.last_run, LW_STR("none")));
    CU_ASSERT(!model.has_last_end && !model.has_deadline && model.verdict == LW_VERDICT_INSUFFICIENT);
    CU_ASSERT_EQUAL(ask(path, "SELECT count(*) FROM summaries WHERE metric = 'train:loss' AND last = 0.9"), 5);
    CU_ASSERT_EQUAL(ask(path, "SELECT count(*) FROM history WHERE duration_s = 60 AND ended > '1970'"), 3);
    for (size_t i = 0; i < 5; i++)
        free(runs[i]);
    lw_arena_close(&arena);
    lw_buf_close(&out);
    lw_store_close(store);
}

static void runs_of_a_unit_take_the_place_of_those_it_gave_before(void)
{
    struct lw_store *store = open_at(fresh());
    struct lw_run *runs[] = {run("one", 1000000), run("two", 2000000), run("three", 3000000)};
    struct lw_arena arena = {.ceiling = 1 << 20};
    struct lw_buf out = {.ceiling = 1000};
    int64_t first;

    CU_ASSERT_EQUAL(put_runs(store, "unit", runs, 2), 1);
    CU_ASSERT_EQUAL(put_runs(store, "other", runs + 2, 1), 1);
    first = ask(path, "SELECT id FROM runs WHERE name = 'two'");
    CU_ASSERT_EQUAL(put_runs(store, "unit", runs, 2), 0); /* nothing changed: nothing is judged again */
    CU_ASSERT_EQUAL(put_runs(store, "unit", runs + 1, 1), 1);
    CU_ASSERT_EQUAL(ask(path, "SELECT id FROM runs WHERE name = 'two'"), first);
    list(store, &arena, &out);
    CU_ASSERT(lw_str_equal(lw_buf_view(&out), LW_STR("two three ")));
    CU_ASSERT_EQUAL(put_runs(store, "unit", runs, 0), 1);
    list(store, &arena, &out);
    CU_ASSERT(lw_str_equal(lw_buf_view(&out), LW_STR("three ")));
    CU_ASSERT_EQUAL(ask(path, "SELECT count(*) FROM records"), 1);
    CU_ASSERT_EQUAL(ask(path, "SELECT count(*) FROM summaries"), 2);
    for (size_t i = 0; i < 3; i++)
        free(runs[i]);
    lw_arena_close(&arena);
    lw_buf_close(&out);
    lw_store_close(store);
}

struct judgement {
    struct lw_judged judged;
    struct lw_judged_run runs[3];
    struct lw_finding findings[3];
    struct lw_alert alert;
    struct lw_str series[2];
};

static void judge(struct judgement *it, struct lw_run **runs, size_t n)
{
    memset(it, 0, sizeof(*it));
    for (size_t i = 0; i < n; i++)
        it->runs[i] = (struct lw_judged_run){
            .run = runs[i], .outcome = LW_OUTCOME_COMPLETED, .has_gap = i > 0, .gap = {940000}, .cost = 2.5};
    for (size_t i = 0; i < 3; i++)
        it->findings[i] = (struct lw_finding){.detector = LW_DETECT_CUSUM,
                                              .verdict = i == 0 ? LW_VERDICT_OK : LW_VERDICT_DRIFT,
                                              .direction = LW_DIRECTION_DOWN,
                                              .series = LW_STR("duration"),
                                              .run = 1,
                                              .has_p = 1,
                                              .p_value = 0.001,
                                              .message = "a sentence"};
    it->findings[2].detector = LW_DETECT_KS;
    it->series[0] = LW_STR("duration");
    it->series[1] = LW_STR("cost");
    it->alert = (struct lw_alert){.id = "abcdefghijklmnopqrstuvwxyz",
                                  .severity = LW_SEVERITY_TICKET,
                                  .series = it->series,
                                  .series_n = 2,
                                  .opened_run = 1,
                                  .change_run = 0,
                                  .resolved_run = LW_NO_RUN,
                                  .revision = 1,
                                  .has_after = 1,
                                  .after = 7.5,
                                  .message = "it got slower"};
    it->judged = (struct lw_judged){.model = LW_STR("model"),
                                    .runs = it->runs,
                                    .runs_n = n,
                                    .findings = it->findings,
                                    .findings_n = 3,
                                    .alerts = &it->alert,
                                    .alerts_n = 1,
                                    .verdict = LW_VERDICT_DRIFT,
                                    .deadline = NOW,
                                    .has_deadline = 1};
}

static void put_judged(struct lw_store *store, const struct judgement *it)
{
    OK(lw_store_begin(store, NULL));
    OK(lw_store_judged_put(store, &it->judged, LW_STR("to\0ld"), NOW, NULL));
    OK(lw_store_commit(store, NULL));
}

static void what_was_judged_can_be_read_with_sql_and_only_what_differs_is_written(void)
{
    struct lw_store *store = open_at(fresh());
    struct lw_run *runs[] = {run("one", 1000000), run("two", 2000000), run("three", 3000000)};
    struct lw_arena arena = {.ceiling = 1 << 20};
    struct lw_store_model model;
    struct judgement it;
    int64_t before;
    bool found;

    put_runs(store, "unit", runs, 3);
    judge(&it, runs, 3);
    put_judged(store, &it);
    OK(lw_store_model_get(store, LW_STR(""), LW_STR("model"), &arena, &model, &found, NULL));
    CU_ASSERT(found && !model.dirty && model.has_deadline && model.deadline.ms == NOW.ms);
    CU_ASSERT(model.verdict == LW_VERDICT_DRIFT && lw_str_equal(model.told, LW_STR("to\0ld")));
    CU_ASSERT_EQUAL(ask(path, "SELECT count(*) FROM findings JOIN runs ON runs.id = run WHERE name = 'two' AND "
                              "findings.verdict = 'drift' AND detector IN ('cusum', 'ks') AND p_value = 0.001"),
                    2);
    CU_ASSERT_EQUAL(ask(path, "SELECT count(*) FROM runs WHERE verdict = 'ok' AND cost IS NULL AND gap_s = 940"), 2);
    CU_ASSERT_EQUAL(ask(path, "SELECT count(*) FROM alerts WHERE state = 'open' AND series = 'duration,cost' AND "
                              "opened_run = 'two' AND change_run = 'one' AND resolved_run = '' AND before IS NULL AND "
                              "after = 7.5"),
                    1);
    before = ask(path, "SELECT max(id) FROM findings");
    it.alert.state = LW_ALERT_RESOLVED;
    it.alert.revision = 2;
    it.runs[2].verdict = LW_VERDICT_WARNING;
    put_judged(store, &it);
    CU_ASSERT_EQUAL(ask(path, "SELECT max(id) FROM findings"), before);
    CU_ASSERT_EQUAL(ask(path, "SELECT count(*) FROM alerts WHERE state = 'resolved' AND revision = 2"), 1);
    CU_ASSERT_EQUAL(ask(path, "SELECT count(*) FROM runs WHERE verdict = 'warning'"), 1);
    it.judged.alerts_n = 0;
    it.judged.findings_n = 0;
    put_judged(store, &it);
    CU_ASSERT_EQUAL(ask(path, "SELECT count(*) FROM alerts WHERE state = 'retracted'"), 1);
    CU_ASSERT_EQUAL(ask(path, "SELECT count(*) FROM findings"), 0);
    for (size_t i = 0; i < 3; i++)
        free(runs[i]);
    lw_arena_close(&arena);
    lw_store_close(store);
}

static void alerts_that_were_opened_before_the_history_that_is_left_stay(void)
{
    struct lw_store *store = open_at(fresh());
    struct lw_run *runs[] = {run("one", 1000000), run("two", 2000000), run("three", 3000000)};
    struct judgement it;

    put_runs(store, "unit", runs, 3);
    judge(&it, runs, 3);
    put_judged(store, &it);
    put_runs(store, "unit", runs + 2, 1);
    judge(&it, runs + 2, 1);
    it.judged.alerts_n = 0;
    it.judged.findings_n = 0;
    put_judged(store, &it);
    CU_ASSERT_EQUAL(ask(path, "SELECT count(*) FROM alerts WHERE state = 'open'"), 1);
    for (size_t i = 0; i < 3; i++)
        free(runs[i]);
    lw_store_close(store);
}

static enum lw_err count_dirty(void *self, const struct lw_store_model *model, struct lw_fault *fault)
{
    (void)fault;
    *(int *)self += model->dirty ? 100 : 1;
    return LW_ERR_OK;
}

static void a_model_stays_dirty_until_it_is_judged(void)
{
    struct lw_store *store = open_at(fresh());
    struct lw_run *runs[] = {run("one", 1000000)};
    struct judgement it;
    int seen = 0;

    put_runs(store, "unit", runs, 1);
    store = again(store);
    OK(lw_store_models(store, count_dirty, &seen, NULL));
    CU_ASSERT_EQUAL(seen, 100);
    judge(&it, runs, 1);
    it.judged.findings_n = 0;
    it.judged.alerts_n = 0;
    put_judged(store, &it);
    OK(lw_store_models(store, count_dirty, &seen, NULL));
    CU_ASSERT_EQUAL(seen, 101);
    free(runs[0]);
    lw_store_close(store);
}

static void old_runs_go_but_never_the_youngest_hundred(void)
{
    const struct lw_store_limits limits = {.keep_runs = 120, .keep_history = {LW_DAY}};
    struct lw_store *store = open_with(fresh(), &limits);
    struct lw_run *runs[150];
    bool more = true;

    for (int i = 0; i < 150; i++) {
        char name[16];

        snprintf(name, sizeof(name), "run-%03d", i);
        runs[i] = run(name, NOW.ms + i * 1000);
    }
    put_runs(store, "unit", runs, 150);
    while (more)
        OK(lw_store_maintain(store, lw_time_after(NOW, (lw_span){LW_HOUR}), &more, NULL));
    CU_ASSERT_EQUAL(ask(path, "SELECT count(*) FROM runs"), 120);
    CU_ASSERT_EQUAL(ask(path, "SELECT runs FROM models"), 120);
    for (more = true; more;)
        OK(lw_store_maintain(store, lw_time_after(NOW, (lw_span){3 * LW_DAY}), &more, NULL));
    CU_ASSERT_EQUAL(ask(path, "SELECT count(*) FROM runs"), 100);
    CU_ASSERT_EQUAL(ask(path, "SELECT count(*) FROM records"), 100);
    CU_ASSERT_EQUAL(ask(path, "SELECT count(*) FROM runs WHERE name = 'run-149'"), 1);
    for (int i = 0; i < 150; i++)
        free(runs[i]);
    lw_store_close(store);
}

/* --- Where it lies --- */

static int mode_of(const char *at)
{
    struct stat about;

    return stat(at, &about) == 0 ? (int)(about.st_mode & 0777) : -1;
}

static void file_and_folder_are_for_the_owner_alone_whatever_the_mask(void)
{
    char folder[512], at[600], lock[640];
    mode_t mask = umask(0);

    snprintf(folder, sizeof(folder), "%s/state/deep", kit_temporary_directory());
    snprintf(at, sizeof(at), "%s/leeway.db", folder);
    lw_store_close(open_at(at));
    CU_ASSERT_EQUAL(mode_of(folder), 0700);
    CU_ASSERT_EQUAL(mode_of(at), 0600);
    snprintf(lock, sizeof(lock), "%s.lock", at);
    CU_ASSERT_EQUAL(mode_of(lock), 0600);
    umask(mask);
}

static enum lw_err try_open(const char *at, enum lw_store_mode mode, struct lw_fault *fault)
{
    struct lw_store *store = NULL;
    enum lw_err err = lw_store_open(&store, at, mode, NULL, fault);

    CU_ASSERT((err == LW_ERR_OK) == (store != NULL));
    lw_store_close(store);
    return err;
}

static void links_pipes_folders_and_files_with_two_names_are_refused(void)
{
    struct lw_fault fault = {0};
    char target[512], other[600];

    lw_store_close(open_at(fresh()));
    memcpy(target, path, sizeof(target));
    CU_ASSERT_EQUAL_FATAL(symlink(target, fresh()), 0);
    CU_ASSERT_EQUAL(try_open(path, LW_STORE_OWN, &fault), LW_ERR_USAGE);
    CU_ASSERT_PTR_NOT_NULL(strstr(fault.text, "symbolic link"));
    CU_ASSERT_EQUAL_FATAL(mkfifo(fresh(), 0600), 0);
    CU_ASSERT_EQUAL(try_open(path, LW_STORE_READ, &fault), LW_ERR_USAGE);
    CU_ASSERT_EQUAL(try_open(kit_temporary_directory(), LW_STORE_OWN, &fault), LW_ERR_USAGE);
    CU_ASSERT_EQUAL(try_open("/", LW_STORE_OWN, &fault), LW_ERR_USAGE);
    snprintf(other, sizeof(other), "%s.second", target);
    CU_ASSERT_EQUAL_FATAL(link(target, other), 0);
    CU_ASSERT_EQUAL(try_open(target, LW_STORE_OWN, &fault), LW_ERR_USAGE);
    CU_ASSERT_EQUAL(try_open("/proc/leeway.db", LW_STORE_OWN, &fault), LW_ERR_IO);
}

static void an_odd_name_is_just_a_name(void)
{
    char at[600];

    snprintf(at, sizeof(at), "%s/a?mode=memory&b#c%%41 d.db", kit_temporary_directory());
    lw_store_close(open_at(at));
    CU_ASSERT_EQUAL(mode_of(at), 0600);
    lw_store_close(open_at(at));
}

/* Every file of the folder that begins with the name of the store. */
static int files_beside(const char *at)
{
    const char *name = strrchr(at, '/') + 1;
    DIR *folder = opendir(kit_temporary_directory());
    struct dirent *entry;
    int n = 0;

    CU_ASSERT_PTR_NOT_NULL_FATAL(folder);
    while ((entry = readdir(folder)) != NULL)
        n += strncmp(entry->d_name, name, strlen(name)) == 0;
    closedir(folder);
    return n;
}

static void is_refused_untouched(const char *at, enum lw_err want)
{
    struct lw_fault fault = {0};
    size_t n;
    char *before = bytes_of(at, &n);
    int files;

    (void)try_open(at, LW_STORE_OWN, NULL); /* the lock may be made */
    files = files_beside(at);
    CU_ASSERT_EQUAL(try_open(at, LW_STORE_OWN, &fault), want);
    CU_ASSERT(fault.text[0] != '\0');
    CU_ASSERT(same_bytes(at, before, n));
    CU_ASSERT_EQUAL(files_beside(at), files);
    free(before);
}

static void what_is_newer_damaged_or_not_a_store_is_refused_untouched(void)
{
    char text[5000];
    size_t n;
    char *bytes;

    lw_store_close(open_at(fresh()));
    change(path, "PRAGMA journal_mode = DELETE; PRAGMA user_version = 2; PRAGMA journal_mode = WAL");
    is_refused_untouched(path, LW_ERR_NEWER);
    lw_store_close(open_at(fresh()));
    change(path, "CREATE TRIGGER t AFTER INSERT ON texts BEGIN DELETE FROM texts; END");
    is_refused_untouched(path, LW_ERR_STATE);
    lw_store_close(open_at(fresh()));
    change(path, "DROP TABLE losses");
    is_refused_untouched(path, LW_ERR_STATE);
    lw_store_close(open_at(fresh()));
    bytes = bytes_of(path, &n);
    memset(bytes + 3 * 4096, 0x5a, 4096);
    write_file(path, bytes, n);
    is_refused_untouched(path, LW_ERR_STATE);
    write_file(path, bytes, n / 2);
    is_refused_untouched(path, LW_ERR_STATE);
    free(bytes);
    memset(text, 'x', sizeof(text));
    write_file(fresh(), text, sizeof(text));
    is_refused_untouched(path, LW_ERR_STATE);
    write_file(fresh(), "", 0);
    change(path, "CREATE TABLE other(x)");
    is_refused_untouched(path, LW_ERR_STATE);
}

static void an_empty_file_and_what_a_crash_left_of_making_one_become_a_store(void)
{
    char beside[600];

    write_file(fresh(), "", 0);
    lw_store_close(open_at(path));
    fresh();
    snprintf(beside, sizeof(beside), "%s.new", path);
    write_file(beside, "half", 4);
    lw_store_close(open_at(path));
    CU_ASSERT_EQUAL(mode_of(beside), -1);
}

static void the_second_owner_is_refused_with_the_pid_of_the_first(void)
{
    struct lw_store *store = open_at(fresh());
    struct lw_fault fault = {0};
    char pid[32];
    pid_t child;
    int status = 0;

    snprintf(pid, sizeof(pid), "process %ld:", (long)getpid());
    CU_ASSERT_EQUAL(try_open(path, LW_STORE_OWN, &fault), LW_ERR_LOCKED);
    CU_ASSERT_PTR_NOT_NULL(strstr(fault.text, pid));
    child = fork();
    if (child == 0) {
        struct lw_store *second = NULL;

        _exit(lw_store_open(&second, path, LW_STORE_OWN, NULL, &fault) == LW_ERR_LOCKED && strstr(fault.text, pid) ? 0
                                                                                                                   : 1);
    }
    CU_ASSERT_EQUAL(waitpid(child, &status, 0), child);
    CU_ASSERT_EQUAL(status, 0);
    OK(lw_store_begin(store, NULL));
    put(store, "mark", "a", "1");
    OK(lw_store_commit(store, NULL));
    store = again(store);
    CU_ASSERT(has(store, "mark", "a", "1"));
    lw_store_close(store);
}

static void a_reader_beside_the_owner_sees_what_was_committed_and_writes_nothing(void)
{
    struct lw_store *store = open_at(fresh()), *reader = NULL;
    char wal[600];

    OK(lw_store_begin(store, NULL));
    put(store, "mark", "a", "1");
    OK(lw_store_commit(store, NULL));
    OK(lw_store_open(&reader, path, LW_STORE_READ, NULL, NULL));
    OK(lw_store_begin(store, NULL));
    put(store, "mark", "a", "2");
    CU_ASSERT(has(reader, "mark", "a", "1"));
    OK(lw_store_commit(store, NULL));
    CU_ASSERT(has(reader, "mark", "a", "2"));
    CU_ASSERT_EQUAL(lw_store_begin(reader, NULL), LW_ERR_USAGE);
    CU_ASSERT(lw_str_equal(lw_store_session(store), lw_store_session(reader)));
    snprintf(wal, sizeof(wal), "%s-wal", path);
    lw_store_close(reader);
    CU_ASSERT(mode_of(wal) != -1); /* still the owner's */
    OK(lw_store_begin(store, NULL));
    put(store, "mark", "a", "3");
    OK(lw_store_commit(store, NULL));
    lw_store_close(store);
    OK(lw_store_open(&reader, path, LW_STORE_READ, NULL, NULL));
    CU_ASSERT(has(reader, "mark", "a", "3"));
    lw_store_close(reader);
    CU_ASSERT_EQUAL(try_open(fresh(), LW_STORE_READ, NULL), LW_ERR_IO);
}

/* --- Sessions, copies --- */

static void copy_file(const char *from, const char *to)
{
    size_t n;
    char *bytes = bytes_of(from, &n);

    write_file(to, bytes, n);
    free(bytes);
}

static void one_turn(struct lw_store *store, uint32_t *sink, uint64_t *seq)
{
    OK(lw_store_sink(store, LW_STR("loggly"), sink, NULL));
    OK(lw_store_begin(store, NULL));
    OK(lw_store_seq(store, *sink, seq, NULL));
    OK(lw_store_outbox_add(store, *sink, LW_EVENT_METRIC, *seq, LW_STR("{}"), NOW, NULL));
    OK(lw_store_commit(store, NULL));
}

static void the_session_stays_over_restarts_and_is_new_when_an_old_copy_was_put_back(void)
{
    struct lw_store *store = open_at(fresh());
    char session[32], old[600];
    uint64_t seq;
    uint32_t sink;

    snprintf(session, sizeof(session), "%s", lw_store_session(store).at);
    CU_ASSERT_EQUAL(strlen(session), 26);
    one_turn(store, &sink, &seq);
    store = again(store);
    CU_ASSERT_STRING_EQUAL(lw_store_session(store).at, session);
    lw_store_close(store);
    snprintf(old, sizeof(old), "%s.old", path);
    copy_file(path, old);
    store = open_at(path);
    one_turn(store, &sink, &seq);
    CU_ASSERT_EQUAL(seq, 2);
    lw_store_close(store);
    copy_file(old, path); /* in place: even the inode is the same */
    store = open_at(path);
    CU_ASSERT_STRING_NOT_EQUAL(lw_store_session(store).at, session);
    one_turn(store, &sink, &seq);
    CU_ASSERT_EQUAL(seq, 1);
    snprintf(session, sizeof(session), "%s", lw_store_session(store).at);
    store = again(store);
    CU_ASSERT_STRING_EQUAL(lw_store_session(store).at, session);
    lw_store_close(store);
}

static void a_backup_opens_has_everything_and_begins_a_session_of_its_own(void)
{
    struct lw_store *store = open_at(fresh()), *copy;
    char to[600];
    struct lw_fault fault = {0};
    struct lw_store_info info;
    uint64_t seq;
    uint32_t sink;

    one_turn(store, &sink, &seq);
    OK(lw_store_begin(store, NULL));
    put(store, "mark", "a", "1");
    OK(lw_store_commit(store, NULL));
    snprintf(to, sizeof(to), "%s.backup", path);
    OK(lw_store_backup(store, to, NULL));
    CU_ASSERT_EQUAL(mode_of(to), 0600);
    CU_ASSERT_EQUAL(files_beside(to), 1);
    CU_ASSERT_EQUAL(lw_store_backup(store, to, &fault), LW_ERR_USAGE);
    CU_ASSERT_EQUAL(lw_store_backup(store, path, &fault), LW_ERR_USAGE);
    copy = open_at(to);
    CU_ASSERT(has(copy, "mark", "a", "1"));
    CU_ASSERT_STRING_NOT_EQUAL(lw_store_session(copy).at, lw_store_session(store).at);
    OK(lw_store_info(copy, &info, NULL));
    CU_ASSERT_EQUAL(info.outbox_rows, 1);
    lw_store_close(copy);
    OK(lw_store_begin(store, NULL));
    put(store, "mark", "a", "2");
    OK(lw_store_commit(store, NULL));
    lw_store_close(store);
}

static void packing_gives_room_back_and_changes_nothing_else(void)
{
    struct lw_store *store = open_at(fresh());
    char *big = calloc(1, 1 << 20);
    struct lw_store_info before, after;
    struct stat about;

    CU_ASSERT_PTR_NOT_NULL_FATAL(big);
    OK(lw_store_begin(store, NULL));
    OK(lw_store_unit_put(store, LW_STR("u"), 0, true, (struct lw_str){big, 1 << 20}, NOW, NULL));
    put(store, "mark", "a", "1");
    OK(lw_store_commit(store, NULL));
    OK(lw_store_begin(store, NULL));
    OK(lw_store_unit_remove(store, LW_STR("u"), NULL));
    OK(lw_store_commit(store, NULL));
    OK(lw_store_info(store, &before, NULL));
    CU_ASSERT(before.free_bytes > 1000000 && before.version == 1 && before.units == 0);
    OK(lw_store_vacuum(store, NULL));
    OK(lw_store_info(store, &after, NULL));
    CU_ASSERT(after.bytes < before.bytes - 1000000 && after.free_bytes == 0);
    CU_ASSERT(stat(path, &about) == 0 && (uint64_t)about.st_size == after.bytes);
    CU_ASSERT(has(store, "mark", "a", "1"));
    store = again(store);
    CU_ASSERT_STRING_EQUAL(lw_store_session(store).at, after.session);
    free(big);
    lw_store_close(store);
}

KIT_SUITE(
    "store",
    {"a turn lasts when it is committed and leaves nothing when it is rolled back",
     a_turn_lasts_when_it_is_committed_and_leaves_nothing_when_it_is_rolled_back},
    {"texts of a kind are listed by name and kinds do not mix",
     texts_of_a_kind_are_listed_by_name_and_kinds_do_not_mix},
    {"writing needs a turn and reading does not", writing_needs_a_turn_and_reading_does_not},
    {"open units are handed out at the start and closed ones when they are asked for",
     open_units_are_handed_out_at_the_start_and_closed_ones_when_they_are_asked_for},
    {"a reader that holds the log does not keep its owner at checkpoints",
     a_reader_that_holds_the_log_does_not_keep_its_owner_at_checkpoints},
    {"datapoints of closed units go after their time and it is known that they were there",
     datapoints_of_closed_units_go_after_their_time_and_it_is_known_that_they_were_there},
    {"runs come back to the byte and in the order of judging", runs_come_back_to_the_byte_and_in_the_order_of_judging},
    {"runs of a unit take the place of those it gave before", runs_of_a_unit_take_the_place_of_those_it_gave_before},
    {"what was judged can be read with SQL and only what differs is written",
     what_was_judged_can_be_read_with_sql_and_only_what_differs_is_written},
    {"alerts that were opened before the history that is left stay",
     alerts_that_were_opened_before_the_history_that_is_left_stay},
    {"a model stays dirty until it is judged", a_model_stays_dirty_until_it_is_judged},
    {"old runs go but never the youngest hundred", old_runs_go_but_never_the_youngest_hundred},
    {"file and folder are for the owner alone whatever the mask",
     file_and_folder_are_for_the_owner_alone_whatever_the_mask},
    {"links, pipes, folders and files with two names are refused",
     links_pipes_folders_and_files_with_two_names_are_refused},
    {"an odd name is just a name", an_odd_name_is_just_a_name},
    {"what is newer, damaged or not a store is refused untouched",
     what_is_newer_damaged_or_not_a_store_is_refused_untouched},
    {"an empty file and what a crash left of making one become a store",
     an_empty_file_and_what_a_crash_left_of_making_one_become_a_store},
    {"the second owner is refused with the pid of the first", the_second_owner_is_refused_with_the_pid_of_the_first},
    {"a reader beside the owner sees what was committed and writes nothing",
     a_reader_beside_the_owner_sees_what_was_committed_and_writes_nothing},
    {"the session stays over restarts and is new when an old copy was put back",
     the_session_stays_over_restarts_and_is_new_when_an_old_copy_was_put_back},
    {"a backup opens, has everything, and begins a session of its own",
     a_backup_opens_has_everything_and_begins_a_session_of_its_own},
    {"packing gives room back and changes nothing else", packing_gives_room_back_and_changes_nothing_else})
