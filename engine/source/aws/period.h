/* Which requests of GetMetricStatistics a stretch of time takes: period by age, at most 1440 datapoints each. */
#ifndef LEEWAY_ENGINE_SOURCE_AWS_PERIOD_H
#define LEEWAY_ENGINE_SOURCE_AWS_PERIOD_H

#include "leeway/time.h"

#include <stdbool.h>
#include <stddef.h>

#define LW_PERIOD_POINTS_MAX 1440

/* [from, until), cut into requests from the first to the last. */
struct lw_period {
    lw_time from, until; /* of what is left */
    lw_span period;
};

/* What is to be asked for a job that trained from `start` to `end`: `start` rounded down, a minute added behind `end`
   since CloudWatch drops the seconds. Data are kept by the minute for 15 days, by five minutes for 63, by the hour for 455
   (CloudWatch User Guide, "Metrics retention"); an hour before the border the coarser ones are taken already. false:
   nothing is kept of that time. */
bool lw_period_of(lw_time start, lw_time end, lw_time now, struct lw_period *out);
/* Takes the next request off; false when nothing is left. */
bool lw_period_next(struct lw_period *left, lw_time *from, lw_time *until);

#endif
