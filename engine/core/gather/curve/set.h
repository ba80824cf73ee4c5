/* A statistic set: one datapoint in the form in which it is stored, compared and joined. */
#ifndef LEEWAY_ENGINE_CORE_GATHER_CURVE_SET_H
#define LEEWAY_ENGINE_CORE_GATHER_CURVE_SET_H

#include "leeway/point.h"
#include "leeway/reject.h"

#include <stdbool.h>
#include <stddef.h>

#define LW_SET_ALL ((unsigned)(LW_KNOWN_SUM | LW_KNOWN_MIN | LW_KNOWN_MAX | LW_KNOWN_COUNT | LW_KNOWN_AVERAGE))

/* Members that are not known are 0, and no member is -0, so that equal sets have equal bytes. */
struct lw_set {
    int64_t at;
    double sum, min, max, count, average;
    uint8_t known;      /* enum lw_known */
    uint8_t cloudwatch; /* 1: of one time, one wins; 0: (time, value) is the identity */
};

/* The set of a point, completed: the average from sum and count, the sum from average and count, and everything when
   the count is 1. Returns false and the reason when its numbers may not enter. */
LW_MUST_USE bool lw_set_from_point(const struct lw_point *point, struct lw_set *set, enum lw_reject *reason);

/* What is charted: the average; where it is not known the maximum, minimum, sum or count, the first of them that is. */
double lw_set_value(const struct lw_set *set);
double lw_set_least(const struct lw_set *set);   /* the minimum, or the value where it is not known */
double lw_set_most(const struct lw_set *set);    /* the maximum, likewise */
double lw_set_samples(const struct lw_set *set); /* the count; 1 where it is not known */

/* Which of two duplicates is greater: (count, number of known statistics, max, sum, min), then the average. */
int lw_set_compare(const struct lw_set *a, const struct lw_set *b);

/* One set out of all the CloudWatch sets of one time, n >= 1, in any order (it is sorted in place), duplicates allowed.
   Of those that know the same statistics the greatest stays. Partial ones (one statistic per query) are joined: the
   greatest first, and the others, from greater to lesser, give what is still missing. Against a complete set the join
   counts only when it has become complete itself; then the greater wins. `used`: how many of the n have a part in it;
   the others are duplicates. */
struct lw_set lw_set_join(struct lw_set *sets, size_t n, size_t *used);

#endif
