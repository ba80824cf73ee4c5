/* What the options of `analyze` and `models` mean: rules, how to read, how to show. */
#ifndef LEEWAY_ENGINE_FLOW_ANALYZE_SETTINGS_H
#define LEEWAY_ENGINE_FLOW_ANALYZE_SETTINGS_H

#include "engine/decode/decode.h"
#include "engine/flow/cli/session.h"
#include "engine/report/report.h"
#include "leeway/step.h"

enum lw_form { LW_FORM_TEXT, LW_FORM_JSON, LW_FORM_NDJSON };

/* All texts are borrowed from the command line, all arrays lie in the session's arena. */
struct lw_settings {
    struct lw_rules rules;
    size_t threads;                  /* that judge; 0 is 1 */
    struct lw_decode_options decode; /* without a path */
    enum lw_format format;           /* LW_FORMAT_AUTO: by content */
    struct lw_zone *zone;            /* owned */
    bool strict;
    bool fail_warning, fail_drift, fail_insufficient;
    enum lw_form form;
    struct lw_report_style style;
    const char *output; /* NULL: standard output */
};

/* The defaults, and how this terminal wants its text. */
struct lw_settings lw_settings_default(const struct lw_session *session);
/* Reads what was given. LW_ERR_USAGE with one sentence that names the option. To be closed also after a failure. */
LW_MUST_USE enum lw_err lw_settings_read(const struct lw_session *session, struct lw_settings *settings,
                                         struct lw_fault *fault);
/* The part of it that says how to show: --format, --color, --width, --output. */
LW_MUST_USE enum lw_err lw_settings_show(const struct lw_session *session, struct lw_settings *settings,
                                         struct lw_fault *fault);
void lw_settings_close(struct lw_settings *settings);

#endif
