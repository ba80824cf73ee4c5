/* The store: one SQLite file with marks, open units, history, what was told, and the outbox. One process owns it. */
#ifndef LEEWAY_ENGINE_STORE_STORE_H
#define LEEWAY_ENGINE_STORE_STORE_H

#include "engine/base/arena.h"
#include "engine/base/buf.h"
#include "engine/base/outbox.h"
#include "leeway/judged.h"

#include <stdbool.h>

struct lw_store;

enum lw_store_mode {
    LW_STORE_OWN, /* reads and writes, takes the lock, migrates; creates the file (0600) and its folder (0700) */
    LW_STORE_READ /* a reader beside an owner: never checkpoints, never writes */
};

struct lw_store_limits {
    uint64_t spool; /* bytes of the outbox of a sink without a bound of its own (lw_store_sink_spool); 0: 1 GiB. A part
                             of it is kept for the alert lane */
    lw_span keep_points;  /* of closed units, for late data; 0: 30 days */
    uint32_t keep_runs;   /* of a model; 0: 1000 */
    lw_span keep_history; /* runs older than that go, but never the youngest 100 of a model; 0: two years */
};

/* LW_ERR_LOCKED: another process owns it (its pid is named). LW_ERR_NEWER: made by a later version. LW_ERR_STATE: damaged
   (quick_check). LW_ERR_USAGE: on a network file system, or a path that cannot be used. The file is untouched then. */
LW_MUST_USE enum lw_err lw_store_open(struct lw_store **out, const char *path, enum lw_store_mode mode,
                                      const struct lw_store_limits *limits, struct lw_fault *fault);
void lw_store_close(struct lw_store *store);
/* After a reload of the configuration; as in open. Bounds of single sinks stay. */
void lw_store_limit(struct lw_store *store, const struct lw_store_limits *limits);

/* A turn is one transaction, synced to disk by commit. All functions that write demand one. LW_ERR_FULL: the disk is full;
   nothing changed, the turn may be tried later. LW_ERR_IO from commit: the store refuses everything until it is opened
   anew (a failed sync must not be tried again, the pages are marked clean). */
LW_MUST_USE enum lw_err lw_store_begin(struct lw_store *store, struct lw_fault *fault);
LW_MUST_USE enum lw_err lw_store_commit(struct lw_store *store, struct lw_fault *fault);
void lw_store_rollback(struct lw_store *store);

/* Small texts by (kind, name): marks of sources ("mark", source), what must survive ("meta", ...), excluded runs, notes of
   people. An empty text deletes. Get appends to `out`. */
LW_MUST_USE enum lw_err lw_store_put(struct lw_store *store, const char *kind, struct lw_str name, struct lw_str text,
                                     struct lw_fault *fault);
LW_MUST_USE enum lw_err lw_store_get(struct lw_store *store, const char *kind, struct lw_str name, struct lw_buf *out,
                                     bool *found, struct lw_fault *fault);
typedef enum lw_err lw_store_text_call(void *self, struct lw_str name, struct lw_str text, struct lw_fault *fault);
LW_MUST_USE enum lw_err lw_store_each(struct lw_store *store, const char *kind, lw_store_text_call *call, void *self,
                                      struct lw_fault *fault);

/* Units of what is gathered (see the live half of the core). */
LW_MUST_USE enum lw_err lw_store_unit_put(struct lw_store *store, struct lw_str key, uint32_t source, bool open,
                                          struct lw_str bytes, lw_time now, struct lw_fault *fault);
LW_MUST_USE enum lw_err lw_store_unit_remove(struct lw_store *store, struct lw_str key, struct lw_fault *fault);
/* *pruned: it was there, its datapoints were given up since. */
LW_MUST_USE enum lw_err lw_store_unit_get(struct lw_store *store, struct lw_str key, struct lw_buf *bytes, bool *found,
                                          bool *pruned, struct lw_fault *fault);
typedef enum lw_err lw_store_unit_call(void *self, struct lw_str key, uint32_t source, struct lw_str bytes,
                                       struct lw_fault *fault);
LW_MUST_USE enum lw_err lw_store_units_open(struct lw_store *store, lw_store_unit_call *call, void *self,
                                            struct lw_fault *fault);

/* History. The runs of a unit take the place of those that it gave before; `touched` is called with every (origin, model)
   that changes, of old and new runs. */
typedef enum lw_err lw_store_touched_call(void *self, struct lw_str origin, struct lw_str model,
                                          struct lw_fault *fault);
LW_MUST_USE enum lw_err lw_store_runs_put(struct lw_store *store, struct lw_str key, const struct lw_run *const *runs,
                                          size_t n, lw_time now, lw_store_touched_call *touched, void *self,
                                          struct lw_fault *fault);
/* All runs of a model in the order of judging (end, name); records and array in `arena`. */
LW_MUST_USE enum lw_err lw_store_runs_get(struct lw_store *store, struct lw_str origin, struct lw_str model,
                                          struct lw_arena *arena, const struct lw_run *const **runs, size_t *n,
                                          struct lw_fault *fault);

struct lw_store_model {
    struct lw_str origin, model, last_run;
    uint64_t runs;
    lw_time last_end;
    bool has_last_end;
    enum lw_verdict verdict;
    lw_time judged_until; /* clock-driven alerts were judged up to here */
    lw_time deadline;     /* when it must be judged again without new runs */
    bool has_deadline;
    bool dirty;         /* its runs changed since it was judged: a crash in between forgets no model */
    struct lw_str told; /* record of the alerts as they were told */
};
typedef enum lw_err lw_store_model_call(void *self, const struct lw_store_model *model, struct lw_fault *fault);
LW_MUST_USE enum lw_err lw_store_models(struct lw_store *store, lw_store_model_call *call, void *self,
                                        struct lw_fault *fault);
/* Texts in `arena`. */
LW_MUST_USE enum lw_err lw_store_model_get(struct lw_store *store, struct lw_str origin, struct lw_str model,
                                           struct lw_arena *arena, struct lw_store_model *out, bool *found,
                                           struct lw_fault *fault);
/* What judging yielded: verdict, deadline, record of what was told; and in tables that people may query with sqlite3 (runs,
   summaries, findings, alerts: see the comments in the schema) the verdicts of the runs, the findings, the alerts. */
LW_MUST_USE enum lw_err lw_store_judged_put(struct lw_store *store, const struct lw_judged *judged, struct lw_str told,
                                            lw_time judged_until, struct lw_fault *fault);

/* Outbox. One event body (a JSON object, no line end) is added to the open chunk of (sink, kind); chunks are closed at
   256 KiB and at commit, an alert is a row of its own. `seq` is the number that the body carries. */
LW_MUST_USE enum lw_err lw_store_outbox_add(struct lw_store *store, uint32_t sink, enum lw_event_kind kind,
                                            uint64_t seq, struct lw_str body, lw_time now, struct lw_fault *fault);
/* The next number of a sink, from 1 without a hole, counted within the turn. */
LW_MUST_USE enum lw_err lw_store_seq(struct lw_store *store, uint32_t sink, uint64_t *seq, struct lw_fault *fault);
/* The session that the numbers belong to: made at random when the store is made, and anew when it is found to be older
   than what was sent (restored from a copy). 26 characters. */
struct lw_str lw_store_session(const struct lw_store *store);
/* The number of a configured sink, by its name; the same for ever. */
LW_MUST_USE enum lw_err lw_store_sink(struct lw_store *store, struct lw_str name, uint32_t *sink,
                                      struct lw_fault *fault);
/* Bytes that the outbox of this sink may have; 0: as in the limits. Not kept in the file. */
void lw_store_sink_spool(struct lw_store *store, uint32_t sink, uint64_t bytes);
/* The functions of base/outbox.h on this store. paid and dead are small transactions of their own, or part of the open
   one; they need no sync (a repeated delivery is harmless, a lost event is not). */
struct lw_outbox lw_store_outbox(struct lw_store *store);

struct lw_store_lane {
    uint64_t rows, events, bytes;
    lw_time oldest;
    bool has_oldest;
};
void lw_store_lane(const struct lw_store *store, uint32_t sink, enum lw_lane lane, struct lw_store_lane *out);
/* Makes room under the spool's bound, which holds to the byte: oldest metrics go first, then runs and summaries; alerts
   never. *full: even so there is no room for alerts, input must wait. All that goes is in the ledger of losses. */
LW_MUST_USE enum lw_err lw_store_evict(struct lw_store *store, uint32_t sink, lw_time now, bool *full,
                                       struct lw_fault *fault);

/* The ledger of losses: class ("spool_full", "dead_letter", "too_late", ...), reason, numbers. */
struct lw_store_loss {
    uint32_t sink;
    struct lw_str class_, reason;
    uint64_t count, bytes, first_seq, last_seq; /* seq: 0 where they had none */
    lw_time first, last;
};
LW_MUST_USE enum lw_err lw_store_loss_add(struct lw_store *store, const struct lw_store_loss *loss,
                                          struct lw_fault *fault);
/* Those that were not told yet: the caller writes `loss` events in the same turn; they are marked as told. */
typedef enum lw_err lw_store_loss_call(void *self, const struct lw_store_loss *loss, struct lw_fault *fault);
LW_MUST_USE enum lw_err lw_store_losses_tell(struct lw_store *store, lw_store_loss_call *call, void *self,
                                             struct lw_fault *fault);

/* A slice of maintenance: a checkpoint when the log wants one, else a part of retention. *more: there is more to do. */
bool lw_store_wants_checkpoint(const struct lw_store *store);
LW_MUST_USE enum lw_err lw_store_maintain(struct lw_store *store, lw_time now, bool *more, struct lw_fault *fault);
/* A copy of the running store that can be opened; refuses to overwrite. */
LW_MUST_USE enum lw_err lw_store_backup(struct lw_store *store, const char *path, struct lw_fault *fault);
LW_MUST_USE enum lw_err lw_store_vacuum(struct lw_store *store, struct lw_fault *fault);

struct lw_store_info {
    uint64_t bytes, free_bytes, units, units_open, models, runs, alerts_open, outbox_rows, outbox_bytes, dead_letters,
        losses;
    int version;
    char session[32];
};
LW_MUST_USE enum lw_err lw_store_info(struct lw_store *store, struct lw_store_info *info, struct lw_fault *fault);
/* The part of it that is known at once, whatever the store holds: the rest counts rows. */
struct lw_store_gauges {
    uint64_t bytes, alerts_open, losses;
};
LW_MUST_USE enum lw_err lw_store_gauges(struct lw_store *store, struct lw_store_gauges *gauges, struct lw_fault *fault);
/* Events that were never accepted, oldest first. */
struct lw_store_dead {
    uint32_t sink;
    struct lw_str reason, body;
    lw_time when;
};
typedef enum lw_err lw_store_dead_call(void *self, const struct lw_store_dead *dead, struct lw_fault *fault);
LW_MUST_USE enum lw_err lw_store_dead_each(struct lw_store *store, lw_store_dead_call *call, void *self,
                                           struct lw_fault *fault);

#endif
