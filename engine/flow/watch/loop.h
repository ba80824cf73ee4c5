/* The daemon's loop: one libevent loop that runs slices of the turn, deliveries, the HTTP server and the control socket, and
   answers to signals. */
#ifndef LEEWAY_ENGINE_FLOW_WATCH_LOOP_H
#define LEEWAY_ENGINE_FLOW_WATCH_LOOP_H

#include "engine/base/log.h"
#include "engine/flow/cli/session.h"
#include "engine/flow/config/config.h"

struct lw_loop;

/* How to make the configuration anew (SIGHUP). */
struct lw_loop_options {
    enum lw_err (*configure)(void *self, struct lw_config **out, struct lw_buf *errors, struct lw_fault *fault);
    void *self;
    struct lw_log *log;
    bool once;
    uint32_t names_many; /* as in lw_turn_options */
};

/* Runs until it is told to end, or with `once` until all is done. Takes `config` over. The exit code of the program; what went
   wrong is in the log, but for a start that fails, which is in `fault` with LW_EXIT_... by its code. */
LW_MUST_USE enum lw_err lw_loop_run(struct lw_config *config, const struct lw_loop_options *options, enum lw_exit *exit,
                                    struct lw_fault *fault);

#endif
