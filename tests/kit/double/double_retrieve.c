#define _GNU_SOURCE

#include "tests/kit/double/double_loggly.h"

#include "engine/base/time_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* "-10m", "now", ISO 8601, "YYYY-MM-DD HH:MM:SS", milliseconds. */
static int64_t read_time(const char *text, int64_t now, int64_t otherwise)
{
    lw_span span;
    lw_time time;

    if (text[0] == '\0')
        return otherwise;
    if (strcmp(text, "now") == 0)
        return now;
    if (text[0] == '-' && lw_span_read(lw_str_from(text + 1), &span))
        return now - span.ms;
    return lw_time_read(lw_str_from(text), NULL, &time) ? time.ms : otherwise;
}

static const struct double_event *sorting;
static int descending;

static int by_time(const void *a, const void *b)
{
    const struct double_event *left = &sorting[*(const size_t *)a], *right = &sorting[*(const size_t *)b];
    int order = left->time != right->time ? (left->time > right->time) - (left->time < right->time)
                                          : (left->number > right->number) - (left->number < right->number);

    return descending ? -order : order;
}

/* Numbers of the events that a request asks for, sorted. */
static size_t *find(struct double_loggly *loggly, const struct double_request *request, size_t *n)
{
    char query[4096] = "", from[64] = "", until[64] = "", order[16] = "";
    int64_t now = double_now(), first, last;
    size_t *found = calloc(loggly->events.n + 1, sizeof(*found));

    double_http_parameter(request, "q", query, sizeof(query));
    double_http_parameter(request, "from", from, sizeof(from));
    double_http_parameter(request, "until", until, sizeof(until));
    double_http_parameter(request, "order", order, sizeof(order));
    first = read_time(from, now, now - 24 * LW_HOUR);
    last = read_time(until, now, now);
    *n = 0;
    for (size_t i = 0; i < loggly->events.n && found != NULL; i++) {
        const struct double_event *event = &loggly->events.all[i];

        if (event->received + loggly->indexing_delay <= now && event->time >= first && event->time <= last &&
            (loggly->retention == 0 || event->time >= now - loggly->retention) && double_query_finds(query, event))
            found[(*n)++] = i;
    }
    sorting = loggly->events.all;
    descending = strcmp(order, "asc") != 0;
    if (found != NULL && *n > 1)
        qsort(found, *n, sizeof(*found), by_time);
    return found;
}

static struct double_cursor *new_cursor(struct double_loggly *loggly)
{
    struct double_cursor *cursor = &loggly->cursors[loggly->cursor_count++ % DOUBLE_CURSORS];

    free(cursor->found);
    *cursor = (struct double_cursor){.n = 0};
    snprintf(cursor->id, sizeof(cursor->id), "c0ffee00-0000-4000-8000-%012lx", loggly->cursor_count);
    return cursor;
}

static struct double_cursor *find_cursor(struct double_loggly *loggly, const char *id)
{
    for (size_t i = 0; i < DOUBLE_CURSORS; i++) {
        struct double_cursor *cursor = &loggly->cursors[i];

        if (cursor->found != NULL && strcmp(cursor->id, id) == 0 && double_now() - cursor->used <= loggly->cursor_ms)
            return cursor;
    }
    return NULL;
}

static void write_next(struct double_loggly *loggly, const struct double_request *request,
                       const struct double_cursor *cursor, struct evbuffer *out)
{
    char host[256] = "localhost";

    double_http_header(request, "Host", host, sizeof(host));
    if (loggly->next[0] != '\0')
        evbuffer_add_printf(out, ",\"next\":\"%s\"", loggly->next);
    else
        evbuffer_add_printf(out, ",\"next\":\"%s://%s/apiv2/events/iterate?next=%s\"", request->tls ? "https" : "http",
                            host, cursor->id);
}

static void iterate(struct double_loggly *loggly, const struct double_request *request, struct double_reply *reply)
{
    char next[64], size[16] = "50";
    struct double_cursor *cursor;
    size_t stop;

    if (double_http_parameter(request, "next", next, sizeof(next))) {
        cursor = find_cursor(loggly, next);
        if (cursor == NULL) {
            double_say(reply, 410, "{\"message\":\"the cursor has expired\"}");
            return;
        }
    } else {
        double_http_parameter(request, "size", size, sizeof(size));
        cursor = new_cursor(loggly);
        cursor->size = (size_t)strtoull(size, NULL, 10);
        cursor->size = cursor->size < 1 ? 1 : cursor->size > loggly->page_max ? loggly->page_max : cursor->size;
        cursor->found = find(loggly, request, &cursor->n);
    }
    cursor->used = double_now();
    stop = cursor->at + cursor->size < cursor->n ? cursor->at + cursor->size : cursor->n;
    evbuffer_add_printf(reply->body, "{\"events\":[");
    for (size_t i = cursor->at; i < stop; i++) {
        if (i > cursor->at)
            evbuffer_add_printf(reply->body, ",");
        double_events_write(&loggly->events.all[cursor->found[i]], reply->body);
    }
    evbuffer_add_printf(reply->body, "]");
    cursor->at = stop;
    if (stop < cursor->n)
        write_next(loggly, request, cursor, reply->body);
    evbuffer_add_printf(reply->body, "}");
}

void double_retrieve(struct double_loggly *loggly, const struct double_request *request, struct double_reply *reply,
                     bool pages)
{
    char header[256] = "";
    size_t *found, n;

    double_http_header(request, "Authorization", header, sizeof(header));
    if (strncasecmp(header, "bearer ", 7) != 0 || !double_allows(loggly, true, header + 7)) {
        double_say(reply, 401, "{\"message\":\"Invalid token\"}");
        return;
    }
    if (pages) {
        iterate(loggly, request, reply);
        return;
    }
    found = find(loggly, request, &n);
    free(found);
    evbuffer_add_printf(reply->body, "{\"count\":%zu}", n);
}
