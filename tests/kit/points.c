#include "tests/kit/points.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MUST(condition)                                                                                                \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);                                            \
            abort();                                                                                                   \
        }                                                                                                              \
    } while (0)

static void *room(void *items, size_t n, size_t *have, size_t size)
{
    if (n < *have)
        return items;
    *have = *have == 0 ? 64 : 2 * *have;
    items = realloc(items, *have * size);
    MUST(items != NULL);
    return items;
}

static struct kit_point *add_point(struct kit_input *input, const char *run, const char *metric, struct lw_point point)
{
    input->points = room(input->points, input->points_n, &input->points_room, sizeof(*input->points));
    input->points[input->points_n] = (struct kit_point){.run = run, .metric = metric, .point = point};
    return &input->points[input->points_n++];
}

struct kit_point *kit_plain(struct kit_input *input, const char *run, const char *metric, int64_t at, double value)
{
    return add_point(input, run, metric,
                     (struct lw_point){.at = at, .average = value, .count = 1.0, .known = LW_KNOWN_AVERAGE});
}

struct kit_point *kit_single(struct kit_input *input, const char *run, const char *metric, int64_t at, double value)
{
    return kit_set(input, run, metric, at, value, value, value, 1.0);
}

struct kit_point *kit_set(struct kit_input *input, const char *run, const char *metric, int64_t at, double sum,
                          double min, double max, double count)
{
    return add_point(
        input, run, metric,
        (struct lw_point){.at = at,
                          .sum = sum,
                          .min = min,
                          .max = max,
                          .count = count,
                          .average = sum / count,
                          .known = LW_KNOWN_SUM | LW_KNOWN_MIN | LW_KNOWN_MAX | LW_KNOWN_COUNT | LW_KNOWN_AVERAGE,
                          .flags = LW_POINT_CLOUDWATCH});
}

struct kit_point *kit_part(struct kit_input *input, const char *run, const char *metric, int64_t at,
                           enum lw_known statistic, double value)
{
    return add_point(input, run, metric,
                     (struct lw_point){.at = at,
                                       .sum = value,
                                       .min = value,
                                       .max = value,
                                       .count = value,
                                       .average = value,
                                       .known = (uint8_t)statistic,
                                       .flags = LW_POINT_CLOUDWATCH});
}

struct kit_fact *kit_fact(struct kit_input *input, const char *run, enum lw_fact_kind kind, enum lw_fact_rank rank,
                          const char *key, const char *text, double number, int64_t at, int64_t until)
{
    input->facts = room(input->facts, input->facts_n, &input->facts_room, sizeof(*input->facts));
    input->facts[input->facts_n] = (struct kit_fact){.run = run,
                                                     .key = key,
                                                     .text = text,
                                                     .fact = {.kind = (uint8_t)kind,
                                                              .rank = (uint8_t)rank,
                                                              .has_at = at != INT64_MIN,
                                                              .has_until = until != INT64_MIN,
                                                              .at = {at != INT64_MIN ? at : 0},
                                                              .until = {until != INT64_MIN ? until : 0},
                                                              .number = number}};
    return &input->facts[input->facts_n++];
}

static size_t below(struct kit_random *random, size_t n)
{
    return (size_t)(kit_random_bits(random) % n);
}

void kit_shuffle(struct kit_input *input, struct kit_random *random)
{
    for (size_t i = input->points_n; i > 1; i--) {
        size_t j = below(random, i);
        struct kit_point moved = input->points[i - 1];

        input->points[i - 1] = input->points[j];
        input->points[j] = moved;
    }
    for (size_t i = input->facts_n; i > 1; i--) {
        size_t j = below(random, i);
        struct kit_fact moved = input->facts[i - 1];

        input->facts[i - 1] = input->facts[j];
        input->facts[j] = moved;
    }
}

void kit_repeat(struct kit_input *input, size_t n, struct kit_random *random)
{
    size_t points = input->points_n, facts = input->facts_n;

    for (size_t i = 0; i < n && points > 0; i++) {
        struct kit_point again = input->points[below(random, points)];
        struct kit_point *added = add_point(input, again.run, again.metric, again.point);

        *added = again;
    }
    for (size_t i = 0; i < n && facts > 0; i++) {
        struct kit_fact again = input->facts[below(random, facts)];
        struct kit_fact *added =
            kit_fact(input, again.run, LW_FACT_STATUS, LW_RANK_LOG, NULL, NULL, 0.0, INT64_MIN, INT64_MIN);

        *added = again;
    }
}

void kit_input_close(struct kit_input *input)
{
    free(input->points);
    free(input->facts);
    *input = (struct kit_input){0};
}

void kit_gather_open(struct kit_gather *kit, const struct lw_rules *rules)
{
    *kit = (struct kit_gather){.rules = rules != NULL ? *rules : lw_rules_default()};
    kit->arena.ceiling = (size_t)1 << 32;
    MUST(lw_names_open(&kit->names, (size_t)1 << 30, NULL) == LW_ERR_OK);
    MUST(lw_gather_open(&kit->gather, &kit->rules, kit->names, (size_t)1 << 32, NULL) == LW_ERR_OK);
}

static uint32_t id(struct kit_gather *kit, const char *text)
{
    uint32_t number = 0;

    if (text != NULL)
        MUST(lw_names_add(kit->names, lw_str_from(text), &number, NULL) == LW_ERR_OK);
    return number;
}

void kit_gather_take(struct kit_gather *kit, const struct kit_input *input, size_t from, size_t to)
{
    for (size_t i = from; i < to && i < input->points_n; i++) {
        struct lw_point point = input->points[i].point;

        point.origin = id(kit, input->points[i].origin);
        point.model = id(kit, input->points[i].model);
        point.run = id(kit, input->points[i].run);
        point.metric = id(kit, input->points[i].metric);
        MUST(lw_gather_points(kit->gather, &point, 1, NULL) == LW_ERR_OK);
    }
    for (size_t i = from; i < to && i < input->facts_n; i++) {
        struct lw_fact fact = input->facts[i].fact;

        fact.origin = id(kit, input->facts[i].origin);
        fact.model = id(kit, input->facts[i].model);
        fact.run = id(kit, input->facts[i].run);
        fact.key = id(kit, input->facts[i].key);
        fact.text = id(kit, input->facts[i].text);
        MUST(lw_gather_facts(kit->gather, &fact, 1, NULL) == LW_ERR_OK);
    }
}

void kit_gather_end(struct kit_gather *kit)
{
    struct lw_fault fault = {0};

    if (lw_gather_close_all(kit->gather, &kit->arena, &kit->histories, &fault) != LW_ERR_OK) {
        fprintf(stderr, "%s\n", fault.text);
        abort();
    }
}

void kit_gather_move(struct kit_gather *kit)
{
    struct lw_buf state = {.ceiling = (size_t)1 << 30};
    struct lw_names *names;
    struct lw_gather *gather;

    MUST(lw_gather_save(kit->gather, &state, NULL) == LW_ERR_OK);
    MUST(lw_names_open(&names, (size_t)1 << 30, NULL) == LW_ERR_OK);
    MUST(lw_gather_open(&gather, &kit->rules, names, (size_t)1 << 32, NULL) == LW_ERR_OK);
    MUST(lw_gather_load(gather, state.at, state.len, NULL) == LW_ERR_OK);
    lw_buf_close(&state);
    lw_gather_close(kit->gather);
    lw_names_close(kit->names);
    kit->gather = gather;
    kit->names = names;
}

struct lw_buf kit_gather_bytes(const struct kit_gather *kit)
{
    struct lw_buf bytes = {.ceiling = (size_t)1 << 32};

    for (size_t i = 0; i < kit->histories.models_n; i++) {
        const struct lw_history *history = &kit->histories.models[i];

        lw_buf_bytes(&bytes, &history->runs_n, sizeof(history->runs_n));
        for (size_t r = 0; r < history->runs_n; r++) {
            MUST(lw_run_check(history->runs[r], history->runs[r]->bytes) == LW_ERR_OK);
            lw_buf_bytes(&bytes, history->runs[r], history->runs[r]->bytes);
        }
    }
    MUST(bytes.error == LW_ERR_OK);
    return bytes;
}

const struct lw_run *kit_gather_run(const struct kit_gather *kit, const char *name)
{
    for (size_t i = 0; i < kit->histories.models_n; i++)
        for (size_t r = 0; r < kit->histories.models[i].runs_n; r++) {
            const struct lw_run *run = kit->histories.models[i].runs[r];

            if (lw_str_equal(lw_run_str(run, run->name), lw_str_from(name)))
                return run;
        }
    fprintf(stderr, "no run %s\n", name);
    abort();
}

void kit_gather_close(struct kit_gather *kit)
{
    lw_gather_close(kit->gather);
    lw_names_close(kit->names);
    lw_arena_close(&kit->arena);
}
