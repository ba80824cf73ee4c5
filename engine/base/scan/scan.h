/* A strict, resumable JSON scanner: bytes are pushed in, tokens are called out; no allocation per record. RFC 8259,
   UTF-8 checked, escapes decoded, bounded depth and sizes. A document, or any number of them after one another
   (newline-delimited JSON); after a malformed one it goes on at the next. */
#ifndef LEEWAY_ENGINE_BASE_SCAN_SCAN_H
#define LEEWAY_ENGINE_BASE_SCAN_SCAN_H

#include "leeway/err.h"
#include "leeway/reject.h"
#include "leeway/str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LW_SCAN_DEPTH      64
#define LW_SCAN_SCALAR_MAX (1u << 20) /* bytes of one string (between the quotes) or number, as written */

enum lw_token_kind {
    LW_TOKEN_OBJECT,     /* { */
    LW_TOKEN_OBJECT_END, /* } */
    LW_TOKEN_ARRAY,
    LW_TOKEN_ARRAY_END,
    LW_TOKEN_KEY,    /* text: decoded */
    LW_TOKEN_STRING, /* text: decoded UTF-8, may contain NUL */
    LW_TOKEN_NUMBER, /* text: as written; number: its value */
    LW_TOKEN_TRUE,
    LW_TOKEN_FALSE,
    LW_TOKEN_NULL
};

struct lw_token {
    enum lw_token_kind kind;
    uint32_t depth;     /* how many containers hold it: 0 at the top; a container's start and end have the same depth */
    struct lw_str text; /* borrowed, valid during the call only; of a key or string never NULL, even when empty */
    uint64_t line;      /* from 1 */
    uint64_t byte;      /* offset in the stream of the token's first byte */
    double number;      /* only of LW_TOKEN_NUMBER: what lw_scan_number makes of the text, NaN where that fails */
};

/* What the scanner calls. An error returned by either stops the scan and is returned by push or finish; so is every push
   after it, until finish (which returns it too) starts anew. */
struct lw_scan_calls {
    enum lw_err (*token)(void *self, const struct lw_token *token, struct lw_fault *fault);
    /* `line` and `byte` are the place of what is wrong (of a scalar that is too large: its start).
       The top-level value that began last is malformed (or cut off by the end: LW_REJECT_TRUNCATED): what was called out
       of it since its start at depth 0 is void as far as it was not complete. The scan goes on at the next line when the
       value began on the line of the error, else at the next line that begins with '{' or '['. `detail` says what is
       wrong, in words. */
    enum lw_err (*bad)(void *self, enum lw_reject reason, uint64_t line, uint64_t byte, const char *detail,
                       struct lw_fault *fault);
};

struct lw_scan;

LW_MUST_USE enum lw_err lw_scan_open(struct lw_scan **out, const struct lw_scan_calls *calls, void *self,
                                     struct lw_fault *fault);
/* Any cut into chunks gives the same calls. Nothing is allocated but one buffer for a string or number that spans chunks or
   has escapes; it grows up to LW_SCAN_SCALAR_MAX and is kept. A byte order mark at the start of the stream is passed over.
   Duplicate keys are called out as they come. */
LW_MUST_USE enum lw_err lw_scan_push(struct lw_scan *scan, const char *bytes, size_t n, struct lw_fault *fault);
/* The end of the stream. After it the scanner can be used again from the start. */
LW_MUST_USE enum lw_err lw_scan_finish(struct lw_scan *scan, struct lw_fault *fault);
void lw_scan_close(struct lw_scan *scan);

/* The value of a JSON number, correctly rounded (as strtod in the C locale); false when it overflows to infinity or when
   `text` is not a JSON number. Also for numbers in other formats: `lw_scan_decimal` takes what strtod takes in decimal (a
   leading '+', ".5", "5.") but no hex, no inf, no nan, no white space. Neither depends on the locale. */
bool lw_scan_number(struct lw_str text, double *value);
bool lw_scan_decimal(struct lw_str text, double *value);

/* true when all bytes are valid UTF-8 (no surrogates, no overlong forms). */
bool lw_scan_utf8(struct lw_str text);

#endif
