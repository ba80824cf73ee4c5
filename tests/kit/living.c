#include "tests/kit/living.h"

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

static struct kit_unit *find(struct kit_unit *units, size_t n, struct lw_str key)
{
    for (size_t i = 0; i < n; i++)
        if (lw_str_equal(lw_str_from(units[i].key), key))
            return &units[i];
    return NULL;
}

struct kit_unit *kit_living_unit(const struct kit_living *it, const char *key)
{
    return find(it->units, it->units_n, lw_str_from(key));
}

static enum lw_err fetch(void *self, struct lw_str key, struct lw_buf *bytes, bool *found, bool *pruned,
                         struct lw_fault *fault)
{
    struct kit_living *it = self;
    const struct kit_unit *unit = find(it->units, it->units_n, key);

    (void)fault;
    it->fetches++;
    if (it->fetch_fails != LW_ERR_OK)
        return it->fetch_fails;
    *found = unit != NULL && !unit->pruned;
    *pruned = unit != NULL && unit->pruned;
    if (*found)
        lw_buf_str(bytes, lw_buf_view(&unit->bytes));
    return bytes->error;
}

static void open_live(struct kit_living *it)
{
    struct lw_live_store store = {.self = it, .fetch = fetch};

    MUST(lw_live_open(&it->live, &it->rules, &store, it->ceiling, NULL) == LW_ERR_OK);
}

struct kit_living kit_living_open(void)
{
    return (struct kit_living){.rules = lw_rules_default(), .ceiling = (size_t)1 << 30};
}

static void free_unit(struct kit_unit *unit)
{
    free(unit->key);
    lw_buf_close(&unit->bytes);
    lw_buf_close(&unit->runs);
}

static void forget_closed(struct kit_living *it)
{
    for (size_t i = 0; i < it->closed_n; i++)
        free_unit(&it->closed[i]);
    free(it->closed);
    it->closed = NULL;
    it->closed_n = 0;
}

void kit_living_close(struct kit_living *it)
{
    lw_live_close(it->live);
    forget_closed(it);
    for (size_t i = 0; i < it->units_n; i++)
        free_unit(&it->units[i]);
    free(it->units);
}

static uint32_t id(struct kit_living *it, const char *text, enum lw_err *err)
{
    uint32_t number = 0;

    if (text != NULL && *err == LW_ERR_OK)
        *err = lw_names_add(lw_live_names(it->live), lw_str_from(text), &number, NULL);
    return number;
}

enum lw_err kit_living_take(struct kit_living *it, uint32_t source, int64_t now, const struct kit_input *input,
                            size_t from, size_t to, uint8_t *fresh)
{
    size_t points_n = 0, facts_n = 0;
    size_t points_room = input->points_n + 1, facts_room = input->facts_n + 1;
    struct lw_point *points = calloc(points_room, sizeof(*points));
    struct lw_fact *facts = calloc(facts_room, sizeof(*facts));
    enum lw_err err = points != NULL && facts != NULL ? LW_ERR_OK : LW_ERR_NOMEM;

    if (it->live == NULL)
        open_live(it);
    for (size_t i = from; err == LW_ERR_OK && i < to && i < input->points_n; i++) {
        struct lw_point *point = &points[points_n++];

        *point = input->points[i].point;
        point->origin = id(it, input->points[i].origin, &err);
        point->model = id(it, input->points[i].model, &err);
        point->run = id(it, input->points[i].run, &err);
        point->metric = id(it, input->points[i].metric, &err);
    }
    for (size_t i = from; err == LW_ERR_OK && i < to && i < input->facts_n; i++) {
        struct lw_fact *fact = &facts[facts_n++];

        *fact = input->facts[i].fact;
        fact->origin = id(it, input->facts[i].origin, &err);
        fact->model = id(it, input->facts[i].model, &err);
        fact->run = id(it, input->facts[i].run, &err);
        fact->key = id(it, input->facts[i].key, &err);
        fact->text = id(it, input->facts[i].text, &err);
    }
    if (err == LW_ERR_OK)
        err = lw_live_take(it->live, source, (lw_time){now}, points, points_n, facts, facts_n, fresh, NULL);
    free(points);
    free(facts);
    return err;
}

static struct kit_unit *add(struct kit_unit **units, size_t *n, struct lw_str key)
{
    struct kit_unit *unit;

    *units = realloc(*units, (*n + 1) * sizeof(**units));
    MUST(*units != NULL);
    unit = &(*units)[(*n)++];
    *unit = (struct kit_unit){.key = malloc(key.len + 1)};
    MUST(unit->key != NULL);
    memcpy(unit->key, key.at, key.len);
    unit->key[key.len] = '\0';
    unit->bytes.ceiling = unit->runs.ceiling = (size_t)1 << 30;
    return unit;
}

size_t kit_living_due(struct kit_living *it, int64_t now, bool everything, size_t most)
{
    size_t n = 0;

    if (it->live == NULL)
        open_live(it);
    for (; n < most; n++) {
        struct lw_arena arena = {.ceiling = (size_t)1 << 30};
        struct lw_live_closed closed;
        struct lw_fault fault = {0};
        struct kit_unit *unit;
        bool found;
        enum lw_err err = lw_live_close_next(it->live, (lw_time){now}, everything, &arena, &closed, &found, &fault);

        if (err != LW_ERR_OK)
            fprintf(stderr, "%s\n", fault.text);
        MUST(err == LW_ERR_OK);
        if (!found) {
            lw_arena_close(&arena);
            break;
        }
        unit = find(it->closed, it->closed_n, closed.key);
        if (unit == NULL)
            unit = add(&it->closed, &it->closed_n, closed.key);
        lw_buf_clear(&unit->runs);
        unit->runs_n = closed.runs_n;
        for (size_t i = 0; i < closed.runs_n; i++) {
            MUST(lw_run_check(closed.runs[i], closed.runs[i]->bytes) == LW_ERR_OK);
            lw_buf_bytes(&unit->runs, closed.runs[i], closed.runs[i]->bytes);
        }
        lw_arena_close(&arena);
    }
    return n;
}

void kit_living_commit(struct kit_living *it)
{
    struct lw_arena arena = {.ceiling = (size_t)1 << 30};
    const struct lw_live_record *records;
    size_t n;

    if (it->live == NULL)
        open_live(it);
    MUST(lw_live_dirty(it->live, &arena, &records, &n, NULL) == LW_ERR_OK);
    for (size_t i = 0; i < n; i++) {
        struct kit_unit *unit = find(it->units, it->units_n, records[i].key);

        MUST(!records[i].removed);
        if (unit == NULL)
            unit = add(&it->units, &it->units_n, records[i].key);
        lw_buf_clear(&unit->bytes);
        lw_buf_str(&unit->bytes, records[i].bytes);
        unit->open = records[i].open;
        unit->source = records[i].source;
    }
    for (size_t i = 0; i < it->closed_n; i++) {
        struct kit_unit *unit = find(it->units, it->units_n, lw_str_from(it->closed[i].key));

        MUST(unit != NULL);
        lw_buf_clear(&unit->runs);
        lw_buf_str(&unit->runs, lw_buf_view(&it->closed[i].runs));
        unit->runs_n = it->closed[i].runs_n;
    }
    forget_closed(it);
    lw_live_committed(it->live);
    lw_arena_close(&arena);
}

void kit_living_rollback(struct kit_living *it)
{
    forget_closed(it);
    MUST(lw_live_rollback(it->live, NULL) == LW_ERR_OK);
}

void kit_living_restart(struct kit_living *it, int64_t now)
{
    forget_closed(it);
    lw_live_close(it->live);
    open_live(it);
    for (size_t i = 0; i < it->units_n; i++)
        if (it->units[i].open)
            MUST(lw_live_load(it->live, it->units[i].source, lw_str_from(it->units[i].key),
                              lw_buf_view(&it->units[i].bytes), (lw_time){now}, NULL) == LW_ERR_OK);
}

static int by_model(const void *left, const void *right)
{
    const struct lw_run *a = *(const struct lw_run *const *)left, *b = *(const struct lw_run *const *)right;
    int order = lw_str_compare(lw_run_str(a, a->model), lw_run_str(b, b->model));

    if (order == 0)
        order = lw_str_compare(lw_run_str(a, a->origin), lw_run_str(b, b->origin));
    return order != 0 ? order : lw_run_order(a, b);
}

static bool same_model(const struct lw_run *a, const struct lw_run *b)
{
    return lw_str_equal(lw_run_str(a, a->model), lw_run_str(b, b->model)) &&
           lw_str_equal(lw_run_str(a, a->origin), lw_run_str(b, b->origin));
}

struct lw_buf kit_living_bytes(const struct kit_living *it)
{
    struct lw_buf bytes = {.ceiling = (size_t)1 << 32};
    const struct lw_run **runs = NULL;
    size_t n = 0, all = 0;

    for (size_t i = 0; i < it->units_n; i++)
        all += it->units[i].runs_n;
    runs = calloc(all + 1, sizeof(*runs));
    MUST(runs != NULL);
    for (size_t i = 0; i < it->units_n; i++) {
        const char *at = it->units[i].runs.at;

        for (size_t k = 0; k < it->units[i].runs_n; k++) {
            runs[n] = (const struct lw_run *)(const void *)at;
            at += runs[n++]->bytes;
        }
    }
    qsort(runs, n, sizeof(*runs), by_model);
    for (size_t i = 0, end; i < n; i = end) {
        size_t count;

        for (end = i + 1; end < n && same_model(runs[i], runs[end]);)
            end++;
        count = end - i;
        lw_buf_bytes(&bytes, &count, sizeof(count));
        for (size_t k = i; k < end; k++)
            lw_buf_bytes(&bytes, runs[k], runs[k]->bytes);
    }
    free(runs);
    MUST(bytes.error == LW_ERR_OK);
    return bytes;
}

struct lw_buf kit_offline_bytes(const struct kit_input *input, const struct lw_rules *rules)
{
    struct kit_gather gather;
    struct lw_buf bytes;

    kit_gather_open(&gather, rules);
    kit_gather_take(&gather, input, 0, SIZE_MAX);
    kit_gather_end(&gather);
    bytes = kit_gather_bytes(&gather);
    kit_gather_close(&gather);
    return bytes;
}

struct lw_live_counts kit_living_counts(const struct kit_living *it)
{
    struct lw_live_counts counts;

    lw_live_count(it->live, &counts);
    return counts;
}
