/* The Retry-After header of HTTP (RFC 9110, 10.2.3). */
#ifndef LEEWAY_ENGINE_SINK_RETRY_AFTER_H
#define LEEWAY_ENGINE_SINK_RETRY_AFTER_H

#include "leeway/str.h"
#include "leeway/time.h"

#include <stdbool.h>

/* `value` is a number of seconds, or a date in one of the three forms of RFC 9110, 5.6.7 (the year of two digits is taken as
   within 50 years of `now`). A date is counted from `date`, the reply's Date header, where that can be read: so a clock that
   is wrong here does no harm; else from `now`. *wait is clamped to [1 s, 1 h]. false: it is neither, *wait is untouched. */
bool lw_retry_after(struct lw_str value, struct lw_str date, lw_time now, lw_span *wait);

#endif
