/* Which runs of a long history are shown: the first few, those around alerts, the last ones; the others are counted. */
#ifndef LEEWAY_ENGINE_REPORT_TEXT_FOLD_H
#define LEEWAY_ENGINE_REPORT_TEXT_FOLD_H

#include "leeway/judged.h"

#include <stddef.h>

struct lw_fold_row {
    size_t run;      /* index of the run; of the first one when folded */
    size_t folded;   /* 0: the run itself is shown; else that many runs are not */
    size_t warnings; /* of the folded ones, those with the verdict warning */
};

/* Fills `rows` (room for model->runs_n) and returns how many there are. Histories up to 20 runs are shown whole. */
size_t lw_fold_runs(const struct lw_judged *model, struct lw_fold_row *rows);

#endif
