/* Runs that overlap and carry no id: recognised, so that they are not taken for one. */
#ifndef LEEWAY_ENGINE_CORE_GATHER_UNNAMED_INTERLEAVE_H
#define LEEWAY_ENGINE_CORE_GATHER_UNNAMED_INTERLEAVE_H

#include "engine/core/gather/unnamed/segment.h"

/* Flags the segments (room->segments) in which several runs overlap, and joins those that one overlap touches to one
   window, with a margin of three periods.
   Signs, each over several points of one metric that follow each other within a few periods:
   - values go to and fro: neighbours differ by far more than every second one does (two curves taken in turn);
   - every second point is one period away, with another in between, and values go to and fro (two grids);
   - several values of one stamp, or minutes whose minimum and maximum lie further apart than the average moves, with
     twice the usual samples or by a quarter of the usual range (two curves in one datapoint).
   One noisy curve shows neither: its second neighbours differ as much as its first. */
LW_MUST_USE bool lw_interleave_mark(const struct lw_evidence *evidence, struct lw_memory *memory,
                                    struct lw_segment_room *room, size_t *segments_n);

#endif
