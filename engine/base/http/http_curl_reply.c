#include "engine/base/http/http_curl_reply.h"

#include <ctype.h>
#include <openssl/x509_vfy.h>
#include <stdio.h>
#include <string.h>

void lw_http_curl_reply_open(struct lw_http_curl_reply *reply, size_t body_max)
{
    *reply = (struct lw_http_curl_reply){.body.ceiling = body_max, .head.ceiling = LW_HTTP_CURL_HEADER_BYTES};
}

void lw_http_curl_reply_close(struct lw_http_curl_reply *reply)
{
    lw_buf_close(&reply->body);
    lw_buf_close(&reply->head);
}

static size_t take_body(char *bytes, size_t size, size_t n, void *context)
{
    struct lw_http_curl_reply *reply = context;

    lw_buf_bytes(&reply->body, bytes, size * n);
    reply->too_large |= reply->body.error == LW_ERR_LIMIT;
    return reply->body.error == LW_ERR_OK ? size * n : 0;
}

static struct lw_str trimmed(struct lw_str text)
{
    while (text.len > 0 && strchr(" \t\r\n", text.at[text.len - 1]))
        text.len--;
    while (text.len > 0 && (*text.at == ' ' || *text.at == '\t')) {
        text.at++;
        text.len--;
    }
    return text;
}

static bool keep_header(struct lw_http_curl_reply *reply, struct lw_str line)
{
    const char *colon = memchr(line.at, ':', line.len);
    struct lw_str name, value;
    size_t start = reply->head.len;

    if (!colon)
        return true; /* the empty line at the end, or folded text that nobody needs */
    name = trimmed((struct lw_str){line.at, (size_t)(colon - line.at)});
    value = trimmed((struct lw_str){colon + 1, line.len - (size_t)(colon - line.at) - 1});
    if (reply->places_n == LW_HTTP_CURL_HEADERS) {
        reply->too_large = true;
        return false;
    }
    lw_buf_str(&reply->head, name);
    lw_buf_str(&reply->head, value);
    if (reply->head.error != LW_ERR_OK) {
        reply->too_large |= reply->head.error == LW_ERR_LIMIT;
        return false;
    }
    for (size_t i = 0; i < name.len; i++)
        reply->head.at[start + i] = (char)tolower((unsigned char)reply->head.at[start + i]);
    reply->places[reply->places_n++] = (struct lw_http_curl_place){start, name.len, start + name.len, value.len};
    return true;
}

static size_t take_header(char *bytes, size_t size, size_t n, void *context)
{
    struct lw_http_curl_reply *reply = context;
    struct lw_str line = {bytes, size * n};

    if (line.len >= 5 && memcmp(line.at, "HTTP/", 5) == 0) {
        reply->places_n = 0; /* what came before was an interim reply, 1xx */
        lw_buf_clear(&reply->head);
        return line.len;
    }
    return keep_header(reply, line) ? line.len : 0;
}

bool lw_http_curl_reply_attach(struct lw_http_curl_reply *reply, CURL *easy)
{
    return curl_easy_setopt(easy, CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)reply->body.ceiling) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_body) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_WRITEDATA, reply) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, take_header) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_HEADERDATA, reply) == CURLE_OK;
}

/* Codes that say that the peer is not who it should be: a person must look. A handshake that broke off (CURLE_SSL_CONNECT_ERROR)
   may be a restart of the peer, and is tried again like any lost connection. */
static const struct {
    CURLcode code;
    enum lw_http_outcome outcome;
} classes[] = {
    {CURLE_PEER_FAILED_VERIFICATION, LW_HTTP_TLS},
    {CURLE_SSL_CACERT_BADFILE, LW_HTTP_TLS},
    {CURLE_SSL_ISSUER_ERROR, LW_HTTP_TLS},
    {CURLE_SSL_CRL_BADFILE, LW_HTTP_TLS},
    {CURLE_SSL_INVALIDCERTSTATUS, LW_HTTP_TLS},
    {CURLE_SSL_PINNEDPUBKEYNOTMATCH, LW_HTTP_TLS},
    {CURLE_SSL_CERTPROBLEM, LW_HTTP_TLS},
    {CURLE_FILESIZE_EXCEEDED, LW_HTTP_TOO_LARGE},
    {CURLE_UNSUPPORTED_PROTOCOL, LW_HTTP_TOO_LARGE}, /* HTTP/0.9: the scheme was checked */
    {CURLE_WEIRD_SERVER_REPLY, LW_HTTP_TOO_LARGE},
    {CURLE_URL_MALFORMAT, LW_HTTP_REFUSED},
};

static enum lw_http_outcome outcome_of(const struct lw_http_curl_reply *reply, CURLcode code)
{
    if (code == CURLE_OK)
        return LW_HTTP_REPLIED;
    if (reply->too_large)
        return LW_HTTP_TOO_LARGE;
    for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++) {
        if (classes[i].code == code)
            return classes[i].outcome;
    }
    return LW_HTTP_NETWORK;
}

/* libcurl's own error buffer is not used: it may quote what it was given. */
static void describe(const struct lw_http_curl_reply *reply, CURL *easy, CURLcode code, struct lw_http_reply *out)
{
    long verified = X509_V_OK, number = 0;
    const char *text = curl_easy_strerror(code);

    curl_easy_getinfo(easy, CURLINFO_SSL_VERIFYRESULT, &verified);
    curl_easy_getinfo(easy, CURLINFO_OS_ERRNO, &number);
    if (out->outcome == LW_HTTP_TLS && verified != X509_V_OK && verified != X509_V_ERR_UNSPECIFIED)
        text = X509_verify_cert_error_string(verified);
    else if (code == CURLE_PEER_FAILED_VERIFICATION)
        text = "the certificate is for another name";
    else if (reply->too_large)
        text = "the reply is larger than allowed";
    else if (out->outcome == LW_HTTP_TOO_LARGE && code != CURLE_FILESIZE_EXCEEDED)
        text = "the reply is not HTTP";
    if (code == CURLE_COULDNT_CONNECT && number != 0)
        snprintf(out->detail, sizeof(out->detail), "%s: %s", text, strerror((int)number));
    else
        snprintf(out->detail, sizeof(out->detail), "%s", text);
}

void lw_http_curl_reply_tell(const struct lw_http_curl_reply *reply, CURL *easy, CURLcode code,
                             struct lw_http_header headers[LW_HTTP_CURL_HEADERS], struct lw_http_reply *out)
{
    long status = 0, sent = 0;

    *out = (struct lw_http_reply){.outcome = outcome_of(reply, code), .headers = headers};
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(easy, CURLINFO_REQUEST_SIZE, &sent);
    out->unsent = out->outcome == LW_HTTP_NETWORK && sent == 0;
    if (code != CURLE_OK) {
        describe(reply, easy, code, out);
        return;
    }
    out->status = (int)status;
    out->body = lw_buf_view(&reply->body);
    for (size_t i = 0; i < reply->places_n; i++) {
        const struct lw_http_curl_place *place = &reply->places[i];

        headers[i] = (struct lw_http_header){
            .name = {reply->head.at + place->name, place->name_len},
            .value = {reply->head.at + place->value, place->value_len},
        };
    }
    out->headers_n = reply->places_n;
}
