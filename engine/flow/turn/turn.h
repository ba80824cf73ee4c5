/* The turn of the daemon, cut into slices: pull, decode, gather, close, judge, commit. Everything that it touches is handed
   in: clock, sources, store; so tests run it in virtual time. */
#ifndef LEEWAY_ENGINE_FLOW_TURN_TURN_H
#define LEEWAY_ENGINE_FLOW_TURN_TURN_H

#include "engine/flow/config/config.h"
#include "engine/flow/service/slices.h"
#include "engine/source/source.h"
#include "engine/store/store.h"

struct lw_turn;

/* All borrowed until close. `once`: what is there is read, judged and nothing is waited for: a run closes when its newest
   datapoint is older than the quiet period, whenever it arrived; runs of a source that has ended close at once. */
struct lw_turn_options {
    const struct lw_config *config;
    struct lw_store *store;
    const struct lw_world *world;
    struct lw_slices *slices; /* told what is being done; or NULL */
    bool once;
    uint32_t names_many; /* names that may be added before it is worn; 0: a million */
};

/* Loads what was open, the models and the notes of people; LW_ERR_STATE when the store holds what cannot be read. */
LW_MUST_USE enum lw_err lw_turn_open(struct lw_turn **out, const struct lw_turn_options *options,
                                     struct lw_fault *fault);
/* Closes the sources too. What was not committed is offered again by them after the next start; by all but standard input,
   which is read once. */
void lw_turn_close(struct lw_turn *turn);

/* A source to be read, with its part of the configuration; the turn owns it from here on, also after a failure. Before it
   is opened, its mark is asked for (appended to `mark`). */
LW_MUST_USE enum lw_err lw_turn_mark(struct lw_turn *turn, const struct lw_config_source *config, struct lw_buf *mark,
                                     struct lw_fault *fault);
LW_MUST_USE enum lw_err lw_turn_source(struct lw_turn *turn, const struct lw_config_source *config,
                                       struct lw_source source, struct lw_fault *fault);
/* The source of this place in the configuration gives nothing any more. */
bool lw_turn_ended(const struct lw_turn *turn, size_t source);
/* The numbers of the sinks in the store, in the order of the configuration. */
uint32_t lw_turn_sink(const struct lw_turn *turn, size_t i);

/* One slice: at most one batch, or one model, or a piece of maintenance. *busy: call again soon; else not before *next
   (ticks of the world). LW_ERR_FULL, and other trouble that passes, is told in the log and tried again: only what a restart
   would mend is returned (LW_ERR_IO, LW_ERR_STATE of the store). */
LW_MUST_USE enum lw_err lw_turn_slice(struct lw_turn *turn, bool *busy, lw_span *next, struct lw_fault *fault);
/* A source has something, or a person said something. */
void lw_turn_wake(struct lw_turn *turn);
/* Notes were written: they are read anew, and what was touched is judged. */
void lw_turn_notes_changed(struct lw_turn *turn);
/* With once: everything that is there was read, closed and judged. */
bool lw_turn_finished(const struct lw_turn *turn);
/* So many names were seen since it was opened that it should be closed and opened anew: names of runs, models, metrics are
   kept as long as a turn lives, and those of closed runs are not read again. */
bool lw_turn_is_worn(struct lw_turn *turn);
/* Why something could not be read: the trouble of the first source that has one or was not read to its end, or "". */
void lw_turn_trouble(struct lw_turn *turn, char text[200]);
/* Of the i-th source that was added: true with the reason when nothing that can be used has ever come of it, though it can be
   read; a service that has nothing to say is none of these. */
#define LW_TURN_TROUBLE 512
bool lw_turn_useless(const struct lw_turn *turn, size_t i, char text[LW_TURN_TROUBLE]);
/* true with the number and the most frequent reason when records of it could not be used since the start. */
bool lw_turn_unused(const struct lw_turn *turn, size_t i, char text[LW_TURN_TROUBLE]);
/* The last slice committed something that sinks are owed. */
bool lw_turn_committed(struct lw_turn *turn);
/* One marked alert to every sink. */
LW_MUST_USE enum lw_err lw_turn_test_alert(struct lw_turn *turn, struct lw_str who, struct lw_fault *fault);

/* Fills what the turn knows of: inputs, sources, runs, alerts, histograms. Sinks' lanes too, not their deliveries. */
void lw_turn_metrics(struct lw_turn *turn, struct lw_metrics *metrics);
/* The sinks of the last snapshot, in the order of the configuration, for what their deliveries know. */
struct lw_metrics_sink *lw_turn_sinks(struct lw_turn *turn);
/* true when the store is usable; else the reason. */
bool lw_turn_alive(const struct lw_turn *turn, char reason[200]);

#endif
