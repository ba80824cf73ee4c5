/* What every live source does: it works when asked to, has a batch ready, and goes on once that batch is durable. */
#ifndef LEEWAY_ENGINE_SOURCE_SOURCE_H
#define LEEWAY_ENGINE_SOURCE_SOURCE_H

#include "engine/base/http/http.h"
#include "engine/base/world.h"
#include "leeway/err.h"
#include "leeway/str.h"
#include "leeway/time.h"

#include <stdbool.h>
#include <stddef.h>

/* Bytes of a batch: what is decoded, gathered and committed before the loop runs again. 1 MiB of short lines took 35 to 60 ms
   of the processor with an open run of each of 10 000 models, and more by the clock. */
#define LW_SOURCE_BATCH_MAX ((size_t)512 << 10)
#define LW_SOURCE_NEVER     INT64_MAX /* as the next due time: only an event from outside wakes it */

/* One document, or a piece of one, with what its decoder must be told. */
struct lw_source_part {
    struct lw_str bytes;
    struct lw_str format;   /* id of a format ("loggly-export", "training-jobs", ...); "auto": look at the content */
    struct lw_str document; /* parts of the same name continue one another in one decoder (a followed file); empty: the
                               part is a document of its own */
    bool begins;            /* a new document of that name begins here: the decoder of the old one is finished first */
    bool resumes;           /* with begins: not a new one, but the one that was read before goes on at the mark */
    bool ends;              /* and it ends with this part */
    /* With resumes: so many bytes at the start are its first line once more, for a decoder that has not seen it. */
    size_t repeated;
    /* So many bytes, back from the end of the part and on through the parts before it, lie behind the mark of the batch:
       they are given once more when it resumes. */
    size_t unmarked;
    struct lw_str label; /* for rejections: the path, "https push", "us-east-1 GetMetricStatistics" */
    struct lw_str origin, run, metric, stat; /* where the document does not say; empty: nothing */
    bool unnamed;                            /* nor does the label name its run */
};

/* All of it is borrowed from the source until `taken`. A batch without parts is legal: mark and watermark move on. */
struct lw_source_batch {
    const struct lw_source_part *parts;
    size_t parts_n;
    struct lw_str
        mark; /* how far it was read: saved in the same transaction as what the batch gave, handed to open after
                           a restart */
    lw_time watermark; /* nothing older will come except as late data */
    bool has_watermark;
    bool caught_up; /* everything that is there now was read: what --once waits for */
    bool ended;     /* nothing will ever come again (a file with until_end) */
};

/* What is told of it in /metrics, /readyz and doctor. */
struct lw_source_health {
    uint64_t requests, bytes, records, throttled, errors; /* errors: that were answered by waiting and asking again */
    uint64_t datapoints_billed;                           /* what a cloud charges for, where it does */
    lw_time last_success; /* of reading something, or of being told that there is nothing */
    bool has_last_success;
    char trouble[200]; /* why it cannot read now, and what to do; "" when it can */
};

/* What a source is given when it is opened, beside its own options. */
struct lw_source_calls {
    const struct lw_http *http; /* NULL where it needs none */
    const struct lw_world *world;
    void (*wake)(void *self); /* a batch is ready, or time is due earlier: may be called at any time, returns at once */
    void *self;
};

/* One kind of source. `state` is what its own open function made. */
struct lw_source_kind {
    const char *id; /* "file", "cloudwatch", "loggly", "http" */
    /* Begins what is due by now and never waits; `next`: ticks of the world at which to be called again at the latest. */
    enum lw_err (*work)(void *state, lw_time now, lw_span ticks, lw_span *next, struct lw_fault *fault);
    /* The batch that waits, or NULL. The same one until it was taken or dropped. */
    const struct lw_source_batch *(*ready)(void *state);
    /* `durable`: it is stored for good, go on behind it. Else: it could not be stored, offer it again later. */
    void (*taken)(void *state, bool durable);
    void (*health)(const void *state, struct lw_source_health *health);
    void (*close)(void *state);
};

struct lw_source {
    const struct lw_source_kind *kind;
    void *state;
};

#endif
