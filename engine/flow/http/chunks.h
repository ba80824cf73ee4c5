/* A body in chunks (RFC 9112, section 7.1), read strictly: no extensions, no trailers, CR LF everywhere. */
#ifndef LEEWAY_ENGINE_FLOW_HTTP_CHUNKS_H
#define LEEWAY_ENGINE_FLOW_HTTP_CHUNKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* {0} is the start of a body. */
struct lw_chunks {
    uint64_t left; /* bytes of the chunk that are to come */
    unsigned digits;
    uint8_t phase;
};

enum lw_chunks_step {
    LW_CHUNKS_MORE, /* all bytes were looked at */
    LW_CHUNKS_DATA, /* bytes[*skip .. *skip + *n) belong to the body; go on behind them */
    LW_CHUNKS_END,  /* the body is whole; bytes[*skip ..] belong to the next request */
    LW_CHUNKS_BAD
};

/* The next stretch of `size` > 0 bytes. */
enum lw_chunks_step lw_chunks_next(struct lw_chunks *chunks, const char *bytes, size_t size, size_t *skip, size_t *n);

#endif
