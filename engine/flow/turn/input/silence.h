/* When a source has stopped: it cannot be read, or it gives nothing for much longer than it ever did. */
#ifndef LEEWAY_ENGINE_FLOW_TURN_INPUT_SILENCE_H
#define LEEWAY_ENGINE_FLOW_TURN_INPUT_SILENCE_H

#include "leeway/str.h"
#include "leeway/time.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A source that cannot be read is silent after this time. */
#define LW_SILENCE_TROUBLE (15 * LW_MINUTE)
/* One that gives nothing is silent after twice its longest pause, and not before this; known from so many pauses on. */
#define LW_SILENCE_LEAST  (1 * LW_HOUR)
#define LW_SILENCE_PAUSES 8u
/* What came within a minute is one arrival. */
#define LW_SILENCE_TOGETHER (1 * LW_MINUTE)

/* Flat; saved as text. Times are those of the clock. */
struct lw_silence {
    lw_time last;    /* arrival of something new */
    lw_time trouble; /* since when it cannot be read */
    lw_time since;   /* of the silence that is told */
    int64_t longest; /* pause, ms; fades by a sixteenth with every pause, so that an old outage is forgotten */
    uint32_t pauses;
    bool has_last, has_trouble, silent;
};

/* Something new arrived. */
void lw_silence_arrived(struct lw_silence *silence, lw_time now);
/* The clock that the times are of was set by so much. */
void lw_silence_move(struct lw_silence *silence, int64_t ms);
/* How it is now. `trouble`: it cannot be read. *changed: it fell silent, or spoke again. */
void lw_silence_look(struct lw_silence *silence, bool trouble, lw_time now, bool *changed);
/* Up to when what did not come may be held against the models: its last sign of life. */
lw_time lw_silence_horizon(const struct lw_silence *silence, lw_time now);
/* The clock time at which to look again at the latest. */
lw_time lw_silence_next(const struct lw_silence *silence, lw_time now);

#define LW_SILENCE_TEXT 160
size_t lw_silence_save(const struct lw_silence *silence, char text[LW_SILENCE_TEXT]);
/* false: it is none; nothing has changed. */
bool lw_silence_load(struct lw_silence *silence, struct lw_str text);

#endif
