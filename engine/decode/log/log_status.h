/* What a log says of the job itself: status lines of the SDK, seconds that were billed, how it ended. */
#ifndef LEEWAY_ENGINE_DECODE_LOG_LOG_STATUS_H
#define LEEWAY_ENGINE_DECODE_LOG_LOG_STATUS_H

#include "engine/decode/format.h"

#define LW_LOG_STATUS_REASON 480 /* bytes of a failure's reason that are kept */

/* Of one job; zero-initialised except for `run`. No pointers. */
struct lw_log_status {
    uint32_t run;
    bool created, begun; /* the lines that begin a job were seen */
    bool ended;          /* a final status was seen */
    bool has_phase, has_started;
    uint32_t phase;
    lw_time phase_at;
    bool has_times; /* of the stamps before the log's lines */
    lw_time first, last;
    uint8_t reason_rank; /* 0: none; 1: of the status line; 2: stated as the reason */
    uint16_t reason_n;
    bool says; /* something was given out: the job is one that the report will know */
    char reason[LW_LOG_STATUS_REASON];
};

/* true when this text begins a job although one has begun already: several jobs lie in one file. */
bool lw_log_status_begins(const struct lw_log_status *status, struct lw_str phase, struct lw_str text);
/* A stamp of the log, or the time that a line came with. */
void lw_log_status_time(struct lw_log_status *status, lw_time time);
/* A status line. `message`: what follows " - ". */
LW_MUST_USE enum lw_err lw_log_status_phase(struct lw_log_status *status, struct lw_emit *emit, struct lw_str phase,
                                            lw_time at, struct lw_str message, struct lw_fault *fault);
/* Any text of the log; `at`: its own time, or NULL. */
LW_MUST_USE enum lw_err lw_log_status_text(struct lw_log_status *status, struct lw_emit *emit, struct lw_str text,
                                           const lw_time *at, struct lw_fault *fault);
/* The end of the job's log: the last phase, the reason, and the times of the lines where no status line gave any.
   `points`: there were values of metrics, without a clock (`clock` false) if no line had a time. */
LW_MUST_USE enum lw_err lw_log_status_finish(struct lw_log_status *status, struct lw_emit *emit, bool points,
                                             bool clock, struct lw_fault *fault);

#endif
