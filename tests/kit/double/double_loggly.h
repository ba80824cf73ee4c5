/* What the parts of the Loggly double share: private to tests/kit/double/loggly_double.c and double_*.c. */
#ifndef LEEWAY_TESTS_KIT_DOUBLE_DOUBLE_LOGGLY_H
#define LEEWAY_TESTS_KIT_DOUBLE_DOUBLE_LOGGLY_H

#include "tests/kit/double/double_events.h"
#include "tests/kit/double/double_http.h"
#include "tests/kit/double/double_tls.h"
#include "tests/kit/double/loggly_double.h"

#include <json-c/json.h>
#include <stdint.h>

#define DOUBLE_CURSORS 64

struct double_cursor {
    char id[40];
    size_t *found, n, at, size;
    int64_t used;
};

struct double_loggly {
    struct kit_double_options options;
    struct event_base *base;
    struct double_http *http, *control;
    SSL_CTX *contexts[DOUBLE_CERTIFICATES];
    struct double_events events;
    struct json_object *faults, *ingest, *api;
    struct double_cursor cursors[DOUBLE_CURSORS];
    unsigned long cursor_count, requests[5], statuses[600], faults_used;
    int64_t indexing_delay, cursor_ms, retention;
    size_t page_max;
    bool drop_oversize;
    char next[512];
};

int64_t double_now(void); /* ms */
void double_say(struct double_reply *reply, int status, const char *text);
/* Whether the token may read (`api`) or write. With a file of tokens, the file alone says who may. */
bool double_allows(struct double_loggly *loggly, bool api, const char *token);

/* double_retrieve.c: gives events back, a page (`pages`: iterate) or their number (count). */
void double_retrieve(struct double_loggly *loggly, const struct double_request *request, struct double_reply *reply,
                     bool pages);

#endif
