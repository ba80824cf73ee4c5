/* What every decoder of JSON has: a scanner, the place in the document, what repeats, and whether a record is open. */
#ifndef LEEWAY_ENGINE_DECODE_READER_H
#define LEEWAY_ENGINE_DECODE_READER_H

#include "engine/decode/memo.h"
#include "engine/decode/walk.h"

/* The first member of the state of such a decoder, so that the functions below take that state. */
struct lw_reader {
    struct lw_emit *emit; /* borrowed */
    struct lw_scan *scan;
    struct lw_walk walk;
    bool open; /* inside of a record: set and cleared by the decoder, cleared when the document is malformed */
    struct lw_memo memo;
};

/* A zeroed state of `size` bytes whose scanner calls `calls` with it; its walk follows the table (which may be empty).
   Freed by lw_reader_close. */
LW_MUST_USE enum lw_err lw_reader_open(void **state, size_t size, const struct lw_scan_calls *calls,
                                       const struct lw_walk_rule *rules, size_t rules_n, struct lw_emit *emit,
                                       struct lw_fault *fault);
LW_MUST_USE enum lw_err lw_reader_push(void *state, const char *bytes, size_t n, struct lw_fault *fault);
LW_MUST_USE enum lw_err lw_reader_finish(void *state, struct lw_fault *fault);
/* The usual answer to a malformed document: one record, rejected. */
LW_MUST_USE enum lw_err lw_reader_bad(void *state, enum lw_reject reason, uint64_t line, uint64_t byte,
                                      const char *detail, struct lw_fault *fault);
/* The usual answer to a value where a record should begin and that is none: one record, rejected. */
LW_MUST_USE enum lw_err lw_reader_unknown(struct lw_reader *reader, const struct lw_token *token,
                                          struct lw_fault *fault);
/* Takes NULL. The decoder frees what else it owns before. */
void lw_reader_close(void *state);

/* true for a value that is not a container: string, number, true, false, null. */
static inline bool lw_reader_is_scalar(const struct lw_token *token)
{
    return token->kind >= LW_TOKEN_STRING;
}

#endif
