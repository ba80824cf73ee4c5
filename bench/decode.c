/* How fast are metric events decoded to datapoints? The decoder of Loggly's events, with checks and names, beside the
   scanner alone that calls out the same tokens; alternating, from memory, on one thread.
   usage: decode FILE (made by bench/events) */
#define _POSIX_C_SOURCE 200809L
#include "engine/base/scan/scan.h"
#include "engine/decode/decode.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define ROUNDS 7
#define CHUNK  ((size_t)256 << 10)

struct tally {
    uint64_t tokens, points, rejects;
    double sum; /* so that the numbers are needed */
};

static enum lw_err on_token(void *self, const struct lw_token *token, struct lw_fault *fault)
{
    struct tally *tally = self;

    (void)fault;
    tally->tokens++;
    if (token->kind == LW_TOKEN_NUMBER)
        tally->sum += token->number;
    return LW_ERR_OK;
}

static enum lw_err on_bad(void *self, enum lw_reject reason, uint64_t line, uint64_t byte, const char *detail,
                          struct lw_fault *fault)
{
    struct tally *tally = self;

    (void)reason, (void)line, (void)byte, (void)detail, (void)fault;
    tally->rejects++;
    return LW_ERR_OK;
}

static enum lw_err on_point(void *self, const struct lw_point *point, struct lw_fault *fault)
{
    struct tally *tally = self;

    (void)fault;
    tally->points++;
    tally->sum += point->average;
    return LW_ERR_OK;
}

static enum lw_err on_fact(void *self, const struct lw_fact *fact, struct lw_fault *fault)
{
    (void)self, (void)fact, (void)fault;
    return LW_ERR_OK;
}

static double seconds(void)
{
    struct timespec at;

    clock_gettime(CLOCK_MONOTONIC, &at);
    return (double)at.tv_sec + 1e-9 * (double)at.tv_nsec;
}

static double scan(const char *data, size_t size, struct tally *tally)
{
    static const struct lw_scan_calls calls = {.token = on_token, .bad = on_bad};
    struct lw_scan *scanner;
    double start = seconds();

    if (lw_scan_open(&scanner, &calls, tally, NULL) != LW_ERR_OK)
        abort();
    for (size_t at = 0; at < size; at += CHUNK) {
        if (lw_scan_push(scanner, data + at, size - at < CHUNK ? size - at : CHUNK, NULL) != LW_ERR_OK)
            abort();
    }
    if (lw_scan_finish(scanner, NULL) != LW_ERR_OK)
        abort();
    lw_scan_close(scanner);
    return seconds() - start;
}

static double decode(const char *data, size_t size, struct tally *tally)
{
    static const struct lw_decode_calls calls = {.point = on_point, .fact = on_fact, .reject = on_bad};
    static const struct lw_decode_options options;
    struct lw_names *names;
    struct lw_decoder *decoder;
    double start = seconds();

    if (lw_names_open(&names, (size_t)64 << 20, NULL) != LW_ERR_OK ||
        lw_decode_open(&decoder, LW_FORMAT_LOGGLY, &options, names, &calls, tally, NULL) != LW_ERR_OK)
        abort();
    for (size_t at = 0; at < size; at += CHUNK) {
        if (lw_decode_push(decoder, data + at, size - at < CHUNK ? size - at : CHUNK, NULL) != LW_ERR_OK)
            abort();
    }
    if (lw_decode_finish(decoder, NULL) != LW_ERR_OK)
        abort();
    lw_decode_close(decoder);
    lw_names_close(names);
    return seconds() - start;
}

static char *read_file(const char *path, size_t *size)
{
    FILE *file = fopen(path, "rb");
    long length = -1;
    char *data = NULL;

    if (file != NULL && fseek(file, 0, SEEK_END) == 0)
        length = ftell(file);
    if (length >= 0 && fseek(file, 0, SEEK_SET) == 0)
        data = malloc((size_t)length + 1);
    if (data == NULL || fread(data, 1, (size_t)length, file) != (size_t)length) {
        fprintf(stderr, "decode: cannot read %s\n", path);
        exit(1);
    }
    fclose(file);
    *size = (size_t)length;
    return data;
}

int main(int argc, char **argv)
{
    struct tally scanned = {0}, decoded = {0};
    double best_scan = 1e9, best_decode = 1e9;
    size_t size;
    char *data;

    if (argc != 2) {
        fprintf(stderr, "usage: %s FILE\n", argv[0]);
        return 2;
    }
    data = read_file(argv[1], &size);
    for (int round = 0; round < ROUNDS; round++) {
        double once;

        scanned = (struct tally){0};
        once = scan(data, size, &scanned);
        best_scan = once < best_scan ? once : best_scan;
        decoded = (struct tally){0};
        once = decode(data, size, &decoded);
        best_decode = once < best_decode ? once : best_decode;
    }
    printf("decode: %llu of %llu bytes of events to datapoints in %.3f s, %.0f MB/s, %.2f million/s (rejected %llu); "
           "the scanner alone %.3f s, %.0f MB/s\n",
           (unsigned long long)decoded.points, (unsigned long long)size, best_decode, (double)size / best_decode / 1e6,
           (double)decoded.points / best_decode / 1e6, (unsigned long long)decoded.rejects, best_scan,
           (double)size / best_scan / 1e6);
    free(data);
    return decoded.points > 0 ? 0 : 1;
}
