#define _GNU_SOURCE
#include "engine/flow/http/server.h"

#include "engine/base/fault.h"
#include "engine/flow/http/server_state.h"

#include <errno.h>
#include <netinet/in.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdlib.h>

#define PAUSE_TIME LW_SECOND /* after accept failed for want of descriptors */

void lw_server_note(const struct lw_server *server, enum lw_note level, const char *text)
{
    if (server->world->note != NULL)
        server->world->note(server->world->self, level, text);
}

void lw_server_resume(struct lw_server *server)
{
    if (!server->draining && server->listener != NULL && server->connections_n < server->options.connections)
        (void)evconnlistener_enable(server->listener);
}

static void on_accept(struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *peer, int length,
                      void *context)
{
    struct lw_server *server = context;

    lw_connection_open(server, fd, peer, (size_t)length);
    if (server->connections_n >= server->options.connections)
        (void)evconnlistener_disable(listener);
}

/* Mostly no descriptors are left: listening on would fail again at once, and for ever. */
static void on_accept_failed(struct evconnlistener *listener, void *context)
{
    struct lw_server *server = context;
    struct timeval pause = {.tv_sec = PAUSE_TIME / 1000};

    lw_server_note(server, LW_NOTE_WARNING,
                   "the HTTP server cannot accept a connection now: it tries again in a second");
    (void)evconnlistener_disable(listener);
    (void)event_add(server->resume, &pause);
}

static void on_resume(evutil_socket_t fd, short what, void *context)
{
    (void)fd;
    (void)what;
    lw_server_resume(context);
}

/* Opening. */
static enum lw_err open_tls(struct lw_server *server, struct lw_fault *fault)
{
    const struct lw_server_options *options = &server->options;

    server->tls = SSL_CTX_new(TLS_server_method());
    if (server->tls == NULL)
        return lw_fault_memory(fault, "TLS");
    SSL_CTX_set_min_proto_version(server->tls, TLS1_2_VERSION);
    SSL_CTX_set_options(server->tls, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_IGNORE_UNEXPECTED_EOF);
    if (SSL_CTX_use_certificate_chain_file(server->tls, options->certificate) == 1 &&
        SSL_CTX_use_PrivateKey_file(server->tls, options->key, SSL_FILETYPE_PEM) == 1 &&
        SSL_CTX_check_private_key(server->tls) == 1)
        return LW_ERR_OK;
    ERR_clear_error();
    return lw_fault_set(fault, LW_ERR_CONFIG,
                        "http: certificate %.80s and key %.80s cannot be used: they have to be readable, in PEM, and "
                        "belong to each other",
                        options->certificate, options->key);
}

static enum lw_err check(const struct lw_server_options *options, const struct sockaddr *address,
                         struct lw_fault *fault)
{
    bool tls = options->certificate != NULL && options->key != NULL;

    if ((options->certificate == NULL) != (options->key == NULL))
        return lw_fault_set(fault, LW_ERR_CONFIG, "http: certificate and key go together");
    if (!lw_access_is_loopback(address) && (!tls || options->token_file == NULL))
        return lw_fault_set(fault, LW_ERR_CONFIG,
                            "http: listen: %.60s can be reached from other machines: that needs certificate, key and "
                            "token_file, or listen on 127.0.0.1",
                            options->listen);
    return LW_ERR_OK;
}

static const char *copy_text(struct lw_server *server, const char *text, bool *good)
{
    if (text == NULL)
        return NULL;
    server->texts[server->texts_n] = strdup(text);
    if (server->texts[server->texts_n] == NULL)
        *good = false;
    return server->texts[server->texts_n++];
}

static bool copy_options(struct lw_server *server, const struct lw_server_options *options)
{
    struct lw_server_options *own = &server->options;
    const char **hosts;
    bool good = true;

    *own = *options;
    /* The list of hosts lies behind the texts, in the same block. */
    server->texts = calloc(4 + 2 * options->hosts_n, sizeof(*server->texts));
    if (server->texts == NULL)
        return false;
    hosts = (const char **)(void *)(server->texts + 4 + options->hosts_n);
    own->listen = copy_text(server, options->listen, &good);
    own->token_file = copy_text(server, options->token_file, &good);
    own->certificate = copy_text(server, options->certificate, &good);
    own->key = copy_text(server, options->key, &good);
    for (size_t i = 0; i < options->hosts_n; i++)
        hosts[i] = copy_text(server, options->hosts[i], &good);
    own->hosts = hosts;
    own->connections = own->connections == 0 ? 64 : own->connections;
    own->head = own->head == 0 ? (size_t)8 << 10 : own->head;
    own->head_time.ms = own->head_time.ms == 0 ? 10 * LW_SECOND : own->head_time.ms;
    own->body_time.ms = own->body_time.ms == 0 ? 60 * LW_SECOND : own->body_time.ms;
    own->answer_time.ms = own->answer_time.ms == 0 ? 150 * LW_SECOND : own->answer_time.ms;
    own->idle_time.ms = own->idle_time.ms == 0 ? 30 * LW_SECOND : own->idle_time.ms;
    return good;
}

static enum lw_err open_listener(struct lw_server *server, const struct sockaddr *address, socklen_t length,
                                 struct lw_fault *fault)
{
    server->resume = evtimer_new(server->base, on_resume, server);
    if (server->resume == NULL)
        return lw_fault_memory(fault, "the HTTP server");
    errno = 0;
    server->listener = evconnlistener_new_bind(server->base, on_accept, server,
                                               LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC | LEV_OPT_REUSEABLE, 128,
                                               address, (int)length);
    if (server->listener == NULL)
        return lw_fault_set(fault, LW_ERR_IO, "http: cannot listen on %.80s: %s", server->options.listen,
                            errno != 0 ? strerror(errno) : "no memory");
    evconnlistener_set_error_cb(server->listener, on_accept_failed);
    return LW_ERR_OK;
}

static enum lw_err open_all(struct lw_server *server, const struct lw_server_options *options, struct lw_fault *fault)
{
    struct sockaddr_storage address;
    socklen_t length = 0;
    enum lw_err err;

    if (!copy_options(server, options))
        return lw_fault_memory(fault, "the HTTP server");
    err = lw_access_address(options->listen, &address, &length, fault);
    if (err == LW_ERR_OK)
        err = check(options, (const struct sockaddr *)&address, fault);
    if (err == LW_ERR_OK && options->token_file != NULL)
        err = lw_access_token_open(&server->token, options->token_file, fault);
    if (err == LW_ERR_OK && options->certificate != NULL)
        err = open_tls(server, fault);
    if (err == LW_ERR_OK)
        err = open_listener(server, (const struct sockaddr *)&address, length, fault);
    return err;
}

enum lw_err lw_server_open(struct lw_server **out, struct event_base *base, const struct lw_server_options *options,
                           const struct lw_server_calls *calls, const struct lw_world *world, struct lw_fault *fault)
{
    struct lw_server *server = calloc(1, sizeof(*server));
    enum lw_err err;

    if (server == NULL)
        return lw_fault_memory(fault, "the HTTP server");
    server->calls = *calls;
    server->world = world;
    server->base = base;
    err = open_all(server, options, fault);
    if (err != LW_ERR_OK) {
        lw_server_close(server);
        return err;
    }
    server->routes = (struct lw_routes){.calls = &server->calls,
                                        .token = options->token_file != NULL ? &server->token : NULL,
                                        .hosts = server->options.hosts,
                                        .hosts_n = options->hosts_n};
    *out = server;
    return LW_ERR_OK;
}

void lw_server_drain(struct lw_server *server)
{
    server->draining = true;
    if (server->listener != NULL)
        (void)evconnlistener_disable(server->listener);
    lw_connection_drain(server);
}

size_t lw_server_busy(const struct lw_server *server)
{
    return lw_connection_busy(server);
}

void lw_server_close(struct lw_server *server)
{
    if (server == NULL)
        return;
    server->draining = true;
    lw_connection_close_all(server);
    if (server->listener != NULL)
        evconnlistener_free(server->listener);
    if (server->resume != NULL)
        event_free(server->resume);
    SSL_CTX_free(server->tls);
    lw_access_token_close(&server->token);
    for (size_t i = 0; i < server->texts_n; i++)
        free(server->texts[i]);
    free(server->texts);
    free(server);
}

uint16_t lw_server_port(const struct lw_server *server)
{
    struct sockaddr_storage address = {.ss_family = AF_UNSPEC};
    struct sockaddr_in four;
    struct sockaddr_in6 six;
    socklen_t length = sizeof(address);

    if (getsockname(evconnlistener_get_fd(server->listener), (struct sockaddr *)&address, &length) != 0)
        return 0;
    memcpy(&four, &address, sizeof(four));
    memcpy(&six, &address, sizeof(six));
    return ntohs(address.ss_family == AF_INET6 ? six.sin6_port : four.sin_port);
}

void lw_server_count(const struct lw_server *server, struct lw_metrics *metrics)
{
    memcpy(metrics->requests, server->requests, sizeof(metrics->requests));
    metrics->connections = server->connections_n;
}

struct lw_str lw_server_token(const struct lw_server *server)
{
    return (struct lw_str){.at = server->token.text, .len = server->token.len};
}
