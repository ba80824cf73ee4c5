/* What people say to leeway: alerts that are acknowledged, changes that are expected, models that are muted. Kept as dated
   notes in the store; the same functions serve the daemon and a command that runs without it. */
#ifndef LEEWAY_ENGINE_FLOW_PEOPLE_PEOPLE_H
#define LEEWAY_ENGINE_FLOW_PEOPLE_PEOPLE_H

#include "engine/base/arena.h"
#include "engine/base/buf.h"
#include "engine/flow/config/config.h"
#include "engine/store/store.h"
#include "leeway/judged.h"
#include "leeway/rules.h"

enum lw_people_kind { LW_PEOPLE_ACK, LW_PEOPLE_EXPECT, LW_PEOPLE_MUTE };

/* One note. Members that do not apply are empty. As JSON (a line of --notes, a text of kind "note" in the store):
   {"at":"2026-03-01T10:00:00.000Z","kind":"expect","origin":"","model":"churn","run":"churn-17","from":"...","series":"auc",
   "until":"...","alert_id":"...","rebaseline":true,"reason":"v2 features","who":"ann"} */
struct lw_people_note {
    enum lw_people_kind kind;
    lw_time at;
    struct lw_str origin; /* empty: of any */
    struct lw_str model;
    struct lw_str alert_id; /* ack */
    struct lw_str run;      /* ack with rebaseline, expect: the run from which on the new level is the reference */
    struct lw_str series;   /* expect: of this series alone; empty: all */
    struct lw_str reason, who;
    lw_time from, until; /* expect: from the run that lw_wanted_first finds; ack, mute: until then */
    bool has_from, has_until, rebaseline;
};

struct lw_people_notes {
    const struct lw_people_note *notes; /* by (at, JSON) */
    size_t n;
};

/* Notes are texts of this kind in the store. */
#define LW_PEOPLE_KIND_NOTE "note"

/* All notes of the store; everything in `arena`. A text that is no note is passed over and counted in *damaged (may be
   NULL). */
LW_MUST_USE enum lw_err lw_people_read(struct lw_store *store, struct lw_arena *arena, struct lw_people_notes *out,
                                       size_t *damaged, struct lw_fault *fault);
/* Notes as NDJSON, as in `analyze --notes FILE`. LW_ERR_FORMAT with the line. */
LW_MUST_USE enum lw_err lw_people_parse(struct lw_str text, struct lw_arena *arena, struct lw_people_notes *out,
                                        struct lw_fault *fault);
/* One note of JSON; texts in `arena`. LW_ERR_FORMAT. */
LW_MUST_USE enum lw_err lw_people_note(struct lw_str text, struct lw_arena *arena, struct lw_people_note *out,
                                       struct lw_fault *fault);
void lw_people_sort(struct lw_people_note *notes, size_t n);
/* One note as JSON without a line end. */
void lw_people_write(const struct lw_people_note *note, struct lw_buf *out);

/* The same from a file. LW_ERR_IO: it cannot be read. */
LW_MUST_USE enum lw_err lw_people_file(const char *path, struct lw_arena *arena, struct lw_people_notes *out,
                                       struct lw_fault *fault);
/* What the notes want of the rules: every expect, and every ack with rebaseline. The list lies in `arena`, its texts are
   those of the notes. */
LW_MUST_USE enum lw_err lw_people_wanted(const struct lw_people_notes *notes, struct lw_arena *arena,
                                         const struct lw_rebaseline **out, size_t *n, struct lw_fault *fault);

/* The rules by which a model is judged: those of `base`, with a rebaseline for every note that has a run among `runs` (in
   the order of judging) of that (origin, model). What it adds lies in `arena`. */
LW_MUST_USE enum lw_err lw_people_rules(const struct lw_people_notes *notes, struct lw_str origin, struct lw_str model,
                                        const struct lw_run *const *runs, size_t runs_n, const struct lw_rules *base,
                                        struct lw_arena *arena, struct lw_rules *out, struct lw_fault *fault);
/* No alert events of this model leave while it is muted: its alerts live on, and what is open when it ends is told then. */
bool lw_people_muted(const struct lw_people_notes *notes, struct lw_str origin, struct lw_str model, lw_time now,
                     lw_time *until);
/* Someone takes care of this alert: it is told as `acknowledged`, and its updates hold back, until it ends or `until` comes
   (LW_TIME_MAX: for good); open then, it is told again as open. */
bool lw_people_acknowledged(const struct lw_people_notes *notes, struct lw_str alert_id, lw_time now, lw_time *until);
/* The next moment after `now` at which a mute or an acknowledgement ends; LW_TIME_MAX: none. */
lw_time lw_people_next(const struct lw_people_notes *notes, lw_time now);

/* What a person asks for: from the command line, or as a line of the control socket. */
#define LW_PEOPLE_COMMANDS(X)                                                                                          \
    X(STATUS, "status")                                                                                                \
    X(ALERTS, "alerts")                                                                                                \
    X(ACK, "ack")                                                                                                      \
    X(EXPECT, "expect")                                                                                                \
    X(MUTE, "mute")                                                                                                    \
    X(TEST_ALERT, "test-alert")                                                                                        \
    X(BACKUP, "backup")                                                                                                \
    X(RELOAD, "reload")
enum lw_people_command {
#define LW_PEOPLE_ENUM(name, id) LW_PEOPLE_DO_##name,
    LW_PEOPLE_COMMANDS(LW_PEOPLE_ENUM)
#undef LW_PEOPLE_ENUM
        LW_PEOPLE_DO_COUNT
};

struct lw_people_request {
    enum lw_people_command command;
    struct lw_people_note note; /* of ack, expect, mute: without `at`; of alerts: origin and model, empty: all */
    lw_span lasts;              /* ack: from now on that long; 0: for good */
    struct lw_str path;         /* backup */
};

/* What has to be done after a request: the model is to be judged again. Its name lies in the arena of the call. */
struct lw_people_done {
    struct lw_str origin, model; /* of the alert or the note */
    bool judge;                  /* judge it again, and tell the difference */
    bool noted;                  /* a note was written: read them anew */
};

/* Does alerts, ack, expect and mute on the store, in a turn of its own; `reply` gets one JSON object. LW_ERR_USAGE with a
   sentence for the person (there is no such alert, the time lies in the past ...). What has to be judged again is also kept
   in the store as a text of kind "touched", named origin '\x1f' model, until it is deleted by whoever judged it. */
LW_MUST_USE enum lw_err lw_people_do(struct lw_store *store, const struct lw_config *config,
                                     const struct lw_people_request *request, lw_time now, struct lw_arena *arena,
                                     struct lw_buf *reply, struct lw_people_done *done, struct lw_fault *fault);

/* One alert that is not over, with what people said of it. */
struct lw_people_alert {
    struct lw_str origin, model;
    const struct lw_told_alert *told;
    enum lw_severity severity; /* as it is told; of one that is only observed: as it would be without that */
    bool observed;             /* `alert: observe`: nothing of it is sent */
    bool acknowledged, muted;
    lw_time until; /* LW_TIME_MAX: for good */
};
/* Those that are told, oldest first; then those that are only observed, oldest first. The block of a model is that of its
   last run, as when it is judged. */
LW_MUST_USE enum lw_err lw_people_open_alerts(struct lw_store *store, const struct lw_config *config,
                                              const struct lw_people_notes *notes, struct lw_str origin,
                                              struct lw_str model, lw_time now, struct lw_arena *arena,
                                              const struct lw_people_alert **out, size_t *n, struct lw_fault *fault);
/* The alert with this id, whatever its state. LW_ERR_USAGE: there is none. */
LW_MUST_USE enum lw_err lw_people_find_alert(struct lw_store *store, const struct lw_config *config, struct lw_str id,
                                             struct lw_arena *arena, const struct lw_people_alert **out,
                                             struct lw_fault *fault);
/* {"now":...,"alerts":[...],"observed":[...]} */
void lw_people_alerts_json(const struct lw_people_alert *alerts, size_t n, lw_time now, struct lw_buf *out);

/* The body of a marked test alert (a flat object like any alert, its lw_model is "leeway-test"). */
void lw_people_test_alert(lw_time now, uint64_t seq, struct lw_str session, struct lw_str who, struct lw_buf *out);

#endif
