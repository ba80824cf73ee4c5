/* Average run length (ARL) of a CUSUM: how many runs pass, on average, until the chart signals; and the threshold that
   gives a wanted in-control ARL. The charted scores are independent and normal with standard deviation 1. */
#ifndef LEEWAY_ARL_H
#define LEEWAY_ARL_H

#include "leeway/err.h"

#include <stddef.h>
#include <stdint.h>

/* One-sided: C = max(0, C + u - k), signal when C > h. Two-sided: the same upwards and downwards, whichever is first. */
enum lw_arl_sides { LW_ARL_ONE_SIDED = 1, LW_ARL_TWO_SIDED = 2 };

/* Doubles of workspace that every function below wants; their content needs no initialisation and means nothing after
   the call. The macro is for arrays, the function for callers that were built against another version. */
#define LW_ARL_WORKSPACE 1600
LW_API size_t lw_arl_workspace(void);

/* The zero-state ARL of a chart with reference value `k` (>= 0) and threshold `h` (> 0) when the scores have mean
   `shift`; all in standard deviations.

   One side is the Markov chain of Brook & Evans (1972, Biometrika 59:539-549) on 100, 200 and 400 states, extrapolated
   to infinitely many by two Richardson levels: its error has only even powers of the width of a state. The relative
   error is below 1e-7 for h <= 15. Two sides follow from 1/ARL = 1/ARL+ + 1/ARL- (Kemp 1961).

   LW_ERR_RANGE: an argument outside of its domain. LW_ERR_NUMERIC: the ARL is too long for a double. */
LW_API LW_MUST_USE enum lw_err lw_arl_run_length(double k, double h, double shift, enum lw_arl_sides sides,
                                                 double *workspace, double *arl);

/* The threshold `h` at which the in-control (shift 0) ARL is `target` runs, for k >= 0.1 and 2 <= target <= 1e9. The
   relative error of the ARL at the answer is below 1e-6 for k >= 0.25 and targets up to 1e7 (k = 0.1: 1e-5). Secant steps on the logarithm of the ARL, which is nearly linear in h, from a first
   guess by Siegmund's formula (1985, Sequential Analysis, eq. 2.57: exp(2kb) - 2kb - 1 over 2k^2, b = h + 1.166).

   LW_ERR_RANGE: an argument outside of its domain, or already the smallest h gives a longer ARL than wanted (k is too
   large for the target). LW_ERR_NUMERIC: no convergence. */
LW_API LW_MUST_USE enum lw_err lw_arl_threshold(double k, double target, enum lw_arl_sides sides, double *workspace,
                                                double *h);

/* Thresholds already computed. Flat; all zero is the empty cache. When it is full the oldest entry gives way, so a cache
   never changes an answer, only the time that it takes. */
#define LW_ARL_CACHE_ENTRIES 64
struct lw_arl_cache {
    uint64_t stored; /* thresholds put in since the beginning */
    struct {
        double k;
        double target;
        double h;
        int64_t sides;
    } entry[LW_ARL_CACHE_ENTRIES];
};

/* As lw_arl_threshold, through the cache. The key is (k, target, sides), compared exactly. */
LW_API LW_MUST_USE enum lw_err lw_arl_cached_threshold(struct lw_arl_cache *cache, double k, double target,
                                                       enum lw_arl_sides sides, double *workspace, double *h);

#endif
