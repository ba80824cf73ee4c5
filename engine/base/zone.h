/* Between the local time of a zone and UTC. */
#ifndef LEEWAY_ENGINE_BASE_ZONE_H
#define LEEWAY_ENGINE_BASE_ZONE_H

#include "engine/base/time_text.h"

#include <stdint.h>

/* Seconds since 1970-01-01T00:00:00Z of a local time, given as the seconds that it would be if it were UTC. A local time
   that does not exist is moved forward, one that exists twice is the earlier. `zone` NULL: UTC. */
int64_t lw_zone_utc(const struct lw_zone *zone, int64_t local);
/* The other way round: what the clocks of the zone show at a time of UTC, as the seconds that it would be if it were
   UTC. */
int64_t lw_zone_local(const struct lw_zone *zone, int64_t utc);

/* Days since 1970-01-01 of a date of the proleptic Gregorian calendar, and back (H. Hinnant, chrono-Compatible Low-Level
   Date Algorithms, days_from_civil and civil_from_days). The month is 1..12. */
struct lw_date {
    int64_t year;
    int month;
    int day;
};
int64_t lw_zone_days(struct lw_date date);
struct lw_date lw_zone_date(int64_t days);

#endif
