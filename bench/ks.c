/* Times the exact Kolmogorov-Smirnov test, from unsorted samples to p, and the rank of a curve among 50 others. Writes
   the samples and a line per case to the directory that is given, so that another program can do the same work. */
#define _XOPEN_SOURCE 700
#include "leeway/ks.h"
#include "leeway/ks_rank.h"
#include "leeway/sort.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct sample_case {
    size_t m, n;
    double shift; /* of y, in standard deviations */
    double unit;  /* values are rounded to it; 0: not at all */
    int repeats;
};

static const struct sample_case cases[] = {
    {1000, 1000, 0.05, 0, 200},   {1000, 999, 0.05, 0, 200},     {10000, 9999, 0.01, 0, 40},
    {10000, 9999, 0.1, 0, 20},    {10000, 9999, 0.01, 0.01, 20}, {100000, 100000, 0.005, 0, 10},
    {100000, 99999, 0.005, 0, 3},
};

static double milliseconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static uint64_t state = 20190610;

static double uniform(void)
{
    uint64_t z = (state += 0x9e3779b97f4a7c15u);

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return ((double)((z ^ (z >> 31)) >> 11) + 0.5) * 0x1p-53;
}

static double normal(void)
{
    return sqrt(-2.0 * log(uniform())) * cos(6.283185307179586477 * uniform());
}

static void *take(size_t bytes)
{
    void *memory = malloc(bytes);

    if (memory == NULL)
        abort();
    return memory;
}

static double *sample(const struct sample_case *one, size_t n, double shift)
{
    double *values = take(n * sizeof(double));

    for (size_t i = 0; i < n; i++) {
        values[i] = normal() + shift;
        if (one->unit > 0.0)
            values[i] = round(values[i] / one->unit) * one->unit;
    }
    return values;
}

static void write_file(const char *directory, size_t number, char which, const double *values, size_t n)
{
    char path[4096];
    FILE *file;

    snprintf(path, sizeof(path), "%s/%zu%c.f64", directory, number, which);
    file = fopen(path, "wb");
    if (file == NULL || fwrite(values, sizeof(double), n, file) != n || fclose(file) != 0)
        abort();
}

/* Best of some repeats: the whole, and of it the time behind sorting. */
static void time_case(const char *directory, size_t number, FILE *lines)
{
    const struct sample_case *one = &cases[number];
    const size_t work_n = lw_ks_exact_workspace(one->m, one->n);
    double *x = sample(one, one->m, 0.0);
    double *y = sample(one, one->n, one->shift);
    double *sorted_x = take(one->m * sizeof(double));
    double *sorted_y = take(one->n * sizeof(double));
    double *work = take(work_n * sizeof(double));
    struct lw_ks_result result;
    double whole = (double)INFINITY;
    double test = (double)INFINITY;

    write_file(directory, number, 'x', x, one->m);
    write_file(directory, number, 'y', y, one->n);
    for (int i = 0; i < one->repeats; i++) {
        const double start = milliseconds();
        double middle, end;

        memcpy(sorted_x, x, one->m * sizeof(double));
        memcpy(sorted_y, y, one->n * sizeof(double));
        lw_sort_doubles(sorted_x, one->m);
        lw_sort_doubles(sorted_y, one->n);
        middle = milliseconds();
        if (lw_ks_two_sample(sorted_x, one->m, sorted_y, one->n, LW_KS_TWO_SIDED, work, work_n, &result) != LW_ERR_OK)
            abort();
        end = milliseconds();
        whole = fmin(whole, end - start);
        test = fmin(test, end - middle);
    }
    fprintf(lines, "%zu\t%zu\t%zu\t%.17g\t%.17g\t%s\t%d\t%.6f\t%.6f\n", number, one->m, one->n, result.statistic,
            result.p.p, lw_p_method_name(result.p.method), result.distance.ties, whole, test);
    free(x);
    free(y);
    free(sorted_x);
    free(sorted_y);
    free(work);
}

/* A window of 50 curves that slides over 500 runs, as for each metric of each model. */
static void time_rank(size_t values_n, double unit)
{
    enum { RUNS = 500, WINDOW = 51, ROUNDS = 20 };
    double(*curves)[20] = take(RUNS * sizeof(*curves));
    struct lw_ks_pool *pool = take(lw_ks_rank_bytes(WINDOW * 20));
    struct lw_ks_rank rank = {.references = 0};
    double best = (double)INFINITY;

    for (size_t run = 0; run < RUNS; run++) {
        for (size_t i = 0; i < values_n; i++) {
            curves[run][i] = 0.95 - 0.5 * exp(-(double)i / 3.0) + 0.005 * normal();
            if (unit > 0.0)
                curves[run][i] = round(curves[run][i] / unit) * unit;
        }
        lw_sort_doubles(curves[run], values_n);
    }
    for (int round = 0; round < ROUNDS; round++) {
        const double start = milliseconds();

        lw_ks_rank_begin(pool, WINDOW * 20);
        for (uint32_t run = 0; run < RUNS; run++) {
            if (lw_ks_rank_exchange(pool, run % WINDOW, run % WINDOW, curves[run], values_n) != LW_ERR_OK ||
                lw_ks_rank_of(pool, run % WINDOW, &rank) != LW_ERR_OK)
                abort();
        }
        best = fmin(best, milliseconds() - start);
    }
    printf("ks: rank of a run among %u curves of %zu values%s: %.2f us\n", rank.references, values_n,
           unit > 0.0 ? " with ties" : "", best * 1e3 / RUNS);
    free(curves);
    free(pool);
}

int main(int argc, char **argv)
{
    char path[4096];
    FILE *lines;

    if (argc != 2) {
        fprintf(stderr, "usage: ks DIRECTORY\n");
        return 2;
    }
    snprintf(path, sizeof(path), "%s/lines.tsv", argv[1]);
    lines = fopen(path, "w");
    if (lines == NULL)
        abort();
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        time_case(argv[1], i, lines);
    if (fclose(lines) != 0)
        abort();
    time_rank(10, 0.0);
    time_rank(15, 0.0);
    time_rank(15, 0.001);
    time_rank(20, 0.0);
    return 0;
}
