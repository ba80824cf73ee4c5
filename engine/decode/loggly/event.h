/* One metric event of Loggly's CloudWatch integration, read token by token: the same fields wherever such an event stands
   (a line of its own, inside of `event.json`, inside of the text of `logmsg`). */
#ifndef LEEWAY_ENGINE_DECODE_LOGGLY_EVENT_H
#define LEEWAY_ENGINE_DECODE_LOGGLY_EVENT_H

#include "engine/decode/memo.h"

struct lw_event {
    struct lw_emit *emit; /* borrowed */
    struct lw_memo *memo; /* borrowed */
    struct lw_point point;
    lw_time at;
    uint64_t line, byte;
    uint8_t field; /* the key that was read last */
    uint32_t seen; /* keys that had a value, as bits */
    bool spoiled;  /* a value could not be used: */
    enum lw_reject reason;
    char detail[LW_EMIT_DETAIL];
};

/* Begins an event that stands at this place. */
void lw_event_start(struct lw_event *event, struct lw_emit *emit, struct lw_memo *memo, uint64_t line, uint64_t byte);
/* A key or a value directly inside of the event's object; what is nested in a value is not passed on. */
LW_MUST_USE enum lw_err lw_event_token(struct lw_event *event, const struct lw_token *token, struct lw_fault *fault);
/* true when it is meant to be a metric event, good or bad, or one of leeway's own. */
bool lw_event_recognised(const struct lw_event *event);
/* The time that the event carries, or NULL; valid until the event is read on. */
const lw_time *lw_event_time(const struct lw_event *event);
/* Emits the point or the reason why there is none; `at`: the time to take when the event has none, or NULL. */
LW_MUST_USE enum lw_err lw_event_end(struct lw_event *event, const lw_time *at, struct lw_fault *fault);

#endif
