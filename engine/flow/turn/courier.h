/* Puts events into the outboxes of the sinks that want them, numbered for each. */
#ifndef LEEWAY_ENGINE_FLOW_TURN_COURIER_H
#define LEEWAY_ENGINE_FLOW_TURN_COURIER_H

#include "engine/flow/config/config.h"
#include "engine/report/event.h"
#include "engine/store/store.h"

/* Whom an event is about: what sinks choose by. */
struct lw_courier_topic {
    struct lw_str model;
    const char *owner; /* NULL: nobody */
};

struct lw_courier;

/* `config` and `store` are borrowed until close. Numbers of sinks come from the store, in a turn of its own. */
LW_MUST_USE enum lw_err lw_courier_open(struct lw_courier **out, const struct lw_config *config, struct lw_store *store,
                                        struct lw_fault *fault);
void lw_courier_close(struct lw_courier *courier);
/* The number of the i-th configured sink. */
uint32_t lw_courier_sink(const struct lw_courier *courier, size_t i);

/* All of these want an open turn of the store. `now`: the time of the detection. */
LW_MUST_USE enum lw_err lw_courier_run(struct lw_courier *courier, lw_time now, const struct lw_courier_topic *topic,
                                       const struct lw_judged *model, const struct lw_judged_run *run,
                                       uint32_t revision, struct lw_fault *fault);
/* To the sinks that take alerts as grave as `gravest`: the severity of the event, or a graver one that it was told with
   before, for who was told is told how it ends. `digest`: it tells of the past, and never goes to a pager. */
LW_MUST_USE enum lw_err lw_courier_alert(struct lw_courier *courier, lw_time now, const struct lw_courier_topic *topic,
                                         const struct lw_event_alert *event, enum lw_severity gravest, bool digest,
                                         struct lw_fault *fault);
/* `elsewhere`: the source has it from Loggly, or something else ships it there: only sinks with `metrics: always` get it. */
LW_MUST_USE enum lw_err lw_courier_metric(struct lw_courier *courier, lw_time now, bool elsewhere,
                                          const struct lw_event_metric *event, struct lw_fault *fault);
/* true when some sink would take metrics of such a source: spares the work of making them. */
bool lw_courier_wants_metrics(const struct lw_courier *courier, bool elsewhere);
/* A heartbeat for every sink that takes them; the age of the outbox is filled in for each. */
LW_MUST_USE enum lw_err lw_courier_heartbeat(struct lw_courier *courier, lw_time now,
                                             const struct lw_event_heartbeat *event, struct lw_fault *fault);
/* What the ledger has not told yet, to the sink that it happened to. */
LW_MUST_USE enum lw_err lw_courier_losses(struct lw_courier *courier, lw_time now, struct lw_fault *fault);
/* Holds the bound of every spool. *full: one has no room even for alerts, input must wait. */
LW_MUST_USE enum lw_err lw_courier_evict(struct lw_courier *courier, lw_time now, bool *full, struct lw_fault *fault);
/* Alert events that were put in since open. */
uint64_t lw_courier_alerts(const struct lw_courier *courier);

#endif
