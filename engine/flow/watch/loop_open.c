#include "engine/flow/watch/loop_state.h"

#include "engine/base/fault.h"
#include "engine/flow/watch/sources.h"

#include <stdio.h>
#include <stdlib.h>

static void wake_source(void *self)
{
    struct lw_loop *loop = self;

    if (loop->turn != NULL)
        lw_turn_wake(loop->turn);
    lw_loop_soon(loop);
}

static enum lw_err open_sources(struct lw_loop *loop, struct lw_fault *fault)
{
    const struct lw_source_calls calls = {
        .http = &loop->http, .world = &loop->world, .wake = wake_source, .self = loop};
    struct lw_buf mark = {.ceiling = (size_t)64 << 20};
    enum lw_err err = LW_ERR_OK;

    for (size_t i = 0; err == LW_ERR_OK && i < loop->config->sources_n; i++) {
        const struct lw_config_source *config = &loop->config->sources[i];
        struct lw_sources_with with = {.config = loop->config, .calls = &calls, .once = loop->options.once};
        struct lw_source source;

        lw_buf_clear(&mark);
        err = lw_turn_mark(loop->turn, config, &mark, fault);
        if (err != LW_ERR_OK)
            break;
        with.mark = lw_buf_view(&mark);
        err = lw_sources_open(&source, config, &with, &loop->push, fault);
        if (err == LW_ERR_OK)
            err = lw_turn_source(loop->turn, config, source, fault);
    }
    lw_buf_close(&mark);
    return err;
}

static enum lw_err open_deliveries(struct lw_loop *loop, struct lw_fault *fault)
{
    enum lw_err err = LW_ERR_OK;

    loop->out = calloc(loop->config->sinks_n + 1, sizeof(*loop->out));
    if (loop->out == NULL)
        return lw_fault_memory(fault, "the sinks");
    for (size_t i = 0; err == LW_ERR_OK && i < loop->config->sinks_n; i++) {
        err = lw_sources_delivery(&loop->out[i].delivery, &loop->config->sinks[i], lw_turn_sink(loop->turn, i),
                                  (uint64_t)lw_loop_now(loop).ms + i, &loop->outbox, &loop->http, &loop->world, fault);
        if (err == LW_ERR_OK) {
            lw_delivery_on_wake(loop->out[i].delivery, lw_loop_wake_deliveries, loop);
            loop->out_n++;
        }
    }
    return err;
}

static enum lw_err open_server(struct lw_loop *loop, struct lw_fault *fault)
{
    const struct lw_config_http *http = &loop->config->http;
    const struct lw_server_options options = {.listen = http->listen,
                                              .token_file = http->token_file,
                                              .certificate = http->certificate,
                                              .key = http->key,
                                              .hosts = http->hosts,
                                              .hosts_n = http->hosts_n};
    const struct lw_server_calls calls = lw_loop_server_calls(loop);
    char text[128];
    enum lw_err err;

    if (http->listen == NULL)
        return LW_ERR_OK;
    err = lw_server_open(&loop->server, loop->base, &options, &calls, &loop->world, fault);
    if (err != LW_ERR_OK)
        return err;
    if (lw_server_token(loop->server).len > 0)
        err = lw_log_secret(loop->options.log, lw_server_token(loop->server), fault);
    if (strcmp(strrchr(http->listen, ':'), ":0") == 0)
        snprintf(text, sizeof(text), "listening on %.80s: port %u", http->listen, lw_server_port(loop->server));
    else
        snprintf(text, sizeof(text), "listening on %.80s", http->listen);
    lw_loop_note(loop, LW_NOTE_INFO, text);
    return err;
}

void lw_loop_stop(struct lw_loop *loop)
{
    loop->ready = false;
    lw_control_close(loop->control);
    loop->control = NULL;
    /* The turn's sources answer what waits at the server; so the server outlives them. */
    for (size_t i = 0; i < loop->out_n; i++)
        lw_delivery_close(loop->out[i].delivery);
    free(loop->out);
    loop->out = NULL;
    loop->out_n = 0;
    lw_turn_close(loop->turn);
    loop->turn = NULL;
    loop->push = NULL;
    lw_server_close(loop->server);
    loop->server = NULL;
}

enum lw_err lw_loop_start(struct lw_loop *loop, struct lw_fault *fault)
{
    const struct lw_turn_options turn = {.config = loop->config,
                                         .store = loop->store,
                                         .world = &loop->world,
                                         .slices = &loop->slices,
                                         .once = loop->options.once,
                                         .names_many = loop->options.names_many};
    const struct lw_control_calls control = lw_loop_control_calls(loop);
    enum lw_err err = lw_turn_open(&loop->turn, &turn, fault);

    if (err == LW_ERR_OK)
        err = open_sources(loop, fault);
    if (err == LW_ERR_OK)
        err = open_deliveries(loop, fault);
    if (err == LW_ERR_OK)
        err = open_server(loop, fault);
    if (err == LW_ERR_OK)
        err = lw_control_open(&loop->control, loop->base, loop->config->control, &control, &loop->world, fault);
    if (err != LW_ERR_OK)
        lw_loop_stop(loop);
    loop->ready = err == LW_ERR_OK;
    return err;
}

/* The bounds of the single sinks are set with their numbers. */
struct lw_store_limits lw_loop_limits(const struct lw_config *config)
{
    return (struct lw_store_limits){.keep_points = config->keep_points, .keep_history = config->keep_history};
}

/* What was opened once, and lives on beside what is closed and opened anew. */
static void adapt(struct lw_loop *loop)
{
    const struct lw_store_limits limits = lw_loop_limits(loop->config);

    lw_store_limit(loop->store, &limits);
    lw_log_set(loop->options.log, loop->config->log_form == LW_LOG_JSON ? LW_LOG_STYLE_JSON : LW_LOG_STYLE_LOGFMT,
               (enum lw_note)loop->config->log_level);
}

/* What was read of standard input and is not durable would be gone, and the rest would begin in the middle. */
bool lw_loop_reads_input(const struct lw_loop *loop)
{
    for (size_t i = 0; i < loop->config->sources_n; i++) {
        if (loop->config->sources[i].type == LW_SOURCE_STDIN && !lw_turn_ended(loop->turn, i))
            return true;
    }
    return false;
}

/* Whether the daemon can change from one to the other as it runs; if not, why. */
static const char *obstacle(const struct lw_loop *loop, const struct lw_config *fresh)
{
    if (strcmp(fresh->store, loop->config->store) != 0)
        return "another store needs a restart";
    if (lw_loop_reads_input(loop))
        return "standard input can be opened only once, so that needs a restart";
    return NULL;
}

void lw_loop_reload(struct lw_loop *loop)
{
    struct lw_buf errors = {.ceiling = (size_t)1 << 20};
    struct lw_fault fault = {.code = LW_ERR_OK};
    struct lw_config *fresh = NULL;
    struct lw_config *old = loop->config;
    const char *why;
    char text[512];

    loop->reload = false;
    lw_notify_reloading(&loop->notify, lw_loop_ticks(loop));
    if (loop->options.configure(loop->options.self, &fresh, &errors, &fault) != LW_ERR_OK) {
        snprintf(text, sizeof(text), "the configuration is not read anew, the old one stays: %.400s", fault.text);
        lw_loop_note(loop, LW_NOTE_ERROR, text);
    } else if ((why = obstacle(loop, fresh)) != NULL) {
        snprintf(text, sizeof(text), "the configuration is not read anew, the old one stays: %s", why);
        lw_loop_note(loop, LW_NOTE_ERROR, text);
        lw_config_close(fresh);
    } else {
        lw_loop_stop(loop);
        loop->config = fresh;
        if (lw_loop_start(loop, &fault) == LW_ERR_OK) {
            lw_config_close(old);
            adapt(loop);
            lw_loop_note(loop, LW_NOTE_INFO, "the configuration was read anew");
        } else {
            snprintf(text, sizeof(text), "the new configuration cannot be started, the old one stays: %.400s",
                     fault.text);
            lw_loop_note(loop, LW_NOTE_ERROR, text);
            loop->config = old;
            lw_config_close(fresh);
            if (lw_loop_start(loop, &fault) != LW_ERR_OK)
                lw_loop_die(loop, &fault);
        }
    }
    lw_buf_close(&errors);
    lw_notify_ready(&loop->notify, "watching");
}

void lw_loop_renew(struct lw_loop *loop)
{
    struct lw_fault fault = {.code = LW_ERR_OK};

    lw_loop_note(loop, LW_NOTE_INFO,
                 "names of many runs were seen: everything is closed and opened anew to forget them");
    lw_loop_stop(loop);
    if (lw_loop_start(loop, &fault) != LW_ERR_OK)
        lw_loop_die(loop, &fault);
}
