/* Who may speak to the server: the address it listens on, the names it answers to, and the token. */
#ifndef LEEWAY_ENGINE_FLOW_HTTP_ACCESS_H
#define LEEWAY_ENGINE_FLOW_HTTP_ACCESS_H

#include "leeway/err.h"
#include "leeway/str.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#define LW_ACCESS_TOKEN_MAX 4096 /* bytes; as long as a Firehose access key may be */

/* "127.0.0.1:8321", "[::1]:8321", "localhost:8321". LW_ERR_CONFIG says what is accepted. */
LW_MUST_USE enum lw_err lw_access_address(const char *listen, struct sockaddr_storage *address, socklen_t *length,
                                          struct lw_fault *fault);
bool lw_access_is_loopback(const struct sockaddr *address);

/* Whether a value of Host names this server: `own` (the address of the connection), localhost, or one of `hosts`; whatever
   the port. A name that is none of these may be one that an attacker pointed here (DNS rebinding). */
bool lw_access_host(struct lw_str host, const struct sockaddr *own, const char *const *hosts, size_t hosts_n);

/* A secret in a file, read anew when the file changes. */
struct lw_access_token {
    char *path;
    char *text; /* without white space around */
    size_t len;
    uint64_t file, changed; /* which file it was, and when it changed, in ns */
    int64_t size;
};
/* LW_ERR_CONFIG: no regular file, empty, larger than LW_ACCESS_TOKEN_MAX, with a character that cannot stand in a header,
   or readable by others: any, or a group (that of root may, for a file of root: the credentials of systemd look so). */
LW_MUST_USE enum lw_err lw_access_token_open(struct lw_access_token *out, const char *path, struct lw_fault *fault);
/* Reads it again where the file changed; a failure keeps the old one and says why. */
LW_MUST_USE enum lw_err lw_access_token_refresh(struct lw_access_token *token, bool *changed, struct lw_fault *fault);
void lw_access_token_close(struct lw_access_token *token); /* overwrites it */
/* In a time that tells nothing of where they differ. */
bool lw_access_token_is(const struct lw_access_token *token, struct lw_str given);
/* "Bearer TOKEN" of an Authorization header. */
bool lw_access_bearer(const struct lw_access_token *token, struct lw_str authorization);

#endif
