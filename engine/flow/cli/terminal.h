/* What the streams of this process are: a terminal or not, how wide, with which characters. */
#ifndef LEEWAY_ENGINE_FLOW_CLI_TERMINAL_H
#define LEEWAY_ENGINE_FLOW_CLI_TERMINAL_H

#include <stdbool.h>
#include <stdint.h>

struct lw_terminal {
    bool out, err;    /* standard output, standard error are terminals */
    bool colour;      /* colours are wanted on standard output: a terminal, NO_COLOR not set, TERM not dumb */
    bool utf8;        /* the locale's character set */
    uint32_t columns; /* width; 80 where it is not known */
};

/* Sets LC_CTYPE (and only that) from the environment to learn the character set. */
struct lw_terminal lw_terminal_look(void);

#endif
