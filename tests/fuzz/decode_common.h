/* What all fuzz targets of decoders do: decode the bytes in one piece and in chunks, compare the calls, and hold what is
   promised of a point. */
#ifndef LEEWAY_TESTS_FUZZ_DECODE_COMMON_H
#define LEEWAY_TESTS_FUZZ_DECODE_COMMON_H

#include "engine/decode/decode.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct fuzz_calls {
    uint64_t hash, calls;
    struct lw_names *names;
};

#define FUZZ_HOLDS(condition)                                                                                          \
    do {                                                                                                               \
        if (!(condition))                                                                                              \
            abort();                                                                                                   \
    } while (0)

static void fuzz_add(struct fuzz_calls *calls, const void *bytes, size_t n)
{
    const unsigned char *at = bytes;

    for (size_t i = 0; i < n; i++)
        calls->hash = (calls->hash ^ at[i]) * 0x100000001b3u;
}

static void fuzz_add_name(struct fuzz_calls *calls, uint32_t id)
{
    struct lw_str text = lw_names_text(calls->names, id);

    fuzz_add(calls, text.at, text.len);
    fuzz_add(calls, "|", 1);
}

static enum lw_err fuzz_point(void *self, const struct lw_point *point, struct lw_fault *fault)
{
    struct fuzz_calls *calls = self;
    const double numbers[] = {
        point->known & LW_KNOWN_SUM ? point->sum : 0, point->known & LW_KNOWN_MIN ? point->min : 0,
        point->known & LW_KNOWN_MAX ? point->max : 0, point->known & LW_KNOWN_COUNT ? point->count : 1,
        point->known & LW_KNOWN_AVERAGE ? point->average : 0};
    const uint32_t ids[] = {point->origin, point->model, point->run, point->metric};

    (void)fault;
    calls->calls++;
    FUZZ_HOLDS(point->known != 0 && point->metric != 0);
    for (size_t i = 0; i < 5; i++)
        FUZZ_HOLDS(isfinite(numbers[i]));
    FUZZ_HOLDS(numbers[3] > 0);
    FUZZ_HOLDS((point->known & 6) != 6 || point->min <= point->max);
    FUZZ_HOLDS((point->flags & LW_POINT_STEP) || (point->at >= LW_TIME_MIN && point->at <= LW_TIME_MAX));
    for (size_t i = 0; i < 4; i++)
        fuzz_add_name(calls, ids[i]);
    fuzz_add(calls, numbers, sizeof(numbers));
    fuzz_add(calls, &point->at, sizeof(point->at));
    fuzz_add(calls, &point->known, 1);
    fuzz_add(calls, &point->flags, 1);
    return LW_ERR_OK;
}

static enum lw_err fuzz_fact(void *self, const struct lw_fact *fact, struct lw_fault *fault)
{
    struct fuzz_calls *calls = self;
    const uint32_t ids[] = {fact->origin, fact->model, fact->run, fact->key, fact->text};

    (void)fault;
    calls->calls++;
    FUZZ_HOLDS(isfinite(fact->number));
    FUZZ_HOLDS(!fact->has_until || (fact->until.ms >= LW_TIME_MIN && fact->until.ms <= LW_TIME_MAX));
    for (size_t i = 0; i < 5; i++)
        fuzz_add_name(calls, ids[i]);
    fuzz_add(calls, &fact->number, sizeof(fact->number));
    fuzz_add(calls, &fact->kind, 1);
    fuzz_add(calls, &fact->at, fact->has_at ? sizeof(fact->at) : 0);
    fuzz_add(calls, &fact->until, fact->has_until ? sizeof(fact->until) : 0);
    return LW_ERR_OK;
}

static enum lw_err fuzz_reject(void *self, enum lw_reject reason, uint64_t line, uint64_t byte, const char *detail,
                               struct lw_fault *fault)
{
    struct fuzz_calls *calls = self;

    (void)fault;
    calls->calls++;
    FUZZ_HOLDS(reason < LW_REJECT_COUNT && line > 0);
    fuzz_add(calls, &reason, sizeof(reason));
    fuzz_add(calls, &line, sizeof(line));
    fuzz_add(calls, &byte, sizeof(byte));
    if (detail != NULL)
        fuzz_add(calls, detail, strlen(detail));
    return LW_ERR_OK;
}

/* `step` 0: in one piece; else chunks of 1 to `step` bytes, each in a block of its own so that reading past it shows. */
static struct fuzz_calls fuzz_run(enum lw_format format, const struct lw_decode_options *options, const uint8_t *data,
                                  size_t size, size_t step, uint64_t *records)
{
    static const struct lw_decode_calls decode_calls = {.point = fuzz_point, .fact = fuzz_fact, .reject = fuzz_reject};
    struct fuzz_calls calls = {.hash = 0xcbf29ce484222325u};
    struct lw_decoder *decoder;
    uint64_t random = size + 1;

    FUZZ_HOLDS(lw_names_open(&calls.names, (size_t)64 << 20, NULL) == LW_ERR_OK);
    FUZZ_HOLDS(lw_decode_open(&decoder, format, options, calls.names, &decode_calls, &calls, NULL) == LW_ERR_OK);
    for (size_t at = 0; at < size;) {
        size_t n = step == 0
                       ? size
                       : (size_t)((random = random * 6364136223846793005u + 1442695040888963407u) >> 33) % step + 1;
        char *chunk;

        n = n < size - at ? n : size - at;
        chunk = malloc(n);
        FUZZ_HOLDS(chunk != NULL);
        memcpy(chunk, data + at, n);
        FUZZ_HOLDS(lw_decode_push(decoder, chunk, n, NULL) == LW_ERR_OK);
        free(chunk);
        at += n;
    }
    FUZZ_HOLDS(lw_decode_finish(decoder, NULL) == LW_ERR_OK);
    *records = lw_decode_records(decoder);
    lw_decode_close(decoder);
    lw_names_close(calls.names);
    return calls;
}

static int fuzz_decode(enum lw_format format, const struct lw_decode_options *options, const uint8_t *data, size_t size)
{
    static const size_t steps[] = {1, 7, 64};
    uint64_t records;
    struct fuzz_calls whole = fuzz_run(format, options, data, size, 0, &records);

    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        uint64_t again;
        struct fuzz_calls part = fuzz_run(format, options, data, size, steps[i], &again);

        FUZZ_HOLDS(part.hash == whole.hash && part.calls == whole.calls && again == records);
    }
    lw_decode_sniff((struct lw_str){(const char *)data, size}, (struct lw_str){0}, NULL);
    return 0;
}

#endif
