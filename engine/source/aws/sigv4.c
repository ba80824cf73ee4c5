#include "engine/source/aws/sigv4.h"

#include "engine/base/fault.h"
#include "engine/base/time_text.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdlib.h>

#define DIGEST     32u
#define CANON_MAX  ((size_t)4 << 20)
#define SECRET_MAX 1024u

struct pair {
    struct lw_str name, value;
};

static bool is_unreserved(unsigned char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
           c == '_' || c == '~';
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static char lower(char c)
{
    return (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
}

static void put_encoded(struct lw_buf *out, unsigned char c)
{
    static const char digits[] = "0123456789ABCDEF";

    if (!is_unreserved(c)) {
        lw_buf_char(out, '%');
        lw_buf_char(out, digits[c >> 4]);
        c = (unsigned char)digits[c & 15];
    }
    lw_buf_char(out, (char)c);
}

static void put_hex(struct lw_buf *out, const unsigned char *bytes, size_t n)
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < n; i++) {
        lw_buf_char(out, digits[bytes[i] >> 4]);
        lw_buf_char(out, digits[bytes[i] & 15]);
    }
}

static bool put_digest(struct lw_buf *out, struct lw_str text)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned n = 0;

    if (EVP_Digest(text.len > 0 ? text.at : "", text.len, digest, &n, EVP_sha256(), NULL) != 1)
        return false;
    put_hex(out, digest, n);
    return true;
}

/* The path is resolved as RFC 3986 section 5.2.4 says, and empty parts fall away; then every byte is encoded that is
   neither unreserved nor '/'. What the caller encoded for the wire is thereby encoded once more, as all services but S3
   want it. */
static void put_path(struct lw_buf *out, struct lw_str path)
{
    size_t start = out->len, at = 0;
    bool slash = false;

    while (at < path.len && out->error == LW_ERR_OK) {
        size_t from = at, n;

        while (at < path.len && path.at[at] != '/')
            at++;
        n = at - from;
        slash = at < path.len;
        at += slash;
        if (n == 0 || (n == 1 && path.at[from] == '.')) {
            slash = true;
            continue;
        }
        if (n == 2 && path.at[from] == '.' && path.at[from + 1] == '.') {
            while (out->len > start && out->at[out->len - 1] != '/')
                out->len--;
            out->len -= out->len > start;
            slash = true;
            continue;
        }
        lw_buf_char(out, '/');
        for (size_t i = 0; i < n; i++)
            put_encoded(out, (unsigned char)path.at[from + i]);
    }
    if (out->len == start || slash)
        lw_buf_char(out, '/');
}

/* Decodes what is encoded and encodes what has to be, so that every way to write a parameter becomes one. Byte `i` of
   `text`, and how many characters it takes. */
static unsigned char decoded(struct lw_str text, size_t i, size_t *taken)
{
    *taken = 1;
    if (text.at[i] == '%' && i + 2 < text.len && hex_value(text.at[i + 1]) >= 0 && hex_value(text.at[i + 2]) >= 0) {
        *taken = 3;
        return (unsigned char)(hex_value(text.at[i + 1]) * 16 + hex_value(text.at[i + 2]));
    }
    return (unsigned char)text.at[i];
}

static struct lw_str put_parameter(struct lw_buf *out, struct lw_str text)
{
    size_t start = out->len, taken;

    for (size_t i = 0; i < text.len; i += taken)
        put_encoded(out, decoded(text, i, &taken));
    return (struct lw_str){NULL, out->len - start};
}

static int by_pair(const void *a, const void *b)
{
    const struct pair *x = a, *y = b;
    int order = lw_str_compare(x->name, y->name);

    return order != 0 ? order : lw_str_compare(x->value, y->value);
}

/* Parameters sorted by their encoded names and values. They are encoded into `room`, which does not move: each byte takes
   three at most. */
static enum lw_err put_query(struct lw_buf *out, struct lw_str query, struct lw_fault *fault)
{
    struct pair pairs[LW_SIGV4_PAIRS_MAX];
    struct lw_buf room = {.ceiling = query.len * 3 + 1};
    size_t n = 0, at = 0;

    if (lw_buf_reserve(&room, query.len * 3 + 1) == NULL)
        return lw_fault_memory(fault, "the canonical form of a request");
    while (at < query.len) {
        const char *end = memchr(query.at + at, '&', query.len - at);
        struct lw_str part = {query.at + at, end != NULL ? (size_t)(end - query.at) - at : query.len - at};
        const char *equals = part.len > 0 ? memchr(part.at, '=', part.len) : NULL;
        struct lw_str value = {0};

        at += part.len + 1;
        if (part.len == 0)
            continue;
        if (n == LW_SIGV4_PAIRS_MAX) {
            lw_buf_close(&room);
            return lw_fault_set(fault, LW_ERR_LIMIT, "a request has more than %u parameters", LW_SIGV4_PAIRS_MAX);
        }
        if (equals != NULL) {
            value = (struct lw_str){equals + 1, part.len - (size_t)(equals - part.at) - 1};
            part.len = (size_t)(equals - part.at);
        }
        pairs[n].name = put_parameter(&room, part);
        pairs[n].name.at = room.at + room.len - pairs[n].name.len;
        pairs[n].value = put_parameter(&room, value);
        pairs[n].value.at = room.at + room.len - pairs[n].value.len;
        n++;
    }
    if (n > 1)
        qsort(pairs, n, sizeof(pairs[0]), by_pair);
    for (size_t i = 0; i < n; i++) {
        if (i > 0)
            lw_buf_char(out, '&');
        lw_buf_str(out, pairs[i].name);
        lw_buf_char(out, '=');
        lw_buf_str(out, pairs[i].value);
    }
    lw_buf_close(&room);
    return LW_ERR_OK;
}

static int compare_names(struct lw_str a, struct lw_str b)
{
    for (size_t i = 0; i < a.len && i < b.len; i++) {
        int order = (unsigned char)lower(a.at[i]) - (unsigned char)lower(b.at[i]);

        if (order != 0)
            return order;
    }
    return (a.len > b.len) - (a.len < b.len);
}

/* Indices of the headers, by name; those of one name stay in the order in which they are sent. An insertion sort: headers
   are few. */
static enum lw_err sort_headers(const struct lw_sigv4_request *request, uint8_t order[LW_SIGV4_HEADERS_MAX],
                                struct lw_fault *fault)
{
    if (request->headers_n > LW_SIGV4_HEADERS_MAX)
        return lw_fault_set(fault, LW_ERR_LIMIT, "a request has more than %u headers", LW_SIGV4_HEADERS_MAX);
    for (size_t i = 0; i < request->headers_n; i++) {
        size_t j = i;

        for (; j > 0 && compare_names(request->headers[order[j - 1]].name, request->headers[i].name) > 0; j--)
            order[j] = order[j - 1];
        order[j] = (uint8_t)i;
    }
    return LW_ERR_OK;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Without blanks at its ends, and each run of blanks one space. */
static void put_trimmed(struct lw_buf *out, struct lw_str value)
{
    bool blank = false, any = false;

    for (size_t i = 0; i < value.len; i++) {
        if (is_blank(value.at[i])) {
            blank = true;
            continue;
        }
        if (blank && any)
            lw_buf_char(out, ' ');
        lw_buf_char(out, value.at[i]);
        blank = false;
        any = true;
    }
}

static void put_lower(struct lw_buf *out, struct lw_str name)
{
    for (size_t i = 0; i < name.len; i++)
        lw_buf_char(out, lower(name.at[i]));
}

static bool same_as_before(const struct lw_sigv4_request *request, const uint8_t *order, size_t i)
{
    return i > 0 && compare_names(request->headers[order[i - 1]].name, request->headers[order[i]].name) == 0;
}

static void put_headers(struct lw_buf *out, const struct lw_sigv4_request *request, const uint8_t *order)
{
    for (size_t i = 0; i < request->headers_n; i++) {
        const struct lw_http_header *header = &request->headers[order[i]];

        if (same_as_before(request, order, i)) {
            lw_buf_char(out, ',');
        } else {
            if (i > 0)
                lw_buf_char(out, '\n');
            put_lower(out, header->name);
            lw_buf_char(out, ':');
        }
        put_trimmed(out, header->value);
    }
    if (request->headers_n > 0)
        lw_buf_char(out, '\n');
}

static void put_names(struct lw_buf *out, const struct lw_sigv4_request *request, const uint8_t *order)
{
    for (size_t i = 0; i < request->headers_n; i++) {
        if (same_as_before(request, order, i))
            continue;
        if (i > 0)
            lw_buf_char(out, ';');
        put_lower(out, request->headers[order[i]].name);
    }
}

static enum lw_err check(const struct lw_buf *out, struct lw_fault *fault)
{
    if (out->error == LW_ERR_LIMIT)
        return lw_fault_set(fault, LW_ERR_LIMIT, "a request to AWS is too large to be signed");
    return out->error == LW_ERR_OK ? LW_ERR_OK : lw_fault_memory(fault, "the signature of a request");
}

enum lw_err lw_sigv4_canonical(const struct lw_sigv4_request *request, struct lw_buf *out, struct lw_fault *fault)
{
    uint8_t order[LW_SIGV4_HEADERS_MAX];
    size_t start = out->len;
    enum lw_err err = sort_headers(request, order, fault);

    if (err != LW_ERR_OK)
        return err;
    lw_buf_str(out, request->method);
    lw_buf_char(out, '\n');
    put_path(out, request->path);
    lw_buf_char(out, '\n');
    err = put_query(out, request->query, fault);
    lw_buf_char(out, '\n');
    put_headers(out, request, order);
    lw_buf_char(out, '\n');
    put_names(out, request, order);
    lw_buf_char(out, '\n');
    if (err == LW_ERR_OK && !put_digest(out, request->body))
        err = lw_fault_memory(fault, "the digest of a request");
    if (err == LW_ERR_OK)
        err = check(out, fault);
    if (err != LW_ERR_OK)
        out->len = start;
    return err;
}

static void put_scope(struct lw_buf *out, const struct lw_sigv4_request *request)
{
    lw_buf_bytes(out, request->date, 8);
    lw_buf_char(out, '/');
    lw_buf_str(out, request->region);
    lw_buf_char(out, '/');
    lw_buf_str(out, request->service);
    lw_buf_text(out, "/aws4_request");
}

enum lw_err lw_sigv4_to_sign(const struct lw_sigv4_request *request, struct lw_buf *out, struct lw_fault *fault)
{
    struct lw_buf canonical = {.ceiling = CANON_MAX};
    enum lw_err err = lw_sigv4_canonical(request, &canonical, fault);
    size_t start = out->len;

    if (err == LW_ERR_OK) {
        lw_buf_text(out, "AWS4-HMAC-SHA256\n");
        lw_buf_text(out, request->date);
        lw_buf_char(out, '\n');
        put_scope(out, request);
        lw_buf_char(out, '\n');
        err = put_digest(out, lw_buf_view(&canonical)) ? check(out, fault)
                                                       : lw_fault_memory(fault, "the digest of a request");
        if (err != LW_ERR_OK)
            out->len = start;
    }
    lw_buf_close(&canonical);
    return err;
}

static bool hmac(unsigned char key[DIGEST], struct lw_str text)
{
    unsigned char result[EVP_MAX_MD_SIZE];
    unsigned n = 0;
    bool good = HMAC(EVP_sha256(), key, (int)DIGEST, (const unsigned char *)text.at, text.len, result, &n) != NULL;

    if (good)
        memcpy(key, result, DIGEST);
    OPENSSL_cleanse(result, sizeof(result));
    return good;
}

/* The key of a day, region and service: a chain of HMACs that begins with "AWS4" and the secret. */
static bool derive(const struct lw_sigv4_request *request, struct lw_str secret, unsigned char key[DIGEST])
{
    unsigned char first[4 + SECRET_MAX], result[EVP_MAX_MD_SIZE];
    unsigned n = 0;
    bool good;

    memcpy(first, "AWS4", 4);
    if (secret.len > 0)
        memcpy(first + 4, secret.at, secret.len);
    good =
        HMAC(EVP_sha256(), first, (int)(4 + secret.len), (const unsigned char *)request->date, 8, result, &n) != NULL;
    if (good)
        memcpy(key, result, DIGEST);
    OPENSSL_cleanse(first, sizeof(first));
    OPENSSL_cleanse(result, sizeof(result));
    return good && hmac(key, request->region) && hmac(key, request->service) && hmac(key, LW_STR("aws4_request"));
}

enum lw_err lw_sigv4_authorization(const struct lw_sigv4_request *request, struct lw_str key_id, struct lw_str secret,
                                   struct lw_buf *out, struct lw_fault *fault)
{
    struct lw_buf text = {.ceiling = 4096};
    uint8_t order[LW_SIGV4_HEADERS_MAX];
    unsigned char key[DIGEST] = {0};
    size_t start = out->len;
    enum lw_err err;

    if (secret.len > SECRET_MAX)
        return lw_fault_set(fault, LW_ERR_LIMIT, "the secret access key is longer than %u bytes", SECRET_MAX);
    err = lw_sigv4_to_sign(request, &text, fault);
    if (err == LW_ERR_OK)
        err = sort_headers(request, order, fault);
    if (err == LW_ERR_OK && !(derive(request, secret, key) && hmac(key, lw_buf_view(&text))))
        err = lw_fault_memory(fault, "the signature of a request");
    if (err == LW_ERR_OK) {
        lw_buf_text(out, "AWS4-HMAC-SHA256 Credential=");
        lw_buf_str(out, key_id);
        lw_buf_char(out, '/');
        put_scope(out, request);
        lw_buf_text(out, ", SignedHeaders=");
        put_names(out, request, order);
        lw_buf_text(out, ", Signature=");
        put_hex(out, key, DIGEST);
        err = check(out, fault);
    }
    if (err != LW_ERR_OK)
        out->len = start;
    OPENSSL_cleanse(key, sizeof(key));
    lw_buf_close(&text);
    return err;
}

bool lw_sigv4_date(lw_time now, char date[LW_SIGV4_DATE])
{
    static const uint8_t from[] = {0, 1, 2, 3, 5, 6, 8, 9, 10, 11, 12, 14, 15, 17, 18};
    char text[LW_TIME_TEXT];

    if (now.ms < LW_TIME_MIN || now.ms > LW_TIME_MAX)
        return false;
    lw_time_write(now, text);
    for (size_t i = 0; i < sizeof(from); i++)
        date[i] = text[from[i]];
    date[15] = 'Z';
    date[16] = '\0';
    return true;
}
