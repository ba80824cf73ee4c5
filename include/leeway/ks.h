/* The two-sample Kolmogorov-Smirnov test: the distance between two empirical distributions in whole numbers, and its
   exact p-value with ties.

   The p-values hold for two samples of independent values. The points of one training curve are not independent: whole
   curves are compared with leeway/ks_rank.h. */
#ifndef LEEWAY_KS_H
#define LEEWAY_KS_H

#include "leeway/err.h"
#include "leeway/pvalue.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Which departure counts as extreme. GREATER: the distribution function of x lies above that of y, so x tends to be
   the SMALLER sample (as alternative="greater" in R's ks.test and SciPy's ks_2samp). */
enum lw_ks_side { LW_KS_TWO_SIDED, LW_KS_GREATER, LW_KS_LESS };

/* The largest differences F_x - F_y (plus), F_y - F_x (minus) and |F_x - F_y| (two_sided), in units of 1/lcm where lcm
   is the least common multiple of m and n. As integers they are free of rounding: two distances of the same (m, n) are
   equal exactly when these numbers are. d_plus = plus / lcm, and so on, are for display, in [0, 1]. */
struct lw_ks_distance {
    uint64_t m;
    uint64_t n;
    uint64_t lcm;
    uint64_t plus;
    uint64_t minus;
    uint64_t two_sided;
    double d_plus;
    double d_minus;
    double d;
    bool ties;    /* a value occurs more than once in x and y together */
    bool x_below; /* the pooled values can be dealt out so that every x lies below every y; always so without ties */
    bool y_below;
};

/* Distance of x[0..m) and y[0..n), both ascending. To compare a sample with a pool of others, merge and sort the pool
   and give it as y. Time O(m + n), no memory.
   LW_ERR_RANGE: m or n is 0, or lcm(m, n) passes 2^60. LW_ERR_USAGE: x or y does not ascend, or holds a NaN. */
LW_API LW_MUST_USE enum lw_err lw_ks_distance(const double *x, size_t m, const double *y, size_t n,
                                              struct lw_ks_distance *distance);

/* The one of the three whole numbers that belongs to a side. */
LW_API uint64_t lw_ks_statistic(const struct lw_ks_distance *distance, enum lw_ks_side side);

/* The number of doubles that the exact functions need as `work`: O(min(m, n)). 0 when that number does not fit. */
LW_API size_t lw_ks_exact_workspace(size_t m, size_t n);

/* Exact p-value P(statistic >= k) for samples of m and n values without ties, k in units of 1/lcm(m, n); k = 0 gives 1.
   Equal sizes: closed form (Gnedenko & Korolyuk 1951), O(m). Else the upper-tail recursion over lattice paths, whose
   cells are convex combinations, so that nothing overflows and tiny p keep their digits (relative error about 1e-13,
   also below 1e-308, where log_p goes on): Viehmann 2021, arXiv 2102.08037; psmirnov in R.
   work[0..work_n) with work_n >= lw_ks_exact_workspace(m, n) is overwritten.
   LW_ERR_RANGE: m or n is 0, lcm(m, n) passes 2^60, or k passes lcm. LW_ERR_USAGE: work_n is too small. */
LW_API LW_MUST_USE enum lw_err lw_ks_exact(size_t m, size_t n, uint64_t k, enum lw_ks_side side, double *work,
                                           size_t work_n, struct lw_pvalue *p);

/* As lw_ks_exact, but given the pattern of ties in x[0..m) and y[0..n) together (both ascending): the probability over
   all ways to deal the pooled values out to two samples of m and n (Schroer & Trenkler 1995, CSDA 20, 185-202). Only
   the pooled values matter, not who owns them. Where ties make k impossible, p is 0 and log_p is -INFINITY.
   LW_ERR_USAGE too when x or y does not ascend. */
LW_API LW_MUST_USE enum lw_err lw_ks_exact_tied(const double *x, size_t m, const double *y, size_t n, uint64_t k,
                                                enum lw_ks_side side, double *work, size_t work_n, struct lw_pvalue *p);

/* The limit distribution at D = k/lcm: lambda = D sqrt(mn/(m+n)); two-sided Kolmogorov's series, one-sided
   exp(-2 lambda^2). Conservative, by a factor of up to 2 near 0.001 for small coprime sizes.
   LW_ERR_RANGE as above. */
LW_API LW_MUST_USE enum lw_err lw_ks_asymptotic(size_t m, size_t n, uint64_t k, enum lw_ks_side side,
                                                struct lw_pvalue *p);

/* The smallest p-value attainable with samples of m and n values without ties, that of complete separation:
   1/C(m+n, m), two-sided 2/C(m+n, m) (at most 1). LW_ERR_RANGE as above. */
LW_API LW_MUST_USE enum lw_err lw_ks_attainable(size_t m, size_t n, enum lw_ks_side side, struct lw_pvalue *p);

/* lw_ks_two_sample takes the asymptotic p where the exact one would visit more than this many cells of the lattice
   (about 0.1 to 0.2 s): never for equal sizes without ties, else from about 1e5 x 1e5 on. */
#define LW_KS_CELLS_MAX ((uint64_t)200000000)

/* The cells that lw_ks_exact_tied (or with x and y NULL, lw_ks_exact) visits; above LW_KS_CELLS_MAX some number above
   it. Time O(m + n). Same errors. */
LW_API LW_MUST_USE enum lw_err lw_ks_exact_cells(const double *x, size_t m, const double *y, size_t n, uint64_t k,
                                                 enum lw_ks_side side, uint64_t *cells);

struct lw_ks_result {
    struct lw_ks_distance distance;
    double statistic; /* D of the side asked for */
    struct lw_pvalue p;
    struct lw_pvalue attainable; /* the smallest p that the pooled values allow: lw_ks_attainable, two-sided half of it
                                    where ties allow separation in one direction only; where they allow none, this is
                                    a lower bound */
};

/* The whole test of x[0..m) against y[0..n), both ascending: exact p given the ties, asymptotic beyond
   LW_KS_CELLS_MAX; p.method tells. `work` as for lw_ks_exact. Same errors. */
LW_API LW_MUST_USE enum lw_err lw_ks_two_sample(const double *x, size_t m, const double *y, size_t n,
                                                enum lw_ks_side side, double *work, size_t work_n,
                                                struct lw_ks_result *result);

#endif
