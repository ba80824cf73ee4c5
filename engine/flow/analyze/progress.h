/* A line on the terminal that says how far the reading is, when it takes longer than two seconds. */
#ifndef LEEWAY_ENGINE_FLOW_ANALYZE_PROGRESS_H
#define LEEWAY_ENGINE_FLOW_ANALYZE_PROGRESS_H

#include "engine/base/world.h"

#include <stdbool.h>
#include <stdint.h>

struct lw_progress {
    struct lw_world world;
    lw_span began, shown;
    uint64_t bytes;
    bool wanted, visible;
};

/* `wanted`: standard error is a terminal. */
struct lw_progress lw_progress_begin(struct lw_world world, bool wanted);
void lw_progress_bytes(struct lw_progress *progress, uint64_t n);
/* Takes the line away. */
void lw_progress_end(struct lw_progress *progress);

#endif
