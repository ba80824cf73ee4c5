#include "engine/core/judge/chart/series.h"

#include "engine/core/gather/glob.h"
#include "leeway/meaning.h"
#include "leeway/transform.h"

#include <math.h>

enum side { SIDE_NONE, SIDE_TRAIN, SIDE_VALIDATION };

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_separator(char c)
{
    return c == ':' || c == '_' || c == '-' || c == '.' || c == '/' || c == ' ';
}

static bool begins_with(struct lw_str text, const char *word)
{
    size_t n = strlen(word);

    if (text.len < n)
        return false;
    for (size_t i = 0; i < n; i++) {
        if (lower(text.at[i]) != word[i])
            return false;
    }
    return true;
}

/* "validation:accuracy" is the validation side of "accuracy"; "val_loss" that of "loss", and there (Keras) the training
   side may have no prefix. */
static enum side side_of(struct lw_str name, struct lw_str *base)
{
    static const struct {
        const char *word;
        enum side side;
    } prefixes[] = {{"validation", SIDE_VALIDATION}, {"valid", SIDE_VALIDATION}, {"val", SIDE_VALIDATION},
                    {"eval", SIDE_VALIDATION},       {"training", SIDE_TRAIN},   {"train", SIDE_TRAIN}};

    for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
        size_t n = strlen(prefixes[i].word);

        if (begins_with(name, prefixes[i].word) && name.len > n + 1 && is_separator(name.at[n])) {
            *base = (struct lw_str){.at = name.at + n + 1, .len = name.len - n - 1};
            return prefixes[i].side;
        }
    }
    *base = name;
    return SIDE_NONE;
}

/* Counters and clocks are not results of training: charting them would spend budget on what nobody asked for. */
static bool is_counter(struct lw_str name)
{
    static const char *const words[] = {"epoch",   "epochs",   "step",     "steps",      "iteration", "iter",
                                        "batch",   "progress", "time",     "throughput", "seconds",   "second",
                                        "sec",     "secs",     "speed",    "elapsed",    "duration",  "runtime",
                                        "eta",     "lr",       "learning", "samples",    "examples",  "ms",
                                        "percent", "memory",   "gpu",      "cpu",        "count"};
    size_t at = 0;

    while (at < name.len) {
        size_t end = at;
        struct lw_str word;

        while (end < name.len && is_letter(name.at[end]))
            end++;
        word = (struct lw_str){.at = name.at + at, .len = end - at};
        for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
            if (word.len == strlen(words[i]) && begins_with(word, words[i]))
                return true;
        }
        at = end + 1;
    }
    return false;
}

static bool is_listed(const struct lw_str *names, size_t n, struct lw_str name, struct lw_str base)
{
    for (size_t i = 0; i < n; i++) {
        if (lw_str_equal(names[i], name) || lw_str_equal(names[i], base))
            return true;
    }
    return false;
}

static bool is_required(const struct lw_rules *rules, struct lw_str name)
{
    for (size_t i = 0; i < rules->requirements_n; i++) {
        if (lw_str_equal(rules->requirements[i].series, name))
            return true;
    }
    return false;
}

static struct lw_meaning meaning_of(const struct lw_rules *rules, struct lw_str name)
{
    struct lw_meaning meaning = lw_meaning_of(name);
    struct lw_str base;

    (void)side_of(name, &base);
    if (is_listed(rules->higher, rules->higher_n, name, base))
        meaning.better = LW_BETTER_HIGHER;
    else if (is_listed(rules->lower, rules->lower_n, name, base))
        meaning.better = LW_BETTER_LOWER;
    return meaning;
}

static bool is_charted(const struct lw_rules *rules, struct lw_str name, struct lw_meaning meaning)
{
    struct lw_str base;

    (void)side_of(name, &base);
    if (meaning.better != LW_BETTER_UNKNOWN || is_required(rules, name))
        return true;
    return !is_counter(base);
}

/* The index of the new series, whose name is prefix + name. */
static uint32_t add(struct lw_fold *fold, enum lw_series_kind kind, const char *prefix, struct lw_str name)
{
    uint32_t index = fold->head.series_n;
    size_t prefix_n = strlen(prefix);
    struct lw_series *series;

    if (index >= LW_FOLD_SERIES)
        return LW_FOLD_NONE;
    while (fold->names_capacity < fold->names_n + prefix_n + name.len) {
        size_t capacity = fold->names_capacity ? fold->names_capacity * 2 : 1024;
        char *names = lw_arena_take(fold->scratch, capacity);

        if (!names) {
            fold->error = LW_ERR_NOMEM;
            return LW_FOLD_NONE;
        }
        if (fold->names_n)
            memcpy(names, fold->names, fold->names_n);
        fold->names = names;
        fold->names_capacity = capacity;
    }
    series = &fold->series[index];
    memset(series, 0, sizeof(*series));
    *series = (struct lw_series){.kind = (uint32_t)kind,
                                 .transform = LW_TRANSFORM_SECONDS,
                                 .name_at = (uint32_t)fold->names_n,
                                 .name_len = (uint32_t)(prefix_n + name.len),
                                 .partner = LW_FOLD_NONE,
                                 .other = LW_FOLD_NONE,
                                 .charted = 1,
                                 .case_index = LW_FOLD_NONE,
                                 .chart = lw_cusum_start(0.5)};
    for (size_t i = 0; i <= LW_FOLD_REFERENCES; i++)
        series->pool[i] = LW_FOLD_NONE;
    if (prefix_n)
        memcpy(fold->names + fold->names_n, prefix, prefix_n);
    if (name.len)
        memcpy(fold->names + fold->names_n + prefix_n, name.at, name.len);
    fold->names_n += prefix_n + name.len;
    memset(&fold->memory[index], 0, sizeof(fold->memory[index]));
    fold->found[index] = LW_FOLD_NONE;
    fold->head.series_n++;
    return index;
}

uint32_t lw_series_single(struct lw_fold *fold, enum lw_series_kind kind)
{
    static const struct {
        enum lw_series_kind kind;
        const char *name;
    } singles[] = {{LW_SERIES_DURATION, "duration"}, {LW_SERIES_COST, "cost"}, {LW_SERIES_GAP, "gap"}};
    uint32_t *indices[] = {&fold->head.duration, &fold->head.cost, &fold->head.gap};

    for (size_t i = 0; i < 3; i++) {
        if (singles[i].kind != kind)
            continue;
        if (*indices[i] == LW_FOLD_NONE) {
            *indices[i] = add(fold, kind, singles[i].name, (struct lw_str){0});
            if (*indices[i] == LW_FOLD_NONE)
                return LW_FOLD_NONE;
            fold->series[*indices[i]].better = kind == LW_SERIES_GAP ? LW_BETTER_UNKNOWN : LW_BETTER_LOWER;
            /* A cost has no second to be the least of: cents are as good as dollars. */
            fold->series[*indices[i]].transform = kind == LW_SERIES_COST ? LW_TRANSFORM_LOG : LW_TRANSFORM_SECONDS;
            if (kind == LW_SERIES_COST)
                fold->series[*indices[i]].charted = 0;
        }
        return *indices[i];
    }
    return LW_FOLD_NONE;
}

static bool has_series(const struct lw_fold *fold, const char *prefix, struct lw_str base)
{
    size_t prefix_n = strlen(prefix);

    for (uint32_t i = 0; i < fold->head.series_n; i++) {
        struct lw_str name = lw_fold_name(fold, i);

        if (name.len == prefix_n + base.len && memcmp(name.at, prefix, prefix_n) == 0 &&
            memcmp(name.at + prefix_n, base.at, base.len) == 0)
            return true;
    }
    return false;
}

static void pair(struct lw_fold *fold, uint32_t validation, uint32_t train, struct lw_str base)
{
    static const char prefix[] = "generalization_gap:";
    uint32_t gap;

    if (has_series(fold, prefix, base))
        return;
    gap = add(fold, LW_SERIES_GENERALIZATION, prefix, base);
    if (gap == LW_FOLD_NONE)
        return;
    fold->series[gap].partner = validation;
    fold->series[gap].other = train;
    fold->series[gap].better = fold->series[validation].better;
    fold->series[gap].scale = fold->series[validation].scale;
    fold->series[gap].transform = LW_TRANSFORM_IDENTITY;
    fold->head.pairs_n++;
}

/* Whichever of the two sides came last makes the pair. */
static void pair_with(struct lw_fold *fold, uint32_t metric)
{
    struct lw_str base;
    enum side side = side_of(lw_fold_name(fold, metric), &base);

    for (uint32_t i = 0; i < metric; i++) {
        struct lw_str other_base;
        enum side other;

        if (fold->series[i].kind != LW_SERIES_METRIC)
            continue;
        other = side_of(lw_fold_name(fold, i), &other_base);
        if (!lw_str_equal(base, other_base))
            continue;
        if (side == SIDE_VALIDATION && other != SIDE_VALIDATION)
            pair(fold, metric, i, base);
        else if (other == SIDE_VALIDATION && side != SIDE_VALIDATION)
            pair(fold, i, metric, base);
    }
}

/* The value that decides on the scale: a loss of which any point of the first run is negative has no logarithm, a rate
   with a point over 1 is in percent. */
static double telling(struct lw_meaning meaning, const struct lw_summary *summary)
{
    if (meaning.scale == LW_MEANING_LOSS)
        return summary->min;
    if (meaning.scale == LW_MEANING_RATE && summary->max > 1.0)
        return summary->max;
    return summary->last;
}

static uint32_t add_metric(struct lw_fold *fold, struct lw_str name, struct lw_meaning meaning, double first)
{
    uint32_t metric = add(fold, LW_SERIES_METRIC, "", name);
    uint32_t curve;

    if (metric == LW_FOLD_NONE)
        return metric;
    fold->head.metrics_n++;
    fold->series[metric].better = (uint32_t)meaning.better;
    fold->series[metric].scale = (uint32_t)meaning.scale;
    fold->series[metric].transform = (uint32_t)lw_transform_choose(meaning.scale, first);
    curve = add(fold, LW_SERIES_CURVE, "curve:", name);
    if (curve == LW_FOLD_NONE)
        return metric;
    fold->series[curve].partner = metric;
    fold->series[curve].better = (uint32_t)meaning.better;
    fold->series[curve].scale = (uint32_t)meaning.scale;
    fold->series[curve].transform = LW_TRANSFORM_IDENTITY;
    fold->series[metric].other = curve;
    pair_with(fold, metric);
    return metric;
}

/* The series of that name; runs bring their metrics in the same order, so the one after the last hit is tried first. */
static uint32_t metric_named(const struct lw_fold *fold, struct lw_str name, uint32_t *cursor)
{
    for (uint32_t step = 0; step < fold->head.series_n; step++) {
        uint32_t i = (*cursor + step) % fold->head.series_n;

        if (fold->series[i].kind == LW_SERIES_METRIC && lw_str_equal(lw_fold_name(fold, i), name)) {
            *cursor = i + 1;
            return i;
        }
    }
    return LW_FOLD_NONE;
}

void lw_series_find(struct lw_fold *fold, const struct lw_run *run, bool usable)
{
    const struct lw_metric *metrics = lw_run_metrics(run);
    uint32_t cursor = 0;
    uint32_t uncharted = 0;

    for (uint32_t i = 0; i < fold->head.series_n; i++)
        fold->found[i] = LW_FOLD_NONE;
    for (uint32_t i = 0; i < run->metrics_n && fold->error == LW_ERR_OK; i++) {
        struct lw_str name = lw_run_str(run, metrics[i].name);
        struct lw_meaning meaning;
        uint32_t series;

        if (metrics[i].summary.count == 0)
            continue;
        series = metric_named(fold, name, &cursor);
        if (series == LW_FOLD_NONE && usable) {
            meaning = meaning_of(fold->rules, name);
            if (!is_charted(fold->rules, name, meaning))
                continue;
            if (fold->head.metrics_n >= LW_FOLD_METRICS)
                uncharted++;
            else
                series = add_metric(fold, name, meaning, telling(meaning, &metrics[i].summary));
        }
        if (series != LW_FOLD_NONE)
            fold->found[series] = i;
    }
    if (uncharted > fold->head.uncharted)
        fold->head.uncharted = uncharted;
}

static double weight_of(const struct lw_budget *budget, const struct lw_series *series)
{
    switch ((enum lw_series_kind)series->kind) {
    case LW_SERIES_METRIC:
        return budget->metric_cusum;
    case LW_SERIES_GENERALIZATION:
        return budget->generalization_gap;
    case LW_SERIES_CURVE:
        return budget->curve;
    case LW_SERIES_DURATION:
        return budget->duration;
    case LW_SERIES_COST:
        return budget->cost;
    case LW_SERIES_GAP:
        return budget->gap_cusum;
    }
    return 0.0;
}

void lw_series_divide(struct lw_fold *fold)
{
    struct lw_fold_head *head = &fold->head;
    uint32_t kinds = head->duration_seen | head->cost_charted << 1 | head->gap_seen << 2;
    struct lw_budget_charts charts = {.metrics = head->metrics_n,
                                      .generalization_gaps = head->pairs_n,
                                      .duration = head->duration_seen != 0,
                                      .cost = head->cost_charted != 0,
                                      .gap = head->gap_seen != 0,
                                      .overdue = head->gap_seen != 0};

    if (fold->budget_series == head->series_n && fold->budget_kinds == kinds)
        return;
    if (lw_budget_divide(fold->rules->false_alarm_runs, &charts, &fold->budget) != LW_ERR_OK) {
        fold->error = LW_ERR_RANGE;
        return;
    }
    for (uint32_t i = 0; i < head->series_n; i++) {
        struct lw_series_memory *memory = &fold->memory[i];
        enum lw_arl_sides sides = fold->series[i].kind == LW_SERIES_CURVE ? LW_ARL_ONE_SIDED : LW_ARL_TWO_SIDED;
        double weight = weight_of(&fold->budget, &fold->series[i]);

        if (weight <= 0.0 || weight == memory->weight)
            continue;
        if (lw_arl_cached_threshold(fold->cache, 0.5, lw_budget_run_length(fold->rules->false_alarm_runs, weight),
                                    sides, fold->workspace, &memory->threshold) != LW_ERR_OK) {
            fold->error = LW_ERR_NUMERIC;
            return;
        }
        memory->weight = weight;
    }
    fold->budget_series = head->series_n;
    fold->budget_kinds = kinds;
}

bool lw_series_append(struct lw_fold *fold, uint32_t series, uint32_t run, double raw, double x, enum lw_place place)
{
    struct lw_series_memory *memory = &fold->memory[series];
    struct lw_value *values =
        lw_fold_room(fold, memory->values, &memory->capacity, fold->series[series].values_n, sizeof(*values));

    if (!values)
        return false;
    memory->values = values;
    memory->values[fold->series[series].values_n++] =
        (struct lw_value){.raw = raw, .x = x, .run = run, .place = (uint32_t)place};
    memory->plain = place == LW_PLACE_REFERENCE ? memory->plain + 1 : 0;
    return true;
}

static bool is_share(double value)
{
    return value >= 0.0 && value <= 1.0;
}

/* Of a generalization gap the level of the validation metric says how large a difference is: it itself is about 0. */
static double level_of(const struct lw_fold *fold, const struct lw_series *series, double before)
{
    if (series->kind == LW_SERIES_GENERALIZATION && series->partner != LW_FOLD_NONE)
        return fold->series[series->partner].level.mean;
    return before;
}

bool lw_series_absolute(const struct lw_fold *fold, uint32_t index, double before, double after, double *unit)
{
    const struct lw_series *series = &fold->series[index];
    double level = level_of(fold, series, before);
    bool absolute = false;

    if (series->kind == LW_SERIES_GAP || series->kind == LW_SERIES_DURATION || series->kind == LW_SERIES_COST) {
        *unit = fabs(before);
        return false;
    }
    if (series->scale == LW_MEANING_RATE)
        absolute = fabs(level) <= 100.0;
    else if (series->scale == LW_MEANING_PLAIN)
        absolute = is_share(level) && (series->kind == LW_SERIES_GENERALIZATION || is_share(after));
    if (!absolute)
        *unit = fabs(level);
    else
        *unit = fabs(level) > 1.0 ? 100.0 : 1.0;
    return absolute;
}

double lw_series_effect(const struct lw_fold *fold, uint32_t series, double before, double after)
{
    double unit;

    (void)lw_series_absolute(fold, series, before, after, &unit);
    if (after == before)
        return 0.0;
    /* A change from exactly 0 has no relative size; it counts as a whole. */
    if (unit == 0.0)
        return after > before ? 1.0 : -1.0;
    return (after - before) / unit;
}

double lw_series_floor(const struct lw_fold *fold, uint32_t series, double before, double after)
{
    const struct lw_ignore_below *ignore = &fold->rules->ignore_below;
    uint32_t kind = fold->series[series].kind;
    double unit;

    if (kind == LW_SERIES_GAP || kind == LW_SERIES_DURATION || kind == LW_SERIES_COST)
        return ignore->time;
    return lw_series_absolute(fold, series, before, after, &unit) ? ignore->rate : ignore->loss;
}

enum lw_impact lw_series_impact(const struct lw_fold *fold, uint32_t series, enum lw_direction direction)
{
    const struct lw_series *of = &fold->series[series];
    bool up = direction == LW_DIRECTION_UP;

    /* Runs that come less often are a loss; runs that come more often may be what was wanted. */
    if (of->kind == LW_SERIES_GAP)
        return up ? LW_IMPACT_WORSE : LW_IMPACT_UNCLEAR;
    if (direction == LW_DIRECTION_NONE || of->better == LW_BETTER_UNKNOWN)
        return LW_IMPACT_UNCLEAR;
    return up == (of->better == LW_BETTER_HIGHER) ? LW_IMPACT_BETTER : LW_IMPACT_WORSE;
}

static uint32_t primary_of(const struct lw_fold *fold, struct lw_str pattern)
{
    uint32_t best = LW_FOLD_NONE;
    uint32_t best_rank = 0;

    for (uint32_t i = 0; i < fold->head.series_n; i++) {
        const struct lw_series *series = &fold->series[i];
        struct lw_str base;
        uint32_t rank;

        if (series->kind != LW_SERIES_METRIC || (pattern.len > 0 && !lw_glob_match(pattern, lw_fold_name(fold, i))))
            continue;
        rank = 1 + (series->better != LW_BETTER_UNKNOWN ? 8u : 0u) +
               (side_of(lw_fold_name(fold, i), &base) == SIDE_VALIDATION ? 4u : 0u) +
               (series->scale == LW_MEANING_RATE ? 2u : 0u);
        if (rank > best_rank ||
            (rank == best_rank && lw_str_compare(lw_fold_name(fold, i), lw_fold_name(fold, best)) < 0)) {
            best = i;
            best_rank = rank;
        }
    }
    return best;
}

/* Where the user's pattern fits several, the names decide between them; where it fits none, among all. */
uint32_t lw_series_primary(const struct lw_fold *fold)
{
    uint32_t stated = LW_FOLD_NONE;

    if (fold->rules->primary.len > 0)
        stated = primary_of(fold, fold->rules->primary);
    return stated != LW_FOLD_NONE ? stated : primary_of(fold, (struct lw_str){0});
}

double lw_series_spread_floor(const struct lw_series *series, double charted_mean)
{
    return lw_transform_floor((enum lw_transform)series->transform, charted_mean, series->rounding);
}

double lw_series_bounded(double value)
{
    return value > 1e150 ? 1e150 : value < -1e150 ? -1e150 : value;
}

void lw_series_learn(struct lw_level *level, double value)
{
    double delta = value - level->mean;

    level->n++;
    level->mean += delta / (double)level->n;
    level->m2 += delta * (value - level->mean);
}

double lw_series_sd(const struct lw_level *level)
{
    return level->n < 2 ? 0.0 : sqrt(level->m2 / (double)(level->n - 1));
}
