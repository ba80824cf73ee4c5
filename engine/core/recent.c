#include "engine/core/recent.h"

#include "engine/core/series.h"
#include "leeway/ks.h"

#include <math.h>

#define WORK 64 /* doubles; lw_ks_workspace of 5 and 50 is less */

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
    double values[LW_FOLD_EARLIER];
    size_t n;
    double sum;
};

static void take(struct sample *sample, double value)
{
    insert(sample->values, sample->n++, value);
    sample->sum += value;
}

static void collect(const struct lw_fold *fold, uint32_t series, double raw, struct sample *recent,
                    struct sample *earlier)
{
    const struct lw_series *of = &fold->series[series];
    const struct lw_value *values = fold->memory[series].values;

    take(recent, raw);
    for (uint32_t i = of->values_n; i-- > of->reference_from && earlier->n < LW_FOLD_EARLIER;) {
        uint32_t place = values[i].place;
        bool reference = place == LW_PLACE_REFERENCE;
        bool current = of->shifted ? place == LW_PLACE_SHIFTED || place == LW_PLACE_HELD
                                   : reference || place == LW_PLACE_JUDGED || place == LW_PLACE_HELD;

        if (recent->n < LW_FOLD_RECENT && current)
            take(recent, values[i].raw);
        else if (reference)
            take(earlier, values[i].raw);
    }
}

bool lw_recent_see(struct lw_fold *fold, uint32_t series, uint32_t run, double raw)
{
    struct sample recent = {.n = 0};
    struct sample earlier = {.n = 0};
    double work[WORK];
    struct lw_ks_result result;
    struct lw_remark *remark;
    double before;
    double after;
    double effect;

    collect(fold, series, raw, &recent, &earlier);
    if (recent.n < LW_FOLD_RECENT || earlier.n < LW_FOLD_EARLIER_LEAST) {
        size_t need = LW_FOLD_RECENT - recent.n;

        if (!fold->series[series].shifted && earlier.n < LW_FOLD_EARLIER_LEAST)
            need += LW_FOLD_EARLIER_LEAST - earlier.n;
        remark = lw_fold_remark(fold, LW_DETECT_KS, series, run, LW_VERDICT_INSUFFICIENT, LW_REMARK_LEARNING);
        remark->runs_needed = (uint32_t)need;
        return false;
    }
    if (lw_ks_two_sample(recent.values, recent.n, earlier.values, earlier.n, LW_KS_TWO_SIDED, work, WORK, &result) !=
        LW_ERR_OK)
        return false;
    before = earlier.sum / (double)earlier.n;
    after = recent.sum / (double)recent.n;
    effect = lw_series_effect(fold, series, before, after);
    remark = lw_fold_remark(fold, LW_DETECT_KS, series, run, LW_VERDICT_OK, LW_REMARK_FINE);
    remark->statistic = result.statistic;
    remark->p_value = result.p.p;
    remark->p_method = (uint32_t)result.p.method;
    remark->attainable_p = result.attainable.p;
    remark->effect = effect;
    remark->known = LW_REMARK_STATISTIC | LW_REMARK_P_VALUE | LW_REMARK_ATTAINABLE | LW_REMARK_EFFECT;
    if (result.p.p > 0.01 || fabs(effect) < lw_series_floor(fold, series, before, after))
        return false;
    remark->text = LW_REMARK_P;
    remark->verdict = LW_VERDICT_WARNING;
    remark->direction = (uint32_t)(effect > 0.0 ? LW_DIRECTION_UP : LW_DIRECTION_DOWN);
    return true;
}
