/* The subcommand `analyze`. */
#ifndef LEEWAY_ENGINE_FLOW_ANALYZE_ANALYZE_H
#define LEEWAY_ENGINE_FLOW_ANALYZE_ANALYZE_H

#include "engine/flow/analyze/settings.h"

enum lw_exit lw_analyze_run(struct lw_session *session);
/* Writes a report in the form that the settings say. `done`: the exit code when that succeeds. */
enum lw_exit lw_analyze_show(const struct lw_report *report, const struct lw_settings *settings, enum lw_exit done);

#endif
