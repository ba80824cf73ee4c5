/* Gzip'd input as it is: bytes are pushed in, unpacked bytes are called out; what is not gzip passes through. */
#ifndef LEEWAY_ENGINE_SOURCE_UNPACK_H
#define LEEWAY_ENGINE_SOURCE_UNPACK_H

#include "leeway/err.h"

#include <stdbool.h>
#include <stddef.h>

#define LW_UNPACK_OUT (64u << 10) /* most bytes per call: however small the input, memory does not grow */

struct lw_unpack;

/* The bytes are valid during the call. An error ends the unpacking and is returned. */
typedef enum lw_err lw_unpack_call(void *self, const char *bytes, size_t n, struct lw_fault *fault);

/* Decides by the first two bytes (RFC 1952, ID1 and ID2). */
LW_MUST_USE enum lw_err lw_unpack_open(struct lw_unpack **out, lw_unpack_call *call, void *self,
                                       struct lw_fault *fault);
/* Members that follow one another are one stream (gzip -c a b, log exports); zero bytes after the last are padding.
   LW_ERR_FORMAT, with the byte of the packed input, when a member is damaged or something else follows it: what was
   called out before is good, and nothing more can be pushed. */
LW_MUST_USE enum lw_err lw_unpack_push(struct lw_unpack *unpack, const char *bytes, size_t n, struct lw_fault *fault);
/* LW_ERR_FORMAT when the input ended inside of a member. */
LW_MUST_USE enum lw_err lw_unpack_finish(struct lw_unpack *unpack, struct lw_fault *fault);
/* true once the input was recognised as gzip. */
bool lw_unpack_packed(const struct lw_unpack *unpack);
void lw_unpack_close(struct lw_unpack *unpack);

#endif
