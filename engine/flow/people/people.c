#include "engine/flow/people/people.h"

#include "engine/base/fault.h"
#include "engine/base/json/json_in.h"
#include "engine/base/json/json_out.h"
#include "engine/base/time_text.h"
#include "engine/core/judge/wanted.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define NOTES_MAX  ((size_t)64 << 20)
#define PIECE      ((size_t)64 << 10)
#define NOTE_ARENA ((size_t)1 << 20) /* for one note while it is read */

static const struct lw_str kinds[] = {
    [LW_PEOPLE_ACK] = {"ack", 3},
    [LW_PEOPLE_EXPECT] = {"expect", 6},
    [LW_PEOPLE_MUTE] = {"mute", 4},
};

/* A note as text. */
static void put_text(struct lw_json_out *out, const char *key, struct lw_str text)
{
    if (text.len == 0)
        return;
    lw_json_key(out, key);
    lw_json_str(out, text);
}

static void put_time(struct lw_json_out *out, const char *key, bool has, lw_time time)
{
    if (!has)
        return;
    lw_json_key(out, key);
    lw_json_time(out, time);
}

void lw_people_write(const struct lw_people_note *note, struct lw_buf *buf)
{
    struct lw_json_out out = {.buf = buf};

    lw_json_object(&out);
    put_time(&out, "at", true, note->at);
    put_text(&out, "kind", kinds[note->kind]);
    put_text(&out, "origin", note->origin);
    put_text(&out, "model", note->model);
    put_text(&out, "alert_id", note->alert_id);
    put_text(&out, "run", note->run);
    put_text(&out, "series", note->series);
    put_time(&out, "from", note->has_from, note->from);
    put_time(&out, "until", note->has_until, note->until);
    if (note->rebaseline) {
        lw_json_key(&out, "rebaseline");
        lw_json_bool(&out, true);
    }
    put_text(&out, "reason", note->reason);
    put_text(&out, "who", note->who);
    lw_json_object_end(&out);
}

static enum lw_err wrong(struct lw_fault *fault, const char *what)
{
    return lw_fault_set(fault, LW_ERR_FORMAT, "this is no note: %s", what);
}

/* A member that is there has to be what it should be: a note half understood would silence the wrong thing. */
static bool read_time(const struct lw_json_in *in, const char *key, bool *has, lw_time *time)
{
    const struct lw_json_node *node = lw_json_in_member(in, in->nodes, key);

    *has = node != NULL;
    return node == NULL || (node->kind == LW_TOKEN_STRING && lw_time_read(node->text, NULL, time));
}

static bool read_text(const struct lw_json_in *in, const char *key, struct lw_str *text)
{
    const struct lw_json_node *node = lw_json_in_member(in, in->nodes, key);

    if (node == NULL)
        return true;
    *text = node->text;
    return node->kind == LW_TOKEN_STRING;
}

static enum lw_err check(const struct lw_people_note *note, struct lw_fault *fault)
{
    if (note->model.len == 0)
        return wrong(fault, "it names no model");
    switch (note->kind) {
    case LW_PEOPLE_ACK:
        if (note->alert_id.len == 0)
            return wrong(fault, "an ack names no alert_id");
        return note->rebaseline && note->run.len == 0 ? wrong(fault, "a rebaseline names no run") : LW_ERR_OK;
    case LW_PEOPLE_EXPECT:
        return note->has_from == (note->run.len > 0) ? wrong(fault, "an expect has a time `from`, or a run")
                                                     : LW_ERR_OK;
    case LW_PEOPLE_MUTE:
        return note->has_until ? LW_ERR_OK : wrong(fault, "a mute has no time `until`");
    }
    return LW_ERR_OK;
}

static enum lw_err read_members(const struct lw_json_in *in, struct lw_people_note *note, struct lw_fault *fault)
{
    struct lw_str kind = lw_json_in_str(in, in->nodes, "kind");
    size_t i = 0;
    bool has_at;

    while (i < sizeof(kinds) / sizeof(kinds[0]) && !lw_str_equal(kind, kinds[i]))
        i++;
    if (i == sizeof(kinds) / sizeof(kinds[0]))
        return wrong(fault, "its kind is not ack, expect or mute");
    note->kind = (enum lw_people_kind)i;
    if (!read_time(in, "at", &has_at, &note->at) || !has_at || !read_time(in, "from", &note->has_from, &note->from) ||
        !read_time(in, "until", &note->has_until, &note->until))
        return wrong(fault, "a time (at, from, until) is missing or cannot be read");
    if (!read_text(in, "origin", &note->origin) || !read_text(in, "model", &note->model) ||
        !read_text(in, "alert_id", &note->alert_id) || !read_text(in, "run", &note->run) ||
        !read_text(in, "series", &note->series) || !read_text(in, "reason", &note->reason) ||
        !read_text(in, "who", &note->who))
        return wrong(fault, "a member that has to be a text is none");
    note->rebaseline = lw_json_in_true(in, in->nodes, "rebaseline");
    return check(note, fault);
}

/* Texts are copied into `arena`; what reading needs lies in one of its own. */
static enum lw_err keep(struct lw_people_note *note, struct lw_arena *arena, struct lw_fault *fault)
{
    struct lw_str *texts[] = {&note->origin, &note->model,  &note->alert_id, &note->run,
                              &note->series, &note->reason, &note->who};

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        if (texts[i]->len == 0)
            continue;
        *texts[i] = lw_arena_text(arena, *texts[i]);
        if (texts[i]->at == NULL)
            return lw_fault_memory(fault, "notes");
    }
    return LW_ERR_OK;
}

enum lw_err lw_people_note(struct lw_str text, struct lw_arena *arena, struct lw_people_note *out,
                           struct lw_fault *fault)
{
    struct lw_arena scratch = {.ceiling = NOTE_ARENA};
    struct lw_people_note note = {.kind = LW_PEOPLE_ACK};
    struct lw_json_in in;
    enum lw_err err = lw_json_in_read(&in, text, &scratch, fault);

    if (err == LW_ERR_OK && in.nodes[0].kind != LW_TOKEN_OBJECT)
        err = wrong(fault, "it is no JSON object");
    if (err == LW_ERR_OK)
        err = read_members(&in, &note, fault);
    if (err == LW_ERR_OK)
        err = keep(&note, arena, fault);
    lw_arena_close(&scratch);
    if (err == LW_ERR_OK)
        *out = note;
    return err;
}

/* Order by time; what was said at the same time by its text, so that it does not depend on the order in which it is read. */
static int order(const void *left, const void *right)
{
    const struct lw_people_note *a = left;
    const struct lw_people_note *b = right;
    const struct lw_str pairs[][2] = {{a->model, b->model}, {a->origin, b->origin}, {a->alert_id, b->alert_id},
                                      {a->run, b->run},     {a->series, b->series}, {a->reason, b->reason}};
    int result = (a->at.ms > b->at.ms) - (a->at.ms < b->at.ms);

    if (result == 0)
        result = (a->kind > b->kind) - (a->kind < b->kind);
    for (size_t i = 0; result == 0 && i < sizeof(pairs) / sizeof(pairs[0]); i++)
        result = lw_str_compare(pairs[i][0], pairs[i][1]);
    if (result == 0)
        result = (a->until.ms > b->until.ms) - (a->until.ms < b->until.ms);
    if (result == 0)
        result = (a->from.ms > b->from.ms) - (a->from.ms < b->from.ms);
    return result;
}

void lw_people_sort(struct lw_people_note *notes, size_t n)
{
    if (n > 1)
        qsort(notes, n, sizeof(*notes), order);
}

static size_t lines_of(struct lw_str text)
{
    size_t n = 1;

    for (size_t i = 0; i < text.len; i++)
        n += text.at[i] == '\n';
    return n;
}

static bool is_blank(struct lw_str line)
{
    for (size_t i = 0; i < line.len; i++) {
        if (line.at[i] != ' ' && line.at[i] != '\t' && line.at[i] != '\r')
            return false;
    }
    return true;
}

enum lw_err lw_people_parse(struct lw_str text, struct lw_arena *arena, struct lw_people_notes *out,
                            struct lw_fault *fault)
{
    struct lw_people_note *notes = lw_arena_array(arena, lines_of(text), sizeof(*notes));
    size_t n = 0;
    uint64_t line_number = 0;

    if (notes == NULL)
        return lw_fault_memory(fault, "notes");
    while (text.len > 0) {
        const char *end = memchr(text.at, '\n', text.len);
        struct lw_str line = {.at = text.at, .len = end == NULL ? text.len : (size_t)(end - text.at)};
        struct lw_fault why = {.code = LW_ERR_OK};
        enum lw_err err = LW_ERR_OK;

        line_number++;
        if (!is_blank(line))
            err = lw_people_note(line, arena, &notes[n++], &why);
        if (err != LW_ERR_OK)
            return lw_fault_set_at(fault, err, line_number, 0, "line %llu: %.200s", (unsigned long long)line_number,
                                   why.text);
        text.at += line.len + (end != NULL);
        text.len -= line.len + (end != NULL);
    }
    lw_people_sort(notes, n);
    *out = (struct lw_people_notes){.notes = notes, .n = n};
    return LW_ERR_OK;
}

/* What follows from notes. */
static bool concerns(const struct lw_people_note *note, struct lw_str origin, struct lw_str model)
{
    return lw_str_equal(note->model, model) && (note->origin.len == 0 || lw_str_equal(note->origin, origin));
}

enum lw_err lw_people_wanted(const struct lw_people_notes *notes, struct lw_arena *arena,
                             const struct lw_rebaseline **out, size_t *n, struct lw_fault *fault)
{
    struct lw_rebaseline *wanted = lw_arena_array(arena, notes->n, sizeof(*wanted));

    if (wanted == NULL)
        return lw_fault_memory(fault, "notes");
    *n = 0;
    for (size_t i = 0; i < notes->n; i++) {
        const struct lw_people_note *note = &notes->notes[i];

        if (note->kind != LW_PEOPLE_EXPECT && !(note->kind == LW_PEOPLE_ACK && note->rebaseline))
            continue;
        wanted[(*n)++] = (struct lw_rebaseline){
            .origin = note->origin, .model = note->model, .run = note->run, .series = note->series, .from = note->from};
    }
    *out = wanted;
    return LW_ERR_OK;
}

enum lw_err lw_people_rules(const struct lw_people_notes *notes, struct lw_str origin, struct lw_str model,
                            const struct lw_run *const *runs, size_t runs_n, const struct lw_rules *base,
                            struct lw_arena *arena, struct lw_rules *out, struct lw_fault *fault)
{
    const struct lw_rebaseline *wanted;
    size_t n;
    enum lw_err err = lw_people_wanted(notes, arena, &wanted, &n, fault);

    return err != LW_ERR_OK ? err : lw_wanted_rules(base, wanted, n, origin, model, runs, runs_n, arena, out, fault);
}

enum lw_err lw_people_file(const char *path, struct lw_arena *arena, struct lw_people_notes *out,
                           struct lw_fault *fault)
{
    struct lw_buf text = {.ceiling = NOTES_MAX};
    FILE *file = fopen(path, "rbe");
    size_t n = 1;
    enum lw_err err = LW_ERR_OK;

    if (file == NULL)
        return lw_fault_set(fault, LW_ERR_IO, "the notes %.150s cannot be opened: %s", path, strerror(errno));
    while (n > 0 && err == LW_ERR_OK) {
        char *room = lw_buf_reserve(&text, PIECE);

        n = room == NULL ? 0 : fread(room, 1, PIECE, file);
        text.len += n;
    }
    if (text.error != LW_ERR_OK)
        err = lw_fault_set(fault, text.error, "the notes %.150s are too large", path);
    else if (ferror(file))
        err = lw_fault_set(fault, LW_ERR_IO, "the notes %.150s cannot be read", path);
    (void)fclose(file);
    if (err == LW_ERR_OK)
        err = lw_people_parse(lw_buf_view(&text), arena, out, fault);
    lw_buf_close(&text);
    return err;
}

/* Of several notes the last one holds: so a mute can be ended, and an acknowledgement be shortened. */
bool lw_people_muted(const struct lw_people_notes *notes, struct lw_str origin, struct lw_str model, lw_time now,
                     lw_time *until)
{
    for (size_t i = notes->n; i-- > 0;) {
        const struct lw_people_note *note = &notes->notes[i];

        if (note->kind != LW_PEOPLE_MUTE || !concerns(note, origin, model))
            continue;
        *until = note->until;
        return note->until.ms > now.ms;
    }
    return false;
}

bool lw_people_acknowledged(const struct lw_people_notes *notes, struct lw_str alert_id, lw_time now, lw_time *until)
{
    for (size_t i = notes->n; i-- > 0;) {
        const struct lw_people_note *note = &notes->notes[i];

        if (note->kind != LW_PEOPLE_ACK || !lw_str_equal(note->alert_id, alert_id))
            continue;
        *until = note->has_until ? note->until : (lw_time){LW_TIME_MAX};
        return until->ms > now.ms;
    }
    return false;
}

lw_time lw_people_next(const struct lw_people_notes *notes, lw_time now)
{
    lw_time next = {LW_TIME_MAX};

    for (size_t i = 0; i < notes->n; i++) {
        const struct lw_people_note *note = &notes->notes[i];

        if (note->has_until && note->until.ms > now.ms && note->until.ms < next.ms)
            next = note->until;
    }
    return next;
}
