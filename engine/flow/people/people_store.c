#define _GNU_SOURCE
#include "engine/core/live.h"
#include "engine/flow/people/people.h"

#include "engine/base/digest.h"
#include "engine/base/fault.h"
#include "engine/base/json_out.h"
#include "engine/base/time_text.h"

#include <stdio.h>
#include <stdlib.h>

#define KIND_NOTE    "note"
#define KIND_TOUCHED "touched"
#define NOTES_MAX    ((size_t)100000)
#define REASON_MAX   ((size_t)500)
#define TEXT_MAX     ((size_t)4096)

/* A list that grows in an arena, by doubling. */
struct list {
    struct lw_arena *arena;
    void *items;
    size_t n, room, each;
};

static void *add(struct list *list)
{
    if (list->n == list->room) {
        size_t room = list->room == 0 ? 16 : 2 * list->room;
        void *larger = lw_arena_array(list->arena, room, list->each);

        if (larger == NULL)
            return NULL;
        if (list->n > 0)
            memcpy(larger, list->items, list->n * list->each);
        list->items = larger;
        list->room = room;
    }
    return (char *)list->items + list->n++ * list->each;
}

/* Reading all notes. */
struct reading {
    struct list notes;
    size_t damaged;
};

static enum lw_err read_one(void *self, struct lw_str name, struct lw_str text, struct lw_fault *fault)
{
    struct reading *reading = self;
    struct lw_people_note note;
    struct lw_people_note *slot;
    enum lw_err err = lw_people_note(text, reading->notes.arena, &note, fault);

    (void)name;
    if (err == LW_ERR_FORMAT) {
        reading->damaged++;
        return LW_ERR_OK;
    }
    if (err != LW_ERR_OK)
        return err;
    if (reading->notes.n == NOTES_MAX)
        return lw_fault_set(fault, LW_ERR_LIMIT, "there are more than %zu notes of people in the store", NOTES_MAX);
    slot = add(&reading->notes);
    if (slot == NULL)
        return lw_fault_memory(fault, "notes");
    *slot = note;
    return LW_ERR_OK;
}

enum lw_err lw_people_read(struct lw_store *store, struct lw_arena *arena, struct lw_people_notes *out, size_t *damaged,
                           struct lw_fault *fault)
{
    struct reading reading = {.notes = {.arena = arena, .each = sizeof(struct lw_people_note)}};
    enum lw_err err = lw_store_each(store, KIND_NOTE, read_one, &reading, fault);

    if (err != LW_ERR_OK)
        return err;
    lw_people_sort(reading.notes.items, reading.notes.n);
    *out = (struct lw_people_notes){.notes = reading.notes.items, .n = reading.notes.n};
    if (damaged != NULL)
        *damaged = reading.damaged;
    return LW_ERR_OK;
}

/* Alerts that are not over. */
struct search {
    struct list found; /* struct lw_people_alert */
    const struct lw_config *config;
    const struct lw_people_notes *notes;
    struct lw_str origin, model; /* empty: all */
    struct lw_str id;            /* empty: all that are open; else this one, whatever its state */
    lw_time now;
};

/* What leaves of an alert: what the block of its model lets be told. */
static void weigh(struct lw_people_alert *the, enum lw_config_alert as)
{
    the->observed = as == LW_ALERT_AS_OBSERVE;
    the->severity = the->told->alert.severity;
    if (!the->observed)
        the->severity = lw_config_severity(as, the->severity);
}

static enum lw_err search_told(struct search *search, const struct lw_store_model *model, struct lw_fault *fault)
{
    struct lw_arena *arena = search->found.arena;
    struct lw_config_matched matched;
    struct lw_str origin = lw_arena_text(arena, model->origin);
    struct lw_str name = lw_arena_text(arena, model->model);
    const struct lw_told_alert *told;
    size_t n;
    enum lw_err err = lw_live_told(model->told, arena, &told, &n, fault);

    if (err == LW_ERR_OK)
        err = lw_config_match(search->config, model->last_run, arena, &matched, fault);
    if (err != LW_ERR_OK)
        return err;
    if (origin.at == NULL || name.at == NULL)
        return lw_fault_memory(fault, "alerts");
    for (size_t i = 0; i < n; i++) {
        struct lw_people_alert *slot;
        lw_time muted_until;

        if (search->id.len > 0 ? !lw_str_equal(search->id, lw_str_from(told[i].alert.id))
                               : told[i].alert.state != LW_ALERT_OPEN)
            continue;
        slot = add(&search->found);
        if (slot == NULL)
            return lw_fault_memory(fault, "alerts");
        *slot = (struct lw_people_alert){.origin = origin, .model = name, .told = &told[i], .until = {LW_TIME_MAX}};
        weigh(slot, search->config->models[matched.block].alert);
        slot->acknowledged =
            lw_people_acknowledged(search->notes, lw_str_from(told[i].alert.id), search->now, &slot->until);
        slot->muted = lw_people_muted(search->notes, origin, name, search->now, &muted_until);
        if (slot->muted && !slot->acknowledged)
            slot->until = muted_until;
    }
    return LW_ERR_OK;
}

/* Most models have nothing to tell, and an id can be looked for before a record is taken apart. */
static enum lw_err search_model(void *self, const struct lw_store_model *model, struct lw_fault *fault)
{
    struct search *search = self;

    if (model->told.len == 0 || (search->model.len > 0 && !lw_str_equal(search->model, model->model)) ||
        (search->origin.len > 0 && !lw_str_equal(search->origin, model->origin)))
        return LW_ERR_OK;
    if (search->id.len > 0 && memmem(model->told.at, model->told.len, search->id.at, search->id.len) == NULL)
        return LW_ERR_OK;
    return search_told(search, model, fault);
}

static int by_told_and_age(const void *left, const void *right)
{
    const struct lw_people_alert *a = left;
    const struct lw_people_alert *b = right;
    int64_t since_a = a->told->alert.has_evidence ? a->told->alert.evidence.ms : LW_TIME_MAX;
    int64_t since_b = b->told->alert.has_evidence ? b->told->alert.evidence.ms : LW_TIME_MAX;

    if (a->observed != b->observed)
        return a->observed ? 1 : -1;
    if (since_a != since_b)
        return since_a < since_b ? -1 : 1;
    return strcmp(a->told->alert.id, b->told->alert.id);
}

enum lw_err lw_people_open_alerts(struct lw_store *store, const struct lw_config *config,
                                  const struct lw_people_notes *notes, struct lw_str origin, struct lw_str model,
                                  lw_time now, struct lw_arena *arena, const struct lw_people_alert **out, size_t *n,
                                  struct lw_fault *fault)
{
    struct search search = {.found = {.arena = arena, .each = sizeof(struct lw_people_alert)},
                            .config = config,
                            .notes = notes,
                            .origin = origin,
                            .model = model,
                            .now = now};
    enum lw_err err = lw_store_models(store, search_model, &search, fault);

    if (err != LW_ERR_OK)
        return err;
    if (search.found.n > 1)
        qsort(search.found.items, search.found.n, search.found.each, by_told_and_age);
    *out = search.found.items;
    *n = search.found.n;
    return LW_ERR_OK;
}

static void put(struct lw_json_out *out, const char *key, struct lw_str text)
{
    lw_json_key(out, key);
    lw_json_str(out, text);
}

static void write_alert(struct lw_json_out *out, const struct lw_people_alert *the)
{
    const struct lw_alert *alert = &the->told->alert;

    lw_json_object(out);
    put(out, "id", lw_str_from(alert->id));
    put(out, "origin", the->origin);
    put(out, "model", the->model);
    put(out, "severity", lw_str_from(lw_severity_name(the->severity)));
    put(out, "state", lw_str_from(the->acknowledged ? "acknowledged" : lw_alert_state_name(alert->state)));
    put(out, "kind", lw_str_from(lw_alert_kind_name(alert->kind)));
    put(out, "impact", lw_str_from(lw_impact_name(alert->impact)));
    lw_json_key(out, "series");
    lw_json_array(out);
    for (uint32_t i = 0; i < alert->series_n; i++)
        lw_json_str(out, alert->series[i]);
    lw_json_array_end(out);
    put(out, "opened_run", the->told->opened_run);
    put(out, "change_run", the->told->change_run);
    if (alert->has_evidence) {
        lw_json_key(out, "since");
        lw_json_time(out, alert->evidence);
    }
    lw_json_key(out, "muted");
    lw_json_bool(out, the->muted);
    if ((the->muted || the->acknowledged) && the->until.ms < LW_TIME_MAX) {
        lw_json_key(out, "until");
        lw_json_time(out, the->until);
    }
    lw_json_key(out, "revision");
    lw_json_uint(out, alert->revision);
    put(out, "message", lw_str_from(alert->message));
    lw_json_object_end(out);
}

static void write_alerts(struct lw_json_out *out, const char *key, const struct lw_people_alert *alerts, size_t n,
                         bool observed)
{
    lw_json_key(out, key);
    lw_json_array(out);
    for (size_t i = 0; i < n; i++) {
        if (alerts[i].observed == observed)
            write_alert(out, &alerts[i]);
    }
    lw_json_array_end(out);
}

void lw_people_alerts_json(const struct lw_people_alert *alerts, size_t n, lw_time now, struct lw_buf *buf)
{
    struct lw_json_out out = {.buf = buf};

    lw_json_object(&out);
    lw_json_key(&out, "now");
    lw_json_time(&out, now);
    write_alerts(&out, "alerts", alerts, n, false);
    write_alerts(&out, "observed", alerts, n, true);
    lw_json_object_end(&out);
}

/* Requests. */
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
        err = lw_store_put(doing->store, KIND_NOTE, lw_str_from(name), part, fault);
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

static enum lw_err noted(const struct doing *doing, const struct lw_people_note *note, struct lw_fault *fault)
{
    enum lw_err err = keep_note(doing, note, fault);

    if (err == LW_ERR_OK)
        *doing->done =
            (struct lw_people_done){.origin = note->origin, .model = note->model, .judge = true, .noted = true};
    return err;
}

static void reply(const struct doing *doing, const struct lw_people_note *note, struct lw_str message)
{
    struct lw_json_out out = {.buf = doing->reply};

    lw_json_object(&out);
    put(&out, "message", message);
    put(&out, "origin", note->origin);
    put(&out, "model", note->model);
    lw_json_object_end(&out);
}

static struct lw_str until_text(const struct doing *doing, const struct lw_people_note *note)
{
    char text[LW_TIME_SHORT];

    if (!note->has_until)
        return LW_STR("");
    lw_time_short(note->until, true, text);
    return lw_arena_format(doing->arena, " until %s UTC", text);
}

static enum lw_err find_alert(const struct doing *doing, struct lw_str id, const struct lw_people_alert **out,
                              struct lw_fault *fault)
{
    struct lw_people_notes none = {.n = 0};
    struct search search = {.found = {.arena = doing->arena, .each = sizeof(struct lw_people_alert)},
                            .config = doing->config,
                            .notes = &none,
                            .id = id,
                            .now = doing->now};
    enum lw_err err;

    if (id.len != LW_ALERT_ID_LENGTH)
        return lw_fault_set(fault, LW_ERR_USAGE, "%.60s is no id of an alert: `leeway alerts` lists them",
                            id.len > 0 ? id.at : "");
    err = lw_store_models(doing->store, search_model, &search, fault);
    if (err == LW_ERR_OK && search.found.n == 0)
        err = lw_fault_set(fault, LW_ERR_USAGE, "there is no alert %.30s: `leeway alerts` lists those that are open",
                           id.at);
    if (err == LW_ERR_OK)
        *out = search.found.items;
    return err;
}

static enum lw_err do_ack(const struct doing *doing, struct lw_fault *fault)
{
    struct lw_people_note note = doing->request->note;
    const struct lw_people_alert *the = NULL;
    enum lw_err err = find_alert(doing, note.alert_id, &the, fault);

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
    err = noted(doing, &note, fault);
    if (err == LW_ERR_OK) {
        struct lw_str until = until_text(doing, &note);

        reply(doing, &note,
              note.rebaseline
                  ? lw_arena_format(doing->arena, "acknowledged: the level since run %.*s is the reference now",
                                    (int)note.run.len, note.run.at)
                  : lw_arena_format(doing->arena, "acknowledged%.*s: %s", (int)until.len, until.at,
                                    the->told->alert.message));
    }
    return err;
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

/* Which (origin, model) has a run of that name. */
struct holder {
    const struct doing *doing;
    struct lw_str run;
    size_t n;
};

static enum lw_err has_run(void *self, const struct lw_store_model *model, struct lw_fault *fault)
{
    struct holder *holder = self;
    const struct lw_people_note *note = &holder->doing->request->note;
    const struct lw_run *const *runs;
    struct lw_arena arena = {.ceiling = (size_t)1 << 30};
    size_t n;
    enum lw_err err;

    if (!lw_str_equal(model->model, note->model) ||
        (note->origin.len > 0 && !lw_str_equal(model->origin, note->origin)))
        return LW_ERR_OK;
    err = lw_store_runs_get(holder->doing->store, model->origin, model->model, &arena, &runs, &n, fault);
    for (size_t i = 0; err == LW_ERR_OK && i < n; i++)
        holder->n += lw_str_equal(lw_run_str(runs[i], runs[i]->name), holder->run) ? 1 : 0;
    lw_arena_close(&arena);
    return err;
}

static enum lw_err do_expect(const struct doing *doing, struct lw_fault *fault)
{
    const struct lw_people_note *note = &doing->request->note;
    struct holder holder = {.doing = doing, .run = note->run};
    enum lw_err err = check_model(doing, fault);

    if (err == LW_ERR_OK && note->run.len > 0) {
        err = lw_store_models(doing->store, has_run, &holder, fault);
        if (err == LW_ERR_OK && holder.n == 0)
            err = lw_fault_set(fault, LW_ERR_USAGE,
                               "%.80s is neither a time nor a run of %.80s: for runs to come write a time, as in "
                               "2026-03-01T10:00Z",
                               note->run.at, note->model.at);
    }
    if (err == LW_ERR_OK)
        err = noted(doing, note, fault);
    if (err == LW_ERR_OK)
        reply(doing, note,
              lw_arena_format(doing->arena, "noted: a change of %.*s of %.*s is expected",
                              note->series.len > 0 ? (int)note->series.len : 10,
                              note->series.len > 0 ? note->series.at : "everything", (int)note->model.len,
                              note->model.at));
    return err;
}

static enum lw_err do_mute(const struct doing *doing, struct lw_fault *fault)
{
    const struct lw_people_note *note = &doing->request->note;
    enum lw_err err = check_model(doing, fault);
    struct lw_str until;

    if (err == LW_ERR_OK)
        err = noted(doing, note, fault);
    if (err != LW_ERR_OK)
        return err;
    until = until_text(doing, note);
    reply(doing, note,
          note->until.ms > doing->now.ms
              ? lw_arena_format(doing->arena, "%.*s is muted%.*s", (int)note->model.len, note->model.at, (int)until.len,
                                until.at)
              : lw_arena_format(doing->arena, "%.*s is not muted any more", (int)note->model.len, note->model.at));
    return LW_ERR_OK;
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
