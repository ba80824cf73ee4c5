#include "engine/decode/table/csv_table.h"

#include "engine/base/buf.h"
#include "engine/base/fault.h"
#include "engine/base/scan/scan.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* Where in a row the reading is; enough to know which line feed ends it. Whether the row is well formed is found out when
   it is cut into cells. */
enum state {
    ROW_START,
    CELL_START,
    PLAIN,  /* in a cell without quotes, or behind a closing quote where nothing should be */
    QUOTED, /* between quotes: line feeds belong to the cell */
    CLOSED, /* behind a quote inside of quotes: the end, or the first of two */
    SKIP    /* in a row that was given up: until the next line feed */
};

struct lw_csv_table {
    struct lw_csv_calls calls;
    void *self;
    struct lw_buf row; /* what is held of a row that did not end in its chunk, or has quotes to take out */
    struct lw_str *cells;
    size_t cells_capacity;
    enum state state;
    char separator;              /* 0 until the first row was seen */
    uint64_t line, byte;         /* of the byte that comes next */
    uint64_t row_line, row_byte; /* of the row that is being read */
};

enum lw_err lw_csv_table_open(struct lw_csv_table **out, char separator, const struct lw_csv_calls *calls, void *self,
                              struct lw_fault *fault)
{
    struct lw_csv_table *table = calloc(1, sizeof(*table));

    if (table == NULL)
        return lw_fault_memory(fault, "a reader of CSV");
    table->calls = *calls;
    table->self = self;
    table->row.ceiling = LW_CSV_TABLE_ROW;
    table->separator = separator;
    table->line = 1;
    *out = table;
    return LW_ERR_OK;
}

void lw_csv_table_close(struct lw_csv_table *table)
{
    if (table == NULL)
        return;
    lw_buf_close(&table->row);
    free(table->cells);
    free(table);
}

static bool separates(const struct lw_csv_table *table, char c)
{
    if (table->separator != '\0')
        return c == table->separator;
    return c == ',' || c == ';' || c == '\t';
}

static enum state next_state(const struct lw_csv_table *table, enum state state, char c)
{
    switch (state) {
    case ROW_START:
    case CELL_START:
        if (c == '"')
            return QUOTED;
        return separates(table, c) ? CELL_START : PLAIN;
    case PLAIN:
        return separates(table, c) ? CELL_START : PLAIN;
    case QUOTED:
        return c == '"' ? CLOSED : QUOTED;
    case CLOSED:
        if (c == '"')
            return QUOTED;
        return separates(table, c) ? CELL_START : PLAIN;
    case SKIP:
        return SKIP;
    }
    return state;
}

/* Counts outside of quotes; a quote that is doubled opens and closes at once, which is as good here. */
static char most_frequent_separator(struct lw_str row)
{
    static const char candidates[] = {',', ';', '\t'};
    size_t counts[3] = {0, 0, 0};
    size_t best = 0;
    bool quoted = false;

    for (size_t i = 0; i < row.len; i++) {
        if (row.at[i] == '"')
            quoted = !quoted;
        for (size_t c = 0; c < 3 && !quoted; c++)
            counts[c] += row.at[i] == candidates[c];
    }
    for (size_t c = 1; c < 3; c++)
        best = counts[c] > counts[best] ? c : best;
    return candidates[best];
}

static enum lw_err add_cell(struct lw_csv_table *table, size_t *n, struct lw_str cell, struct lw_fault *fault)
{
    if (*n == table->cells_capacity) {
        size_t capacity = *n == 0 ? 32 : *n * 2;
        struct lw_str *cells = realloc(table->cells, capacity * sizeof(*cells));

        if (cells == NULL)
            return lw_fault_memory(fault, "the cells of a CSV row");
        table->cells = cells;
        table->cells_capacity = capacity;
    }
    table->cells[(*n)++] = cell;
    return LW_ERR_OK;
}

/* One cell without quotes from `from` on: its end, or NULL and what is wrong. */
static const char *plain_cell(const struct lw_csv_table *table, const char *from, const char *end, const char **wrong)
{
    const char *at = memchr(from, table->separator, (size_t)(end - from));

    at = at != NULL ? at : end;
    if (memchr(from, '"', (size_t)(at - from)) != NULL)
        *wrong = "a quote inside of a cell that does not begin with one";
    else if (memchr(from, '\r', (size_t)(at - from)) != NULL)
        *wrong = "a carriage return outside of quotes";
    return at;
}

/* One cell in quotes, `from` behind the opening one. Takes doubled quotes out in place: the row is then our own copy. */
static const char *quoted_cell(const struct lw_csv_table *table, char *from, const char *end, struct lw_str *cell,
                               const char **wrong)
{
    char *to = from;
    char *at = from;

    for (;;) {
        char *quote = memchr(at, '"', (size_t)(end - at));

        if (quote == NULL) {
            *wrong = "a quoted cell that is not closed";
            return end;
        }
        memmove(to, at, (size_t)(quote - at));
        to += quote - at;
        at = quote + 1;
        if (at == end || *at != '"')
            break;
        *to++ = '"';
        at++;
    }
    *cell = (struct lw_str){from, (size_t)(to - from)};
    if (at < end && *at != table->separator)
        *wrong = "text behind the closing quote of a cell";
    return at;
}

/* A row with quotes lies in table->row, never in the caller's chunk, so quotes can be taken out in place. */
static enum lw_err cut_row(struct lw_csv_table *table, struct lw_str row, size_t *n, const char **wrong,
                           struct lw_fault *fault)
{
    const char *end = row.at + row.len;
    const char *at = row.at;
    enum lw_err err = LW_ERR_OK;

    for (;;) {
        struct lw_str cell = {at, 0};
        const char *stop;

        if (at < end && *at == '"') {
            stop = quoted_cell(table, table->row.at + (at + 1 - table->row.at), end, &cell, wrong);
        } else {
            stop = plain_cell(table, at, end, wrong);
            cell.len = (size_t)(stop - at);
        }
        if (*wrong == NULL && *n == LW_CSV_TABLE_CELLS)
            *wrong = "more than 16384 cells";
        if (*wrong != NULL)
            return LW_ERR_OK;
        err = add_cell(table, n, cell, fault);
        if (err != LW_ERR_OK || stop == end)
            return err;
        at = stop + 1;
    }
}

/* A whole row, without its line feed. */
static enum lw_err give_row(struct lw_csv_table *table, struct lw_str row, struct lw_fault *fault)
{
    struct lw_csv_row out = {.line = table->row_line, .byte = table->row_byte};
    const char *wrong = NULL;
    enum lw_err err;

    if (row.len > 0 && row.at[row.len - 1] == '\r')
        row.len--;
    if (row.len == 0)
        return LW_ERR_OK;
    if (!lw_scan_utf8(row))
        return table->calls.bad(table->self, LW_REJECT_BAD_UTF8, out.line, out.byte, NULL, fault);
    if (table->separator == '\0')
        table->separator = most_frequent_separator(row);
    err = cut_row(table, row, &out.cells_n, &wrong, fault);
    if (err != LW_ERR_OK)
        return err;
    if (wrong != NULL)
        return table->calls.bad(table->self, LW_REJECT_BAD_ROW, out.line, out.byte, wrong, fault);
    out.cells = table->cells;
    return table->calls.row(table->self, &out, fault);
}

static enum lw_err too_large(struct lw_csv_table *table, struct lw_fault *fault)
{
    lw_buf_clear(&table->row);
    table->state = SKIP;
    return table->calls.bad(table->self, LW_REJECT_TOO_LARGE, table->row_line, table->row_byte,
                            "a row of more than 1 MiB; is a quote not closed?", fault);
}

static enum lw_err hold(struct lw_csv_table *table, const char *bytes, size_t n, struct lw_fault *fault)
{
    if (table->state == SKIP)
        return LW_ERR_OK;
    if (n > LW_CSV_TABLE_ROW - table->row.len)
        return too_large(table, fault);
    lw_buf_bytes(&table->row, bytes, n);
    return table->row.error == LW_ERR_OK ? LW_ERR_OK : lw_fault_memory(fault, "a row of CSV");
}

/* Rows that begin and end in this chunk and have no quotes need no copy: the usual case. Returns where it stopped. */
static enum lw_err plain_rows(struct lw_csv_table *table, const char **at, const char *end, struct lw_fault *fault)
{
    while (*at < end) {
        const char *feed = memchr(*at, '\n', (size_t)(end - *at));
        size_t n = feed != NULL ? (size_t)(feed - *at) : 0;
        enum lw_err err;

        if (feed == NULL || n > LW_CSV_TABLE_ROW || memchr(*at, '"', n) != NULL)
            return LW_ERR_OK;
        table->row_line = table->line++;
        table->row_byte = table->byte;
        table->byte += n + 1;
        err = give_row(table, (struct lw_str){*at, n}, fault);
        *at = feed + 1;
        if (err != LW_ERR_OK)
            return err;
    }
    return LW_ERR_OK;
}

/* The rest of a row, or as much of it as this chunk has: moves to the line feed that ends it, or to the end. */
static const char *find_end(struct lw_csv_table *table, const char *at, const char *end)
{
    for (; at < end; at++) {
        if (*at == '\n') {
            table->line++;
            if (table->state != QUOTED)
                return at;
        }
        table->state = next_state(table, table->state, *at);
    }
    return end;
}

static enum lw_err end_row(struct lw_csv_table *table, struct lw_fault *fault)
{
    enum lw_err err = LW_ERR_OK;

    if (table->state != SKIP)
        err = give_row(table, lw_buf_view(&table->row), fault);
    lw_buf_clear(&table->row);
    table->state = ROW_START;
    return err;
}

/* One row that needs to be held, as far as this chunk goes. A row that was found too large inside of quotes goes on at
   the next line, wherever that is: the quote was most likely not meant. */
static enum lw_err held_row(struct lw_csv_table *table, const char **at, const char *end, struct lw_fault *fault)
{
    size_t n = LW_CSV_TABLE_ROW + 1 - table->row.len;
    const char *stop;
    enum lw_err err;

    if (table->state == ROW_START) {
        table->row_line = table->line;
        table->row_byte = table->byte;
        table->state = CELL_START;
    }
    if (table->state != SKIP && (size_t)(end - *at) > n)
        end = *at + n;
    stop = find_end(table, *at, end);
    n = (size_t)(stop - *at);
    err = hold(table, *at, n, fault);
    table->byte += n;
    *at = stop;
    if (err != LW_ERR_OK || stop == end)
        return err;
    table->byte++;
    *at = stop + 1;
    return end_row(table, fault);
}

enum lw_err lw_csv_table_push(struct lw_csv_table *table, const char *bytes, size_t n, struct lw_fault *fault)
{
    const char *at = bytes;
    const char *end = bytes + n;
    enum lw_err err = LW_ERR_OK;

    while (at < end && err == LW_ERR_OK) {
        if (table->state == ROW_START)
            err = plain_rows(table, &at, end, fault);
        if (err == LW_ERR_OK && at < end)
            err = held_row(table, &at, end, fault);
    }
    return err;
}

enum lw_err lw_csv_table_finish(struct lw_csv_table *table, struct lw_fault *fault)
{
    enum state state = table->state;
    enum lw_err err;

    if (state == ROW_START)
        return LW_ERR_OK;
    if (state != QUOTED)
        return end_row(table, fault);
    lw_buf_clear(&table->row);
    table->state = ROW_START;
    err = table->calls.bad(table->self, LW_REJECT_TRUNCATED, table->row_line, table->row_byte,
                           "the input ends inside of quotes", fault);
    return err;
}
