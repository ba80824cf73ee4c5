/* What the reply to a request means for what was sent. */
#ifndef LEEWAY_ENGINE_SINK_VERDICT_H
#define LEEWAY_ENGINE_SINK_VERDICT_H

#include "engine/base/http/http.h"
#include "engine/sink/delivery.h"

struct lw_verdict {
    enum lw_delivery_result result;
    bool has_wait;
    lw_span wait;  /* Retry-After, clamped */
    char why[160]; /* for people; nothing of the reply's body, which may quote the URL; "" when acknowledged */
};

/* Loggly: acknowledged is 2xx with a JSON object whose member "response" is "ok". PagerDuty: 202. Other webhooks: 2xx. */
struct lw_verdict lw_verdict_of(const struct lw_http_reply *reply, enum lw_delivery_type type,
                                enum lw_delivery_format format, lw_time now);
/* The reply of Loggly's ingestion: documented with a blank before the colon, so it is parsed and not compared. */
bool lw_verdict_loggly_ok(struct lw_str body);

#endif
