/* How well the budget of false alarms is kept, and what is found of what was planted: simulated histories whose spread
   is that of the real repeated MNIST and DeepAR trainings (tests/data), judged as a whole. Prints a table.
       calibration [SECONDS [SEED]]    about so long (default 60), from that seed */
#define _POSIX_C_SOURCE 200809L
#include "tests/kit/runs.h"

#include "engine/core/judge/judge.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define BEGIN  INT64_C(1551664800000)
#define QUIET  400 /* runs of a quiet history */
#define AFTER  60  /* runs after a planted change */
#define POINTS 8

enum noise { NORMAL, T3, LOGNORMAL, AR1, NOISES };
static const char *const noise_names[NOISES] = {"normal", "Student t3", "lognormal", "AR(1) 0.3"};

static uint64_t state;

static double uniform(void)
{
    uint64_t z = (state += UINT64_C(0x9E3779B97F4A7C15));

    z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
    return ((double)((z ^ z >> 31) >> 11) + 0.5) / 9007199254740992.0;
}

static double normal(void)
{
    return sqrt(-2.0 * log(uniform())) * cos(6.283185307179586 * uniform());
}

/* Mean 0, variance 1; `last` is the state of the autoregressive noise. */
static double draw(enum noise noise, double *last)
{
    double z = normal();
    double squares = 0.0;

    switch (noise) {
    case NORMAL:
    case NOISES:
        return z;
    case T3:
        for (int i = 0; i < 3; i++) {
            double one = normal();

            squares += one * one;
        }
        return z / sqrt(squares / 3.0) / sqrt(3.0);
    case LOGNORMAL:
        return (exp(0.5 * z) - exp(0.125)) / sqrt((exp(0.25) - 1.0) * exp(0.25));
    case AR1:
        *last = 0.3 * *last + sqrt(1.0 - 0.09) * z;
        return *last;
    }
    return z;
}

/* One series: its usual level and its standard deviation on the charted scale. Levels and spreads are those of the
   finals of the real runs: accuracy of MNIST 0.987 +- 0.0007, loss of DeepAR, training seconds 71..159. */
struct plan {
    int metrics; /* 1..3: with duration and gap 3, 4 or 6 series (the third makes a pair with a generalization gap) */
    enum noise noise;
    int runs;
    int change_at;  /* run of the planted change, or -1 */
    double change;  /* of the first metric, in standard deviations */
    double ignored; /* effects below that are ignored: 0 shows the statistics alone */
};

static void make(const struct plan *plan, struct kit_history *history)
{
    static const char *const names[3] = {"validation:accuracy", "test:rmse", "train:accuracy"};
    double last[5] = {0};
    double curves[3][POINTS];
    struct kit_metric metrics[3];
    int64_t end = BEGIN;

    for (int run = 0; run < plan->runs; run++) {
        double noise[5];
        int64_t start;
        int64_t length;

        for (int i = 0; i < 5; i++)
            noise[i] = draw(plan->noise, &last[i]);
        if (plan->change_at >= 0 && run >= plan->change_at)
            noise[0] -= plan->change;
        for (int k = 0; k < plan->metrics; k++) {
            for (int i = 0; i < POINTS; i++) {
                double away = exp(-0.9 * i) + 0.02 * normal() * (i < POINTS - 1);

                if (k == 1)
                    curves[k][i] = exp(log(0.4) + 0.05 * noise[1] + away);
                else
                    curves[k][i] = 1.0 / (1.0 + exp(-(4.3 + 0.06 * noise[k] - 2.5 * away)));
                curves[k][i] = round(1e5 * curves[k][i]) / 1e5;
            }
            metrics[k] = (struct kit_metric){.name = names[k], .values = curves[k], .n = POINTS, .step = 1e-5};
        }
        start = end + (int64_t)(3.3e6 * exp(0.05 * noise[3]));
        length = (int64_t)(1.2e5 * exp(0.08 * noise[4]));
        end = start + length;
        kit_history_add(history, &(struct kit_run){.start = start,
                                                   .end = end,
                                                   .outcome = LW_OUTCOME_COMPLETED,
                                                   .metrics = metrics,
                                                   .metrics_n = (size_t)plan->metrics});
    }
}

struct tally {
    double histories, runs, alerts, by_kind[5], by_series[8];
    double found, found_10, found_30, delay, dated, early, ks;
};

static int series_group(struct lw_str name)
{
    if (memcmp(name.at, "curve:", 6) == 0)
        return 3;
    if (name.len > 19 && memcmp(name.at, "generalization_gap:", 19) == 0)
        return 4;
    return name.at[0] == 'd' ? 1 : name.at[0] == 'g' ? 2 : 0;
}

static void count(const struct plan *plan, const struct lw_judged *judged, struct tally *tally)
{
    bool found = false;

    tally->histories++;
    tally->runs += plan->runs;
    for (size_t i = 0; i < judged->alerts_n; i++) {
        const struct lw_alert *alert = &judged->alerts[i];
        int opened = (int)alert->opened_run;

        tally->alerts++;
        tally->by_kind[alert->kind]++;
        if (alert->series_n)
            tally->by_series[series_group(alert->series[0])]++;
        if (plan->change_at < 0 || alert->kind != LW_ALERT_LEVEL)
            continue;
        if (opened < plan->change_at) {
            tally->early += !found;
        } else if (!found && alert->impact == LW_IMPACT_WORSE && series_group(alert->series[0]) != 1) {
            int apart = (int)alert->change_run - plan->change_at;

            found = true;
            tally->found++;
            tally->found_10 += opened - plan->change_at < 10;
            tally->found_30 += opened - plan->change_at < 30;
            tally->delay += opened - plan->change_at + 1;
            tally->dated += apart >= -2 && apart <= 2;
        }
    }
}

static void simulate(const struct plan *plan, int histories, struct tally *tally)
{
    struct lw_rules rules = lw_rules_default();
    struct lw_arena arena = {.ceiling = (size_t)1 << 30};
    struct lw_judged judged;
    struct lw_judge *judge;

    rules.ignore_below = (struct lw_ignore_below){plan->ignored, plan->ignored, plan->ignored};
    if (plan->ignored < 0.0)
        rules.ignore_below = lw_rules_default().ignore_below;
    if (lw_judge_open(&judge, &rules, NULL) != LW_ERR_OK)
        exit(1);
    for (int i = 0; i < histories; i++) {
        struct kit_history history = {0};

        make(plan, &history);
        lw_arena_reset(&arena);
        if (lw_judge_model(judge, LW_STR(""), LW_STR("model"), kit_history_view(&history), history.n,
                           history.runs[history.n - 1]->end, &arena, &judged, NULL) != LW_ERR_OK)
            exit(1);
        count(plan, &judged, tally);
        kit_history_close(&history);
    }
    lw_judge_close(judge);
    lw_arena_close(&arena);
}

static void quiet(int histories)
{
    printf("\nAlerts per 370 runs of quiet histories of %d runs (budget: 1), +- standard error\n\n", QUIET);
    printf("| noise | series | alerts | of them first seen in a final value, duration, gap, curve, generalization gap; "
           "overdue |\n|---|---|---|---|\n");
    for (int noise = 0; noise < NOISES; noise++) {
        for (int metrics = 1; metrics <= 3; metrics++) {
            struct plan plan = {.metrics = metrics, .noise = (enum noise)noise, .runs = QUIET, .change_at = -1};
            struct tally tally = {0};
            double scale;

            simulate(&plan, histories, &tally);
            scale = 370.0 / tally.runs;
            printf("| %s | %d | %.2f +- %.2f | %.2f, %.2f, %.2f, %.2f, %.2f; %.2f |\n", noise_names[noise],
                   metrics == 3 ? 6 : metrics + 2, scale * tally.alerts, scale * sqrt(tally.alerts),
                   scale * tally.by_series[0], scale * tally.by_series[1],
                   scale * (tally.by_series[2] - tally.by_kind[LW_ALERT_OVERDUE]), scale * tally.by_series[3],
                   scale * tally.by_series[4], scale * tally.by_kind[LW_ALERT_OVERDUE]);
            (void)fflush(stdout);
        }
    }
}

static void planted(int histories)
{
    static const int after[3] = {10, 20, 50};
    static const double changes[4] = {1.0, 1.5, 2.0, 3.0};

    printf("\nA fall of one metric by so many standard deviations (4 series, normal noise)\n\n");
    printf("| runs before | fall | found within 10 | within 30 | mean delay | dated within 2 runs |\n"
           "|---|---|---|---|---|---|\n");
    for (int i = 0; i < 3; i++) {
        for (int k = 0; k < 4; k++) {
            struct plan plan = {
                .metrics = 2, .noise = NORMAL, .runs = after[i] + AFTER, .change_at = after[i], .change = changes[k]};
            struct tally tally = {0};

            simulate(&plan, histories, &tally);
            printf("| %d | %.1f sd | %.2f | %.2f | %.1f | %.2f |\n", after[i], changes[k],
                   tally.found_10 / tally.histories, tally.found_30 / tally.histories, tally.delay / tally.found,
                   tally.dated / tally.found);
            (void)fflush(stdout);
        }
    }
}

int main(int argc, char **argv)
{
    double seconds = argc > 1 ? strtod(argv[1], NULL) : 60.0;
    uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 10) : 20190304;
    struct plan trial = {.metrics = 3, .runs = QUIET, .change_at = -1};
    struct tally tally = {0};
    clock_t start = clock();
    double each;
    int histories;

    state = seed;
    simulate(&trial, 20, &tally);
    each = (double)(clock() - start) / CLOCKS_PER_SEC / 20.0;
    /* Two thirds for the quiet ones. */
    histories = (int)(0.66 * seconds / (9.0 * each));
    printf("seed %llu, %d histories a line\n", (unsigned long long)seed, histories);
    quiet(histories < 10 ? 10 : histories);
    histories = (int)(0.33 * seconds / (12.0 * each * 0.15));
    planted(histories < 10 ? 10 : histories);
    return 0;
}
