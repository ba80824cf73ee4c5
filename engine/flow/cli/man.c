#include "engine/flow/cli/man.h"

#include "engine/decode/decode.h"
#include "engine/flow/cli/command.h"
#include "engine/flow/config/print/page.h"

#include <stdbool.h>
#include <string.h>

#define LINE_MAX_COLUMN 46 /* lines of the source are broken at the next blank */

static size_t column_of(const struct lw_buf *out)
{
    size_t n = 0;

    while (n < out->len && out->at[out->len - 1 - n] != '\n')
        n++;
    return n;
}

/* Text for mdoc: a backslash is written \e, a dash that must stay one \-, a line never begins with a dot or quote. */
static void escape(struct lw_buf *out, struct lw_str text, bool broken)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.at[i];

        if (c == ' ' && broken && column_of(out) >= LINE_MAX_COLUMN)
            lw_buf_char(out, '\n');
        else if (c == '\\')
            lw_buf_text(out, "\\e");
        else if (c == '-')
            lw_buf_text(out, "\\-");
        else if ((c == '.' || c == '\'') && broken && column_of(out) == 0)
            lw_buf_format(out, "\\&%c", c);
        else
            lw_buf_char(out, c);
    }
}

void lw_man_text(struct lw_buf *out, struct lw_str text)
{
    escape(out, text, true);
}

/* An argument of an mdoc macro: quoted, since punctuation of one letter alone has a meaning there. */
static void quote(struct lw_buf *out, const char *text)
{
    lw_buf_char(out, '"');
    for (; *text != '\0'; text++) {
        if (*text == '"')
            lw_buf_char(out, '"');
        escape(out, (struct lw_str){.at = text, .len = 1}, false);
    }
    lw_buf_char(out, '"');
}

/* Prose: a line of the source per sentence, as mdoc wants it. */
static void prose(struct lw_buf *out, const char *text)
{
    while (*text != '\0') {
        const char *end = text;
        bool paragraph;

        while (*end != '\0' && *end != '\n' && !(end[0] == '.' && end[1] == ' '))
            end++;
        if (*end == '.')
            end++;
        escape(out, (struct lw_str){.at = text, .len = (size_t)(end - text)}, true);
        lw_buf_char(out, '\n');
        paragraph = end[0] == '\n' && end[1] == '\n';
        if (paragraph)
            lw_buf_text(out, ".Pp\n");
        while (*end == ' ' || *end == '\n')
            end++;
        text = end;
    }
}

static void synopsis(struct lw_buf *out)
{
    for (size_t i = 0; i < lw_command_all_n; i++) {
        const struct lw_command *command = lw_command_all[i];

        lw_buf_format(out, ".Nm\n.Cm %s\n", command->name);
        if (command->options_n > 1)
            lw_buf_text(out, ".Op Ar option ...\n");
        if (command->operands != NULL) {
            lw_buf_text(out, ".Ar ");
            quote(out, command->operands);
            lw_buf_char(out, '\n');
        }
    }
}

static void option_entry(struct lw_buf *out, const struct lw_option *option)
{
    lw_buf_text(out, ".It ");
    if (option->letter != 0)
        lw_buf_format(out, "Fl %c , ", option->letter);
    lw_buf_text(out, "Fl \\-");
    escape(out, lw_str_from(option->name), false);
    if (option->argument != NULL) {
        lw_buf_text(out, " Ar ");
        quote(out, option->argument);
    }
    lw_buf_char(out, '\n');
    escape(out, lw_str_from(option->help), true);
    if (option->preset != NULL) {
        lw_buf_text(out, "\n(default:\n");
        escape(out, lw_str_from(option->preset), true);
        lw_buf_char(out, ')');
    }
    lw_buf_text(out, option->repeatable ? ".\nMay be repeated.\n" : ".\n");
}

static void examples(struct lw_buf *out, const char *text)
{
    lw_buf_text(out, ".Bd -literal -offset indent\n");
    while (*text != '\0') {
        const char *tab = strchr(text, '\t');

        escape(out, (struct lw_str){.at = text, .len = (size_t)(tab - text)}, false);
        lw_buf_char(out, '\n');
        text = strchr(tab, '\n') + 1;
    }
    lw_buf_text(out, ".Ed\n");
}

static void commands(struct lw_buf *out)
{
    for (size_t i = 0; i < lw_command_all_n; i++) {
        const struct lw_command *command = lw_command_all[i];
        const char *group = "";

        lw_buf_format(out, ".Ss leeway %s\n", command->name);
        prose(out, command->about);
        for (size_t j = 0; j < command->options_n; j++) {
            const struct lw_option *option = &command->options[j];

            if (option->hidden)
                continue;
            if (strcmp(group, option->group) != 0)
                lw_buf_format(out, "%s.Pp\n%s:\n.Bl -tag -width Ds\n", *group != '\0' ? ".El\n" : "", option->group);
            group = option->group;
            option_entry(out, option);
        }
        lw_buf_text(out, ".El\n");
        if (command->examples != NULL)
            examples(out, command->examples);
    }
}

static void formats(struct lw_buf *out)
{
    static const struct {
        const char *id, *text;
    } rows[] = {
#define FORMAT_ROW(name, id, text) {id, text},
        LW_FORMAT_LIST(FORMAT_ROW)
#undef FORMAT_ROW
    };

    lw_buf_text(out, ".Bl -tag -width get-metric-statistics\n");
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        lw_buf_text(out, ".It Cm ");
        quote(out, rows[i].id);
        lw_buf_char(out, '\n');
        escape(out, lw_str_from(rows[i].text), true);
        lw_buf_text(out, ".\n");
    }
    lw_buf_text(out, ".El\n");
}

void lw_man_page(struct lw_str page, struct lw_buf *out)
{
    static const struct {
        struct lw_str mark;
        void (*write)(struct lw_buf *out);
    } marks[] = {
        {{.at = ".\\\" @synopsis@", .len = 14}, synopsis},
        {{.at = ".\\\" @commands@", .len = 14}, commands},
        {{.at = ".\\\" @formats@", .len = 13}, formats},
        {{.at = ".\\\" @keys@", .len = 10}, lw_page_keys},
        {{.at = ".\\\" @variables@", .len = 15}, lw_page_variables},
    };

    while (page.len > 0) {
        const char *end = memchr(page.at, '\n', page.len);
        size_t length = end != NULL ? (size_t)(end - page.at) : page.len;
        struct lw_str line = {.at = page.at, .len = length};
        bool replaced = false;

        for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]) && !replaced; i++) {
            replaced = lw_str_equal(line, marks[i].mark);
            if (replaced)
                marks[i].write(out);
        }
        if (!replaced) {
            lw_buf_str(out, line);
            lw_buf_char(out, '\n');
        }
        page.at += length + (end != NULL);
        page.len -= length + (end != NULL);
    }
}
