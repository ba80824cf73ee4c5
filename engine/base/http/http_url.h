/* Which URLs may be asked: https; http where the bytes stay on this machine, or go to its credential service. */
#ifndef LEEWAY_ENGINE_BASE_HTTP_HTTP_URL_H
#define LEEWAY_ENGINE_BASE_HTTP_HTTP_URL_H

#include "leeway/str.h"

#include <curl/curl.h>
#include <stdbool.h>
#include <sys/socket.h>

/* NULL when it may be asked: *out is the parsed URL (owned by the caller), *plain tells http. Else what is wrong, for
   people and without the URL; *out is untouched. http goes to 127.0.0.0/8, ::1 and the name localhost; with `link_local`
   also to the fixed addresses of the credential services of EC2 (IMDS), ECS and EKS. No user name, no NUL. */
const char *lw_http_url_check(struct lw_str text, bool link_local, CURLU **out, bool *plain);
/* The same rule for an address that is about to be connected to. */
bool lw_http_url_plain_address(const struct sockaddr_storage *address, bool link_local);

#endif
