#define _POSIX_C_SOURCE 200809L
#include "engine/base/world.h"

#include <stdio.h>
#include <time.h>

static int64_t milliseconds(clockid_t clock)
{
    struct timespec at = {0};

    clock_gettime(clock, &at);
    return (int64_t)at.tv_sec * LW_SECOND + at.tv_nsec / 1000000;
}

static lw_time real_now(void *self)
{
    (void)self;
    return (lw_time){milliseconds(CLOCK_REALTIME)};
}

static lw_span real_ticks(void *self)
{
    (void)self;
    return (lw_span){milliseconds(CLOCK_MONOTONIC)};
}

static int64_t microseconds(clockid_t clock)
{
    struct timespec at = {0};

    clock_gettime(clock, &at);
    return (int64_t)at.tv_sec * 1000000 + at.tv_nsec / 1000;
}

static int64_t real_micros(void *self)
{
    (void)self;
    return microseconds(CLOCK_MONOTONIC);
}

static int64_t real_cpu(void *self)
{
    (void)self;
    return microseconds(CLOCK_THREAD_CPUTIME_ID);
}

/* One call of stdio for the whole line, so that the lines of several processes do not mix on a shared stderr. */
static void real_note(void *self, enum lw_note level, const char *text)
{
    static const char *const prefix[] = {
        [LW_NOTE_ERROR] = "",
        [LW_NOTE_WARNING] = "warning: ",
        [LW_NOTE_INFO] = "",
        [LW_NOTE_DEBUG] = "debug: ",
    };
    char line[1024];

    (void)self;
    snprintf(line, sizeof(line), "leeway: %s%.900s", prefix[level], text);
    for (char *at = line; *at != '\0'; at++) {
        if ((unsigned char)*at < 0x20 || *at == 0x7f)
            *at = '?';
    }
    fprintf(stderr, "%s\n", line);
}

struct lw_world lw_world_real(void)
{
    return (struct lw_world){
        .now = real_now, .ticks = real_ticks, .note = real_note, .micros = real_micros, .cpu = real_cpu};
}
