/* Parts that wait to be handed over, in order, and the batch that is made of the first of them. */
#ifndef LEEWAY_ENGINE_SOURCE_AWS_QUEUE_H
#define LEEWAY_ENGINE_SOURCE_AWS_QUEUE_H

#include "engine/source/source.h"

#define LW_QUEUE_PARTS_MAX 512u /* of a batch */

struct lw_queue_entry;

struct lw_queue {
    struct lw_queue_entry *first, *last;
    size_t bytes; /* of all that waits, the batch's among them */
    struct lw_source_part parts[LW_QUEUE_PARTS_MAX];
    size_t parts_n; /* of the batch that was made and is not released; their entries are the first */
};

/* Copies everything. `job` is handed back when a batch with this part is made: NULL for parts that end nothing. `modified`
   goes with it. */
LW_MUST_USE enum lw_err lw_queue_add(struct lw_queue *queue, const struct lw_source_part *part, void *job,
                                     lw_time modified, struct lw_fault *fault);
/* Makes a batch of what is there: parts up to LW_SOURCE_BATCH_MAX together, but one at least. `ended` is called for each
   part that has a job. */
void lw_queue_cut(struct lw_queue *queue, void (*ended)(void *self, void *job, lw_time modified), void *self);
/* The parts of the batch are stored. */
void lw_queue_release(struct lw_queue *queue);
void lw_queue_close(struct lw_queue *queue);

#endif
