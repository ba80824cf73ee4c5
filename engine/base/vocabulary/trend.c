#include "leeway/run.h"

const char *lw_trend_name(enum lw_trend trend)
{
    static const char *const names[] = {
        [LW_TREND_NONE] = "none",
        [LW_TREND_UP] = "up",
        [LW_TREND_DOWN] = "down",
        [LW_TREND_FLAT] = "flat",
    };

    return (size_t)trend < sizeof(names) / sizeof(names[0]) ? names[trend] : "none";
}
