/* The models that the daemon knows, in memory: which have to be judged, which at what time, and which are in trouble. */
#ifndef LEEWAY_ENGINE_FLOW_TURN_ROSTER_H
#define LEEWAY_ENGINE_FLOW_TURN_ROSTER_H

#include "leeway/err.h"
#include "leeway/str.h"
#include "leeway/time.h"

#include <stdbool.h>
#include <stdint.h>

#define LW_ROSTER_NONE UINT32_MAX
#define LW_ROSTER_MAX  1000000u /* models */

struct lw_roster_model {
    struct lw_str origin, model; /* owned by the roster */
    uint32_t source;             /* number of the source that its runs come from; 0: not known */
    uint64_t queued;             /* place in the order of judging; 0: does not wait */
    lw_time deadline;            /* to be judged again then, even if nothing comes */
    bool has_deadline;
    lw_time trouble; /* when an alert of it was opened last */
    bool has_trouble;
};

struct lw_roster;

LW_MUST_USE enum lw_err lw_roster_open(struct lw_roster **out, struct lw_fault *fault);
void lw_roster_close(struct lw_roster *roster);
/* Finds or adds. LW_ERR_LIMIT beyond LW_ROSTER_MAX. */
LW_MUST_USE enum lw_err lw_roster_at(struct lw_roster *roster, struct lw_str origin, struct lw_str model, uint32_t *at,
                                     struct lw_fault *fault);
struct lw_roster_model *lw_roster_model(struct lw_roster *roster, uint32_t at);
uint32_t lw_roster_count(const struct lw_roster *roster);

/* To be judged: queued once, in the order in which they were named. */
void lw_roster_queue(struct lw_roster *roster, uint32_t at);
/* The one that waits longest, or LW_ROSTER_NONE. It stays queued until it is done. */
uint32_t lw_roster_next(struct lw_roster *roster);
void lw_roster_done(struct lw_roster *roster, uint32_t at, bool has_deadline, lw_time deadline);
uint32_t lw_roster_waiting(const struct lw_roster *roster);
/* Queues all whose deadline has come. */
void lw_roster_due(struct lw_roster *roster, lw_time now);
/* The earliest deadline of those that do not wait; LW_TIME_MAX: none. */
lw_time lw_roster_deadline(struct lw_roster *roster);

#endif
