/* Keras prints one line of progress per step and overwrites it: of each epoch only the last one counts. */
#ifndef LEEWAY_ENGINE_DECODE_LOG_LOG_KERAS_H
#define LEEWAY_ENGINE_DECODE_LOG_LOG_KERAS_H

#include "engine/decode/log/log_axis.h"
#include "engine/decode/log/log_grammar.h"

#define LW_LOG_KERAS_VALUES 64 /* metrics of one epoch */

/* Of one run; zero-initialised is valid. */
struct lw_log_keras {
    bool training; /* the head of an epoch was seen */
    int64_t epoch;
    bool complete;  /* the last step was printed: */
    bool validated; /* ... with the results of the validation, behind which nothing belongs to the epoch any more */
    int64_t steps;
    struct lw_log_datum *values; /* LW_LOG_KERAS_VALUES of them; owned */
    size_t n;
};

/* A new epoch: what the one before it had is given out. */
LW_MUST_USE enum lw_err lw_log_keras_epoch(struct lw_log_keras *keras, int64_t epoch, struct lw_log_axis *axis,
                                           struct lw_fault *fault);
/* true when a line of progress replaces what the epoch has so far, which is then dropped: the values of the line are to
   be added. */
bool lw_log_keras_takes(struct lw_log_keras *keras, const struct lw_log_progress *progress);
LW_MUST_USE enum lw_err lw_log_keras_add(struct lw_log_keras *keras, const struct lw_log_datum *datum,
                                         struct lw_fault *fault);
/* The end of the run. */
LW_MUST_USE enum lw_err lw_log_keras_finish(struct lw_log_keras *keras, struct lw_log_axis *axis,
                                            struct lw_fault *fault);
void lw_log_keras_close(struct lw_log_keras *keras);

#endif
