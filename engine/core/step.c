#include "engine/core/step.h"

#include "engine/base/fault.h"
#include "engine/core/gather/gather.h"
#include "engine/core/gather/window.h"
#include "engine/core/judge/panel.h"

#include <stdlib.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

#define CEILING_DEFAULT ((size_t)64 << 30)

struct lw_step {
    const struct lw_rules *rules;
    struct lw_names *names;
    struct lw_gather *gather;
    struct lw_panel *panel;
    struct lw_arena arena; /* what was yielded last, but for the judgements */
    size_t ceiling;
};

enum lw_err lw_step_open(struct lw_step **out, const struct lw_rules *rules, size_t ceiling, struct lw_fault *fault)
{
    struct lw_step *step = calloc(1, sizeof(*step));
    enum lw_err err;

    if (step == NULL)
        return lw_fault_memory(fault, "the step");
    step->rules = rules;
    step->ceiling = ceiling != 0 ? ceiling : CEILING_DEFAULT;
    step->arena.ceiling = step->ceiling;
    err = lw_names_open(&step->names, step->ceiling, fault);
    if (err == LW_ERR_OK)
        err = lw_gather_open(&step->gather, rules, step->names, step->ceiling, fault);
    if (err == LW_ERR_OK)
        err = lw_panel_open(&step->panel, rules, 1, step->ceiling, fault);
    if (err != LW_ERR_OK) {
        lw_step_close(step);
        return err;
    }
    *out = step;
    return LW_ERR_OK;
}

enum lw_err lw_step_threads(struct lw_step *step, size_t threads, struct lw_fault *fault)
{
    struct lw_panel *panel;
    enum lw_err err = lw_panel_open(&panel, step->rules, threads, step->ceiling, fault);

    if (err != LW_ERR_OK)
        return err;
    lw_panel_close(step->panel);
    step->panel = panel;
    return LW_ERR_OK;
}

struct lw_names *lw_step_names(struct lw_step *step)
{
    return step->names;
}

enum lw_err lw_step_duplicates(struct lw_step *step, uint64_t *duplicates, struct lw_fault *fault)
{
    enum lw_err err = lw_gather_settle(step->gather, fault);

    if (err == LW_ERR_OK)
        *duplicates = lw_gather_duplicates(step->gather);
    return err;
}

enum lw_err lw_step_name(struct lw_step *step, struct lw_str text, uint32_t *id, struct lw_fault *fault)
{
    return lw_names_add(step->names, text, id, fault);
}

enum lw_err lw_step_take(struct lw_step *step, const struct lw_point *points, size_t points_n,
                         const struct lw_fact *facts, size_t facts_n, struct lw_fault *fault)
{
    enum lw_err err = lw_gather_points(step->gather, points, points_n, fault);

    if (err == LW_ERR_OK)
        err = lw_gather_facts(step->gather, facts, facts_n, fault);
    return err;
}

static size_t collect_warnings(const struct lw_histories *histories, struct lw_str *warnings)
{
    size_t n = 0;

    for (size_t i = 0; i < histories->models_n; i++) {
        if (histories->models[i].warning != NULL)
            warnings[n++] = lw_str_from(histories->models[i].warning);
    }
    return n;
}

/* What gathering held is free now, but in pieces too small for the arrays of judging: without this the process would keep
   both. */
static void give_back(void)
{
#ifdef __GLIBC__
    (void)malloc_trim(0);
#endif
}

enum lw_err lw_step_end(struct lw_step *step, struct lw_output *out, struct lw_fault *fault)
{
    struct lw_histories histories;
    struct lw_judged *judged;
    struct lw_str *warnings;
    size_t runs_outside;
    enum lw_err err;

    lw_arena_reset(&step->arena);
    err = lw_gather_close_all(step->gather, &step->arena, &histories, fault);
    if (err != LW_ERR_OK)
        return err;
    give_back();
    if (lw_window_apply(step->rules, &histories, &step->arena, &runs_outside) != LW_ERR_OK)
        return lw_fault_memory(fault, "the runs between since and until");
    judged = lw_arena_array(&step->arena, histories.models_n, sizeof(*judged));
    warnings = lw_arena_array(&step->arena, histories.models_n, sizeof(*warnings));
    if (judged == NULL || warnings == NULL)
        return lw_fault_memory(fault, "the judgements");
    err = lw_panel_judge(step->panel, &histories, judged, fault);
    if (err != LW_ERR_OK)
        return err;
    *out = (struct lw_output){
        .models = judged,
        .models_n = histories.models_n,
        .warnings = warnings,
        .warnings_n = collect_warnings(&histories, warnings),
        .duplicates = histories.duplicates,
        .runs_outside = runs_outside,
        .data_end = histories.data_end,
        .has_data_end = histories.has_data_end,
    };
    memcpy(out->rejected, histories.rejected, sizeof(out->rejected));
    return LW_ERR_OK;
}

void lw_step_close(struct lw_step *step)
{
    if (step == NULL)
        return;
    lw_panel_close(step->panel);
    lw_gather_close(step->gather);
    lw_names_close(step->names);
    lw_arena_close(&step->arena);
    free(step);
}
