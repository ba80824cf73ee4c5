#include "engine/flow/watch/loop_state.h"

#include "engine/base/fault.h"
#include "leeway/version.h"

#include <event2/event.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define DRAIN_MS      (5 * LW_SECOND)  /* after TERM: what can be sent by then is sent, the rest waits in the store */
#define ONCE_GIVE_UP  (30 * LW_SECOND) /* --once: a sink that took nothing for so long has failed */
#define ONCE_PATIENCE (2 * LW_MINUTE)  /* --once: a source that gave nothing for so long cannot be read now */
#define SLICE_MS      10               /* of the turn, with which deliveries still go */
#define LOOK_EACH_MS  (1 * LW_SECOND)  /* of the housekeeping timer */
#define ARENA_CEILING ((size_t)64 << 20)
#define PRIORITIES    3 /* the middle one is that of all events that name none; reading ahead comes after them */

void lw_loop_soon(struct lw_loop *loop)
{
    event_active(loop->slice, EV_TIMEOUT, 1);
}

/* --- deliveries --- */

void lw_loop_wake_deliveries(void *context)
{
    struct lw_loop *loop = context;

    for (size_t i = 0; i < loop->out_n; i++)
        loop->out[i].due.ms = 0;
    lw_loop_soon(loop);
}

static void end_loop(struct lw_loop *loop, enum lw_exit exit)
{
    loop->exit = exit;
    event_base_loopbreak(loop->base);
}

/* The store refuses everything: a restart reads what is really on the disk. The exit code tells whoever restarts it whether
   that can help: a failed sync, or a want of memory, is not a store that is damaged. */
void lw_loop_die(struct lw_loop *loop, const struct lw_fault *fault)
{
    bool lasts = fault->code == LW_ERR_STATE || fault->code == LW_ERR_NEWER || fault->code == LW_ERR_LOCKED;

    lw_loop_note(loop, LW_NOTE_ERROR, fault->text);
    end_loop(loop, lasts ? LW_EXIT_STORE : LW_EXIT_INPUT);
}

/* Once the sockets take nothing more. A timer: an event that is made active by itself would not let them be looked at. */
static void prepare_soon(struct lw_loop *loop)
{
    static const struct timeval now = {0};

    evtimer_add(loop->ahead, &now);
}

static void on_ahead(evutil_socket_t fd, short what, void *context)
{
    struct lw_loop *loop = context;
    bool more = false;

    (void)fd;
    (void)what;
    lw_slices_begin(&loop->slices, LW_SLICE_DELIVER);
    for (size_t i = 0; i < loop->out_n; i++)
        more |= lw_delivery_prepare(loop->out[i].delivery);
    lw_slices_end(&loop->slices);
    if (more)
        prepare_soon(loop);
}

/* Lets every delivery that is due work; `next`: when one wants to again. */
static void deliver(struct lw_loop *loop, lw_span *next)
{
    (void)lw_slices_turn(&loop->slices, LW_SLICE_DELIVER);
    for (size_t i = 0; i < loop->out_n; i++) {
        struct lw_loop_out *out = &loop->out[i];
        struct lw_fault fault = {.code = LW_ERR_OK};
        struct lw_delivery_status status;

        if (lw_loop_ticks(loop).ms >= out->due.ms) {
            lw_span due = {INT64_MAX};

            if (lw_delivery_work(out->delivery, lw_loop_now(loop), lw_loop_ticks(loop), &due, &fault) != LW_ERR_OK)
                lw_loop_note(loop, LW_NOTE_ERROR, fault.text);
            out->due = due;
            prepare_soon(loop);
        }
        lw_delivery_status(out->delivery, &status);
        if (status.events + status.dead + status.skipped != out->delivered) {
            out->delivered = status.events + status.dead + status.skipped;
            out->progress_at = lw_loop_ticks(loop);
        }
        if (out->due.ms < next->ms)
            *next = out->due;
    }
}

/* Events that a sink is owed. */
static uint64_t owed(const struct lw_loop *loop, size_t sink)
{
    uint64_t n = 0;

    for (int lane = 0; lane < LW_LANE_COUNT; lane++) {
        struct lw_store_lane state;

        lw_store_lane(loop->store, lw_turn_sink(loop->turn, sink), (enum lw_lane)lane, &state);
        n += state.events;
    }
    return n;
}

/* Nothing is owed, or what is owed cannot go out now. */
static bool is_drained(const struct lw_loop *loop, bool patient)
{
    for (size_t i = 0; i < loop->out_n; i++) {
        struct lw_delivery_status status;

        if (owed(loop, i) == 0 && lw_delivery_idle(loop->out[i].delivery))
            continue;
        lw_delivery_status(loop->out[i].delivery, &status);
        if (status.state == LW_DELIVERY_OK || !lw_delivery_idle(loop->out[i].delivery))
            return false;
        if (patient && status.state == LW_DELIVERY_RETRYING &&
            lw_loop_ticks(loop).ms - loop->out[i].progress_at.ms < ONCE_GIVE_UP)
            return false;
    }
    return true;
}

/* --- slices --- */

static void plan(struct lw_loop *loop, bool busy, lw_span next)
{
    int64_t wait = busy ? 0 : next.ms - lw_loop_ticks(loop).ms;
    struct timeval after;

    if (wait < 0)
        wait = 0;
    if (wait > LW_HOUR)
        wait = LW_HOUR;
    after.tv_sec = wait / 1000;
    after.tv_usec = (suseconds_t)(wait % 1000 * 1000);
    evtimer_add(loop->slice, &after);
}

static const char *plural(uint64_t n)
{
    return n == 1 ? "" : "s";
}

/* --once: what one sink did not get; true when it got all. What waits and what was refused for good are two things. */
static bool tell_undelivered(struct lw_loop *loop, size_t sink)
{
    const char *name = loop->config->sinks[sink].name;
    uint64_t kept = owed(loop, sink);
    struct lw_delivery_status status;
    char text[400];

    lw_delivery_status(loop->out[sink].delivery, &status);
    if (kept > 0) {
        snprintf(text, sizeof(text),
                 "%" PRIu64 " event%s for sink %.60s could not be delivered%s%.200s; what is kept goes out with the "
                 "next start",
                 kept, plural(kept), name, status.last_error[0] != '\0' ? ": " : "", status.last_error);
        lw_loop_note(loop, LW_NOTE_ERROR, text);
    }
    if (status.dead > 0) {
        snprintf(text, sizeof(text),
                 "sink %.60s refused %" PRIu64 " event%s for good; put aside with the reason in the table `dead` of "
                 "the store, not sent again",
                 name, status.dead, plural(status.dead));
        lw_loop_note(loop, LW_NOTE_ERROR, text);
    }
    return kept == 0 && status.dead == 0;
}

/* --once: what was not used of what was read; false when nothing at all has ever been of use of a source. */
static bool tell_unused(struct lw_loop *loop)
{
    char text[LW_TURN_TROUBLE];
    bool good = true;

    for (size_t i = 0; i < loop->config->sources_n; i++) {
        if (lw_turn_useless(loop->turn, i, text)) {
            lw_loop_note(loop, LW_NOTE_ERROR, text);
            good = false;
        } else if (lw_turn_unused(loop->turn, i, text)) {
            lw_loop_note(loop, LW_NOTE_WARNING, text);
        }
    }
    return good;
}

/* --once: told what is still owed when nothing more can be done. */
static void finish_once(struct lw_loop *loop)
{
    enum lw_exit exit = LW_EXIT_DONE;
    char trouble[200];

    lw_turn_trouble(loop->turn, trouble);
    if (trouble[0] != '\0') {
        exit = LW_EXIT_INPUT;
        lw_loop_note(loop, LW_NOTE_ERROR, trouble);
    }
    if (!tell_unused(loop))
        exit = LW_EXIT_INPUT;
    for (size_t i = 0; i < loop->out_n; i++) {
        if (!tell_undelivered(loop, i))
            exit = LW_EXIT_UNDELIVERED;
    }
    end_loop(loop, exit);
}

/* --once: a source cannot be read, and nobody knows when it can. */
static void give_up_reading(struct lw_loop *loop)
{
    char trouble[200];
    char text[300];

    lw_turn_trouble(loop->turn, trouble);
    snprintf(text, sizeof(text), "nothing could be read for 2 minutes, the rest waits for the next start: %s", trouble);
    lw_loop_note(loop, LW_NOTE_ERROR, text);
    end_loop(loop, LW_EXIT_INPUT);
}

/* Whoever ended it wants to know whether something waits. */
static void finish_draining(struct lw_loop *loop)
{
    uint64_t waits = 0;
    char text[200];

    for (size_t i = 0; i < loop->out_n; i++)
        waits += owed(loop, i);
    if (waits == 0)
        snprintf(text, sizeof(text), "ended; nothing waits to be delivered");
    else
        snprintf(text, sizeof(text), "ended; %" PRIu64 " event%s in the store, delivered after the next start", waits,
                 waits == 1 ? " waits" : "s wait");
    lw_loop_note(loop, LW_NOTE_INFO, text);
    end_loop(loop, waits > 0 && loop->options.once ? LW_EXIT_UNDELIVERED : loop->exit);
}

static void run_draining(struct lw_loop *loop)
{
    lw_span next = {INT64_MAX};

    deliver(loop, &next);
    if (lw_loop_ticks(loop).ms >= loop->drain_until.ms ||
        (is_drained(loop, false) && (loop->server == NULL || lw_server_busy(loop->server) == 0))) {
        finish_draining(loop);
        return;
    }
    if (next.ms > loop->drain_until.ms)
        next = loop->drain_until;
    plan(loop, false, next);
}

static void run_slice(struct lw_loop *loop)
{
    bool worn;
    struct lw_fault fault = {.code = LW_ERR_OK};
    lw_span next = {INT64_MAX};
    lw_span began = lw_loop_ticks(loop);
    bool busy = false;

    if (loop->draining) {
        run_draining(loop);
        return;
    }
    if (loop->deliver_alone) {
        loop->deliver_alone = false;
        deliver(loop, &next);
        plan(loop, true, next);
        return;
    }
    worn = !loop->reload && lw_turn_is_worn(loop->turn) && !lw_loop_reads_input(loop);
    if (loop->reload || worn) {
        (void)lw_slices_turn(&loop->slices, LW_SLICE_RELOAD);
        if (loop->reload)
            lw_loop_reload(loop);
        else
            lw_loop_renew(loop);
        (void)lw_slices_turn(&loop->slices, LW_SLICE_SOURCE);
    }
    if (loop->turn == NULL)
        return;
    if (lw_turn_slice(loop->turn, &busy, &next, &fault) != LW_ERR_OK) {
        lw_loop_die(loop, &fault);
        return;
    }
    if (lw_turn_committed(loop->turn)) {
        lw_loop_wake_deliveries(loop);
        loop->progress_at = lw_loop_ticks(loop);
    }
    /* Deliveries after a long piece of work would make one slice of both. */
    if (lw_loop_ticks(loop).ms - began.ms >= SLICE_MS) {
        loop->deliver_alone = true;
        plan(loop, true, next);
        return;
    }
    deliver(loop, &next);
    if (loop->options.once && !busy && lw_turn_finished(loop->turn)) {
        if (!loop->finished) {
            loop->finished = true;
            for (size_t i = 0; i < loop->out_n; i++)
                loop->out[i].progress_at = lw_loop_ticks(loop);
        }
        if (is_drained(loop, true)) {
            finish_once(loop);
            return;
        }
        if (next.ms > lw_loop_ticks(loop).ms + LW_SECOND)
            next.ms = lw_loop_ticks(loop).ms + LW_SECOND;
    }
    if (loop->options.once && !loop->finished && lw_loop_ticks(loop).ms - loop->progress_at.ms > ONCE_PATIENCE) {
        give_up_reading(loop);
        return;
    }
    plan(loop, busy, next);
}

static void on_slice(evutil_socket_t fd, short what, void *context)
{
    struct lw_loop *loop = context;

    (void)fd;
    (void)what;
    lw_slices_begin(&loop->slices, LW_SLICE_SOURCE);
    run_slice(loop);
    lw_slices_end(&loop->slices);
}

/* The watchdog is fed by the loop itself: a loop that hangs is restarted. */
static void on_look(evutil_socket_t fd, short what, void *context)
{
    struct lw_loop *loop = context;
    char reason[200];

    (void)fd;
    (void)what;
    if (loop->notify.watchdog.ms > 0 && lw_loop_ticks(loop).ms - loop->alive_at.ms >= loop->notify.watchdog.ms / 2 &&
        lw_turn_alive(loop->turn, reason)) {
        lw_notify_alive(&loop->notify);
        loop->alive_at = lw_loop_ticks(loop);
    }
}

/* --- signals --- */

static void begin_draining(struct lw_loop *loop)
{
    if (loop->draining)
        return;
    loop->draining = true;
    loop->drain_until.ms = lw_loop_ticks(loop).ms + DRAIN_MS;
    lw_loop_note(loop, LW_NOTE_INFO, "ending: what can be sent in 5 seconds is sent, the rest is kept");
    lw_notify_stopping(&loop->notify, "sending what waits");
    if (loop->server != NULL)
        lw_server_drain(loop->server);
    lw_loop_soon(loop);
}

static void on_signal(evutil_socket_t number, short what, void *context)
{
    struct lw_loop *loop = context;

    (void)what;
    if (number == SIGHUP) {
        loop->reload = true;
        lw_loop_soon(loop);
    } else if (number == SIGINT && ++loop->interrupts > 1) {
        end_loop(loop, LW_EXIT_DONE);
    } else if (number == SIGINT || number == SIGTERM) {
        begin_draining(loop);
    }
}

static enum lw_err watch_signals(struct lw_loop *loop, struct lw_fault *fault)
{
    static const int numbers[LW_LOOP_SIGNALS] = {SIGTERM, SIGINT, SIGHUP};

    for (size_t i = 0; i < LW_LOOP_SIGNALS; i++) {
        loop->signals[i] = evsignal_new(loop->base, numbers[i], on_signal, loop);
        if (loop->signals[i] == NULL || event_add(loop->signals[i], NULL) != 0)
            return lw_fault_memory(fault, "signals");
    }
    return LW_ERR_OK;
}

static enum lw_err open_store(struct lw_loop *loop, struct lw_fault *fault)
{
    const struct lw_store_limits limits = lw_loop_limits(loop->config);
    enum lw_err err = lw_store_open(&loop->store, loop->config->store, LW_STORE_OWN, &limits, fault);

    if (err == LW_ERR_OK)
        loop->outbox = lw_store_outbox(loop->store);
    return err;
}

static enum lw_err open_base(struct lw_loop *loop, struct lw_fault *fault)
{
    static const struct timeval each = {.tv_sec = LOOK_EACH_MS / 1000};
    enum lw_err err;

    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN); /* a limit to the size of files is a full disk, no end */
    loop->base = event_base_new();
    if (loop->base == NULL || event_base_priority_init(loop->base, PRIORITIES) != 0)
        return lw_fault_memory(fault, "the loop");
    loop->slice = evtimer_new(loop->base, on_slice, loop);
    loop->ahead = evtimer_new(loop->base, on_ahead, loop);
    loop->look = event_new(loop->base, -1, EV_PERSIST, on_look, loop);
    if (loop->slice == NULL || loop->ahead == NULL || loop->look == NULL || event_add(loop->look, &each) != 0 ||
        event_priority_set(loop->ahead, PRIORITIES - 1) != 0)
        return lw_fault_memory(fault, "the loop");
    err = lw_http_curl_open(&loop->curl, loop->base, "leeway/" LW_VERSION, fault);
    if (err != LW_ERR_OK)
        return err;
    lw_http_curl_on_work(loop->curl, lw_loop_replies, loop);
    loop->http = lw_http_curl_http(loop->curl);
    loop->notify =
        lw_notify_open(getenv("NOTIFY_SOCKET"), getenv("WATCHDOG_USEC"), getenv("WATCHDOG_PID"), (long)getpid(), fault);
    return LW_ERR_OK;
}

static void close_all(struct lw_loop *loop)
{
    lw_loop_stop(loop);
    lw_http_curl_close(loop->curl);
    lw_store_close(loop->store);
    lw_notify_close(&loop->notify);
    for (size_t i = 0; i < LW_LOOP_SIGNALS; i++) {
        if (loop->signals[i] != NULL)
            event_free(loop->signals[i]);
    }
    if (loop->slice != NULL)
        event_free(loop->slice);
    if (loop->ahead != NULL)
        event_free(loop->ahead);
    if (loop->look != NULL)
        event_free(loop->look);
    if (loop->base != NULL)
        event_base_free(loop->base);
    lw_arena_close(&loop->arena);
    lw_config_close(loop->config);
    free(loop);
}

static void tell_start(struct lw_loop *loop)
{
    char text[400];

    snprintf(text, sizeof(text), "leeway " LW_VERSION " watches %zu source%s for %zu sink%s; store %.200s",
             loop->config->sources_n, plural(loop->config->sources_n), loop->config->sinks_n,
             plural(loop->config->sinks_n), loop->config->store);
    lw_loop_note(loop, LW_NOTE_INFO, text);
}

enum lw_err lw_loop_run(struct lw_config *config, const struct lw_loop_options *options, enum lw_exit *exit,
                        struct lw_fault *fault)
{
    struct lw_loop *loop = calloc(1, sizeof(*loop));
    enum lw_err err;

    if (loop == NULL) {
        lw_config_close(config);
        return lw_fault_memory(fault, "the loop");
    }
    loop->config = config;
    loop->options = *options;
    loop->world = lw_log_world(options->log);
    lw_slices_open(&loop->slices, &loop->world);
    loop->arena.ceiling = ARENA_CEILING;
    loop->notify.fd = -1;
    err = open_base(loop, fault);
    if (err == LW_ERR_OK)
        err = open_store(loop, fault);
    if (err == LW_ERR_OK)
        err = watch_signals(loop, fault);
    if (err == LW_ERR_OK)
        err = lw_loop_start(loop, fault);
    if (err == LW_ERR_OK) {
        lw_notify_ready(&loop->notify, "watching");
        loop->progress_at = lw_loop_ticks(loop);
        tell_start(loop);
        lw_loop_soon(loop);
        event_base_dispatch(loop->base);
        *exit = loop->exit;
    }
    close_all(loop);
    return err;
}
