#include "engine/source/loggly/page.h"

#include "engine/base/fault.h"
#include "engine/base/scan/scan.h"
#include "engine/base/time_text.h"

#include <stdlib.h>

#define URL_MAX ((size_t)8192)

enum member { OTHER, EVENTS, NEXT, ID, TIMESTAMP, TAGS };

struct reading {
    struct lw_page *page;
    struct lw_str body;
    enum member top, member; /* the key before the value, at the top and in an event */
    bool in_events, has_events, has_id, bad, too_many;
    uint32_t values;
};

/* FNV-1a, then mixed so that all bits depend on all: ids are UUIDs that differ in few places. */
static uint64_t hash_of(struct lw_str text)
{
    uint64_t hash = 0xcbf29ce484222325u;

    for (size_t i = 0; i < text.len; i++)
        hash = (hash ^ (unsigned char)text.at[i]) * 0x100000001b3u;
    hash = (hash ^ hash >> 32) * 0xd6e8feb86659fd93u;
    return hash ^ hash >> 32;
}

static enum lw_err begin_event(struct reading *reading, const struct lw_token *token, struct lw_fault *fault)
{
    struct lw_page *page = reading->page;

    if (page->n == page->capacity) {
        size_t capacity = page->capacity == 0 ? 1024 : page->capacity * 2;
        struct lw_page_event *events;

        if (capacity > LW_PAGE_EVENTS_MAX) {
            reading->too_many = true;
            return lw_fault_set(fault, LW_ERR_FORMAT, "Loggly's reply holds more events than a page has");
        }
        events = realloc(page->events, capacity * sizeof(*events));
        if (events == NULL)
            return lw_fault_memory(fault, "a page of events");
        page->events = events;
        page->capacity = capacity;
    }
    page->events[page->n++] = (struct lw_page_event){.start = (size_t)token->byte};
    reading->has_id = false;
    reading->member = OTHER;
    return LW_ERR_OK;
}

static void end_event(struct reading *reading, const struct lw_token *token)
{
    struct lw_page_event *event = &reading->page->events[reading->page->n - 1];

    event->end = (size_t)token->byte + 1;
    if (!reading->has_id)
        event->hash = hash_of((struct lw_str){reading->body.at + event->start, event->end - event->start});
}

static void event_member(struct reading *reading, const struct lw_token *token)
{
    struct lw_page_event *event = &reading->page->events[reading->page->n - 1];

    if (reading->member == ID && (token->kind == LW_TOKEN_STRING || token->kind == LW_TOKEN_NUMBER)) {
        event->hash = hash_of(token->text);
        reading->has_id = true;
    }
    if (reading->member == TIMESTAMP && token->kind == LW_TOKEN_NUMBER)
        event->has_time = lw_time_from_number(token->number, &event->time);
    if (reading->member == TIMESTAMP && token->kind == LW_TOKEN_STRING)
        event->has_time = lw_time_read(token->text, NULL, &event->time);
}

static bool is_own(struct lw_str tag)
{
    static const char own[] = "leeway";
    size_t n = sizeof(own) - 1;

    return tag.len >= n && memcmp(tag.at, own, n) == 0 && (tag.len == n || tag.at[n] == '-');
}

static enum member named(struct lw_str key, bool top)
{
    static const struct {
        const char *name;
        enum member member;
        bool top;
    } rows[] = {
        {"events", EVENTS, true},        {"next", NEXT, true},  {"id", ID, false},
        {"timestamp", TIMESTAMP, false}, {"tags", TAGS, false},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (rows[i].top == top && lw_str_equal(key, lw_str_from(rows[i].name)))
            return rows[i].member;
    }
    return OTHER;
}

static enum lw_err top_member(struct reading *reading, const struct lw_token *token, struct lw_fault *fault)
{
    struct lw_buf *next = &reading->page->next;

    if (token->kind == LW_TOKEN_KEY) {
        reading->top = named(token->text, true);
        return LW_ERR_OK;
    }
    if (token->kind == LW_TOKEN_ARRAY || token->kind == LW_TOKEN_ARRAY_END)
        reading->in_events = reading->top == EVENTS && token->kind == LW_TOKEN_ARRAY;
    reading->has_events |= reading->in_events;
    if (reading->top != NEXT || token->kind != LW_TOKEN_STRING)
        return LW_ERR_OK;
    lw_buf_clear(next);
    lw_buf_str(next, token->text);
    lw_buf_char(next, '\0');
    if (next->error == LW_ERR_NOMEM)
        return lw_fault_memory(fault, "the address of the next page");
    reading->bad |= next->error != LW_ERR_OK || memchr(next->at, '\0', next->len) != next->at + next->len - 1;
    next->len -= next->len > 0;
    return LW_ERR_OK;
}

static enum lw_err on_token(void *self, const struct lw_token *token, struct lw_fault *fault)
{
    struct reading *reading = self;
    struct lw_page *page = reading->page;

    if (token->depth == 0) {
        reading->values++;
        reading->bad |= token->kind != LW_TOKEN_OBJECT && token->kind != LW_TOKEN_OBJECT_END;
        return LW_ERR_OK;
    }
    if (token->depth == 1)
        return top_member(reading, token, fault);
    if (!reading->in_events || reading->bad) /* of a bad one nothing is used */
        return LW_ERR_OK;
    if (token->depth == 2 && token->kind == LW_TOKEN_OBJECT)
        return begin_event(reading, token, fault);
    if (token->depth == 2 && token->kind == LW_TOKEN_OBJECT_END)
        end_event(reading, token);
    else if (token->depth == 2)
        reading->bad = true; /* an element that is no object */
    else if (token->depth == 3 && token->kind == LW_TOKEN_KEY)
        reading->member = named(token->text, false);
    else if (token->depth == 3)
        event_member(reading, token);
    else if (token->depth == 4 && reading->member == TAGS && token->kind == LW_TOKEN_STRING)
        page->events[page->n - 1].own |= is_own(token->text);
    return LW_ERR_OK;
}

static enum lw_err on_bad(void *self, enum lw_reject reason, uint64_t line, uint64_t byte, const char *detail,
                          struct lw_fault *fault)
{
    struct reading *reading = self;

    (void)reason, (void)line, (void)byte, (void)detail, (void)fault;
    reading->bad = true;
    return LW_ERR_OK;
}

enum lw_err lw_page_read(struct lw_page *page, struct lw_str body, struct lw_fault *fault)
{
    static const struct lw_scan_calls calls = {.token = on_token, .bad = on_bad};
    struct reading reading = {.page = page, .body = body};
    struct lw_scan *scan = NULL;
    enum lw_err err;

    page->n = 0;
    page->next.ceiling = URL_MAX;
    lw_buf_clear(&page->next);
    err = lw_scan_open(&scan, &calls, &reading, fault);
    if (err == LW_ERR_OK)
        err = lw_scan_push(scan, body.at, body.len, fault);
    if (err == LW_ERR_OK)
        err = lw_scan_finish(scan, fault);
    lw_scan_close(scan);
    if (err == LW_ERR_OK && (reading.bad || reading.values != 2 || !reading.has_events))
        err = lw_fault_set(fault, LW_ERR_FORMAT, "Loggly's reply is not a whole page of events");
    if (err != LW_ERR_OK) {
        page->n = 0;
        lw_buf_clear(&page->next);
    }
    return err;
}

void lw_page_close(struct lw_page *page)
{
    free(page->events);
    lw_buf_close(&page->next);
    *page = (struct lw_page){0};
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

bool lw_page_same_host(struct lw_str url, struct lw_str endpoint)
{
    while (endpoint.len > 0 && endpoint.at[endpoint.len - 1] == '/')
        endpoint.len--;
    if (url.len <= endpoint.len || url.at[endpoint.len] != '/')
        return false;
    for (size_t i = 0; i < endpoint.len; i++) {
        if (lower(url.at[i]) != lower(endpoint.at[i]))
            return false;
    }
    for (size_t i = 0; i < url.len; i++) {
        if (url.at[i] <= ' ' || url.at[i] == '\x7f' || url.at[i] == '\\')
            return false;
    }
    return true;
}
