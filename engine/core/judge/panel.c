#include "engine/core/judge/panel.h"

#include "engine/base/fault.h"
#include "engine/core/judge/judge.h"
#include "engine/core/judge/wanted.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

/* One judge, and what is his alone. */
struct seat {
    struct lw_panel *panel;
    struct lw_judge *judge;
    struct lw_rules rules; /* with the wishes for the model at hand */
    struct lw_arena arena; /* his results */
    struct lw_fault fault;
    enum lw_err err;
    size_t model; /* the last one that he took */
    pthread_t thread;
};

struct lw_panel {
    const struct lw_rules *rules;
    size_t seats_n;
    /* What is judged now: */
    const struct lw_histories *histories;
    struct lw_judged *judged;
    atomic_size_t next; /* the first model that nobody has taken */
    struct seat seats[];
};

enum lw_err lw_panel_open(struct lw_panel **out, const struct lw_rules *rules, size_t judges, size_t ceiling,
                          struct lw_fault *fault)
{
    struct lw_panel *panel;
    enum lw_err err = LW_ERR_OK;

    if (judges == 0 || judges > LW_STEP_THREADS_MAX)
        return lw_fault_set(fault, LW_ERR_RANGE, "%zu threads are not possible: state 1 to %d", judges,
                            LW_STEP_THREADS_MAX);
    panel = calloc(1, sizeof(*panel) + judges * sizeof(*panel->seats));
    if (panel == NULL)
        return lw_fault_memory(fault, "judging");
    panel->rules = rules;
    for (; panel->seats_n < judges && err == LW_ERR_OK; panel->seats_n++) {
        struct seat *seat = &panel->seats[panel->seats_n];

        seat->panel = panel;
        seat->rules = *rules;
        seat->arena.ceiling = ceiling;
        err = lw_judge_open(&seat->judge, &seat->rules, fault);
    }
    if (err != LW_ERR_OK) {
        lw_panel_close(panel);
        return err;
    }
    *out = panel;
    return LW_ERR_OK;
}

static enum lw_err judge_one(struct seat *seat, const struct lw_history *history, lw_time data_end,
                             struct lw_judged *judged)
{
    const struct lw_rules *rules = seat->panel->rules;
    enum lw_err err = lw_wanted_rules(rules, rules->wanted, rules->wanted_n, history->origin, history->model,
                                      history->runs, history->runs_n, &seat->arena, &seat->rules, &seat->fault);

    if (err == LW_ERR_OK)
        err = lw_judge_model(seat->judge, history->origin, history->model, history->runs, history->runs_n, data_end,
                             &seat->arena, judged, &seat->fault);
    return err;
}

/* Models are taken in their order, one at a time: when one fails, all before it have been taken and are brought to an end,
   so that the first failure is known whoever is faster. */
static void *work(void *self)
{
    struct seat *seat = self;
    struct lw_panel *panel = seat->panel;
    const struct lw_histories *histories = panel->histories;

    while (seat->err == LW_ERR_OK) {
        const size_t model = atomic_fetch_add(&panel->next, 1);

        if (model >= histories->models_n)
            break;
        seat->model = model;
        seat->err = judge_one(seat, &histories->models[model], histories->data_end, &panel->judged[model]);
    }
    if (seat->err != LW_ERR_OK)
        atomic_store(&panel->next, histories->models_n);
    return NULL;
}

static enum lw_err first_failure(const struct lw_panel *panel, struct lw_fault *fault)
{
    const struct seat *first = NULL;

    for (size_t i = 0; i < panel->seats_n; i++) {
        const struct seat *seat = &panel->seats[i];

        if (seat->err != LW_ERR_OK && (first == NULL || seat->model < first->model))
            first = seat;
    }
    if (first == NULL)
        return LW_ERR_OK;
    if (fault != NULL)
        *fault = first->fault;
    return first->err;
}

enum lw_err lw_panel_judge(struct lw_panel *panel, const struct lw_histories *histories, struct lw_judged *judged,
                           struct lw_fault *fault)
{
    size_t wanted = panel->seats_n < histories->models_n ? panel->seats_n : histories->models_n;
    size_t busy = 1; /* the first works in this thread */

    panel->histories = histories;
    panel->judged = judged;
    atomic_store(&panel->next, 0);
    for (size_t i = 0; i < panel->seats_n; i++) {
        lw_arena_reset(&panel->seats[i].arena);
        panel->seats[i].err = LW_ERR_OK;
    }
    while (busy < wanted && pthread_create(&panel->seats[busy].thread, NULL, work, &panel->seats[busy]) == 0)
        busy++;
    (void)work(&panel->seats[0]);
    while (busy-- > 1)
        (void)pthread_join(panel->seats[busy].thread, NULL);
    return first_failure(panel, fault);
}

void lw_panel_close(struct lw_panel *panel)
{
    if (panel == NULL)
        return;
    for (size_t i = 0; i < panel->seats_n; i++) {
        lw_judge_close(panel->seats[i].judge);
        lw_arena_close(&panel->seats[i].arena);
    }
    free(panel);
}
