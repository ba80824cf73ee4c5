/* The subcommand `init`: a first configuration from the data that are there. */
#ifndef LEEWAY_ENGINE_FLOW_CONFIG_INIT_H
#define LEEWAY_ENGINE_FLOW_CONFIG_INIT_H

#include "engine/base/buf.h"
#include "engine/flow/cli/session.h"
#include "engine/report/report.h"

enum lw_exit lw_init_run(struct lw_session *session);

/* Appends a commented configuration for the models and files of the report. The caller checks the sticky error of `out`.
   Only LW_ERR_NOMEM. */
LW_MUST_USE enum lw_err lw_init_write(const struct lw_report *report, struct lw_buf *out, struct lw_fault *fault);

#endif
