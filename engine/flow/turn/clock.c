#include "engine/flow/turn/clock.h"

static bool is_step(int64_t by)
{
    return by > LW_CLOCK_STEP || by < -LW_CLOCK_STEP;
}

int64_t lw_clock_look(struct lw_clock *clock, lw_time wall, lw_span ticks)
{
    int64_t ahead = wall.ms - ticks.ms;
    int64_t by = clock->known ? ahead - clock->ahead : 0;

    /* Small differences are followed: clocks drift, and are led back slowly. */
    if (!clock->known || !is_step(by)) {
        clock->ahead = ahead;
        clock->known = true;
        clock->doubts = false;
        return 0;
    }
    if (!clock->doubts)
        clock->since = ticks.ms;
    clock->doubts = true;
    if (ticks.ms - clock->since < LW_CLOCK_DOUBT)
        return 0;
    clock->ahead = ahead;
    clock->doubts = false;
    return by;
}

void lw_clock_saw(struct lw_clock *clock, lw_time newest, lw_time wall, lw_span ticks)
{
    int64_t believed = ticks.ms + clock->ahead;

    /* Believed with the next look. */
    if (clock->doubts && wall.ms > believed && newest.ms > believed + LW_CLOCK_STEP &&
        newest.ms <= wall.ms + LW_CLOCK_STEP)
        clock->since = ticks.ms - LW_CLOCK_DOUBT;
}

lw_time lw_clock_time(const struct lw_clock *clock, lw_time wall, lw_span ticks)
{
    lw_time time = wall;

    if (clock->known)
        time.ms = ticks.ms + clock->ahead;
    return time;
}
