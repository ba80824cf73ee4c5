#include "engine/core/judge/judge_state.h"

#include "engine/base/fault.h"
#include "engine/core/judge/chart/curve_chart.h"
#include "leeway/transform.h"

#include <math.h>

#define MAGIC          0x5457454cu /* "LEWT" */
#define SCHEDULE_TIMES 8

struct header {
    uint32_t magic, version;
    uint64_t bytes; /* of everything, with the checksum */
    uint64_t rules; /* hashes: a state serves only the rules and the runs that it was made of */
    uint64_t history;
    uint64_t remarks_n, cases_n, happenings_n, names_n, requirements_n, values_n;
};

static uint64_t mix(uint64_t hash, uint64_t value)
{
    hash = (hash ^ value) * UINT64_C(0x9E3779B97F4A7C15);
    return hash ^ hash >> 32;
}

static uint64_t mix_bytes(uint64_t hash, const void *bytes, size_t n)
{
    const unsigned char *at = bytes;
    uint64_t word;

    hash = mix(hash, n);
    for (; n >= sizeof(word); n -= sizeof(word), at += sizeof(word)) {
        memcpy(&word, at, sizeof(word));
        hash = mix(hash, word);
    }
    word = 0;
    if (n)
        memcpy(&word, at, n);
    return mix(hash, word);
}

static uint64_t mix_str(uint64_t hash, struct lw_str text)
{
    return mix_bytes(hash, text.at, text.len);
}

static uint64_t mix_strs(uint64_t hash, const struct lw_str *texts, size_t n)
{
    hash = mix(hash, n);
    for (size_t i = 0; i < n; i++)
        hash = mix_str(hash, texts[i]);
    return hash;
}

static uint64_t mix_double(uint64_t hash, double value)
{
    return mix_bytes(hash, &value, sizeof(value));
}

uint64_t lw_judge_state_sum(const void *bytes, size_t n)
{
    return mix_bytes(UINT64_C(0x6c65657761790001), bytes, n);
}

/* Everything that the fold reads of the rules: all but how models are grouped, and `now`. */
static uint64_t rules_of(const struct lw_fold *fold)
{
    const struct lw_rules *rules = fold->rules;
    uint64_t hash = mix_str(mix_str(1, fold->origin), fold->model);
    lw_time slot = {0};

    hash = mix_double(hash, rules->false_alarm_runs);
    hash = mix(hash, rules->reference_runs);
    hash = mix_strs(hash, rules->baseline, rules->baseline_n);
    hash = mix_strs(hash, rules->rebaseline, rules->rebaseline_n);
    if (rules->rebaseline_series != NULL)
        hash = mix_strs(hash, rules->rebaseline_series, rules->rebaseline_n);
    hash = mix_strs(hash, rules->higher, rules->higher_n);
    hash = mix_strs(hash, rules->lower, rules->lower_n);
    for (size_t i = 0; i < rules->requirements_n; i++) {
        hash = mix_str(mix_str(hash, rules->requirements[i].text), rules->requirements[i].series);
        hash = mix_double(mix(hash, rules->requirements[i].compare), rules->requirements[i].bound);
    }
    for (size_t i = 0; i < rules->prices_n; i++)
        hash = mix_double(mix_str(hash, rules->prices[i].instance), rules->prices[i].per_hour);
    hash = mix_double(hash, rules->ignore_below.rate);
    hash = mix_double(hash, rules->ignore_below.loss);
    hash = mix_double(hash, rules->ignore_below.time);
    hash = mix(hash, (uint64_t)rules->quiet.ms);
    hash = mix(hash, (uint64_t)rules->cadence.ms);
    hash = mix_str(hash, rules->primary);
    /* Of a schedule there is nothing to be seen but the times that it gives. */
    for (int i = 0; rules->next != NULL && i < SCHEDULE_TIMES; i++) {
        slot = rules->next(rules->schedule, slot);
        hash = mix(hash, (uint64_t)slot.ms);
    }
    return mix(hash, (uint64_t)rules->tolerance.ms);
}

static uint64_t history_of(const struct lw_fold *fold, uint32_t runs_n)
{
    uint64_t hash = 2;

    for (uint32_t i = 0; i < runs_n; i++)
        hash = mix_bytes(hash, fold->runs[i], fold->runs[i]->bytes);
    return hash;
}

enum lw_err lw_judge_state_save(const struct lw_fold *fold, struct lw_buf *out, struct lw_fault *fault)
{
    struct header header = {.magic = MAGIC,
                            .version = LW_JUDGE_STATE_VERSION,
                            .rules = rules_of(fold),
                            .history = history_of(fold, fold->head.runs_n),
                            .remarks_n = fold->remarks_n,
                            .cases_n = fold->cases_n,
                            .happenings_n = fold->happenings_n,
                            .names_n = fold->names_n,
                            .requirements_n = fold->rules->requirements_n};
    size_t from = out->len;
    uint64_t sum;

    for (uint32_t i = 0; i < fold->head.series_n; i++)
        header.values_n += fold->series[i].values_n;
    lw_buf_bytes(out, &header, sizeof(header));
    lw_buf_bytes(out, &fold->head, sizeof(fold->head));
    lw_buf_bytes(out, fold->series, fold->head.series_n * sizeof(*fold->series));
    for (uint32_t i = 0; i < fold->head.series_n; i++)
        lw_buf_bytes(out, fold->memory[i].values, fold->series[i].values_n * sizeof(struct lw_value));
    lw_buf_bytes(out, fold->decisions, fold->head.runs_n * sizeof(*fold->decisions));
    lw_buf_bytes(out, fold->remarks, fold->remarks_n * sizeof(*fold->remarks));
    lw_buf_bytes(out, fold->cases, fold->cases_n * sizeof(*fold->cases));
    lw_buf_bytes(out, fold->happenings, fold->happenings_n * sizeof(*fold->happenings));
    lw_buf_bytes(out, fold->requirements, fold->rules->requirements_n * sizeof(*fold->requirements));
    lw_buf_bytes(out, fold->names, fold->names_n);
    if (out->error != LW_ERR_OK)
        return lw_fault_set(fault, out->error, "the state of a model does not fit into memory");
    header.bytes = out->len - from + sizeof(sum);
    memcpy(out->at + from, &header, sizeof(header));
    sum = lw_judge_state_sum(out->at + from, out->len - from);
    lw_buf_bytes(out, &sum, sizeof(sum));
    if (out->error != LW_ERR_OK)
        return lw_fault_set(fault, out->error, "the state of a model does not fit into memory");
    return LW_ERR_OK;
}

/* Reading: what is left of the bytes. */
struct rest {
    const unsigned char *at;
    size_t n;
    bool failed;
};

/* n items of `size` bytes, copied into memory of the fold with room for `capacity`. */
static void *take(struct lw_fold *fold, struct rest *rest, uint64_t n, size_t size, size_t capacity)
{
    void *items;

    if (rest->failed || n > rest->n / size) {
        rest->failed = true;
        return NULL;
    }
    if (capacity < n)
        capacity = (size_t)n;
    items = lw_arena_array(fold->scratch, capacity, size);
    if (!items) {
        fold->error = LW_ERR_NOMEM;
        rest->failed = true;
        return NULL;
    }
    if (n)
        memcpy(items, rest->at, (size_t)n * size);
    rest->at += (size_t)n * size;
    rest->n -= (size_t)n * size;
    return items;
}

static void take_one(struct rest *rest, void *item, size_t size)
{
    if (rest->failed || rest->n < size) {
        rest->failed = true;
        return;
    }
    memcpy(item, rest->at, size);
    rest->at += size;
    rest->n -= size;
}

static bool all_finite(const double *numbers, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (!isfinite(numbers[i]))
            return false;
    }
    return true;
}

static bool is_run(uint32_t run, uint32_t n)
{
    return run < n || run == LW_NO_RUN;
}

static bool is_index(uint32_t index, size_t n)
{
    return index < n || index == LW_FOLD_NONE;
}

/* On the charted scale, a little beyond what the transform can yield: a mean may differ by its rounding. */
static bool is_charted(uint32_t transform, double x)
{
    double least = lw_transform_apply((enum lw_transform)transform, -1e150, NULL);
    double most = lw_transform_apply((enum lw_transform)transform, 1e150, NULL);

    return x >= least - 1e-6 * fabs(least) - 1e-6 && x <= most + 1e-6 * fabs(most) + 1e-6;
}

static bool chart_is_sound(const struct lw_series *series)
{
    const struct lw_cusum *chart = &series->chart;
    const double numbers[] = {chart->sums.k,
                              chart->sums.up,
                              chart->sums.down,
                              chart->mean,
                              chart->m2,
                              chart->first,
                              chart->score,
                              series->rounding,
                              series->level.mean,
                              series->level.m2,
                              series->before.mean,
                              series->latest.mean,
                              series->latest.m2,
                              series->before.m2,
                              series->before_x,
                              series->lag_product,
                              series->lag_square,
                              series->last_score,
                              series->lag_product_waits,
                              series->lag_square_waits};

    if (!all_finite(numbers, sizeof(numbers) / sizeof(numbers[0])))
        return false;
    return chart->sums.up >= 0.0 && chart->sums.down >= 0.0 && chart->m2 >= 0.0 && series->level.m2 >= 0.0 &&
           series->before.m2 >= 0.0 && series->rounding >= 0.0 && chart->sums.k == 0.5 &&
           chart->n <= series->values_n &&
           (chart->n == 0 ||
            (is_charted(series->transform, chart->mean) && is_charted(series->transform, chart->first))) &&
           (series->before.n == 0 || series->kind == LW_SERIES_CURVE ||
            is_charted(series->transform, series->before_x)) &&
           fabs(series->level.mean) <= 1e151 && fabs(series->before.mean) <= 1e151;
}

static bool series_is_sound(const struct lw_fold *fold, const struct lw_series *series, uint64_t names_n)
{
    const struct lw_fold_head *head = &fold->head;
    uint32_t n = head->series_n;
    bool paired = series->kind == LW_SERIES_CURVE || series->kind == LW_SERIES_GENERALIZATION;

    if (series->kind > LW_SERIES_GAP || series->transform > LW_TRANSFORM_SECONDS || series->better > LW_BETTER_LOWER ||
        series->scale > LW_MEANING_LOSS || series->direction > LW_DIRECTION_DOWN ||
        series->held_direction > LW_DIRECTION_DOWN || series->charted > 1 || series->shifted > 1 ||
        series->quantile > 4)
        return false;
    if (series->name_at > names_n || series->name_len > names_n - series->name_at)
        return false;
    if (!is_index(series->partner, n) || !is_index(series->other, n) || (paired && series->partner >= n))
        return false;
    if (paired && fold->series[series->partner].kind != LW_SERIES_METRIC)
        return false;
    if (series->kind == LW_SERIES_GENERALIZATION &&
        (series->other >= n || fold->series[series->other].kind != LW_SERIES_METRIC))
        return false;
    if (!is_index(series->case_index, fold->cases_n) || (series->shifted && series->case_index >= fold->cases_n))
        return false;
    if (series->shifted && series->shifted_from >= series->values_n)
        return false;
    if (series->reference_from > series->values_n || series->shifted_from > series->values_n ||
        series->held > series->values_n || series->values_n > head->runs_n || series->pending > series->values_n ||
        series->up_since > series->values_n || series->down_since > series->values_n)
        return false;
    for (size_t i = 0; i <= LW_FOLD_REFERENCES; i++) {
        if (!is_run(series->pool[i], head->runs_n))
            return false;
    }
    return chart_is_sound(series);
}

static bool values_are_sound(const struct lw_value *values, uint32_t n, uint32_t runs_n, uint32_t transform)
{
    for (uint32_t i = 0; i < n; i++) {
        if (!isfinite(values[i].raw) || !isfinite(values[i].x) || !is_charted(transform, values[i].x) ||
            values[i].place > LW_PLACE_HELD || values[i].run >= runs_n)
            return false;
        /* One value per run, in order: so there are never more than runs. */
        if (i > 0 && values[i].run <= values[i - 1].run)
            return false;
    }
    return true;
}

static bool head_is_sound(const struct lw_fold *fold)
{
    const struct lw_fold_head *head = &fold->head;
    const uint32_t singles[] = {head->duration, head->cost, head->gap};
    static const uint32_t kinds[] = {LW_SERIES_DURATION, LW_SERIES_COST, LW_SERIES_GAP};
    const double ratios[] = {head->ratio_low, head->ratio_high};

    for (size_t i = 0; i < 3; i++) {
        if (!is_index(singles[i], head->series_n))
            return false;
        if (singles[i] != LW_FOLD_NONE && fold->series[singles[i]].kind != kinds[i])
            return false;
    }
    if (head->metrics_n > LW_FOLD_METRICS || head->pairs_n > head->series_n || head->cost_charted > 1 ||
        head->duration_seen > 1 || head->gap_seen > 1)
        return false;
    return is_run(head->last_attempt, head->runs_n) && is_run(head->last_success, head->runs_n) &&
           is_run(head->first_failure, head->runs_n) && is_index(head->failure_case, fold->cases_n) &&
           is_index(head->late_case, fold->cases_n) && head->counts_n <= LW_FOLD_COUNTS &&
           head->counts_next < LW_FOLD_COUNTS && all_finite(ratios, 2);
}

static bool case_is_sound(const struct lw_fold *fold, const struct lw_case *the)
{
    const double numbers[] = {the->before, the->after, the->spread};

    if (the->state > LW_ALERT_STALE || the->severity > LW_SEVERITY_PAGE || the->impact > LW_IMPACT_UNCLEAR ||
        the->kind > LW_ALERT_RUN || the->direction > LW_DIRECTION_DOWN || the->touched != 0)
        return false;
    if (the->opened_run >= fold->head.runs_n || the->last_run >= fold->head.runs_n ||
        !is_run(the->change_run, fold->head.runs_n) || !is_run(the->resolved_run, fold->head.runs_n))
        return false;
    if (the->requirement > fold->rules->requirements_n || (the->kind == LW_ALERT_THRESHOLD) != (the->requirement != 0))
        return false;
    if (the->series_n > LW_FOLD_SERIES)
        return false;
    for (uint32_t i = 0; i < the->series_n; i++) {
        if (the->series[i] >= fold->head.series_n)
            return false;
    }
    if ((the->kind == LW_ALERT_LEVEL || the->kind == LW_ALERT_RHYTHM) &&
        (the->series_n == 0 || the->change_run == LW_NO_RUN))
        return false;
    return all_finite(numbers, 3) && memchr(the->id, 0, sizeof(the->id)) &&
           memchr(the->message, 0, sizeof(the->message)) && memchr(the->reason, 0, sizeof(the->reason));
}

static bool remark_is_sound(const struct lw_fold *fold, const struct lw_remark *one)
{
    const double numbers[] = {one->statistic, one->threshold, one->p_value, one->attainable_p, one->effect, one->extra};

    return one->detector <= LW_DETECT_QUALITY && one->verdict <= LW_VERDICT_ERROR &&
           one->direction <= LW_DIRECTION_DOWN && one->p_method <= LW_P_PREDICTIVE && one->text < LW_REMARK_TEXTS &&
           is_index(one->series, fold->head.series_n) && one->requirement <= fold->rules->requirements_n &&
           (one->text != LW_REMARK_BROKEN || one->requirement != 0) && one->run < fold->head.runs_n &&
           is_run(one->change_run, fold->head.runs_n) && all_finite(numbers, 6);
}

static bool is_sound(const struct lw_fold *fold)
{
    const struct lw_fold_head *head = &fold->head;

    for (uint32_t i = 0; i < head->series_n; i++) {
        if (!series_is_sound(fold, &fold->series[i], fold->names_n) ||
            !values_are_sound(fold->memory[i].values, fold->series[i].values_n, head->runs_n,
                              fold->series[i].transform))
            return false;
    }
    for (uint32_t i = 0; i < head->runs_n; i++) {
        if (fold->decisions[i].outcome > LW_OUTCOME_IN_PROGRESS || fold->decisions[i].verdict > LW_VERDICT_ERROR ||
            !isfinite(fold->decisions[i].cost))
            return false;
    }
    for (size_t i = 0; i < fold->remarks_n; i++) {
        if (!remark_is_sound(fold, &fold->remarks[i]))
            return false;
    }
    for (size_t i = 0; i < fold->cases_n; i++) {
        if (!case_is_sound(fold, &fold->cases[i]))
            return false;
    }
    for (size_t i = 0; i < fold->happenings_n; i++) {
        const struct lw_happening *one = &fold->happenings[i];

        if (one->transition > LW_TRANSITION_STALE || !is_run(one->run, head->runs_n) ||
            one->case_index >= fold->cases_n || !case_is_sound(fold, &one->then))
            return false;
    }
    for (size_t i = 0; i < fold->rules->requirements_n; i++) {
        if (fold->requirements[i].broken > fold->cases_n || !isfinite(fold->requirements[i].kept))
            return false;
    }
    return head_is_sound(fold);
}

static enum lw_err refuse(struct lw_fault *fault, const char *why)
{
    return lw_fault_set(fault, LW_ERR_STATE, "the saved state of a model %s: judge it from the start", why);
}

static void take_sections(struct lw_fold *fold, const struct header *header, struct rest *rest)
{
    struct lw_series *series;
    struct lw_decision *decisions;

    series = take(fold, rest, fold->head.series_n, sizeof(*series), LW_FOLD_SERIES);
    if (series)
        fold->series = series;
    for (uint32_t i = 0; series && i < fold->head.series_n; i++) {
        fold->memory[i].capacity = series[i].values_n;
        fold->memory[i].values = take(fold, rest, series[i].values_n, sizeof(struct lw_value), 0);
    }
    decisions = take(fold, rest, fold->head.runs_n, sizeof(*decisions), fold->runs_n);
    if (decisions)
        fold->decisions = decisions;
    fold->remarks = take(fold, rest, header->remarks_n, sizeof(*fold->remarks), 0);
    fold->cases = take(fold, rest, header->cases_n, sizeof(*fold->cases), 0);
    fold->happenings = take(fold, rest, header->happenings_n, sizeof(*fold->happenings), 0);
    fold->requirements = take(fold, rest, header->requirements_n, sizeof(*fold->requirements), 0);
    fold->names = take(fold, rest, header->names_n, 1, 0);
    fold->remarks_n = fold->remarks_capacity = (size_t)header->remarks_n;
    fold->cases_n = fold->cases_capacity = (size_t)header->cases_n;
    fold->happenings_n = fold->happenings_capacity = (size_t)header->happenings_n;
    fold->names_n = fold->names_capacity = (size_t)header->names_n;
}

enum lw_err lw_judge_state_load(struct lw_fold *fold, const void *bytes, size_t n, struct lw_fault *fault)
{
    struct rest rest = {.at = bytes, .n = n};
    struct header header;
    uint64_t sum;

    take_one(&rest, &header, sizeof(header));
    if (rest.failed || header.magic != MAGIC || header.version != LW_JUDGE_STATE_VERSION)
        return refuse(fault, "is of another version");
    if (header.bytes != n || rest.n < sizeof(sum))
        return refuse(fault, "is cut off");
    memcpy(&sum, (const char *)bytes + n - sizeof(sum), sizeof(sum));
    if (sum != lw_judge_state_sum(bytes, n - sizeof(sum)))
        return refuse(fault, "is damaged");
    rest.n -= sizeof(sum);
    take_one(&rest, &fold->head, sizeof(fold->head));
    if (rest.failed || fold->head.runs_n > fold->runs_n || fold->head.series_n > LW_FOLD_SERIES ||
        header.rules != rules_of(fold) || header.requirements_n != fold->rules->requirements_n ||
        header.history != history_of(fold, fold->head.runs_n))
        return refuse(fault, "does not fit these runs and rules");
    take_sections(fold, &header, &rest);
    if (fold->error != LW_ERR_OK)
        return lw_fault_memory(fault, "the state of a model");
    if (rest.failed || rest.n != 0 || !is_sound(fold))
        return refuse(fault, "is damaged");
    lw_curve_chart_restore(fold);
    return fold->error == LW_ERR_OK ? LW_ERR_OK : lw_fault_memory(fault, "the state of a model");
}
