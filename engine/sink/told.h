/* A stored event read again, as far as a message to people needs it. */
#ifndef LEEWAY_ENGINE_SINK_TOLD_H
#define LEEWAY_ENGINE_SINK_TOLD_H

#include "engine/base/arena.h"
#include "engine/base/outbox.h"

#include <stdbool.h>

/* Texts are empty where the event has none; they lie in the arena. */
struct lw_told {
    struct lw_str timestamp, id, severity, state, origin, model, message, alert_id, series, detectors, run, verdict,
        status, class_;
    double count;
    bool has_count, test;
};

/* LW_ERR_FORMAT: `reason` (static text) says which member is missing or wrong. An alert must have lw_state and lw_message (or
   lw_model instead), and an lw_alert_id of 1 to 255 bytes; a run trainingJobName; a loss lw_message or lw_class. `event` is at
   most 256 KiB. LW_ERR_NOMEM says nothing of the event. */
LW_MUST_USE enum lw_err lw_told_read(struct lw_told *told, enum lw_event_kind kind, struct lw_str event,
                                     struct lw_arena *arena, const char **reason);

#endif
