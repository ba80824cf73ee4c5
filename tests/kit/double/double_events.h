/* What a Loggly double was sent: events as Loggly would keep and find them, and what it takes to account for every one. */
#ifndef LEEWAY_TESTS_KIT_DOUBLE_DOUBLE_EVENTS_H
#define LEEWAY_TESTS_KIT_DOUBLE_DOUBLE_EVENTS_H

#include <event2/buffer.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct double_event {
    uint64_t number;  /* from 1, in the order of arrival; the id Loggly gives is made of it */
    int64_t time;     /* ms: of `timestamp` in it where that is ISO text, else of arrival */
    int64_t received; /* ms */
    char *raw;        /* as it was sent, terminated */
    size_t raw_n;
    char *json; /* event.json where it is not what was sent: keys rewritten, conflicts removed; else NULL */
    bool is_json;
    char *tags;      /* separated by commas */
    char id[64];     /* lw_id, or "" */
    char sha256[65]; /* of raw */
};

struct double_events {
    struct double_event *all;
    size_t n, capacity;
    uint64_t received, bytes; /* all that ever came, kept or not */
    int64_t began, ended;     /* ms: of the first request's head, and of the last event; 0: none */
    bool light;               /* counts alone: events are not looked at */
    void *types;              /* of fields: the first one holds */
    size_t keys_max;
};

void double_events_add(struct double_events *events, const char *line, size_t n, const char *tags, int64_t now);
void double_events_clear(struct double_events *events);
/* As in the reply of the retrieval. */
void double_events_write(const struct double_event *event, struct evbuffer *out);
/* One line per different lw_id (or per different body, where there is none), in order of first arrival: id, sha256 of the
   first body, times it came, number of different bodies, tags of the first, lw_seq, lw_session, lw_event. Then one line
   {"total":..,"distinct":..,"duplicates":..,"conflicts":..}. */
void double_events_report(const struct double_events *events, struct evbuffer *out);

/* Whether an event is found by a query: tag:X, json.FIELD:VALUE, words, * with AND, OR, NOT, parentheses. */
bool double_query_finds(const char *query, const struct double_event *event);

#endif
