/* A small HTTP/1.1 server on libevent that can misbehave on purpose: for doubles of services in tests. */
#ifndef LEEWAY_TESTS_KIT_DOUBLE_DOUBLE_HTTP_H
#define LEEWAY_TESTS_KIT_DOUBLE_DOUBLE_HTTP_H

#include <event2/buffer.h>
#include <event2/event.h>
#include <openssl/ssl.h>
#include <stdbool.h>
#include <stddef.h>

struct double_request {
    const char *method, *target; /* terminated */
    const char *head;            /* the lines of the head, terminated */
    const char *body;
    size_t body_n;
    bool tls;
};

/* The value of a header, without white space around it, in `out`; false when it is not there. */
bool double_http_header(const struct double_request *request, const char *name, char *out, size_t n);
/* The decoded value of a parameter behind '?'; false when it is not there. */
bool double_http_parameter(const struct double_request *request, const char *name, char *out, size_t n);

struct double_reply {
    int status;
    const char *type;      /* Content-Type */
    char headers[512];     /* further ones, each ended by "\r\n" */
    struct evbuffer *body; /* to be filled */
    int delay_ms;
    int trickle;  /* bytes per second; 0: at once */
    bool reset;   /* the connection is reset instead of a reply */
    long cut;     /* the connection is closed behind that many bytes of the whole reply; < 0: it is not */
    bool abort;   /* and not closed there, but reset */
    long shorten; /* the body is cut to that many bytes, with a Content-Length that says so; < 0: it is not */
};

struct double_calls {
    /* The head is there, the body is not: true resets the connection. */
    bool (*head)(void *self, const struct double_request *request);
    void (*request)(void *self, const struct double_request *request, struct double_reply *reply);
};

struct double_http;

/* On 127.0.0.1; port 0: a free one. `tls` may be NULL. NULL when that fails. */
struct double_http *double_http_open(struct event_base *base, int port, SSL_CTX *tls, const struct double_calls *calls,
                                     void *self);
int double_http_port(const struct double_http *http);
/* Another certificate for the connections to come. */
void double_http_tls(struct double_http *http, SSL_CTX *tls);
/* Nobody listens for so long, and the open connections are reset. */
void double_http_refuse(struct double_http *http, int ms);
unsigned long double_http_connections(const struct double_http *http);

#endif
