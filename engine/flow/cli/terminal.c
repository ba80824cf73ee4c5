#define _DEFAULT_SOURCE
#include "engine/flow/cli/terminal.h"

#include <langinfo.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define COLUMNS_UNKNOWN 80u
#define COLUMNS_MAX     1000u

/* The width that the terminal itself states, else the one that the shell handed down. */
static uint32_t find_columns(bool out)
{
    struct winsize size;
    const char *text = getenv("COLUMNS");
    uint32_t columns = 0;

    if (out && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
        return size.ws_col;
    for (; text != NULL && *text >= '0' && *text <= '9' && columns < COLUMNS_MAX; text++)
        columns = columns * 10 + (uint32_t)(*text - '0');
    return columns >= 20 && columns <= COLUMNS_MAX ? columns : COLUMNS_UNKNOWN;
}

static bool wants_colour(void)
{
    const char *no_colour = getenv("NO_COLOR");
    const char *term = getenv("TERM");

    if (no_colour != NULL && no_colour[0] != '\0')
        return false;
    return term == NULL || strcmp(term, "dumb") != 0;
}

struct lw_terminal lw_terminal_look(void)
{
    struct lw_terminal terminal = {.out = isatty(STDOUT_FILENO) == 1, .err = isatty(STDERR_FILENO) == 1};

    terminal.utf8 = setlocale(LC_CTYPE, "") != NULL && strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
    terminal.colour = terminal.out && wants_colour();
    terminal.columns = find_columns(terminal.out);
    return terminal;
}
