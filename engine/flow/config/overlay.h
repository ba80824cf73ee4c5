/* What the environment and the command line say, laid over what the file says. */
#ifndef LEEWAY_ENGINE_FLOW_CONFIG_OVERLAY_H
#define LEEWAY_ENGINE_FLOW_CONFIG_OVERLAY_H

#include "engine/flow/config/config.h"
#include "engine/flow/config/fill.h"

#define LW_OVERLAY_NAME 64
/* The variable of a key of the top, or of `http` and `log` ("LEEWAY_STORE", "LEEWAY_HTTP_LISTEN"); false where it has
   none: a list or a map. */
bool lw_overlay_variable(const struct lw_key *key, char name[LW_OVERLAY_NAME]);

/* Variables that are set and not empty. LW_ERR_NOMEM. */
LW_MUST_USE enum lw_err lw_overlay_environment(const struct lw_fill *fill, struct lw_node *root);

/* "store", "http.listen", "sources+" and "sinks+" with "TYPE:PATH", "TYPE" or a path. LW_ERR_USAGE is complained of. */
LW_MUST_USE enum lw_err lw_overlay_given(const struct lw_fill *fill, struct lw_node *root,
                                         const struct lw_config_given *given, size_t n);

#endif
