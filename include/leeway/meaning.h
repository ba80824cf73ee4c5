/* What the name of a metric means: whether more of it is better, and which scale it has. */
#ifndef LEEWAY_MEANING_H
#define LEEWAY_MEANING_H

#include "leeway/err.h"
#include "leeway/str.h"

enum lw_better {
    LW_BETTER_UNKNOWN, /* neither way, or the name does not say */
    LW_BETTER_HIGHER,  /* accuracy, auc, f1, ... */
    LW_BETTER_LOWER    /* loss, error, rmse, ... */
};

enum lw_meaning_scale {
    LW_MEANING_PLAIN, /* any real number: bleu, r2, log likelihood, names that are not known */
    LW_MEANING_RATE,  /* a share in 0..1: accuracy, auc, recall, map, ... */
    LW_MEANING_LOSS   /* usually > 0 and judged by its ratio: loss, rmse, perplexity, error, ... */
};

struct lw_meaning {
    enum lw_better better;
    enum lw_meaning_scale scale;
};

/* By the end of the name, without regard to case, after taking off what only qualifies it: numbers and letters in
   parentheses (`top_k_accuracy_2`, `mAP50-95(B)`, `ndcg@10`) and words such as score, rate, mean, epoch, step, best
   (`f1_score`, `train_loss_epoch`). A known word counts when it begins at the start of the name, after something that
   is no letter or digit, or at a capital after a small letter or a digit (`mean_wQuantileLoss`); words of four letters
   or more count also inside a word (`valloss`). Separators inside a known word do not matter (`f_beta`, `roc-auc`,
   `cross_entropy`). A word `neg` or `negative` before the known one turns its sense round and makes the scale plain, as
   in scikit-learn's `neg_mean_squared_error`. Names with the word time, throughput, progress, runtime, duration or
   seconds mean nothing either way. Sources of the words: the tuning pages of SageMaker's built-in algorithms, the
   metric lists of XGBoost, Keras, scikit-learn and Hugging Face. An empty name is legal. */
LW_API struct lw_meaning lw_meaning_of(struct lw_str metric);

#endif
