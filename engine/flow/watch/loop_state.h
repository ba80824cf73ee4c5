/* What the parts of the loop share: private to engine/flow/watch/loop*.c. */
#ifndef LEEWAY_ENGINE_FLOW_WATCH_LOOP_STATE_H
#define LEEWAY_ENGINE_FLOW_WATCH_LOOP_STATE_H

#include "engine/base/http/http_curl.h"
#include "engine/flow/service/control.h"
#include "engine/flow/service/notify.h"
#include "engine/flow/service/slices.h"
#include "engine/flow/http/server.h"
#include "engine/flow/watch/loop.h"
#include "engine/flow/turn/turn.h"
#include "engine/sink/delivery.h"
#include "engine/store/store.h"

#define LW_LOOP_SIGNALS 3

struct event;
struct event_base;

/* One delivery, and when it wants to work again. */
struct lw_loop_out {
    struct lw_delivery *delivery;
    lw_span due;
    uint64_t delivered; /* as it was when something was acknowledged last */
    lw_span progress_at;
};

struct lw_loop {
    struct lw_loop_options options;
    struct lw_config *config;
    struct lw_world world;
    struct lw_slices slices;
    struct event_base *base;
    struct event *slice, *ahead, *look, *signals[LW_LOOP_SIGNALS];
    struct lw_http_curl *curl;
    struct lw_http http;
    struct lw_store *store;
    struct lw_outbox outbox;
    struct lw_turn *turn;
    struct lw_loop_out *out;
    size_t out_n;
    struct lw_push *push;
    struct lw_server *server;
    struct lw_control *control;
    struct lw_notify notify;
    struct lw_arena arena; /* of one request of a person */
    lw_span alive_at, drain_until;
    lw_span progress_at; /* of --once: when something was committed last */
    bool deliver_alone;  /* the next slice is theirs */
    bool draining, reload, finished, ready;
    unsigned interrupts;
    enum lw_exit exit;
};

static inline lw_span lw_loop_ticks(const struct lw_loop *loop)
{
    return loop->world.ticks(loop->world.self);
}

static inline lw_time lw_loop_now(const struct lw_loop *loop)
{
    return loop->world.now(loop->world.self);
}

static inline void lw_loop_note(struct lw_loop *loop, enum lw_note level, const char *text)
{
    loop->world.note(loop->world.self, level, text);
}

/* A slice as soon as the loop is free. */
void lw_loop_soon(struct lw_loop *loop);
/* All deliveries look at their outboxes. `context` is the loop. */
void lw_loop_wake_deliveries(void *context);
/* The store refuses everything: a restart reads what is really on the disk. */
void lw_loop_die(struct lw_loop *loop, const struct lw_fault *fault);

/* loop_open.c: what the configuration names. */
struct lw_store_limits lw_loop_limits(const struct lw_config *config);
LW_MUST_USE enum lw_err lw_loop_start(struct lw_loop *loop, struct lw_fault *fault);
void lw_loop_stop(struct lw_loop *loop);
/* Standard input is a source, and has not ended: what is open must stay so. */
bool lw_loop_reads_input(const struct lw_loop *loop);
/* Everything is closed and opened anew: what it holds in memory is what it needs. */
void lw_loop_renew(struct lw_loop *loop);
/* A configuration that is wrong, or that cannot be started, changes nothing. */
void lw_loop_reload(struct lw_loop *loop);

/* loop_calls.c: what the server and the control socket ask. */
/* Around what libcurl does: replies to sources and deliveries. */
void lw_loop_replies(void *self, bool working);
struct lw_server_calls lw_loop_server_calls(struct lw_loop *loop);
struct lw_control_calls lw_loop_control_calls(struct lw_loop *loop);

#endif
