/* What the fuzz targets of decoders have in common: the input is decoded whole and in pieces, and both must call out the
   same; numbers are finite, ids are known, texts of details are short. The first byte says how it is cut. */
#ifndef LEEWAY_TESTS_FUZZ_DECODING_H
#define LEEWAY_TESTS_FUZZ_DECODING_H

#include "engine/decode/decode.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct fuzz_calls {
    struct lw_names *names;
    uint64_t hash, n;
};

static inline void fuzz_add(struct fuzz_calls *calls, const char *bytes, size_t n)
{
    const struct lw_str text = {bytes, n};

    calls->hash = calls->hash * 0x9e3779b97f4a7c15u + lw_names_hash(text);
    calls->n++;
}

static inline void fuzz_add_name(struct fuzz_calls *calls, uint32_t id)
{
    const struct lw_str text = lw_names_text(calls->names, id);

    assert(id == 0 || text.len > 0);
    fuzz_add(calls, text.at, text.len);
}

static inline void fuzz_add_number(struct fuzz_calls *calls, double number)
{
    assert(isfinite(number));
    fuzz_add(calls, (const char *)&number, sizeof(number));
}

static enum lw_err fuzz_point(void *self, const struct lw_point *point, struct lw_fault *fault)
{
    struct fuzz_calls *calls = self;

    (void)fault;
    assert(point->known != 0 && point->metric != 0);
    assert((point->flags & LW_POINT_STEP) || (point->at >= LW_TIME_MIN && point->at <= LW_TIME_MAX));
    fuzz_add_name(calls, point->origin);
    fuzz_add_name(calls, point->model);
    fuzz_add_name(calls, point->run);
    fuzz_add_name(calls, point->metric);
    fuzz_add(calls, (const char *)&point->at, sizeof(point->at));
    fuzz_add(calls, (const char *)&point->known, 1);
    fuzz_add(calls, (const char *)&point->flags, 1);
    if (point->known & LW_KNOWN_AVERAGE)
        fuzz_add_number(calls, point->average);
    if (point->known & LW_KNOWN_SUM)
        fuzz_add_number(calls, point->sum);
    if (point->known & LW_KNOWN_MIN)
        fuzz_add_number(calls, point->min);
    if (point->known & LW_KNOWN_MAX)
        fuzz_add_number(calls, point->max);
    if (point->known & LW_KNOWN_COUNT)
        fuzz_add_number(calls, point->count);
    return LW_ERR_OK;
}

static enum lw_err fuzz_fact(void *self, const struct lw_fact *fact, struct lw_fault *fault)
{
    struct fuzz_calls *calls = self;

    (void)fault;
    assert(fact->rank == LW_RANK_LOG || fact->rank == LW_RANK_API);
    assert(!fact->has_until || (fact->has_at && fact->until.ms >= fact->at.ms));
    fuzz_add_name(calls, fact->run);
    fuzz_add_name(calls, fact->key);
    fuzz_add_name(calls, fact->text);
    fuzz_add(calls, (const char *)&fact->kind, 1);
    fuzz_add(calls, (const char *)&fact->at, fact->has_at ? sizeof(fact->at) : 0);
    fuzz_add_number(calls, fact->number);
    return LW_ERR_OK;
}

static enum lw_err fuzz_reject(void *self, enum lw_reject reason, uint64_t line, uint64_t byte, const char *detail,
                               struct lw_fault *fault)
{
    struct fuzz_calls *calls = self;

    (void)fault;
    assert(reason < LW_REJECT_COUNT && line >= 1);
    assert(detail == NULL || strlen(detail) < 256);
    fuzz_add(calls, (const char *)&reason, sizeof(reason));
    fuzz_add(calls, (const char *)&line, sizeof(line));
    fuzz_add(calls, (const char *)&byte, sizeof(byte));
    return LW_ERR_OK;
}

/* Pieces of 1 .. 16 bytes, of sizes that follow from `seed`; 0: all at once. */
static inline struct fuzz_calls fuzz_decode(enum lw_format format, const uint8_t *data, size_t size, uint8_t seed)
{
    static const struct lw_decode_calls calls = {fuzz_point, fuzz_fact, fuzz_reject};
    const struct lw_decode_options options = {.path = LW_STR("dir/file.log")};
    struct fuzz_calls out = {0};
    struct lw_decoder *decoder = NULL;
    uint32_t state = seed;
    enum lw_err err;

    if (lw_names_open(&out.names, 1 << 26, NULL) != LW_ERR_OK ||
        lw_decode_open(&decoder, format, &options, out.names, &calls, &out, NULL) != LW_ERR_OK)
        abort();
    err = LW_ERR_OK;
    for (size_t at = 0, n; at < size && err == LW_ERR_OK; at += n) {
        char *piece;

        state = state * 1103515245u + 12345u;
        n = seed == 0 ? size : 1 + (state >> 16) % 16;
        n = n < size - at ? n : size - at;
        piece = malloc(n);
        if (piece == NULL)
            abort();
        memcpy(piece, data + at, n);
        err = lw_decode_push(decoder, piece, n, NULL);
        free(piece);
    }
    if (err == LW_ERR_OK)
        err = lw_decode_finish(decoder, NULL);
    assert(err == LW_ERR_OK || err == LW_ERR_FORMAT);
    out.n += (uint64_t)err << 32;
    lw_decode_close(decoder);
    lw_names_close(out.names);
    return out;
}

static inline int fuzz_decoding(enum lw_format format, const uint8_t *data, size_t size)
{
    struct fuzz_calls whole, cut;

    if (size == 0)
        return 0;
    whole = fuzz_decode(format, data + 1, size - 1, 0);
    cut = fuzz_decode(format, data + 1, size - 1, data[0]);
    if (whole.hash != cut.hash || whole.n != cut.n)
        abort();
    return 0;
}

#endif
