#define _DEFAULT_SOURCE
#include "engine/source/push/push_body.h"

#include "engine/base/fault.h"
#include "engine/source/push/push.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#define RATIO_FROM ((size_t)1 << 20)

static enum lw_err refuse(struct lw_push_body *body, int status, const char *why)
{
    if (!body->refused) {
        body->refused = true;
        body->status = status;
        snprintf(body->why, sizeof(body->why), "%s", why);
    }
    return LW_ERR_LIMIT;
}

static enum lw_err take_text(void *self, const char *bytes, size_t n, struct lw_fault *fault)
{
    struct lw_push_body *body = self;
    size_t whole = body->text.len + n;

    (void)fault;
    if (whole > body->text_max)
        return refuse(body, body->is_firehose ? 400 : 413,
                      "the body has more than 64 MiB once it is unpacked: send it in parts");
    if (whole > RATIO_FROM && whole / LW_PUSH_RATIO_MAX > body->arrived)
        return refuse(body, 400, "the body unpacks to more than 200 times its size: that is no data of metrics");
    if (*body->held + n > body->held_max && *body->held > body->text.len)
        return refuse(body, 503, "too much waits to be stored: try again later");
    lw_buf_bytes(&body->text, bytes, n);
    if (body->text.error != LW_ERR_OK)
        return refuse(body, 503, "there is no memory for it now: try again later");
    *body->held += n;
    return LW_ERR_OK;
}

/* A piece of the body, unpacked where it was packed. */
static enum lw_err take_body(void *self, const char *bytes, size_t n, struct lw_fault *fault)
{
    struct lw_push_body *body = self;

    return body->firehose == NULL ? take_text(body, bytes, n, fault)
                                  : lw_firehose_push(body->firehose, bytes, n, fault);
}

static enum lw_err add_document(struct lw_push_body *body, bool packed, struct lw_fault *fault)
{
    struct lw_push_document *last = body->documents_n > 0 ? &body->documents[body->documents_n - 1] : NULL;

    if (body->text.len == body->record_begin)
        return LW_ERR_OK;
    if (last != NULL && !last->packed && !packed) {
        last->end = body->text.len;
        return LW_ERR_OK;
    }
    if (body->documents_n == body->documents_room) {
        size_t room = body->documents_room == 0 ? 4 : 2 * body->documents_room;
        struct lw_push_document *larger = reallocarray(body->documents, room, sizeof(*larger));

        if (larger == NULL)
            return lw_fault_memory(fault, "a pushed body");
        body->documents = larger;
        body->documents_room = room;
    }
    body->documents[body->documents_n++] =
        (struct lw_push_document){.begin = body->record_begin, .end = body->text.len, .packed = packed};
    return LW_ERR_OK;
}

static enum lw_err record_bytes(void *self, const char *bytes, size_t n, struct lw_fault *fault)
{
    struct lw_push_body *body = self;

    if (body->record == NULL) {
        enum lw_err err = lw_unpack_open(&body->record, take_text, body, fault);

        if (err != LW_ERR_OK)
            return err;
        body->record_begin = body->text.len;
    }
    return lw_unpack_push(body->record, bytes, n, fault);
}

/* Records of a metric stream are lines; nothing says that the last one of a record ends with a line end. */
static enum lw_err record_end(void *self, struct lw_fault *fault)
{
    struct lw_push_body *body = self;
    enum lw_err err;
    bool packed;

    if (body->record == NULL)
        return LW_ERR_OK;
    err = lw_unpack_finish(body->record, fault);
    packed = lw_unpack_packed(body->record);
    lw_unpack_close(body->record);
    body->record = NULL;
    if (err == LW_ERR_OK && body->text.len > body->record_begin && body->text.at[body->text.len - 1] != '\n')
        err = take_text(body, "\n", 1, fault);
    return err == LW_ERR_OK ? add_document(body, packed, fault) : err;
}

enum lw_err lw_push_body_begin(struct lw_push_body *body, struct lw_fault *fault)
{
    static const struct lw_firehose_calls calls = {record_bytes, record_end};
    enum lw_err err;

    body->text.ceiling = body->text_max;
    err = lw_unpack_open(&body->packed, take_body, body, fault);

    if (err == LW_ERR_OK && body->is_firehose)
        err = lw_firehose_open(&body->firehose, &calls, body, fault);
    return err;
}

/* The body says itself which request it is; a head that says otherwise was mixed up on the way. */
static enum lw_err take_id(struct lw_push_body *body, struct lw_fault *fault)
{
    struct lw_str id = lw_firehose_id(body->firehose);

    if (body->id_n > 0 && !lw_str_equal(id, (struct lw_str){body->id, body->id_n}))
        return lw_fault_set(fault, LW_ERR_FORMAT, "requestId differs from X-Amz-Firehose-Request-Id");
    memcpy(body->id, id.at, id.len);
    body->id_n = id.len;
    return LW_ERR_OK;
}

static enum lw_err end_body(struct lw_push_body *body, struct lw_fault *fault)
{
    enum lw_err err = lw_unpack_finish(body->packed, fault);

    if (err == LW_ERR_OK && body->firehose != NULL)
        err = lw_firehose_finish(body->firehose, fault);
    if (err == LW_ERR_OK && body->firehose != NULL)
        return take_id(body, fault);
    if (err == LW_ERR_OK && body->text.len == 0)
        return lw_fault_set(fault, LW_ERR_FORMAT, "the body is empty");
    return err == LW_ERR_OK ? add_document(body, false, fault) : err;
}

/* What reading needed is given back while it waits. */
static void stop_reading(struct lw_push_body *body)
{
    lw_unpack_close(body->packed);
    lw_firehose_close(body->firehose);
    body->packed = NULL;
    body->firehose = NULL;
}

static_assert(LW_PUSH_FIREHOSE_MAX == (size_t)64 << 20 && LW_PUSH_METRICS_MAX == (size_t)16 << 20 &&
                  LW_PUSH_TEXT_MAX == (size_t)64 << 20,
              "the sentences name the bounds");

const char *lw_push_body_too_large(bool is_firehose)
{
    return is_firehose ? "the body has more than 64 MiB: send it in parts"
                       : "the body has more than 16 MiB: send it in parts";
}

enum lw_err lw_push_body_bytes(struct lw_push_body *body, const char *bytes, size_t n, struct lw_fault *fault)
{
    enum lw_err err;

    body->arrived += n;
    if (body->arrived > (body->is_firehose ? LW_PUSH_FIREHOSE_MAX : LW_PUSH_METRICS_MAX))
        return refuse(body, body->is_firehose ? 400 : 413, lw_push_body_too_large(body->is_firehose));
    err = lw_unpack_push(body->packed, bytes, n, fault);
    /* An answer names the request, if anyhow possible. */
    if (err != LW_ERR_OK && body->firehose != NULL && body->id_n == 0)
        (void)take_id(body, NULL);
    return err;
}

enum lw_err lw_push_body_end(struct lw_push_body *body, struct lw_fault *fault)
{
    enum lw_err err = end_body(body, fault);

    if (err == LW_ERR_OK)
        stop_reading(body);
    else if (body->firehose != NULL && body->id_n == 0)
        (void)take_id(body, NULL);
    return err;
}

int lw_push_body_failed(const struct lw_push_body *body, enum lw_err err, const struct lw_fault *fault,
                        const char **why)
{
    if (body->refused) {
        *why = body->why;
        return body->status;
    }
    *why = err == LW_ERR_NOMEM ? "there is no memory for it now: try again later" : fault->text;
    return err == LW_ERR_NOMEM ? 503 : 400;
}

void lw_push_body_close(struct lw_push_body *body)
{
    if (body->held != NULL)
        *body->held -= body->text.len;
    stop_reading(body);
    lw_unpack_close(body->record);
    lw_buf_close(&body->text);
    free(body->documents);
}
