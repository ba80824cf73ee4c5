/* The live half with a store in memory: what is put there survives a restart, what was not committed does not. */
#ifndef LEEWAY_TESTS_KIT_LIVING_H
#define LEEWAY_TESTS_KIT_LIVING_H

#include "engine/core/live.h"
#include "tests/kit/points.h"

struct kit_unit {
    char *key;
    struct lw_buf bytes;
    struct lw_buf runs; /* records one behind the other */
    size_t runs_n;
    uint32_t source;
    bool open, pruned;
};

struct kit_living {
    struct lw_rules rules;
    struct lw_live *live;
    struct kit_unit *units; /* as committed */
    size_t units_n;
    struct kit_unit *closed; /* runs of units that were closed since the last commit */
    size_t closed_n;
    size_t fetches;
    enum lw_err fetch_fails;
    size_t ceiling;
};

struct kit_living kit_living_open(void);
void kit_living_close(struct kit_living *it);
/* [from, to) of points and facts as one batch; `fresh` as in lw_live_take, for the points of the batch, or NULL. */
enum lw_err kit_living_take(struct kit_living *it, uint32_t source, int64_t now, const struct kit_input *input,
                            size_t from, size_t to, uint8_t *fresh);
/* Closes what is due, at most `most` units. Returns how many. */
size_t kit_living_due(struct kit_living *it, int64_t now, bool everything, size_t most);
void kit_living_commit(struct kit_living *it);
void kit_living_rollback(struct kit_living *it);
/* A new process: what was not committed is gone, open units are loaded. */
void kit_living_restart(struct kit_living *it, int64_t now);
/* All runs that the store has, in the form of kit_gather_bytes. Owned by the caller. */
struct lw_buf kit_living_bytes(const struct kit_living *it);
/* The same of an offline gather of the whole input. */
struct lw_buf kit_offline_bytes(const struct kit_input *input, const struct lw_rules *rules);
/* What was committed of a unit, or NULL. */
struct kit_unit *kit_living_unit(const struct kit_living *it, const char *key);
struct lw_live_counts kit_living_counts(const struct kit_living *it);

#endif
