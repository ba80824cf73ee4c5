#define _GNU_SOURCE

#include "tests/kit/double/double_events.h"

#include "engine/base/time_text.h"

#include <json-c/json.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KEY_MAX 64

/* Dots and blanks in a key become underscores, and it is cut. */
static void rewrite_key(const char *key, char out[KEY_MAX + 1])
{
    size_t n = 0;

    for (; key[n] != '\0' && n < KEY_MAX; n++)
        out[n] = key[n] == '.' || key[n] == ' ' ? '_' : key[n];
    out[n] = '\0';
}

static const char *type_of(struct json_object *value)
{
    switch (json_object_get_type(value)) {
    case json_type_int:
    case json_type_double:
        return "number";
    case json_type_string:
        return "string";
    case json_type_boolean:
        return "boolean";
    case json_type_object:
        return "object";
    case json_type_array:
        return "array";
    case json_type_null:
        break;
    }
    return "";
}

/* The first type of a field holds; another one later takes the field out of what was parsed. */
static bool fits(struct double_events *events, const char *path, struct json_object *value)
{
    struct json_object *types = events->types, *known;
    const char *type = type_of(value);

    if (type[0] == '\0')
        return true;
    if (json_object_object_get_ex(types, path, &known))
        return strcmp(json_object_get_string(known), type) == 0;
    if (events->keys_max > 0 && (size_t)json_object_object_length(types) >= events->keys_max)
        return false;
    json_object_object_add(types, path, json_object_new_string(type));
    return true;
}

/* `changed` is set when the parsed form is not what was sent. */
static struct json_object *clean(struct double_events *events, struct json_object *from, const char *path,
                                 bool *changed)
{
    struct json_object *to = json_object_new_object();

    json_object_object_foreach(from, name, value)
    {
        char key[KEY_MAX + 1], inner[256];

        rewrite_key(name, key);
        *changed |= strcmp(key, name) != 0;
        snprintf(inner, sizeof(inner), "%s.%s", path, key);
        if (!fits(events, inner, value)) {
            *changed = true;
            continue;
        }
        if (json_object_is_type(value, json_type_object))
            json_object_object_add(to, key, clean(events, value, inner, changed));
        else
            json_object_object_add(to, key, json_object_get(value));
    }
    return to;
}

static void read_time(struct json_object *parsed, struct double_event *event)
{
    struct json_object *value;
    lw_time time;
    const char *text;

    if (!json_object_object_get_ex(parsed, "timestamp", &value) || !json_object_is_type(value, json_type_string))
        return;
    text = json_object_get_string(value);
    if (strchr(text, 'T') != NULL && lw_time_read(lw_str_from(text), NULL, &time))
        event->time = time.ms;
}

static void parse(struct double_events *events, struct double_event *event)
{
    struct json_object *parsed = json_tokener_parse(event->raw), *cleaned, *value;
    bool changed = false;

    event->is_json = json_object_is_type(parsed, json_type_object);
    if (event->is_json) {
        read_time(parsed, event);
        if (json_object_object_get_ex(parsed, "lw_id", &value))
            snprintf(event->id, sizeof(event->id), "%s", json_object_get_string(value));
        cleaned = clean(events, parsed, "json", &changed);
        if (changed)
            event->json = strdup(json_object_to_json_string_ext(cleaned, JSON_C_TO_STRING_PLAIN));
        json_object_put(cleaned);
    }
    json_object_put(parsed);
}

static void hash(const char *bytes, size_t n, char out[65])
{
    unsigned char digest[32];
    unsigned int digest_n = 0;

    EVP_Digest(bytes, n, digest, &digest_n, EVP_sha256(), NULL);
    for (size_t i = 0; i < 32; i++)
        snprintf(out + 2 * i, 3, "%02x", digest[i]);
}

void double_events_add(struct double_events *events, const char *line, size_t n, const char *tags, int64_t now)
{
    struct double_event *event;

    events->received++;
    events->bytes += n;
    events->ended = now;
    if (events->light)
        return;
    if (events->types == NULL)
        events->types = json_object_new_object();
    if (events->n == events->capacity) {
        events->capacity = events->capacity == 0 ? 1024 : events->capacity * 2;
        events->all = realloc(events->all, events->capacity * sizeof(*events->all));
        if (events->all == NULL)
            abort();
    }
    event = &events->all[events->n++];
    *event = (struct double_event){.number = events->n, .time = now, .received = now, .raw_n = n};
    event->raw = strndup(line, n);
    event->tags = strdup(tags);
    hash(line, n, event->sha256);
    parse(events, event);
}

void double_events_clear(struct double_events *events)
{
    for (size_t i = 0; i < events->n; i++) {
        free(events->all[i].raw);
        free(events->all[i].json);
        free(events->all[i].tags);
    }
    events->n = 0;
    events->received = events->bytes = 0;
    events->began = events->ended = 0;
    json_object_put(events->types);
    events->types = NULL;
}

static void write_text(struct evbuffer *out, const char *text)
{
    struct json_object *object = json_object_new_string(text);

    evbuffer_add_printf(
        out, "%s", json_object_to_json_string_ext(object, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
    json_object_put(object);
}

static void write_tags(struct evbuffer *out, const char *tags)
{
    char *copy = strdup(tags), *rest = copy, *tag;
    bool first = true;

    evbuffer_add_printf(out, "[");
    while ((tag = strsep(&rest, ",")) != NULL) {
        if (*tag == '\0')
            continue;
        if (!first)
            evbuffer_add_printf(out, ",");
        write_text(out, tag);
        first = false;
    }
    evbuffer_add_printf(out, "]");
    free(copy);
}

void double_events_write(const struct double_event *event, struct evbuffer *out)
{
    evbuffer_add_printf(out, "{\"id\":\"%08llx-1111-11e9-8000-22000b000000\",\"timestamp\":%lld,\"logmsg\":",
                        (unsigned long long)event->number, (long long)event->time);
    write_text(out, event->raw);
    evbuffer_add_printf(out, ",\"raw\":");
    write_text(out, event->raw);
    evbuffer_add_printf(out, ",\"unparsed\":null,\"logtypes\":[%s],\"tags\":", event->is_json ? "\"json\"" : "");
    write_tags(out, event->tags);
    evbuffer_add_printf(out, ",\"event\":{");
    if (event->is_json)
        evbuffer_add_printf(out, "\"json\":%s,", event->json != NULL ? event->json : event->raw);
    evbuffer_add_printf(out, "\"http\":{\"clientHost\":\"127.0.0.1\"}}}");
}

static const char *key_of(const struct double_event *event)
{
    return event->id[0] != '\0' ? event->id : event->sha256;
}

static int by_id(const void *a, const void *b)
{
    const struct double_event *left = *(const struct double_event *const *)a;
    const struct double_event *right = *(const struct double_event *const *)b;
    int order = strcmp(key_of(left), key_of(right));

    return order != 0 ? order : (left->number > right->number) - (left->number < right->number);
}

struct group {
    const struct double_event *first;
    size_t n, bodies;
};

static int by_arrival(const void *a, const void *b)
{
    const struct group *left = a, *right = b;

    return (left->first->number > right->first->number) - (left->first->number < right->first->number);
}

/* Members that assertions look at, as they stand in the event. */
static void write_members(const struct double_event *event, struct evbuffer *out)
{
    static const char *const names[] = {"lw_event", "lw_session", "lw_seq"};
    struct json_object *parsed = event->is_json ? json_tokener_parse(event->raw) : NULL, *value;

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (parsed != NULL && json_object_object_get_ex(parsed, names[i], &value))
            evbuffer_add_printf(out, ",\"%s\":%s", names[i],
                                json_object_to_json_string_ext(value, JSON_C_TO_STRING_PLAIN));
    }
    json_object_put(parsed);
}

static size_t group_all(const struct double_events *events, const struct double_event **order, struct group *groups)
{
    size_t n = 0;

    for (size_t i = 0; i < events->n; i++)
        order[i] = &events->all[i];
    qsort(order, events->n, sizeof(*order), by_id);
    for (size_t i = 0; i < events->n; i++) {
        bool other = true;

        if (i == 0 || strcmp(key_of(order[i]), key_of(order[i - 1])) != 0)
            groups[n++] = (struct group){.first = order[i]};
        groups[n - 1].n++;
        for (size_t k = 1; k < groups[n - 1].n; k++)
            other &= strcmp(order[i]->sha256, order[i - k]->sha256) != 0;
        groups[n - 1].bodies += other;
    }
    qsort(groups, n, sizeof(*groups), by_arrival);
    return n;
}

void double_events_report(const struct double_events *events, struct evbuffer *out)
{
    const struct double_event **order = calloc(events->n + 1, sizeof(*order));
    struct group *groups = calloc(events->n + 1, sizeof(*groups));
    size_t conflicts = 0, n;

    if (order == NULL || groups == NULL)
        abort();
    n = group_all(events, order, groups);
    for (size_t i = 0; i < n; i++) {
        const struct double_event *event = groups[i].first;

        evbuffer_add_printf(
            out, "{\"id\":\"%s\",\"sha256\":\"%s\",\"count\":%zu,\"bodies\":%zu,\"bytes\":%zu,\"tags\":", event->id,
            event->sha256, groups[i].n, groups[i].bodies, event->raw_n);
        write_tags(out, event->tags);
        write_members(event, out);
        evbuffer_add_printf(out, "}\n");
        conflicts += groups[i].bodies > 1;
    }
    evbuffer_add_printf(out, "{\"total\":%zu,\"distinct\":%zu,\"duplicates\":%zu,\"conflicts\":%zu}\n", events->n, n,
                        events->n - n, conflicts);
    free(order);
    free(groups);
}
