#define _GNU_SOURCE

#include "tests/kit/double/double_events.h"

#include <fnmatch.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* or := and (OR and)*; and := not ((AND)? not)*; not := NOT not | '(' or ')' | term */
struct reading {
    const char *at;
    const struct double_event *event;
    struct json_object *json;
};

static bool read_or(struct reading *reading);

static void skip(struct reading *reading)
{
    reading->at += strspn(reading->at, " \t\r\n");
}

static bool word(struct reading *reading, const char *text)
{
    size_t n = strlen(text);

    skip(reading);
    if (strncmp(reading->at, text, n) != 0 || (reading->at[n] != '\0' && strchr(" \t(", reading->at[n]) == NULL))
        return false;
    reading->at += n;
    return true;
}

static bool has_tag(const struct double_event *event, const char *wanted)
{
    char *copy = strdup(event->tags), *rest = copy, *tag;
    bool found = false;

    while ((tag = strsep(&rest, ",")) != NULL)
        found |= fnmatch(wanted, tag, 0) == 0;
    free(copy);
    return found;
}

static bool has_field(const struct reading *reading, const char *path, const char *wanted)
{
    struct json_object *value = reading->json;
    char *copy = strdup(path), *rest = copy, *name;
    bool found = value != NULL;

    while (found && (name = strsep(&rest, ".")) != NULL)
        found = json_object_is_type(value, json_type_object) && json_object_object_get_ex(value, name, &value);
    free(copy);
    return found && fnmatch(wanted, json_object_get_string(value), 0) == 0;
}

static bool read_term(struct reading *reading)
{
    char field[256] = "", value[512];
    size_t n = strcspn(reading->at, ": \t()\"");

    if (reading->at[n] == ':' && n < sizeof(field)) {
        snprintf(field, sizeof(field), "%.*s", (int)n, reading->at);
        reading->at += n + 1;
    }
    if (*reading->at == '"') {
        n = strcspn(reading->at + 1, "\"");
        snprintf(value, sizeof(value), "%.*s", (int)n, reading->at + 1);
        reading->at += n + 1 + (reading->at[n + 1] == '"');
    } else {
        n = strcspn(reading->at, " \t()");
        snprintf(value, sizeof(value), "%.*s", (int)n, reading->at);
        reading->at += n;
        if (n == 0 && *reading->at != '\0')
            reading->at++;
    }
    if (strcmp(field, "tag") == 0)
        return has_tag(reading->event, value);
    if (strncmp(field, "json.", 5) == 0)
        return has_field(reading, field + 5, value);
    return strcmp(value, "*") == 0 || strstr(reading->event->raw, value) != NULL;
}

static bool read_not(struct reading *reading)
{
    bool found;

    if (word(reading, "NOT"))
        return !read_not(reading);
    skip(reading);
    if (*reading->at != '(')
        return read_term(reading);
    reading->at++;
    found = read_or(reading);
    skip(reading);
    reading->at += *reading->at == ')';
    return found;
}

static bool read_and(struct reading *reading)
{
    bool found = read_not(reading);

    for (;;) {
        const char *before;

        (void)word(reading, "AND");
        skip(reading);
        before = reading->at;
        if (*before == '\0' || *before == ')' || word(reading, "OR")) {
            reading->at = before;
            return found;
        }
        found &= read_not(reading);
    }
}

static bool read_or(struct reading *reading)
{
    bool found = read_and(reading);

    while (word(reading, "OR"))
        found |= read_and(reading);
    return found;
}

bool double_query_finds(const char *query, const struct double_event *event)
{
    struct reading reading = {.at = query, .event = event};
    bool found;

    if (query[strspn(query, " ")] == '\0')
        return true;
    if (event->is_json)
        reading.json = json_tokener_parse(event->json != NULL ? event->json : event->raw);
    found = read_or(&reading);
    json_object_put(reading.json);
    return found;
}
