#include "engine/report/page/figure.h"

#include <math.h>
#include <stdio.h>

#define LARGE 1e9 /* from here on digits before the point are too many to read, and would not fit a text in the end */

int lw_figure_decimals(double largest)
{
    double size = fabs(largest);
    int before;

    if (size == 0 || !isfinite(size))
        return 0;
    if (size < 1e-3 || size >= LARGE)
        return -1;
    before = (int)floor(log10(size)) + 1; /* digits before the point; 0 and less below 1 */
    if (before >= 4)
        return 0;
    return before > 0 ? 4 - before : 4 - before > 6 ? 6 : 4 - before;
}

void lw_figure_write(double value, int decimals, char text[LW_FIGURE_TEXT])
{
    if (decimals < 0 || fabs(value) >= LARGE)
        snprintf(text, LW_FIGURE_TEXT, "%.3e", value);
    else
        snprintf(text, LW_FIGURE_TEXT, "%.*f", decimals, value == 0 ? 0.0 : value);
}

void lw_figure_alone(double value, char text[LW_FIGURE_TEXT])
{
    lw_figure_write(value, lw_figure_decimals(value), text);
}

void lw_figure_bytes(double bytes, char text[LW_FIGURE_TEXT])
{
    static const char *const units[] = {"bytes", "kB", "MB", "GB", "TB"};
    size_t unit = 0;

    while (bytes >= 1000 && unit + 1 < sizeof(units) / sizeof(units[0])) {
        bytes /= 1000;
        unit++;
    }
    snprintf(text, LW_FIGURE_TEXT, unit == 0 || bytes >= 100 ? "%.0f %s" : "%.1f %s", bytes, units[unit]);
}
