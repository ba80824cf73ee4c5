/* The body that Amazon Data Firehose posts to an HTTP endpoint, taken apart as it arrives: {"requestId", "timestamp",
   "records": [{"data": BASE64}]} (Firehose guide, "HTTP endpoint delivery request and response specifications"). */
#ifndef LEEWAY_ENGINE_SOURCE_PUSH_FIREHOSE_H
#define LEEWAY_ENGINE_SOURCE_PUSH_FIREHOSE_H

#include "leeway/err.h"
#include "leeway/str.h"

#include <stdbool.h>
#include <stddef.h>

#define LW_FIREHOSE_RECORDS_MAX 10000 /* of one request */
#define LW_FIREHOSE_ID_MAX      128   /* bytes of a requestId; AWS sends a UUID */

struct lw_firehose;

/* What it calls. An error of either stops it and is returned. */
struct lw_firehose_calls {
    /* Decoded bytes of the record that is open. */
    enum lw_err (*bytes)(void *self, const char *bytes, size_t n, struct lw_fault *fault);
    enum lw_err (*record_end)(void *self, struct lw_fault *fault);
};

LW_MUST_USE enum lw_err lw_firehose_open(struct lw_firehose **out, const struct lw_firehose_calls *calls, void *self,
                                         struct lw_fault *fault);
/* Any cut into pieces gives the same records. Nothing of a record is kept: its base64 (1.3 MB of it are legal) is decoded as
   it passes. LW_ERR_FORMAT says what is wrong with the body. After an error nothing more may be pushed. */
LW_MUST_USE enum lw_err lw_firehose_push(struct lw_firehose *firehose, const char *bytes, size_t n,
                                         struct lw_fault *fault);
/* LW_ERR_FORMAT when the body is not whole, has no requestId or no records. */
LW_MUST_USE enum lw_err lw_firehose_finish(struct lw_firehose *firehose, struct lw_fault *fault);
/* The requestId, as far as it was seen; empty before. */
struct lw_str lw_firehose_id(const struct lw_firehose *firehose);
void lw_firehose_close(struct lw_firehose *firehose);

/* true: printable ASCII without a quote or backslash, 1..LW_FIREHOSE_ID_MAX bytes. */
bool lw_firehose_is_id(struct lw_str id);

#endif
