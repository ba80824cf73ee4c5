/* The daemon without its loop, in virtual time: a scripted source, a real store, a clock that the test moves. */
#ifndef LEEWAY_TESTS_KIT_DAEMON_H
#define LEEWAY_TESTS_KIT_DAEMON_H

#include "engine/base/buf.h"
#include "engine/flow/turn/turn.h"

#include <stdbool.h>

struct kit_daemon {
    lw_time now; /* of the virtual clock; ticks run with it, but for its steps */
    lw_span stepped;
    struct lw_config *config;
    struct lw_store *store;
    struct lw_turn *turn;
    struct lw_world world;
    char folder[256], store_path[300], config_path[300];
    struct kit_script *script; /* what the source gives; lives through restarts */
    char trouble[200];         /* of the source: set it to make it unreadable */
    bool once;
    uint32_t names_many; /* as in lw_turn_options */
    unsigned notes[4];   /* lines of the log, by level */
    char last_note[512];
};

/* `yaml` is the configuration without `store:` and `sources:`; {} is legal. Opens everything; ends the program when that
   fails. */
void kit_daemon_open(struct kit_daemon *daemon, const char *yaml, lw_time now);
/* One batch of the source, copied: plain NDJSON records ({"time":...,"run":...,"metric":...,"value":...}) or any other
   format. `caught_up`: nothing more is there now. */
void kit_daemon_give(struct kit_daemon *daemon, const char *text, bool caught_up);
/* The source has no more, for ever. */
void kit_daemon_end(struct kit_daemon *daemon);
/* Runs slices until nothing is left to do, then moves the clock to when something is next, until `until`. */
void kit_daemon_run(struct kit_daemon *daemon, lw_time until);
/* The wall clock is set by so much; the ticks are not. */
void kit_daemon_step(struct kit_daemon *daemon, int64_t ms);
lw_span kit_daemon_ticks(const struct kit_daemon *daemon);
/* As after a kill: what was not committed is forgotten, and the source goes on behind its stored mark. */
void kit_daemon_restart(struct kit_daemon *daemon);
/* A restart with another configuration, in the form that open takes. */
void kit_daemon_configure(struct kit_daemon *daemon, const char *yaml);
/* All events that are owed to the i-th sink, one per line, in order; appended. */
void kit_daemon_events(struct kit_daemon *daemon, size_t sink, struct lw_buf *out);
void kit_daemon_close(struct kit_daemon *daemon);

#endif
