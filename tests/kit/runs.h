/* Run records for tests of judging, without gathering: say what a run is to be, get the flat record. */
#ifndef LEEWAY_TESTS_KIT_RUNS_H
#define LEEWAY_TESTS_KIT_RUNS_H

#include "leeway/run.h"

#include <stdbool.h>
#include <stddef.h>

struct kit_metric {
    const char *name;
    const double *values; /* in time order; the last one is the final value */
    size_t n;
    double step; /* decimal step of the values; 0: 1e-4 */
    uint64_t not_a_number;
};

struct kit_run {
    const char *name; /* NULL: "run-NNNN" by its place in the history */
    const char *instance, *failure;
    int64_t start, end; /* ms; both 0: no clock */
    double duration;    /* s; 0: from start to end */
    double billable;    /* s; 0: not known */
    enum lw_outcome outcome;
    enum lw_duration_source source; /* NONE with a clock: LOG */
    uint32_t flags, instance_count;
    const struct kit_metric *metrics; /* in any order */
    size_t metrics_n;
};

/* The record; owned by the caller: free(). */
struct lw_run *kit_run_make(const struct kit_run *run);

/* Runs in the order of judging. */
struct kit_history {
    struct lw_run **runs;
    size_t n, capacity;
};

void kit_history_add(struct kit_history *history, const struct kit_run *run); /* at the end */
void kit_history_close(struct kit_history *history);

/* The borrowed form that judging takes. */
static inline const struct lw_run *const *kit_history_view(const struct kit_history *history)
{
    return (const struct lw_run *const *)(const void *)history->runs;
}

#endif
