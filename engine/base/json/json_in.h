/* A small JSON document in memory, for replies and saved marks: strict, bounded, looked up by key. Long inputs are read by
   the scanner itself. */
#ifndef LEEWAY_ENGINE_BASE_JSON_JSON_IN_H
#define LEEWAY_ENGINE_BASE_JSON_JSON_IN_H

#include "engine/base/arena.h"
#include "engine/base/scan/scan.h"
#include "leeway/time.h"

/* One value of the document; its members or elements follow it in the array. */
struct lw_json_node {
    enum lw_token_kind kind; /* OBJECT, ARRAY, STRING, NUMBER, TRUE, FALSE, NULL */
    struct lw_str key;       /* of a member of an object */
    struct lw_str text;      /* of a string: decoded; of a number: as written */
    double number;
    uint32_t end;        /* index behind the last node that belongs to it */
    size_t byte, byte_n; /* of an object or array: where it stands in the text that was read */
};

struct lw_json_in {
    const struct lw_json_node *nodes; /* nodes[0] is the document */
    uint32_t n;
};

/* Reads the one document that `text` is. All lies in `arena`, `text` is not needed afterwards. LW_ERR_FORMAT with the place
   when it is not one JSON document; NOMEM also when the arena's ceiling is too low: about 60 times `text` are enough. */
LW_MUST_USE enum lw_err lw_json_in_read(struct lw_json_in *out, struct lw_str text, struct lw_arena *arena,
                                        struct lw_fault *fault);

/* Walking: NULL ends, and asking NULL gives NULL, so that paths can be written without checks. Of members with the same
   key the last one counts. */
const struct lw_json_node *lw_json_in_member(const struct lw_json_in *in, const struct lw_json_node *object,
                                             const char *key);
const struct lw_json_node *lw_json_in_first(const struct lw_json_in *in, const struct lw_json_node *container);
const struct lw_json_node *lw_json_in_next(const struct lw_json_in *in, const struct lw_json_node *container,
                                           const struct lw_json_node *node);

/* A member of a kind: empty or false when it is not there or of another kind. */
struct lw_str lw_json_in_str(const struct lw_json_in *in, const struct lw_json_node *object, const char *key);
bool lw_json_in_number(const struct lw_json_in *in, const struct lw_json_node *object, const char *key, double *number);
bool lw_json_in_time(const struct lw_json_in *in, const struct lw_json_node *object, const char *key, lw_time *time);
bool lw_json_in_true(const struct lw_json_in *in, const struct lw_json_node *object, const char *key);

#endif
