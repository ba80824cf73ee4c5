#include "engine/core/judge/chart/recent.h"

#include "engine/core/judge/chart/series.h"
#include "leeway/ks.h"
#include "leeway/ks_few.h"

#include <math.h>

/* Keeps `values` ascending. */
static void insert(double *values, size_t n, double value)
{
    size_t i = n;

    while (i > 0 && values[i - 1] > value) {
        values[i] = values[i - 1];
        i--;
    }
    values[i] = value;
}

struct sample {
    double values[LW_FOLD_RECENT];
    size_t n;
    double sum;
};

static void take(struct sample *sample, double value)
{
    insert(sample->values, sample->n++, value);
    sample->sum += value;
}

/* Two conditions, so that either side is one instruction. */
static inline void order(double *a, double *b)
{
    const double lesser = *b < *a ? *b : *a;
    const double greater = *a < *b ? *b : *a;

    *a = lesser;
    *b = greater;
}

/* The five last values as they come. Which is greater is as good as random: a network of comparisons has no branches. */
static void take_all(struct sample *sample, double raw, const struct lw_value *end)
{
    double *v = sample->values;

    _Static_assert(LW_FOLD_RECENT == 5, "the network is that of five");
    v[0] = raw;
    sample->sum += raw;
    for (uint32_t i = 1; i < LW_FOLD_RECENT; i++) {
        v[i] = (end - i)->raw;
        sample->sum += v[i];
    }
    sample->n = LW_FOLD_RECENT;
    order(&v[0], &v[3]), order(&v[1], &v[4]);
    order(&v[0], &v[2]), order(&v[1], &v[3]);
    order(&v[0], &v[1]), order(&v[2], &v[4]);
    order(&v[1], &v[2]), order(&v[3], &v[4]);
    order(&v[2], &v[3]);
}

/* The last values, and which are the earlier ones: the latest first. */
static void collect(const struct lw_fold *fold, uint32_t series, double raw, struct sample *recent, uint32_t *at,
                    uint32_t *n)
{
    const struct lw_series *of = &fold->series[series];
    const struct lw_value *values = fold->memory[series].values;

    *n = 0;
    take(recent, raw);
    for (uint32_t i = of->values_n; i-- > of->reference_from && *n < LW_FOLD_EARLIER;) {
        uint32_t place = values[i].place;
        bool reference = place == LW_PLACE_REFERENCE;
        bool current = of->shifted ? place == LW_PLACE_SHIFTED || place == LW_PLACE_HELD
                                   : reference || place == LW_PLACE_JUDGED || place == LW_PLACE_HELD;

        if (recent->n < LW_FOLD_RECENT && current)
            take(recent, values[i].raw);
        else if (reference)
            at[(*n)++] = i;
    }
}

/* Puts `in` in the place of one that equals `out`. */
static void replace(double *values, size_t n, double out, double in)
{
    size_t i = 0;

    while (values[i] != out)
        i++;
    for (; i + 1 < n && values[i + 1] < in; i++)
        values[i] = values[i + 1];
    for (; i > 0 && values[i - 1] > in; i--)
        values[i] = values[i - 1];
    values[i] = in;
}

/* Usually one value is new and, of 50, one is gone; else they are sorted anew. */
static void update(struct lw_earlier *earlier, const struct lw_value *values, const uint32_t *at, uint32_t n)
{
    bool known = earlier->newest == LW_FOLD_NONE;
    bool slid = known && n > 0 && earlier->n > 0 && (n == earlier->n || n == earlier->n + 1) &&
                memcmp(at + 1, earlier->at, (n - 1) * sizeof(*at)) == 0;

    if (slid && n == earlier->n) {
        replace(earlier->values, n, values[earlier->at[n - 1]].raw, values[at[0]].raw);
    } else if (slid) {
        insert(earlier->values, earlier->n, values[at[0]].raw);
    } else if (!known || n != earlier->n || memcmp(at, earlier->at, n * sizeof(*at)) != 0) {
        for (uint32_t i = 0; i < n; i++)
            insert(earlier->values, i, values[at[i]].raw);
    }
    memcpy(earlier->at, at, n * sizeof(*at));
    earlier->n = n;
    earlier->newest = LW_FOLD_NONE;
}

/* The same for values[newest] and those right before it. */
static void update_plain(struct lw_earlier *earlier, const struct lw_value *values, uint32_t newest, uint32_t n)
{
    bool slid = earlier->newest != LW_FOLD_NONE && earlier->n > 0 && earlier->newest + 1 == newest;

    if (slid && n == earlier->n) {
        replace(earlier->values, n, values[newest - n].raw, values[newest].raw);
    } else if (slid && n == earlier->n + 1) {
        insert(earlier->values, earlier->n, values[newest].raw);
    } else {
        for (uint32_t i = 0; i < n; i++)
            insert(earlier->values, i, values[newest - i].raw);
    }
    earlier->n = n;
    earlier->newest = newest;
}

/* As a rule all of the last values are reference: then nothing has to be picked. False where that is not so, or there
   are too few for a comparison. */
static bool collect_plain(struct lw_fold *fold, uint32_t series, double raw, struct sample *recent,
                          struct lw_earlier *earlier)
{
    const struct lw_series *of = &fold->series[series];
    struct lw_series_memory *memory = &fold->memory[series];
    const struct lw_value *values = memory->values;
    uint32_t known = of->values_n - of->reference_from;
    uint32_t n = known < LW_FOLD_EARLIER + LW_FOLD_RECENT - 1 ? known : LW_FOLD_EARLIER + LW_FOLD_RECENT - 1;

    if (of->shifted || n < LW_FOLD_RECENT)
        return false;
    for (; memory->plain < n; memory->plain++) {
        if (values[of->values_n - 1 - memory->plain].place != LW_PLACE_REFERENCE)
            return false;
    }
    take_all(recent, raw, values + of->values_n);
    update_plain(earlier, values, of->values_n - LW_FOLD_RECENT, n - (LW_FOLD_RECENT - 1));
    return true;
}

static double mean_of(const double *values, size_t n)
{
    double sum = 0.0;

    for (size_t i = 0; i < n; i++)
        sum += values[i];
    return sum / (double)n;
}

/* What the comparison says. */
struct look {
    double statistic, p, attainable;
};

static enum lw_err level_test(struct lw_recent_memo *memo, const double *recent, const double *earlier, size_t n,
                              struct look *look)
{
    struct lw_ks_few few;
    struct lw_pvalue attainable;
    double *p;
    enum lw_err err = lw_ks_few_compare(recent, LW_FOLD_RECENT, earlier, n, &few);

    if (err == LW_ERR_OK && memo->attainable[n] == 0.0) {
        err = lw_ks_attainable(LW_FOLD_RECENT, n, LW_KS_TWO_SIDED, &attainable);
        if (err == LW_ERR_OK)
            memo->attainable[n] = attainable.p;
    }
    if (err != LW_ERR_OK)
        return err;
    p = &memo->p[n][few.two_sided];
    if (!few.ties && *p == 0.0)
        *p = lw_ks_few_p(&few);
    look->statistic = (double)few.two_sided / (double)few.lcm;
    look->p = few.ties ? lw_ks_few_p(&few) : *p;
    /* With ties only one of the two most extreme deals may have been possible. */
    look->attainable = memo->attainable[n] * (few.x_below == few.y_below ? 1.0 : 0.5);
    return LW_ERR_OK;
}

bool lw_recent_see(struct lw_fold *fold, uint32_t series, uint32_t run, double raw)
{
    struct sample recent = {.n = 0};
    struct lw_earlier *earlier = fold->memory[series].earlier;
    uint32_t at[LW_FOLD_EARLIER];
    uint32_t n;
    struct look look;
    struct lw_remark *remark;
    double before;
    double after;
    double effect;

    if (!earlier) {
        earlier = lw_arena_take(fold->scratch, sizeof(*earlier));
        if (!earlier) {
            fold->error = LW_ERR_NOMEM;
            return false;
        }
        earlier->newest = LW_FOLD_NONE;
        fold->memory[series].earlier = earlier;
    }
    if (!collect_plain(fold, series, raw, &recent, earlier)) {
        collect(fold, series, raw, &recent, at, &n);
        update(earlier, fold->memory[series].values, at, n);
    }
    if (recent.n < LW_FOLD_RECENT || earlier->n < LW_FOLD_EARLIER_LEAST) {
        size_t need = LW_FOLD_RECENT - recent.n;

        if (!fold->series[series].shifted && earlier->n < LW_FOLD_EARLIER_LEAST)
            need += LW_FOLD_EARLIER_LEAST - earlier->n;
        remark = lw_fold_remark(fold, LW_DETECT_KS, series, run, LW_VERDICT_INSUFFICIENT, LW_REMARK_LEARNING);
        remark->runs_needed = (uint32_t)need;
        if (fold->rules->baseline_n && earlier->n < LW_FOLD_EARLIER_LEAST) {
            remark->text = LW_REMARK_BASELINE;
            remark->extra = LW_FOLD_EARLIER_LEAST;
        }
        return false;
    }
    /* Here its additions, each of which waits for the one before, are done beside the comparison. */
    before = mean_of(earlier->values, earlier->n);
    if (level_test(fold->memo, recent.values, earlier->values, earlier->n, &look) != LW_ERR_OK)
        return false;
    after = recent.sum / (double)recent.n;
    effect = lw_series_effect(fold, series, before, after);
    remark = lw_fold_remark(fold, LW_DETECT_KS, series, run, LW_VERDICT_OK, LW_REMARK_FINE);
    remark->statistic = look.statistic;
    remark->p_value = look.p;
    remark->p_method = LW_P_EXACT;
    remark->attainable_p = look.attainable;
    remark->effect = effect;
    remark->known = LW_REMARK_STATISTIC | LW_REMARK_P_VALUE | LW_REMARK_ATTAINABLE | LW_REMARK_EFFECT;
    if (look.p > 0.01 || fabs(effect) < lw_series_floor(fold, series, before, after))
        return false;
    /* While an alert is open that is no news. */
    remark->text = fold->series[series].shifted ? LW_REMARK_CONFIRMS : LW_REMARK_P;
    remark->verdict = fold->series[series].shifted ? LW_VERDICT_OK : LW_VERDICT_WARNING;
    remark->direction = (uint32_t)(effect > 0.0 ? LW_DIRECTION_UP : LW_DIRECTION_DOWN);
    return true;
}
