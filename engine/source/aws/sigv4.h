/* AWS Signature Version 4: the Authorization header of one request, a pure function of the request, the credentials and
   the time. After "Signature Version 4 signing process" of the AWS IAM User Guide; proven with AWS's own test vectors. */
#ifndef LEEWAY_ENGINE_SOURCE_AWS_SIGV4_H
#define LEEWAY_ENGINE_SOURCE_AWS_SIGV4_H

#include "engine/base/buf.h"
#include "engine/base/http/http.h"

#define LW_SIGV4_DATE        17   /* "20150830T123600Z" and a NUL: the value of X-Amz-Date */
#define LW_SIGV4_HEADERS_MAX 32u  /* of a request; more is LW_ERR_LIMIT */
#define LW_SIGV4_PAIRS_MAX   256u /* parameters of a query; more is LW_ERR_LIMIT */

/* What is signed. All texts are borrowed. `headers` are all headers that are to be signed, Host and X-Amz-Date (and
   X-Amz-Security-Token) among them, in the order in which they are sent; those of one name are joined. */
struct lw_sigv4_request {
    struct lw_str method;
    struct lw_str path;  /* as it is sent, from its '/'; "." and ".." and empty parts are resolved */
    struct lw_str query; /* as it is sent, without '?'; may be empty */
    const struct lw_http_header *headers;
    size_t headers_n;
    struct lw_str body;
    struct lw_str region, service;
    char date[LW_SIGV4_DATE];
};

/* The date of a request: false outside of the years 0000 to 9999. */
bool lw_sigv4_date(lw_time now, char date[LW_SIGV4_DATE]);

/* Appends the canonical request. LW_ERR_LIMIT: too many headers or parameters, or the buffer's ceiling. */
LW_MUST_USE enum lw_err lw_sigv4_canonical(const struct lw_sigv4_request *request, struct lw_buf *out,
                                           struct lw_fault *fault);
/* Appends the string to sign. */
LW_MUST_USE enum lw_err lw_sigv4_to_sign(const struct lw_sigv4_request *request, struct lw_buf *out,
                                         struct lw_fault *fault);
/* Appends the value of the Authorization header. Nothing that leads to the secret is left in memory. */
LW_MUST_USE enum lw_err lw_sigv4_authorization(const struct lw_sigv4_request *request, struct lw_str key_id,
                                               struct lw_str secret, struct lw_buf *out, struct lw_fault *fault);

#endif
