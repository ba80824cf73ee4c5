/* A YAML document as a tree: bounded, with the place of every value, and nothing in it that a configuration does not
   need (no anchors, no tags, no second document). */
#ifndef LEEWAY_ENGINE_FLOW_CONFIG_TREE_H
#define LEEWAY_ENGINE_FLOW_CONFIG_TREE_H

#include "engine/base/arena.h"
#include "engine/flow/config/complaints.h"

#include <stdbool.h>

#define LW_TREE_BYTES_MAX   ((size_t)1 << 20)
#define LW_TREE_DEPTH_MAX   12
#define LW_TREE_NODES_MAX   50000
#define LW_TREE_MEMBERS_MAX 1000 /* of one map */

enum lw_node_kind { LW_NODE_SCALAR, LW_NODE_LIST, LW_NODE_MAP };

struct lw_node {
    enum lw_node_kind kind;
    bool quoted;        /* a scalar in quotes or as a block */
    struct lw_str text; /* of a scalar: terminated, no control characters but tab and line end */
    struct lw_place place;
    struct lw_str key; /* of a member of a map: terminated */
    struct lw_place key_place;
    struct lw_node *child, *last; /* first and last member or item */
    struct lw_node *next;
};

/* Reads `text` into nodes that lie in `arena`. Everything that is wrong is complained of; a syntax error ends the
   reading. *root is NULL for an empty document. LW_ERR_USAGE: something was complained of (*root is set where the rest can
   still be checked, else NULL). LW_ERR_NOMEM. */
LW_MUST_USE enum lw_err lw_tree_read(struct lw_str text, struct lw_arena *arena, struct lw_complaints *complaints,
                                     struct lw_node **root, struct lw_fault *fault);

/* A member of a map, or NULL (also where `map` is NULL or no map). */
struct lw_node *lw_tree_member(const struct lw_node *map, const char *key);
size_t lw_tree_count(const struct lw_node *node);
/* A new node from nowhere; NULL when memory is out. */
LW_MUST_USE struct lw_node *lw_tree_node(struct lw_arena *arena, enum lw_node_kind kind, struct lw_str text,
                                         struct lw_place place);
void lw_tree_append(struct lw_node *parent, struct lw_node *child);
/* Appends, or takes the place of the member of that key. */
void lw_tree_put(struct lw_node *map, struct lw_node *member);

#endif
