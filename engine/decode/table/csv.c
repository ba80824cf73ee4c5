#include "engine/base/fault.h"
#include "engine/base/scan/scan.h"
#include "engine/decode/format.h"
#include "engine/decode/log/log_grammar.h"
#include "engine/decode/memo.h"
#include "engine/decode/table/columns.h"
#include "engine/decode/table/csv_body.h"

#include <stdlib.h>

/* Plain long CSV: a header, then one observation of one metric per row. */
struct csv {
    struct lw_emit *emit;
    struct lw_csv_body body;
    size_t columns[LW_COLUMN_COUNT_OF]; /* index of the column that carries it + 1, or 0 */
    uint32_t told;                      /* the run that was last said to have no clock */
    struct lw_memo memo;
};

/* What went wrong with a row, found while its cells are read. */
struct verdict {
    bool bad, not_a_number;
    enum lw_reject reason;
    struct lw_str text;
};

static struct lw_str trim(struct lw_str text)
{
    while (text.len > 0 && (text.at[0] == ' ' || text.at[0] == '\t'))
        text = (struct lw_str){text.at + 1, text.len - 1};
    while (text.len > 0 && (text.at[text.len - 1] == ' ' || text.at[text.len - 1] == '\t'))
        text.len--;
    return text;
}

/* Of two columns that could carry the same thing, the one whose name is the more usual counts: `metric` before `name`. */
static enum lw_err read_header(void *self, const struct lw_csv_row *row, struct lw_fault *fault)
{
    struct csv *csv = self;
    const struct lw_columns *columns = &csv->emit->options->columns;
    unsigned ranks[LW_COLUMN_COUNT_OF] = {0};
    bool has_value;

    for (size_t i = 0; i < row->cells_n; i++) {
        unsigned rank;
        enum lw_column column = lw_columns_find_ranked(columns, trim(row->cells[i]), &rank);

        if (column != LW_COLUMN_NONE && (csv->columns[column] == 0 || rank < ranks[column])) {
            csv->columns[column] = i + 1;
            ranks[column] = rank;
        }
    }
    has_value = csv->columns[LW_COLUMN_VALUE] || csv->columns[LW_COLUMN_MIN] || csv->columns[LW_COLUMN_MAX] ||
                csv->columns[LW_COLUMN_SUM];
    if (csv->columns[LW_COLUMN_TIME] == 0 && csv->columns[LW_COLUMN_STEP] == 0)
        return lw_fault_set_at(fault, LW_ERR_FORMAT, row->line, row->byte,
                               "no column of the header is a time or a step: say which one with --columns time=NAME");
    if (!has_value)
        return lw_fault_set_at(fault, LW_ERR_FORMAT, row->line, row->byte,
                               "no column of the header is a value: say which one with --columns value=NAME");
    if (csv->columns[LW_COLUMN_METRIC] == 0 && csv->emit->metric == 0)
        return lw_fault_set_at(fault, LW_ERR_FORMAT, row->line, row->byte,
                               "no column of the header names a metric: say which one with --columns metric=NAME, or "
                               "name the metric with --metric");
    return LW_ERR_OK;
}

static struct lw_str cell(const struct csv *csv, const struct lw_csv_row *row, enum lw_column column)
{
    size_t i = csv->columns[column];

    return i == 0 ? (struct lw_str){NULL, 0} : trim(row->cells[i - 1]);
}

static void spoil(struct verdict *verdict, enum lw_reject reason, struct lw_str text)
{
    if (verdict->bad)
        return;
    verdict->bad = true;
    verdict->reason = reason;
    verdict->text = text;
}

/* A number out of a cell; an empty one is not known. */
static void take(const struct csv *csv, const struct lw_csv_row *row, enum lw_column column, double *number,
                 struct lw_point *point, unsigned known, struct verdict *verdict)
{
    struct lw_str text = cell(csv, row, column);
    int decimals;

    if (text.len == 0)
        return;
    switch (lw_log_grammar_number(text, number, &decimals)) {
    case LW_LOG_NUMBER_FINITE:
        point->known = (uint8_t)(point->known | known);
        break;
    case LW_LOG_NUMBER_NOT_FINITE:
        verdict->not_a_number = verdict->not_a_number || column != LW_COLUMN_COUNT;
        spoil(verdict, LW_REJECT_NOT_FINITE, text);
        break;
    case LW_LOG_NUMBER_NONE:
        spoil(verdict, LW_REJECT_BAD_VALUE, text);
        break;
    }
}

/* Where on its axis: a time; or, in a row without one, a step, which is a whole number. */
static bool take_place(struct csv *csv, const struct lw_csv_row *row, struct lw_point *point, struct verdict *verdict)
{
    struct lw_str text = cell(csv, row, LW_COLUMN_TIME);
    struct lw_str step = cell(csv, row, LW_COLUMN_STEP);
    const struct lw_token token = {.kind = LW_TOKEN_STRING, .text = text};
    lw_time time;
    double number;

    if (text.len > 0) {
        if (lw_memo_time(&csv->memo, &token, csv->emit->options->zone, &time)) {
            point->at = time.ms;
            return true;
        }
        spoil(verdict, LW_REJECT_BAD_TIME, text);
    } else if (step.len == 0) {
        spoil(verdict, LW_REJECT_NO_TIME, (struct lw_str){NULL, 0});
    } else if (lw_scan_decimal(step, &number) && number >= -9007199254740992.0 && number <= 9007199254740992.0 &&
               (double)(int64_t)number == number) {
        point->at = (int64_t)number;
        point->flags = LW_POINT_STEP;
        return true;
    } else {
        spoil(verdict, LW_REJECT_BAD_TIME, step);
    }
    return false;
}

static enum lw_err take_names(struct csv *csv, const struct lw_csv_row *row, struct lw_point *point,
                              struct lw_fault *fault)
{
    struct {
        enum lw_column column;
        uint32_t *id;
    } names[] = {
        {LW_COLUMN_ORIGIN, &point->origin},
        {csv->emit->model != 0 ? LW_COLUMN_NONE : LW_COLUMN_MODEL, &point->model},
        {LW_COLUMN_RUN, &point->run},
        {LW_COLUMN_METRIC, &point->metric},
    };

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        struct lw_str text = cell(csv, row, names[i].column);
        enum lw_err err = LW_ERR_OK;

        if (text.len > 0)
            err = lw_memo_name(&csv->memo, csv->emit, text, names[i].id, fault);
        if (err != LW_ERR_OK)
            return err;
    }
    return LW_ERR_OK;
}

static enum lw_err say(struct csv *csv, enum lw_fact_kind kind, const struct lw_point *point, bool placed,
                       struct lw_fault *fault)
{
    struct lw_fact fact = lw_emit_blank_fact(csv->emit, kind, LW_RANK_LOG);

    fact.origin = point->origin;
    fact.model = point->model;
    fact.run = point->run;
    if (kind == LW_FACT_NOT_A_NUMBER) {
        fact.key = point->metric;
        fact.has_at = placed;
        fact.at.ms = point->at;
    }
    return lw_emit_fact(csv->emit, &fact, fault);
}

/* A row of a table without any time says that its run has no clock; the run of the row before need not be told again. */
static enum lw_err say_steps(struct csv *csv, const struct lw_point *point, struct lw_fault *fault)
{
    if (csv->columns[LW_COLUMN_TIME] != 0 || point->run == 0 || point->run == csv->told)
        return LW_ERR_OK;
    csv->told = point->run;
    return say(csv, LW_FACT_NO_CLOCK, point, false, fault);
}

static enum lw_err read_row(void *self, const struct lw_csv_row *row, struct lw_fault *fault)
{
    struct csv *csv = self;
    struct lw_point point = lw_emit_blank_point(csv->emit);
    struct verdict verdict = {0};
    bool placed;
    enum lw_err err;

    point.run = csv->emit->run;
    point.metric = csv->emit->metric;
    err = take_names(csv, row, &point, fault);
    if (err != LW_ERR_OK)
        return err;
    if (point.metric == 0)
        spoil(&verdict, LW_REJECT_NO_METRIC, (struct lw_str){NULL, 0});
    placed = take_place(csv, row, &point, &verdict);
    take(csv, row, LW_COLUMN_VALUE, &point.average, &point, LW_KNOWN_AVERAGE, &verdict);
    take(csv, row, LW_COLUMN_MIN, &point.min, &point, LW_KNOWN_MIN, &verdict);
    take(csv, row, LW_COLUMN_MAX, &point.max, &point, LW_KNOWN_MAX, &verdict);
    take(csv, row, LW_COLUMN_SUM, &point.sum, &point, LW_KNOWN_SUM, &verdict);
    take(csv, row, LW_COLUMN_COUNT, &point.count, &point, LW_KNOWN_COUNT, &verdict);
    if (verdict.not_a_number && placed && point.metric != 0)
        err = say(csv, LW_FACT_NOT_A_NUMBER, &point, true, fault);
    if (err == LW_ERR_OK && verdict.bad)
        return lw_emit_reject_text(csv->emit, verdict.reason, row->line, row->byte, verdict.text, fault);
    if (err == LW_ERR_OK)
        err = say_steps(csv, &point, fault);
    if (point.known == LW_KNOWN_COUNT) /* how many, but not of what */
        point.known = 0;
    if (point.known == LW_KNOWN_AVERAGE)
        point.count = 1;
    return err == LW_ERR_OK ? lw_emit_point(csv->emit, &point, row->line, row->byte, fault) : err;
}

static void csv_close(void *state)
{
    struct csv *csv = state;

    if (csv == NULL)
        return;
    lw_csv_body_close(&csv->body);
    free(csv);
}

static enum lw_err csv_open(void **state, struct lw_emit *emit, struct lw_fault *fault)
{
    static const struct lw_csv_body_calls calls = {read_header, read_row};
    struct csv *csv = calloc(1, sizeof(*csv));
    enum lw_err err;

    if (csv == NULL)
        return lw_fault_memory(fault, "reading CSV");
    csv->emit = emit;
    err = lw_csv_body_open(&csv->body, emit, &calls, csv, fault);
    if (err != LW_ERR_OK) {
        free(csv);
        return err;
    }
    *state = csv;
    return LW_ERR_OK;
}

static enum lw_err csv_push(void *state, const char *bytes, size_t n, struct lw_fault *fault)
{
    return lw_csv_body_push(&((struct csv *)state)->body, bytes, n, fault);
}

static enum lw_err csv_finish(void *state, struct lw_fault *fault)
{
    return lw_csv_body_finish(&((struct csv *)state)->body, fault);
}

const struct lw_format_decoder lw_format_csv = {LW_FORMAT_CSV, csv_open, csv_push, csv_finish, csv_close};
