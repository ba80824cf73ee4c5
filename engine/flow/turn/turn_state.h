/* What the parts of the turn share: private to engine/flow/turn, turn*.c. */
#ifndef LEEWAY_ENGINE_FLOW_TURN_TURN_STATE_H
#define LEEWAY_ENGINE_FLOW_TURN_TURN_STATE_H

#include "engine/core/judge/judge.h"
#include "engine/core/live.h"
#include "engine/flow/people/people.h"
#include "engine/flow/turn/clock.h"
#include "engine/flow/turn/courier.h"
#include "engine/flow/turn/input/feed.h"
#include "engine/flow/turn/input/silence.h"
#include "engine/flow/turn/roster.h"
#include "engine/flow/turn/turn.h"

/* Kinds of texts in the store that belong to the turn. Names made of several texts are joined by '\x1f'. */
#define LW_KIND_MARK     "mark"     /* source: how far it was read */
#define LW_KIND_HEAD     "head"     /* source: bytes of a document whose format is not clear yet */
#define LW_KIND_SOURCE   "source"   /* source: its number */
#define LW_KIND_META     "meta"     /* "first_start", "digest" */
#define LW_KIND_EXCLUDED "excluded" /* run: a tag of it said so */
#define LW_KIND_ORIGIN   "model"    /* origin, model: the number of the source that it comes from */
#define LW_KIND_ANNOUNCE "announce" /* origin, model, run: revision of a run that was closed and is not told yet */
#define LW_KIND_REVISION "revision" /* origin, model, run: of a run that closed more than once */
#define LW_KIND_ACKED    "acked"    /* alert: it was told as acknowledged */
#define LW_KIND_TROUBLE  "trouble"  /* origin, model: when an alert was opened, while it counts for the fleet */
#define LW_KIND_TOUCHED  "touched"  /* origin, model: people said something (written by people.h) */
#define LW_KIND_SILENT   "silent"   /* source: its state, see silence.h */
#define LW_KIND_FLEET    "fleet"    /* the one alert for many models, while it is open */

#define LW_KIND_OPEN  "open"  /* run: its first datapoint, and its model */
#define LW_KIND_FIRST "first" /* origin, model: the end of the oldest run that it was judged from */

#define LW_JOIN '\x1f'

struct lw_turn_input {
    const struct lw_config_source *config;
    struct lw_source source;
    struct lw_feed *feed;
    uint32_t number;
    struct lw_feed_yield yield;            /* decoded, and not durable yet */
    bool pending, begun, caught_up, ended; /* begun: something came since the start */
    bool elsewhere;                        /* what it gives is in Loggly already */
    uint64_t used;                         /* datapoints and facts since the start */
    uint64_t records;                      /* that were decoded */
    lw_span due;                           /* ticks at which it wants to work */
    lw_time newest;                        /* event time of the newest datapoint */
    bool has_newest;
    lw_time watermark;
    bool has_watermark;
    struct lw_silence silence;
};

/* What the name of a run means, by id. */
struct lw_turn_run {
    uint32_t model; /* id of its name; 0: by the form of the job's name */
    uint32_t source;
    uint32_t opened,
        opened_family; /* index + 1 of its open run; of the data without run ids of the model of this name */
    bool known, excluded;
};

/* A run that has begun and is not closed. Run 0: data without run ids of one model. */
struct lw_turn_opened {
    uint32_t run, family; /* ids of names */
    int64_t first;        /* ms: its first datapoint */
};

/* One judge per block of the configuration: thresholds are cached in it. */
struct lw_turn_judge {
    struct lw_rules rules;
    struct lw_judge *judge;
};

struct lw_turn {
    struct lw_turn_options options;
    const struct lw_config *config;
    struct lw_store *store;
    struct lw_live *live;
    uint32_t names_begun; /* names that were there when it was opened */
    struct lw_courier *courier;
    struct lw_roster *roster;
    struct lw_turn_input *inputs;
    size_t inputs_n, inputs_room, round; /* round: the source that is asked first */
    struct lw_turn_run *runs;            /* by id of the name */
    size_t runs_room;
    struct lw_turn_judge *judges; /* by block */
    struct lw_turn_opened *opened;
    size_t opened_n, opened_room, opened_last; /* last: that a datapoint came for */
    struct lw_arena arena;                     /* of a slice; of several while a model is being judged */
    struct lw_turn_judging *judging;           /* the model that is; in that arena */
    struct lw_arena notes_arena;
    struct lw_people_notes notes;
    lw_time notes_next; /* when one of them ends */
    lw_time first_start, notify_from;
    lw_time started;
    lw_span judged_at, maintain_at, retry_at, silence_at, room_at, heartbeat_at;
    struct lw_clock clock;
    lw_time fleet_began, fleet_told;       /* LW_TIME_MIN: none is open */
    uint32_t fleet_revision, fleet_models; /* models: that were in it when it was told last */
    bool full;                             /* a spool has no room even for alerts: input waits */
    bool dead;                             /* the store refuses everything */
    bool notes_stale;                      /* they could not be read: what people said must not be forgotten */
    bool committed, digest_done, closing_done, maintenance;
    bool closing_wanted; /* data or a watermark came: units may be due whatever the clock says */
    struct lw_fault death;
    struct lw_metrics counts; /* what is counted along the way */
    struct lw_metrics_source *told_sources;
    struct lw_metrics_sink *told_sinks;
};

/* A turn of the store: `work` between begin and commit. What fails is taken back in the store and in what is gathered; what
   passes by itself is logged, tried again after a second, and yields LW_ERR_OK with *done false. */
typedef enum lw_err lw_turn_work(struct lw_turn *turn, void *self, struct lw_fault *fault);
LW_MUST_USE enum lw_err lw_turn_commit(struct lw_turn *turn, lw_turn_work *work, void *self, bool *done,
                                       struct lw_fault *fault);

/* Trouble that only a restart, or a person, can mend. */
bool lw_turn_is_deadly(enum lw_err err);

LW_PRINTF(3, 4) void lw_turn_note(struct lw_turn *turn, enum lw_note level, const char *format, ...);
/* What the wall clock says: for what is written down. */
lw_time lw_turn_now(const struct lw_turn *turn);
/* The same without its steps: for what is missing by the clock. */
lw_time lw_turn_sure(const struct lw_turn *turn);
/* Texts joined into one name; in the arena of the slice; .at is NULL when memory is out. */
struct lw_str lw_turn_join(struct lw_turn *turn, struct lw_str a, struct lw_str b);

/* turn_load.c: everything that the store knows when the daemon starts. LW_ERR_FULL when it does not take the time of the
   first start. */
LW_MUST_USE enum lw_err lw_turn_load(struct lw_turn *turn, struct lw_fault *fault);
/* What is kept in memory beside the store must not be ahead of it: the turn that is tried again would take it for stored. */
LW_MUST_USE enum lw_err lw_turn_load_again(struct lw_turn *turn, struct lw_fault *fault);
/* What people said. */
LW_MUST_USE enum lw_err lw_turn_load_notes(struct lw_turn *turn, struct lw_fault *fault);

/* input/turn_ingest.c: one batch of one source; *busy false when none has anything. */
LW_MUST_USE enum lw_err lw_turn_ingest(struct lw_turn *turn, bool *busy, struct lw_fault *fault);
/* Lets sources that are due begin what they have to; `next` becomes the earliest ticks at which one wants to again. */
LW_MUST_USE enum lw_err lw_turn_work_sources(struct lw_turn *turn, lw_span *next, struct lw_fault *fault);
/* What is known of a name; NULL when memory is out. Good until the next call. */
struct lw_turn_run *lw_turn_run_of(struct lw_turn *turn, uint32_t id);
/* What of `name` is stored as the marks of saved runs: those that a tag excluded. */
LW_MUST_USE enum lw_err lw_turn_load_excluded(struct lw_turn *turn, struct lw_fault *fault);
bool lw_turn_excluded(struct lw_turn *turn, struct lw_str run);

/* Every unit that changed, into the open turn of the store. */
LW_MUST_USE enum lw_err lw_turn_save_units(struct lw_turn *turn, struct lw_fault *fault);

/* turn_open.c: a new datapoint of a run; a run that is closed; since when a run of a model is open (INT64_MAX: none is). What
   a turn that was taken back changed is read again from the store. */
LW_MUST_USE enum lw_err lw_turn_run_seen(struct lw_turn *turn, const struct lw_point *point, struct lw_fault *fault);
LW_MUST_USE enum lw_err lw_turn_run_closed(struct lw_turn *turn, const struct lw_run *run, struct lw_fault *fault);
int64_t lw_turn_open_since(struct lw_turn *turn, struct lw_str model, lw_time now);
LW_MUST_USE enum lw_err lw_turn_load_open(struct lw_turn *turn, struct lw_fault *fault);

/* turn_close.c: units that are due; *busy: there may be more. */
LW_MUST_USE enum lw_err lw_turn_close_due(struct lw_turn *turn, bool *busy, struct lw_fault *fault);

/* turn_judge.c: the model that waits longest, or a piece of it; *busy false when none does. */
LW_MUST_USE enum lw_err lw_turn_judge_next(struct lw_turn *turn, bool *busy, struct lw_fault *fault);
/* The time up to which silence of a model may be judged: that of its source. */
lw_time lw_turn_horizon(struct lw_turn *turn, uint32_t source);

/* turn_alert.c: what is told of the difference, within a turn of the store. */
struct lw_turn_verdict {
    uint32_t at; /* in the roster */
    const struct lw_config_model *block;
    const struct lw_judged *judged;
    const struct lw_alert_event *events;
    size_t events_n;
    lw_time now;
    struct lw_str told;   /* before, as in the store */
    lw_time judged_until; /* before */
};
LW_MUST_USE enum lw_err lw_turn_tell(struct lw_turn *turn, const struct lw_turn_verdict *verdict,
                                     struct lw_fault *fault);
/* What people said of alerts that are open: told as acknowledged, or as open again. */
LW_MUST_USE enum lw_err lw_turn_tell_notes(struct lw_turn *turn, const struct lw_turn_verdict *verdict,
                                           struct lw_str told, struct lw_fault *fault);
/* One alert that the daemon itself makes: digest, fleet, silent source, test. */
struct lw_turn_own_alert {
    const char *kind; /* part of its id, as is the time from which on it holds */
    lw_time since;
    struct lw_str origin, model;
    struct lw_str series;
    const char *message;
    enum lw_severity severity;
    enum lw_alert_state state;
    enum lw_transition transition;
    uint32_t revision;
    bool digest, test;
};
LW_MUST_USE enum lw_err lw_turn_own_alert(struct lw_turn *turn, const struct lw_turn_own_alert *own,
                                          struct lw_fault *fault);
/* The alert for many models: told anew when models joined it, ended when it is calm. */
LW_MUST_USE enum lw_err lw_turn_fleet(struct lw_turn *turn, lw_time now, struct lw_fault *fault);
LW_MUST_USE enum lw_err lw_turn_load_fleet(struct lw_turn *turn, struct lw_fault *fault);

/* turn_care.c: heartbeat, losses, silent sources, digest, retention. */
LW_MUST_USE enum lw_err lw_turn_care(struct lw_turn *turn, bool *busy, struct lw_fault *fault);
/* A checkpoint of the store, or a part of retention; *busy: there is more. */
LW_MUST_USE enum lw_err lw_turn_maintain(struct lw_turn *turn, bool *busy, struct lw_fault *fault);
/* Every source has been read up to now once, and nothing waits to be closed or judged. */
bool lw_turn_settled(struct lw_turn *turn);

#endif
