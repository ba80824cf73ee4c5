/* A growing run of bytes with a ceiling given at creation. Errors stick: append freely, check once. */
#ifndef LEEWAY_ENGINE_BASE_BUF_H
#define LEEWAY_ENGINE_BASE_BUF_H

#include "leeway/err.h"
#include "leeway/str.h"

#include <stddef.h>
#include <stdint.h>

/* {.ceiling = N} is a valid empty buffer. Owns its bytes. After a failure `error` is LW_ERR_NOMEM or LW_ERR_LIMIT, the
   content is what it was before the failed append, and all further appends do nothing. */
struct lw_buf {
    char *at;
    size_t len;
    size_t capacity;
    size_t ceiling;
    enum lw_err error;
    /* Where set: takes the bytes whenever they are many, and the buffer begins anew; what is left at the end is the
       caller's to give. For outputs that need not be whole in memory. An error of it sticks. */
    enum lw_err (*drain)(void *self, struct lw_str bytes);
    void *drain_to;
};

void lw_buf_bytes(struct lw_buf *buf, const void *bytes, size_t n);
void lw_buf_str(struct lw_buf *buf, struct lw_str text);
void lw_buf_text(struct lw_buf *buf, const char *terminated);
void lw_buf_char(struct lw_buf *buf, char c);
LW_PRINTF(2, 3) void lw_buf_format(struct lw_buf *buf, const char *format, ...);
/* Room for n more bytes at buf->at + buf->len (the caller then adds to len); NULL on failure. */
void *lw_buf_reserve(struct lw_buf *buf, size_t n);
/* Pads with zeros to a multiple of `alignment` (a power of two). */
void lw_buf_align(struct lw_buf *buf, size_t alignment);
/* What is in it; `at` is never NULL, even when nothing was ever put in. */
static inline struct lw_str lw_buf_view(const struct lw_buf *buf)
{
    return (struct lw_str){.at = buf->at != NULL ? buf->at : "", .len = buf->len};
}
void lw_buf_clear(struct lw_buf *buf); /* length 0, no error; keeps the memory */
void lw_buf_close(struct lw_buf *buf);

#endif
