/* A strict, resumable reader of CSV rows (RFC 4180): bytes are pushed in, rows are called out. Quotes, doubled quotes,
   line breaks inside of quotes, LF and CRLF; bounded per row. */
#ifndef LEEWAY_ENGINE_DECODE_TABLE_CSV_TABLE_H
#define LEEWAY_ENGINE_DECODE_TABLE_CSV_TABLE_H

#include "leeway/err.h"
#include "leeway/reject.h"
#include "leeway/str.h"

#include <stddef.h>
#include <stdint.h>

#define LW_CSV_TABLE_ROW   (1u << 20) /* bytes of one row */
#define LW_CSV_TABLE_CELLS 16384u     /* cells of one row */

struct lw_csv_row {
    const struct lw_str *cells; /* decoded; valid during the call */
    size_t cells_n;             /* at least 1 */
    uint64_t line;              /* from 1: where the row begins */
    uint64_t byte;              /* offset of its first byte */
};

/* An error returned by either ends the reading and is returned by push or finish. */
struct lw_csv_calls {
    enum lw_err (*row)(void *self, const struct lw_csv_row *row, struct lw_fault *fault);
    /* A row that is not used: a quote in the wrong place (BAD_ROW), more cells or bytes than stated above (BAD_ROW,
       TOO_LARGE: reading goes on at the next line), not UTF-8, or cut off inside of quotes by the end (TRUNCATED). */
    enum lw_err (*bad)(void *self, enum lw_reject reason, uint64_t line, uint64_t byte, const char *detail,
                       struct lw_fault *fault);
};

struct lw_csv_table;

/* `separator` 0: the one of ',', ';' and TAB that is most frequent in the first row, outside of quotes. */
LW_MUST_USE enum lw_err lw_csv_table_open(struct lw_csv_table **out, char separator, const struct lw_csv_calls *calls,
                                          void *self, struct lw_fault *fault);
/* Any cut into chunks gives the same calls. Empty lines are passed over. */
LW_MUST_USE enum lw_err lw_csv_table_push(struct lw_csv_table *table, const char *bytes, size_t n,
                                          struct lw_fault *fault);
/* The end of the input; the last row needs no line end. */
LW_MUST_USE enum lw_err lw_csv_table_finish(struct lw_csv_table *table, struct lw_fault *fault);
void lw_csv_table_close(struct lw_csv_table *table);

#endif
