/* How unusual one curve is among others of its kind: the Kolmogorov-Smirnov distance of each curve to the pool of all
   others, and the rank of the newest among these distances.

   The points of one training curve depend on each other, so the test of leeway/ks.h would be wrong for them. Here the
   unit is the curve: T_new = distance of the new curve to the pool of the others, T_i the same for each reference curve
   (the new one is then part of the pool), p = (1 + #{T_i >= T_new}) / (m + 1). When the m + 1 runs are exchangeable this
   is an exact p-value, whatever the dependence inside of a run. It cannot be below 1/(m + 1).

   A pool keeps the values of all curves in order, so that a window can slide over the runs:

       lw_ks_rank_begin(pool, capacity);
       for run = 0, 1, ...:
           enter = run % slots;                                    slots <= LW_KS_CURVES_MAX, say 51
           leave = enter                                           the curve that had this number, if any
           lw_ks_rank_exchange(pool, leave, enter, values, n);
           lw_ks_rank_of(pool, enter, &rank);

   Both are linear in the number of values in the pool: together about 2 microseconds for 50 curves of 15 values. */
#ifndef LEEWAY_KS_RANK_H
#define LEEWAY_KS_RANK_H

#include "leeway/err.h"
#include "leeway/pvalue.h"

#include <stddef.h>
#include <stdint.h>

/* Curves are numbered 0 .. LW_KS_CURVES_MAX - 1 as the caller likes. */
#define LW_KS_CURVES_MAX       64
#define LW_KS_CURVE_VALUES_MAX 4096
#define LW_KS_NO_CURVE         UINT32_MAX

/* A flat state: this header and a tail whose size lw_ks_rank_bytes tells. It can be copied as bytes. */
struct lw_ks_pool {
    uint32_t capacity; /* values that it can hold */
    uint32_t n;        /* values that it holds */
    uint32_t counted;  /* the curve whose places are known, or LW_KS_NO_CURVE */
    uint32_t reserved;
    uint32_t counts[LW_KS_CURVES_MAX]; /* values of each curve; 0: the number is free */
    double tail[];
};

struct lw_ks_rank {
    uint32_t references; /* m: curves in the pool beside the one asked for */
    uint32_t as_extreme; /* those with T_i >= T_new, compared as whole numbers */
    double statistic;    /* T_new, in [0, 1] */
    struct lw_pvalue p;  /* LW_P_RANK; with no references 1 and LW_P_NONE */
    double attainable_p; /* 1/(m + 1) */
};

/* The bytes of a pool for `capacity` values: 16 for each, and 48 for each of the longest curve. 0 where capacity passes
   LW_KS_CURVES_MAX * LW_KS_CURVE_VALUES_MAX. Allocated by the caller, 8-byte aligned. */
LW_API size_t lw_ks_rank_bytes(size_t capacity);

/* Makes `pool`, of lw_ks_rank_bytes(capacity) bytes, an empty pool. */
LW_API void lw_ks_rank_begin(struct lw_ks_pool *pool, uint32_t capacity);

/* Takes curve number `leave` out and puts values[0..n), ascending, in as curve number `enter`, in one pass. They may be
   the same number. Either may be LW_KS_NO_CURVE; a `leave` that is not there is no error.
   LW_ERR_USAGE: `enter` is taken by another curve or too great, n is 0, or the values do not ascend or hold a NaN.
   LW_ERR_LIMIT: n > LW_KS_CURVE_VALUES_MAX, or the pool is full. */
LW_API LW_MUST_USE enum lw_err lw_ks_rank_exchange(struct lw_ks_pool *pool, uint32_t leave, uint32_t enter,
                                                   const double *values, size_t n);

/* The rank of one curve, usually the one entered last, among all curves of the pool. Of the pool only room to work in
   changes.
   LW_ERR_USAGE: there is no such curve. */
LW_API LW_MUST_USE enum lw_err lw_ks_rank_of(struct lw_ks_pool *pool, uint32_t curve, struct lw_ks_rank *rank);

#endif
