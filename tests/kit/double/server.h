/* A server on 127.0.0.1 in a thread of its own that answers every connection by a script; plain, or with TLS by certificates
   made on the spot. */
#ifndef LEEWAY_TESTS_KIT_DOUBLE_SERVER_H
#define LEEWAY_TESTS_KIT_DOUBLE_SERVER_H

#include <stdbool.h>
#include <stddef.h>

/* ---- certificates ---- */
enum kit_certificate {
    KIT_CERTIFICATE_GOOD,       /* for localhost and 127.0.0.1, by the test's authority */
    KIT_CERTIFICATE_EXPIRED,    /* by it, until yesterday */
    KIT_CERTIFICATE_OTHER_NAME, /* by it, for example.org */
    KIT_CERTIFICATE_SELF_SIGNED
};
/* Path of a file with the authority's certificate. */
const char *kit_authority(void);

/* ---- the server ---- */
struct kit_script {
    const char *reply; /* sent when a request is whole; NULL: nothing */
    size_t reply_n;    /* 0: up to the NUL */
    size_t cut;        /* > 0: only so many bytes of it, then a reset */
    unsigned drip_ms;  /* > 0: one byte each so many milliseconds */
    bool keep;         /* the connection is kept for further requests */
    bool stall;        /* reads and never answers */
    bool tls, tls_1_1; /* the last: nothing newer */
    enum kit_certificate certificate;
};
struct kit_server;

struct kit_server *kit_server_open(const struct kit_script *script);
int kit_server_port(const struct kit_server *server);
unsigned kit_server_connections(const struct kit_server *server);
unsigned kit_server_requests(const struct kit_server *server);
/* The last whole request, terminated; valid until the next one. Ask when it is answered. */
const char *kit_server_request(const struct kit_server *server);
void kit_server_close(struct kit_server *server);

#endif
