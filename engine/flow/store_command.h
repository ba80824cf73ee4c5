/* `leeway store`: what is in the store, a copy of it, packing it. */
#ifndef LEEWAY_ENGINE_FLOW_STORE_COMMAND_H
#define LEEWAY_ENGINE_FLOW_STORE_COMMAND_H

#include "engine/flow/cli/session.h"

extern const struct lw_command lw_command_store;

enum lw_exit lw_store_command_run(struct lw_session *session);

#endif
