/* Typed time: points and spans in whole milliseconds. Event time and wall time are never mixed. */
#ifndef LEEWAY_TIME_H
#define LEEWAY_TIME_H

#include <stdint.h>

typedef struct {
    int64_t ms; /* since 1970-01-01T00:00:00Z */
} lw_time;

typedef struct {
    int64_t ms;
} lw_span;

#define LW_SECOND ((int64_t)1000)
#define LW_MINUTE (60 * LW_SECOND)
#define LW_HOUR   (60 * LW_MINUTE)
#define LW_DAY    (24 * LW_HOUR)

/* Every time that enters lies within the years 0001 to 9999, so that sums and differences cannot overflow. */
#define LW_TIME_MIN ((int64_t)-62135596800000)
#define LW_TIME_MAX ((int64_t)253402300799999)

static inline lw_span lw_time_since(lw_time later, lw_time earlier)
{
    return (lw_span){later.ms - earlier.ms};
}

static inline lw_time lw_time_after(lw_time start, lw_span span)
{
    return (lw_time){start.ms + span.ms};
}

#endif
