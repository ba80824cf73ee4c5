#include "engine/flow/cli/session.h"

#include "engine/base/fault.h"
#include "engine/flow/cli/output.h"

#include <stdarg.h>
#include <stdio.h>

enum lw_exit lw_session_fail(const struct lw_fault *fault)
{
    fprintf(stderr, "leeway: %s\n", fault->text[0] != '\0' ? fault->text : lw_err_text(fault->code));
    if (fault->code == LW_ERR_USAGE || fault->code == LW_ERR_CONFIG)
        return LW_EXIT_USAGE;
    if (fault->code == LW_ERR_LOCKED || fault->code == LW_ERR_NEWER || fault->code == LW_ERR_STATE)
        return LW_EXIT_STORE;
    return LW_EXIT_INPUT;
}

void lw_session_note(const char *format, ...)
{
    struct lw_fault line = {.code = LW_ERR_OK};
    char text[sizeof(line.text)];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    /* Through a fault, because that makes control characters in the names of files harmless. */
    (void)lw_fault_set(&line, LW_ERR_OK, "%s", text);
    fprintf(stderr, "leeway: %s\n", line.text);
}

enum lw_exit lw_session_write(const char *path, struct lw_str text, enum lw_err error, enum lw_exit done)
{
    struct lw_fault fault = {.code = error};

    if (error != LW_ERR_OK) {
        (void)lw_fault_set(&fault, error, "the output does not fit into memory: analyze fewer models at once");
        return lw_session_fail(&fault);
    }
    error = lw_output_write(path, text, &fault);
    if (error != LW_ERR_OK)
        return lw_session_fail(&fault);
    return done;
}
