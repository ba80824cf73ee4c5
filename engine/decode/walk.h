/* Where in a JSON document a value stands: a table of (container, key) gives every value a role. */
#ifndef LEEWAY_ENGINE_DECODE_WALK_H
#define LEEWAY_ENGINE_DECODE_WALK_H

#include "engine/base/scan/scan.h"

#include <stdint.h>

/* Roles are small numbers of the format's own; 0 is "of no interest", 1 is a value at the top. */
#define LW_WALK_NONE 0
#define LW_WALK_TOP  1

/* A value under `key` in an object of role `in`, or, with an empty key, an element of an array of role `in`. */
struct lw_walk_rule {
    uint8_t in;
    struct lw_str key;
    uint8_t role;
};
#define LW_WALK_KEY(in, key, role)                                                                                     \
    {                                                                                                                  \
        (in), {(key), sizeof(key) - 1}, (role)                                                                         \
    }
#define LW_WALK_ELEMENT(in, role)                                                                                      \
    {                                                                                                                  \
        (in), {NULL, 0}, (role)                                                                                        \
    }

/* Zero-initialised but for the table is valid; it needs no reset after a malformed document. */
struct lw_walk {
    const struct lw_walk_rule *rules;
    size_t rules_n;
    uint8_t role[LW_SCAN_DEPTH + 2]; /* of the value last begun at each depth, or of the key before it */
    bool array[LW_SCAN_DEPTH + 2];
    uint32_t open; /* containers that are open after the last token */
};

/* To be called with every token, in order. The role of the value (start, end, scalar); of the value to come for a key. */
uint8_t lw_walk_token(struct lw_walk *walk, const struct lw_token *token);
/* Whether the place is inside of a list of records: an array that is the document, or a member of it. */
bool lw_walk_in_list(const struct lw_walk *walk);

#endif
