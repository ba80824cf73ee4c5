/* --since and --until: which points and facts lie in the window. Facts are held back until it is known whether their run
   has anything in it. */
#ifndef LEEWAY_ENGINE_FLOW_WINDOW_H
#define LEEWAY_ENGINE_FLOW_WINDOW_H

#include "engine/base/buf.h"
#include "leeway/point.h"

#include <stdbool.h>

struct lw_window {
    size_t cut; /* runs that have something inside and something outside; known after lw_window_facts */
    lw_time since, until;
    bool has_since, has_until;
    struct lw_buf facts; /* struct lw_fact, held back */
    struct lw_buf runs;  /* keys of runs with something in the window, and of those with something outside */
};

/* `ceiling`: bytes for what is held back. */
struct lw_window lw_window_make(bool has_since, lw_time since, bool has_until, lw_time until, size_t ceiling);
static inline bool lw_window_open(const struct lw_window *window)
{
    return !window->has_since && !window->has_until;
}
/* true: the point is to be used; steps always are. Remembers its run. */
bool lw_window_point(struct lw_window *window, const struct lw_point *point);
/* Keeps a fact. Check window->facts.error. */
void lw_window_fact(struct lw_window *window, const struct lw_fact *fact);
/* The facts of runs that have nothing outside, or something inside; the others are counted in *outside. The array lies in
   the window. */
const struct lw_fact *lw_window_facts(struct lw_window *window, size_t *n, uint64_t *outside);
void lw_window_close(struct lw_window *window);

#endif
