/* Sorting numbers in place, without memory. */
#ifndef LEEWAY_SORT_H
#define LEEWAY_SORT_H

#include "leeway/err.h"

#include <stddef.h>

/* Puts values[0..n) into ascending order, -0 before +0: the same values give the same bytes, in whatever order they
   come. No memory, O(n log n) in the worst case too, recursion at most 2 log2(n) deep. There must be no NaN in it:
   it would not crash, but the order would mean nothing. */
LW_API void lw_sort_doubles(double *values, size_t n);

#endif
