/* The turn of offline analysis: files are read, unpacked, recognised, decoded, gathered, and at the end judged. */
#ifndef LEEWAY_ENGINE_FLOW_ANALYZE_INTAKE_H
#define LEEWAY_ENGINE_FLOW_ANALYZE_INTAKE_H

#include "engine/flow/analyze/settings.h"
#include "engine/report/report.h"

/* Ceilings: what the step may hold (datapoints of open runs take 16 bytes), and what is noted about the input. */
#define LW_INTAKE_STEP_CEILING  ((size_t)64 << 30)
#define LW_INTAKE_NOTES_CEILING ((size_t)1 << 30)

struct lw_intake;

/* `settings` and `session` are borrowed until close. */
LW_MUST_USE enum lw_err lw_intake_open(struct lw_intake **out, const struct lw_settings *settings,
                                       const struct lw_session *session, struct lw_fault *fault);
/* What a path of the command line means: a file, a directory, "-". What cannot be read or used is noted with the file and
   told on standard error; the result is LW_ERR_OK then. Fails only when nothing can go on: memory, a ceiling, or the
   first bad record with --strict (LW_ERR_FORMAT, naming file, line and reason). */
LW_MUST_USE enum lw_err lw_intake_path(struct lw_intake *intake, const char *path, struct lw_fault *fault);
/* One file under a label (NULL: its path), whose runs belong to `model` (empty: as settings say). */
LW_MUST_USE enum lw_err lw_intake_file(struct lw_intake *intake, const char *path, const char *label,
                                       struct lw_str model, struct lw_fault *fault);
/* Bytes that are there already, under a label. */
LW_MUST_USE enum lw_err lw_intake_bytes(struct lw_intake *intake, const char *label, struct lw_str bytes,
                                        struct lw_fault *fault);
/* The input has ended. The report is borrowed from the intake. */
LW_MUST_USE enum lw_err lw_intake_end(struct lw_intake *intake, struct lw_report *report, struct lw_fault *fault);
/* Number of files that could not be read or used. */
size_t lw_intake_unusable(const struct lw_intake *intake);
void lw_intake_close(struct lw_intake *intake);

#endif
