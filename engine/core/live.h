/* The step when data never end: what is open, when it closes, how a model is judged, and what is told of the difference.
   Like the step it does no I/O and knows no clock: both are handed in. */
#ifndef LEEWAY_ENGINE_CORE_LIVE_H
#define LEEWAY_ENGINE_CORE_LIVE_H

#include "engine/base/arena.h"
#include "engine/base/buf.h"
#include "engine/base/names.h"
#include "leeway/judged.h"
#include "leeway/point.h"
#include "leeway/reject.h"
#include "leeway/rules.h"

#include <stdbool.h>

/* A unit is what is gathered and closed together, and stored as one record: a run by its name whatever its origin; a
   tuning job with its trials; data without run ids of one model. It gives none, one or several closed runs. Its key is a
   printable text that is unique. */

struct lw_live;

/* Functions of whoever stores. Texts and bytes are borrowed during the call. */
struct lw_live_store {
    void *self;
    /* The bytes of a unit that was saved before and is not held now (closed, and now late data come for it): appended to
       `bytes`. *found: false when there is none. *pruned: there was one, and its datapoints were given up since. */
    enum lw_err (*fetch)(void *self, struct lw_str key, struct lw_buf *bytes, bool *found, bool *pruned,
                         struct lw_fault *fault);
};

/* `rules` gives the quiet period and directions; borrowed until close. `ceiling`: bytes for all that is held. */
LW_MUST_USE enum lw_err lw_live_open(struct lw_live **out, const struct lw_rules *rules,
                                     const struct lw_live_store *store, size_t ceiling, struct lw_fault *fault);
struct lw_names *lw_live_names(struct lw_live *live);
void lw_live_close(struct lw_live *live);

/* Gathering: points and facts of one source. `source` counts from 0 and tells whose watermark their runs wait for;
   `arrived` is the clock. fresh[i] (may be NULL) becomes 1 for a datapoint that was not there before in just this form,
   and 0 for a duplicate, or for one that came too late (counted as LW_REJECT_TOO_LATE in lw_live_rejected). A call that
   fails may have taken a part: lw_live_rollback, or give it again, which is harmless. */
LW_MUST_USE enum lw_err lw_live_take(struct lw_live *live, uint32_t source, lw_time arrived,
                                     const struct lw_point *points, size_t points_n, const struct lw_fact *facts,
                                     size_t facts_n, uint8_t *fresh, struct lw_fault *fault);
/* Of what was taken: nothing older than this comes from the source except late. A rollback takes it back too. It never
   falls; sources from 63 on have none, their runs close by the clock. */
void lw_live_watermark(struct lw_live *live, uint32_t source, lw_time watermark);

/* What changed since the last commit, for the store: every unit that is dirty, with the bytes to be saved. */
struct lw_live_record {
    struct lw_str key;
    struct lw_str bytes; /* empty and `removed`: the unit is gone. None goes today: one that joined another stays as a
                            record that leads there, and closes once more, without runs */
    uint32_t source;     /* that gave something of it last */
    bool removed;
    bool open; /* to be loaded at the next start */
};
LW_MUST_USE enum lw_err lw_live_dirty(struct lw_live *live, struct lw_arena *arena,
                                      const struct lw_live_record **records, size_t *n, struct lw_fault *fault);
/* The store has them for good; or it has not, and everything since the last commit is taken back. */
void lw_live_committed(struct lw_live *live);
LW_MUST_USE enum lw_err lw_live_rollback(struct lw_live *live, struct lw_fault *fault);
/* At the start: a unit that was open. LW_ERR_STATE when the bytes are damaged; nothing has changed then. */
LW_MUST_USE enum lw_err lw_live_load(struct lw_live *live, uint32_t source, struct lw_str key, struct lw_str bytes,
                                     lw_time now, struct lw_fault *fault);

/* Closing. The runs of a unit that is due, or of every unit with `everything` (--once at the end of its data). Due is
   - a run whose job has ended: 5 minutes after its end, by the watermark, or by the clock when nothing comes;
   - a run that is in progress: not before nothing at all (not even its status again) has come for 5 days; `warning` says so;
   - everything else when it has been quiet, by the watermark or by the clock, for rules->quiet or three times the largest
     distance of points in it or in runs like it, whichever is longer. For trials of a tuning job this holds even if they
     have ended, since others follow;
   - data without run ids that are never quiet give out the runs that are over each quiet period, and stay open. */
struct lw_live_closed {
    struct lw_str key;
    const struct lw_run *const *runs; /* all runs of the unit: they take the place of those it gave before */
    size_t runs_n;
    uint32_t source;     /* that gave something of it last */
    bool again;          /* it was closed before: late data opened it */
    const char *warning; /* e.g. runs that overlap and cannot be told apart, or NULL */
};
/* The next unit that is due by `now`, in the order of (when it became due, key); *found false when there is none. It is
   dirty afterwards and no longer open; late data open it again. */
LW_MUST_USE enum lw_err lw_live_close_next(struct lw_live *live, lw_time now, bool everything, struct lw_arena *arena,
                                           struct lw_live_closed *out, bool *found, struct lw_fault *fault);
/* The clock time before which no unit becomes due without further data; LW_TIME_MAX: none ever. Where it is too early
   lw_live_close_next finds nothing, and then it is exact. */
lw_time lw_live_next_due(const struct lw_live *live);

struct lw_live_counts {
    uint64_t units_open, points_held, bytes_held, duplicates, late;
    uint64_t rejected[LW_REJECT_COUNT];
};
void lw_live_count(const struct lw_live *live, struct lw_live_counts *counts);

/* What was told of the alerts of a model so far: flat bytes, one record per model, that go into the store. Judging again
   needs them to tell the difference: open, update (revision + 1), retracted. */

/* The events that lead from what was told (`told`, empty: nothing) to `judged`, and the record afterwards in `after`.
   Clock-driven alerts that vanish are retracted with the reason data_was_late. Alerts that were opened before the first
   run of `judged` (history that was pruned) stay as they are. LW_ERR_STATE when `told` is damaged. */
LW_MUST_USE enum lw_err lw_live_difference(struct lw_str told, const struct lw_judged *judged, struct lw_arena *arena,
                                           const struct lw_alert_event **events, size_t *events_n, struct lw_buf *after,
                                           struct lw_fault *fault);
/* The alerts of such a record, as last told; texts and arrays in `arena`. The runs are named, since indices are worth
   nothing without the history. */
struct lw_told_alert {
    struct lw_alert alert; /* its run indices are LW_NO_RUN */
    struct lw_str opened_run, change_run, resolved_run;
    lw_time opened_end; /* end of the run at which it opened */
    uint8_t has_opened_end;
};
LW_MUST_USE enum lw_err lw_live_told(struct lw_str told, struct lw_arena *arena, const struct lw_told_alert **alerts,
                                     size_t *n, struct lw_fault *fault);

#endif
