#include "leeway/sort.h"

#include <math.h>

/* Quicksort around the median of three; short parts are left to insertion, and a part that was cut unluckily too often
   is left to heapsort (Musser 1997). */
#define SHORT 24

static void swap(double *a, double *b)
{
    const double kept = *a;

    *a = *b;
    *b = kept;
}

static void insertion(double *values, size_t n)
{
    for (size_t i = 1; i < n; i++) {
        const double value = values[i];
        size_t at = i;

        for (; at > 0 && value < values[at - 1]; at--)
            values[at] = values[at - 1];
        values[at] = value;
    }
}

static void sift(double *values, size_t from, size_t n)
{
    const double value = values[from];
    size_t at = from;

    for (size_t child = 2 * at + 1; child < n; child = 2 * at + 1) {
        if (child + 1 < n && values[child] < values[child + 1])
            child++;
        if (!(value < values[child]))
            break;
        values[at] = values[child];
        at = child;
    }
    values[at] = value;
}

static void heap(double *values, size_t n)
{
    for (size_t i = n / 2; i-- > 0;)
        sift(values, i, n);
    for (size_t end = n; end-- > 1;) {
        swap(&values[0], &values[end]);
        sift(values, 0, end);
    }
}

/* Cuts a part so that [0, result) <= pivot <= [result, n), both not empty. The scans need no bounds: each ends at the
   latest at the pivot or at a value swapped before. */
static size_t cut(double *values, size_t n)
{
    double *middle = &values[n / 2];
    size_t low = 0;
    size_t high = n - 1;
    double pivot;

    if (*middle < values[0])
        swap(middle, &values[0]);
    if (values[n - 1] < *middle)
        swap(&values[n - 1], middle);
    if (*middle < values[0])
        swap(middle, &values[0]);
    pivot = *middle;
    for (;;) {
        while (values[low] < pivot)
            low++;
        while (pivot < values[high])
            high--;
        if (low >= high)
            return low;
        swap(&values[low++], &values[high--]);
    }
}

static void part(double *values, size_t n, unsigned depth)
{
    while (n > SHORT) {
        size_t left;

        if (depth-- == 0) {
            heap(values, n);
            return;
        }
        left = cut(values, n);
        part(values, left, depth);
        values += left;
        n -= left;
    }
    insertion(values, n);
}

/* -0 and +0 compare as equal, and so end up in any order. */
static void order_zeros(double *values, size_t n)
{
    size_t first = 0;
    size_t end, negative;

    for (size_t rest = n; rest > 0;) {
        const size_t half = rest / 2;

        if (values[first + half] < 0.0) {
            first += half + 1;
            rest -= half + 1;
        } else {
            rest = half;
        }
    }
    negative = first;
    for (end = first; end < n && values[end] == 0.0; end++) {
        if (signbit(values[end]))
            negative++;
    }
    for (size_t i = first; i < end; i++)
        values[i] = i < negative ? -0.0 : 0.0;
}

void lw_sort_doubles(double *values, size_t n)
{
    unsigned depth = 2;

    for (size_t left = n; left > 1; left /= 2)
        depth += 2;
    part(values, n, depth);
    order_zeros(values, n);
}
