#include "engine/report/page/table.h"

#include "engine/report/page/safe.h"

#include <string.h>

#define BETWEEN 2u /* blanks between columns */

struct layout {
    size_t width[LW_TABLE_COLUMNS];
    bool shown[LW_TABLE_COLUMNS];
};

static const struct lw_table_cell *cell(const struct lw_table *table, size_t row, size_t column)
{
    return &table->cells[row * table->columns_n + column];
}

/* The title in two lines: up to and with the last ':', and the rest. */
static void split_title(struct lw_str title, struct lw_str *upper, struct lw_str *lower)
{
    size_t at = title.len;

    while (at > 0 && title.at[at - 1] != ':')
        at--;
    *upper = (struct lw_str){.at = title.at, .len = at};
    *lower = (struct lw_str){.at = title.at + at, .len = title.len - at};
}

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

static size_t widest_cell(const struct lw_table *table, size_t column)
{
    size_t width = 0;

    for (size_t row = 0; row < table->rows_n; row++)
        width = larger(width, lw_safe_width(cell(table, row, column)->text));
    return width;
}

/* A title takes at most half of the page: a long name shall not drive out what it is about. */
static void measure(const struct lw_table *table, struct layout *layout, size_t columns)
{
    for (size_t i = 0; i < table->columns_n; i++) {
        struct lw_str title = table->columns[i].title;
        size_t cells = widest_cell(table, i);
        size_t whole = lw_safe_width(title);
        struct lw_str upper;
        struct lw_str lower;

        split_title(title, &upper, &lower);
        if (cells > 0 && whole > cells && upper.len > 0)
            whole = larger(lw_safe_width(upper), lw_safe_width(lower));
        layout->shown[i] = cells > 0;
        layout->width[i] = larger(cells, whole < columns / 2 ? whole : columns / 2);
    }
}

/* Whether a column that is shown has so narrow a place that its title is divided. */
static bool has_two_lines(const struct lw_table *table, const struct layout *layout)
{
    for (size_t i = 0; i < table->columns_n; i++) {
        struct lw_str title = table->columns[i].title;
        struct lw_str upper;
        struct lw_str lower;

        split_title(title, &upper, &lower);
        if (layout->shown[i] && upper.len > 0 && lw_safe_width(title) > layout->width[i])
            return true;
    }
    return false;
}

static size_t total(const struct lw_table *table, const struct layout *layout)
{
    size_t sum = table->indent;

    for (size_t i = 0; i < table->columns_n; i++) {
        if (layout->shown[i])
            sum += layout->width[i] + BETWEEN;
    }
    return sum > BETWEEN ? sum - BETWEEN : 0;
}

/* The widest column that can still be shortened, or columns_n. */
static size_t widest_to_shorten(const struct lw_table *table, const struct layout *layout, bool all)
{
    size_t widest = table->columns_n;

    for (size_t i = 0; i < table->columns_n; i++) {
        const struct lw_table_column *column = &table->columns[i];

        if (!layout->shown[i] || column->least == 0 || layout->width[i] <= column->least || (column->reluctant && !all))
            continue;
        if (widest == table->columns_n || layout->width[i] > layout->width[widest])
            widest = i;
    }
    return widest;
}

/* Takes what is too much from the widest column that can be shortened, again and again; `all`: also from reluctant ones. */
static void shorten(const struct lw_table *table, struct layout *layout, size_t columns, bool all)
{
    size_t widest = widest_to_shorten(table, layout, all);

    while (widest < table->columns_n && total(table, layout) > columns) {
        layout->width[widest]--;
        widest = widest_to_shorten(table, layout, all);
    }
}

static bool leave_out(const struct lw_table *table, struct layout *layout)
{
    size_t worst = table->columns_n;

    for (size_t i = 0; i < table->columns_n; i++) {
        if (layout->shown[i] && table->columns[i].rank > 0 &&
            (worst == table->columns_n || table->columns[i].rank >= table->columns[worst].rank))
            worst = i;
    }
    if (worst == table->columns_n)
        return false;
    layout->shown[worst] = false;
    return true;
}

/* First shortens, then leaves out; after each column left out the others may be long again. */
static size_t fit(const struct lw_table *table, struct layout *layout, size_t columns)
{
    size_t natural[LW_TABLE_COLUMNS];
    size_t left_out = 0;

    memcpy(natural, layout->width, sizeof(natural));
    shorten(table, layout, columns, false);
    while (total(table, layout) > columns && leave_out(table, layout)) {
        left_out++;
        memcpy(layout->width, natural, sizeof(natural));
        shorten(table, layout, columns, false);
    }
    shorten(table, layout, columns, true);
    return left_out;
}

static void write_padded(struct lw_page *page, struct lw_str text, size_t width, bool right, size_t *owed)
{
    size_t own = lw_safe_width(text);

    if (own > width)
        own = width;
    lw_page_pad(page, *owed + (right ? width - own : 0));
    own = lw_safe_write(page->out, text, width, page->utf8);
    *owed = right || own > width ? 0 : width - own;
}

static void write_titles(const struct lw_table *table, const struct layout *layout, bool upper_line,
                         struct lw_page *page)
{
    size_t owed = table->indent;

    lw_page_tint(page, LW_TINT_FAINT);
    for (size_t i = 0; i < table->columns_n; i++) {
        struct lw_str title = table->columns[i].title;
        struct lw_str upper = {.len = 0};
        struct lw_str lower = title;

        if (!layout->shown[i])
            continue;
        if (lw_safe_width(title) > layout->width[i])
            split_title(title, &upper, &lower);
        if (upper_line && upper.len == 0)
            owed += layout->width[i];
        else
            write_padded(page, upper_line ? upper : lower, layout->width[i], table->columns[i].right, &owed);
        owed += BETWEEN;
    }
    lw_page_plain(page);
    lw_page_text(page, "\n");
}

static void write_row(const struct lw_table *table, const struct layout *layout, size_t row, struct lw_page *page)
{
    size_t owed = table->indent;

    for (size_t i = 0; i < table->columns_n; i++) {
        const struct lw_table_cell *here = cell(table, row, i);

        if (!layout->shown[i])
            continue;
        if (here->text.len == 0) {
            owed += layout->width[i] + BETWEEN;
            continue;
        }
        if (here->tint != LW_TINT_PLAIN)
            lw_page_tint(page, here->tint);
        write_padded(page, here->text, layout->width[i], table->columns[i].right, &owed);
        if (here->tint != LW_TINT_PLAIN)
            lw_page_plain(page);
        owed += BETWEEN;
    }
    lw_page_text(page, "\n");
}

size_t lw_table_write(const struct lw_table *table, struct lw_page *page)
{
    struct layout layout;
    size_t left_out;

    measure(table, &layout, page->columns);
    left_out = fit(table, &layout, page->columns);
    if (has_two_lines(table, &layout))
        write_titles(table, &layout, true, page);
    write_titles(table, &layout, false, page);
    for (size_t row = 0; row < table->rows_n; row++) {
        if (table->notes != NULL && table->notes[row].len > 0) {
            lw_page_pad(page, table->indent);
            lw_page_tint(page, LW_TINT_FAINT);
            lw_safe_write(page->out, table->notes[row], page->columns - table->indent, page->utf8);
            lw_page_plain(page);
            lw_page_text(page, "\n");
        } else {
            write_row(table, &layout, row, page);
        }
    }
    return left_out;
}
