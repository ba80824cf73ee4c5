#include "engine/sink/delivery_state.h"

#include "engine/base/fault.h"
#include "engine/sink/request.h"
#include "engine/sink/webhook.h"

#include <stdlib.h>

#define OUTBOX_RETRY (1 * LW_SECOND)
#define WRITE_RETRY  ((int64_t)20) /* ms until a full pipe is looked at again */
#define SLACK_SPACE  (1 * LW_SECOND)
#define NEVER        INT64_MAX

const char *lw_delivery_result_id(enum lw_delivery_result result)
{
    static const char *const ids[] = {
#define RESULT_ID(name, id) [LW_DELIVERY_RESULT_##name] = id,
        LW_DELIVERY_RESULT_LIST(RESULT_ID)
#undef RESULT_ID
    };

    return ids[result];
}

const char *lw_delivery_state_id(enum lw_delivery_state state)
{
    static const char *const ids[] = {"ok", "retrying", "held"};

    return ids[state];
}

/* ---- opening ---- */

enum lw_err lw_delivery_open(struct lw_delivery **out, const struct lw_delivery_options *options,
                             const struct lw_outbox *outbox, const struct lw_http *http, const struct lw_world *world,
                             struct lw_fault *fault)
{
    const char *wrong = lw_request_check(options);
    struct lw_delivery *delivery;

    if (wrong)
        return lw_fault_set(fault, LW_ERR_CONFIG, "sink %s: %s", options->name ? options->name : "", wrong);
    delivery = calloc(1, sizeof(*delivery));
    if (!delivery)
        return lw_fault_memory(fault, "a sink");
    delivery->texts.ceiling = (size_t)1 << 20;
    if (!lw_request_copy(&delivery->options, options, &delivery->texts)) {
        lw_delivery_close(delivery);
        return lw_fault_memory(fault, "a sink");
    }
    delivery->outbox = *outbox;
    if (http)
        delivery->http = *http;
    delivery->world = *world;
    delivery->append = (struct lw_append){.path = delivery->options.path, .fd = -1};
    if (options->type == LW_DELIVERY_STDOUT)
        delivery->append = (struct lw_append){.fd = 1};
    delivery->jitter = options->seed ^ (uint64_t)options->sink << 32;
    delivery->not_before = INT64_MIN;
    for (unsigned i = 0; i < LW_LANE_COUNT; i++) {
        delivery->lanes[i].delivery = delivery;
        delivery->lanes[i].which = (enum lw_lane)i;
        delivery->lanes[i].ramp = lw_delivery_outcome_most(options);
        delivery->lanes[i].next_try = INT64_MIN;
    }
    *out = delivery;
    return LW_ERR_OK;
}

void lw_delivery_close(struct lw_delivery *delivery)
{
    if (!delivery)
        return;
    for (unsigned i = 0; i < LW_LANE_COUNT; i++) {
        struct lw_delivery_lane *lane = &delivery->lanes[i];

        if (lane->stage == LW_STAGE_IN_FLIGHT)
            delivery->http.cancel(delivery->http.self, lane->request);
        lw_delivery_outcome_wipe(lane);
        lw_batch_close(&lane->batch);
        lw_batch_close(&lane->next);
    }
    if (delivery->append.path)
        lw_append_close(&delivery->append);
    lw_arena_close(&delivery->texts);
    free(delivery);
}

void lw_delivery_on_wake(struct lw_delivery *delivery, void (*wake)(void *context), void *context)
{
    delivery->wake = wake;
    delivery->wake_context = context;
}

/* ---- sending ---- */

enum lw_fit lw_delivery_fit(void *context, enum lw_event_kind kind, struct lw_str event, const char **reason)
{
    const struct lw_delivery *delivery = context;

    if (delivery->options.type == LW_DELIVERY_WEBHOOK)
        return lw_webhook_fit(delivery->options.format, kind, event, reason);
    *reason = "the event is larger than 1 000 000 bytes";
    if (delivery->options.type == LW_DELIVERY_LOGGLY && event.len > LW_REQUEST_LOGGLY_EVENT)
        return LW_FIT_DEAD;
    return LW_FIT_SEND;
}

static enum lw_err take(struct lw_delivery_lane *lane, uint32_t events, struct lw_fault *fault)
{
    struct lw_delivery *delivery = lane->delivery;
    const struct lw_batch_limit limit = {.bytes = lane->ramp, .events = events};

    return lw_batch_take(&lane->batch, &delivery->outbox, delivery->options.sink, lane->which, &lane->cursor, &limit,
                         lw_delivery_fit, delivery, fault);
}

/* The events of the next request: all that there are, but for a lane in which one is looked for. */
static uint32_t wanted_events(const struct lw_delivery_lane *lane)
{
    if (lane->delivery->refusals >= LW_DELIVERY_REFUSALS)
        return 1;
    return lane->suspects < 2 ? lane->suspects : lane->suspects / 2;
}

/* One message per event as long as that makes at most 20 in a minute. Beyond, what waits goes as one; and where 20 went
   already, it waits until the first of them is a minute old. *later: nothing is to be sent now. */
static enum lw_err group(struct lw_delivery_lane *lane, bool *later, struct lw_fault *fault)
{
    const struct lw_delivery_options *options = &lane->delivery->options;
    uint32_t waiting = lane->batch.events, together = 1;
    unsigned recent = lw_pace_recent(&lane->pace, lane->delivery->ticks);

    if (recent == LW_PACE_MESSAGES) {
        *later = true;
        lane->next_try = lw_pace_free(&lane->pace);
        return LW_ERR_OK;
    }
    if (recent + waiting > LW_PACE_MESSAGES)
        together = lw_webhook_group(options->format, lane->batch.kind, lw_buf_view(&lane->batch.body));
    return together < waiting ? take(lane, together, fault) : LW_ERR_OK;
}

static void on_reply(void *context, const struct lw_http_reply *reply)
{
    struct lw_delivery_lane *lane = context;
    struct lw_delivery *delivery = lane->delivery;
    lw_time now = delivery->world.now ? delivery->world.now(delivery->world.self) : delivery->now;

    lane->verdict = lw_verdict_of(reply, delivery->options.type, delivery->options.format, now);
    lane->stage = LW_STAGE_REPLIED;
    if (delivery->wake)
        delivery->wake(delivery->wake_context);
}

/* Writes, or goes on writing. */
static void write_batch(struct lw_delivery_lane *lane)
{
    struct lw_delivery *delivery = lane->delivery;
    bool pending;

    lane->verdict = (struct lw_verdict){0};
    lane->verdict.result = lw_append_write(&delivery->append, lw_buf_view(&lane->batch.body), &lane->written, &pending,
                                           lane->verdict.why, sizeof(lane->verdict.why));
    lane->stage = pending ? LW_STAGE_WRITING : LW_STAGE_REPLIED;
    delivery->slice += lane->batch.body.len;
}

static bool writes(const struct lw_delivery *delivery)
{
    return delivery->options.type == LW_DELIVERY_FILE || delivery->options.type == LW_DELIVERY_STDOUT;
}

static void start(struct lw_delivery_lane *lane)
{
    struct lw_delivery *delivery = lane->delivery;
    const struct lw_delivery_options *options = &delivery->options;

    delivery->status.requests++;
    lane->verdict = (struct lw_verdict){0};
    if (delivery->held)
        delivery->probe_at = delivery->ticks + LW_DELIVERY_PROBE;
    if (options->type == LW_DELIVERY_WEBHOOK && options->format == LW_DELIVERY_SLACK)
        delivery->not_before = delivery->ticks + SLACK_SPACE;
    if (writes(delivery)) {
        lane->written = 0;
        write_batch(lane);
        return;
    }
    lane->stage = lw_request_start(options, &delivery->http, &lane->batch, &lane->payload, on_reply, lane,
                                   &lane->request, &lane->verdict)
                      ? LW_STAGE_IN_FLIGHT
                      : LW_STAGE_REPLIED;
    if (lane->stage == LW_STAGE_IN_FLIGHT)
        lw_delivery_ahead_begin(lane);
}

static bool busy(const struct lw_delivery *delivery)
{
    for (unsigned i = 0; i < LW_LANE_COUNT; i++) {
        if (delivery->lanes[i].stage != LW_STAGE_IDLE)
            return true;
    }
    return false;
}

/* When the lane may send next, in ticks. */
static int64_t due(const struct lw_delivery_lane *lane)
{
    const struct lw_delivery *delivery = lane->delivery;
    int64_t at = lane->next_try > delivery->not_before ? lane->next_try : delivery->not_before;

    return delivery->held && delivery->probe_at > at ? delivery->probe_at : at;
}

/* It waits for another lane: one probe is enough, and the lines of two lanes must not mix. */
static bool blocked(const struct lw_delivery_lane *lane)
{
    return busy(lane->delivery) && (lane->delivery->held || writes(lane->delivery));
}

static bool may_start(const struct lw_delivery_lane *lane)
{
    const struct lw_delivery *delivery = lane->delivery;

    return due(lane) <= delivery->ticks && !blocked(lane) &&
           !(writes(delivery) && delivery->slice >= lw_delivery_outcome_most(&delivery->options));
}

/* Nothing is owed, and no memory is held for it. */
static void rest(struct lw_delivery_lane *lane)
{
    lane->suspects = 0;
    lw_batch_close(&lane->batch);
    lw_batch_close(&lane->next);
}

/* Something may be owed: looks, and sends. */
static enum lw_err try_to_send(struct lw_delivery_lane *lane, struct lw_fault *fault)
{
    struct lw_delivery *delivery = lane->delivery;
    bool later = false;
    enum lw_err err;

    if (!may_start(lane)) {
        lane->owed = true; /* not looked at: it is looked at when it is due */
        return LW_ERR_OK;
    }
    if (wanted_events(lane) == 0 && lw_delivery_ahead_use(lane)) {
        lane->owed = false;
        start(lane);
        return LW_ERR_OK;
    }
    lw_delivery_ahead_forget(lane);
    err = take(lane, wanted_events(lane), fault);
    if (err == LW_ERR_OK && delivery->options.type == LW_DELIVERY_WEBHOOK && lane->suspects == 0 &&
        lane->batch.events > 0)
        err = group(lane, &later, fault);
    if (err != LW_ERR_OK) {
        lane->next_try = delivery->ticks + OUTBOX_RETRY;
        lane->owed = true;
        return err;
    }
    lane->owed = later;
    if (later)
        lw_batch_clear(&lane->batch);
    else if (lane->batch.events > 0)
        start(lane);
    else if (lane->batch.rows_n > 0)
        lane->stage = LW_STAGE_SETTLING; /* nothing of it can be sent */
    else
        rest(lane);
    return LW_ERR_OK;
}

static enum lw_err settle(struct lw_delivery_lane *lane, struct lw_fault *fault)
{
    struct lw_delivery *delivery = lane->delivery;
    enum lw_err err = lw_batch_settle(&lane->batch, &delivery->outbox, delivery->options.sink,
                                      lane->bury ? lane->verdict.why : NULL, fault);

    if (err != LW_ERR_OK) {
        lane->next_try = delivery->ticks + OUTBOX_RETRY;
        return err;
    }
    delivery->status.dead += lane->batch.dead_n + (lane->bury ? 1 : 0);
    delivery->status.skipped += lane->batch.skipped;
    if (lane->batch.dead_n > 0)
        lw_delivery_outcome_note(delivery, LW_NOTE_WARNING, lane->batch.dead[0].reason);
    lane->cursor = lane->batch.rest;
    lane->bury = false;
    lane->stage = LW_STAGE_IDLE;
    lw_batch_clear(&lane->batch);
    return LW_ERR_OK;
}

/* ---- the turn ---- */

/* Goes through the stages of a lane until it waits for something. */
static enum lw_err advance(struct lw_delivery_lane *lane, struct lw_fault *fault)
{
    enum lw_err err = LW_ERR_OK;
    enum lw_stage before;

    do {
        before = lane->stage;
        switch (lane->stage) {
        case LW_STAGE_IN_FLIGHT:
            return LW_ERR_OK;
        case LW_STAGE_IDLE:
            err = try_to_send(lane, fault);
            break;
        case LW_STAGE_WRITING:
            write_batch(lane);
            break;
        case LW_STAGE_REPLIED:
            lw_delivery_outcome_apply(lane);
            break;
        case LW_STAGE_SETTLING:
            err = settle(lane, fault);
            break;
        }
    } while (err == LW_ERR_OK && (lane->stage != before));
    return err;
}

static int64_t next_of(const struct lw_delivery_lane *lane)
{
    const struct lw_delivery *delivery = lane->delivery;
    int64_t at = due(lane);

    switch (lane->stage) {
    case LW_STAGE_IN_FLIGHT:
        return NEVER;
    case LW_STAGE_WRITING:
        return delivery->ticks + WRITE_RETRY;
    case LW_STAGE_REPLIED:
    case LW_STAGE_SETTLING:
        return lane->next_try > delivery->ticks ? lane->next_try : delivery->ticks;
    case LW_STAGE_IDLE:
        break;
    }
    if (!lane->owed || blocked(lane))
        return NEVER;
    return at > delivery->ticks ? at : delivery->ticks;
}

enum lw_err lw_delivery_work(struct lw_delivery *delivery, lw_time now, lw_span ticks, lw_span *next,
                             struct lw_fault *fault)
{
    enum lw_err err = LW_ERR_OK, one;

    if (delivery->now.ms == 0)
        delivery->status.since = now;
    delivery->now = now;
    delivery->ticks = ticks.ms;
    delivery->slice = 0;
    for (unsigned i = 0; i < LW_LANE_COUNT; i++) {
        one = advance(&delivery->lanes[i], err == LW_ERR_OK ? fault : NULL);
        if (err == LW_ERR_OK)
            err = one;
    }
    next->ms = NEVER;
    for (unsigned i = 0; i < LW_LANE_COUNT; i++) {
        int64_t at = next_of(&delivery->lanes[i]);

        if (at < next->ms)
            next->ms = at;
    }
    return err;
}

bool lw_delivery_prepare(struct lw_delivery *delivery)
{
    bool more = false;

    for (unsigned i = 0; i < LW_LANE_COUNT; i++)
        more |= delivery->lanes[i].stage == LW_STAGE_IN_FLIGHT && lw_delivery_ahead_step(&delivery->lanes[i]);
    return more;
}

/* ---- asking ---- */

void lw_delivery_status(const struct lw_delivery *delivery, struct lw_delivery_status *status)
{
    int64_t at = NEVER;

    *status = delivery->status;
    for (unsigned i = 0; i < LW_LANE_COUNT; i++) {
        const struct lw_delivery_lane *lane = &delivery->lanes[i];

        status->in_flight += lane->stage == LW_STAGE_IN_FLIGHT;
        if (lane->failures > 0 && due(lane) < at)
            at = due(lane);
    }
    if (delivery->held)
        at = delivery->probe_at;
    if (at == NEVER || at < delivery->ticks)
        at = delivery->ticks;
    status->next_try = (lw_time){delivery->now.ms + (at - delivery->ticks)};
}

void lw_delivery_probe_now(struct lw_delivery *delivery)
{
    delivery->probe_at = INT64_MIN;
    delivery->not_before = INT64_MIN;
    for (unsigned i = 0; i < LW_LANE_COUNT; i++)
        delivery->lanes[i].next_try = INT64_MIN;
}

bool lw_delivery_idle(const struct lw_delivery *delivery)
{
    return !busy(delivery);
}
