/* Interning: every text that occurs often gets a small number, once. Id 0 is the empty text. */
#ifndef LEEWAY_ENGINE_BASE_NAMES_H
#define LEEWAY_ENGINE_BASE_NAMES_H

#include "leeway/err.h"
#include "leeway/str.h"

#include <stddef.h>
#include <stdint.h>

struct lw_names;

/* `ceiling`: bytes of text and tables together. */
LW_MUST_USE enum lw_err lw_names_open(struct lw_names **out, size_t ceiling, struct lw_fault *fault);
/* The id of `text`, the same for the same bytes. Fails with LW_ERR_NOMEM or LW_ERR_LIMIT; the
   table is what it was then, and may be used on. */
LW_MUST_USE enum lw_err lw_names_add(struct lw_names *names, struct lw_str text, uint32_t *id, struct lw_fault *fault);
/* The id of a text that is there already, or 0. */
uint32_t lw_names_find(const struct lw_names *names, struct lw_str text);
/* The text of an id: terminated, valid until close. An id that was never given out is the empty text. */
struct lw_str lw_names_text(const struct lw_names *names, uint32_t id);
/* How many texts there are with the empty one: ids run from 0 to count - 1. */
uint32_t lw_names_count(const struct lw_names *names);
void lw_names_close(struct lw_names *names);

/* The hash that is used for it (64 bit, fixed: not seeded, the same on every machine); for other tables too. */
uint64_t lw_names_hash(struct lw_str text);

#endif
