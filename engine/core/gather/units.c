#include "engine/core/gather/units.h"

#include <stdlib.h>

static int by_run(const void *left, const void *right)
{
    const struct lw_unit *a = left, *b = right;

    if (a->run != b->run)
        return a->run < b->run ? -1 : 1;
    if (a->origin != b->origin)
        return a->origin < b->origin ? -1 : 1;
    if (a->model != b->model)
        return a->model < b->model ? -1 : 1;
    return (a->open > b->open) - (a->open < b->open);
}

/* The one known model of an origin, or 0 when there is none or more than one. */
static uint32_t only_model(const struct lw_unit *units, size_t n, uint32_t origin)
{
    uint32_t only = 0;

    for (size_t i = 0; i < n; i++) {
        if (units[i].origin != origin || units[i].model == 0)
            continue;
        if (only != 0 && only != units[i].model)
            return 0;
        only = units[i].model;
    }
    return only;
}

static uint32_t only_origin(const struct lw_unit *units, size_t n, uint32_t model, bool *several)
{
    uint32_t only = 0;

    *several = false;
    for (size_t i = 0; i < n; i++) {
        if (units[i].origin == 0 || (model != 0 && units[i].model != 0 && units[i].model != model))
            continue;
        *several = *several || (only != 0 && only != units[i].origin);
        only = units[i].origin;
    }
    return *several ? 0 : only;
}

static void learn_models(struct lw_unit *units, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (units[i].model == 0)
            units[i].model = only_model(units, n, units[i].origin);
}

/* Entries of one name are few: one, or one for each source that knows less than the others. Filling in 0 with the only
   known one does not change what is known, so the order in which entries are visited makes no difference. */
static void learn(struct lw_unit *units, size_t n)
{
    if (n < 2)
        return;
    learn_models(units, n);
    for (size_t i = 0; i < n; i++)
        if (units[i].origin == 0)
            units[i].origin = only_origin(units, n, units[i].model, &units[i].several_origins);
    learn_models(units, n);
}

static bool join(struct lw_gather *gather, uint32_t into, uint32_t from)
{
    struct lw_open_run *from_run = &gather->open.runs[from];

    if (from_run->facts != NULL) {
        struct lw_facts *facts = lw_open_runs_facts(&gather->open, into, &gather->memory);

        if (facts == NULL || !lw_facts_absorb(facts, from_run->facts, gather->names, &gather->memory))
            return false;
    }
    for (uint32_t i = from_run->curves; i != LW_OPEN_NONE; i = lw_open_runs_at(&gather->open, i)->next) {
        struct lw_open_curve *curve = lw_open_runs_at(&gather->open, i);
        uint32_t other = lw_open_runs_curve(&gather->open, into, curve->metric, curve->steps, &gather->memory);

        if (other == LW_OPEN_NONE)
            return false;
        lw_curve_absorb(&lw_open_runs_at(&gather->open, other)->curve, &curve->curve);
    }
    lw_open_runs_beats(&gather->open.runs[into].heartbeat, &from_run->heartbeat);
    gather->open.runs[into].points += from_run->points;
    from_run->points = 0;
    return true;
}

bool lw_units_resolve(struct lw_gather *gather, struct lw_unit *units, size_t *n)
{
    size_t all = gather->open.runs_n, kept = 0;

    for (uint32_t i = 0; i < all; i++) {
        const struct lw_open_run *run = &gather->open.runs[i];

        units[i] = (struct lw_unit){.origin = run->origin, .model = run->model, .run = run->run, .open = i};
    }
    if (all > 1)
        qsort(units, all, sizeof(*units), by_run);
    for (size_t i = 0, end; i < all; i = end) {
        for (end = i + 1; end < all && units[end].run == units[i].run;)
            end++;
        /* Data without run ids say nothing by which they could be brought together. */
        if (units[i].run != 0)
            learn(units + i, end - i);
    }
    if (all > 1)
        qsort(units, all, sizeof(*units), by_run);
    for (size_t i = 0; i < all; i++) {
        struct lw_unit *last = kept > 0 ? &units[kept - 1] : NULL;

        if (last != NULL && last->run == units[i].run && last->origin == units[i].origin &&
            last->model == units[i].model) {
            last->several_origins = last->several_origins || units[i].several_origins;
            if (!join(gather, last->open, units[i].open))
                return false;
        } else {
            units[kept++] = units[i];
        }
    }
    *n = kept;
    return true;
}
