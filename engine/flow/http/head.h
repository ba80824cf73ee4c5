/* The head of an HTTP/1.1 request, read strictly: what can be read in two ways is refused (RFC 9112, section 11.2). */
#ifndef LEEWAY_ENGINE_FLOW_HTTP_HEAD_H
#define LEEWAY_ENGINE_FLOW_HTTP_HEAD_H

#include "leeway/str.h"

#include <stdbool.h>
#include <stdint.h>

/* Headers that are looked at; any other is passed over. */
#define LW_HEAD_FIELDS(X)                                                                                              \
    X(HOST, "host")                                                                                                    \
    X(LENGTH, "content-length")                                                                                        \
    X(CODING, "transfer-encoding")                                                                                     \
    X(TYPE, "content-type")                                                                                            \
    X(PACKED, "content-encoding")                                                                                      \
    X(AUTHORIZATION, "authorization")                                                                                  \
    X(CONNECTION, "connection")                                                                                        \
    X(EXPECT, "expect")                                                                                                \
    X(FETCH_SITE, "sec-fetch-site")                                                                                    \
    X(FIREHOSE_ID, "x-amz-firehose-request-id")                                                                        \
    X(FIREHOSE_KEY, "x-amz-firehose-access-key")
enum lw_head_field {
#define LW_HEAD_ENUM(name, text) LW_HEAD_##name,
    LW_HEAD_FIELDS(LW_HEAD_ENUM)
#undef LW_HEAD_ENUM
        LW_HEAD_COUNT
};

/* Texts are borrowed from the bytes that were read. */
struct lw_head {
    struct lw_str method, path, query; /* path: as sent, up to '?' */
    bool old;                          /* HTTP/1.0 */
    bool has[LW_HEAD_COUNT];
    struct lw_str field[LW_HEAD_COUNT]; /* without blanks around */
    bool has_length, chunked, keep_alive;
    uint64_t length;
};

/* Where the head at the start of `bytes` ends, behind its empty line; 0: it is not whole yet. */
size_t lw_head_end(struct lw_str bytes);
/* Reads a whole head (up to that end). 0, or the status that answers it: 400, 417, 501, 505; *why is then a few words. On
   success the framing is sure: no body, a length, or chunks; never two of them. */
int lw_head_read(struct lw_str bytes, struct lw_head *out, const char **why);

/* The value of a parameter of the query, percent-decoded into `room`; false: it is not there, or is malformed, or does not
   fit. */
bool lw_head_has_parameter(struct lw_str query, const char *name);
bool lw_head_parameter(struct lw_str query, const char *name, char *room, size_t room_n, struct lw_str *value);
/* Equal but for the case of ASCII letters. `lower` is lower-case. */
bool lw_head_is(struct lw_str text, const char *lower);

#endif
