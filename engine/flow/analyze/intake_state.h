/* What the parts of the intake share: private to engine/flow/analyze/intake*.c. */
#ifndef LEEWAY_ENGINE_FLOW_ANALYZE_INTAKE_STATE_H
#define LEEWAY_ENGINE_FLOW_ANALYZE_INTAKE_STATE_H

#include "engine/flow/analyze/intake.h"
#include "engine/flow/analyze/progress.h"
#include "engine/flow/analyze/tally.h"

struct lw_intake {
    const struct lw_settings *settings;
    const struct lw_session *session;
    struct lw_step *step;
    struct lw_arena arena;
    struct lw_tally tally;
    struct lw_progress progress;
    struct lw_buf files;      /* struct lw_report_file */
    struct lw_buf identities; /* struct identity */
    struct lw_buf warnings;   /* struct lw_str */
    uint64_t datapoints, duplicates;
    size_t unusable, empty;
    lw_time first, last; /* of all datapoints with a time */
    bool has_span;
    bool nothing;       /* options or an empty export leave no run */
    bool stopped;       /* by --strict */
    bool standard_read; /* standard input has been */
};

/* A file is done: into the list, and its error, where it has one, onto standard error. */
LW_MUST_USE enum lw_err lw_intake_note_file(struct lw_intake *intake, const struct lw_report_file *file,
                                            struct lw_fault *fault);
struct lw_report_file *lw_intake_last_file(struct lw_intake *intake);
/* The sentence of a fault, kept; without the path where it names that itself, since it is told with the path. .at is NULL
   when memory is out. */
struct lw_str lw_intake_sentence(struct lw_intake *intake, const struct lw_fault *fault, struct lw_str path);

/* intake_read.c: one input, from the file at `path`, or from `bytes` where path is NULL. What is wrong with the input is
   noted with it; any other error ends the reading. */
LW_MUST_USE enum lw_err lw_intake_read(struct lw_intake *intake, const char *path, const char *label,
                                       struct lw_str model, const struct lw_str *bytes, struct lw_fault *fault);

/* intake_warn.c: one sentence; .at NULL: memory was out. */
LW_MUST_USE enum lw_err lw_intake_warn(struct lw_intake *intake, struct lw_str sentence, struct lw_fault *fault);
/* What is to be said of the whole, once it is judged. LW_ERR_USAGE: a name that the user gave makes all of it useless. */
LW_MUST_USE enum lw_err lw_intake_warn_of(struct lw_intake *intake, const struct lw_output *output,
                                          struct lw_fault *fault);

#endif
