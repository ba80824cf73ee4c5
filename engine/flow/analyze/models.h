/* The subcommand `models`: how the names of jobs were grouped. */
#ifndef LEEWAY_ENGINE_FLOW_ANALYZE_MODELS_H
#define LEEWAY_ENGINE_FLOW_ANALYZE_MODELS_H

#include "engine/flow/cli/session.h"

enum lw_exit lw_models_run(struct lw_session *session);

#endif
