/* Cumulative sum charts: the two-sided tabular CUSUM, and the self-starting form that needs no known mean and spread. */
#ifndef LEEWAY_CUSUM_H
#define LEEWAY_CUSUM_H

#include "leeway/err.h"

#include <stdbool.h>
#include <stdint.h>

/* Scores are clamped to +-8: beyond it the tail of a normal distribution says nothing about real data, and one wild
   value must not keep a chart alarmed for ever. */
#define LW_CUSUM_SCORE_LIMIT 8.0

/* Two tabular sums over scores that are standard normal in control. All zero but `k` is the beginning.
       up = max(0, up + u - k), down = max(0, down - u - k)        (Page 1954; Montgomery, Introduction to Statistical
   Quality Control, section 9.1). A side signals when its sum is greater than the threshold h; the caller compares. */
struct lw_cusum_sums {
    double k;           /* reference value, in standard deviations; 0.5 looks for shifts of one */
    double up;          /* C+ >= 0 */
    double down;        /* C- >= 0 */
    uint64_t n;         /* scores added */
    uint64_t up_zero;   /* the number (from 1) of the last score after which C+ was 0; 0: none yet */
    uint64_t down_zero; /* likewise for C- */
};

/* Adds one score; it is clamped to +-LW_CUSUM_SCORE_LIMIT, a NaN is a programming error (assert). */
LW_API void lw_cusum_add(struct lw_cusum_sums *sums, double score);

/* The first score that belongs to the current excursion, counted from 1: the one after the sum was last 0. The usual
   estimate of the change point of a CUSUM; it may be early by a few, lw_changepoint_best dates better. */
LW_API uint64_t lw_cusum_up_since(const struct lw_cusum_sums *sums);
LW_API uint64_t lw_cusum_down_since(const struct lw_cusum_sums *sums);

/* Self-starting CUSUM (Hawkins 1987, The Statistician 36:299-315): each value is compared with the mean and standard
   deviation of those before it,
       T_n = (x_n - mean) / s * sqrt((n - 1) / n)  ~ Student t with n - 2 degrees of freedom,
       U_n = Phi^-1(F_t(T_n))                      ~ independent standard normal from n = 3 on,
   so that thresholds for known parameters hold exactly. Flat: copy it, save it, compare it as bytes. */
struct lw_cusum {
    struct lw_cusum_sums sums;
    double mean;       /* of the values learnt so far (Welford) */
    double m2;         /* sum of squared differences from that mean */
    double first;      /* the first value learnt */
    double score;      /* U of the last value seen; 0 for the first two */
    uint64_t n;        /* values learnt */
    uint64_t constant; /* how many values from the first on were identical to it */
};

/* The empty chart with reference value `k` (>= 0). */
LW_API struct lw_cusum lw_cusum_start(double k);

/* U of `x` against what was learnt before; the state does not change. `scale_floor` (>= 0) is the smallest standard
   deviation that is believed: s = max(s, scale_floor). 0 for fewer than two learnt values, and when `x` is exactly the
   mean; +-8 for any difference when s and the floor are both 0. `x` is finite (assert). */
LW_API double lw_cusum_score(const struct lw_cusum *chart, double x, double scale_floor);

/* Adds `x` to mean and spread, not to the sums: for values that are a reference and are not judged again. */
LW_API void lw_cusum_learn(struct lw_cusum *chart, double x);

/* The normal step: scores `x`, adds the score to the sums (from the third value on), learns `x`; returns the score. The
   sums are then chart->sums.up and .down. sums.n counts the values seen from the first on, also the two that have no
   score, as long as nothing was learnt aside. */
LW_API double lw_cusum_see(struct lw_cusum *chart, double x, double scale_floor);

/* Standard deviation (n - 1) of the values learnt, at least `scale_floor`; the floor itself for fewer than two. */
LW_API double lw_cusum_scale(const struct lw_cusum *chart, double scale_floor);

/* True when at least one value was learnt and all of them are identical: a deterministic rerun. The rule for the first
   different value is the caller's, who asks before that value is learnt; chart->constant stays the length of the
   identical beginning for ever. */
LW_API bool lw_cusum_is_constant(const struct lw_cusum *chart);

#endif
