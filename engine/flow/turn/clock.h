/* The time that silence is held against: the wall clock, but not where it steps. Nothing that was due is missing because
   somebody set a clock. */
#ifndef LEEWAY_ENGINE_FLOW_TURN_CLOCK_H
#define LEEWAY_ENGINE_FLOW_TURN_CLOCK_H

#include "leeway/time.h"

#include <stdbool.h>
#include <stdint.h>

/* The wall clock may differ so much from what ran on with the ticks; more is a step. */
#define LW_CLOCK_STEP LW_MINUTE
/* A step is believed at once when datapoints come from behind the time believed so far, and in any case after this. */
#define LW_CLOCK_DOUBT LW_DAY

/* Flat; all 0: nothing was looked at yet. */
struct lw_clock {
    int64_t ahead; /* of the ticks, ms: the time that is believed */
    int64_t since; /* ticks at which the doubt began */
    bool known, doubts;
};

/* Both clocks of one moment, looked at now and then. By how much the time that is believed has just jumped, ms: what was
   measured from earlier times on must be moved by as much. */
int64_t lw_clock_look(struct lw_clock *clock, lw_time wall, lw_span ticks);
/* The newest datapoint that came: while a step is doubted it can prove that it was right. */
void lw_clock_saw(struct lw_clock *clock, lw_time newest, lw_time wall, lw_span ticks);
/* The time that is believed; before the first look that of the wall clock. */
lw_time lw_clock_time(const struct lw_clock *clock, lw_time wall, lw_span ticks);

#endif
