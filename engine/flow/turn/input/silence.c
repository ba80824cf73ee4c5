#include "engine/flow/turn/input/silence.h"

#include "engine/flow/turn/numbers.h"

#include <inttypes.h>
#include <stdio.h>

void lw_silence_arrived(struct lw_silence *silence, lw_time now)
{
    int64_t pause = silence->has_last ? now.ms - silence->last.ms : 0;

    if (silence->has_last && pause <= LW_SILENCE_TOGETHER) {
        silence->last = now;
        return;
    }
    /* The pause of an outage is no measure of what is usual. */
    if (silence->has_last && !silence->silent) {
        silence->longest -= silence->longest / 16;
        if (pause > silence->longest)
            silence->longest = pause;
        silence->pauses++;
    }
    silence->last = now;
    silence->has_last = true;
}

void lw_silence_move(struct lw_silence *silence, int64_t ms)
{
    silence->last.ms += ms;
    silence->trouble.ms += ms;
    silence->since.ms += ms;
}

/* How long it may say nothing; 0: it is not known. */
static int64_t patience(const struct lw_silence *silence)
{
    if (!silence->has_last || silence->pauses < LW_SILENCE_PAUSES)
        return 0;
    return 2 * silence->longest > LW_SILENCE_LEAST ? 2 * silence->longest : LW_SILENCE_LEAST;
}

void lw_silence_look(struct lw_silence *silence, bool trouble, lw_time now, bool *changed)
{
    int64_t patient = patience(silence);
    bool mute = patient > 0 && now.ms - silence->last.ms > patient;
    bool broken;

    if (trouble && !silence->has_trouble)
        silence->trouble = now;
    silence->has_trouble = trouble;
    broken = trouble && now.ms - silence->trouble.ms >= LW_SILENCE_TROUBLE;
    *changed = silence->silent != (broken || mute);
    if (!silence->silent && *changed)
        silence->since = broken ? silence->trouble : silence->last;
    silence->silent = broken || mute;
}

lw_time lw_silence_horizon(const struct lw_silence *silence, lw_time now)
{
    if (silence->silent)
        return silence->has_last && silence->last.ms < silence->since.ms ? silence->last : silence->since;
    return silence->has_trouble && silence->trouble.ms < now.ms ? silence->trouble : now;
}

lw_time lw_silence_next(const struct lw_silence *silence, lw_time now)
{
    int64_t patient = patience(silence);
    int64_t next = LW_TIME_MAX;

    if (silence->has_trouble && !silence->silent)
        next = silence->trouble.ms + LW_SILENCE_TROUBLE;
    if (patient > 0 && !silence->silent && silence->last.ms + patient + 1 < next)
        next = silence->last.ms + patient + 1;
    return (lw_time){next > now.ms ? next : now.ms + LW_SECOND};
}

size_t lw_silence_save(const struct lw_silence *silence, char text[LW_SILENCE_TEXT])
{
    int n = snprintf(text, LW_SILENCE_TEXT, "1 %" PRId64 " %" PRId64 " %" PRId64 " %" PRId64 " %u %d %d %d",
                     silence->last.ms, silence->trouble.ms, silence->since.ms, silence->longest, silence->pauses,
                     silence->has_last, silence->has_trouble, silence->silent);

    return n > 0 ? (size_t)n : 0;
}

bool lw_silence_load(struct lw_silence *silence, struct lw_str text)
{
    int64_t n[9];
    struct lw_silence read;

    if (!lw_numbers_read(text, n, 9) || n[0] != 1 || n[4] < 0 || n[5] < 0)
        return false;
    read = (struct lw_silence){.last = {n[1]},
                               .trouble = {n[2]},
                               .since = {n[3]},
                               .longest = n[4],
                               .pauses = (uint32_t)n[5],
                               .has_last = n[6] != 0,
                               .has_trouble = n[7] != 0,
                               .silent = n[8] != 0};
    *silence = read;
    return true;
}
