#define _GNU_SOURCE

#include "tests/kit/double/loggly_double.h"

#include "leeway/time.h"
#include "tests/kit/double/double_loggly.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define EVENT_MAX ((size_t)1048576) /* at this size an event is refused */
#define BODY_MAX  ((size_t)5242880)

enum place { INPUTS, BULK, ITERATE, COUNT, OTHER };
static const char *const place_names[] = {"inputs", "bulk", "iterate", "count", "other"};

int64_t double_now(void)
{
    struct timespec at;

    clock_gettime(CLOCK_REALTIME, &at);
    return (int64_t)at.tv_sec * 1000 + at.tv_nsec / 1000000;
}

static int64_t get_int(struct json_object *object, const char *key, int64_t otherwise)
{
    struct json_object *value;

    return json_object_object_get_ex(object, key, &value) ? json_object_get_int64(value) : otherwise;
}

static const char *get_text(struct json_object *object, const char *key, const char *otherwise)
{
    struct json_object *value;

    return json_object_object_get_ex(object, key, &value) ? json_object_get_string(value) : otherwise;
}

static void set_int(struct json_object *object, const char *key, int64_t value)
{
    json_object_object_add(object, key, json_object_new_int64(value));
}

/* "/bulk/TOKEN/tag/a,b/?..." */
static enum place place_of(const char *target)
{
    if (strncmp(target, "/bulk/", 6) == 0)
        return BULK;
    if (strncmp(target, "/inputs/", 8) == 0)
        return INPUTS;
    if (strncmp(target, "/apiv2/events/iterate", 21) == 0)
        return ITERATE;
    return strncmp(target, "/apiv2/events/count", 19) == 0 ? COUNT : OTHER;
}

static bool rule_fits(struct json_object *rule, const struct double_request *request)
{
    const char *on = get_text(rule, "on", "ingest"), *match = get_text(rule, "match", NULL);
    enum place place = place_of(request->target);

    if (strcmp(on, "any") != 0 && strcmp(on, place_names[place]) != 0 &&
        !(strcmp(on, "ingest") == 0 && (place == BULK || place == INPUTS)))
        return false;
    return match == NULL || strstr(request->target, match) != NULL ||
           memmem(request->body, request->body_n, match, strlen(match)) != NULL;
}

/* The rule for this request, its count taken down; NULL: none. `before`: only those that reset before the body. */
static struct json_object *find_rule(struct double_loggly *loggly, const struct double_request *request, bool before)
{
    size_t n = json_object_array_length(loggly->faults);

    for (size_t i = 0; i < n; i++) {
        struct json_object *rule = json_object_array_get_idx(loggly->faults, i);
        bool early = strcmp(get_text(rule, "reset", ""), "before") == 0;
        int64_t times = get_int(rule, "times", 1), skip = get_int(rule, "skip", 0);

        if (times == 0 || early != before || !rule_fits(rule, request))
            continue;
        if (skip > 0) {
            set_int(rule, "skip", skip - 1);
            continue;
        }
        if (times > 0)
            set_int(rule, "times", times - 1);
        loggly->faults_used++;
        return rule;
    }
    return NULL;
}

static bool in_list(struct json_object *list, const char *token)
{
    for (size_t i = 0; i < json_object_array_length(list); i++) {
        if (strcmp(json_object_get_string(json_object_array_get_idx(list, i)), token) == 0)
            return true;
    }
    return false;
}

static bool in_file(const char *path, const char *kind, const char *token)
{
    FILE *file = path != NULL ? fopen(path, "r") : NULL;
    char line[256], wanted[256];
    bool found = false;

    if (file == NULL)
        return false;
    snprintf(wanted, sizeof(wanted), "%s %s", kind, token);
    while (fgets(line, sizeof(line), file) != NULL) {
        line[strcspn(line, "\r\n")] = '\0';
        found |= strcmp(line, wanted) == 0;
    }
    fclose(file);
    return found;
}

bool double_allows(struct double_loggly *loggly, bool api, const char *token)
{
    if (loggly->options.tokens != NULL)
        return in_file(loggly->options.tokens, api ? "api" : "ingest", token);
    return in_list(api ? loggly->api : loggly->ingest, token);
}

void double_say(struct double_reply *reply, int status, const char *text)
{
    reply->status = status;
    evbuffer_add_printf(reply->body, "%s", text);
}

static void say_html(struct double_reply *reply, int status)
{
    reply->status = status;
    reply->type = "text/html";
    evbuffer_add_printf(reply->body, "<html><head><title>%d</title></head><body><h1>%d</h1></body></html>\n", status,
                        status);
}

/* Token and tags of the path; false when it is none of Loggly's. */
static bool read_path(const char *target, char token[128], char tags[1024])
{
    const char *at = strchr(target + 1, '/') + 1;
    size_t n = strcspn(at, "/?");

    snprintf(token, 128, "%.*s", (int)n, at);
    tags[0] = '\0';
    at += n;
    if (strncmp(at, "/tag/", 5) == 0) {
        n = strcspn(at + 5, "/?");
        snprintf(tags, 1024, "%.*s", (int)n, at + 5);
        at += 5 + n;
    }
    at += *at == '/';
    return token[0] != '\0' && (*at == '\0' || *at == '?');
}

static int keep_events(struct double_loggly *loggly, const struct double_request *request, enum place place,
                       const char *tags)
{
    const char *at = request->body, *end = at + request->body_n;
    int64_t now = double_now();
    size_t n;

    if (request->body_n >= BODY_MAX)
        return loggly->drop_oversize ? 200 : 413;
    if (place == INPUTS) {
        if (request->body_n >= EVENT_MAX)
            return loggly->drop_oversize ? 200 : 413;
        double_events_add(&loggly->events, at, request->body_n, tags, now);
        return 200;
    }
    for (const char *line = at; line < end && !loggly->drop_oversize; line += n + 1) {
        const char *stop = memchr(line, '\n', (size_t)(end - line));

        n = (size_t)((stop != NULL ? stop : end) - line);
        if (n >= EVENT_MAX)
            return 413;
    }
    for (; at < end; at += n + 1) {
        const char *stop = memchr(at, '\n', (size_t)(end - at));

        n = (size_t)((stop != NULL ? stop : end) - at);
        if (n > 0 && n < EVENT_MAX)
            double_events_add(&loggly->events, at, n, tags, now);
    }
    return 200;
}

static void ingest(struct double_loggly *loggly, const struct double_request *request, struct double_reply *reply,
                   enum place place, bool keep)
{
    char token[128], tags[2100], header[1024];
    int status = 200;

    if (!read_path(request->target, token, tags)) {
        say_html(reply, 404);
        return;
    }
    if (strcmp(request->method, "POST") != 0 && strcmp(request->method, "PUT") != 0) {
        say_html(reply, 405);
        return;
    }
    if (double_http_header(request, "X-LOGGLY-TAG", header, sizeof(header))) {
        if (header[0] == '\0') {
            double_say(reply, 400, "{\"message\":\"empty tag\"}");
            return;
        }
        snprintf(tags + strlen(tags), sizeof(tags) - strlen(tags), "%s%s", tags[0] != '\0' ? "," : "", header);
    }
    if (!double_allows(loggly, false, token)) {
        say_html(reply, 403);
        return;
    }
    if (keep)
        status = keep_events(loggly, request, place, tags);
    if (status == 200)
        double_say(reply, 200, "{\"response\" : \"ok\"}");
    else
        say_html(reply, status);
}

/* What a rule makes of the reply. */
static void apply(struct json_object *rule, struct double_reply *reply)
{
    const char *body = get_text(rule, "body", NULL);
    struct json_object *headers;
    int status = (int)get_int(rule, "status", 0);

    if (status != 0 || body != NULL) {
        evbuffer_drain(reply->body, evbuffer_get_length(reply->body));
        if (body == NULL)
            say_html(reply, status);
        else
            double_say(reply, status != 0 ? status : 200, body);
    }
    reply->type = get_text(rule, "type", reply->type);
    if (json_object_object_get_ex(rule, "headers", &headers)) {
        json_object_object_foreach(headers, name, value)
            snprintf(reply->headers + strlen(reply->headers), sizeof(reply->headers) - strlen(reply->headers),
                     "%s: %s\r\n", name, json_object_get_string(value));
    }
    reply->reset = strcmp(get_text(rule, "reset", ""), "after") == 0;
    reply->cut = (long)get_int(rule, "cut", -1);
    reply->abort = get_int(rule, "abort", 0) != 0;
    reply->shorten = (long)get_int(rule, "truncate", -1);
    reply->delay_ms = (int)get_int(rule, "delay_ms", 0);
    reply->trickle = (int)get_int(rule, "trickle", 0);
}

static bool on_head(void *self, const struct double_request *request)
{
    struct double_loggly *loggly = self;

    if (loggly->events.began == 0)
        loggly->events.began = double_now();
    return find_rule(loggly, request, true) != NULL;
}

static void on_request(void *self, const struct double_request *request, struct double_reply *reply)
{
    struct double_loggly *loggly = self;
    enum place place = place_of(request->target);
    struct json_object *rule = find_rule(loggly, request, false), *store;
    bool keep = rule == NULL || get_int(rule, "status", 200) < 300;

    loggly->requests[place]++;
    if (rule != NULL && json_object_object_get_ex(rule, "store", &store))
        keep = json_object_get_boolean(store);
    if (place == BULK || place == INPUTS)
        ingest(loggly, request, reply, place, keep);
    else if (place == ITERATE || place == COUNT)
        double_retrieve(loggly, request, reply, place == ITERATE);
    else
        say_html(reply, 404);
    if (rule != NULL)
        apply(rule, reply);
    if (reply->status > 0 && reply->status < 600)
        loggly->statuses[reply->status]++;
}

/* The control port. */
static void set_faults(struct double_loggly *loggly, struct json_object *given)
{
    if (json_object_is_type(given, json_type_array)) {
        json_object_put(loggly->faults);
        loggly->faults = json_object_get(given);
    } else {
        json_object_array_add(loggly->faults, json_object_get(given));
    }
}

static void set_settings(struct double_loggly *loggly, struct json_object *given)
{
    const char *certificate = get_text(given, "certificate", NULL);
    struct json_object *list;

    loggly->indexing_delay = get_int(given, "indexing_delay_ms", loggly->indexing_delay);
    loggly->cursor_ms = get_int(given, "cursor_ms", loggly->cursor_ms);
    loggly->retention = get_int(given, "retention_ms", loggly->retention);
    loggly->page_max = (size_t)get_int(given, "page_max", (int64_t)loggly->page_max);
    loggly->events.keys_max = (size_t)get_int(given, "keys_max", (int64_t)loggly->events.keys_max);
    loggly->drop_oversize = strcmp(get_text(given, "oversize", loggly->drop_oversize ? "drop" : "reject"), "drop") == 0;
    snprintf(loggly->next, sizeof(loggly->next), "%s", get_text(given, "next", loggly->next));
    if (json_object_object_get_ex(given, "ingest", &list)) {
        json_object_put(loggly->ingest);
        loggly->ingest = json_object_get(list);
    }
    if (json_object_object_get_ex(given, "api", &list)) {
        json_object_put(loggly->api);
        loggly->api = json_object_get(list);
    }
    for (int i = 0; certificate != NULL && i < DOUBLE_CERTIFICATES; i++) {
        if (strcmp(certificate, double_certificate_names[i]) == 0 && !loggly->options.plain)
            double_http_tls(loggly->http, loggly->contexts[i]);
    }
    if (get_int(given, "refuse_ms", 0) > 0)
        double_http_refuse(loggly->http, (int)get_int(given, "refuse_ms", 0));
}

static void write_stats(const struct double_loggly *loggly, struct evbuffer *out)
{
    bool first = true;

    evbuffer_add_printf(out,
                        "{\"events\":%llu,\"bytes\":%llu,\"began_ms\":%lld,\"ended_ms\":%lld,\"connections\":%lu,"
                        "\"faults_used\":%lu,\"requests\":{",
                        (unsigned long long)loggly->events.received, (unsigned long long)loggly->events.bytes,
                        (long long)loggly->events.began, (long long)loggly->events.ended,
                        double_http_connections(loggly->http), loggly->faults_used);
    for (int i = INPUTS; i <= OTHER; i++)
        evbuffer_add_printf(out, "%s\"%s\":%lu", i > INPUTS ? "," : "", place_names[i], loggly->requests[i]);
    evbuffer_add_printf(out, "},\"statuses\":{");
    for (int i = 0; i < 600; i++) {
        if (loggly->statuses[i] > 0)
            evbuffer_add_printf(out, "%s\"%d\":%lu", first ? "" : ",", i, loggly->statuses[i]);
        first &= loggly->statuses[i] == 0;
    }
    evbuffer_add_printf(out, "}}\n");
}

static void reset(struct double_loggly *loggly)
{
    double_events_clear(&loggly->events);
    json_object_put(loggly->faults);
    loggly->faults = json_object_new_array();
    for (size_t i = 0; i < DOUBLE_CURSORS; i++) {
        free(loggly->cursors[i].found);
        loggly->cursors[i].found = NULL;
    }
}

static void control_get(struct double_loggly *loggly, const char *target, struct double_reply *reply)
{
    if (strcmp(target, "/double/received") == 0) {
        double_events_report(&loggly->events, reply->body);
    } else if (strcmp(target, "/double/events") == 0) {
        for (size_t i = 0; i < loggly->events.n; i++)
            evbuffer_add_printf(reply->body, "%s\n", loggly->events.all[i].raw);
    } else if (strcmp(target, "/double/stats") == 0) {
        write_stats(loggly, reply->body);
    } else {
        say_html(reply, 404);
    }
}

static void on_control(void *self, const struct double_request *request, struct double_reply *reply)
{
    struct double_loggly *loggly = self;
    const struct timeval soon = {.tv_usec = 20000};
    char *text = strndup(request->body, request->body_n);
    struct json_object *given = request->body_n > 0 ? json_tokener_parse(text) : NULL;

    if (strcmp(request->method, "GET") == 0)
        control_get(loggly, request->target, reply);
    else if (strcmp(request->target, "/double/reset") == 0)
        reset(loggly);
    else if (strcmp(request->target, "/double/stop") == 0)
        event_base_loopexit(loggly->base, &soon);
    else if (given == NULL)
        double_say(reply, 400, "not JSON\n");
    else if (strcmp(request->target, "/double/faults") == 0)
        set_faults(loggly, given);
    else if (strcmp(request->target, "/double/settings") == 0)
        set_settings(loggly, given);
    else
        say_html(reply, 404);
    json_object_put(given);
    free(text);
}

static struct json_object *list_of(const char *text)
{
    struct json_object *list = json_object_new_array();

    json_object_array_add(list, json_object_new_string(text));
    return list;
}

int kit_double_run(const struct kit_double_options *options, int announce)
{
    static const struct double_calls calls = {.head = on_head, .request = on_request};
    static const struct double_calls control = {.request = on_control};
    static struct double_loggly loggly;
    char line[512];
    int n;

    signal(SIGPIPE, SIG_IGN);
    loggly.options = *options;
    loggly.events.light = options->light;
    loggly.events.keys_max = 100;
    loggly.cursor_ms = 10 * LW_MINUTE;
    loggly.page_max = 1000;
    loggly.faults = json_object_new_array();
    loggly.ingest = list_of(KIT_DOUBLE_INGEST);
    loggly.api = list_of(KIT_DOUBLE_API);
    loggly.base = event_base_new();
    if (!options->plain && !double_tls_make(loggly.contexts, options->ca_file))
        return 1;
    loggly.http = double_http_open(loggly.base, options->port, loggly.contexts[DOUBLE_GOOD], &calls, &loggly);
    loggly.control = double_http_open(loggly.base, 0, NULL, &control, &loggly);
    if (loggly.http == NULL || loggly.control == NULL)
        return 1;
    n = snprintf(line, sizeof(line), "%s:%d http://127.0.0.1:%d %s\n",
                 options->plain ? "http://127.0.0.1" : "https://localhost", double_http_port(loggly.http),
                 double_http_port(loggly.control), options->ca_file != NULL ? options->ca_file : "-");
    if (write(announce, line, (size_t)n) != n)
        return 1;
    event_base_dispatch(loggly.base);
    return 0;
}
