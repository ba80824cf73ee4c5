/* One unit of what is gathered where data never end: a gather of its own, saved and loaded as one record. */
#ifndef LEEWAY_ENGINE_CORE_LIVE_LIVE_UNIT_H
#define LEEWAY_ENGINE_CORE_LIVE_LIVE_UNIT_H

#include "engine/base/buf.h"
#include "engine/core/gather/gather.h"

#include <stdbool.h>

/* Of an instance metric only its span is kept; what lies outside of it was not there before. */
struct lw_live_beat {
    uint32_t run, metric; /* ids of names; run: of the instance ("job/algo-1") where it is known */
    int64_t first, last;
};

/* What closing can leave out of a unit; counted once however often it is closed. */
#define LW_LIVE_LEFT_OUT 5

enum lw_live_kind { LW_LIVE_RUN, LW_LIVE_TUNING, LW_LIVE_MODEL };

struct lw_live_unit {
    struct lw_live_unit *next; /* in the table */
    struct lw_str key;         /* owned */
    uint64_t hash;             /* of the key */
    size_t at;                 /* place in the list of all units */
    size_t charged;            /* bytes that were counted for it */

    /* What it holds lies in the gather, or in `bytes` as a record until it is needed. Joined into another: neither. */
    struct lw_gather *gather;
    struct lw_live_beat *beats;
    size_t beats_n, beats_room;
    struct lw_buf bytes;
    struct lw_str target; /* owned; key of the unit that it has joined, or empty */
    uint64_t left_out[LW_LIVE_LEFT_OUT];
    uint64_t closings; /* how often runs were given out */

    uint64_t sources; /* bit by source; see live_state.h */
    int64_t arrived;  /* clock, ms: when something came for it last */
    int64_t looked;   /* clock, ms: when runs were last taken from data that go on */
    uint32_t source;  /* the last that brought something */
    uint32_t family;  /* id of a name: runs that are like it */
    uint8_t kind;     /* enum lw_live_kind */
    bool open;        /* not closed since it last changed */

    /* As it was at the last commit. */
    struct lw_buf before; /* the record, where it was open and has changed since */
    uint64_t before_sources;
    int64_t before_arrived, before_looked;
    uint32_t before_source;
    bool was_there, was_open;
    bool touched; /* in the list of those to look at when it is committed or taken back */
    bool dirty;

    /* When it is due; see live_due.h. */
    int64_t mark_due, clock_due, spacing; /* ms; spacing < 0: not known */
    int64_t quiet_due;                    /* clock, ms: when it has been quiet for long enough */
    bool stale;                           /* these are to be found anew */
    bool held;                            /* by a status that says that the run goes on */
};

/* Appends the record of what it holds. */
LW_MUST_USE enum lw_err lw_live_unit_save(const struct lw_live_unit *unit, int64_t pace, struct lw_buf *out,
                                          struct lw_fault *fault);
/* Writes the numbers of the unit into a record that was saved before they changed. */
void lw_live_unit_stamp(const struct lw_live_unit *unit, struct lw_buf *record);
/* Fills the gather, or the target, from a record. *pace: usual largest spacing of its family, ms, 0: not known.
   LW_ERR_STATE when it is damaged; the unit is as it was then. */
LW_MUST_USE enum lw_err lw_live_unit_load(struct lw_live_unit *unit, const struct lw_rules *rules,
                                          struct lw_names *names, size_t ceiling, struct lw_str record, int64_t *pace,
                                          struct lw_fault *fault);
/* The span of an instance metric, made when it is new (then `*fresh`); NULL when memory is out. `run`: name of the instance,
   or of the run where that is not known. */
struct lw_live_beat *lw_live_unit_beat(struct lw_live_unit *unit, uint32_t run, uint32_t metric, int64_t at,
                                       bool *fresh);
const struct lw_live_beat *lw_live_unit_find_beat(const struct lw_live_unit *unit, uint32_t run, uint32_t metric);
/* Lets go of gather and spans. */
void lw_live_unit_sleep(struct lw_live_unit *unit);
/* Bytes that it holds. */
size_t lw_live_unit_cost(const struct lw_live_unit *unit);
void lw_live_unit_free(struct lw_live_unit *unit);

/* The reason of left_out[i]. */
enum lw_reject lw_live_unit_reason(size_t i);

#endif
