/* Lines of training logs: the grammars that SageMaker's algorithms and frameworks print, into points and facts. Used for
   logs as text and for the messages of log events.

   What is read, wherever in a line it stands (texts are glued together in real logs):
   - `Epoch[n] Train-x=v`, `Validation-x=v`        -> train:x, validation:x; `Time cost=v` -> epoch_time_s
   - `#quality_metric: host=h, epoch=n, train x <loss>=v` and `#quality_metric. host: h, epoch: n, validation x: v .`
                                                  -> train:x, validation:x, test:x; lines with batch= are progress, not
                                                     an epoch's result, and are passed over
   - `#metrics {JSON}`                            -> curves of what is named train_x, validation_x, test_x; counters and
                                                     timings of the algorithm itself, and candidates of a parallel
                                                     search (dimension "model"), are signs of life: LW_POINT_HEARTBEAT
   - `[n]<TAB>train-x:v<TAB>validation-x:v`, TAB also as #011 (XGBoost)
                                                  -> train:x, validation:x, step n
   - `Epoch n/N` and ` - loss: v - val_loss: v` (Keras): the last progress line of an epoch -> train:loss, validation:loss
   - `2021-06-09 21:44:37 Starting - ...`, `Training seconds:`, `Billable seconds:`, `===== Job Complete =====`, ...
                                                  -> facts with LW_RANK_LOG
   A value printed twice for one epoch (six digits, then all of them) is one point with the better digits, given twice, so
   that it is counted as a duplicate. NaN and infinities are the fact NOT_A_NUMBER, and LW_REJECT_NOT_FINITE.

   The axis: all points of a run lie on one. A line has a time of its own when it comes with one (log events) or when the
   stamp nearest before the metric is a logger's prefix ("[06/09/2021 21:48:35 INFO", "2021-06-09 21:48:35,123 x INFO",
   "2021-06-09T21:48:35Z"), not the stamp of a status line. The majority of the first 32 points of a run decides: clock or
   steps. On the clock, a line without a time takes the latest stamp before it; points of one metric within one whole
   second keep their order by milliseconds. On steps, `at` is the epoch or round, or one more than the step before where
   none is printed or the epochs begin anew. A log without any time gets NO_CLOCK.
   Where no status line says when the job began and ended, the first and the last time of its lines are STARTED and ENDED.

   A second job in the same file (a second "Starting the training job", or "Creating training-job with name") is a run of
   its own, named after the first with -2, and so on. Values of several hosts are pooled, as CloudWatch pools them. */
#ifndef LEEWAY_ENGINE_DECODE_LOG_LOG_LINE_H
#define LEEWAY_ENGINE_DECODE_LOG_LOG_LINE_H

#include "engine/decode/format.h"

struct lw_log_line {
    uint32_t run;       /* id of the name of the run, see lw_log_line_run */
    struct lw_str text; /* without its line end; '\r' and control bytes may be in it */
    bool has_time;      /* `time` came with the line */
    lw_time time;
    uint64_t line, byte; /* where it stands in the input */
};

struct lw_log_lines;

/* State for any number of runs (log events interleave the streams of several jobs). `emit` is borrowed until close. Each
   line counts as a record: the reader adds to emit->records. */
LW_MUST_USE enum lw_err lw_log_line_open(struct lw_log_lines **out, struct lw_emit *emit, struct lw_fault *fault);
LW_MUST_USE enum lw_err lw_log_line_read(struct lw_log_lines *lines, const struct lw_log_line *line,
                                         struct lw_fault *fault);
/* The end of the input: gives out what was held back, and the facts that are known only now. */
LW_MUST_USE enum lw_err lw_log_line_finish(struct lw_log_lines *lines, struct lw_fault *fault);
void lw_log_line_close(struct lw_log_lines *lines);

/* The run of an input that names none: --run, else the file's name without folder and suffixes (.txt, .log, .json, .gz,
   ...); "stdin" for "-". LW_ERR_USAGE: nothing names it. */
LW_MUST_USE enum lw_err lw_log_line_run(struct lw_emit *emit, uint32_t *run, struct lw_fault *fault);

#endif
