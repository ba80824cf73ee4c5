#define _GNU_SOURCE
#include "tests/kit/double/server.h"

#include "tests/kit/kit.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#define REQUEST_MAX ((size_t)16 << 20)

void *__real_malloc(size_t n);
void __real_free(void *at);
#define malloc __real_malloc
#define free   __real_free

struct kit_server {
    struct kit_script script;
    int listener, port, stop[2];
    SSL_CTX *tls;
    pthread_t thread;
    atomic_uint connections, requests;
    char *request; /* being read */
    size_t request_n;
    char *whole; /* the last whole one */
};

struct pair {
    X509 *certificate;
    EVP_PKEY *key;
};

static struct pair authority;
static char authority_path[300];

static X509 *certify(EVP_PKEY *key, const char *name, const char *names, long from, long until, const struct pair *by)
{
    static long serial = 1;
    X509 *made = X509_new();
    X509_NAME *subject;
    X509_EXTENSION *extension;
    X509V3_CTX context;

    X509_set_version(made, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(made), serial++);
    X509_gmtime_adj(X509_getm_notBefore(made), from);
    X509_gmtime_adj(X509_getm_notAfter(made), until);
    X509_set_pubkey(made, key);
    subject = X509_get_subject_name(made);
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, (const unsigned char *)name, -1, -1, 0);
    X509_set_issuer_name(made, by ? X509_get_subject_name(by->certificate) : subject);
    X509V3_set_ctx(&context, by ? by->certificate : made, made, NULL, NULL, 0);
    extension = X509V3_EXT_conf_nid(NULL, &context, names ? NID_subject_alt_name : NID_basic_constraints,
                                    names ? names : "critical,CA:TRUE");
    X509_add_ext(made, extension, -1);
    X509_EXTENSION_free(extension);
    X509_sign(made, by ? by->key : key, EVP_sha256());
    return made;
}

const char *kit_authority(void)
{
    FILE *file;

    if (authority_path[0])
        return authority_path;
    authority.key = EVP_EC_gen("P-256");
    authority.certificate = certify(authority.key, "leeway test authority", NULL, -86400, 864000, NULL);
    snprintf(authority_path, sizeof(authority_path), "%s/authority.pem", kit_temporary_directory());
    file = fopen(authority_path, "w");
    PEM_write_X509(file, authority.certificate);
    fclose(file);
    return authority_path;
}

static SSL_CTX *make_tls(const struct kit_script *script)
{
    SSL_CTX *tls = SSL_CTX_new(TLS_server_method());
    EVP_PKEY *key = EVP_EC_gen("P-256");
    bool expired = script->certificate == KIT_CERTIFICATE_EXPIRED;
    const char *names =
        script->certificate == KIT_CERTIFICATE_OTHER_NAME ? "DNS:example.org" : "DNS:localhost,IP:127.0.0.1";
    X509 *made;

    kit_authority();
    made = certify(key, "leeway test server", names, -5 * 86400, expired ? -86400 : 86400,
                   script->certificate == KIT_CERTIFICATE_SELF_SIGNED ? NULL : &authority);
    SSL_CTX_use_certificate(tls, made);
    SSL_CTX_use_PrivateKey(tls, key);
    if (script->tls_1_1) {
        SSL_CTX_set_security_level(tls, 0);
        SSL_CTX_set_min_proto_version(tls, TLS1_VERSION);
        SSL_CTX_set_max_proto_version(tls, TLS1_1_VERSION);
    }
    X509_free(made);
    EVP_PKEY_free(key);
    return tls;
}

/* false when there is nothing to read and the server shall end. */
static bool wait_for(const struct kit_server *server, int fd)
{
    struct pollfd set[2] = {{.fd = fd, .events = POLLIN}, {.fd = server->stop[0], .events = POLLIN}};

    poll(set, 2, -1);
    return !(set[1].revents & POLLIN);
}

/* Bytes of the whole request, or 0 as long as its head is not whole. */
static size_t request_size(const struct kit_server *server)
{
    const char *end = memmem(server->request, server->request_n, "\r\n\r\n", 4), *length;
    size_t body = 0;

    if (!end)
        return 0;
    length = strcasestr(server->request, "\r\nContent-Length:");
    if (length && length < end)
        body = strtoul(length + 17, NULL, 10);
    return (size_t)(end - server->request) + 4 + body;
}

static ssize_t receive(int fd, SSL *tls, char *at, size_t n)
{
    return tls ? SSL_read(tls, at, (int)n) : recv(fd, at, n, 0);
}

static void transmit(int fd, SSL *tls, const char *at, size_t n)
{
    ssize_t gone;

    for (; n > 0; at += gone, n -= (size_t)gone) {
        gone = tls ? SSL_write(tls, at, (int)n) : send(fd, at, n, MSG_NOSIGNAL);
        if (gone <= 0)
            return;
    }
}

static void send_reply(struct kit_server *server, int fd, SSL *tls)
{
    const struct kit_script *script = &server->script;
    size_t n = script->reply_n ? script->reply_n : strlen(script->reply);
    struct pollfd stop = {.fd = server->stop[0], .events = POLLIN};
    struct linger reset = {1, 0};

    if (script->cut > 0) {
        transmit(fd, tls, script->reply, script->cut);
        setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
        return;
    }
    if (script->drip_ms == 0) {
        transmit(fd, tls, script->reply, n);
        return;
    }
    for (size_t i = 0; i < n && poll(&stop, 1, (int)script->drip_ms) == 0; i++)
        transmit(fd, tls, script->reply + i, 1);
}

static bool read_request(struct kit_server *server, int fd, SSL *tls)
{
    size_t size = 0;
    ssize_t got;

    server->request_n = 0;
    do {
        if (!(tls && SSL_pending(tls) > 0) && !wait_for(server, fd))
            return false;
        got = receive(fd, tls, server->request + server->request_n, REQUEST_MAX - server->request_n - 1);
        if (got <= 0)
            return false;
        server->request_n += (size_t)got;
        server->request[server->request_n] = '\0';
        size = size ? size : request_size(server);
    } while (size == 0 || server->request_n < size);
    memcpy(server->whole, server->request, server->request_n + 1);
    server->requests++;
    return true;
}

static void serve(struct kit_server *server, int fd)
{
    SSL *tls = NULL;

    server->connections++;
    if (server->tls) {
        tls = SSL_new(server->tls);
        SSL_set_fd(tls, fd);
        if (SSL_accept(tls) != 1) {
            SSL_free(tls);
            return;
        }
    }
    while (read_request(server, fd, tls)) {
        if (server->script.stall)
            continue;
        if (server->script.reply)
            send_reply(server, fd, tls);
        if (!server->script.keep)
            break;
    }
    if (tls && server->script.cut == 0)
        SSL_shutdown(tls);
    SSL_free(tls);
}

/* One connection after the other. */
static void *run(void *context)
{
    struct kit_server *server = context;
    int fd;

    while (wait_for(server, server->listener)) {
        fd = accept(server->listener, NULL, NULL);
        if (fd < 0)
            continue;
        serve(server, fd);
        close(fd);
    }
    return NULL;
}

struct kit_server *kit_server_open(const struct kit_script *script)
{
    struct kit_server *server = malloc(sizeof(*server));
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof(address);

    memset(server, 0, sizeof(*server));
    server->script = *script;
    server->request = malloc(REQUEST_MAX);
    server->whole = malloc(REQUEST_MAX);
    server->whole[0] = '\0';
    server->tls = script->tls ? make_tls(script) : NULL;
    server->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind(server->listener, (struct sockaddr *)&address, n) < 0 || listen(server->listener, 16) < 0 ||
        getsockname(server->listener, (struct sockaddr *)&address, &n) < 0 || pipe(server->stop) < 0) {
        perror("a server for the test");
        exit(2);
    }
    server->port = ntohs(address.sin_port);
    pthread_create(&server->thread, NULL, run, server);
    return server;
}

int kit_server_port(const struct kit_server *server)
{
    return server->port;
}

unsigned kit_server_connections(const struct kit_server *server)
{
    return server->connections;
}

unsigned kit_server_requests(const struct kit_server *server)
{
    return server->requests;
}

const char *kit_server_request(const struct kit_server *server)
{
    return server->whole;
}

void kit_server_close(struct kit_server *server)
{
    ssize_t told = write(server->stop[1], "x", 1);

    (void)told;
    pthread_join(server->thread, NULL);
    close(server->listener);
    close(server->stop[0]);
    close(server->stop[1]);
    SSL_CTX_free(server->tls);
    free(server->request);
    free(server->whole);
    free(server);
}
