/* What a delivery stands on, in memory: an outbox that keeps accounts, and HTTP that follows a script; no time passes by
   itself. */
#ifndef LEEWAY_TESTS_KIT_SINKS_H
#define LEEWAY_TESTS_KIT_SINKS_H

#include "engine/base/http/http.h"
#include "engine/base/outbox.h"
#include "engine/base/world.h"

#include <stdbool.h>

/* ---- the outbox ---- */
struct kit_row {
    uint64_t id;
    enum lw_event_kind kind;
    char *bytes;
    size_t n;
    bool paid;
};
struct kit_dead {
    uint64_t row;
    size_t at, n;
    char reason[160];
    char *event; /* without its line end */
};
struct kit_outbox {
    struct kit_row *rows;
    size_t rows_n;
    struct kit_dead *dead;
    size_t dead_n;
    unsigned fail; /* so many of the next calls of paid or dead fail */
};
struct lw_outbox kit_outbox(struct kit_outbox *box);
/* One row of these lines (each ended). */
void kit_outbox_add(struct kit_outbox *box, enum lw_event_kind kind, const char *lines);
size_t kit_outbox_owed(const struct kit_outbox *box); /* rows */
void kit_outbox_close(struct kit_outbox *box);

/* ---- HTTP ---- */
struct kit_asked {
    uint64_t id;
    bool open; /* not answered and not cancelled */
    char *url, *body;
    size_t body_n;
    char tags[512], type[64], authorization[160];
    bool fresh;
    int64_t timeout;
    lw_http_done *done;
    void *context;
};
struct kit_http {
    struct kit_asked *asked; /* all of them, in order */
    size_t asked_n;
    bool fail; /* start fails */
};
struct lw_http kit_http(struct kit_http *http);
/* Answers request number `i`. `headers`: pairs of texts up to NULL, or NULL. */
void kit_http_reply(struct kit_http *http, size_t i, int status, const char *body, const char *const *headers);
void kit_http_break(struct kit_http *http, size_t i, enum lw_http_outcome outcome, bool unsent);
size_t kit_http_open(const struct kit_http *http); /* in flight */
void kit_http_close(struct kit_http *http);

/* ---- the world ---- */
struct kit_world {
    int64_t now, ticks;
    unsigned notes;
    char last[512];
};
struct lw_world kit_world(struct kit_world *world);

#endif
