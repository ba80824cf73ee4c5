#include "engine/report/text/course.h"

#include "engine/base/time_text.h"
#include "engine/report/page/figure.h"
#include "engine/report/page/safe.h"
#include "engine/report/page/spark.h"
#include "engine/report/text/metric_list.h"

#include <math.h>

#define RUNS_LEAST    3
#define METRICS_SHOWN 4
#define LABEL_MAX     30
#define RANGE_ROOM    26 /* " 0.9410 .. 0.9712 now 0.9655" is written after the bars */
#define BARS_MAX      60

enum kind { KIND_METRIC, KIND_DURATION, KIND_GAP, KIND_COST };

struct series {
    enum kind kind;
    struct lw_str name;
};

static double value_of(const struct series *series, const struct lw_judged_run *judged)
{
    const struct lw_metric *metric;

    if ((series->kind == KIND_METRIC || series->kind == KIND_DURATION) && !lw_metric_charted(judged->outcome))
        return (double)NAN;
    switch (series->kind) {
    case KIND_METRIC:
        metric = lw_run_metric(judged->run, series->name);
        return metric != NULL && metric->summary.count > 0 ? metric->summary.last : (double)NAN;
    case KIND_DURATION:
        return judged->run->duration_source != LW_DURATION_NONE ? (double)judged->run->duration.ms : (double)NAN;
    case KIND_GAP:
        return judged->has_gap ? (double)judged->gap.ms : (double)NAN;
    case KIND_COST:
        return judged->has_cost ? judged->cost : (double)NAN;
    }
    return (double)NAN;
}

static void write_value(const struct series *series, double value, int decimals, struct lw_page *page)
{
    char number[LW_FIGURE_TEXT];
    char span[LW_SPAN_TEXT];

    if (series->kind == KIND_DURATION || series->kind == KIND_GAP) {
        lw_span_write((lw_span){(int64_t)value}, span);
        lw_page_text(page, span);
        return;
    }
    lw_figure_write(value, decimals, number);
    lw_page_text(page, number);
}

/* Least, greatest and latest known value; false when fewer than two are known or none differs from another. */
static bool look(const double *values, size_t n, double *least, double *greatest, double *latest)
{
    size_t known = 0;

    *least = (double)INFINITY;
    *greatest = -(double)INFINITY;
    for (size_t i = 0; i < n; i++) {
        if (!isfinite(values[i]))
            continue;
        *least = fmin(*least, values[i]);
        *greatest = fmax(*greatest, values[i]);
        *latest = values[i];
        known++;
    }
    return known >= 2;
}

static void write_series(const struct series *series, const struct lw_judged *model, double *values, size_t label,
                         size_t bars, struct lw_page *page)
{
    double least;
    double greatest;
    double latest = 0;
    int decimals;
    size_t used;

    for (size_t i = 0; i < model->runs_n; i++)
        values[i] = value_of(series, &model->runs[i]);
    if (!look(values, model->runs_n, &least, &greatest, &latest))
        return;
    decimals = lw_figure_decimals(fmax(fabs(least), fabs(greatest)));
    used = lw_safe_write(page->out, series->name, label, page->utf8);
    lw_page_pad(page, label - used + 2);
    lw_spark_write(page->out, values, model->runs_n, bars, page->utf8);
    lw_page_text(page, "  ");
    if (greatest > least) {
        write_value(series, least, decimals, page);
        lw_page_text(page, " .. ");
        write_value(series, greatest, decimals, page);
    } else {
        lw_page_text(page, "always ");
        write_value(series, latest, decimals, page);
    }
    lw_page_text(page, "\n");
}

/* A line with ^ under the run at which each alert begins, and its number. */
static void write_alert_marks(const struct lw_judged *model, size_t label, size_t bars, struct lw_page *page)
{
    size_t at = 0;
    bool any = false;

    for (size_t run = 0; run < model->runs_n; run++) {
        for (size_t i = 0; i < model->alerts_n; i++) {
            const struct lw_alert *alert = &model->alerts[i];
            uint32_t begin = alert->change_run != LW_NO_RUN ? alert->change_run : alert->opened_run;
            size_t column = lw_spark_column(run, model->runs_n, bars);

            if (begin != run || alert->state == LW_ALERT_RETRACTED || column < at || column + 4 > bars + RANGE_ROOM)
                continue;
            if (!any)
                lw_page_pad(page, label + 2);
            any = true;
            lw_page_pad(page, column - at);
            lw_page_format(page, "^A%zu", i + 1);
            at = column + 3 + (i + 1 >= 10) + (i + 1 >= 100);
        }
    }
    if (any)
        lw_page_text(page, "\n");
}

static size_t list_series(const struct lw_judged *model, struct series *list)
{
    struct lw_str names[LW_METRIC_LIST_MAX];
    size_t others;
    size_t metrics = lw_metric_list(model, names, &others);
    size_t n = 0;

    for (size_t i = 0; i < metrics && i < METRICS_SHOWN; i++)
        list[n++] = (struct series){.kind = KIND_METRIC, .name = names[i]};
    list[n++] = (struct series){.kind = KIND_DURATION, .name = LW_STR("duration")};
    list[n++] = (struct series){.kind = KIND_GAP, .name = LW_STR("gap")};
    list[n++] = (struct series){.kind = KIND_COST, .name = LW_STR("cost")};
    return n;
}

void lw_course_write(const struct lw_judged *model, struct lw_page *page)
{
    struct series list[METRICS_SHOWN + 3];
    size_t n = list_series(model, list);
    size_t label = 0;
    size_t bars;
    double *values;

    if (model->runs_n < RUNS_LEAST)
        return;
    values = lw_page_array(page, model->runs_n, sizeof(*values));
    if (values == NULL)
        return;
    for (size_t i = 0; i < n; i++) {
        size_t width = lw_safe_width(list[i].name);

        label = width > label ? width : label;
    }
    label = label < LABEL_MAX ? label : LABEL_MAX;
    if (label + RANGE_ROOM > page->columns)
        label = 10;
    bars = page->columns > label + RANGE_ROOM + 8 ? page->columns - label - RANGE_ROOM : 8;
    bars = bars < BARS_MAX ? bars : BARS_MAX;
    lw_page_text(page, "\n");
    for (size_t i = 0; i < n; i++)
        write_series(&list[i], model, values, label, bars, page);
    write_alert_marks(model, label, model->runs_n < bars ? model->runs_n : bars, page);
}
