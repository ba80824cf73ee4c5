/* One request to a service of AWS, signed, and what its reply means. */
#ifndef LEEWAY_ENGINE_SOURCE_AWS_API_H
#define LEEWAY_ENGINE_SOURCE_AWS_API_H

#include "engine/base/http/http.h"
#include "engine/source/aws/credentials/keys.h"

#define LW_API_URL_MAX 512u

struct lw_api_call {
    struct lw_str url;          /* "https://monitoring.us-east-1.amazonaws.com/" */
    struct lw_str region;       /* of the signature */
    const char *service;        /* of the signature: "monitoring", "sagemaker", "sts" */
    const char *content_type;   /* "application/x-amz-json-1.0" */
    const char *target;         /* X-Amz-Target, or NULL */
    struct lw_str body;         /* borrowed until the request is done or cancelled; all else is copied */
    const struct lw_keys *keys; /* NULL: not signed (web identity) */
    const char *ca_file;
    lw_span timeout;
    size_t reply_max;
};

/* Signs with the time `now` and starts. As start of struct lw_http. */
LW_MUST_USE enum lw_err lw_api_start(const struct lw_http *http, const struct lw_api_call *call, lw_time now,
                                     lw_http_done *done, void *context, uint64_t *id, struct lw_fault *fault);

/* Where a service is in a region, or `endpoint` with a '/' at its end if it is given. false: too long. `host` is the name
   before the region: "monitoring", "api.sagemaker", "sts". */
bool lw_api_url(const char *endpoint, const char *host, struct lw_str region, char url[LW_API_URL_MAX]);

enum lw_api_verdict {
    LW_API_GOOD,
    LW_API_WAIT,      /* 5xx, network: again after a while */
    LW_API_THROTTLED, /* the same, and slower */
    LW_API_SKEWED,    /* our clock differs from theirs: `theirs` if they say it */
    LW_API_EXPIRED,   /* other credentials are needed */
    LW_API_DENIED,    /* the credentials lack a right */
    LW_API_MISSING,   /* what was asked for does not exist */
    LW_API_BAD        /* anything else: asking again will not help soon */
};

struct lw_api_answer {
    enum lw_api_verdict verdict;
    char code[64];     /* "ThrottlingException", "HTTP 503", "network" */
    char message[160]; /* theirs, control characters and secrets apart; may be empty */
    lw_time theirs;
    bool has_theirs;
};

/* `xml`: errors of query services (STS), else JSON. Whether the body of a good reply is well-formed is the caller's to see. */
void lw_api_judge(const struct lw_http_reply *reply, bool xml, struct lw_api_answer *answer);

/* "Wed, 21 Oct 2015 07:28:00 GMT" (RFC 9110 section 5.6.7, the form that must be sent). */
bool lw_api_http_date(struct lw_str text, lw_time *time);

#endif
