/* Unpacking gzip: nothing crashes, the bytes do not depend on the cuts, and they are those that zlib's own reader gives. */
#include "engine/source/unpack.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#define ZLIB_CONST
#include <zlib.h>

#define MOST ((size_t)8 << 20) /* bytes that are compared */

struct got {
    char *bytes;
    size_t n;
};

static enum lw_err on_bytes(void *self, const char *bytes, size_t n, struct lw_fault *fault)
{
    struct got *got = self;

    (void)fault;
    assert(n > 0);
    if (got->n + n > MOST)
        return LW_ERR_LIMIT;
    memcpy(got->bytes + got->n, bytes, n);
    got->n += n;
    return LW_ERR_OK;
}

static enum lw_err unpack(struct got *got, const uint8_t *data, size_t size, size_t step, struct lw_fault *fault)
{
    struct lw_unpack *unpack = NULL;
    enum lw_err err = lw_unpack_open(&unpack, on_bytes, got, fault);

    got->n = 0;
    assert(err == LW_ERR_OK);
    for (size_t at = 0; at < size && err == LW_ERR_OK; at += step) {
        size_t n = step < size - at ? step : size - at;
        char *piece = malloc(n);

        assert(piece != NULL);
        memcpy(piece, data + at, n);
        err = lw_unpack_push(unpack, piece, n, fault);
        free(piece);
    }
    if (err == LW_ERR_OK)
        err = lw_unpack_finish(unpack, fault);
    lw_unpack_close(unpack);
    return err;
}

/* The first member alone, by one call of zlib. */
static void compare_first_member(const struct got *got, const uint8_t *data, size_t size)
{
    static char room[MOST];
    z_stream stream = {0};

    if (inflateInit2(&stream, 15 + 16) != Z_OK)
        abort();
    stream.next_in = data;
    stream.avail_in = (uInt)size;
    stream.next_out = (Bytef *)room;
    stream.avail_out = MOST;
    inflate(&stream, Z_FINISH);
    assert(got->n >= stream.total_out || stream.avail_out == 0);
    assert(memcmp(got->bytes, room, got->n < stream.total_out ? got->n : stream.total_out) == 0);
    inflateEnd(&stream);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char rooms[2][MOST];
    struct got whole = {rooms[0], 0}, cut = {rooms[1], 0};
    struct lw_fault fault = {0}, fault_cut = {0};
    enum lw_err err, err_cut;

    if (size == 0)
        return 0;
    err = unpack(&whole, data + 1, size - 1, size, &fault);
    err_cut = unpack(&cut, data + 1, size - 1, 1 + data[0] % 37, &fault_cut);
    assert(err == LW_ERR_OK || err == LW_ERR_FORMAT || err == LW_ERR_LIMIT);
    assert(err == err_cut);
    assert(err == LW_ERR_LIMIT || (whole.n == cut.n && memcmp(whole.bytes, cut.bytes, cut.n) == 0));
    assert(err != LW_ERR_FORMAT || (fault.byte == fault_cut.byte && fault.byte < size));
    if (size > 2 && data[1] == 0x1f && data[2] == 0x8b)
        compare_first_member(&whole, data + 1, size - 1);
    else
        assert(whole.n == size - 1 && memcmp(whole.bytes, data + 1, size - 1) == 0);
    return 0;
}
