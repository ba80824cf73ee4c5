/* How long the loop is away for a piece of work, and for what: each callback is a slice, each slice is made of kinds of work,
   and one that takes too long is told in the log with what took the time. */
#ifndef LEEWAY_ENGINE_FLOW_SERVICE_SLICES_H
#define LEEWAY_ENGINE_FLOW_SERVICE_SLICES_H

#include "engine/base/world.h"
#include "engine/flow/service/metrics.h"

#define LW_SLICE_LONG ((int64_t)50000) /* microseconds: longer is a defect */

enum lw_slice {
    LW_SLICE_SOURCE,     /* sources look what there is */
    LW_SLICE_DECODE,     /* bytes into datapoints */
    LW_SLICE_GATHER,     /* datapoints into open runs, and into the open transaction */
    LW_SLICE_CLOSE,      /* runs that are over into history */
    LW_SLICE_HISTORY,    /* reading the history of a model */
    LW_SLICE_JUDGE,      /* judging it */
    LW_SLICE_TELL,       /* what follows from it into the open transaction */
    LW_SLICE_COMMIT,     /* the end of a transaction, synced to the disk */
    LW_SLICE_CHECKPOINT, /* the log of the store into its file, synced to the disk */
    LW_SLICE_RETENTION,  /* what is too old goes */
    LW_SLICE_CARE,       /* heartbeat, silence, digest */
    LW_SLICE_DELIVER,    /* what sinks are owed, read and handed over */
    LW_SLICE_REPLY,      /* sending and receiving for sinks and sources */
    LW_SLICE_HTTP,       /* requests to the HTTP server */
    LW_SLICE_CONTROL,    /* people */
    LW_SLICE_RELOAD,     /* everything is opened anew */
    LW_SLICE_COUNT
};
const char *lw_slice_id(enum lw_slice kind);

/* Times in microseconds. */
struct lw_slices {
    const struct lw_world *world;
    struct lw_metrics_histogram whole[LW_SLICE_COUNT]; /* of slices, by the kind that took most of each */
    uint64_t wall[LW_SLICE_COUNT], cpu[LW_SLICE_COUNT];
    /* The slice at hand. */
    bool open;
    enum lw_slice kind;
    int64_t began, since, cpu_began, cpu_since;
    int64_t taken[LW_SLICE_COUNT];
    /* What was told. */
    int64_t told_at;
    uint64_t untold;
    bool has_told;
};

/* `world` is borrowed. */
void lw_slices_open(struct lw_slices *slices, const struct lw_world *world);
/* A slice begins with this kind of work. All of these take NULL for `slices`, and then do nothing. */
void lw_slices_begin(struct lw_slices *slices, enum lw_slice kind);
/* It goes on with another; the kind that it was. Outside of a slice: nothing is counted. */
enum lw_slice lw_slices_turn(struct lw_slices *slices, enum lw_slice kind);
/* It ends. One longer than LW_SLICE_LONG is told: once a minute, with how many more there were since; the others for who
   debugs. */
void lw_slices_end(struct lw_slices *slices);

/* Two families for /metrics: leeway_slice_seconds{kind}, a histogram of slices by what took most of each; and
   leeway_work_seconds_total{kind}, leeway_work_cpu_seconds_total{kind}, the time of each kind over all slices. */
void lw_slices_write(const struct lw_slices *slices, struct lw_buf *out);

#endif
