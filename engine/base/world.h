/* Everything outside of the process that is not a file: the clock and the log, behind one struct of functions. */
#ifndef LEEWAY_ENGINE_BASE_WORLD_H
#define LEEWAY_ENGINE_BASE_WORLD_H

#include "leeway/time.h"

enum lw_note { LW_NOTE_ERROR, LW_NOTE_WARNING, LW_NOTE_INFO, LW_NOTE_DEBUG };

struct lw_world {
    void *self;
    lw_time (*now)(void *self);   /* wall clock */
    lw_span (*ticks)(void *self); /* monotonic, from an arbitrary start */
    void (*note)(void *self, enum lw_note level, const char *text);
    /* For telling how long something took; either may be NULL. In microseconds: as ticks; that this thread has worked. */
    int64_t (*micros)(void *self);
    int64_t (*cpu)(void *self);
};

/* The real one: the system's clocks, notes to stderr as one line each ("leeway: ..."). */
struct lw_world lw_world_real(void);

#endif
