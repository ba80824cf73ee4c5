#include "engine/sink/pace.h"

#include "leeway/time.h"

#define BACKOFF_MIN (1 * LW_SECOND)
#define BACKOFF_MAX (5 * LW_MINUTE)

/* splitmix64 (Steele, Lea, Flood 2014). */
static uint64_t random_bits(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15u;

    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

int64_t lw_pace_backoff(uint64_t *jitter, unsigned failures)
{
    int64_t bound = failures < 9 ? BACKOFF_MIN << failures : BACKOFF_MAX;

    if (bound > BACKOFF_MAX)
        bound = BACKOFF_MAX;
    return BACKOFF_MIN + (int64_t)(random_bits(jitter) % (uint64_t)(bound - BACKOFF_MIN + 1));
}

void lw_pace_sent(struct lw_pace *pace, int64_t ticks)
{
    pace->sent[pace->n++ % LW_PACE_MESSAGES] = ticks;
}

unsigned lw_pace_recent(const struct lw_pace *pace, int64_t ticks)
{
    unsigned n = 0;

    for (uint64_t i = 0; i < LW_PACE_MESSAGES && i < pace->n; i++)
        n += pace->sent[i] > ticks - LW_MINUTE;
    return n;
}

int64_t lw_pace_free(const struct lw_pace *pace)
{
    return pace->sent[pace->n % LW_PACE_MESSAGES] + LW_MINUTE;
}
