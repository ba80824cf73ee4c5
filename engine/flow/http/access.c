#define _GNU_SOURCE
#include "engine/flow/http/access.h"

#include "engine/base/again.h"
#include "engine/base/fault.h"
#include "engine/flow/http/head.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <openssl/crypto.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static bool read_port(const char *text, uint16_t *port)
{
    unsigned value = 0;

    if (text[0] == '\0' || strlen(text) > 5)
        return false;
    for (; *text != '\0'; text++) {
        if (*text < '0' || *text > '9')
            return false;
        value = 10 * value + (unsigned)(*text - '0');
    }
    *port = (uint16_t)value;
    return value <= 65535;
}

static bool read_host(const char *host, uint16_t port, struct sockaddr_storage *address, socklen_t *length)
{
    struct sockaddr_in four = {.sin_family = AF_INET, .sin_port = htons(port)};
    struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
    size_t n = strlen(host);
    char inner[64];

    *address = (struct sockaddr_storage){.ss_family = AF_UNSPEC};
    if (inet_pton(AF_INET, strcmp(host, "localhost") == 0 ? "127.0.0.1" : host, &four.sin_addr) == 1) {
        memcpy(address, &four, sizeof(four));
        *length = sizeof(four);
        return true;
    }
    if (n < 4 || n - 2 >= sizeof(inner) || host[0] != '[' || host[n - 1] != ']')
        return false;
    memcpy(inner, host + 1, n - 2);
    inner[n - 2] = '\0';
    if (inet_pton(AF_INET6, inner, &six.sin6_addr) != 1)
        return false;
    memcpy(address, &six, sizeof(six));
    *length = sizeof(six);
    return true;
}

enum lw_err lw_access_address(const char *listen, struct sockaddr_storage *address, socklen_t *length,
                              struct lw_fault *fault)
{
    const char *colon = strrchr(listen, ':');
    size_t n = colon == NULL ? 0 : (size_t)(colon - listen);
    struct sockaddr_storage read;
    socklen_t size = 0;
    char host[72];
    uint16_t port;

    if (n > 0 && n < sizeof(host) && read_port(colon + 1, &port)) {
        memcpy(host, listen, n);
        host[n] = '\0';
        if (read_host(host, port, &read, &size)) {
            *address = read;
            *length = size;
            return LW_ERR_OK;
        }
    }
    return lw_fault_set(fault, LW_ERR_CONFIG,
                        "http: listen: %.80s: write an address and a port, as in 127.0.0.1:8321 or [::1]:8321", listen);
}

bool lw_access_is_loopback(const struct sockaddr *address)
{
    struct sockaddr_in four;
    struct sockaddr_in6 six;

    if (address->sa_family == AF_INET) {
        memcpy(&four, address, sizeof(four));
        return ntohl(four.sin_addr.s_addr) >> 24 == 127;
    }
    if (address->sa_family != AF_INET6)
        return false;
    memcpy(&six, address, sizeof(six));
    return IN6_IS_ADDR_LOOPBACK(&six.sin6_addr) ||
           (IN6_IS_ADDR_V4MAPPED(&six.sin6_addr) && six.sin6_addr.s6_addr[12] == 127);
}

/* The host without its port; false where it is malformed. */
static bool without_port(struct lw_str *host)
{
    size_t n = 0;

    if (host->len > 0 && host->at[0] == '[') {
        while (n < host->len && host->at[n] != ']')
            n++;
        n++;
    } else {
        while (n < host->len && host->at[n] != ':')
            n++;
    }
    if (n == 0 || n > host->len || (n < host->len && host->at[n] != ':'))
        return false;
    for (size_t i = n + 1; i < host->len; i++) {
        if (host->at[i] < '0' || host->at[i] > '9')
            return false;
    }
    host->len = n;
    return true;
}

/* Compared as addresses: "::1" can be written in many ways. */
static bool is_own(struct lw_str host, const struct sockaddr *own)
{
    char text[72];
    struct sockaddr_storage address;
    socklen_t length;
    struct sockaddr_in four[2];
    struct sockaddr_in6 six[2];

    if (host.len >= sizeof(text))
        return false;
    memcpy(text, host.at, host.len);
    text[host.len] = '\0';
    if (!read_host(text, 0, &address, &length) || address.ss_family != own->sa_family)
        return false;
    if (own->sa_family == AF_INET) {
        memcpy(&four[0], own, sizeof(four[0]));
        memcpy(&four[1], &address, sizeof(four[1]));
        return four[0].sin_addr.s_addr == four[1].sin_addr.s_addr;
    }
    memcpy(&six[0], own, sizeof(six[0]));
    memcpy(&six[1], &address, sizeof(six[1]));
    return memcmp(&six[0].sin6_addr, &six[1].sin6_addr, sizeof(six[0].sin6_addr)) == 0;
}

/* The names of the configuration may be written in any case. */
static bool is_name(struct lw_str host, const char *name)
{
    char lower[256];
    size_t n = strlen(name);

    if (n >= sizeof(lower))
        return false;
    for (size_t i = 0; i <= n; i++)
        lower[i] = (char)(name[i] >= 'A' && name[i] <= 'Z' ? name[i] - 'A' + 'a' : name[i]);
    return lw_head_is(host, lower);
}

bool lw_access_host(struct lw_str host, const struct sockaddr *own, const char *const *hosts, size_t hosts_n)
{
    if (!without_port(&host))
        return false;
    if (lw_head_is(host, "localhost") && lw_access_is_loopback(own))
        return true;
    for (size_t i = 0; i < hosts_n; i++) {
        if (is_name(host, hosts[i]))
            return true;
    }
    return is_own(host, own);
}

/* The token. */
static enum lw_err bad_file(struct lw_fault *fault, const char *path, const char *what)
{
    return lw_fault_set(fault, LW_ERR_CONFIG, "the token file %.100s %s", path, what);
}

static uint64_t changed_at(const struct stat *stat)
{
    return (uint64_t)stat->st_mtim.tv_sec * 1000000000u + (uint64_t)stat->st_mtim.tv_nsec;
}

static bool is_secret(const struct stat *stat)
{
    if (stat->st_mode & (S_IRWXO | S_IWGRP | S_IXGRP))
        return false;
    return !(stat->st_mode & S_IRGRP) || (stat->st_uid == 0 && stat->st_gid == 0);
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static enum lw_err take_text(struct lw_access_token *token, const char *path, char *text, size_t n,
                             struct lw_fault *fault)
{
    char *copy;

    while (n > 0 && is_space(text[n - 1]))
        n--;
    while (n > 0 && is_space(text[0])) {
        text++;
        n--;
    }
    if (n == 0)
        return bad_file(fault, path, "is empty: write the token into it");
    for (size_t i = 0; i < n; i++) {
        if ((unsigned char)text[i] <= 0x20 || (unsigned char)text[i] >= 0x7f)
            return bad_file(fault, path, "holds more than one word: a token is one line of printable characters");
    }
    copy = malloc(n);
    if (copy == NULL)
        return lw_fault_memory(fault, "a token");
    memcpy(copy, text, n);
    if (token->text != NULL)
        explicit_bzero(token->text, token->len);
    free(token->text);
    token->text = copy;
    token->len = n;
    return LW_ERR_OK;
}

static enum lw_err read_open(struct lw_access_token *token, int fd, const char *path, struct lw_fault *fault)
{
    char text[LW_ACCESS_TOKEN_MAX + 2];
    struct stat stat;
    size_t n = 0;
    ssize_t got = 1;
    enum lw_err err;

    if (fstat(fd, &stat) != 0)
        return bad_file(fault, path, "cannot be looked at");
    if (!S_ISREG(stat.st_mode))
        return bad_file(fault, path, "is no file");
    if (!is_secret(&stat))
        return bad_file(fault, path, "can be read by others: chmod 600 it");
    while (got > 0 && n < sizeof(text)) {
        got = read(fd, text + n, sizeof(text) - n);
        if (got < 0 && errno == EINTR)
            got = 1;
        else if (got > 0)
            n += (size_t)got;
    }
    if (got < 0)
        err = bad_file(fault, path, "cannot be read");
    else if (n > LW_ACCESS_TOKEN_MAX)
        err = bad_file(fault, path, "is longer than 4096 bytes: that is no token");
    else
        err = take_text(token, path, text, n, fault);
    explicit_bzero(text, sizeof(text));
    if (err == LW_ERR_OK) {
        token->file = stat.st_ino;
        token->changed = changed_at(&stat);
        token->size = stat.st_size;
    }
    return err;
}

/* O_NONBLOCK: a FIFO in its place must not hold the daemon up. */
static enum lw_err read_file(struct lw_access_token *token, const char *path, struct lw_fault *fault)
{
    int fd = lw_again_open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0);
    enum lw_err err;

    if (fd < 0)
        return lw_fault_set(fault, LW_ERR_CONFIG, "the token file %.100s cannot be opened: %s", path, strerror(errno));
    err = read_open(token, fd, path, fault);
    close(fd);
    return err;
}

enum lw_err lw_access_token_open(struct lw_access_token *out, const char *path, struct lw_fault *fault)
{
    struct lw_access_token token = {.path = strdup(path)};
    enum lw_err err = token.path == NULL ? lw_fault_memory(fault, "a token") : read_file(&token, path, fault);

    if (err != LW_ERR_OK) {
        lw_access_token_close(&token);
        return err;
    }
    *out = token;
    return LW_ERR_OK;
}

enum lw_err lw_access_token_refresh(struct lw_access_token *token, bool *changed, struct lw_fault *fault)
{
    struct stat now;
    enum lw_err err;

    *changed = false;
    if (stat(token->path, &now) != 0)
        return lw_fault_set(fault, LW_ERR_CONFIG, "the token file %.100s is gone: %s; the token before it still holds",
                            token->path, strerror(errno));
    if (now.st_ino == token->file && changed_at(&now) == token->changed && now.st_size == token->size)
        return LW_ERR_OK;
    err = read_file(token, token->path, fault);
    *changed = err == LW_ERR_OK;
    return err;
}

void lw_access_token_close(struct lw_access_token *token)
{
    if (token->text != NULL)
        explicit_bzero(token->text, token->len);
    free(token->text);
    free(token->path);
    *token = (struct lw_access_token){.path = NULL};
}

/* Of digests, so that not even the length shows. */
bool lw_access_token_is(const struct lw_access_token *token, struct lw_str given)
{
    unsigned char own[SHA256_DIGEST_LENGTH], other[SHA256_DIGEST_LENGTH];

    if (token->text == NULL || given.len == 0 || given.len > LW_ACCESS_TOKEN_MAX ||
        SHA256((const unsigned char *)token->text, token->len, own) == NULL ||
        SHA256((const unsigned char *)given.at, given.len, other) == NULL)
        return false;
    return CRYPTO_memcmp(own, other, sizeof(own)) == 0;
}

bool lw_access_bearer(const struct lw_access_token *token, struct lw_str authorization)
{
    static const size_t n = sizeof("bearer ") - 1;
    struct lw_str scheme = {.at = authorization.at, .len = n};

    if (authorization.len <= n || !lw_head_is(scheme, "bearer "))
        return false;
    return lw_access_token_is(token, (struct lw_str){.at = authorization.at + n, .len = authorization.len - n});
}
