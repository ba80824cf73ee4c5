/* Loggly's retrieval as a live source: follows what other shippers (the CloudWatch integration) send to an account. */
#ifndef LEEWAY_ENGINE_SOURCE_LOGGLY_RETRIEVAL_H
#define LEEWAY_ENGINE_SOURCE_LOGGLY_RETRIEVAL_H

#include "engine/source/source.h"

#define LW_RETRIEVAL_POLL  (1 * LW_MINUTE)
#define LW_RETRIEVAL_DELAY (20 * LW_MINUTE) /* until an event is surely found: shipper's schedule plus indexing */
#define LW_RETRIEVAL_REPLY ((size_t)16 << 20)
#define LW_RETRIEVAL_QUERY "tag:CloudwatchMetrics AND json.namespace:\"/aws/sagemaker/TrainingJobs\""

/* All is copied by open, but for the calls (http and world must be there). */
struct lw_retrieval_options {
    const char *subdomain;  /* "acme": https://acme.loggly.com */
    const char *endpoint;   /* "http://127.0.0.1:9999" instead of it, or NULL */
    const char *token_file; /* API token; read again at each window and each probe */
    const char *query;      /* NULL: LW_RETRIEVAL_QUERY. "tag:leeway" is always excluded */
    const char *ca_file, *proxy;
    struct lw_str origin;
    lw_span poll;     /* 0: LW_RETRIEVAL_POLL */
    lw_span lookback; /* at the first start, 0: a day */
    lw_span delay;    /* 0: LW_RETRIEVAL_DELAY: each window begins that much before the end of the one before it */
};

/* Windows of time, oldest first, page by page; each begins `delay` before the end of the one before it, and events that
   were taken already are recognised by their ids (a bounded number of them is in the mark; beyond that they come twice,
   which is harmless). Parts: format "loggly-export", each a document of its own: the new events of a page, one after
   another. Batches keep to LW_SOURCE_BATCH_MAX but for a single larger event. The watermark is `delay` before what was
   read. caught_up: at the end of a window that reaches to within `delay` of now.
   LW_ERR_USAGE: neither subdomain nor endpoint, a subdomain that is none, no token file. LW_ERR_NOMEM. What goes wrong
   later is `trouble` in the health and tried again: 503, 429: as Retry-After says or with a growing pause, and then more
   slowly from page to page; 401, 403, a
   certificate, a query that is refused: each minute with the token read anew. */
LW_MUST_USE enum lw_err lw_retrieval_open(struct lw_source *out, const struct lw_retrieval_options *options,
                                          const struct lw_source_calls *calls, struct lw_str mark,
                                          struct lw_fault *fault);

#endif
