/* Our own events in an export: found wherever they stand in it, each once. */
#ifndef LEEWAY_ENGINE_FLOW_RECONCILE_OWN_H
#define LEEWAY_ENGINE_FLOW_RECONCILE_OWN_H

#include "leeway/err.h"
#include "leeway/str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* An object with lw_event, lw_session, lw_seq, lw_id. Texts are valid during the call. */
struct lw_own_event {
    struct lw_str kind, session, id;
    uint64_t seq;
    uint64_t id_hash, body; /* body: of all members, whatever their order; numbers by value */
    struct lw_str class_;   /* of a loss: what was given up, how many, from which number to which; 0: it had none */
    uint64_t count, first, last;
};

struct lw_own_calls {
    enum lw_err (*event)(void *self, const struct lw_own_event *event, struct lw_fault *fault);
};

/* What else was seen. */
struct lw_own_rest {
    uint64_t others;     /* event objects of others, and messages that are no JSON */
    uint64_t incomplete; /* ours by lw_event, without session, number or id */
    uint64_t bad;        /* what is no JSON, or cut off */
};

struct lw_own;

/* Any JSON: pages, arrays or lines of Loggly's event objects, or of the messages themselves. In an event object the parsed
   message (event.json) counts, else its text (logmsg), else raw. */
LW_MUST_USE enum lw_err lw_own_open(struct lw_own **out, const struct lw_own_calls *calls, void *self,
                                    struct lw_fault *fault);
LW_MUST_USE enum lw_err lw_own_push(struct lw_own *own, const char *bytes, size_t n, struct lw_fault *fault);
/* The end of one document; the next one may follow. */
LW_MUST_USE enum lw_err lw_own_finish(struct lw_own *own, struct lw_fault *fault);
const struct lw_own_rest *lw_own_rest(const struct lw_own *own);
void lw_own_close(struct lw_own *own);

#endif
