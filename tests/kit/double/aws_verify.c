#define _GNU_SOURCE

#include "tests/kit/double/aws_verify.h"

#include <ctype.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#define CANONICAL ((size_t)1 << 20)

static void sha256_hex(const void *bytes, size_t n, char hex[65])
{
    unsigned char digest[32];

    EVP_Q_digest(NULL, "SHA256", NULL, bytes, n, digest, NULL);
    for (size_t i = 0; i < sizeof(digest); i++)
        snprintf(hex + 2 * i, 3, "%02x", digest[i]);
}

static size_t mac(const void *key, size_t key_n, const char *text, unsigned char out[32])
{
    size_t n = 0;

    EVP_Q_mac(NULL, "HMAC", NULL, "SHA256", NULL, key, key_n, (const unsigned char *)text, strlen(text), out, 32, &n);
    return n;
}

/* The nth header of that name; its value trimmed, inner runs of blanks made one. */
static bool header_value(const struct aws_seen *seen, const char *name, unsigned nth, char *out, size_t room)
{
    size_t length = strlen(name);

    for (const char *line = seen->head; *line != '\0';) {
        const char *end = strchr(line, '\n');
        size_t n = 0;

        if (end == NULL)
            end = line + strlen(line);
        if (strncasecmp(line, name, length) == 0 && line[length] == ':' && nth-- == 0) {
            bool blank = false;

            for (const char *at = line + length + 1; at < end && n + 2 < room; at++) {
                if (isspace((unsigned char)*at)) {
                    blank = n > 0;
                    continue;
                }
                if (blank)
                    out[n++] = ' ';
                blank = false;
                out[n++] = *at;
            }
            out[n] = '\0';
            return true;
        }
        line = *end == '\0' ? end : end + 1;
    }
    return false;
}

bool aws_seen_header(const struct aws_seen *seen, const char *name, char *out, size_t room)
{
    return header_value(seen, name, 0, out, room);
}

bool aws_verify_scope(const struct aws_seen *seen, struct aws_scope *scope)
{
    char text[2048], day[9];

    memset(scope, 0, sizeof(*scope));
    if (!aws_seen_header(seen, "authorization", text, sizeof(text)))
        return false;
    if (sscanf(text,
               "AWS4-HMAC-SHA256 Credential=%159[^/]/%8[0-9]/%63[^/]/%63[^/]/aws4_request, SignedHeaders=%511[^,], "
               "Signature=%64[0-9a-f]",
               scope->key_id, day, scope->region, scope->service, scope->names, scope->signature) != 6)
        return false;
    if (!aws_seen_header(seen, "x-amz-date", text, sizeof(text)) || strlen(text) != 16 || strncmp(text, day, 8) != 0)
        return false;
    memcpy(scope->date, text, 17);
    return strlen(scope->signature) == 64;
}

int64_t aws_verify_time(const struct aws_scope *scope)
{
    struct tm tm = {0};

    if (sscanf(scope->date, "%4d%2d%2dT%2d%2d%2dZ", &tm.tm_year, &tm.tm_mon, &tm.tm_mday, &tm.tm_hour, &tm.tm_min,
               &tm.tm_sec) != 6)
        return 0;
    tm.tm_year -= 1900;
    tm.tm_mon--;
    return (int64_t)timegm(&tm) * 1000;
}

static bool is_signed(const char *names, const char *name)
{
    size_t n = strlen(name);

    for (const char *at = names; (at = strcasestr(at, name)) != NULL; at++) {
        if ((at == names || at[-1] == ';') && (at[n] == ';' || at[n] == '\0'))
            return true;
    }
    return false;
}

/* Every header that carries meaning has to be under the signature. */
static bool all_signed(const struct aws_seen *seen, const char *names)
{
    for (const char *line = seen->head; *line != '\0';) {
        const char *end = strchr(line, '\n'), *colon = strchr(line, ':');
        char name[128];

        if (end == NULL)
            end = line + strlen(line);
        if (colon != NULL && colon < end && colon - line < (long)sizeof(name)) {
            memcpy(name, line, (size_t)(colon - line));
            name[colon - line] = '\0';
            if ((strncasecmp(name, "x-amz-", 6) == 0 || strcasecmp(name, "host") == 0 ||
                 strcasecmp(name, "content-type") == 0) &&
                !is_signed(names, name))
                return false;
        }
        line = *end == '\0' ? end : end + 1;
    }
    return true;
}

const char *aws_verify(const struct aws_seen *seen, const struct aws_scope *scope, const char *secret)
{
    char *canonical = OPENSSL_zalloc(CANONICAL), names[512], hash[65], text[1024], key[300], hex[65], day[9];
    unsigned char chain[32];
    const char *wrong = NULL, *before = "";
    size_t n = 0;

    if (strchr(seen->path, '%') != NULL || strcmp(seen->path, "/") != 0 || seen->query[0] != '\0')
        wrong = "only POST / is verified here";
    n += (size_t)snprintf(canonical + n, CANONICAL - n, "%s\n%s\n%s\n", seen->method, seen->path, seen->query);
    snprintf(names, sizeof(names), "%s", scope->names);
    for (char *rest = names, *name; (name = strsep(&rest, ";")) != NULL; before = name) {
        if (strcmp(before, name) >= 0)
            wrong = "signed headers are not sorted";
        if (!header_value(seen, name, 0, canonical + n + strlen(name) + 1, CANONICAL - n - strlen(name) - 4)) {
            wrong = "a signed header was not sent";
            break;
        }
        memcpy(canonical + n, name, strlen(name));
        canonical[n + strlen(name)] = ':';
        n += strlen(canonical + n);
        canonical[n++] = '\n';
    }
    sha256_hex(seen->body, seen->body_n, hash);
    snprintf(canonical + n, CANONICAL - n, "\n%s\n%s", scope->names, hash);
    sha256_hex(canonical, strlen(canonical), hash);
    memcpy(day, scope->date, 8);
    day[8] = '\0';
    snprintf(text, sizeof(text), "AWS4-HMAC-SHA256\n%s\n%s/%s/%s/aws4_request\n%s", scope->date, day, scope->region,
             scope->service, hash);
    snprintf(key, sizeof(key), "AWS4%s", secret);
    mac(key, strlen(key), day, chain);
    mac(chain, 32, scope->region, chain);
    mac(chain, 32, scope->service, chain);
    mac(chain, 32, "aws4_request", chain);
    mac(chain, 32, text, chain);
    for (size_t i = 0; i < 32; i++)
        snprintf(hex + 2 * i, 3, "%02x", chain[i]);
    if (wrong == NULL && !all_signed(seen, scope->names))
        wrong = "a header that matters is not signed";
    if (wrong == NULL && strcmp(hex, scope->signature) != 0)
        wrong = "the signature is not the one of this request";
    OPENSSL_free(canonical);
    return wrong;
}
