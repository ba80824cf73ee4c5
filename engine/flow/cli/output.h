/* Where a finished output goes: standard output, or a file that is replaced at once or not at all. */
#ifndef LEEWAY_ENGINE_FLOW_CLI_OUTPUT_H
#define LEEWAY_ENGINE_FLOW_CLI_OUTPUT_H

#include "leeway/err.h"
#include "leeway/str.h"

/* Writes all of `text` to standard output (path NULL or "-") or to the file. A file is written beside its place, synced,
   and renamed; when anything fails, what was there is still there and nothing is left behind. A device or pipe (/dev/null,
   a FIFO) is written to directly. The new file keeps the permissions of the one it replaces. Fails with LW_ERR_IO. */
LW_MUST_USE enum lw_err lw_output_write(const char *path, struct lw_str text, struct lw_fault *fault);

/* The same in parts. */
struct lw_output_file;
LW_MUST_USE enum lw_err lw_output_open(struct lw_output_file **out, const char *path, struct lw_fault *fault);
LW_MUST_USE enum lw_err lw_output_put(struct lw_output_file *file, struct lw_str text, struct lw_fault *fault);
/* The file takes its place. To be closed even then; what is closed before that was never there. */
LW_MUST_USE enum lw_err lw_output_end(struct lw_output_file *file, struct lw_fault *fault);
void lw_output_close(struct lw_output_file *file);

#endif
