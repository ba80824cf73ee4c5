#include "engine/flow/analyze/progress.h"

#include "engine/report/page/figure.h"

#include <stdio.h>

#define SILENT (2 * LW_SECOND) /* what is done by then needs no progress */
#define EVERY  250             /* ms between updates */

struct lw_progress lw_progress_begin(struct lw_world world, bool wanted)
{
    struct lw_progress progress = {.world = world, .wanted = wanted};

    if (wanted)
        progress.began = world.ticks(world.self);
    return progress;
}

void lw_progress_bytes(struct lw_progress *progress, uint64_t n)
{
    char size[LW_FIGURE_TEXT];
    lw_span now;

    progress->bytes += n;
    if (!progress->wanted)
        return;
    now = progress->world.ticks(progress->world.self);
    if (now.ms - progress->began.ms < SILENT || now.ms - progress->shown.ms < EVERY)
        return;
    progress->shown = now;
    progress->visible = true;
    lw_figure_bytes((double)progress->bytes, size);
    fprintf(stderr, "\r\033[Kleeway: %s read", size);
    fflush(stderr);
}

void lw_progress_end(struct lw_progress *progress)
{
    if (progress->visible)
        fputs("\r\033[K", stderr);
    progress->visible = false;
}
