/* Ids from evidence: SHA-256 over length-prefixed parts, written in base 32. */
#ifndef LEEWAY_ENGINE_BASE_DIGEST_H
#define LEEWAY_ENGINE_BASE_DIGEST_H

#include "leeway/err.h"
#include "leeway/str.h"

#include <stdint.h>

#define LW_DIGEST_ID 27 /* 26 characters of RFC 4648 base 32, lower case, and a NUL */

/* Every part is prefixed by its length (8 bytes, little-endian), so that ("ab","c") and ("a","bc") differ. */
LW_MUST_USE enum lw_err lw_digest_id(const struct lw_str *parts, size_t n, char id[LW_DIGEST_ID],
                                     struct lw_fault *fault);

#endif
