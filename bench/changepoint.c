/* Time of one look of the t change-point chart, and the hazard of a false alarm that its table really gives: independent
   histories of up to 300 normal values, another generator and another seed than the table was made with.

       build/bench/changepoint [LOOKS [SEED]]     looks per hazard, default 1000000 */
#define _POSIX_C_SOURCE 200809L
#include "leeway/changepoint.h"

#include <gsl/gsl_randist.h>
#include <gsl/gsl_rng.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { LONGEST = 300, PARTS = 4 };

static const size_t ends[PARTS] = {8, 20, 80, LONGEST};

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* One history until its alarm or its last value. Returns 0 when the library refuses. */
static int follow(gsl_rng *random, const double *limit, double looks[PARTS], double alarms[PARTS])
{
    double x[LONGEST];
    size_t part = 0;

    for (size_t n = 1; n <= LONGEST; n++) {
        struct lw_changepoint best;

        x[n - 1] = gsl_ran_gaussian_ziggurat(random, 1.0);
        if (n < LW_CHANGEPOINT_FIRST)
            continue;
        if (lw_changepoint_best(x, n, LW_CHANGEPOINT_LEAST, 0.0, LW_CHANGEPOINT_EITHER, &best) != LW_ERR_OK)
            return 0;
        part += n > ends[part];
        looks[part]++;
        if (fabs(best.score) > limit[n]) {
            alarms[part]++;
            break;
        }
    }
    return 1;
}

static int measure(gsl_rng *random, double runs, double wanted)
{
    double limit[LONGEST + 1] = {0};
    double looks[PARTS] = {0};
    double alarms[PARTS] = {0};
    double done = 0.0;
    double all = 0.0;
    double start = now();

    for (size_t n = LW_CHANGEPOINT_FIRST; n <= LONGEST; n++) {
        if (lw_changepoint_threshold(n, 1.0 / runs, &limit[n]) != LW_ERR_OK)
            return 0;
    }
    while (done < wanted) {
        if (!follow(random, limit, looks, alarms))
            return 0;
        done = looks[0] + looks[1] + looks[2] + looks[3];
    }
    all = alarms[0] + alarms[1] + alarms[2] + alarms[3];
    printf("changepoint: wanted 1 per %.0f, got 1 per %.1f +- %.1f", runs, done / all, done / all / sqrt(all));
    for (size_t part = 0; part < PARTS; part++)
        printf("; to value %zu: %.3f of it", ends[part], alarms[part] * runs / looks[part]);
    printf("; %.2f us per look\n", 1e6 * (now() - start) / done);
    return 1;
}

int main(int argc, char **argv)
{
    static const double runs[] = {60, 100, 370, 740, 1480, 2960, 5920, 20000, 40000};
    double wanted = argc > 1 ? strtod(argv[1], NULL) : 1e6;
    gsl_rng *random = gsl_rng_alloc(gsl_rng_taus2);

    if (random == NULL)
        return 1;
    gsl_rng_set(random, argc > 2 ? strtoul(argv[2], NULL, 10) : 99);
    for (size_t i = 0; i < sizeof(runs) / sizeof(runs[0]); i++) {
        if (!measure(random, runs[i], wanted))
            return 1;
    }
    gsl_rng_free(random);
    return 0;
}
