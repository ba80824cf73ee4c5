/* Numbers for people: as many decimals as a column of them needs. */
#ifndef LEEWAY_ENGINE_REPORT_PAGE_FIGURE_H
#define LEEWAY_ENGINE_REPORT_PAGE_FIGURE_H

#include <stddef.h>

#define LW_FIGURE_TEXT 40

/* Decimals with which values up to `largest` in size show four digits that count; 0..6. -1: they are so small or so large
   that they are written with an exponent. */
int lw_figure_decimals(double largest);
/* `value` with that many decimals, terminated; trailing zeros stay, so that columns line up. One that is large is written
   with an exponent all the same. */
void lw_figure_write(double value, int decimals, char text[LW_FIGURE_TEXT]);
/* The same for a value that stands alone. */
void lw_figure_alone(double value, char text[LW_FIGURE_TEXT]);
/* "405 kB", "12.3 MB". */
void lw_figure_bytes(double bytes, char text[LW_FIGURE_TEXT]);

#endif
