#include "engine/flow/http/chunks.h"

enum phase { SIZE, SIZE_LF, DATA, DATA_CR, DATA_LF, LAST_CR, LAST_LF, DONE };

#define DIGITS_MAX 8 /* 4 GiB: far above every cap */

static int hex(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* One byte of what is around the data; false: it does not belong there. */
static bool step(struct lw_chunks *chunks, char c)
{
    switch ((enum phase)chunks->phase) {
    case SIZE:
        if (c == '\r' && chunks->digits > 0) {
            chunks->phase = SIZE_LF;
            return true;
        }
        if (hex(c) < 0 || chunks->digits == DIGITS_MAX)
            return false;
        chunks->left = chunks->left << 4 | (uint64_t)hex(c);
        chunks->digits++;
        return true;
    case SIZE_LF:
        chunks->phase = chunks->left > 0 ? DATA : LAST_CR;
        chunks->digits = 0;
        return c == '\n';
    case DATA_CR:
        chunks->phase = DATA_LF;
        return c == '\r';
    case DATA_LF:
        chunks->phase = SIZE;
        return c == '\n';
    case LAST_CR:
        chunks->phase = LAST_LF;
        return c == '\r';
    case LAST_LF:
        chunks->phase = DONE;
        return c == '\n';
    case DATA:
    case DONE:
        break;
    }
    return false;
}

enum lw_chunks_step lw_chunks_next(struct lw_chunks *chunks, const char *bytes, size_t size, size_t *skip, size_t *n)
{
    size_t i = 0;

    while (i < size) {
        if (chunks->phase == DATA) {
            *skip = i;
            *n = size - i < chunks->left ? size - i : (size_t)chunks->left;
            chunks->left -= *n;
            if (chunks->left == 0)
                chunks->phase = DATA_CR;
            return LW_CHUNKS_DATA;
        }
        if (!step(chunks, bytes[i++]))
            return LW_CHUNKS_BAD;
        if (chunks->phase == DONE) {
            *skip = i;
            *n = 0;
            return LW_CHUNKS_END;
        }
    }
    return LW_CHUNKS_MORE;
}
