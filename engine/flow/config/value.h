/* One value of a configuration: from its text to its C type, strictly. */
#ifndef LEEWAY_ENGINE_FLOW_CONFIG_VALUE_H
#define LEEWAY_ENGINE_FLOW_CONFIG_VALUE_H

#include "engine/flow/config/keys.h"
#include "engine/flow/config/tree.h"

/* Puts the value of `node` into the struct at `base`, at the offset of the key; texts and arrays lie in `arena`. Not for
   MAP, LIST and PROFILES. What is wrong is complained of (each item of a list), and gives LW_ERR_USAGE. */
LW_MUST_USE enum lw_err lw_value_read(const struct lw_key *key, const struct lw_node *node, struct lw_arena *arena,
                                      struct lw_complaints *complaints, void *base, struct lw_fault *fault);

/* The preset of a key as a node: a scalar, or a list where the key wants one. LW_ERR_NOMEM. */
LW_MUST_USE struct lw_node *lw_value_preset(const struct lw_key *key, struct lw_arena *arena);

/* "https://...", or "http://" to this machine; no user, no blanks. */
bool lw_value_is_url(struct lw_str text);
/* Whether HOST:PORT is one; *loopback: it is reached from this machine alone. */
bool lw_value_is_listen(struct lw_str text, bool *loopback);
/* "1GiB", "500MB", "4096". */
bool lw_value_size(struct lw_str text, uint64_t *bytes);

#define LW_VALUE_BOUNDS 96
/* "from 1s to 30d"; false where a value of this key has no bounds. */
bool lw_value_bounds(const struct lw_key *key, char text[LW_VALUE_BOUNDS]);

#endif
