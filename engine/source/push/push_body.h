/* The body of a pushed request while it arrives: unpacked, for Firehose taken apart, kept as text in documents. */
#ifndef LEEWAY_ENGINE_SOURCE_PUSH_PUSH_BODY_H
#define LEEWAY_ENGINE_SOURCE_PUSH_PUSH_BODY_H

#include "engine/base/buf.h"
#include "engine/source/push/firehose.h"
#include "engine/source/unpack.h"

#include <stdbool.h>

/* A stretch of the text that one decoder reads. */
struct lw_push_document {
    size_t begin, end;
    bool packed; /* came out of gzip: the payload of one log subscription, which stands alone */
};

struct lw_push_body {
    /* Filled by whoever begins it. */
    bool is_firehose;
    size_t text_max;
    size_t *held; /* text of all bodies together */
    size_t held_max;
    /* Its own. */
    struct lw_unpack *packed, *record; /* record: the one that is open */
    struct lw_firehose *firehose;
    uint64_t arrived; /* bytes, as sent */
    struct lw_buf text;
    size_t record_begin;
    struct lw_push_document *documents;
    size_t documents_n, documents_room;
    char id[LW_FIREHOSE_ID_MAX]; /* of the head, then of the body */
    size_t id_n;
    bool refused; /* for the reason in `why`, with that status */
    int status;
    char why[256];
};

LW_MUST_USE enum lw_err lw_push_body_begin(struct lw_push_body *body, struct lw_fault *fault);
/* An error ends it: what it means for the client is said by lw_push_body_failed. */
LW_MUST_USE enum lw_err lw_push_body_bytes(struct lw_push_body *body, const char *bytes, size_t n,
                                           struct lw_fault *fault);
/* It is whole. What reading needed is given back, the text and its documents stay. */
LW_MUST_USE enum lw_err lw_push_body_end(struct lw_push_body *body, struct lw_fault *fault);
/* The status of the answer after an error of one of these, and why, for the client. */
int lw_push_body_failed(const struct lw_push_body *body, enum lw_err err, const struct lw_fault *fault,
                        const char **why);
/* Why a body is refused that is longer than this route takes, as sent. */
const char *lw_push_body_too_large(bool is_firehose);
void lw_push_body_close(struct lw_push_body *body);

#endif
