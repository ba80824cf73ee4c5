/* A table: its header, and the rows below it, whatever the columns mean: as many cells as the header, or a rejection. */
#ifndef LEEWAY_ENGINE_DECODE_TABLE_CSV_BODY_H
#define LEEWAY_ENGINE_DECODE_TABLE_CSV_BODY_H

#include "engine/decode/format.h"
#include "engine/decode/table/csv_table.h"

/* An error returned by either ends the reading and is returned by push or finish. */
struct lw_csv_body_calls {
    enum lw_err (*header)(void *self, const struct lw_csv_row *row, struct lw_fault *fault);
    enum lw_err (*row)(void *self, const struct lw_csv_row *row, struct lw_fault *fault); /* as wide as the header */
};

/* All zero before it is opened, and so may be closed. */
struct lw_csv_body {
    struct lw_csv_table *table;
    struct lw_emit *emit;
    const struct lw_csv_body_calls *calls;
    void *self;
    size_t columns_n;
    bool has_header;
};

/* Every row below the header counts as a record; one that cannot be read, or has not as many cells as the header, is
   rejected. Where the header itself cannot be read that is the end (LW_ERR_FORMAT): nothing that follows could be
   understood. */
LW_MUST_USE enum lw_err lw_csv_body_open(struct lw_csv_body *body, struct lw_emit *emit,
                                         const struct lw_csv_body_calls *calls, void *self, struct lw_fault *fault);
LW_MUST_USE enum lw_err lw_csv_body_push(struct lw_csv_body *body, const char *bytes, size_t n, struct lw_fault *fault);
LW_MUST_USE enum lw_err lw_csv_body_finish(struct lw_csv_body *body, struct lw_fault *fault);
void lw_csv_body_close(struct lw_csv_body *body);

#endif
