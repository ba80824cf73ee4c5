#include "engine/flow/cli/help.h"

#include "engine/decode/decode.h"
#include "engine/flow/cli/command.h"

#include <string.h>

#define INDENT     2u
#define OPTION_MAX 27u /* an option longer than this has its help on the next line */
#define LEAST      40u /* narrower terminals are written as if they had this width */
#define MOST       100u

static void pad(struct lw_buf *out, size_t n)
{
    while (n-- > 0)
        lw_buf_char(out, ' ');
}

/* Words of `text` from column `at` on, further lines indented by `indent`. Help texts are ASCII. */
static void wrap(struct lw_buf *out, struct lw_str text, size_t at, size_t indent, size_t width)
{
    size_t begin = 0;

    while (begin < text.len) {
        size_t end = begin;

        while (end < text.len && text.at[end] != ' ')
            end++;
        if (at > indent && at + 1 + (end - begin) > width) {
            lw_buf_char(out, '\n');
            pad(out, indent);
            at = indent;
        } else if (begin > 0 && at > indent) {
            lw_buf_char(out, ' ');
            at++;
        }
        lw_buf_bytes(out, text.at + begin, end - begin);
        at += end - begin;
        begin = end;
        while (begin < text.len && text.at[begin] == ' ')
            begin++;
    }
    lw_buf_char(out, '\n');
}

/* Paragraphs separated by an empty line. */
static void wrap_paragraphs(struct lw_buf *out, const char *text, size_t width)
{
    while (*text != '\0') {
        const char *end = strstr(text, "\n\n");
        size_t length = end != NULL ? (size_t)(end - text) : strlen(text);

        wrap(out, (struct lw_str){.at = text, .len = length}, 0, 0, width);
        lw_buf_char(out, '\n');
        text += end != NULL ? length + 2 : length;
    }
}

static size_t clamp_width(uint32_t width)
{
    if (width < LEAST)
        return LEAST;
    return width > MOST ? MOST : width;
}

static void write_examples(struct lw_buf *out, const char *examples)
{
    lw_buf_text(out, "Examples:\n");
    while (*examples != '\0') {
        const char *tab = strchr(examples, '\t');
        const char *end = strchr(examples, '\n');

        if (end - tab > 1) {
            pad(out, INDENT);
            lw_buf_format(out, "# %.*s\n", (int)(end - tab - 1), tab + 1);
        }
        pad(out, INDENT);
        lw_buf_bytes(out, examples, (size_t)(tab - examples));
        lw_buf_char(out, '\n');
        examples = end + 1;
    }
}

static void write_option(struct lw_buf *out, const struct lw_option *option, size_t width)
{
    size_t start = out->len;
    size_t used;
    struct lw_buf help = {.ceiling = 4096};

    pad(out, INDENT);
    if (option->letter != 0)
        lw_buf_format(out, "-%c, ", option->letter);
    else
        pad(out, 4);
    lw_buf_format(out, "--%s", option->name);
    if (option->argument != NULL)
        lw_buf_format(out, " %s", option->argument);
    used = out->len - start;
    if (used > OPTION_MAX) {
        lw_buf_char(out, '\n');
        used = 0;
    }
    pad(out, OPTION_MAX + INDENT - used);
    lw_buf_text(&help, option->help);
    if (option->preset != NULL)
        lw_buf_format(&help, " (default: %s)", option->preset);
    if (option->repeatable)
        lw_buf_text(&help, "; may be repeated");
    wrap(out, lw_buf_view(&help), OPTION_MAX + INDENT, OPTION_MAX + INDENT, width);
    lw_buf_close(&help);
}

static void write_formats(struct lw_buf *out, size_t width)
{
    static const struct {
        const char *id, *text;
    } formats[] = {
#define FORMAT_ROW(name, id, text) {id, text},
        LW_FORMAT_LIST(FORMAT_ROW)
#undef FORMAT_ROW
    };

    lw_buf_text(out, "\nInput formats:\n");
    for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
        size_t length = strlen(formats[i].id);

        pad(out, INDENT);
        lw_buf_text(out, formats[i].id);
        pad(out, OPTION_MAX - length);
        wrap(out, lw_str_from(formats[i].text), OPTION_MAX + INDENT, OPTION_MAX + INDENT, width);
    }
}

void lw_help_command(const struct lw_command *command, uint32_t columns, struct lw_buf *out)
{
    size_t width = clamp_width(columns);
    const char *group = "";

    lw_buf_format(out, "Usage: leeway %s [OPTION...]%s%s\n\n", command->name, command->operands ? " " : "",
                  command->operands ? command->operands : "");
    wrap_paragraphs(out, command->about, width);
    if (command->examples != NULL)
        write_examples(out, command->examples);
    for (size_t i = 0; i < command->options_n; i++) {
        const struct lw_option *option = &command->options[i];

        if (option->hidden)
            continue;
        if (strcmp(group, option->group) != 0)
            lw_buf_format(out, "%s%s:\n", i > 0 || command->examples ? "\n" : "", option->group);
        group = option->group;
        write_option(out, option, width);
    }
    if (command == &lw_command_analyze)
        write_formats(out, width);
}

void lw_help_program(uint32_t columns, struct lw_buf *out)
{
    size_t width = clamp_width(columns);

    lw_buf_text(out, "Usage: leeway COMMAND [OPTION...] [FILE...]\n\n");
    wrap(out,
         LW_STR("Finds drift between the runs of models that are trained again and again: in their metrics, run "
                "times, cost and rhythm."),
         0, 0, width);
    lw_buf_text(out, "\nExamples:\n"
                     "  leeway demo                     see it work on real training jobs\n"
                     "  leeway analyze export.json      judge what was exported\n"
                     "\nCommands:\n");
    for (size_t i = 0; i < lw_command_all_n; i++)
        lw_buf_format(out, "  %-12s %s\n", lw_command_all[i]->name, lw_command_all[i]->summary);
    lw_buf_text(out, "\nOptions:\n"
                     "  -h, --help     Show this help\n"
                     "  -V, --version  Show the version\n"
                     "\n`leeway help COMMAND` explains a command.\n");
}
