/* What an alert says, in one sentence of at most 250 bytes: model, series, from -> to in the user's units, since which
   run, the usual spread, what did not change. */
#ifndef LEEWAY_ENGINE_CORE_JUDGE_SENTENCE_H
#define LEEWAY_ENGINE_CORE_JUDGE_SENTENCE_H

#include "engine/core/judge/fold.h"

#define LW_SENTENCE_MAX 250

/* Writes the->message. */
void lw_sentence_write(const struct lw_fold *fold, struct lw_case *the);

/* The run as people know it: by its start in UTC, by its name when it has no clock. At most 63 bytes. */
#define LW_SENTENCE_RUN 64
void lw_sentence_run(const struct lw_fold *fold, uint32_t run, char text[LW_SENTENCE_RUN]);

/* A level of the series: "0.912", "4m 12s", "1.24". `other`: the level it is compared with, which says how many digits
   are needed. */
#define LW_SENTENCE_LEVEL 40
void lw_sentence_level(const struct lw_fold *fold, uint32_t series, double level, double other,
                       char text[LW_SENTENCE_LEVEL]);

/* A value that the rule number `rule` speaks of, in the user's units: spans for times, else four digits, or as many as
   tell it from the bound. */
void lw_sentence_ruled(const struct lw_fold *fold, uint32_t rule, double value, char text[LW_SENTENCE_LEVEL]);

#endif
