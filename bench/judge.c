/* Time of judging 1 000 models of 500 runs with six run-level series each: the final values of two metrics, their
   curves of ten points, the duration and the gap between runs. */
#define _POSIX_C_SOURCE 200809L
#include "tests/kit/runs.h"

#include "engine/core/judge/judge.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define MODELS    1000
#define RUNS      500
#define HISTORIES 20 /* different ones, each judged several times: all 1 000 would measure the memory of the machine */
#define POINTS    10

static uint64_t state = 7;

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

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void fill(struct kit_history *history)
{
    static const char *const names[2] = {"validation:accuracy", "train:loss"};
    double curves[2][POINTS];
    struct kit_metric metrics[2];

    for (int run = 0; run < RUNS; run++) {
        int64_t start = INT64_C(1551664800000) + run * LW_HOUR + (int64_t)(30e3 * normal());
        double level = 0.9 + 0.003 * normal();

        for (int k = 0; k < 2; k++) {
            for (int i = 0; i < POINTS; i++)
                curves[k][i] = round(1e4 * ((k == 1 ? 1.2 - level : level) + (k == 1 ? 0.4 : -0.4) * exp(-0.6 * i) +
                                            0.002 * normal())) /
                               1e4;
            metrics[k] = (struct kit_metric){.name = names[k], .values = curves[k], .n = POINTS};
        }
        kit_history_add(history, &(struct kit_run){.start = start,
                                                   .end = start + 252000 + (int64_t)(8e3 * normal()),
                                                   .outcome = LW_OUTCOME_COMPLETED,
                                                   .metrics = metrics,
                                                   .metrics_n = 2});
    }
}

int main(void)
{
    static struct kit_history histories[HISTORIES];
    struct lw_rules rules = lw_rules_default();
    struct lw_judge *judge;
    struct lw_arena arena = {.ceiling = (size_t)1 << 30};
    struct lw_judged judged;
    size_t findings = 0;
    size_t alerts = 0;
    double start;

    for (int i = 0; i < HISTORIES; i++)
        fill(&histories[i]);
    if (lw_judge_open(&judge, &rules, NULL) != LW_ERR_OK)
        return 1;
    start = now();
    for (int i = 0; i < MODELS; i++) {
        struct kit_history *history = &histories[i % HISTORIES];

        lw_arena_reset(&arena);
        if (lw_judge_model(judge, LW_STR(""), LW_STR("model"), kit_history_view(history), RUNS,
                           history->runs[RUNS - 1]->end, &arena, &judged, NULL) != LW_ERR_OK)
            return 1;
        findings += judged.findings_n;
        alerts += judged.alerts_n;
    }
    printf("judge: %d models x %d runs x 6 series: %.2f s, %zu findings, %zu alerts\n", MODELS, RUNS, now() - start,
           findings, alerts);
    for (int i = 0; i < HISTORIES; i++)
        kit_history_close(&histories[i]);
    lw_judge_close(judge);
    lw_arena_close(&arena);
    return 0;
}
