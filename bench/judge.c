/* Time of judging 1 000 models of 500 runs with six run-level series each: the final values of two metrics, their
   curves of ten points, the duration and the gap between runs. */
#define _POSIX_C_SOURCE 200809L
#include "tests/kit/runs.h"

#include "engine/core/judge/panel.h"

#include <math.h>
#include <stdio.h>
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

/* The time of it all with so many threads; a negative one: it failed. Each call judges every history once. */
static double measure(const struct lw_rules *rules, const struct lw_histories *histories, size_t threads,
                      size_t *findings, size_t *alerts)
{
    struct lw_judged judged[HISTORIES];
    struct lw_panel *panel;
    double start;
    enum lw_err err = lw_panel_open(&panel, rules, threads, (size_t)1 << 30, NULL);

    if (err != LW_ERR_OK)
        return -1.0;
    *findings = 0;
    *alerts = 0;
    start = now();
    for (int done = 0; done < MODELS && err == LW_ERR_OK; done += HISTORIES) {
        err = lw_panel_judge(panel, histories, judged, NULL);
        for (int i = 0; i < HISTORIES && err == LW_ERR_OK; i++) {
            *findings += judged[i].findings_n;
            *alerts += judged[i].alerts_n;
        }
    }
    start = now() - start;
    lw_panel_close(panel);
    return err == LW_ERR_OK ? start : -1.0;
}

int main(void)
{
    static struct kit_history histories[HISTORIES];
    struct lw_history models[HISTORIES];
    struct lw_histories all = {.models = models, .models_n = HISTORIES};
    struct lw_rules rules = lw_rules_default();
    double seconds = 0.0;

    for (int i = 0; i < HISTORIES; i++) {
        fill(&histories[i]);
        models[i] = (struct lw_history){
            .origin = LW_STR(""), .model = LW_STR("model"), .runs = kit_history_view(&histories[i]), .runs_n = RUNS};
        if (histories[i].runs[RUNS - 1]->end.ms > all.data_end.ms)
            all.data_end = histories[i].runs[RUNS - 1]->end;
    }
    for (size_t threads = 1; threads <= 2 && seconds >= 0.0; threads++) {
        size_t findings, alerts;

        seconds = measure(&rules, &all, threads, &findings, &alerts);
        if (seconds >= 0.0)
            printf("judge: %d models x %d runs x 6 series, threads: %zu: %.2f s, %zu findings, %zu alerts\n", MODELS,
                   RUNS, threads, seconds, findings, alerts);
    }
    for (int i = 0; i < HISTORIES; i++)
        kit_history_close(&histories[i]);
    return seconds >= 0.0 ? 0 : 1;
}
