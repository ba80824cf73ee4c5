/* The messages of a webhook: a pure function of stored events. */
#ifndef LEEWAY_ENGINE_SINK_WEBHOOK_H
#define LEEWAY_ENGINE_SINK_WEBHOOK_H

#include "engine/base/buf.h"
#include "engine/sink/batch.h"
#include "engine/sink/delivery.h"

/* Whether the format has a form for it. json: everything up to 1 000 000 bytes. Slack: alerts, losses, runs, heartbeats.
   PagerDuty: alerts and losses. An event that lacks a member that its form needs is dead. */
enum lw_fit lw_webhook_fit(enum lw_delivery_format format, enum lw_event_kind kind, struct lw_str event,
                           const char **reason);

/* How many of the events at the start of `lines` (one per line, all of this kind and fit) go into one message when there are
   too many for one each; at least 1. json: all. Slack: as many as its limits take (50 blocks, 12 000 bytes of text).
   PagerDuty: only alerts that trigger, because acknowledge and resolve must reach the dedup_key of their own alert. */
uint32_t lw_webhook_group(enum lw_delivery_format format, enum lw_event_kind kind, struct lw_str lines);

/* Appends the body of the request for all events of `lines`. `key`: PagerDuty's routing key.
   json: one event: as it is stored; several: an array of them.
   Slack: `text` (for notifications) and `blocks`; &, < and > escaped; a section has at most 3000 bytes.
   PagerDuty Events v2: one alert: trigger (open, stale), acknowledge, or resolve (resolved, settled, retracted) with
   lw_alert_id as dedup_key, the stored event in custom_details. Several: one trigger with the list in custom_details and a
   dedup_key made of their ids; nothing resolves it, so it says that it must be closed by hand.
   An alert with lw_test begins with "TEST".
   Fails with NOMEM, or LIMIT where `out` is full; FORMAT when an event is not fit. */
LW_MUST_USE enum lw_err lw_webhook_render(enum lw_delivery_format format, enum lw_event_kind kind, struct lw_str lines,
                                          struct lw_str key, struct lw_buf *out, struct lw_fault *fault);

#endif
