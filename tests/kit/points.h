/* Datapoints and facts written down by name, shuffled, repeated, and gathered into bytes that can be compared. */
#ifndef LEEWAY_TESTS_KIT_POINTS_H
#define LEEWAY_TESTS_KIT_POINTS_H

#include "engine/core/gather/gather.h"
#include "tests/kit/kit.h"

#include <stdbool.h>

/* As struct lw_point and struct lw_fact, with texts instead of ids (NULL: not known). */
struct kit_point {
    const char *origin, *model, *run, *metric;
    struct lw_point point;
};
struct kit_fact {
    const char *origin, *model, *run, *key, *text;
    struct lw_fact fact;
};

struct kit_input {
    struct kit_point *points;
    struct kit_fact *facts;
    size_t points_n, facts_n, points_room, facts_room;
};

/* A plain value; a full CloudWatch set of one value; a CloudWatch set of `count` samples; a single CloudWatch statistic.
   What they add is returned, so that it can be changed before the next one is added. */
struct kit_point *kit_plain(struct kit_input *input, const char *run, const char *metric, int64_t at, double value);
struct kit_point *kit_single(struct kit_input *input, const char *run, const char *metric, int64_t at, double value);
struct kit_point *kit_set(struct kit_input *input, const char *run, const char *metric, int64_t at, double sum,
                          double min, double max, double count);
struct kit_point *kit_part(struct kit_input *input, const char *run, const char *metric, int64_t at,
                           enum lw_known statistic, double value);
/* `at` and `until` in ms; INT64_MIN: not known. */
struct kit_fact *kit_fact(struct kit_input *input, const char *run, enum lw_fact_kind kind, enum lw_fact_rank rank,
                          const char *key, const char *text, double number, int64_t at, int64_t until);
void kit_shuffle(struct kit_input *input, struct kit_random *random);
/* Adds `n` points and facts once more that are there already. */
void kit_repeat(struct kit_input *input, size_t n, struct kit_random *random);
void kit_input_close(struct kit_input *input);

/* A gather with all that belongs to it. */
struct kit_gather {
    struct lw_rules rules;
    struct lw_names *names;
    struct lw_gather *gather;
    struct lw_arena arena;
    struct lw_histories histories;
};

/* `rules` NULL: the default. */
void kit_gather_open(struct kit_gather *kit, const struct lw_rules *rules);
/* Takes in [from, to) of the points and of the facts (ends beyond what is there are cut). */
void kit_gather_take(struct kit_gather *kit, const struct kit_input *input, size_t from, size_t to);
void kit_gather_end(struct kit_gather *kit);
/* Saves, and goes on with a new gather and a new table of names that has loaded it. */
void kit_gather_move(struct kit_gather *kit);
/* All closed runs as bytes, with counts of models and runs between them. Owned by the caller: lw_buf_close. */
struct lw_buf kit_gather_bytes(const struct kit_gather *kit);
const struct lw_run *kit_gather_run(const struct kit_gather *kit, const char *name);
void kit_gather_close(struct kit_gather *kit);

#endif
