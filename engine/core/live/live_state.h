/* Everything that the live half holds, and what its files share: finding a unit, changing it, counting its bytes. */
#ifndef LEEWAY_ENGINE_CORE_LIVE_LIVE_STATE_H
#define LEEWAY_ENGINE_CORE_LIVE_LIVE_STATE_H

#include "engine/core/live.h"
#include "engine/core/live/live_pace.h"
#include "engine/core/live/live_units.h"

/* Sources are bits of a number; those from 63 on share one that never has a watermark: theirs close by the clock. */
#define LW_LIVE_SOURCES 64

/* Which unit a run (or a model, of data without run ids) went to last. */
struct lw_live_memo {
    uint32_t run, model;
    struct lw_live_unit *unit; /* NULL: empty */
};
#define LW_LIVE_MEMOS 256

struct lw_live_tally {
    uint64_t duplicates;
    uint64_t rejected[LW_REJECT_COUNT];
};

struct lw_live_due_entry {
    int64_t due;
    struct lw_live_unit *unit;
};

struct lw_live {
    const struct lw_rules *rules;
    struct lw_live_store store;
    struct lw_names *names;
    size_t ceiling, held; /* bytes */
    struct lw_live_units units;
    struct lw_live_pace pace;
    struct lw_live_unit **touched;
    size_t touched_n, touched_room;
    int64_t marks[LW_LIVE_SOURCES]; /* watermarks; INT64_MIN: none yet */
    int64_t committed_marks[LW_LIVE_SOURCES];
    struct lw_live_tally tally, committed;
    struct lw_live_memo memos[LW_LIVE_MEMOS];
    struct lw_buf key; /* passing */
    /* Those that were found to be due and not closed yet, and bounds below which no other one can be. */
    struct lw_live_due_entry *due;
    size_t due_n, due_at, due_room;
    int64_t next_clock, next_mark;
    bool due_valid;
};

/* What is gathered under that run, or under that model where run is 0; loaded if it is not held. NULL in *unit: its
   datapoints were given up. An open one is not changed by that; a new or closed one is held until the commit. */
LW_MUST_USE enum lw_err lw_live_state_visit(struct lw_live *live, uint32_t run, uint32_t model,
                                            struct lw_live_unit **unit, struct lw_fault *fault);
/* By key, which lies in live->key. */
LW_MUST_USE enum lw_err lw_live_state_visit_key(struct lw_live *live, enum lw_live_kind kind, uint32_t family,
                                                struct lw_live_unit **unit, struct lw_fault *fault);
/* Keeps what an awake unit was at the last commit, so that it can be taken back. */
LW_MUST_USE enum lw_err lw_live_state_keep(struct lw_live *live, struct lw_live_unit *unit, struct lw_fault *fault);
/* Before a unit is changed: keeps what it was, and opens it. */
LW_MUST_USE enum lw_err lw_live_state_change(struct lw_live *live, struct lw_live_unit *unit, struct lw_fault *fault);
/* Fills a unit that was just added from its record, by the kind that its key tells. */
LW_MUST_USE enum lw_err lw_live_state_adopt(struct lw_live *live, struct lw_live_unit *unit, struct lw_str record,
                                            struct lw_fault *fault);
/* Something came for it. */
void lw_live_state_arrive(struct lw_live_unit *unit, uint32_t source, int64_t arrived);
/* Its gather is there afterwards. */
LW_MUST_USE enum lw_err lw_live_state_wake(struct lw_live *live, struct lw_live_unit *unit, struct lw_fault *fault);
/* Lends it what is left under the ceiling; counts what it holds now. */
void lw_live_state_lend(struct lw_live *live, struct lw_live_unit *unit);
void lw_live_state_charge(struct lw_live *live, struct lw_live_unit *unit);
/* Finds anew when it is due. */
LW_MUST_USE enum lw_err lw_live_state_refresh(struct lw_live *live, struct lw_live_unit *unit, struct lw_fault *fault);
/* The watermark that its sources have all reached; INT64_MIN: there is none. */
int64_t lw_live_state_mark(const struct lw_live *live, const struct lw_live_unit *unit);
/* The words of a memory fault that fit here. */
enum lw_err lw_live_state_fault(const struct lw_live *live, enum lw_err err, struct lw_fault *fault);
/* Bytes that can still be taken. */
static inline size_t lw_live_state_left(const struct lw_live *live)
{
    return live->held < live->ceiling ? live->ceiling - live->held : 0;
}

#endif
