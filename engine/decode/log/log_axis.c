#include "engine/decode/log/log_axis.h"

#include "engine/base/fault.h"
#include "engine/decode/log/log_table.h"

#include <math.h>
#include <stdlib.h>

enum kind { UNDECIDED, CLOCK, STEPS };

struct run {
    enum kind kind;
    struct lw_log_datum *held; /* LW_LOG_AXIS_HELD of them, until the axis is decided */
    size_t held_n;
};

/* When a value was printed: in which epoch, else at what time. */
struct moment {
    bool has_epoch, has_time;
    int64_t epoch;
    lw_time time;
};

/* One metric of one run. */
struct series {
    bool has_last; /* `last` is the place of the latest point on the axis */
    int64_t last;
    bool has_epoch; /* the epoch that was printed last; steps are `shift` ahead of the epochs */
    int64_t epoch, shift;
    bool has_nan; /* the latest value that was none, and its place */
    struct moment nan;
    int64_t nan_at;
    /* The latest value waits: the next line may print it again, more finely. */
    size_t copies; /* 0: nothing waits */
    struct lw_log_datum waiting;
    int64_t at;
    bool steps;
};

struct lw_log_axis {
    struct lw_emit *emit;
    struct lw_log_table runs, series;
};

enum lw_err lw_log_axis_open(struct lw_log_axis **out, struct lw_emit *emit, struct lw_fault *fault)
{
    struct lw_log_axis *axis = calloc(1, sizeof(*axis));

    if (axis == NULL)
        return lw_fault_memory(fault, "the points of a log");
    axis->emit = emit;
    axis->runs.most = axis->series.most = LW_LOG_AXIS_SERIES;
    *out = axis;
    return LW_ERR_OK;
}

static struct run *run_at(const struct lw_log_axis *axis, size_t i)
{
    return (struct run *)(void *)axis->runs.items + i;
}

static struct series *series_at(const struct lw_log_axis *axis, size_t i)
{
    return (struct series *)(void *)axis->series.items + i;
}

static void clear(struct lw_log_axis *axis)
{
    for (size_t i = 0; i < axis->runs.n; i++)
        free(run_at(axis, i)->held);
    lw_log_table_close(&axis->runs);
    lw_log_table_close(&axis->series);
}

void lw_log_axis_close(struct lw_log_axis *axis)
{
    if (axis == NULL)
        return;
    clear(axis);
    free(axis);
}

static enum lw_err emit_waiting(struct lw_log_axis *axis, struct series *series, struct lw_fault *fault)
{
    const struct lw_log_datum *datum = &series->waiting;
    struct lw_point point = lw_emit_blank_point(axis->emit);
    struct lw_point values = datum->value;
    enum lw_err err = LW_ERR_OK;

    values.origin = point.origin;
    values.model = point.model;
    values.run = datum->run;
    values.metric = datum->metric;
    values.at = series->at;
    values.flags = series->steps ? LW_POINT_STEP : 0;
    for (; series->copies > 0 && err == LW_ERR_OK; series->copies--)
        err = lw_emit_point(axis->emit, &values, datum->line, datum->byte, fault);
    return err;
}

static enum lw_err emit_not_a_number(struct lw_log_axis *axis, const struct lw_log_datum *datum, int64_t at,
                                     struct lw_fault *fault)
{
    struct lw_fact fact = lw_emit_blank_fact(axis->emit, LW_FACT_NOT_A_NUMBER, LW_RANK_LOG);
    enum lw_err err;

    fact.run = datum->run;
    fact.key = datum->metric;
    fact.has_at = 1;
    fact.at = (lw_time){at};
    err = lw_emit_fact(axis->emit, &fact, fault);
    if (err != LW_ERR_OK)
        return err;
    return lw_emit_reject_text(axis->emit, LW_REJECT_NOT_FINITE, datum->line, datum->byte,
                               lw_names_text(axis->emit->names, datum->metric), fault);
}

static struct moment moment_of(const struct lw_log_datum *datum)
{
    return (struct moment){datum->has_epoch, datum->has_time, datum->epoch, datum->time};
}

static bool same_moment(const struct moment *a, const struct lw_log_datum *b)
{
    if (a->has_epoch != b->has_epoch)
        return false;
    return a->has_epoch ? a->epoch == b->epoch : a->has_time && b->has_time && a->time.ms == b->time.ms;
}

/* Both print one value: they differ by at most one unit of the coarser one's last digit. */
static bool same_value(const struct lw_log_datum *a, const struct lw_log_datum *b)
{
    int decimals = a->decimals < b->decimals ? a->decimals : b->decimals;
    struct moment moment = moment_of(a);

    if (!b->finite || a->value.known != b->value.known || !same_moment(&moment, b))
        return false;
    return fabs(a->value.average - b->value.average) <= 1.000001 * pow(10.0, -decimals);
}

static int64_t place_on_clock(const struct series *series, const struct lw_log_datum *datum)
{
    int64_t at = datum->has_time ? datum->time.ms : datum->latest.ms;

    if (datum->has_time && datum->exact)
        return at;
    /* The stamp names a second: within it, a metric's values keep the order in which they were printed. */
    if (series->has_last && series->last >= at && series->last < at + LW_SECOND)
        at = series->last + 1 < at + LW_SECOND ? series->last + 1 : series->last;
    return at;
}

/* Epochs are below 2^53; from here on, which only nonsense reaches, they are not shifted any more. */
#define FURTHEST_STEP ((int64_t)1 << 60)

/* Epochs that begin anew (a second fit, a restart, another host) go on behind the steps that there are: the last value
   stays the last. */
static int64_t place_on_steps(struct series *series, const struct lw_log_datum *datum)
{
    if (!datum->has_epoch)
        return series->has_last ? series->last + 1 : 0;
    if (series->has_epoch ? datum->epoch <= series->epoch : series->has_last && datum->epoch <= series->last)
        series->shift = series->last < FURTHEST_STEP ? series->last + 1 - datum->epoch : 0;
    series->has_epoch = true;
    series->epoch = datum->epoch;
    return datum->epoch + series->shift;
}

static enum lw_err too_many(struct lw_log_axis *axis, const struct lw_log_datum *datum, struct lw_fault *fault)
{
    return lw_emit_reject(axis->emit, LW_REJECT_TOO_LARGE, datum->line, datum->byte,
                          "more than 262144 metrics of runs in one log", fault);
}

static enum lw_err place(struct lw_log_axis *axis, const struct lw_log_datum *datum, bool steps, struct lw_fault *fault)
{
    bool added;
    struct series *series = lw_log_table_item(&axis->series, sizeof(*series), datum->run, datum->metric, &added);
    enum lw_err err;

    if (series == NULL)
        return axis->series.full ? too_many(axis, datum, fault) : lw_fault_memory(fault, "the metrics of a log");
    if (series->copies > 0 && same_value(&series->waiting, datum)) {
        series->copies++;
        if (datum->decimals > series->waiting.decimals) {
            series->waiting.value = datum->value;
            series->waiting.decimals = datum->decimals;
        }
        return LW_ERR_OK;
    }
    err = emit_waiting(axis, series, fault);
    if (err != LW_ERR_OK)
        return err;
    if (!steps && !datum->has_time && !datum->has_latest)
        return lw_emit_reject_text(axis->emit, LW_REJECT_NO_TIME, datum->line, datum->byte,
                                   lw_names_text(axis->emit->names, datum->metric), fault);
    if (!datum->finite && series->has_nan && same_moment(&series->nan, datum))
        return emit_not_a_number(axis, datum, series->nan_at, fault);
    series->last = steps ? place_on_steps(series, datum) : place_on_clock(series, datum);
    series->has_last = true;
    if (!datum->finite) {
        series->has_nan = true;
        series->nan = moment_of(datum);
        series->nan_at = series->last;
        return emit_not_a_number(axis, datum, series->last, fault);
    }
    series->waiting = *datum;
    series->at = series->last;
    series->steps = steps;
    series->copies = 1;
    return LW_ERR_OK;
}

/* The held values in their order, on the axis that most of them have. */
static enum lw_err decide(struct lw_log_axis *axis, size_t index, struct lw_fault *fault)
{
    struct run *run = run_at(axis, index);
    struct lw_log_datum *held = run->held;
    size_t n = run->held_n;
    size_t timed = 0;
    enum lw_err err = LW_ERR_OK;

    for (size_t i = 0; i < n; i++)
        timed += held[i].has_time;
    run->kind = timed * 2 >= n ? CLOCK : STEPS;
    run->held = NULL;
    run->held_n = 0;
    for (size_t i = 0; i < n && err == LW_ERR_OK; i++)
        err = place(axis, &held[i], timed * 2 < n, fault);
    free(held);
    return err;
}

enum lw_err lw_log_axis_add(struct lw_log_axis *axis, const struct lw_log_datum *datum, struct lw_fault *fault)
{
    bool added;
    struct run *run = lw_log_table_item(&axis->runs, sizeof(*run), datum->run, 0, &added);

    if (run == NULL)
        return axis->runs.full ? too_many(axis, datum, fault) : lw_fault_memory(fault, "the runs of a log");
    if (added && datum->stated)
        run->kind = CLOCK;
    if (run->kind != UNDECIDED)
        return place(axis, datum, run->kind == STEPS, fault);
    if (run->held == NULL) {
        run->held = malloc(LW_LOG_AXIS_HELD * sizeof(*run->held));
        if (run->held == NULL)
            return lw_fault_memory(fault, "the first points of a log");
    }
    run->held[run->held_n++] = *datum;
    if (run->held_n < LW_LOG_AXIS_HELD)
        return LW_ERR_OK;
    return decide(axis, (size_t)(run - run_at(axis, 0)), fault);
}

enum lw_err lw_log_axis_finish(struct lw_log_axis *axis, struct lw_fault *fault)
{
    enum lw_err err = LW_ERR_OK;

    for (size_t i = 0; i < axis->runs.n && err == LW_ERR_OK; i++) {
        if (run_at(axis, i)->held_n > 0)
            err = decide(axis, i, fault);
    }
    for (size_t i = 0; i < axis->series.n && err == LW_ERR_OK; i++)
        err = emit_waiting(axis, series_at(axis, i), fault);
    clear(axis);
    return err;
}
