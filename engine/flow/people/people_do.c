#include "engine/core/judge/wanted.h"
#include "engine/core/live.h"
#include "engine/flow/people/people.h"

#include "engine/base/digest.h"
#include "engine/base/fault.h"
#include "engine/base/json/json_out.h"
#include "engine/base/time_text.h"

#include <stdio.h>

#define KIND_TOUCHED "touched"
#define REASON_MAX   ((size_t)500)
#define TEXT_MAX     ((size_t)4096)
#define LISTED       3 /* runs in an answer; the rest is counted */

static void put(struct lw_json_out *out, const char *key, struct lw_str text)
{
    lw_json_key(out, key);
    lw_json_str(out, text);
}

/* What a request is done with. */
struct doing {
    struct lw_store *store;
    const struct lw_config *config;
    const struct lw_people_request *request;
    lw_time now;
    struct lw_arena *arena;
    struct lw_buf *reply;
    struct lw_people_done *done;
};

/* The note and what has to be judged again are one turn: neither is there without the other. */
static enum lw_err keep_note(const struct doing *doing, const struct lw_people_note *note, struct lw_fault *fault)
{
    struct lw_buf text = {.ceiling = (size_t)1 << 20};
    struct lw_str origin = note->origin;
    struct lw_str touched = lw_arena_format(doing->arena, "%.*s\x1f%.*s", (int)origin.len, origin.at ? origin.at : "",
                                            (int)note->model.len, note->model.at);
    char id[LW_DIGEST_ID];
    char name[64];
    struct lw_str part;
    enum lw_err err;

    lw_people_write(note, &text);
    part = lw_buf_view(&text);
    if (text.error != LW_ERR_OK || touched.at == NULL)
        err = lw_fault_memory(fault, "a note");
    else
        err = lw_digest_id(&part, 1, id, fault);
    if (err == LW_ERR_OK) {
        /* Names in the order of time; the same note again is the same note. */
        snprintf(name, sizeof(name), "%016lld-%.12s", (long long)note->at.ms, id);
        err = lw_store_begin(doing->store, fault);
    }
    if (err == LW_ERR_OK) {
        err = lw_store_put(doing->store, LW_PEOPLE_KIND_NOTE, lw_str_from(name), part, fault);
        if (err == LW_ERR_OK)
            err = lw_store_put(doing->store, KIND_TOUCHED, touched, LW_STR("1"), fault);
        if (err == LW_ERR_OK)
            err = lw_store_commit(doing->store, fault);
        else
            lw_store_rollback(doing->store);
    }
    lw_buf_close(&text);
    return err;
}

/* The answer is written before the note is kept: when memory is out for it, nothing was noted. */
static enum lw_err noted(const struct doing *doing, const struct lw_people_note *note, struct lw_str message,
                         struct lw_fault *fault)
{
    struct lw_json_out out = {.buf = doing->reply};
    enum lw_err err;

    if (message.at == NULL)
        return lw_fault_memory(fault, "the answer");
    lw_json_object(&out);
    put(&out, "message", message);
    put(&out, "origin", note->origin);
    put(&out, "model", note->model);
    lw_json_object_end(&out);
    err = doing->reply->error == LW_ERR_OK ? keep_note(doing, note, fault) : lw_fault_memory(fault, "the answer");
    if (err == LW_ERR_OK)
        *doing->done =
            (struct lw_people_done){.origin = note->origin, .model = note->model, .judge = true, .noted = true};
    return err;
}

#define UNTIL_TEXT (LW_TIME_SHORT + 12)
static void write_until(const struct lw_people_note *note, char text[UNTIL_TEXT])
{
    char time[LW_TIME_SHORT] = "";

    if (note->has_until)
        lw_time_short(note->until, true, time);
    snprintf(text, UNTIL_TEXT, "%s%s%s", note->has_until ? " until " : "", time, note->has_until ? " UTC" : "");
}

static enum lw_err do_ack(const struct doing *doing, struct lw_fault *fault)
{
    struct lw_people_note note = doing->request->note;
    const struct lw_people_alert *the = NULL;
    char until[UNTIL_TEXT];
    struct lw_str message;
    enum lw_err err = lw_people_find_alert(doing->store, doing->config, note.alert_id, doing->arena, &the, fault);

    if (err != LW_ERR_OK)
        return err;
    if (the->told->alert.state != LW_ALERT_OPEN)
        return lw_fault_set(fault, LW_ERR_USAGE, "the alert %.30s is not open any more: it is %s", note.alert_id.at,
                            lw_alert_state_name(the->told->alert.state));
    note.origin = the->origin;
    note.model = the->model;
    if (note.rebaseline) {
        note.run = the->told->change_run.len > 0 ? the->told->change_run : the->told->opened_run;
        if ((the->told->alert.kind != LW_ALERT_LEVEL && the->told->alert.kind != LW_ALERT_RHYTHM) || note.run.len == 0)
            return lw_fault_set(fault, LW_ERR_USAGE,
                                "the alert %.30s is about no level that could become the reference: acknowledge it "
                                "without --rebaseline",
                                note.alert_id.at);
    }
    if (doing->request->lasts.ms > 0) {
        note.has_until = true;
        note.until = lw_time_after(doing->now, doing->request->lasts);
    }
    write_until(&note, until);
    message = note.rebaseline
                  ? lw_arena_format(doing->arena, "acknowledged: the level since run %.*s is the reference now",
                                    (int)note.run.len, note.run.at)
                  : lw_arena_format(doing->arena, "acknowledged%s: %s", until, the->told->alert.message);
    return noted(doing, &note, message, fault);
}

/* A model that nothing is known of is most likely misspelt, and the note would lie there without effect. */
struct known {
    struct lw_str origin, model;
    size_t n;
};

static enum lw_err is_model(void *self, const struct lw_store_model *model, struct lw_fault *fault)
{
    struct known *known = self;

    (void)fault;
    known->n += lw_str_equal(model->model, known->model) &&
                (known->origin.len == 0 || lw_str_equal(model->origin, known->origin));
    return LW_ERR_OK;
}

static enum lw_err check_model(const struct doing *doing, struct lw_fault *fault)
{
    struct known known = {.origin = doing->request->note.origin, .model = doing->request->note.model};
    enum lw_err err = lw_store_models(doing->store, is_model, &known, fault);

    if (err == LW_ERR_OK && known.n == 0)
        err = lw_fault_set(fault, LW_ERR_USAGE, "no run of a model %.100s was seen so far: check how it is written",
                           known.model.len > 0 ? known.model.at : "");
    return err;
}

/* With which run an expectation will begin, in each (origin, model) that it is about. */
struct beginning {
    const struct doing *doing;
    struct lw_str list; /* "run a (prod), run b (dev)" */
    size_t n;
};

static enum lw_err name_run(struct beginning *beginning, const struct lw_store_model *model, const struct lw_run *run,
                            struct lw_fault *fault)
{
    struct lw_str name = lw_run_str(run, run->name);
    struct lw_str *list = &beginning->list;

    if (++beginning->n > LISTED)
        return LW_ERR_OK;
    *list = lw_arena_format(beginning->doing->arena, "%.*s%srun %.*s%s%.*s%s", (int)list->len,
                            list->len > 0 ? list->at : "", list->len > 0 ? ", " : "", (int)name.len, name.at,
                            model->origin.len > 0 ? " (" : "", (int)model->origin.len,
                            model->origin.len > 0 ? model->origin.at : "", model->origin.len > 0 ? ")" : "");
    return list->at != NULL ? LW_ERR_OK : lw_fault_memory(fault, "runs");
}

static enum lw_err find_beginning(void *self, const struct lw_store_model *model, struct lw_fault *fault)
{
    struct beginning *beginning = self;
    const struct lw_people_note *note = &beginning->doing->request->note;
    const struct lw_rebaseline wish = {.run = note->run, .from = note->from};
    const struct lw_run *first = NULL;
    const struct lw_run *const *runs;
    struct lw_arena arena = {.ceiling = (size_t)1 << 30};
    size_t n;
    enum lw_err err;

    if (!lw_str_equal(model->model, note->model) ||
        (note->origin.len > 0 && !lw_str_equal(model->origin, note->origin)))
        return LW_ERR_OK;
    err = lw_store_runs_get(beginning->doing->store, model->origin, model->model, &arena, &runs, &n, fault);
    if (err == LW_ERR_OK)
        first = lw_wanted_first(&wish, runs, n);
    if (first != NULL)
        err = name_run(beginning, model, first, fault);
    lw_arena_close(&arena);
    return err;
}

/* "from run a on", or from which one on it will be. */
static struct lw_str beginning_text(const struct doing *doing, const struct beginning *beginning)
{
    char text[LW_TIME_SHORT];

    if (beginning->n > LISTED)
        return lw_arena_format(doing->arena, "%.*s and %zu more on", (int)beginning->list.len, beginning->list.at,
                               beginning->n - LISTED);
    if (beginning->n > 0)
        return lw_arena_format(doing->arena, "%.*s on", (int)beginning->list.len, beginning->list.at);
    lw_time_short(doing->request->note.from, true, text);
    return lw_arena_format(doing->arena, "the first run that starts %s UTC or later (there is none yet)", text);
}

static enum lw_err do_expect(const struct doing *doing, struct lw_fault *fault)
{
    const struct lw_people_note *note = &doing->request->note;
    struct beginning beginning = {.doing = doing};
    struct lw_str series = note->series.len > 0 ? note->series : LW_STR("everything");
    struct lw_str from;
    enum lw_err err = check_model(doing, fault);

    if (err == LW_ERR_OK)
        err = lw_store_models(doing->store, find_beginning, &beginning, fault);
    if (err == LW_ERR_OK && note->run.len > 0 && beginning.n == 0)
        err = lw_fault_set(fault, LW_ERR_USAGE,
                           "%.80s is neither a time nor a run of %.80s: for runs to come write a time, as in "
                           "2026-03-01T10:00Z",
                           note->run.at, note->model.at);
    if (err != LW_ERR_OK)
        return err;
    from = beginning_text(doing, &beginning);
    if (from.at == NULL)
        return lw_fault_memory(fault, "the answer");
    return noted(doing, note,
                 lw_arena_format(doing->arena, "noted: a change of %.*s of %.*s is expected, from %.*s",
                                 (int)series.len, series.at, (int)note->model.len, note->model.at, (int)from.len,
                                 from.at),
                 fault);
}

static enum lw_err do_mute(const struct doing *doing, struct lw_fault *fault)
{
    const struct lw_people_note *note = &doing->request->note;
    enum lw_err err = check_model(doing, fault);
    char until[UNTIL_TEXT];

    if (err != LW_ERR_OK)
        return err;
    write_until(note, until);
    return noted(
        doing, note,
        note->until.ms > doing->now.ms
            ? lw_arena_format(doing->arena, "%.*s is muted%s", (int)note->model.len, note->model.at, until)
            : lw_arena_format(doing->arena, "%.*s is not muted any more", (int)note->model.len, note->model.at),
        fault);
}

static enum lw_err do_alerts(const struct doing *doing, struct lw_fault *fault)
{
    const struct lw_people_note *note = &doing->request->note;
    struct lw_people_notes notes = {.n = 0};
    const struct lw_people_alert *alerts = NULL;
    size_t n = 0;
    enum lw_err err = lw_people_read(doing->store, doing->arena, &notes, NULL, fault);

    if (err == LW_ERR_OK)
        err = lw_people_open_alerts(doing->store, doing->config, &notes, note->origin, note->model, doing->now,
                                    doing->arena, &alerts, &n, fault);
    if (err == LW_ERR_OK)
        lw_people_alerts_json(alerts, n, doing->now, doing->reply);
    return err;
}

static bool fits(const struct lw_people_note *note)
{
    return note->origin.len <= TEXT_MAX && note->model.len <= TEXT_MAX && note->run.len <= TEXT_MAX &&
           note->series.len <= TEXT_MAX && note->who.len <= REASON_MAX && note->reason.len <= REASON_MAX;
}

enum lw_err lw_people_do(struct lw_store *store, const struct lw_config *config,
                         const struct lw_people_request *request, lw_time now, struct lw_arena *arena,
                         struct lw_buf *answer, struct lw_people_done *done, struct lw_fault *fault)
{
    struct lw_people_request own = *request;
    struct doing doing = {
        .store = store, .config = config, .request = &own, .now = now, .arena = arena, .reply = answer, .done = done};

    *done = (struct lw_people_done){.judge = false};
    own.note.at = now;
    if (!fits(&own.note))
        return lw_fault_set(fault, LW_ERR_USAGE, "a text is too long: a reason has %zu bytes at most", REASON_MAX);
    switch (request->command) {
    case LW_PEOPLE_DO_ALERTS:
        return do_alerts(&doing, fault);
    case LW_PEOPLE_DO_ACK:
        own.note.kind = LW_PEOPLE_ACK;
        return do_ack(&doing, fault);
    case LW_PEOPLE_DO_EXPECT:
        own.note.kind = LW_PEOPLE_EXPECT;
        return do_expect(&doing, fault);
    case LW_PEOPLE_DO_MUTE:
        own.note.kind = LW_PEOPLE_MUTE;
        return do_mute(&doing, fault);
    case LW_PEOPLE_DO_STATUS:
    case LW_PEOPLE_DO_TEST_ALERT:
    case LW_PEOPLE_DO_BACKUP:
    case LW_PEOPLE_DO_RELOAD:
    case LW_PEOPLE_DO_COUNT:
        break;
    }
    return lw_fault_set(fault, LW_ERR_USAGE, "only a running daemon can do that: start `leeway watch`");
}

void lw_people_test_alert(lw_time now, uint64_t seq, struct lw_str session, struct lw_str who, struct lw_buf *buf)
{
    struct lw_json_out out = {.buf = buf};
    struct lw_str parts[3] = {LW_STR("test-alert"), session, LW_STR("")};
    char number[32];
    char id[LW_DIGEST_ID] = "";
    char message[LW_MESSAGE_MAX];

    snprintf(message, sizeof(message), "This is a test of leeway's alerts%s%.*s: nothing is wrong.",
             who.len > 0 ? ", asked for by " : "", (int)(who.len < 80 ? who.len : 80), who.len > 0 ? who.at : "");
    snprintf(number, sizeof(number), "%llu", (unsigned long long)seq);
    parts[2] = lw_str_from(number);
    if (lw_digest_id(parts, 3, id, NULL) != LW_ERR_OK)
        buf->error = LW_ERR_NOMEM;
    lw_json_object(&out);
    lw_json_key(&out, "timestamp");
    lw_json_time(&out, now);
    put(&out, "lw_event", LW_STR("alert"));
    put(&out, "lw_severity", LW_STR("info"));
    put(&out, "lw_state", LW_STR("open"));
    put(&out, "lw_model", LW_STR("leeway-test"));
    put(&out, "lw_message", lw_str_from(message));
    put(&out, "lw_alert_id", lw_str_from(id));
    put(&out, "lw_impact", LW_STR("unclear"));
    lw_json_key(&out, "lw_revision");
    lw_json_uint(&out, 1);
    lw_json_key(&out, "lw_evidence_time");
    lw_json_time(&out, now);
    put(&out, "lw_id", lw_str_from(id));
    lw_json_key(&out, "lw_seq");
    lw_json_uint(&out, seq);
    put(&out, "lw_session", session);
    lw_json_object_end(&out);
}
