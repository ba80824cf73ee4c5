#include "engine/source/unpack.h"

#include "engine/base/fault.h"

#include <limits.h>
#include <stdlib.h>
#define ZLIB_CONST /* zlib only reads its input; without this its interface says otherwise */
#include <zlib.h>

enum phase {
    DECIDE, /* fewer than two bytes were seen */
    PLAIN,
    MEMBER,  /* inside of a gzip member */
    BETWEEN, /* behind a member: another one, padding, or the end */
    BROKEN
};

struct lw_unpack {
    lw_unpack_call *call;
    void *self;
    enum phase phase;
    bool packed, padded;
    unsigned char magic[2]; /* the first byte of a member, held until the second came */
    size_t magic_n;
    uint64_t byte; /* of the packed input, all that was consumed */
    z_stream stream;
    unsigned char out[LW_UNPACK_OUT];
};

static const unsigned char gzip_magic[2] = {0x1f, 0x8b};

enum lw_err lw_unpack_open(struct lw_unpack **out, lw_unpack_call *call, void *self, struct lw_fault *fault)
{
    struct lw_unpack *unpack = calloc(1, sizeof(*unpack));

    if (unpack == NULL)
        return lw_fault_memory(fault, "unpacking the input");
    unpack->call = call;
    unpack->self = self;
    *out = unpack;
    return LW_ERR_OK;
}

void lw_unpack_close(struct lw_unpack *unpack)
{
    if (unpack == NULL)
        return;
    if (unpack->packed)
        inflateEnd(&unpack->stream);
    free(unpack);
}

bool lw_unpack_packed(const struct lw_unpack *unpack)
{
    return unpack->packed;
}

static enum lw_err broken(struct lw_unpack *unpack, const char *what, struct lw_fault *fault)
{
    unpack->phase = BROKEN;
    return lw_fault_set_at(
        fault, LW_ERR_FORMAT, 0, unpack->byte,
        "the gzip data are damaged at byte %llu: %s; get the file again, or unpack what is left of it "
        "with gzip -dc",
        (unsigned long long)unpack->byte, what);
}

/* 15 + 16: the largest window, gzip header and trailer (check value and length are verified by zlib). */
static enum lw_err begin_member(struct lw_unpack *unpack, struct lw_fault *fault)
{
    int status = unpack->packed ? inflateReset(&unpack->stream) : inflateInit2(&unpack->stream, 15 + 16);

    if (status != Z_OK)
        return lw_fault_memory(fault, "unpacking gzip data");
    unpack->packed = true;
    unpack->phase = MEMBER;
    return LW_ERR_OK;
}

/* One call of zlib: consumes from *bytes, calls out at most LW_UNPACK_OUT bytes. `full`: there may be more output. */
static enum lw_err inflate_once(struct lw_unpack *unpack, const unsigned char **bytes, size_t *n, bool *full,
                                struct lw_fault *fault)
{
    z_stream *stream = &unpack->stream;
    uInt chunk = *n > UINT_MAX / 2 ? UINT_MAX / 2 : (uInt)*n;
    enum lw_err err = LW_ERR_OK;
    size_t made;
    int status;

    stream->next_in = *bytes;
    stream->avail_in = chunk;
    stream->next_out = unpack->out;
    stream->avail_out = LW_UNPACK_OUT;
    status = inflate(stream, Z_NO_FLUSH);
    unpack->byte += chunk - stream->avail_in;
    *bytes += chunk - stream->avail_in;
    *n -= chunk - stream->avail_in;
    made = LW_UNPACK_OUT - stream->avail_out;
    *full = stream->avail_out == 0;
    if (status == Z_MEM_ERROR)
        return lw_fault_memory(fault, "unpacking gzip data");
    if (status == Z_STREAM_END) {
        unpack->phase = BETWEEN;
        *full = false;
    }
    /* What came out before the damage is good, and is given out: however the input was cut, it is the same. */
    if (made > 0)
        err = unpack->call(unpack->self, (const char *)unpack->out, made, fault);
    if (err == LW_ERR_OK && status != Z_STREAM_END && status != Z_OK && status != Z_BUF_ERROR)
        return broken(unpack, stream->msg != NULL ? stream->msg : "not gzip", fault);
    return err;
}

static enum lw_err push_member(struct lw_unpack *unpack, const unsigned char **bytes, size_t *n, struct lw_fault *fault)
{
    bool full = false;
    enum lw_err err = LW_ERR_OK;

    while (err == LW_ERR_OK && unpack->phase == MEMBER && (*n > 0 || full))
        err = inflate_once(unpack, bytes, n, &full, fault);
    return err;
}

/* The first two bytes are there: a member, or, at the very start only, plain data. */
static enum lw_err decide(struct lw_unpack *unpack, struct lw_fault *fault)
{
    const unsigned char *bytes = unpack->magic;
    size_t n = unpack->magic_n;
    enum lw_err err;

    unpack->magic_n = 0;
    if (n == 2 && bytes[0] == gzip_magic[0] && bytes[1] == gzip_magic[1]) {
        err = begin_member(unpack, fault);
        return err == LW_ERR_OK ? push_member(unpack, &bytes, &n, fault) : err;
    }
    if (unpack->packed)
        return broken(unpack, "something that is not gzip follows the packed data", fault);
    unpack->phase = PLAIN;
    return n > 0 ? unpack->call(unpack->self, (const char *)bytes, n, fault) : LW_ERR_OK;
}

/* Zero bytes behind a member are padding of tapes and block devices; nothing but more of them may follow. */
static enum lw_err between(struct lw_unpack *unpack, const unsigned char **bytes, size_t *n, struct lw_fault *fault)
{
    unsigned char c = **bytes;

    if (unpack->phase == BETWEEN && unpack->magic_n == 0 && c == 0) {
        unpack->padded = true;
        unpack->byte++;
    } else if (unpack->padded) {
        return broken(unpack, "something follows the padding behind the packed data", fault);
    } else {
        unpack->magic[unpack->magic_n++] = c;
    }
    ++*bytes;
    --*n;
    if (unpack->magic_n == 1 && unpack->magic[0] != gzip_magic[0])
        return decide(unpack, fault);
    return unpack->magic_n == 2 ? decide(unpack, fault) : LW_ERR_OK;
}

enum lw_err lw_unpack_push(struct lw_unpack *unpack, const char *bytes, size_t n, struct lw_fault *fault)
{
    const unsigned char *at = (const unsigned char *)bytes;
    enum lw_err err = LW_ERR_OK;

    while (n > 0 && err == LW_ERR_OK) {
        switch (unpack->phase) {
        case DECIDE:
        case BETWEEN:
            err = between(unpack, &at, &n, fault);
            break;
        case PLAIN:
            unpack->byte += n;
            return unpack->call(unpack->self, (const char *)at, n, fault);
        case MEMBER:
            err = push_member(unpack, &at, &n, fault);
            break;
        case BROKEN:
            return broken(unpack, "nothing can be read behind the damage", fault);
        }
    }
    return err;
}

enum lw_err lw_unpack_finish(struct lw_unpack *unpack, struct lw_fault *fault)
{
    switch (unpack->phase) {
    case DECIDE:
    case BETWEEN:
        return unpack->magic_n > 0 ? decide(unpack, fault) : LW_ERR_OK;
    case PLAIN:
        return LW_ERR_OK;
    case MEMBER:
        return broken(unpack, "the input ends inside of the packed data", fault);
    case BROKEN:
        return broken(unpack, "nothing can be read behind the damage", fault);
    }
    return LW_ERR_OK;
}
