/* Cutting data without run ids into runs by the shape of the saw-tooth. */
#ifndef LEEWAY_ENGINE_CORE_GATHER_UNNAMED_SEGMENT_H
#define LEEWAY_ENGINE_CORE_GATHER_UNNAMED_SEGMENT_H

#include "engine/core/gather/unnamed/evidence.h"

struct lw_segment {
    int64_t first, last; /* stamps of its first and last point */
    double confidence;   /* posterior probability that a run begins at `first` */
    double silence;      /* before it, in periods; 0 for the first segment */
    uint32_t resets;     /* how many metrics speak for its begin by a reset */
    uint32_t flags;      /* enum lw_run_flag: RESUMED, RESTARTED, INTERLEAVED */
    bool joined;         /* with INTERLEAVED: goes together with the one before it */
    int64_t pause;       /* sum of the pauses inside, ms beyond one period each */
};

/* One scratch for each purpose, so that they can be used again for the next model. Zero-initialised it is valid. */
struct lw_segment_room {
    struct lw_scratch stamps, cells, candidates, firsts, segments, passing;
};

/* `evidence->metrics` are the metrics of one job with their points and `better`; the rest is filled in here. The segments
   cover all points, in order of time, and lie in room->segments.
   How: each step between neighbouring stamps gets the ratio of evidence.h; the best cut is the one with the greatest sum
   of these ratios and of the logarithms of the probabilities of the lengths of runs (a semi-Markov model, solved by
   dynamic programming over the steps that could be boundaries at all). Beliefs begin with the whole series and are learnt
   anew from the runs found, until the cut stays the same; lengths are learnt from four runs on, log-normal with a share
   of any. The confidence is the posterior of the boundary under all cuts (forward-backward). Windows in which two runs
   overlap are segments of their own, flagged LW_RUN_INTERLEAVED. false when memory is out. */
LW_MUST_USE bool lw_segment_cut(struct lw_evidence *evidence, struct lw_memory *memory, struct lw_segment_room *room,
                                size_t *segments_n);
void lw_segment_close(struct lw_segment_room *room, struct lw_memory *memory);

#endif
