#include "engine/report/text/ledger.h"

#include "engine/base/time_text.h"
#include "engine/report/page/figure.h"
#include "engine/report/page/table.h"
#include "engine/report/text/fold.h"
#include "engine/report/text/metric_list.h"

#include <math.h>
#include <stdio.h>

#define YEAR_SPAN   (300 * LW_DAY) /* runs further apart than this show the year */
#define NAME_LEAST  12
#define MARKS_LEAST 8
#define RANK_GAP    3
#define RANK_NAME   9
#define RANK_METRIC 4 /* of the second metric; the ones after it are left out before anything else */

/* Columns: these, then the metrics, then those after them. */
enum { COLUMN_NUMBER, COLUMN_START, COLUMN_DURATION, COLUMN_GAP, COLUMN_METRICS };
enum { AFTER_COST, AFTER_MARKS, AFTER_NAME, AFTER_COUNT };

/* What all rows need to know. */
struct ledger {
    const struct lw_judged *model;
    struct lw_page *page;
    struct lw_str metrics[LW_METRIC_LIST_MAX];
    int decimals[LW_METRIC_LIST_MAX];
    size_t metrics_n;
    bool year;
};

static struct lw_str text(struct ledger *ledger, const char *terminated)
{
    return lw_page_cell(ledger->page, "%s", terminated);
}

static int metric_decimals(const struct lw_judged *model, struct lw_str name)
{
    double largest = 0;

    for (size_t i = 0; i < model->runs_n; i++) {
        const struct lw_metric *metric = lw_run_metric(model->runs[i].run, name);

        if (metric != NULL)
            largest = fmax(largest, fabs(metric->summary.last));
    }
    return lw_figure_decimals(largest);
}

static bool spans_years(const struct lw_judged *model)
{
    const struct lw_run *first = NULL;
    const struct lw_run *last = NULL;

    for (size_t i = 0; i < model->runs_n; i++) {
        const struct lw_run *run = model->runs[i].run;

        if (!run->has_start)
            continue;
        if (first == NULL)
            first = run;
        last = run;
    }
    return first != NULL && last->start.ms - first->start.ms > YEAR_SPAN;
}

static struct lw_str span_text(struct ledger *ledger, lw_span span)
{
    char written[LW_SPAN_TEXT];

    lw_span_write(span, written);
    return text(ledger, written);
}

static struct lw_str start_text(struct ledger *ledger, const struct lw_run *run)
{
    char written[LW_TIME_SHORT];

    if (!run->has_start)
        return run->flags & LW_RUN_STEPS ? LW_STR("no clock") : LW_STR("-");
    lw_time_short(run->start, ledger->year, written);
    return text(ledger, written);
}

/* A run named after its model shows only what differs. */
static struct lw_str short_name(const struct lw_judged *model, const struct lw_run *run)
{
    struct lw_str name = lw_run_str(run, run->name);
    size_t n = model->model.len;

    if (n > 0 && name.len > n + 1 && memcmp(name.at, model->model.at, n) == 0 &&
        (name.at[n] == '-' || name.at[n] == '_' || name.at[n] == '@'))
        return (struct lw_str){.at = name.at + n + 1, .len = name.len - n - 1};
    return name;
}

static struct lw_str metric_text(struct ledger *ledger, const struct lw_run *run, size_t i)
{
    const struct lw_metric *metric = lw_run_metric(run, ledger->metrics[i]);
    char first[LW_FIGURE_TEXT];
    char last[LW_FIGURE_TEXT];

    if (metric == NULL)
        return LW_STR("-");
    if (metric->summary.count == 0)
        return LW_STR("NaN");
    lw_figure_write(metric->summary.last, ledger->decimals[i], last);
    if (metric->summary.count == 1)
        return text(ledger, last);
    lw_figure_write(metric->summary.first, ledger->decimals[i], first);
    return lw_page_cell(ledger->page, "%s%s%s", first, lw_page_arrow(ledger->page), last);
}

static void add_word(char *marks, size_t size, const char *word)
{
    size_t used = strlen(marks);

    snprintf(marks + used, size - used, "%s%s", used > 0 ? ", " : "", word);
}

static void add_alert(char *marks, size_t size, size_t number, const char *word)
{
    char mark[48];

    snprintf(mark, sizeof(mark), "A%zu %s", number, word);
    add_word(marks, size, mark);
}

/* Other instances than those of the run before it that is known to have had any: their durations are not compared, and
   costs differ with them. */
static void add_instances(char *marks, size_t size, const struct lw_judged *model, size_t row)
{
    const struct lw_run *run = model->runs[row].run;
    const struct lw_run *before = NULL;
    struct lw_str instance = lw_run_str(run, run->instance);
    char mark[80];

    for (size_t i = row; i > 0 && instance.len > 0 && before == NULL; i--)
        before = model->runs[i - 1].run->instance.len > 0 ? model->runs[i - 1].run : NULL;
    if (before == NULL ||
        (run->instance_count == before->instance_count && lw_str_equal(instance, lw_run_str(before, before->instance))))
        return;
    snprintf(mark, sizeof(mark), "now %u x %.*s", (unsigned)run->instance_count, (int)instance.len, instance.at);
    add_word(marks, size, mark);
}

/* What is peculiar about a run: alerts that begin, were found or end there, its outcome, how it was put together. */
static struct lw_str marks_text(struct ledger *ledger, size_t row)
{
    static const struct {
        uint32_t flag;
        const char *word;
    } flags[] = {{LW_RUN_RESUMED, "resumed"},   {LW_RUN_RESTARTED, "restarted"}, {LW_RUN_INTERLEAVED, "interleaved"},
                 {LW_RUN_TUNING, "tuning job"}, {LW_RUN_SPOT, "spot"},           {LW_RUN_APPROXIMATE, "sampled"}};
    const struct lw_judged_run *judged = &ledger->model->runs[row];
    char marks[256] = "";

    for (size_t i = 0; i < ledger->model->alerts_n; i++) {
        const struct lw_alert *alert = &ledger->model->alerts[i];

        if (alert->state == LW_ALERT_RETRACTED)
            continue;
        if (alert->change_run == row && alert->opened_run != row)
            add_alert(marks, sizeof(marks), i + 1, "begins");
        if (alert->opened_run == row)
            add_alert(marks, sizeof(marks), i + 1, "found");
        if (alert->resolved_run == row)
            add_alert(marks, sizeof(marks), i + 1, "over");
    }
    if (judged->outcome != LW_OUTCOME_COMPLETED && judged->outcome != LW_OUTCOME_UNKNOWN)
        add_word(marks, sizeof(marks), lw_outcome_name(judged->outcome));
    for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
        if (judged->run->flags & flags[i].flag)
            add_word(marks, sizeof(marks), flags[i].word);
    }
    add_instances(marks, sizeof(marks), ledger->model, row);
    if (marks[0] == '\0' && judged->verdict != LW_VERDICT_OK && judged->verdict != LW_VERDICT_INSUFFICIENT)
        add_word(marks, sizeof(marks), lw_verdict_name(judged->verdict));
    return text(ledger, marks);
}

static void fill_row(struct ledger *ledger, struct lw_table_cell *cells, size_t row)
{
    const struct lw_judged_run *judged = &ledger->model->runs[row];
    const struct lw_run *run = judged->run;
    enum lw_tint tint = judged->verdict == LW_VERDICT_OK || judged->verdict == LW_VERDICT_INSUFFICIENT
                            ? LW_TINT_PLAIN
                            : lw_page_verdict_tint(judged->verdict);
    struct lw_table_cell *after = cells + COLUMN_METRICS + ledger->metrics_n;

    cells[COLUMN_NUMBER].text = lw_page_cell(ledger->page, "%zu", row + 1);
    cells[COLUMN_START].text = start_text(ledger, run);
    cells[COLUMN_DURATION].text = LW_STR("-");
    if (run->duration_source != LW_DURATION_NONE)
        cells[COLUMN_DURATION].text = span_text(ledger, run->duration);
    cells[COLUMN_GAP].text = LW_STR("-");
    if (judged->has_gap)
        cells[COLUMN_GAP].text = span_text(ledger, judged->gap);
    for (size_t i = 0; i < ledger->metrics_n; i++)
        cells[COLUMN_METRICS + i].text = metric_text(ledger, run, i);
    if (judged->has_cost) {
        char cost[LW_FIGURE_TEXT];

        lw_figure_alone(judged->cost, cost);
        after[AFTER_COST].text = text(ledger, cost);
    }
    after[AFTER_MARKS] = (struct lw_table_cell){.text = marks_text(ledger, row), .tint = tint};
    after[AFTER_NAME].text = short_name(ledger->model, run);
}

static uint8_t metric_rank(size_t i)
{
    if (i < 2)
        return i == 0 ? 0 : RANK_METRIC;
    return (uint8_t)(RANK_NAME + i);
}

static void name_columns(struct ledger *ledger, struct lw_table *table)
{
    struct lw_table_column *columns = table->columns;
    struct lw_table_column *after = columns + COLUMN_METRICS + ledger->metrics_n;

    columns[COLUMN_NUMBER] = (struct lw_table_column){.title = LW_STR("run"), .right = true};
    columns[COLUMN_START] = (struct lw_table_column){.title = LW_STR("start"), .right = true, .rank = 1};
    columns[COLUMN_DURATION] = (struct lw_table_column){.title = LW_STR("duration"), .right = true, .rank = 1};
    columns[COLUMN_GAP] = (struct lw_table_column){.title = LW_STR("gap"), .right = true, .rank = RANK_GAP};
    for (size_t i = 0; i < ledger->metrics_n; i++)
        columns[COLUMN_METRICS + i] =
            (struct lw_table_column){.title = ledger->metrics[i], .right = true, .rank = metric_rank(i)};
    after[AFTER_COST] = (struct lw_table_column){.title = LW_STR("cost"), .right = true, .rank = 2};
    after[AFTER_MARKS] = (struct lw_table_column){.title = LW_STR("marks"), .least = MARKS_LEAST, .reluctant = true};
    after[AFTER_NAME] = (struct lw_table_column){.title = LW_STR("name"), .rank = RANK_NAME, .least = NAME_LEAST};
    table->columns_n = COLUMN_METRICS + ledger->metrics_n + AFTER_COUNT;
}

static void write_table(struct ledger *ledger)
{
    struct lw_table table = {.indent = 0};
    struct lw_fold_row *rows;
    size_t left_out;

    name_columns(ledger, &table);
    rows = lw_page_array(ledger->page, ledger->model->runs_n, sizeof(*rows));
    if (rows == NULL)
        return;
    table.rows_n = lw_fold_runs(ledger->model, rows);
    table.cells = lw_page_array(ledger->page, table.rows_n * table.columns_n, sizeof(*table.cells));
    table.notes = lw_page_array(ledger->page, table.rows_n, sizeof(*table.notes));
    if (table.cells == NULL || table.notes == NULL)
        return;
    for (size_t i = 0; i < table.rows_n; i++) {
        const char *dots = lw_page_ellipsis(ledger->page);

        if (rows[i].folded == 0)
            fill_row(ledger, &table.cells[i * table.columns_n], rows[i].run);
        else if (rows[i].warnings > 0)
            table.notes[i] = lw_page_cell(ledger->page, "%s %zu runs, %zu of them with warnings %s", dots,
                                          rows[i].folded, rows[i].warnings, dots);
        else
            table.notes[i] = lw_page_cell(ledger->page, "%s %zu runs %s", dots, rows[i].folded, dots);
    }
    left_out = lw_table_write(&table, ledger->page);
    if (left_out > 0) {
        lw_page_tint(ledger->page, LW_TINT_FAINT);
        lw_page_format(ledger->page, "(%zu %s not shown at this width)\n", left_out,
                       left_out == 1 ? "column" : "columns");
        lw_page_plain(ledger->page);
    }
}

/* Runs without names in the data were told apart by their shape: how sure that is, and where it is least sure. */
static void write_confidence(const struct ledger *ledger)
{
    const struct lw_judged *model = ledger->model;
    struct lw_page *page = ledger->page;
    struct lw_buf line = {.ceiling = 4096};
    const struct lw_run *least = NULL;
    size_t segmented = 0;
    size_t at = 0;

    for (size_t i = 0; i < model->runs_n; i++) {
        const struct lw_run *run = model->runs[i].run;

        segmented += (run->flags & LW_RUN_SEGMENTED) != 0;
        if (run->has_confidence && (least == NULL || run->confidence < least->confidence)) {
            least = run;
            at = i;
        }
    }
    if (segmented == 0)
        return;
    if (segmented < model->runs_n)
        lw_buf_format(&line, "%zu of the", segmented);
    else
        lw_buf_text(&line, "The");
    lw_buf_text(&line,
                " runs have no name in the data: they were told apart by silence and by the fall of their metrics.");
    if (least != NULL)
        lw_buf_format(&line, " Least sure is the start of run %zu: %.0f %%", at + 1, least->confidence * 100);
    if (least != NULL && least->confidence_note.len > 0) {
        lw_buf_text(&line, ", ");
        lw_buf_str(&line, lw_run_str(least, least->confidence_note));
    }
    if (least != NULL)
        lw_buf_char(&line, '.');
    lw_page_tint(page, LW_TINT_FAINT);
    lw_page_wrap_line(page, &line, 0, 0);
    lw_page_plain(page);
}

void lw_ledger_write(const struct lw_judged *model, struct lw_page *page)
{
    struct ledger ledger = {.model = model, .page = page, .year = spans_years(model)};
    size_t others;

    ledger.metrics_n = lw_metric_list(model, ledger.metrics, &others);
    for (size_t i = 0; i < ledger.metrics_n; i++)
        ledger.decimals[i] = metric_decimals(model, ledger.metrics[i]);
    write_table(&ledger);
    write_confidence(&ledger);
}
