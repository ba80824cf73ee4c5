#include "engine/flow/window.h"

#include <stdlib.h>

/* What is known of a run: {origin, run, where}. */
struct sighting {
    uint32_t origin, run;
    uint32_t inside; /* 1: in the window, 0: outside */
};

struct lw_window lw_window_make(bool has_since, lw_time since, bool has_until, lw_time until, size_t ceiling)
{
    return (struct lw_window){
        .since = since,
        .until = until,
        .has_since = has_since,
        .has_until = has_until,
        .facts = {.ceiling = ceiling},
        .runs = {.ceiling = ceiling},
    };
}

static bool contains(const struct lw_window *window, lw_time time)
{
    return (!window->has_since || time.ms >= window->since.ms) && (!window->has_until || time.ms < window->until.ms);
}

/* Sightings come in long sequences of the same: only a change is noted. */
static void see(struct lw_window *window, uint32_t origin, uint32_t run, bool inside)
{
    struct sighting now = {.origin = origin, .run = run, .inside = inside};

    if (window->runs.len >= sizeof(now) &&
        memcmp(window->runs.at + window->runs.len - sizeof(now), &now, sizeof(now)) == 0)
        return;
    lw_buf_bytes(&window->runs, &now, sizeof(now));
}

bool lw_window_point(struct lw_window *window, const struct lw_point *point)
{
    bool inside = (point->flags & LW_POINT_STEP) != 0 || contains(window, (lw_time){point->at});

    see(window, point->origin, point->run, inside);
    return inside;
}

void lw_window_fact(struct lw_window *window, const struct lw_fact *fact)
{
    lw_buf_bytes(&window->facts, fact, sizeof(*fact));
    if (fact->has_at && fact->kind != LW_FACT_NOT_A_NUMBER)
        see(window, fact->origin, fact->run, contains(window, fact->at));
    if (fact->has_until)
        see(window, fact->origin, fact->run, contains(window, fact->until));
}

static int by_run(const void *left, const void *right)
{
    const struct sighting *a = left;
    const struct sighting *b = right;

    if (a->origin != b->origin)
        return a->origin < b->origin ? -1 : 1;
    if (a->run != b->run)
        return a->run < b->run ? -1 : 1;
    return (a->inside < b->inside) - (a->inside > b->inside); /* inside first: it decides */
}

static int by_run_only(const void *left, const void *right)
{
    const struct sighting *a = left;
    const struct sighting *b = right;

    if (a->origin != b->origin)
        return a->origin < b->origin ? -1 : 1;
    return (a->run > b->run) - (a->run < b->run);
}

const struct lw_fact *lw_window_facts(struct lw_window *window, size_t *n, uint64_t *outside)
{
    struct lw_fact *facts = (struct lw_fact *)(void *)window->facts.at;
    struct sighting *runs = (struct sighting *)(void *)window->runs.at;
    size_t facts_n = window->facts.len / sizeof(*facts);
    size_t runs_n = window->runs.len / sizeof(*runs);
    size_t kept = 0;
    size_t unique = 0;

    if (runs_n > 0)
        qsort(runs, runs_n, sizeof(*runs), by_run);
    for (size_t i = 0; i < runs_n; i++) {
        if (unique == 0 || by_run_only(&runs[unique - 1], &runs[i]) != 0)
            runs[unique++] = runs[i];
        else if (!runs[i].inside && (runs[i - 1].inside))
            window->cut++; /* inside comes first: this is the first of those outside */
    }
    for (size_t i = 0; i < facts_n; i++) {
        struct sighting key = {.origin = facts[i].origin, .run = facts[i].run};
        const struct sighting *found = NULL;

        if (unique > 0)
            found = bsearch(&key, runs, unique, sizeof(*runs), by_run_only);
        if (found == NULL || found->inside)
            facts[kept++] = facts[i];
    }
    *outside = facts_n - kept;
    *n = kept;
    return facts;
}

void lw_window_close(struct lw_window *window)
{
    lw_buf_close(&window->facts);
    lw_buf_close(&window->runs);
}
