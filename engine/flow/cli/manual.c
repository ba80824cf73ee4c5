#include "engine/flow/cli/manual.h"

#include "engine/base/buf.h"
#include "engine/base/fault.h"
#include "engine/flow/cli/command.h"
#include "engine/flow/cli/completion.h"
#include "engine/flow/cli/help.h"
#include "engine/flow/cli/man.h"

#include <stdio.h>
#include <string.h>

#define TEXT_MAX ((size_t)1 << 20) /* the whole manual is a small part of this */

static enum lw_exit finish(struct lw_buf *text)
{
    enum lw_exit exit = lw_session_write(NULL, lw_buf_view(text), text->error, LW_EXIT_DONE);

    lw_buf_close(text);
    return exit;
}

enum lw_exit lw_manual_command(struct lw_session *session, const struct lw_command *command)
{
    struct lw_buf text = {.ceiling = TEXT_MAX};

    lw_help_command(command, session->terminal.columns, &text);
    return finish(&text);
}

static enum lw_exit write_man_page(const char *path)
{
    struct lw_buf page = {.ceiling = TEXT_MAX};
    struct lw_buf text = {.ceiling = TEXT_MAX};
    struct lw_fault fault = {.code = LW_ERR_OK};
    FILE *file = fopen(path, "rb");
    char bytes[4096];
    size_t n;

    if (file == NULL) {
        (void)lw_fault_set(&fault, LW_ERR_IO, "cannot open %.120s: name the template of the man page", path);
        return lw_session_fail(&fault);
    }
    while ((n = fread(bytes, 1, sizeof(bytes), file)) > 0)
        lw_buf_bytes(&page, bytes, n);
    fclose(file);
    lw_man_page(lw_buf_view(&page), &text);
    lw_buf_close(&page);
    return finish(&text);
}

enum lw_exit lw_manual_help(struct lw_session *session)
{
    const struct lw_options *options = session->options;
    const struct lw_command *command;
    const char *page = lw_options_value(options, "man");
    struct lw_fault fault = {.code = LW_ERR_OK};
    struct lw_buf text = {.ceiling = TEXT_MAX};
    const char *nearest;

    if (page != NULL)
        return write_man_page(page);
    if (options->operands_n == 0) {
        lw_help_program(session->terminal.columns, &text);
        return finish(&text);
    }
    command = lw_command_find(options->operands[0]);
    if (command != NULL)
        return lw_manual_command(session, command);
    nearest = lw_command_nearest(options->operands[0]);
    if (nearest != NULL)
        (void)lw_fault_set(&fault, LW_ERR_USAGE, "there is no command '%.60s': did you mean '%s'?",
                           options->operands[0], nearest);
    else
        (void)lw_fault_set(&fault, LW_ERR_USAGE, "there is no command '%.60s': see `leeway --help`",
                           options->operands[0]);
    return lw_session_fail(&fault);
}

enum lw_exit lw_manual_completion(struct lw_session *session)
{
    const struct lw_options *options = session->options;
    struct lw_fault fault = {.code = LW_ERR_OK};
    struct lw_buf text = {.ceiling = TEXT_MAX};

    if (options->operands_n != 1 || strcmp(options->operands[0], "bash") != 0) {
        (void)lw_fault_set(&fault, LW_ERR_USAGE, "name the shell: `leeway completion bash`");
        return lw_session_fail(&fault);
    }
    lw_completion_bash(&text);
    return finish(&text);
}
