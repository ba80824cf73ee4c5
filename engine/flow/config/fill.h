/* From a tree to structs, by the table of keys: first everything is checked, then what is good is filled in. */
#ifndef LEEWAY_ENGINE_FLOW_CONFIG_FILL_H
#define LEEWAY_ENGINE_FLOW_CONFIG_FILL_H

#include "engine/flow/config/keys.h"
#include "engine/flow/config/tree.h"

struct lw_fill {
    struct lw_arena *arena;
    struct lw_complaints *complaints;
    struct lw_fault *fault;
};

/* Complains of every key that is not known or not in its place, every value that is not of its form, and of what does not
   go together within one map. LW_ERR_USAGE: it complained. LW_ERR_NOMEM. `root`: the document. */
LW_MUST_USE enum lw_err lw_fill_check(const struct lw_fill *fill, const struct lw_node *root);

/* Fills the struct of a map: what the node says (it was checked; NULL: nothing), else the presets, else it stays. */
LW_MUST_USE enum lw_err lw_fill_map(const struct lw_fill *fill, enum lw_map in, const struct lw_node *node, void *base);

/* LW_KEY_KIND of the type that a map of a source or sink names; 0 for other maps, and when it names none. */
uint32_t lw_fill_kind(enum lw_map in, const struct lw_node *node);

/* The members of `near`, and those of `far` that it has not; maps in them are merged likewise. Of `every` and `cron` the
   nearer one is taken. Either may be NULL. NULL when memory is out. */
LW_MUST_USE struct lw_node *lw_fill_merge(struct lw_arena *arena, const struct lw_node *near,
                                          const struct lw_node *far);

#endif
