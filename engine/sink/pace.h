/* How often a sink is asked: the wait after failures, and so many messages a minute. */
#ifndef LEEWAY_ENGINE_SINK_PACE_H
#define LEEWAY_ENGINE_SINK_PACE_H

#include <stdint.h>

#define LW_PACE_MESSAGES 20 /* in a minute */

/* Milliseconds to wait after so many failures (from 1) in a row: full jitter, uniform between 1 s and min(300 s, 2^failures s),
   so that many who lost the same server do not come back as one. `jitter` is the state of the generator (splitmix64). */
int64_t lw_pace_backoff(uint64_t *jitter, unsigned failures);

/* Zeroed: none was sent. All times are ticks in ms. */
struct lw_pace {
    int64_t sent[LW_PACE_MESSAGES]; /* a ring */
    uint64_t n;
};

void lw_pace_sent(struct lw_pace *pace, int64_t ticks);
/* Of the last minute. */
unsigned lw_pace_recent(const struct lw_pace *pace, int64_t ticks);
/* When the oldest of the last 20 is a minute old. Only for a pace with 20. */
int64_t lw_pace_free(const struct lw_pace *pace);

#endif
