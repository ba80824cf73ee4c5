#include "engine/source/aws/period.h"

static int64_t floor_to(int64_t at, int64_t step)
{
    int64_t rest = at % step;

    return at - (rest < 0 ? rest + step : rest);
}

bool lw_period_of(lw_time start, lw_time end, lw_time now, struct lw_period *out)
{
    static const struct {
        int64_t age, period;
    } kept[] = {{15 * LW_DAY - LW_HOUR, LW_MINUTE}, {63 * LW_DAY - LW_HOUR, 5 * LW_MINUTE}, {455 * LW_DAY, LW_HOUR}};

    if (end.ms < start.ms)
        end = start;
    for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++) {
        if (now.ms - start.ms >= kept[i].age &&
            (i + 1 < sizeof(kept) / sizeof(kept[0]) || now.ms - end.ms >= kept[i].age))
            continue;
        out->period.ms = kept[i].period;
        out->from.ms = floor_to(start.ms, kept[i].period);
        out->until.ms = floor_to(end.ms + LW_MINUTE, kept[i].period) + kept[i].period;
        return true;
    }
    return false;
}

bool lw_period_next(struct lw_period *left, lw_time *from, lw_time *until)
{
    int64_t most = left->period.ms * LW_PERIOD_POINTS_MAX;

    if (left->from.ms >= left->until.ms)
        return false;
    *from = left->from;
    until->ms = left->until.ms - left->from.ms > most ? left->from.ms + most : left->until.ms;
    left->from = *until;
    return true;
}
