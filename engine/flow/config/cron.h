/* Times of a crontab: five fields, and the next time that they name in a time zone. */
#ifndef LEEWAY_ENGINE_FLOW_CONFIG_CRON_H
#define LEEWAY_ENGINE_FLOW_CONFIG_CRON_H

#include "engine/base/zone.h"
#include "leeway/err.h"
#include "leeway/str.h"
#include "leeway/time.h"

#include <stdbool.h>
#include <stdint.h>

/* Flat; bit n is set where n is named. */
struct lw_cron {
    uint64_t minutes; /* 0..59 */
    uint32_t hours;   /* 0..23 */
    uint32_t days;    /* 1..31 */
    uint16_t months;  /* 1..12 */
    uint8_t weekdays; /* 0..6, Sunday 0 */
    bool any_day;     /* the field began with '*' */
    bool any_weekday;
    bool any_hour; /* all 24 are named */
};

/* "MINUTE HOUR DAY MONTH WEEKDAY", as in crontab(5) of Vixie's cron: `*`, numbers, ranges `1-5`, lists `1,3`, steps `*` with `/15` and
   `10-50/20`, names jan..dec and sun..sat in any case, weekday 7 is Sunday. Also @hourly, @daily, @midnight, @weekly,
   @monthly, @yearly, @annually. When both day fields are restricted (do not begin with `*`), a day that fits one of them
   is taken, else it has to fit both. LW_ERR_USAGE with what is wrong, also when no such day ever comes (30 February). */
LW_MUST_USE enum lw_err lw_cron_read(struct lw_str text, struct lw_cron *cron, struct lw_fault *fault);

/* The first time after `after` (whole minutes, local time of `zone`; NULL: UTC). Where the clocks are put forward, a time
   that is skipped comes as much later as the clocks were moved (02:30 at 03:30). Where they are put back, a time in the
   hour that comes twice is taken the first time, and both times when all hours are named. When there is none before the
   year 9999: the time LW_TIME_MAX. */
lw_time lw_cron_next(const struct lw_cron *cron, const struct lw_zone *zone, lw_time after);

#endif
