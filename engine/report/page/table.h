/* A table for a terminal: columns as wide as their cells, fitted into the page by shortening one column and then by
   leaving out the least important ones. */
#ifndef LEEWAY_ENGINE_REPORT_PAGE_TABLE_H
#define LEEWAY_ENGINE_REPORT_PAGE_TABLE_H

#include "engine/report/page/page.h"

#define LW_TABLE_COLUMNS 24

struct lw_table_column {
    struct lw_str
        title; /* over the cells; of two lines where it has a ':' and is wider than they are; cut to half of the page */
    bool right;     /* right-aligned */
    uint8_t rank;   /* 0: always shown; else the greatest rank is left out first */
    size_t least;   /* may be shortened to this width; 0: not at all */
    bool reluctant; /* shortened only when nothing is left to be left out */
};

struct lw_table_cell {
    struct lw_str text;
    enum lw_tint tint;
};

/* Rows lie after one another in `cells`. A row whose `notes` entry has text shows only that. */
struct lw_table {
    struct lw_table_column columns[LW_TABLE_COLUMNS];
    size_t columns_n, rows_n;
    struct lw_table_cell *cells; /* rows_n x columns_n */
    struct lw_str *notes;        /* rows_n, or NULL */
    size_t indent;
};

/* Writes the table; a column whose cells are all empty is left out. Returns how many columns with content were left out
   for want of width. */
size_t lw_table_write(const struct lw_table *table, struct lw_page *page);

#endif
