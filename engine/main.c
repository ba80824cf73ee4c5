/* The table of subcommands, and what holds for the whole process: signals and the error handler of GSL. */
#include "engine/base/fault.h"
#include "engine/flow/analyze/analyze.h"
#include "engine/flow/cli/command.h"
#include "engine/flow/config/init.h"
#include "engine/flow/config/inspect.h"
#include "engine/flow/demo.h"
#include "engine/flow/fetch.h"
#include "engine/flow/cli/manual.h"
#include "engine/flow/analyze/models.h"
#include "engine/flow/people/commands.h"
#include "engine/flow/service/doctor.h"
#include "engine/flow/reconcile/reconcile.h"
#include "engine/flow/reconcile/reconcile.h"
#include "engine/flow/cli/session.h"
#include "engine/flow/simulate/simulate.h"
#include "engine/flow/store_command.h"
#include "engine/flow/watch/watch.h"
#include "leeway/version.h"

#include <gsl/gsl_errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#define COMMAND_LINE_MAX ((size_t)64 << 20) /* bytes for a parsed command line; far above what a system hands over */

static const struct {
    const struct lw_command *command;
    enum lw_exit (*run)(struct lw_session *session);
} table[] = {
    {&lw_command_analyze, lw_analyze_run},
    {&lw_command_models, lw_models_run},
    {&lw_command_simulate, lw_simulate_run},
    {&lw_command_demo, lw_demo_run},
    {&lw_command_watch, lw_watch_run},
    {&lw_command_init, lw_init_run},
    {&lw_command_config, lw_inspect_run},
    {&lw_command_fetch, lw_fetch_run},
    {&lw_command_store, lw_store_command_run},
    {&lw_command_alerts, lw_commands_alerts},
    {&lw_command_ack, lw_commands_ack},
    {&lw_command_expect, lw_commands_expect},
    {&lw_command_mute, lw_commands_mute},
    {&lw_command_test_alert, lw_commands_test_alert},
    {&lw_command_doctor, lw_doctor_run},
    {&lw_command_reconcile, lw_reconcile_run},
    {&lw_command_reconcile, lw_reconcile_run},
    {&lw_command_help, lw_manual_help},
    {&lw_command_completion, lw_manual_completion},
};

static enum lw_exit unknown_command(const char *word)
{
    struct lw_fault fault = {.code = LW_ERR_OK};
    const char *nearest = lw_command_nearest(word);

    if (word[0] == '-')
        (void)lw_fault_set(&fault, LW_ERR_USAGE, "unknown option %.60s: options follow a command, see `leeway --help`",
                           word);
    else if (nearest != NULL)
        (void)lw_fault_set(&fault, LW_ERR_USAGE, "there is no command '%.60s': did you mean '%s'?", word, nearest);
    else
        (void)lw_fault_set(&fault, LW_ERR_USAGE, "there is no command '%.60s': see `leeway --help`", word);
    return lw_session_fail(&fault);
}

static enum lw_exit run_command(size_t row, int argc, char **argv)
{
    struct lw_arena arena = {.ceiling = COMMAND_LINE_MAX};
    struct lw_fault fault = {.code = LW_ERR_OK};
    struct lw_options options;
    struct lw_session session = {.terminal = lw_terminal_look(), .arena = &arena, .options = &options};
    enum lw_exit exit;

    if (lw_options_read(table[row].command, argc, argv, &arena, &options, &fault) != LW_ERR_OK)
        exit = lw_session_fail(&fault);
    else if (lw_options_has(&options, "help"))
        exit = lw_manual_command(&session, table[row].command);
    else
        exit = table[row].run(&session);
    lw_arena_close(&arena);
    return exit;
}

int main(int argc, char **argv)
{
    static char help[] = "help";
    struct lw_fault fault = {.code = LW_ERR_OK};
    const char *word = argc > 1 ? argv[1] : NULL;

    gsl_set_error_handler_off();
    signal(SIGPIPE, SIG_DFL); /* a reader that has seen enough ends us quietly, whatever we inherited */
    if (word == NULL) {
        (void)lw_fault_set(&fault, LW_ERR_USAGE, "no command given: try `leeway demo`, or see `leeway --help`");
        return (int)lw_session_fail(&fault);
    }
    if (strcmp(word, "-V") == 0 || strcmp(word, "--version") == 0)
        return (int)lw_session_write(NULL, LW_STR("leeway " LW_VERSION "\n"), LW_ERR_OK, LW_EXIT_DONE);
    if (strcmp(word, "-h") == 0 || strcmp(word, "--help") == 0)
        word = help;
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        if (strcmp(table[i].command->name, word) == 0)
            return (int)run_command(i, argc - 2, argv + 2);
    }
    return (int)unknown_command(word);
}
