#define _GNU_SOURCE /* explicit_bzero */
#include "engine/sink/delivery_state.h"

#include "engine/sink/request.h"

#include <stdio.h>
#include <string.h>

#define RAMP_MIN   ((size_t)256 << 10) /* the first request after a failure; then doubled */
#define FILE_BATCH ((size_t)1 << 20)
#define HOOK_BATCH ((size_t)200 << 10) /* PagerDuty takes 512 KB, and the list is escaped at most once */
#define HOOK_JSON  ((size_t)1 << 20)

size_t lw_delivery_outcome_most(const struct lw_delivery_options *options)
{
    switch (options->type) {
    case LW_DELIVERY_LOGGLY:
        return LW_REQUEST_LOGGLY_BATCH;
    case LW_DELIVERY_WEBHOOK:
        return options->format == LW_DELIVERY_JSON ? HOOK_JSON : HOOK_BATCH;
    case LW_DELIVERY_FILE:
    case LW_DELIVERY_STDOUT:
        break;
    }
    return FILE_BATCH;
}

size_t lw_delivery_outcome_ramp(const struct lw_delivery_lane *lane)
{
    size_t most = lw_delivery_outcome_most(&lane->delivery->options);

    return lane->ramp > most / 2 ? most : lane->ramp * 2;
}

void lw_delivery_outcome_wipe(struct lw_delivery_lane *lane)
{
    if (lane->payload.at)
        explicit_bzero(lane->payload.at, lane->payload.capacity); /* PagerDuty's routing key is in the body */
    lw_buf_close(&lane->payload);
}

/* ---- state, and what people are told of it ---- */

void lw_delivery_outcome_note(const struct lw_delivery *delivery, enum lw_note level, const char *text)
{
    char line[512];

    snprintf(line, sizeof(line), "sink %s: %s", delivery->options.name, text);
    if (delivery->world.note)
        delivery->world.note(delivery->world.self, level, line);
}

static bool any_failed(const struct lw_delivery *delivery)
{
    for (unsigned i = 0; i < LW_LANE_COUNT; i++) {
        if (delivery->lanes[i].failures > 0)
            return true;
    }
    return false;
}

/* One note per change of state, not one per try. */
static void review(struct lw_delivery *delivery)
{
    struct lw_delivery_status *status = &delivery->status;
    enum lw_delivery_state state = delivery->held         ? LW_DELIVERY_HELD
                                   : any_failed(delivery) ? LW_DELIVERY_RETRYING
                                                          : LW_DELIVERY_OK;
    char text[400];

    if (state == status->state)
        return;
    status->state = state;
    status->since = delivery->now;
    switch (state) {
    case LW_DELIVERY_OK:
        lw_delivery_outcome_note(delivery, LW_NOTE_INFO, "works again");
        return;
    case LW_DELIVERY_RETRYING:
        snprintf(text, sizeof(text), "%s; it is tried again by itself", status->last_error);
        lw_delivery_outcome_note(delivery, LW_NOTE_WARNING, text);
        return;
    case LW_DELIVERY_HELD:
        snprintf(text, sizeof(text), "%s; nothing is sent until this is mended, it is tried each 5 minutes",
                 status->last_error);
        lw_delivery_outcome_note(delivery, LW_NOTE_ERROR, text);
        return;
    }
}

static void set_error(struct lw_delivery *delivery, const char *why)
{
    snprintf(delivery->status.last_error, sizeof(delivery->status.last_error), "%s", why);
    delivery->status.last_error_at = delivery->now;
}

/* ---- what a verdict does to its lane ---- */

static void acknowledged(struct lw_delivery_lane *lane)
{
    struct lw_delivery *delivery = lane->delivery;

    delivery->status.events += lane->batch.events;
    delivery->status.bytes += lane->batch.body.len;
    delivery->status.acknowledged_at = delivery->now;
    delivery->held = false;
    delivery->refusals = 0;
    lane->suspects = lane->suspects > lane->batch.events ? lane->suspects - lane->batch.events : 0;
    lane->ramp = lw_delivery_outcome_ramp(lane);
    lw_pace_sent(&lane->pace, delivery->ticks);
    for (unsigned i = 0; i < LW_LANE_COUNT; i++) {
        /* The sink lives: the other lanes need not wait, but they begin small. */
        if (delivery->lanes[i].failures > 0)
            delivery->lanes[i].next_try = delivery->ticks;
        delivery->lanes[i].failures = 0;
    }
    lane->bury = false;
    lane->stage = LW_STAGE_SETTLING;
}

static void failed(struct lw_delivery_lane *lane)
{
    struct lw_delivery *delivery = lane->delivery;

    delivery->held = false;
    lane->failures++;
    lane->ramp = RAMP_MIN;
    lane->next_try = delivery->ticks + lw_pace_backoff(&delivery->jitter, lane->failures);
    if (lane->verdict.has_wait) {
        lane->next_try = delivery->ticks + lane->verdict.wait.ms;
        delivery->not_before = lane->next_try; /* it spoke for the whole account */
    }
    lane->owed = true;
    lane->stage = LW_STAGE_IDLE;
}

static void hold(struct lw_delivery_lane *lane)
{
    struct lw_delivery *delivery = lane->delivery;

    delivery->held = true;
    delivery->probe_at = delivery->ticks + LW_DELIVERY_PROBE;
    lane->ramp = RAMP_MIN;
    lane->owed = true;
    lane->stage = LW_STAGE_IDLE;
}

/* A refusal is an answer: the sink works. The batch is halved by taking fewer of the same events next time; what is known
   to hold the bad one shrinks by half with each request, so that it costs log2(n) + 3 of them at most. */
static void refused(struct lw_delivery_lane *lane)
{
    struct lw_delivery *delivery = lane->delivery;

    delivery->held = false;
    lane->failures = 0;
    if (lane->batch.events > 1) {
        lane->suspects = lane->batch.events;
        lane->ramp = lane->batch.body.len / 2 > RAMP_MIN ? lane->batch.body.len / 2 : RAMP_MIN;
        lane->owed = true;
        lane->stage = LW_STAGE_IDLE;
        delivery->status.bisections++;
        return;
    }
    if (delivery->refusals++ == 0)
        lw_delivery_outcome_note(delivery, LW_NOTE_WARNING, "an event was refused for good; it is kept aside");
    lane->suspects = 0;
    lane->bury = true;
    lane->stage = LW_STAGE_SETTLING;
    if (delivery->refusals >= LW_DELIVERY_REFUSALS) {
        set_error(delivery, "it refuses every event; look at the newest dead letters");
        delivery->held = true;
        delivery->probe_at = delivery->ticks + LW_DELIVERY_PROBE;
    }
}

void lw_delivery_outcome_apply(struct lw_delivery_lane *lane)
{
    struct lw_delivery *delivery = lane->delivery;
    enum lw_delivery_result result = lane->verdict.result;

    lw_delivery_outcome_wipe(lane);
    delivery->status.results[result]++;
    if (result != LW_DELIVERY_RESULT_ACKNOWLEDGED) {
        set_error(delivery, lane->verdict.why);
        lw_delivery_ahead_forget(lane);
    }
    switch (result) {
    case LW_DELIVERY_RESULT_ACKNOWLEDGED:
        acknowledged(lane);
        break;
    case LW_DELIVERY_RESULT_RETRY:
    case LW_DELIVERY_RESULT_AMBIGUOUS:
        failed(lane);
        break;
    case LW_DELIVERY_RESULT_HELD:
        hold(lane);
        break;
    case LW_DELIVERY_RESULT_REFUSED:
        refused(lane);
        break;
    case LW_DELIVERY_RESULT_COUNT:
        break;
    }
    if (lane->stage == LW_STAGE_IDLE)
        lw_batch_clear(&lane->batch); /* read again for the next try: meanwhile it may have been given up, or grown */
    review(delivery);
}
