/* One event for Loggly at a time: flat JSON objects, decisions first, one type per field for ever, 45 keys over all kinds
   (Loggly indexes about 100 of an account, so kinds share keys: a reason and the lags are lw_message, the numbers of a
   lost range lw_first and lw_last). Offline a whole report is written of them, live each goes to the outboxes. */
#ifndef LEEWAY_ENGINE_REPORT_EVENT_H
#define LEEWAY_ENGINE_REPORT_EVENT_H

#include "engine/base/buf.h"
#include "leeway/judged.h"
#include "leeway/point.h"

#include <stdbool.h>

/* What an event carries beside its content. The time is that of the detection (live) or of the evidence (offline). */
struct lw_event_stamp {
    lw_time at;
    bool has_at;
    struct lw_str session; /* that the number belongs to; empty: none is written */
    uint64_t seq;
    uint32_t revision; /* of a run and its summaries, from 1 */
};

/* All of them append one JSON object without a line end. Ids (lw_id) come from what the event says, not from the stamp's
   time or number: the same content has the same id. */
void lw_event_run(const struct lw_event_stamp *stamp, const struct lw_judged *model, const struct lw_judged_run *run,
                  struct lw_buf *out);
void lw_event_summary(const struct lw_event_stamp *stamp, const struct lw_judged *model, const struct lw_run *run,
                      const struct lw_metric *metric, struct lw_buf *out);

/* One step in the life of an alert. `opened` and `change` are names of runs, empty where unknown. */
struct lw_event_alert {
    struct lw_str origin, model, opened, change;
    const struct lw_alert *alert;
    enum lw_transition transition;
    struct lw_str occasion; /* what tells this step from others of the same revision, for its id; usually empty */
    bool test;              /* made by hand to try the way: it says so (lw_test) */
};
void lw_event_alert(const struct lw_event_stamp *stamp, const struct lw_event_alert *event, struct lw_buf *out);

/* A datapoint, with the fields of Loggly's CloudWatch integration. Instance metrics carry `host` instead of the job: the
   instance ("job/algo-1"), or the run where that is not known. */
struct lw_event_metric {
    struct lw_str origin, run, metric, host;
    const struct lw_point *point;
};
void lw_event_metric(const struct lw_event_stamp *stamp, const struct lw_event_metric *event, struct lw_buf *out);

/* A sign of life: how far behind each source is, and how long the oldest event waits. */
struct lw_event_heartbeat {
    struct lw_str lags;     /* "file:metrics=12,cloudwatch:prod=75": seconds by source */
    lw_time last_datapoint; /* event time of the newest datapoint */
    bool has_last_datapoint;
    double outbox_age_s; /* of the oldest event that waits for this sink */
};
void lw_event_heartbeat(const struct lw_event_stamp *stamp, const struct lw_event_heartbeat *event, struct lw_buf *out);

/* Something that was given up, told instead of it. */
struct lw_event_loss {
    struct lw_str class_, reason;
    uint64_t count, first_seq, last_seq; /* seq: 0 where they had none */
    lw_time first, last;
};
void lw_event_loss(const struct lw_event_stamp *stamp, const struct lw_event_loss *event, struct lw_buf *out);

#endif
