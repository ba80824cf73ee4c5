/* The request that carries a batch to Loggly or to a webhook. */
#ifndef LEEWAY_ENGINE_SINK_REQUEST_H
#define LEEWAY_ENGINE_SINK_REQUEST_H

#include "engine/base/arena.h"
#include "engine/sink/batch.h"
#include "engine/sink/delivery.h"
#include "engine/sink/verdict.h"

#define LW_REQUEST_LOGGLY_BATCH ((size_t)5000000) /* Loggly takes less than 5 MiB; line ends count */
#define LW_REQUEST_LOGGLY_EVENT ((size_t)1000000) /* and less than 1 MiB, without the line end */

/* What is wrong with the options, for people; NULL when nothing is. */
const char *lw_request_check(const struct lw_delivery_options *options);
/* A copy with all texts in `arena`; false without memory. */
bool lw_request_copy(struct lw_delivery_options *own, const struct lw_delivery_options *options,
                     struct lw_arena *arena);

/* Reads the secrets, builds URL, headers and body, starts the request and wipes what was secret; the URL with the token
   exists only in here (and in what libcurl copies). The body is that of the batch, or lies in `payload`, which the caller
   keeps until the reply and then wipes. false: nothing was started, *verdict says why (HELD, RETRY without memory, REFUSED
   when the event cannot be rendered). */
bool lw_request_start(const struct lw_delivery_options *options, const struct lw_http *http,
                      const struct lw_batch *batch, struct lw_buf *payload, lw_http_done *done, void *context,
                      uint64_t *id, struct lw_verdict *verdict);

#endif
