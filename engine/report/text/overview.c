#include "engine/report/text/overview.h"

#include "engine/base/time_text.h"
#include "engine/report/page/figure.h"
#include "engine/report/page/safe.h"
#include "engine/report/text/alarms.h"
#include "engine/report/text/metric_list.h"
#include "engine/report/text/remarks.h"

#include <math.h>
#include <stdio.h>

#define NAME_MAX_COLUMNS 32u
#define VERDICT_COLUMNS  13u /* "too few runs" and a blank */

/* A value of a series in the unit in which people read it. */
static void append_value(struct lw_buf *out, struct lw_str series, double value)
{
    char figure[LW_FIGURE_TEXT];
    char span[LW_SPAN_TEXT];

    if ((lw_str_equal(series, LW_STR("duration")) || lw_str_equal(series, LW_STR("gap"))) && fabs(value) < 1e12) {
        lw_span_write((lw_span){(int64_t)llround(value * 1000)}, span);
        lw_buf_text(out, span);
        return;
    }
    lw_figure_alone(value, figure);
    lw_buf_text(out, figure);
}

/* ", 2 Jun 15:00" when the run has a time. */
static void append_run(struct lw_buf *out, const struct lw_judged *model, uint32_t run)
{
    char when[LW_TIME_SHORT];

    lw_buf_format(out, " run %u", (unsigned)run + 1);
    if (run < model->runs_n && model->runs[run].run->has_start) {
        lw_time_short(model->runs[run].run->start, false, when);
        lw_buf_format(out, ", %s", when);
    }
}

/* What an alert is about that has neither a rule nor a series. */
static const char *subject_of(const struct lw_judged *model, const struct lw_alert *alert)
{
    if (alert->kind != LW_ALERT_RUN)
        return lw_alert_kind_name(alert->kind);
    if (alert->opened_run < model->runs_n && model->runs[alert->opened_run].outcome == LW_OUTCOME_OUT_OF_TIME)
        return "runs out of time";
    return "failed runs";
}

static void append_alert(struct lw_buf *out, const struct lw_judged *model, const struct lw_alert *alert,
                         const struct lw_page *page)
{
    struct lw_str series = alert->series_n > 0 ? alert->series[0] : (struct lw_str){.len = 0};
    uint32_t since = alert->change_run != LW_NO_RUN ? alert->change_run : alert->opened_run;

    if (alert->rule.len > 0) {
        lw_buf_str(out, alert->rule);
        lw_buf_text(out, " is broken:");
    } else if (series.len > 0) {
        lw_buf_str(out, series);
    } else {
        lw_buf_text(out, subject_of(model, alert));
    }
    if (alert->has_before && alert->has_after) {
        lw_buf_char(out, ' ');
        append_value(out, series, alert->before);
        lw_buf_text(out, lw_page_arrow(page));
        append_value(out, series, alert->after);
    }
    if (since == LW_NO_RUN)
        return;
    lw_buf_text(out, alert->kind == LW_ALERT_OVERDUE ? " after" : " since");
    append_run(out, model, since);
}

/* What changed: the open alert that matters most, else what is known instead. */
static void append_change(struct lw_buf *out, const struct lw_judged *model, const struct lw_page *page)
{
    const struct lw_alert *alert = lw_alarms_gravest(model);
    size_t open = lw_alarms_open(model);

    if (alert != NULL && alert->state == LW_ALERT_STALE) {
        append_alert(out, model, alert, page);
        lw_buf_text(out, "; the data stopped after");
        append_run(out, model, (uint32_t)(model->runs_n - 1));
        return;
    }
    if (alert != NULL && alert->state == LW_ALERT_OPEN) {
        append_alert(out, model, alert, page);
        if (open > 1)
            lw_buf_format(out, "; %zu more %s", open - 1, open == 2 ? "alert" : "alerts");
        return;
    }
    if (model->verdict == LW_VERDICT_INSUFFICIENT) {
        if (lw_remarks_stuck(model))
            lw_buf_text(out, "some charts wait for more than runs: see below");
        else if (lw_remarks_missing(model) > 0)
            lw_buf_format(out, "all charts speak from run %zu on", model->runs_n + lw_remarks_missing(model));
        else
            lw_buf_text(out, "nothing to compare yet");
        return;
    }
    if (alert != NULL) {
        lw_buf_format(out, "nothing now; %zu earlier %s", model->alerts_n, model->alerts_n == 1 ? "alert" : "alerts");
    } else if (model->verdict == LW_VERDICT_OK) {
        lw_buf_text(out, "nothing changed");
    } else {
        lw_buf_format(out, "see the warnings of run %zu", model->runs_n);
    }
}

/* The value of the latest run that is charted. Runs without a clock are ordered by their names alone: they are the
   latest only where no other is. */
static const struct lw_run *find_last(const struct lw_judged *model, bool timed)
{
    for (size_t i = model->runs_n; i > 0; i--) {
        const struct lw_judged_run *judged = &model->runs[i - 1];
        const struct lw_metric *metric = lw_run_metric(judged->run, model->primary);

        if (metric != NULL && metric->summary.count > 0 && lw_metric_charted(judged->outcome) &&
            (!timed || judged->run->has_end || judged->run->has_start))
            return judged->run;
    }
    return NULL;
}

static void append_last(struct lw_buf *out, const struct lw_judged *model)
{
    const struct lw_run *timed = model->primary.len > 0 ? find_last(model, true) : NULL;
    const struct lw_run *last = model->primary.len > 0 && timed == NULL ? find_last(model, false) : timed;

    if (last == NULL)
        return;
    lw_buf_str(out, model->primary);
    lw_buf_char(out, ' ');
    append_value(out, model->primary, lw_run_metric(last, model->primary)->summary.last);
    if (timed == NULL && model->runs_n > 1)
        lw_buf_text(out, " (no clock)");
}

static void write_line(const struct lw_judged *model, size_t name_columns, struct lw_page *page)
{
    struct lw_buf value = {.ceiling = 65536};
    struct lw_buf change = {.ceiling = 65536};
    const char *verdict = lw_page_verdict(model->verdict);
    size_t at = 0;
    size_t indent = VERDICT_COLUMNS + 2;

    append_last(&value, model);
    append_change(&change, model, page);
    lw_page_tint(page, lw_page_verdict_tint(model->verdict));
    lw_page_text(page, verdict);
    lw_page_plain(page);
    lw_page_pad(page, VERDICT_COLUMNS - strlen(verdict));
    at = lw_safe_write(page->out, model->model, name_columns, page->utf8);
    lw_page_pad(page, name_columns - at);
    lw_page_format(page, "%5zu %s", model->runs_n, model->runs_n == 1 ? "run   " : "runs  ");
    at = VERDICT_COLUMNS + name_columns + 12;
    if (at + lw_safe_width(lw_buf_view(&value)) + 2 > page->columns) {
        lw_page_text(page, "\n");
        lw_page_pad(page, indent);
        at = indent;
    }
    at += lw_safe_write(page->out, lw_buf_view(&value), page->columns - at, page->utf8);
    if (at + 2 + lw_safe_width(lw_buf_view(&change)) > page->columns) {
        lw_page_text(page, "\n");
        lw_page_pad(page, indent);
        at = indent;
    } else {
        lw_page_text(page, "  ");
        at += 2;
    }
    lw_page_wrap(page, lw_buf_view(&change), at, indent);
    if (value.error != LW_ERR_OK || change.error != LW_ERR_OK)
        page->out->error = LW_ERR_NOMEM;
    lw_buf_close(&value);
    lw_buf_close(&change);
}

size_t lw_overview_rank(const struct lw_judged *model)
{
    static const size_t ranks[] = {
        [LW_VERDICT_DRIFT] = 0, [LW_VERDICT_ERROR] = 1,        [LW_VERDICT_WARNING] = 2,
        [LW_VERDICT_OK] = 3,    [LW_VERDICT_INSUFFICIENT] = 4,
    };

    return ranks[model->verdict];
}

void lw_overview_write(const struct lw_report *report, struct lw_page *page)
{
    size_t name_columns = 8;

    if (report->models_n == 0) {
        lw_page_text(page, "No run was found.\n");
        return;
    }
    for (size_t i = 0; i < report->models_n; i++) {
        size_t width = lw_safe_width(report->models[i].model);

        name_columns = width > name_columns ? width : name_columns;
    }
    name_columns = name_columns < NAME_MAX_COLUMNS ? name_columns : NAME_MAX_COLUMNS;
    if (name_columns > page->columns / 3)
        name_columns = page->columns / 3;
    for (size_t rank = 0; rank < LW_OVERVIEW_RANKS; rank++) {
        for (size_t i = 0; i < report->models_n; i++) {
            if (lw_overview_rank(&report->models[i]) == rank)
                write_line(&report->models[i], name_columns, page);
        }
    }
}
