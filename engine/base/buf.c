#include "engine/base/buf.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define FIRST ((size_t)64)
#define MANY  ((size_t)1 << 20) /* bytes at which a drain takes them */

/* One byte more than the capacity is allocated, so that printf's terminator never needs room of its own. */
void *lw_buf_reserve(struct lw_buf *buf, size_t n)
{
    size_t capacity = buf->capacity;
    char *grown;

    if (buf->error != LW_ERR_OK)
        return NULL;
    if (buf->drain != NULL && buf->len >= MANY) {
        buf->error = buf->drain(buf->drain_to, lw_buf_view(buf));
        if (buf->error != LW_ERR_OK)
            return NULL;
        buf->len = 0;
    }
    if (buf->at != NULL && n <= buf->capacity - buf->len)
        return buf->at + buf->len;
    if (n > buf->ceiling || buf->len > buf->ceiling - n || buf->ceiling == SIZE_MAX) {
        buf->error = LW_ERR_LIMIT;
        return NULL;
    }
    if (capacity < FIRST)
        capacity = FIRST;
    while (capacity < buf->len + n)
        capacity = capacity > SIZE_MAX / 4 ? buf->ceiling : capacity * 2;
    if (capacity > buf->ceiling)
        capacity = buf->ceiling;
    grown = realloc(buf->at, capacity + 1);
    if (grown == NULL) {
        buf->error = LW_ERR_NOMEM;
        return NULL;
    }
    buf->at = grown;
    buf->capacity = capacity;
    return buf->at + buf->len;
}

void lw_buf_bytes(struct lw_buf *buf, const void *bytes, size_t n)
{
    void *room;

    if (n == 0)
        return;
    room = lw_buf_reserve(buf, n);
    if (room == NULL)
        return;
    memcpy(room, bytes, n);
    buf->len += n;
}

void lw_buf_str(struct lw_buf *buf, struct lw_str text)
{
    lw_buf_bytes(buf, text.at, text.len);
}

void lw_buf_text(struct lw_buf *buf, const char *terminated)
{
    lw_buf_bytes(buf, terminated, strlen(terminated));
}

void lw_buf_char(struct lw_buf *buf, char c)
{
    lw_buf_bytes(buf, &c, 1);
}

void lw_buf_format(struct lw_buf *buf, const char *format, ...)
{
    va_list arguments;
    char *room = lw_buf_reserve(buf, 0);
    int length;

    if (room == NULL)
        return;
    va_start(arguments, format);
    length = vsnprintf(room, buf->capacity - buf->len + 1, format, arguments);
    va_end(arguments);
    assert(length >= 0);
    if ((size_t)length > buf->capacity - buf->len) {
        room = lw_buf_reserve(buf, (size_t)length);
        if (room == NULL)
            return;
        va_start(arguments, format);
        vsnprintf(room, (size_t)length + 1, format, arguments);
        va_end(arguments);
    }
    buf->len += (size_t)length;
}

void lw_buf_align(struct lw_buf *buf, size_t alignment)
{
    size_t n;
    void *room;

    assert(alignment > 0 && (alignment & (alignment - 1)) == 0);
    n = (alignment - buf->len % alignment) % alignment;
    room = n == 0 ? NULL : lw_buf_reserve(buf, n);
    if (room == NULL)
        return;
    memset(room, 0, n);
    buf->len += n;
}

void lw_buf_clear(struct lw_buf *buf)
{
    buf->len = 0;
    buf->error = LW_ERR_OK;
}

void lw_buf_close(struct lw_buf *buf)
{
    if (buf == NULL)
        return;
    free(buf->at);
    *buf = (struct lw_buf){.ceiling = buf->ceiling};
}
