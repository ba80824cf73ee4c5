/* Delivery to one sink: takes what the outbox owes it, sends, and marks as paid what was acknowledged. A state machine
   without clock, thread or event loop of its own. */
#ifndef LEEWAY_ENGINE_SINK_DELIVERY_H
#define LEEWAY_ENGINE_SINK_DELIVERY_H

#include "engine/base/http/http.h"
#include "engine/base/outbox.h"
#include "engine/base/world.h"

#include <stdbool.h>
#include <stdint.h>

enum lw_delivery_type { LW_DELIVERY_LOGGLY, LW_DELIVERY_WEBHOOK, LW_DELIVERY_FILE, LW_DELIVERY_STDOUT };
enum lw_delivery_format { LW_DELIVERY_JSON, LW_DELIVERY_SLACK, LW_DELIVERY_PAGERDUTY }; /* of a webhook */

/* Texts are terminated and copied by open; NULL where not given.
   loggly: url (default https://logs-01.loggly.com; a path before /bulk/ is kept) and token_file, tags.
   webhook: url or url_file (PagerDuty: default https://events.pagerduty.com/v2/enqueue, token_file has the routing key;
   json: token_file, where given, has a bearer token).
   file: path. stdout: nothing.
   Secret files are read again for every request and wiped after it. They are refused (the sink is held, with the reason)
   when others may read them (o+r), when larger than 4 KiB, empty, or when they have control characters inside. */
struct lw_delivery_options {
    enum lw_delivery_type type;
    enum lw_delivery_format format;
    uint32_t sink;
    const char *name; /* for notes: "loggly" */
    const char *url, *url_file, *token_file, *ca_file, *proxy, *path;
    const char *const *tags; /* [A-Za-z0-9][A-Za-z0-9._-]{0,63}; LW_ERR_CONFIG otherwise */
    size_t tags_n;
    uint64_t seed; /* of the jitter */
};

enum lw_delivery_state {
    LW_DELIVERY_OK,
    LW_DELIVERY_RETRYING, /* the last try of some lane failed; it is tried again by itself */
    LW_DELIVERY_HELD      /* needs a person (token, address, certificate, rights); tried each 5 minutes all the same */
};

/* What a request, or a write, came to. One list: name, label in /metrics. */
#define LW_DELIVERY_RESULT_LIST(X)                                                                                     \
    X(ACKNOWLEDGED, "acknowledged")                                                                                    \
    X(RETRY, "retry")         /* 408, 425, 429, 5xx, no connection, a disk that is full */                             \
    X(AMBIGUOUS, "ambiguous") /* it may have been taken: cut off while it ran, or 2xx with another body */             \
    X(HELD, "held")           /* 3xx, 401, 403, 404, other 4xx, TLS, a secret file that cannot be used */              \
    X(REFUSED, "refused")     /* 400, 413, 422: halved, or the event is dead */

enum lw_delivery_result {
#define LW_DELIVERY_RESULT_ENUM(name, id) LW_DELIVERY_RESULT_##name,
    LW_DELIVERY_RESULT_LIST(LW_DELIVERY_RESULT_ENUM)
#undef LW_DELIVERY_RESULT_ENUM
        LW_DELIVERY_RESULT_COUNT
};
const char *lw_delivery_result_id(enum lw_delivery_result result);
const char *lw_delivery_state_id(enum lw_delivery_state state); /* "ok", "retrying", "held" */

struct lw_delivery_status {
    enum lw_delivery_state state;
    lw_time since;           /* of the state */
    lw_time next_try;        /* with RETRYING (the earliest of the lanes) and HELD */
    char last_error[224];    /* for people; without URL, token or event; "" when there was none. Stays after recovery */
    lw_time last_error_at;   /* meaningless without */
    lw_time acknowledged_at; /* last; meaningless while events == 0 */
    uint64_t results[LW_DELIVERY_RESULT_COUNT]; /* requests (file, stdout: writes) by what they came to */
    uint64_t requests;                          /* started; those without a result yet are in flight */
    uint64_t events, bytes;                     /* acknowledged */
    uint64_t bisections;                        /* refused requests that were halved */
    uint64_t dead;                              /* events that will never be accepted */
    uint64_t skipped; /* events that this sink has no form for (a metric at PagerDuty): paid without being sent */
    unsigned in_flight;
};

struct lw_delivery;

/* `outbox`, `http` and `world` are copied structs of functions whose owners outlive the delivery; `http` may be NULL for
   file and stdout. `world` is used for notes, and its wall clock to read dates in replies. Nothing is read, written or sent by open. */
LW_MUST_USE enum lw_err lw_delivery_open(struct lw_delivery **out, const struct lw_delivery_options *options,
                                         const struct lw_outbox *outbox, const struct lw_http *http,
                                         const struct lw_world *world, struct lw_fault *fault);
/* Cancels what is in flight; it stays owed. */
void lw_delivery_close(struct lw_delivery *delivery);

/* `wake` is called, from within the reply to a request, when work should be called soon: from the loop, not from within
   wake. */
void lw_delivery_on_wake(struct lw_delivery *delivery, void (*wake)(void *context), void *context);

/* Takes in the replies that came, pays and buries, and starts what is due; never blocks on the network (a file is written
   and synced, at most about 1 MiB per call). Call it after every commit that added to the outbox, on wake, and when ticks
   reach *next (INT64_MAX: only then when woken; equal to `ticks`: at once again). `now` is the wall clock, `ticks` the
   monotonic one of the same moment.
   Fails only when the outbox fails (its error): nothing is lost, the same is tried again at *next, which is set even then.
   Trouble with the sink itself is no error but the status. */
LW_MUST_USE enum lw_err lw_delivery_work(struct lw_delivery *delivery, lw_time now, lw_span ticks, lw_span *next,
                                         struct lw_fault *fault);

/* Reads a piece (about 512 KiB) of what will be sent next, while a full batch is on its way: the network need not wait for the
   disk then. For when there is nothing else to do, after work, until it says false. Without it all goes the same way, slower. */
bool lw_delivery_prepare(struct lw_delivery *delivery);

void lw_delivery_status(const struct lw_delivery *delivery, struct lw_delivery_status *status);
/* Forgets back-off and hold: the next work tries at once (SIGHUP, a person who mended something, the end of --once). */
void lw_delivery_probe_now(struct lw_delivery *delivery);
/* true when nothing is in flight and no reply or payment waits to be taken in. It says nothing of what is still owed: ask
   the store for its lanes. */
bool lw_delivery_idle(const struct lw_delivery *delivery);

#endif
