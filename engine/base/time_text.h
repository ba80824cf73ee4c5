/* Times as text, both ways. */
#ifndef LEEWAY_ENGINE_BASE_TIME_TEXT_H
#define LEEWAY_ENGINE_BASE_TIME_TEXT_H

#include "leeway/err.h"
#include "leeway/str.h"
#include "leeway/time.h"

#include <stdbool.h>
#include <stddef.h>

/* A time zone for stamps that carry none: UTC, a fixed offset, or an IANA zone of the system's database. */
struct lw_zone;

/* "UTC", "Z", "+02:00", "-0530", or an IANA name such as "Europe/Berlin" (read from the system's zoneinfo files; not from
   the environment; beyond its last change the rule of the file holds, for ever). Fails with LW_ERR_USAGE and says what is accepted. */
LW_MUST_USE enum lw_err lw_zone_open(struct lw_zone **out, struct lw_str name, struct lw_fault *fault);
void lw_zone_close(struct lw_zone *zone);

/* The one tolerant reader of times: epoch seconds or milliseconds (a number of more than 11 digits before the point is
   milliseconds; fractions allowed), ISO 8601 `YYYY-MM-DDTHH:MM[:SS[.f]]` with `Z`, `+hh:mm`, `+hhmm`, `+hh` or no
   offset, `YYYY-MM-DD HH:MM[:SS[.f]]` likewise, `YYYY-MM-DD` (midnight), `MM/DD/YYYY HH:MM:SS` (SageMaker's logs, UTC
   there: a caller who knows that the text is such a log gives no zone). The offset may also be `UTC` or `GMT` and may stand
   after one blank; a fraction may begin with a comma; second 60 is the first of the next minute. Leading and trailing
   blanks are taken; nothing else may follow. Zone-less stamps are in `zone` (NULL: UTC); a local time that does not exist
   is moved forward, one that exists twice is the earlier. Fractions beyond ms are cut. false when it is not a time or lies outside of LW_TIME_MIN..LW_TIME_MAX. */
bool lw_time_read(struct lw_str text, const struct lw_zone *zone, lw_time *time);
/* The same for a JSON number: seconds or milliseconds by size. */
bool lw_time_from_number(double number, lw_time *time);

/* "2019-06-12T14:03:00.000Z", terminated, always 24 characters. */
#define LW_TIME_TEXT 25
void lw_time_write(lw_time time, char text[LW_TIME_TEXT]);
/* For people: "12 Jun 14:03", with the year when asked for ("12 Jun 2019 14:03"); UTC. */
#define LW_TIME_SHORT 24
void lw_time_short(lw_time time, bool year, char text[LW_TIME_SHORT]);

/* "90s", "15m", "1h", "1h30m", "2d", "1w", "250ms", "0"; a bare number is seconds. false when it is none. */
bool lw_span_read(struct lw_str text, lw_span *span);
/* For people, two units at most: "4m 12s", "1h 05m", "3d 02h", "850ms". */
#define LW_SPAN_TEXT 24
void lw_span_write(lw_span span, char text[LW_SPAN_TEXT]);

#endif
