/* Makes models/changepoint_table.c: thresholds of the t change-point chart that give a constant hazard of a false alarm.

       make build/bench/changepoint_table && build/bench/changepoint_table [PATHS [SEED]] > models/changepoint_table.c

   Method. Independent normal values; T_n is the largest |t| over the splits of the first n that leave
   at least two values on each side. For hazard a the threshold
   at n is the (1 - a) quantile of T_n among the histories that did not alarm before n (n from 4). Three rounds: a pilot
   keeps its histories in memory and fixes the thresholds one n after the other; the next two only count exceedances near
   the thresholds of the round before, with more and more histories, and improve them (an error of the earlier thresholds
   enters the later ones only through who survived). Each row is smoothed over n by a local quadratic in log n, before it
   is used again and before it is written. The Monte Carlo error goes into the comment of the file.

   Everything is done on the scale y = sqrt(-(n - 2) log(1 - r)) of r = between / total sum of squares, a monotone
   function of |t| that costs little; only what is written is converted to |t| and then, exactly, to the normal score. */
#include "leeway/changepoint.h"
#include "models/score.h"

#include <gsl/gsl_randist.h>
#include <gsl/gsl_rng.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    LEAST = LW_CHANGEPOINT_LEAST,
    FIRST = LW_CHANGEPOINT_FIRST,
    LAST = 300,    /* values of the longest history */
    HAZARDS = 11,  /* 1/50, 1/100, ..., 1/51200 */
    LANES = 8,     /* histories that are followed at once */
    PILOT = 60000, /* histories that are kept in memory */
    BINS = 480     /* of y, from LOW up */
};

#define LOW  2.2
#define STEP 0.01

static double limit[HAZARDS][LAST + 1];            /* thresholds in use, on the scale y */
static uint32_t near[LAST + 1][HAZARDS + 1][BINS]; /* histories alive at n from hazard i on, with y in the bin */
static double alive[LAST + 1][HAZARDS + 1];        /* histories alive at n from hazard i on */
static float kept[PILOT][LAST + 1];                /* y of the pilot */

static double hazard(int i)
{
    return 1.0 / (50.0 * (double)(1 << i));
}

/* Eight histories side by side: y[n][lane] for n = FIRST..LAST. */
static void follow(gsl_rng *random, double y[LAST + 1][LANES])
{
    static double prefix[LAST + 1][LANES];
    static double inverse[LAST + 1];
    double squares[LANES] = {0};

    for (int n = 1; n <= LAST; n++)
        inverse[n] = 1.0 / n;
    for (int n = 1; n <= LAST; n++) {
        double mean[LANES];
        double most[LANES] = {0};

        for (int lane = 0; lane < LANES; lane++) {
            double x = gsl_ran_gaussian_ziggurat(random, 1.0);

            prefix[n][lane] = prefix[n - 1][lane] + x;
            squares[lane] += x * x;
            mean[lane] = prefix[n][lane] / n;
        }
        if (n < FIRST)
            continue;
        for (int j = LEAST; j <= n - LEAST; j++) {
            double weight = inverse[j] + inverse[n - j];
            double place = j;

            for (int lane = 0; lane < LANES; lane++) {
                double difference = prefix[j][lane] - place * mean[lane];
                double between = difference * difference * weight;

                most[lane] = between > most[lane] ? between : most[lane];
            }
        }
        for (int lane = 0; lane < LANES; lane++) {
            double total = squares[lane] - prefix[n][lane] * mean[lane];

            y[n][lane] = sqrt(-(n - 2) * log1p(-fmin(most[lane] / total, 1.0 - 1e-15)));
        }
    }
}

/* Histories are sorted by the first hazard `from` at which they are still without an alarm; the thresholds rise with the
   index, so they live for all later ones too. */
static void enter(int n, int from, double y)
{
    int bin = (int)((y - LOW) / STEP);

    alive[n][from]++;
    if (bin >= 0)
        near[n][from][bin < BINS ? bin : BINS - 1]++;
}

static int survive(int n, int from, double y)
{
    while (from < HAZARDS && y > limit[from][n])
        from++;
    return from;
}

static void count(double y[LAST + 1][LANES], int lane)
{
    int from = 0;

    for (int n = FIRST; n <= LAST && from < HAZARDS; n++) {
        enter(n, from, y[n][lane]);
        from = survive(n, from, y[n][lane]);
    }
}

/* The quantile among those alive, by going down from the top bin; inside of a bin in proportion. */
static double quantile(int i, int n)
{
    double living = 0.0;
    double above = 0.0;

    for (int from = 0; from <= i; from++)
        living += alive[n][from];
    for (int bin = BINS - 1; bin >= 0; bin--) {
        double here = 0.0;

        for (int from = 0; from <= i; from++)
            here += near[n][from][bin];
        if (here > 0.0 && above + here >= hazard(i) * living)
            return LOW + STEP * (bin + 1 - (hazard(i) * living - above) / here);
        above += here;
    }
    return LOW;
}

/* Linear in log hazard for the square of the threshold: how normal tails go, and enough for where the pilot is thin. */
static void extend_rare(int n)
{
    for (int i = 0; i < HAZARDS; i++) {
        if (hazard(i) * PILOT < 30.0)
            limit[i][n] = sqrt(2.0 * limit[i - 1][n] * limit[i - 1][n] - limit[i - 2][n] * limit[i - 2][n]);
    }
}

/* Thresholds from nothing, one n after the other: who is alive at n is known only when those before are fixed. */
static void pilot(gsl_rng *random)
{
    static double y[LAST + 1][LANES];
    static int from[PILOT];

    for (int i = 0; i < PILOT; i += LANES) {
        follow(random, y);
        for (int n = FIRST; n <= LAST; n++) {
            for (int lane = 0; lane < LANES; lane++)
                kept[i + lane][n] = (float)y[n][lane];
        }
    }
    for (int n = FIRST; n <= LAST; n++) {
        for (int path = 0; path < PILOT; path++)
            enter(n, from[path], (double)kept[path][n]);
        for (int i = 0; i < HAZARDS; i++)
            limit[i][n] = quantile(i, n);
        extend_rare(n);
        for (int path = 0; path < PILOT; path++)
            from[path] = survive(n, from[path], (double)kept[path][n]);
    }
}

/* Weighted quadratic in log n around each n; the kernel is narrow enough to leave the first few thresholds alone. */
static void smooth(double row[LAST + 1])
{
    double smoothed[LAST + 1];

    for (int n = FIRST; n <= LAST; n++) {
        double m[3][4] = {{0}};

        for (int k = FIRST; k <= LAST; k++) {
            double x = log((double)k / n) / 0.22;
            double w = fabs(x) < 1.0 ? pow(1.0 - x * x, 2.0) : 0.0;
            double powers[3] = {1.0, x, x * x};

            for (int a = 0; a < 3; a++) {
                for (int b = 0; b < 3; b++)
                    m[a][b] += w * powers[a] * powers[b];
                m[a][3] += w * powers[a] * row[k];
            }
        }
        m[1][1] += 1e-9; /* a lone point: only the constant is determined */
        m[2][2] += 1e-9;
        for (int c = 2; c > 0; c--) {
            for (int a = 0; a < c; a++) {
                double factor = m[a][c] / m[c][c];

                for (int b = 0; b < 4; b++)
                    m[a][b] -= factor * m[c][b];
            }
        }
        smoothed[n] = m[0][3] / m[0][0];
    }
    memcpy(row, smoothed, sizeof(smoothed));
}

/* A round of `paths` histories; leaves better thresholds, and in `rough` the root mean square that smoothing took off. */
static void improve(gsl_rng *random, long paths, double rough[HAZARDS])
{
    static double y[LAST + 1][LANES];

    memset(near, 0, sizeof(near));
    memset(alive, 0, sizeof(alive));
    for (long i = 0; i < paths; i += LANES) {
        follow(random, y);
        for (int lane = 0; lane < LANES; lane++)
            count(y, lane);
    }
    for (int i = 0; i < HAZARDS; i++) {
        double raw[LAST + 1];
        double sum = 0.0;

        for (int n = FIRST; n <= LAST; n++)
            raw[n] = limit[i][n] = quantile(i, n);
        smooth(limit[i]);
        for (int n = FIRST; n <= LAST; n++)
            sum += pow(raw[n] - limit[i][n], 2.0);
        rough[i] = sqrt(sum / (LAST - FIRST + 1));
    }
}

/* From y at n to the normal score of the two-sided tail of |t|. */
static double score(double y, int n)
{
    return lw_score_of_t(sqrt((n - 2) * expm1(y * y / (n - 2))), n - 2);
}

static void print_table(long paths, unsigned long seed, const double rough[HAZARDS])
{
    static const int nodes[] = {4, 5, 6, 7, 8, 9, 10, 12, 14, 17, 20, 25, 30, 40, 50, 60, 80, 100, 140, 200, 300};
    int count_of_nodes = (int)(sizeof(nodes) / sizeof(nodes[0]));

    printf(
        "/* Generated by bench/changepoint_table.c: %ld histories of %d values, mt19937 with seed %lu. Do not edit.\n",
        paths, LAST, seed);
    printf("   Scatter of the simulated thresholds about the smoothed ones, by hazard:");
    for (int i = 0; i < HAZARDS; i++)
        printf("%s%.4f", i % 11 == 0 ? "\n   " : " ", rough[i]);
    printf(". */\n#include \"models/changepoint_table.h\"\n\n// clang-format off\n");
    printf("const struct lw_changepoint_table lw_changepoint_table = {\n    .n = {");
    for (int k = 0; k < count_of_nodes; k++)
        printf("%s%d", k ? ", " : "", nodes[k]);
    printf("},\n    .runs = {");
    for (int i = 0; i < HAZARDS; i++)
        printf("%s%.0f", i ? ", " : "", 1.0 / hazard(i));
    printf("},\n    .score = {\n");
    for (int k = 0; k < count_of_nodes; k++) {
        printf("        {");
        for (int i = 0; i < HAZARDS; i++)
            printf("%s%.4f", i ? ", " : "", score(limit[i][nodes[k]], nodes[k]));
        printf("}, /* n = %d */\n", nodes[k]);
    }
    printf("    },\n};\n");
}

int main(int argc, char **argv)
{
    long paths = argc > 1 ? strtol(argv[1], NULL, 10) : 10000000;
    unsigned long seed = argc > 2 ? strtoul(argv[2], NULL, 10) : 20190619;
    gsl_rng *random = gsl_rng_alloc(gsl_rng_mt19937);
    double rough[HAZARDS];

    if (random == NULL || paths < 1000)
        return 1;
    gsl_rng_set(random, seed);
    pilot(random);
    for (int i = 0; i < HAZARDS; i++)
        smooth(limit[i]);
    fprintf(stderr, "pilot done\n");
    improve(random, paths / 8, rough);
    fprintf(stderr, "first round done\n");
    improve(random, paths / 4, rough);
    fprintf(stderr, "second round done\n");
    improve(random, paths, rough);
    print_table(paths, seed, rough);
    gsl_rng_free(random);
    return 0;
}
