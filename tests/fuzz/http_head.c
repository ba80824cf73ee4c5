/* Heads and chunks of HTTP: never read beyond, never two meanings, any cut of chunks gives the same body. */
#include "engine/flow/http/chunks.h"
#include "engine/flow/http/head.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* The body that chunks give, fed in pieces; -1: refused, -2: not whole. */
static long put_together(const char *bytes, size_t size, size_t piece, char *out)
{
    struct lw_chunks chunks = {.left = 0};
    long n = 0;

    for (size_t at = 0; at < size;) {
        size_t part = piece < size - at ? piece : size - at;
        size_t skip = 0;
        size_t length = 0;

        switch (lw_chunks_next(&chunks, bytes + at, part, &skip, &length)) {
        case LW_CHUNKS_MORE:
            at += part;
            break;
        case LW_CHUNKS_DATA:
            assert(skip + length <= part && length > 0);
            memcpy(out + n, bytes + at + skip, length);
            n += (long)length;
            at += skip + length;
            break;
        case LW_CHUNKS_END:
            return n;
        case LW_CHUNKS_BAD:
            return -1;
        }
    }
    return -2;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *copy = malloc(size + 1);
    char *one = malloc(size + 1);
    char *two = malloc(size + 1);
    struct lw_str bytes = {.at = copy, .len = size};
    struct lw_head head;
    const char *why = NULL;
    size_t end;
    long n;
    int status;

    memcpy(copy, data, size);
    end = lw_head_end(bytes);
    assert(end <= size);
    if (end > 0) {
        status = lw_head_read((struct lw_str){.at = copy, .len = end}, &head, &why);
        assert(status == 0 ? true : (status == 400 || status == 417 || status == 501 || status == 505) && why != NULL);
        if (status == 0) {
            char room[64];
            struct lw_str value;

            assert(!(head.chunked && head.has_length));
            assert(head.path.at >= copy && head.path.at + head.path.len <= copy + end);
            (void)lw_head_parameter(head.query, "limit", room, sizeof(room), &value);
        }
    }
    n = put_together(copy, size, size + 1, one);
    assert(n == put_together(copy, size, 1, two));
    assert(n <= 0 || memcmp(one, two, (size_t)n) == 0);
    free(copy);
    free(one);
    free(two);
    return 0;
}
