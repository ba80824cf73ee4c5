/* What a configuration that can be read still gets wrong: files with secrets, blocks that are never reached, rules for
   models that there are not. */
#ifndef LEEWAY_ENGINE_FLOW_CONFIG_CHECK_H
#define LEEWAY_ENGINE_FLOW_CONFIG_CHECK_H

#include "engine/flow/config/config.h"

/* Numbers of what was found: errors keep the daemon from working, warnings are most likely not meant, notes are told. */
struct lw_check_result {
    size_t errors, warnings, notes;
};

/* A name of a job that is known, and the model that it was taken for. */
struct lw_check_known {
    struct lw_str run, model;
};

/* Appends one line for each thing found: "leeway.yaml:12: warning: ...". `known`: models of the store with their last
   runs; `has_known` false: there is no store yet, and what needs one is left out. LW_ERR_NOMEM. */
LW_MUST_USE enum lw_err lw_check_config(const struct lw_config *config, const struct lw_check_known *known,
                                        size_t known_n, bool has_known, struct lw_buf *out,
                                        struct lw_check_result *result, struct lw_fault *fault);

#endif
