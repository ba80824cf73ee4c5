#include "engine/flow/watch/loop_state.h"

#include "engine/base/fault.h"
#include "engine/flow/people/people.h"
#include "engine/flow/service/lists.h"
#include "leeway/version.h"

#include <stdio.h>
#include <stdlib.h>

/* --- the HTTP server --- */

static void server_working(void *self, bool working)
{
    struct lw_loop *loop = self;

    if (working)
        lw_slices_begin(&loop->slices, LW_SLICE_HTTP);
    else
        lw_slices_end(&loop->slices);
}

void lw_loop_replies(void *self, bool working)
{
    struct lw_loop *loop = self;

    if (working)
        lw_slices_begin(&loop->slices, LW_SLICE_REPLY);
    else
        lw_slices_end(&loop->slices);
}

static bool server_alive(void *self, char reason[200])
{
    struct lw_loop *loop = self;

    return lw_turn_alive(loop->turn, reason);
}

static void server_ready(void *self, struct lw_server_ready *ready)
{
    struct lw_loop *loop = self;

    ready->ready = loop->ready && !loop->draining && lw_turn_alive(loop->turn, ready->reason);
    if (loop->draining)
        snprintf(ready->reason, sizeof(ready->reason), "it is ending");
}

static void fill_metrics(void *self, struct lw_metrics *metrics)
{
    struct lw_loop *loop = self;

    lw_turn_metrics(loop->turn, metrics);
    metrics->slices = &loop->slices;
    metrics->version = LW_VERSION;
    metrics->log_lost = lw_log_lost(loop->options.log);
    for (size_t i = 0; i < loop->out_n; i++) {
        struct lw_metrics_sink *sink = &lw_turn_sinks(loop->turn)[i];
        struct lw_delivery_status status;

        lw_delivery_status(loop->out[i].delivery, &status);
        sink->acknowledged = status.results[LW_DELIVERY_RESULT_ACKNOWLEDGED];
        sink->retried = status.results[LW_DELIVERY_RESULT_RETRY];
        sink->ambiguous = status.results[LW_DELIVERY_RESULT_AMBIGUOUS];
        sink->held = status.results[LW_DELIVERY_RESULT_HELD];
        sink->refused = status.results[LW_DELIVERY_RESULT_REFUSED];
        sink->events_delivered = status.events;
        sink->bytes_delivered = status.bytes;
        sink->events_dead = status.dead;
        sink->holding = status.state == LW_DELIVERY_HELD;
        sink->last_success = status.acknowledged_at;
        sink->has_last_success = status.events > 0;
    }
    if (loop->server != NULL)
        lw_server_count(loop->server, metrics);
}

static enum lw_err list_runs(void *self, struct lw_str origin, struct lw_str model, uint32_t limit, struct lw_buf *out,
                             struct lw_fault *fault)
{
    struct lw_loop *loop = self;

    return lw_lists_runs(loop->store, origin, model, limit, out, fault);
}

static enum lw_err list_alerts(void *self, struct lw_str origin, struct lw_str model, uint32_t limit,
                               struct lw_buf *out, struct lw_fault *fault)
{
    struct lw_loop *loop = self;

    return lw_lists_alerts(loop->store, loop->config, origin, model, limit, lw_loop_now(loop), out, fault);
}

/* --- people --- */

static void write_status(struct lw_loop *loop, struct lw_buf *reply)
{
    struct lw_metrics *metrics = calloc(1, sizeof(*metrics));

    if (metrics == NULL) {
        reply->error = LW_ERR_NOMEM;
        return;
    }
    fill_metrics(loop, metrics);
    lw_buf_format(reply,
                  "{\"version\":\"%s\",\"models\":%llu,\"runs_open\":%llu,\"alerts_open\":%llu,\"turns\":%llu,"
                  "\"turns_failed\":%llu}",
                  LW_VERSION, (unsigned long long)metrics->models, (unsigned long long)metrics->units_open,
                  (unsigned long long)metrics->alerts[LW_ALERT_OPEN], (unsigned long long)metrics->turns,
                  (unsigned long long)metrics->turns_failed);
    free(metrics);
}

static enum lw_err back_up(struct lw_loop *loop, const struct lw_people_request *request, struct lw_buf *reply,
                           struct lw_fault *fault)
{
    struct lw_str path = lw_arena_text(&loop->arena, request->path);
    enum lw_err err;

    if (path.at == NULL)
        return lw_fault_memory(fault, "a request");
    err = lw_store_backup(loop->store, path.at, fault);
    if (err == LW_ERR_OK)
        lw_buf_text(reply, "{}");
    return err;
}

static enum lw_err on_request(void *self, const struct lw_people_request *request, struct lw_buf *reply,
                              struct lw_fault *fault)
{
    struct lw_loop *loop = self;
    struct lw_people_done done = {.judge = false};
    enum lw_err err = LW_ERR_OK;

    lw_arena_reset(&loop->arena);
    lw_slices_begin(&loop->slices, LW_SLICE_CONTROL);
    switch (request->command) {
    case LW_PEOPLE_DO_STATUS:
        write_status(loop, reply);
        break;
    case LW_PEOPLE_DO_TEST_ALERT:
        err = lw_turn_test_alert(loop->turn, request->note.who, fault);
        if (err == LW_ERR_OK)
            lw_buf_text(reply, "{}");
        break;
    case LW_PEOPLE_DO_BACKUP:
        err = back_up(loop, request, reply, fault);
        break;
    case LW_PEOPLE_DO_RELOAD:
        loop->reload = true;
        lw_buf_text(reply, "{}");
        break;
    case LW_PEOPLE_DO_ALERTS:
    case LW_PEOPLE_DO_ACK:
    case LW_PEOPLE_DO_EXPECT:
    case LW_PEOPLE_DO_MUTE:
        err = lw_people_do(loop->store, loop->config, request, lw_loop_now(loop), &loop->arena, reply, &done, fault);
        if (err == LW_ERR_OK && (done.noted || done.judge))
            lw_turn_notes_changed(loop->turn);
        break;
    case LW_PEOPLE_DO_COUNT:
        err = lw_fault_set(fault, LW_ERR_USAGE, "there is no such request");
        break;
    }
    lw_slices_end(&loop->slices);
    lw_loop_soon(loop);
    return err;
}

struct lw_server_calls lw_loop_server_calls(struct lw_loop *loop)
{
    return (struct lw_server_calls){.self = loop,
                                    .alive = server_alive,
                                    .ready = server_ready,
                                    .metrics = fill_metrics,
                                    .runs = list_runs,
                                    .alerts = list_alerts,
                                    .working = server_working,
                                    .push = loop->push};
}

struct lw_control_calls lw_loop_control_calls(struct lw_loop *loop)
{
    return (struct lw_control_calls){.self = loop, .request = on_request};
}
