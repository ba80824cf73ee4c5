/* The source that is pushed to: bodies of HTTP requests in, batches out, and an answer once the batch is durable. It knows
   no sockets: the server hands in what arrives and is called back with the answer. */
#ifndef LEEWAY_ENGINE_SOURCE_PUSH_PUSH_H
#define LEEWAY_ENGINE_SOURCE_PUSH_PUSH_H

#include "engine/source/source.h"
#include "leeway/reject.h"

#define LW_PUSH_METRICS_MAX  ((size_t)16 << 20)  /* bytes of a body of /v1/metrics, as sent */
#define LW_PUSH_FIREHOSE_MAX ((size_t)64 << 20)  /* of /v1/firehose: what AWS may send */
#define LW_PUSH_TEXT_MAX     ((size_t)64 << 20)  /* of either, once unpacked */
#define LW_PUSH_HELD_MAX     ((size_t)128 << 20) /* of all requests together; beyond it: 503 */
#define LW_PUSH_RATIO_MAX    200                 /* of unpacked to packed, looked at after the first MiB */
#define LW_PUSH_WAITING_MAX  64                  /* requests that wait */
#define LW_PUSH_RUN_MAX      255                 /* bytes of the name of a run */

enum lw_push_route { LW_PUSH_METRICS, LW_PUSH_FIREHOSE };

/* Everything is borrowed during the call. */
struct lw_push_answer {
    int status; /* 200, 400, 413, 503 */
    const char *content_type;
    struct lw_str body;
    lw_span retry_after; /* 0: no such header */
};
typedef void lw_push_answered(void *context, const struct lw_push_answer *answer);

struct lw_push_options {
    const char *origin;        /* label where the data do not say, or NULL */
    const char *format;        /* id of a format; NULL: "auto" */
    size_t text_max, held_max; /* 0: as above */
};

struct lw_push; /* the `state` of the struct lw_source */
struct lw_push_request;

/* `mark`: what the last batch said, or empty. `calls->http` is not used. LW_ERR_STATE: the mark is damaged. */
LW_MUST_USE enum lw_err lw_push_open(struct lw_source *out, const struct lw_push_options *options,
                                     const struct lw_source_calls *calls, struct lw_str mark, struct lw_fault *fault);

/* For the server. A request whose head is good begins; `answered` is called exactly once, from any of these functions, from
   `taken` or from close, unless it is cancelled before; the handle is void from then on (within begin: *out is NULL).
   `id`: the Firehose request id of the head, empty where there is none. `run`: of what does not say it itself, such as a
   training log; empty: unknown. `length`: what Content-Length says; 0: unknown. Gzip is told by its first two bytes. */
void lw_push_begin(struct lw_push *push, enum lw_push_route route, struct lw_str id, struct lw_str run, uint64_t length,
                   lw_push_answered *answered, void *context, struct lw_push_request **out);
/* A piece of its body. Unpacked, and for Firehose taken apart, at once; memory grows by what comes out. false: it was
   answered, the handle is void. */
LW_MUST_USE bool lw_push_bytes(struct lw_push *push, struct lw_push_request *request, const char *bytes, size_t n);
/* The body is whole: it waits for its batch. false: as above. */
LW_MUST_USE bool lw_push_end(struct lw_push *push, struct lw_push_request *request);
/* The peer is gone. What is in a batch that is ready stays in it, nobody is answered. */
void lw_push_cancel(struct lw_push *push, struct lw_push_request *request);

/* For the flow, between `ready` and `taken`: what became of a part of the batch, once it is decoded. Adds up over the
   batches of a large request. Parts of which nothing is said count as accepted with 0 records. */
struct lw_push_counts {
    uint64_t accepted; /* datapoints and facts, duplicates too */
    uint64_t rejected[LW_REJECT_COUNT];
    struct lw_str
        why; /* the part could not be used at all: the request is answered with 400 and this; empty: it could */
};
void lw_push_result(struct lw_push *push, size_t part, const struct lw_push_counts *counts);

#endif
