#include "leeway/ks_few.h"

#include <math.h>
#include <string.h>

/* The walk over the lattice of ks_exact.c, where it is explained: by anti-diagonals, a cell at q = n - j, with the lesser
   sample along q. Here the lesser one has at most five values, so a diagonal of six cells lies in three registers, and all
   of it is computed at every step: what a step costs is the time until the result of one is there for the next. The
   operations on each cell, and their order, are those of ks_exact.c. The probabilities cannot be below 1/C(63, 5), so
   nothing underflows. */
#define CELLS (LW_KS_FEW_X + 1)

typedef double pair __attribute__((vector_size(16)));
typedef int64_t pair_of_bits __attribute__((vector_size(16)));
typedef uint64_t pair_of_marks __attribute__((vector_size(16)));

struct diagonal {
    pair at[CELLS / 2];
};

/* Which cells are kept, those from q = first up to q = last, and what is put in the place of the others: of the one all
   bits, of the other those of 1. So nothing has to be worked out between one diagonal and the next. */
struct edges {
    pair_of_bits kept[CELLS / 2], ones[CELLS / 2];
};
#define IS_KEPT(first, last, q) ((first) <= (q) && (q) <= (last))
#define KEPT(first, last, q)    (IS_KEPT(first, last, q) ? -1 : 0)
#define ONE(first, last, q)     (IS_KEPT(first, last, q) ? 0 : 0x3ff0000000000000)
#define PAIR(of, first, last, q)                                                                                       \
    {                                                                                                                  \
        of(first, last, q), of(first, last, (q) + 1)                                                                   \
    }
#define PAIRS(of, first, last) PAIR(of, first, last, 0), PAIR(of, first, last, 2), PAIR(of, first, last, 4)
#define UP_TO(last, first)     [first][last] = {.kept = {PAIRS(KEPT, first, last)}, .ones = {PAIRS(ONE, first, last)}}
#define FROM(first)            UP_TO(0, first), UP_TO(1, first), UP_TO(2, first), UP_TO(3, first), UP_TO(4, first), UP_TO(5, first)
static const struct edges edges_of[CELLS][CELLS] = {FROM(0), FROM(1), FROM(2), FROM(3), FROM(4), FROM(5)};

/* 1/s. */
#define EIGHT(s)                                                                                                       \
    1.0 / (s), 1.0 / (s + 1), 1.0 / (s + 2), 1.0 / (s + 3), 1.0 / (s + 4), 1.0 / (s + 5), 1.0 / (s + 6), 1.0 / (s + 7)
static const double scales[LW_KS_FEW_POOL + 1] = {0.0,       1.0 / 1,   1.0 / 2,   1.0 / 3,   1.0 / 4,
                                                  1.0 / 5,   1.0 / 6,   1.0 / 7,   EIGHT(8),  EIGHT(16),
                                                  EIGHT(24), EIGHT(32), EIGHT(40), EIGHT(48), EIGHT(56)};

/* u of the diagonal s from that of the one before; 1 outside of the edges. i = s - j, `scale` = 1/s. (Beyond the lattice
   any value does.) */
static inline void step(struct diagonal *v, const struct diagonal *i, const struct diagonal *j, double scale,
                        const struct edges *edges)
{
    const pair one = {1.0, 1.0};
    const struct diagonal right = {{__builtin_shufflevector(v->at[0], v->at[1], 1, 2),
                                    __builtin_shufflevector(v->at[1], v->at[2], 1, 2),
                                    __builtin_shufflevector(v->at[2], one, 1, 2)}};

    for (int k = 0; k < CELLS / 2; k++) {
        const pair u = (i->at[k] * v->at[k] + j->at[k] * right.at[k]) * scale;

        v->at[k] = (pair)(((pair_of_bits)u & edges->kept[k]) | edges->ones[k]);
    }
}

static uint32_t gcd(uint32_t a, uint32_t b)
{
    while (b != 0) {
        uint32_t rest = a % b;

        a = b;
        b = rest;
    }
    return a;
}

static inline int32_t lesser_of(int32_t a, int32_t b)
{
    return a < b ? a : b;
}

static inline int32_t greater_of(int32_t a, int32_t b)
{
    return a > b ? a : b;
}

/* The y are the greater sample here, whose values are counted by i; those of x by j. The edges of the band in j,
   and d there, as in ks_exact.c; each moves by at most one cell per diagonal. */
double lw_ks_few_p(const struct lw_ks_few *few)
{
    const int32_t m = (int32_t)few->n;
    const int32_t n = (int32_t)few->m;
    const int32_t k = (int32_t)few->two_sided;
    const int32_t a = (int32_t)(few->lcm / few->n);
    const int32_t d_step = a + (int32_t)(few->lcm / few->m);
    struct diagonal v = {{{1.0, 1.0}, {1.0, 1.0}, {1.0, 1.0}}};
    struct diagonal i, j;
    uint64_t ends = few->ends;
    int32_t j_first = 0;
    int32_t j_last = 0;
    int32_t d_first = 0;
    int32_t d_last = 0;
    int32_t first = n;
    int32_t last = n;

    if (k == 0)
        return 1.0;
    for (int32_t q = 0; q < CELLS; q++) {
        j.at[q / 2][q % 2] = q <= n ? (double)(n - q) : 0.0;
        i.at[q / 2][q % 2] = -j.at[q / 2][q % 2];
    }
    v.at[n / 2][n % 2] = 0.0;
    for (; j_last < n && d_last - d_step > -k; d_last -= d_step)
        j_last++;
    for (int32_t s = 1; s <= m + n; s++, ends >>= 1) {
        /* Masks, not branches: whether a value has equals is as good as random, and a wrong guess costs as much as a step. */
        const int32_t end = -(int32_t)(ends & 1);
        int32_t moves;

        d_first += a;
        d_last += a;
        moves = -(int32_t)(d_first >= k);
        j_first -= moves;
        d_first -= d_step & moves;
        moves = -(int32_t)((j_last < n) & (d_last - d_step > -k));
        j_last -= moves;
        d_last -= d_step & moves;
        first = greater_of(greater_of(first - 1, 0), (n - j_last) & end);
        last = lesser_of(lesser_of(last, m + n - s), n - (j_first & end));
        if (first > last)
            return 1.0; /* every path is extreme somewhere */
        for (int q = 0; q < CELLS / 2; q++)
            i.at[q] += 1.0;
        step(&v, &i, &j, scales[s], &edges_of[first][last]);
    }
    return fmin(v.at[0][0], 1.0);
}

/* The bits of a single ascending sample, found for two values at once. False: it does not ascend. */
static bool ends_of(const double *values, size_t n, uint64_t *ends)
{
    pair_of_marks marks = {1, 2};
    pair_of_marks found = {0, 0};
    pair_of_bits ascends = {-1, -1};
    uint64_t last = (uint64_t)1 << (n - 1);
    bool all = !isnan(values[0]);
    size_t i = 1;

    for (; i + 2 <= n; i += 2) {
        pair before, value;

        memcpy(&before, values + i - 1, sizeof(before));
        memcpy(&value, values + i, sizeof(value));
        found |= (pair_of_marks)(before < value) & marks;
        ascends &= before <= value;
        marks <<= 2;
    }
    if (i < n) {
        last |= (uint64_t)(values[i - 1] < values[i]) << (i - 1);
        all &= values[i - 1] <= values[i];
    }
    *ends = found[0] | found[1] | last;
    return all & ((ascends[0] & ascends[1]) != 0);
}

/* Values of y below each value of x, by bisection without a branch on the data. */
static void count_below(const double *x, size_t m, const double *y, size_t n, size_t *below)
{
    for (size_t i = 0; i < m; i++)
        below[i] = 0;
    for (size_t rest = n; rest > 0;) {
        const size_t half = (rest + 1) / 2;
        const double *middle = y + half - 1;

        for (size_t i = 0; i < m; i++)
            below[i] += half & -(size_t)(middle[below[i]] < x[i]);
        rest -= half;
    }
}

/* Puts a value into the pool, behind `at` others: no other follows it that is equal. */
static uint64_t put(uint64_t ends, size_t at, bool equals_one_before)
{
    const uint64_t before = ((uint64_t)1 << at) - 1;

    return (ends & before & ~((uint64_t)equals_one_before << at >> 1)) | (uint64_t)1 << at | (ends & ~before) << 1;
}

enum lw_err lw_ks_few_compare(const double *x, size_t m, const double *y, size_t n, struct lw_ks_few *few)
{
    struct lw_ks_few found = {.m = (uint32_t)m, .n = (uint32_t)n};
    size_t below[LW_KS_FEW_X];
    uint64_t ends, x_ends;
    int32_t a, b;
    int32_t most = 0;

    if (m == 0 || m > LW_KS_FEW_X || n <= m || n > LW_KS_FEW_POOL - m)
        return LW_ERR_RANGE;
    if (!ends_of(x, m, &x_ends) || !ends_of(y, n, &ends))
        return LW_ERR_USAGE;
    count_below(x, m, y, n, below);
    b = (int32_t)(m / gcd((uint32_t)n, (uint32_t)m));
    a = (int32_t)(n * (size_t)b / m);
    found.lcm = (uint32_t)(b * (int32_t)n);
    found.ends = ends;
    for (size_t i = 0; i < m; i++) {
        const bool in_y = below[i] < n && y[below[i]] <= x[i];
        const size_t up_to = in_y ? below[i] + (size_t)__builtin_ctzll(ends >> below[i]) + 1 : below[i];

        found.ends = put(found.ends, up_to + i, in_y || (i > 0 && !(x_ends >> (i - 1) & 1)));
        most = greater_of(
            most, greater_of((int32_t)(i + 1) * a - (int32_t)up_to * b, (int32_t)below[i] * b - (int32_t)i * a));
    }
    found.two_sided = (uint32_t)most;
    found.ties = found.ends != UINT64_MAX >> (64 - m - n);
    found.x_below = found.ends >> (m - 1) & 1;
    found.y_below = found.ends >> (n - 1) & 1;
    *few = found;
    return LW_ERR_OK;
}
