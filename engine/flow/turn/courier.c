#include "engine/flow/turn/courier.h"

#include "engine/base/fault.h"
#include "engine/core/gather/glob.h"

#include <stdlib.h>

#define BODY_MAX ((size_t)1 << 20) /* of one event; Loggly takes a million bytes */

struct lw_courier {
    const struct lw_config *config;
    struct lw_store *store;
    uint32_t *numbers; /* of the sinks, in the order of the configuration */
    struct lw_buf body;
    uint64_t alerts;
};

static enum lw_err number_sinks(struct lw_courier *courier, struct lw_fault *fault)
{
    enum lw_err err = lw_store_begin(courier->store, fault);

    if (err != LW_ERR_OK)
        return err;
    /* With their bounds: the end of the turn gives up what is over them, and the default may be less. */
    for (size_t i = 0; err == LW_ERR_OK && i < courier->config->sinks_n; i++) {
        err = lw_store_sink(courier->store, lw_str_from(courier->config->sinks[i].name), &courier->numbers[i], fault);
        if (err == LW_ERR_OK)
            lw_store_sink_spool(courier->store, courier->numbers[i], courier->config->sinks[i].spool);
    }
    if (err != LW_ERR_OK) {
        lw_store_rollback(courier->store);
        return err;
    }
    return lw_store_commit(courier->store, fault);
}

enum lw_err lw_courier_open(struct lw_courier **out, const struct lw_config *config, struct lw_store *store,
                            struct lw_fault *fault)
{
    struct lw_courier *courier = calloc(1, sizeof(*courier));
    enum lw_err err;

    if (courier == NULL)
        return lw_fault_memory(fault, "the outboxes");
    courier->config = config;
    courier->store = store;
    courier->body.ceiling = BODY_MAX;
    courier->numbers = calloc(config->sinks_n + 1, sizeof(*courier->numbers));
    err = courier->numbers != NULL ? number_sinks(courier, fault) : lw_fault_memory(fault, "the outboxes");
    if (err != LW_ERR_OK) {
        lw_courier_close(courier);
        return err;
    }
    *out = courier;
    return LW_ERR_OK;
}

void lw_courier_close(struct lw_courier *courier)
{
    if (courier == NULL)
        return;
    lw_buf_close(&courier->body);
    free(courier->numbers);
    free(courier);
}

uint32_t lw_courier_sink(const struct lw_courier *courier, size_t i)
{
    return courier->numbers[i];
}

uint64_t lw_courier_alerts(const struct lw_courier *courier)
{
    return courier->alerts;
}

static bool takes_kind(const struct lw_config_sink *sink, enum lw_event_kind kind)
{
    return (sink->events & 1u << kind) != 0;
}

static bool takes_topic(const struct lw_config_sink *sink, const struct lw_courier_topic *topic)
{
    bool taken = sink->models_n == 0;

    for (size_t i = 0; i < sink->models_n && !taken; i++)
        taken = lw_glob_match(lw_str_from(sink->models[i]), topic->model);
    if (!taken || sink->owners_n == 0)
        return taken;
    for (size_t i = 0; i < sink->owners_n; i++) {
        if (topic->owner != NULL && strcmp(sink->owners[i], topic->owner) == 0)
            return true;
    }
    return false;
}

/* The stamp of the next event of a sink. */
static enum lw_err number(struct lw_courier *courier, size_t sink, struct lw_event_stamp *stamp, struct lw_fault *fault)
{
    stamp->session = lw_store_session(courier->store);
    lw_buf_clear(&courier->body);
    return lw_store_seq(courier->store, courier->numbers[sink], &stamp->seq, fault);
}

static enum lw_err put(struct lw_courier *courier, size_t sink, enum lw_event_kind kind, uint64_t seq, lw_time now,
                       struct lw_fault *fault)
{
    if (courier->body.error != LW_ERR_OK)
        return lw_fault_memory(fault, "an event");
    return lw_store_outbox_add(courier->store, courier->numbers[sink], kind, seq, lw_buf_view(&courier->body), now,
                               fault);
}

static enum lw_err put_run(struct lw_courier *courier, size_t sink, struct lw_event_stamp *stamp,
                           const struct lw_judged *model, const struct lw_judged_run *run, struct lw_fault *fault)
{
    const struct lw_config_sink *config = &courier->config->sinks[sink];
    const struct lw_metric *metrics = lw_run_metrics(run->run);
    enum lw_err err = LW_ERR_OK;

    if (takes_kind(config, LW_EVENT_RUN)) {
        err = number(courier, sink, stamp, fault);
        if (err != LW_ERR_OK)
            return err;
        lw_event_run(stamp, model, run, &courier->body);
        err = put(courier, sink, LW_EVENT_RUN, stamp->seq, stamp->at, fault);
    }
    for (uint32_t i = 0; err == LW_ERR_OK && takes_kind(config, LW_EVENT_SUMMARY) && i < run->run->metrics_n; i++) {
        err = number(courier, sink, stamp, fault);
        if (err != LW_ERR_OK)
            return err;
        lw_event_summary(stamp, model, run->run, &metrics[i], &courier->body);
        err = put(courier, sink, LW_EVENT_SUMMARY, stamp->seq, stamp->at, fault);
    }
    return err;
}

enum lw_err lw_courier_run(struct lw_courier *courier, lw_time now, const struct lw_courier_topic *topic,
                           const struct lw_judged *model, const struct lw_judged_run *run, uint32_t revision,
                           struct lw_fault *fault)
{
    struct lw_event_stamp stamp = {.at = now, .has_at = true, .revision = revision};
    enum lw_err err = LW_ERR_OK;

    for (size_t i = 0; err == LW_ERR_OK && i < courier->config->sinks_n; i++) {
        if (takes_topic(&courier->config->sinks[i], topic))
            err = put_run(courier, i, &stamp, model, run, fault);
    }
    return err;
}

/* A pager is for what happens now. */
static bool is_pager(const struct lw_config_sink *sink)
{
    return sink->type == LW_SINK_WEBHOOK &&
           (sink->format == LW_WEBHOOK_PAGERDUTY || sink->min_severity == LW_SEVERITY_PAGE);
}

enum lw_err lw_courier_alert(struct lw_courier *courier, lw_time now, const struct lw_courier_topic *topic,
                             const struct lw_event_alert *event, enum lw_severity gravest, bool digest,
                             struct lw_fault *fault)
{
    struct lw_event_stamp stamp = {.at = now, .has_at = true};
    enum lw_err err = LW_ERR_OK;

    for (size_t i = 0; err == LW_ERR_OK && i < courier->config->sinks_n; i++) {
        const struct lw_config_sink *sink = &courier->config->sinks[i];

        if (!takes_kind(sink, LW_EVENT_ALERT) || (digest && is_pager(sink)))
            continue;
        /* A test goes to every sink, and a digest to all that are no pagers: that is what they are for. */
        if (!event->test && !digest && (gravest < sink->min_severity || !takes_topic(sink, topic)))
            continue;
        err = number(courier, i, &stamp, fault);
        if (err != LW_ERR_OK)
            return err;
        lw_event_alert(&stamp, event, &courier->body);
        err = put(courier, i, LW_EVENT_ALERT, stamp.seq, now, fault);
    }
    courier->alerts += err == LW_ERR_OK;
    return err;
}

static bool takes_metrics(const struct lw_config_sink *sink, bool elsewhere)
{
    return takes_kind(sink, LW_EVENT_METRIC) &&
           (sink->metrics == LW_METRICS_ALWAYS || (sink->metrics == LW_METRICS_AUTO && !elsewhere));
}

bool lw_courier_wants_metrics(const struct lw_courier *courier, bool elsewhere)
{
    for (size_t i = 0; i < courier->config->sinks_n; i++) {
        if (takes_metrics(&courier->config->sinks[i], elsewhere))
            return true;
    }
    return false;
}

enum lw_err lw_courier_metric(struct lw_courier *courier, lw_time now, bool elsewhere,
                              const struct lw_event_metric *event, struct lw_fault *fault)
{
    const struct lw_point *point = event->point;
    struct lw_event_stamp stamp = {.at = {point->at}, .has_at = (point->flags & LW_POINT_STEP) == 0};
    enum lw_err err = LW_ERR_OK;

    for (size_t i = 0; err == LW_ERR_OK && i < courier->config->sinks_n; i++) {
        if (!takes_metrics(&courier->config->sinks[i], elsewhere))
            continue;
        err = number(courier, i, &stamp, fault);
        if (err != LW_ERR_OK)
            return err;
        lw_event_metric(&stamp, event, &courier->body);
        err = put(courier, i, LW_EVENT_METRIC, stamp.seq, now, fault);
    }
    return err;
}

/* How long the oldest event of a sink waits, in seconds. */
static double outbox_age(const struct lw_courier *courier, size_t sink, lw_time now)
{
    int64_t oldest = now.ms;

    for (int lane = 0; lane < LW_LANE_COUNT; lane++) {
        struct lw_store_lane state;

        lw_store_lane(courier->store, courier->numbers[sink], (enum lw_lane)lane, &state);
        if (state.has_oldest && state.oldest.ms < oldest)
            oldest = state.oldest.ms;
    }
    return (double)(now.ms - oldest) / 1000;
}

enum lw_err lw_courier_heartbeat(struct lw_courier *courier, lw_time now, const struct lw_event_heartbeat *event,
                                 struct lw_fault *fault)
{
    struct lw_event_stamp stamp = {.at = now, .has_at = true};
    enum lw_err err = LW_ERR_OK;

    for (size_t i = 0; err == LW_ERR_OK && i < courier->config->sinks_n; i++) {
        struct lw_event_heartbeat filled = *event;

        if (!takes_kind(&courier->config->sinks[i], LW_EVENT_HEARTBEAT))
            continue;
        filled.outbox_age_s = outbox_age(courier, i, now);
        err = number(courier, i, &stamp, fault);
        if (err != LW_ERR_OK)
            return err;
        lw_event_heartbeat(&stamp, &filled, &courier->body);
        err = put(courier, i, LW_EVENT_HEARTBEAT, stamp.seq, now, fault);
    }
    return err;
}

struct telling {
    struct lw_courier *courier;
    lw_time now;
};

/* A loss that happened to no sink in particular is told to all. */
static enum lw_err tell_loss(void *self, const struct lw_store_loss *loss, struct lw_fault *fault)
{
    struct telling *telling = self;
    struct lw_courier *courier = telling->courier;
    const struct lw_event_loss event = {.class_ = loss->class_,
                                        .reason = loss->reason,
                                        .count = loss->count,
                                        .first_seq = loss->first_seq,
                                        .last_seq = loss->last_seq,
                                        .first = loss->first,
                                        .last = loss->last};
    struct lw_event_stamp stamp = {.at = telling->now, .has_at = true};
    enum lw_err err = LW_ERR_OK;

    for (size_t i = 0; err == LW_ERR_OK && i < courier->config->sinks_n; i++) {
        if (!takes_kind(&courier->config->sinks[i], LW_EVENT_LOSS) ||
            (loss->sink != 0 && loss->sink != courier->numbers[i]))
            continue;
        err = number(courier, i, &stamp, fault);
        if (err != LW_ERR_OK)
            return err;
        lw_event_loss(&stamp, &event, &courier->body);
        err = put(courier, i, LW_EVENT_LOSS, stamp.seq, telling->now, fault);
    }
    return err;
}

enum lw_err lw_courier_losses(struct lw_courier *courier, lw_time now, struct lw_fault *fault)
{
    struct telling telling = {.courier = courier, .now = now};

    return lw_store_losses_tell(courier->store, tell_loss, &telling, fault);
}

enum lw_err lw_courier_evict(struct lw_courier *courier, lw_time now, bool *full, struct lw_fault *fault)
{
    enum lw_err err = LW_ERR_OK;

    *full = false;
    for (size_t i = 0; err == LW_ERR_OK && i < courier->config->sinks_n; i++) {
        bool this_one = false;

        err = lw_store_evict(courier->store, courier->numbers[i], now, &this_one, fault);
        *full = *full || this_one;
    }
    return err;
}
