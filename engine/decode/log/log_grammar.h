/* What the lines of training logs state about metrics: text in, values called out. Nothing is kept between lines. */
#ifndef LEEWAY_ENGINE_DECODE_LOG_LOG_GRAMMAR_H
#define LEEWAY_ENGINE_DECODE_LOG_LOG_GRAMMAR_H

#include "leeway/err.h"
#include "leeway/str.h"

#include <stdbool.h>
#include <stdint.h>

/* One value of one metric; texts point into the line. */
struct lw_log_value {
    struct lw_str split;  /* "train", "Validation", ... as printed; empty where there is none */
    struct lw_str name;   /* of the metric, within the split */
    struct lw_str number; /* as printed, with what clings to it when it is no number; empty when the line ends before */
    bool has_epoch;
    int64_t epoch; /* or the round of boosting */
};

typedef enum lw_err lw_log_grammar_call(void *self, const struct lw_log_value *value, struct lw_fault *fault);

/* `Epoch[n] Train-x=`, `#quality_metric`, XGBoost's rounds: all that `text` states, from left to right within each form.
   Lines about single batches state nothing. */
LW_MUST_USE enum lw_err lw_log_grammar_read(struct lw_str text, lw_log_grammar_call *call, void *self,
                                            struct lw_fault *fault);

/* Keras: `Epoch 3/10`; *rest is what follows it. */
bool lw_log_grammar_keras_epoch(struct lw_str text, int64_t *epoch, struct lw_str *rest);

/* Keras: `625/625 [====] - 39s 63ms/step - loss: 0.3 - val_loss: 0.4`, or the same without the counter. Values have the
   split "train", or "validation" for names that begin with val_. */
struct lw_log_progress {
    bool has_steps;
    int64_t step, steps;
    bool validated; /* a value of the validation is among them */
    size_t values;
};
LW_MUST_USE enum lw_err lw_log_grammar_progress(struct lw_str text, struct lw_log_progress *progress,
                                                lw_log_grammar_call *call, void *self, struct lw_fault *fault);

/* `label` and a number behind it: "Training seconds: 252". */
bool lw_log_grammar_number_after(struct lw_str text, struct lw_str label, double *number);
/* Where `piece` begins in `text`, at or behind `from`; SIZE_MAX when it does not. */
size_t lw_log_grammar_find(struct lw_str text, size_t from, struct lw_str piece);

/* A number as logs print it: decimal, or nan or an infinity in any case. *decimals: digits behind the point, counting the
   exponent: how finely it was printed. */
enum lw_log_number { LW_LOG_NUMBER_NONE, LW_LOG_NUMBER_FINITE, LW_LOG_NUMBER_NOT_FINITE };
enum lw_log_number lw_log_grammar_number(struct lw_str text, double *number, int *decimals);

#endif
