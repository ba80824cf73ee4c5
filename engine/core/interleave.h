/* Runs that overlap and carry no id: recognised, so that they are not taken for one. */
#ifndef LEEWAY_ENGINE_CORE_INTERLEAVE_H
#define LEEWAY_ENGINE_CORE_INTERLEAVE_H

#include "engine/core/segment.h"

/* Flags the segments (room->segments) in which several runs overlap, and joins flagged neighbours to one window.
   Signs, each over several points of one metric that follow each other within a few periods:
   - values go to and fro: neighbours differ by far more than every second one does (two curves taken in turn);
   - several values of one stamp, or a minute whose minimum and maximum lie apart by a quarter of the usual range and by
     far more than the average moves (two curves in one datapoint).
   One noisy curve shows neither: its second neighbours differ as much as its first. */
LW_MUST_USE bool lw_interleave_mark(const struct lw_evidence *evidence, struct lw_memory *memory,
                                    struct lw_segment_room *room, size_t *segments_n);

#endif
