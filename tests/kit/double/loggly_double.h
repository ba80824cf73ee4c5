/* A double of Loggly on the loopback: takes in events (inputs, bulk), gives them back (iterate, count), fails as told, and
   accounts for every event. A child process of a test, or a program of its own (build/tests/double/loggly). It is driven by
   plain HTTP on a second port:

     POST /double/faults     {rule} adds one, [{rule},...] replaces all. Rules are tried in order, the first that fits and
                             has `times` left (default 1; -1: for ever) is used, after `skip` fitting requests:
                               on: "bulk" (default: any ingest), "inputs", "iterate", "count", "any"
                               match: only requests whose target or body contains this
                               status, body, type, headers: {"Retry-After": "7"}: the reply (default body: HTML)
                               store: whether the events are kept (default: only where no status >= 300 is given)
                               reset: "before" the body is read, "after" (kept, no reply)
                               cut: the connection ends behind that many bytes of the reply; abort: 1: by a reset
                               truncate: the body of the reply ends there, with a fitting Content-Length
                               delay_ms, trickle (bytes per second)
     POST /double/settings   any of {"indexing_delay_ms", "cursor_ms", "page_max", "retention_ms", "keys_max", "oversize":
                             "reject"|"drop", "ingest": ["TOKEN",...], "api": ["TOKEN",...], "certificate": "good" |
                             "wrong_host"|"expired"|"untrusted", "refuse_ms", "next": a text in the place of each next URL}
     POST /double/reset      forgets events and rules
     POST /double/stop       ends the process
     GET  /double/received   double_events_report as NDJSON
     GET  /double/events     the raw bodies in order of arrival, one per line
     GET  /double/stats      counters; began_ms, ended_ms: when the first request began and the last event came
*/
#ifndef LEEWAY_TESTS_KIT_DOUBLE_LOGGLY_DOUBLE_H
#define LEEWAY_TESTS_KIT_DOUBLE_LOGGLY_DOUBLE_H

#include <stdbool.h>
#include <stddef.h>

#define KIT_DOUBLE_INGEST "0a1b2c3d-0000-4000-8000-00000000cafe" /* allowed from the start */
#define KIT_DOUBLE_API    "0a1b2c3d-0000-4000-8000-0000000000af"

struct kit_double_options {
    bool plain;          /* http instead of https */
    bool light;          /* events are counted, not looked at: for speed */
    int port;            /* 0: a free one */
    const char *ca_file; /* where the authority's certificate goes; NULL with `plain` */
    const char *tokens;  /* a file with lines "ingest TOKEN" and "api TOKEN", read at every request; NULL: none */
};

/* Runs until it is told to stop; `announce`: a descriptor for the line "URL CONTROL CA\n". */
int kit_double_run(const struct kit_double_options *options, int announce);

struct kit_double {
    int process;
    char url[64];     /* "https://localhost:PORT" */
    char control[64]; /* "http://127.0.0.1:PORT" */
    int control_port;
    char ca_file[256];
};

/* As a child process that dies with its parent. Ends the program when it cannot start. */
void kit_double_start(struct kit_double *loggly, const struct kit_double_options *options);
/* One request to the control port: POST with a body, GET with NULL. The reply's body, to be freed; NULL when it failed. */
char *kit_double_ask(const struct kit_double *loggly, const char *path, const char *body);
void kit_double_stop(struct kit_double *loggly);

#endif
