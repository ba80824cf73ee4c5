#define _GNU_SOURCE /* explicit_bzero */
#include "engine/base/http/http_url.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static bool plain_v4(const struct in_addr *address, bool link_local)
{
    static const char *const services[] = {"169.254.169.254", "169.254.170.2", "169.254.170.23"};
    struct in_addr one;

    if (ntohl(address->s_addr) >> 24 == 127)
        return true;
    for (size_t i = 0; link_local && i < sizeof(services) / sizeof(services[0]); i++) {
        if (inet_pton(AF_INET, services[i], &one) == 1 && one.s_addr == address->s_addr)
            return true;
    }
    return false;
}

static bool plain_v6(const struct in6_addr *address, bool link_local)
{
    static const char *const services[] = {"fd00:ec2::23", "fd00:ec2::254"};
    struct in6_addr one;

    if (IN6_IS_ADDR_LOOPBACK(address))
        return true;
    for (size_t i = 0; link_local && i < sizeof(services) / sizeof(services[0]); i++) {
        if (inet_pton(AF_INET6, services[i], &one) == 1 && memcmp(&one, address, sizeof(one)) == 0)
            return true;
    }
    return false;
}

static bool plain_host(const char *host, bool link_local)
{
    char bare[INET6_ADDRSTRLEN];
    struct in_addr v4;
    struct in6_addr v6;
    size_t n = strlen(host);

    if (strcasecmp(host, "localhost") == 0)
        return true; /* what it resolves to is checked at the socket */
    if (inet_pton(AF_INET, host, &v4) == 1)
        return plain_v4(&v4, link_local);
    if (n < 3 || n - 2 >= sizeof(bare) || host[0] != '[' || host[n - 1] != ']')
        return false;
    memcpy(bare, host + 1, n - 2);
    bare[n - 2] = '\0';
    return inet_pton(AF_INET6, bare, &v6) == 1 && plain_v6(&v6, link_local);
}

bool lw_http_url_plain_address(const struct sockaddr_storage *address, bool link_local)
{
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;

    memcpy(&v4, address, sizeof(v4));
    memcpy(&v6, address, sizeof(v6));
    if (address->ss_family == AF_INET)
        return plain_v4(&v4.sin_addr, link_local);
    return address->ss_family == AF_INET6 && plain_v6(&v6.sin6_addr, link_local);
}

const char *lw_http_url_check(struct lw_str text, bool link_local, CURLU **out, bool *plain)
{
    static const char not_one[] = "not a URL";
    char *copy = strndup(text.at ? text.at : "", text.len);
    char *scheme = NULL, *host = NULL, *user = NULL;
    const char *wrong = not_one;
    CURLU *url = curl_url();

    if (!copy || !url) {
        wrong = "there is no memory for the URL";
        goto end;
    }
    if (strlen(copy) != text.len || curl_url_set(url, CURLUPART_URL, copy, CURLU_PATH_AS_IS) != CURLUE_OK)
        goto end;
    if (curl_url_get(url, CURLUPART_SCHEME, &scheme, 0) != CURLUE_OK ||
        curl_url_get(url, CURLUPART_HOST, &host, 0) != CURLUE_OK)
        goto end;
    if (curl_url_get(url, CURLUPART_USER, &user, 0) == CURLUE_OK) {
        wrong = "a user name in a URL is not accepted";
        goto end;
    }
    *plain = strcmp(scheme, "http") == 0;
    wrong = NULL;
    if (!*plain && strcmp(scheme, "https") != 0)
        wrong = "the URL is not https";
    else if (*plain && !plain_host(host, link_local))
        wrong = "http is used for loopback addresses only: use https";

end:
    if (copy)
        explicit_bzero(copy, strlen(copy));
    free(copy);
    curl_free(scheme);
    curl_free(host);
    curl_free(user);
    if (wrong)
        curl_url_cleanup(url);
    else
        *out = url;
    return wrong;
}
