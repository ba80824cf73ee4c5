#define _GNU_SOURCE
#include "engine/core/live.h"
#include "engine/flow/people/people.h"

#include "engine/base/fault.h"
#include "engine/base/json/json_out.h"

#include <stdlib.h>

#define NOTES_MAX ((size_t)100000)

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
    enum lw_err err = lw_store_each(store, LW_PEOPLE_KIND_NOTE, read_one, &reading, fault);

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

enum lw_err lw_people_find_alert(struct lw_store *store, const struct lw_config *config, struct lw_str id,
                                 struct lw_arena *arena, const struct lw_people_alert **out, struct lw_fault *fault)
{
    struct lw_people_notes none = {.n = 0};
    struct search search = {
        .found = {.arena = arena, .each = sizeof(struct lw_people_alert)}, .config = config, .notes = &none, .id = id};
    enum lw_err err;

    if (id.len != LW_ALERT_ID_LENGTH)
        return lw_fault_set(fault, LW_ERR_USAGE, "%.60s is no id of an alert: `leeway alerts` lists them",
                            id.len > 0 ? id.at : "");
    err = lw_store_models(store, search_model, &search, fault);
    if (err == LW_ERR_OK && search.found.n == 0)
        err = lw_fault_set(fault, LW_ERR_USAGE, "there is no alert %.30s: `leeway alerts` lists those that are open",
                           id.at);
    if (err == LW_ERR_OK)
        *out = search.found.items;
    return err;
}
