#include "engine/flow/cli/completion.h"

#include "engine/flow/cli/command.h"

#include <string.h>

static void option_words(struct lw_buf *out, const struct lw_command *command)
{
    for (size_t i = 0; i < command->options_n; i++) {
        if (!command->options[i].hidden)
            lw_buf_format(out, " --%s", command->options[i].name);
    }
}

/* The values of one option: the case that matches `--name` or `-letter` as the word before. */
static void option_case(struct lw_buf *out, const char *command, const struct lw_option *option)
{
    lw_buf_format(out, "    %s:--%s", command, option->name);
    if (option->letter != 0)
        lw_buf_format(out, "|%s:-%c", command, option->letter);
    if (option->values != NULL && strcmp(option->values, "FILE") == 0)
        lw_buf_text(out, ") COMPREPLY=($(compgen -f -- \"$word\")); return ;;\n");
    else if (option->values != NULL)
        lw_buf_format(out, ") COMPREPLY=($(compgen -W '%s' -- \"$word\")); return ;;\n", option->values);
    else
        lw_buf_text(out, ") return ;;\n");
}

void lw_completion_bash(struct lw_buf *out)
{
    lw_buf_text(out,
                "# Completion of leeway for bash, made from its own table of options.\n"
                "_leeway() {\n"
                "    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} command=${COMP_WORDS[1]}\n"
                "    if [ \"$COMP_CWORD\" -eq 1 ]; then\n"
                "        COMPREPLY=($(compgen -W '--help --version");
    for (size_t i = 0; i < lw_command_all_n; i++)
        lw_buf_format(out, " %s", lw_command_all[i]->name);
    lw_buf_text(out, "' -- \"$word\"))\n        return\n    fi\n    case $command:$before in\n");
    for (size_t i = 0; i < lw_command_all_n; i++) {
        const struct lw_command *command = lw_command_all[i];

        for (size_t j = 0; j < command->options_n; j++) {
            if (!command->options[j].hidden && command->options[j].argument != NULL)
                option_case(out, command->name, &command->options[j]);
        }
    }
    lw_buf_text(out, "    esac\n    case $command:$word in\n");
    for (size_t i = 0; i < lw_command_all_n; i++) {
        lw_buf_format(out, "    %s:-*) COMPREPLY=($(compgen -W '", lw_command_all[i]->name);
        option_words(out, lw_command_all[i]);
        lw_buf_text(out, "' -- \"$word\")) ;;\n");
    }
    lw_buf_text(out, "    help:*) COMPREPLY=($(compgen -W '");
    for (size_t i = 0; i < lw_command_all_n; i++)
        lw_buf_format(out, " %s", lw_command_all[i]->name);
    lw_buf_text(out, "' -- \"$word\")) ;;\n"
                     "    completion:*) COMPREPLY=($(compgen -W 'bash' -- \"$word\")) ;;\n"
                     "    analyze:*|models:*) COMPREPLY=($(compgen -f -- \"$word\")) ;;\n"
                     "    esac\n"
                     "}\n"
                     "complete -o filenames -F _leeway leeway\n");
}
